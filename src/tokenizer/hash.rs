//! A quick hash for maps whose keys are one integer.
//!
//! The standard one resists keys chosen to collide, which costs most of the time of training and
//! encoding. Here the keys are pairs of token ids and characters.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map with one integer or one character as the key.
pub(super) type IntegerMap<K, V> = HashMap<K, V, BuildHasherDefault<IntegerHasher>>;

/// Multiplies by 2^64 divided by the golden ratio, and folds the high half into the low one.
#[derive(Clone, Copy, Default)]
pub(super) struct IntegerHasher(u64);

impl Hasher for IntegerHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0 ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
