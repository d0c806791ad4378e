//! Simulates what a speech engine does to a dictation: it adds capitals and commas, writes signs
//! and digits, mishears names, and runs words together.
//!
//! The rates were measured on transcripts of synthetic voices. They are in `data/asr_noise.txt`,
//! with the table of confusions. Two words are joined only if both are kept or neither is, so every
//! resulting word still has one `kept` label.

mod number;
mod table;

use crate::labelled_word::LabelledWord;
use fastrand::Rng;
use table::{HEARD, RATES};

/// Adds the noise of a speech engine to `words`. Half of all calls change nothing, a fifth only
/// punctuate the words as a sentence, and the rest also mishear them.
///
/// A word that is part of the command may be heard as another word but is never lost.
pub fn asr_noise(words: Vec<LabelledWord>, random: &mut Rng) -> Vec<LabelledWord> {
    match random.u8(..100) {
        0..50 => words,
        50..70 => written(words, random),
        _ => misheard(words, random),
    }
}

/// Punctuates the words as a sentence.
fn written(mut words: Vec<LabelledWord>, random: &mut Rng) -> Vec<LabelledWord> {
    punctuate(&mut words, random);
    words
}

/// Applies all kinds of noise.
fn misheard(words: Vec<LabelledWord>, random: &mut Rng) -> Vec<LabelledWord> {
    let words = confuse(words, random);
    let words = number::digits(words, random);
    let words = join_letters(words, random);
    let words = write_signs(words, random);
    let mut words = run_together(words, random);
    punctuate(&mut words, random);
    words
}

/// Returns `true` with a probability of `rate` in 1000.
fn happens(rate: u16, random: &mut Rng) -> bool {
    random.u16(..1000) < rate
}

/// Whether the word was spoken: typed words contain other characters than letters.
fn spoken(said: &LabelledWord) -> bool {
    said.text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'\'')
}

fn is_letter(said: &LabelledWord) -> bool {
    said.text.len() == 1 && said.text.as_bytes()[0].is_ascii_alphabetic()
}

/// Whether two neighbours can become one word.
fn joinable(left: &LabelledWord, right: &LabelledWord) -> bool {
    left.kept == right.kept && left.pause.is_empty()
}

/// Appends `glue` and `right` to `left`.
fn join(left: &mut LabelledWord, glue: &str, right: LabelledWord) {
    left.text.push_str(glue);
    left.text.push_str(&right.text);
    left.pause = right.pause;
}

/// Appends `texts` to `out` in place of `words`, which must all have the same `kept` label. The
/// first text takes over where a unit or an argument starts, the last one takes over the pause.
fn replace(words: &[LabelledWord], texts: impl IntoIterator<Item = String>, out: &mut Vec<LabelledWord>) {
    let start = out.len();
    for text in texts {
        out.push(LabelledWord { text, unit: false, argument: false, pause: "", ..words[0].clone() });
    }
    if let Some(first) = out.get_mut(start) {
        (first.unit, first.argument) = (words[0].unit, words[0].argument);
    }
    if let (Some(last), Some(said)) = (out.last_mut(), words.last()) {
        last.pause = said.pause;
    }
}

/// Replaces words by what an engine hears instead: by the table of confusions, and now and then by
/// a word that sounds similar. Drops a few short words that are not kept.
fn confuse(words: Vec<LabelledWord>, random: &mut Rng) -> Vec<LabelledWord> {
    let mut out = Vec::with_capacity(words.len() + 4);
    let mut at = 0;
    while at < words.len() {
        let rest = &words[at..];
        if !words[at].kept && words[at].text.len() <= 3 && happens(RATES.dropped, random) {
            at += 1;
            continue;
        }
        // A letter within a run of letters is heard as part of the run, so the table does not
        // apply.
        let beside = |place: usize| words.get(place).is_some_and(is_letter);
        let spelled = is_letter(&words[at]) && (at > 0 && beside(at - 1) || beside(at + 1));
        let length = match HEARD.longest(rest).filter(|_| !spelled) {
            Some((length, heard)) if random.u8(..100) < heard.often => {
                let form = heard.forms[random.usize(..heard.forms.len())];
                replace(&rest[..length], form.split(' ').map(str::to_owned), &mut out);
                length
            }
            _ => {
                let mut said = words[at].clone();
                if said.text.len() >= 3 && spoken(&said) && happens(RATES.close, random) {
                    said.text = close_by(&said.text, random);
                }
                out.push(said);
                1
            }
        };
        at += length;
    }
    out
}

/// Returns a word with another ending or first consonant, since engines tend to confuse these.
fn close_by(word: &str, random: &mut Rng) -> String {
    const ALIKE: [(&str, &str); 10] = [
        ("b", "p"),
        ("p", "b"),
        ("d", "t"),
        ("t", "d"),
        ("g", "k"),
        ("v", "b"),
        ("m", "n"),
        ("n", "m"),
        ("s", "f"),
        ("f", "s"),
    ];
    let shorter = word.strip_suffix(['s', 'd', 't', 'e']).filter(|rest| rest.len() >= 2);
    match (random.u8(..4), shorter, ALIKE.iter().find(|(from, _)| word.starts_with(from))) {
        (0, Some(shorter), _) => shorter.to_owned(),
        (1, _, Some((_, to))) => format!("{to}{}", &word[1..]),
        (2, ..) => format!("{word}ed"),
        _ => format!("{word}s"),
    }
}

/// How a run of letters is written.
#[derive(Clone, Copy, PartialEq)]
enum Run {
    Upper,
    Lower,
    Hyphens,
    Commas,
    Apart,
    Beside,
    Capital,
}

/// Writes runs of spelled letters as engines do: `l s` becomes LS, ls, L-S or L, S.
fn join_letters(words: Vec<LabelledWord>, random: &mut Rng) -> Vec<LabelledWord> {
    let mut out: Vec<LabelledWord> = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        let mut end = at + 1;
        if is_letter(&words[at]) {
            // A letter that starts an argument usually begins a new word, so it joins the run in
            // only 30 % of cases.
            while words.get(end).is_some_and(is_letter)
                && joinable(&words[end - 1], &words[end])
                && (!words[end].argument || random.u8(..100) < 30)
            {
                end += 1;
            }
        }
        let run = &words[at..end];
        match (run.len(), is_letter(&run[0])) {
            (1, true) => out.push(LabelledWord { text: cased(&run[0].text, random), ..run[0].clone() }),
            (1, false) => out.push(run[0].clone()),
            _ => spell(run, words.get(end), random, &mut out),
        }
        at = end;
    }
    out
}

fn cased(letter: &str, random: &mut Rng) -> String {
    if happens(RATES.letter, random) { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
}

fn spell(run: &[LabelledWord], next: Option<&LabelledWord>, random: &mut Rng, out: &mut Vec<LabelledWord>) {
    let mut drawn = random.u16(..1000);
    let rates = [
        (Run::Upper, RATES.upper),
        (Run::Lower, RATES.lower),
        (Run::Hyphens, RATES.hyphens),
        (Run::Commas, RATES.commas),
        (Run::Apart, RATES.apart),
        (Run::Beside, RATES.beside),
    ];
    let mut how = Run::Capital;
    for (run, rate) in rates {
        if drawn < rate {
            how = run;
            break;
        }
        drawn -= rate;
    }
    let upper = match how {
        Run::Lower | Run::Beside | Run::Capital => false,
        Run::Upper => true,
        _ => random.u8(..3) > 0,
    };
    let letters: Vec<String> = run
        .iter()
        .map(|said| if upper { said.text.to_ascii_uppercase() } else { said.text.to_ascii_lowercase() })
        .collect();
    match how {
        Run::Upper | Run::Lower => replace(run, [letters.concat()], out),
        Run::Capital => {
            let mut word = letters.concat();
            word[..1].make_ascii_uppercase();
            replace(run, [word], out);
        }
        Run::Hyphens => replace(run, [letters.join("-")], out),
        Run::Apart => replace(run, letters, out),
        Run::Commas => {
            let start = out.len();
            replace(run, letters, out);
            let last = out.len() - 1;
            out[start..last].iter_mut().for_each(|said| said.pause = ",");
        }
        Run::Beside => {
            let fits = |said: &LabelledWord| spoken(said) && said.kept == run[0].kept;
            let before = out.last().is_some_and(|said| fits(said) && said.pause.is_empty());
            replace(run, [letters.concat()], out);
            if before
                && !(next.is_some_and(fits) && random.bool())
                && let Some(said) = out.pop()
            {
                let left = out.len() - 1;
                join(&mut out[left], "", said);
            }
        }
    }
}

/// The sign that a word names.
#[derive(Clone, Copy, PartialEq)]
enum Sign {
    Dash,
    Dot,
}

/// How many of 1000 spoken dashes become `-` in a line with a stretch of glued words.
/// Hand-chosen, 2026-11-23.
const GLUED_DASH: u16 = 900;

/// Writes "dash" as `-` and "dot" as `.`, both glued to their neighbours, as engines write
/// compounds and file names.
fn write_signs(words: Vec<LabelledWord>, random: &mut Rng) -> Vec<LabelledWord> {
    let stretch = happens(RATES.glued, random).then(|| {
        let start = random.usize(..words.len().max(1));
        start..start + random.usize(4..24)
    });
    // Glued lines contain most of the written dashes. The rate for all other lines is chosen so
    // that both together give the measured rate.
    let (all, glued) = (u32::from(RATES.dash), u32::from(RATES.glued));
    let dash = match stretch {
        Some(_) => GLUED_DASH,
        None => ((all * 1000).saturating_sub(glued * u32::from(GLUED_DASH)) / (1000 - glued)) as u16,
    };
    let mut out: Vec<LabelledWord> = Vec::with_capacity(words.len());
    // Whether the last word ends with a sign that the next word is to be glued to.
    let mut open = false;
    for (at, said) in words.into_iter().enumerate() {
        let glued = stretch.as_ref().is_some_and(|stretch| stretch.contains(&at));
        let rate = match said.text.to_ascii_lowercase().as_str() {
            "dash" | "hyphen" | "minus" => Some((Sign::Dash, dash)),
            "dot" => Some((Sign::Dot, RATES.dot)),
            "point" | "period" => Some((Sign::Dot, RATES.point)),
            _ => None,
        };
        let sign = rate.filter(|(_, rate)| happens(*rate, random)).map(|(sign, _)| sign);
        let fits = out.last().is_some_and(|last| joinable(last, &said));
        match (sign, out.last_mut()) {
            (Some(sign), last) => {
                let text = if sign == Sign::Dash { "-" } else { "." };
                match last {
                    Some(last) if fits => join(last, "", LabelledWord { text: text.to_owned(), ..said }),
                    _ => out.push(LabelledWord { text: text.to_owned(), ..said }),
                }
                open = true;
            }
            (None, Some(last)) if open && fits => {
                join(last, "", said);
                open = false;
            }
            (None, Some(last)) if glued && fits && random.u8(..4) > 0 => {
                join(last, "-", said);
                open = false;
            }
            _ => {
                out.push(said);
                open = false;
            }
        }
    }
    out
}

/// Removes the space between some short words: `rundash`.
fn run_together(words: Vec<LabelledWord>, random: &mut Rng) -> Vec<LabelledWord> {
    let mut out: Vec<LabelledWord> = Vec::with_capacity(words.len());
    for said in words {
        match out.last_mut() {
            Some(last)
                if joinable(last, &said)
                    && spoken(last)
                    && spoken(&said)
                    && last.text.len() + said.text.len() <= 12
                    && happens(RATES.fused, random) =>
            {
                join(last, "", said);
            }
            _ => out.push(said),
        }
    }
    out
}

/// Adds capitals, commas and a full stop. The words themselves stay the same.
fn punctuate(words: &mut [LabelledWord], random: &mut Rng) {
    let title = happens(RATES.title, random);
    let capital = happens(RATES.capital, random);
    let stop = happens(RATES.stop, random);
    let count = words.len();
    for (at, said) in words.iter_mut().enumerate() {
        if at + 1 < count && said.pause.is_empty() && happens(RATES.comma, random) {
            said.pause = ",";
        }
        if (title || (at == 0 && capital)) && said.text.starts_with(|c: char| c.is_ascii_lowercase()) {
            said.text[..1].make_ascii_uppercase();
        }
    }
    if let Some(last) = words.last_mut() {
        last.pause = if stop { "." } else { "" };
    }
}

#[cfg(test)]
mod tests;
