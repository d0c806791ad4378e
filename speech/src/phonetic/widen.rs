//! Widening: adds phonetic readings to a plain lattice.
//!
//! A wide lattice holds every reading of the plain one, in the same order. Behind them stand, for one to three words at a
//! time, the symbols, letters, digits and words of commands that sound like them, the closest and most frequent first.
//! What was written as one word is split first, so that each piece has readings of its own. Signs that are often left out
//! in speech are added where the command makes them likely.

mod added;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use self::added::Unsaid;
use super::candidate::Candidate;
use super::command_context::CommandContext;
use super::lexicon::{self, FURTHEST, LexiconEntry, Role};
use super::matcher::Matcher;
use super::pronunciation::{self, Sound};
use super::segmentation;
use super::token::SpokenToken;
use crate::clean::{Line, Shape};
use crate::lattice::{Fit, Kind, Lattice, MAX_WIDE_READINGS, Reading};
use crate::lex::lex;
use crate::vocabulary;
use crate::words::UserWords;

/// Most phonetic readings that start at a token. This and the next two limits were hand-chosen on 2026-11-23.
const MAX_PHONETIC: usize = 12;
/// Most words that a phonetic reading spans.
const MAX_WORDS: usize = 3;
/// Most words of a hyphenated name whose dashes may be left out.
const MAX_NAME_WORDS: usize = 4;
/// A first candidate no further than this from what was heard counts as the command, in 64ths of a whole substitution.
/// Hand-chosen on 2026-11-23.
const NAMES_COMMAND: u8 = 10;

/// Idle matchers; as many as conversions have ever run at once. A matcher remembers what words sound like and changes no
/// result. The pool outlives threads, which come and go in the daemon.
static MATCHERS: Mutex<Vec<Matcher>> = Mutex::new(Vec::new());

/// Widens the plain lattice of a line. `words` are those that it was made with.
pub fn widen(plain: Lattice, words: &UserWords) -> Lattice {
    let matchers = || MATCHERS.lock().unwrap_or_else(PoisonError::into_inner);
    let idle = matchers().pop();
    let mut matcher = idle.unwrap_or_default();
    let wide = widen_with(plain, words, &mut matcher);
    matchers().push(matcher);
    wide
}

fn widen_with(plain: Lattice, words: &UserWords, matcher: &mut Matcher) -> Lattice {
    let open_quote = plain.open_quote();
    let (line, readings) = plain.into_parts();
    let mut builder = match segmentation::split(&line) {
        None => {
            let said = (0..line.tokens.len()).collect();
            let mut builder = Builder::new(line, said);
            builder.take_plain(readings, |token| token);
            builder
        }
        Some(segments) => {
            let said: Vec<usize> = (0..segments.line.tokens.len())
                .filter(|&token| !segmentation::is_glue(&segments.line, token))
                .collect();
            let tokens = said.iter().map(|&token| segments.line.tokens[token].clone()).collect();
            let without_glue = segments.line.with_tokens(tokens);
            let mut builder = Builder::new(segments.line, said);
            builder.take_plain(readings, |token| segments.first[token]);
            builder.add_glue();
            let (_, readings) = lex(without_glue, words, open_quote).into_parts();
            builder.take_said(readings);
            builder
        }
    };
    builder.add_phonetic(matcher);
    let mut readings = Vec::with_capacity(builder.at_token.iter().map(Vec::len).sum());
    for mut at_token in builder.at_token {
        at_token.truncate(MAX_WIDE_READINGS);
        readings.append(&mut at_token);
    }
    Lattice::new(builder.line, readings, open_quote)
}

/// A wide lattice under construction.
struct Builder {
    line: Line,
    /// The tokens that were said: all but the glue between segments.
    said: Vec<usize>,
    /// Token → the readings that start there.
    at_token: Vec<Vec<Reading>>,
}

impl Builder {
    fn new(line: Line, said: Vec<usize>) -> Builder {
        let at_token = (0..line.tokens.len()).map(|_| Vec::with_capacity(12)).collect();
        Builder { line, said, at_token }
    }

    /// Takes over the plain readings. `segment` maps a token of the plain line to its first segment.
    fn take_plain(&mut self, readings: Vec<Reading>, segment: impl Fn(usize) -> usize) {
        for mut reading in readings {
            reading.tokens = segment(reading.tokens.start)..segment(reading.tokens.end);
            self.at_token[reading.tokens.start].push(reading);
        }
    }

    /// Adds the readings of the line without its glue.
    fn take_said(&mut self, readings: Vec<Reading>) {
        for mut reading in readings {
            reading.tokens = self.span(reading.tokens.start, reading.tokens.len());
            let at_token = &mut self.at_token[reading.tokens.start];
            let same = |other: &Reading| {
                other.tokens == reading.tokens && other.kind == reading.kind && other.text == reading.text
            };
            if !at_token.iter().any(same) {
                at_token.push(reading);
            }
        }
    }

    /// The tokens of `count` words from the `at`th said one on, with the glue between them.
    fn span(&self, at: usize, count: usize) -> Range<usize> {
        self.said[at]..self.said[at + count - 1] + 1
    }

    /// Gives each glue token two readings: the symbol that it is, and nothing.
    fn add_glue(&mut self) {
        for token in 0..self.line.tokens.len() {
            if !segmentation::is_glue(&self.line, token) {
                continue;
            }
            let text = self.line.text(token);
            let reading = match vocabulary::spoken_forms(text).next() {
                Some(entry) => Reading::new(token..token + 1, Kind::Symbol, entry.writes.into(), Some(entry)),
                None => Reading::new(token..token + 1, Kind::Typed, Cow::Owned(text.to_owned()), None),
            };
            let dropped = Reading::new(token..token + 1, Kind::Deletion, "".into(), None);
            self.at_token[token].extend([reading, dropped]);
        }
    }

    /// Adds what sounds like the words, from left to right.
    fn add_phonetic(&mut self, matcher: &mut Matcher) {
        let spoken: Vec<SpokenToken> =
            self.said.iter().map(|&token| SpokenToken::new(&self.line, token)).collect();
        let mut context = CommandContext::default();
        let mut found = Vec::new();
        let mut unsaid = Unsaid::new(&self.line, &self.at_token);
        for at in 0..self.said.len() {
            let token = self.said[at];
            context.read(&self.at_token[token]);
            let capitals = capitals(&self.line, token);
            self.at_token[token].extend(capitals);
            self.add_upper_case(token);
            for reading in &mut self.at_token[token] {
                if matches!(reading.kind, Kind::Word | Kind::Letter | Kind::Alias) {
                    let lower = reading.text.to_ascii_lowercase();
                    reading.prior = lexicon::frequency(&lower).map_or(0, |frequency| frequency + 1);
                    reading.fit = context.fit_of_text(&reading.text);
                }
            }
            self.add_names(at, &mut context);
            self.add_unsaid(at, &context, &mut unsaid);
            self.find_candidates(at, &spoken, &context, matcher, &mut found);
            self.add_candidates(at, &found);
            let best = found.first().filter(|candidate: &&Candidate| {
                candidate.fit == Fit::Command && candidate.near.cost <= NAMES_COMMAND
            });
            if let Some(candidate) = best {
                context.enter(candidate.near.entry.text);
            }
        }
    }

    /// The number of segments that a split word has and the sounds of the whole, if one starts at the `at`th said word.
    fn unsplit(&self, at: usize) -> Option<(usize, Vec<Sound>)> {
        let tokens = &self.line.tokens;
        let joined = |left: usize, right: usize| {
            let (left, right) = (&tokens[self.said[left]], &tokens[self.said[right]]);
            left.at.end == right.at.start && left.shape == Shape::Word && right.shape == Shape::Word
        };
        if at > 0 && joined(at - 1, at) {
            return None;
        }
        let rest = at + 1..self.said.len();
        let words = 1 + rest.take_while(|&next| joined(next - 1, next)).count();
        if words == 1 {
            return None;
        }
        let last = &tokens[self.said[at + words - 1]];
        let mut sounds = Vec::new();
        pronunciation::read(&self.line.lower[tokens[self.said[at]].at.start..last.at.end], &mut sounds);
        Some((words, sounds))
    }

    /// Adds `PATH` for "capital path", which strictly is `Path`.
    fn add_upper_case(&mut self, token: usize) {
        let upper: Vec<Reading> = self.at_token[token]
            .iter()
            .filter(|reading| reading.kind == Kind::Case && reading.text.len() > 1)
            .filter(|reading| reading.entry.is_some_and(|entry| matches!(entry.writes, "capital" | "upper")))
            .map(|reading| {
                let text = Cow::Owned(reading.text.to_uppercase());
                Reading { kind: Kind::WideCase, text, ..reading.clone() }
            })
            .filter(|upper| self.at_token[token].iter().all(|reading| reading.text != upper.text))
            .collect();
        self.at_token[token].extend(upper);
    }

    /// Adds the hyphenated names that start here and whose dashes were not said: "cherry pick", "dash dash no edit".
    fn add_names(&mut self, at: usize, context: &mut CommandContext) {
        let is_word = |token: &&usize| {
            self.line.tokens[**token].shape == Shape::Word && self.line.lower(**token).is_ascii()
        };
        let words: Vec<&str> = self.said[at..]
            .iter()
            .take(MAX_NAME_WORDS)
            .take_while(is_word)
            .map(|token| self.line.lower(*token))
            .collect();
        let found =
            (2..=words.len()).filter_map(|count| Some((count, context.fit_of_name(&words[..count])?)));
        for (count, (name, fit)) in found.collect::<Vec<_>>() {
            if fit != Fit::Flag {
                context.enter(&name);
            }
            let reading = Reading::new(self.span(at, count), Kind::SoundAlike, name.into(), None);
            self.at_token[self.said[at]].push(Reading { fit, ..reading });
        }
    }

    /// Collects in `found` what sounds like the words that start at the `at`th said one, the best first.
    fn find_candidates(
        &self,
        at: usize,
        spoken: &[SpokenToken],
        context: &CommandContext,
        matcher: &mut Matcher,
        found: &mut Vec<Candidate>,
    ) {
        found.clear();
        let mut sounds: Vec<Sound> = Vec::new();
        let mut number = false;
        for words in 1..=MAX_WORDS.min(spoken.len() - at) {
            let last = &spoken[at + words - 1];
            if last.sounds.is_empty() || last.certain {
                break;
            }
            sounds.extend(&last.sounds);
            number |= last.number;
            let mut take = |near| found.extend(Candidate::new(near, words, number, context));
            if words > 1 {
                let cache_key = context.cache_key() << 1 | u64::from(number);
                let here = |entry: &LexiconEntry| entry.max_distance(context.fit(entry), words, number);
                matcher.near(&sounds, words, cache_key, here, take);
                continue;
            }
            // Matches of a single word do not depend on the line, so they are cached for all lines.
            matcher.near(&sounds, 1, 0, |_| FURTHEST, &mut take);
            if !last.spelled.is_empty() {
                matcher.near(&last.spelled, 1, 0, |_| FURTHEST, &mut take);
            }
        }
        if let Some((words, sounds)) = self.unsplit(at) {
            let whole = |near| Candidate::new(near, 1, false, context);
            matcher.near(
                &sounds,
                1,
                0,
                |_| FURTHEST,
                |near| found.extend(whole(near).map(|whole| Candidate { words, ..whole })),
            );
        }
        found.sort_by_key(|candidate| (candidate.rank, candidate.near.entry.text));
    }

    /// Adds the best of the candidates that write something new.
    fn add_candidates(&mut self, at: usize, found: &[Candidate]) {
        let token = self.said[at];
        let mut left = MAX_PHONETIC;
        for candidate in found {
            if left == 0 {
                break;
            }
            let tokens = self.span(at, candidate.words);
            let text = candidate.near.entry.text;
            let known = |text: &str, readings: &[Reading]| {
                readings.iter().any(|reading| reading.tokens == tokens && reading.text == text)
            };
            // What writes one of several words as it was heard leaves the others out.
            let words = self.said[at..at + candidate.words].iter().map(|&said| self.line.lower(said));
            let leaves_out =
                candidate.words > 1 && words.into_iter().any(|word| word.eq_ignore_ascii_case(text));
            if leaves_out || known(text, &self.at_token[token]) {
                continue;
            }
            left -= 1;
            let reading = Reading {
                tokens: tokens.clone(),
                kind: Kind::SoundAlike,
                text: Cow::Borrowed(text),
                entry: candidate.near.entry.symbol,
                cost: candidate.near.cost,
                prior: candidate.near.entry.frequency + 1,
                fit: candidate.fit,
            };
            if candidate.near.entry.role == Role::Letter {
                let capital = Cow::Owned(text.to_ascii_uppercase());
                self.at_token[token].push(Reading { text: capital, ..reading.clone() });
            }
            self.at_token[token].push(reading);
        }
    }
}

/// Longest word, in bytes, that may be written in capitals although nobody said so. Hand-chosen on 2026-11-23.
const LONGEST_CAPITALS: usize = 10;

/// The word with an initial capital, and all in capitals: the capitals that a speech engine writes or omits carry no
/// information.
fn capitals(line: &Line, token: usize) -> impl Iterator<Item = Reading> + use<> {
    let (text, lower) = (line.text(token), line.lower(token));
    let word = line.tokens[token].shape == Shape::Word && text.len() > 1 && lower.is_ascii();
    let title = (word && (text[1..] != lower[1..] || text == lower))
        .then(|| format!("{}{}", lower[..1].to_ascii_uppercase(), &lower[1..]));
    let upper = (word && text.len() <= LONGEST_CAPITALS).then(|| lower.to_ascii_uppercase());
    let upper = upper.filter(|upper| upper != text);
    let reading = move |text: String| Reading::new(token..token + 1, Kind::SoundAlike, text.into(), None);
    title.into_iter().chain(upper).map(reading)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use proptest::prelude::*;

    use super::*;
    use crate::clean::clean;
    use crate::lattice::is_reachable;
    use crate::phonetic::lexicon::FURTHEST;

    fn wide(text: &str) -> Lattice {
        super::widen(lex(clean(text), &UserWords::default(), None), &UserWords::default())
    }

    #[test]
    fn what_is_reached() {
        for (heard, said) in [
            ("LS-T-A make that minus L-A", "ls -la"),
            (
                "D and F can fake-manager-dash-enable repository underscore ID.",
                "dnf config-manager --enable repository_id",
            ),
            ("Find Dash-Mindepth for Dash-Name file.", "find -mindepth 4 -name file"),
            ("Get Merch Space Dash, Dash Node Dash, FF Develop.", "git merge --no-ff develop"),
            ("su-du-i-p-r-ad default vi-a gateway underscore-i-p", "sudo ip r add default via gateway_ip"),
            ("cat slash e, t, c slash host.", "cat /etc/hosts"),
            ("kill dash 9 8,080", "kill -9 8080"),
            ("Please run CUBE, C-T-L annotate", "kubectl annotate"),
            ("runsudo dashname", "run sudo -name"),
            ("cd till the slash docks", "cd ~/docs"),
            ("git push dash dash force with lease origin", "git push --force-with-lease origin"),
            ("git cherry pick dash dash no commit main", "git cherry-pick --no-commit main"),
            ("sudo apt get install curl", "sudo apt-get install curl"),
            ("git pull origin main pipe ssh copy id host", "git pull origin main | ssh-copy-id host"),
            // Signs that were not said.
            ("git commit amend no edit", "git commit --amend --no-edit"),
            ("docker compose up detach", "docker compose up --detach"),
            ("git log one line", "git log --oneline"),
            ("git cherrypick main", "git cherry-pick main"),
            ("journalctl vacuum size two hundred m", "journalctl --vacuum-size=200m"),
            ("go test race", "go test -race"),
            ("curl localhost three thousand", "curl localhost:3000"),
            ("docker run dash p eighty eighty eighty nginx", "docker run -p 8080:80 nginx"),
            ("curl https slash slash a dot io", "curl https://a.io"),
            ("curl h t t p s slash slash a dot io", "curl https://a.io"),
            ("php bin console cache clear", "php bin/console cache:clear"),
            ("npm run build prod", "npm run build:prod"),
            ("aws ec2 describe volumes", "aws ec2 describe-volumes"),
            ("python manage py migrate", "python manage.py migrate"),
            ("git commit dash m mend the fence", "git commit -m \"mend the fence\""),
            ("hg commit dash dash message equals mend fence 7", "hg commit --message=\"mend fence 7\""),
            ("echo good night", "echo \"good night\""),
            ("notify dash send dash u low all done", "notify-send -u low \"all done\""),
            ("find dot dash iname star dot pie", "find . -iname '*.py'"),
            ("rg dash dash glob *.rs foo", "rg --glob '*.rs' foo"),
            // Pauses in quoted text are commas, but not beside the quotes.
            ("Echo, quote, first, second, quote.", "echo \"first, second\""),
        ] {
            assert!(is_reachable(&wide(heard), said), "{heard:?} {said:?}");
        }
        for (heard, never) in [
            ("git status", "git rm"),
            ("kill 5", "kill 7"),
            ("kill 5", "kill -"),
            ("ls", "rm -rf /"),
            ("echo dash dash force with lease", "echo --force-with-lease"),
            ("echo amend", "echo --amend"),
            ("cat three thousand", "cat :3000"),
            ("mv good night", "mv \"good night\""),
            ("Mv, first, second", "mv first, second"),
            ("Echo, quote, first, second, quote.", "echo \"first, second,\""),
            ("git commit dash m quote fix quote dash a b", "git commit -m \"fix\" -\"a b\""),
        ] {
            assert!(!is_reachable(&wide(heard), never), "{heard:?} {never:?}");
        }
    }

    #[test]
    fn readings_know_the_command() {
        let fit = |text: &str, token: usize, writes: &str| {
            let lattice = wide(text);
            let (_, readings) = lattice.arcs_from(token);
            readings.iter().find(|reading| reading.text == writes).map(|reading| reading.fit)
        };
        assert_eq!(fit("git comet", 1, "commit"), Some(Fit::Subcommand));
        assert_eq!(fit("grip foo", 0, "grep"), Some(Fit::Command));
        assert_eq!(fit("git commit dash dash amen", 4, "amend"), Some(Fit::Flag));
        assert_eq!(fit("cat foo pipe grip bar", 3, "grep"), Some(Fit::Command));
        assert_eq!(fit("git commit dash m", 3, "m"), Some(Fit::Flag));
        // Every operator begins a command, and its name is due again; the "ampersand" of a redirection begins none.
        for operator in ["pipe", "semicolon", "ampersand"] {
            let line = format!("cat one file then another {operator} grip bar");
            assert_eq!(fit(&line, 6, "grep"), Some(Fit::Command), "{operator}");
        }
        assert_ne!(
            fit("cat one file then another greater than ampersand grip", 8, "grep"),
            Some(Fit::Command)
        );
    }

    /// What a reading is, with its place in the source.
    fn facts(lattice: &Lattice, token: usize) -> Vec<(Range<usize>, Kind, String)> {
        let (_, readings) = lattice.arcs_from(token);
        let fact = |reading: &Reading| {
            (lattice.line.source(reading.tokens.clone()), reading.kind, reading.text.to_string())
        };
        readings.iter().map(fact).collect()
    }

    fn line() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => "[a-z]{1,9}",
            2 => prop::sample::select(vec!["dash", "two", "all caps", "camel case", "git", "quote", "no space"])
                .prop_map(str::to_owned),
            2 => "[A-Za-z0-9.,:/@'?-]{1,12}",
            1 => "[ -~é–]{1,6}",
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.join(" "))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn a_wide_lattice_holds_the_plain_one(text in line()) {
            let plain = lex(clean(&text), &UserWords::default(), None);
            let wide = wide(&text);
            let mut first = 0;
            for token in 0..plain.len() {
                let at = plain.line.tokens[token].at.start;
                first += wide.line.tokens[first..].iter().take_while(|token| token.at.start < at).count();
                let (plain, wide) = (facts(&plain, token), facts(&wide, first));
                prop_assert!(wide.starts_with(&plain), "{:?} {:?}", plain, wide);
            }
        }

        #[test]
        fn a_wide_lattice_is_bounded(text in line()) {
            let wide = wide(&text);
            for token in 0..wide.len() {
                let (_, readings) = wide.arcs_from(token);
                prop_assert!(readings.len() <= MAX_WIDE_READINGS);
                prop_assert!(readings.iter().any(|reading| reading.kind == Kind::Deletion));
                for reading in readings {
                    prop_assert!(reading.tokens.start == token && reading.tokens.end <= wide.len());
                    prop_assert!(reading.cost <= FURTHEST);
                    // Letters and digits are licensed: copied, from the vocabulary, or from the lexicon.
                    let copied = wide.line.source(reading.tokens.clone()).len() >= reading.text.chars().count();
                    prop_assert!(reading.kind != Kind::Typed || copied);
                }
            }
            prop_assert!(wide.len() <= text.len());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]

        #[test]
        fn what_was_heard_before_changes_nothing(lines in prop::collection::vec(line(), 1..5)) {
            let words = UserWords::default();
            let mut matcher = Matcher::default();
            for text in lines.iter().chain(&lines) {
                let plain = lex(clean(text), &words, None);
                let fresh = widen_with(plain.clone(), &words, &mut Matcher::default());
                let again = widen_with(plain, &words, &mut matcher);
                prop_assert_eq!(again.into_parts().1, fresh.into_parts().1);
            }
        }
    }

    #[test]
    fn long_lines_stay_linear() {
        let lattice = wide(&"xdashx-7.a ".repeat(500));
        assert!(lattice.len() <= 500 * 8);
        assert!((0..lattice.len()).all(|token| lattice.arcs_from(token).1.len() <= MAX_WIDE_READINGS));
    }
}
