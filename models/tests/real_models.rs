//! Real models: they are too large to be kept here, so a script fetches them and runs these tests
//! (`scripts/real-models.sh` SmolLM2, `scripts/model-fixtures/run` both).
#![allow(clippy::unwrap_used)]

use sayso_models::chat::Chat;
use sayso_models::checkpoint::{Checkpoint, Dtype, Quantization};
use sayso_models::gguf::import;
use sayso_models::tokenizer::Tokenizer;
use serde_json::Value;
use std::path::Path;
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

#[test]
#[ignore = "needs Qwen2's vocabulary: scripts/model-fixtures/run"]
fn qwen2() {
    let (_place, checkpoint, tokenizer, _) = imported("SAYSO_QWEN2");
    assert_eq!(checkpoint.config().vocab_size, 151_936);
    check_tokens(&tokenizer, "Qwen2");
}
