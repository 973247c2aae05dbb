// How the tokens of a batch lie on the field, as field_convolution.rs has it: what the convolutions in
// one dispatch and in several have in common. After fft.wgsl.

struct Args {
  seq_len: u32,
  heads: u32,
  head_dim: u32,
  // Cells of a line: taps of a kernel.
  line: u32,
  // Sequences, and how many of them one workgroup of the backward goes through.
  batch: u32,
  batch_share: u32,
  // Whether tokens lie between cells; otherwise each has a cell of its own.
  has_places: u32,
  // Whether the spectrum is taken conjugated, which makes a correlation of the convolution.
  conjugated: u32,
  // Where everything begins: the spectrum in complex numbers, the rest in floats.
  spectrum: u32,
  x: u32,
  y: u32,
  dx: u32,
  // For lines that take several passes: which of all sequences' lines are in hand.
  first_line: u32,
  lines: u32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
// A line for each head: (heads, points of a line).
@group(0) @binding(5) var<storage, read_write> spectrum: array<vec2<f32>>;
// Two words a cell, the token that lies there (from 1) and its weight; then two words a token, its
// cell and the fraction that lies on the next.
@group(0) @binding(6) var<storage, read> places: array<u32>;
@group(0) @binding(7) var<storage, read> dy: array<f32>;
// The correlations of deposits and dy: (shares, lines, POINTS).
@group(0) @binding(8) var<storage, read_write> correlation: array<vec2<f32>>;

// A pair of channels of one head: how many of them there are, and where it begins in a token's row.
struct Pair {
  head: u32,
  channel: u32,
  width: u32,
}

fn pairs() -> u32 {
  return (args.head_dim + 1u) / 2u;
}

fn pair_of(line: u32) -> Pair {
  let head = line / pairs();
  let first = line % pairs() * 2u;
  // A line that is not there has no channels.
  let width = select(0u, min(2u, args.head_dim - first), head < args.heads);
  return Pair(head, head * args.head_dim + first, width);
}

// Where a token's row begins for a pair of channels.
fn row(sequence: u32, token: u32, pair: Pair) -> u32 {
  return (sequence * args.seq_len + token) * args.heads * args.head_dim + pair.channel;
}

// Which token lies on a cell, and with which weight; nothing beyond the line.
struct Deposit {
  token: u32,
  weight: f32,
}

fn deposit_at(n: u32) -> Deposit {
  if (n >= args.line) {
    return Deposit(0u, 0.0);
  }
  if (args.has_places == 0u) {
    return Deposit(n, 1.0);
  }
  let token = places[2u * n];
  return Deposit(max(token, 1u) - 1u, select(0.0, bitcast<f32>(places[2u * n + 1u]), token > 0u));
}

// A point of a head's spectrum; `points` is the length of a line.
fn spectrum_at(head: u32, n: u32, points: u32) -> vec2<f32> {
  let value = spectrum[args.spectrum + head * points + n];
  return vec2(value.x, select(value.y, -value.y, args.conjugated == 1u));
}
