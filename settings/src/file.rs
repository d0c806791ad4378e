//! From the bytes of a settings file to settings, strictly.

use crate::{Chord, Daemon, Level, Log, Mistake, Rotation, Settings};
use sayso_protocol::character::forbidden;
use sayso_protocol::message::MAX_DEADLINE_MS;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;
use toml::Spanned;

/// Largest file that is read, in bytes: a hundred times what a long list of words needs.
const MAX_FILE_BYTES: usize = 4 << 20;
/// Longest spoken or written form of a word, in characters.
const MAX_WORD_CHARS: usize = 200;
/// Most words of a person.
const MAX_WORDS: usize = 10_000;
/// Longest idle time, in minutes: a year.
const MAX_IDLE_MINUTES: u64 = 366 * 24 * 60;
/// Most log files that are kept.
const MAX_KEEP: u64 = 1000;

/// The file as it is written; spans remember where.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    key: Option<Spanned<String>>,
    deadline_ms: Option<Spanned<u64>>,
    enter_converts: Option<bool>,
    #[serde(default)]
    words: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    daemon: DaemonTable,
    #[serde(default)]
    log: LogTable,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DaemonTable {
    idle_minutes: Option<Spanned<u64>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogTable {
    level: Option<Level>,
    rotation: Option<Rotation>,
    keep: Option<Spanned<u64>>,
}

/// Reads the bytes of a settings file. The mistake does not name the file yet.
pub(crate) fn parse(bytes: &[u8]) -> Result<Settings, Mistake> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(Mistake::whole_file(format!("this file has more than {MAX_FILE_BYTES} bytes")));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            return Err(Mistake::at(&good, good.len()..good.len(), "this is not UTF-8"));
        }
    };
    let file: File = toml::from_str(text).map_err(|error| {
        let message = error.message().trim().replace('\n', "; ");
        match error.span() {
            Some(span) => Mistake::at(text, span, message),
            None => Mistake::whole_file(message),
        }
    })?;
    let defaults = Settings::default();
    let number = |value: Option<Spanned<u64>>, name: &str, allowed: RangeInclusive<u64>, default: u64| {
        let Some(value) = value else { return Ok(default) };
        if allowed.contains(value.get_ref()) {
            return Ok(*value.get_ref());
        }
        let message = format!("`{name}` must lie between {} and {}", allowed.start(), allowed.end());
        Err(Mistake::at(text, value.span(), message))
    };
    let default_ms = u64::try_from(defaults.deadline.as_millis()).unwrap_or(MAX_DEADLINE_MS);
    let deadline_ms = number(file.deadline_ms, "deadline_ms", 1..=MAX_DEADLINE_MS, default_ms)?;
    let idle = number(file.daemon.idle_minutes, "idle_minutes", 0..=MAX_IDLE_MINUTES, 0)?;
    let keep = number(file.log.keep, "keep", 1..=MAX_KEEP, defaults.log.keep as u64)?;
    let key = match file.key {
        Some(key) => key
            .get_ref()
            .parse::<Chord>()
            .map_err(|error| Mistake::at(text, key.span(), error.to_string()))?,
        None => defaults.key,
    };
    Ok(Settings {
        key,
        deadline: Duration::from_millis(deadline_ms),
        enter_converts: file.enter_converts.unwrap_or(defaults.enter_converts),
        words: words(text, file.words)?,
        daemon: Daemon { idle: (idle > 0).then(|| Duration::from_secs(idle * 60)) },
        log: Log {
            level: file.log.level.unwrap_or(defaults.log.level),
            rotation: file.log.rotation.unwrap_or(defaults.log.rotation),
            keep: usize::try_from(keep).unwrap_or(defaults.log.keep),
        },
    })
}

fn words(
    text: &str,
    table: BTreeMap<Spanned<String>, Spanned<String>>,
) -> Result<Vec<(String, String)>, Mistake> {
    if table.len() > MAX_WORDS {
        return Err(Mistake::whole_file(format!("[words] has {} words, more than {MAX_WORDS}", table.len())));
    }
    let mut words = BTreeMap::new();
    for (spoken, written) in table {
        for (side, what) in [(&spoken, "what is said"), (&written, "what it writes")] {
            if let Err(message) = word(side.get_ref(), what) {
                return Err(Mistake::at(text, side.span(), message));
            }
        }
        let heard: Vec<_> = spoken.get_ref().split_whitespace().map(str::to_lowercase).collect();
        let heard = heard.join(" ");
        let message = format!("\"{heard}\" is there twice: upper and lower case sound the same");
        if words.insert(heard, written.into_inner()).is_some() {
            return Err(Mistake::at(text, spoken.span(), message));
        }
    }
    Ok(words.into_iter().collect())
}

/// Holds one side of a word to what a command line may contain.
fn word(form: &str, what: &str) -> Result<(), String> {
    if form.trim().is_empty() {
        return Err(format!("{what} must not be empty"));
    }
    if form.chars().count() > MAX_WORD_CHARS {
        return Err(format!("{what} must not be longer than {MAX_WORD_CHARS} characters"));
    }
    let wrong = |c: &char| c.is_control() || forbidden(*c).is_some();
    match form.chars().find(wrong) {
        Some(c) => Err(format!(
            "{what} must not contain U+{:04X}: control, bidi and zero-width characters are not allowed",
            u32::from(c)
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_setting_is_read() {
        let text = r#"
            key = "alt-v"
            deadline_ms = 250
            enter_converts = true
            [words]
            "Kay  Eight s" = "k8s"
            postgres = "psql"
            [daemon]
            idle_minutes = 30
            [log]
            level = "debug"
            rotation = "never"
            keep = 3
        "#;
        let words = [("kay eight s", "k8s"), ("postgres", "psql")];
        let expected = Settings {
            key: "alt-v".parse().unwrap(),
            deadline: Duration::from_millis(250),
            enter_converts: true,
            words: words.map(|(spoken, written)| (spoken.to_owned(), written.to_owned())).to_vec(),
            daemon: Daemon { idle: Some(Duration::from_secs(1800)) },
            log: Log { level: Level::Debug, rotation: Rotation::Never, keep: 3 },
        };
        assert_eq!(parse(text.as_bytes()).unwrap(), expected);
        assert_eq!(parse(b"").unwrap(), Settings::default());
    }

    /// `said` must stand in the message of the mistake at `line` and `column`.
    fn check(text: &str, (line, column): (usize, usize), said: &str) {
        let mistake = parse(text.as_bytes()).unwrap_err();
        assert_eq!(mistake.at, Some((line, column)), "{text:?}: {}", mistake.message);
        assert!(mistake.message.contains(said), "{text:?}: {}", mistake.message);
    }

    #[test]
    fn a_mistake_names_its_place_and_what_is_allowed() {
        check("deadline = 1000", (1, 1), "expected one of `key`, `deadline_ms`");
        check("\n\n[word]\n", (3, 2), "unknown field `word`");
        check("[log]\nlevel = \"loud\"", (2, 9), "expected one of `off`, `error`");
        check("[log]\nrotation = \"yearly\"", (2, 12), "`hourly`, `daily`, `never`");
        check("enter_converts = \"yes\"", (1, 18), "expected a boolean");
        check("deadline_ms = 0", (1, 15), "between 1 and 60000");
        check("deadline_ms = -5", (1, 15), "");
        check("[daemon]\nidle_minutes = 99999999", (2, 16), "between 0 and");
        check("[log]\nkeep = 0", (2, 8), "between 1 and 1000");
        check("key = \"ctrl-q\"", (1, 7), "flow control");
        check("key = ", (1, 7), "");
        check("# ü\n[words]\n\"ü\" = \"\"", (3, 7), "what it writes must not be empty");
        check("[words]\n\" \" = \"x\"", (2, 1), "what is said must not be empty");
        check("[words]\nesc = \"\\u001b[2J\"", (2, 7), "U+001B");
        check("[words]\nbidi = \"a\\u202Eb\"", (2, 8), "U+202E");
        check("[words]\nwide = \"a\\u200Bb\"", (2, 8), "U+200B");
        check("[words]\nline = \"a\\nb\"", (2, 8), "U+000A");
        check("[words]\nA = \"x\"\na = \"y\"", (3, 1), "\"a\" is there twice");
        check(&format!("[words]\na = \"{}\"", "x".repeat(201)), (2, 5), "200 characters");
    }

    #[test]
    fn bytes_that_are_not_text_are_located() {
        let mistake = parse(b"# fine\nkey = \"\xff\"").unwrap_err();
        assert_eq!((mistake.at, mistake.message.as_str()), (Some((2, 8)), "this is not UTF-8"));
    }

    proptest! {
        #[test]
        fn no_file_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn no_text_panics(text in "(key|words|\\[|\\]|=|\"|\\\\u|[0-9a-f]|\n|ü| ){0,60}") {
            let _ = parse(text.as_bytes());
        }
    }
}
