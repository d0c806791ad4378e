//! Folders that are made from a Qwen3.5, which has tensors that no other family has.
#![cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
#![allow(clippy::unwrap_used)]

use mlx_rs::{Array, Dtype, random};
use sayso_language::checkpoint::{self, Checkpoint, Quantization};
use sayso_model_train::data::{Batches, Example, Layout, PAD};
use sayso_model_train::mlx::Trained;
use sayso_model_train::mlx::fuse::{Fused, Packing};
use sayso_model_train::mlx::gradient::{Input, loss};
use sayso_model_train::mlx::model::Model;
use sayso_model_train::mlx::quantize::quantize;
use sayso_model_train::recipe::Adapter;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../language/tests/fixtures/golden").join(name)
}

fn loss_of(model: &Model, trained: &[Array]) -> f32 {
    let tokens = (0..30).map(|at| (3 + at * 37) % 160).collect();
    let layout = Layout { batch: 1, as_mlx_lm: None, packed: None, pad: PAD, seed: 0 };
    let batch = Batches::new(&[Example { tokens, answer: 10 }], layout).unwrap().at(0);
    loss(model, trained, &Input::new(&batch), None).unwrap().item_exact::<f32>()
}

#[test]
fn what_was_fused_computes_what_was_trained() {
    for name in ["qwen3_5-4bit", "qwen3_5-bf16"] {
        let base = folder(name);
        let checkpoint = Checkpoint::open(&base).unwrap();
        let mut model = Model::load(&checkpoint, Dtype::Float32, true).unwrap();
        let plain = loss_of(&model, &[]);
        let mut trained: Trained = model.adapt(&Adapter { rank: 3, ..Adapter::default() }, 1).unwrap();
        for (at, (name, array)) in trained.names.iter().zip(&mut trained.arrays).enumerate() {
            if name.ends_with("lora_b") {
                let key = random::key(at as u64).unwrap();
                *array = random::uniform::<_, f32>(-0.02, 0.02, array.shape(), &key).unwrap();
            }
        }
        let expected = loss_of(&model, &trained.arrays);
        assert!((expected - plain).abs() > 0.01, "{name}: the adapters change nothing");

        let place = TempDir::new().unwrap();
        let fused =
            Fused { model: &model, trained: &trained, base: &base, checkpoint: &checkpoint, origin: None };
        let target = place.path().join("fused");
        fused.write(&target, Packing::Plain, Dtype::Float32).unwrap();
        let found =
            loss_of(&Model::load(&Checkpoint::open(&target).unwrap(), Dtype::Float32, false).unwrap(), &[]);
        assert!((found - expected).abs() < 1e-4 * expected, "{name}: {found}, not {expected}");

        // As the base is packed, and with its numbers.
        let target = place.path().join("as-base");
        fused.write(&target, Packing::AsBase, Dtype::Bfloat16).unwrap();
        let again = Checkpoint::open(&target).unwrap();
        assert_eq!(again.names().collect::<Vec<_>>(), checkpoint.names().collect::<Vec<_>>());
        for tensor in again.names() {
            let (found, expected) = (again.tensor(tensor).unwrap(), checkpoint.tensor(tensor).unwrap());
            assert_eq!((found.dtype, found.shape), (expected.dtype, expected.shape), "{name}: {tensor}");
        }
    }
}

#[test]
fn it_is_packed_like_any_other() {
    let place = TempDir::new().unwrap();
    let target = place.path().join("packed");
    let done = quantize(&folder("qwen3_5-bf16"), &target, Quantization { bits: 8, group_size: 32 }).unwrap();
    // 96 inputs are three groups, but those of this one, 36, are no whole number.
    assert_eq!(done.plain, ["language_model.model.layers.0.linear_attn.out_proj"]);
    let packed = Checkpoint::open(&target).unwrap();
    let layer = "language_model.model.layers.0.linear_attn";
    assert!(packed.has(&format!("{layer}.in_proj_a.scales")));
    assert_eq!(packed.tensor(&format!("{layer}.A_log")).unwrap().dtype, checkpoint::Dtype::F32);
    let model = |checkpoint: &Checkpoint| Model::load(checkpoint, Dtype::Float32, false).unwrap();
    let plain = Checkpoint::open(&folder("qwen3_5-bf16")).unwrap();
    let (found, expected) = (loss_of(&model(&packed), &[]), loss_of(&model(&plain), &[]));
    assert!((found - expected).abs() < 0.02 * expected, "{found}, not {expected}");
}
