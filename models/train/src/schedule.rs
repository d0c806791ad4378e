//! The learning rate of each step.

use crate::recipe::{Course, Schedule};

impl Schedule {
    /// The learning rate of a step, from 0, of a run of `steps` steps. The warm-up rises from 0, and
    /// the course begins one step after it ends, as `mlx_lm` joins the two.
    pub fn rate(&self, highest: f32, step: usize, steps: usize) -> f32 {
        if self.warmup > 0 && step <= self.warmup {
            return highest * step as f32 / self.warmup as f32;
        }
        let begin = if self.warmup > 0 { self.warmup + 1 } else { 0 };
        let length = steps.saturating_sub(begin).max(1);
        let share = ((step - begin) as f32 / length as f32).min(1.0);
        match self.course {
            Course::Constant => highest,
            Course::Cosine => {
                self.end + 0.5 * (1.0 + (std::f32::consts::PI * share).cos()) * (highest - self.end)
            }
            Course::Linear => highest + share * (self.end - highest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_rise_and_fall() {
        let check = |course: Course, warmup: usize, expected: [f32; 5]| {
            let schedule = Schedule { course, warmup, end: 0.1 };
            for (step, expected) in [0, 1, 2, 5, 8].into_iter().zip(expected) {
                let found = schedule.rate(1.0, step, 8);
                assert!((found - expected).abs() < 1e-6, "{course:?} {step}: {found}, not {expected}");
            }
        };
        check(Course::Constant, 0, [1.0; 5]);
        check(Course::Linear, 0, [1.0, 0.8875, 0.775, 0.4375, 0.1]);
        check(Course::Linear, 2, [0.0, 0.5, 1.0, 0.64, 0.1]);
        let half = 0.1 + 0.45 * (1.0 + (std::f32::consts::PI * 0.4).cos());
        check(Course::Cosine, 2, [0.0, 0.5, 1.0, half, 0.1]);
    }
}
