//! The arithmetic of one decoding step: matrix times vector and its small companions.
//!
//! Everything here sums in one fixed order that the source spells out, uses no fused
//! multiply-add, and takes transcendental functions from our own code. So a text decodes to the
//! same bits natively and in WebAssembly, and reading a prompt at once gives the same bits as
//! reading it token by token.

use crate::kernels::layer_norm::EPSILON;
use crate::kernels::math::{erf_f32, exp_f32};

/// Independent partial sums of a dot product: two vectors of WebAssembly, one of AVX.
const LANES: usize = 8;

/// out\[t,o\] = bias\[o\] + Σ_i weight\[o,i\]·x\[t,i\], for as many tokens t as `x` holds.
///
/// # Panics
/// When the lengths do not fit together.
pub fn linear(out: &mut [f32], x: &[f32], weight: &[f32], bias: &[f32], inputs: usize) {
    let (outputs, tokens) = (weight.len() / inputs, x.len() / inputs);
    assert_eq!(out.len(), outputs * tokens);
    assert_eq!(bias.len(), outputs);
    project(out, x, weight, inputs);
    for row in out.chunks_exact_mut(outputs) {
        for (o, b) in row.iter_mut().zip(bias) {
            *o += b;
        }
    }
}

/// [`linear`] without a bias.
///
/// # Panics
/// When the lengths do not fit together.
pub fn project(out: &mut [f32], x: &[f32], weight: &[f32], inputs: usize) {
    let (outputs, tokens) = (weight.len() / inputs, x.len() / inputs);
    assert_eq!(weight.len(), outputs * inputs);
    assert_eq!(x.len(), tokens * inputs);
    assert_eq!(out.len(), tokens * outputs);
    let mut o = 0;
    while o + 4 <= outputs {
        tile_rows::<4>(out, x, &weight[o * inputs..], inputs, outputs, o);
        o += 4;
    }
    while o < outputs {
        tile_rows::<1>(out, x, &weight[o * inputs..], inputs, outputs, o);
        o += 1;
    }
}

/// R rows of the weight against all tokens.
#[inline(always)]
fn tile_rows<const R: usize>(
    out: &mut [f32],
    x: &[f32],
    rows: &[f32],
    inputs: usize,
    outputs: usize,
    o: usize,
) {
    let rows: [&[f32]; R] = std::array::from_fn(|r| &rows[r * inputs..(r + 1) * inputs]);
    for (t, x) in x.chunks_exact(inputs).enumerate() {
        let sums = dots(rows, x);
        out[t * outputs + o..t * outputs + o + R].copy_from_slice(&sums);
    }
}

/// R dot products with one vector. Each is summed in the same order whatever R is.
#[inline(always)]
fn dots<const R: usize>(rows: [&[f32]; R], x: &[f32]) -> [f32; R] {
    let mut sums = [[0.0f32; LANES]; R];
    partial_sums(&mut sums, rows, x);
    let (_, x_rest) = x.as_chunks::<LANES>();
    let done = x.len() - x_rest.len();
    for r in 0..R {
        for (l, (w, x)) in rows[r][done..].iter().zip(x_rest).enumerate() {
            sums[r][l] += w * x;
        }
    }
    sums.map(add_lanes)
}

/// The whole chunks of [`dots`]. A function of its own, never inlined: next to the final sums over
/// lanes, LLVM would make vectors across rows instead of along them, six times slower.
#[inline(never)]
fn partial_sums<const R: usize>(sums: &mut [[f32; LANES]; R], rows: [&[f32]; R], x: &[f32]) {
    let (x, _) = x.as_chunks::<LANES>();
    let rows = rows.map(|row| &row.as_chunks::<LANES>().0[..x.len()]);
    let mut partial = [[0.0f32; LANES]; R];
    for (c, x) in x.iter().enumerate() {
        for r in 0..R {
            for l in 0..LANES {
                partial[r][l] += rows[r][c][l] * x[l];
            }
        }
    }
    *sums = partial;
}

fn add_lanes(s: [f32; LANES]) -> f32 {
    ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

/// Σ a·b.
///
/// # Panics
/// When the lengths differ.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    dots([a], b)[0]
}

/// Layer norm of each row of `x` into `out`: mean 0, variance 1, times `weight`, plus `bias`. Without a
/// bias the RMS norm, which leaves the mean: a mean square of 1, times `weight`.
///
/// # Panics
/// When the lengths do not fit together.
pub fn layer_norm(out: &mut [f32], x: &[f32], weight: &[f32], bias: Option<&[f32]>) {
    let dim = weight.len();
    assert_eq!(out.len(), x.len());
    for (out, x) in out.chunks_exact_mut(dim).zip(x.chunks_exact(dim)) {
        let mean = bias.map_or(0.0, |_| lane_sum(x) / dim as f32);
        for (o, x) in out.iter_mut().zip(x) {
            *o = x - mean;
        }
        let scale = 1.0 / (dot(out, out) / dim as f32 + EPSILON as f32).sqrt();
        for (o, w) in out.iter_mut().zip(weight) {
            *o = *o * scale * w;
        }
        if let Some(bias) = bias {
            add(out, bias);
        }
    }
}

fn lane_sum(x: &[f32]) -> f32 {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for chunk in chunks {
        for l in 0..LANES {
            sums[l] += chunk[l];
        }
    }
    for (sum, x) in sums.iter_mut().zip(rest) {
        *sum += x;
    }
    add_lanes(sums)
}

/// x ← x·(1 + erf(x/√2))/2, the exact GELU.
pub fn gelu(x: &mut [f32]) {
    for x in x {
        *x = 0.5 * *x * (1.0 + erf_f32(*x * std::f32::consts::FRAC_1_SQRT_2));
    }
}

/// x ← x/(1 + e^-x) ∘ up, the gated linear unit with SiLU.
pub fn swiglu(x: &mut [f32], up: &[f32]) {
    for (x, up) in x.iter_mut().zip(up) {
        *x = *x / (1.0 + exp_f32(-*x)) * up;
    }
}

/// x ← 1/(1 + e^-x).
pub fn sigmoid(x: &mut [f32]) {
    for x in x {
        *x = 1.0 / (1.0 + exp_f32(-*x));
    }
}

/// a ← a + b.
pub fn add(a: &mut [f32], b: &[f32]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Philox;

    fn numbers(n: usize, stream: u64) -> Vec<f32> {
        let random = Philox::new(1, stream);
        (0..n as u64).map(|i| random.normal(i)).collect()
    }

    #[test]
    fn linear_equals_the_sum_in_float64_at_awkward_sizes() {
        for (inputs, outputs, tokens) in [
            (1, 1, 1),
            (6, 24, 2),
            (8, 4, 3),
            (23, 7, 5),
            (128, 130, 1),
            (40, 9, 16),
        ] {
            let (x, w) = (numbers(inputs * tokens, 1), numbers(inputs * outputs, 2));
            let b = numbers(outputs, 3);
            let mut out = vec![f32::NAN; outputs * tokens];
            linear(&mut out, &x, &w, &b, inputs);
            for t in 0..tokens {
                for o in 0..outputs {
                    let terms =
                        (0..inputs).map(|i| f64::from(w[o * inputs + i] * x[t * inputs + i]));
                    let expected = f64::from(b[o]) + terms.sum::<f64>();
                    let found = f64::from(out[t * outputs + o]);
                    assert!(
                        (found - expected).abs() < 2e-6 * inputs as f64 + 1e-6,
                        "{inputs}x{outputs}, token {t}, row {o}: {found} for {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn tokens_together_are_the_bits_of_tokens_apart() {
        let (inputs, outputs, tokens) = (37, 11, 7);
        let (x, w) = (numbers(inputs * tokens, 4), numbers(inputs * outputs, 5));
        let mut together = vec![f32::NAN; outputs * tokens];
        project(&mut together, &x, &w, inputs);
        for t in 0..tokens {
            let mut apart = vec![f32::NAN; outputs];
            project(&mut apart, &x[t * inputs..(t + 1) * inputs], &w, inputs);
            assert_eq!(together[t * outputs..(t + 1) * outputs], apart);
        }
    }

    #[test]
    fn layer_norm_and_gelu_have_their_known_values() {
        let mut out = [f32::NAN; 4];
        layer_norm(&mut out, &[1.0, 2.0, 3.0, 4.0], &[2.0; 4], Some(&[0.5; 4]));
        let unit = 1.0 / (1.25f32 + 1e-5).sqrt();
        for (found, expected) in out.iter().zip([-1.5, -0.5, 0.5, 1.5]) {
            assert!((found - (2.0 * expected * unit + 0.5)).abs() < 1e-6);
        }
        layer_norm(&mut out, &[1.0, 2.0, 3.0, 4.0], &[2.0; 4], None);
        let unit = 1.0 / (7.5f32 + 1e-5).sqrt();
        for (found, expected) in out.iter().zip([1.0, 2.0, 3.0, 4.0]) {
            assert!((found - 2.0 * expected * unit).abs() < 1e-6);
        }
        let mut x = [-1.0f32, 0.0, 2.0];
        swiglu(&mut x, &[3.0, 5.0, -1.0]);
        for (found, expected) in x.iter().zip([-0.806_824_3, 0.0, -1.761_594_2]) {
            assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
        }
        let mut x = [-1.0f32, 0.0, 2.0];
        gelu(&mut x);
        for (found, expected) in x.iter().zip([-0.158_655_26, 0.0, 1.954_499_7]) {
            assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
        }
        let mut x = [-200.0f32, 0.0, 200.0];
        sigmoid(&mut x);
        assert!(x[0] < 1e-30 && x[1] == 0.5 && x[2] == 1.0);
    }
}
