//! A model folder as `mlx_lm` writes it: `config.json`, weights in safetensors, and the tokenizer's files.
//!
//! The weights are memory-mapped: a tensor is a view of the file, and its pages are in memory only
//! once. Opening a folder checks everything, and every error names what is wrong.

mod config;
mod error;
pub mod file;
mod files;
mod layout;
mod mapped;
mod quantization;
mod rope;
mod shards;

pub use config::{CONFIG, Config, DeltaNet, ModelType};
pub use error::CheckpointError;
pub use files::{BuiltIn, Files};
pub use quantization::Quantization;
pub use rope::{Rope, RopeScaling};
pub use safetensors::Dtype;
pub use shards::{INDEX, WEIGHTS};

pub use mapped::Mapped;
use safetensors::tensor::Metadata;
use shards::Shards;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// A tensor as it is in the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TensorView<'c> {
    /// The type of its numbers.
    pub dtype: Dtype,
    /// Its dimensions, slowest first.
    pub shape: &'c [usize],
    /// Its numbers, little-endian, as many as the shape says. They may be unaligned, because they
    /// stay where the file has them.
    pub bytes: &'c [u8],
}

/// An open model folder.
#[derive(Debug)]
pub struct Checkpoint {
    config: Config,
    files: Vec<Mapped>,
    tensors: BTreeMap<String, Entry>,
}

/// The type, shape and location of a tensor.
#[derive(Debug)]
struct Entry {
    dtype: Dtype,
    shape: Vec<usize>,
    file: usize,
    /// Range within the file, checked against the file's length.
    bytes: Range<usize>,
}

impl Checkpoint {
    /// Opens a model, such as that of a folder, and checks it. Afterwards it holds exactly the
    /// tensors that its configuration asks for (a vision tower is left out), each with the right
    /// shape and a supported type, and all numbers that are not packed are finite. To check that,
    /// all plain weights and all scales are read.
    ///
    /// # Errors
    /// [`CheckpointError`] names the file, the entry or the tensor that is wrong.
    pub fn open<'a>(files: impl Into<Files<'a>>) -> Result<Checkpoint, CheckpointError> {
        let files = files.into();
        let config = Config::open(files)?;
        let shards = Shards::find(files)?;
        let mut checkpoint = Checkpoint { config, files: Vec::new(), tensors: BTreeMap::new() };
        for name in &shards.files {
            checkpoint.add(files, name, shards.index.as_ref())?;
        }
        if let Some(name) = shards.index.iter().flat_map(BTreeMap::keys).find(|name| checkpoint.lacks(name)) {
            return Err(CheckpointError::Missing(name.clone()));
        }
        layout::check(files, &checkpoint)?;
        Ok(checkpoint)
    }

    /// The contents of `config.json`.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The size of its weights files, in bytes.
    pub fn bytes(&self) -> usize {
        self.files.iter().map(|file| file.bytes().len()).sum()
    }

    /// Whether the folder has a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Whether a tensor of a file is a part of the model and is missing.
    fn lacks(&self, name: &str) -> bool {
        self.config.canonical(name).is_some_and(|name| !self.has(&name))
    }

    /// The names of all tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The tensor of this name.
    ///
    /// # Errors
    /// [`CheckpointError::Missing`] if there is no such tensor.
    pub fn tensor(&self, name: &str) -> Result<TensorView<'_>, CheckpointError> {
        let entry = self.tensors.get(name).ok_or_else(|| CheckpointError::Missing(name.to_owned()))?;
        let bytes = &self.files[entry.file].bytes()[entry.bytes.clone()];
        Ok(TensorView { dtype: entry.dtype, shape: &entry.shape, bytes })
    }

    /// How a layer is packed; `None` if it has no `.scales`. `layer` is its name without the last
    /// part, such as `model.layers.0.mlp.down_proj`. In a packed layer, `.weight` is (outputs,
    /// inputs · bits / 32) of U32, and `.scales` and `.biases` are (outputs, inputs / group_size)
    /// of floats.
    pub fn quantization(&self, layer: &str) -> Option<Quantization> {
        let wanted = self.config.quantization(layer)?;
        self.has(&format!("{layer}.scales")).then_some(wanted)
    }

    /// Maps a weights file and adds its tensors.
    fn add(
        &mut self,
        files: Files<'_>,
        shard: &str,
        index: Option<&BTreeMap<String, String>>,
    ) -> Result<(), CheckpointError> {
        let path = &files.path(shard);
        let mapped = files.map(shard)?;
        let (start, header) = header(path, mapped.bytes())?;
        for name in header.offset_keys() {
            let Some(info) = header.info(&name) else { continue };
            let (from, to) = info.data_offsets;
            let entry = Entry {
                dtype: info.dtype,
                shape: info.shape.clone(),
                file: self.files.len(),
                bytes: start + from..start + to,
            };
            if let Some(index) = index
                && index.get(&name).map(String::as_str) != Some(shard)
            {
                return Err(CheckpointError::damaged(
                    path,
                    format!("it holds tensor {name}, but the index does not say so"),
                ));
            }
            if let Some(name) = self.config.canonical(&name) {
                self.tensors.insert(name, entry);
            }
        }
        self.files.push(mapped);
        Ok(())
    }
}

/// Maximum length of a header, in bytes: the limit that the format sets.
const LONGEST_HEADER: usize = 100_000_000;

/// Reads the header of a safetensors file. Returns where the data begins, and the types, shapes and
/// ranges of the tensors, which follow each other without gaps up to the end of the file.
fn header(path: &Path, bytes: &[u8]) -> Result<(usize, Metadata), CheckpointError> {
    let damaged = |problem: String| CheckpointError::damaged(path, problem);
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(damaged(format!("it has {} bytes, too few for the length of a header", bytes.len())));
    };
    let claimed = u64::from_le_bytes(*length);
    let header = usize::try_from(claimed).ok().filter(|length| *length <= LONGEST_HEADER);
    let Some(header) = header.and_then(|length| rest.get(..length)) else {
        // A zip archive, or a pickle of protocol 2 or later: what PyTorch writes.
        return Err(match bytes.starts_with(b"PK\x03\x04") || matches!(bytes, [0x80, 2..=5, ..]) {
            true => CheckpointError::Pickle(path.to_owned()),
            false => damaged(format!("its header claims {claimed} bytes, but only {} follow", rest.len())),
        });
    };
    let tensors: Metadata =
        serde_json::from_slice(header).map_err(|error| damaged(format!("its header: {error}")))?;
    let data = rest.len() - header.len();
    match tensors.data_len() {
        claimed if claimed == data => Ok((8 + header.len(), tensors)),
        claimed => Err(damaged(format!("its tensors claim {claimed} bytes, but the file has {data}"))),
    }
}
