//! Fits the calibration of the tagger, so that its confidence matches how often it is right.

use sayso_tagger::weights::Calibration;

/// The lowest and highest temperature that is allowed. Hand-chosen, 2026-11-23.
const COLDEST: f64 = 0.02;
const HOTTEST: f64 = 50.0;
/// Most steps of Newton's method. With enough answers it needs only a few. Hand-chosen, 2026-11-23.
const STEPS: usize = 100;
/// Longest step of the slope or the bias. Hand-chosen, 2026-11-23.
const FURTHEST_STEP: f64 = 2.0;

/// Fits the [`Calibration`] that makes `answers` most likely. Each answer is the log-probability of
/// a path and whether it was exact; without answers, the result is [`Calibration::NONE`].
///
/// The method is Platt scaling (1999) with Newton's method, damped as by Lin, Lin and Weng (2007).
/// The targets are Platt's: they stay away from 0 and 1, so that a few answers cannot make the
/// tagger certain.
pub(crate) fn fit_calibration(answers: &[(f32, bool)]) -> Calibration {
    let exact = answers.iter().filter(|(_, exact)| *exact).count() as f64;
    let wrong = answers.len() as f64 - exact;
    let (high, low) = ((exact + 1.0) / (exact + 2.0), 1.0 / (wrong + 2.0));
    let points: Vec<(f64, f64)> = answers
        .iter()
        .map(|&(score, exact)| (f64::from(Calibration::log_odds(score)), if exact { high } else { low }))
        .collect();
    if points.is_empty() {
        return Calibration::NONE;
    }
    let (mut slope, mut bias) = (1.0, 0.0);
    let mut loss = surprise(&points, slope, bias);
    for _ in 0..STEPS {
        let (to_slope, to_bias) = newton(&points, slope, bias);
        // If all answers are nearly certain, the loss is flat and Newton's step is far too long.
        // The step is halved until the loss falls.
        let longest = (FURTHEST_STEP / to_slope.abs().max(to_bias.abs()).max(1e-12)).min(1.0);
        let better = (0..20).map(|halved| longest * 0.5_f64.powi(halved)).find_map(|part| {
            let to = ((slope + part * to_slope).clamp(1.0 / HOTTEST, 1.0 / COLDEST), bias + part * to_bias);
            let there = surprise(&points, to.0, to.1);
            (there < loss - 1e-12).then_some((to, there))
        });
        let Some(((next_slope, next_bias), there)) = better else { break };
        (slope, bias, loss) = (next_slope, next_bias, there);
    }
    Calibration { temperature: (1.0 / slope) as f32, bias: bias as f32 }
}

/// The cross-entropy between targets and confidences, summed over the points.
fn surprise(points: &[(f64, f64)], slope: f64, bias: f64) -> f64 {
    let of = |&(log_odds, target): &(f64, f64)| {
        let x = slope * log_odds + bias;
        // ln(1 + e^x) without overflow.
        x.max(0.0) + (-x.abs()).exp().ln_1p() - target * x
    };
    points.iter().map(of).sum()
}

/// Newton's step of the slope and the bias.
fn newton(points: &[(f64, f64)], slope: f64, bias: f64) -> (f64, f64) {
    // The small values on the diagonal keep the matrix invertible if all points coincide.
    let (mut aa, mut ab, mut bb) = (1e-6, 0.0, 1e-6);
    let (mut a, mut b) = (0.0, 0.0);
    for &(log_odds, target) in points {
        let p = 1.0 / (1.0 + (-slope * log_odds - bias).exp());
        let (off, weight) = (p - target, p * (1.0 - p));
        a += off * log_odds;
        b += off;
        aa += weight * log_odds * log_odds;
        ab += weight * log_odds;
        bb += weight;
    }
    let determinant = aa * bb - ab * ab;
    (-(bb * a - ab * b) / determinant, -(aa * b - ab * a) / determinant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sayso_eval::reliability::Reliability;

    /// A thousand answers for each score, of which the calibration's share is exact.
    fn answers(calibration: Calibration) -> Vec<(f32, bool)> {
        let mut answers = Vec::new();
        for score in [-0.001_f32, -0.01, -0.05, -0.2, -0.5, -1.0, -2.0, -4.0] {
            let exact = (1000.0 * calibration.confidence(score)).round() as usize;
            answers.extend((0..1000).map(|at| (score, at < exact)));
        }
        answers
    }

    #[test]
    fn the_calibration_behind_answers_is_found() {
        for (temperature, bias) in [(0.5, 0.0), (1.0, 0.0), (1.6, -0.6), (4.0, 1.0)] {
            let found = fit_calibration(&answers(Calibration { temperature, bias }));
            assert!((found.temperature / temperature - 1.0).abs() < 0.05, "{found:?}");
            assert!((found.bias - bias).abs() < 0.05, "{found:?}");
        }
    }

    #[test]
    fn what_is_fitted_calibrates() {
        let sure = answers(Calibration { temperature: 3.0, bias: -0.5 });
        let fitted = fit_calibration(&sure);
        let error = |calibration: Calibration| {
            Reliability::of(sure.iter().map(|&(score, exact)| (calibration.confidence(score), exact))).error()
        };
        let (before, after) = (error(Calibration::NONE), error(fitted));
        assert!(before > 0.1 && after < 0.02, "{before} and {after}");
    }

    #[test]
    fn few_answers_prove_little() {
        assert_eq!(fit_calibration(&[]), Calibration::NONE);
        for answers in [
            &[(-1.0, true), (-2.0, true)][..],
            &[(-1.0, false), (-2.0, false)],
            &[(f32::NAN, true)],
            &[(f32::NEG_INFINITY, false), (0.0, true)],
            // The more confident answers are the wrong ones.
            &[(-0.1, false), (-0.1, false), (-3.0, true), (-3.0, true)],
        ] {
            let found = fit_calibration(answers);
            assert!((0.02..=50.0).contains(&found.temperature) && found.bias.is_finite(), "{found:?}");
            for &(score, _) in answers {
                assert!((0.01..0.99).contains(&found.confidence(score)), "{found:?} {answers:?}");
            }
        }
    }
}
