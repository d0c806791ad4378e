//! Whether a confidence means what it says: of the answers given with 0.8, eight in ten should be exact.

use sayso_tagger::weights::Calibration;
use serde_json::{Value, json};

/// Bins of equal width between 0 and 1.
const BINS: usize = 10;
/// From this confidence on an answer counts as confident.
pub const CONFIDENT: f32 = 0.95;
/// The temperatures that are allowed.
const COLDEST: f64 = 0.02;
const HOTTEST: f64 = 50.0;
/// Steps of Newton's method, which needs a handful where there is much to learn from.
const STEPS: usize = 100;
/// Longest step of slope or bias.
const FURTHEST_STEP: f64 = 2.0;

/// Answers of like confidence.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bin {
    /// How many there are.
    pub cases: usize,
    /// The sum of their confidences.
    confidence: f64,
    /// How many of them are exact.
    pub exact: usize,
}

impl Bin {
    /// The mean of the confidences, 0 to 1; 0 in an empty bin.
    pub fn mean_confidence(&self) -> f64 {
        self.confidence / self.cases.max(1) as f64
    }

    /// The share that is exact, 0 to 1; 0 in an empty bin.
    pub fn share_exact(&self) -> f64 {
        self.exact as f64 / self.cases.max(1) as f64
    }

    fn add(&mut self, confidence: f32, exact: bool) {
        self.cases += 1;
        self.confidence += f64::from(confidence);
        self.exact += usize::from(exact);
    }
}

/// The reliability table of many answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reliability {
    /// All answers.
    pub all: Bin,
    /// By confidence, from 0 up; a confidence on a border belongs above it, and 1 into the last bin.
    pub bins: [Bin; BINS],
    /// Those of at least [`CONFIDENT`].
    pub confident: Bin,
}

impl Reliability {
    /// Of pairs of confidence (0 to 1) and whether the answer was exact.
    pub fn of(answers: impl IntoIterator<Item = (f32, bool)>) -> Reliability {
        let mut table = Reliability::default();
        for (confidence, exact) in answers {
            let bin = ((confidence * BINS as f32) as usize).min(BINS - 1);
            table.bins[bin].add(confidence, exact);
            table.all.add(confidence, exact);
            if confidence >= CONFIDENT {
                table.confident.add(confidence, exact);
            }
        }
        table
    }

    /// The expected calibration error: how far confidence and share of exact answers are apart, 0 to 1, on average
    /// over the answers, bin by bin (Naeini, Cooper, Hauskrecht 2015).
    pub fn error(&self) -> f64 {
        let apart = |bin: &Bin| (bin.mean_confidence() - bin.share_exact()).abs() * bin.cases as f64;
        self.bins.iter().map(apart).sum::<f64>() / self.all.cases.max(1) as f64
    }

    /// The share of the answers that is confident, 0 to 1.
    pub fn share_confident(&self) -> f64 {
        self.confident.cases as f64 / self.all.cases.max(1) as f64
    }

    /// A row per bin that holds something, then the two figures.
    pub fn table(&self) -> String {
        let mut text = String::from("confidence    cases   mean  % exact\n");
        for (at, bin) in self.bins.iter().enumerate().filter(|(_, bin)| bin.cases > 0) {
            let (from, to) = border(at);
            text += &format!(
                "{from:.1} to {to:.1}  {:>7}  {:>5.3}  {:>7.1}\n",
                bin.cases,
                bin.mean_confidence(),
                100.0 * bin.share_exact()
            );
        }
        text + &format!(
            "expected calibration error {:.3}; confident (at least {CONFIDENT}): {:.1} % of the answers, of those exact \
             {:.1} %\n",
            self.error(),
            100.0 * self.share_confident(),
            100.0 * self.confident.share_exact()
        )
    }

    /// The same for programs; shares are in percent, as everywhere in the report.
    pub fn to_json(&self) -> Value {
        let bin = |(at, bin): (usize, &Bin)| {
            let (from, to) = border(at);
            json!({
                "from": from,
                "to": to,
                "cases": bin.cases,
                "mean_confidence": bin.mean_confidence(),
                "exact": 100.0 * bin.share_exact(),
            })
        };
        json!({
            "answers": self.all.cases,
            "bins": self.bins.iter().enumerate().map(bin).collect::<Vec<_>>(),
            "expected_calibration_error": self.error(),
            "confident": {
                "from": f64::from(CONFIDENT * 100.0).round() / 100.0,
                "cases": self.confident.cases,
                "share": 100.0 * self.share_confident(),
                "exact": 100.0 * self.confident.share_exact(),
            },
        })
    }
}

/// Where a bin begins and ends.
fn border(bin: usize) -> (f64, f64) {
    (bin as f64 / BINS as f64, (bin + 1) as f64 / BINS as f64)
}

/// The [`Calibration`] that makes `answers` likeliest: the logarithm of the probability of each, and whether it was exact.
/// Platt's method (1999) with his targets, which fall short of 0 and 1 so that a few answers prove nothing, in the
/// damped form of Lin, Lin and Weng (2007).
pub fn fit_calibration(answers: &[(f32, bool)]) -> Calibration {
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
        // Where all is nearly certain the loss is flat, and Newton's step leads far beyond what is sought. Half as far until it
        // gets better.
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

/// The cross entropy between targets and confidences.
fn surprise(points: &[(f64, f64)], slope: f64, bias: f64) -> f64 {
    let of = |&(log_odds, target): &(f64, f64)| {
        let x = slope * log_odds + bias;
        // ln(1 + e^x) without overflow.
        x.max(0.0) + (-x.abs()).exp().ln_1p() - target * x
    };
    points.iter().map(of).sum()
}

/// Newton's step of slope and bias.
fn newton(points: &[(f64, f64)], slope: f64, bias: f64) -> (f64, f64) {
    // A little on the diagonal, or points in one place would leave the step undetermined.
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

    #[test]
    fn reliability_of_known_answers() {
        let answers = [(0.05, false), (0.1, true), (0.96, true), (1.0, true), (0.99, false), (0.94, true)];
        let table = Reliability::of(answers);
        let cases: Vec<usize> = table.bins.iter().map(|bin| bin.cases).collect();
        assert_eq!(cases, [1, 1, 0, 0, 0, 0, 0, 0, 0, 4]);
        assert_eq!((table.confident.cases, table.confident.exact), (3, 2));
        assert!((table.share_confident() - 0.5).abs() < 1e-9);
        // (0.05 + 0.9 + 4 · |0.9725 − 0.75|) / 6
        assert!((table.error() - 0.306_666_666).abs() < 1e-6, "{}", table.error());
        let json = table.to_json();
        assert_eq!(json["bins"].as_array().unwrap().len(), BINS);
        assert_eq!((&json["bins"][9]["exact"], &json["confident"]["from"]), (&75.0.into(), &0.95.into()));
        assert_eq!(table.table().lines().count(), 1 + 3 + 1);
    }

    #[test]
    fn no_answers_have_no_error() {
        let table = Reliability::of([]);
        assert_eq!((table.error(), table.share_confident(), table.confident.share_exact()), (0.0, 0.0, 0.0));
    }

    /// Of a thousand answers at each score, as many are exact as the calibration says.
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
            // The surer the worse.
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
