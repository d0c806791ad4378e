//! Whole runs on a tiny random model: they learn, they can be continued, and what they write is
//! what is served.
#![cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
#![allow(clippy::unwrap_used)]

mod support;

use mlx_rs::ops::indexing::argmax;
use mlx_rs::{Array, Dtype};
use sayso_language::checkpoint::{Checkpoint, Quantization};
use sayso_language::tokenizer::Tokenizer;
use sayso_language::{Language, Options, chat::Chat};
use sayso_model_train::TrainError;
use sayso_model_train::data::{Batches, Example, Layout, PAD, Sets};
use sayso_model_train::log::{self, Entry};
use sayso_model_train::mlx::adapter::Origin;
use sayso_model_train::mlx::fuse::{Fused, Packing};
use sayso_model_train::mlx::gradient::{Input, loss};
use sayso_model_train::mlx::model::Model;
use sayso_model_train::mlx::pass::{Pass, Training};
use sayso_model_train::mlx::trainer::{How, Outcome, train};
use sayso_model_train::mlx::{quantize, tensors};
use sayso_model_train::recipe::Recipe;
use std::cell::Cell;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use support::Place;

fn how(full: bool, resume: bool) -> How<'static> {
    How { full, resume, stop: &|| false }
}

fn lora(recipe: &Recipe) -> Outcome {
    train(recipe, how(false, false)).unwrap()
}

fn mean(losses: &[f32]) -> f32 {
    losses.iter().sum::<f32>() / losses.len() as f32
}

/// What is wrong with a run.
fn fails(recipe: &Recipe) -> String {
    train(recipe, how(false, false)).unwrap_err().to_string()
}

#[test]
fn adapters_learn() {
    let place = Place::new(1);
    let outcome = lora(&place.recipe("run", 60, "exact_every = 30"));
    let (first, last) = (mean(&outcome.losses[..6]), mean(&outcome.losses[54..]));
    // Adapters over random weights can only do so much.
    assert!(last < first * 0.9, "the loss fell from {first} to {last} only");
    let output = place.path("run");
    for file in [
        "adapters.safetensors",
        "adapter_config.json",
        "trained_on.json",
        "held_out.jsonl",
        "log.jsonl",
        "curves.svg",
    ] {
        let mode = std::fs::metadata(output.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o044, 0o044, "others cannot read {file}");
    }
    let entries = log::parse(&std::fs::read_to_string(output.join("log.jsonl")).unwrap()).unwrap();
    let exact = entries.iter().filter(|entry| matches!(entry, Entry::Exact { lines: 6, .. })).count();
    let held = entries.iter().filter(|entry| matches!(entry, Entry::Validation { .. })).count();
    assert_eq!((exact, held), (2, 6));
    assert!(matches!(entries.last(), Some(Entry::End { iteration: 60, .. })));
    // Nothing is left of the folders that were written to measure exact match.
    let left: Vec<_> = std::fs::read_dir(&output).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with('.')), "{left:?}");
}

#[test]
fn every_weight_learns() {
    let place = Place::new(1);
    let outcome = train(&place.recipe("run", 40, ""), how(true, false)).unwrap();
    let (first, last) = (mean(&outcome.losses[..6]), mean(&outcome.losses[34..]));
    assert!(last < first * 0.6, "the loss fell from {first} to {last} only");
}

#[test]
fn a_continued_run_is_an_uninterrupted_one() {
    let place = Place::new(2);
    let more = "accumulation = 2\n[adapter]\ndropout = 0.1\nmagnitude = true\n[schedule]\ncourse = 'cosine'\nwarmup = 3";
    let whole = lora(&place.recipe("whole", 20, more)).losses;
    let recipe = place.recipe("parts", 20, more);
    // It is stopped while gradients are added up, so that a step is not complete.
    let asked = Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() > 7
    };
    let mut losses = train(&recipe, How { full: false, resume: false, stop: &stop }).unwrap().losses;
    assert_eq!(losses.len(), 7);
    losses.truncate(6);
    let rest = train(&recipe, how(false, true)).unwrap();
    losses.extend(&rest.losses);
    assert_eq!(losses, whole);
    let weights =
        |name: &str| tensors::read(&place.path(&format!("{name}/state/adapters.safetensors"))).unwrap();
    for ((name, one), other) in weights("whole").iter().zip(weights("parts").values()) {
        assert_eq!(one.as_slice::<f32>(), other.as_slice::<f32>(), "{name}");
    }
    // Another recipe is not a continuation.
    let other = place.recipe("parts", 20, "accumulation = 1");
    let error = train(&other, how(false, true)).unwrap_err().to_string();
    assert!(error.contains("its recipe was another one"), "{error}");
    let none = place.recipe("none", 20, "");
    assert!(train(&none, how(false, true)).unwrap_err().to_string().contains("no saved state"));
}

/// The logits of a model for a text, (1, width, vocab_size).
fn logits(model: &Model, trained: &[Array]) -> Array {
    let tokens: Vec<u32> = "list the files".bytes().map(u32::from).collect();
    let tokens = Array::from_slice(&tokens, &[1, tokens.len() as i32]);
    model.forward(&Pass { trained, seen: None, training: Training::default() }, &tokens).unwrap()
}

/// What a model writes after a prompt of its own, always the likeliest token.
fn greedy(model: &Model, trained: &[Array], prompt: u32) -> Vec<u32> {
    let mut tokens: Vec<u32> = (0..5).map(|at| (prompt * 31 + at * 17) % 256).collect();
    for _ in 0..8 {
        let input = Array::from_slice(&tokens, &[1, tokens.len() as i32]);
        let logits =
            model.forward(&Pass { trained, seen: None, training: Training::default() }, &input).unwrap();
        let last = logits.take_axis(Array::from_slice(&[tokens.len() as u32 - 1], &[1]), 1).unwrap();
        tokens.push(argmax(&last, false).unwrap().item_exact::<u32>());
    }
    tokens
}

fn load(folder: &Path) -> Model {
    Model::load(&Checkpoint::open(folder).unwrap(), Dtype::Float32, false).unwrap()
}

fn off(found: &Array, expected: &Array) -> f32 {
    found.subtract(expected).unwrap().abs().unwrap().max(false).unwrap().item_exact::<f32>()
}

#[test]
fn a_fused_model_is_its_base_with_adapters() {
    for more in
        ["", "[adapter]\nmagnitude = true\nlayers = 1\nprojections = ['self_attn.q_proj', 'mlp.up_proj']"]
    {
        let place = Place::new(3);
        lora(&place.recipe("run", 20, more));
        let mut model = load(&place.base());
        let trained = model.with_adapters(&place.path("run")).unwrap();
        let origin = Origin::open(&place.path("run")).unwrap().unwrap();
        origin.check(&place.path("run"), &place.base(), &Checkpoint::open(&place.base()).unwrap()).unwrap();
        let base = Checkpoint::open(&place.base()).unwrap();
        let fused = Fused {
            model: &model,
            trained: &trained,
            base: &place.base(),
            checkpoint: &base,
            origin: Some(&origin),
        };
        fused.write(&place.path("fused"), Packing::AsBase, Dtype::Float32).unwrap();
        let expected = logits(&model, &trained.arrays);
        assert!(off(&logits(&load(&place.base()), &[]), &expected) > 0.01, "the adapters do nothing");
        let again = load(&place.path("fused"));
        assert!(off(&logits(&again, &[]), &expected) < 1e-3);
        for prompt in 0..50 {
            assert_eq!(greedy(&again, &[], prompt), greedy(&model, &trained.arrays, prompt), "{prompt}");
        }
        // It is served, with the prompt of its training; another prompt is refused.
        Language::open(&place.path("fused"), &Options { threads: 1, positions: 300 }).unwrap();
        std::fs::write(place.path("fused/system_prompt.txt"), "Another.").unwrap();
        let error = Chat::open(&place.path("fused")).unwrap_err().to_string();
        assert!(error.contains("was trained with"), "{error}");
    }
}

#[test]
fn a_packed_base_is_trained_and_packed_again() {
    let place = Place::new(4);
    let quantization = Quantization { bits: 4, group_size: 32 };
    let done = quantize::quantize(&place.base(), &place.path("packed"), quantization).unwrap();
    assert_eq!((done.packed, done.plain.len()), (15, 0));
    let mut recipe = place.recipe("run", 20, "");
    recipe.base = place.path("packed");
    let outcome = lora(&recipe);
    assert!(mean(&outcome.losses[14..]) < mean(&outcome.losses[..6]));
    let mut model = load(&place.path("packed"));
    let trained = model.with_adapters(&place.path("run")).unwrap();
    let packed = Checkpoint::open(&place.path("packed")).unwrap();
    let base = &place.path("packed");
    let fused = Fused { model: &model, trained: &trained, base, checkpoint: &packed, origin: None };
    fused.write(&place.path("again"), Packing::AsBase, Dtype::Bfloat16).unwrap();
    let again = Checkpoint::open(&place.path("again")).unwrap();
    assert_eq!(again.quantization("model.layers.1.mlp.up_proj"), Some(quantization));
    fused.write(&place.path("plain"), Packing::Plain, Dtype::Float32).unwrap();
    let expected = logits(&model, &trained.arrays);
    assert!(off(&logits(&load(&place.path("plain")), &[]), &expected) < 1e-3);
    // All weights can be trained only over plain matrices.
    let error = train(&recipe, how(true, false)).unwrap_err().to_string();
    assert!(error.contains("set `dequantize = true`"), "{error}");
    recipe.dequantize = true;
    recipe.run.iterations = 2;
    train(&recipe, how(true, false)).unwrap();
    let error = quantize::quantize(&place.path("packed"), &place.path("twice"), quantization).unwrap_err();
    assert!(error.to_string().contains("is packed already"), "{error}");
    let seven = Quantization { bits: 7, group_size: 32 };
    assert!(quantize::quantize(&place.base(), &place.path("seven"), seven).is_err());
    assert!(!place.path("twice").exists() && !place.path("seven").exists());
}

/// The loss of the training examples.
fn loss_of(model: &Model, trained: &[Array], training: Training) -> f32 {
    let tokens: Vec<u32> = "list the files".bytes().map(u32::from).collect();
    let answer = 5;
    let examples = [Example { tokens, answer }];
    let layout = Layout { batch: 1, as_mlx_lm: None, packed: None, pad: 1, seed: 0 };
    let batch = Batches::new(&examples, layout).unwrap().at(0);
    loss(model, trained, &Input::new(&batch), training).unwrap().item_exact()
}

const ROUNDED: &str = "[rounding]\nbits = 3\ngroup_size = 32\nshare = 0.5";

#[test]
fn rounded_weights_are_those_of_the_packed_model() {
    let place = Place::new(5);
    let few = Quantization { bits: 3, group_size: 32 };
    let training = Training { dropout: None, rounding: Some(few) };
    for (name, full) in [("full", true), ("adapters", false)] {
        let recipe = place.recipe(name, 10, ROUNDED);
        train(&recipe, how(full, false)).unwrap();
        let mut model = load(&place.base());
        let trained = model.with_adapters(&place.path(name)).unwrap();
        let rounded = loss_of(&model, &trained.arrays, training);
        let checkpoint = Checkpoint::open(&place.base()).unwrap();
        let base = &place.base();
        let fused = Fused { model: &model, trained: &trained, base, checkpoint: &checkpoint, origin: None };
        let path = |what: &str| place.path(&format!("{name}-{what}"));
        fused.write(&path("plain"), Packing::Plain, Dtype::Float32).unwrap();
        quantize::quantize(&path("plain"), &path("packed"), few).unwrap();
        let packed = loss_of(&load(&path("packed")), &[], Training::default());
        // Adapters are trained on matrices; the embedding beside them stays as it is.
        let tolerance = if full { 1e-3 } else { 0.2 };
        assert!((rounded - packed).abs() < tolerance * packed, "{name}: {rounded}, packed {packed}");
        let plain = loss_of(&model, &trained.arrays, Training::default());
        assert!((plain - packed).abs() > 1e-4 * packed, "{name}: rounding to 3 bits changed nothing");
    }
}

#[test]
fn rounded_weights_learn_alike_on_both_backends() {
    let place = Place::new(5);
    let losses = |backend: &str| {
        let recipe = place.recipe(backend, 10, &format!("backend = '{backend}'\n{ROUNDED}"));
        train(&recipe, how(true, false)).unwrap().losses
    };
    let (own, mlx) = (losses("processor"), losses("mlx"));
    for (own, mlx) in own.iter().zip(&mlx) {
        assert!((own - mlx).abs() < 2e-3 * mlx, "{own}, not {mlx}");
    }
    let unrounded = train(&place.recipe("unrounded", 10, ""), how(true, false)).unwrap().losses;
    assert_eq!(unrounded[..5], own[..5]);
    assert_ne!(unrounded[6..], own[6..]);
}

#[test]
fn adapters_for_something_else_are_refused() {
    let place = Place::new(5);
    lora(&place.recipe("run", 5, ""));
    let origin = Origin::open(&place.path("run")).unwrap().unwrap();
    let check = |base: &Path| {
        let checkpoint = Checkpoint::open(base).unwrap();
        origin.check(&place.path("run"), base, &checkpoint).unwrap_err().to_string()
    };
    let other = Place::new(6);
    assert!(check(&other.base()).contains("are for another base"));
    let config = place.base().join("tokenizer_config.json");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("<|im_end|>\\n{% endfor", "<|im_end|>{% endfor")).unwrap();
    assert!(check(&place.base()).contains("are for another template"));
    let tokenizer = place.base().join("tokenizer.json");
    let text = std::fs::read_to_string(&tokenizer).unwrap();
    std::fs::write(&tokenizer, text.replace("\"1.0\"", "\"1.0\" ")).unwrap();
    assert!(check(&place.base()).contains("are for another tokenizer"));
    // Adapters of another width.
    let mut wide = load(&place.base());
    std::fs::write(
        place.path("run/adapter_config.json"),
        r#"{"fine_tune_type": "lora", "num_layers": 2, "lora_parameters": {"rank": 4, "scale": 20.0, "dropout": 0.0}}"#,
    )
    .unwrap();
    let error = wide.with_adapters(&place.path("run")).unwrap_err();
    assert!(matches!(error, TrainError::Foreign { what: "base", .. }), "{error}");
}

#[test]
fn a_loss_that_is_no_number_ends_the_run_and_keeps_the_last_good_state() {
    let place = Place::new(7);
    let mut recipe = place.recipe("run", 40, "");
    recipe.optimizer.learning_rate = 1e30;
    recipe.optimizer.name = sayso_model_train::recipe::OptimizerName::Sgd;
    let error = fails(&recipe);
    assert!(error.contains("is not a number") && error.contains("nothing had been saved"), "{error}");
    assert!(!place.path("run/state").exists() && !place.path("run/adapters.safetensors").exists());
}

#[test]
fn a_disk_that_is_full_is_named_and_nothing_is_lost() {
    let place = Place::new(8);
    lora(&place.recipe("run", 5, ""));
    let before = std::fs::read(place.path("run/state/progress.json")).unwrap();
    // A file where the next state would be written.
    std::fs::write(place.path("run/state.new"), "").unwrap();
    let error = train(&place.recipe("run", 10, ""), how(false, true)).unwrap_err().to_string();
    assert!(error.contains("what was saved before is unchanged"), "{error}");
    assert_eq!(std::fs::read(place.path("run/state/progress.json")).unwrap(), before);
}

#[test]
fn sets_that_teach_nothing_are_refused() {
    let place = Place::new(9);
    let data = place.path("data/train.jsonl");
    std::fs::write(&data, "{\"dictated\": \"ls\", \"expected\": \"ls\"}\n".repeat(30)).unwrap();
    assert!(fails(&place.recipe("run", 5, "")).contains("is mislabelled"));
    std::fs::write(&data, "\n").unwrap();
    assert!(fails(&place.recipe("run", 5, "")).contains("training set has no example"));
    std::fs::write(&data, "{\"dictated\": \"ls\"}\n").unwrap();
    assert!(fails(&place.recipe("run", 5, "")).contains("line 1: it needs `messages`"));
    let valid = std::fs::read_to_string(place.path("data/valid.jsonl")).unwrap();
    std::fs::write(&data, valid).unwrap();
    assert!(fails(&place.recipe("run", 5, "")).contains("6 taken out because they are held out too"));
}

#[test]
fn no_improvement_for_long_ends_the_run() {
    let place = Place::new(10);
    let mut recipe = place.recipe("run", 200, "patience = 2");
    recipe.run.validate_every = 2;
    // So small that nothing changes.
    recipe.optimizer.learning_rate = 1e-30;
    let outcome = lora(&recipe);
    assert!(outcome.reason.contains("nothing was better than iteration 2"), "{}", outcome.reason);
    assert_eq!(outcome.losses.len(), 6);
}

#[test]
fn memory_and_time_are_as_estimated() {
    let place = Place::new(11);
    for (more, full) in
        [("batch = 16", false), ("batch = 16", true), ("batch = 16\ncheckpointing = true", false)]
    {
        // Of the kernels the memory of the whole process counts, and a tiny model is lost in it.
        let more = &format!("{more}\nbackend = 'mlx'");
        let outcome = train(&place.recipe("run", 20, more), how(full, false)).unwrap();
        let share = outcome.bytes / outcome.expected.bytes;
        println!("{more} {full}: {} of {}", outcome.bytes, outcome.expected.bytes);
        assert!((0.75..1.25).contains(&share), "{more}, {full}: {share}");
        assert!(outcome.expected.seconds.is_some());
    }
}

#[test]
fn prompts_of_training_are_those_of_use() {
    let place = Place::new(12);
    let recipe = place.recipe("run", 5, "");
    let tokenizer =
        Tokenizer::open(&place.base(), Checkpoint::open(&place.base()).unwrap().config()).unwrap();
    let sets = Sets::open(&recipe.data, &place.base(), &tokenizer).unwrap();
    std::fs::write(place.base().join("system_prompt.txt"), "Do.\n").unwrap();
    let chat = Chat::open(&place.base()).unwrap();
    let example = &sets.train[0];
    assert_eq!(chat.prompt(&tokenizer, "say ls 0").unwrap(), example.tokens[..example.answer]);
    let answer = &example.tokens[example.answer..];
    assert_eq!(answer, [&tokenizer.encode("ls -0").unwrap()[..], &[257, 10]].concat());
    // What is learnt at first is the first token of the answer.
    let layout = Layout { batch: 1, as_mlx_lm: None, packed: None, pad: PAD, seed: 0 };
    let batch = Batches::new(&sets.train[..1], layout).unwrap().at(0);
    assert_eq!((batch.positions[0] as usize, &batch.targets[..]), (example.answer - 1, answer));
    let value = loss(&load(&place.base()), &[], &Input::new(&batch), None).unwrap().item_exact::<f32>();
    assert!((3.0..9.0).contains(&value), "{value}");
}
