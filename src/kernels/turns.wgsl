// Powers of a rotation that do not add up what one cell rounds: a wave's angle is kept as a fraction of a
// turn in 64 bits and multiplied in integers, and its cosine and sine come from the table of twiddles that was
// computed in float64, whatever the device makes of `sin`.
//
// From the caller: TURN, the length of that table, a multiple of TABLE.

// (cos, sin) of 2 pi k / TURN.
@group(0) @binding(2) var<storage, read> twiddles: array<vec2<f32>>;

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

// The first 32 bits of so many times an angle.
fn times(angle: Turns, n: u32) -> u32 {
  return angle.high * n + wide_product(angle.low, n).high;
}

// (cos, sin) of an angle of 32 bits.
fn direction(angle: u32) -> vec2<f32> {
  let c = twiddles[(angle >> 20u) * (TURN / TABLE)];
  let r = f32(angle & 0xFFFFFu) * 1.4629180792671596e-9; // 2 pi / 2^32
  return vec2(c.x - (c.x * (0.5 * r * r) + c.y * r), c.y + (c.x * r - c.y * (0.5 * r * r)));
}

// e^-x. Near 1 by its power series: there a device's own may be off by as much as many cells add up.
fn faded(x: f32) -> f32 {
  if (x > 0.25) {
    return exp(max(-x, -80.0));
  }
  var series = 1.0;
  for (var k = 6u; k > 0u; k--) {
    series = 1.0 - x * series / f32(k);
  }
  return series;
}

// e^((-damping + i frequency) n): what n cells do to a wave.
fn power(frequency: Turns, damping: f32, n: u32) -> vec2<f32> {
  return faded(damping * f32(n)) * direction(times(frequency, n));
}
