// Coupling and gate, twin of couple_gate.rs.
//
// softmax: a thread has a row of the coupling; couple_gate, couple_gate_backward and gathered_backward:
// threads stride over the elements; coupling_sums: a workgroup has TOGETHER rows of the coupling's
// gradient and a slice of the tokens; coupling_backward: a workgroup has a row, and takes it through
// the softmax.

struct Args {
  rows: u32,
  heads: u32,
  head_dim: u32,
  coupling: u32,
  gathered: u32,
  gate: u32,
  y: u32,
  dy: u32,
  dgathered: u32,
  dgate: u32,
  dcoupling: u32,
  // How many slices the tokens are cut into, and the tokens of each.
  slices: u32,
  slice: u32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> coupling: array<f32>;
// softmax of the coupling's rows.
@group(0) @binding(3) var<storage, read_write> weights: array<f32>;
@group(0) @binding(4) var<storage, read> gathered: array<f32>;
@group(0) @binding(5) var<storage, read> gate: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;
@group(0) @binding(7) var<storage, read> dy: array<f32>;
@group(0) @binding(8) var<storage, read_write> dgathered: array<f32>;
@group(0) @binding(9) var<storage, read_write> dgate: array<f32>;
// The gradient of what the gate is multiplied by: (rows, D).
@group(0) @binding(10) var<storage, read_write> dmixed: array<f32>;
// The weights' gradient in each slice: (slices, heads, heads).
@group(0) @binding(11) var<storage, read_write> dweights: array<f32>;
@group(0) @binding(12) var<storage, read_write> dcoupling: array<f32>;

@compute @workgroup_size(THREADS)
fn softmax(@builtin(local_invocation_index) i: u32) {
  if (i >= args.heads) {
    return;
  }
  let row = args.coupling + i * args.heads;
  var top = -1e30;
  for (var h = 0u; h < args.heads; h++) {
    top = max(top, coupling[row + h]);
  }
  var total = 0.0;
  for (var h = 0u; h < args.heads; h++) {
    total += exp(max(coupling[row + h] - top, -80.0));
  }
  for (var h = 0u; h < args.heads; h++) {
    weights[i * args.heads + h] = exp(max(coupling[row + h] - top, -80.0)) / total;
  }
}

// The coupled heads at element i of (rows, D).
fn mixed(i: u32) -> f32 {
  let dim = args.heads * args.head_dim;
  let head = i % dim / args.head_dim;
  let from_head = args.gathered + i - head * args.head_dim;
  var sum = 0.0;
  for (var h = 0u; h < args.heads; h++) {
    sum += weights[head * args.heads + h] * gathered[from_head + h * args.head_dim];
  }
  return sum;
}

@compute @workgroup_size(THREADS)
fn couple_gate(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let len = args.rows * args.heads * args.head_dim;
  for (var i = id.x; i < len; i += groups.x * THREADS) {
    y[args.y + i] = mixed(i) * sigmoid(gate[args.gate + i]);
  }
}

// Overwrites the gate's gradient and `dmixed`.
@compute @workgroup_size(THREADS)
fn couple_gate_backward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let len = args.rows * args.heads * args.head_dim;
  for (var i = id.x; i < len; i += groups.x * THREADS) {
    let open = sigmoid(gate[args.gate + i]);
    let d = dy[args.dy + i] * open;
    dmixed[i] = d;
    dgate[args.dgate + i] = mixed(i) * d * (1.0 - open);
  }
}

@compute @workgroup_size(THREADS)
fn gathered_backward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let dim = args.heads * args.head_dim;
  for (var i = id.x; i < args.rows * dim; i += groups.x * THREADS) {
    let head = i % dim / args.head_dim;
    let first = i - head * args.head_dim;
    var sum = 0.0;
    for (var h = 0u; h < args.heads; h++) {
      sum += weights[h * args.heads + head] * dmixed[first + h * args.head_dim];
    }
    dgathered[args.dgathered + i] = sum;
  }
}

// Rows of the coupling's gradient that a workgroup has.
const TOGETHER = 4u;
var<workgroup> column_sums: array<vec4<f32>, THREADS>;

// dweights[i, h] = sum of dmixed[t, i, c] * gathered[t, h, c] over a slice of the tokens t and all c.
// Threads have columns (h, c); afterwards each head's are added up by one thread.
@compute @workgroup_size(THREADS)
fn coupling_sums(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let dim = args.heads * args.head_dim;
  let end = min((group.y + 1u) * args.slice, args.rows);
  let i = group.x * TOGETHER;
  // Where there are fewer rows than TOGETHER the last one is computed again.
  let at = min(vec4(i, i + 1u, i + 2u, i + 3u), vec4(args.heads - 1u)) * args.head_dim;
  var head_sum = vec4<f32>();
  for (var first = 0u; first < dim; first += THREADS) {
    let column = first + thread;
    let c = column % args.head_dim;
    var sum = vec4<f32>();
    if (column < dim) {
      for (var t = group.y * args.slice; t < end; t++) {
        let d = t * dim + c;
        let products = vec4(dmixed[d + at.x], dmixed[d + at.y], dmixed[d + at.z], dmixed[d + at.w]);
        sum += products * gathered[args.gathered + t * dim + column];
      }
    }
    column_sums[thread] = sum;
    workgroupBarrier();
    // The thread's head may reach over several rounds.
    let last = min((thread + 1u) * args.head_dim, first + THREADS);
    for (var k = max(thread * args.head_dim, first); k < last; k++) {
      head_sum += column_sums[k - first];
    }
    workgroupBarrier();
  }
  if (thread < args.heads) {
    let out = (group.y * args.heads + i) * args.heads + thread;
    for (var k = 0u; k < min(TOGETHER, args.heads - i); k++) {
      dweights[out + k * args.heads] = head_sum[k];
    }
  }
}

// dC = w * (dw - sum of w * dw), row by row.
@compute @workgroup_size(THREADS)
fn coupling_backward(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let at = group.x * args.heads + thread;
  var w = 0.0;
  var dw = 0.0;
  if (thread < args.heads) {
    w = weights[at];
    for (var s = 0u; s < args.slices; s++) {
      dw += dweights[s * args.heads * args.heads + at];
    }
  }
  let mean = workgroup_sum(thread, w * dw);
  if (thread < args.heads) {
    dcoupling[args.dcoupling + at] += w * (dw - mean);
  }
}
