// Each head's kernel and its gradient, twin of wave_kernel.rs: one workgroup a head of any layer.
//
// The CPU turns the wave step by step in float64. Here the angle is exact: the frequency becomes a
// 64-bit fraction of a turn, times the cell in integers, and its cosine and sine come from the table
// of twiddles that was computed in float64, whatever the device makes of `sin`.

struct Args {
  heads: u32, // of all layers
  field_size: u32,
  // Cells from tap to tap, and taps.
  tap_step: u32,
  taps: u32,
  kernel: u32,
}
@group(0) @binding(0) var<uniform> args: Args;
// (cos, sin) of 2 pi k / TURN.
@group(0) @binding(2) var<storage, read> twiddles: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read> parameters: array<f32>;
@group(0) @binding(4) var<storage, read> gains: array<f32>;
// Where a head's frequency, damping, phase and gain lie, and the first three's gradients.
@group(0) @binding(5) var<storage, read> heads: array<u32>;
@group(0) @binding(6) var<storage, read_write> kernel: array<f32>;
@group(0) @binding(7) var<storage, read> dkernel: array<f32>;
@group(0) @binding(8) var<storage, read_write> gradients: array<f32>;

const WORDS = 7u; // of `heads` for each head
const SMALLEST_SUM = 1e-8;
const TAIL = 69.0775528; // -log of the smallest envelope: see wave_kernel.rs
const TABLE = 4096u; // entries of the twiddles that are used

// A fraction of a turn in units of 2^-64.
struct Turns {
  high: u32,
  low: u32,
}

// The product of two words in two words.
fn wide_product(a: u32, b: u32) -> Turns {
  let a0 = a & 0xFFFFu;
  let a1 = a >> 16u;
  let b0 = b & 0xFFFFu;
  let b1 = b >> 16u;
  let middle = a1 * b0 + ((a0 * b0) >> 16u);
  let other = a0 * b1 + (middle & 0xFFFFu);
  return Turns(a1 * b1 + (middle >> 16u) + (other >> 16u), a * b);
}

// An angle in radians as a fraction of a turn: its mantissa times 1/(2 pi) in 64 bits, shifted by its
// exponent.
fn turns(angle: f32) -> Turns {
  let bits = bitcast<u32>(angle);
  let exponent = (bits >> 23u) & 0xFFu;
  let mantissa = (bits & 0x7FFFFFu) | 0x800000u;
  let low = wide_product(mantissa, 0x9391054Au);
  let high = wide_product(mantissa, 0x28BE60DBu);
  let middle = low.high + high.low;
  let carry = select(0u, 1u, middle < low.high);
  // 96 bits: the mantissa's 24 after the point are in the exponent, 150 - exponent places up.
  var words = array<u32, 3>(low.low, middle, high.high + carry);
  var result = Turns(0u, 0u);
  let shift = 150 - i32(exponent);
  if (shift >= 0 && shift < 96) {
    let skip = u32(shift) / 32u;
    let rest = u32(shift) % 32u;
    let w0 = words[skip];
    var w1 = 0u;
    var w2 = 0u;
    if (skip < 2u) { w1 = words[skip + 1u]; }
    if (skip < 1u) { w2 = words[skip + 2u]; }
    // A shift by 32 places would be one by none.
    result.low = select((w0 >> rest) | (w1 << (32u - rest)), w0, rest == 0u);
    result.high = select((w1 >> rest) | (w2 << (32u - rest)), w1, rest == 0u);
  }
  if (bits >> 31u == 1u) {
    result = Turns(~result.high + select(0u, 1u, result.low == 0u), ~result.low + 1u);
  }
  return result;
}

struct Wave {
  frequency: Turns,
  phase: u32,
  damping: f32,
  // Cells until nothing is left of it, or the field ends.
  cells: u32,
}

fn wave_of(head: u32) -> Wave {
  let at = head * WORDS;
  let damping = softplus(parameters[heads[at + 1u]]);
  let lasts = min(TAIL / max(damping, 1e-30), f32(args.field_size));
  return Wave(
    turns(parameters[heads[at]]),
    turns(parameters[heads[at + 2u]]).high,
    damping,
    min(u32(lasts) + 1u, args.field_size));
}

// e^(-damping t) times (cos, sin) of frequency t + phase.
fn at_cell(wave: Wave, t: u32) -> vec2<f32> {
  let angle = wave.frequency.high * t + wide_product(wave.frequency.low, t).high + wave.phase;
  let c = twiddles[(angle >> 20u) * (TURN / TABLE)];
  let r = f32(angle & 0xFFFFFu) * 1.4629180792671596e-9; // 2 pi / 2^32
  let cosine = c.x - (c.x * (0.5 * r * r) + c.y * r);
  let sine = c.y + (c.x * r - c.y * (0.5 * r * r));
  return exp(-wave.damping * f32(t)) * vec2(cosine, sine);
}

fn absolute_sum(wave: Wave, thread: u32) -> f32 {
  var sum = 0.0;
  for (var t = thread; t < wave.cells; t += THREADS) {
    sum += abs(at_cell(wave, t).x);
  }
  return workgroup_sum(thread, sum);
}

// Overwrites the kernels, (heads, taps).
@compute @workgroup_size(THREADS)
fn wave_kernel(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let head = group.x;
  let wave = wave_of(head);
  let sum = absolute_sum(wave, thread);
  let scale = gains[heads[head * WORDS + 3u]] / max(sum, SMALLEST_SUM);
  for (var i = thread; i < args.taps; i += THREADS) {
    let t = i * args.tap_step;
    var value = 0.0;
    if (t < wave.cells) {
      value = at_cell(wave, t).x * scale;
    }
    kernel[args.kernel + head * args.taps + i] = value;
  }
}

// The gradient at cell t, where the cell is a tap.
fn tap(head: u32, t: u32) -> f32 {
  let i = t / args.tap_step;
  if (t % args.tap_step > 0u || i >= args.taps) {
    return 0.0;
  }
  return gains[heads[head * WORDS + 3u]] * dkernel[args.kernel + head * args.taps + i];
}

// Adds to the gradients of frequency, damping and phase.
@compute @workgroup_size(THREADS)
fn wave_kernel_backward(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let head = group.x;
  let wave = wave_of(head);
  let sum = absolute_sum(wave, thread);
  let divisor = max(sum, SMALLEST_SUM);
  var part = 0.0;
  for (var t = thread; t < wave.cells; t += THREADS) {
    part += tap(head, t) * at_cell(wave, t).x;
  }
  let along = workgroup_sum(thread, part);
  // Through the division by the absolute sum, which every cell of the field is part of.
  let shrink = select(0.0, along / (divisor * divisor), sum > SMALLEST_SUM);
  var d = vec3<f32>();
  for (var t = thread; t < wave.cells; t += THREADS) {
    let value = at_cell(wave, t);
    let slope = tap(head, t) / divisor - sign(value.x) * shrink;
    d -= slope * vec3(f32(t) * value.y, f32(t) * value.x, value.y);
  }
  let dfrequency = workgroup_sum(thread, d.x);
  let ddamping = workgroup_sum(thread, d.y);
  let dphase = workgroup_sum(thread, d.z);
  if (thread == 0u) {
    let at = head * WORDS;
    gradients[heads[at + 4u]] += dfrequency;
    gradients[heads[at + 5u]] += ddamping * sigmoid(parameters[heads[at + 1u]]);
    gradients[heads[at + 6u]] += dphase;
  }
}
