//! What any network is made of: products, norms, dropout, and clearing.

use super::world::World;
use crate::backend::{Matrix, Op, Then, View};
use crate::config::NEAR_FIELD;
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
    let dim = 37;
    let bias = w.noise(dim);
    let names = [
        "layer norm",
        "mean and deviation",
        "gradient of the layer norm",
        "gradient of the layer norm's weight",
        "gradient of the layer norm's bias",
    ];
    norm(w, dim, Some(bias), names);
}

pub fn rms_norm(w: &mut World) {
    let names = [
        "RMS norm",
        "nothing and deviation",
        "gradient of the RMS norm",
        "gradient of the RMS norm's weight",
        "what lies beside it",
    ];
    norm(w, 37, None, names);
}

fn norm(w: &mut World, dim: usize, bias: Option<View>, names: [&'static str; 5]) {
    let count = 70;
    let x = rows(w, count, dim);
    let weight = w.noise(dim);
    let (y, stats) = (w.output(count * dim), w.output(2 * count));
    let known = w.output(2 * count);
    let op = |stats: &View| Op::LayerNorm {
        x: x.clone(),
        weight: weight.clone(),
        bias: bias.clone(),
        y: y.clone(),
        stats: stats.clone(),
    };
    w.check(op(&stats), &[(names[0], &y), (names[1], &stats)]);
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
        dbias: bias.is_some().then(|| dbias.clone()),
    };
    let wanted = [
        (names[2], &dx),
        (names[3], &dweight),
        // Where there is no bias this stays as it is.
        (names[4], &dbias),
    ];
    w.check(op, &wanted);
}

/// Gates of which some are all but shut and some wide open.
pub fn swiglu(w: &mut World) {
    let len = 3000;
    let (gate, up) = (w.sized(len, 9.0), w.noise(len));
    for (names, dropout) in [
        (
            [
                "SwiGLU",
                "gradient of what is gated",
                "gradient of the SwiGLU's gate",
            ],
            None,
        ),
        (
            [
                "SwiGLU with dropout",
                "gradient of what is gated, with dropout",
                "gradient of the SwiGLU's gate, with dropout",
            ],
            DROPOUT,
        ),
    ] {
        let (y, d, dgate) = (w.output(len), w.noise(len), w.output(len));
        let op = Op::Swiglu {
            gate: gate.clone(),
            up: up.clone(),
            y: y.clone(),
            dropout,
        };
        w.check(op, &[(names[0], &y)]);
        let op = Op::SwigluBackward {
            gate: gate.clone(),
            up: up.clone(),
            d: d.clone(),
            dgate: dgate.clone(),
            dropout,
        };
        w.check(op, &[(names[1], &d), (names[2], &dgate)]);
    }
}

/// Sequences of which the last tokens of one stand before the first of the next; some are shorter than the
/// field reaches.
pub fn near_field(w: &mut World) {
    let dim = 37;
    for (names, sequences, seq_len) in [
        (
            [
                "near field",
                "gradient of the near field",
                "gradient of its weights",
            ],
            3,
            29,
        ),
        (
            [
                "near field of few tokens",
                "gradient of the near field of few tokens",
                "gradient of its weights, of few tokens",
            ],
            5,
            2,
        ),
    ] {
        let len = sequences * seq_len * dim;
        let (x, dy) = (w.noise(len), w.noise(len));
        let weight = w.noise(NEAR_FIELD * dim);
        let (y, dx) = (w.output(len), w.noise(len));
        let dweight = w.gradient(NEAR_FIELD * dim);
        let op = Op::NearField {
            x: x.clone(),
            weight: weight.clone(),
            y: y.clone(),
            seq_len,
        };
        w.check(op, &[(names[0], &y)]);
        let op = Op::NearFieldBackward {
            x,
            weight,
            dy,
            dx: dx.clone(),
            dweight: dweight.clone(),
            seq_len,
        };
        w.check(op, &[(names[1], &dx), (names[2], &dweight)]);
    }
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
