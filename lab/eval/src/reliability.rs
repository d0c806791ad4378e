//! Measures how well confidences are calibrated: of the answers with a confidence of 0.8, eight in
//! ten should be exact.

use serde_json::{Value, json};

/// Bins of equal width between 0 and 1. Hand-chosen, 2026-11-23.
const BINS: usize = 10;
/// Least confidence of an answer that counts as confident. Hand-chosen, 2026-11-23.
pub const CONFIDENT: f32 = 0.95;

/// Answers of similar confidence.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bin {
    /// Number of answers.
    pub cases: usize,
    /// The sum of their confidences.
    confidence: f64,
    /// Number of exact answers.
    pub exact: usize,
}

impl Bin {
    /// The mean confidence, 0 to 1; 0 in an empty bin.
    pub fn mean_confidence(&self) -> f64 {
        self.confidence / self.cases.max(1) as f64
    }

    /// The share of exact answers, 0 to 1; 0 in an empty bin.
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
    /// Answers by confidence, lowest first. A confidence on the border of two bins is in the upper
    /// one; 1 is in the last bin.
    pub bins: [Bin; BINS],
    /// Answers with a confidence of at least [`CONFIDENT`].
    pub confident: Bin,
}

impl Reliability {
    /// Builds the table from pairs of a confidence (0 to 1) and whether the answer is exact.
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

    /// The expected calibration error, 0 to 1: the difference between mean confidence and share of
    /// exact answers in each bin, averaged over the answers (Naeini, Cooper, Hauskrecht 2015).
    pub fn error(&self) -> f64 {
        let apart = |bin: &Bin| (bin.mean_confidence() - bin.share_exact()).abs() * bin.cases as f64;
        self.bins.iter().map(apart).sum::<f64>() / self.all.cases.max(1) as f64
    }

    /// The share of confident answers, 0 to 1.
    pub fn share_confident(&self) -> f64 {
        self.confident.cases as f64 / self.all.cases.max(1) as f64
    }

    /// A table with a row for each bin that is not empty, then the calibration error and the share
    /// of confident answers.
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
            "expected calibration error {:.3}; confident (at least {CONFIDENT}): {:.1} % of the answers, and {:.1} % \
             of those are exact\n",
            self.error(),
            100.0 * self.share_confident(),
            100.0 * self.confident.share_exact()
        )
    }

    /// The same as JSON; shares are in percent, as in the rest of the report.
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

/// The lower and upper border of a bin.
fn border(bin: usize) -> (f64, f64) {
    (bin as f64 / BINS as f64, (bin + 1) as f64 / BINS as f64)
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
}
