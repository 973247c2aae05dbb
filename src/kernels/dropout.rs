//! Dropout from a counter-based generator: an element's fate is a pure function of the step's key,
//! the place in the model and the element's index, so the backward draws it again instead of
//! storing it, and a GPU can draw the same.

use super::Real;
use super::parallel::for_each_block;
use crate::rng::{Philox, Stream, mix32};

/// One place in the model where elements are dropped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DropoutSite {
    /// The chance of an element to be dropped, 0 <= p < 1.
    pub probability: f32,
    /// Tells the places of one step apart.
    pub site: u32,
}

/// The key of all masks of one training step.
pub fn step_key(seed: u64, step: u64) -> u32 {
    Philox::stream(seed, Stream::Dropout).block(step)[0]
}

/// A site's mask at one step: what element `i` is multiplied by.
#[derive(Clone, Copy)]
pub struct Mask<T> {
    key: u32,
    threshold: u32,
    scale: T,
}

impl<T: Real> Mask<T> {
    /// The mask of a site; without a site nothing is dropped.
    pub fn new(site: Option<DropoutSite>, step_key: u32) -> Self {
        let Some(DropoutSite { probability, site }) = site else {
            return Mask {
                key: 0,
                threshold: 0,
                scale: T::one(),
            };
        };
        Mask {
            key: mix32(step_key ^ mix32(site.wrapping_add(0x9E37_79B9))),
            threshold: (f64::from(probability) * 4_294_967_296.0) as u32,
            scale: T::of(1.0 / (1.0 - f64::from(probability))),
        }
    }

    /// The same mask from its element `first` on, for a tensor that holds a later part of a larger one.
    pub fn from_element(self, first: usize) -> Self {
        Mask {
            key: self.key.wrapping_add(first as u32),
            ..self
        }
    }

    /// 0 for a dropped element, otherwise 1/(1-p).
    #[inline(always)]
    pub fn at(&self, i: usize) -> T {
        if mix32((i as u32).wrapping_add(self.key)) >= self.threshold {
            self.scale
        } else {
            T::zero()
        }
    }

    /// Whether anything can be dropped at all.
    pub fn drops(&self) -> bool {
        self.threshold > 0
    }
}

/// y = mask ∘ x, which is its own backward.
pub fn dropout<T: Real>(x: &[T], y: &mut [T], mask: Mask<T>) {
    for_each_block(x.len(), 1 << 14, [(y, 1)], |first, [y]| {
        for (i, y) in y.iter_mut().enumerate() {
            *y = x[first + i] * mask.at(first + i);
        }
    });
}

/// out = x + mask ∘ y: a residual connection.
pub fn residual<T: Real>(x: &[T], y: &[T], out: &mut [T], mask: Mask<T>) {
    for_each_block(x.len(), 1 << 14, [(out, 1)], |first, [out]| {
        let (x, y) = (&x[first..first + out.len()], &y[first..first + out.len()]);
        if mask.drops() {
            for i in 0..out.len() {
                out[i] = x[i] + y[i] * mask.at(first + i);
            }
        } else {
            for i in 0..out.len() {
                out[i] = x[i] + y[i];
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_the_asked_share_and_keeps_the_mean() {
        let n = 100_000;
        let x = vec![1.0f32; n];
        let mut y = vec![f32::NAN; n];
        let site = |site| {
            Some(DropoutSite {
                probability: 0.1,
                site,
            })
        };
        dropout(&x, &mut y, Mask::new(site(3), step_key(5, 9)));
        let dropped = y.iter().filter(|y| **y == 0.0).count() as f64 / n as f64;
        assert!((dropped - 0.1).abs() < 0.005, "{dropped}");
        assert!((y.iter().sum::<f32>() / n as f32 - 1.0).abs() < 0.01);
        let mut other = vec![f32::NAN; n];
        for (changed, mask) in [
            ("site", Mask::new(site(4), step_key(5, 9))),
            ("step", Mask::new(site(3), step_key(5, 10))),
            ("seed", Mask::new(site(3), step_key(6, 9))),
        ] {
            dropout(&x, &mut other, mask);
            let same = y.iter().zip(&other).filter(|(a, b)| a == b).count() as f64 / n as f64;
            // Independent masks agree on 0.9² + 0.1² = 82 % of the elements.
            assert!((same - 0.82).abs() < 0.01, "{changed}: {same}");
        }
    }

    #[test]
    fn no_site_drops_nothing() {
        let (x, y) = ([1.0f64, 2.0], [0.5, 0.25]);
        for mask in [Mask::new(None, 1), Mask::new(None, 1).from_element(7)] {
            let mut out = [f64::NAN; 2];
            residual(&x, &y, &mut out, mask);
            assert_eq!(out, [1.5, 2.25]);
        }
    }

    #[test]
    fn a_part_of_a_tensor_has_its_part_of_the_mask() {
        let site = DropoutSite {
            probability: 0.5,
            site: 3,
        };
        let mask = Mask::<f32>::new(Some(site), step_key(5, 9));
        let part = mask.from_element(100);
        assert!((0..1000).all(|i| part.at(i) == mask.at(100 + i)));
    }
}
