//! Files that are there as a whole or not at all.

use crate::TrainError;
use safetensors::tensor::TensorView;
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

/// Writes tensors into a file, which replaces an earlier one only when it is complete.
///
/// # Errors
/// The disk is full, or the folder may not be written to.
pub(crate) fn write_tensors(path: &Path, views: Vec<(&str, TensorView<'_>)>) -> Result<(), TrainError> {
    // As `mlx` says it.
    let format = HashMap::from([("format".to_owned(), "mlx".to_owned())]);
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(TrainError::write(path))?;
    let file = tempfile::NamedTempFile::new_in(folder).map_err(TrainError::write(path))?;
    safetensors::serialize_to_file(views, Some(format), file.path()).map_err(|error| {
        let error = match error {
            safetensors::SafeTensorError::IoError(error) => error,
            error => std::io::Error::other(format!("{error:?}")),
        };
        TrainError::write(path)(error)
    })?;
    finish(file, path).map_err(TrainError::write(path))
}

/// Writes a file, which replaces an earlier one only when it is complete and on the disk.
///
/// # Errors
/// The disk is full, or the folder may not be written to.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let write = || -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        finish(file, path)
    };
    write().map_err(TrainError::write(path))
}

/// Gives a complete file its name, once it is on the disk. It is found by its path, because the
/// writer of safetensors may have put another file there.
fn finish(file: tempfile::NamedTempFile, path: &Path) -> std::io::Result<()> {
    // Readable for others, as any file that a program writes.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644))?;
    }
    std::fs::File::open(file.path())?.sync_all()?;
    file.persist(path)?;
    Ok(())
}
