//! Random numbers as a pure function of (seed, stream, counter).
//!
//! A counter-based generator has no state to save: initial values, batches, dropout and sampling
//! each own a stream, and resuming a run is a matter of knowing the step. All arithmetic is on
//! 32-bit integers, so that a GPU draws the same numbers.

/// Philox4x32-10: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3"
/// (SC 2011). The seed is the key; the stream and the counter are the block's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Philox {
    key: [u32; 2],
    stream: u64,
}

/// What a stream of random numbers is for. Distinct numbers keep the uses independent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Stream {
    /// Initial parameter values; the counter goes through the flat parameter vector.
    Initial = 1,
    /// Where the batch's rows are cut from the text.
    Batch = 2,
    /// The key of each dropout mask.
    Dropout = 3,
    /// Sampled tokens; the counter is the token's number.
    Sample = 4,
}

impl Philox {
    /// The generator of one seed and one stream.
    pub fn new(seed: u64, stream: u64) -> Self {
        Philox {
            key: [seed as u32, (seed >> 32) as u32],
            stream,
        }
    }

    /// The generator that a use of random numbers owns.
    pub fn stream(seed: u64, stream: Stream) -> Self {
        Philox::new(seed, stream as u64)
    }

    /// Four independent 32-bit words for one counter.
    pub fn block(&self, counter: u64) -> [u32; 4] {
        let mut c = [
            counter as u32,
            (counter >> 32) as u32,
            self.stream as u32,
            (self.stream >> 32) as u32,
        ];
        let mut key = self.key;
        for _ in 0..10 {
            let a = u64::from(c[0]) * 0xD251_1F53;
            let b = u64::from(c[2]) * 0xCD9E_8D57;
            c = [
                (b >> 32) as u32 ^ c[1] ^ key[0],
                b as u32,
                (a >> 32) as u32 ^ c[3] ^ key[1],
                a as u32,
            ];
            key = [
                key[0].wrapping_add(0x9E37_79B9),
                key[1].wrapping_add(0xBB67_AE85),
            ];
        }
        c
    }

    /// Uniform in [0, 1), in steps of 2⁻²⁴: every value is exact in float32.
    pub fn uniform(&self, counter: u64) -> f32 {
        (self.block(counter)[0] >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// Uniform over 0..n by multiplication; the bias is at most n·2⁻⁶⁴.
    ///
    /// # Panics
    /// When n is 0.
    pub fn below(&self, counter: u64, n: u64) -> u64 {
        assert!(n > 0, "there is no number below 0");
        let [a, b, ..] = self.block(counter);
        let word = u64::from(a) << 32 | u64::from(b);
        ((u128::from(word) * u128::from(n)) >> 64) as u64
    }

    /// Standard normal by the Box–Muller transform in float64.
    pub fn normal(&self, counter: u64) -> f32 {
        let [a, b, c, d] = self.block(counter);
        let unit = |hi: u32, lo: u32| {
            ((u64::from(hi) << 21 | u64::from(lo) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
        };
        let radius = (-2.0 * libm::log(unit(a, b))).sqrt();
        (radius * libm::cos(std::f64::consts::TAU * unit(c, d))) as f32
    }
}

/// A well-mixed word for each 32-bit input: the finaliser "lowbias32" (Wellons, "Prospecting for
/// hash functions", 2018). Dropout masks need many cheap numbers, not strong ones.
#[inline(always)]
pub fn mix32(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x7FEB_352D);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846C_A68B);
    x ^ x >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers of the authors' own test vectors (Random123, `kat_vectors`).
    #[test]
    fn philox_matches_the_published_vectors() {
        assert_eq!(
            Philox::new(0, 0).block(0),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            Philox::new(u64::MAX, u64::MAX).block(u64::MAX),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
    }

    #[test]
    fn uniform_and_normal_have_the_right_moments() {
        let rng = Philox::stream(7, Stream::Initial);
        let n = 100_000;
        let mean = |f: &dyn Fn(u64) -> f64| (0..n).map(f).sum::<f64>() / n as f64;
        let close = |value: f64, expected: f64| assert!((value - expected).abs() < 0.02, "{value}");
        close(mean(&|i| f64::from(rng.uniform(i))), 0.5);
        close(mean(&|i| f64::from(rng.normal(i))), 0.0);
        close(mean(&|i| f64::from(rng.normal(i)).powi(2)), 1.0);
        close(mean(&|i| rng.below(i, 5) as f64), 2.0);
        assert!((0..n).all(|i| rng.below(i, 5) < 5 && (0.0..1.0).contains(&rng.uniform(i))));
    }

    #[test]
    fn streams_and_seeds_differ() {
        let words = [(1, 1), (1, 2), (2, 1)].map(|(seed, s)| Philox::new(seed, s).block(0));
        assert!(words[0] != words[1] && words[0] != words[2] && words[1] != words[2]);
    }
}
