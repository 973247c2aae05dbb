//! A block of tokens, passed by the waves of a column.

use super::super::Real;
use super::super::wave_rotation::ROTATION_GRADIENT;
use super::way::{Column, Step};
use super::{BLOCK, CHANNELS, Lanes, Waves};

/// z·w.
#[inline(always)]
pub(super) fn turned<T: Real>(z: &Waves<T>, w: &Waves<T>) -> Waves<T> {
    let zero = [T::zero(); CHANNELS];
    plus_turned(z, w, [zero, zero])
}

/// z·w + sum.
#[inline(always)]
pub(super) fn plus_turned<T: Real>(
    z: &Waves<T>,
    w: &Waves<T>,
    [mut re, mut im]: Waves<T>,
) -> Waves<T> {
    T::add_products(&z[0], &w[0], &mut re);
    T::subtract_products(&z[1], &w[1], &mut re);
    T::add_products(&z[0], &w[1], &mut im);
    T::add_products(&z[1], &w[0], &mut im);
    [re, im]
}

/// Adds Re(c·w).
#[inline(always)]
pub(super) fn add_heard<T: Real>(c: &Waves<T>, w: &Waves<T>, sum: &mut Lanes<T>) {
    T::add_products(&c[0], &w[0], sum);
    T::subtract_products(&c[1], &w[1], sum);
}

#[inline(always)]
pub(super) fn scaled<T: Real>(k: T, x: &Lanes<T>) -> Lanes<T> {
    let mut y = *x;
    for y in &mut y {
        *y *= k;
    }
    y
}

/// Rows of a column's channels, `stride` numbers apart.
#[inline(always)]
pub(super) fn row<T>(x: &[T], token: usize, stride: usize) -> &Lanes<T> {
    x[token * stride..][..CHANNELS]
        .try_into()
        .expect("as many as asked for")
}

#[inline(always)]
pub(super) fn row_mut<T>(x: &mut [T], token: usize, stride: usize) -> &mut Lanes<T> {
    (&mut x[token * stride..][..CHANNELS])
        .try_into()
        .expect("as many as asked for")
}

impl<T: Real> Column<T> {
    /// The wave that reaches a token, z^Δ·v'.
    #[inline(always)]
    pub(super) fn arrive<const BETWEEN: bool>(&self, step: &Step<T>, wave: &Waves<T>) -> Waves<T> {
        turned(&self.powers[if BETWEEN { step.power } else { 1 }], wave)
    }

    /// The wave that a token leaves, of the one that reached it.
    #[inline(always)]
    pub(super) fn leave<const BETWEEN: bool>(
        &self,
        step: &Step<T>,
        mut wave: Waves<T>,
        q: &Lanes<T>,
    ) -> Waves<T> {
        T::multiply_add(step.lower, q, &mut wave[0]);
        if BETWEEN && step.upper > T::zero() {
            wave = turned(&self.per_cell, &wave);
            T::multiply_add(step.upper, q, &mut wave[0]);
        }
        wave
    }

    /// One block forward: `y` is what its tokens hear. A function of its own, so that the waves stay in
    /// registers.
    #[inline(never)]
    pub(super) fn hear<const BETWEEN: bool>(
        &self,
        steps: &[Step<T>],
        wave: &mut Waves<T>,
        x: &[T],
        y: &mut [T],
        stride: usize,
    ) {
        let mut v = *wave;
        for (t, step) in steps.iter().enumerate() {
            let q = row(x, t, stride);
            let mut heard = [T::zero(); CHANNELS];
            if BETWEEN {
                let mut a = self.arrive::<BETWEEN>(step, &v);
                T::multiply_add(step.lower, q, &mut a[0]);
                add_heard(&self.listen, &a, &mut heard);
                v = a;
                if step.upper > T::zero() {
                    v = turned(&self.per_cell, &a);
                    T::multiply_add(step.upper, q, &mut v[0]);
                    let mut second = [T::zero(); CHANNELS];
                    add_heard(&self.listen, &v, &mut second);
                    heard = scaled(step.lower, &heard);
                    T::multiply_add(step.upper, &second, &mut heard);
                }
            } else {
                v = plus_turned(&self.powers[1], &v, [*q, [T::zero(); CHANNELS]]);
                add_heard(&self.listen, &v, &mut heard);
            }
            *row_mut(y, t, stride) = heard;
        }
        *wave = v;
    }

    /// One block forward, for the wave alone.
    #[inline(never)]
    pub(super) fn pass<const BETWEEN: bool>(
        &self,
        steps: &[Step<T>],
        wave: &mut Waves<T>,
        x: &[T],
        stride: usize,
    ) {
        let mut v = *wave;
        for (t, step) in steps.iter().enumerate() {
            let q = row(x, t, stride);
            if BETWEEN {
                v = self.leave::<BETWEEN>(step, self.arrive::<BETWEEN>(step, &v), q);
            } else {
                v = plus_turned(&self.powers[1], &v, [*q, [T::zero(); CHANNELS]]);
            }
        }
        *wave = v;
    }

    /// One block backward, with the waves that arrived at its tokens. `adjoint` is z^Δ'·A' of the
    /// token after it, and becomes that of the block before; `sums` are C and B.
    #[inline(never)]
    pub(super) fn hear_back<const BETWEEN: bool>(
        &self,
        steps: &[Step<T>],
        arrived: &[Waves<T>; BLOCK],
        adjoint: &mut Waves<T>,
        [x, dy]: [&[T]; 2],
        dx: &mut [T],
        stride: usize,
    ) -> [Lanes<T>; ROTATION_GRADIENT] {
        let zero = [T::zero(); CHANNELS];
        let [mut c, mut b] = [[zero; 2]; 2];
        let mut v = *adjoint;
        for (t, step) in steps.iter().enumerate().rev() {
            let (q, g) = (row(x, t, stride), row(dy, t, stride));
            let before = &arrived[t];
            let mut d = zero;
            let a;
            if BETWEEN && step.upper > T::zero() {
                let mut wave = *before;
                T::multiply_add(step.lower, q, &mut wave[0]);
                let on = turned(&self.per_cell, &wave);
                let mut second = on;
                T::multiply_add(step.upper, q, &mut second[0]);
                let (lower, upper) = (scaled(step.lower, g), scaled(step.upper, g));
                for (part, sum) in c.iter_mut().enumerate() {
                    T::add_products(&lower, &wave[part], sum);
                    T::add_products(&upper, &second[part], sum);
                }
                for (v, g) in v[0].iter_mut().zip(&upper) {
                    *v += *g;
                }
                b = plus_turned(&v, &on, b);
                let mut second = zero;
                add_heard(&self.listen, &v, &mut second);
                a = plus_turned(&self.per_cell, &v, [lower, zero]);
                let mut first = zero;
                add_heard(&self.listen, &a, &mut first);
                T::multiply_add(step.lower, &first, &mut d);
                T::multiply_add(step.upper, &second, &mut d);
            } else {
                for (v, g) in v[0].iter_mut().zip(g) {
                    *v += *g;
                }
                a = v;
                add_heard(&self.listen, &a, &mut d);
                T::add_products(g, &before[0], &mut c[0]);
                T::add_products(g, q, &mut c[0]);
                T::add_products(g, &before[1], &mut c[1]);
            }
            if BETWEEN {
                let far = [0, 1].map(|part| scaled(step.cells, &before[part]));
                b = plus_turned(&a, &far, b);
            } else {
                b = plus_turned(&a, before, b);
            }
            *row_mut(dx, t, stride) = d;
            v = self.arrive::<BETWEEN>(step, &a);
        }
        *adjoint = v;
        let cells = match BETWEEN {
            true => T::one(),
            false => steps[0].cells,
        };
        [c[0], c[1], scaled(cells, &b[0]), scaled(cells, &b[1])]
    }

    /// The waves that arrive at a block's tokens.
    #[inline(never)]
    pub(super) fn arrivals<const BETWEEN: bool>(
        &self,
        steps: &[Step<T>],
        mut wave: Waves<T>,
        x: &[T],
        stride: usize,
        arrived: &mut [Waves<T>; BLOCK],
    ) {
        for (t, (step, arrived)) in steps.iter().zip(arrived).enumerate() {
            *arrived = self.arrive::<BETWEEN>(step, &wave);
            wave = self.leave::<BETWEEN>(step, *arrived, row(x, t, stride));
        }
    }
}
