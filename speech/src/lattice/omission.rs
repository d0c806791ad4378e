//! Omissions: which words of a line a path may leave out.
//!
//! Nothing that was said is lost without a reason that was said. A run of words may be left out
//! - if it is a hesitation ("um"), anywhere but in quotes;
//! - if it is an interjection ("okay", "right") between two words that stay apart;
//! - if it holds a cue: a word by which talk is known ("no", "wait", "I", "that"). The run is then what a correction
//!   takes back together with the words of the correction, or an aside;
//! - if it is talk before the command, or behind it.
//!
//! No run starts within quotes. A run behind a sign that ties its two sides together (`/ . - = :`) is a correction of
//! what follows the sign, so something must follow it there: `/srv/okay` never becomes `/srv/`.
//!
//! What a word can be is known before the search ([`Omissions`]); where a path stands is an [`Omission`], which the
//! tagger's beam search, the search for a text and the automaton for constrained decoding all keep.

mod cue;
mod phrase;
mod quoted;
mod tie;
mod words;

pub use cue::{Cue, cue, is_hesitation};
pub(crate) use quoted::quoted;
pub(super) use words::Omissions;

use super::{Kind, Lattice, Reading};
use crate::quote;
use quoted::push_signs;

/// How freely words may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Caution {
    /// As the head of this file says.
    #[default]
    Ordinary,
    /// For a command that destroys something: in its middle only corrections go, and behind it only talk that begins with
    /// a function word. No sound-alike writes `*`, `~`, `/` or `.`.
    Destructive,
    /// Only hesitations.
    KeepAll,
}

/// Where a path stands in a run of words that it leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
enum Run {
    /// The last word was written, or none was said yet.
    #[default]
    None,
    /// Before the command, without a cue so far: the run must go on.
    Lead,
    /// Only hesitations so far.
    Hesitation,
    /// One interjection: the run may end before a word that stands apart.
    Interjection,
    /// In the middle, without a cue so far, or with nothing but a cue: the run must go on.
    Pending,
    /// It may end here.
    Licensed,
    /// Behind the command: the run must go on to the end of the line.
    Tail,
}

/// What a path has left out where it stands, and what that forbids. Equal ones allow the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Omission {
    run: Run,
    /// Whether nothing was written yet.
    is_blank: bool,
    /// Whether what comes next stands apart anyway: nothing was written yet, or a separator was said.
    is_apart: bool,
    /// The quote sign that is open.
    quote: Option<char>,
    /// Whether the last reading was a backslash, which makes the next sign text.
    is_escaped: bool,
    /// Whether what was written last is a sign that ties what follows to it.
    is_tied: bool,
    /// Whether the run began where a flag waits for its text.
    is_text_due: bool,
    /// Whether the run may end with the line all the same: it is clearly talk.
    is_clear: bool,
}

impl Omission {
    /// Whether the run must not end with the line.
    fn must_go_on(self) -> bool {
        self.is_text_due || self.is_tied && !self.is_clear
    }

    /// Where every path begins.
    pub fn start(open_quote: Option<char>) -> Omission {
        Omission { is_blank: true, is_apart: true, quote: open_quote, ..Omission::default() }
    }
}

impl Lattice {
    /// Whether a path in this state may take a reading, with or without a space before it.
    pub fn may_take(&self, omission: Omission, reading: &Reading, space: bool) -> bool {
        match reading.kind {
            Kind::Deletion => self.may_leave_out(omission, reading.tokens.start),
            // The first half of what was written as one word is left out, and the second half is not.
            _ if omission.run != Run::None && self.omissions().words[reading.tokens.start].is_attached => {
                false
            }
            _ => match omission.run {
                Run::Lead | Run::Pending | Run::Tail => false,
                // `/srv` never becomes `/ srv` where that would destroy the root.
                Run::None | Run::Hesitation => {
                    let splits = omission.is_tied && space && reading.text.starts_with(char::is_alphanumeric);
                    self.omissions().caution != Caution::Destructive || !splits
                }
                Run::Interjection => space || !reading.kind.writes() || omission.is_apart,
                Run::Licensed => !omission.is_tied || !space,
            },
        }
    }

    /// Whether a path in this state may leave out a token.
    fn may_leave_out(&self, omission: Omission, token: usize) -> bool {
        let word = &self.omissions().words[token];
        if word.is_glue {
            return true;
        }
        if !self.is_omittable(token) {
            return false;
        }
        let blank = omission.is_blank;
        match omission.run {
            Run::Lead | Run::Tail => true,
            Run::None if word.is_attached || word.is_bound => false,
            Run::None | Run::Hesitation | Run::Interjection => {
                let quoted = omission.quote.is_some();
                let on = self.goes_on(omission, token) && word.is_droppable;
                let middle = word.comes_to_cue || on;
                let must_go_on = omission.must_go_on() || word.is_text_due;
                let middle = middle && !(must_go_on && self.ends_with_line(token));
                let clear = word.starts_clear_tail && !word.is_text_due && !omission.is_text_due;
                let tail = word.starts_tail && !must_go_on || clear;
                let lead = blank && word.comes_to_edge_cue;
                let alone = word.is_interjection && !omission.is_tied;
                !quoted && (word.is_hesitation || middle || tail || lead || alone)
            }
            Run::Pending => word.is_droppable,
            Run::Licensed => {
                let must_go_on = omission.must_go_on();
                let middle = word.is_droppable && !(must_go_on && word.is_last);
                let clear = word.starts_clear_tail && !omission.is_text_due;
                let tail = word.starts_tail && !must_go_on || clear;
                middle || tail || blank && word.is_near_edge_cue
            }
        }
    }

    /// Whether a run of one interjection or of hesitations, one of them a cue, goes on with a token.
    fn goes_on(&self, omission: Omission, token: usize) -> bool {
        matches!(omission.run, Run::Hesitation | Run::Interjection) && self.has_cue_before(token)
    }

    /// Whether the run in the middle that starts at a token can only end with the line: its first cue, or the word behind
    /// that one if the run starts with it, is the last word.
    fn ends_with_line(&self, token: usize) -> bool {
        let words = &self.omissions().words[token..];
        let mut later = words.iter().skip(1).filter(|word| !word.is_glue);
        let licensed = if words[0].is_cue { later.next() } else { later.find(|word| word.is_cue) };
        licensed.is_none_or(|word| word.is_last)
    }

    /// The state of a path behind a reading that it took, with or without a space before it.
    pub fn behind(&self, omission: Omission, reading: &Reading, space: bool) -> Omission {
        if reading.kind == Kind::Deletion {
            let token = reading.tokens.start;
            let starts = omission.run == Run::None && self.omissions().words[token].starts_clear_tail;
            let run = self.run_behind(omission, token);
            let starts_text = omission.run == Run::None && self.omissions().words[token].is_text_due;
            let (is_clear, is_text_due) = (omission.is_clear || starts, omission.is_text_due || starts_text);
            return Omission { run, is_clear, is_text_due, ..omission };
        }
        let text = &*reading.text;
        if !reading.kind.writes() {
            // White space or "no space": what follows is no longer tied by an earlier sign.
            let is_apart = reading.kind == Kind::Whitespace;
            let is_tied = omission.is_tied && !is_apart;
            let (run, quote, is_blank) = (Run::None, omission.quote, omission.is_blank);
            return Omission { run, is_blank, is_apart, quote, is_tied, ..Omission::default() };
        }
        let mut quote = quote::State::new(omission.quote);
        match reading.kind {
            Kind::Typed => quote.push_typed(text),
            // The first sign behind a backslash is text, and so is the apostrophe of "don't".
            _ if text.chars().all(char::is_alphanumeric) => {}
            _ => push_signs(&mut quote, text, omission.is_escaped),
        }
        let apart = space || omission.is_apart;
        let is_tied = match text {
            "-" | "--" | "/" => true,
            "." | "=" | ":" | "@" | "_" | "\\" | "::" => !apart,
            _ => false,
        };
        let is_escaped = text == "\\" && !omission.is_escaped && omission.quote != Some('\'');
        let (run, quote) = (Run::None, quote.open());
        Omission { run, quote, is_escaped, is_tied, ..Omission::default() }
    }

    fn run_behind(&self, omission: Omission, token: usize) -> Run {
        let word = &self.omissions().words[token];
        match omission.run {
            run if word.is_glue => run,
            Run::Tail => Run::Tail,
            Run::Lead if word.is_edge_cue => Run::Licensed,
            Run::Lead => Run::Lead,
            Run::Pending if word.is_cue || self.has_cue_before(token) => Run::Licensed,
            Run::Pending => Run::Pending,
            Run::Licensed => match word.is_droppable || omission.is_blank && word.is_near_edge_cue {
                true if !(omission.must_go_on() && word.is_last) => Run::Licensed,
                _ => Run::Tail,
            },
            Run::None | Run::Hesitation | Run::Interjection => {
                let starts = omission.run == Run::None;
                if word.is_hesitation && omission.run != Run::Interjection {
                    Run::Hesitation
                } else if omission.is_blank && word.is_edge_cue
                    || self.goes_on(omission, token) && word.is_droppable
                {
                    Run::Licensed
                } else if starts && word.is_interjection && !omission.is_tied {
                    Run::Interjection
                } else if omission.is_blank && word.comes_to_edge_cue {
                    Run::Lead
                } else if word.comes_to_cue
                    && !((omission.must_go_on() || word.is_text_due) && self.ends_with_line(token))
                {
                    Run::Pending
                } else {
                    Run::Tail
                }
            }
        }
    }

    /// Whether the word before a token is a cue.
    fn has_cue_before(&self, token: usize) -> bool {
        self.omissions().words[..token]
            .iter()
            .rev()
            .find(|word| !word.is_glue)
            .is_some_and(|word| word.is_cue)
    }

    /// Whether a path leaves out nothing but what it may.
    pub fn is_licensed(&self, path: &[super::Step]) -> bool {
        let mut omission = Omission::start(self.open_quote());
        for step in path {
            let reading = self.reading(step.reading);
            if !self.may_take(omission, reading, step.space) {
                return false;
            }
            omission = self.behind(omission, reading, step.space);
        }
        self.may_end(omission)
    }

    /// The words that a path leaves out, as tokens, without hyphens and the like that only held words together.
    pub fn left_out(&self, path: &[super::Step]) -> Vec<usize> {
        let readings = path.iter().map(|step| self.reading(step.reading));
        let dropped =
            readings.filter(|reading| reading.kind == Kind::Deletion).map(|reading| reading.tokens.start);
        dropped.filter(|&token| !self.omissions().words[token].is_glue).collect()
    }

    /// Whether a word of the line is a hesitation.
    pub fn hesitates(&self) -> bool {
        self.omissions().words.iter().any(|word| word.is_hesitation)
    }

    /// Whether talk may begin at a token, or the line ends there.
    pub(super) fn talk_may_begin(&self, token: usize) -> bool {
        let word = self.omissions().words.get(token);
        word.is_none_or(|word| word.is_hesitation || word.starts_tail || word.comes_to_cue)
    }

    /// Whether a path in this state may end with the line.
    pub fn may_end(&self, omission: Omission) -> bool {
        match omission.run {
            Run::Lead | Run::Pending | Run::Interjection => false,
            Run::Licensed => !omission.must_go_on(),
            Run::None | Run::Hesitation | Run::Tail => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::clean;
    use crate::lattice::is_reachable;
    use crate::lex::lex;
    use crate::phonetic::widen;
    use crate::words::UserWords;

    fn lattice(dictated: &str, caution: Caution) -> Lattice {
        let words = UserWords::default();
        widen(lex(clean(dictated), &words, None), &words).with_caution(caution)
    }

    fn check(caution: Caution, dictated: &str, answer: &str, may: bool) {
        assert_eq!(is_reachable(&lattice(dictated, caution), answer), may, "{dictated:?} as {answer:?}");
    }

    #[test]
    fn words_go_for_a_reason_that_was_said() {
        for (dictated, answer) in [
            ("tar um dash x f a dot tar", "tar -xf a.tar"),
            ("so what I want is df dash h", "df -h"),
            ("moment of truth, terraform apply", "terraform apply"),
            ("git push origin master no wait main", "git push origin main"),
            ("sleep five oh make it six", "sleep 6"),
            ("curl dash s that thing listens on eighty localhost", "curl -s localhost"),
            ("docker okay ps", "docker ps"),
            ("git pull and that should do it", "git pull"),
            ("ls src slash and that should be it", "ls src/"),
            ("git tag v one dot no two wait two", "git tag v1.2"),
            ("node a dot s j i s no j s", "node a.js"),
            ("ls please", "ls"),
            ("git commit dash m um so quote fix quote", "git commit -m \"fix\""),
            ("tar ähm dash x f yyy a dot tar", "tar -xf a.tar"),
            ("git push origin master nein main", "git push origin main"),
            ("Usermod, so to speak, dash a, errr, bob.", "usermod -a bob"),
            ("Ping, alors, host.", "ping host"),
        ] {
            check(Caution::Ordinary, dictated, answer, true);
        }
    }

    #[test]
    fn and_never_without_one() {
        for (dictated, answer) in [
            ("docker run nginx", "docker nginx"),
            ("cat first second third", "cat first third"),
            ("rm dash rf build fern", "rm -rf build"),
            ("ls like equals x", "ls =x"),
            ("cd slash srv slash okay", "cd /srv/"),
            ("echo quote no wait I meant it quote", "echo \"I meant it\""),
            ("echo quote well um hello quote", "echo \"well hello\""),
            ("cp notes notes", "cp notes"),
            ("git commit dash m we are moving this thing", "git commit -m"),
            ("git commit dash m that is it okay", "git commit -m"),
            ("mv file to host", "mv file"),
            ("echo 'no wait' hello", "echo hello"),
            ("kubectl getpods", "kubectl pods"),
            // Between pauses, but part of the command.
            ("Git, add, dash p.", "git -p"),
            ("cp, dash, a, b", "cp a b"),
            ("cat err dot log", "cat .log"),
        ] {
            check(Caution::Ordinary, dictated, answer, false);
        }
    }

    #[test]
    fn what_destroys_keeps_its_operands() {
        for (dictated, answer) in [
            ("rm dash rf build okay", "rm -rf build"),
            ("rm dash rf slash that slash cache", "rm -rf /cache"),
            ("rm dash rf slash flash", "rm -rf / /"),
            ("rm dash rf slash old slash cache", "rm -rf / old/cache"),
            ("rm dash r than dot log", "rm -r"),
            ("rm dash rf stare", "rm -rf *"),
        ] {
            check(Caution::Destructive, dictated, answer, false);
        }
        for (dictated, answer) in [
            ("rm dash rf bild no wait build", "rm -rf build"),
            ("um rm dash rf slash srv", "rm -rf /srv"),
            ("rm dash r build which I no longer need", "rm -r build"),
            ("pseudo rm dash rf star", "sudo rm -rf *"),
        ] {
            check(Caution::Destructive, dictated, answer, true);
        }
    }

    #[test]
    fn with_all_words_only_hesitations_go() {
        check(Caution::KeepAll, "so um git push no git pull", "so git push no git pull", true);
        check(Caution::KeepAll, "so um git push no git pull", "git pull", false);
    }

    #[test]
    fn what_is_left_out_is_known() {
        let lattice = lex(clean("so git push"), &UserWords::default(), None);
        let path = crate::lattice::path_writing(&lattice, "git push").unwrap();
        assert_eq!(lattice.left_out(&path), [0]);
        assert!(lattice.is_licensed(&path));
    }

    #[test]
    fn no_path_gets_stuck() {
        // Whatever a path has left out, some reading may follow, or the line may end.
        let mut random = fastrand::Rng::with_seed(11);
        let words = [
            "git",
            "no",
            "wait",
            "dash",
            "slash",
            "um",
            "okay",
            "quote",
            "the",
            "that",
            "dot",
            "main",
            "l",
            "s",
            "space",
            "runbuild",
            "don't",
            "'x y'",
            "a-b",
            "I",
            "two",
            "twenty",
            "please",
            "literal",
            "camel case",
        ];
        for _ in 0..3_000 {
            let count = random.usize(1..10);
            let line: Vec<&str> = (0..count).map(|_| words[random.usize(..words.len())]).collect();
            let caution = [Caution::Ordinary, Caution::Destructive, Caution::KeepAll][random.usize(..3)];
            let lattice = lattice(&line.join(" "), caution);
            let (mut token, mut omission, mut settled) = (0, Omission::start(None), true);
            while token < lattice.len() {
                let choices = lattice.choices(token);
                let mut steps = Vec::new();
                for id in choices {
                    let reading = lattice.reading(id);
                    for space in [false, true] {
                        let fits = !space || reading.kind.writes() && !settled;
                        if fits && lattice.may_take(omission, reading, space) {
                            steps.push((id, space));
                        }
                    }
                }
                assert!(!steps.is_empty(), "{line:?} gets stuck at {token}: {omission:?}");
                let (id, space) = steps[random.usize(..steps.len())];
                let reading = lattice.reading(id);
                omission = lattice.behind(omission, reading, space);
                settled = match reading.kind {
                    Kind::Deletion => settled,
                    kind => !kind.writes(),
                };
                token = reading.tokens.end;
            }
            assert!(lattice.may_end(omission), "{line:?} may not end: {omission:?}");
        }
    }
}
