// What the entries of attention.wgsl share: tiles of rows, and their products.
//
// A workgroup has OWN rows of a head of a sequence and passes along the others, OTHERS at a time. A
// head's channels come DEPTH at a time; from the caller: CHUNKS, how many times that is. What a
// workgroup adds up stays in registers: a thread has four channels of every DEPTH, of one row.

struct Args {
  seq_len: u32,
  heads: u32,
  head_dim: u32,
  // Workgroups that have work: sequences times heads times blocks of rows.
  units: u32,
  qkv: u32,
  y: u32,
  stats: u32,
  dy: u32,
  dqkv: u32,
  // 1/sqrt(head_dim)
  scale: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> qkv: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
// The logarithm of each row's sum: written by the forward, read by the backward.
@group(0) @binding(4) var<storage, read_write> stats: array<f32>;
@group(0) @binding(5) var<storage, read> known_y: array<f32>;
@group(0) @binding(6) var<storage, read> known_stats: array<f32>;
@group(0) @binding(7) var<storage, read> dy: array<f32>;
@group(0) @binding(8) var<storage, read_write> dqkv: array<f32>;

const OWN = 64u;
const OTHERS = 32u;
const DEPTH = 16u;
// Four channels together.
const QUARTERS = DEPTH / 4u;
// Rows are this much apart, so that threads find them in different banks of memory.
const OWN_APART = OWN + 1u;
const OTHERS_APART = OTHERS + 1u;

const QUERY = 0u;
const KEY = 1u;
const VALUE = 2u;

var<workgroup> own_rows: array<vec4<f32>, QUARTERS * OWN_APART>;
var<workgroup> other_rows: array<vec4<f32>, QUARTERS * OTHERS_APART>;
// (own, other): scores, then what they come to.
var<workgroup> weights: array<f32, OWN * OTHERS_APART>;
// The parts of dy * y of the queries, from each quarter.
var<workgroup> alongs: array<f32, QUARTERS * OWN>;

// What a workgroup works on.
struct Place {
  // The sequence's first row, the head, and the first of the workgroup's own rows in the sequence.
  base: u32,
  head: u32,
  first: u32,
}

fn place(u: u32) -> Place {
  let blocks = (args.seq_len + OWN - 1u) / OWN;
  let line = u / blocks;
  return Place(line / args.heads * args.seq_len, line % args.heads, u % blocks * OWN);
}

// Where a head's channel of a row of (rows, D) is.
fn at(p: Place, row: u32, channel: u32) -> u32 {
  return ((p.base + row) * args.heads + p.head) * args.head_dim + channel;
}

// The same in (rows, 3 D).
fn at_part(p: Place, part: u32, row: u32, channel: u32) -> u32 {
  return (((p.base + row) * 3u + part) * args.heads + p.head) * args.head_dim + channel;
}

// Four channels of a query, key or value; zeros beyond the last row or channel.
fn four(p: Place, part: u32, row: u32, channel: u32) -> vec4<f32> {
  var x = vec4<f32>();
  if (row < args.seq_len) {
    let i = args.qkv + at_part(p, part, row, channel);
    for (var c = 0u; c < 4u; c++) {
      if (channel + c < args.head_dim) {
        x[c] = qkv[i + c];
      }
    }
  }
  return x;
}

// Four channels of dy, and their part of dy * y.
struct Gradient {
  dy: vec4<f32>,
  along: f32,
}

fn gradient(p: Place, row: u32, channel: u32) -> Gradient {
  var d = vec4<f32>();
  var known = vec4<f32>();
  if (row < args.seq_len) {
    let i = at(p, row, channel);
    for (var c = 0u; c < 4u; c++) {
      if (channel + c < args.head_dim) {
        d[c] = dy[args.dy + i + c];
        known[c] = known_y[args.y + i + c];
      }
    }
  }
  return Gradient(d, dot(d, known));
}

// Which row and quarter a thread loads or adds up.
fn row_of(thread: u32) -> u32 {
  return thread / QUARTERS;
}

fn channel_of(thread: u32, chunk: u32) -> u32 {
  return chunk * DEPTH + thread % QUARTERS * 4u;
}

fn load_own(p: Place, part: u32, chunk: u32, thread: u32) {
  let x = four(p, part, p.first + row_of(thread), channel_of(thread, chunk));
  own_rows[thread % QUARTERS * OWN_APART + row_of(thread)] = x;
}

fn load_others(p: Place, part: u32, first: u32, chunk: u32, thread: u32) {
  if (row_of(thread) < OTHERS) {
    let x = four(p, part, first + row_of(thread), channel_of(thread, chunk));
    other_rows[thread % QUARTERS * OTHERS_APART + row_of(thread)] = x;
  }
}

// A thread's products of rows: of its own rows thread / 16 + 0, 16, 32, 48 with the others' row
// thread % 16, and with the one 16 after that.
struct Products {
  near: vec4<f32>,
  far: vec4<f32>,
}

fn add_products(sums: Products, thread: u32) -> Products {
  var result = sums;
  let own = thread / 16u;
  let other = thread % 16u;
  for (var quarter = 0u; quarter < QUARTERS; quarter++) {
    let o = quarter * OWN_APART + own;
    let rows = mat4x4(own_rows[o], own_rows[o + 16u], own_rows[o + 32u], own_rows[o + 48u]);
    // A vector times a matrix: its products with the columns.
    result.near += other_rows[quarter * OTHERS_APART + other] * rows;
    result.far += other_rows[quarter * OTHERS_APART + other + 16u] * rows;
  }
  return result;
}

// Own queries or keys with the other ones. Threads are together before and after.
fn query_key_products(p: Place, own: u32, other: u32, first: u32, thread: u32) -> Products {
  var sums = Products();
  for (var chunk = 0u; chunk < CHUNKS; chunk++) {
    load_own(p, own, chunk, thread);
    load_others(p, other, first, chunk, thread);
    workgroupBarrier();
    sums = add_products(sums, thread);
    workgroupBarrier();
  }
  return sums;
}

// Writes a thread's weights to their places.
fn keep(w: Products, thread: u32) {
  let i = thread / 16u * OTHERS_APART + thread % 16u;
  for (var r = 0u; r < 4u; r++) {
    weights[i + r * 16u * OTHERS_APART] = w.near[r];
    weights[i + r * 16u * OTHERS_APART + 16u] = w.far[r];
  }
}

// The sum of the other rows times the weights of the thread's own row, in the thread's channels.
fn weighted(thread: u32) -> vec4<f32> {
  let w = row_of(thread) * OTHERS_APART;
  let x = thread % QUARTERS * OTHERS_APART;
  var sum = vec4<f32>();
  for (var j = 0u; j < OTHERS; j++) {
    sum += weights[w + j] * other_rows[x + j];
  }
  return sum;
}
