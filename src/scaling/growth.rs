//! What measured times say: how they grow, and where one way overtakes another.

use super::Mixing;

/// The exponent e of time ∝ length^e: least squares over the logarithms of the larger half of the
/// lengths, where fixed costs weigh least. None for fewer than two.
///
/// `points`: (length, seconds), by length.
pub fn fit(points: &[(usize, f64)]) -> Option<f64> {
    let larger = &points[points.len() / 2..];
    let larger = if larger.len() < 2 { points } else { larger };
    if larger.len() < 2 {
        return None;
    }
    let logs: Vec<(f64, f64)> = (larger.iter())
        .map(|(length, seconds)| ((*length as f64).ln(), seconds.ln()))
        .collect();
    let count = logs.len() as f64;
    let mean_x = logs.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = logs.iter().map(|(_, y)| y).sum::<f64>() / count;
    let covariance: f64 = logs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let variance: f64 = logs.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    Some(covariance / variance)
}

/// From where on one way is faster than another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Crossover {
    /// At every length that both were measured at.
    Always,
    /// From about that length on.
    From(f64),
    /// Not at the longest such length, which is given.
    NotUpTo(usize),
}

/// From where on `a` is faster than `b`, by interpolation between the logarithms. None where no
/// length was measured for both.
pub fn crossover(a: &[(usize, f64)], b: &[(usize, f64)]) -> Option<Crossover> {
    let ratios: Vec<(usize, f64)> = (a.iter())
        .filter_map(|(length, a)| {
            let (_, b) = b.iter().find(|(other, _)| other == length)?;
            Some((*length, (a / b).ln()))
        })
        .collect();
    let (longest, last) = *ratios.last()?;
    if last >= 0.0 {
        return Some(Crossover::NotUpTo(longest));
    }
    let Some(before) = ratios.iter().rposition(|(_, ratio)| *ratio >= 0.0) else {
        return Some(Crossover::Always);
    };
    let ((x, r), (next_x, next_r)) = (ratios[before], ratios[before + 1]);
    let (from, to) = ((x as f64).ln(), (next_x as f64).ln());
    Some(Crossover::From(
        (from + (to - from) * r / (r - next_r)).exp(),
    ))
}

/// The seconds that a length will take, by the two before it: at least what the operations' number
/// says. None before the first.
pub fn expected(mixing: Mixing, points: &[(usize, f64)], length: usize) -> Option<f64> {
    let (last, seconds) = *points.last()?;
    let least = match mixing {
        Mixing::Recurrence => 1.0,
        Mixing::Waves => 1.1,
        _ => 2.0,
    };
    let exponent = match points {
        [.., (before, earlier), _] => {
            (seconds / earlier).ln() / (last as f64 / *before as f64).ln()
        }
        _ => least,
    };
    // One slow measurement is no law.
    let exponent = exponent.clamp(least, least + 0.5);
    Some(seconds * (length as f64 / last as f64).powf(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_law_is_found_over_the_larger_half() {
        let law = |n: usize| (n, 3e-9 * (n as f64).powf(1.25));
        let mut points: Vec<_> = [128, 256, 512, 1024, 2048].map(law).to_vec();
        // A fixed cost that only the shorter half has.
        points[0].1 = 1.0;
        assert!((fit(&points).unwrap() - 1.25).abs() < 1e-12);
        assert_eq!(fit(&points[..1]), None);
        assert!((fit(&[(1, 1.0), (2, 8.0)]).unwrap() - 3.0).abs() < 1e-12);
    }

    #[test]
    fn crossovers_lie_between_two_lengths() {
        let linear: Vec<_> = [100, 200, 400, 800].map(|n| (n, 300.0 * n as f64)).to_vec();
        let square: Vec<_> = [100, 200, 400].map(|n| (n, (n * n) as f64)).to_vec();
        let Some(Crossover::From(at)) = crossover(&linear, &square) else {
            panic!("it lies between 200 and 400");
        };
        assert!((at - 300.0).abs() < 1e-6, "{at}");
        assert_eq!(crossover(&square, &linear), Some(Crossover::NotUpTo(400)));
        assert_eq!(crossover(&square[..2], &linear), Some(Crossover::Always));
        assert_eq!(crossover(&square, &[]), None);
    }

    #[test]
    fn the_next_length_is_expected_by_the_last() {
        assert_eq!(expected(Mixing::DirectWaves, &[], 128), None);
        let near = |found: Option<f64>, wanted: f64| (found.unwrap() / wanted - 1.0).abs() < 1e-12;
        assert!(near(expected(Mixing::DirectWaves, &[(128, 1.0)], 256), 4.0));
        // Fixed costs hide the growth at first.
        assert!(near(
            expected(Mixing::DirectWaves, &[(128, 1.0), (256, 1.1)], 512),
            4.4
        ));
        assert!(near(
            expected(Mixing::Waves, &[(128, 1.0), (256, 100.0)], 512),
            100.0 * 2f64.powf(1.6)
        ));
    }
}
