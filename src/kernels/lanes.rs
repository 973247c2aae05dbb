//! Four float32 in one register, as WebAssembly has them; natively a twin, so that `cargo test`
//! runs the code that the browser will.

#[cfg(target_arch = "wasm32")]
mod vector {
    use core::arch::wasm32::*;

    /// Four numbers.
    pub type Lanes = v128;

    /// All four zero.
    #[inline(always)]
    pub fn zero() -> Lanes {
        f32x4_splat(0.0)
    }

    /// a·b + c: rounded once where the build allows the relaxed instructions and the machine has a
    /// fused one, otherwise twice.
    #[inline(always)]
    pub fn multiply_add(a: Lanes, b: Lanes, c: Lanes) -> Lanes {
        #[cfg(target_feature = "relaxed-simd")]
        return f32x4_relaxed_madd(a, b, c);
        #[cfg(not(target_feature = "relaxed-simd"))]
        f32x4_add(f32x4_mul(a, b), c)
    }

    /// c - a·b, rounded as [`multiply_add`] is.
    #[inline(always)]
    pub fn multiply_subtract(a: Lanes, b: Lanes, c: Lanes) -> Lanes {
        #[cfg(target_feature = "relaxed-simd")]
        return f32x4_relaxed_nmadd(a, b, c);
        #[cfg(not(target_feature = "relaxed-simd"))]
        f32x4_sub(c, f32x4_mul(a, b))
    }

    /// sum ← op(x, y, sum), four at a time.
    #[inline(always)]
    pub fn into_each<const N: usize>(
        x: &[f32; N],
        y: &[f32; N],
        sum: &mut [f32; N],
        op: impl Fn(Lanes, Lanes, Lanes) -> Lanes,
    ) {
        const { assert!(N.is_multiple_of(4), "four lanes at a time") };
        for i in (0..N).step_by(4) {
            // SAFETY: the arrays have four elements from i on.
            unsafe {
                let (x, y) = (load(x.as_ptr().add(i)), load(y.as_ptr().add(i)));
                let at = sum.as_mut_ptr().add(i);
                store(at, op(x, y, load(at)));
            }
        }
    }

    /// # Safety
    /// Four numbers are readable at `from`.
    #[inline(always)]
    pub unsafe fn load(from: *const f32) -> Lanes {
        unsafe { v128_load(from.cast()) }
    }

    /// One number, four times.
    ///
    /// # Safety
    /// It is readable at `from`.
    #[inline(always)]
    pub unsafe fn load_splat(from: *const f32) -> Lanes {
        unsafe { v128_load32_splat(from.cast()) }
    }

    /// # Safety
    /// Four numbers are writable at `to`.
    #[inline(always)]
    pub unsafe fn store(to: *mut f32, x: Lanes) {
        unsafe { v128_store(to.cast(), x) }
    }

    /// Rows become columns.
    #[inline(always)]
    pub fn transpose([a, b, c, d]: [Lanes; 4]) -> [Lanes; 4] {
        let (ab, cd) = (
            i32x4_shuffle::<0, 4, 1, 5>(a, b),
            i32x4_shuffle::<0, 4, 1, 5>(c, d),
        );
        let (ab2, cd2) = (
            i32x4_shuffle::<2, 6, 3, 7>(a, b),
            i32x4_shuffle::<2, 6, 3, 7>(c, d),
        );
        [
            i64x2_shuffle::<0, 2>(ab, cd),
            i64x2_shuffle::<1, 3>(ab, cd),
            i64x2_shuffle::<0, 2>(ab2, cd2),
            i64x2_shuffle::<1, 3>(ab2, cd2),
        ]
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod vector {
    use std::array::from_fn;

    pub type Lanes = [f32; 4];

    pub fn zero() -> Lanes {
        [0.0; 4]
    }

    pub fn multiply_add(a: Lanes, b: Lanes, c: Lanes) -> Lanes {
        from_fn(|i| a[i] * b[i] + c[i])
    }

    pub unsafe fn load(from: *const f32) -> Lanes {
        unsafe { from.cast::<Lanes>().read() }
    }

    pub unsafe fn load_splat(from: *const f32) -> Lanes {
        unsafe { [*from; 4] }
    }

    pub unsafe fn store(to: *mut f32, x: Lanes) {
        unsafe { to.cast::<Lanes>().write(x) }
    }

    pub fn transpose(rows: [Lanes; 4]) -> [Lanes; 4] {
        from_fn(|i| from_fn(|j| rows[j][i]))
    }
}

pub use vector::*;
