//! Causal softmax attention (Vaswani et al. 2017), what the waves are compared with:
//! y_i = Σ_{j≤i} softmax_j(q_i·k_j / √d) v_j, head by head.
//!
//! The N×N scores are never held: a block of queries passes along blocks of keys, and a running
//! maximum and sum make the softmax (Milakov and Gimelshein 2018). What is kept of it is the logarithm
//! of each row's sum, from which the backward computes the probabilities anew (Dao et al. 2022).

use super::Real;
use super::layer_norm::{LANES, sum, sum_pair};
use super::parallel::for_each_block;

/// Queries of a block.
const QUERIES: usize = 32;
/// Most keys of a block. It and the queries' scores fit the second-level cache.
const KEYS: usize = 256;
/// Rows that are copied at a time.
const ROWS: usize = 64;

/// Rows of a tile: as many sums of 16 columns as fit the registers, beside a row of the other operand.
/// WebAssembly has sixteen of four numbers.
const HEIGHT: usize = if cfg!(target_arch = "wasm32") { 2 } else { 4 };

/// The rows of one head of one sequence, together: (seq_len, head_dim).
struct Head<T> {
    /// Divided by √d.
    queries: Vec<T>,
    keys: Vec<T>,
    values: Vec<T>,
}

/// What a block of queries sees of a block of keys.
#[derive(Clone, Copy)]
struct Block {
    first_query: usize,
    queries: usize,
    first_key: usize,
    keys: usize,
}

impl Block {
    /// Blocks of queries up to `seq_len`, and for each of them those of the keys that it sees.
    fn all(seq_len: usize) -> impl Iterator<Item = Block> {
        (0..seq_len).step_by(QUERIES).flat_map(move |first_query| {
            let queries = QUERIES.min(seq_len - first_query);
            let seen = first_query + queries;
            (0..seen).step_by(KEYS).map(move |first_key| Block {
                first_query,
                queries,
                first_key,
                keys: KEYS.min(seen - first_key),
            })
        })
    }

    /// How many of the block's keys its query `r` sees: itself and those before it.
    fn seen(&self, r: usize) -> usize {
        (self.first_query + r + 1)
            .saturating_sub(self.first_key)
            .min(self.keys)
    }

    /// Whether no keys of these queries come after it.
    fn is_last(&self) -> bool {
        self.first_key + self.keys == self.first_query + self.queries
    }

    /// The queries' rows of a head's tensor.
    fn query_rows(&self, dim: usize) -> std::ops::Range<usize> {
        self.first_query * dim..(self.first_query + self.queries) * dim
    }

    /// The keys' rows.
    fn key_rows(&self, dim: usize) -> std::ops::Range<usize> {
        self.first_key * dim..(self.first_key + self.keys) * dim
    }

    /// C ← A·B, (queries, keys) of (queries, dim) and, of all keys, (dim, seq_len).
    fn scores<T: Real>(&self, a: &[T], b: &[T], c: &mut [T], dim: usize) {
        let seq_len = b.len() / dim;
        product(
            [self.queries, dim, self.keys],
            (&a[self.query_rows(dim)], [dim, 1]),
            (&b[self.first_key..], seq_len),
            (c, self.keys),
            false,
        );
    }

    /// C += P·B, (queries, dim) of (queries, keys) and (keys, dim); the first block overwrites.
    fn add_to_queries<T: Real>(&self, p: &[T], b: &[T], c: &mut [T], dim: usize) {
        product(
            [self.queries, self.keys, dim],
            (p, [self.keys, 1]),
            (&b[self.key_rows(dim)], dim),
            (&mut c[self.query_rows(dim)], dim),
            self.first_key > 0,
        );
    }

    /// C += Pᵀ·B, (keys, dim) of (queries, keys) and (queries, dim).
    fn add_to_keys<T: Real>(&self, p: &[T], b: &[T], c: &mut [T], dim: usize) {
        product(
            [self.keys, self.queries, dim],
            (p, [1, self.keys]),
            (&b[self.query_rows(dim)], dim),
            (&mut c[self.key_rows(dim)], dim),
            true,
        );
    }
}

/// C ← A·B, or C += A·B, for `[rows, depth, columns]`; with how far apart rows are, and A's columns.
///
/// Heads are narrow: [`super::matrix_product`] would take as long to pack its operands as to multiply.
fn product<T: Real>(
    [rows, depth, columns]: [usize; 3],
    (a, a_apart): (&[T], [usize; 2]),
    (b, b_apart): (&[T], usize),
    (c, c_apart): (&mut [T], usize),
    add: bool,
) {
    let mut row = 0;
    while row < rows {
        let a = &a[row * a_apart[0]..];
        let c = &mut c[row * c_apart..];
        let whole = rows - row >= HEIGHT;
        let mut column = 0;
        while column < columns {
            let (b, c) = ((&b[column..], b_apart), (&mut c[column..], c_apart));
            let a = (a, a_apart);
            column += match (whole, columns - column) {
                (true, 16..) => tile::<T, HEIGHT, 16>(depth, a, b, c, add),
                (true, 4..) => tile::<T, HEIGHT, 4>(depth, a, b, c, add),
                (true, _) => tile::<T, HEIGHT, 1>(depth, a, b, c, add),
                (false, 16..) => tile::<T, 1, 16>(depth, a, b, c, add),
                (false, 4..) => tile::<T, 1, 4>(depth, a, b, c, add),
                (false, _) => tile::<T, 1, 1>(depth, a, b, c, add),
            };
        }
        row += if whole { HEIGHT } else { 1 };
    }
}

/// R rows of W columns of C, in registers. Returns W.
#[inline(always)]
fn tile<T: Real, const R: usize, const W: usize>(
    depth: usize,
    (a, [ra, ca]): (&[T], [usize; 2]),
    (b, b_apart): (&[T], usize),
    (c, c_apart): (&mut [T], usize),
    add: bool,
) -> usize {
    assert!(
        depth > 0
            && a.len() > (R - 1) * ra + (depth - 1) * ca
            && b.len() >= (depth - 1) * b_apart + W,
        "operands hold the tile"
    );
    let mut sums = [[T::zero(); W]; R];
    for k in 0..depth {
        // SAFETY: k < depth and r < R, for which the assertion holds the last elements.
        let x: [T; W] = std::array::from_fn(|j| unsafe { *b.get_unchecked(k * b_apart + j) });
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: as above.
            let weight = unsafe { *a.get_unchecked(r * ra + k * ca) };
            for j in 0..W {
                sums[j] += weight * x[j];
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        let c = &mut c[r * c_apart..][..W];
        for (c, sum) in c.iter_mut().zip(sums) {
            *c = if add { *c + *sum } else { *sum };
        }
    }
    W
}

/// (rows, dim) to (dim, rows).
fn transposed<T: Real>(x: &[T], dim: usize) -> Vec<T> {
    let rows = x.len() / dim;
    let mut result = vec![T::zero(); x.len()];
    for (c, column) in result.chunks_exact_mut(rows).enumerate() {
        for (r, y) in column.iter_mut().enumerate() {
            *y = x[r * dim + c];
        }
    }
    result
}

/// `qkv`: (rows, 3·D), each row its query, key and value; `y`: (rows, D); `stats`: (rows, heads), the
/// logarithm of Σ_j e^(q_i·k_j/√d), which the backward reads. Rows are whole sequences of `seq_len`.
///
/// # Panics
/// When the rows are not whole sequences, or a slice is of another length.
pub fn attention<T: Real>(qkv: &[T], y: &mut [T], stats: &mut [T], seq_len: usize, heads: usize) {
    let layout = Layout::of(qkv, stats, seq_len, heads);
    let head_dim = layout.head_dim;
    assert_eq!(3 * y.len(), qkv.len(), "an output for each query");
    // A head's rows lie apart: heads are computed side by side, and then put in their places.
    let (mut outs, mut sums) = (vec![T::zero(); y.len()], vec![T::zero(); stats.len()]);
    for_each_block(
        layout.units(),
        1,
        [(&mut outs, seq_len * head_dim), (&mut sums, seq_len)],
        |unit, [out, sums]| Head::of(qkv, unit, layout).attend(out, sums, head_dim),
    );
    layout.scatter(&outs, y, 1, head_dim);
    layout.scatter(&sums, stats, 1, 1);
}

/// Overwrites `dqkv` (rows, 3·D). `y` and `stats` are the forward's.
///
/// # Panics
/// As [`attention`].
pub fn attention_backward<T: Real>(
    qkv: &[T],
    y: &[T],
    stats: &[T],
    dy: &[T],
    dqkv: &mut [T],
    seq_len: usize,
    heads: usize,
) {
    let layout = Layout::of(qkv, stats, seq_len, heads);
    let head_dim = layout.head_dim;
    assert_eq!(3 * y.len(), qkv.len(), "an output for each query");
    assert_eq!(y.len(), dy.len(), "a gradient for each output");
    assert_eq!(dqkv.len(), qkv.len(), "a gradient for each input");
    let width = 3 * seq_len * head_dim;
    let mut gradients = vec![T::zero(); qkv.len()];
    for_each_block(
        layout.units(),
        1,
        [(&mut gradients, width)],
        |unit, [gradients]| {
            let [y, dy] = [y, dy].map(|x| layout.gather(x, unit, [0, 1], head_dim, T::one()));
            let sums = layout.gather(stats, unit, [0, 1], 1, T::one());
            let rows = y.chunks_exact(head_dim).zip(dy.chunks_exact(head_dim));
            let alongs: Vec<T> = rows
                .map(|(y, dy)| sum_pair(y, dy, |y, dy| y * dy))
                .collect();
            Head::of(qkv, unit, layout).backward(&dy, [&sums, &alongs], gradients, head_dim);
        },
    );
    layout.scatter(&gradients, dqkv, 3, head_dim);
}

/// How rows are laid out.
#[derive(Clone, Copy)]
struct Layout {
    rows: usize,
    seq_len: usize,
    heads: usize,
    head_dim: usize,
}

impl Layout {
    fn of<T>(qkv: &[T], stats: &[T], seq_len: usize, heads: usize) -> Self {
        let rows = stats.len() / heads;
        let head_dim = qkv.len() / (3 * stats.len());
        assert_eq!(stats.len(), rows * heads, "a sum for each head of a row");
        assert_eq!(
            qkv.len(),
            3 * rows * heads * head_dim,
            "a query, a key and a value for each head of a row"
        );
        assert_eq!(rows % seq_len, 0, "whole sequences");
        Layout {
            rows,
            seq_len,
            heads,
            head_dim,
        }
    }

    /// Heads of sequences.
    fn units(&self) -> usize {
        self.rows / self.seq_len * self.heads
    }

    /// One head's rows of a sequence, together, times `scale`. A row of `x` is `parts` times all
    /// heads, each `width` wide; asked for is one `part` of them.
    fn gather<T: Real>(
        &self,
        x: &[T],
        unit: usize,
        [part, parts]: [usize; 2],
        width: usize,
        scale: T,
    ) -> Vec<T> {
        let (sequence, head) = (unit / self.heads, unit % self.heads);
        let mut rows = Vec::with_capacity(self.seq_len * width);
        for row in sequence * self.seq_len..(sequence + 1) * self.seq_len {
            let from = ((row * parts + part) * self.heads + head) * width;
            rows.extend(x[from..from + width].iter().map(|x| *x * scale));
        }
        rows
    }

    /// The way back for all heads: (units, parts, seq_len, width) to (rows, parts, heads, width).
    fn scatter<T: Real>(&self, from: &[T], to: &mut [T], parts: usize, width: usize) {
        let Layout { seq_len, heads, .. } = *self;
        let row_len = parts * heads * width;
        for_each_block(self.rows, ROWS, [(to, row_len)], |first, [to]| {
            for (r, to) in to.chunks_exact_mut(row_len).enumerate() {
                let (sequence, i) = ((first + r) / seq_len, (first + r) % seq_len);
                for (at, to) in to.chunks_exact_mut(width).enumerate() {
                    let (part, head) = (at / heads, at % heads);
                    let unit = sequence * heads + head;
                    let start = ((unit * parts + part) * seq_len + i) * width;
                    to.copy_from_slice(&from[start..start + width]);
                }
            }
        });
    }
}

impl<T: Real> Head<T> {
    fn of(qkv: &[T], unit: usize, layout: Layout) -> Self {
        let scale = T::of(1.0 / (layout.head_dim as f64).sqrt());
        let part = |part, scale| layout.gather(qkv, unit, [part, 3], layout.head_dim, scale);
        Head {
            queries: part(0, scale),
            keys: part(1, T::one()),
            values: part(2, T::one()),
        }
    }

    /// Overwrites `out` (seq_len, dim) and `sums` (seq_len).
    fn attend(&self, out: &mut [T], sums: &mut [T], dim: usize) {
        let keys = transposed(&self.keys, dim);
        let mut scores = [T::zero(); QUERIES * KEYS];
        let (mut tops, mut totals) = ([T::zero(); QUERIES], [T::zero(); QUERIES]);
        for block in Block::all(sums.len()) {
            let scores = &mut scores[..block.queries * block.keys];
            block.scores(&self.queries, &keys, scores, dim);
            let begun = block.first_key > 0;
            let outs = &mut out[block.query_rows(dim)];
            for (r, row) in scores.chunks_exact_mut(block.keys).enumerate() {
                let (row, later) = row.split_at_mut(block.seen(r));
                later.fill(T::zero());
                let before = if begun { tops[r] } else { T::of(-1e30) };
                let top = largest(row, before);
                row.iter_mut().for_each(|x| *x = (*x - top).exp());
                // What was summed up under another maximum.
                let shrunk = (before - top).exp();
                let out = outs[r * dim..][..dim].iter_mut();
                if begun {
                    out.for_each(|x| *x *= shrunk);
                    totals[r] *= shrunk;
                } else {
                    totals[r] = T::zero();
                }
                totals[r] += sum(row, |x| x);
                tops[r] = top;
            }
            block.add_to_queries(scores, &self.values, out, dim);
            if block.is_last() {
                let rows = out[block.query_rows(dim)].chunks_exact_mut(dim);
                for (r, out) in rows.enumerate() {
                    let inverse = T::one() / totals[r];
                    out.iter_mut().for_each(|x| *x *= inverse);
                    sums[block.first_query + r] = tops[r] + T::of(libm::log(totals[r].wide()));
                }
            }
        }
    }

    /// Adds to `gradients` (3, seq_len, dim), those of queries, keys and values. A row's gradient of
    /// the scores is p ∘ (dp - along), with its probabilities p from their logarithmic sum, and
    /// along = Σ p ∘ dp = y·dy.
    fn backward(&self, dy: &[T], [sums, alongs]: [&[T]; 2], gradients: &mut [T], dim: usize) {
        let (dqueries, rest) = gradients.split_at_mut(dy.len());
        let (dkeys, dvalues) = rest.split_at_mut(dy.len());
        let [keys, values] = [&self.keys, &self.values].map(|x| transposed(x, dim));
        let [mut p, mut ds] = [(); 2].map(|()| vec![T::zero(); QUERIES * KEYS]);
        for block in Block::all(sums.len()) {
            let size = block.queries * block.keys;
            let (p, ds) = (&mut p[..size], &mut ds[..size]);
            block.scores(&self.queries, &keys, p, dim);
            block.scores(dy, &values, ds, dim);
            let rows = p
                .chunks_exact_mut(block.keys)
                .zip(ds.chunks_exact_mut(block.keys));
            for (r, (p, ds)) in rows.enumerate() {
                let row = block.first_query + r;
                let (sum, along) = (sums[row], alongs[row]);
                let ((p, later), (ds, later_ds)) = (
                    p.split_at_mut(block.seen(r)),
                    ds.split_at_mut(block.seen(r)),
                );
                later.fill(T::zero());
                later_ds.fill(T::zero());
                for (p, ds) in p.iter_mut().zip(ds) {
                    *p = (*p - sum).exp();
                    *ds = *p * (*ds - along);
                }
            }
            block.add_to_keys(p, dy, dvalues, dim);
            block.add_to_keys(ds, &self.queries, dkeys, dim);
            block.add_to_queries(ds, &self.keys, dqueries, dim);
        }
        let scale = T::of(1.0 / (dim as f64).sqrt());
        dqueries.iter_mut().for_each(|x| *x *= scale);
    }
}

/// The largest of a row and `start`, in partial maxima, so that the comparisons vectorise.
#[inline(always)]
fn largest<T: Real>(row: &[T], start: T) -> T {
    let larger = |a: T, b: T| if b > a { b } else { a };
    let mut tops = [start; LANES];
    let (whole, rest) = row.as_chunks::<LANES>();
    for x in whole {
        for j in 0..LANES {
            tops[j] = larger(tops[j], x[j]);
        }
    }
    let top = tops.into_iter().fold(start, larger);
    rest.iter().fold(top, |top, x| larger(top, *x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::{check_gradient, dot, normals};

    /// Sequences, their length, heads, channels of a head: of one block and of several.
    const SHAPES: [[usize; 4]; 5] = [
        [1, 1, 1, 1],
        [3, 2, 2, 3],
        [2, QUERIES + 1, 3, 4],
        [1, 3 * QUERIES - 5, 2, 17],
        [1, KEYS + QUERIES + 7, 1, 5],
    ];

    /// By the formula, (y, stats).
    fn defined(qkv: &[f64], seq_len: usize, heads: usize, dim: usize) -> (Vec<f64>, Vec<f64>) {
        let rows = qkv.len() / (3 * dim);
        let d = dim / heads;
        let (mut y, mut stats) = (vec![0.0; rows * dim], vec![0.0; rows * heads]);
        for (row, head) in (0..rows * heads).map(|at| (at / heads, at % heads)) {
            let at = |row: usize, part: usize| &qkv[row * 3 * dim + part * dim + head * d..][..d];
            let seen = row / seq_len * seq_len..row + 1;
            let scores = seen
                .clone()
                .map(|j| dot(at(row, 0), at(j, 1)) / (d as f64).sqrt());
            let weights: Vec<f64> = scores.map(f64::exp).collect();
            let total: f64 = weights.iter().sum();
            for (j, weight) in seen.zip(weights) {
                for c in 0..d {
                    y[row * dim + head * d + c] += weight / total * at(j, 2)[c];
                }
            }
            stats[row * heads + head] = total.ln();
        }
        (y, stats)
    }

    fn run<T: Real>(qkv: &[T], seq_len: usize, heads: usize, dim: usize) -> (Vec<T>, Vec<T>) {
        let rows = qkv.len() / (3 * dim);
        let poison = T::of(f64::NAN);
        let (mut y, mut stats) = (vec![poison; rows * dim], vec![poison; rows * heads]);
        attention(qkv, &mut y, &mut stats, seq_len, heads);
        (y, stats)
    }

    fn worst(a: &[f64], b: &[f64]) -> f64 {
        assert_eq!(a.len(), b.len());
        let error = |(a, b): (&f64, &f64)| (a - b).abs() / (1.0 + b.abs());
        // NaN is the worst.
        a.iter().zip(b).map(error).fold(
            0.0,
            |worst, error| {
                if error <= worst { worst } else { error }
            },
        )
    }

    #[test]
    fn equals_the_definition() {
        for [sequences, seq_len, heads, head_dim] in SHAPES {
            let dim = heads * head_dim;
            let qkv = normals(1, sequences * seq_len * 3 * dim);
            let expected = defined(&qkv, seq_len, heads, dim);
            let found = run(&qkv, seq_len, heads, dim);
            assert!(worst(&found.0, &expected.0) < 1e-13, "y of {seq_len}");
            assert!(worst(&found.1, &expected.1) < 1e-13, "stats of {seq_len}");
            let narrow: Vec<f32> = qkv.iter().map(|x| *x as f32).collect();
            let wide = |x: &[f32]| x.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
            let found = run(&narrow, seq_len, heads, dim);
            assert!(worst(&wide(&found.0), &expected.0) < 3e-6, "y of {seq_len}");
            assert!(worst(&wide(&found.1), &expected.1) < 3e-6, "of {seq_len}");
        }
    }

    /// Scores as far apart as a well-trained model's and further: sums neither overflow nor vanish.
    #[test]
    fn scores_far_apart() {
        for size in [30.0, 1e4] {
            let (seq_len, heads, dim) = (KEYS + 40, 2, 8);
            let mut qkv = normals(3, seq_len * 3 * dim);
            for row in qkv.chunks_exact_mut(3 * dim) {
                row[..dim].iter_mut().for_each(|x| *x *= size);
            }
            let narrow: Vec<f32> = qkv.iter().map(|x| *x as f32).collect();
            let (y, stats) = run(&narrow, seq_len, heads, dim);
            assert!(y.iter().chain(&stats).all(|x| x.is_finite()), "{size}");
            // An output lies among the values.
            assert!(y.iter().all(|y| y.abs() < 6.0), "{size}");
        }
    }

    #[test]
    fn no_output_depends_on_a_later_token() {
        let (seq_len, heads, dim) = (KEYS + 3 * QUERIES, 2, 6);
        let qkv = normals(1, seq_len * 3 * dim);
        let (y, stats) = run(&qkv, seq_len, heads, dim);
        for changed in [1, QUERIES - 1, QUERIES, KEYS + 5, seq_len - 1] {
            let mut other = qkv.clone();
            other[changed * 3 * dim..][..3 * dim].fill(7.0);
            let (other_y, other_stats) = run(&other, seq_len, heads, dim);
            assert_eq!(y[..changed * dim], other_y[..changed * dim]);
            assert_eq!(stats[..changed * heads], other_stats[..changed * heads]);
            let row = changed * dim..(changed + 1) * dim;
            assert_ne!(y[row.clone()], other_y[row]);
        }
    }

    #[test]
    fn backward_matches_finite_differences() {
        for [sequences, seq_len, heads, head_dim] in
            [[1, 1, 1, 3], [2, 5, 2, 3], [1, QUERIES + 2, 1, 2]]
        {
            let dim = heads * head_dim;
            let qkv = normals(1, sequences * seq_len * 3 * dim);
            let dy = normals(2, sequences * seq_len * dim);
            let (y, stats) = run(&qkv, seq_len, heads, dim);
            let mut d = vec![f64::NAN; qkv.len()];
            attention_backward(&qkv, &y, &stats, &dy, &mut d, seq_len, heads);
            check_gradient("qkv", &qkv, &d, |qkv| {
                dot(&run(qkv, seq_len, heads, dim).0, &dy)
            });
        }
    }

    /// Where finite differences would take too long: along one direction, over several blocks of keys.
    #[test]
    fn backward_of_a_long_sequence() {
        let (seq_len, heads, dim) = (KEYS + 2 * QUERIES + 9, 2, 10);
        let (qkv, along) = (normals(1, seq_len * 3 * dim), normals(2, seq_len * 3 * dim));
        let dy = normals(3, seq_len * dim);
        let (y, stats) = run(&qkv, seq_len, heads, dim);
        let mut d = vec![f64::NAN; qkv.len()];
        attention_backward(&qkv, &y, &stats, &dy, &mut d, seq_len, heads);
        check_gradient("direction", &[0.0], &[dot(&d, &along)], |t| {
            let moved: Vec<f64> = qkv.iter().zip(&along).map(|(x, a)| x + t[0] * a).collect();
            dot(&run(&moved, seq_len, heads, dim).0, &dy)
        });
    }
}
