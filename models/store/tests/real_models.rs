//! Real models: they are too large to be kept here, so a script fetches them and runs these tests
//! (`scripts/real-models.sh` SmolLM2, `scripts/model-fixtures/run` both).
#![allow(clippy::unwrap_used)]

use safetensors::SafeTensors;
use sayso_language::chat::Chat;
use sayso_language::checkpoint::{Checkpoint, Dtype, Quantization};
use sayso_language::cpu;
#[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
use sayso_language::mlx;
use sayso_language::tokenizer::Tokenizer;
use sayso_store::gguf::import;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// What `tokenizers` makes of the texts, by the name of the vocabulary.
fn expected() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tokens.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The model that a variable names, imported.
fn imported(variable: &str) -> (TempDir, Checkpoint, Tokenizer, Chat) {
    let file = std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} names no GGUF file"));
    let place = TempDir::new().unwrap();
    let folder = place.path().join("model");
    import(Path::new(&file), &folder).unwrap();
    let checkpoint = Checkpoint::open(&folder).unwrap();
    let tokenizer = Tokenizer::open(&folder, checkpoint.config()).unwrap();
    let chat = Chat::open(&folder).unwrap();
    (place, checkpoint, tokenizer, chat)
}

fn check_tokens(tokenizer: &Tokenizer, name: &str) {
    let expected = expected();
    let texts = expected["texts"].as_array().unwrap();
    assert_eq!(texts.len(), 300);
    for (text, expected) in texts.iter().zip(expected[name].as_array().unwrap()) {
        let text = text.as_str().unwrap();
        let found = tokenizer.encode(text).unwrap();
        assert_eq!(serde_json::to_value(found).unwrap(), *expected, "{text:?}");
    }
}

#[test]
#[ignore = "needs SmolLM2-135M-Instruct: scripts/real-models.sh"]
fn smollm2() {
    let (_place, checkpoint, tokenizer, chat) = imported("SAYSO_SMOLLM2");
    let packed = |bits| Some(Quantization { bits, group_size: 32 });
    assert_eq!(checkpoint.quantization("model.embed_tokens"), packed(8));
    assert_eq!(checkpoint.quantization("model.layers.29.mlp.down_proj"), packed(4));
    assert_eq!(checkpoint.tensor("model.norm.weight").unwrap().dtype, Dtype::F16);
    check_tokens(&tokenizer, "SmolLM2");
    let expected = expected();
    let prompts = expected["SmolLM2 prompts"].as_array().unwrap();
    let mut compared = 0;
    for (text, prompt) in expected["texts"].as_array().unwrap().iter().zip(prompts) {
        let text = text.as_str().unwrap();
        if tokenizer.special_in(text).is_none() {
            assert_eq!(
                serde_json::to_value(chat.prompt(&tokenizer, text).unwrap()).unwrap(),
                *prompt,
                "{text:?}"
            );
            compared += 1;
        }
    }
    assert!(compared > 10);
}

/// Tokens that are written behind each prompt at most.
const LIMIT: usize = 32;

/// What one implementation makes of all prompts.
struct Written {
    /// The logits before the first token, by prompt: (vocab_size)
    logits: Vec<Vec<f32>>,
    /// What it writes, by prompt.
    tokens: Vec<Vec<u32>>,
}

/// What `mlx_lm` writes, in a Python that has it.
fn by_mlx_lm(place: &Path, prompts: &[Vec<u32>], end: u32) -> Written {
    let python = std::env::var_os("SAYSO_PYTHON").expect("SAYSO_PYTHON names no Python with mlx_lm");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/real-models/write.py");
    let (asked, answer) = (place.join("prompts.json"), place.join("written.safetensors"));
    std::fs::write(&asked, serde_json::to_vec(prompts).unwrap()).unwrap();
    let mut command = Command::new(python);
    command.arg(script).args([&place.join("model"), &asked, &answer]);
    assert!(command.args([LIMIT.to_string(), end.to_string()]).status().unwrap().success());
    let bytes = std::fs::read(answer).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let words = |name: &str| -> Vec<Vec<u32>> {
        let tensor = tensors.tensor(name).unwrap();
        let words: Vec<u32> =
            tensor.data().as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
        words.chunks(tensor.shape()[1]).map(<[u32]>::to_vec).collect()
    };
    let written = |tokens: Vec<u32>| tokens.into_iter().take_while(|token| *token != end).collect();
    let floats = |bits: Vec<u32>| bits.into_iter().map(f32::from_bits).collect();
    Written {
        logits: words("logits").into_iter().map(floats).collect(),
        tokens: words("tokens").into_iter().map(written).collect(),
    }
}

/// How far `found` is from `expected`, in parts of its length.
fn off(found: &[f32], expected: &[f32]) -> f32 {
    let norm = |x: &mut dyn Iterator<Item = f32>| x.map(|x| x * x).sum::<f32>().sqrt();
    norm(&mut found.iter().zip(expected).map(|(a, b)| a - b)) / norm(&mut expected.iter().copied())
}

/// Prints how two implementations differ, and holds them to the bar: the same text for 45 of 50 prompts, first logits
/// that differ by a hundredth at most.
fn compare(name: &str, found: &Written, expected: &Written) {
    let logits = found.logits.iter().zip(&expected.logits);
    let worst = logits.map(|(found, expected)| off(found, expected)).fold(0.0, f32::max);
    let mut same = 0;
    for (number, (found, expected)) in found.tokens.iter().zip(&expected.tokens).enumerate() {
        if found == expected {
            same += 1;
        } else {
            let at = found.iter().zip(expected).take_while(|(a, b)| a == b).count();
            println!("{name}: prompt {number} differs from token {at} on");
        }
    }
    println!(
        "{name}: {same} of {} texts the same, first logits off by {worst:.1e} at most",
        found.tokens.len()
    );
    assert!(same >= 45, "{name}");
    assert!(worst < 1e-2, "{name}");
}

#[test]
#[ignore = "needs SmolLM2-135M-Instruct and mlx_lm: scripts/real-models.sh"]
fn smollm2_is_the_same_in_all_decoders() {
    let (place, checkpoint, tokenizer, chat) = imported("SAYSO_SMOLLM2");
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lab/cases/free.jsonl");
    let cases = std::fs::read_to_string(cases).unwrap();
    let prompt = |case: &str| {
        let case: Value = serde_json::from_str(case).unwrap();
        chat.prompt(&tokenizer, case["dictated"].as_str().unwrap()).unwrap()
    };
    let prompts: Vec<Vec<u32>> = cases.lines().take(50).map(prompt).collect();
    let end = tokenizer.end();
    let expected = by_mlx_lm(place.path(), &prompts, end);
    // A prompt that is answered by nothing would tell nothing.
    assert!(expected.tokens.iter().all(|tokens| !tokens.is_empty()));
    let never = || false;

    for exact in [false, true] {
        let options = cpu::Options { exact, ..cpu::Options::default() };
        let mut decoder = cpu::Decoder::new(&checkpoint, options).unwrap();
        let mut found = Written { logits: Vec::new(), tokens: Vec::new() };
        for prompt in &prompts {
            decoder.prefill(prompt, &never).unwrap();
            found.logits.push(decoder.logits().unwrap().to_vec());
            found.tokens.push(decoder.greedy(prompt, LIMIT, &[end], &never).unwrap());
        }
        compare(if exact { "cpu, exact" } else { "cpu" }, &found, &expected);
    }

    #[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
    {
        let options = mlx::Options { exact: true, ..mlx::Options::default() };
        let mut decoder = mlx::Decoder::new(&checkpoint, options).unwrap();
        let mut found = Written { logits: Vec::new(), tokens: Vec::new() };
        for prompt in &prompts {
            decoder.prefill(prompt, &never).unwrap();
            found.logits.push(decoder.logits().unwrap().unwrap().to_vec());
            found.tokens.push(decoder.greedy(prompt, LIMIT, &[end], &never).unwrap());
        }
        compare("mlx, with 32-bit numbers", &found, &expected);
    }
}

#[test]
#[ignore = "needs Qwen2's vocabulary: scripts/model-fixtures/run"]
fn qwen2() {
    let (_place, checkpoint, tokenizer, _) = imported("SAYSO_QWEN2");
    assert_eq!(checkpoint.config().vocab_size, 151_936);
    check_tokens(&tokenizer, "Qwen2");
}
