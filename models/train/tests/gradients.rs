//! Gradients of everything that can be trained, against finite differences, and the ways to compute
//! them against each other.
#![cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
#![allow(clippy::unwrap_used)]

use mlx_rs::error::Exception;
use mlx_rs::ops::indexing::{Ellipsis, TryIndexOp};
use mlx_rs::transforms::value_and_grad_with_argnums;
use mlx_rs::{Array, Dtype, ops, random};
use sayso_language::checkpoint::Checkpoint;
use sayso_language::mlx::delta::{self, Inputs};
use sayso_model_train::data::{Batches, Example, Layout, PAD};
use sayso_model_train::mlx::Trained;
use sayso_model_train::mlx::gradient::{Input, loss, loss_and_gradients};
use sayso_model_train::mlx::model::Model;
use sayso_model_train::recipe::{Adapter, Full};
use std::path::Path;

/// How far a gradient may be off, in parts of it.
const TOLERANCE: f64 = 1e-3;

const LAYOUT: Layout = Layout { batch: 3, as_mlx_lm: None, packed: None, pad: PAD, seed: 0 };

fn load(name: &str) -> Model {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../language/tests/fixtures/golden").join(name);
    Model::load(&Checkpoint::open(&folder).unwrap(), Dtype::Float32, false).unwrap()
}

/// Adapters whose every weight has a gradient.
fn adapted(model: &mut Model, magnitude: bool, dropout: f32) -> Trained {
    let adapter = Adapter { rank: 3, scale: 2.0, magnitude, dropout, ..Adapter::default() };
    let mut trained = model.adapt(&adapter, 1).unwrap();
    for (at, (name, array)) in trained.names.iter().zip(&mut trained.arrays).enumerate() {
        if name.ends_with("lora_b") {
            let key = random::key(at as u64).unwrap();
            *array = random::uniform::<_, f32>(-0.1, 0.1, array.shape(), &key).unwrap();
        }
    }
    trained
}

fn examples() -> Vec<Example> {
    let text = |from: u32, length: u32| (0..length).map(|at| (from + at * 37) % 160).collect();
    [(3, 9, 4), (50, 14, 6), (7, 5, 2)]
        .map(|(from, length, answer)| Example { tokens: text(from, length), answer })
        .to_vec()
}

fn input(layout: Layout) -> Input {
    Input::new(&Batches::new(&examples(), layout).unwrap().at(0))
}

/// A direction in the space of all weights of one tensor, of length one.
fn direction(shape: &[i32], seed: u64) -> Array {
    let key = random::key(seed).unwrap();
    let array = random::normal::<f32>(shape, None, None, &key).unwrap();
    let length = array.square().unwrap().sum(false).unwrap().sqrt().unwrap();
    array.divide(length).unwrap()
}

/// Compares the slope along a random direction, for each tensor, with the difference of two losses.
fn check(name: &str, model: &Model, trained: &Trained, dropout: Option<u64>) {
    let input = input(LAYOUT);
    let (_, gradients) = loss_and_gradients(model, &trained.arrays, &input, dropout, false).unwrap();
    // The larger of the two directions: along the gradient the slope is far from zero, along another
    // one it is small, and compared with the gradient's length.
    for (at, gradient) in gradients.iter().enumerate() {
        let length = gradient.square().unwrap().sum(false).unwrap().sqrt().unwrap().item_exact::<f32>();
        assert!(length > 0.0, "{name}: {} has no gradient", trained.names[at]);
        let steepest = gradient.divide(Array::from_f32(length)).unwrap();
        let mixed = steepest.add(direction(gradient.shape(), at as u64)).unwrap();
        let slope = f64::from(gradient.multiply(&mixed).unwrap().sum(false).unwrap().item_exact::<f32>());
        let at_step = |step: f32| {
            let mut arrays = trained.arrays.clone();
            arrays[at] = arrays[at].add(mixed.multiply(Array::from_f32(step)).unwrap()).unwrap();
            f64::from(loss(model, &arrays, &input, dropout).unwrap().item_exact::<f32>())
        };
        let weight = trained.arrays[at].square().unwrap().mean(false).unwrap().sqrt().unwrap();
        let size = (weight.item_exact::<f32>() * (gradient.size() as f32).sqrt()).max(0.1);
        let off =
            difference(&[0.01, 0.003, 0.03, 0.001, 0.1, 3e-4].map(|share| share * size), &at_step, |found| {
                (found - slope).abs() / slope.abs().max(f64::from(length))
            });
        assert!(off < TOLERANCE, "{name}: {} is off by {off} of {slope}", trained.names[at]);
    }
}

/// How far the best of several differences is off, at most until one is within the tolerance.
/// Rounding spoils short steps and curvature long ones, so several are tried.
fn difference(steps: &[f32], at_step: &dyn Fn(f32) -> f64, off: impl Fn(f64) -> f64) -> f64 {
    let mut best = f64::MAX;
    for step in steps {
        // Richardson: the differences of two steps, so that the error is of the fourth order.
        let central = |step: f32| (at_step(step) - at_step(-step)) / f64::from(2.0 * step);
        best = best.min(off((4.0 * central(step / 2.0) - central(*step)) / 3.0));
        if best < TOLERANCE {
            break;
        }
    }
    best
}

#[test]
fn of_adapters_over_each_architecture() {
    for name in ["llama-bf16", "qwen2-4bit", "qwen3-4bit", "qwen3-mixed", "qwen3_5-4bit", "qwen3_5-bf16"] {
        let mut model = load(name);
        let trained = adapted(&mut model, false, 0.0);
        check(name, &model, &trained, None);
    }
}

#[test]
fn of_adapters_with_dropout() {
    let mut model = load("qwen3-4bit");
    let trained = adapted(&mut model, false, 0.3);
    check("dropout", &model, &trained, Some(5));
    let input = input(LAYOUT);
    let with = |seed| loss(&model, &trained.arrays, &input, seed).unwrap().item_exact::<f32>();
    assert_eq!(with(Some(5)), with(Some(5)));
    assert!(with(Some(5)) != with(Some(6)) && with(Some(5)) != with(None));
}

/// DoRA takes the norm of the adapted matrix as a constant, so only the magnitudes have the true
/// slope of the loss.
#[test]
fn of_magnitudes() {
    for name in ["llama-bf16", "qwen3-4bit"] {
        let mut model = load(name);
        let all = adapted(&mut model, true, 0.0);
        let input = input(LAYOUT);
        let (_, gradients) = loss_and_gradients(&model, &all.arrays, &input, None, false).unwrap();
        for (at, own) in all.names.iter().enumerate().filter(|(_, own)| own.ends_with(".m")) {
            let gradient = &gradients[at];
            let length = gradient.square().unwrap().sum(false).unwrap().sqrt().unwrap().item_exact::<f32>();
            let steepest = gradient.divide(Array::from_f32(length)).unwrap();
            let at_step = |step: f32| {
                let mut arrays = all.arrays.clone();
                arrays[at] = arrays[at].add(steepest.multiply(Array::from_f32(step)).unwrap()).unwrap();
                f64::from(loss(&model, &arrays, &input, None).unwrap().item_exact::<f32>())
            };
            let off = difference(&[0.1, 0.03, 0.3], &at_step, |found| {
                (found - f64::from(length)).abs() / f64::from(length)
            });
            assert!(off < TOLERANCE, "{name}: {own} is off by {off}");
        }
    }
}

#[test]
fn of_every_weight() {
    for name in ["llama-bf16", "qwen3-bf16", "qwen3_5-bf16"] {
        let mut model = load(name);
        let trained = model.unfreeze(&Full::default()).unwrap();
        assert!(trained.names.iter().any(|name| name.ends_with("model.embed_tokens.weight")));
        check(name, &model, &trained, None);
    }
}

fn assert_same(what: &str, found: &(f32, Vec<Array>), expected: &(f32, Vec<Array>)) {
    assert!((found.0 - expected.0).abs() < 1e-4, "{what}: {} and {}", found.0, expected.0);
    for (at, (found, expected)) in found.1.iter().zip(&expected.1).enumerate() {
        let most = |array: Array| array.abs().unwrap().max(false).unwrap().item_exact::<f32>();
        let off = most(found.subtract(expected).unwrap());
        assert!(off <= 1e-3 * most(expected.clone()).max(1e-3), "{what}: gradient {at} is off by {off}");
    }
}

#[test]
fn layer_by_layer_they_are_the_same() {
    for name in ["qwen3-4bit", "qwen3_5-4bit"] {
        let mut model = load(name);
        let trained = adapted(&mut model, true, 0.2);
        let with =
            |layers| loss_and_gradients(&model, &trained.arrays, &input(LAYOUT), Some(3), layers).unwrap();
        assert_same(&format!("adapters of {name}"), &with(true), &with(false));
    }
    for name in ["qwen3-bf16", "qwen3_5-bf16"] {
        let mut model = load(name);
        let trained = model.unfreeze(&Full::default()).unwrap();
        let with =
            |layers| loss_and_gradients(&model, &trained.arrays, &input(LAYOUT), None, layers).unwrap();
        assert_same(&format!("all weights of {name}"), &with(true), &with(false));
    }
}

#[test]
fn packed_examples_do_not_see_each_other() {
    for name in ["llama-bf16", "qwen3_5-4bit", "qwen3_5-bf16"] {
        let mut model = load(name);
        let trained = adapted(&mut model, false, 0.0);
        let with = |packed| {
            let input = input(Layout { packed, ..LAYOUT });
            loss_and_gradients(&model, &trained.arrays, &input, None, false).unwrap()
        };
        assert_same(&format!("packed, {name}"), &with(Some(32)), &with(None));
    }
}

/// The recurrence of a gated delta-net as it is written down, token by token.
fn unrolled(inputs: &Inputs, state: &Array) -> Result<(Array, Array), Exception> {
    let (mut state, mut outs) = (state.clone(), Vec::new());
    for at in 0..inputs.keys.dim(-2) {
        // Each (…, 1, width)
        let of = |array: &Array| array.try_index((Ellipsis, at..=at, ..));
        let key = of(&inputs.keys)?;
        state = state.multiply(of(&inputs.decays)?.exp()?)?;
        let change = of(&inputs.values)?.subtract(key.matmul(&state)?)?.multiply(of(&inputs.betas)?)?;
        state = state.add(key.swap_axes(-1, -2)?.matmul(change)?)?;
        outs.push(of(&inputs.queries)?.matmul(&state)?);
    }
    Ok((ops::concatenate(&outs, -2)?, state))
}

/// Two rows, two key heads with two value heads each, and more tokens than one block has. Keys are
/// alike, as those of a trained model are, which is the hard case.
fn recurrence() -> Vec<Array> {
    let (tokens, keys, values) = (37, 8, 6);
    let normal =
        |shape: &[i32], seed| random::normal::<f32>(shape, None, None, &random::key(seed).unwrap()).unwrap();
    let unit = |array: Array| {
        let length = array.square().unwrap().sum_axis(-1, true).unwrap().sqrt().unwrap();
        array.divide(length).unwrap()
    };
    let alike = normal(&[2, 2, 1, tokens, keys], 2).add(Array::from_f32(1.5)).unwrap();
    let decays = normal(&[2, 2, 2, tokens, 1], 4).square().unwrap().multiply(Array::from_f32(-0.2)).unwrap();
    let betas = mlx_rs::nn::sigmoid(normal(&[2, 2, 2, tokens, 1], 5)).unwrap();
    vec![
        unit(normal(&[2, 2, 1, tokens, keys], 1)),
        unit(alike),
        normal(&[2, 2, 2, tokens, values], 3),
        decays,
        betas,
        normal(&[2, 2, 2, keys, values], 6),
    ]
}

/// A number that depends on all that a recurrence yields, and on the state after it.
fn of_all(out: &Array, state: &Array) -> Result<Vec<Array>, Exception> {
    let weighed = |array: &Array, seed| -> Result<Array, Exception> {
        let weights = random::normal::<f32>(array.shape(), None, None, &random::key(seed)?)?;
        array.multiply(weights)?.sum(false)
    };
    Ok(vec![weighed(out, 7)?.add(weighed(state, 8)?)?])
}

fn inputs(arguments: &[Array]) -> Inputs {
    let [queries, keys, values, decays, betas] = std::array::from_fn(|at| arguments[at].clone());
    Inputs { queries, keys, values, decays, betas }
}

#[test]
fn of_the_recurrence_at_once_and_token_by_token() {
    let arguments = recurrence();
    let all: Vec<i32> = (0..6).collect();
    let at_once = |arguments: &[Array]| -> Result<Vec<Array>, Exception> {
        let (out, state) = inputs(arguments).recur(Some(&arguments[5]), &delta::causal(37)?)?;
        of_all(&out, &state)
    };
    let token_by_token = |arguments: &[Array]| -> Result<Vec<Array>, Exception> {
        let (out, state) = unrolled(&inputs(arguments), &arguments[5])?;
        of_all(&out, &state)
    };
    let value = |values: Vec<Array>| values[0].item_exact::<f32>();
    let (found, gradients) = value_and_grad_with_argnums(at_once, &all[..])(&arguments).unwrap();
    let (expected, unrolled) = value_and_grad_with_argnums(token_by_token, &all[..])(&arguments).unwrap();
    assert_same("the recurrence", &(value(found), gradients.clone()), &(value(expected), unrolled));
    for (at, gradient) in gradients.iter().enumerate() {
        let direction = direction(gradient.shape(), at as u64);
        let slope = f64::from(gradient.multiply(&direction).unwrap().sum(false).unwrap().item_exact::<f32>());
        let length = gradient.square().unwrap().sum(false).unwrap().sqrt().unwrap().item_exact::<f32>();
        let at_step = |step: f32| {
            let mut moved = arguments.clone();
            moved[at] = moved[at].add(direction.multiply(Array::from_f32(step)).unwrap()).unwrap();
            f64::from(value(at_once(&moved[..]).unwrap()))
        };
        let off = difference(&[0.1, 0.03, 0.3, 0.01], &at_step, |found| {
            (found - slope).abs() / slope.abs().max(f64::from(length) * 0.1)
        });
        assert!(off < TOLERANCE, "argument {at} is off by {off} of {slope}");
    }
}
