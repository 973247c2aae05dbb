// The field's convolution for lines of more than 2,048 cells, in several passes: a line of RUNS x 4,096
// points is cut into RUNS runs by a first DFT step in memory, and each run is transformed by a
// workgroup (fft.wgsl). After field_lines.wgsl, which says how lines lie.
//
// From the caller: RUNS, a power of two. TURN is RUNS x 4,096.

const LENGTH = RUNS * POINTS;
// (lines in hand, LENGTH).
@group(0) @binding(9) var<storage, read_write> runs: array<vec2<f32>>;
@group(0) @binding(10) var<storage, read> other_runs: array<vec2<f32>>;

// The sequence and the pair of channels of a line in hand.
struct Source {
  sequence: u32,
  pair: Pair,
}

fn source_of(line: u32) -> Source {
  let each = args.heads * pairs();
  return Source((args.first_line + line) / each, pair_of((args.first_line + line) % each));
}

// Unit (line, block of THREADS points), and its points.
fn first_point(group: vec3<u32>) -> u32 {
  return group.x * THREADS;
}

// Point n = (run, u) of a line is the sum over j of x[j POINTS + u] e^(-2 pi i run (j POINTS + u) / LENGTH).
@compute @workgroup_size(THREADS)
fn scatter_runs(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let n = first_point(group) + thread;
  let source = source_of(group.y);
  var sum = vec2<f32>();
  for (var from_point = n % POINTS; from_point < args.line; from_point += POINTS) {
    let d = deposit_at(from_point);
    let i = args.x + row(source.sequence, d.token, source.pair);
    var value = vec2<f32>();
    if (d.weight > 0.0) {
      value.x = d.weight * x[i];
    }
    if (d.weight > 0.0 && source.pair.width > 1u) {
      value.y = d.weight * x[i + 1u];
    }
    sum += multiply(value, twiddle((n / POINTS * from_point) % LENGTH, LENGTH, FORWARD));
  }
  runs[group.y * LENGTH + n] = sum;
}

// The same for the kernels: (heads, taps), divided by the length.
@compute @workgroup_size(THREADS)
fn kernel_runs(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let n = first_point(group) + thread;
  var sum = vec2<f32>();
  for (var from_point = n % POINTS; from_point < args.line; from_point += POINTS) {
    let value = x[args.x + group.y * args.line + from_point] / f32(LENGTH);
    sum += value * twiddle((n / POINTS * from_point) % LENGTH, LENGTH, FORWARD);
  }
  runs[args.spectrum + group.y * LENGTH + n] = sum;
}

// Each run's own transform, in place.
@compute @workgroup_size(THREADS)
fn forward_runs(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let at = seat(thread);
  let first = args.spectrum + group.y * LENGTH + group.x * POINTS;
  var z: array<vec2<f32>, 16>;
//repeat J 16
  z[{J}] = runs[first + point(at.thread, POINTS, {J}u)];
//end
  forward(&z, at);
//repeat J 16
  runs[first + point(at.thread, 16u, {J}u)] = z[{J}];
//end
}

fn inverse_of_run(at: Seat, z: ptr<function, array<vec2<f32>, 16>>, first: u32) {
  inverse(z, at);
//repeat J 16
  runs[first + point(at.thread, POINTS, {J}u)] = (*z)[{J}];
//end
}

// Each run times the spectrum of its head, and back.
@compute @workgroup_size(THREADS)
fn multiply_runs(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let at = seat(thread);
  let first = group.y * LENGTH + group.x * POINTS;
  let head = source_of(group.y).pair.head;
  var z: array<vec2<f32>, 16>;
//repeat J 16
  z[{J}] = multiply(
    runs[first + point(at.thread, 16u, {J}u)],
    spectrum_at(head, group.x * POINTS + point(at.thread, 16u, {J}u), LENGTH));
//end
  inverse_of_run(at, &z, first);
}

// Each run back as it is.
@compute @workgroup_size(THREADS)
fn inverse_runs(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let at = seat(thread);
  let first = args.spectrum + group.y * LENGTH + group.x * POINTS;
  var z: array<vec2<f32>, 16>;
//repeat J 16
  z[{J}] = runs[first + point(at.thread, 16u, {J}u)];
//end
  inverse_of_run(at, &z, first);
}

// Cell n of a line whose runs were transformed back.
fn cell_value(line: u32, n: u32) -> vec2<f32> {
  var sum = vec2<f32>();
  for (var run = 0u; run < RUNS; run++) {
    let value = runs[line * LENGTH + run * POINTS + n % POINTS];
    sum += multiply(value, twiddle((run * n) % LENGTH, LENGTH, INVERSE));
  }
  return sum;
}

// What each token takes of a line.
@compute @workgroup_size(THREADS)
fn gather_runs(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let token = first_point(group) + thread;
  if (token >= args.seq_len) {
    return;
  }
  let source = source_of(group.y);
  var value: vec2<f32>;
  if (args.has_places == 0u) {
    value = cell_value(group.y, token);
  } else {
    let n = places[2u * (args.line + token)];
    let fraction = bitcast<f32>(places[2u * (args.line + token) + 1u]);
    value = (1.0 - fraction) * cell_value(group.y, n);
    if (fraction > 0.0) {
      value += fraction * cell_value(group.y, n + 1u);
    }
  }
  let i = args.y + row(source.sequence, token, source.pair);
  y[i] = value.x;
  if (source.pair.width > 1u) {
    y[i + 1u] = value.y;
  }
}

// Adds to each head's correlation, a line of `correlation`, what the lines in hand bring: other_runs
// (the deposits') conjugated times runs (dy's). Unit (block of points, head).
@compute @workgroup_size(THREADS)
fn correlate_runs(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let n = first_point(group) + thread;
  var sum = vec2<f32>();
  // The first chunk begins the sum.
  if (args.first_line > 0u) {
    sum = correlation[group.y * LENGTH + n];
  }
  for (var line = 0u; line < args.lines; line++) {
    if (source_of(line).pair.head == group.y) {
      sum += multiply(conjugate(other_runs[line * LENGTH + n]), runs[line * LENGTH + n]);
    }
  }
  correlation[group.y * LENGTH + n] = sum;
}

// The kernels' gradient from the correlations, a line a head in `runs`, transformed back.
@compute @workgroup_size(THREADS)
fn kernel_gradient_runs(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let n = first_point(group) + thread;
  if (n < args.line) {
    y[args.y + group.y * args.line + n] = cell_value(group.y, n).x / f32(LENGTH);
  }
}
