// Causal softmax attention, twin of attention.rs, over the tiles of attention_tiles.wgsl.
//
// attention and queries_backward have queries and pass along the keys up to theirs; keys_backward has
// keys and passes along the queries from theirs on.

@compute @workgroup_size(THREADS)
fn attention(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let u = unit(group, groups);
  if (u >= args.units) {
    return;
  }
  let p = place(u);
  let query = p.first + row_of(thread);
  let row = row_of(thread) * OTHERS_APART;
  let end = min(p.first + OWN, args.seq_len);
  var sums = array<vec4<f32>, CHUNKS>();
  var top = -1e30;
  var total = 0.0;
  for (var first = 0u; first < end; first += OTHERS) {
    keep(query_key_products(p, QUERY, KEY, first, thread), thread);
    workgroupBarrier();
    // The threads of a row each find its maximum, and share out the exponentials.
    let seen = min(max(query + 1u, first) - first, OTHERS);
    let before = top;
    for (var j = 0u; j < seen; j++) {
      top = max(top, weights[row + j] * args.scale);
    }
    workgroupBarrier();
    for (var j = thread % QUARTERS; j < OTHERS; j += QUARTERS) {
      let weight = exp(clamp(weights[row + j] * args.scale - top, -80.0, 0.0));
      weights[row + j] = select(0.0, weight, j < seen);
    }
    workgroupBarrier();
    // What was summed up under another maximum.
    let shrunk = exp(max(before - top, -80.0));
    total *= shrunk;
    for (var j = 0u; j < OTHERS; j++) {
      total += weights[row + j];
    }
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
      load_others(p, VALUE, first, chunk, thread);
      workgroupBarrier();
      sums[chunk] = sums[chunk] * shrunk + weighted(thread);
      workgroupBarrier();
    }
  }
  if (query >= args.seq_len) {
    return;
  }
  for (var chunk = 0u; chunk < CHUNKS; chunk++) {
    let channel = channel_of(thread, chunk);
    let i = args.y + at(p, query, channel);
    for (var c = 0u; c < 4u; c++) {
      if (channel + c < args.head_dim) {
        y[i + c] = sums[chunk][c] / total;
      }
    }
  }
  if (thread % QUARTERS == 0u) {
    stats[args.stats + (p.base + query) * args.heads + p.head] = top + log(total);
  }
}

// The probability with which a query sees a key, from their product.
fn probability(p: Place, query: u32, key: u32, product: f32) -> f32 {
  if (key > query || query >= args.seq_len) {
    return 0.0;
  }
  let sum = known_stats[args.stats + (p.base + query) * args.heads + p.head];
  return exp(clamp(product * args.scale - sum, -80.0, 80.0));
}

// The sum of dy * y of a row of queries.
fn along(row: u32) -> f32 {
  return alongs[row] + alongs[OWN + row] + alongs[2u * OWN + row] + alongs[3u * OWN + row];
}

// Overwrites a thread's channels of a gradient.
fn write_gradient(p: Place, part: u32, chunk: u32, thread: u32, d: vec4<f32>) {
  let row = p.first + row_of(thread);
  let channel = channel_of(thread, chunk);
  if (row < args.seq_len) {
    let i = args.dqkv + at_part(p, part, row, channel);
    for (var c = 0u; c < 4u; c++) {
      if (channel + c < args.head_dim) {
        dqkv[i + c] = d[c];
      }
    }
  }
}

@compute @workgroup_size(THREADS)
fn queries_backward(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let u = unit(group, groups);
  if (u >= args.units) {
    return;
  }
  let p = place(u);
  let end = min(p.first + OWN, args.seq_len);
  let slot = thread % QUARTERS * OWN + row_of(thread);
  var sums = array<vec4<f32>, CHUNKS>();
  for (var first = 0u; first < end; first += OTHERS) {
    let products = query_key_products(p, QUERY, KEY, first, thread);
    var dweights = Products();
    var part_along = 0.0;
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
      let d = gradient(p, p.first + row_of(thread), channel_of(thread, chunk));
      own_rows[thread % QUARTERS * OWN_APART + row_of(thread)] = d.dy;
      part_along += d.along;
      alongs[slot] = part_along;
      load_others(p, VALUE, first, chunk, thread);
      workgroupBarrier();
      dweights = add_products(dweights, thread);
      workgroupBarrier();
    }
    let key = first + thread % 16u;
    for (var r = 0u; r < 4u; r++) {
      let row = thread / 16u + 16u * r;
      let query = p.first + row;
      let near = probability(p, query, key, products.near[r]);
      let far = probability(p, query, key + 16u, products.far[r]);
      dweights.near[r] = near * (dweights.near[r] - along(row));
      dweights.far[r] = far * (dweights.far[r] - along(row));
    }
    keep(dweights, thread);
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
      load_others(p, KEY, first, chunk, thread);
      workgroupBarrier();
      sums[chunk] += weighted(thread);
      workgroupBarrier();
    }
  }
  for (var chunk = 0u; chunk < CHUNKS; chunk++) {
    write_gradient(p, QUERY, chunk, thread, sums[chunk] * args.scale);
  }
}

@compute @workgroup_size(THREADS)
fn keys_backward(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let u = unit(group, groups);
  if (u >= args.units) {
    return;
  }
  let p = place(u);
  let slot = thread % QUARTERS * OWN + row_of(thread);
  var dkeys = array<vec4<f32>, CHUNKS>();
  var dvalues = array<vec4<f32>, CHUNKS>();
  for (var first = p.first; first < args.seq_len; first += OTHERS) {
    let products = query_key_products(p, KEY, QUERY, first, thread);
    var dweights = Products();
    var part_along = 0.0;
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
      load_own(p, VALUE, chunk, thread);
      if (row_of(thread) < OTHERS) {
        let d = gradient(p, first + row_of(thread), channel_of(thread, chunk));
        other_rows[thread % QUARTERS * OTHERS_APART + row_of(thread)] = d.dy;
        part_along += d.along;
        alongs[slot] = part_along;
      }
      workgroupBarrier();
      dweights = add_products(dweights, thread);
      workgroupBarrier();
    }
    let near = thread % 16u;
    let far = near + 16u;
    var seen = Products();
    for (var r = 0u; r < 4u; r++) {
      let key = p.first + thread / 16u + 16u * r;
      seen.near[r] = probability(p, first + near, key, products.near[r]);
      seen.far[r] = probability(p, first + far, key, products.far[r]);
    }
    keep(seen, thread);
    dweights.near = seen.near * (dweights.near - along(near));
    dweights.far = seen.far * (dweights.far - along(far));
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
      if (row_of(thread) < OTHERS) {
        let d = gradient(p, first + row_of(thread), channel_of(thread, chunk));
        other_rows[thread % QUARTERS * OTHERS_APART + row_of(thread)] = d.dy;
      }
      workgroupBarrier();
      dvalues[chunk] += weighted(thread);
      workgroupBarrier();
    }
    keep(dweights, thread);
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
      load_others(p, QUERY, first, chunk, thread);
      workgroupBarrier();
      dkeys[chunk] += weighted(thread);
      workgroupBarrier();
    }
  }
  for (var chunk = 0u; chunk < CHUNKS; chunk++) {
    write_gradient(p, KEY, chunk, thread, dkeys[chunk] * args.scale);
    write_gradient(p, VALUE, chunk, thread, dvalues[chunk]);
  }
}
