// The gated linear unit with SiLU, twin of swiglu.rs. Threads stride over the elements.

struct Args {
  len: u32,
  gate: u32,
  up: u32,
  // The result; in the backward its gradient, which becomes that of what is gated.
  y: u32,
  dgate: u32,
  // The dropout's site.
  site: u32,
  threshold: u32,
  scale: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> gate: array<f32>;
@group(0) @binding(3) var<storage, read> up: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<storage, read_write> dgate: array<f32>;

@compute @workgroup_size(THREADS)
fn swiglu(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  for (var i = id.x; i < args.len; i += groups.x * THREADS) {
    let x = gate[args.gate + i];
    let kept = mask(Dropout(args.site, args.threshold, args.scale), i);
    y[args.y + i] = x * sigmoid(x) * up[args.up + i] * kept;
  }
}

@compute @workgroup_size(THREADS)
fn swiglu_backward(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  for (var i = id.x; i < args.len; i += groups.x * THREADS) {
    let x = gate[args.gate + i];
    let open = sigmoid(x);
    let d = y[args.y + i] * mask(Dropout(args.site, args.threshold, args.scale), i);
    dgate[args.dgate + i] = d * up[args.up + i] * open * (1.0 + x * (1.0 - open));
    y[args.y + i] = d * x * open;
  }
}
