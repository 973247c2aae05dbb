//! The browser's matrix product in float32: packed panels and a tile that fits its registers.
//!
//! V8 gives WebAssembly on x86 fifteen vector registers. A tile of C of 3 rows and 12 columns takes
//! nine, three hold a row of B and one an element of A. Larger tiles spill, and unrolling the sum
//! makes V8 load ahead until they do too. Nine sums are one more than a machine has under way that
//! starts two fused multiply-adds a cycle, each of four cycles.
//!
//! B is packed into panels of 12 columns, so that one (12 KB) stays in the first-level cache while
//! all rows of a block of A, packed for the second-level cache, pass over it (Goto and van de Geijn
//! 2008). A is packed even where its rows lie together already: copying fetches from memory ahead,
//! which the tile, busy with sums, does not.
//!
//! Natively only the tests compile this; there the `matrixmultiply` crate knows wider registers.

use super::lanes::{load, load_splat, multiply_add, store, transpose, zero};
use std::cell::RefCell;

/// Rows of a tile.
const HEIGHT: usize = 3;
/// Columns of a tile, and of a panel of B.
const WIDTH: usize = 12;
const VECTORS: usize = WIDTH / 4;
/// How much of the sum a panel holds.
const DEPTH: usize = 256;
/// Rows of a block of A.
const ROWS: usize = 44 * HEIGHT;
/// Columns of B that are packed at a time.
const COLUMNS: usize = 43 * WIDTH;
/// A cache line's worth of numbers.
const LINE: usize = 16;
/// Packed rows of A are this much apart: not by a power of two, so that they share out the cache.
const APART: usize = DEPTH + LINE;

/// 64 bytes at once, so that packed rows start with a cache line.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[allow(dead_code)] [f32; LINE]);

/// Packed blocks of A and B, kept from product to product.
type Packed = [Vec<Line>; 2];

thread_local! {
    static PACKED: RefCell<Packed> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// What a sum starts from.
#[derive(Clone, Copy)]
enum Start {
    Zero,
    /// Rows of numbers this far apart; none apart is one row for all.
    Rows(*const f32, usize),
}

/// C ← A·B, or C += A·B, or C ← bias + A·B, for `[m, k, n]`: A is (m, k), B (k, n), each with the
/// distances between its rows and between its columns; C's columns lie together and its rows are
/// `row_stride` apart. A bias (n) takes precedence over `accumulate`.
///
/// # Safety
/// Every element that the shape and strides address lies within its allocation, and C overlaps
/// none of the others.
pub unsafe fn tiled_product(
    [m, k, n]: [usize; 3],
    (a, a_strides): (*const f32, [isize; 2]),
    (b, b_strides): (*const f32, [isize; 2]),
    bias: Option<*const f32>,
    accumulate: bool,
    (c, row_stride): (*mut f32, usize),
) {
    PACKED.with_borrow_mut(|[packed_a, packed_b]| {
        packed_a.resize(ROWS * APART / LINE, Line([0.0; LINE]));
        packed_b.resize(DEPTH * COLUMNS / LINE, Line([0.0; LINE]));
        let (packed_a, packed_b) = (packed_a.as_mut_ptr().cast(), packed_b.as_mut_ptr().cast());
        // A sum of no terms still has to be written: one block of depth zero.
        let even = k.div_ceil(k.div_ceil(DEPTH).max(1)).max(1);
        for (first, columns) in blocks(n, COLUMNS) {
            for (from, depth) in blocks(k.max(1), even) {
                let depth = depth.min(k);
                // SAFETY: blocks are parts of the matrices, and at most what was made room for.
                unsafe {
                    let b = at(b, b_strides, from, first);
                    pack_columns(depth, columns, b, b_strides, packed_b);
                    for (row, rows) in blocks(m, ROWS) {
                        let a = at(a, a_strides, row, from);
                        copy([rows, depth], a, a_strides, packed_a, APART);
                        let c = c.add(row * row_stride + first);
                        let start = match bias {
                            _ if from > 0 => Start::Rows(c, row_stride),
                            Some(bias) => Start::Rows(bias.add(first), 0),
                            None if accumulate => Start::Rows(c, row_stride),
                            None => Start::Zero,
                        };
                        let shape = [rows, depth, columns];
                        block(shape, packed_a, packed_b, start, c, row_stride);
                    }
                }
            }
        }
    });
}

/// Cuts `count` into blocks: where each starts, and its size.
fn blocks(count: usize, size: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count)
        .step_by(size)
        .map(move |first| (first, size.min(count - first)))
}

/// Where an element lies.
#[inline(always)]
unsafe fn at(x: *const f32, [rows, columns]: [isize; 2], row: usize, column: usize) -> *const f32 {
    unsafe { x.offset(row as isize * rows + column as isize * columns) }
}

/// Copies a matrix to where its columns lie together and its rows are `apart`.
#[inline(always)]
unsafe fn copy(
    [rows, columns]: [usize; 2],
    from: *const f32,
    strides: [isize; 2],
    to: *mut f32,
    apart: usize,
) {
    let (mut whole_rows, mut whole_columns) = (rows - rows % 4, columns - columns % 4);
    // SAFETY: rows·columns elements are readable and writable.
    unsafe {
        match strides {
            [_, 1] => {
                whole_rows = rows;
                for r in 0..rows {
                    for c in (0..whole_columns).step_by(4) {
                        store(to.add(r * apart + c), load(at(from, strides, r, c)));
                    }
                }
            }
            [1, _] => {
                for c in (0..whole_columns).step_by(4) {
                    for r in (0..whole_rows).step_by(4) {
                        let square = [0, 1, 2, 3].map(|i| load(at(from, strides, r, c + i)));
                        for (i, row) in transpose(square).into_iter().enumerate() {
                            store(to.add((r + i) * apart + c), row);
                        }
                    }
                }
            }
            _ => (whole_rows, whole_columns) = (0, 0),
        }
        for r in 0..rows {
            let done = if r < whole_rows { whole_columns } else { 0 };
            for c in done..columns {
                *to.add(r * apart + c) = *at(from, strides, r, c);
            }
        }
    }
}

/// Packs columns of B into panels, each `WIDTH` numbers a row; missing columns become zeros.
unsafe fn pack_columns(
    depth: usize,
    columns: usize,
    b: *const f32,
    strides: [isize; 2],
    packed: *mut f32,
) {
    // A few rows of all panels at a time: memory is read along its rows.
    for (row, rows) in blocks(depth, LINE) {
        for (first, count) in blocks(columns, WIDTH) {
            // SAFETY: depth·columns elements of B, and of `packed` the same with whole panels.
            unsafe {
                let b = at(b, strides, row, first);
                let panel = packed.add(first * depth + row * WIDTH);
                if count == WIDTH {
                    copy([rows, WIDTH], b, strides, panel, WIDTH);
                } else {
                    panel.write_bytes(0, rows * WIDTH);
                    copy([rows, count], b, strides, panel, WIDTH);
                }
            }
        }
    }
}

/// A block of C from packed rows of A and packed columns of B.
unsafe fn block(
    [rows, depth, columns]: [usize; 3],
    a: *const f32,
    b: *const f32,
    start: Start,
    c: *mut f32,
    row_stride: usize,
) {
    for (first, count) in blocks(columns, WIDTH) {
        for (row, height) in blocks(rows, HEIGHT) {
            // SAFETY: the tile's rows and columns are within the block.
            unsafe {
                let (a, b) = (a.add(row * APART), b.add(first * depth));
                let c = c.add(row * row_stride + first);
                let start = match start {
                    Start::Rows(from, apart) => Start::Rows(from.add(row * apart + first), apart),
                    Start::Zero => Start::Zero,
                };
                if (height, count) == (HEIGHT, WIDTH) {
                    tile(depth, a, b, start, c, row_stride);
                } else {
                    edge([height, depth, count], a, b, start, c, row_stride);
                }
            }
        }
    }
}

/// A whole tile of C. By itself, so that V8 has all its registers for this loop.
#[inline(never)]
unsafe fn tile(
    depth: usize,
    a: *const f32,
    mut b: *const f32,
    start: Start,
    c: *mut f32,
    row_stride: usize,
) {
    // SAFETY: the tile's rows of A, of C and of the start, `depth` rows of the panel.
    unsafe {
        let mut sums = [[zero(); VECTORS]; HEIGHT];
        if let Start::Rows(from, apart) = start {
            for (r, sums) in sums.iter_mut().enumerate() {
                for (j, sum) in sums.iter_mut().enumerate() {
                    *sum = load(from.add(r * apart + 4 * j));
                }
            }
        }
        let mut rows: [*const f32; HEIGHT] = std::array::from_fn(|r| a.add(r * APART));
        for _ in 0..depth {
            let columns: [_; VECTORS] = std::array::from_fn(|j| load(b.add(4 * j)));
            for r in 0..HEIGHT {
                let x = load_splat(rows[r]);
                for j in 0..VECTORS {
                    sums[r][j] = multiply_add(x, columns[j], sums[r][j]);
                }
                rows[r] = rows[r].add(1);
            }
            b = b.add(WIDTH);
        }
        for (r, sums) in sums.iter().enumerate() {
            for (j, sum) in sums.iter().enumerate() {
                store(c.add(r * row_stride + 4 * j), *sum);
            }
        }
    }
}

/// A tile of which C has only some rows or columns. The missing rows of A are what is left from
/// other blocks, and end in sums that nobody reads.
#[inline(never)]
unsafe fn edge(
    [height, depth, width]: [usize; 3],
    a: *const f32,
    b: *const f32,
    start: Start,
    c: *mut f32,
    row_stride: usize,
) {
    let mut whole = [[0.0; WIDTH]; HEIGHT];
    let whole_start = whole.as_mut_ptr().cast::<f32>();
    // SAFETY: `height` rows of `width` in C and in the start; a whole tile in `whole`.
    unsafe {
        if let Start::Rows(from, apart) = start {
            for r in 0..height {
                let row = whole_start.add(r * WIDTH);
                row.copy_from_nonoverlapping(from.add(r * apart), width);
            }
        }
        let start = Start::Rows(whole_start, WIDTH);
        tile(depth, a, b, start, whole_start, WIDTH);
        for r in 0..height {
            let row = whole_start.add(r * WIDTH);
            c.add(r * row_stride).copy_from_nonoverlapping(row, width);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::normals;

    /// Where (r, c) of a (rows, columns) matrix lies: by rows, by columns, or by neither.
    fn strides(layout: usize, rows: usize, columns: usize) -> [isize; 2] {
        let [rows, columns] = [rows as isize, columns as isize];
        [[columns + 1, 1], [1, rows + 2], [2 * columns + 1, 2]][layout]
    }

    fn matrix(seed: u64, rows: usize, columns: usize, [rs, cs]: [isize; 2]) -> Vec<f32> {
        let extent = (rows - 1) * rs as usize + (columns - 1) * cs as usize + 1;
        normals(seed, extent).iter().map(|x| *x as f32).collect()
    }

    /// Against the definition, over every layout, ragged edges and more than one block of each kind.
    #[test]
    fn equals_the_definition() {
        for [m, k, n] in [
            [1, 1, 1],
            [3, 4, 12],
            [7, 19, 35],
            [131, 3, 17],
            [5, DEPTH + 3, 12],
            [4, 2 * DEPTH, 8],
            [3, 6, COLUMNS + 20],
            [ROWS + 34, 70, 48],
        ] {
            for case in 0..27 {
                let (sa, sb) = (strides(case % 3, m, k), strides(case / 3 % 3, k, n));
                let (accumulate, biased) = (case / 9 == 1, case / 9 == 2);
                let (a, b) = (matrix(1, m, k, sa), matrix(2, k, n, sb));
                let bias = matrix(4, 1, n, [1, 1]);
                let row_stride = n + 3;
                let before = matrix(3, m, n, [row_stride as isize, 1]);
                let mut c = before.clone();
                if !accumulate {
                    c.fill(f32::NAN);
                }
                let poisoned = c.clone();
                // SAFETY: the matrices were made for these shapes and strides.
                unsafe {
                    let (a, b) = ((a.as_ptr(), sa), (b.as_ptr(), sb));
                    let bias = biased.then_some(bias.as_ptr());
                    let c = (c.as_mut_ptr(), row_stride);
                    tiled_product([m, k, n], a, b, bias, accumulate, c);
                }
                let at = |x: &[f32], [rs, cs]: [isize; 2], r: usize, c: usize| {
                    f64::from(x[r * rs as usize + c * cs as usize])
                };
                for (i, found) in c.iter().enumerate() {
                    let (r, j) = (i / row_stride, i % row_stride);
                    if j >= n {
                        assert_eq!(
                            found.to_bits(),
                            poisoned[i].to_bits(),
                            "the gap after row {r}"
                        );
                        continue;
                    }
                    let product: f64 = (0..k).map(|i| at(&a, sa, r, i) * at(&b, sb, i, j)).sum();
                    let start = match case / 9 {
                        1 => f64::from(before[i]),
                        2 => f64::from(bias[j]),
                        _ => 0.0,
                    };
                    let error = (f64::from(*found) - product - start).abs();
                    assert!(
                        error < 1e-6 * (k + 4) as f64,
                        "{m}x{k}x{n} case {case} ({r},{j}): {error:e}"
                    );
                }
            }
        }
    }

    /// A sum of no terms is zero, not what was there before.
    #[test]
    fn no_terms() {
        let mut c = [f32::NAN; 6];
        // SAFETY: nothing of A or B is addressed; C is (2, 3).
        unsafe {
            let nothing = (
                std::ptr::NonNull::<f32>::dangling().as_ptr().cast_const(),
                [1, 1],
            );
            tiled_product(
                [2, 0, 3],
                nothing,
                nothing,
                None,
                false,
                (c.as_mut_ptr(), 3),
            );
        }
        assert_eq!(c, [0.0; 6]);
    }
}
