//! Encodes a sample as the network reads it: rows of tables, and the right candidate at each step
//! of the gold path.

use crate::align::align;
use crate::op::NO_ROW;
use fastrand::Rng;
use sayso_corpus::sample::{Label, LabelledText, LineClass, Sample};
use sayso_speech::clean::clean;
use sayso_speech::lattice::{Kind, Lattice, ReadingId, Step};
use sayso_speech::lex::lex;
use sayso_speech::phonetic::widen;
use sayso_speech::words::UserWords;
use sayso_tagger::candidate::Candidate;
use sayso_tagger::context::Context;
use sayso_tagger::step::{StepFeatures, TokenFeatures};
use sayso_tagger::unit::{self, Weighted};
use sayso_tagger::vector;
use std::ops::Range;

/// Bags of rows of one table, in compressed sparse row form. The rows of a bag are summed into one
/// vector.
#[derive(Debug, Default, Clone)]
pub struct CsrBags {
    /// The rows of all bags with their weights.
    pub indices: Vec<Weighted>,
    /// The end of each bag in `indices`.
    pub offsets: Vec<u32>,
}

impl CsrBags {
    /// Adds a bag of rows with a weight of one.
    pub fn push(&mut self, rows: impl IntoIterator<Item = u32>) {
        self.push_weighted(rows.into_iter().map(|row| (row, 1.0)));
    }

    /// Adds a bag of rows with weights.
    pub fn push_weighted(&mut self, rows: impl IntoIterator<Item = Weighted>) {
        self.indices.extend(rows);
        self.offsets.push(self.indices.len() as u32);
    }

    /// Adds all bags of `other`.
    pub fn append(&mut self, other: &CsrBags) {
        let before = self.indices.len() as u32;
        self.indices.extend_from_slice(&other.indices);
        self.offsets.extend(other.offsets.iter().map(|end| end + before));
    }

    /// Number of bags.
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Whether there are no bags.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }
}

/// An encoded sample.
#[derive(Debug, Default, Clone)]
pub struct Example {
    /// One bag for each token.
    pub units: CsrBags,
    /// The row of each token's word vector, or `u32::MAX` if it has none.
    pub vectors: Vec<u32>,
    /// One bag a reading.
    pub readings: CsrBags,
    /// The tokens that each reading spans.
    pub spans: Vec<Range<u32>>,
    /// One bag for each step of the gold path: the command line so far.
    pub history: CsrBags,
    /// The token at which each step starts.
    pub step_tokens: Vec<u32>,
    /// One bag for each candidate.
    pub cross: CsrBags,
    /// The step and the reading of each candidate, as indices; candidates of one step are adjacent.
    pub candidates: Vec<(u32, u32)>,
    /// How many candidates each candidate stands for, because others were left out.
    pub counts_for: Vec<u8>,
    /// The index of the right candidate of each step.
    pub gold: Vec<u32>,
    /// The class of the line.
    pub class: LineClass,
}

/// Why a sample cannot be used in training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// No path of the lattice writes the answer.
    #[error("no path writes the answer")]
    Unreachable,
    /// The line is longer than [`MAX_UNITS`].
    #[error("more units than training takes")]
    TooLong,
}

/// Longest line that is trained on, in tokens. Hand-chosen; not measured separately.
pub const MAX_UNITS: usize = 80;

/// The wide lattice of a line, which both training and the tagger's route use.
pub fn lattice(dictated: &str) -> Lattice {
    let words = UserWords::default();
    widen(lex(clean(dictated), &words, None), &words)
}

/// The label of each token.
fn labels(lattice: &Lattice, dictated: &LabelledText) -> Vec<Label> {
    (0..lattice.len()).map(|token| dictated.label(lattice.line.source(token..token + 1))).collect()
}

/// Training shows one in this many of the wrong phonetic readings. Hand-chosen; not measured
/// separately.
const SHOWN: u8 = 3;

/// Aligns and encodes a sample. With `random`, only about one in three of the wrong phonetic
/// readings is taken, and it counts for those that were left out (importance sampling, Bengio and
/// Senécal 2003).
///
/// # Errors
/// If the line is too long, or if no path writes the expected command.
pub fn encode(sample: &Sample, random: Option<&mut Rng>) -> Result<Example, Unusable> {
    let lattice = lattice(&sample.dictated.text);
    if lattice.len() > MAX_UNITS {
        return Err(Unusable::TooLong);
    }
    let class = sample.class;
    if !sample.teaches_a_path() {
        return Ok(Example { class, ..Example::of_units(&lattice) });
    }
    let labels = labels(&lattice, &sample.dictated);
    let plain = sample.expected.split_whitespace().collect::<Vec<_>>().join(" ");
    let path = align(&lattice, &sample.expected, &labels)
        // Speakers do not say the number of spaces, so the answer with single spaces is tried next.
        .or_else(|| align(&lattice, &plain, &labels))
        // A rule of the engine closes the last quote if the speaker did not.
        .or_else(|| align(&lattice, plain.strip_suffix(['"', '\''])?, &labels))
        .ok_or(Unusable::Unreachable)?;
    let example = encode_path(&lattice, &path, random).ok_or(Unusable::Unreachable)?;
    Ok(Example { class, ..example })
}

impl Example {
    fn of_units(lattice: &Lattice) -> Example {
        let mut example = Example::default();
        for rows in unit::units(lattice) {
            example.units.push_weighted(rows);
        }
        example.vectors = vector::vectors(lattice).into_iter().map(|row| row.unwrap_or(NO_ROW)).collect();
        example
    }
}

/// Encodes a path. Returns `None` if one of its steps is not among the tagger's candidates.
pub(super) fn encode_path(lattice: &Lattice, path: &[Step], mut random: Option<&mut Rng>) -> Option<Example> {
    let mut example = Example::of_units(lattice);
    let mut context = Context::new(None);
    let mut last: Option<ReadingId> = None;
    let mut features = StepFeatures::default();
    for (step, gold) in path.iter().enumerate() {
        let taken = lattice.reading(gold.reading);
        let token = TokenFeatures::of(lattice, taken.tokens.start);
        let first = example.readings.len() as u32;
        for (&id, rows) in token.choices().iter().zip(token.rows()) {
            let tokens = &lattice.reading(id).tokens;
            example.readings.push(rows);
            example.spans.push(tokens.start as u32..tokens.end as u32);
        }
        let is_gold = |step: &Candidate| step.reading == gold.reading && step.space == gold.space;
        let is_sampled =
            |step: &Candidate| lattice.reading(step.reading).kind == Kind::SoundAlike && !is_gold(step);
        let shown = |step: &Candidate| match random.as_deref_mut() {
            Some(random) => !is_sampled(step) || random.u8(..SHOWN) == 0,
            None => true,
        };
        token.step(&context, last, shown, &mut features);
        let right = features.candidates.iter().position(is_gold)?;
        example.gold.push((example.candidates.len() + right) as u32);
        example.step_tokens.push(taken.tokens.start as u32);
        example.history.push(features.history);
        let counts_for = if random.is_some() { SHOWN } else { 1 };
        for (candidate, cross) in features.candidates.iter().zip(features.cross()) {
            example.candidates.push((step as u32, first + candidate.choice));
            example.counts_for.push(if is_sampled(candidate) { counts_for } else { 1 });
            example.cross.push(cross.iter().copied());
        }
        context.write(lattice, taken, gold.space);
        if taken.kind.writes() {
            last = Some(gold.reading);
        }
    }
    Some(example)
}
