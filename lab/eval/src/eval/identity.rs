//! What the answer to a case depends on, as a key: an answer counts for a case as long as the key is the same.

use crate::route::Answerer;
use anyhow::Context;
use sayso_corpus::cases::Case;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;

/// Hexadecimal digits of a key: 128 bits of a SHA-256. Hand-chosen, 2026-11-29.
const DIGITS: usize = 32;
/// Bytes of a file that are read at once. Hand-chosen, 2026-11-29.
const PIECE: usize = 1 << 20;

/// Who answers, with what, and how long it may take.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    settings: String,
}

/// What an evaluation was started with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings<'s> {
    pub(super) answerer: Answerer,
    /// The file with the tagger's weights; `None` for those that are built in.
    pub(super) weights: Option<&'s Path>,
    /// The folder of the language model, if there is one.
    pub(super) model: Option<&'s Path>,
    /// Milliseconds that the model may take for a line; `None` for no limit.
    pub(super) deadline: Option<u64>,
}

impl Identity {
    /// Reads whatever decides about answers: the bytes of this program, of the weights and of every file of the model.
    /// Names and dates do not count.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub(super) fn of(settings: &Settings<'_>) -> anyhow::Result<Identity> {
        let Settings { answerer, weights, model, deadline } = settings;
        let program = std::env::current_exe().context("cannot find this program's file")?;
        let settings = json!({
            "answerer": answerer.name(),
            "program": digest(&program)?,
            "weights": weights.map(digest).transpose()?,
            "model": model.map(folder).transpose()?,
            "deadline": deadline,
        });
        Ok(Identity { settings: settings.to_string() })
    }

    /// The keys of the cases, in order. Where a case is there repeatedly, each has a key of its own.
    pub(super) fn keys(&self, cases: &[Case]) -> Vec<String> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let key = |case: &Case| {
            let Case { dictated, expected, alt, groups: _ } = case;
            let case = json!([dictated, expected, alt]).to_string();
            let before = seen.entry(case.clone()).or_default();
            *before += 1;
            let mut key = hex(&Sha256::digest(json!([self.settings, case, before]).to_string()));
            key.truncate(DIGITS);
            key
        };
        cases.iter().map(key).collect()
    }
}

/// The name and digest of every file in a folder, and in the folders within.
fn folder(path: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let file = entry?.path();
            if file.is_dir() {
                folders.push(file);
                continue;
            }
            let name = file.strip_prefix(path).unwrap_or(&file).to_string_lossy().into_owned();
            files.push((name, digest(&file)?));
        }
    }
    files.sort();
    Ok(files)
}

/// The SHA-256 of a file.
fn digest(path: &Path) -> anyhow::Result<String> {
    let read = || -> std::io::Result<String> {
        let (mut file, mut hash) = (std::fs::File::open(path)?, Sha256::new());
        let mut bytes = vec![0; PIECE];
        loop {
            match file.read(&mut bytes)? {
                0 => return Ok(hex(&hash.finalize())),
                read => hash.update(&bytes[..read]),
            }
        }
    };
    read().with_context(|| format!("cannot read {}", path.display()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Writing;
    use sayso_engine::Route;

    fn case(dictated: &str, expected: &str, alt: &[&str]) -> Case {
        let alt = alt.iter().map(|text| (*text).to_owned()).collect();
        Case { dictated: dictated.to_owned(), expected: expected.to_owned(), alt, groups: Vec::new() }
    }

    #[test]
    fn whatever_decides_about_an_answer_changes_its_key() {
        let place = tempfile::tempdir().unwrap();
        let model = place.path().join("model");
        std::fs::create_dir_all(model.join("within")).unwrap();
        std::fs::write(model.join("weights"), "a").unwrap();
        std::fs::write(model.join("within/mix"), "b").unwrap();
        let other = place.path().join("weights");
        std::fs::write(&other, "a").unwrap();
        let auto = Answerer::Engine(Route::Auto);
        let plain = Settings { answerer: auto, weights: None, model: Some(&model), deadline: None };
        let key =
            |settings: &Settings<'_>, case: Case| Identity::of(settings).unwrap().keys(&[case]).remove(0);
        let same = || case("l s", "ls", &[]);
        let first = key(&plain, same());
        assert_eq!((first.len(), &key(&plain, same())), (DIGITS, &first));
        let grouped = Case { groups: vec!["difficulty=hard".to_owned()], ..same() };
        assert_eq!(key(&plain, grouped), first, "a group is no part of the question");
        let mut keys = vec![first];
        for case in [case("l", "sls", &[]), case("l s", "ls ", &[]), case("l s", "ls", &["ls -1"])] {
            keys.push(key(&plain, case));
        }
        let free = Answerer::Model(Writing::Free);
        for settings in [
            Settings { answerer: free, ..plain },
            Settings { weights: Some(&other), ..plain },
            Settings { model: None, ..plain },
            Settings { deadline: Some(0), ..plain },
        ] {
            keys.push(key(&settings, same()));
        }
        // A model of the same size and names, and one with its bytes in other files.
        std::fs::write(model.join("within/mix"), "c").unwrap();
        keys.push(key(&plain, same()));
        std::fs::write(model.join("within/mix"), "a").unwrap();
        std::fs::write(model.join("weights"), "b").unwrap();
        keys.push(key(&plain, same()));
        keys.sort();
        assert!(keys.windows(2).all(|two| two[0] != two[1]), "{keys:?}");
    }

    #[test]
    fn repeated_cases_have_keys_of_their_own() {
        let auto = Answerer::Engine(Route::Auto);
        let plain = Settings { answerer: auto, weights: None, model: None, deadline: None };
        let identity = Identity::of(&plain).unwrap();
        let (one, two) = (case("l s", "ls", &[]), case("p w d", "pwd", &[]));
        let keys = identity.keys(&[one.clone(), two, one.clone()]);
        assert!(keys[0] != keys[2] && keys[0] == identity.keys(&[one])[0]);
    }

    #[test]
    fn a_file_that_is_missing_is_named() {
        let auto = Answerer::Engine(Route::Auto);
        let gone = Some(Path::new("/nowhere/weights"));
        let error = Identity::of(&Settings { answerer: auto, weights: gone, model: None, deadline: None });
        assert!(error.unwrap_err().to_string().contains("cannot read /nowhere/weights"));
    }
}
