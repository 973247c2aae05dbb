//! The gated linear unit with SiLU (Shazeer 2020), followed by dropout: y = mask ∘ silu(gate) ∘ up, where
//! silu(x) = x/(1 + e^-x).

use super::Real;
use super::dropout::Mask;
use super::parallel::for_each_block;

const BLOCK: usize = 1 << 13;

/// `gate`, `up`, `y`: of one length; overwrites `y`.
pub fn swiglu<T: Real>(gate: &[T], up: &[T], y: &mut [T], mask: Mask<T>) {
    for_each_block(gate.len(), BLOCK, [(y, 1)], |first, [y]| {
        let part = first..first + y.len();
        for ((y, gate), up) in y.iter_mut().zip(&gate[part.clone()]).zip(&up[part]) {
            *y = *gate * gate.sigmoid() * *up;
        }
        drop_some(y, first, mask);
    });
}

/// Turns `d`, the gradient of `y`, into that of `up`, and overwrites `dgate` with that of `gate`.
pub fn swiglu_backward<T: Real>(gate: &[T], up: &[T], d: &mut [T], dgate: &mut [T], mask: Mask<T>) {
    for_each_block(
        gate.len(),
        BLOCK,
        [(d, 1), (dgate, 1)],
        |first, [d, dgate]| {
            let part = first..first + d.len();
            let inputs = gate[part.clone()].iter().zip(&up[part]);
            drop_some(d, first, mask);
            for ((d, dgate), (gate, up)) in d.iter_mut().zip(dgate).zip(inputs) {
                let open = gate.sigmoid();
                // silu'(x) = σ(x)·(1 + x·(1 - σ(x)))
                *dgate = *d * *up * open * (T::one() + *gate * (T::one() - open));
                *d *= *gate * open;
            }
        },
    );
}

/// x ← mask ∘ x, for elements from `first` on.
fn drop_some<T: Real>(x: &mut [T], first: usize, mask: Mask<T>) {
    if mask.drops() {
        for (i, x) in x.iter_mut().enumerate() {
            *x *= mask.at(first + i);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::dropout::DropoutSite;
    use crate::kernels::testing::{check_gradient, dot, normals};

    #[test]
    fn values_are_those_of_the_formula() {
        let (gate, up) = ([-1.0f32, 0.0, 0.5, 2.0], [2.0f32, 3.0, -1.0, 0.25]);
        let mut y = [f32::NAN; 4];
        swiglu(&gate, &up, &mut y, Mask::new(None, 0));
        // torch.nn.functional.silu at -1, 0, 0.5 and 2
        let silu = [-0.268_941_42, 0.0, 0.311_229_67, 1.761_594_2];
        for ((y, silu), up) in y.iter().zip(silu).zip(up) {
            assert!((y - silu * up).abs() < 5e-7, "{y} for {silu} times {up}");
        }
    }

    #[test]
    fn backward_matches_finite_differences() {
        let (gate, up, dy) = (normals(1, 37), normals(2, 37), normals(3, 37));
        let site = DropoutSite {
            probability: 0.3,
            site: 1,
        };
        let mask = Mask::new(Some(site), 7);
        let (mut dup, mut dgate) = (dy.clone(), vec![f64::NAN; 37]);
        swiglu_backward(&gate, &up, &mut dup, &mut dgate, mask);
        assert!(dup.contains(&0.0), "the mask drops something here");
        let loss = |gate: &[f64], up: &[f64]| {
            let mut y = vec![f64::NAN; 37];
            swiglu(gate, up, &mut y, mask);
            dot(&y, &dy)
        };
        check_gradient("gate", &gate, &dgate, |gate| loss(gate, &up));
        check_gradient("up", &up, &dup, |up| loss(&gate, up));
    }
}
