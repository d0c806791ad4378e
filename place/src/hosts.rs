//! Hosts: those of the SSH configuration, and of the known hosts that are not hashed.

use crate::git::text_of;
use crate::source::Source;
use crate::stamp::Stamps;
use std::collections::BTreeSet;
use std::path::Path;

/// Most hosts that are known, and most files that are included. Hand-chosen on 2026-11-28.
const MAX_HOSTS: usize = 10_000;
const MAX_INCLUDED: usize = 64;

/// The hosts of a user.
pub(crate) fn read(home: &Path, stamps: &mut Stamps) -> Vec<(String, Source)> {
    let folder = home.join(".ssh");
    let mut hosts: BTreeSet<String> = BTreeSet::new();
    let mut waiting = vec![folder.join("config")];
    let mut read = 0;
    while let Some(path) = waiting.pop().filter(|_| read < MAX_INCLUDED) {
        read += 1;
        stamps.note(&path);
        for line in text_of(&path).unwrap_or_default().lines() {
            let mut words = line.split_whitespace().flat_map(|word| word.split('='));
            match words.next().map(str::to_ascii_lowercase).as_deref() {
                Some("host") => {
                    hosts.extend(words.filter(|word| !word.contains(['*', '?', '!'])).map(str::to_owned));
                }
                Some("include") => waiting.extend(words.filter_map(|word| included(home, &folder, word))),
                _ => {}
            }
        }
    }
    let known = folder.join("known_hosts");
    stamps.note(&known);
    for line in text_of(&known).unwrap_or_default().lines().filter(|line| !line.starts_with(['#', '@', '|']))
    {
        let names = line.split_whitespace().next().unwrap_or_default().split(',');
        let names = names.map(|name| name.trim_start_matches('[').split("]:").next().unwrap_or(name));
        hosts.extend(
            names
                .filter(|name| name.contains(|c: char| c.is_alphabetic()) && !name.contains(':'))
                .map(str::to_owned),
        );
    }
    hosts.into_iter().take(MAX_HOSTS).map(|host| (host, Source::Host)).collect()
}

/// The file that an `Include` names. Patterns other than a `*` at the end are not followed.
fn included(home: &Path, folder: &Path, word: &str) -> Option<std::path::PathBuf> {
    if word.contains(['*', '?']) {
        return None;
    }
    Some(match word.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => folder.join(word),
    })
}
