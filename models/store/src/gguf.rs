//! Model folders from GGUF files, the format of llama.cpp: the same weights without loss, the tokenizer and the chat
//! template.

mod config;
mod format;
mod reader;
mod tensors;
mod vocabulary;

use safetensors::SafeTensorError;
use sayso_language::chat::{SYSTEM_PROMPT, SYSTEM_PROMPT_FILE};
use sayso_language::checkpoint::{CONFIG, CheckpointError, Config, Mapped, WEIGHTS};
use sayso_language::folder;
use sayso_language::tokenizer::{GENERATION_CONFIG, TOKENIZER, TOKENIZER_CONFIG};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Why a GGUF file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be opened.
    #[error(transparent)]
    Open(CheckpointError),
    /// The file is damaged, or of a model or a format that is not known here.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The file was read, but what it describes is no model that can be used.
    #[error("{} makes no usable model: {problem}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with the folder that would come of it.
        problem: CheckpointError,
    },
    /// The folder is there already; nothing is overwritten.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// The folder cannot be written; nothing is left of it.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Makes a model folder from a GGUF file of Llama, Qwen2 or Qwen3, in F32, F16, BF16, Q8_0, Q4_0 or Q4_1. The folder
/// is written aside, opened as any other, and renamed into place: it is there whole or not at all.
///
/// # Errors
/// [`ImportError`] says what is wrong with the file or the disk.
pub fn import(file: &Path, folder: &Path) -> Result<(), ImportError> {
    let failed = |source| ImportError::Write { path: folder.to_owned(), source };
    if folder.exists() {
        return Err(ImportError::Exists(folder.to_owned()));
    }
    let beside = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(beside).map_err(failed)?;
    let aside = tempfile::Builder::new().prefix(".import-").tempdir_in(beside).map_err(failed)?;
    fill(file, aside.path())?;
    let unusable = |problem| ImportError::Unusable { path: file.to_owned(), problem };
    folder::check(aside.path()).map_err(unusable)?;
    std::fs::rename(aside.path(), folder).map_err(failed)?;
    // The folder has another name now: there is nothing aside to remove.
    let _ = aside.keep();
    File::open(beside).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// Writes the files of a model folder into one that is there, and does not open what came of it.
///
/// # Errors
/// As [`import`]; what was written before stays.
pub(crate) fn fill(file: &Path, folder: &Path) -> Result<(), ImportError> {
    let problem = |problem| ImportError::File { path: file.to_owned(), problem };
    let failed = |source| ImportError::Write { path: folder.to_owned(), source };
    let mapped = Mapped::open(file).map_err(ImportError::Open)?;
    let gguf = reader::read(mapped.bytes()).map_err(problem)?;
    let config = config::config(&gguf).map_err(problem)?;
    let files = [
        (TOKENIZER, vocabulary::tokenizer(&gguf).map_err(problem)?.to_string()),
        (TOKENIZER_CONFIG, vocabulary::config(&gguf).map_err(problem)?.to_string()),
        (GENERATION_CONFIG, config::generation(&gguf).map_err(problem)?.to_string()),
        (SYSTEM_PROMPT_FILE, SYSTEM_PROMPT.to_owned()),
        (CONFIG, config.to_string()),
    ];
    for (name, contents) in &files {
        write(&folder.join(name), contents.as_bytes()).map_err(failed)?;
    }
    let config =
        Config::open(folder).map_err(|problem| ImportError::Unusable { path: file.to_owned(), problem })?;
    let tensors = tensors::convert(&gguf.tensors, &config).map_err(problem)?;
    let weights = folder.join(WEIGHTS);
    let metadata = [("format".to_owned(), "mlx".to_owned())].into();
    let views = tensors.iter().map(|(name, tensor)| (name, tensor));
    safetensors::serialize_to_file(views, Some(metadata), &weights).map_err(|error| match error {
        SafeTensorError::IoError(source) => failed(source),
        other => problem(other.to_string()),
    })?;
    File::open(&weights).and_then(|file| file.sync_all()).map_err(failed)
}

/// Writes a file through to the disk.
fn write(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(contents)?;
    file.sync_all()
}
