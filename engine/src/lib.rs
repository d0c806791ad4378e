#![doc = include_str!("../README.md")]

pub mod explain;
mod gate;
pub mod judge;
pub mod wire;
mod writer;

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

pub use explain::{ExplainedReading, ExplainedUnit, explain};
use gate::Plan;
use sayso_language::LanguageError;
pub use sayso_language::{Resident, Stop};
use sayso_speech::clean::clean;
use sayso_speech::english::is_english;
use sayso_speech::gate::{self as rules, Verdict};
use sayso_speech::lattice::{Kind, Lattice, Step};
use sayso_speech::lex::lex;
use sayso_speech::programs::is_program;
use sayso_speech::quote::open_quote;
use sayso_speech::render::{self, Rendered};
pub use sayso_speech::words::UserWords as Words;
use sayso_speech::{commands, phonetic, scanner, strict};
use sayso_tagger as tagger;
use sayso_tagger::{EncodedLine, Path, Scratch, beam_search, encode};
use sayso_text::Forbidden;

/// Which stage may answer. `Auto` lets the gate decide, and then how sure the stages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Route {
    /// Gate first, then the best stage that is available.
    #[default]
    Auto,
    /// The rules alone, without the gate.
    Scanner,
    /// The tagger alone, without the gate.
    Tagger,
    /// The language model among what the tagger finds, without the gate and however sure the tagger is.
    Model,
}

/// What is converted, and under which circumstances.
#[derive(Debug, Clone, Default)]
pub struct Dictation<'a> {
    /// The line as the dictation tool typed it.
    pub text: &'a str,
    /// Cursor in `text`, in characters; `None` means at the end.
    pub cursor: Option<usize>,
    /// Which stage may answer.
    pub route: Route,
    /// Earlier lines of the same command, as they were entered; a quote that they left open is still open here.
    pub before: &'a str,
    /// The language model that may be asked; without one the first stages answer alone.
    pub model: Option<&'a Resident>,
    /// When the language model must be done: where it is not, the first stage's answer stands.
    pub stop: Stop,
    /// With [`Route::Model`]: the language model writes whatever it likes, for comparison. It is taken where the lattice
    /// has a path that writes the same, and only told where not.
    pub free: bool,
}

/// Why a line stayed as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Nothing but white space.
    #[error("the line is empty: dictate a command first")]
    Empty,
    /// Longer than [`MAX_TEXT_BYTES`].
    #[error("the line has {bytes} bytes, more than the {limit} that sayso converts")]
    TooLong {
        /// Bytes in the line.
        bytes: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A control, bidi or zero-width character.
    #[error("the line holds U+{code:04X} ({name}) at character {at}, which no command should contain")]
    BadCharacter {
        /// Code point.
        code: u32,
        /// What such a character is called.
        name: &'static str,
        /// Position, in characters.
        at: usize,
    },
    /// The stage that was asked for is not there.
    #[error("the {0} route is not available in this build")]
    NoRoute(&'static str),
    /// A language model was asked for and none is loaded.
    #[error("no language model is loaded, and the model route needs one")]
    NoModel,
}

pub use sayso_text::MAX_TEXT_BYTES;

/// Most alternatives that a conversion carries.
pub const MAX_ALTERNATIVES: usize = 4;

/// One unit of the dictation and what it became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Where in the dictation, in characters.
    pub source: Range<usize>,
    /// Where in the result, in characters; empty where the unit was dropped.
    pub output: Range<usize>,
}

/// A converted (or deliberately unchanged) line.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversion {
    /// The command.
    pub buffer: String,
    /// Cursor in `buffer`, in characters.
    pub cursor: usize,
    /// The stage that answered: "gate", "strict", "scanner", "tagger", "judge" or "writer".
    pub route: &'static str,
    /// How sure the stage is, 0 to 1: calibrated where the tagger answered, else a rank of the rules' own making.
    pub confidence: f32,
    /// Other readings, best first, without `buffer` itself; at most [`MAX_ALTERNATIVES`].
    pub alternatives: Vec<String>,
    /// Unit by unit, in order of the dictation.
    pub spans: Vec<Span>,
    /// Something to tell the person, such as why the line stayed as it was.
    pub message: Option<String>,
}

impl Conversion {
    /// Whether a language model would be asked about this answer, were there one: the tagger gave it, and is not sure.
    pub fn wants_model(&self) -> bool {
        self.route == "tagger" && self.confidence < judge::SURE
    }
}

/// Converts one line. Never panics, and takes time linear in the length of the line.
///
/// # Errors
/// A [`Refusal`] says why the line stays as it is. Prose and lines that already are commands are no refusals: they come
/// back unchanged from the gate, prose with a message.
pub fn convert(words: &Words, dictation: &Dictation<'_>) -> Result<Conversion, Refusal> {
    check(dictation)?;
    Ok(conclude(words, dictation).0)
}

/// What was chosen: the lattice that was looked at and the path through it, `None` where the gate kept the line.
struct Choice {
    lattice: Arc<Lattice>,
    path: Option<Vec<Step>>,
    /// The logarithm of the probability of each step, where the tagger chose.
    scores: Vec<f32>,
}

/// Clean, lex, gate, choose, render.
fn conclude(words: &Words, dictation: &Dictation<'_>) -> (Conversion, Choice) {
    let lattice = lex(clean(dictation.text), words, open_quote(dictation.before));
    let keep = |lattice: Arc<Lattice>, confidence: f32, message: &str| {
        let conversion = unchanged(&lattice, dictation, confidence, Some(message));
        (conversion, Choice { lattice, path: None, scores: Vec::new() })
    };
    const PROSE: &str = "this does not look like a command: the line stays as it is";
    let verdict = if dictation.route == Route::Auto { rules::judge(&lattice) } else { Verdict::Dictation };
    let strict = Some(verdict).filter(|verdict| *verdict == Verdict::Dictation);
    let by_model = matches!(dictation.route, Route::Tagger | Route::Model);
    let strict = strict.filter(|_| !by_model).and_then(|_| strict::path(&lattice));
    let strict = strict.filter(|path| {
        let asked = dictation.route == Route::Auto && lacks_separators(&lattice, path);
        let seen = if asked { Seen::new(words, &lattice) } else { None };
        seen.is_none_or(|seen| gate::says_separators(seen.0.class()))
    });
    let found = match dictation.route {
        _ if let Some(path) = strict => by_strict(lattice, path),
        Route::Auto => {
            // Inside a quote that an earlier line opened there is anything, of which the tagger has learnt nothing.
            let seen =
                Some(&lattice).filter(|lattice| lattice.open_quote().is_none() && !is_of_table(lattice));
            let seen = seen.and_then(|lattice| Seen::new(words, lattice));
            match gate::plan(verdict, seen.as_ref().map(|seen| seen.0.class())) {
                Plan::KeepCommand { confidence } => {
                    let message = "nothing here sounds dictated: the line stays as it is";
                    return keep(lattice.into(), confidence, message);
                }
                Plan::KeepProse { confidence } => return keep(lattice.into(), confidence, PROSE),
                Plan::ChooseCommand => match seen.and_then(Seen::choose).filter(Found::names_command) {
                    Some(found) => found,
                    None => return keep(lattice.into(), 0.5, PROSE),
                },
                Plan::Choose => match seen.and_then(Seen::choose) {
                    Some(found) => found,
                    None => by_scanner(lattice),
                },
            }
        }
        Route::Scanner => by_scanner(lattice),
        _ => match Seen::new(words, &lattice).and_then(Seen::choose) {
            Some(found) => found,
            None => by_scanner(lattice),
        },
    };
    let found = match dictation.model {
        // Who asks for the tagger alone gets what it says.
        Some(model) if found.route == "tagger" && dictation.route != Route::Tagger => {
            second(found, dictation, model)
        }
        _ => found,
    };
    let mut rendered = render::render(&found.lattice, &found.best.steps);
    if rendered.text.trim().is_empty() {
        return keep(found.lattice, 0.5, "nothing of this line is a command: it stays as it is");
    }
    let at_end = found.lattice.line.source_length;
    let cursor = dictation.cursor.unwrap_or(at_end);
    let mut carried = render::carry_cursor(&found.lattice, &rendered, cursor);
    let mut unclosed: Option<String> = None;
    let mut message = None;
    if let Some(sign) = open_sign(&found.lattice, &found.best.steps) {
        message = Some(format!("the quote {sign} is still open"));
        if found.closes_quotes() {
            message = Some(format!("closed the quote {sign} at the end"));
            unclosed = Some(rendered.text.clone());
            rendered.text.push_str(sign);
            carried += usize::from(cursor >= at_end);
        }
    }
    let mut others: Vec<String> = Vec::new();
    for path in &found.others {
        let text = found.written(path);
        let again = text == rendered.text || others.contains(&text);
        if !again && !text.trim().is_empty() {
            others.push(text);
        }
    }
    others.extend(unclosed);
    others.truncate(MAX_ALTERNATIVES);
    let conversion = Conversion {
        cursor: carried,
        route: found.route,
        confidence: found.confidence,
        alternatives: others,
        message: found.message.or(message),
        spans: spans(&rendered),
        buffer: rendered.text,
    };
    let Path { steps, scores, .. } = found.best;
    (conversion, Choice { lattice: found.lattice, path: Some(steps), scores })
}

/// What the language model makes of what the tagger found, which stands where the model has no answer.
fn second(found: Found, dictation: &Dictation<'_>, model: &Resident) -> Found {
    let pinned = dictation.route == Route::Model;
    if !pinned && found.confidence >= judge::SURE {
        return found;
    }
    // Who asked for the model wants to know.
    let without = |found: Found, what: &str, error: LanguageError| match pinned {
        true => Found { message: Some(format!("the language model {what} ({error})")), ..found },
        false => found,
    };
    if pinned && dictation.free {
        return match writer::freely(&found, dictation, model) {
            Ok(answer) => answer,
            Err(error) => without(found, "wrote nothing, so this is the tagger's answer", error),
        };
    }
    match judge::ask(&found, dictation, model) {
        Ok(judged) => match writer::ask(&judged, dictation, model) {
            Ok(written) => written.unwrap_or(judged),
            Err(error) => without(judged, "judged, but did not come to write another line", error),
        },
        Err(error) => without(found, "gave no answer, so this is the tagger's", error),
    }
}

/// A path, and what else might have been meant. Only paths that the tagger found have scores.
#[derive(Clone)]
struct Found {
    route: &'static str,
    lattice: Arc<Lattice>,
    best: Path,
    confidence: f32,
    others: Vec<Path>,
    /// What the person is to be told.
    message: Option<String>,
}

/// Every separator was said: there is one path.
fn by_strict(lattice: Lattice, path: Vec<Step>) -> Found {
    let others = vec![unscored(scanner::path(&lattice))];
    Found {
        route: "strict",
        lattice: lattice.into(),
        best: unscored(path),
        confidence: 0.99,
        others,
        message: None,
    }
}

/// By rule: letters in the case they were heard in and nothing taken back are worth a look too.
fn by_scanner(lattice: Lattice) -> Found {
    let path = scanner::path(&lattice);
    let others = [scanner::path_as_heard(&lattice, &path), scanner::path_without_corrections(&lattice)];
    let confidence = confidence(&lattice, &path);
    let others = others.map(unscored).into();
    Found {
        route: "scanner",
        lattice: lattice.into(),
        best: unscored(path),
        confidence,
        others,
        message: None,
    }
}

/// A path that the rules found.
fn unscored(steps: Vec<Step>) -> Path {
    Path { steps, ..Path::default() }
}

/// Paths that the tagger keeps at each token.
const BEAM: usize = 4;

/// How sure the tagger must be of a command where the rules see none.
const FOUND_COMMAND: f32 = 0.2;
/// The same of a name of which nothing is known, but that it is no English word.
const FOUND_NAME: f32 = 0.4;

impl Found {
    /// Whether the path begins with the name of a command, for sure enough to doubt the rules. Most English words are the
    /// name of some program.
    fn names_command(&self) -> bool {
        let text = render::render(&self.lattice, &self.best.steps).text;
        let name = text.split_whitespace().find(|word| !word.contains('=')).unwrap_or_default();
        let enough = match name {
            _ if commands::is_command(name) => FOUND_COMMAND,
            _ if name.is_empty() || is_english(&name.to_lowercase()) => return false,
            _ if is_program(name) => FOUND_COMMAND,
            _ => FOUND_NAME,
        };
        self.confidence >= enough
    }

    /// Whether a quote that is still open at the end is closed there: people leave out what ends with the line. The
    /// rules take a line at its word.
    fn closes_quotes(&self) -> bool {
        matches!(self.route, "tagger" | "judge" | "writer") && self.lattice.open_quote().is_none()
    }

    /// What a path writes.
    fn written(&self, path: &Path) -> String {
        let mut text = render::render(&self.lattice, &path.steps).text;
        if self.closes_quotes() {
            text.push_str(open_sign(&self.lattice, &path.steps).unwrap_or_default());
        }
        text
    }
}

/// Longest line, in tokens, that the tagger reads: it takes some hundredths of a millisecond a token.
const MAX_TAGGED: usize = 2_000;

/// Whether a line would have more words if its separators were not all said: `logs-f` or `logs -f`.
fn lacks_separators(lattice: &Lattice, strict: &[Step]) -> bool {
    let words = |path: &[Step]| render::render(lattice, path).text.split_whitespace().count();
    words(&scanner::path(lattice)) > words(strict)
}

/// Whether a line is the name of a command and of its sub-commands, to the letter: what else it sounds like is no matter.
fn is_of_table(lattice: &Lattice) -> bool {
    /// Deeper than this there are no sub-commands in the table.
    const DEPTH: usize = 4;
    let words: Vec<&str> = lattice.line.text.split_whitespace().take(DEPTH + 1).collect();
    words.len() <= DEPTH && commands::lookup(&words).is_some()
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// A line as the tagger sees it.
struct Seen(EncodedLine);

impl Seen {
    /// Nothing where the tagger's weights cannot be used, or nobody has dictated so long a line.
    fn new(words: &Words, lattice: &Lattice) -> Option<Seen> {
        if lattice.len() > MAX_TAGGED {
            return None;
        }
        let weights = tagger::embedded().ok()?;
        let wide = phonetic::widen(lattice.clone(), words);
        Some(Seen(SCRATCH.with_borrow_mut(|scratch| encode(weights, wide, scratch))))
    }

    /// The likeliest path and what else may be meant.
    fn choose(self) -> Option<Found> {
        let Seen(line) = self;
        let paths = SCRATCH.with_borrow_mut(|scratch| beam_search(&line, BEAM, scratch));
        let mut paths = paths.into_iter();
        let best = paths.next()?;
        Some(Found {
            route: "tagger",
            confidence: line.weights().confidence(best.score),
            best,
            others: paths.collect(),
            lattice: Arc::clone(line.lattice()),
            message: None,
        })
    }
}

/// Reads what is compiled in and builds its tables, which would otherwise cost the first line some tens of milliseconds.
pub fn warm_up() {
    let line = Dictation { text: "okay so get comit dash m", route: Route::Auto, ..Dictation::default() };
    // Whatever it is taken for, everything has been touched.
    let _ = convert(&Words::default(), &line);
}

fn check(dictation: &Dictation<'_>) -> Result<(), Refusal> {
    let text = dictation.text;
    match dictation.route {
        Route::Auto | Route::Scanner => {}
        Route::Tagger if tagger::embedded().is_ok() => {}
        Route::Tagger => return Err(Refusal::NoRoute("tagger")),
        Route::Model if dictation.model.is_some() => {}
        Route::Model => return Err(Refusal::NoModel),
    }
    if text.len() > MAX_TEXT_BYTES {
        return Err(Refusal::TooLong { bytes: text.len(), limit: MAX_TEXT_BYTES });
    }
    if let Some(Forbidden { character, name, position }) = Forbidden::first_in(text) {
        return Err(Refusal::BadCharacter { code: character.into(), name, at: position });
    }
    if text.trim().is_empty() { Err(Refusal::Empty) } else { Ok(()) }
}

fn unchanged(
    lattice: &Lattice,
    dictation: &Dictation<'_>,
    confidence: f32,
    message: Option<&str>,
) -> Conversion {
    let length = lattice.line.source_length;
    let all = (0..lattice.len()).map(|at| lattice.line.source(at..at + 1));
    Conversion {
        buffer: dictation.text.to_owned(),
        cursor: dictation.cursor.unwrap_or(length).min(length),
        route: "gate",
        confidence,
        alternatives: Vec::new(),
        spans: all.map(|source| Span { output: source.clone(), source }).collect(),
        message: message.map(str::to_owned),
    }
}

fn spans(rendered: &Rendered) -> Vec<Span> {
    let span = |span: &render::Span| Span { source: span.source.clone(), output: span.output.clone() };
    rendered.spans.iter().map(span).collect()
}

/// A rank: a known command and symbols that were said speak for a line, words that fit nowhere against it.
fn confidence(lattice: &Lattice, path: &[Step]) -> f32 {
    let readings = || path.iter().map(|step| lattice.reading(step.reading));
    let first = readings().find(|reading| reading.kind.writes());
    let known = first.is_some_and(|reading| commands::is_command(&reading.text));
    let symbols = readings().filter(|reading| reading.kind == Kind::Symbol).count();
    match (known, symbols) {
        (true, 1..) => 0.9,
        (true, 0) => 0.7,
        (false, 1..) => 0.5,
        (false, 0) => 0.3,
    }
}

/// The quote sign that is open at the end of the command.
fn open_sign(lattice: &Lattice, path: &[Step]) -> Option<&'static str> {
    let sign_of = |text: &str| ["\"", "'", "`"].into_iter().find(|sign| *sign == text);
    let mut open = lattice.open_quote().and_then(|sign| sign_of(sign.encode_utf8(&mut [0; 4])));
    for step in path {
        let reading = lattice.reading(step.reading);
        if let (Kind::Symbol, Some(sign)) = (reading.kind, sign_of(&reading.text)) {
            match open {
                Some(quote) if quote == sign => open = None,
                Some(_) => {}
                None => open = Some(sign),
            }
        }
    }
    open
}
