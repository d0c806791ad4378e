//! Whether a confidence means what it says: of the answers given with 0.8, eight in ten should be exact.

use serde_json::{Value, json};

/// Bins of equal width between 0 and 1.
const BINS: usize = 10;
/// From this confidence on an answer counts as confident.
pub const CONFIDENT: f32 = 0.95;
/// No answer is taken for more certain than this, nor for less: one mistake would else outweigh all the rest.
const CERTAIN: f64 = 1.0 - 1e-6;
/// The temperatures that are tried.
const COLDEST: f64 = 0.02;
const HOTTEST: f64 = 50.0;
/// Temperatures of the first, coarse look, equally far apart in their logarithm.
const COARSE: usize = 64;
/// Halvings of the bracket, by the golden section: its logarithm is then known to seven digits.
const SECTIONS: usize = 32;

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

/// The temperature that makes `exp(score / temperature)` the likeliest explanation of which answers are exact.
///
/// Each answer has the logarithm of its path's probability (natural, at most 0) and whether it is exact. A temperature
/// over 1 makes the answers less sure, where they are right less often than they claim. 1 without answers; pairs whose
/// score is no number are left out. What would have no best temperature, such as answers that all are exact, gets the
/// nearest of those that are tried, 0.02 to 50.
pub fn fit_temperature(answers: &[(f32, bool)]) -> f32 {
    let answers: Vec<(f64, bool)> = answers
        .iter()
        .filter(|(score, _)| !score.is_nan())
        .map(|&(score, exact)| (f64::from(score), exact))
        .collect();
    if answers.is_empty() {
        return 1.0;
    }
    let (coldest, hottest) = (COLDEST.ln(), HOTTEST.ln());
    let step = (hottest - coldest) / (COARSE - 1) as f64;
    let loss = |log: f64| surprise(&answers, log.exp());
    // The bounds on certainty make the loss flat far from its minimum: a section that began there would go astray.
    let nearest = (0..COARSE)
        .map(|at| coldest + at as f64 * step)
        .min_by(|a, b| loss(*a).total_cmp(&loss(*b)))
        .unwrap_or_default();
    golden_section(loss, (nearest - step).max(coldest), (nearest + step).min(hottest)).exp() as f32
}

/// How surprising it is which answers are exact: the mean negative log-likelihood, in nats.
fn surprise(answers: &[(f64, bool)], temperature: f64) -> f64 {
    let of = |&(score, exact): &(f64, bool)| {
        let p = (score / temperature).exp().clamp(1.0 - CERTAIN, CERTAIN);
        -(if exact { p } else { 1.0 - p }).ln()
    };
    answers.iter().map(of).sum::<f64>() / answers.len() as f64
}

/// The minimum of a function that falls and then rises between `low` and `high` (Kiefer 1953).
fn golden_section(function: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let share = (5_f64.sqrt() - 1.0) / 2.0;
    let (mut left, mut right) = (high - share * (high - low), low + share * (high - low));
    let (mut at_left, mut at_right) = (function(left), function(right));
    for _ in 0..SECTIONS {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - share * (high - low);
            at_left = function(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + share * (high - low);
            at_right = function(right);
        }
    }
    f64::midpoint(low, high)
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

    /// Of a hundred answers at each score, as many are exact as the temperature says.
    fn answers(temperature: f64) -> Vec<(f32, bool)> {
        let mut answers = Vec::new();
        for score in [-0.05_f64, -0.2, -0.5, -1.0, -2.0, -4.0] {
            let exact = (1000.0 * (score / temperature).exp()).round() as usize;
            answers.extend((0..1000).map(|at| (score as f32, at < exact)));
        }
        answers
    }

    #[test]
    fn the_temperature_behind_answers_is_found() {
        for temperature in [0.3, 1.0, 2.5, 8.0] {
            let found = f64::from(fit_temperature(&answers(temperature)));
            assert!((found / temperature - 1.0).abs() < 0.02, "{found} instead of {temperature}");
        }
    }

    #[test]
    fn a_fitted_temperature_calibrates() {
        let sure: Vec<(f32, bool)> = answers(3.0);
        let fitted = fit_temperature(&sure);
        let error = |temperature: f32| {
            Reliability::of(sure.iter().map(|&(score, exact)| ((score / temperature).exp(), exact))).error()
        };
        assert!(error(1.0) > 0.1 && error(fitted) < 0.01, "{} and {}", error(1.0), error(fitted));
    }

    #[test]
    fn what_has_no_best_temperature_stays_within_bounds() {
        let check = |answers: &[(f32, bool)], low: f64, high: f64| {
            let found = f64::from(fit_temperature(answers));
            assert!((low..=high).contains(&found), "{found} for {answers:?}");
        };
        check(&[], 1.0, 1.0);
        check(&[(f32::NAN, true)], 1.0, 1.0);
        check(&[(-1.0, true), (-2.0, true)], 40.0, HOTTEST * 1.001);
        check(&[(-1.0, false), (-2.0, false)], COLDEST * 0.999, 0.1);
        check(&[(f32::NEG_INFINITY, false), (-1.0, true), (-1.0, false)], 1.4, 1.5);
        check(&[(0.0, true), (-1.0, true), (-1.0, false)], 1.4, 1.5);
    }
}
