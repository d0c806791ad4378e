//! One commented TOML file under the user's configuration folder.
//!
//! Every setting is optional. A mistake is reported with its line and costs only the entry that it is in.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod chord;
pub mod edit;
mod error;
mod file;
pub mod folders;
pub mod import;
pub mod project;
pub mod words;

use nix::fcntl::OFlag;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use chord::{Chord, Key};
pub use error::SettingsError;

/// The commented file that `sayso config init` writes: every setting at its default.
pub const COMMENTED: &str = include_str!("config.toml");

/// What a person has chosen, or the defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The keys that convert the line, and then show the next reading.
    pub key: Chord,
    /// The keys that show the reading before.
    pub key_back: Chord,
    /// The keys that open the picker.
    pub key_pick: Chord,
    /// When something is said below a converted line.
    pub hints: Hints,
    /// How long an answer may take.
    pub deadline: Duration,
    /// Whether Enter converts a line that is certainly dictation, and the next Enter runs it.
    pub enter_converts: bool,
    /// Spoken form, in lower case with single spaces → written form. Sorted by the spoken form.
    pub words: Vec<(String, String)>,
    /// The daemon's life.
    pub daemon: Daemon,
    /// The tagger.
    pub tagger: Tagger,
    /// The language model.
    pub model: Model,
    /// What is learnt from corrected lines.
    pub learn: Learn,
    /// What the daemon logs.
    pub log: Log,
    /// Which names of the place are known.
    pub here: Here,
}

/// What is learnt from corrected lines, on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Learn {
    /// Whether anything is kept and learnt at all.
    pub enabled: bool,
    /// Lines that are never kept: patterns of whole lines, in which `*` stands for any text and `?` for one character.
    pub ignore: Vec<String>,
}

/// When the shell says below a converted line how sure the answer is, and which other readings there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hints {
    /// If the answer is not sure, or words were left out, or signs added.
    #[default]
    Auto,
    /// After every conversion.
    Always,
    /// Never: only what was left out is told, and what is dangerous.
    Never,
}

impl Hints {
    /// The value as the file writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Hints::Auto => "auto",
            Hints::Always => "always",
            Hints::Never => "never",
        }
    }
}

/// The daemon's life.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Daemon {
    /// The daemon ends after this time without a request; `None`: never.
    pub idle: Option<Duration>,
}

/// The tagger, which chooses the path of most lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tagger {
    /// Its weights file as the settings write it: an absolute path, or one that begins with `~/`. `None`: the weights
    /// that are compiled in.
    pub weights: Option<String>,
}

impl Tagger {
    /// The weights file, with the home folder in place of `~`.
    pub fn weights_file(&self) -> Option<PathBuf> {
        self.weights.as_deref().map(folders::below_home)
    }
}

/// The language model, which is asked about lines of which the tagger is not sure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Whether a language model is asked at all.
    pub judge: bool,
    /// Its name; `None`: the one that `sayso model use` chose.
    pub name: Option<String>,
    /// It is unloaded after this time without a line that needs it; `None`: never.
    pub unload: Option<Duration>,
    /// Threads that it computes with; `None`: as many as suit the machine.
    pub threads: Option<usize>,
}

impl Default for Model {
    fn default() -> Model {
        Model { judge: true, name: None, unload: Some(Duration::from_secs(600)), threads: None }
    }
}

/// Which names of the place are known, by where they come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Here {
    /// Files and folders.
    pub files: bool,
    /// Branches, tags and remotes.
    pub git: bool,
    /// Scripts, targets, packages and services.
    pub tasks: bool,
    /// Hosts of the SSH configuration.
    pub hosts: bool,
    /// Programs, aliases, functions and names of the environment.
    pub shell: bool,
    /// Words of earlier commands.
    pub history: bool,
}

impl Default for Here {
    fn default() -> Here {
        Here { files: true, git: true, tasks: true, hosts: true, shell: true, history: true }
    }
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
            key_back: Chord::after_ctrl_x('b'),
            key_pick: Chord::after_ctrl_x('p'),
            hints: Hints::default(),
            deadline: Duration::from_millis(1000),
            enter_converts: false,
            words: Vec::new(),
            daemon: Daemon::default(),
            tagger: Tagger::default(),
            model: Model::default(),
            learn: Learn::default(),
            log: Log { level: Level::Info, rotation: Rotation::Daily, keep: 7 },
            here: Here::default(),
        }
    }
}

impl Settings {
    /// The settings of this user: the file at [`folders::config_file`], or the defaults where there is none.
    ///
    /// # Errors
    /// The first [`SettingsError`] where the file is there and cannot be read or understood.
    pub fn load() -> Result<Settings, SettingsError> {
        match Settings::load_usable() {
            (settings, None) => Ok(settings),
            (_, Some(mistake)) => Err(mistake),
        }
    }

    /// As [`Settings::load`], with everything that could be understood in force beside the first mistake.
    pub fn load_usable() -> (Settings, Option<SettingsError>) {
        folders::config_file()
            .map_or_else(|| (Settings::default(), None), |path| Settings::read_usable(&path))
    }

    /// The settings in the file at `path`, or the defaults where it does not exist, and the first mistake. An entry
    /// with a mistake has its default; where the file cannot be read, all have.
    pub fn read_usable(path: &Path) -> (Settings, Option<SettingsError>) {
        let (settings, mistake) = match bytes_of(path) {
            Ok(bytes) => {
                let (settings, mistakes) = file::parse(&bytes);
                (settings, mistakes.into_iter().next())
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (Settings::default(), None),
            Err(error) => {
                let mistake = SettingsError::whole_file(format!("this file cannot be read: {error}"));
                (Settings::default(), Some(mistake))
            }
        };
        (settings, mistake.map(|mistake| mistake.inside(path)))
    }
}

/// The file's bytes, at most one more than a settings file may have. Never waits: anything but a regular file is
/// refused, such as a pipe that nobody writes into.
fn bytes_of(path: &Path) -> std::io::Result<Vec<u8>> {
    // The flag keeps the opening of a pipe from waiting; regular files ignore it.
    let file = File::options().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(file::MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// All settings as TOML, in the form of the commented file.
impl std::fmt::Display for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let minutes = |time: Option<Duration>| time.map_or(0, |time| time.as_secs() / 60);
        let Model { judge, name, unload, threads } = &self.model;
        writeln!(f, "key = {}", quoted(&self.key.to_string()))?;
        writeln!(f, "key_back = {}", quoted(&self.key_back.to_string()))?;
        writeln!(f, "key_pick = {}", quoted(&self.key_pick.to_string()))?;
        writeln!(f, "hints = {}", quoted(self.hints.as_str()))?;
        writeln!(f, "deadline_ms = {}", self.deadline.as_millis())?;
        writeln!(f, "enter_converts = {}", self.enter_converts)?;
        writeln!(f, "\n[words]")?;
        for (spoken, written) in &self.words {
            writeln!(f, "{} = {}", quoted(spoken), quoted(written))?;
        }
        writeln!(f, "\n[daemon]\nidle_minutes = {}", minutes(self.daemon.idle))?;
        let weights = self.tagger.weights.as_deref().unwrap_or_default();
        writeln!(f, "\n[tagger]\nweights = {}", quoted(weights))?;
        writeln!(f, "\n[model]\njudge = {judge}\nname = {}", quoted(name.as_deref().unwrap_or_default()))?;
        writeln!(f, "unload_minutes = {}\nthreads = {}", minutes(*unload), threads.unwrap_or(0))?;
        let ignore = self.learn.ignore.iter().map(|glob| quoted(glob)).collect::<Vec<_>>().join(", ");
        writeln!(f, "\n[learn]\nenabled = {}\nignore = [{ignore}]", self.learn.enabled)?;
        writeln!(f, "\n[log]\nlevel = {}", quoted(self.log.level.as_str()))?;
        writeln!(f, "rotation = {}\nkeep = {}", quoted(self.log.rotation.as_str()), self.log.keep)?;
        let Here { files, git, tasks, hosts, shell, history } = self.here;
        writeln!(f, "\n[here]\nfiles = {files}\ngit = {git}\ntasks = {tasks}\nhosts = {hosts}")?;
        writeln!(f, "shell = {shell}\nhistory = {history}")
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
        assert!(COMMENTED.lines().all(|line| line.is_empty() || line.starts_with('#')));
        // Without the comment signs before settings and sections: then the example word is the only difference.
        let plain: String = COMMENTED
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(setting) if setting.contains(" = ") || setting.starts_with('[') => setting,
                _ => line,
            })
            .flat_map(|line| [line, "\n"])
            .collect();
        let words = vec![("kay eight s".to_owned(), "k8s".to_owned())];
        assert_eq!(file::parse(plain.as_bytes()), (Settings { words, ..Settings::default() }, vec![]));
    }

    #[test]
    fn what_is_shown_reads_back() {
        let mut settings = Settings { enter_converts: true, hints: Hints::Never, ..Settings::default() };
        settings.key_back = "alt-b".parse().unwrap();
        settings.words = vec![("quote \"it\"".into(), "back\\slash".into()), ("übung".into(), "=".into())];
        settings.daemon.idle = Some(Duration::from_secs(300));
        settings.tagger = Tagger { weights: Some("~/my \"own\" tagger.safetensors".into()) };
        settings.model = Model { judge: false, name: Some("tiny".into()), unload: None, threads: Some(3) };
        settings.learn = Learn { enabled: true, ignore: vec!["ssh *".into(), "\"?\"".into()] };
        settings.log = Log { level: Level::Off, rotation: Rotation::Hourly, keep: 1 };
        settings.here = Here { history: false, files: false, ..Here::default() };
        for settings in [settings, Settings::default()] {
            assert_eq!(file::parse(settings.to_string().as_bytes()), (settings, vec![]));
        }
    }

    #[test]
    fn a_missing_file_means_defaults_and_an_unreadable_one_is_a_mistake() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Settings::read_usable(&folder.path().join("none.toml")), (Settings::default(), None));
        let mistake = Settings::read_usable(folder.path()).1.unwrap().to_string();
        assert!(mistake.starts_with(&folder.path().display().to_string()), "{mistake}");
        // Nobody writes into this one: reading it would never end.
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for endless in [&pipe, Path::new("/dev/zero")] {
            let mistake = Settings::read_usable(endless).1.unwrap().to_string();
            assert!(mistake.ends_with("it is no regular file"), "{mistake}");
        }
    }
}
