//! Changes to a person's own words: `[words]` of the settings file, with everything else in it as it was.

use crate::edit::{EditError, read, section, write};
use crate::file::{MAX_WORDS, word};
use std::collections::HashMap;
use std::path::Path;
use toml_edit::{Item, value};

/// What became of words that were to be added.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Spoken forms that are new.
    pub new: usize,
    /// Spoken forms that wrote something else, and what they wrote.
    pub replaced: Vec<(String, String)>,
    /// Spoken forms that wrote the same already.
    pub known: usize,
}

/// A spoken form as the settings compare it: lower case, single spaces.
pub fn spoken_form(form: &str) -> String {
    form.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// Whether a spoken and a written form may stand in the settings.
///
/// # Errors
/// Says which of the two may not, and why.
pub fn check(spoken: &str, written: &str) -> Result<(), String> {
    word(spoken, "what is said")?;
    word(written, "what it writes")
}

/// Adds pairs of a spoken and a written form to the settings file at `path`, which is made if need be. Either all are
/// added or none.
///
/// # Errors
/// A [`EditError`] says why nothing was changed.
pub fn add(path: &Path, pairs: &[(String, String)]) -> Result<Added, EditError> {
    for (spoken, written) in pairs {
        check(spoken, written).map_err(EditError::Form)?;
    }
    let mut document = read(path)?;
    let table = section(&mut document, path, "words")?;
    let mut added = Added::default();
    // Spoken form → the key as the file writes it.
    let mut keys: HashMap<String, String> =
        table.iter().map(|(key, _)| (spoken_form(key), key.to_owned())).collect();
    for (spoken, written) in pairs {
        let form = spoken_form(spoken);
        let key = keys.entry(form.clone()).or_insert_with(|| form.clone()).clone();
        match table.get(&key).map(|item| item.as_str().unwrap_or_default().to_owned()) {
            Some(before) if before == *written => {
                added.known += 1;
                continue;
            }
            Some(before) => added.replaced.push((form, before)),
            None => added.new += 1,
        }
        table.insert(&key, value(written));
    }
    if table.len() > MAX_WORDS {
        return Err(EditError::TooMany(table.len()));
    }
    if added.new > 0 || !added.replaced.is_empty() {
        write(path, &document.to_string())?;
    }
    Ok(added)
}

/// Removes words from the settings file at `path`: the one that is spoken as `form`, or else all that write it. Returns
/// them.
///
/// # Errors
/// A [`EditError`] says why nothing was changed.
pub fn remove(path: &Path, form: &str) -> Result<Vec<(String, String)>, EditError> {
    let mut document = read(path)?;
    let table = section(&mut document, path, "words")?;
    let spoken = spoken_form(form);
    let all = |item: &Item| item.as_str().unwrap_or_default().to_owned();
    let pairs: Vec<(String, String)> = table.iter().map(|(key, item)| (key.to_owned(), all(item))).collect();
    let mut gone: Vec<_> = pairs.iter().filter(|(key, _)| spoken_form(key) == spoken).cloned().collect();
    if gone.is_empty() {
        gone = pairs.into_iter().filter(|(_, written)| written == form).collect();
    }
    for (key, _) in &gone {
        table.remove(key);
    }
    if !gone.is_empty() {
        write(path, &document.to_string())?;
    }
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn pair(spoken: &str, written: &str) -> (String, String) {
        (spoken.to_owned(), written.to_owned())
    }

    #[test]
    fn words_come_and_go_and_the_rest_of_the_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/config.toml");
        let added = add(&path, &[pair("Kay  eight s", "k8s"), pair("cube", "k8s")]).unwrap();
        assert_eq!(added, Added { new: 2, ..Added::default() });
        assert_eq!(Settings::read_usable(&path).0.words, [pair("cube", "k8s"), pair("kay eight s", "k8s")]);

        let own = "# mine\nkey = \"f5\"  # the key\n\n[words] # words\n\"Kay Eight S\" = \"k8\" # why\n[log]\nkeep = 3\n";
        fs::write(&path, own).unwrap();
        let added = add(&path, &[pair("kay eight s", "k8s"), pair("pie", "π")]).unwrap();
        assert_eq!(added, Added { new: 1, replaced: vec![pair("kay eight s", "k8")], known: 0 });
        let text = fs::read_to_string(&path).unwrap();
        for kept in ["# mine\n", "# the key", "[log]\nkeep = 3", "\"Kay Eight S\" = \"k8s\""] {
            assert!(text.contains(kept), "{text}");
        }
        assert_eq!(add(&path, &[pair("pie", "π")]).unwrap().known, 1);
        assert_eq!(remove(&path, "KAY eight s").unwrap(), [pair("Kay Eight S", "k8s")]);
        assert_eq!(remove(&path, "π").unwrap(), [pair("pie", "π")]);
        assert_eq!(remove(&path, "π").unwrap(), []);
    }

    #[test]
    fn on_any_doubt_nothing_is_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let many: Vec<_> = (0..=MAX_WORDS).map(|n| pair(&format!("word {n}"), "x")).collect();
        for (before, pairs, why) in [
            ("", vec![pair("fine", "x"), pair("bell", "\u{7}")], "U+0007"),
            ("", vec![pair(" ", "x")], "what is said must not be empty"),
            ("", many, "10001 words"),
            ("words = 3", vec![pair("a", "b")], "is no section"),
            ("[words", vec![pair("a", "b")], "no valid TOML"),
        ] {
            fs::write(&path, before).unwrap();
            let error = add(&path, &pairs).unwrap_err().to_string();
            assert!(error.contains(why) && error.contains("nothing was changed"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), before);
        }
    }

    #[test]
    fn a_linked_file_stays_linked_and_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let (path, target) = (folder.path().join("config.toml"), folder.path().join("dotfiles.toml"));
        fs::write(&target, "").unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        add(&path, &[pair("a", "b")]).unwrap();
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::read_to_string(&target).unwrap().contains("[words]"));
    }
}
