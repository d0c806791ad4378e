//! The file of finished cases, by which an interrupted evaluation goes on: a JSON object a line, appended as soon as its
//! case is answered.

use super::answer::{Answer, By, Reply};
use anyhow::{Context, bail};
use sayso_corpus::cases::Case;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How every line begins. A file that begins otherwise is somebody else's and stays as it is.
const START: &str = "{\"key\":\"";

/// A finished case as the file has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Line {
    /// Says what was asked: see [`super::identity`].
    key: String,
    /// For people who read the file.
    dictated: String,
    text: String,
    by: String,
    confidence: Option<f32>,
    alternatives: Vec<String>,
    message: Option<String>,
    nanoseconds: u64,
    peak_bytes: Option<u64>,
}

/// The open file of finished cases. No other program can open it as long.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    finished: HashMap<String, Line>,
}

impl Journal {
    /// Opens a file, or begins one. A last line that was not written to its end is cut off.
    ///
    /// # Errors
    /// If the file cannot be read or written, if another evaluation has it open, or if one of its lines is no finished case.
    /// The file is then as it was.
    pub(super) fn open(path: &Path) -> anyhow::Result<Journal> {
        Journal::read(path).with_context(|| format!("cannot go on with {}", path.display()))
    }

    fn read(path: &Path) -> anyhow::Result<Journal> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => bail!("another evaluation is writing it"),
            Err(TryLockError::Error(error)) => return Err(error.into()),
            Ok(()) => {}
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        // A crash of the system may tear a line within a character, so the end is not taken for text.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let torn = &bytes[whole..];
        let mut finished = HashMap::new();
        for (at, line) in bytes[..whole].split_inclusive(|byte| *byte == b'\n').enumerate() {
            let line: Line = serde_json::from_slice(line)
                .ok()
                .filter(|line: &Line| By::named(&line.by).is_some())
                .with_context(|| format!("line {} is no finished case; nothing was changed", at + 1))?;
            finished.insert(line.key.clone(), line);
        }
        if !torn.is_empty() {
            let common = torn.len().min(START.len());
            if torn[..common] != START.as_bytes()[..common] {
                bail!("its last line is no finished case; nothing was changed");
            }
            file.set_len(whole as u64)?;
        }
        Ok(Journal { path: path.to_owned(), file, finished })
    }

    /// The answer that was given to this case, if it is finished.
    pub(super) fn answer(&self, key: &str, case: &Case) -> Option<Answer> {
        let line = self.finished.get(key)?;
        let reply = Reply {
            text: line.text.clone(),
            by: By::named(&line.by)?,
            confidence: line.confidence,
            alternatives: line.alternatives.clone(),
            message: line.message.clone(),
        };
        let (score, time) = (reply.score(case), Duration::from_nanos(line.nanoseconds));
        Some(Answer { reply, score, time, peak: line.peak_bytes })
    }

    /// Writes down that a case is finished.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(super) fn add(&mut self, key: String, case: &Case, answer: &Answer) -> anyhow::Result<()> {
        let Answer { reply, time, peak, .. } = answer;
        let line = Line {
            key,
            dictated: case.dictated.clone(),
            text: reply.text.clone(),
            by: reply.by.name().to_owned(),
            confidence: reply.confidence,
            alternatives: reply.alternatives.clone(),
            message: reply.message.clone(),
            nanoseconds: u64::try_from(time.as_nanos()).unwrap_or(u64::MAX),
            peak_bytes: *peak,
        };
        // At once and in one piece, so that whatever ends this program leaves whole lines.
        let text = serde_json::to_string(&line)? + "\n";
        let written = self.file.write_all(text.as_bytes());
        written.with_context(|| format!("cannot write {}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sayso_engine::Stage;

    fn case() -> Case {
        let (dictated, expected) = ("ls dash l".to_owned(), "ls -l".to_owned());
        Case { dictated, expected, alt: Vec::new(), groups: Vec::new() }
    }

    fn answer(text: &str) -> Answer {
        let reply = Reply {
            text: text.to_owned(),
            by: By::Stage(Stage::Tagger),
            confidence: Some(0.123_456_79),
            alternatives: vec!["ls -\u{f6}\"".to_owned()],
            message: None,
        };
        let (score, time) = (reply.score(&case()), Duration::from_nanos(1_234_567_891));
        Answer { reply, score, time, peak: Some(1 << 40) }
    }

    fn with(text: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("finished.jsonl");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn what_is_added_is_read_again_to_the_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("finished.jsonl");
        let mut journal = Journal::open(&path).unwrap();
        assert_eq!(journal.answer("a", &case()), None);
        journal.add("a".to_owned(), &case(), &answer("ls -l")).unwrap();
        journal.add("b".to_owned(), &case(), &answer("ls")).unwrap();
        let busy = Journal::open(&path).unwrap_err();
        assert!(format!("{busy:#}").contains("another evaluation is writing it"), "{busy:#}");
        drop(journal);
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.answer("a", &case()), Some(answer("ls -l")));
        assert_eq!(journal.answer("b", &case()), Some(answer("ls")));
        assert_eq!(journal.answer("c", &case()), None);
    }

    #[test]
    fn a_torn_last_line_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("finished.jsonl");
        let mut journal = Journal::open(&path).unwrap();
        journal.add("a".to_owned(), &case(), &answer("ls -l")).unwrap();
        let first = std::fs::read(&path).unwrap();
        journal.add("b".to_owned(), &case(), &answer("ls")).unwrap();
        drop(journal);
        let both = std::fs::read(&path).unwrap();
        for length in first.len()..both.len() {
            std::fs::write(&path, &both[..length]).unwrap();
            let mut journal = Journal::open(&path).unwrap();
            assert!(journal.answer("a", &case()).is_some() && journal.answer("b", &case()).is_none());
            assert_eq!(std::fs::read(&path).unwrap(), first);
            journal.add("b".to_owned(), &case(), &answer("ls")).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), both, "torn behind {length} bytes");
        }
    }

    #[test]
    fn the_file_of_somebody_else_stays_as_it_is() {
        let check = |text: &[u8], message: &str| {
            let (_folder, path) = with(text);
            let error = format!("{:#}", Journal::open(&path).unwrap_err());
            assert!(error.contains(message) && error.contains("finished.jsonl"), "{error}");
            assert_eq!(std::fs::read(&path).unwrap(), text);
        };
        check(b"{\"dictated\":\"l s\",\"expected\":\"ls\"}\n", "line 1 is no finished case");
        check(b"a poem without an end", "its last line is no finished case");
        check(b"\n{\"key\":\"", "line 1 is no finished case");
        let (_folder, path) = with(b"");
        let mut journal = Journal::open(&path).unwrap();
        journal.add("a".to_owned(), &case(), &answer("ls")).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        check(text.replace("tagger", "nobody").as_bytes(), "line 1 is no finished case");
        check((text.clone() + "\n" + &text).as_bytes(), "line 2 is no finished case");
    }
}
