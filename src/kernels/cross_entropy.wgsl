// Cross-entropy, twin of cross_entropy.rs.
//
// cross_entropy and its backward: LANES threads have a row of logits (rows.wgsl), and those without
// one only wait for the others; summarize: one workgroup adds up the rows.

struct Args {
  rows: u32,
  vocab: u32,
  // Where the targets begin in the batch.
  targets: u32,
  logits: u32,
  dlogits: u32,
  row_stats: u32,
  summary: u32,
}
@group(0) @binding(0) var<uniform> args: Args;
// Its first word says how many targets count.
@group(0) @binding(2) var<storage, read> batch: array<i32>;
@group(0) @binding(3) var<storage, read> logits: array<f32>;
@group(0) @binding(4) var<storage, read_write> dlogits: array<f32>;
@group(0) @binding(5) var<storage, read_write> row_stats: array<f32>;
@group(0) @binding(6) var<storage, read_write> summary: array<f32>;

const IGNORED = -100;
// A maximum's start: less than any logit, and finite.
const LEAST = -1e30;
var<workgroup> best_values: array<f32, THREADS>;
var<workgroup> best_places: array<u32, THREADS>;

struct Best {
  value: f32,
  place: u32,
}

// A row of logits whose target counts; without one, no elements.
struct Row {
  width: u32,
  start: u32,
  answer: u32,
}

fn row_of(at: Seat) -> Row {
  let r = min(at.row, args.rows - 1u);
  let answer = batch[args.targets + r];
  let width = select(0u, args.vocab, at.row < args.rows && answer != IGNORED);
  return Row(width, args.logits + r * args.vocab, u32(answer));
}

// The first largest element of a row. All threads must call it.
fn largest(thread: u32, row: Row) -> Best {
  let lane = thread % LANES;
  var value = LEAST;
  var place = 0xFFFFFFFFu;
  for (var i = lane; i < row.width; i += LANES) {
    let x = logits[row.start + i];
    if (x > value) {
      value = x;
      place = i;
    }
  }
  best_values[thread] = value;
  best_places[thread] = place;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      let other = best_values[thread + half];
      let other_place = best_places[thread + half];
      let same = other == best_values[thread];
      if (other > best_values[thread] || (same && other_place < best_places[thread])) {
        best_values[thread] = other;
        best_places[thread] = other_place;
      }
    }
    workgroupBarrier();
  }
  return Best(best_values[thread - lane], best_places[thread - lane]);
}

// e^x for x <= 0. NaN stays NaN, which max would forget: a step that went wrong must not pass for a
// good one.
fn power(x: f32) -> f32 {
  let is_nan = (bitcast<u32>(x) & 0x7FFFFFFFu) > 0x7F800000u;
  return select(exp(max(x, -80.0)), x, is_nan);
}

// What the softmax of a row is divided by. All threads must call it.
fn total_power(thread: u32, row: Row, top: f32) -> f32 {
  var sum = 0.0;
  for (var i = thread % LANES; i < row.width; i += LANES) {
    sum += power(logits[row.start + i] - top);
  }
  return row_sum(thread, sum);
}

@compute @workgroup_size(THREADS)
fn cross_entropy(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let at = seat(group, groups, thread);
  let row = row_of(at);
  let best = largest(thread, row);
  let total = total_power(thread, row, best.value);
  if (at.lane == 0u && at.row < args.rows) {
    let out = args.row_stats + 2u * at.row;
    row_stats[out] = 0.0;
    row_stats[out + 1u] = 0.0;
    if (row.width > 0u) {
      // Not every device's logarithm of NaN is NaN.
      let loss = log(total) + best.value - logits[row.start + row.answer];
      row_stats[out] = select(total, loss, is_finite(total));
      // What is no number is no forecast either.
      let sound = is_finite(total) && is_finite(loss);
      row_stats[out + 1u] = select(0.0, 1.0, sound && best.place == row.answer);
    }
  }
}

// Mean loss, hits, and how many rows count.
@compute @workgroup_size(THREADS)
fn summarize(@builtin(local_invocation_index) thread: u32) {
  var loss = 0.0;
  var hits = 0.0;
  for (var r = thread; r < args.rows; r += THREADS) {
    loss += row_stats[args.row_stats + 2u * r];
    hits += row_stats[args.row_stats + 2u * r + 1u];
  }
  let total_loss = workgroup_sum(thread, loss);
  let total_hits = workgroup_sum(thread, hits);
  if (thread == 0u) {
    let counted = f32(batch[0]);
    summary[args.summary] = total_loss / max(counted, 1.0);
    summary[args.summary + 1u] = total_hits;
    summary[args.summary + 2u] = counted;
  }
}

// (softmax - one-hot)/counted, zero where ignored.
@compute @workgroup_size(THREADS)
fn cross_entropy_backward(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let at = seat(group, groups, thread);
  let row = row_of(at);
  let top = largest(thread, row).value;
  let share = 1.0 / max(f32(batch[0]), 1.0);
  let total = total_power(thread, row, top);
  if (at.row >= args.rows) {
    return;
  }
  let out = args.dlogits + at.row * args.vocab;
  for (var i = at.lane; i < args.vocab; i += LANES) {
    var d = 0.0;
    if (row.width > 0u) {
      d = power(logits[row.start + i] - top) * (share / total) - select(0.0, share, i == row.answer);
    }
    dlogits[out + i] = d;
  }
}
