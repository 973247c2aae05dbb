// Rotary positions, twin of rotary.rs: threads stride over the pairs of queries and keys, which are turned
// in place.

struct Args {
  rows: u32,
  dim: u32,
  head_dim: u32,
  seq_len: u32,
  qkv: u32,
  turns: u32,
  // 1, or -1 for the way back.
  way: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read_write> qkv: array<f32>;
// The sine and the cosine of each place's angles.
@group(0) @binding(3) var<storage, read> turns: array<f32>;

@compute @workgroup_size(THREADS)
fn rotary(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  for (var i = id.x; i < args.rows * args.dim; i += groups.x * THREADS) {
    let row = i / args.dim;
    // Of a row's queries and keys, of which there are as many pairs as channels.
    let first = 2u * (i % args.dim);
    let at = args.qkv + 3u * row * args.dim + first;
    let turn = args.turns + row % args.seq_len * args.head_dim + first % args.head_dim;
    let sine = args.way * turns[turn];
    let cosine = turns[turn + 1u];
    let pair = vec2(qkv[at], qkv[at + 1u]);
    qkv[at] = pair.x * cosine - pair.y * sine;
    qkv[at + 1u] = pair.x * sine + pair.y * cosine;
  }
}
