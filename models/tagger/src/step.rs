//! The features of one step of a path: what beam search scores and what training learns from.
//!
//! Both call [`TokenFeatures::step`], so the network is asked about the same features that it was trained on.

use super::candidate::{self, Candidate};
use super::context::Context;
use super::cross::{ContextView, CrossFeatures, ReadingFeatures};
use sayso_speech::lattice::{Lattice, ReadingId};

/// What all steps at one token share: the readings that a path may take there, and what each says by itself.
#[derive(Debug)]
pub struct TokenFeatures<'l> {
    lattice: &'l Lattice,
    choices: Vec<ReadingId>,
    readings: Vec<ReadingFeatures<'l>>,
}

impl<'l> TokenFeatures<'l> {
    /// Of the readings that start at `token`.
    pub fn of(lattice: &'l Lattice, token: usize) -> TokenFeatures<'l> {
        let choices = lattice.choices(token);
        let readings = ReadingFeatures::all(lattice, token, &choices);
        TokenFeatures { lattice, choices, readings }
    }

    /// The readings that a path may take; [`Candidate::choice`] is an index into it.
    pub fn choices(&self) -> &[ReadingId] {
        &self.choices
    }

    /// The rows of the table with [`ROWS`](super::feature::ROWS) rows that describe each choice by itself.
    pub fn rows(&self) -> impl Iterator<Item = [u32; 8]> {
        let readings = self.choices.iter().map(|&id| self.lattice.reading(id));
        readings.map(|reading| candidate::rows(self.lattice, reading))
    }

    /// Fills `features` with those of the step behind `context`, whose last reading that wrote something was `last`.
    /// Candidates that `keep` refuses are left out: training shows only some of those by sound.
    pub fn step(
        &self,
        context: &Context,
        last: Option<ReadingId>,
        keep: impl FnMut(&Candidate) -> bool,
        features: &mut StepFeatures,
    ) {
        let StepFeatures { candidates, history, cross, ends } = features;
        candidate::candidates(self.lattice, &self.choices, context, last, candidates);
        candidates.retain(keep);
        *history = context.rows();
        let view = ContextView::of(&self.lattice.line, context);
        cross.rows.clear();
        ends.clear();
        for candidate in candidates.iter() {
            view.cross(&self.readings[candidate.choice as usize], candidate.space, cross);
            ends.push(cross.rows.len());
        }
    }
}

/// The features of one step.
#[derive(Debug, Default)]
pub struct StepFeatures {
    /// What may come next.
    pub candidates: Vec<Candidate>,
    /// The rows of the table with [`ROWS`](super::feature::ROWS) rows that describe the command line so far.
    pub history: [u32; 10],
    cross: CrossFeatures,
    /// Candidate → where its rows end in `cross`.
    ends: Vec<usize>,
}

impl StepFeatures {
    /// The rows of the table with [`CROSS_ROWS`](super::feature::CROSS_ROWS) rows that say how each candidate fits, in the order of `candidates`.
    pub fn cross(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(&start, &end)| &self.cross.rows[start..end])
    }
}
