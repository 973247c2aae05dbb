// The mean of every token so far, twin of prefix_mean.rs: a thread has a channel of a sequence and
// goes along the tokens.

struct Args {
  // Sequences times channels.
  lines: u32,
  seq_len: u32,
  dim: u32,
  x: u32,
  y: u32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

// Threads of a workgroup: lines are few, and small workgroups spread them out.
const LINES = 64u;

// Where a line's first token is.
fn first(line: u32) -> u32 {
  return line / args.dim * args.seq_len * args.dim + line % args.dim;
}

@compute @workgroup_size(LINES)
fn prefix_mean(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  for (var line = id.x; line < args.lines; line += groups.x * LINES) {
    let start = first(line);
    var total = 0.0;
    for (var i = 0u; i < args.seq_len; i++) {
      total += x[args.x + start + i * args.dim];
      y[args.y + start + i * args.dim] = total / f32(i + 1u);
    }
  }
}

// In place: the gradient of the means becomes that of the inputs.
@compute @workgroup_size(LINES)
fn prefix_mean_backward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  for (var line = id.x; line < args.lines; line += groups.x * LINES) {
    let start = args.y + first(line);
    var total = 0.0;
    for (var i = args.seq_len; i > 0u; i--) {
      let at = start + (i - 1u) * args.dim;
      total += y[at] / f32(i);
      y[at] = total;
    }
  }
}
