// The waves of all layers' heads: what they are, and their values at any cell. After turns.wgsl.

struct Args {
  heads: u32, // of all layers
  field_size: u32,
  // Where the kernels or the rotations begin.
  start: u32,
  // Of kernels: cells from tap to tap, and taps.
  tap_step: u32,
  taps: u32,
  // Of rotations: the fewest cells from one token to the next.
  least: u32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(3) var<storage, read> parameters: array<f32>;
@group(0) @binding(4) var<storage, read> gains: array<f32>;
// Where a head's frequency, damping, phase and gain lie, and the first three's gradients.
@group(0) @binding(5) var<storage, read> heads: array<u32>;
@group(0) @binding(8) var<storage, read_write> gradients: array<f32>;

const WORDS = 7u; // of `heads` for each head
const SMALLEST_SUM = 1e-8;
const TAIL = 69.0775528; // -log of the smallest envelope: see wave_kernel.rs

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
  return faded(wave.damping * f32(t)) * direction(times(wave.frequency, t) + wave.phase);
}

fn gain(head: u32) -> f32 {
  return gains[heads[head * WORDS + 3u]];
}

fn absolute_sum(wave: Wave, thread: u32) -> f32 {
  var sum = 0.0;
  for (var t = thread; t < wave.cells; t += THREADS) {
    sum += abs(at_cell(wave, t).x);
  }
  return workgroup_sum(thread, sum);
}

// Adds to the gradients of a head's frequency, damping and phase, the damping as it is after softplus.
fn add_gradients(head: u32, d: vec3<f32>) {
  let at = head * WORDS;
  gradients[heads[at + 4u]] += d.x;
  gradients[heads[at + 5u]] += d.y * sigmoid(parameters[heads[at + 1u]]);
  gradients[heads[at + 6u]] += d.z;
}
