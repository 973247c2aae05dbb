//! Scalars: one trait, so that every CPU kernel runs in float32 for use and float64 for proof.
//!
//! The float32 functions are written without branches or table look-ups, so that LLVM turns loops
//! over them into vector code, natively and in WebAssembly.

use rustfft::FftNum;
use std::ops::{AddAssign, MulAssign, SubAssign};

/// A floating-point scalar of the CPU kernels.
pub trait Real: FftNum + AddAssign + SubAssign + MulAssign + PartialOrd + Default {
    /// Rounds from float64.
    fn of(x: f64) -> Self;
    /// Widens to float64.
    fn wide(self) -> f64;
    /// e^x; saturates rather than overflowing, and keeps NaN.
    fn exp(self) -> Self;
    /// The error function.
    fn erf(self) -> Self;
    /// √x.
    fn sqrt(self) -> Self;
    /// Neither infinite nor NaN.
    fn finite(self) -> bool;

    /// sum += k·x, element by element: rounded once where the machine has a fused instruction for it.
    #[inline(always)]
    fn multiply_add<const N: usize>(k: Self, x: &[Self; N], sum: &mut [Self; N]) {
        for (sum, x) in sum.iter_mut().zip(x) {
            *sum += k * *x;
        }
    }

    /// sum += x∘y, element by element, rounded as by [`Real::multiply_add`].
    #[inline(always)]
    fn add_products<const N: usize>(x: &[Self; N], y: &[Self; N], sum: &mut [Self; N]) {
        for ((sum, x), y) in sum.iter_mut().zip(x).zip(y) {
            *sum += *x * *y;
        }
    }

    /// sum -= x∘y.
    #[inline(always)]
    fn subtract_products<const N: usize>(x: &[Self; N], y: &[Self; N], sum: &mut [Self; N]) {
        for ((sum, x), y) in sum.iter_mut().zip(x).zip(y) {
            *sum -= *x * *y;
        }
    }

    /// C ← A·B, or C += A·B, or C ← bias + A·B, over strided matrices: (m, k), (k, n) and (m, n)
    /// for the shape `[m, k, n]`. A and B have the distances between rows and between columns; C's
    /// columns lie together, and it has the one between its rows. A bias (n) takes precedence over
    /// `accumulate`.
    ///
    /// # Safety
    /// Every element that the shapes and strides address must lie within its allocation, and C's
    /// must overlap neither each other nor A or B.
    unsafe fn matrix_product(
        shape: [usize; 3],
        a: (*const Self, [isize; 2]),
        b: (*const Self, [isize; 2]),
        bias: Option<*const Self>,
        accumulate: bool,
        c: (*mut Self, usize),
    );

    /// 1/(1 + e^-x).
    #[inline(always)]
    fn sigmoid(self) -> Self {
        Self::one() / (Self::one() + (-self).exp())
    }
}

/// e^x within 2 units in the last place: range reduction and polynomial of Cephes' `expf`.
#[inline(always)]
pub fn exp_f32(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5·2²³: adding it rounds to a whole number
    let (x, asked) = (x.clamp(-87.0, 88.0), x);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = x - k * 0.693_359_4 + k * 2.121_944_4e-4;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 5.000_000_3e-1;
    let p = p * r * r + r + 1.0;
    // The low bits of `shifted` hold k; moved into the exponent they make 2^k.
    let power = p * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    keep_nan(asked, power)
}

/// `y`, or NaN where `x` is. WebAssembly's relaxed instructions make `clamp` forget a NaN, and a step
/// that went wrong would pass for a good one.
#[inline(always)]
fn keep_nan(x: f32, y: f32) -> f32 {
    if x.is_nan() { x } else { y }
}

/// erf within 4e-7: the rational approximation of Eigen's `perf` (x·P(x²)/Q(x²) on [-4, 4]).
#[inline(always)]
pub fn erf_f32(x: f32) -> f32 {
    let (x, asked) = (x.clamp(-4.0, 4.0), x);
    let s = x * x;
    let p = -2.726_142_3e-10;
    let p = p * s + 2.770_681_4e-8;
    let p = p * s - 2.101_024e-6;
    let p = p * s - 5.692_506_4e-5;
    let p = p * s - 7.349_906_3e-4;
    let p = p * s - 2.954_6e-3;
    let p = p * s - 1.609_603_3e-2;
    let q = -1.456_607_2e-5;
    let q = q * s - 2.133_740_6e-4;
    let q = q * s - 1.682_827e-3;
    let q = q * s - 7.373_329_2e-3;
    let q = q * s - 1.426_473_9e-2;
    keep_nan(asked, x * p / q)
}

/// What `matrixmultiply` has to scale C by: a bias is written to C beforehand.
unsafe fn beta<T: Real>(
    [m, n]: [usize; 2],
    bias: Option<*const T>,
    accumulate: bool,
    (c, row_stride): (*mut T, usize),
) -> T {
    if let Some(bias) = bias {
        for r in 0..m {
            // SAFETY: C has m rows of n, the bias one.
            unsafe { c.add(r * row_stride).copy_from_nonoverlapping(bias, n) };
        }
    }
    if accumulate || bias.is_some() {
        T::one()
    } else {
        T::zero()
    }
}

impl Real for f32 {
    #[inline(always)]
    fn of(x: f64) -> Self {
        x as f32
    }
    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        exp_f32(self)
    }
    #[inline(always)]
    fn erf(self) -> Self {
        erf_f32(self)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }
    #[inline(always)]
    fn finite(self) -> bool {
        self.is_finite()
    }
    #[cfg(target_feature = "fma")]
    #[inline(always)]
    fn multiply_add<const N: usize>(k: Self, x: &[Self; N], sum: &mut [Self; N]) {
        for (sum, x) in sum.iter_mut().zip(x) {
            *sum = k.mul_add(*x, *sum);
        }
    }
    #[cfg(target_feature = "fma")]
    #[inline(always)]
    fn add_products<const N: usize>(x: &[Self; N], y: &[Self; N], sum: &mut [Self; N]) {
        for ((sum, x), y) in sum.iter_mut().zip(x).zip(y) {
            *sum = x.mul_add(*y, *sum);
        }
    }
    #[cfg(target_feature = "fma")]
    #[inline(always)]
    fn subtract_products<const N: usize>(x: &[Self; N], y: &[Self; N], sum: &mut [Self; N]) {
        for ((sum, x), y) in sum.iter_mut().zip(x).zip(y) {
            *sum = (-*x).mul_add(*y, *sum);
        }
    }
    #[cfg(target_arch = "wasm32")]
    #[inline(always)]
    fn add_products<const N: usize>(x: &[Self; N], y: &[Self; N], sum: &mut [Self; N]) {
        super::lanes::into_each(x, y, sum, super::lanes::multiply_add);
    }
    #[cfg(target_arch = "wasm32")]
    #[inline(always)]
    fn subtract_products<const N: usize>(x: &[Self; N], y: &[Self; N], sum: &mut [Self; N]) {
        super::lanes::into_each(x, y, sum, super::lanes::multiply_subtract);
    }
    #[cfg(target_arch = "wasm32")]
    #[inline(always)]
    fn multiply_add<const N: usize>(k: Self, x: &[Self; N], sum: &mut [Self; N]) {
        use super::lanes::{load, load_splat, multiply_add, store};
        const { assert!(N.is_multiple_of(4), "four lanes at a time") };
        for i in (0..N).step_by(4) {
            // SAFETY: both arrays have four elements from i on.
            unsafe {
                let at = sum.as_mut_ptr().add(i);
                let product = multiply_add(load_splat(&k), load(x.as_ptr().add(i)), load(at));
                store(at, product);
            }
        }
    }
    #[cfg(target_arch = "wasm32")]
    unsafe fn matrix_product(
        shape: [usize; 3],
        a: (*const Self, [isize; 2]),
        b: (*const Self, [isize; 2]),
        bias: Option<*const Self>,
        accumulate: bool,
        c: (*mut Self, usize),
    ) {
        // SAFETY: the caller's promise is the callee's.
        unsafe { super::tiled_product::tiled_product(shape, a, b, bias, accumulate, c) }
    }
    #[cfg(not(target_arch = "wasm32"))]
    unsafe fn matrix_product(
        [m, k, n]: [usize; 3],
        (a, [ra, ca]): (*const Self, [isize; 2]),
        (b, [rb, cb]): (*const Self, [isize; 2]),
        bias: Option<*const Self>,
        accumulate: bool,
        (c, rc): (*mut Self, usize),
    ) {
        // SAFETY: the caller's promise is the callees'.
        unsafe {
            let beta = beta([m, n], bias, accumulate, (c, rc));
            let rc = rc as isize;
            matrixmultiply::sgemm(m, k, n, 1.0, a, ra, ca, b, rb, cb, beta, c, rc, 1)
        }
    }
}

impl Real for f64 {
    #[inline(always)]
    fn of(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }
    #[inline(always)]
    fn exp(self) -> Self {
        libm::exp(self)
    }
    #[inline(always)]
    fn erf(self) -> Self {
        libm::erf(self)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }
    #[inline(always)]
    fn finite(self) -> bool {
        self.is_finite()
    }
    unsafe fn matrix_product(
        [m, k, n]: [usize; 3],
        (a, [ra, ca]): (*const Self, [isize; 2]),
        (b, [rb, cb]): (*const Self, [isize; 2]),
        bias: Option<*const Self>,
        accumulate: bool,
        (c, rc): (*mut Self, usize),
    ) {
        // SAFETY: the caller's promise is the callees'.
        unsafe {
            let beta = beta([m, n], bias, accumulate, (c, rc));
            let rc = rc as isize;
            matrixmultiply::dgemm(m, k, n, 1.0, a, ra, ca, b, rb, cb, beta, c, rc, 1)
        }
    }
}

/// ln(1 + e^x), without overflow, and with `libm` so that it is the same on every machine.
pub fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

/// The inverse of [`softplus`], for y above 0.
pub fn inverse_softplus(y: f64) -> f64 {
    y + libm::log(-libm::expm1(-y))
}

/// The place of the first number that is infinite or none, if there is one.
pub fn first_not_finite(values: &[f32]) -> Option<usize> {
    // Blocks that a vector unit looks through without asking after each number.
    const BLOCK: usize = 1024;
    const EXPONENT: u32 = 0x7F80_0000;
    let largest = |block: &[f32]| {
        let exponents = block.iter().map(|x| x.to_bits() & EXPONENT);
        exponents.fold(0, u32::max)
    };
    let (number, block) =
        (values.chunks(BLOCK).enumerate()).find(|(_, block)| largest(block) == EXPONENT)?;
    let place = block.iter().position(|x| !x.is_finite())?;
    Some(number * BLOCK + place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_a_few_units() {
        for i in -8700..8800 {
            let x = i as f32 * 0.01;
            let expected = libm::exp(f64::from(x));
            let error = (f64::from(exp_f32(x)) / expected - 1.0).abs();
            assert!(error < 3e-7, "e^{x}: relative error {error:e}");
        }
        assert!(exp_f32(f32::NAN).is_nan());
        assert!(exp_f32(-1e30) < 1e-37 && exp_f32(1e30) > 1e38);
    }

    #[test]
    fn erf_is_within_4e_7() {
        for i in -600..=600 {
            let x = i as f32 * 0.01;
            let error = (f64::from(erf_f32(x)) - libm::erf(f64::from(x))).abs();
            assert!(error < 4e-7, "erf({x}): error {error:e}");
        }
        assert!(erf_f32(f32::NAN).is_nan());
    }

    #[test]
    fn the_first_number_that_is_none_is_found_wherever_it_is() {
        let mut values = vec![f32::MAX; 2500];
        assert_eq!(first_not_finite(&values), None);
        assert_eq!(first_not_finite(&[]), None);
        for (place, bad) in [
            (2499, f32::NAN),
            (1024, f32::INFINITY),
            (0, f32::NEG_INFINITY),
        ] {
            values[place] = bad;
            assert_eq!(first_not_finite(&values), Some(place));
        }
    }
}
