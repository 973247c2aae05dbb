// Layer normalisation, twin of layer_norm.rs; from the caller CENTRED, which is 0 for the RMS norm: it takes no
// mean off, and has no bias.
//
// LANES threads have a row (rows.wgsl), and those without one only wait for the others. In the backward
// the first workgroups have rows that way; each of the rest has COLUMNS columns of weight and bias and
// a share of the rows, which go to a part of the gradients of their own.

struct Args {
  rows: u32,
  dim: u32,
  x: u32,
  weight: u32,
  bias: u32,
  y: u32,
  stats: u32,
  dy: u32,
  dx: u32,
  dweight: u32,
  dbias: u32,
  // Partial sums that the gradients are in, and how far apart they are.
  parts: u32,
  part: u32,
  // Workgroups of the backward that have rows.
  row_groups: u32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;
// Mean and 1/deviation of each row: written by the forward, read by the backward.
@group(0) @binding(6) var<storage, read_write> stats: array<f32>;
@group(0) @binding(7) var<storage, read> known_stats: array<f32>;
@group(0) @binding(8) var<storage, read> dy: array<f32>;
@group(0) @binding(9) var<storage, read_write> dx: array<f32>;
// The gradients of weight and bias lie in one tensor.
@group(0) @binding(10) var<storage, read_write> gradients: array<f32>;

const EPSILON = 1e-5;

@compute @workgroup_size(THREADS)
fn layer_norm(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let at = seat(group, groups, thread);
  let dim = select(0u, args.dim, at.row < args.rows);
  let scale = 1.0 / f32(args.dim);
  let row = at.row * args.dim;
  var sum = 0.0;
  var mean = 0.0;
  if (CENTRED == 1u) {
    for (var i = at.lane; i < dim; i += LANES) {
      sum += x[args.x + row + i];
    }
    mean = row_sum(thread, sum) * scale;
    sum = 0.0;
  }
  for (var i = at.lane; i < dim; i += LANES) {
    let off = x[args.x + row + i] - mean;
    sum += off * off;
  }
  let inverse = 1.0 / sqrt(row_sum(thread, sum) * scale + EPSILON);
  if (dim > 0u && at.lane == 0u) {
    stats[args.stats + 2u * at.row] = mean;
    stats[args.stats + 2u * at.row + 1u] = inverse;
  }
  for (var i = at.lane; i < dim; i += LANES) {
    let normal = (x[args.x + row + i] - mean) * inverse;
    var normed = normal * weight[args.weight + i];
    if (CENTRED == 1u) {
      normed += bias[args.bias + i];
    }
    y[args.y + row + i] = normed;
  }
}

@compute @workgroup_size(THREADS)
fn layer_norm_backward(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let which = unit(group, groups);
  if (which < args.row_groups) {
    rows_backward(seat(group, groups, thread), thread);
  } else {
    weights_backward(which - args.row_groups, thread);
  }
}

// Adds to dx.
fn rows_backward(at: Seat, thread: u32) {
  let dim = select(0u, args.dim, at.row < args.rows);
  let scale = 1.0 / f32(args.dim);
  let row = at.row * args.dim;
  let stat = args.stats + 2u * min(at.row, args.rows - 1u);
  let mean = known_stats[stat];
  let inverse = known_stats[stat + 1u];
  var dnorm_sum = 0.0;
  var along_sum = 0.0;
  for (var i = at.lane; i < dim; i += LANES) {
    let dnorm = dy[args.dy + row + i] * weight[args.weight + i];
    dnorm_sum += dnorm;
    along_sum += dnorm * (x[args.x + row + i] - mean);
  }
  var dnorm_mean = 0.0;
  if (CENTRED == 1u) {
    dnorm_mean = row_sum(thread, dnorm_sum) * scale;
  }
  let along = row_sum(thread, along_sum) * inverse * inverse * scale;
  for (var i = at.lane; i < dim; i += LANES) {
    let dnorm = dy[args.dy + row + i] * weight[args.weight + i];
    let off = x[args.x + row + i] - mean;
    dx[args.dx + row + i] += inverse * (dnorm - dnorm_mean - off * along);
  }
}

const COLUMNS = 32u;
const LINES = THREADS / COLUMNS;
var<workgroup> bias_sums: array<f32, THREADS>;

// Adds to the gradients of weight and bias.
fn weights_backward(which: u32, thread: u32) {
  let share = which % args.parts;
  let column = which / args.parts * COLUMNS + thread % COLUMNS;
  var dweight = 0.0;
  var dbias = 0.0;
  if (column < args.dim) {
    for (var r = share * LINES + thread / COLUMNS; r < args.rows; r += args.parts * LINES) {
      let mean = known_stats[args.stats + 2u * r];
      let inverse = known_stats[args.stats + 2u * r + 1u];
      let d = dy[args.dy + r * args.dim + column];
      dweight += d * (x[args.x + r * args.dim + column] - mean) * inverse;
      dbias += d;
    }
  }
  partial_sums[thread] = dweight;
  bias_sums[thread] = dbias;
  workgroupBarrier();
  for (var half = THREADS / 2u; half >= COLUMNS; half /= 2u) {
    if (thread < half) {
      partial_sums[thread] += partial_sums[thread + half];
      bias_sums[thread] += bias_sums[thread + half];
    }
    workgroupBarrier();
  }
  if (thread < COLUMNS && column < args.dim) {
    let part = share * args.part;
    gradients[args.dweight + part + column] += partial_sums[thread];
    if (CENTRED == 1u) {
      gradients[args.dbias + part + column] += bias_sums[thread];
    }
  }
}
