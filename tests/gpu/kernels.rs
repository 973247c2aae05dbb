//! One case a kernel: both twins on shapes that fit no tile, with poisoned outputs.

use crate::twins::Twins;
use crate::{IN_BROWSER, Outcome};
use wavefield::backend::gpu::GpuDevice;
use wavefield::backend::{Matrix, Op, Then, View};
use wavefield::kernels::dropout::DropoutSite;
use wavefield::kernels::matrix_product::Shape;

pub const DROPOUT: Option<DropoutSite> = Some(DropoutSite {
    probability: 0.3,
    site: 9,
});

/// The norm of a tensor of gradients, which also makes them whole.
pub fn whole(twins: &mut Twins, gradients: &View) -> Op {
    Op::GradientNorm {
        gradients: gradients.clone(),
        norm: twins.poisoned(1),
    }
}

pub async fn zero(device: GpuDevice) -> Outcome {
    let mut t = Twins::new(device);
    let x = t.normals(1000);
    let y = View::of(x.tensor, 3..901);
    t.run(&[Op::Zero { y }]);
    t.same("zero", &x, 0.0, 0.0).await
}

fn matrix(view: View, shape: Shape) -> Matrix {
    Matrix { view, shape }
}

pub async fn matrix_product(device: GpuDevice) -> Outcome {
    for (m, k, n) in [
        (1, 1, 1),
        (7, 5, 3),
        (33, 17, 9),
        (130, 70, 65),
        (600, 40, 1000),
    ] {
        for case in 0..16 {
            let (ta, tb) = (case & 1 > 0, case & 2 > 0);
            let (accumulate, wide) = (case & 4 > 0, case & 8 > 0);
            // Tiles are compiled anew for each layout of a and b: by turns in a browser.
            if IN_BROWSER && (ta == tb) == (m > 100) {
                continue;
            }
            let mut t = Twins::new(device.clone());
            let shape = |rows, columns, transposed| {
                if transposed {
                    Shape::dense(columns, rows).transpose()
                } else {
                    Shape::dense(rows, columns)
                }
            };
            let (a, b) = (t.normals(m * k + 5), t.normals(k * n));
            let a = View::of(a.tensor, 5..a.len());
            let stride = if wide { n + 3 } else { n };
            let shape_c = Shape::columns_of(m, n, stride);
            let c = t.normals(shape_c.extent());
            let bias = (!accumulate).then(|| t.normals(n));
            t.run(&[Op::MatrixProduct {
                a: matrix(a, shape(m, k, ta)),
                b: matrix(b, shape(k, n, tb)),
                c: matrix(c.clone(), shape_c),
                bias,
                accumulate,
                then: Then::Nothing,
            }]);
            t.same(&format!("{m}x{k}x{n} case {case}"), &c, 2e-5, 2e-5)
                .await?;
        }
    }
    Ok(())
}

pub async fn what_follows_a_product(device: GpuDevice) -> Outcome {
    let (m, k, n) = (45, 33, 70);
    for dropout in [None, DROPOUT] {
        for kind in 0..3 {
            let mut t = Twins::new(device.clone());
            let (a, b, bias) = (t.normals(m * k), t.normals(n * k), t.normals(n));
            let (x, c, y) = (t.normals(m * n), t.poisoned(m * n), t.poisoned(m * n));
            let then = match kind {
                0 => Then::Gelu {
                    y: y.clone(),
                    dropout,
                },
                1 => Then::GeluBackward { x, dropout },
                _ => Then::Residual {
                    x,
                    out: y.clone(),
                    dropout,
                },
            };
            t.run(&[Op::MatrixProduct {
                a: matrix(a, Shape::dense(m, k)),
                b: matrix(b, Shape::dense(n, k).transpose()),
                c: matrix(c.clone(), Shape::dense(m, n)),
                bias: (kind != 1).then_some(bias),
                accumulate: false,
                then,
            }]);
            // After a residual C holds what it may.
            if kind != 2 {
                t.same(&format!("C of {kind}"), &c, 3e-5, 3e-5).await?;
            }
            t.same(&format!("y of {kind}"), &y, 3e-5, 3e-5).await?;
        }
    }
    Ok(())
}

pub async fn weight_gradient(device: GpuDevice) -> Outcome {
    let (rows, outputs, inputs) = (77, 35, 70);
    let mut t = Twins::new(device);
    let (dy, x) = (t.normals(rows * outputs), t.normals(rows * inputs));
    let gradients = t.gradients(outputs * inputs + outputs + 9);
    let weight = View::of(gradients.tensor, 4..4 + outputs * inputs);
    let bias = View::of(
        gradients.tensor,
        weight.range.end..weight.range.end + outputs,
    );
    let op = Op::WeightGradient {
        dy: matrix(dy, Shape::dense(rows, outputs)),
        x: matrix(x, Shape::dense(rows, inputs)),
        dweight: matrix(weight, Shape::dense(outputs, inputs)),
        dbias: Some(bias),
    };
    let norm = whole(&mut t, &gradients);
    // Twice: it adds.
    t.run(&[op.clone(), op, norm]);
    t.same("gradients", &gradients, 5e-5, 5e-5).await
}
