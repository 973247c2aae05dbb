//! Matrix products: the linear layers and their gradients.

use super::Real;
use super::parallel::{for_each_block, reduce_blocks, threads};

/// The shape of a matrix inside a slice: element (r, c) is at `r·row_stride + c`, or the other way
/// about where it is read transposed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    pub rows: usize,
    pub columns: usize,
    /// Distance between stored rows.
    pub stride: usize,
    /// Whether `rows` and `columns` are those of the stored matrix's transpose.
    pub transposed: bool,
}

impl Shape {
    /// A matrix whose rows follow each other without gaps.
    pub fn dense(rows: usize, columns: usize) -> Self {
        Shape {
            rows,
            columns,
            stride: columns,
            transposed: false,
        }
    }

    /// `columns` neighbouring columns of stored rows that are `stride` apart.
    pub fn columns_of(rows: usize, columns: usize, stride: usize) -> Self {
        Shape {
            rows,
            columns,
            stride,
            transposed: false,
        }
    }

    /// The same memory, read as the transpose.
    pub fn transpose(self) -> Self {
        Shape {
            rows: self.columns,
            columns: self.rows,
            transposed: !self.transposed,
            ..self
        }
    }

    fn strides(&self) -> [isize; 2] {
        let stride = self.stride as isize;
        if self.transposed {
            [1, stride]
        } else {
            [stride, 1]
        }
    }

    /// How long a slice must be to hold the matrix.
    pub fn extent(&self) -> usize {
        let (rows, columns) = if self.transposed {
            (self.columns, self.rows)
        } else {
            (self.rows, self.columns)
        };
        if rows == 0 {
            0
        } else {
            (rows - 1) * self.stride + columns
        }
    }
}

/// Work below which a product is not shared among threads, in multiplications.
const SHARED: usize = 1 << 18;

/// C ← A·B, or C += A·B. C is dense within its stride; `bias` (columns of C) starts each row of an
/// overwritten C.
///
/// # Panics
/// When shapes do not fit each other or their slices.
pub fn matrix_product<T: Real>(
    (a, a_shape): (&[T], Shape),
    (b, b_shape): (&[T], Shape),
    (c, c_shape): (&mut [T], Shape),
    bias: Option<&[T]>,
    accumulate: bool,
) {
    let (m, k, n) = (a_shape.rows, a_shape.columns, b_shape.columns);
    assert_eq!(
        (b_shape.rows, c_shape.rows, c_shape.columns),
        (k, m, n),
        "shapes of a product"
    );
    assert!(!c_shape.transposed, "a product is stored as it is");
    assert!(
        a.len() >= a_shape.extent() && b.len() >= b_shape.extent(),
        "operands are too short"
    );
    assert!(
        c.len() >= c_shape.extent(),
        "the product's slice is too short"
    );
    assert!(
        bias.is_none_or(|bias| bias.len() >= n),
        "the bias is too short"
    );
    let stride = c_shape.stride;
    // Every block packs B anew, so there are no more of them than threads. An element's arithmetic
    // does not depend on which block its row is in.
    let shares = if m * n * k >= SHARED { threads() } else { 1 };
    let block = m.div_ceil(shares).next_multiple_of(16);
    // Pad the last row's view so that every block is whole rows of `stride`.
    let whole = m - 1;
    let run = |first: usize, rows: usize, c: &mut [T]| {
        let [ra, ca] = a_shape.strides();
        // SAFETY: the asserts above bound every address: rows first..first+rows of A, all of B, and
        // `rows` rows of C, which no other block touches.
        unsafe {
            let a = a.as_ptr().offset(first as isize * ra);
            T::matrix_product(
                [rows, k, n],
                (a, [ra, ca]),
                (b.as_ptr(), b_shape.strides()),
                bias.map(<[T]>::as_ptr),
                accumulate,
                (c.as_mut_ptr(), stride),
            );
        }
    };
    if stride == n {
        for_each_block(m, block, [(&mut c[..m * n], n)], |first, [c]| {
            run(first, c.len() / n, c)
        });
    } else {
        // The last row may end before a whole stride does.
        let (head, tail) = c.split_at_mut(whole * stride);
        for_each_block(whole, block, [(head, stride)], |first, [c]| {
            run(first, c.len() / stride, c)
        });
        run(whole, 1, &mut tail[..n]);
    }
}

/// Adds the sum of `x`'s rows to `y`: the gradient of a bias.
pub fn column_sum<T: Real>(x: &[T], y: &mut [T]) {
    let columns = y.len();
    let mut total = vec![T::zero(); columns];
    reduce_blocks(x.len() / columns, 256, &mut total, |first, count, total| {
        for row in x[first * columns..(first + count) * columns].chunks_exact(columns) {
            for (total, x) in total.iter_mut().zip(row) {
                *total += *x;
            }
        }
    });
    for (y, total) in y.iter_mut().zip(&total) {
        *y += *total;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::normals;

    fn at(x: &[f64], shape: Shape, r: usize, c: usize) -> f64 {
        let [rs, cs] = shape.strides();
        x[r * rs as usize + c * cs as usize]
    }

    /// Against the definition, over odd shapes, transposes, strides, bias and accumulation.
    #[test]
    fn equals_the_definition() {
        for (m, k, n) in [(1, 1, 1), (7, 5, 3), (33, 17, 9), (130, 70, 65)] {
            for case in 0..16 {
                let (ta, tb) = (case & 1 > 0, case & 2 > 0);
                let (accumulate, wide) = (case & 4 > 0, case & 8 > 0);
                let shape = |rows, columns, t| {
                    if t {
                        Shape::dense(columns, rows).transpose()
                    } else {
                        Shape::dense(rows, columns)
                    }
                };
                let (sa, sb) = (shape(m, k, ta), shape(k, n, tb));
                let sc = Shape::columns_of(m, n, if wide { n + 3 } else { n });
                let (a, b) = (normals(1, m * k), normals(2, k * n));
                let before = normals(3, sc.extent());
                let bias = normals(4, n);
                let bias = (!accumulate).then_some(&bias[..]);
                let mut c = before.clone();
                matrix_product((&a, sa), (&b, sb), (&mut c, sc), bias, accumulate);
                for r in 0..m {
                    for j in 0..n {
                        let product: f64 =
                            (0..k).map(|i| at(&a, sa, r, i) * at(&b, sb, i, j)).sum();
                        let start = bias.map_or(before[r * sc.stride + j], |bias| bias[j]);
                        let error = (c[r * sc.stride + j] - product - start).abs();
                        assert!(
                            error < 1e-12 * k as f64,
                            "{m}x{k}x{n} case {case} ({r},{j}): {error:e}"
                        );
                    }
                    let gap = r * sc.stride + n..(r * sc.stride + sc.stride).min(c.len());
                    assert_eq!(
                        c[gap.clone()],
                        before[gap],
                        "the gap after row {r} is untouched"
                    );
                }
            }
        }
    }

    #[test]
    fn column_sum_adds() {
        let mut y = [1.0, 2.0];
        column_sum(&[1.0, 10.0, 2.0, 20.0, 3.0, 30.0], &mut y);
        assert_eq!(y, [7.0, 62.0]);
    }
}
