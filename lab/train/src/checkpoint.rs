//! Checkpoints: the state from which a run resumes. Files are written aside and then renamed, so
//! that a crash cannot destroy the previous one.

use crate::network::Network;
use crate::optimizer::{Moments, Optimizer};
use anyhow::{Context, bail};
use candle_core::{Device, Tensor, Var};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use sayso_tagger::schema::{SCHEMA, Schema};
use sayso_tagger::weights::{CALIBRATION, Calibration, SCALE};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

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

/// A copy of the network with the running average of its weights.
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
    Ok(Network { parameters })
}

/// The weights in the form in which they are shipped: a safetensors file with matrices in int8 and
/// a scale for each row, and vectors in f32.
pub(super) fn quantized(network: &Network, calibration: Calibration) -> anyhow::Result<Vec<u8>> {
    let mut tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
    let mut floats = |name: String, shape: Vec<usize>, values: &[f32]| {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        tensors.push((name, Dtype::F32, shape, bytes));
    };
    floats(CALIBRATION.to_owned(), vec![2], &[calibration.temperature, calibration.bias]);
    let mut quantized = Vec::new();
    for (name, var) in &network.parameters {
        let (shape, values) = (var.dims().to_vec(), var.flatten_all()?.to_vec1::<f32>()?);
        if shape.len() == 1 {
            floats(name.clone(), shape, &values);
            continue;
        }
        let (bytes, scales) = quantize(&values, shape[1]);
        floats(format!("{name}{SCALE}"), vec![shape[0]], &scales);
        quantized.push((name.clone(), Dtype::I8, shape, bytes));
    }
    tensors.extend(quantized);
    let views = tensors
        .iter()
        .map(|(name, dtype, shape, bytes)| Ok((name, TensorView::new(*dtype, shape.clone(), bytes)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let metadata = HashMap::from([(SCHEMA.to_owned(), Schema::current().to_string())]);
    Ok(safetensors::serialize(views, Some(metadata))?)
}

/// Writes a file aside and renames it, so that the previous file stays intact until then.
pub(super) fn write_aside(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let aside = path.with_extension("new");
    std::fs::write(&aside, bytes).with_context(|| format!("cannot write {}", aside.display()))?;
    std::fs::rename(&aside, path).with_context(|| format!("cannot write {}", path.display()))
}

/// Reads a network from a weights file in the form in which it is shipped.
pub(super) fn read_weights(bytes: &[u8]) -> anyhow::Result<Network> {
    let file = safetensors::SafeTensors::deserialize(bytes)?;
    let network = Network::new(0)?;
    let floats = |name: &str| -> anyhow::Result<Vec<f32>> {
        let floats = file.tensor(name)?.data().chunks_exact(4);
        Ok(floats.map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect())
    };
    for (name, var) in &network.parameters {
        let values = match var.dims() {
            [_] => floats(name)?,
            dims => {
                let scales = floats(&format!("{name}{SCALE}"))?;
                let rows = file.tensor(name)?.data().chunks_exact(dims[1]).zip(scales);
                rows.flat_map(|(row, scale)| row.iter().map(move |&byte| f32::from(byte as i8) * scale))
                    .collect()
            }
        };
        var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu)?)?;
    }
    Ok(network)
}

/// Quantizes rows of `width` values to int8. Returns the bytes and one scale for each row.
fn quantize(values: &[f32], width: usize) -> (Vec<u8>, Vec<f32>) {
    let mut bytes = Vec::with_capacity(values.len());
    let mut scales = Vec::with_capacity(values.len() / width);
    for row in values.chunks_exact(width) {
        let highest = row.iter().fold(0f32, |highest, value| highest.max(value.abs()));
        let scale = if highest > 0.0 { highest / 127.0 } else { 1.0 };
        bytes.extend(row.iter().map(|value| (value / scale).round() as i8 as u8));
        scales.push(scale);
    }
    (bytes, scales)
}
