// The convolution by its definition, twin of direct_convolution.rs. A workgroup has 128 tokens and 16
// channels of a head, a thread 8 tokens and one channel: from one deposit to the next its eight lags
// move on by one, so that it reads two numbers for eight sums.

struct Args {
  seq_len: u32,
  heads: u32,
  head_dim: u32,
  // Groups of 16 channels that a head has.
  chunks: u32,
  deposits: u32,
  kernel: u32,
  y: u32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> deposits: array<f32>;
@group(0) @binding(3) var<storage, read> kernel: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

const CHANNELS = 16u;
const TOKENS = 128u;
// Deposits that are at hand at once.
const DEPOSITS = 64u;
// The lags between any token of a workgroup and any of them.
const LAGS = TOKENS + DEPOSITS;

var<workgroup> near: array<f32, 1024>;
var<workgroup> lags: array<f32, LAGS>;

@compute @workgroup_size(THREADS)
fn direct_convolution(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let head = group.y / args.chunks;
  let lane = thread % CHANNELS;
  let within = group.y % args.chunks * CHANNELS + lane;
  let channel = head * args.head_dim + within;
  let dim = args.heads * args.head_dim;
  let rows = group.z * args.seq_len;
  let first = group.x * TOKENS;
  let own = thread / CHANNELS * 8u;
  let end = min(first + TOKENS, args.seq_len);
  var low = vec4<f32>();
  var high = vec4<f32>();
  for (var from_token = 0u; from_token < end; from_token += DEPOSITS) {
    for (var i = thread; i < DEPOSITS * CHANNELS; i += THREADS) {
      let token = from_token + i / CHANNELS;
      near[i] = 0.0;
      if (token < args.seq_len && within < args.head_dim) {
        near[i] = deposits[args.deposits + (rows + token) * dim + channel];
      }
    }
    // lags[i] is the kernel at lag first - from_token - DEPOSITS + i: none before a deposit.
    if (thread < LAGS) {
      let shifted = first + thread;
      let lag = shifted - from_token - DEPOSITS;
      lags[thread] = 0.0;
      if (shifted >= from_token + DEPOSITS && lag < args.seq_len) {
        lags[thread] = kernel[args.kernel + head * args.seq_len + lag];
      }
    }
    workgroupBarrier();
    var at = own + DEPOSITS;
    var k_low = vec4<f32>(lags[at], lags[at + 1u], lags[at + 2u], lags[at + 3u]);
    var k_high = vec4<f32>(lags[at + 4u], lags[at + 5u], lags[at + 6u], lags[at + 7u]);
    for (var j = 0u; j < DEPOSITS; j++) {
      let deposit = near[j * CHANNELS + lane];
      low += k_low * deposit;
      high += k_high * deposit;
      at -= 1u;
      k_high = vec4<f32>(k_low.w, k_high.xyz);
      k_low = vec4<f32>(lags[at], k_low.xyz);
    }
    workgroupBarrier();
  }
  let sums = array<f32, 8>(low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w);
  if (within < args.head_dim) {
    for (var r = 0u; r < 8u; r++) {
      let token = first + own + r;
      if (token < args.seq_len) {
        y[args.y + (rows + token) * dim + channel] = sums[r];
      }
    }
  }
}
