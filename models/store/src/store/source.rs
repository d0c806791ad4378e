//! Where a model comes from, and its name on this machine.

use super::StoreError;

/// The models of the public series: short names and repositories.
const SERIES: [(&str, &str); 1] = [("qwen3-0.6b", "arach/qwen3-0.6b-bash-v1")];

/// A repository on the hub, at a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// `OWNER/NAME`.
    pub repository: String,
    /// A branch, a tag or a commit. A pull pins it to its current commit.
    pub revision: String,
}

impl Source {
    /// Parses what a user names: a short name of the series, or `OWNER/REPOSITORY`, followed by
    /// `@REVISION` for another revision than `main`.
    ///
    /// # Errors
    /// [`StoreError::Name`] for anything else.
    pub fn parse(text: &str) -> Result<Source, StoreError> {
        let wrong = || StoreError::Name(text.to_owned());
        let (named, revision) = text.split_once('@').unwrap_or((text, "main"));
        let series = SERIES.iter().find(|(short, _)| *short == named).map(|(_, repository)| *repository);
        let repository = series.unwrap_or(named);
        let (owner, name) = repository.split_once('/').ok_or_else(wrong)?;
        let sound = is_name(owner) && is_name(name) && revision.split('/').all(is_name);
        match sound {
            true => Ok(Source { repository: repository.to_owned(), revision: revision.to_owned() }),
            false => Err(wrong()),
        }
    }

    /// The name of the model on this machine: the repository without its owner.
    pub fn name(&self) -> &str {
        self.repository.rsplit('/').next().unwrap_or(&self.repository)
    }
}

/// The short names that [`Source::parse`] knows, with their repositories.
pub fn series() -> impl Iterator<Item = (&'static str, &'static str)> {
    SERIES.into_iter()
}

/// Whether this can be one part of a path, on disk and in a URL: letters, digits, `-`, `_` and `.`.
/// It must not begin with `.`, so that it is neither hidden nor leads to another folder.
pub(super) fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !text.is_empty() && text.len() <= 128 && !text.starts_with('.') && text.bytes().all(allowed)
}
