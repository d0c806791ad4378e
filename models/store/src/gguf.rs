//! Makes model folders from GGUF files, the format of llama.cpp: the same weights without loss, the
//! tokenizer and the chat template.

mod config;
mod format;
mod reader;
mod tensors;
mod vocabulary;

use safetensors::SafeTensorError;
use sayso_language::chat::{SYSTEM_PROMPT, SYSTEM_PROMPT_FILE};
use sayso_language::checkpoint::{CONFIG, CheckpointError, Config, Mapped, WEIGHTS};
use sayso_language::tokenizer::{GENERATION_CONFIG, TOKENIZER, TOKENIZER_CONFIG};
use sayso_language::{LanguageError, folder};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Why a GGUF file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be opened.
    #[error(transparent)]
    Open(CheckpointError),
    /// The file is damaged, or its model or format is not supported.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The file could be read, but the model that it describes cannot be used.
    #[error("{} does not give a usable model: {problem}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with the model folder made from it.
        problem: LanguageError,
    },
    /// The folder exists; nothing is overwritten.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// The folder cannot be written, and nothing of it is left.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
}

/// Makes a model folder from a GGUF file of Llama, Qwen2 or Qwen3, in F32, F16, BF16, Q8_0, Q4_0 or
/// Q4_1. The folder is written under another name, opened as a check, and renamed into place, so it
/// exists whole or not at all.
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
    // The folder has been renamed, so there is nothing left to remove.
    let _ = aside.keep();
    File::open(beside).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// Writes the files of a model folder into an existing folder, without opening the result.
///
/// # Errors
/// As for [`import`]; files that were written before the error stay.
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
    let config = Config::open(folder)
        .map_err(|error| ImportError::Unusable { path: file.to_owned(), problem: error.into() })?;
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

/// Writes a file and syncs it to the disk.
fn write(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(contents)?;
    file.sync_all()
}
