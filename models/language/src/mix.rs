//! How much the opinion of a language model counts beside that of the tagger: a file of the model
//! folder, because models that were trained for dictations deserve more than others.

use crate::checkpoint::{CheckpointError, Files};
use serde::{Deserialize, Serialize};

/// The file of a model folder that says how its opinion counts. `sayso-lab judge --fit` writes it;
/// folders that were not measured do not have it.
pub const MIX_FILE: &str = "mix.json";

/// How tagger and model are weighed. A candidate's score is the sum of its features, each times its
/// weight; the weights of the kinds that a line is of are added.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// The model is asked only if the tagger is less sure than this, 0 to 1.
    pub ask_below: f32,
    /// The model writes a line of its own only if the best candidate is less sure than this.
    pub write_below: f32,
    /// A path that leaves out more words than the tagger's best one is taken only if its share of all that were scored is at
    /// least this, 0 to 1: what a model leaves out is gone without a sign, and it is wrong more often than right where it is
    /// not sure.
    #[serde(default = "only_the_sure")]
    pub lose_above: f32,
    /// For every line.
    pub every: Weights,
    /// Added for lines of which something is left out.
    pub talk: Weights,
    /// Added for lines with the typography of a sentence.
    pub sentence: Weights,
    /// How sure the best candidate is.
    pub confidence: Confidence,
}

/// The weights of a candidate's features.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// The tagger's log-probability.
    pub tagger: f32,
    /// The model's log-probability.
    pub model: f32,
    /// 1 for the line that the model itself writes along the lattice.
    pub own: f32,
    /// 1 for the tagger's first line.
    pub first: f32,
    /// The number of words that are left out and that no list knows as talk.
    pub lost: f32,
    /// The number of readings that only sound like what was heard.
    pub alike: f32,
    /// Minus the root of minus the model's log-probability: how bad a bad line is matters less than that it is bad.
    #[serde(default)]
    pub root: f32,
    /// The number of symbols in the line.
    #[serde(default)]
    pub symbols: f32,
    /// 1 if the line begins with a known command.
    #[serde(default)]
    pub command: f32,
}

/// Where a folder does not say how sure a model must be to leave out words.
fn only_the_sure() -> f32 {
    0.9
}

/// The log-odds of the best candidate being right, as a sum.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confidence {
    /// Weight of the log-odds of what the tagger gives all candidates together, times the best one's
    /// share of that.
    pub joint: f32,
    /// Weight of the log-odds of that share alone.
    pub share: f32,
    /// Weight of 1 if the model writes the same line.
    pub own: f32,
    /// What is always added.
    pub bias: f32,
}

impl Weights {
    /// The features in the order of their names here.
    pub const COUNT: usize = 9;

    /// The weights as a list.
    pub fn list(self) -> [f32; Weights::COUNT] {
        let Weights { tagger, model, own, first, lost, alike, root, symbols, command } = self;
        [tagger, model, own, first, lost, alike, root, symbols, command]
    }

    /// The weights of a list.
    pub fn of(list: [f32; Weights::COUNT]) -> Weights {
        let [tagger, model, own, first, lost, alike, root, symbols, command] = list;
        Weights { tagger, model, own, first, lost, alike, root, symbols, command }
    }
}

impl Default for Mix {
    /// For a model that was never trained on dictations. The weight was chosen on NL2Bash `valid`,
    /// 2026-11-23, among those that do no harm to lines with talk; with it, asking where the tagger
    /// is surer breaks as many lines as it mends.
    fn default() -> Mix {
        Mix {
            ask_below: 0.7,
            write_below: 0.1,
            lose_above: only_the_sure(),
            every: Weights { tagger: 1.0, model: 0.1, ..Weights::default() },
            talk: Weights::default(),
            sentence: Weights::default(),
            confidence: Confidence { joint: 1.0, share: 0.0, own: 0.0, bias: 0.0 },
        }
    }
}

impl Mix {
    /// The mix of a model: its own, or that of models that were not measured.
    ///
    /// # Errors
    /// Its [`MIX_FILE`] is no mix, or has numbers that make no sense.
    pub fn open<'a>(files: impl Into<Files<'a>>) -> Result<Mix, CheckpointError> {
        const LIMIT: u64 = 1 << 14;
        let files = files.into();
        if !files.has(MIX_FILE) {
            return Ok(Mix::default());
        }
        let path = files.path(MIX_FILE);
        let bytes = files.bytes(MIX_FILE, LIMIT)?;
        let mix: Mix = serde_json::from_slice(&bytes)
            .map_err(|error| CheckpointError::entry(&path, format!("it is not a mix: {error}")))?;
        match mix.problem() {
            None => Ok(mix),
            Some(problem) => Err(CheckpointError::entry(&path, problem)),
        }
    }

    fn problem(&self) -> Option<String> {
        /// Larger weights than any that was ever fitted. Hand-chosen, 2026-11-29.
        const HEAVIEST: f32 = 100.0;
        let Confidence { joint, share, own, bias } = self.confidence;
        let all = [self.every, self.talk, self.sentence].map(Weights::list);
        let all = all.as_flattened().iter().copied().chain([joint, share, own, bias]);
        let heaviest =
            all.fold(
                0.0_f32,
                |heaviest, weight| {
                    if weight.is_nan() { f32::INFINITY } else { heaviest.max(weight.abs()) }
                },
            );
        if heaviest > HEAVIEST {
            return Some(format!("a weight is {heaviest}, but none may be above {HEAVIEST}"));
        }
        let odd = [self.ask_below, self.write_below, self.lose_above]
            .into_iter()
            .find(|share| !(0.0..=1.0).contains(share))?;
        Some(format!("a threshold is {odd}, not from 0 to 1"))
    }
}
