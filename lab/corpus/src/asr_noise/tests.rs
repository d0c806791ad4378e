//! Tests what holds for all noise, and that the noise has the rates of the table.

use super::*;
use crate::labelled_word::line;
use std::collections::HashSet;

const CALLS: u64 = 10_000;

fn kept(text: &str) -> Vec<LabelledWord> {
    text.split(' ').map(LabelledWord::kept).collect()
}

/// In how many of 1000 calls the misheard `text` satisfies `is`.
fn often(text: &str, is: impl Fn(&str) -> bool) -> u16 {
    let hits =
        (0..CALLS).filter(|&seed| is(&line(&misheard(kept(text), &mut Rng::with_seed(seed))))).count() as u64;
    (hits * 1000 / CALLS) as u16
}

#[track_caller]
fn near(found: u16, rate: u16) {
    let tolerance = 15 + rate / 20;
    assert!(found.abs_diff(rate) <= tolerance, "found {found} of 1000, but the table says {rate}");
}

#[test]
fn half_of_all_calls_change_nothing() {
    let text = "git push origin main dash dash force";
    let same =
        (0..CALLS).filter(|&seed| line(&asr_noise(kept(text), &mut Rng::with_seed(seed))) == text).count();
    // A few of the noisy calls happen to change nothing either.
    assert!((5000..5700).contains(&same), "{same}");
}

#[test]
fn a_written_line_has_the_words_it_had() {
    let text = "so git push origin main dash dash force two";
    let plain = |line: &str| line.replace([',', '.'], "").to_lowercase();
    for seed in 0..1000 {
        assert_eq!(plain(&line(&written(kept(text), &mut Rng::with_seed(seed)))), text);
    }
}

#[test]
fn the_rates_are_those_of_the_table() {
    // The table of confusions has none of these words.
    let text = "wander below yonder";
    near(often(text, |line| line.starts_with(|c: char| c.is_ascii_uppercase())), {
        let (capital, title) = (u32::from(RATES.capital), u32::from(RATES.title));
        (capital + title - capital * title / 1000) as u16
    });
    near(often(text, |line| line.ends_with('.')), RATES.stop);
    near(often("wander below", |line| line.contains(',')), {
        let together = u32::from(RATES.fused) + u32::from(RATES.glued) / 2;
        (u32::from(RATES.comma) * (1000 - together) / 1000) as u16
    });
    near(often("x fourteen wander", |line| line.contains("14")), RATES.digit);
}

#[test]
fn dashes_and_dots_become_signs_as_often_as_measured() {
    // Some names of signs are first replaced by another word.
    let heard = |name: &str| {
        let words = kept(name);
        HEARD.longest(&words).map_or(0, |(_, heard)| u32::from(heard.often) * 10)
    };
    let expected = |rate: u16, name: &str| {
        (u32::from(rate) * (1000 - heard(name) - u32::from(RATES.close)) / 1000) as u16
    };
    near(often("wander dot below", |line| line.to_lowercase().contains("r.b")), expected(RATES.dot, "dot"));
    let text = "below dash wander below under yonder over wander below under yonder over";
    let dash = often(text, |line| line.to_lowercase().contains("-w") || line.to_lowercase().contains("-v"));
    near(dash, expected(RATES.dash, "dash"));
}

#[test]
fn runs_of_letters_are_written_as_often_as_measured() {
    near(often("wander s l wander", |line| line.contains("SL")), RATES.upper);
    near(often("wander s l wander", |line| line.to_lowercase().contains("s-l")), RATES.hyphens);
    near(often("wander s l wander", |line| line.to_lowercase().contains("s, l")), RATES.commas);
}

#[test]
fn kinds_of_words_are_never_mixed() {
    let mut words = kept("git commit dash a m two hundred");
    words.extend(["um", "no", "wait"].map(LabelledWord::disfluent));
    words.extend(kept("x y dot z"));
    for seed in 0..2000 {
        let noisy = misheard(words.clone(), &mut Rng::with_seed(seed));
        let kinds: Vec<bool> = noisy.iter().map(|said| said.kept).collect();
        let turns = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
        // Disfluent words may be dropped, kept words never.
        assert!(turns == 2 || (turns == 0 && kinds.iter().all(|&kept| kept)), "{}", line(&noisy));
        assert!(kinds[0] && kinds[kinds.len() - 1], "{}", line(&noisy));
    }
}

#[test]
fn arguments_and_units_still_start_somewhere() {
    let mut words = kept("git commit dash m");
    words[0].argument = true;
    words[1].argument = true;
    for seed in 0..500 {
        let noisy = misheard(words.clone(), &mut Rng::with_seed(seed));
        assert!(noisy[0].unit && noisy[0].argument, "{noisy:?}");
        assert!(noisy.iter().all(|said| !said.text.is_empty() && !said.text.contains(' ')), "{noisy:?}");
    }
}

#[test]
fn what_was_typed_stays() {
    for seed in 0..500 {
        let noisy = line(&misheard(kept("ls -la ./x dash"), &mut Rng::with_seed(seed)));
        assert!(noisy.contains("./x"), "{noisy}");
    }
}

#[test]
fn a_seed_repeats_and_noise_varies() {
    let once = |seed| {
        line(&asr_noise(kept("sudo docker ps dash a q and and git status"), &mut Rng::with_seed(seed)))
    };
    assert_eq!(once(5), once(5));
    assert!((0..1000).map(once).collect::<HashSet<_>>().len() > 300);
}

#[test]
fn nothing_to_say_is_nothing() {
    for seed in 0..100 {
        assert!(asr_noise(Vec::new(), &mut Rng::with_seed(seed)).is_empty());
    }
}

#[test]
fn the_table_is_whole() {
    for (name, rate) in RATES.all() {
        assert!((1..=1000).contains(&rate), "{name} has the rate {rate}");
    }
    let runs = RATES.upper + RATES.lower + RATES.hyphens + RATES.commas + RATES.apart + RATES.beside;
    assert!(runs < 1000, "{runs}");
    assert_eq!(
        HEARD.all().count(),
        table::section("[heard]").count(),
        "some entries are unreadable or appear twice"
    );
    for (words, heard) in HEARD.all() {
        assert!(heard.often <= 100 && !heard.forms.contains(words), "{words:?}");
    }
}
