// The field's convolution as the recurrence that it is, twin of field_recurrence.rs. After field_way.wgsl.
//
// A thread goes through the RUN tokens of a run in one channel. RUNS of them are a chunk, and a workgroup goes
// through a segment of a sequence chunk by chunk. From one run, chunk or segment to the next the waves come
// by a power of z that was computed by itself, so that what rounding makes of one adds up over no more than
// the tokens of a run, the runs of a chunk, the chunks of a segment or the segments.
//
// On the way back, with the gradients g of what the tokens n cells further on heard,
//
//   A = sum of z^n g,  W = sum of n z^n g,
//
// what is heard of A is the gradient of a deposit q; and the sums of q A and of q W over all tokens are C and B,
// from which wave_rotation.wgsl has the gradients of the waves. So no state of the way forward is needed.

@group(0) @binding(7) var<storage, read> deposits: array<f32>;
// Of each channel of each segment: the waves at its end, and its part of the sums.
@group(0) @binding(8) var<storage, read_write> segment_ends: array<Waves>;
@group(0) @binding(9) var<storage, read_write> sums: array<Waves>;

const RUN = 16u;
const CHUNK = RUNS * RUN;

var<workgroup> run_waves: array<Waves, THREADS>;
var<workgroup> run_ways: array<Way, THREADS>;
// The waves at the chunk's beginning: the last run's threads write them.
var<workgroup> carried: array<Waves, LANES>;

fn is_last_run(at: Seat) -> bool {
  return at.thread >= THREADS - LANES;
}

// Where a thread's run of a chunk begins, and where it ends.
fn run_of(at: Seat, chunk: u32) -> vec2<u32> {
  let end = min((at.segment + 1u) * args.segment, args.seq_len);
  let first = chunk + at.thread / LANES * RUN;
  return min(vec2(first, first + RUN), vec2(end));
}

// The waves at the beginning of a thread's run. Carries them on to the next chunk. All threads must call it.
fn enter_chunk(at: Seat, chunk: u32) -> Waves {
  let run = run_of(at, chunk);
  var waves: Waves;
  for (var i = run.x; i < run.y; i++) {
    pass_token(at, &waves, i);
  }
  run_waves[at.thread] = waves;
  run_ways[at.thread] = way(at, run.x, run.y);
  workgroupBarrier();
  let before = carried[at.lane];
  waves = before;
  for (var t = at.lane; t < at.thread; t += LANES) {
    waves = plus(moved(waves, run_ways[t]), 1.0, run_waves[t]);
  }
  var after: Waves;
  if (is_last_run(at)) {
    for (var t = at.lane; t < THREADS; t += LANES) {
      after = plus(moved(after, run_ways[t]), 1.0, run_waves[t]);
    }
    after = plus(moved(before, way(at, chunk, run.y)), 1.0, after);
  }
  workgroupBarrier();
  if (is_last_run(at)) {
    carried[at.lane] = after;
  }
  return waves;
}

// Where a channel's numbers of a segment are.
fn of_segment(at: Seat, segment: u32) -> u32 {
  return (at.sequence * args.segments + segment) * args.dim + at.channel;
}

// The waves that a segment ends with when it begins with none.
@compute @workgroup_size(THREADS)
fn end_segment(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let at = seat(group, thread);
  let first = group.z * args.segment;
  if (is_last_run(at)) {
    carried[at.lane] = Waves();
  }
  for (var chunk = first; chunk < min(first + args.segment, args.seq_len); chunk += CHUNK) {
    enter_chunk(at, chunk);
  }
  if (is_last_run(at) && at.channel < args.dim) {
    segment_ends[of_segment(at, group.z)] = carried[at.lane];
  }
}

// The waves at the beginning of a segment, from the ends of those before.
fn enter_segment(at: Seat) {
  var waves: Waves;
  for (var s = 0u; s < at.segment; s++) {
    let there = way(at, s * args.segment, (s + 1u) * args.segment);
    waves = plus(moved(waves, there), 1.0, segment_ends[of_segment(at, s)]);
  }
  if (is_last_run(at)) {
    carried[at.lane] = waves;
  }
}

// What each token hears, (batch, seq_len, D).
@compute @workgroup_size(THREADS)
fn hear(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let at = seat(group, thread);
  let first = group.z * args.segment;
  enter_segment(at);
  for (var chunk = first; chunk < min(first + args.segment, args.seq_len); chunk += CHUNK) {
    var waves = enter_chunk(at, chunk);
    let run = run_of(at, chunk);
    for (var i = run.x; i < run.y; i++) {
      let heard = pass_token(at, &waves, i);
      if (at.channel < args.dim) {
        y[args.y + element(at, i)] = at.c.x * heard.a.x - at.c.y * heard.a.y;
      }
    }
  }
}

// The deposits' gradient, and the sums of the waves' gradient.
@compute @workgroup_size(THREADS)
fn hear_back(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let at = seat(group, thread);
  let first = group.z * args.segment;
  enter_segment(at);
  var sum: Waves;
  for (var chunk = first; chunk < min(first + args.segment, args.seq_len); chunk += CHUNK) {
    var waves = enter_chunk(at, chunk);
    let run = run_of(at, chunk);
    for (var i = run.x; i < run.y; i++) {
      let heard = pass_token(at, &waves, i);
      sum = plus(sum, deposits[args.deposits + element(at, i)], heard);
      if (at.channel < args.dim) {
        y[args.y + element(at, i)] = at.c.x * heard.a.x - at.c.y * heard.a.y;
      }
    }
  }
  run_waves[thread] = sum;
  workgroupBarrier();
  if (is_last_run(at) && at.channel < args.dim) {
    for (var t = at.lane; t < thread; t += LANES) {
      sum = plus(sum, 1.0, run_waves[t]);
    }
    sums[of_segment(at, group.z)] = sum;
  }
}

// C and B of each head, (heads, 4): a workgroup has one.
@compute @workgroup_size(THREADS)
fn rotation_gradient(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  var sum: Waves;
  for (var k = thread; k < args.all_segments * args.head_dim; k += THREADS) {
    let channel = group.x * args.head_dim + k % args.head_dim;
    sum = plus(sum, 1.0, sums[k / args.head_dim * args.dim + channel]);
  }
  let c = vec2(workgroup_sum(thread, sum.a.x), workgroup_sum(thread, sum.a.y));
  let b = vec2(workgroup_sum(thread, sum.w.x), workgroup_sum(thread, sum.w.y));
  if (thread == 0u) {
    let at = args.y + 4u * group.x;
    y[at] = c.x;
    y[at + 1u] = c.y;
    y[at + 2u] = b.x;
    y[at + 3u] = b.y;
  }
}
