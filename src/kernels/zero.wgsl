// Sets elements to zero.

struct Args {
  y: u32,
  len: u32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(THREADS)
fn zero(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
  for (var i = id.x; i < args.len; i += workgroups.x * THREADS) {
    y[args.y + i] = 0.0;
  }
}
