// Each head's kernel and its gradient, twin of wave_kernel.rs: one workgroup a head of any layer. The CPU
// turns the wave step by step in float64; here each cell's value is computed by itself. After wave.wgsl.

@group(0) @binding(6) var<storage, read_write> kernel: array<f32>;
@group(0) @binding(7) var<storage, read> dkernel: array<f32>;

// Overwrites the kernels, (heads, taps).
@compute @workgroup_size(THREADS)
fn wave_kernel(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let head = group.x;
  let wave = wave_of(head);
  let sum = absolute_sum(wave, thread);
  let scale = gain(head) / max(sum, SMALLEST_SUM);
  for (var i = thread; i < args.taps; i += THREADS) {
    let t = i * args.tap_step;
    var value = 0.0;
    if (t < wave.cells) {
      value = at_cell(wave, t).x * scale;
    }
    kernel[args.start + head * args.taps + i] = value;
  }
}

// The gradient at cell t, where the cell is a tap.
fn tap(head: u32, t: u32) -> f32 {
  let i = t / args.tap_step;
  if (t % args.tap_step > 0u || i >= args.taps) {
    return 0.0;
  }
  return gain(head) * dkernel[args.start + head * args.taps + i];
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
  d = vec3(workgroup_sum(thread, d.x), workgroup_sum(thread, d.y), workgroup_sum(thread, d.z));
  if (thread == 0u) {
    add_gradients(head, d);
  }
}
