//! Checkpoints: the state from which a run resumes. Files are written aside and then renamed, so
//! that a crash cannot destroy the previous one.

use crate::network::Network;
use crate::optimizer::{Moments, Optimizer};
use crate::quantize::quantize;
use crate::start::warm_start;
use crate::vectors::{self, Vectors};
use anyhow::{Context, bail};
use candle_core::{Device, Tensor, Var};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use sayso_tagger::schema::{SCHEMA, Schema};
use sayso_tagger::shape::{VECTOR, VECTORS};
use sayso_tagger::weights::{CALIBRATION, Calibration, SCALE};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const FILE: &str = "checkpoint.safetensors";
/// The tensor that holds the number of finished epochs.
const EPOCH: &str = "epoch";

/// A checkpoint read from a file.
pub(super) struct Checkpoint {
    /// Number of finished epochs.
    pub epoch: usize,
    tensors: HashMap<String, Tensor>,
    path: PathBuf,
}

impl Checkpoint {
    /// Reads the checkpoint in `folder`.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Checkpoint> {
        let path = folder.join(FILE);
        let tensors = candle_core::safetensors::load(&path, &Device::Cpu)
            .with_context(|| format!("cannot resume from {}", path.display()))?;
        let epoch = tensors.get(EPOCH).and_then(|epoch| epoch.to_vec1::<u32>().ok());
        let Some([epoch]) = epoch.as_deref() else { bail!("{} has no epoch number", path.display()) };
        Ok(Checkpoint { epoch: *epoch as usize, tensors, path })
    }

    /// Restores the parameters and the optimizer's state. Fails if a tensor is missing or has
    /// another shape.
    pub(super) fn restore(&self, network: &mut Network, optimizer: &mut Optimizer) -> anyhow::Result<()> {
        for (name, var) in &network.parameters {
            let get = |part: &str| -> anyhow::Result<&Tensor> {
                let name = format!("{part}.{name}");
                let found = self.tensors.get(&name).filter(|tensor| tensor.shape() == var.shape());
                found.with_context(|| format!("{} lacks {name} in this network's shape", self.path.display()))
            };
            var.set(get("weights")?)?;
            let values = |part: &str| anyhow::Ok(get(part)?.flatten_all()?.to_vec1::<f32>()?);
            let moments =
                Moments { mean: values("mean")?, square: values("square")?, average: values("average")? };
            optimizer.moments.insert(name.clone(), Mutex::new(moments));
        }
        let [table, scales] = vector_names().map(|name| {
            let found =
                self.tensors.get(&name).with_context(|| format!("{} lacks {name}", self.path.display()));
            anyhow::Ok(found?.flatten_all()?)
        });
        network.vectors = Arc::new(Vectors::from_parts(&table?.to_vec1::<u8>()?, scales?.to_vec1::<f32>()?)?);
        Ok(())
    }

    /// Writes the state after `epoch` finished epochs.
    pub(super) fn write(
        folder: &Path,
        epoch: usize,
        network: &Network,
        optimizer: &Optimizer,
    ) -> anyhow::Result<()> {
        let mut tensors = HashMap::from([(EPOCH.to_owned(), Tensor::new(&[epoch as u32], &Device::Cpu)?)]);
        let [table, scales] = vector_names();
        tensors.insert(table, Tensor::from_vec(network.vectors.bytes(), (VECTORS, VECTOR), &Device::Cpu)?);
        tensors.insert(scales, Tensor::from_slice(network.vectors.scales(), VECTORS, &Device::Cpu)?);
        for (name, var) in &network.parameters {
            tensors.insert(format!("weights.{name}"), var.as_tensor().clone());
            let Some(moments) = optimizer.moments.get(name) else { continue };
            let moments = moments.lock().unwrap_or_else(PoisonError::into_inner);
            for (part, values) in
                [("mean", &moments.mean), ("square", &moments.square), ("average", &moments.average)]
            {
                let tensor = Tensor::from_slice(values, var.shape(), &Device::Cpu)?;
                tensors.insert(format!("{part}.{name}"), tensor);
            }
        }
        let (path, aside) = (folder.join(FILE), folder.join("checkpoint.new"));
        candle_core::safetensors::save(&tensors, &aside)
            .with_context(|| format!("cannot write {}", aside.display()))?;
        std::fs::rename(&aside, &path).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// The names of the word vectors and of their scales in a checkpoint. Candle knows no int8, so they are kept as bytes.
fn vector_names() -> [String; 2] {
    ["", SCALE].map(|suffix| format!("{}{suffix}", vectors::TABLE))
}

/// The network with the running average of its weights.
pub(super) fn averaged(network: &Network, optimizer: &Optimizer) -> anyhow::Result<Network> {
    let mut parameters = BTreeMap::new();
    for (name, var) in &network.parameters {
        let tensor = match optimizer.moments.get(name) {
            Some(moments) => {
                let moments = moments.lock().unwrap_or_else(PoisonError::into_inner);
                Tensor::from_slice(&moments.average, var.shape(), &Device::Cpu)?
            }
            None => var.as_tensor().clone(),
        };
        parameters.insert(name.clone(), Var::from_tensor(&tensor)?);
    }
    Ok(Network { parameters, vectors: Arc::clone(&network.vectors) })
}

/// A network between two others: `share` 0 is the first one, 1 the second. What fine-tuning forgets comes back faster than
/// what it learnt is lost (WiSE-FT, Wortsman and others, 2022).
pub(super) fn between(from: &Network, to: &Network, share: f32) -> anyhow::Result<Network> {
    let mut parameters = BTreeMap::new();
    for (name, old) in &from.parameters {
        let new = to.parameters.get(name).with_context(|| format!("there is no tensor {name}"))?;
        let moved = (new.as_tensor() - old.as_tensor())?.affine(f64::from(share), 0.0)?;
        parameters.insert(name.clone(), Var::from_tensor(&(old.as_tensor() + moved)?)?);
    }
    Ok(Network { parameters, vectors: Arc::clone(&from.vectors) })
}

/// The weights in the form in which they are shipped: a safetensors file with matrices in int8 and
/// a scale for each row, and vectors in f32.
pub(super) fn quantized(network: &Network, calibration: Calibration) -> anyhow::Result<Vec<u8>> {
    serialize(tensors(network, calibration)?)
}

/// The weights of an earlier shape in today's shape: the tensors of `old`, byte for byte, and the others of `network`.
pub(super) fn converted(network: &Network, old: &[u8]) -> anyhow::Result<Vec<u8>> {
    let file = SafeTensors::deserialize(old)?;
    let mut tensors = tensors(network, Calibration::NONE)?;
    let frozen = vector_names();
    for (name, dtype, shape, bytes) in tensors.iter_mut().filter(|(name, ..)| !frozen.contains(name)) {
        match file.tensor(name) {
            Ok(old) if (old.dtype(), old.shape()) == (*dtype, &shape[..]) => *bytes = old.data().to_vec(),
            _ if name == CALIBRATION => {
                bail!("there is no tensor {CALIBRATION}: these are no weights of the tagger")
            }
            _ => {}
        }
    }
    serialize(tensors)
}

/// A weights file with another calibration. Its other tensors and its schema stay as they are.
pub(super) fn with_calibration(bytes: &[u8], calibration: Calibration) -> anyhow::Result<Vec<u8>> {
    let file = SafeTensors::deserialize(bytes)?;
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    let fitted: Vec<u8> =
        [calibration.temperature, calibration.bias].into_iter().flat_map(f32::to_le_bytes).collect();
    let tensors = file.iter().map(|(name, tensor)| {
        let data = if name == CALIBRATION { &fitted[..] } else { tensor.data() };
        Ok((name, TensorView::new(tensor.dtype(), tensor.shape().to_vec(), data)?))
    });
    let tensors = tensors.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(safetensors::serialize(tensors, header.metadata().clone())?)
}

/// A tensor of a weights file: name, type, shape, bytes.
type Written = (String, Dtype, Vec<usize>, Vec<u8>);

fn serialize(tensors: Vec<Written>) -> anyhow::Result<Vec<u8>> {
    let views = tensors
        .iter()
        .map(|(name, dtype, shape, bytes)| Ok((name, TensorView::new(*dtype, shape.clone(), bytes)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let metadata = HashMap::from([(SCHEMA.to_owned(), Schema::current().to_string())]);
    Ok(safetensors::serialize(views, Some(metadata))?)
}

/// A tensor in f32.
fn floats(name: String, shape: Vec<usize>, values: &[f32]) -> Written {
    (name, Dtype::F32, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

/// The table of word vectors and its scales, as they are shipped.
pub(super) fn vector_tensors(vectors: &Vectors) -> [Written; 2] {
    let [table, scales] = vector_names();
    [
        (table, Dtype::I8, vec![VECTORS, VECTOR], vectors.bytes()),
        floats(scales, vec![VECTORS], vectors.scales()),
    ]
}

/// All tensors as they are shipped.
fn tensors(network: &Network, calibration: Calibration) -> anyhow::Result<Vec<Written>> {
    let mut tensors =
        vec![floats(CALIBRATION.to_owned(), vec![2], &[calibration.temperature, calibration.bias])];
    for (name, var) in &network.parameters {
        let (shape, values) = (var.dims().to_vec(), var.flatten_all()?.to_vec1::<f32>()?);
        if shape.len() == 1 {
            tensors.push(floats(name.clone(), shape, &values));
            continue;
        }
        let (bytes, scales) = quantize(&values, shape[1]);
        tensors.push(floats(format!("{name}{SCALE}"), vec![shape[0]], &scales));
        tensors.push((name.clone(), Dtype::I8, shape, bytes));
    }
    tensors.extend(vector_tensors(&network.vectors));
    Ok(tensors)
}

/// Writes a file aside and renames it, so that the earlier file stays intact until then.
pub(super) fn write_aside(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let aside = path.with_extension("new");
    std::fs::write(&aside, bytes).with_context(|| format!("cannot write {}", aside.display()))?;
    std::fs::rename(&aside, path).with_context(|| format!("cannot write {}", path.display()))
}

/// Reads a network from a weights file in its shipped form.
pub(super) fn read_weights(bytes: &[u8]) -> anyhow::Result<Network> {
    let mut network = Network::new(0)?;
    if let Some(missing) = warm_start(bytes, &network)?.first() {
        bail!("there is no tensor {missing}: these are weights of an earlier shape");
    }
    let vectors = Vectors::in_file(&SafeTensors::deserialize(bytes)?)?;
    network.vectors = Arc::new(vectors.context("there is no tensor vectors")?);
    Ok(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_vectors_survive_weights_and_checkpoints() {
        let mut network = Network::new(1).unwrap();
        let mut random = fastrand::Rng::with_seed(3);
        let table: Vec<f32> = (0..VECTORS * VECTOR).map(|_| random.f32() - 0.5).collect();
        network.vectors = Arc::new(Vectors::rounded(&table));
        let read = read_weights(&quantized(&network, Calibration::NONE).unwrap()).unwrap();
        assert_eq!(read.vectors, network.vectors);

        let folder = tempfile::tempdir().unwrap();
        let mut optimizer = Optimizer::default();
        for (name, var) in &network.parameters {
            let values = vec![0.0; var.elem_count()];
            let moments = Moments { mean: values.clone(), square: values.clone(), average: values };
            optimizer.moments.insert(name.clone(), Mutex::new(moments));
        }
        Checkpoint::write(folder.path(), 1, &network, &optimizer).unwrap();
        let mut restored = Network::new(2).unwrap();
        Checkpoint::read(folder.path()).unwrap().restore(&mut restored, &mut Optimizer::default()).unwrap();
        assert_eq!(restored.vectors, network.vectors);
        assert!(!restored.parameters.contains_key(vectors::TABLE), "vectors are not trained");
    }
}
