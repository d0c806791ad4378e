//! The kernels against MLX: losses and gradients of every weight.
#![cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
#![allow(clippy::unwrap_used)]

use mlx_rs::{Array, Dtype, random};
use sayso_language::checkpoint::Checkpoint;
use sayso_model_train::data::{Batch, Batches, Example, Layout, PAD};
use sayso_model_train::kernels::{self, Precision};
use sayso_model_train::mlx::Trained;
use sayso_model_train::mlx::gradient::{Input, loss_and_gradients};
use sayso_model_train::mlx::model::Model;
use sayso_model_train::mlx::optimizer::Optimizer;
use sayso_model_train::mlx::processor::{Processor, own_model};
use sayso_model_train::recipe::{Adapter, Full, Recipe};
use std::path::{Path, PathBuf};

/// How far a loss and a gradient may be off, in parts of the loss and of the largest number of its tensor.
fn tolerance(precision: Precision) -> (f32, f32) {
    match precision {
        Precision::F32 => (1e-5, 1e-4),
        // A number has 8 bits there.
        Precision::Bf16 => (0.01, 0.05),
    }
}
const SCALE: f32 = 2.0;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../language/tests/fixtures/golden").join(name)
}

fn load(name: &str) -> (Checkpoint, Model) {
    let checkpoint = Checkpoint::open(&folder(name)).unwrap();
    let model = Model::load(&checkpoint, Dtype::Float32, true).unwrap();
    (checkpoint, model)
}

/// Three examples of unlike length, padded, or two of them in one row.
fn batch(packed: Option<usize>) -> Batch {
    let text = |from: u32, length: u32| (0..length).map(|at| (from + at * 37) % 160).collect();
    let examples = [(3, 9, 4), (50, 14, 6), (7, 5, 2)]
        .map(|(from, length, answer)| Example { tokens: text(from, length), answer });
    let layout = Layout { batch: 3, as_mlx_lm: None, packed, pad: PAD, seed: 0 };
    Batches::new(&examples, layout).unwrap().at(0)
}

fn numbers(array: &Array) -> Vec<f32> {
    array.as_dtype(Dtype::Float32).unwrap().contiguous().unwrap().to_vec_exact::<f32>().unwrap()
}

fn compare(what: &str, checkpoint: &Checkpoint, model: &Model, trained: &Trained, batch: &Batch) {
    for precision in [Precision::F32, Precision::Bf16] {
        compare_with(precision, &format!("{what}, {precision:?}"), checkpoint, model, trained, batch);
    }
}

fn compare_with(
    precision: Precision,
    what: &str,
    checkpoint: &Checkpoint,
    model: &Model,
    trained: &Trained,
    batch: &Batch,
) {
    let (loss_tolerance, tolerance) = tolerance(precision);
    let (expected, gradients) =
        loss_and_gradients(model, &trained.arrays, &Input::new(batch), None, false).unwrap();
    let own = own_model(checkpoint.config(), SCALE, precision, model, trained).unwrap();
    let weights: Vec<Vec<f32>> = trained.arrays.iter().map(numbers).collect();
    let weights: Vec<&[f32]> = weights.iter().map(Vec::as_slice).collect();
    // What stands there before must not matter.
    let mut found: Vec<Vec<f32>> = weights.iter().map(|weight| vec![7.0; weight.len()]).collect();
    let input = kernels::Input::new(batch);
    let loss = own.loss_and_gradients(&weights, &input, None, &mut found);
    assert!((loss - expected).abs() < loss_tolerance * expected, "{what}: {loss}, not {expected}");
    assert_eq!(own.loss(&weights, &input), loss, "{what}");
    for ((name, expected), found) in trained.names.iter().zip(&gradients).zip(&found) {
        let expected = numbers(expected);
        let largest = expected.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
        let off = expected.iter().zip(found).fold(0.0_f32, |off, (a, b)| off.max((a - b).abs()));
        assert!(largest > 0.0, "{what}: {name} has no gradient");
        assert!(off <= tolerance * largest, "{what}: {name} is off by {off} of {largest}");
    }
}

#[test]
fn of_every_weight_of_each_architecture() {
    for name in ["llama-bf16", "qwen2-4bit", "qwen3-4bit", "qwen3-mixed"] {
        for packed in [None, Some(16)] {
            let (checkpoint, mut model) = load(name);
            let trained = model.unfreeze(&Full::default()).unwrap();
            compare(&format!("{name}, {packed:?}"), &checkpoint, &model, &trained, &batch(packed));
        }
    }
}

#[test]
fn of_the_last_layer_alone() {
    let (checkpoint, mut model) = load("llama-bf16");
    let trained = model.unfreeze(&Full { layers: Some(1), embeddings: false }).unwrap();
    compare("last layer", &checkpoint, &model, &trained, &batch(None));
}

#[test]
fn of_adapters() {
    for name in ["llama-bf16", "qwen2-4bit", "qwen3-4bit"] {
        let (checkpoint, mut model) = load(name);
        let adapter = Adapter { rank: 3, scale: SCALE, ..Adapter::default() };
        let mut trained = model.adapt(&adapter, 1).unwrap();
        for (at, (name, array)) in trained.names.iter().zip(&mut trained.arrays).enumerate() {
            if name.ends_with("lora_b") {
                let key = random::key(at as u64).unwrap();
                *array = random::uniform::<_, f32>(-0.1, 0.1, array.shape(), &key).unwrap();
            }
        }
        compare(name, &checkpoint, &model, &trained, &batch(None));
    }
}

#[test]
fn what_the_kernels_cannot_compute_is_left_to_mlx() {
    let place = tempfile::TempDir::new().unwrap();
    let started = |name: &str, backend: &str| {
        let text = format!(
            "base = 'base'\noutput = 'output'\n[data]\ntrain = ['data']\nsystem_prompt = 'Do.'\n[run]\niterations = 1\nbackend = '{backend}'\n"
        );
        let path = place.path().join("recipe.toml");
        std::fs::write(&path, text).unwrap();
        let recipe = Recipe::open(&path).unwrap();
        let (checkpoint, mut model) = load(name);
        let trained = model.adapt(&recipe.adapter, 1).unwrap();
        let optimizer = Optimizer::new(&recipe.optimizer);
        Processor::new(&recipe, false, &checkpoint, &model, &trained, &optimizer)
    };
    assert!(started("qwen3-bf16", "processor").unwrap().is_some());
    assert!(started("qwen3_5-bf16", "auto").unwrap().is_none());
    let refused = started("qwen3_5-bf16", "processor").unwrap_err().to_string();
    assert!(refused.contains("cannot compute the gated delta-nets of Qwen3.5"), "{refused}");
}
