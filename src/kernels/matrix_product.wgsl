// Matrix products, twin of matrix_product.rs: a workgroup computes a tile of C of TILE_ROWS x
// TILE_COLUMNS, each of its threads 4 x 4 elements in registers, DEPTH products at a time from
// workgroup memory. What follows a product element by element (gelu.rs, dropout.rs) is done before
// the tile leaves the registers.
//
// From the caller: TILE_ROWS, TILE_COLUMNS; A_BY_ROWS and B_BY_ROWS, whether neighbours along a row
// lie together in memory (1) or those along a column do (0).

struct Args {
  rows: u32,
  columns: u32,
  inner: u32,
  // Where each operand begins, and the distance of its stored rows.
  a: u32,
  a_stride: u32,
  b: u32,
  b_stride: u32,
  c: u32,
  c_stride: u32,
  // Where the bias begins; whether there is one; whether C is added to.
  bias: u32,
  has_bias: u32,
  accumulate: u32,
  // Products of one slice, and how far apart the slices' sums are: see weight_gradient.
  slice: u32,
  part: u32,
  // Where x and y begin.
  x: u32,
  y: u32,
  // At word 16: in a uniform a struct begins at a multiple of 16 bytes.
  dropout: Dropout,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;
@group(0) @binding(5) var<storage, read> bias: array<f32>;
@group(0) @binding(6) var<storage, read> x: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;

const DEPTH = 16u;
const ACROSS = TILE_COLUMNS / 4u; // threads across the tile
const DOWN = TILE_ROWS / 4u;
const A_LINE = TILE_ROWS + 4u; // padded, so that threads meet different banks
const B_LINE = TILE_COLUMNS + 4u;
var<workgroup> a_tile: array<f32, DEPTH * A_LINE>;
var<workgroup> b_tile: array<f32, DEPTH * B_LINE>;

// Brings DEPTH columns of A's tile and rows of B's into workgroup memory; zero outside the matrices.
fn load(thread: u32, first_row: u32, first_column: u32, first: u32, end: u32) {
  for (var i = thread; i < DEPTH * TILE_ROWS; i += ACROSS * DOWN) {
    let row = select(i % TILE_ROWS, i / DEPTH, A_BY_ROWS == 1u);
    let k = select(i / TILE_ROWS, i % DEPTH, A_BY_ROWS == 1u);
    var value = 0.0;
    if (first_row + row < args.rows && first + k < end) {
      value = a[args.a + select(
        (first + k) * args.a_stride + first_row + row,
        (first_row + row) * args.a_stride + first + k,
        A_BY_ROWS == 1u)];
    }
    a_tile[k * A_LINE + row] = value;
  }
  for (var i = thread; i < DEPTH * TILE_COLUMNS; i += ACROSS * DOWN) {
    let column = select(i / DEPTH, i % TILE_COLUMNS, B_BY_ROWS == 1u);
    let k = select(i % DEPTH, i / TILE_COLUMNS, B_BY_ROWS == 1u);
    var value = 0.0;
    if (first_column + column < args.columns && first + k < end) {
      value = b[args.b + select(
        (first_column + column) * args.b_stride + first + k,
        (first + k) * args.b_stride + first_column + column,
        B_BY_ROWS == 1u)];
    }
    b_tile[k * B_LINE + column] = value;
  }
}

// The thread's 4 x 4 elements of the sum over first <= k < end; column i of the result is row i.
fn tile_sum(thread: u32, tile: vec2<u32>, first: u32, end: u32) -> mat4x4<f32> {
  let row = thread / ACROSS * 4u;
  let column = thread % ACROSS * 4u;
  var row0 = vec4<f32>();
  var row1 = vec4<f32>();
  var row2 = vec4<f32>();
  var row3 = vec4<f32>();
  for (var k0 = first; k0 < end; k0 += DEPTH) {
    load(thread, tile.y * TILE_ROWS, tile.x * TILE_COLUMNS, k0, end);
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k++) {
      let at = k * A_LINE + row;
      let begin = k * B_LINE + column;
      let line = vec4(b_tile[begin], b_tile[begin + 1u], b_tile[begin + 2u], b_tile[begin + 3u]);
      row0 += a_tile[at] * line;
      row1 += a_tile[at + 1u] * line;
      row2 += a_tile[at + 2u] * line;
      row3 += a_tile[at + 3u] * line;
    }
    workgroupBarrier();
  }
  let sum = mat4x4(row0, row1, row2, row3);
  let product = sum;
  return product;
}

// Element (i, j) of a thread's 4 x 4: its row and column in C, if it has one there.
struct Place {
  row: u32,
  column: u32,
  inside: bool,
}

fn place(thread: u32, tile: vec2<u32>, i: u32, j: u32) -> Place {
  let row = tile.y * TILE_ROWS + thread / ACROSS * 4u + i;
  let column = tile.x * TILE_COLUMNS + thread % ACROSS * 4u + j;
  return Place(row, column, row < args.rows && column < args.columns);
}

// The finished element of the product, with bias or with what C held.
fn value(at: Place, product: f32) -> f32 {
  var result = product;
  if (args.has_bias == 1u) {
    result += bias[args.bias + at.column];
  }
  if (args.accumulate == 1u) {
    result += c[args.c + at.row * args.c_stride + at.column];
  }
  return result;
}

@compute @workgroup_size(ACROSS * DOWN)
fn matrix_product(@builtin(workgroup_id) tile: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let product = tile_sum(thread, tile.xy, 0u, args.inner);
//repeat I 4
  for (var j = 0u; j < 4u; j++) {
    let at = place(thread, tile.xy, {I}u, j);
    if (at.inside) {
      c[args.c + at.row * args.c_stride + at.column] = value(at, product[{I}][j]);
    }
  }
//end
}

// y = mask * gelu(C).
@compute @workgroup_size(ACROSS * DOWN)
fn gelu_of_product(@builtin(workgroup_id) tile: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let product = tile_sum(thread, tile.xy, 0u, args.inner);
//repeat I 4
  for (var j = 0u; j < 4u; j++) {
    let at = place(thread, tile.xy, {I}u, j);
    if (at.inside) {
      let v = value(at, product[{I}][j]);
      let i = at.row * args.columns + at.column;
      c[args.c + i] = v;
      y[args.y + i] = v * normal_distribution(v) * mask(args.dropout, i);
    }
  }
//end
}

// C = C * mask * gelu'(x).
@compute @workgroup_size(ACROSS * DOWN)
fn gelu_backward_of_product(@builtin(workgroup_id) tile: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let product = tile_sum(thread, tile.xy, 0u, args.inner);
//repeat I 4
  for (var j = 0u; j < 4u; j++) {
    let at = place(thread, tile.xy, {I}u, j);
    if (at.inside) {
      let i = at.row * args.columns + at.column;
      let at_x = x[args.x + i];
      let slope = normal_distribution(at_x) + at_x * normal_density(at_x);
      c[args.c + i] = value(at, product[{I}][j]) * slope * mask(args.dropout, i);
    }
  }
//end
}

// y = x + mask * C, where C itself is not kept.
@compute @workgroup_size(ACROSS * DOWN)
fn residual_of_product(@builtin(workgroup_id) tile: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let product = tile_sum(thread, tile.xy, 0u, args.inner);
//repeat I 4
  for (var j = 0u; j < 4u; j++) {
    let at = place(thread, tile.xy, {I}u, j);
    if (at.inside) {
      let i = at.row * args.columns + at.column;
      y[args.y + i] = x[args.x + i] + value(at, product[{I}][j]) * mask(args.dropout, i);
    }
  }
//end
}

// A linear layer's gradients: C += A B with A = dy transposed and B = x, and the sum of A's rows is
// added to the bias's gradient, which lies in C's buffer. The workgroups of one tile each take a slice
// of the products and add to a part of the gradients of their own.
@compute @workgroup_size(ACROSS * DOWN)
fn weight_gradient(@builtin(workgroup_id) tile: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let first = tile.z * args.slice;
  let end = min(first + args.slice, args.inner);
  let part = tile.z * args.part;
  let product = tile_sum(thread, tile.xy, first, end);
//repeat I 4
  for (var j = 0u; j < 4u; j++) {
    let at = place(thread, tile.xy, {I}u, j);
    if (at.inside) {
      c[args.c + part + at.row * args.c_stride + at.column] += product[{I}][j];
    }
  }
//end
  if (args.has_bias == 1u && tile.x == 0u) {
    for (var i = thread; i < TILE_ROWS; i += ACROSS * DOWN) {
      let row = tile.y * TILE_ROWS + i;
      if (row < args.rows) {
        var sum = 0.0;
        for (var k = first; k < end; k++) {
          sum += a[args.a + k * args.a_stride + row];
        }
        c[args.bias + part + row] += sum;
      }
    }
  }
}
