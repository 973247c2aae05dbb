// Cross-entropy, twin of cross_entropy.rs.
//
// cross_entropy and its backward: a workgroup has a row of logits, whose elements its threads stride
// over; summary: one workgroup adds up the rows.

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

// The first largest element of a row. All threads must call it.
fn largest(thread: u32, row: u32) -> Best {
  var value = LEAST;
  var place = 0xFFFFFFFFu;
  for (var i = thread; i < args.vocab; i += THREADS) {
    let x = logits[row + i];
    if (x > value) {
      value = x;
      place = i;
    }
  }
  best_values[thread] = value;
  best_places[thread] = place;
  workgroupBarrier();
  for (var half = THREADS / 2u; half > 0u; half /= 2u) {
    if (thread < half) {
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
  return Best(best_values[0], best_places[0]);
}

// e^x for x <= 0. NaN stays NaN, which max would forget: a step that went wrong must not pass for a
// good one.
fn power(x: f32) -> f32 {
  let is_nan = (bitcast<u32>(x) & 0x7FFFFFFFu) > 0x7F800000u;
  return select(exp(max(x, -80.0)), x, is_nan);
}

// What the softmax of a row is divided by. All threads must call it.
fn total_power(thread: u32, row: u32, top: f32) -> f32 {
  var sum = 0.0;
  for (var i = thread; i < args.vocab; i += THREADS) {
    sum += power(logits[row + i] - top);
  }
  return workgroup_sum(thread, sum);
}

@compute @workgroup_size(THREADS)
fn cross_entropy(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let r = unit(group, groups);
  if (r >= args.rows) {
    return;
  }
  let target_id = batch[args.targets + r];
  let at = args.row_stats + 2u * r;
  if (target_id == IGNORED) {
    if (thread < 2u) {
      row_stats[at + thread] = 0.0;
    }
    return;
  }
  let row = args.logits + r * args.vocab;
  let best = largest(thread, row);
  let total = total_power(thread, row, best.value);
  if (thread == 0u) {
    row_stats[at] = log(total) + best.value - logits[row + u32(target_id)];
    row_stats[at + 1u] = select(0.0, 1.0, best.place == u32(target_id));
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
  let r = unit(group, groups);
  if (r >= args.rows) {
    return;
  }
  let target_id = batch[args.targets + r];
  let out = args.dlogits + r * args.vocab;
  if (target_id == IGNORED) {
    for (var i = thread; i < args.vocab; i += THREADS) {
      dlogits[out + i] = 0.0;
    }
    return;
  }
  let row = args.logits + r * args.vocab;
  let top = largest(thread, row).value;
  let share = 1.0 / f32(batch[0]);
  let scale = share / total_power(thread, row, top);
  for (var i = thread; i < args.vocab; i += THREADS) {
    let one_hot = select(0.0, share, i == u32(target_id));
    dlogits[out + i] = power(logits[row + i] - top) * scale - one_hot;
  }
}
