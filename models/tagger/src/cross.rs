//! How a candidate fits what was written before it: the rows of the second embedding table.

use super::candidate::distance;
use super::context::Context;
use super::feature::{CROSS_ROWS, Feature, TextHash};
use super::fit::{Expects, hyphenated};
use super::id::{CrossId, PartId};
use super::pattern::Pattern;
use super::repair;
use super::word::{Case, WordClass};
use sayso_speech::clean::Line;
use sayso_speech::lattice::{Lattice, Reading, ReadingId};

/// A context, and what all candidates behind it share.
#[derive(Debug)]
pub(super) struct ContextView<'c> {
    context: &'c Context,
    line: &'c Line,
    /// The word under construction.
    word: Feature,
    /// How it fits.
    fit: u64,
    last_kind: u64,
    quote: u64,
    /// What is expected of a candidate with a space before it.
    spaced: Expects,
    /// What is expected of the word that goes on.
    joined: Expects,
}

/// What features need to know about a reading, whatever stands before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadingFeatures<'l> {
    reading: &'l Reading,
    kind: u64,
    /// What it writes, as a hash and as a part of features.
    writes: TextHash,
    text: Feature,
    pattern: Pattern,
    /// The first token that it spans: text, word class and case.
    heard: TextHash,
    heard_lower: &'l str,
    heard_class: u64,
    heard_case: u64,
    /// The token behind it, in lower case; empty at the end of the line.
    next: &'l str,
    next_hash: TextHash,
}

impl<'l> ReadingFeatures<'l> {
    /// Of `readings`, which start at `token`.
    pub(super) fn all(
        lattice: &'l Lattice,
        token: usize,
        readings: &[ReadingId],
    ) -> Vec<ReadingFeatures<'l>> {
        let line = &lattice.line;
        let heard = TextHash::of(line.text(token));
        let heard_class = WordClass::of(line.lower(token)).code();
        let heard_case = Case::of(line.text(token)).code();
        let readings = readings.iter().map(|id| {
            let reading = lattice.reading(*id);
            let writes = TextHash::of(&reading.text);
            let end = reading.tokens.end;
            let next = if end < lattice.len() { line.lower(end) } else { "" };
            ReadingFeatures {
                reading,
                kind: reading.kind.code(),
                writes,
                text: Feature::of(PartId::CandidateText).text_hash(writes),
                pattern: Pattern::of(&reading.text),
                heard,
                heard_lower: line.lower(token),
                heard_class,
                heard_case,
                next,
                next_hash: TextHash::of(next),
            }
        });
        readings.collect()
    }
}

/// The rows of candidates, one candidate behind the other.
#[derive(Debug, Default)]
pub(super) struct CrossFeatures {
    /// Of the table with [`CROSS_ROWS`] rows.
    pub(super) rows: Vec<u32>,
    /// Scratch buffer for the word that a candidate makes.
    word: String,
}

impl<'c> ContextView<'c> {
    /// Of a context within a line.
    pub(super) fn of(line: &'c Line, context: &'c Context) -> ContextView<'c> {
        ContextView {
            context,
            line,
            word: Feature::of(PartId::Written).text_hash(context.text),
            fit: context.fit(),
            last_kind: context.last_kind_code(),
            quote: context.quote_code(),
            spaced: context.expects_next(),
            joined: context.expects(),
        }
    }

    /// Adds the rows of a candidate: how a reading, with a space before it or without, fits here.
    pub(super) fn cross(&self, features: &ReadingFeatures<'_>, space: bool, cross: &mut CrossFeatures) {
        if features.reading.kind.writes() {
            self.writing(features, space, cross);
        } else {
            self.silent(features, cross);
        }
    }

    /// Adds the rows of a candidate that writes nothing.
    fn silent(&self, features: &ReadingFeatures<'_>, cross: &mut CrossFeatures) {
        let &ReadingFeatures { kind, heard, heard_lower, next_hash: next, .. } = features;
        let context = self.context;
        let (last, place) = (context.last[0], context.place.code());
        let dropped = u64::from(context.dropped.min(3));
        let pending = context.pending_value.code();
        let quoted = u64::from(context.quote.is_some());
        let of = |id: CrossId| Feature::of(id).number(kind);
        let features = [
            of(CrossId::SilentHeard).text_hash(heard),
            of(CrossId::SilentDropped).number(dropped).number(self.last_kind),
            of(CrossId::SilentPlace).number(place).number(quoted),
            of(CrossId::SilentAfter).text_hash(heard).and(last),
            of(CrossId::SilentBefore).text_hash(heard).text_hash(next),
            of(CrossId::SilentBetween).and(last).text_hash(next).number(dropped),
            // A sub-command that is left out is dearer than another word.
            of(CrossId::SilentFit).number(self.spaced.fit(heard_lower)).number(dropped).number(pending),
        ];
        cross.rows.extend(features.map(|feature| feature.row(CROSS_ROWS)));
    }

    /// Adds the rows of a candidate that writes something.
    fn writing(&self, features: &ReadingFeatures<'_>, space: bool, cross: &mut CrossFeatures) {
        let &ReadingFeatures { reading, kind, text, next_hash: next, .. } = features;
        let Context { name, path, last: [last, before_last], .. } = *self.context;
        let context = self.context;
        let CrossFeatures { rows, word: joined } = cross;
        // The word that the candidate makes, the word before that, and how it fits.
        let (word, before, pattern, fit);
        if space || context.word.is_empty() {
            word = features.writes;
            before = if space { self.word } else { context.finished[0] };
            pattern = features.pattern;
            fit = if space { self.spaced } else { self.joined }.fit(&reading.text);
        } else {
            joined.clear();
            joined.push_str(&context.word);
            joined.push_str(&reading.text);
            word = context.text.and(features.writes);
            before = context.finished[0];
            pattern = context.pattern.and(&reading.text);
            fit = self.joined.fit(joined);
        }
        let word = Feature::of(PartId::CandidateWord).text_hash(word);
        let (place, pending) = (context.place.code(), context.pending_value.code());
        let (distance, prior) = (distance(reading), u64::from(reading.prior));
        let of = |id: CrossId| Feature::of(id);
        let space = u64::from(space) + 2 * u64::from(context.settled);
        let of_space = |id: CrossId| Feature::of(id).number(space);
        let mut add = |feature: Feature| rows.push(feature.row(CROSS_ROWS));
        add(of(CrossId::Word).and(word));
        add(of(CrossId::WordInCommand).and(word).and(name));
        add(of(CrossId::WordAfterWord).and(word).and(before));
        add(of(CrossId::FitOfWord).number(fit).number(space).number(kind));
        add(of_space(CrossId::TextAfterReading).and(last).and(text));
        add(of_space(CrossId::KindAfterKind).number(self.last_kind).number(kind).number(self.quote));
        add(of(CrossId::PatternInCommand).and(path).number(pending).number(space).bytes(pattern.bytes()));
        add(of_space(CrossId::FitBefore).number(self.fit).number(pending));
        add(of_space(CrossId::TextAfterTwo).and(before_last).and(last).and(text));
        add(of_space(CrossId::TextInCommand).and(name).and(last).and(text));
        add(of_space(CrossId::PatternAndFit).bytes(pattern.bytes()).number(fit));
        if reading.cost > 0 {
            let distance = of(CrossId::Distance).number(distance).number(space);
            add(distance.number(prior).number(reading.fit.code()).number(fit));
        }
        let heard = of(CrossId::HeardClass).number(features.heard_class).number(kind);
        add(heard.number(distance).number(fit).number(place));
        if reading.text.as_ref() == "-" && !features.next.is_empty() {
            add(of_space(CrossId::Hyphen).number(hyphenated(&context.word, features.next, self.joined)));
        }
        add(of(CrossId::TextAndCase).and(text).number(kind).number(features.heard_case).number(place));
        add(of_space(CrossId::TextBeforeHeard).and(text).text_hash(next));
        add(of_space(CrossId::KindBetween).number(kind).and(last).text_hash(next));
        add(of_space(CrossId::TextInCommandBeforeHeard).and(name).and(text).text_hash(next));
        if context.dropped > 0 {
            let from = context.dropped_from;
            repair::resumption(self.line, from, reading.tokens.start, kind).into_iter().for_each(add);
        }
    }
}
