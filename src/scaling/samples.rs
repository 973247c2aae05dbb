//! How long something takes that is done again and again, by whatever clock there is.

use crate::error::Result;
use serde::Serialize;

/// Seconds that a sample takes at least; on a graphics card many times what reading back takes.
pub(super) const SAMPLE_SECONDS: [f64; 2] = [0.02, 0.06];
/// Steps of the clock that a sample takes at least. Some browsers let theirs tick ten times a second.
const SAMPLE_TICKS: f64 = 10.0;
/// Readings after which a clock that stands still is taken for one.
const MOST_READINGS: usize = 20_000_000;
/// Samples of which the median is taken, unless they take longer than this many seconds together.
const SAMPLES: usize = 5;
const ENOUGH_SECONDS: f64 = 2.0;
/// A run that takes so many seconds needs no run before it to warm up.
const LONG_SECONDS: f64 = 3.0;
/// Most runs of a sample, where the clock is fine.
const MOST_RUNS: usize = 4096;

/// Seconds of one run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Times {
    /// The median of the samples.
    pub seconds: f64,
    pub fastest: f64,
    pub slowest: f64,
    pub samples: usize,
    /// Runs that a sample is the mean of.
    pub runs: usize,
}

/// What can be run so many times in a row, to its end.
pub(super) trait Timed {
    async fn run(&mut self, runs: usize) -> Result<()>;
}

/// A clock, and the seconds by which it moves at once.
#[derive(Clone, Copy)]
pub(super) struct Clock<'a> {
    now: &'a dyn Fn() -> f64,
    tick: f64,
}

impl<'a> Clock<'a> {
    /// `now` gives seconds since any moment, as finely as it can.
    pub(super) fn new(now: &'a dyn Fn() -> f64) -> Self {
        Clock {
            now,
            tick: tick(now),
        }
    }

    /// Seconds that so many runs take. They begin when the clock has just moved, so that they are right within
    /// half of its step.
    async fn time(self, timed: &mut impl Timed, runs: usize) -> Result<f64> {
        let Clock { now, tick } = self;
        let started = if tick > 0.0 { next_tick(now) } else { now() };
        timed.run(runs).await?;
        Ok(now() - started + tick / 2.0)
    }
}

/// The clock's reading right after it has moved.
fn next_tick(now: &dyn Fn() -> f64) -> f64 {
    let before = now();
    let moved = (0..MOST_READINGS).map(|_| now()).find(|&at| at != before);
    moved.unwrap_or(before)
}

/// The seconds by which a clock moves at once.
fn tick(now: &dyn Fn() -> f64) -> f64 {
    let before = next_tick(now);
    (next_tick(now) - before).max(0.0)
}

/// Times something, of which a sample is to take so many seconds at least.
///
/// The first run warms up, and tells how many runs make a sample that the clock can measure; then
/// samples are taken, of which the median counts.
pub(super) async fn timed(
    timed: &mut impl Timed,
    sample_seconds: f64,
    clock: Clock<'_>,
) -> Result<Times> {
    let least = sample_seconds.max(SAMPLE_TICKS * clock.tick);
    let most = (MOST_RUNS as f64 * least / sample_seconds) as usize;
    let mut runs = 1;
    let mut taken = clock.time(timed, runs).await?;
    let mut samples = Vec::new();
    if taken >= LONG_SECONDS {
        samples.push(taken);
    } else {
        while taken < least && runs < most {
            // A clock may say that no time has passed.
            let wanted = runs as f64 * 1.2 * least / taken.max(least / 16.0);
            runs = (wanted.ceil() as usize).min(most);
            taken = clock.time(timed, runs).await?;
        }
        while samples.len() < SAMPLES && samples.iter().sum::<f64>() < ENOUGH_SECONDS {
            samples.push(clock.time(timed, runs).await?);
        }
    }
    samples.sort_by(f64::total_cmp);
    let per_run = |seconds: f64| seconds / runs as f64;
    let (middle, last) = (samples.len() / 2, samples.len() - 1);
    Ok(Times {
        seconds: per_run((samples[middle] + samples[last - middle]) / 2.0),
        fastest: per_run(samples[0]),
        slowest: per_run(samples[last]),
        samples: samples.len(),
        runs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::wait;
    use std::cell::Cell;

    /// Takes no time that any clock would see.
    struct Nothing;

    impl Timed for Nothing {
        async fn run(&mut self, _: usize) -> Result<()> {
            Ok(())
        }
    }

    /// Takes some.
    struct Sums;

    impl Timed for Sums {
        async fn run(&mut self, runs: usize) -> Result<()> {
            for _ in 0..runs {
                std::hint::black_box((0..20_000).map(f64::from).sum::<f64>());
            }
            Ok(())
        }
    }

    #[test]
    fn a_coarse_clock_tells_a_time_too() {
        let started = std::time::Instant::now();
        let now = || (started.elapsed().as_secs_f64() / 0.004).floor() * 0.004;
        let clock = Clock::new(&now);
        let step = clock.tick;
        assert!((step / 0.004).round() >= 1.0 && (step % 0.004).min(0.004 - step % 0.004) < 1e-9);
        let found = wait(timed(&mut Sums, SAMPLE_SECONDS[0], clock)).unwrap();
        assert!(found.fastest > 0.0, "{found:?}");
    }

    /// A clock by which each reading comes so much after the last one.
    fn clock(step: f64) -> impl Fn() -> f64 {
        let at = Cell::new(0.0);
        move || {
            at.set(at.get() + step);
            at.get()
        }
    }

    #[test]
    fn samples_are_long_enough_and_their_median_counts() {
        // Each sample takes as long as the clock says, however many runs it has.
        let measured = |step| {
            let now = clock(step);
            let clock = Clock {
                now: &now,
                tick: 0.0,
            };
            wait(timed(&mut Nothing, SAMPLE_SECONDS[0], clock)).unwrap()
        };
        let found = measured(0.025);
        assert_eq!((found.samples, found.runs), (SAMPLES, 1));
        assert!((found.seconds - 0.025).abs() < 1e-9 && found.slowest >= found.fastest);
        let found = measured(0.0001);
        assert_eq!((found.samples, found.runs), (SAMPLES, MOST_RUNS));
        let found = measured(1.5);
        assert_eq!((found.samples, found.runs), (2, 1), "enough seconds");
        let found = measured(10.0);
        assert_eq!(
            (found.samples, found.seconds),
            (1, 10.0),
            "the first run counts"
        );
    }
}
