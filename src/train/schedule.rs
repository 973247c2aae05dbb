//! The learning rate over a run: linear warm-up, then the course that was chosen.

use serde::{Deserialize, Serialize};

/// How the learning rate goes from the warm-up's end to the run's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// Half a cosine from the peak down to the minimum.
    #[default]
    Cosine,
    /// The peak all along.
    Constant,
    /// A straight line from the peak down to the minimum.
    Linear,
}

/// A run's learning rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    pub course: Course,
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
        let left = match self.course {
            Course::Cosine => (1.0 + (std::f64::consts::PI * along).cos()) / 2.0,
            Course::Constant => 1.0,
            Course::Linear => 1.0 - along,
        };
        self.min + (self.peak - self.min) * left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSINE: Schedule = Schedule {
        course: Course::Cosine,
        peak: 1.0,
        min: 0.1,
        warmup_steps: 10,
        total_steps: 110,
    };

    #[test]
    fn warms_up_decays_and_stays_down() {
        for (course, [after_a_quarter, half_way, end]) in [
            (Course::Cosine, [0.55 + 0.45 * 0.5f64.sqrt(), 0.55, 0.1]),
            (Course::Constant, [1.0, 1.0, 1.0]),
            (Course::Linear, [0.775, 0.55, 0.1]),
        ] {
            let schedule = Schedule { course, ..COSINE };
            for (step, expected) in [
                (1, 0.1),
                (5, 0.5),
                (10, 1.0),
                (35, after_a_quarter),
                (60, half_way),
                (110, end),
                (500, end),
            ] {
                let found = schedule.learning_rate(step);
                assert!((found - expected).abs() < 1e-12, "{course:?}, step {step}");
            }
        }
        let none = Schedule {
            warmup_steps: 0,
            ..COSINE
        };
        assert!(none.learning_rate(1) < 1.0 && none.learning_rate(1) > 0.99);
    }

    #[test]
    fn a_course_is_written_in_small_letters() {
        let json = |course: Course| serde_json::to_string(&course).unwrap();
        assert_eq!(json(Course::Constant), "\"constant\"");
        assert_eq!(
            serde_json::from_str::<Course>("\"linear\"").unwrap(),
            Course::Linear
        );
        assert!(serde_json::from_str::<Course>("\"sine\"").is_err());
    }
}
