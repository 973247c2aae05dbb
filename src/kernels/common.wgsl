// What all shaders share. Comes before each of them.

// What changes from step to step.
struct Step {
  dropout_key: u32,
  // AdamW: learning rate over 1 - beta1^t; 1/sqrt(1 - beta2^t); 1 - rate * decay.
  rate: f32,
  root: f32,
  keep: f32,
}
@group(0) @binding(1) var<uniform> step: Step;

// Threads of a workgroup, wherever a shader does not say otherwise.
const THREADS = 256u;

// Which unit of work a workgroup has: see `Dispatch::units`.
fn unit(workgroup: vec3<u32>, workgroups: vec3<u32>) -> u32 {
  return workgroup.x + workgroup.y * workgroups.x;
}

// A site where elements are dropped: its number, mixed; the threshold; 1/(1-p).
struct Dropout {
  site: u32,
  threshold: u32,
  scale: f32,
}

// "lowbias32" (Wellons 2018), as in rng.rs.
fn mix32(word: u32) -> u32 {
  var x = word;
  x ^= x >> 16u;
  x *= 0x7FEB352Du;
  x ^= x >> 15u;
  x *= 0x846CA68Bu;
  return x ^ (x >> 16u);
}

// What element i is multiplied by: 0 where it is dropped, otherwise 1/(1-p). Without dropout 1.
fn mask(dropout: Dropout, i: u32) -> f32 {
  let key = select(0u, mix32(step.dropout_key ^ dropout.site), dropout.threshold > 0u);
  return select(0.0, dropout.scale, mix32(i + key) >= dropout.threshold);
}

// The product of two complex numbers.
fn multiply(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
  return vec2(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}

// 1/(1 + e^-x). The argument is clamped: e^x overflows differently on different devices.
fn sigmoid(x: f32) -> f32 {
  return 1.0 / (1.0 + exp(clamp(-x, -80.0, 80.0)));
}

// log(1 + e^x). WGSL's log is too rough near 1: log(1 + y) is 2 atanh(y/(2 + y)), by its power series.
fn softplus(x: f32) -> f32 {
  let y = exp(max(-abs(x), -80.0));
  let s = y / (2.0 + y);
  let s2 = s * s;
  var series = 1.0 / 13.0;
  series = series * s2 + 1.0 / 11.0;
  series = series * s2 + 1.0 / 9.0;
  series = series * s2 + 1.0 / 7.0;
  series = series * s2 + 1.0 / 5.0;
  series = series * s2 + 1.0 / 3.0;
  series = series * s2 + 1.0;
  return max(x, 0.0) + 2.0 * s * series;
}

// The normal distribution (1 + erf(x/sqrt 2))/2, with erf as in math.rs: x P(x^2)/Q(x^2) on [-4, 4].
fn normal_distribution(at: f32) -> f32 {
  let x = clamp(at * 0.70710678118, -4.0, 4.0);
  let s = x * x;
  var p = -2.7261423e-10;
  p = p * s + 2.7706814e-8;
  p = p * s - 2.101024e-6;
  p = p * s - 5.6925064e-5;
  p = p * s - 7.3499063e-4;
  p = p * s - 2.9546e-3;
  p = p * s - 1.6096033e-2;
  var q = -1.4566072e-5;
  q = q * s - 2.1337406e-4;
  q = q * s - 1.682827e-3;
  q = q * s - 7.3733292e-3;
  q = q * s - 1.4264739e-2;
  return 0.5 + 0.5 * (x * p / q);
}

// Its density.
fn normal_density(x: f32) -> f32 {
  return 0.39894228 * exp(max(-0.5 * x * x, -80.0));
}

// Neither infinite nor NaN, by the exponent's bits: a compiler may assume that neither occurs.
fn is_finite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7F800000u) != 0x7F800000u;
}

var<workgroup> partial_sums: array<f32, THREADS>;

// The sum of all threads' values, in every thread. All threads must call it.
fn workgroup_sum(thread: u32, value: f32) -> f32 {
  partial_sums[thread] = value;
  workgroupBarrier();
  for (var half = THREADS / 2u; half > 0u; half /= 2u) {
    if (thread < half) {
      partial_sums[thread] += partial_sums[thread + half];
    }
    workgroupBarrier();
  }
  let total = partial_sums[0];
  workgroupBarrier();
  return total;
}
