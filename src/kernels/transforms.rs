//! The Fourier transforms of `field_convolution`: rustfft's, natively with the machine's own vectors.
//!
//! rustfft plans WebAssembly's vectors too, but its plan carries the butterflies of every prime
//! length, a sixth of the engine, and lines are powers of two long. In the browser its Radix-4 runs over numbers of
//! four lanes instead, a line in each: four lines are transformed at once.

use super::Real;
use rustfft::num_complex::Complex;

/// The transforms of one length, planned once.
pub struct Transforms<T: Real> {
    len: usize,
    plan: Plan<T>,
}

#[cfg(target_arch = "wasm32")]
type Plan<T> = four_lines::Plan<T>;
#[cfg(not(target_arch = "wasm32"))]
type Plan<T> = one_line::Plan<T>;

/// Which way a transform goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Forward,
    Inverse,
}

/// Zero.
pub fn zero<T: Real>() -> Complex<T> {
    Complex::new(T::zero(), T::zero())
}

impl<T: Real> Transforms<T> {
    /// Plans both directions. In the browser the length must be a power of two.
    pub fn new(len: usize) -> Self {
        Transforms {
            len,
            plan: Plan::new(len),
        }
    }

    /// The length that was planned.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is nothing to transform.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Transforms lines in place, one after another in `lines`. Not normalised.
    pub fn run(
        &self,
        direction: Direction,
        lines: &mut [Complex<T>],
        scratch: &mut Vec<Complex<T>>,
    ) {
        self.plan.run(direction, lines, scratch);
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod one_line {
    use super::{Complex, Direction, Real, zero};
    use rustfft::{Fft, FftPlanner};
    use std::sync::Arc;

    pub struct Plan<T: Real> {
        forward: Arc<dyn Fft<T>>,
        inverse: Arc<dyn Fft<T>>,
    }

    impl<T: Real> Plan<T> {
        pub fn new(len: usize) -> Self {
            let mut planner = FftPlanner::new();
            Plan {
                forward: planner.plan_fft_forward(len),
                inverse: planner.plan_fft_inverse(len),
            }
        }

        pub fn run(
            &self,
            direction: Direction,
            lines: &mut [Complex<T>],
            scratch: &mut Vec<Complex<T>>,
        ) {
            let fft = match direction {
                Direction::Forward => &self.forward,
                Direction::Inverse => &self.inverse,
            };
            scratch.resize(fft.get_inplace_scratch_len(), zero());
            fft.process_with_scratch(lines, scratch);
        }
    }
}

#[cfg(any(target_arch = "wasm32", test))]
mod four_lines {
    use super::{Complex, Direction, Real};
    use rustfft::algorithm::Radix4;
    use rustfft::algorithm::butterflies::{Butterfly2, Butterfly4, Butterfly8, Butterfly16};
    use rustfft::num_traits::{FromPrimitive, Num, One, Signed, Zero};
    use rustfft::{Fft, FftDirection};
    use std::array::from_fn;
    use std::marker::PhantomData;
    use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
    use std::sync::Arc;

    /// One number of each of four lines.
    #[derive(Debug, Clone, Copy, PartialEq)]
    #[repr(align(16))]
    struct Four([f32; 4]);

    macro_rules! each {
        ($($name:ident $method:ident $operator:tt)*) => {$(
            impl $name for Four {
                type Output = Four;
                #[inline(always)]
                fn $method(self, other: Four) -> Four {
                    Four(from_fn(|i| self.0[i] $operator other.0[i]))
                }
            }
        )*};
    }
    each!(Add add + Sub sub - Mul mul * Div div / Rem rem %);

    impl Neg for Four {
        type Output = Four;
        #[inline(always)]
        fn neg(self) -> Four {
            Four(self.0.map(|x| -x))
        }
    }

    impl Zero for Four {
        #[inline(always)]
        fn zero() -> Four {
            Four([0.0; 4])
        }
        fn is_zero(&self) -> bool {
            *self == Four::zero()
        }
    }

    impl One for Four {
        #[inline(always)]
        fn one() -> Four {
            Four([1.0; 4])
        }
    }

    impl FromPrimitive for Four {
        fn from_i64(n: i64) -> Option<Four> {
            Some(Four([n as f32; 4]))
        }
        fn from_u64(n: u64) -> Option<Four> {
            Some(Four([n as f32; 4]))
        }
        fn from_f64(n: f64) -> Option<Four> {
            Some(Four([n as f32; 4]))
        }
    }

    // Asked for by rustfft's trait, never called by its transforms.
    impl Num for Four {
        type FromStrRadixErr = ();
        fn from_str_radix(_: &str, _: u32) -> Result<Four, ()> {
            Err(())
        }
    }

    impl Signed for Four {
        fn abs(&self) -> Four {
            Four(self.0.map(f32::abs))
        }
        fn abs_sub(&self, other: &Four) -> Four {
            Four(from_fn(|i| (self.0[i] - other.0[i]).max(0.0)))
        }
        fn signum(&self) -> Four {
            Four(self.0.map(f32::signum))
        }
        fn is_positive(&self) -> bool {
            self.0.iter().all(|x| *x > 0.0)
        }
        fn is_negative(&self) -> bool {
            self.0.iter().all(|x| *x < 0.0)
        }
    }

    /// The largest small transform of a length that Radix-4 steps lead to: 16, 8, 4 or 2.
    fn plan(len: usize, direction: FftDirection) -> Arc<dyn Fft<Four>> {
        assert!(len.is_power_of_two() && len > 1, "lines of {len} points");
        let exponent = len.trailing_zeros();
        let (base, small): (_, Arc<dyn Fft<Four>>) = match exponent {
            1 => (1, Arc::new(Butterfly2::new(direction))),
            2 => (2, Arc::new(Butterfly4::new(direction))),
            odd if odd % 2 == 1 => (3, Arc::new(Butterfly8::new(direction))),
            _ => (4, Arc::new(Butterfly16::new(direction))),
        };
        match exponent - base {
            0 => small,
            more => Arc::new(Radix4::new_with_base(more / 2, small)),
        }
    }

    pub struct Plan<T> {
        len: usize,
        forward: Arc<dyn Fft<Four>>,
        inverse: Arc<dyn Fft<Four>>,
        of: PhantomData<T>,
    }

    impl<T: Real> Plan<T> {
        pub fn new(len: usize) -> Self {
            Plan {
                len,
                forward: plan(len, FftDirection::Forward),
                inverse: plan(len, FftDirection::Inverse),
                of: PhantomData,
            }
        }

        pub fn run(&self, direction: Direction, lines: &mut [Complex<T>], _: &mut Vec<Complex<T>>) {
            let fft = match direction {
                Direction::Forward => &self.forward,
                Direction::Inverse => &self.inverse,
            };
            let zero = Complex::new(Four::zero(), Four::zero());
            let mut room = vec![zero; self.len];
            let mut scratch = vec![zero; fft.get_inplace_scratch_len()];
            for lines in lines.chunks_mut(4 * self.len) {
                for (lane, line) in lines.chunks_exact(self.len).enumerate() {
                    for (four, z) in room.iter_mut().zip(line) {
                        four.re.0[lane] = z.re.wide() as f32;
                        four.im.0[lane] = z.im.wide() as f32;
                    }
                }
                fft.process_with_scratch(&mut room, &mut scratch);
                for (lane, line) in lines.chunks_exact_mut(self.len).enumerate() {
                    for (four, z) in room.iter().zip(line) {
                        z.re = T::of(f64::from(four.re.0[lane]));
                        z.im = T::of(f64::from(four.im.0[lane]));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::normals;

    #[test]
    fn four_lines_at_once_are_the_same_transforms() {
        for bits in 1..=12 {
            let len = 1 << bits;
            for count in [1, 4, 7] {
                let numbers = normals(bits, 2 * count * len);
                let lines: Vec<Complex<f32>> = numbers
                    .chunks(2)
                    .map(|z| Complex::new(z[0] as f32, z[1] as f32))
                    .collect();
                let (one, four) = (Transforms::new(len), four_lines::Plan::new(len));
                for direction in [Direction::Forward, Direction::Inverse] {
                    let (mut expected, mut found) = (lines.clone(), lines.clone());
                    one.run(direction, &mut expected, &mut Vec::new());
                    four.run(direction, &mut found, &mut Vec::new());
                    let size = (len as f32).sqrt();
                    for (found, expected) in found.iter().zip(&expected) {
                        let off = (found - expected).norm() / size;
                        assert!(off < 2e-6, "{len}, {direction:?}: {found} for {expected}");
                    }
                }
            }
        }
    }
}
