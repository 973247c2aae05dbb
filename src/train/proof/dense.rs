//! What any network is made of: products, norms, dropout, and clearing.

use super::world::World;
use crate::backend::{Matrix, Op, Then, View};
use crate::kernels::dropout::DropoutSite;
use crate::kernels::matrix_product::Shape;

pub const DROPOUT: Option<DropoutSite> = Some(DropoutSite {
    probability: 0.3,
    site: 9,
});

/// A part of a tensor, so that the rest of it shows whether more was written.
fn inside(view: &View, before: usize, after: usize) -> View {
    View::of(view.tensor, before..view.len() - after)
}

pub fn clearing(w: &mut World) {
    let x = w.noise(2100);
    let y = inside(&x, 3, 70);
    w.check(Op::Zero { y }, &[("clearing", &x)]);
    // In each part of a sum.
    let gradient = w.gradient(90);
    let y = View::of(
        gradient.tensor,
        gradient.range.start + 7..gradient.range.end,
    );
    w.check(Op::Zero { y }, &[("clearing gradients", &gradient)]);
}

/// As the linear layers have it, forward and backward: C = A·Bᵀ + bias, and C += A·B.
pub fn products(w: &mut World) {
    let (m, k, n) = (45, 35, 70);
    for (what, transposed, accumulate) in [
        ("matrix product with bias", true, false),
        ("matrix product added to what was there", false, true),
    ] {
        let (a, b) = (w.matrix(m, k, false, 2.0), w.matrix(k, n, transposed, 2.0));
        let a = Matrix {
            view: inside(&a.view, k, 0),
            shape: Shape::dense(m - 1, k),
        };
        let shape = Shape::columns_of(m - 1, n, n + 3);
        let c = w.noise(shape.extent() + 4);
        let bias = w.noise(n + 2);
        let op = Op::MatrixProduct {
            a,
            b,
            c: Matrix {
                view: inside(&c, 3, 1),
                shape,
            },
            bias: (!accumulate).then(|| inside(&bias, 1, 1)),
            accumulate,
            then: Then::Nothing,
        };
        w.check(op, &[(what, &c)]);
    }
}

/// Products of which so few are large that the GELU is seen all along its bend and beyond.
pub fn what_follows_a_product(w: &mut World) {
    let (m, k, n) = (70, 19, 45);
    let (x, bias) = (w.sized(m * n + 2, 6.5), w.noise(n));
    let x = inside(&x, 1, 1);
    for (what, kind, transposed, dropout) in [
        ("GELU", 0, true, None),
        ("GELU with dropout", 0, true, DROPOUT),
        ("gradient of the GELU", 1, false, None),
        ("gradient of the GELU with dropout", 1, false, DROPOUT),
        ("residual connection", 2, true, None),
        ("residual connection with dropout", 2, true, DROPOUT),
    ] {
        let (a, b) = (w.matrix(m, k, false, 1.3), w.matrix(k, n, transposed, 1.3));
        let (c, y) = (w.output(m * n), w.output(m * n));
        let out = y.clone();
        let (then, result) = match kind {
            0 => (Then::Gelu { y: out, dropout }, &y),
            1 => {
                let x = x.clone();
                (Then::GeluBackward { x, dropout }, &c)
            }
            _ => {
                let x = x.clone();
                (Then::Residual { x, out, dropout }, &y)
            }
        };
        let op = Op::MatrixProduct {
            a,
            b,
            c: Matrix {
                view: c.clone(),
                shape: Shape::dense(m, n),
            },
            bias: (kind != 1).then(|| bias.clone()),
            accumulate: false,
            then,
        };
        match kind {
            0 => w.check(op, &[(what, result), ("what the GELU is of", &c)]),
            _ => w.check(op, &[(what, result)]),
        }
    }
}

/// Of a matrix that takes several tiles across, and of one that takes one.
pub fn weight_gradient(w: &mut World) {
    let (rows, outputs) = (77, 35);
    for (inputs, [weights, biases]) in [
        (70, ["gradient of a weight", "gradient of a bias"]),
        (20, ["gradient of a narrow weight", "gradient of its bias"]),
    ] {
        let dy = w.matrix(rows, outputs, false, 2.0);
        let x = w.matrix(rows, inputs, false, 2.0);
        let weight = w.gradient(outputs * (inputs + 1));
        let dbias = w.gradient(outputs);
        let op = Op::WeightGradient {
            dy,
            x,
            dweight: Matrix {
                view: weight.clone(),
                shape: Shape::columns_of(outputs, inputs, inputs + 1),
            },
            dbias: Some(dbias.clone()),
        };
        w.check(op, &[(weights, &weight), (biases, &dbias)]);
    }
}

/// The workgroups of large products have tiles of their own.
pub fn large_products(w: &mut World) {
    let (m, k, n) = (4033, 5, 67);
    for (what, transposed) in [
        ("large matrix product", true),
        ("large product, other way", false),
    ] {
        let (a, b) = (w.matrix(m, k, false, 2.0), w.matrix(k, n, transposed, 2.0));
        let c = w.output(m * n);
        let op = Op::MatrixProduct {
            a,
            b,
            c: Matrix {
                view: c.clone(),
                shape: Shape::dense(m, n),
            },
            bias: None,
            accumulate: false,
            then: Then::Nothing,
        };
        w.check(op, &[(what, &c)]);
    }
}

/// Rows, the last of them all but constant, as the variance's floor counts there.
fn rows(w: &mut World, rows: usize, dim: usize) -> View {
    let mut x = w.noise_of(rows * dim, 2.0);
    x[(rows - 3) * dim..].iter_mut().for_each(|x| *x *= 2e-3);
    w.values(&x)
}

pub fn layer_norm(w: &mut World) {
    let (count, dim) = (70, 37);
    let x = rows(w, count, dim);
    let (weight, bias) = (w.noise(dim), w.noise(dim));
    let (y, stats) = (w.output(count * dim), w.output(2 * count));
    let known = w.output(2 * count);
    let op = |stats: &View| Op::LayerNorm {
        x: x.clone(),
        weight: weight.clone(),
        bias: Some(bias.clone()),
        y: y.clone(),
        stats: stats.clone(),
    };
    w.check(
        op(&stats),
        &[("layer norm", &y), ("mean and deviation", &stats)],
    );
    w.on_cpu(op(&known), &[&known]);
    let (dy, dx) = (w.noise(count * dim), w.noise(count * dim));
    let (dweight, dbias) = (w.gradient(dim), w.gradient(dim));
    let op = Op::LayerNormBackward {
        x: x.clone(),
        weight: weight.clone(),
        stats: known,
        dy,
        dx: dx.clone(),
        dweight: dweight.clone(),
        dbias: Some(dbias.clone()),
    };
    let wanted = [
        ("gradient of the layer norm", &dx),
        ("gradient of the layer norm's weight", &dweight),
        ("gradient of the layer norm's bias", &dbias),
    ];
    w.check(op, &wanted);
}

pub fn dropout(w: &mut World) {
    let (x, y) = (w.noise(3000), w.output(3000));
    let op = Op::Dropout {
        x,
        y: y.clone(),
        site: DROPOUT.expect("there is one"),
    };
    w.check(op, &[("dropout", &y)]);
}
