// Short rows share a workgroup: LANES threads, which stride over its elements, have each. From the
// caller: LANES, a power of two of at most THREADS.

const ROWS = THREADS / LANES;

// Which row a thread works on, and which of the row's threads it is.
struct Seat {
  row: u32,
  lane: u32,
}

fn seat(group: vec3<u32>, groups: vec3<u32>, thread: u32) -> Seat {
  return Seat(unit(group, groups) * ROWS + thread / LANES, thread % LANES);
}

// The sum of the values of a row's threads, in each of them. All threads must call it.
fn row_sum(thread: u32, value: f32) -> f32 {
  let lane = thread % LANES;
  partial_sums[thread] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      partial_sums[thread] += partial_sums[thread + half];
    }
    workgroupBarrier();
  }
  let total = partial_sums[thread - lane];
  workgroupBarrier();
  return total;
}
