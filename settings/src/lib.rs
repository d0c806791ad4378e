//! One commented TOML file under the user's configuration folder.
//!
//! Every setting is optional. A mistake is an error that names its line, never a silent default.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod chord;
mod file;
pub mod folders;
mod mistake;

use std::path::Path;
use std::time::Duration;

pub use chord::{Chord, Key};
pub use mistake::Mistake;

/// The commented file that `sayso config init` writes: every setting at its default.
pub const COMMENTED: &str = include_str!("config.toml");

/// What a person has chosen, or the defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The keys that convert the line.
    pub key: Chord,
    /// How long an answer may take.
    pub deadline: Duration,
    /// Whether Enter converts a line that is surely dictation, and the next Enter runs it.
    pub enter_converts: bool,
    /// Spoken form, in lower case with single spaces → what it writes. In the order of the spoken form.
    pub words: Vec<(String, String)>,
    /// How the daemon lives.
    pub daemon: Daemon,
    /// What the daemon logs.
    pub log: Log,
}

/// How the daemon lives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Daemon {
    /// Ends by itself after so long without a request; `None`: never.
    pub idle: Option<Duration>,
}

/// What the daemon logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The least important messages that are kept.
    pub level: Level,
    /// When a new file begins.
    pub rotation: Rotation,
    /// Files that are kept, the current one counted.
    pub keep: usize,
}

/// Importance of a log message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing at all.
    Off,
    /// What failed.
    Error,
    /// What may need attention.
    Warn,
    /// Start, end, and what changed.
    Info,
    /// Every request, without its text.
    Debug,
}

impl Level {
    /// The level as the file writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Off => "off",
            Level::Error => "error",
            Level::Warn => "warn",
            Level::Info => "info",
            Level::Debug => "debug",
        }
    }
}

/// When a new log file begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rotation {
    /// Every hour.
    Hourly,
    /// Every day.
    Daily,
    /// One file for ever.
    Never,
}

impl Rotation {
    /// The rotation as the file writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Rotation::Hourly => "hourly",
            Rotation::Daily => "daily",
            Rotation::Never => "never",
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            key: Chord::default(),
            deadline: Duration::from_millis(1000),
            enter_converts: false,
            words: Vec::new(),
            daemon: Daemon::default(),
            log: Log { level: Level::Info, rotation: Rotation::Daily, keep: 7 },
        }
    }
}

impl Settings {
    /// The settings of this user: the file at [`folders::config_file`], or the defaults where there is none.
    ///
    /// # Errors
    /// A [`Mistake`] where the file is there and cannot be read or understood.
    pub fn load() -> Result<Settings, Mistake> {
        folders::config_file().map_or_else(|| Ok(Settings::default()), |path| Settings::read(&path))
    }

    /// The settings in the file at `path`, or the defaults where it does not exist.
    ///
    /// # Errors
    /// A [`Mistake`] where the file is there and cannot be read or understood.
    pub fn read(path: &Path) -> Result<Settings, Mistake> {
        match std::fs::read(path) {
            Ok(bytes) => file::parse(&bytes).map_err(|mistake| mistake.inside(path)),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound) => Ok(Settings::default()),
            Err(error) => Err(Mistake::whole_file(format!("this file cannot be read: {error}")).inside(path)),
        }
    }
}

/// All settings as TOML, in the form of the commented file.
impl std::fmt::Display for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let idle = self.daemon.idle.map_or(0, |idle| idle.as_secs() / 60);
        writeln!(f, "key = {}", quoted(&self.key.to_string()))?;
        writeln!(f, "deadline_ms = {}", self.deadline.as_millis())?;
        writeln!(f, "enter_converts = {}", self.enter_converts)?;
        writeln!(f, "\n[words]")?;
        for (spoken, written) in &self.words {
            writeln!(f, "{} = {}", quoted(spoken), quoted(written))?;
        }
        writeln!(f, "\n[daemon]\nidle_minutes = {idle}")?;
        writeln!(f, "\n[log]\nlevel = {}", quoted(self.log.level.as_str()))?;
        writeln!(f, "rotation = {}\nkeep = {}", quoted(self.log.rotation.as_str()), self.log.keep)
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commented_file_says_the_defaults() {
        assert_eq!(file::parse(COMMENTED.as_bytes()).unwrap(), Settings::default());
        // Without the comment signs before settings, too: then the example word is the only difference.
        let plain: String = COMMENTED
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(setting) if setting.contains(" = ") => setting,
                _ => line,
            })
            .flat_map(|line| [line, "\n"])
            .collect();
        let words = vec![("kay eight s".to_owned(), "k8s".to_owned())];
        assert_eq!(file::parse(plain.as_bytes()).unwrap(), Settings { words, ..Settings::default() });
    }

    #[test]
    fn what_is_shown_reads_back() {
        let mut settings = Settings { enter_converts: true, ..Settings::default() };
        settings.words = vec![("quote \"it\"".into(), "back\\slash".into()), ("übung".into(), "=".into())];
        settings.daemon.idle = Some(Duration::from_secs(300));
        settings.log = Log { level: Level::Off, rotation: Rotation::Hourly, keep: 1 };
        assert_eq!(file::parse(settings.to_string().as_bytes()).unwrap(), settings);
        assert_eq!(file::parse(Settings::default().to_string().as_bytes()).unwrap(), Settings::default());
    }

    #[test]
    fn a_missing_file_means_defaults_and_an_unreadable_one_is_a_mistake() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Settings::read(&folder.path().join("none.toml")).unwrap(), Settings::default());
        let mistake = Settings::read(folder.path()).unwrap_err().to_string();
        assert!(mistake.starts_with(&folder.path().display().to_string()), "{mistake}");
    }
}
