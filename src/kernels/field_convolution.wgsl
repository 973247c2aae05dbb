// The field's convolution, twin of field_convolution.rs: one dispatch scatters the deposits, convolves
// them with each head's kernel and gathers the result, without leaving the workgroup. Two channels
// of a head make one complex line. For lines of up to 2,048 cells, which are padded to up to 4,096
// points (fft.wgsl); field_passes.wgsl is for longer ones, and field_lines.wgsl says how lines lie.

@compute @workgroup_size(THREADS)
fn convolve(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let at = seat(thread);
  let pair = pair_of(group.x * LINES + at.line);
  var z: array<vec2<f32>, 16>;
//repeat J 8
  {
    let d = deposit_at(point(at.thread, POINTS, {J}u));
    let i = args.x + row(group.y, d.token, pair);
    if (d.weight > 0.0 && pair.width > 0u) {
      z[{J}].x = d.weight * x[i];
    }
    if (d.weight > 0.0 && pair.width > 1u) {
      z[{J}].y = d.weight * x[i + 1u];
    }
  }
//end
  forward(&z, at);
  if (pair.width > 0u) {
//repeat J 16
    z[{J}] = multiply(z[{J}], spectrum_at(pair.head, point(at.thread, 16u, {J}u), POINTS));
//end
  }
  inverse(&z, at);
  gather(&z, at, group.y, pair, args.y);
}

// Has every token of a sequence take what reached its place. All threads must call it.
fn gather(z: ptr<function, array<vec2<f32>, 16>>, at: Seat, sequence: u32, pair: Pair, start: u32) {
  if (args.has_places == 0u) {
//repeat J 8
    {
      let n = point(at.thread, POINTS, {J}u);
      let i = start + row(sequence, n, pair);
      if (n < args.line && pair.width > 0u) {
        y[i] = (*z)[{J}].x;
      }
      if (n < args.line && pair.width > 1u) {
        y[i + 1u] = (*z)[{J}].y;
      }
    }
//end
  } else {
//repeat J 8
    shared_parts[cell(at, point(at.thread, POINTS, {J}u))] = (*z)[{J}].x;
//end
    workgroupBarrier();
    gather_channel(at, sequence, pair, start, 0u);
    workgroupBarrier();
//repeat J 8
    shared_parts[cell(at, point(at.thread, POINTS, {J}u))] = (*z)[{J}].y;
//end
    workgroupBarrier();
    gather_channel(at, sequence, pair, start, 1u);
    workgroupBarrier();
  }
}

fn gather_channel(at: Seat, sequence: u32, pair: Pair, start: u32, channel: u32) {
  if (channel >= pair.width) {
    return;
  }
  for (var token = at.thread; token < args.seq_len; token += POINTS / 16u) {
    let n = places[2u * (args.line + token)];
    let fraction = bitcast<f32>(places[2u * (args.line + token) + 1u]);
    var sum = (1.0 - fraction) * shared_parts[cell(at, n)];
    if (fraction > 0.0) {
      sum += fraction * shared_parts[cell(at, n + 1u)];
    }
    y[start + row(sequence, token, pair) + channel] = sum;
  }
}

fn input_at(which: u32, i: u32) -> f32 {
  if (which == 0u) {
    return x[args.x + i];
  }
  return dy[args.y + i];
}

// Both gradients from the transforms of deposits and dy. The deposits' is dy correlated with the
// kernel; the kernel's is dy correlated with the deposits, and is left as a spectrum, added up over the
// workgroup's sequences.
@compute @workgroup_size(THREADS)
fn convolve_backward(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let at = seat(thread);
  let line = group.x * LINES + at.line;
  let pair = pair_of(line);
  var sum: array<vec2<f32>, 16>;
  for (var share = 0u; share < args.batch_share; share++) {
    let sequence = group.y * args.batch_share + share;
    let width = select(0u, pair.width, sequence < args.batch);
    var q: array<vec2<f32>, 16>;
    var z: array<vec2<f32>, 16>;
    // First the deposits, then dy: in a loop, because the transform is long to compile.
    for (var which = 0u; which < 2u; which++) {
//repeat J 8
      q[{J}] = z[{J}];
      q[{J} + 8] = z[{J} + 8];
      z[{J}] = vec2<f32>();
      z[{J} + 8] = vec2<f32>();
      {
        let d = deposit_at(point(at.thread, POINTS, {J}u));
        let i = row(sequence, d.token, pair);
        if (d.weight > 0.0 && width > 0u) {
          z[{J}].x = d.weight * input_at(which, i);
        }
        if (d.weight > 0.0 && width > 1u) {
          z[{J}].y = d.weight * input_at(which, i + 1u);
        }
      }
//end
      forward(&z, at);
    }
    if (width > 0u) {
//repeat J 16
      sum[{J}] += multiply(conjugate(q[{J}]), z[{J}]);
      z[{J}] = multiply(z[{J}], spectrum_at(pair.head, point(at.thread, 16u, {J}u), POINTS));
//end
    }
    inverse(&z, at);
    gather(&z, at, sequence, Pair(pair.head, pair.channel, width), args.dx);
  }
  if (pair.width > 0u) {
    let first = (group.y * args.heads * pairs() + line) * POINTS;
//repeat J 16
    correlation[first + point(at.thread, 16u, {J}u)] = sum[{J}];
//end
  }
}

// The kernels' gradient: the correlations of each head's pairs and of all shares, transformed back.
@compute @workgroup_size(THREADS)
fn kernel_gradient(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let at = seat(thread);
  let head = group.x * LINES + at.line;
  let shares = (args.batch + args.batch_share - 1u) / args.batch_share;
  var z: array<vec2<f32>, 16>;
  if (head < args.heads) {
    for (var share = 0u; share < shares; share++) {
      for (var pair = 0u; pair < pairs(); pair++) {
        let first = ((share * args.heads + head) * pairs() + pair) * POINTS;
//repeat J 16
        z[{J}] += correlation[first + point(at.thread, 16u, {J}u)];
//end
      }
    }
  }
  inverse(&z, at);
//repeat J 8
  {
    let n = point(at.thread, POINTS, {J}u);
    if (head < args.heads && n < args.line) {
      y[args.y + head * args.line + n] = z[{J}].x / f32(POINTS);
    }
  }
//end
}

// The spectra of all kernels, (heads, taps) to (heads, POINTS), divided by the length.
@compute @workgroup_size(THREADS)
fn kernel_spectrum(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let at = seat(thread);
  let head = group.x * LINES + at.line;
  var z: array<vec2<f32>, 16>;
//repeat J 8
  {
    let n = point(at.thread, POINTS, {J}u);
    if (head < args.heads && n < args.line) {
      z[{J}].x = x[args.x + head * args.line + n] / f32(POINTS);
    }
  }
//end
  forward(&z, at);
  if (head < args.heads) {
//repeat J 16
    spectrum[args.spectrum + head * POINTS + point(at.thread, 16u, {J}u)] = z[{J}];
//end
  }
}
