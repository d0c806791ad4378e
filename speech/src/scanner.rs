//! The scanner: a path through the lattice by rule, for lines that leave separators out.
//!
//! It makes three passes from left to right: it finds the disfluencies ([`crate::disfluency`]), chooses a reading for each
//! token (here), and puts in the spaces ([`crate::spacing`]). It is the fallback behind every model, and the baseline that
//! a model must beat.

use crate::command_line::{breaks_line, runner};
use crate::commands;
use crate::lattice::{Kind, Lattice, Reading, ReadingId, Step};
use crate::quote::{self, encloses_text};
use crate::symbol::{ends_command_after, only_char};
use crate::vocabulary::{self, Entry};
use crate::{disfluency, spacing, strict};

/// The path that the rules take.
pub fn path(lattice: &Lattice) -> Vec<Step> {
    let dropped = disfluency::dropped(lattice);
    let readings = choose_all(lattice, &dropped);
    spacing::space(lattice, &readings)
}

/// The same path with every letter in the case that it was heard in: `-R` for `-r`, or the other way round.
pub fn path_as_heard(lattice: &Lattice, path: &[Step]) -> Vec<Step> {
    let as_heard = |step: &Step| {
        let reading = lattice.reading(step.reading);
        let token = reading.tokens.start;
        let heard = (reading.kind == Kind::Letter)
            .then(|| {
                let (first, readings) = lattice.arcs_from(token);
                let at = readings.iter().position(|reading| reading.text == lattice.line.text(token))?;
                Some(first + at as u32)
            })
            .flatten();
        Step { reading: heard.unwrap_or(step.reading), ..*step }
    };
    path.iter().map(as_heard).collect()
}

/// The path without repairs: nothing counts as taken back.
pub fn path_without_corrections(lattice: &Lattice) -> Vec<Step> {
    let readings = choose_all(lattice, &disfluency::dropped_without_repairs(lattice));
    spacing::space(lattice, &readings)
}

/// The path that leaves out nothing.
pub fn path_with_all_words(lattice: &Lattice) -> Vec<Step> {
    let readings = choose_all(lattice, &vec![false; lattice.len()]);
    spacing::space(lattice, &readings)
}

/// One reading for every token or group of tokens, in order; dropped tokens take their empty reading.
fn choose_all(lattice: &Lattice, dropped: &[bool]) -> Vec<ReadingId> {
    let mut chosen = Vec::with_capacity(lattice.len());
    let mut before = ScanState::new(lattice.open_quote());
    let mut at = 0;
    while at < lattice.len() {
        let id = if dropped[at] {
            lattice.find(at, 1, Kind::Deletion).unwrap_or_else(|| lattice.arcs_from(at).0)
        } else {
            choose(lattice, at, dropped, &before)
        };
        let reading = lattice.reading(id);
        before.read(reading);
        at = reading.tokens.end;
        chosen.push(id);
    }
    chosen
}

/// What the choice of a reading depends on: the command line before it, as far as it is known before there are spaces.
#[derive(Default)]
struct ScanState {
    /// Whether the name of a command is due.
    name_due: bool,
    /// The symbol just before, if there is one.
    symbol: Option<String>,
    /// Whether `export` stands just before.
    after_export: bool,
    /// What was written last, slashes left out: after `/dev/` it is `dev`.
    last: String,
    /// Whether the last command was `git`.
    in_git: bool,
    /// The quote that is open. Back-ticks do not count.
    quote: quote::State,
}

impl ScanState {
    fn new(open_quote: Option<char>) -> ScanState {
        ScanState {
            name_due: open_quote.is_none(),
            quote: quote::State::new(open_quote),
            ..ScanState::default()
        }
    }

    /// Takes in a reading.
    fn read(&mut self, reading: &Reading) {
        if reading.kind == Kind::Deletion {
            return;
        }
        let text = reading.text.as_ref();
        let before = self.symbol.take();
        self.symbol = reading.is_symbol().then(|| text.to_owned());
        self.after_export = self.name_due && text == "export";
        if self.name_due && reading.kind.writes() {
            self.in_git = text == "git";
        }
        self.name_due = match reading.kind {
            Kind::Symbol => {
                ends_command_after(before.as_deref().unwrap_or_default(), text)
                    || (self.name_due && text == "(")
            }
            Kind::Whitespace => self.name_due || breaks_line(reading, self.quote.is_open()),
            Kind::Word | Kind::Alias => self.name_due && runner(text).is_some(),
            _ => false,
        };
        if text != "/" {
            text.clone_into(&mut self.last);
        }
        if let Some(sign) = self.symbol.as_deref().and_then(only_char).filter(|sign| encloses_text(*sign)) {
            self.quote.push(sign);
        }
    }
}

/// Whether the name of a command is due behind some readings.
#[cfg(test)]
pub(crate) fn is_name_due_behind(readings: &[Reading]) -> bool {
    let mut state = ScanState::new(None);
    readings.iter().for_each(|reading| state.read(reading));
    state.name_due
}

fn choose(lattice: &Lattice, at: usize, dropped: &[bool], before: &ScanState) -> ReadingId {
    let (first, readings) = lattice.arcs_from(at);
    // A reading must not span dropped tokens.
    let free = |reading: &Reading| reading.tokens.clone().all(|token| !dropped[token]);
    let usable = || readings.iter().enumerate().filter(|(_, reading)| free(reading));
    let id = |place: usize| first + place as u32;

    if before.name_due
        && !before.quote.is_open()
        && let Some(place) = alias_of(lattice, at, dropped)
    {
        return id(place);
    }
    if let Some((place, _)) =
        usable().find(|(_, reading)| entry_kind(reading) == Some(vocabulary::Kind::Name))
        && !before.quote.is_open()
    {
        return id(place);
    }
    if expects_variable(lattice, at, before)
        && let Some((place, _)) =
            usable().find(|(_, reading)| entry_kind(reading) == Some(vocabulary::Kind::Variable))
    {
        return id(place);
    }
    if before.symbol.as_deref() == Some(".") && !before.quote.is_open() {
        let ending = usable().find(|(_, reading)| entry_kind(reading) == Some(vocabulary::Kind::Ending));
        if let Some((place, _)) = ending {
            return id(place);
        }
    }
    if let Some(place) = case(lattice, at, dropped) {
        return id(place);
    }
    let best = strict::choose(lattice, at);
    let reading = lattice.reading(best);
    let word_after_all = everyday_in_text(reading, before, lattice, at) || !free(reading);
    if word_after_all
        && let Some((place, _)) =
            usable().find(|(_, reading)| matches!(reading.kind, Kind::Word | Kind::Letter))
    {
        return id(place);
    }
    if !free(reading)
        && let Some((place, _)) = usable()
            .filter(|(_, reading)| reading.kind != Kind::Deletion)
            .max_by_key(|(_, reading)| reading.tokens.len())
    {
        return id(place);
    }
    best
}

/// Whether a name in capitals is due here: a variable, or a commit of git.
fn expects_variable(lattice: &Lattice, at: usize, before: &ScanState) -> bool {
    if lattice.line.lower(at) == "head" {
        return before.in_git && !before.name_due;
    }
    before.symbol.as_deref() == Some("$") || before.after_export
}

fn entry_kind(reading: &Reading) -> Option<vocabulary::Kind> {
    reading.entry.map(|entry| entry.kind)
}

/// The reading that replaces what the speech engine heard for a command's name, if there is one. Call it only where a
/// command is due.
fn alias_of(lattice: &Lattice, at: usize, dropped: &[bool]) -> Option<usize> {
    let (_, readings) = lattice.arcs_from(at);
    let spoken = lattice.line.lower(at);
    readings.iter().position(|reading| {
        if entry_kind(reading) != Some(vocabulary::Kind::Heard)
            || dropped[at..reading.tokens.end].contains(&true)
        {
            return false;
        }
        if reading.tokens.len() > 1 {
            return true;
        }
        // A single everyday word ("get", "them", "note") is replaced only for a reason: the next word is a sub-command
        // of what it stands for, or the word names no command and what it stands for has no sub-commands.
        let next = reading.tokens.end;
        let command = commands::lookup(&[reading.text.as_ref()]);
        let subcommand = next < lattice.len()
            && command.is_some_and(|command| command.has_subcommand(lattice.line.lower(next)));
        subcommand
            || (!commands::is_command(spoken)
                && command.is_none_or(|command| !command.has_subcommands() || command.runs_command()))
    })
}

/// The reading of a case directive: over all its operands if something ends its scope, else over a few.
fn case(lattice: &Lattice, at: usize, dropped: &[bool]) -> Option<usize> {
    /// Most operands of a directive whose scope nothing ends; with more, people mean two. Hand-chosen on 2026-11-23.
    const OPEN_SCOPE: usize = 4;
    let (_, readings) = lattice.arcs_from(at);
    let free = |reading: &Reading| !dropped[reading.tokens.clone()].contains(&true);
    let of = |kind: Kind| {
        readings.iter().enumerate().filter(move |(_, reading)| reading.kind == kind && free(reading))
    };
    // Several words in capitals are said with one "all caps".
    if let Some((place, _)) = of(Kind::WideCase).max_by_key(|(_, reading)| reading.tokens.len()) {
        return Some(place);
    }
    let longest = of(Kind::Case).max_by_key(|(_, reading)| reading.tokens.len())?;
    let directive: &Entry = longest.1.entry?;
    let operands = of(Kind::Case).count();
    if operands <= OPEN_SCOPE {
        return Some(longest.0);
    }
    of(Kind::Case)
        .find(|(_, reading)| reading.tokens.len() <= directive.words.len() + 2)
        .map(|(place, _)| place)
}

/// Whether the name of a symbol is rather meant as a word: "at" and "plus" in a message, "tab" anywhere.
fn everyday_in_text(reading: &Reading, before: &ScanState, lattice: &Lattice, at: usize) -> bool {
    let Some(entry) = reading.entry else { return false };
    if reading.kind == Kind::Whitespace && entry.writes == "\t" {
        return true;
    }
    let word = |at: usize| {
        let (_, readings) = lattice.arcs_from(at);
        let number = readings.iter().any(|reading| reading.kind == Kind::Number);
        lattice.find(at, 1, Kind::Word).is_some() && !number && !disfluency::says_symbol(lattice, at)
    };
    let words_around = at > 0 && word(at - 1) && at + 1 < lattice.len() && word(at + 1);
    // `/dev/zero`, and flags such as `--one-line`.
    let digit_word = reading.kind == Kind::Number && reading.tokens.len() == 1;
    let device = before.last == "dev" && before.symbol.as_deref() == Some("/") && entry.writes == "0";
    if digit_word && (device || before.symbol.as_deref() == Some("--")) {
        return true;
    }
    reading.kind == Kind::Symbol
        && (entry.everyday && before.quote.open() == Some('"') && words_around
            // "dash dash append": the name of a flag.
            || entry.words.len() == 1 && before.symbol.as_deref() == Some("--") && entry.writes == ">>"
            // A redirection or a glob does not stand where a command is due.
            || before.name_due && matches!(entry.words[..], ["append" | "star" | "hash" | "at"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::clean;
    use crate::lex::lex;
    use crate::render::render;
    use crate::words::UserWords;

    fn check(dictated: &str, expected: &str) {
        let lattice = lex(clean(dictated), &UserWords::default(), None);
        assert_eq!(render(&lattice, &path(&lattice)).text, expected, "{dictated:?}");
    }

    #[test]
    fn flags_and_quotes() {
        check("git commit dash m quote fix login bug quote", "git commit -m \"fix login bug\"");
        check("ls dash l a", "ls -la");
        check("git commit dash dash amend dash dash no dash edit", "git commit --amend --no-edit");
        check("tar dash x z f archive dot tar dot gz", "tar -xzf archive.tar.gz");
        check("tar dash X Z F archive dot tar dot gz", "tar -xzf archive.tar.gz");
        check("find dot dash name quote star dot txt quote", "find . -name \"*.txt\"");
        check("head dash n twenty foo dot t x t", "head -n 20 foo.txt");
        check("grep dash capital r foo dot", "grep -R foo .");
        check("git commit -m quote fix bug quote", "git commit -m \"fix bug\"");
    }

    #[test]
    fn paths_and_operators() {
        check("cd slash var slash log", "cd /var/log");
        check("cat foo dot txt pipe grep bar", "cat foo.txt | grep bar");
        check("make and and make install", "make && make install");
        check("cd tilde slash projects slash my dash app", "cd ~/projects/my-app");
        check("ls slash tmp two redirect slash dev slash null", "ls /tmp 2>/dev/null");
        check("python script dot p y greater than out dot log", "python script.py > out.log");
        check("dot slash run dot s h", "./run.sh");
        check("curl local host colon eighty eighty", "curl localhost:8080");
        check("chmod plus x run dot sh", "chmod +x run.sh");
        check("echo dollar all caps home", "echo $HOME");
        check("cd dot dot", "cd ..");
        check("export path equals dollar path colon slash opt", "export PATH=$PATH:/opt");
        check("export all caps node underscore env equals production", "export NODE_ENV=production");
        check("ssh root at ten dot zero dot zero dot one", "ssh root@10.0.0.1");
        check("sudo apt dash get install nginx", "sudo apt-get install nginx");
        check("make greater than ampersand two", "make >&2");
    }

    #[test]
    fn every_operator_begins_a_command() {
        for (operator, written) in
            [("pipe", " |"), ("and and", " &&"), ("semicolon", ";"), ("ampersand", " &")]
        {
            check(&format!("sleep five {operator} get status"), &format!("sleep 5{written} git status"));
        }
        check("ls greater than ampersand get", "ls >&get");
    }

    #[test]
    fn what_was_typed_keeps_its_spaces() {
        check("kill -9 12 34 and and ls", "kill -9 12 34 && ls");
        check("cp a b dash v", "cp a b -v");
        check("touch a . b pipe cat", "touch a . b | cat");
        check("git diff HEAD -- src pipe head", "git diff HEAD -- src | head");
        check("cut -d , -f 1 pipe sort", "cut -d , -f 1 | sort");
        check("git add dot\ngit commit dash m quote wip quote", "git add .\ngit commit -m \"wip\"");
        check("dot / release", "./release");
    }

    #[test]
    fn a_separator_now_and_then() {
        let gated = |dictated: &str, expected: &str| {
            let lattice = lex(clean(dictated), &UserWords::default(), None);
            let path = strict::path(&lattice).unwrap_or_else(|| path(&lattice));
            assert_eq!(render(&lattice, &path).text, expected, "{dictated:?}");
        };
        gated("kill dash nine space one two three four", "kill -9 1234");
        gated("seq one space ten", "seq 1 10");
        gated("ls dash l space foo", "ls -l foo");
        gated("ssh dash keygen space dash t", "ssh-keygen -t");
    }

    #[test]
    fn names_in_the_way_of_numbers() {
        check("cat slash dev slash zero", "cat /dev/zero");
        check("git log dash dash one line", "git log --oneline");
        check("git rebase dash i head tilde three", "git rebase -i HEAD~3");
        check("kubectl get pods dash capital a", "kubectl get pods -A");
        check("cut dash d comma dash f one", "cut -d, -f 1");
        check("for i in a b c semicolon do", "for i in a b c; do");
        check("cp a dot txt slash tmp slash", "cp a.txt /tmp/");
    }

    #[test]
    fn talk_and_what_engines_hear() {
        check("Okay so get status.", "git status");
        check("um let's run docker compose up dash d please", "docker compose up -d");
        check("cube control get pods", "kubectl get pods");
        check("git push no wait git pull", "git pull");
        check("snake case my file dot pie", "my_file.py");
    }
}
