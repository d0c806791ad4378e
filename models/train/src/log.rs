//! The log of a run: one JSON object a line, to be read by people and by `curves`.

use crate::TrainError;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The name of the file in the folder of a run.
pub const FILE: &str = "log.jsonl";

/// What is logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Entry {
    /// A run begins, or goes on.
    Start {
        /// Iterations done before.
        iteration: usize,
        /// Numbers that are trained.
        trained: usize,
        /// Numbers of the model.
        parameters: usize,
        /// Expected peak of memory, in 10⁶ bytes.
        expected_mb: f64,
        /// Expected time, in seconds.
        expected_seconds: Option<f64>,
    },
    /// The mean of the last iterations.
    Loss {
        /// Iterations done.
        iteration: usize,
        /// Mean cross-entropy, in nats a token.
        loss: f64,
        /// Learning rate of the last step.
        rate: f64,
        /// Learnt tokens a second.
        tokens_per_second: f64,
        /// Peak of MLX's memory so far, in 10⁶ bytes.
        peak_mb: f64,
    },
    /// A measurement on held-out examples.
    Validation {
        /// Iterations done.
        iteration: usize,
        /// Mean cross-entropy, in nats a token.
        loss: f64,
    },
    /// Lines that were written.
    Exact {
        /// Iterations done.
        iteration: usize,
        /// Right lines, written freely.
        right: usize,
        /// Right lines, written along the lattice of what was said.
        #[serde(default)]
        along: usize,
        /// All lines.
        lines: usize,
        /// By kind of line, written freely.
        kinds: Vec<Tally>,
        /// By command.
        commands: Vec<Tally>,
    },
    /// A run ends.
    End {
        /// Iterations done.
        iteration: usize,
        /// Why it ended.
        reason: String,
        /// Peak of MLX's memory, in 10⁶ bytes.
        peak_mb: f64,
        /// Time of the iterations, in seconds, without measurements.
        seconds: f64,
    },
}

/// Right lines of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The kind or command.
    pub name: String,
    /// Right lines.
    pub right: usize,
    /// All lines.
    pub lines: usize,
    /// Right now and wrong in the measurement before.
    pub gained: usize,
    /// Wrong now and right in the measurement before.
    pub lost: usize,
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(name: String) -> Tally {
        Tally { name, right: 0, lines: 0, gained: 0, lost: 0 }
    }
}

/// A log that is written.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// Opens the log of a run, and adds to it if the run goes on.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn open(folder: &Path, resume: bool) -> Result<Log, TrainError> {
        let path = folder.join(FILE);
        std::fs::create_dir_all(folder).map_err(TrainError::write(&path))?;
        let mut options = OpenOptions::new();
        options.create(true).write(true).append(resume).truncate(!resume);
        let file = options.open(&path).map_err(TrainError::write(&path))?;
        Ok(Log { path, file })
    }

    /// Adds a line.
    ///
    /// # Errors
    /// The disk is full.
    pub fn write(&mut self, entry: &Entry) -> Result<(), TrainError> {
        let line = serde_json::to_string(entry)
            .map_err(|error| TrainError::Unfit(format!("{}: {error}", self.path.display())))?;
        writeln!(self.file, "{line}").map_err(TrainError::write(&self.path))
    }
}

/// Reads a log.
///
/// # Errors
/// A line is not one that a run writes; the error names it.
pub fn parse(text: &str) -> Result<Vec<Entry>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let entry = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| format!("line {}: {error}", number + 1))
    };
    lines.map(entry).collect()
}
