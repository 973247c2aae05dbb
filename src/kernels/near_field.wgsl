// The near field, twin of near_field.rs.
//
// near_field and near_field_backward: threads stride over the elements; near_field_weights: a workgroup has
// COLUMNS channels and a share of the rows, which goes to a part of the gradients of its own.

struct Args {
  rows: u32,
  dim: u32,
  seq_len: u32,
  x: u32,
  weight: u32,
  y: u32,
  dy: u32,
  dx: u32,
  dweight: u32,
  // Partial sums that the gradients are in, and how far apart they are.
  parts: u32,
  part: u32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<storage, read> dy: array<f32>;
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;
@group(0) @binding(7) var<storage, read_write> gradients: array<f32>;

// Weights of a channel, from that of the token farthest back to the token's own.
const TAPS = 4u;

@compute @workgroup_size(THREADS)
fn near_field(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  for (var i = id.x; i < args.rows * args.dim; i += groups.x * THREADS) {
    let place = i / args.dim % args.seq_len;
    let taps = args.weight + i % args.dim * TAPS;
    var sum = 0.0;
    for (var back = min(place + 1u, TAPS); back > 0u; back--) {
      sum += weight[taps + TAPS - back] * x[args.x + i - (back - 1u) * args.dim];
    }
    y[args.y + i] = sum;
  }
}

// Adds to dx.
@compute @workgroup_size(THREADS)
fn near_field_backward(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  for (var i = id.x; i < args.rows * args.dim; i += groups.x * THREADS) {
    let left = args.seq_len - i / args.dim % args.seq_len;
    let taps = args.weight + i % args.dim * TAPS;
    var sum = 0.0;
    for (var on = min(left, TAPS); on > 0u; on--) {
      sum += weight[taps + TAPS - on] * dy[args.dy + i + (on - 1u) * args.dim];
    }
    dx[args.dx + i] += sum;
  }
}

const COLUMNS = 32u;
const LINES = THREADS / COLUMNS;

// Adds to the gradients of the weights.
@compute @workgroup_size(THREADS)
fn near_field_weights(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let which = unit(group, groups);
  let share = which % args.parts;
  let column = which / args.parts * COLUMNS + thread % COLUMNS;
  for (var back = 0u; back < TAPS; back++) {
    var sum = 0.0;
    if (column < args.dim) {
      for (var r = share * LINES + thread / COLUMNS; r < args.rows; r += args.parts * LINES) {
        if (r % args.seq_len >= back) {
          sum += dy[args.dy + r * args.dim + column] * x[args.x + (r - back) * args.dim + column];
        }
      }
    }
    partial_sums[thread] = sum;
    workgroupBarrier();
    for (var half = THREADS / 2u; half >= COLUMNS; half /= 2u) {
      if (thread < half) {
        partial_sums[thread] += partial_sums[thread + half];
      }
      workgroupBarrier();
    }
    if (thread < COLUMNS && column < args.dim) {
      gradients[args.dweight + share * args.part + (column + 1u) * TAPS - 1u - back] += partial_sums[thread];
    }
    workgroupBarrier();
  }
}
