// How waves go along a text, for field_recurrence.wgsl: they are turned, take a token's deposit, and are
// listened to. BACK is the same from the last token to the first, with the gradient of what was heard in
// place of deposits. After turns.wgsl.
//
// From the caller: BACK; BETWEEN, whether tokens lie between cells.

struct Args {
  seq_len: u32,
  dim: u32,
  head_dim: u32,
  // Cells from token to token where each has one of its own; the fewest where they lie between.
  apart: u32,
  // Cells of the field that are in use.
  line: u32,
  // Tokens of a segment, segments of a sequence, and segments of all sequences.
  segment: u32,
  segments: u32,
  all_segments: u32,
  // Where everything begins.
  rotations: u32,
  x: u32,
  y: u32,
  deposits: u32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<storage, read> rotations: array<f32>;
// As field_lines.wgsl has it: from word 2 line on each token's cell and the fraction that lies on the next.
@group(0) @binding(6) var<storage, read> places: array<u32>;

const LANES = 32u; // channels of a workgroup
const RUNS = THREADS / LANES;
const ROTATION = 22u;

// A wave, and each part of it times the cells that it came.
struct Waves {
  a: vec2<f32>,
  w: vec2<f32>,
}

// So many cells, and what they do to a wave.
struct Way {
  z: vec2<f32>,
  cells: f32,
}

fn moved(from_there: Waves, way: Way) -> Waves {
  var w = from_there.w;
  if (BACK == 1u) {
    w = multiply(way.z, from_there.w + way.cells * from_there.a);
  }
  return Waves(multiply(way.z, from_there.a), w);
}

fn plus(one: Waves, factor: f32, other: Waves) -> Waves {
  return Waves(one.a + factor * other.a, one.w + factor * other.w);
}

// What a thread has: a run of every chunk, in one channel.
struct Seat {
  thread: u32,
  lane: u32,
  channel: u32,
  sequence: u32,
  segment: u32,
  frequency: Turns,
  damping: f32,
  // Where the numbers of its head's rotation are; what the cells from token to token do where each token has
  // one of its own, and what the wave is listened to by.
  row: u32,
  z: vec2<f32>,
  c: vec2<f32>,
}

fn seat(group: vec3<u32>, thread: u32) -> Seat {
  let lane = thread % LANES;
  let channel = group.x * LANES + lane;
  let row = args.rotations + min(channel, args.dim - 1u) / args.head_dim * ROTATION;
  let frequency = turns(rotations[row + 10u]);
  return Seat(
    thread, lane, channel, group.y, group.z,
    frequency, rotations[row + 11u], row, rotation(row, 2u), rotation(row, 4u));
}

fn rotation(row: u32, i: u32) -> vec2<f32> {
  return vec2(rotations[row + 2u * i], rotations[row + 2u * i + 1u]);
}

// Tokens are counted along the way.
fn token(i: u32) -> u32 {
  return select(i, args.seq_len - 1u - i, BACK == 1u);
}

// Where a token's number of this thread's channel is.
fn element(at: Seat, i: u32) -> u32 {
  return (at.sequence * args.seq_len + token(i)) * args.dim + min(at.channel, args.dim - 1u);
}

// On the way, the cell that a token lies on, the part of it there, and the part on the cell after it.
struct Place {
  cell: u32,
  first: f32,
  second: f32,
}

fn place(i: u32) -> Place {
  let at = 2u * (args.line + token(i));
  let cell = places[at];
  let fraction = bitcast<f32>(places[at + 1u]);
  if (BACK == 0u || fraction == 0.0) {
    return Place(select(cell, args.line - cell, BACK == 1u), 1.0 - fraction, fraction);
  }
  return Place(args.line - cell - 1u, fraction, 1.0 - fraction);
}

// The cell that has been come to after so many tokens.
fn reached(tokens: u32) -> u32 {
  if (BETWEEN == 0u) {
    return args.apart * tokens;
  }
  // Nothing is on its way before the first.
  let last = place(max(tokens, 1u) - 1u);
  return last.cell + select(0u, 1u, last.second > 0.0);
}

fn way(at: Seat, tokens: u32, and_then: u32) -> Way {
  let cells = reached(and_then) - reached(tokens);
  return Way(power(at.frequency, at.damping, cells), f32(cells));
}

// Takes waves to a token and past it; what is there is what is heard.
fn pass_token(at: Seat, waves: ptr<function, Waves>, i: u32) -> Waves {
  let value = x[args.x + element(at, i)];
  if (BETWEEN == 0u) {
    *waves = moved(*waves, Way(at.z, f32(args.apart)));
    (*waves).a.x += value;
    return *waves;
  }
  let here = place(i);
  let more = min(here.cell - reached(i) - args.apart, 2u);
  *waves = moved(*waves, Way(rotation(at.row, 1u + more), f32(args.apart + more)));
  (*waves).a.x += here.first * value;
  var heard = plus(Waves(), here.first, *waves);
  if (here.second > 0.0) {
    *waves = moved(*waves, Way(rotation(at.row, 0u), 1.0));
    (*waves).a.x += here.second * value;
    heard = plus(heard, here.second, *waves);
  }
  return heard;
}
