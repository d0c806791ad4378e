//! Checkpoints: what a run needs to go on, written aside and renamed.

use super::network::Network;
use super::optimizer::{Moments, Optimizer};
use anyhow::{Context, bail};
use candle_core::{Device, Tensor, Var, safetensors};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const FILE: &str = "checkpoint.safetensors";
/// The tensor that holds the number of finished epochs.
const EPOCH: &str = "epoch";

/// A checkpoint as read.
pub(super) struct Checkpoint {
    /// Epochs that are finished.
    pub epoch: usize,
    tensors: HashMap<String, Tensor>,
    path: PathBuf,
}

impl Checkpoint {
    /// Reads the checkpoint in `folder`.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Checkpoint> {
        let path = folder.join(FILE);
        let tensors = safetensors::load(&path, &Device::Cpu)
            .with_context(|| format!("cannot go on from {}", path.display()))?;
        let Some(epoch) = tensors.get(EPOCH) else { bail!("{} does not tell its epoch", path.display()) };
        Ok(Checkpoint { epoch: epoch.to_vec1::<u32>()?[0] as usize, tensors, path })
    }

    /// Puts the parameters and the optimizer's state back.
    pub(super) fn restore(&self, network: &mut Network, optimizer: &mut Optimizer) -> anyhow::Result<()> {
        for (name, var) in &network.parameters {
            let get = |part: &str| -> anyhow::Result<&Tensor> {
                let name = format!("{part}.{name}");
                let found = self.tensors.get(&name).filter(|tensor| tensor.shape() == var.shape());
                found.with_context(|| format!("{} lacks {name} of this network's shape", self.path.display()))
            };
            var.set(get("weights")?)?;
            let values = |part: &str| anyhow::Ok(get(part)?.flatten_all()?.to_vec1::<f32>()?);
            let moments =
                Moments { mean: values("mean")?, square: values("square")?, average: values("average")? };
            optimizer.moments.insert(name.clone(), Mutex::new(moments));
        }
        Ok(())
    }

    /// Writes the state behind `epoch`.
    pub(super) fn write(folder: &Path, epoch: usize, network: &Network, optimizer: &Optimizer) -> anyhow::Result<()> {
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
        safetensors::save(&tensors, &aside).with_context(|| format!("cannot write {}", aside.display()))?;
        std::fs::rename(&aside, &path).with_context(|| format!("cannot write {}", path.display()))
    }
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
    Ok(Network { parameters })
}

/// Writes the parameters in f32.
pub(super) fn write_weights(path: &Path, network: &Network) -> anyhow::Result<()> {
    let tensors: HashMap<String, Tensor> =
        network.parameters.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect();
    safetensors::save(&tensors, path).with_context(|| format!("cannot write {}", path.display()))
}
