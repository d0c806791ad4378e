//! The pipeline: parse → classify → choose → rescore → finish.
//!
//! [`Engine::draft`] takes the first three steps. [`Draft::rescore`](crate::Draft::rescore) is the fourth, for which a language
//! model may have to be waited for, and [`finish`] the last one. Each step returns a named value:
//! [`Line`] → [`Class`] → [`Choice`] → [`Choice`] → [`Conversion`].

use crate::alternatives;
use crate::candidates::Candidates;
use crate::draft::{Choice, Draft, Kept};
use crate::gate::{self, Class};
use crate::names::{self, Reread};
use crate::placed::Placed;
use crate::quote::open_at_end;
use crate::{
    ChosenReading, Conversion, Dictation, Engine, MAX_ALTERNATIVES, Place, Refusal, Rescorer, Route, Stage,
    Words, preference, region, tagged,
};
use sayso_speech::clean::{self, clean};
use sayso_speech::destructive::is_destructive;
use sayso_speech::gate::{self as rules, Verdict};
use sayso_speech::lattice::{Kind, Lattice, Step};
use sayso_speech::lex::lex;
use sayso_speech::made_up::MadeUp;
use sayso_speech::quote::open_quote;
use sayso_speech::render::{self, Rendered, Span};
use sayso_speech::{commands, disfluency, scanner, strict};
use sayso_tagger::EncodedLine;
use sayso_text::{Forbidden, MAX_TEXT_BYTES};
use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

impl Engine {
    /// Converts one line; `rescorer` is asked where the tagger is not sure. Never panics, and takes time linear in the
    /// length of the line, the language model's apart.
    ///
    /// # Errors
    /// A [`Refusal`] says why the line stays as it is. Prose and lines that already are commands are no refusals: they
    /// come back unchanged from the gate, prose with a message.
    pub fn convert(
        &self,
        words: &Words,
        dictation: &Dictation<'_>,
        rescorer: Option<Rescorer<'_>>,
    ) -> Result<Conversion, Refusal> {
        if dictation.route == Route::Model && rescorer.is_none() {
            return Err(Refusal::NoModel);
        }
        let mut draft = self.draft(words, dictation)?;
        if let Some(Rescorer { model, stop }) = rescorer
            && draft.wants_rescoring(model.mix())
        {
            draft.rescore(model, stop);
        }
        Ok(draft.finish())
    }

    /// Goes as far as a conversion comes without a language model. The draft needs neither the words nor the dictation
    /// any more, so it may wait for a model.
    ///
    /// # Errors
    /// As [`Engine::convert`].
    pub fn draft(&self, words: &Words, dictation: &Dictation<'_>) -> Result<Draft, Refusal> {
        let line = parse(self, words, dictation)?;
        let stem = line.stem.clone();
        let choice = match dictation.chosen {
            [] => {
                let class = classify(&line);
                match (choose(line, class), dictation.preferences) {
                    (Choice::Paths(found), Some(preferences)) => {
                        Choice::Paths(preference::prefer(self, found, preferences))
                    }
                    (choice, _) => choice,
                }
            }
            chosen => choose_around(&line, chosen)?,
        };
        let draft = Draft::new(self.clone(), dictation, stem, choice);
        Ok(match dictation.place {
            Some(place) => draft.with_names(place),
            None => draft,
        })
    }

    /// Reads the embedded data and builds its tables, which would otherwise cost the first line some tens of
    /// milliseconds.
    pub fn warm_up(&self) {
        let line = Dictation { text: "okay so get comit dash m", ..Dictation::default() };
        // The answer does not matter: every table has been touched.
        let _ = self.convert(&Words::default(), &line, None);
    }
}

/// Most names that are less sure and are offered beside the answer; each costs one more search. Hand-chosen on 2026-11-28.
const MAX_OFFERED: usize = 2;

/// A dictated line, read into a lattice.
struct Line<'a> {
    engine: &'a Engine,
    words: &'a Words,
    route: Route,
    lattice: Arc<Lattice>,
    /// What stands before the dictation on its line and is read with it; empty where it is read alone.
    stem: String,
    /// Filled when a step first asks for it, so that the encoder runs at most once a line.
    encoded: OnceCell<Option<EncodedLine>>,
}

/// Step 1: checks the line and reads it into a lattice.
fn parse<'a>(engine: &'a Engine, words: &'a Words, dictation: &Dictation<'_>) -> Result<Line<'a>, Refusal> {
    let Dictation { text, route, before, .. } = *dictation;
    if route == Route::Tagger && engine.weights().is_none() {
        return Err(Refusal::NoTagger);
    }
    if text.len() > MAX_TEXT_BYTES {
        return Err(Refusal::TooLong { bytes: text.len(), limit: MAX_TEXT_BYTES });
    }
    if let Some(Forbidden { character, name, position }) = Forbidden::first_in(text) {
        return Err(Refusal::BadCharacter { code: character.into(), name, at: position });
    }
    if text.trim().is_empty() {
        return Err(Refusal::Empty);
    }
    let (lattice, stem) = match region::stem(before).filter(|_| route != Route::Scanner) {
        Some(stem) => {
            let earlier = &before[..before.len() - stem.len()];
            let whole = lex(clean(&format!("{stem}{text}")), words, open_quote(earlier));
            (region::behind_stem(whole, stem), stem)
        }
        None => (None, ""),
    };
    let (lattice, stem) = match lattice {
        Some(lattice) => (lattice, stem),
        None => (lex(clean(text), words, open_quote(before)), ""),
    };
    Ok(Line {
        engine,
        words,
        route,
        lattice: Arc::new(lattice),
        stem: stem.to_owned(),
        encoded: OnceCell::new(),
    })
}

/// Step 2: what kind of line it is.
fn classify(line: &Line<'_>) -> Class {
    let lattice = &line.lattice;
    match line.route {
        Route::Tagger | Route::Model => Class::Dictation,
        Route::Scanner => strict::path(lattice).map_or(Class::Dictation, Class::Strict),
        Route::Auto => {
            let verdict = rules::classify(lattice);
            if verdict == Verdict::Dictation
                && line.stem.is_empty()
                && let Some(path) = strict::path(lattice)
                && line.says_all_separators(&path)
            {
                return Class::Strict(path);
            }
            // What is plausible once its typography is plain leaves nothing to choose. What an engine wrote as a
            // sentence may have other faults.
            let is_sentence = lattice.line.text.starts_with(|c: char| c.is_ascii_uppercase());
            if verdict == Verdict::Command && lattice.line.is_mended && !is_sentence {
                return Class::Mended;
            }
            gate::classify(verdict, line.for_tagger().map(EncodedLine::class))
        }
    }
}

/// Step 3: the best paths through the lattice, or the line as it is.
fn choose(line: Line<'_>, class: Class) -> Choice {
    const COMMAND: &str = "nothing here sounds dictated: the line stays as it is";
    const MENDED: &str = "nothing here sounds dictated: only what the speech engine typed was mended";
    const PROSE: &str = "this does not look like a command: the line stays as it is";
    match class {
        Class::Mended => Choice::Kept(Kept::mended(line.lattice, MENDED)),
        Class::Command { confidence } => Choice::Kept(Kept::new(line.lattice, confidence, COMMAND)),
        Class::Prose { confidence } => Choice::Kept(Kept::new(line.lattice, confidence, PROSE)),
        Class::Strict(path) => Choice::Paths(Candidates::strict(line.lattice, path)),
        Class::MaybeCommand => match line.by_tagger() {
            Ok(found) if found.names_command() && !found.may_be_prose() => Choice::Paths(found),
            Ok(Candidates { lattice, .. }) => Choice::Kept(Kept::new(lattice, gate::RULES_ONLY_PROSE, PROSE)),
            Err(lattice) => Choice::Kept(Kept::new(lattice, gate::RULES_ONLY_PROSE, PROSE)),
        },
        Class::Dictation => {
            let is_words_alone = line.route == Route::Auto && rules::is_words_alone(&line.lattice);
            let found = line.by_tagger().unwrap_or_else(Candidates::scanned);
            match is_words_alone && found.may_be_prose() {
                true => Choice::Kept(Kept::new(found.lattice, gate::RULES_ONLY_PROSE, PROSE)),
                false => Choice::Paths(found),
            }
        }
    }
}

impl Draft {
    /// Whether names of the place could change this line: not one that the rules answer alone, nor one for which somebody
    /// chose the readings. Whoever reads the place slowly asks this first.
    pub fn may_have_names(&self) -> bool {
        let is_open = match &self.choice {
            Choice::Paths(paths) => paths.stage.is_tagged(),
            Choice::Kept(_) => true,
        };
        is_open && self.route != Route::Scanner && !self.is_by_hand
    }

    /// The line read again with the names of the place, as [`Dictation::place`] has it read from the start.
    #[must_use]
    pub fn with_names(self, place: &Place) -> Draft {
        match self.may_have_names() {
            true => Draft { choice: reread(&self.engine, place, self.choice), ..self },
            false => self,
        }
    }
}

/// Step 3b: the same with the names of the place, where some were said. A line of which every separator was said stands
/// as it is.
fn reread(engine: &Engine, place: &Place, choice: Choice) -> Choice {
    match choice {
        Choice::Paths(found) if found.stage.is_tagged() => Choice::Paths(with_names(engine, place, found)),
        Choice::Kept(kept) => {
            // The gate keeps what is a command already, or what is none: nothing but the names may change in it.
            let found = Candidates::with_all_words(kept.lattice.clone());
            let found = with_names(engine, place, found);
            match !found.placed.is_empty() && names::outweigh(&found.placed, &found.lattice) {
                true => Choice::Paths(found),
                false => Choice::Kept(kept),
            }
        }
        choice => choice,
    }
}

/// The chosen path with the names of the place in it; what it wrote without them, and with names that are less sure, is
/// offered beside it.
fn with_names(engine: &Engine, place: &Place, found: Candidates) -> Candidates {
    let Reread { taken, offered, changes } = names::reread(place, &found.lattice, &found.best.steps);
    let mut also = Vec::new();
    for name in offered.into_iter().take(MAX_OFFERED) {
        let apart =
            |other: &&Placed| other.tokens.end <= name.tokens.start || other.tokens.start >= name.tokens.end;
        let mut names: Vec<Placed> = taken.iter().filter(apart).cloned().collect();
        names.push(name);
        names.sort_by_key(|name| name.tokens.start);
        also.extend(found.with_names(names).map(|with| with.text_of(&with.best)));
    }
    let with = match changes {
        // What was left out around a word that turned out to be a name may be more than talk.
        true if found.tagged.is_some() && names::recover_words(&taken, &found.lattice, &found.best.steps) => {
            tagged::search_with(engine, &found, taken)
        }
        true => found.with_names(taken),
        false => None,
    };
    let mut best = match with {
        Some(with) => {
            also.insert(0, found.text_of(&found.best));
            with
        }
        None => found,
    };
    best.also = also;
    best
}

/// Steps 2 and 3 where somebody chose readings by hand: the best paths that take them.
fn choose_around(line: &Line<'_>, chosen: &[ChosenReading]) -> Result<Choice, Refusal> {
    let encoded = line.encoded().ok_or(Refusal::NoTagger)?;
    let mut lattice = encoded.lattice().as_ref().clone();
    for ChosenReading { source, text } in chosen {
        let none = || Refusal::NoSuchReading { text: text.clone() };
        let stem = line.stem.chars().count();
        let tokens = lattice.line.tokens_in(source.start + stem..source.end + stem).ok_or_else(none)?;
        lattice = lattice.with_choice(tokens, text).ok_or_else(none)?;
    }
    let none =
        || Refusal::NoSuchReading { text: chosen.last().map(|last| last.text.clone()).unwrap_or_default() };
    let found = tagged::search(line.engine, encoded.with_lattice(lattice)).ok_or_else(none)?;
    Ok(Choice::Paths(found))
}

/// Step 5: writes the chosen path, or the line as it is. The fourth is [`crate::rescore`].
pub(crate) fn finish(draft: &Draft) -> Conversion {
    match draft.stem.as_str() {
        "" => finish_line(draft),
        stem => finish_line(draft).without(stem),
    }
}

fn finish_line(draft: &Draft) -> Conversion {
    match &draft.choice {
        Choice::Kept(kept) if kept.is_mended => mended(draft, &kept.lattice, kept.message),
        Choice::Kept(kept) => unchanged(draft, &kept.lattice, kept.confidence, kept.message),
        Choice::Paths(paths) => {
            const BLANK: &str = "nothing of this line is a command: it stays as it is";
            let rendered = render::render(&paths.lattice, &paths.best.steps);
            match rendered.text.trim().is_empty() {
                true => unchanged(draft, &paths.lattice, gate::RULES_ONLY_PROSE, BLANK),
                false => written(draft, paths, rendered),
            }
        }
    }
}

impl Line<'_> {
    /// The line as the tagger sees it; `None` where the tagger cannot read it.
    fn encoded(&self) -> Option<&EncodedLine> {
        let encode = || tagged::encode_line(self.engine, self.words, &self.lattice, &self.stem);
        self.encoded.get_or_init(encode).as_ref()
    }

    /// The same, where the tagger is to choose. Behind a quote that an earlier line opened any text may stand, which
    /// the tagger has not learnt; and a line that spells a known command needs no choice by sound.
    fn for_tagger(&self) -> Option<&EncodedLine> {
        let is_its = match self.route {
            Route::Scanner => false,
            Route::Tagger | Route::Model => true,
            Route::Auto => self.lattice.open_quote().is_none() && !is_known_command(&self.lattice),
        };
        if is_its { self.encoded() } else { None }
    }

    /// The tagger's best paths, or the lattice again where the tagger has none.
    fn by_tagger(self) -> Result<Candidates, Arc<Lattice>> {
        let is_encoded = self.for_tagger().is_some();
        let encoded = self.encoded.into_inner().flatten().filter(|_| is_encoded);
        let found = encoded.and_then(|line| tagged::search(self.engine, line)).ok_or(self.lattice.clone())?;
        if self.route != Route::Auto || !disfluency::takes_back(&self.lattice) {
            return Ok(found);
        }
        let by_rules = render::render(&self.lattice, &scanner::path(&self.lattice)).text;
        Ok(found.preferring(&by_rules))
    }

    /// Whether the strict path has every separator that the line could have: `logs-f`, or perhaps `logs -f`.
    fn says_all_separators(&self, strict: &[Step]) -> bool {
        let words = |path: &[Step]| render::render(&self.lattice, path).text.split_whitespace().count();
        let may_lack_some = words(&scanner::path(&self.lattice)) > words(strict);
        !may_lack_some || self.encoded().is_none_or(|line| gate::says_all_separators(line.class()))
    }
}

/// Whether a line is the name of a command and of its sub-commands, to the letter.
fn is_known_command(lattice: &Lattice) -> bool {
    /// Deeper than this there are no sub-commands in the table. Hand-chosen, 2026-11-23.
    const DEPTH: usize = 4;
    let words: Vec<&str> = lattice.line.text.split_whitespace().take(DEPTH + 1).collect();
    words.len() <= DEPTH && commands::lookup(&words).is_some()
}

/// The line as it was dictated.
fn unchanged(draft: &Draft, lattice: &Lattice, confidence: f32, message: &str) -> Conversion {
    let length = lattice.line.source_length;
    let span = |at| {
        let source = lattice.line.source(at..at + 1);
        Span { tokens: at..at + 1, output: source.clone(), source }
    };
    Conversion {
        buffer: draft.dictated.clone(),
        cursor: draft.cursor.unwrap_or(length).min(length),
        stage: Stage::Gate,
        confidence,
        alternatives: Vec::new(),
        spans: (0..lattice.len()).map(span).collect(),
        dropped: Vec::new(),
        added: Vec::new(),
        message: Some(message.to_owned()),
    }
}

/// The line as it would have been typed, with the cursor carried over.
fn mended(draft: &Draft, lattice: &Lattice, message: &str) -> Conversion {
    let line = &lattice.line;
    let span =
        |at| Span { tokens: at..at + 1, output: line.place_in_mended(at), source: line.source(at..at + 1) };
    let spans: Vec<Span> = (0..lattice.len()).map(span).collect();
    let buffer = line.mended().unwrap_or_else(|| draft.dictated.clone());
    let end = buffer.chars().count();
    let cursor = draft.cursor.unwrap_or(line.source_length);
    // Inside a word the cursor keeps its distance to the word's start.
    let word = spans.iter().find(|span| cursor < span.source.end);
    let carried = word.map_or(end, |span| {
        span.output.start + cursor.saturating_sub(span.source.start).min(span.output.len())
    });
    Conversion {
        buffer,
        cursor: carried.min(end),
        stage: Stage::Gate,
        confidence: gate::RULES_ONLY_COMMAND,
        alternatives: Vec::new(),
        spans,
        dropped: behind_last_word(line),
        added: Vec::new(),
        message: Some(made_up(line).unwrap_or(message).to_owned()),
    }
}

/// What an engine made up behind the last word, in characters of the source.
fn behind_last_word(line: &clean::Line) -> Vec<Range<usize>> {
    let end = line.source(0..line.tokens.len()).end;
    Vec::from_iter(line.made_up.map(|_| end..line.source_length))
}

/// What to tell the person about words at the end that were left out.
fn made_up(line: &clean::Line) -> Option<&'static str> {
    Some(match line.made_up? {
        MadeUp::Enter => "sayso presses no key: the word for it at the end was left out",
        MadeUp::Silence => "left out what the speech engine made up at the end",
    })
}

/// The best path, which is `rendered`, with the cursor carried over and the other paths as alternatives.
fn written(draft: &Draft, paths: &Candidates, mut rendered: Rendered) -> Conversion {
    let Candidates { lattice, best, .. } = paths;
    let end = lattice.line.source_length;
    let cursor = draft.cursor.unwrap_or(end);
    let mut carried = render::carry_cursor(lattice, &rendered, cursor);
    let mut message = made_up(&lattice.line).map(str::to_owned);
    let mut unclosed = None;
    let mut added = added(lattice, &best.steps, &rendered);
    if let Some(sign) = open_at_end(lattice, &best.steps) {
        message = Some(format!("the quote {sign} is still open"));
        if paths.closes_quotes() {
            message = Some(format!("closed the quote {sign} at the end"));
            unclosed = Some(rendered.text.clone());
            let end = rendered.text.chars().count();
            added.push(end..end + 1);
            rendered.text.push(sign);
            carried += usize::from(cursor >= end);
        }
    }
    let mut dropped = dropped(lattice, &best.steps);
    let notes = left_out(&draft.dictated, &dropped);
    dropped.extend(behind_last_word(&lattice.line));
    let mut alternatives: Vec<String> = Vec::new();
    let others = alternatives::texts(&draft.engine, paths, &rendered.text);
    for text in paths.also.iter().cloned().chain(others) {
        if text != rendered.text && !text.trim().is_empty() && !alternatives.contains(&text) {
            alternatives.push(text);
        }
    }
    alternatives.extend(unclosed);
    alternatives.truncate(MAX_ALTERNATIVES);
    let confidence = confidence(paths, &rendered.text, &dropped);
    Conversion {
        buffer: rendered.text,
        cursor: carried,
        stage: paths.stage,
        confidence,
        alternatives,
        spans: rendered.spans,
        message: message_of([
            paths.message.clone().or(message),
            notes,
            named(&paths.placed),
            offered(lattice, &best.steps),
        ]),
        dropped,
        added,
    }
}

/// Highest confidence in a command that destroys something while words were left out of it. Set on 2026-11-28: nobody
/// should read such an answer as a sure one.
const MAX_CONFIDENCE_WITH_LOSS: f32 = 0.89;

/// How sure the answer `text` is, of which `dropped` was left out.
fn confidence(paths: &Candidates, text: &str, dropped: &[Range<usize>]) -> f32 {
    match !dropped.is_empty() && is_destructive(text) {
        true => paths.confidence.min(MAX_CONFIDENCE_WITH_LOSS),
        false => paths.confidence,
    }
}

/// What a path leaves out, in characters of the source. Words next to each other are one range.
fn dropped(lattice: &Lattice, path: &[Step]) -> Vec<Range<usize>> {
    let mut dropped: Vec<Range<usize>> = Vec::new();
    let mut behind = None;
    for token in lattice.left_out(path) {
        let source = lattice.line.source(token..token + 1);
        match dropped.last_mut() {
            Some(last) if behind == Some(token) => last.end = source.end,
            _ => dropped.push(source),
        }
        behind = Some(token + 1);
    }
    dropped
}

/// Where a rendered path writes signs that nobody said.
fn added(lattice: &Lattice, path: &[Step], rendered: &Rendered) -> Vec<Range<usize>> {
    let text: Vec<char> = rendered.text.chars().collect();
    let mut added: Vec<Range<usize>> = Vec::new();
    for (step, span) in path.iter().zip(&rendered.spans) {
        if lattice.reading(step.reading).kind != Kind::Added {
            continue;
        }
        for at in span.output.clone().filter(|&at| text.get(at).is_some_and(|c| is_sign(*c))) {
            match added.last_mut() {
                Some(last) if last.end == at => last.end = at + 1,
                _ => added.push(at..at + 1),
            }
        }
    }
    added
}

/// Whether no word holds this character.
fn is_sign(character: char) -> bool {
    !character.is_alphanumeric() && !character.is_whitespace()
}

/// Tells what was left out: the words themselves, the first ones of many.
fn left_out(dictated: &str, dropped: &[Range<usize>]) -> Option<String> {
    /// Characters that fit below a line beside the rest of the message. Hand-chosen, 2026-11-28.
    const MOST: usize = 60;
    let words = |range: &Range<usize>| -> String {
        let text: String = dictated.chars().skip(range.start).take(range.len()).collect();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let list = dropped.iter().map(words).collect::<Vec<_>>().join(", ");
    let shown = match list.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &list[..end]),
        None => list,
    };
    (!shown.is_empty()).then(|| format!("left out: {shown}"))
}

/// Tells which names were not said as they are written.
fn named(placed: &[Placed]) -> Option<String> {
    let notes: Vec<String> = placed.iter().filter_map(Placed::message).collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// Tells that a path takes words that were learnt, and that the person has not confirmed.
fn offered(lattice: &Lattice, path: &[Step]) -> Option<String> {
    let readings = path.iter().map(|step| lattice.reading(step.reading));
    let words: Vec<&str> = readings.filter(|it| it.is_offered_word()).map(|it| it.text.as_ref()).collect();
    (!words.is_empty()).then(|| format!("learnt: {}", words.join(", ")))
}

/// Several things to tell, as one message.
fn message_of(parts: [Option<String>; 4]) -> Option<String> {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}
