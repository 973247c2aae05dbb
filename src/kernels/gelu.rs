//! The exact GELU, x·Φ(x) with Φ the normal distribution's, followed by dropout.

use super::Real;
use super::dropout::Mask;
use super::parallel::for_each_block;

const BLOCK: usize = 1 << 13;

/// y = mask ∘ gelu(x), element by element.
pub fn gelu<T: Real>(x: &[T], y: &mut [T], mask: Mask<T>) {
    for_each_block(x.len(), BLOCK, [(y, 1)], |first, [y]| {
        let x = &x[first..first + y.len()];
        for (y, x) in y.iter_mut().zip(x) {
            *y = *x * distribution(*x);
        }
        if mask.drops() {
            for (i, y) in y.iter_mut().enumerate() {
                *y *= mask.at(first + i);
            }
        }
    });
}

/// Turns `d`, the gradient of the output, into that of the input: d ← mask ∘ gelu'(x) ∘ d.
pub fn gelu_backward<T: Real>(x: &[T], d: &mut [T], mask: Mask<T>) {
    for_each_block(x.len(), BLOCK, [(d, 1)], |first, [d]| {
        let x = &x[first..first + d.len()];
        let density = T::of(0.398_942_280_401_432_7); // 1/√2π
        for (d, x) in d.iter_mut().zip(x) {
            let gaussian = (*x * *x * T::of(-0.5)).exp();
            *d *= distribution(*x) + *x * density * gaussian;
        }
        if mask.drops() {
            for (i, d) in d.iter_mut().enumerate() {
                *d *= mask.at(first + i);
            }
        }
    });
}

/// Φ(x) = (1 + erf(x/√2))/2.
#[inline(always)]
fn distribution<T: Real>(x: T) -> T {
    T::of(0.5) + T::of(0.5) * (x * T::of(std::f64::consts::FRAC_1_SQRT_2)).erf()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::dropout::DropoutSite;
    use crate::kernels::testing::{check_gradient, dot, normals};

    #[test]
    fn values_are_the_published_ones() {
        // torch.nn.functional.gelu at -1, 0, 0.5 and 2
        let x = [-1.0f32, 0.0, 0.5, 2.0];
        let mut y = [f32::NAN; 4];
        gelu(&x, &mut y, Mask::new(None, 0));
        for (y, expected) in y
            .iter()
            .zip([-0.158_655_26, 0.0, 0.345_731_23, 1.954_499_7])
        {
            assert!((y - expected).abs() < 5e-7, "{y} {expected}");
        }
    }

    #[test]
    fn backward_matches_finite_differences() {
        let (x, dy) = (normals(1, 37), normals(2, 37));
        let mask = Mask::new(
            Some(DropoutSite {
                probability: 0.3,
                site: 1,
            }),
            7,
        );
        let mut dx = dy.clone();
        gelu_backward(&x, &mut dx, mask);
        assert!(dx.contains(&0.0), "the mask drops something here");
        check_gradient("x", &x, &dx, |x| {
            let mut y = vec![f64::NAN; x.len()];
            gelu(x, &mut y, mask);
            dot(&y, &dy)
        });
    }
}
