// Each head's kernel as a rotation, and its gradient, twin of wave_rotation.rs: one workgroup a head of any
// layer. After wave.wgsl.

@group(0) @binding(6) var<storage, read_write> rotations: array<f32>;
@group(0) @binding(7) var<storage, read> drotations: array<f32>;

const ROTATION = 22u;
const ROTATION_GRADIENT = 4u;

// What a wave is multiplied by for what is heard of it.
fn listen(head: u32, wave: Wave, sum: f32) -> vec2<f32> {
  return gain(head) / max(sum, SMALLEST_SUM) * at_cell(wave, 0u);
}

// Overwrites the rotations, (heads, ROTATION), as float32 holds them; what that leaves over is the CPU's.
@compute @workgroup_size(THREADS)
fn wave_rotation(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let head = group.x;
  let wave = wave_of(head);
  let sum = absolute_sum(wave, thread);
  let at = args.start + head * ROTATION;
  // What a cell does, and what the distances between two tokens do.
  if (thread < 4u) {
    let z = power(wave.frequency, wave.damping, select(args.least + thread - 1u, 1u, thread == 0u));
    rotations[at + 2u * thread] = z.x;
    rotations[at + 2u * thread + 1u] = z.y;
  } else if (thread == 4u) {
    let c = listen(head, wave, sum);
    rotations[at + 8u] = c.x;
    rotations[at + 9u] = c.y;
    rotations[at + 10u] = parameters[heads[head * WORDS]];
    rotations[at + 11u] = wave.damping;
  }
}

// Adds to the gradients of frequency, damping and phase, of C and B as wave_rotation.rs has them.
@compute @workgroup_size(THREADS)
fn wave_rotation_backward(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let head = group.x;
  let wave = wave_of(head);
  let sum = absolute_sum(wave, thread);
  let at = args.start + head * ROTATION_GRADIENT;
  let c = listen(head, wave, sum);
  let heard = multiply(c, vec2(drotations[at], drotations[at + 1u]));
  let delayed = multiply(c, vec2(drotations[at + 2u], drotations[at + 3u]));
  // Through the division by the absolute sum, which every cell of the field is part of.
  let shrink = select(0.0, heard.x / sum, sum > SMALLEST_SUM);
  var d = vec3<f32>();
  for (var t = thread; t < wave.cells; t += THREADS) {
    let value = at_cell(wave, t);
    d += shrink * sign(value.x) * vec3(f32(t) * value.y, f32(t) * value.x, value.y);
  }
  d = vec3(workgroup_sum(thread, d.x), workgroup_sum(thread, d.y), workgroup_sum(thread, d.z));
  if (thread == 0u) {
    add_gradients(head, d - vec3(delayed.y, delayed.x, heard.y));
  }
}
