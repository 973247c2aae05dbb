//! The learning rate over a run: linear warm-up, then half a cosine.

/// A run's learning rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// At the end of the warm-up.
    pub peak: f64,
    /// At the end of the run and after it.
    pub min: f64,
    pub warmup_steps: u64,
    pub total_steps: u64,
}

impl Schedule {
    /// The learning rate of a step, counted from 1.
    pub fn learning_rate(&self, step: u64) -> f64 {
        if step <= self.warmup_steps {
            return self.peak * step as f64 / self.warmup_steps as f64;
        }
        let decay = self.total_steps.saturating_sub(self.warmup_steps).max(1);
        let along = ((step - self.warmup_steps) as f64 / decay as f64).min(1.0);
        self.min + (self.peak - self.min) / 2.0 * (1.0 + (std::f64::consts::PI * along).cos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warms_up_decays_and_stays_down() {
        let s = Schedule {
            peak: 1.0,
            min: 0.1,
            warmup_steps: 10,
            total_steps: 110,
        };
        for (step, expected) in [
            (1, 0.1),
            (5, 0.5),
            (10, 1.0),
            (60, 0.55),
            (110, 0.1),
            (500, 0.1),
        ] {
            assert!(
                (s.learning_rate(step) - expected).abs() < 1e-12,
                "step {step}"
            );
        }
        let none = Schedule {
            warmup_steps: 0,
            ..s
        };
        assert!(none.learning_rate(1) < 1.0 && none.learning_rate(1) > 0.99);
    }
}
