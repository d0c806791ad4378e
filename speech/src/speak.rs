//! The way back: says a command aloud, in each dialect and in many styles.
//!
//! A pure function of the command, the dialect and a seed. The strict dialect is the lexer's inverse: what is spoken
//! here reads back as the same bytes. The others drop what people leave out.

mod letters;
mod numbers;

use letters::say_letters;
pub use numbers::say_number;
use numbers::{below_hundred, one_by_one};

use crate::case::Directive;
use crate::commands;
use crate::quote::{self, Nesting};
use crate::vocabulary::{self, Kind};

/// How a command is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Every separator said.
    Strict,
    /// No separators, letters of flags in upper case, numbers from 100 on digit by digit (the dialect of the public
    /// series "Teaching a Tiny Model to Hear Bash").
    Nl2bash,
    /// As people speak: synonyms, numbers as they come, talk around it.
    Free,
}

/// Why a command cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsayable {
    /// A character that has no name.
    #[error("{0:?} has no spoken form")]
    Character(char),
    /// Nothing to say.
    #[error("there is nothing to say")]
    Empty,
}

/// A piece of the command that is said as one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    White(char),
    Symbol(&'static str),
    Digits(String),
    /// Letters with one case pattern or several ("getUserName").
    Letters(String),
}

/// Says `command`. The same command, dialect and seed give the same words.
pub fn speak(command: &str, dialect: Dialect, seed: u64) -> Result<String, Unsayable> {
    let pieces = cut(command.trim())?;
    if pieces.is_empty() {
        return Err(Unsayable::Empty);
    }
    let mut random = fastrand::Rng::with_seed(seed);
    let words = match dialect {
        Dialect::Strict => strict(&pieces, &mut random),
        Dialect::Nl2bash => nl2bash(&pieces),
        Dialect::Free => free(&pieces, &mut random),
    };
    Ok(words.join(" "))
}

fn cut(command: &str) -> Result<Vec<Piece>, Unsayable> {
    const LONG: [&str; 7] = ["--", "&&", "||", "..", ">>", "2>&", "2>"];
    let mut pieces: Vec<Piece> = Vec::new();
    let mut rest = command;
    while let Some(c) = rest.chars().next() {
        let piece = if let Some(symbol) = LONG.iter().find(|symbol| rest.starts_with(**symbol)) {
            Piece::Symbol(symbol)
        } else if c.is_ascii_digit() {
            digits(rest)
        } else if c.is_ascii_alphabetic() {
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            Piece::Letters(rest[..end].to_owned())
        } else if matches!(c, ' ' | '\t' | '\n') {
            Piece::White(c)
        } else {
            let symbol = vocabulary::spoken_forms(&rest[..c.len_utf8()]).next();
            Piece::Symbol(symbol.ok_or(Unsayable::Character(c))?.writes)
        };
        rest = &rest[length(&piece)..];
        pieces.push(piece);
    }
    Ok(pieces)
}

fn digits(rest: &str) -> Piece {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Piece::Digits(rest[..end].to_owned())
}

fn length(piece: &Piece) -> usize {
    match piece {
        Piece::White(_) => 1,
        Piece::Symbol(symbol) => symbol.len(),
        Piece::Digits(text) | Piece::Letters(text) => text.len(),
    }
}

type Words = Vec<String>;

fn strict(pieces: &[Piece], random: &mut fastrand::Rng) -> Words {
    // Which of open and close a quote is depends on what came before, so that is settled from the left …
    let mut open = Nesting::default();
    let roles: Vec<Kind> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Symbol(symbol) => role(&mut open, symbol),
            _ => Kind::Symbol,
        })
        .collect();
    // … and which name or guard is safe depends on what follows, so the words are put together from the right.
    let mut said: Words = Vec::new();
    let separated = is_plain_word(pieces) || pieces.iter().any(|piece| matches!(piece, Piece::White(_)));
    for (at, (piece, role)) in pieces.iter().zip(roles).enumerate().rev() {
        if at == 0 && (!separated || looks_unseparated(pieces)) {
            // Without a separator, or with a flag right behind a command's name, the line would not be held for strict.
            said.extend(["space".to_owned(), "no".to_owned()]);
        }
        let mut words = match piece {
            Piece::White(' ') => vec!["space".to_owned()],
            Piece::White('\t') => vec!["tab".to_owned()],
            Piece::White(_) => vec!["new line".to_owned()],
            Piece::Symbol(symbol) => safe_symbol(symbol, role, &said, random),
            Piece::Digits(text) => say_number(text, random),
            Piece::Letters(text) => {
                let words = say_letters(text, &said, random);
                // A directive ends a name in capitals by itself.
                let plain = text.starts_with(|c: char| c.is_ascii_lowercase()) && words[0] != "camel";
                let lower = plain && continues_capitals(&pieces[..at]);
                if lower { [vec!["lower case".to_owned()], words].concat() } else { words }
            }
        };
        words.reverse();
        said.extend(
            words
                .into_iter()
                .flat_map(|phrase| phrase.split(' ').rev().map(str::to_owned).collect::<Vec<_>>()),
        );
    }
    said.reverse();
    said
}

/// Whether what is said next would be taken for one more word of a name in capitals: `NODE_` before `env`.
fn continues_capitals(before: &[Piece]) -> bool {
    let joined = before.last() == Some(&Piece::Symbol("_"));
    let word = before.iter().rev().take_while(|piece| !matches!(piece, Piece::White(_)));
    let capitals = |piece: &Piece| matches!(piece, Piece::Letters(text) if text.contains(|c: char| c.is_ascii_uppercase()));
    joined && word.into_iter().any(capitals)
}

/// A command's name with what looks like its flag or number written on to it: `ls-l`, `kill9`.
fn looks_unseparated(pieces: &[Piece]) -> bool {
    let [Piece::Letters(name), sign, rest @ ..] = pieces else { return false };
    let dash = matches!(sign, Piece::Symbol("-" | "--")) || matches!(sign, Piece::Digits(_));
    let short = match rest.first() {
        Some(Piece::Letters(word)) => word.len() == 1 || *sign == Piece::Symbol("--"),
        _ => true,
    };
    dash && short && commands::is_command(name)
}

/// One word in lower case that means nothing else: `ls` needs no sign that it is strict.
fn is_plain_word(pieces: &[Piece]) -> bool {
    match pieces {
        [Piece::Letters(word)] => {
            word.bytes().all(|b| b.is_ascii_lowercase()) && vocabulary::matches(&[word]).next().is_none()
        }
        _ => false,
    }
}

/// A symbol by a name that does not run into what follows it ("equals" before "equals sign" would be `==` and a word).
/// `behind` holds the words that follow, the next one last.
fn safe_symbol(symbol: &str, role: Kind, behind: &[String], random: &mut fastrand::Rng) -> Words {
    let safe = |words: &Words| {
        let line: Vec<&str> = words.iter().chain(behind.iter().rev().take(4)).map(String::as_str).collect();
        let longest = vocabulary::matches(&line).find(|entry| is_written(entry.kind));
        longest.is_none_or(|entry| entry.words.len() == words.len())
    };
    let chosen = say_symbol(symbol, role, random, 0.25);
    if safe(&chosen) {
        return chosen;
    }
    let forms = vocabulary::spoken_forms(symbol);
    let said = forms.map(|entry| entry.words.iter().map(|word| (*word).to_owned()).collect::<Words>());
    // Where every name runs on (three dashes), the first reads back the same.
    let first = say_symbol(symbol, role, random, 0.0);
    said.into_iter().find(safe).unwrap_or(first)
}

/// Whether entries of this kind write a symbol or white space.
fn is_written(kind: Kind) -> bool {
    matches!(kind, Kind::Symbol | Kind::Quote | Kind::Open | Kind::Close | Kind::Space)
}

/// Whether a symbol that is said next opens or closes a quote.
fn role(open: &mut Nesting, symbol: &str) -> Kind {
    let sign = symbol.chars().next().filter(|sign| quote::is_sign(*sign));
    match sign.map(|sign| open.push(sign)) {
        Some(quote::Role::Opens) => Kind::Open,
        Some(quote::Role::Closes) => Kind::Close,
        Some(quote::Role::Text) | None => Kind::Symbol,
    }
}

/// A symbol by one of its names: with a chance of `varied`, another than the first.
fn say_symbol(symbol: &str, role: Kind, random: &mut fastrand::Rng, varied: f64) -> Words {
    let forms: Vec<&vocabulary::Entry> = vocabulary::spoken_forms(symbol)
        .filter(|entry| {
            let other = if role == Kind::Open { Kind::Close } else { Kind::Open };
            !matches!(role, Kind::Open | Kind::Close) || entry.kind != other
        })
        .collect();
    let chosen = if random.f64() < varied { random.choice(&forms) } else { forms.first() };
    chosen.map(|entry| entry.words.iter().map(|word| (*word).to_owned()).collect()).unwrap_or_default()
}

/// The public series' forward mapping, to the letter.
fn nl2bash(pieces: &[Piece]) -> Words {
    let mut words = Words::new();
    let mut token: Words = Words::new();
    for piece in pieces {
        match piece {
            Piece::White(_) => words.append(&mut token),
            Piece::Digits(text) => {
                let value = text.parse::<u64>().ok().filter(|n| *n < 100);
                match value.filter(|_| text.len() == 1 || !text.starts_with('0')) {
                    Some(n) => token.extend(below_hundred(n)),
                    None => token.extend(one_by_one(text)),
                }
            }
            Piece::Letters(text) => {
                if text.len() == 1 || (text.len() <= 3 && token.last().is_some_and(|word| word == "dash")) {
                    token.extend(text.chars().map(|c| c.to_uppercase().to_string()));
                } else {
                    token.push(text.clone());
                }
            }
            Piece::Symbol(symbol) => {
                let name = vocabulary::spoken_forms(symbol).next();
                token.extend(name.into_iter().flat_map(|entry| &entry.words).map(|word| (*word).to_owned()));
            }
        }
    }
    words.append(&mut token);
    words
}

/// As people speak: separators mostly left out, other names for symbols, numbers as they come, talk around it.
fn free(pieces: &[Piece], random: &mut fastrand::Rng) -> Words {
    let mut open = Nesting::default();
    let mut said = Words::new();
    let says_spaces = random.u8(..10) == 0;
    for piece in pieces {
        match piece {
            Piece::White(' ') if says_spaces && random.bool() => said.push("space".to_owned()),
            Piece::White('\n') => said.push("new line".to_owned()),
            Piece::White(_) => {}
            Piece::Symbol(symbol) => {
                let role = role(&mut open, symbol);
                said.extend(say_symbol(symbol, role, random, 0.4));
            }
            Piece::Digits(text) => said.extend(say_number(text, random)),
            Piece::Letters(text) => said.extend(say_letters(text, &[], random)),
        }
    }
    talk_around(said, random)
}

/// Adds what people say around a command: lead-ins, tails, fillers, a correction, a sentence's capital and full stop.
fn talk_around(mut said: Words, random: &mut fastrand::Rng) -> Words {
    let phrase = |kind: Kind, random: &mut fastrand::Rng| -> Words {
        let forms: Vec<_> = vocabulary::entries().iter().filter(|entry| entry.kind == kind).collect();
        random
            .choice(&forms)
            .map(|entry| entry.words.iter().map(|w| (*w).to_owned()).collect())
            .unwrap_or_default()
    };
    if said.len() > 3 && random.u8(..8) == 0 {
        // A wrong start that is taken back: "git push no wait git pull".
        let wrong = phrase(Kind::Lead, random).len().min(said.len() - 1).max(1);
        let mut restart: Words = said[..wrong].to_vec();
        restart.extend(["no".to_owned(), "wait".to_owned()]);
        restart.extend(said);
        said = restart;
    }
    if random.u8(..6) == 0 {
        let at = random.usize(..said.len());
        said.splice(at..at, phrase(Kind::Filler, random));
    }
    if random.u8(..3) == 0 {
        said.splice(0..0, phrase(Kind::Lead, random));
    }
    if random.u8(..6) == 0 {
        said.extend(phrase(Kind::Tail, random));
    }
    if random.u8(..4) == 0 {
        if let Some(first) = said.first_mut() {
            *first = Directive::Capital.apply(std::slice::from_ref(first));
        }
        if let Some(last) = said.last_mut() {
            last.push('.');
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lex::lex;
    use crate::words::UserWords;
    use crate::{clean::clean, render::render, strict};

    fn check_strict(command: &str) {
        for seed in 0..40 {
            let said = speak(command, Dialect::Strict, seed).expect("sayable");
            let lattice = lex(clean(&said), &UserWords::default(), None);
            let back = strict::path(&lattice).map(|path| render(&lattice, &path).text);
            assert_eq!(back.as_deref(), Some(command), "said {said:?}");
        }
    }

    #[test]
    fn strict_reads_back() {
        for command in [
            "git commit -m \"fix login bug\"",
            "find . -name '*.txt' -mtime +7 -exec rm {} \\;",
            "echo dash dot space literal two and a hundred",
            "tar -xzf archive.tar.gz 2>&1 >> log12.txt",
            "curl -X POST http://127.0.0.1:8080/getUserName?id=007",
            "XMLHttpRequest FOObar README openQuote double\"quote\" thePoint 3.5",
            "ls  -la",
            "google-chrome",
            "kubectl get pods -n kube-system | awk '{print $1}'",
            "5hundred 2and3 20 2 no wait scratch that",
            "DASH DoubleSeven Aa aB camelCase",
            "NODE_ENV=x FOO_bar FOO_2_bar A_b AB_cD getURL_x",
        ] {
            check_strict(command);
        }
    }

    #[test]
    fn the_series_dialect() {
        for (command, said) in [
            ("tar -xzf archive.tar.gz", "tar dash X Z F archive dot tar dot gz"),
            (
                "find . -name '*.c' 2>&1",
                "find dot dash name single quote star dot C single quote two redirect ampersand one",
            ),
            ("head -n 100 file12", "head dash N one zero zero file twelve"),
        ] {
            assert_eq!(speak(command, Dialect::Nl2bash, 0).as_deref(), Ok(said));
        }
    }

    #[test]
    fn what_has_no_name_is_refused() {
        assert_eq!(speak("echo ä", Dialect::Strict, 0), Err(Unsayable::Character('ä')));
        assert_eq!(speak("  ", Dialect::Strict, 0), Err(Unsayable::Empty));
    }

    #[test]
    fn a_seed_gives_the_same_words() {
        for seed in 0..20 {
            let once = speak("git push origin main", Dialect::Free, seed);
            assert_eq!(once, speak("git push origin main", Dialect::Free, seed));
        }
    }
}
