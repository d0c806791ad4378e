//! The command line so far, as the tagger sees it from one point of a path.
//!
//! The features made here are part of the tagger's input, so this state is frozen with the weights: it says what the
//! tagger learnt from, not what a shell would say.

use super::feature::{Feature, NO_KIND, ROWS, TextHash};
use super::fit::{Expects, arity};
use super::id::{PartId, RowId};
use super::pattern::Pattern;
use sayso_speech::codes;
use sayso_speech::commands::{self, Arity, Command};
use sayso_speech::lattice::omission::Omission;
use sayso_speech::lattice::{Kind, Lattice, Reading};

/// Longest word that is kept, in bytes; of a longer one the end is kept. Hand-chosen, never measured apart.
const MAX_WORD: usize = 48;

/// What may stand where the next word goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WordRole {
    /// A command's name.
    Command,
    /// An argument.
    Argument,
}

codes!(WordRole { Command = 0, Argument = 1 });

/// What the word before this one still waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PendingValue {
    /// What a known flag takes; nothing if it was no flag.
    Of(Arity),
    /// It was a flag of which nothing is known.
    OfUnknownFlag,
}

impl PendingValue {
    /// Nothing.
    const NONE: PendingValue = PendingValue::Of(Arity::None);
    /// A value that must come as a word of its own.
    const REQUIRED: PendingValue = PendingValue::Of(Arity::Value);

    /// After the flag `word` of `command`.
    fn after(command: Option<Command>, word: &str) -> PendingValue {
        arity(command, word).map_or(PendingValue::OfUnknownFlag, PendingValue::Of)
    }

    /// Part of the tagger's input: never renumber; it goes on where [`Arity::code`] ends.
    pub(super) const fn code(self) -> u64 {
        match self {
            PendingValue::Of(arity) => arity.code(),
            PendingValue::OfUnknownFlag => 4,
        }
    }
}

/// The command line so far. Its size does not depend on the length of the line.
#[derive(Debug, Clone)]
pub struct Context {
    /// What was written since the last space, including quoted spaces; of a long word its end.
    pub(super) word: String,
    /// Hash of the whole word.
    pub(super) text: TextHash,
    /// Pattern of the whole word.
    pub(super) pattern: Pattern,
    /// The finished words before it, the last one first.
    pub(super) finished: [Feature; 2],
    /// The command that was named, or its sub-command.
    pub(super) command: Option<Command>,
    /// The command's name.
    pub(super) name: Feature,
    /// The command's name and its sub-commands.
    pub(super) path: Feature,
    pub(super) place: WordRole,
    pub(super) pending_value: PendingValue,
    /// Words behind the name.
    arguments: u8,
    /// Tokens that were deleted in a row.
    pub(super) dropped: u8,
    /// The first of them.
    pub(super) dropped_from: usize,
    /// The quote sign that is open.
    pub(super) quote: Option<char>,
    /// Brackets that are open.
    brackets: u8,
    /// The readings that wrote last, the last one first.
    pub(super) last: [Feature; 2],
    last_kind: Option<Kind>,
    /// Whether a space was written before the last reading.
    last_space: bool,
    /// Whether the next reading has no choice of a space: nothing was written yet, or a separator was said.
    pub(super) settled: bool,
    /// What was left out where the path stands.
    omission: Omission,
}

impl Default for Context {
    fn default() -> Context {
        let nothing = Feature::of(PartId::Nothing);
        Context {
            word: String::new(),
            text: TextHash::EMPTY,
            pattern: Pattern::EMPTY,
            finished: [nothing; 2],
            command: None,
            name: nothing,
            path: nothing,
            place: WordRole::Command,
            pending_value: PendingValue::NONE,
            arguments: 0,
            dropped: 0,
            dropped_from: 0,
            quote: None,
            brackets: 0,
            last: [nothing; 2],
            last_kind: None,
            last_space: false,
            settled: true,
            omission: Omission::start(None),
        }
    }
}

impl Context {
    /// At the start of a line, or inside a quote that an earlier line opened.
    pub fn new(open_quote: Option<char>) -> Context {
        Context { quote: open_quote, omission: Omission::start(open_quote), ..Context::default() }
    }

    /// What was left out where the path stands.
    pub fn omission(&self) -> Omission {
        self.omission
    }

    /// Whether the next reading has a choice between a space and none.
    pub fn may_space(&self) -> bool {
        !self.settled
    }

    /// The rows that describe it, of the table with [`ROWS`] rows.
    pub(super) fn rows(&self) -> [u32; 10] {
        let [last, before_last] = self.last;
        let [previous, _] = self.finished;
        let brackets = u64::from(self.brackets.min(2));
        let (place, pending) = (self.place.code(), self.pending_value.code());
        let dropped = u64::from(self.dropped.min(3));
        let arguments = u64::from(self.arguments.min(4));
        let state = Feature::of(RowId::HistoryState).number(self.quote_code()).number(brackets);
        [
            Feature::of(RowId::HistoryWord).text_hash(self.text),
            Feature::of(RowId::HistoryPrevious).and(previous),
            Feature::of(RowId::HistoryCommand).and(self.name),
            Feature::of(RowId::HistoryPath).and(self.path).and(previous),
            Feature::of(RowId::HistoryLast).and(last),
            Feature::of(RowId::HistoryLastTwo).and(last).and(before_last),
            state.number(place).number(pending),
            Feature::of(RowId::HistoryDropped).number(dropped).number(self.last_kind_code()),
            Feature::of(RowId::HistoryArguments).number(arguments).number(u64::from(self.last_space)),
            Feature::of(RowId::HistoryFit).and(self.name).number(self.fit()),
        ]
        .map(|feature| feature.row(ROWS))
    }

    /// The open quote sign as a Unicode scalar value, or 0.
    pub(super) fn quote_code(&self) -> u64 {
        u64::from(self.quote.map_or(0, u32::from))
    }

    /// Code of the last reading's kind.
    pub(super) fn last_kind_code(&self) -> u64 {
        self.last_kind.map_or(NO_KIND, Kind::code)
    }

    /// What the next word may be, if a space comes next.
    pub(super) fn expects_next(&self) -> Expects {
        match (self.quote, self.place) {
            (Some(_), _) => Expects::Anything,
            (None, WordRole::Command) if self.word.is_empty() => Expects::Name,
            // The space would make the word so far the command's name, so its sub-commands and flags are expected.
            (None, WordRole::Command) => match commands::lookup(&[self.word.as_str()]) {
                Some(command) if command.runs_command() => Expects::Name,
                command => Expects::Argument(command),
            },
            (None, WordRole::Argument) => {
                let below = self.command.and_then(|command| command.subcommand(&self.word));
                Expects::Argument(below.or(self.command))
            }
        }
    }

    /// What the word under construction may be.
    pub(super) fn expects(&self) -> Expects {
        match (self.quote, self.place) {
            (Some(_), _) => Expects::Anything,
            (None, WordRole::Command) => Expects::Name,
            (None, WordRole::Argument) => Expects::Argument(self.command),
        }
    }

    /// How the word under construction fits.
    pub(super) fn fit(&self) -> u64 {
        self.expects().fit(&self.word)
    }

    /// Takes in what a reading of `lattice` writes; `space` says whether a space goes before it.
    pub fn write(&mut self, lattice: &Lattice, reading: &Reading, space: bool) {
        self.omission = lattice.behind(self.omission, reading, space);
        match reading.kind {
            Kind::Deletion => {
                if self.dropped == 0 {
                    self.dropped_from = reading.tokens.start;
                }
                self.dropped = self.dropped.saturating_add(1);
                return;
            }
            Kind::NoSpace => {
                self.settled = true;
                self.last_kind = Some(Kind::NoSpace);
                return;
            }
            Kind::Whitespace => {
                self.finish_word();
                if reading.text.contains('\n') && self.quote.is_none() {
                    self.begin_command();
                }
                self.settled = true;
                self.last_kind = Some(Kind::Whitespace);
                return;
            }
            _ => {}
        }
        if space {
            self.finish_word();
        }
        self.dropped = 0;
        self.settled = false;
        let text = TextHash::of(&reading.text);
        self.last = [Feature::of(PartId::Written).number(reading.kind.code()).text_hash(text), self.last[0]];
        self.last_kind = Some(reading.kind);
        self.last_space = space;
        let escaped = self.word.ends_with('\\');
        let operator = matches!(reading.text.as_ref(), "|" | "||" | "&&" | ";" | "|&" | "&");
        if operator && self.quote.is_none() && !escaped && !self.word.ends_with(['>', '<']) {
            self.finish_word();
            self.begin_command();
            self.finished[0] = Feature::of(PartId::Written).text_hash(text);
            return;
        }
        self.word.push_str(&reading.text);
        self.text = self.text.and(text);
        self.pattern = self.pattern.and(&reading.text);
        if !escaped {
            self.track_quotes(&reading.text);
        }
        if self.word.len() > MAX_WORD {
            let cut = (self.word.len() - MAX_WORD..).find(|&at| self.word.is_char_boundary(at));
            self.word.drain(..cut.unwrap_or(0));
        }
    }

    /// Keeps track of the quotes and brackets in `text`.
    fn track_quotes(&mut self, text: &str) {
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
        self.text = TextHash::EMPTY;
        self.pattern = Pattern::EMPTY;
    }

    fn begin_command(&mut self) {
        self.place = WordRole::Command;
        self.command = None;
        self.name = Feature::of(PartId::Nothing);
        self.path = Feature::of(PartId::Nothing);
        self.arguments = 0;
        self.pending_value = PendingValue::NONE;
    }

    fn finish_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let word = std::mem::take(&mut self.word);
        let this = Feature::of(PartId::Written).text_hash(self.text);
        if self.quote.is_none() {
            self.finish_unquoted(&word, this);
        }
        self.finished = [this, self.finished[0]];
        self.word = word;
        self.clear_word();
    }

    fn finish_unquoted(&mut self, word: &str, this: Feature) {
        let pending = std::mem::replace(&mut self.pending_value, PendingValue::NONE);
        match self.place {
            WordRole::Command if word.starts_with('-') => {
                // A flag of a command that runs another one, such as `sudo -u`.
                self.pending_value = PendingValue::after(self.command, word);
            }
            WordRole::Command if pending == PendingValue::REQUIRED || word.contains('=') => {}
            WordRole::Command
                if matches!(word, "do" | "then" | "else" | "while" | "if" | "until" | "!" | "{") => {}
            WordRole::Command => {
                self.command = commands::lookup(&[word]);
                self.name = this;
                self.path = this;
                self.arguments = 0;
                if !self.command.is_some_and(|command| command.runs_command() && word != "find") {
                    self.place = WordRole::Argument;
                }
            }
            WordRole::Argument => {
                self.arguments = self.arguments.saturating_add(1);
                if matches!(word, "-exec" | "-execdir" | "-ok" | "-okdir") {
                    self.begin_command();
                } else if word.starts_with('-') {
                    self.pending_value = PendingValue::after(self.command, word);
                } else if pending != PendingValue::REQUIRED
                    && let Some(below) = self.command.and_then(|command| command.subcommand(word))
                {
                    self.command = Some(below);
                    self.path = self.path.and(this);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sayso_speech::command_line::{runner, runs_rest};
    use sayso_speech::symbol::ends_command_after;

    /// Whether a word behind some text would be the name of a command. The parts are readings; those that begin with a
    /// space have one before them.
    fn names_command(parts: &[&str]) -> bool {
        let words = sayso_speech::words::UserWords::default();
        let lattice = sayso_speech::lex::lex(sayso_speech::clean::clean("x"), &words, None);
        let mut context = Context::new(None);
        for part in parts.iter().chain(&[" x"]) {
            let text = part.trim_start();
            let kind = if text.chars().all(char::is_alphanumeric) { Kind::Word } else { Kind::Symbol };
            let reading = Reading::new(0..1, kind, text.to_owned().into(), None);
            context.write(&lattice, &reading, part.starts_with(' '));
        }
        context.place == WordRole::Command
    }

    /// The weights were trained with this view of a command line, so it stays as it is where the rules have another one:
    /// see `speech/src/command_line.rs`. Where one of these fails, the rules were changed and the tagger was not, or the
    /// tagger was changed and needs new weights.
    #[test]
    fn views_differ_as_they_are_meant_to() {
        let operators = ["|", "||", "&&", ";", "|&", "&", ">", ">>", "<", "(", "!", "-"];
        for before in ["", ">", "2>", "<"] {
            for operator in operators {
                let ours = names_command(&[" ls", &format!(" {before}"), operator]);
                let rules = ends_command_after(before, operator);
                let differs = rules && !before.is_empty();
                assert_eq!(ours != rules, differs, "{before}{operator}");
            }
        }
        for (parts, ours) in [
            (&[" do"][..], true),
            (&[" A", "=", "1"], true),
            (&[" sudo", " -", "u", " root"], true),
            (&[" find", " x", " -", "exec"], true),
            (&[" ls", " \\", "|"], false),
            (&[" echo", " $("], true),
            (&[" echo", " `", "|"], false),
        ] {
            assert_eq!(names_command(parts), ours, "{parts:?}");
        }
        // What runs another command, the tagger spells out and the rules name.
        for name in ["sudo", "xargs", "env", "nice", "find", "git", "ls", "time", "watch", "nohup"] {
            assert_eq!(names_command(&[&format!(" {name}")]), runner(name).is_some(), "{name}");
        }
        for flag in ["exec", "execdir", "ok", "okdir", "name"] {
            let ours = names_command(&[" find", " -", flag]);
            assert_eq!(ours, runs_rest(&format!("-{flag}")), "{flag}");
        }
    }
}
