//! Files that are there as a whole or not at all.

use crate::TrainError;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

/// A tensor that is to be written: its name, type, shape and little-endian numbers.
pub(crate) type Tensor = (String, Dtype, Vec<usize>, Vec<u8>);

/// Writes tensors into a file, which replaces an earlier one only when it is complete.
///
/// # Errors
/// The disk is full, or the folder may not be written to.
pub(crate) fn write_tensors(path: &Path, tensors: &[Tensor]) -> Result<(), TrainError> {
    let mut views = Vec::new();
    for (name, dtype, shape, bytes) in tensors {
        let view = TensorView::new(*dtype, shape.clone(), bytes)
            .map_err(|error| TrainError::Unfit(format!("tensor {name}: {error:?}")))?;
        views.push((name.as_str(), view));
    }
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
