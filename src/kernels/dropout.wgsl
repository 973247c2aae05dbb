// Dropout, twin of dropout.rs: y = mask * x, which is its own backward. Threads stride over the
// elements.

struct Args {
  len: u32,
  x: u32,
  y: u32,
  // The dropout's site. Not a struct: in a uniform it would have to begin at a multiple of 16 bytes.
  site: u32,
  threshold: u32,
  scale: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(THREADS)
fn dropout(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  for (var i = id.x; i < args.len; i += groups.x * THREADS) {
    y[args.y + i] = x[args.x + i] * mask(Dropout(args.site, args.threshold, args.scale), i);
  }
}
