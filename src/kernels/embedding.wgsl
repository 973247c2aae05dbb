// Token embedding plus position, twin of embedding.rs.
//
// embed: threads stride over the elements; embed_backward: a workgroup has one of the distinct ids
// of the batch, its threads stride along the columns and add up the rows that have this id, in the
// order of the rows, so that equal runs give equal bits; positions_backward: threads stride over the
// elements and add up the sequences.

struct Args {
  rows: u32,
  dim: u32,
  seq_len: u32,
  // Where in the batch the ids begin, the order of the rows by id, and where each id's rows begin.
  ids: u32,
  order: u32,
  starts: u32,
  table: u32,
  positions: u32,
  y: u32,
  dy: u32,
  // The table's gradient, or the positions'.
  dtable: u32,
  // Partial sums that the gradient is in, and how far apart they are.
  parts: u32,
  part: u32,
  // The dropout's site. Not a struct: in a uniform it would have to begin at a multiple of 16 bytes.
  site: u32,
  threshold: u32,
  scale: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
// Its second word says how many ids are distinct.
@group(0) @binding(2) var<storage, read> batch: array<u32>;
@group(0) @binding(3) var<storage, read> table: array<f32>;
@group(0) @binding(4) var<storage, read> positions: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;
@group(0) @binding(6) var<storage, read> dy: array<f32>;
@group(0) @binding(7) var<storage, read_write> dtable: array<f32>;

@compute @workgroup_size(THREADS)
fn embed(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let len = args.rows * args.dim;
  for (var i = id.x; i < len; i += groups.x * THREADS) {
    let row = i / args.dim;
    let column = i % args.dim;
    let token = table[args.table + batch[args.ids + row] * args.dim + column];
    let position = positions[args.positions + row % args.seq_len * args.dim + column];
    y[args.y + i] = (token + position) * mask(Dropout(args.site, args.threshold, args.scale), i);
  }
}

// The rows are shared out over the parts, one for each z.
@compute @workgroup_size(THREADS)
fn embed_backward(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let u = unit(group, groups);
  if (u >= batch[1]) {
    return;
  }
  let first = batch[args.starts + u];
  let end = batch[args.starts + u + 1u];
  let id = batch[args.ids + batch[args.order + first]];
  let out = args.dtable + group.z * args.part + id * args.dim;
  for (var column = thread; column < args.dim; column += THREADS) {
    var sum = 0.0;
    for (var k = first + group.z; k < end; k += args.parts) {
      let i = batch[args.order + k] * args.dim + column;
      sum += dy[args.dy + i] * mask(Dropout(args.site, args.threshold, args.scale), i);
    }
    dtable[out + column] += sum;
  }
}

// The sequences are shared out over the parts, one for each z.
@compute @workgroup_size(THREADS)
fn positions_backward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let len = args.seq_len * args.dim;
  let share = id.z;
  for (var i = id.x; i < len; i += groups.x * THREADS) {
    var sum = 0.0;
    for (var row = share * len; row < args.rows * args.dim; row += args.parts * len) {
      sum += dy[args.dy + row + i] * mask(Dropout(args.site, args.threshold, args.scale), row + i);
    }
    dtable[args.dtable + share * args.part + i] += sum;
  }
}
