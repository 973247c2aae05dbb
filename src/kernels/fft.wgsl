// A complex FFT of POINTS = 2^BITS points, 32 to 4,096, inside one workgroup. Each thread holds 16
// points in registers; workgroup memory serves to exchange them, real parts first, then imaginary ones,
// so that 4,096 points need 16 KiB. Short lines share a workgroup: there are LINES of them.
//
// Decimation in frequency forward, in time backward: the spectrum comes out in digit-reversed order,
// which is all the same to a product of spectra, and goes in that way. Not normalised.
//
// From the caller: POINTS, BITS; TURN, the length of the table of twiddles, a multiple of POINTS.

// (cos, sin) of 2 pi k / TURN, computed in float64.
@group(0) @binding(2) var<storage, read> twiddles: array<vec2<f32>>;

const LINES = 4096u / POINTS;
const FORWARD = -1.0;
const INVERSE = 1.0;
var<workgroup> shared_parts: array<f32, 4096>;

// Which line of its workgroup a thread works on, and which of the line's threads it is. Neighbours
// work on neighbouring lines, whose channels lie together in memory.
struct Seat {
  line: u32,
  thread: u32,
}

fn seat(thread: u32) -> Seat {
  return Seat(thread % LINES, thread / LINES);
}

// The point in a thread's register j, while runs of `run` points are being transformed. A run's
// registers are run/16 points apart.
fn point(thread: u32, run: u32, j: u32) -> u32 {
  let step = run / 16u;
  return thread / step * run + j * step + thread % step;
}

// Where a point's part lies meanwhile: shuffled, so that threads meet different banks.
fn cell(at: Seat, n: u32) -> u32 {
  return (n ^ ((n >> 4u) & 15u)) * LINES + at.line;
}

fn conjugate(a: vec2<f32>) -> vec2<f32> {
  return vec2(a.x, -a.y);
}

// e^(sign 2 pi i k / run).
fn twiddle(k: u32, run: u32, sign: f32) -> vec2<f32> {
  let t = twiddles[k * (TURN / run)];
  return vec2(t.x, sign * t.y);
}

// e^(-2 pi i k / 16) for k = 0..7.
const ROOTS = array<vec2<f32>, 8>(
  vec2(1.0, 0.0), vec2(0.92387953251, -0.38268343236), vec2(0.70710678118, -0.70710678118),
  vec2(0.38268343236, -0.92387953251), vec2(0.0, -1.0), vec2(-0.38268343236, -0.92387953251),
  vec2(-0.70710678118, -0.70710678118), vec2(-0.92387953251, -0.38268343236));

// The radix-2 steps that lie within the registers: 16 points if `bits` is 4, runs of fewer otherwise.
fn steps_forward(z: ptr<function, array<vec2<f32>, 16>>, bits: u32) {
  var d: vec2<f32>;
  if (bits >= 4u) {
//repeat I 8
    d = (*z)[{I}] - (*z)[{I} + 8];
    (*z)[{I}] += (*z)[{I} + 8];
    (*z)[{I} + 8] = multiply(d, ROOTS[{I}]);
//end
  }
  if (bits >= 3u) {
//repeat I 4
    d = (*z)[{I}] - (*z)[{I} + 4];
    (*z)[{I}] += (*z)[{I} + 4];
    (*z)[{I} + 4] = multiply(d, ROOTS[2 * {I}]);
    d = (*z)[{I} + 8] - (*z)[{I} + 12];
    (*z)[{I} + 8] += (*z)[{I} + 12];
    (*z)[{I} + 12] = multiply(d, ROOTS[2 * {I}]);
//end
  }
  if (bits >= 2u) {
//repeat I 4
    d = (*z)[4 * {I}] - (*z)[4 * {I} + 2];
    (*z)[4 * {I}] += (*z)[4 * {I} + 2];
    (*z)[4 * {I} + 2] = d;
    d = (*z)[4 * {I} + 1] - (*z)[4 * {I} + 3];
    (*z)[4 * {I} + 1] += (*z)[4 * {I} + 3];
    (*z)[4 * {I} + 3] = vec2(d.y, -d.x);
//end
  }
//repeat I 8
  d = (*z)[2 * {I}] - (*z)[2 * {I} + 1];
  (*z)[2 * {I}] += (*z)[2 * {I} + 1];
  (*z)[2 * {I} + 1] = d;
//end
}

// The same backwards.
fn steps_inverse(z: ptr<function, array<vec2<f32>, 16>>, bits: u32) {
  var d: vec2<f32>;
//repeat I 8
  d = (*z)[2 * {I} + 1];
  (*z)[2 * {I} + 1] = (*z)[2 * {I}] - d;
  (*z)[2 * {I}] += d;
//end
  if (bits >= 2u) {
//repeat I 4
    d = (*z)[4 * {I} + 2];
    (*z)[4 * {I} + 2] = (*z)[4 * {I}] - d;
    (*z)[4 * {I}] += d;
    d = vec2(-(*z)[4 * {I} + 3].y, (*z)[4 * {I} + 3].x);
    (*z)[4 * {I} + 3] = (*z)[4 * {I} + 1] - d;
    (*z)[4 * {I} + 1] += d;
//end
  }
  if (bits >= 3u) {
//repeat I 4
    d = multiply((*z)[{I} + 4], conjugate(ROOTS[2 * {I}]));
    (*z)[{I} + 4] = (*z)[{I}] - d;
    (*z)[{I}] += d;
    d = multiply((*z)[{I} + 12], conjugate(ROOTS[2 * {I}]));
    (*z)[{I} + 12] = (*z)[{I} + 8] - d;
    (*z)[{I} + 8] += d;
//end
  }
  if (bits >= 4u) {
//repeat I 8
    d = multiply((*z)[{I} + 8], conjugate(ROOTS[{I}]));
    (*z)[{I} + 8] = (*z)[{I}] - d;
    (*z)[{I}] += d;
//end
  }
}

// Register j holds frequency (j with its 4 bits reversed) of its run, and is turned accordingly.
fn turn(z: ptr<function, array<vec2<f32>, 16>>, at: Seat, run: u32, sign: f32) {
  let u = at.thread % (run / 16u);
//repeat J 16
  (*z)[{J}] = multiply((*z)[{J}], twiddle((reverseBits({J}u) >> 28u) * u, run, sign));
//end
}

// From registers as they are for runs of `before` points to those for runs of `after`.
fn exchange(z: ptr<function, array<vec2<f32>, 16>>, at: Seat, before: u32, after: u32) {
//repeat J 16
  shared_parts[cell(at, point(at.thread, before, {J}u))] = (*z)[{J}].x;
//end
  workgroupBarrier();
//repeat J 16
  (*z)[{J}].x = shared_parts[cell(at, point(at.thread, after, {J}u))];
//end
  workgroupBarrier();
//repeat J 16
  shared_parts[cell(at, point(at.thread, before, {J}u))] = (*z)[{J}].y;
//end
  workgroupBarrier();
//repeat J 16
  (*z)[{J}].y = shared_parts[cell(at, point(at.thread, after, {J}u))];
//end
  workgroupBarrier();
}

// Bits that are left for the last of two or three passes.
const LAST_BITS = BITS - select(4u, 8u, BITS > 8u);

// From points in runs of POINTS to the spectrum in runs of 16. All threads must call it.
fn forward(z: ptr<function, array<vec2<f32>, 16>>, at: Seat) {
  steps_forward(z, 4u);
  turn(z, at, POINTS, FORWARD);
  if (BITS > 8u) {
    exchange(z, at, POINTS, POINTS / 16u);
    steps_forward(z, 4u);
    turn(z, at, POINTS / 16u, FORWARD);
    exchange(z, at, POINTS / 16u, 16u);
  } else {
    exchange(z, at, POINTS, 16u);
  }
  steps_forward(z, LAST_BITS);
}

// And back, times POINTS.
fn inverse(z: ptr<function, array<vec2<f32>, 16>>, at: Seat) {
  steps_inverse(z, LAST_BITS);
  if (BITS > 8u) {
    exchange(z, at, 16u, POINTS / 16u);
    turn(z, at, POINTS / 16u, INVERSE);
    steps_inverse(z, 4u);
    exchange(z, at, POINTS / 16u, POINTS);
  } else {
    exchange(z, at, 16u, POINTS);
  }
  turn(z, at, POINTS, INVERSE);
  steps_inverse(z, 4u);
}
