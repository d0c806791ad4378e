//! Training is that of `mlx_lm`: the same losses and the same weights from the same start, on small
//! random models (`scripts/train-golden/make.py`).
#![cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
#![allow(clippy::unwrap_used)]

use mlx_rs::{Array, Dtype};
use sayso_language::checkpoint::Checkpoint;
use sayso_model_train::data::{Batches, Example, Layout, PAD};
use sayso_model_train::mlx::gradient::{Input, loss_and_gradients};
use sayso_model_train::mlx::model::Model;
use sayso_model_train::mlx::optimizer::Optimizer;
use sayso_model_train::mlx::{Trained, tensors};
use sayso_model_train::recipe::{self, Adapter, Full, OptimizerName};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden").join(name)
}

/// What the fixture says about an optimizer.
fn optimizer(case: &Value) -> recipe::Optimizer {
    let number = |name: &str| case["settings"][name].as_f64().map(|number| number as f32);
    let name: OptimizerName = serde_json::from_value(case["optimizer"].clone()).unwrap();
    recipe::Optimizer {
        name,
        learning_rate: case["rate"].as_f64().unwrap() as f32,
        weight_decay: number("weight_decay"),
        momentum: number("momentum"),
        bias_correction: case["settings"]["bias_correction"] == true,
        ..recipe::Optimizer::default()
    }
}

fn examples(case: &Value) -> Vec<Example> {
    let example = |value: &Value| Example {
        tokens: serde_json::from_value(value["tokens"].clone()).unwrap(),
        answer: value["answer"].as_u64().unwrap() as usize,
    };
    case["examples"].as_array().unwrap().iter().map(example).collect()
}

/// A model of the fixtures of `sayso-language`, with what a case trains.
fn model(case: &Value) -> (Model, Trained) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../language/tests/fixtures/golden");
    let checkpoint = Checkpoint::open(&folder.join(case["model"].as_str().unwrap())).unwrap();
    let mut model = Model::load(&checkpoint, Dtype::Float32, false).unwrap();
    let trained = match case["kind"].as_str().unwrap() {
        "full" => model.unfreeze(&Full { layers: Some(1), embeddings: false }).unwrap(),
        kind => {
            let adapter = Adapter { rank: 4, magnitude: kind == "dora", ..Adapter::default() };
            model.adapt(&adapter, 0).unwrap()
        }
    };
    (model, trained)
}

/// The largest difference of two arrays, in parts of the largest number.
fn off(found: &Array, expected: &Array) -> f32 {
    let most = |array: Array| array.abs().unwrap().max(false).unwrap().item_exact::<f32>();
    assert_eq!(found.shape(), expected.shape());
    most(found.subtract(expected).unwrap()) / most(expected.clone()).max(1e-6)
}

fn check(name: &str, checkpointing: bool) {
    let case: Value =
        serde_json::from_str(&std::fs::read_to_string(fixture(&format!("{name}.json"))).unwrap()).unwrap();
    let weights = tensors::read(&fixture(&format!("{name}.safetensors"))).unwrap();
    let (model, mut trained) = model(&case);
    // The names are those of mlx_lm, no more and no fewer.
    let mut names: Vec<String> = trained.names.iter().map(|name| format!("start.{name}")).collect();
    names.sort();
    let expected: Vec<&String> = weights.keys().filter(|name| name.starts_with("start.")).collect();
    assert_eq!(names.iter().collect::<Vec<_>>(), expected, "{name}");
    for (own, array) in trained.names.iter().zip(&mut trained.arrays) {
        let start = weights[&format!("start.{own}")].clone();
        if own.ends_with(".m") {
            assert!(off(array, &start) < 1e-6, "{name}: {own} is another magnitude");
        }
        assert_eq!(array.shape(), start.shape(), "{name}: {own}");
        *array = start;
    }
    let layout = Layout {
        batch: case["batch"].as_u64().unwrap() as usize,
        as_mlx_lm: Some(64),
        packed: None,
        pad: PAD,
        seed: case["seed"].as_u64().unwrap(),
    };
    let mut batches = Batches::new(&examples(&case), layout).unwrap();
    let recipe = optimizer(&case);
    let mut optimizer = Optimizer::new(&recipe);
    let accumulation = case["accumulation"].as_u64().unwrap() as usize;
    let mut sums: Option<Vec<Array>> = None;
    let mut worst = 0.0_f64;
    for (iteration, expected) in case["losses"].as_array().unwrap().iter().enumerate() {
        let input = Input::new(&batches.get(iteration));
        let (loss, gradients) =
            loss_and_gradients(&model, &trained.arrays, &input, None, checkpointing).unwrap();
        let expected = expected.as_f64().unwrap();
        worst = worst.max((f64::from(loss) - expected).abs() / expected);
        assert!(worst < 1e-4, "{name}, iteration {iteration}: {loss}, not {expected}");
        sums = Some(match sums {
            None => gradients,
            Some(sums) => sums.iter().zip(gradients).map(|(sum, new)| sum.add(new).unwrap()).collect(),
        });
        if (iteration + 1) % accumulation == 0 {
            let share = Array::from_f32(1.0 / accumulation as f32);
            let mean = sums.take().unwrap().iter().map(|sum| sum.multiply(&share).unwrap()).collect();
            optimizer.step(&mut trained, mean, recipe.learning_rate).unwrap();
        }
    }
    let mut furthest = 0.0_f32;
    for (own, array) in trained.names.iter().zip(&trained.arrays) {
        let off = off(array, &weights[&format!("end.{own}")]);
        assert!(off < 1e-3, "{name}: {own} is off by {off}");
        furthest = furthest.max(off);
    }
    println!("{name}: losses off by {worst:.1e} at most, weights by {furthest:.1e}");
}

#[test]
fn lora_is_that_of_mlx_lm() {
    check("lora", false);
}

#[test]
fn dora_is_that_of_mlx_lm() {
    check("dora", false);
}

#[test]
fn lora_over_few_bits_is_that_of_mlx_lm() {
    check("qlora", false);
}

#[test]
fn dora_over_few_bits_is_that_of_mlx_lm() {
    check("qdora", false);
}

#[test]
fn full_tuning_is_that_of_mlx_lm() {
    check("full", false);
}

#[test]
fn muon_is_that_of_mlx() {
    check("muon", false);
}

#[test]
fn accumulation_is_that_of_mlx_lm() {
    check("accumulated", false);
}

#[test]
fn lora_over_gated_delta_nets_is_that_of_mlx_lm() {
    check("hybrid", false);
}

#[test]
fn checkpointing_changes_nothing() {
    for name in ["lora", "dora", "qlora", "full", "hybrid"] {
        check(name, true);
    }
}
