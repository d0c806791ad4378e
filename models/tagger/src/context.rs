//! The command line so far, as the tagger sees it from one point of a path.

use super::feature::{CROSS_ROWS, Feature, ROWS, Text};
use super::unit::{Pattern, Standing};
use sayso_speech::commands::{self, Arity, Command};
use sayso_speech::lattice::{Kind, Lattice, Reading, ReadingId};
use sayso_speech::programs;

/// Of a longer word only this many bytes at its end are kept.
const LONGEST: usize = 48;

/// What may stand where the next word goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A command's name.
    Command,
    /// An argument.
    Argument,
}

/// The command line so far. Its size does not depend on the length of the line.
#[derive(Debug, Clone)]
pub struct Context {
    /// What was written since the last space, quoted ones included; of a long word its end.
    word: String,
    /// All of it.
    text: Text,
    pattern: Pattern,
    /// The finished words before it, the last one first.
    finished: [Feature; 2],
    /// The command and the sub-commands that were named.
    command: Option<Command>,
    /// The command's name, and the path of its sub-commands.
    name: Feature,
    path: Feature,
    place: Place,
    /// What the finished word before this one waits for, if it was a flag.
    due: u8,
    /// Words behind the name, and words that were dropped in a row.
    arguments: u8,
    dropped: u8,
    quote: Option<char>,
    brackets: u8,
    /// The readings that wrote last, the last one first.
    last: [Feature; 2],
    last_kind: Option<Kind>,
    last_space: bool,
    /// Whether the space that comes next is settled: nothing was written, or a separator was said.
    settled: bool,
}

const NOTHING: Feature = Feature::new(0);

impl Default for Context {
    fn default() -> Context {
        Context {
            word: String::new(),
            text: Text::EMPTY,
            pattern: Pattern::EMPTY,
            finished: [NOTHING; 2],
            command: None,
            name: NOTHING,
            path: NOTHING,
            place: Place::Command,
            due: 0,
            arguments: 0,
            dropped: 0,
            quote: None,
            brackets: 0,
            last: [NOTHING; 2],
            last_kind: None,
            last_space: false,
            settled: true,
        }
    }
}

impl Context {
    /// At the start of a line, or inside a quote that an earlier line opened.
    pub fn new(inside: Option<char>) -> Context {
        Context { quote: inside, ..Context::default() }
    }

    /// Whether the next reading has a choice between a space and none.
    pub fn may_space(&self) -> bool {
        !self.settled
    }

    /// The quote sign that is open.
    pub fn quote(&self) -> Option<char> {
        self.quote
    }

    /// The rows that describe it, of the table with [`ROWS`] rows.
    pub fn rows(&self) -> [u32; 10] {
        let word = Feature::new(30).grown(self.text);
        let open = u64::from(self.quote.map_or(0, u32::from));
        let state = Feature::new(31)
            .number(open)
            .number(u64::from(self.brackets.min(2)))
            .number(self.place as u64)
            .number(u64::from(self.due));
        let kind = self.last_kind.map_or(99, |kind| kind as u64);
        [
            word,
            Feature::new(32).and(self.finished[0]),
            Feature::new(33).and(self.name),
            Feature::new(34).and(self.path).and(self.finished[0]),
            Feature::new(35).and(self.last[0]),
            Feature::new(36).and(self.last[0]).and(self.last[1]),
            state,
            Feature::new(37).number(u64::from(self.dropped.min(3))).number(kind),
            Feature::new(38).number(u64::from(self.arguments.min(4))).number(u64::from(self.last_space)),
            Feature::new(39).and(self.name).number(self.fit(&self.word)),
        ]
        .map(|feature| feature.row(ROWS))
    }

    /// What all candidates behind this context share.
    pub fn view(&self) -> View<'_> {
        let spaced = match (self.quote, self.place) {
            (Some(_), _) => Expects::Anything,
            (None, Place::Command) if self.word.is_empty() => Expects::Name,
            // The word before would be the name: its own sub-commands and flags are those that count.
            (None, Place::Command) => match commands::lookup(&[self.word.as_str()]) {
                Some(command) if command.runs_command() => Expects::Name,
                command => Expects::Argument(command),
            },
            (None, Place::Argument) => {
                let below = self.command.and_then(|command| command.subcommand(&self.word));
                Expects::Argument(below.or(self.command))
            }
        };
        View {
            context: self,
            word: Feature::new(1).grown(self.text),
            fit: self.fit(&self.word),
            last_kind: self.last_kind.map_or(99, |kind| kind as u64),
            quote: u64::from(self.quote.map_or(0, u32::from)),
            spaced,
            joined: self.expects(),
        }
    }

    /// What the word under construction may be.
    fn expects(&self) -> Expects {
        match (self.quote, self.place) {
            (Some(_), _) => Expects::Anything,
            (None, Place::Command) => Expects::Name,
            (None, Place::Argument) => Expects::Argument(self.command),
        }
    }

    fn fit(&self, word: &str) -> u64 {
        self.expects().fit(word)
    }

    /// Takes in what a reading writes, `space` telling whether a space goes before it.
    pub fn write(&mut self, reading: &Reading, space: bool) {
        match reading.kind {
            Kind::Drop => {
                self.dropped = self.dropped.saturating_add(1);
                return;
            }
            Kind::Join => {
                self.settled = true;
                self.last_kind = Some(Kind::Join);
                return;
            }
            Kind::Separator => {
                self.finish_word();
                if reading.text.contains('\n') && self.quote.is_none() {
                    self.begin_command();
                }
                self.settled = true;
                self.last_kind = Some(Kind::Separator);
                return;
            }
            _ => {}
        }
        if space {
            self.finish_word();
        }
        self.dropped = 0;
        self.settled = false;
        let text = Text::of(&reading.text);
        self.last = [Feature::new(1).number(reading.kind as u64).grown(text), self.last[0]];
        self.last_kind = Some(reading.kind);
        self.last_space = space;
        let escaped = self.word.ends_with('\\');
        let operator = matches!(reading.text.as_ref(), "|" | "||" | "&&" | ";" | "|&" | "&");
        if operator && self.quote.is_none() && !escaped && !self.word.ends_with(['>', '<']) {
            self.finish_word();
            self.begin_command();
            self.finished[0] = Feature::new(1).grown(text);
            return;
        }
        self.word.push_str(&reading.text);
        self.text = self.text.and(text);
        self.pattern = self.pattern.and(&reading.text);
        if !escaped {
            self.follow_signs(&reading.text);
        }
        if self.word.len() > LONGEST {
            let cut = (self.word.len() - LONGEST..).find(|&at| self.word.is_char_boundary(at));
            self.word.drain(..cut.unwrap_or(0));
        }
    }

    /// Keeps quotes and brackets in step with what was written.
    fn follow_signs(&mut self, text: &str) {
        for c in text.chars() {
            match (c, self.quote) {
                ('"' | '\'' | '`', None) => self.quote = Some(c),
                (c, Some(open)) if c == open => self.quote = None,
                (_, Some('\'')) => {}
                ('(' | '[' | '{', _) => self.brackets = self.brackets.saturating_add(1),
                (')' | ']' | '}', _) => self.brackets = self.brackets.saturating_sub(1),
                _ => {}
            }
        }
        if self.quote.is_none() && self.word.ends_with("$(") {
            self.begin_command();
            self.clear_word();
        }
    }

    fn clear_word(&mut self) {
        self.word.clear();
        self.text = Text::EMPTY;
        self.pattern = Pattern::EMPTY;
    }

    fn begin_command(&mut self) {
        self.place = Place::Command;
        self.command = None;
        self.name = NOTHING;
        self.path = NOTHING;
        self.arguments = 0;
        self.due = 0;
    }

    fn finish_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let word = std::mem::take(&mut self.word);
        let this = Feature::new(1).grown(self.text);
        if self.quote.is_none() {
            self.finish_unquoted(&word, this);
        }
        self.finished = [this, self.finished[0]];
        self.word = word;
        self.clear_word();
    }

    fn finish_unquoted(&mut self, word: &str, this: Feature) {
        let was_due = std::mem::take(&mut self.due);
        match self.place {
            Place::Command if word.starts_with('-') => {
                // A flag of what runs the command, such as `sudo -u`.
                self.due = arity(self.command, word).map_or(4, due);
            }
            Place::Command if was_due == 1 || word.contains('=') => {}
            Place::Command
                if matches!(word, "do" | "then" | "else" | "while" | "if" | "until" | "!" | "{") => {}
            Place::Command => {
                self.command = commands::lookup(&[word]);
                self.name = this;
                self.path = this;
                self.arguments = 0;
                if !self.command.is_some_and(|command| command.runs_command() && word != "find") {
                    self.place = Place::Argument;
                }
            }
            Place::Argument => {
                self.arguments = self.arguments.saturating_add(1);
                if matches!(word, "-exec" | "-execdir" | "-ok" | "-okdir") {
                    self.begin_command();
                } else if word.starts_with('-') {
                    self.due = arity(self.command, word).map_or(4, due);
                } else if was_due != 1
                    && let Some(below) = self.command.and_then(|command| command.subcommand(word))
                {
                    self.command = Some(below);
                    self.path = self.path.and(this);
                }
            }
        }
    }
}

/// What the next word may be.
#[derive(Debug, Clone, Copy)]
enum Expects {
    /// Something in quotes.
    Anything,
    /// A command's name.
    Name,
    /// An argument of a command, if it is known.
    Argument(Option<Command>),
}

impl Expects {
    fn fit(self, word: &str) -> u64 {
        match self {
            _ if word.is_empty() => 1,
            Expects::Anything => 0,
            Expects::Name => fit_name(word),
            Expects::Argument(command) => fit_argument(command, word),
        }
    }
}

/// A context, and what all candidates behind it share.
#[derive(Debug)]
pub struct View<'c> {
    context: &'c Context,
    word: Feature,
    fit: u64,
    last_kind: u64,
    quote: u64,
    spaced: Expects,
    joined: Expects,
}

/// What a reading has of itself, whatever stands before it.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'l> {
    kind: u64,
    writes: Text,
    text: Feature,
    pattern: Pattern,
    heard: Text,
    standing: u64,
    next: Text,
    next_word: &'l str,
    case: u64,
    reading: &'l Reading,
}

impl<'l> Facts<'l> {
    /// Of readings that start at `token`.
    pub fn all(lattice: &'l Lattice, token: usize, readings: &[ReadingId]) -> Vec<Facts<'l>> {
        let line = &lattice.line;
        let heard = Text::of(line.text(token));
        let standing = Standing::of(line.lower(token)) as u64;
        let case = super::unit::case_of(line.text(token));
        let facts = readings.iter().map(|id| {
            let reading = lattice.reading(*id);
            let writes = Text::of(&reading.text);
            let end = reading.tokens.end;
            let next_word = if end < lattice.len() { line.lower(end) } else { "" };
            Facts {
                kind: reading.kind as u64,
                writes,
                text: Feature::new(3).grown(writes),
                pattern: Pattern::of(&reading.text),
                heard,
                standing,
                next: if next_word.is_empty() { Text::EMPTY } else { Text::of(next_word) },
                next_word,
                case,
                reading,
            }
        });
        facts.collect()
    }
}

/// The rows of candidates, one candidate behind the other, and room to find them.
#[derive(Debug, Default)]
pub struct Cross {
    /// Of the table with [`CROSS_ROWS`] rows.
    pub rows: Vec<u32>,
    word: String,
}

impl View<'_> {
    /// Adds the rows of a candidate: how a reading, with a space before it or not, fits here.
    pub fn cross(&self, facts: &Facts<'_>, space: bool, cross: &mut Cross) {
        let context = self.context;
        let Cross { rows, word: joined } = cross;
        let mut add = |feature: Feature| rows.push(feature.row(CROSS_ROWS));
        let (kind, reading) = (facts.kind, facts.reading);
        if !reading.kind.writes() {
            let quoted = u64::from(context.quote.is_some());
            let dropped = u64::from(context.dropped.min(3));
            add(Feature::new(60).number(kind).grown(facts.heard));
            add(Feature::new(61).number(kind).number(dropped).number(self.last_kind));
            add(Feature::new(62).number(kind).number(context.place as u64).number(quoted));
            add(Feature::new(63).number(kind).grown(facts.heard).and(context.last[0]));
            add(Feature::new(64).number(kind).grown(facts.heard).grown(facts.next));
            add(Feature::new(65).number(kind).and(context.last[0]).grown(facts.next).number(dropped));
            return;
        }
        let space_code = u64::from(space) + 2 * u64::from(context.settled);
        let (before, fit, this, pattern);
        if space || context.word.is_empty() {
            before = if space { self.word } else { context.finished[0] };
            fit = if space { self.spaced } else { self.joined }.fit(&reading.text);
            this = facts.writes;
            pattern = facts.pattern;
        } else {
            joined.clear();
            joined.push_str(&context.word);
            joined.push_str(&reading.text);
            before = context.finished[0];
            fit = self.joined.fit(joined);
            this = context.text.and(facts.writes);
            pattern = context.pattern.and(&reading.text);
        }
        let this = Feature::new(2).grown(this);
        let text = facts.text;
        add(Feature::new(70).and(this));
        add(Feature::new(71).and(this).and(context.name));
        add(Feature::new(72).and(this).and(before));
        add(Feature::new(73).number(fit).number(space_code).number(kind));
        add(Feature::new(74).number(space_code).and(context.last[0]).and(text));
        add(Feature::new(75).number(space_code).number(self.last_kind).number(kind).number(self.quote));
        let due = u64::from(context.due);
        let patterned = Feature::new(76).and(context.path).number(due).number(space_code);
        add(patterned.bytes(pattern.bytes()));
        add(Feature::new(77).number(space_code).number(self.fit).number(due));
        add(Feature::new(78).number(space_code).and(context.last[1]).and(context.last[0]).and(text));
        add(Feature::new(79).number(space_code).and(context.name).and(context.last[0]).and(text));
        add(Feature::new(80).number(space_code).bytes(pattern.bytes()).number(fit));
        if reading.cost > 0 {
            let distance = Feature::new(82).number(u64::from(reading.cost / 3)).number(space_code);
            add(distance.number(u64::from(reading.prior)).number(reading.fit as u64).number(fit));
        }
        let known = Feature::new(86).number(facts.standing).number(kind).number(u64::from(reading.cost / 3));
        add(known.number(fit).number(context.place as u64));
        if reading.text.as_ref() == "-" && !facts.next_word.is_empty() {
            let name = hyphenated(&context.word, facts.next_word, self.joined);
            add(Feature::new(87).number(space_code).number(name));
        }
        add(Feature::new(81).and(text).number(kind).number(facts.case).number(context.place as u64));
        add(Feature::new(83).number(space_code).and(text).grown(facts.next));
        add(Feature::new(84).number(space_code).number(kind).and(context.last[0]).grown(facts.next));
        add(Feature::new(85).number(space_code).and(context.name).and(text).grown(facts.next));
    }
}

fn due(arity: Arity) -> u8 {
    match arity {
        Arity::None => 0,
        Arity::Value => 1,
        Arity::Glued => 2,
        Arity::Optional => 3,
    }
}

/// What follows the flag `word`, where the command is known to take it.
fn arity(command: Option<Command>, word: &str) -> Option<Arity> {
    let command = command?;
    match word.strip_prefix("--") {
        Some(name) => command.long(name),
        None => {
            let body = word.strip_prefix('-')?;
            let mut letters = body.chars();
            match (letters.next(), letters.next()) {
                (Some(letter), None) => command.short(letter),
                // Of letters in a bundle the last one may take a value.
                _ => command.word_flag(body).or_else(|| command.short(body.chars().next_back()?)),
            }
        }
    }
}

/// What `word-next` would be: 0 nothing that is known, 1 a command or 2 a program, or the beginning of one, 3 a sub-command,
/// 4 a flag or the beginning of one.
fn hyphenated(word: &str, next: &str, expects: Expects) -> u64 {
    match expects {
        _ if word.is_empty() => 0,
        Expects::Anything => 0,
        Expects::Name if commands::hyphenated(word, next) => 1,
        Expects::Name if programs::starts_program(&format!("{word}-{next}")) => 2,
        Expects::Name => 0,
        Expects::Argument(command) => match (command, word.strip_prefix("--")) {
            (Some(command), Some(flag)) if command.long_starts_with(&format!("{flag}-{next}")) => 4,
            (Some(command), None) if command.has_hyphenated_subcommand(word, next) => 3,
            _ => 0,
        },
    }
}

fn fit_name(word: &str) -> u64 {
    match word {
        word if commands::is_command(word) => 2,
        word if word.contains('=') => 3,
        word if word.contains('/') => 4,
        word if programs::is_program(word) => 6,
        word if word.ends_with('-') && programs::starts_program(word) => 7,
        _ => 5,
    }
}

/// How a word fits as an argument of a command. Lower than 100.
fn fit_argument(command: Option<Command>, word: &str) -> u64 {
    let Some(body) = word.strip_prefix('-') else {
        return match command {
            Some(command) if command.has_subcommand(word) => 10,
            Some(command) if command.has_subcommands() => 11,
            Some(_) => 12,
            None => 13,
        };
    };
    let Some(command) = command else { return 14 };
    if let Some(long) = body.strip_prefix('-') {
        let (name, value) = long.split_once('=').map_or((long, 0), |(name, _)| (name, 6));
        return value
            + match command.long(name) {
                _ if name.is_empty() => 20,
                Some(arity) => 21 + u64::from(due(arity)),
                None if value == 0 && command.long_starts_with(name) => 25,
                None => 40,
            };
    }
    let mut letters = body.chars();
    let Some(first) = letters.next() else { return 50 };
    if let Some(arity) = command.word_flag(body) {
        return 51 + u64::from(due(arity));
    }
    if body.bytes().all(|byte| byte.is_ascii_digit()) {
        return 55 + u64::from(command.takes_number());
    }
    match (command.short(first), letters.as_str()) {
        (Some(arity), "") => 60 + u64::from(due(arity)),
        (Some(Arity::Value | Arity::Glued | Arity::Optional), rest) => {
            64 + u64::from(rest.starts_with(|c: char| c.is_ascii_digit()))
        }
        (Some(Arity::None), rest) if rest.chars().all(|letter| command.short(letter).is_some()) => 66,
        (Some(Arity::None), _) => 67,
        (None, "") => 68,
        (None, _) => 69,
    }
}
