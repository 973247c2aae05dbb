//! Interference: how much a token agrees with the mean of the text so far decides how much of that
//! mean it takes on.
//!
//! m = cos(local, global), u = σ(m/(softplus(T) + 0.05)), out = x + σ(gate) ∘ g·u.

use super::Real;
use super::layer_norm::{sum, sum_pair, sum_rows};
use super::parallel::{for_each_block, reduce_blocks};

const BLOCK: usize = 64;
/// Norms are at least this, as in `torch.nn.functional.normalize`.
pub const SMALLEST_NORM: f64 = 1e-12;
/// Added to the softplus of the temperature.
pub const TEMPERATURE_FLOOR: f64 = 0.05;
/// Numbers per row that the backward reads: 1/‖local‖, 1/‖global‖, alignment m, strength u.
pub const STATS: usize = 4;

/// What the kernel reads; all are (rows, dim) but `temperature`, a scalar.
#[derive(Clone, Copy)]
pub struct Inputs<'a, T> {
    /// The residual stream.
    pub x: &'a [T],
    /// W_l x + b_l.
    pub local: &'a [T],
    /// W_p g + b_p.
    pub global: &'a [T],
    /// The expanded context g.
    pub context: &'a [T],
    /// W_i [x; g] + b_i, before its sigmoid.
    pub gate: &'a [T],
    /// T, before its softplus.
    pub temperature: T,
}

/// softplus(T) + 0.05.
pub fn effective_temperature<T: Real>(raw: T) -> T {
    T::of(crate::model::softplus(raw.wide()) + TEMPERATURE_FLOOR)
}

/// `out`: (rows, dim); `stats`: (rows, [`STATS`]).
pub fn interfere<T: Real>(inputs: Inputs<T>, out: &mut [T], stats: &mut [T], dim: usize) {
    let inverse_temperature = T::one() / effective_temperature(inputs.temperature);
    let rows = out.len() / dim;
    for_each_block(
        rows,
        BLOCK,
        [(out, dim), (stats, STATS)],
        |first, [out, stats]| {
            let rows = out.chunks_exact_mut(dim).zip(stats.chunks_exact_mut(STATS));
            for (r, (out, stats)) in rows.enumerate() {
                let row = (first + r) * dim..(first + r + 1) * dim;
                let (local, global) = (&inputs.local[row.clone()], &inputs.global[row.clone()]);
                let inverse_norm = |v: &[T]| {
                    let norm = sum(v, |v| v * v).sqrt();
                    let least = T::of(SMALLEST_NORM);
                    T::one() / if norm > least { norm } else { least }
                };
                let (il, ig) = (inverse_norm(local), inverse_norm(global));
                let alignment = sum_pair(local, global, |l, g| l * g) * il * ig;
                let strength = (alignment * inverse_temperature).sigmoid();
                stats.copy_from_slice(&[il, ig, alignment, strength]);
                let (x, context) = (&inputs.x[row.clone()], &inputs.context[row.clone()]);
                let gate = &inputs.gate[row];
                for i in 0..dim {
                    out[i] = x[i] + gate[i].sigmoid() * context[i] * strength;
                }
            }
        },
    );
}

/// Gradients that the backward overwrites, each (rows, dim), and the scalar that it adds to.
pub struct Gradients<'a, T> {
    pub local: &'a mut [T],
    pub global: &'a mut [T],
    pub context: &'a mut [T],
    pub gate: &'a mut [T],
    pub temperature: &'a mut T,
}

/// `dout`: (rows, dim). The gradient of `x` itself is `dout`, and is left to the caller.
pub fn interfere_backward<T: Real>(
    inputs: Inputs<T>,
    stats: &[T],
    dout: &[T],
    d: Gradients<T>,
    dim: usize,
) {
    let inverse_temperature = T::one() / effective_temperature(inputs.temperature);
    let rows = dout.len() / dim;
    let dalignment = |r: usize| {
        let row = r * dim..(r + 1) * dim;
        let (gate, context) = (&inputs.gate[row.clone()], &inputs.context[row.clone()]);
        let dstrength = sum_rows([&dout[row], gate, context], |[dout, gate, context]| {
            dout * gate.sigmoid() * context
        });
        let strength = stats[r * STATS + 3];
        dstrength * strength * (T::one() - strength) * inverse_temperature
    };
    let mut dalignments = vec![T::zero(); rows];
    let outputs = [
        (d.local, dim),
        (d.global, dim),
        (d.context, dim),
        (d.gate, dim),
        (&mut dalignments[..], 1),
    ];
    for_each_block(
        rows,
        BLOCK,
        outputs,
        |first, [dlocal, dglobal, dcontext, dgate, dalignments]| {
            for r in 0..dlocal.len() / dim {
                let at = (first + r) * dim;
                let [il, ig, alignment, strength] = stats[(first + r) * STATS..][..STATS] else {
                    unreachable!("a row has {STATS} statistics");
                };
                let dm = dalignment(first + r);
                dalignments[r] = dm;
                // Below the smallest norm the divisor is a constant, and nothing is projected out.
                let edge = T::of(1.0 / SMALLEST_NORM);
                let (ml, mg) = (
                    if il < edge { alignment } else { T::zero() },
                    if ig < edge { alignment } else { T::zero() },
                );
                for i in 0..dim {
                    let (l, g) = (inputs.local[at + i] * il, inputs.global[at + i] * ig);
                    dlocal[r * dim + i] = dm * (g - ml * l) * il;
                    dglobal[r * dim + i] = dm * (l - mg * g) * ig;
                    let open = inputs.gate[at + i].sigmoid();
                    let dcarried = dout[at + i] * open * strength;
                    dcontext[r * dim + i] = dcarried;
                    dgate[r * dim + i] = dcarried * inputs.context[at + i] * (T::one() - open);
                }
            }
        },
    );
    let mut total = [T::zero()];
    reduce_blocks(rows, BLOCK * 4, &mut total, |first, count, total| {
        for r in first..first + count {
            total[0] += dalignments[r] * -stats[r * STATS + 2] * inverse_temperature;
        }
    });
    *d.temperature += total[0] * inputs.temperature.sigmoid();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::{check_gradient, dot, normals};

    #[test]
    fn backward_matches_finite_differences() {
        let (rows, dim) = (3, 6);
        let n = rows * dim;
        let v: Vec<Vec<f64>> = (1..=5).map(|seed| normals(seed, n)).collect();
        let (t, dout) = (vec![-0.7], normals(9, n));
        let inputs = |v: &'_ [Vec<f64>], t: f64| -> (f64, Vec<f64>) {
            let inputs = Inputs {
                x: &v[0],
                local: &v[1],
                global: &v[2],
                context: &v[3],
                gate: &v[4],
                temperature: t,
            };
            let (mut out, mut stats) = (vec![f64::NAN; n], vec![f64::NAN; rows * STATS]);
            interfere(inputs, &mut out, &mut stats, dim);
            (dot(&out, &dout), stats)
        };
        let stats = inputs(&v, t[0]).1;
        let mut d = vec![vec![f64::NAN; n]; 4];
        let mut dt = 0.0;
        let [dlocal, dglobal, dcontext, dgate] = &mut d[..] else {
            unreachable!()
        };
        interfere_backward(
            Inputs {
                x: &v[0],
                local: &v[1],
                global: &v[2],
                context: &v[3],
                gate: &v[4],
                temperature: t[0],
            },
            &stats,
            &dout,
            Gradients {
                local: dlocal,
                global: dglobal,
                context: dcontext,
                gate: dgate,
                temperature: &mut dt,
            },
            dim,
        );
        for (k, name) in ["local", "global", "context", "gate"]
            .into_iter()
            .enumerate()
        {
            check_gradient(name, &v[k + 1], &d[k], |moved| {
                let mut v = v.clone();
                v[k + 1] = moved.to_vec();
                inputs(&v, t[0]).0
            });
        }
        check_gradient("temperature", &t, &[dt], |t| inputs(&v, t[0]).0);
    }
}
