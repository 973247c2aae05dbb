// The norm of all gradients and AdamW, twin of adamw.rs.
//
// gradient_norm: threads stride over the elements, make part 0 the sum of all parts, and leave the
// sum of each workgroup's squares; norm_of_squares: one workgroup adds those up; foresee: threads
// stride over the elements, and each workgroup leaves how many of them would not stay finite; judge:
// one workgroup adds those up and decides; adamw: a thread strides over the elements.

struct Args {
  len: u32,
  // Where the gradients begin.
  gradients: u32,
  // Partial sums that the gradients are in, and how far apart they are.
  parts: u32,
  part: u32,
  // Sums of squares, one a workgroup.
  squares: u32,
  norm: u32,
  parameters: u32,
  first_moment: u32,
  second_moment: u32,
  clip: f32,
  beta1: f32,
  beta2: f32,
  // 1 - beta1 and 1 - beta2.
  rest1: f32,
  rest2: f32,
  epsilon: f32,
  // In the tensor of the norm.
  loss: u32,
  verdict: u32,
  // What the learning rate and the weight decay are multiplied by.
  pace: f32,
  decay: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read_write> gradients: array<f32>;
@group(0) @binding(3) var<storage, read_write> squares: array<f32>;
@group(0) @binding(4) var<storage, read_write> norm: array<f32>;
@group(0) @binding(5) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(6) var<storage, read_write> first_moment: array<f32>;
@group(0) @binding(7) var<storage, read_write> second_moment: array<f32>;

@compute @workgroup_size(THREADS)
fn gradient_norm(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  var sum = 0.0;
  for (var i = group.x * THREADS + thread; i < args.len; i += groups.x * THREADS) {
    let at = args.gradients + i;
    var g = gradients[at];
    for (var p = 1u; p < args.parts; p++) {
      g += gradients[at + p * args.part];
    }
    if (args.parts > 1u) {
      gradients[at] = g;
    }
    sum += g * g;
  }
  let total = workgroup_sum(thread, sum);
  if (thread == 0u) {
    squares[group.x] = total;
  }
}

@compute @workgroup_size(THREADS)
fn norm_of_squares(@builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  for (var i = thread; i < args.squares; i += THREADS) {
    sum += squares[i];
  }
  let total = workgroup_sum(thread, sum);
  if (thread == 0u) {
    norm[args.norm] = sqrt(total);
  }
}

// As in adamw.rs.
const LOSS = 1.0;
const GRADIENT = 2.0;
const WEIGHT = 3.0;

// A parameter and its moments.
struct Element {
  p: f32,
  m: f32,
  v: f32,
}

// What gradients are multiplied by.
fn clipping() -> f32 {
  let length = norm[args.norm];
  if (length > args.clip) {
    return args.clip / length;
  }
  return 1.0;
}

// Element i after the step.
fn moved(i: u32, scale: f32) -> Element {
  let g = gradients[args.gradients + i] * scale;
  let m = args.beta1 * first_moment[args.first_moment + i] + args.rest1 * g;
  let v = args.beta2 * second_moment[args.second_moment + i] + args.rest2 * g * g;
  let p = parameters[args.parameters + i];
  let keep = 1.0 - args.decay * (1.0 - step.keep);
  let rate = args.pace * step.rate;
  return Element(p * keep - rate * m / (sqrt(v) * step.root + args.epsilon), m, v);
}

@compute @workgroup_size(THREADS)
fn foresee(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let scale = clipping();
  var spoilt = 0.0;
  for (var i = group.x * THREADS + thread; i < args.len; i += groups.x * THREADS) {
    let after = moved(i, scale);
    if (!(is_finite(after.p) && is_finite(after.m) && is_finite(after.v))) {
      spoilt = 1.0;
    }
  }
  let total = workgroup_sum(thread, spoilt);
  if (thread == 0u) {
    squares[group.x] = total;
  }
}

@compute @workgroup_size(THREADS)
fn judge(@builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  for (var i = thread; i < args.squares; i += THREADS) {
    sum += squares[i];
  }
  let spoilt = workgroup_sum(thread, sum);
  // A step that was refused before refuses all that follow.
  if (thread == 0u && norm[args.verdict] == 0.0) {
    if (!is_finite(norm[args.loss])) {
      norm[args.verdict] = LOSS;
    } else if (!is_finite(norm[args.norm])) {
      norm[args.verdict] = GRADIENT;
    } else if (spoilt > 0.0) {
      norm[args.verdict] = WEIGHT;
    }
  }
}

@compute @workgroup_size(THREADS)
fn adamw(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  // The step is as if it had not been.
  if (norm[args.verdict] != 0.0 || !is_finite(norm[args.norm])) {
    return;
  }
  let scale = clipping();
  for (var i = id.x; i < args.len; i += groups.x * THREADS) {
    let after = moved(i, scale);
    first_moment[args.first_moment + i] = after.m;
    second_moment[args.second_moment + i] = after.v;
    parameters[args.parameters + i] = after.p;
  }
}
