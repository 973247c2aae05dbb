// Interference, twin of interference.rs: LANES threads have a row (rows.wgsl), and those without one
// only wait for the others. The backward is cut in two because of the buffers that it takes, and
// one workgroup adds up the gradient of the temperature.

struct Args {
  rows: u32,
  dim: u32,
  temperature: u32,
  x: u32,
  local: u32,
  global: u32,
  context: u32,
  gate: u32,
  out: u32,
  stats: u32,
  dout: u32,
  dlocal: u32,
  dglobal: u32,
  dcontext: u32,
  dgate: u32,
  dtemperature: u32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> temperature: array<f32>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read> local: array<f32>;
@group(0) @binding(5) var<storage, read> global: array<f32>;
@group(0) @binding(6) var<storage, read> context: array<f32>;
@group(0) @binding(7) var<storage, read> gate: array<f32>;
@group(0) @binding(8) var<storage, read_write> out: array<f32>;
// Of each row 1/|local|, 1/|global|, alignment, strength: written by the forward, read by the backward.
@group(0) @binding(9) var<storage, read_write> stats: array<f32>;
@group(0) @binding(10) var<storage, read> known_stats: array<f32>;
@group(0) @binding(11) var<storage, read> dout: array<f32>;
@group(0) @binding(12) var<storage, read_write> dlocal: array<f32>;
@group(0) @binding(13) var<storage, read_write> dglobal: array<f32>;
@group(0) @binding(14) var<storage, read_write> dcontext: array<f32>;
@group(0) @binding(15) var<storage, read_write> dgate: array<f32>;
// The gradient of each row's alignment.
@group(0) @binding(16) var<storage, read_write> dalignments: array<f32>;
@group(0) @binding(17) var<storage, read_write> dtemperature: array<f32>;

const SMALLEST_NORM = 1e-12;
// Below this an inverse norm is no bound's: a little less than the bound, which is rounded.
const EDGE = 0.99999e12;
const TEMPERATURE_FLOOR = 0.05;
const STATS = 4u;

fn inverse_temperature() -> f32 {
  return 1.0 / (softplus(temperature[args.temperature]) + TEMPERATURE_FLOOR);
}

@compute @workgroup_size(THREADS)
fn interfere(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let at = seat(group, groups, thread);
  let dim = select(0u, args.dim, at.row < args.rows);
  let row = at.row * args.dim;
  var locals = 0.0;
  var globals = 0.0;
  var products = 0.0;
  for (var i = at.lane; i < dim; i += LANES) {
    let l = local[args.local + row + i];
    let g = global[args.global + row + i];
    locals += l * l;
    globals += g * g;
    products += l * g;
  }
  let il = 1.0 / max(sqrt(row_sum(thread, locals)), SMALLEST_NORM);
  let ig = 1.0 / max(sqrt(row_sum(thread, globals)), SMALLEST_NORM);
  let alignment = row_sum(thread, products) * il * ig;
  let strength = sigmoid(alignment * inverse_temperature());
  if (dim > 0u && at.lane == 0u) {
    let stat = args.stats + STATS * at.row;
    stats[stat] = il;
    stats[stat + 1u] = ig;
    stats[stat + 2u] = alignment;
    stats[stat + 3u] = strength;
  }
  for (var i = at.lane; i < dim; i += LANES) {
    let open = sigmoid(gate[args.gate + row + i]);
    let carried = open * context[args.context + row + i] * strength;
    out[args.out + row + i] = x[args.x + row + i] + carried;
  }
}

// The gradients of context and gate, and of each row's alignment.
@compute @workgroup_size(THREADS)
fn strength_backward(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let at = seat(group, groups, thread);
  let dim = select(0u, args.dim, at.row < args.rows);
  let row = at.row * args.dim;
  let strength = known_stats[args.stats + STATS * min(at.row, args.rows - 1u) + 3u];
  var sum = 0.0;
  for (var i = at.lane; i < dim; i += LANES) {
    let open = sigmoid(gate[args.gate + row + i]);
    let carried = context[args.context + row + i];
    let d = dout[args.dout + row + i] * open;
    sum += d * carried;
    dcontext[args.dcontext + row + i] = d * strength;
    dgate[args.dgate + row + i] = d * strength * carried * (1.0 - open);
  }
  let dstrength = row_sum(thread, sum);
  if (dim > 0u && at.lane == 0u) {
    dalignments[at.row] = dstrength * strength * (1.0 - strength) * inverse_temperature();
  }
}

// The gradients of local and global. Below the smallest norm the divisor is a constant, and nothing
// is projected out. No thread waits for another.
@compute @workgroup_size(THREADS)
fn alignment_backward(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let at = seat(group, groups, thread);
  if (at.row >= args.rows) {
    return;
  }
  let row = at.row * args.dim;
  let stat = args.stats + STATS * at.row;
  let il = known_stats[stat];
  let ig = known_stats[stat + 1u];
  let alignment = known_stats[stat + 2u];
  let ml = select(0.0, alignment, il < EDGE);
  let mg = select(0.0, alignment, ig < EDGE);
  let dm = dalignments[at.row];
  for (var i = at.lane; i < args.dim; i += LANES) {
    let l = local[args.local + row + i] * il;
    let g = global[args.global + row + i] * ig;
    dlocal[args.dlocal + row + i] = dm * (g - ml * l) * il;
    dglobal[args.dglobal + row + i] = dm * (l - mg * g) * ig;
  }
}

// Adds to the temperature's gradient.
@compute @workgroup_size(THREADS)
fn temperature_backward(@builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  for (var r = thread; r < args.rows; r += THREADS) {
    sum -= dalignments[r] * known_stats[args.stats + STATS * r + 2u];
  }
  let total = workgroup_sum(thread, sum) * inverse_temperature();
  if (thread == 0u) {
    dtemperature[args.dtemperature] += total * sigmoid(temperature[args.temperature]);
  }
}
