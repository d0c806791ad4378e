//! Which names are meant at one place of a line.

use super::written::Written;
use crate::placed::Placed;
use crate::slot::{Fitting, Position, Trust, fitting, simple};
use sayso_place::{Found, OTHERWISE, Place, Said, Source, quoting};
use sayso_speech::clean::Shape;
use sayso_speech::commands;
use sayso_speech::english::is_english;
use sayso_speech::lattice::{Kind, Lattice};
use sayso_speech::programs::is_program;
use std::ops::Range;

// The limits below were hand-chosen on 2026-11-28 on ../shared/corpus/here/dev.jsonl.

/// Most tokens that a name is said in.
const MAX_TOKENS: usize = 24;
/// Furthest sound-alike that is offered at all, in 64ths of a whole substitution a sound.
const OFFERED: u8 = 14;
/// Furthest sound-alike that may come first.
const TAKEN: u8 = 10;
/// How much further the next best name must be.
const MARGIN: u8 = 4;
/// How much nearer a name must be for each tenfold of the names that it is among, beyond a hundred.
const CLOSER_PER_TENFOLD: u8 = 2;
/// Shortest name, in letters and digits, that takes the place of something else.
const MIN_NAME: usize = 3;
/// Shortest phrase, in letters, that is looked up by its sound.
const MIN_LETTERS: usize = 4;

/// A place of the line at which a name may begin.
pub(super) struct Here<'l> {
    pub(super) place: &'l Place,
    pub(super) lattice: &'l Lattice,
    pub(super) said: &'l Said,
    pub(super) written: &'l [Written<'l>],
    /// The step that begins there.
    pub(super) at: usize,
    /// Whether it stands behind the name of a folder that the line names, of which each part is looked up by itself.
    pub(super) is_below: bool,
}

/// What was found at a place of the line.
#[derive(Default)]
pub(super) struct LookedUp {
    /// The name, and whether it changes anything.
    pub(super) taken: Option<(Placed, bool)>,
    pub(super) offered: Vec<Placed>,
}

impl Here<'_> {
    pub(super) fn look_up(&self, position: &Position<'_>) -> LookedUp {
        let names_command = simple(position.words).is_empty() && position.prefix.is_empty();
        self.look_up_among(fitting(self.place, position), names_command)
    }

    pub(super) fn look_up_among(&self, fits: Vec<Fitting<'_>>, names_command: bool) -> LookedUp {
        let mut found = LookedUp::default();
        let first = self.written[self.at].reading;
        if fits.is_empty() || first.text.starts_with(['-', '+']) && first.tokens.len() == 1 {
            return found;
        }
        let start = first.tokens.start;
        let mut equal: Vec<(Found<'_>, Trust)> = Vec::new();
        for fit in &fits {
            let usable = |found: &Found<'_>| self.is_usable(found, start, fit);
            equal.extend(
                fit.names.equal(self.said, start).into_iter().filter(usable).map(|found| (found, fit.trust)),
            );
        }
        // The longest; then those whose ending was said, that are said as they are written, that are spelled as heard.
        equal.sort_by_cached_key(|(found, trust)| {
            let spelled = self.lattice.line.text.contains(found.name.text);
            // Of words of the history, the one that was used last.
            let rank = if found.name.source == Source::History { found.name.rank } else { 0 };
            (
                usize::MAX - found.end,
                found.is_completed,
                found.cost,
                !spelled,
                std::cmp::Reverse(*trust),
                rank,
            )
        });
        if let Some((best, trust)) = equal.first() {
            let tokens = start..best.end;
            let heard = self.text(tokens.clone());
            let rivals = equal.iter().skip(1).filter(|(other, _)| {
                let both_used = [best, other].iter().all(|found| found.name.source == Source::History);
                (other.end, other.is_completed, other.cost) == (best.end, best.is_completed, best.cost)
                    && other.name.text != best.name.text
                    && !both_used
            });
            let rivals: Vec<&Found<'_>> = rivals.map(|(other, _)| other).collect();
            // A folder is only the beginning of what was said if that goes on below it.
            let goes_on =
                best.name.source == Source::Folder && !self.is_below && self.goes_on(best.end, &["/"]);
            if heard == best.name.text && !goes_on {
                found.taken = Some((placed(best, start), false));
                return found;
            }
            let is_right = self.stands(&fits, tokens.clone(), names_command) && !goes_on;
            let is_ambiguous = !rivals.is_empty() && !self.lattice.line.text.contains(best.name.text);
            let is_certain = !is_ambiguous && !self.is_only_alike(best, start, names_command);
            if !is_right && is_certain && self.may_take(best, *trust, start, names_command) {
                found.taken = Some((placed(best, start), true));
                return found;
            }
            found.offered.extend([best].into_iter().chain(rivals).take(2).map(|other| placed(other, start)));
            if is_right {
                return found;
            }
        }
        if !names_command {
            self.look_up_sounds(&fits, start, &mut found);
        }
        found
    }

    /// The same where the first reading began no word or left one out: only a name of several words that says all of
    /// them is taken.
    pub(super) fn look_up_within(&self, position: &Position<'_>) -> LookedUp {
        let step = &self.written[self.at];
        let follows_sign = self.at > 0 && !step.is_apart && {
            let before = self.written[self.at - 1].reading;
            before.is_symbol() || before.kind == Kind::Typed
        };
        // A dot within a word begins a name only behind the command: `vim.tmux.conf`.
        let is_sign = step.reading.is_symbol() && (step.reading.text != "." || position.words.len() > 1);
        if follows_sign || is_sign || position.words.is_empty() {
            return LookedUp::default();
        }
        let start = step.reading.tokens.start;
        let mut found = self.look_up(position);
        found.offered.clear();
        found.taken = found.taken.filter(|(name, _)| {
            let several = name.tokens.len() > 1 && name.tokens.start == start;
            several && !name.is_completed && !name.is_alike
        });
        if let Some((name, changes)) = &mut found.taken {
            (name.is_apart, *changes) = (true, true);
        }
        found
    }

    /// Names that sound alike, where nothing equals what was said.
    fn look_up_sounds(&self, fits: &[Fitting<'_>], start: usize, found: &mut LookedUp) {
        let mut near: Vec<(Found<'_>, Trust, usize)> = Vec::new();
        for end in self.ends(start) {
            let tokens = start..end;
            let letters = self.lattice.line.lower[self.bytes(tokens.clone())].bytes();
            if letters.filter(u8::is_ascii_alphabetic).count() < MIN_LETTERS {
                continue;
            }
            let heard = self.text(tokens.clone());
            let signs = self.signs(tokens.clone());
            for fit in fits.iter().filter(|fit| fit.trust >= Trust::Open) {
                let furthest = OFFERED.saturating_sub(closer(fit.names.len()));
                let usable = |found: &Found<'_>| {
                    self.is_usable(found, start, fit)
                        && leading(&heard) == leading(found.name.text)
                        && self.signs_agree(&signs, found.name.text)
                };
                let alike = fit.names.near(self.said, tokens.clone(), furthest).into_iter().filter(usable);
                near.extend(alike.map(|found| (found, fit.trust, fit.names.len())));
            }
        }
        near.sort_by_key(|(found, ..)| (found.cost, usize::MAX - found.end));
        let Some((best, trust, count)) = near.first() else { return };
        let tokens = start..best.end;
        if self.stands(fits, tokens.clone(), false) {
            return;
        }
        let next = near.iter().find(|(other, ..)| other.name.text != best.name.text);
        let is_clear = next.is_none_or(|(other, ..)| other.cost >= best.cost + MARGIN);
        let furthest = TAKEN.saturating_sub(closer(*count));
        let placed = Placed { is_alike: true, ..placed(best, start) };
        match is_clear
            && *trust >= Trust::Open
            && best.cost <= furthest
            && self.is_supported(best, *trust, tokens)
        {
            true => found.taken = Some((placed, true)),
            false => found.offered.push(placed),
        }
    }

    /// The signs and digits that the first reading wrote for some tokens, in order.
    fn signs(&self, tokens: Range<usize>) -> String {
        self.text(tokens).chars().filter(|c| c.is_ascii_digit() || c.is_ascii_punctuation()).collect()
    }

    /// Whether a name holds the digits that were said and no others, and the signs that were said, in order. No other
    /// number sounds like the one that was heard.
    fn signs_agree(&self, said: &str, name: &str) -> bool {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let mut rest = name.chars();
        digits(said) == digits(name)
            && said
                .chars()
                .filter(|sign| matches!(sign, '.' | '/' | '_' | '-' | '@' | ':'))
                .all(|sign| rest.any(|c| c == sign))
    }

    /// Whether a sound-alike may come first: nothing but such a name makes sense, and if it is a file, the whole of it was
    /// said and no word of English is replaced by something else.
    fn is_supported(&self, found: &Found<'_>, trust: Trust, tokens: Range<usize>) -> bool {
        let heard = self.text(tokens);
        let is_word = |word: &str| is_english(word) || commands::is_command(word) || is_program(word);
        if is_word(&heard.to_lowercase()) || heard.starts_with('/') {
            return false;
        }
        match found.name.source {
            Source::File => found.name.text.contains('.') && heard.contains('.'),
            Source::Folder => trust == Trust::Strong,
            _ => true,
        }
    }

    /// The tokens at which a name may end that begins at `start`: where the first reading puts a space or a colon.
    fn ends(&self, start: usize) -> Vec<usize> {
        let mut ends = Vec::new();
        for step in &self.written[self.at..] {
            let token = step.reading.tokens.start;
            if token > start && (step.is_apart || step.reading.text.starts_with(':')) {
                ends.push(token);
            }
            let ends_there = step.reading.kind.writes()
                && (step.is_quoted || step.reading.text.starts_with(['|', ';', '&', '>', '<', '$', '(']))
                || step.is_apart && step.reading.text.starts_with('-');
            if token > start && ends_there || token > start + MAX_TOKENS {
                return ends;
            }
        }
        ends.push(self.lattice.len());
        ends
    }

    /// Whether a name can stand here at all.
    fn is_usable(&self, found: &Found<'_>, start: usize, fit: &Fitting<'_>) -> bool {
        let tokens = start..found.end;
        if tokens.len() > MAX_TOKENS || fit.folders_only && found.name.source != Source::Folder {
            return false;
        }
        if matches!(found.name.source, Source::History | Source::Host | Source::Variable)
            && found.is_completed
        {
            return false;
        }
        let behind = self
            .written
            .iter()
            .find(|step| step.reading.tokens.start >= found.end && step.reading.kind.writes());
        // What goes on with a letter or a full stop is another name: `notes.txt` is not `NOTICE.md` and more.
        let goes_on = |step: &Written<'_>| {
            !step.is_apart && step.reading.text.starts_with(|c: char| c.is_alphanumeric() || c == '.')
        };
        if behind.is_some_and(goes_on) {
            return false;
        }
        // A slash that stands apart is the root, not the end of a folder's name.
        let ends_apart = |step: &Written<'_>| {
            step.reading.tokens.end == found.end && step.is_apart && step.reading.text == "/"
        };
        if self.written.iter().any(ends_apart) {
            return false;
        }
        if fit.before_colon && !behind.is_some_and(|step| step.reading.text.starts_with(':')) {
            return false;
        }
        // Nothing reaches into an operator, a quote, an instruction, or the person's own words.
        self.written
            .iter()
            .filter(|step| step.reading.tokens.start < tokens.end && step.reading.tokens.end > tokens.start)
            .all(|step| {
                let reading = step.reading;
                // A word by itself has the case of its neighbours; with a directive it takes two tokens.
                let is_directive = matches!(reading.kind, Kind::Case | Kind::WideCase)
                    && reading.tokens.len() > 1
                    && reading.text.len() > 1;
                let instructs =
                    is_directive || matches!(reading.kind, Kind::Whitespace | Kind::NoSpace | Kind::Literal);
                let signs = ['|', ';', '&', '>', '<', '(', ')', '$', '"', '\'', '`'];
                let operates = reading.kind != Kind::Word
                    && !matches!(reading.kind, Kind::SoundAlike | Kind::Added)
                    && reading.text.contains(signs)
                    || step.is_quoted && self.written[self.at].is_quoted;
                reading.tokens.start >= tokens.start && !instructs && !operates
            })
    }

    /// Whether what the first reading wrote for some tokens is right as it stands: each of its words is known where it
    /// stands.
    fn stands(&self, fits: &[Fitting<'_>], tokens: Range<usize>, names_command: bool) -> bool {
        let heard = self.text(tokens.clone());
        let mut words = heard.split(' ').filter(|word| !word.is_empty());
        if names_command {
            let Some(first) = words.next() else { return false };
            // Letters that were said one by one may be those of another name.
            let spelled = self.lattice.line.lower(tokens.start).len() == 1 && first.len() > 1;
            return (self.place.shell.runs(first) || self.place.user.history.commands.get(first).is_some())
                && !spelled;
        }
        let known = |word: &str| {
            let word = word.trim_end_matches('/');
            fits.iter().any(|fit| fit.names.get(word).is_some())
        };
        let mut count = 0;
        words.inspect(|_| count += 1).all(known) && count > 0
    }

    /// Whether a name of one word sounds like the word that was said and is not written like it, where that word may be
    /// meant: it is known, or a command is due, of which the shell knows more than we do.
    fn is_only_alike(&self, found: &Found<'_>, start: usize, names_command: bool) -> bool {
        let heard = self.lattice.line.lower(start);
        let is_known = || is_english(heard) || commands::is_command(heard) || is_program(heard);
        found.cost > OTHERWISE && found.end == start + 1 && (names_command || is_known())
    }

    /// Whether a name that equals what was said takes its place.
    fn may_take(&self, found: &Found<'_>, trust: Trust, start: usize, names_command: bool) -> bool {
        let tokens = start..found.end;
        let is_word = |token: &usize| self.lattice.line.tokens[*token].shape != Shape::Typed;
        let several = tokens.clone().filter(is_word).count() > 1 || tokens.len() > 1;
        // A name of one or two letters sounds like too much else.
        if found.name.text.chars().filter(|c| c.is_alphanumeric()).count() < MIN_NAME {
            return false;
        }
        if names_command {
            // `git lfs` is what runs `git-lfs`.
            let is_plugin = found.name.text.split_once('-').is_some_and(|(first, _)| {
                commands::is_command(first) && self.text(tokens.clone()).split(' ').next() == Some(first)
            });
            return !is_plugin && (trust == Trust::Open || several && !found.is_completed);
        }
        let may_go_on = self.is_below && found.name.source == Source::Folder;
        let goes_on =
            self.goes_on(found.end, if may_go_on { &[".", "-", "_"] } else { &[".", "-", "_", "/"] });
        match found.name.source {
            Source::File if found.is_completed => trust >= Trust::Open && several && !goes_on,
            _ if found.is_completed => false,
            _ if goes_on => false,
            Source::File | Source::Folder if trust == Trust::Exact => {
                several && found.name.text.contains(['.', '/'])
            }
            // A path or a word that was said whole is as likely as one that was used before.
            Source::History => self.text(start..found.end).contains(' '),
            _ => true,
        }
    }

    /// Whether the word of which a name is part goes on behind it with one of these signs.
    fn goes_on(&self, end: usize, signs: &[&str]) -> bool {
        let behind =
            self.written.iter().find(|step| step.reading.tokens.start >= end && step.reading.kind.writes());
        behind.is_some_and(|step| {
            !step.is_apart && signs.iter().any(|sign| step.reading.text.starts_with(sign))
        })
    }

    /// What the first reading wrote for some tokens; words that it left out as they were heard.
    fn text(&self, tokens: Range<usize>) -> String {
        let mut text = String::new();
        for step in &self.written[self.at..] {
            if step.reading.tokens.start >= tokens.end {
                break;
            }
            if step.is_apart && !text.is_empty() && step.reading.kind.writes() {
                text.push(' ');
            }
            match step.reading.kind {
                Kind::Deletion => {
                    text.push_str(if text.is_empty() { "" } else { " " });
                    text.push_str(self.lattice.line.text(step.reading.tokens.start));
                }
                _ => text.push_str(&step.reading.text),
            }
        }
        text
    }

    /// Where some tokens lie in the line.
    fn bytes(&self, tokens: Range<usize>) -> Range<usize> {
        let line = &self.lattice.line;
        line.tokens[tokens.start].at.start..line.tokens[tokens.end - 1].at.end
    }
}

/// What a name begins with, up to its first letter: `../`, `~/`, a dot, a slash.
fn leading(name: &str) -> &str {
    let end = name.find(|c: char| c.is_alphanumeric() || c == '_').unwrap_or(name.len());
    &name[..end]
}

/// How much nearer a name among so many must be.
fn closer(count: usize) -> u8 {
    let tenfolds = count.max(1).ilog10().saturating_sub(2) as u8;
    tenfolds * CLOSER_PER_TENFOLD
}

fn placed(found: &Found<'_>, start: usize) -> Placed {
    Placed {
        tokens: start..found.end,
        written: quoting::quoted(found.name.text),
        source: found.name.source,
        count: found.name.count,
        is_completed: found.is_completed,
        is_alike: false,
        is_apart: false,
    }
}
