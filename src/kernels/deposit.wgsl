// What tokens deposit on the field, twin of deposit.rs: LANES threads have a head of a token
// (rows.wgsl), and those without one only wait for the others.

struct Args {
  // Tokens times heads.
  units: u32,
  heads: u32,
  head_dim: u32,
  keys_values: u32,
  deposits: u32,
  ddeposits: u32,
  dkeys_values: u32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> keys_values: array<f32>;
@group(0) @binding(3) var<storage, read_write> deposits: array<f32>;
@group(0) @binding(4) var<storage, read> ddeposits: array<f32>;
@group(0) @binding(5) var<storage, read_write> dkeys_values: array<f32>;

// Where a head's key begins in its rows of keys and values; its value begins a row's width later.
fn key_of(unit: u32) -> u32 {
  let row = unit / args.heads;
  return (row * 2u * args.heads + unit % args.heads) * args.head_dim;
}

@compute @workgroup_size(THREADS)
fn deposit(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let at = seat(group, groups, thread);
  let head_dim = select(0u, args.head_dim, at.row < args.units);
  let key = args.keys_values + key_of(at.row);
  let value = key + args.heads * args.head_dim;
  var squares = 0.0;
  for (var i = at.lane; i < head_dim; i += LANES) {
    squares += keys_values[key + i] * keys_values[key + i];
  }
  let norm = sqrt(row_sum(thread, squares));
  for (var i = at.lane; i < head_dim; i += LANES) {
    deposits[args.deposits + at.row * args.head_dim + i] = keys_values[value + i] * norm;
  }
}

// Where a key is zero its gradient is taken as zero.
@compute @workgroup_size(THREADS)
fn deposit_backward(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let at = seat(group, groups, thread);
  let head_dim = select(0u, args.head_dim, at.row < args.units);
  let key = args.keys_values + key_of(at.row);
  let value = key + args.heads * args.head_dim;
  let dkey = args.dkeys_values + key_of(at.row);
  let dvalue = dkey + args.heads * args.head_dim;
  let dq = args.ddeposits + at.row * args.head_dim;
  var squares = 0.0;
  var products = 0.0;
  for (var i = at.lane; i < head_dim; i += LANES) {
    squares += keys_values[key + i] * keys_values[key + i];
    products += ddeposits[dq + i] * keys_values[value + i];
  }
  let norm = sqrt(row_sum(thread, squares));
  let along = row_sum(thread, products);
  var slope = 0.0;
  if (norm > 0.0) {
    slope = along / norm;
  }
  for (var i = at.lane; i < head_dim; i += LANES) {
    dkeys_values[dvalue + i] = ddeposits[dq + i] * norm;
    dkeys_values[dkey + i] = keys_values[key + i] * slope;
  }
}
