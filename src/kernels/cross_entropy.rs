//! Mean cross-entropy over the targets that count, with its gradient and the number of hits.

use super::Real;
use super::parallel::for_each_block;

/// A target that stands for "no loss here".
pub const IGNORED: i32 = -100;
/// What the summary holds: mean loss, rows whose likeliest token is the target, rows that count.
pub const SUMMARY: usize = 3;
/// Numbers per row: loss, hit.
pub const ROW: usize = 2;

/// `logits`: (rows, vocab); `targets`: (rows); `row_stats`: (rows, [`ROW`]);
/// `summary`: ([`SUMMARY`]).
pub fn cross_entropy<T: Real>(
    logits: &[T],
    targets: &[i32],
    row_stats: &mut [T],
    summary: &mut [T],
) {
    let rows = targets.len();
    let vocab = logits.len() / rows;
    for_each_block(rows, 64, [(row_stats, ROW)], |first, [stats]| {
        for (r, stats) in stats.chunks_exact_mut(ROW).enumerate() {
            let target = targets[first + r];
            if target == IGNORED {
                stats.fill(T::zero());
                continue;
            }
            let row = &logits[(first + r) * vocab..][..vocab];
            let (best, top) = largest(row);
            let total = super::layer_norm::sum(row, |x| (x - top).exp());
            let loss = T::of(total.wide().ln()) + top - row[target as usize];
            // What is no number is no forecast either.
            let hit = if best == target as usize && loss.finite() {
                T::one()
            } else {
                T::zero()
            };
            stats.copy_from_slice(&[loss, hit]);
        }
    });
    let counted = counted(targets);
    let total = |k: usize| {
        row_stats
            .iter()
            .skip(k)
            .step_by(ROW)
            .map(|x| x.wide())
            .sum::<f64>()
    };
    summary[0] = T::of(total(0) / counted.max(1) as f64);
    summary[1] = T::of(total(1));
    summary[2] = T::of(counted as f64);
}

/// How many targets count.
pub fn counted(targets: &[i32]) -> usize {
    targets.iter().filter(|t| **t != IGNORED).count()
}

/// Overwrites `dlogits` (rows, vocab): (softmax - one-hot)/counted, zero where ignored. `counted` is
/// how many targets count in the whole mean, of which these rows may be a part.
pub fn cross_entropy_backward<T: Real>(
    logits: &[T],
    targets: &[i32],
    counted: usize,
    dlogits: &mut [T],
) {
    let rows = targets.len();
    let vocab = logits.len() / rows;
    let scale = T::of(1.0 / counted.max(1) as f64);
    for_each_block(rows, 64, [(dlogits, vocab)], |first, [dlogits]| {
        for (r, d) in dlogits.chunks_exact_mut(vocab).enumerate() {
            let target = targets[first + r];
            if target == IGNORED {
                d.fill(T::zero());
                continue;
            }
            let row = &logits[(first + r) * vocab..][..vocab];
            let top = largest(row).1;
            for (d, x) in d.iter_mut().zip(row) {
                *d = (*x - top).exp();
            }
            let scale = scale / super::layer_norm::sum(d, |x| x);
            d.iter_mut().for_each(|d| *d *= scale);
            d[target as usize] -= T::of(1.0 / counted as f64);
        }
    });
}

/// The first largest element and its place.
fn largest<T: Real>(row: &[T]) -> (usize, T) {
    let mut best = (0, row[0]);
    for (i, x) in row.iter().enumerate() {
        if *x > best.1 {
            best = (i, *x);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::{check_gradient, normals};

    fn loss(logits: &[f64], targets: &[i32]) -> [f64; SUMMARY] {
        let (mut rows, mut summary) = (vec![f64::NAN; targets.len() * ROW], [f64::NAN; SUMMARY]);
        cross_entropy(logits, targets, &mut rows, &mut summary);
        summary
    }

    #[test]
    fn backward_matches_finite_differences() {
        let targets = [2, IGNORED, 0, 4];
        let logits = normals(1, targets.len() * 5);
        let mut d = vec![f64::NAN; logits.len()];
        cross_entropy_backward(&logits, &targets, counted(&targets), &mut d);
        check_gradient("logits", &logits, &d, |logits| loss(logits, &targets)[0]);
    }

    #[test]
    fn equal_logits_cost_the_logarithm_of_the_vocabulary() {
        let [loss, hits, counted] = loss(&[7.0; 8], &[0, 3]);
        assert!((loss - 4f64.ln()).abs() < 1e-12);
        assert_eq!((hits, counted), (1.0, 2.0));
    }

    #[test]
    fn nothing_counted_is_no_loss_and_nan_is_seen() {
        assert_eq!(loss(&[1.0; 4], &[IGNORED, IGNORED])[0], 0.0);
        for bad in [f64::NAN, f64::INFINITY] {
            for logits in [[0.0, bad], [bad, 0.0], [bad, bad]] {
                let [loss, hits, counted] = loss(&logits, &[0]);
                assert!(!loss.is_finite(), "{logits:?}: {loss}");
                assert_eq!((hits, counted), (0.0, 1.0), "{logits:?}");
            }
        }
    }
}
