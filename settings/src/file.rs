//! From the bytes of a settings file to settings: each entry by itself, so that one mistake costs one entry.

use crate::{Chord, Settings, SettingsError};
use sayso_text::{MAX_DEADLINE_MS, forbidden};
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

#[cfg(test)]
mod tests;

/// Largest file that is read, in bytes: more than what the longest list of words needs, and what is parsed in some tens of
/// milliseconds even if it is no TOML. Larger files cost nothing. Hand-chosen, 2026-11-29.
pub(crate) const MAX_FILE_BYTES: usize = 1 << 18;
/// Most mistakes that are told of one file: each costs a search for its line.
const MAX_MISTAKES: usize = 100;
/// Most bytes that are parsed of one file, over all attempts to leave out what is no TOML: what takes some tens of
/// milliseconds. Hand-chosen, 2026-11-29.
const MAX_PARSED_BYTES: usize = 1 << 19;
/// Longest spoken or written form of a word, in characters.
const MAX_WORD_CHARS: usize = 200;
/// Most lines that may be no TOML before the rest of a file is not read either.
const MAX_SPOILT_LINES: usize = 100;
/// Most words of a person.
pub(crate) const MAX_WORDS: usize = 10_000;
/// Longest time of the daemon and of the model without a request, in minutes: a year.
const MAX_IDLE_MINUTES: u64 = 366 * 24 * 60;
/// Most threads of a model.
const MAX_THREADS: u64 = 256;
/// Longest name of a model, in characters.
const MAX_NAME_CHARS: usize = 128;
/// Longest path, in bytes: what common kernels allow.
const MAX_PATH_BYTES: usize = 4096;
/// Most patterns of lines that are never kept.
const MAX_GLOBS: usize = 100;
/// Most log files that are kept.
const MAX_KEEP: u64 = 1000;

/// What stands above the first section, and under the sections that have fixed names.
const TOP: &[&str] = &["key", "key_back", "key_pick", "hints", "deadline_ms", "enter_converts"];
const DAEMON: &[&str] = &["idle_minutes"];
const TAGGER: &[&str] = &["weights"];
const MODEL: &[&str] = &["judge", "name", "unload_minutes", "threads"];
const LEARN: &[&str] = &["enabled", "ignore"];
const LOG: &[&str] = &["level", "rotation", "keep"];
const HERE: &[&str] = &["files", "git", "tasks", "hosts", "shell", "history"];

type Key<'t> = Spanned<Cow<'t, str>>;
type Value<'t> = Spanned<DeValue<'t>>;

/// Reads the bytes of a settings file: what could be understood, the rest at its default, and every mistake in the
/// order of the file. The mistakes do not name the file yet.
pub(crate) fn parse(bytes: &[u8]) -> (Settings, Vec<SettingsError>) {
    let nothing = |mistake| (Settings::default(), vec![mistake]);
    if bytes.len() > MAX_FILE_BYTES {
        return nothing(SettingsError::whole_file(format!("this file has more than {MAX_FILE_BYTES} bytes")));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            return nothing(SettingsError::at(&good, good.len()..good.len(), "this is not UTF-8"));
        }
    };
    let mut reader = Reader { text, settings: Settings::default(), mistakes: Vec::new() };
    // Lines that are no TOML are made blank one after the other, until the rest can be read.
    let mut clean = text.to_owned();
    for _ in 0..MAX_SPOILT_LINES.min(MAX_PARSED_BYTES / text.len().max(1)) {
        let (table, errors) = DeTable::parse_recoverable(&clean);
        let mut duplicates = Vec::new();
        let mut spoilt = None;
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            match error.message().trim() {
                "duplicate key" => duplicates.push(span),
                message => {
                    spoilt = Some((span, message.replace('\n', "; ")));
                    // What comes after the first one may only follow from it.
                    break;
                }
            }
        }
        let Some((span, message)) = spoilt else {
            for span in duplicates.into_iter().take(MAX_MISTAKES) {
                let message = reader.given_before(span.clone());
                reader.mistake(span, message);
            }
            reader.top(table.into_inner());
            reader.mistakes.sort_by_key(|mistake| mistake.at);
            return (reader.settings, reader.mistakes);
        };
        let lines = spoilt_lines(&clean, span.start);
        reader.mistake(span, message);
        let blank: String =
            clean[lines.clone()].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
        if clean[lines.clone()] == blank {
            break;
        }
        clean.replace_range(lines, &blank);
    }
    reader.mistakes.sort_by_key(|mistake| mistake.at);
    (reader.settings, reader.mistakes)
}

/// The line around the byte `at`; where it begins a section, the whole section, whose entries belong nowhere now.
fn spoilt_lines(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    if text[start..line_end].trim_start().starts_with('[') {
        let end = text[line_end..].find("\n[").map_or(text.len(), |next| line_end + next);
        return start..end;
    }
    start..line_end
}

/// A file on its way to settings.
struct Reader<'t> {
    text: &'t str,
    settings: Settings,
    mistakes: Vec<SettingsError>,
}

impl Reader<'_> {
    fn mistake(&mut self, span: Range<usize>, message: impl Into<String>) {
        if self.mistakes.len() < MAX_MISTAKES {
            self.mistakes.push(SettingsError::at(self.text, span, message));
        }
    }

    fn top(&mut self, table: DeTable<'_>) {
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "words" => self.section(value, Reader::words),
                "daemon" => self.section(value, Reader::daemon),
                "tagger" => self.section(value, Reader::tagger),
                "model" => self.section(value, Reader::model),
                "learn" => self.section(value, Reader::learn),
                "log" => self.section(value, Reader::log),
                "here" => self.section(value, Reader::here),
                "key" => self.chord(value, |settings| &mut settings.key),
                "key_back" => self.chord(value, |settings| &mut settings.key_back),
                "key_pick" => self.chord(value, |settings| &mut settings.key_pick),
                "hints" => {
                    if let Some(hints) = self.read(value) {
                        self.settings.hints = hints;
                    }
                }
                "deadline_ms" => {
                    if let Some(milliseconds) = self.number(&key, value, 1..=MAX_DEADLINE_MS) {
                        self.settings.deadline = Duration::from_millis(milliseconds);
                    }
                }
                "enter_converts" => {
                    if let Some(converts) = self.read(value) {
                        self.settings.enter_converts = converts;
                    }
                }
                _ => self.unknown(&key, None),
            }
        }
    }

    fn chord(&mut self, value: Value<'_>, setting: fn(&mut Settings) -> &mut Chord) {
        let span = value.span();
        match self.read::<String>(value).map(|text| text.parse::<Chord>()) {
            Some(Ok(chord)) => *setting(&mut self.settings) = chord,
            Some(Err(error)) => self.mistake(span, error.to_string()),
            None => {}
        }
    }

    fn section(&mut self, value: Value<'_>, entries: fn(&mut Self, DeTable<'_>)) {
        let span = value.span();
        match value.into_inner() {
            DeValue::Table(table) => entries(self, table),
            _ => self.mistake(span, "expected a section, a table of entries"),
        }
    }

    fn daemon(&mut self, table: DeTable<'_>) {
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "idle_minutes" => {
                    if let Some(idle) = self.minutes(&key, value) {
                        self.settings.daemon.idle = idle;
                    }
                }
                _ => self.unknown(&key, Some(("daemon", DAEMON))),
            }
        }
    }

    fn tagger(&mut self, table: DeTable<'_>) {
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "weights" => {
                    let span = value.span();
                    match self.read::<String>(value) {
                        Some(path) if path.is_empty() => self.settings.tagger.weights = None,
                        Some(path) if is_path(&path) => self.settings.tagger.weights = Some(path),
                        Some(_) => self.mistake(
                            span,
                            "expected the path of a weights file, beginning with / or ~/; \"\" means the built-in weights",
                        ),
                        None => {}
                    }
                }
                _ => self.unknown(&key, Some(("tagger", TAGGER))),
            }
        }
    }

    fn model(&mut self, table: DeTable<'_>) {
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "judge" => {
                    if let Some(judge) = self.read(value) {
                        self.settings.model.judge = judge;
                    }
                }
                "name" => {
                    let span = value.span();
                    match self.read::<String>(value) {
                        Some(name) if name.chars().count() > MAX_NAME_CHARS || name.contains('/') => {
                            self.mistake(span, "expected a name that `sayso model list` shows");
                        }
                        Some(name) => self.settings.model.name = Some(name).filter(|name| !name.is_empty()),
                        None => {}
                    }
                }
                "unload_minutes" => {
                    if let Some(unload) = self.minutes(&key, value) {
                        self.settings.model.unload = unload;
                    }
                }
                "threads" => {
                    if let Some(threads) = self.number(&key, value, 0..=MAX_THREADS) {
                        let threads = usize::try_from(threads).unwrap_or(usize::MAX);
                        self.settings.model.threads = Some(threads).filter(|threads| *threads > 0);
                    }
                }
                _ => self.unknown(&key, Some(("model", MODEL))),
            }
        }
    }

    fn learn(&mut self, table: DeTable<'_>) {
        for (key, value) in table {
            let span = value.span();
            match key.get_ref().as_ref() {
                "enabled" => {
                    if let Some(enabled) = self.read(value) {
                        self.settings.learn.enabled = enabled;
                    }
                }
                "ignore" => match self.read::<Vec<String>>(value) {
                    Some(globs) if globs.len() > MAX_GLOBS => {
                        self.mistake(span, format!("expected at most {MAX_GLOBS} patterns"));
                    }
                    Some(globs) => self.settings.learn.ignore = globs,
                    // What was to be ignored is not known, so that nothing may be kept.
                    None => self.settings.learn.ignore = vec!["*".to_owned()],
                },
                _ => self.unknown(&key, Some(("learn", LEARN))),
            }
        }
    }

    fn log(&mut self, table: DeTable<'_>) {
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "level" => {
                    if let Some(level) = self.read(value) {
                        self.settings.log.level = level;
                    }
                }
                "rotation" => {
                    if let Some(rotation) = self.read(value) {
                        self.settings.log.rotation = rotation;
                    }
                }
                "keep" => {
                    if let Some(keep) = self.number(&key, value, 1..=MAX_KEEP) {
                        self.settings.log.keep = usize::try_from(keep).unwrap_or(usize::MAX);
                    }
                }
                _ => self.unknown(&key, Some(("log", LOG))),
            }
        }
    }

    fn here(&mut self, table: DeTable<'_>) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if !HERE.contains(&name) {
                self.unknown(&key, Some(("here", HERE)));
                continue;
            }
            let Some(known) = self.read(value) else { continue };
            let here = &mut self.settings.here;
            match name {
                "files" => here.files = known,
                "git" => here.git = known,
                "tasks" => here.tasks = known,
                "hosts" => here.hosts = known,
                "shell" => here.shell = known,
                _ => here.history = known,
            }
        }
    }

    fn words(&mut self, table: DeTable<'_>) {
        if table.len() > MAX_WORDS {
            let message = format!("[words] has {} words, more than {MAX_WORDS}", table.len());
            self.mistakes.push(SettingsError::whole_file(message));
            return;
        }
        // In the order of the file, so that of two that sound the same the later one is the mistake.
        let mut entries: Vec<(Key<'_>, Value<'_>)> = table.into_iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let mut words = BTreeMap::new();
        for (key, value) in entries {
            let (said, written_at) = (key.get_ref().as_ref(), value.span());
            let Some(written) = self.read::<String>(value) else { continue };
            // A setting at the end of the file lands in its last section; nobody says these.
            let is_setting = said == "key" && written.parse::<Chord>().is_ok();
            if is_setting {
                self.unknown(&key, Some(("words", &[])));
                continue;
            }
            let sides = [(said, key.span(), "what is said"), (&written, written_at, "what it writes")];
            let wrong = sides.into_iter().find_map(|(form, at, what)| Some((at, word(form, what).err()?)));
            if let Some((at, message)) = wrong {
                self.mistake(at, message);
                continue;
            }
            let heard = said.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ");
            match words.entry(heard) {
                Entry::Occupied(first) => {
                    let heard = first.key();
                    let message = format!("\"{heard}\" is there twice: upper and lower case sound the same");
                    self.mistake(key.span(), message);
                }
                Entry::Vacant(place) => {
                    place.insert(written);
                }
            }
        }
        self.settings.words = words.into_iter().collect();
    }

    fn read<T: DeserializeOwned>(&mut self, value: Value<'_>) -> Option<T> {
        let span = value.span();
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(read) => Some(read),
            Err(error) => {
                self.mistake(span, error.message().trim().replace('\n', "; "));
                None
            }
        }
    }

    /// A time in minutes, of which none means never.
    fn minutes(&mut self, key: &Key<'_>, value: Value<'_>) -> Option<Option<Duration>> {
        let minutes = self.number(key, value, 0..=MAX_IDLE_MINUTES)?;
        Some((minutes > 0).then(|| Duration::from_secs(minutes * 60)))
    }

    fn number(&mut self, key: &Key<'_>, value: Value<'_>, allowed: RangeInclusive<u64>) -> Option<u64> {
        let span = value.span();
        let number = self.read(value)?;
        if allowed.contains(&number) {
            return Some(number);
        }
        let message =
            format!("`{}` must lie between {} and {}", key.get_ref(), allowed.start(), allowed.end());
        self.mistake(span, message);
        None
    }

    /// Says of an entry that is not known where it belongs, or what is known there.
    fn unknown(&mut self, key: &Key<'_>, section: Option<(&str, &[&str])>) {
        let name = key.get_ref().as_ref();
        let here = section
            .map_or_else(|| "above the first [section]".to_owned(), |(name, _)| format!("under [{name}]"));
        let homes = [
            (TOP, "above the first [section]"),
            (DAEMON, "under [daemon]"),
            (TAGGER, "under [tagger]"),
            (MODEL, "under [model]"),
            (LEARN, "under [learn]"),
            (LOG, "under [log]"),
            (HERE, "under [here]"),
        ];
        let home = homes.into_iter().find_map(|(names, place)| names.contains(&name).then_some(place));
        let message = match (home, section) {
            (Some(place), _) => format!("`{name}` stands {here}; it belongs {place}"),
            (None, section) => {
                let known = section.map_or(TOP, |(_, known)| known);
                let known = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                let sections = match section {
                    None => {
                        "; the sections are [words], [daemon], [tagger], [model], [learn], [log] and [here]"
                    }
                    Some(_) => "",
                };
                format!(
                    "`{name}` is no setting; {here} stand {known}{sections}. Your own words belong under [words]"
                )
            }
        };
        self.mistake(key.span(), message);
    }

    /// What to say of a key or a section that is there a second time, at `span`.
    fn given_before(&self, span: Range<usize>) -> String {
        let name = self.text.get(span.clone()).unwrap_or_default();
        let above = self.text.get(..span.start).unwrap_or_default();
        let is_section = |line: &str| line.trim_start().starts_with('[');
        let mut lines: Vec<_> = above.lines().enumerate().collect();
        if above.lines().last().is_some_and(is_section) {
            let header = format!("[{name}]");
            let first = lines.iter().find(|(_, line)| line.trim_start().starts_with(&header));
            let at = first.map_or_else(String::new, |(index, _)| format!(" in line {}", index + 1));
            return format!("the section {header} begins{at} already; put its entries there");
        }
        // Within its own section, which the line above the key ends.
        let section = lines.iter().rposition(|(_, line)| is_section(line)).unwrap_or(0);
        lines.drain(..section);
        let first = lines.iter().find(|(_, line)| {
            line.trim_start().strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('='))
        });
        let at = first.map_or_else(String::new, |(index, _)| format!(" in line {}", index + 1));
        format!("`{}` is given{at} already; remove one of the two", name.trim_matches('"'))
    }
}

/// Whether a path leads to the same file wherever the daemon was started: an absolute one, or one below the home folder.
fn is_path(path: &str) -> bool {
    let is_text = !path.chars().any(|c| c.is_control() || forbidden(c).is_some());
    is_text && path.len() <= MAX_PATH_BYTES && (path.starts_with('/') || path.starts_with("~/"))
}

/// Holds one side of a word to what a command line may contain.
pub(crate) fn word(form: &str, what: &str) -> Result<(), String> {
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
