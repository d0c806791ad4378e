//! Warm starts: a network that begins with the weights of a file, which may be of an earlier shape.

use crate::network::Network;
use anyhow::{Context, bail};
use candle_core::{Device, Tensor};
use safetensors::{Dtype, SafeTensors};
use sayso_tagger::weights::SCALE;

/// Puts the parameters of a weights file into a newly made network. Returns the names of those that the file lacks: the
/// word vectors' weight and whole layers, which are initialised so that the network computes what it did without them.
///
/// # Errors
/// If the file is damaged, a parameter has another shape, or an indispensable one is missing.
pub(super) fn warm_start(bytes: &[u8], network: &Network) -> anyhow::Result<Vec<String>> {
    let file = SafeTensors::deserialize(bytes).context("not a safetensors file, or damaged")?;
    let names = file.names();
    let mut new = Vec::new();
    for (name, var) in &network.parameters {
        if names.contains(&name.as_str()) {
            let values = values(&file, name, var.dims())?;
            var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu)?)?;
            continue;
        }
        let layer = name.match_indices('.').nth(1).map(|(at, _)| &name[..=at]);
        let layer = layer.filter(|layer| layer.starts_with("layers."));
        let is_new_layer = layer.is_some_and(|layer| !names.iter().any(|name| name.starts_with(layer)));
        if !is_new_layer && name != "vector.weight" {
            bail!("there is no tensor {name}: these are no weights of the tagger");
        }
        // The last part of a branch is zero, so that the layer adds nothing to the residual stream.
        if name == "vector.weight" || name.ends_with(".merge.weight") || name.ends_with(".narrow.weight") {
            var.set(&var.as_tensor().zeros_like()?)?;
        }
        new.push(name.clone());
    }
    Ok(new)
}

/// The values of a parameter of this shape.
fn values(file: &SafeTensors<'_>, name: &str, shape: &[usize]) -> anyhow::Result<Vec<f32>> {
    let data = |name: &str, dtype: Dtype, shape: &[usize]| {
        let tensor = file.tensor(name).with_context(|| format!("there is no tensor {name}"))?;
        if (tensor.dtype(), tensor.shape()) != (dtype, shape) {
            bail!(
                "tensor {name} is {:?} {:?} in the weights to start from, and {dtype:?} {shape:?} in this network",
                tensor.dtype(),
                tensor.shape()
            );
        }
        Ok(tensor.data())
    };
    let floats = |name: &str, shape: &[usize]| {
        let floats = data(name, Dtype::F32, shape)?.chunks_exact(4);
        anyhow::Ok(floats.map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect())
    };
    let values: Vec<f32> = match *shape {
        [rows, width] => {
            let rows_of_bytes = data(name, Dtype::I8, shape)?.chunks_exact(width);
            let scales: Vec<f32> = floats(&format!("{name}{SCALE}"), &[rows])?;
            let rows = rows_of_bytes.zip(scales);
            rows.flat_map(|(row, scale)| row.iter().map(move |&byte| f32::from(byte as i8) * scale)).collect()
        }
        _ => floats(name, shape)?,
    };
    if values.iter().any(|value| !value.is_finite()) {
        bail!("tensor {name} holds a value that is not a finite number");
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Batch;
    use crate::checkpoint::converted;
    use crate::example::Example;
    use crate::network::Tables;
    use crate::op::NO_ROW;
    use safetensors::tensor::TensorView;

    const SHIPPED: &[u8] = include_bytes!("../../../models/weights/tagger.safetensors");

    /// The shipped weights with only the tensors that `keep` returns.
    fn with(keep: impl Fn(&str, TensorView<'static>) -> Option<TensorView<'static>>) -> Vec<u8> {
        let file = SafeTensors::deserialize(SHIPPED).unwrap();
        let tensors = file.tensors().into_iter();
        let kept = tensors.filter_map(|(name, view)| keep(&name, view).map(|view| (name, view)));
        safetensors::serialize(kept.collect::<Vec<_>>(), None).unwrap()
    }

    /// Without the word vectors and the last two layers.
    fn earlier() -> Vec<u8> {
        let new = ["layers.3.", "layers.4.", "vector"];
        with(|name, view| (!new.iter().any(|new| name.starts_with(new))).then_some(view))
    }

    #[test]
    fn new_parameters_change_nothing() {
        let mut example = Example { vectors: vec![7, NO_ROW, 9], ..Example::default() };
        (0..3).for_each(|row| example.units.push([row, row + 50]));
        let batch = Batch::new(&[&example], None);
        let classes = |seed: u64| {
            let network = Network::new(seed).unwrap();
            let new = warm_start(&earlier(), &network).unwrap();
            assert_eq!(new.len(), 2 * 8 + 1, "{new:?}");
            assert!(new.contains(&"vector.weight".to_owned()));
            let output = network.output(&batch, None, &Tables::new()).unwrap();
            output.classes.to_vec2::<f32>().unwrap()
        };
        assert_eq!(classes(1), classes(2), "what is random in new layers shows");
    }

    #[test]
    fn weights_of_an_earlier_shape_are_kept_byte_by_byte() {
        let (network, old) = (Network::new(0).unwrap(), earlier());
        warm_start(&old, &network).unwrap();
        let new = converted(&network, &old).unwrap();
        let (old, new) = (SafeTensors::deserialize(&old).unwrap(), SafeTensors::deserialize(&new).unwrap());
        for (name, view) in old.iter() {
            assert_eq!(new.tensor(name).unwrap().data(), view.data(), "{name}");
        }
        assert_eq!(new.len(), SafeTensors::deserialize(SHIPPED).unwrap().len());
    }

    #[test]
    fn other_weights_are_refused_by_name() {
        let problem = |bytes: &[u8]| {
            warm_start(bytes, &Network::new(0).unwrap()).expect_err("these weights are bad").to_string()
        };
        let small = with(|name, view| match name {
            "rows" => TensorView::new(view.dtype(), vec![8, 64], &view.data()[..512]).ok(),
            _ => Some(view),
        });
        let message = problem(&small);
        assert!(
            message.contains("tensor rows is I8 [8, 64]") && message.contains("I8 [16384, 64]"),
            "{message}"
        );
        let partial = with(|name, view| (name != "layers.1.merge.weight").then_some(view));
        assert!(problem(&partial).contains("no tensor layers.1.merge.weight"));
        let partial = with(|name, view| (name != "query.weight").then_some(view));
        assert!(problem(&partial).contains("no tensor query.weight"));
    }
}
