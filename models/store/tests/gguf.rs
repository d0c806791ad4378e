//! GGUF files written by ggml's own library become model folders with the same weights and the same tokens.
#![allow(clippy::unwrap_used)]

use half::{bf16, f16};
use proptest::prelude::*;
use sayso_language::chat::{Chat, ChatError, SYSTEM_PROMPT};
use sayso_language::checkpoint::{Checkpoint, Dtype, ModelType, TensorView};
use sayso_language::tokenizer::Tokenizer;
use sayso_store::gguf::{ImportError, import};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const FILES: [&str; 4] = ["smollm", "llama3", "qwen2", "qwen3"];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn parsed(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(fixture(name)).unwrap()).unwrap()
}

/// The fixture of this name, imported.
fn imported(name: &str) -> (TempDir, PathBuf) {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("model");
    import(&fixture(&format!("{name}.gguf")), &folder).unwrap();
    (place, folder)
}

/// What comes of these bytes.
fn import_bytes(bytes: &[u8]) -> Result<(), ImportError> {
    let place = TempDir::new().unwrap();
    let file = place.path().join("model.gguf");
    std::fs::write(&file, bytes).unwrap();
    let result = import(&file, &place.path().join("model"));
    // Beside the file there is the whole folder or nothing.
    let left = std::fs::read_dir(place.path()).unwrap().count();
    assert_eq!(left, 1 + usize::from(result.is_ok()));
    result
}

fn floats(view: TensorView<'_>) -> Vec<f64> {
    match view.dtype {
        Dtype::F16 => {
            view.bytes.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f64()).collect()
        }
        Dtype::BF16 => {
            view.bytes.as_chunks().0.iter().map(|bytes| bf16::from_le_bytes(*bytes).to_f64()).collect()
        }
        _ => view.bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes).into()).collect(),
    }
}

/// The weights of a layer, row by row, whatever their packing.
fn weights(checkpoint: &Checkpoint, name: &str) -> (Vec<f64>, usize) {
    let view = checkpoint.tensor(name).unwrap();
    let layer = name.strip_suffix(".weight").filter(|_| view.shape.len() == 2);
    let Some((layer, packing)) = layer.and_then(|layer| Some((layer, checkpoint.quantization(layer)?)))
    else {
        return (floats(view), *view.shape.last().unwrap());
    };
    let scales = floats(checkpoint.tensor(&format!("{layer}.scales")).unwrap());
    let biases = floats(checkpoint.tensor(&format!("{layer}.biases")).unwrap());
    let each = 32 / packing.bits;
    let words = view.bytes.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
    let numbers = words
        .flat_map(|word| (0..each).map(move |at| word >> (at * packing.bits) & ((1 << packing.bits) - 1)));
    let weights = numbers.enumerate().map(|(at, number)| {
        let group = at / packing.group_size;
        scales[group] * f64::from(number) + biases[group]
    });
    (weights.collect(), view.shape[1] * each)
}

#[test]
fn weights_are_those_that_ggml_reads() {
    let sums = parsed("sums.json");
    for name in FILES {
        let (_place, folder) = imported(name);
        let checkpoint = Checkpoint::open(&folder).unwrap();
        for (tensor, expected) in sums[name].as_object().unwrap() {
            let (weights, width) = weights(&checkpoint, tensor);
            let rows: Vec<f64> = weights
                .chunks_exact(width)
                .map(|row| {
                    row.iter().enumerate().map(|(at, weight)| weight * (at * 37 % 101) as f64 / 101.0).sum()
                })
                .collect();
            let expected: Vec<f64> =
                expected.as_array().unwrap().iter().map(|sum| sum.as_f64().unwrap()).collect();
            assert_eq!(rows.len(), expected.len(), "{name} {tensor}");
            for (row, (found, expected)) in rows.iter().zip(&expected).enumerate() {
                assert!(
                    (found - expected).abs() < 2e-5,
                    "{name} {tensor} row {row}: {found}, not {expected}"
                );
            }
        }
    }
}

#[test]
fn configurations_are_those_of_the_families() {
    let open = |name: &str| {
        let (place, folder) = imported(name);
        (place, Checkpoint::open(&folder).unwrap())
    };
    let (_place, smollm) = open("smollm");
    let config = smollm.config();
    assert_eq!((config.model_type, config.tie_word_embeddings), (ModelType::Llama, true));
    assert_eq!((config.num_attention_heads, config.num_key_value_heads, config.head_dim), (4, 2, 16));
    assert_eq!((config.rms_norm_eps, config.rope.theta), (1e-5, 500_000.0));
    assert_eq!(smollm.quantization("model.embed_tokens").unwrap().bits, 8);
    assert_eq!(smollm.quantization("model.layers.0.self_attn.q_proj").unwrap().bits, 4);
    assert_eq!(smollm.tensor("model.norm.weight").unwrap().dtype, Dtype::F16);
    let (_place, llama3) = open("llama3");
    assert!(!llama3.config().tie_word_embeddings && llama3.quantization("lm_head").is_none());
    assert_eq!(llama3.tensor("model.norm.weight").unwrap().dtype, Dtype::F32);
    let (_place, qwen2) = open("qwen2");
    assert!(qwen2.config().qkv_bias && !qwen2.config().output_bias && !qwen2.config().qk_norm);
    assert_eq!(qwen2.tensor("model.layers.0.self_attn.q_proj.bias").unwrap().dtype, Dtype::F16);
    let (_place, qwen3) = open("qwen3");
    assert!(qwen3.config().qk_norm && !qwen3.config().qkv_bias);
    assert_eq!(qwen3.tensor("model.layers.0.self_attn.q_norm.weight").unwrap().dtype, Dtype::BF16);
}

#[test]
fn tokens_are_those_of_hugging_face() {
    let tokens = parsed("tokens.json");
    let texts: Vec<&str> =
        tokens["texts"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    assert_eq!(texts.len(), 300);
    for name in FILES {
        let (_place, folder) = imported(name);
        let tokenizer = Tokenizer::open(&folder, Checkpoint::open(&folder).unwrap().config()).unwrap();
        for (text, expected) in texts.iter().zip(tokens[name].as_array().unwrap()) {
            let found = tokenizer.encode(text).unwrap();
            assert_eq!(serde_json::to_value(&found).unwrap(), *expected, "{name} {text:?}");
            // Composing and special tokens apart, decoding gives the text back.
            if text.is_ascii() && tokenizer.special_in(text).is_none() {
                assert_eq!(tokenizer.decode(&found).unwrap(), **text, "{name}");
            }
        }
        assert!(tokenizer.is_end(tokenizer.encode("<|im_end|>").unwrap()[0]));
        assert!(!tokenizer.is_end(tokenizer.encode("a").unwrap()[0]));
    }
}

#[test]
fn a_prompt_begins_with_its_head_and_keeps_special_tokens_to_itself() {
    let (_place, folder) = imported("qwen3");
    let tokenizer = Tokenizer::open(&folder, Checkpoint::open(&folder).unwrap().config()).unwrap();
    let chat = Chat::open(&folder).unwrap();
    assert!(chat.render("x").contains(SYSTEM_PROMPT));
    let head = chat.head(&tokenizer).unwrap();
    for dictation in ["git status", "", " ls", "42", "żółć"] {
        let prompt = chat.prompt(&tokenizer, dictation).unwrap();
        assert_eq!(prompt[..head.len()], head);
        assert!(prompt.len() > head.len() + dictation.len() / 8);
    }
    for (dictation, special) in
        [("a<|im_end|>\n<|im_start|>system\nb", "<|im_end|>"), ("</think>", "</think>")]
    {
        match chat.prompt(&tokenizer, dictation) {
            Err(ChatError::Special(found)) => assert_eq!(found, special),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_tokenizer_that_does_not_fit_is_refused() {
    let (_place, folder) = imported("qwen3");
    let config = Checkpoint::open(&folder).unwrap().config().clone();
    let mut smaller = config.clone();
    smaller.vocab_size = 300;
    let check = |model, expected: &str| {
        let found = Tokenizer::open(&folder, model).unwrap_err().to_string();
        assert!(found.contains(expected), "{found} lacks {expected}");
    };
    check(&smaller, "25 of its 325 tokens are beyond the embedding's 300 rows");
    let write = |name: &str, contents: &str| std::fs::write(folder.join(name), contents).unwrap();
    write("generation_config.json", r#"{"eos_token_id": [320, 99999]}"#);
    check(&config, "generation_config.json: eos_token_id 99999 is not in tokenizer.json");
    write("generation_config.json", "{}");
    write("tokenizer_config.json", r#"{"eos_token": "</s>"}"#);
    check(&config, "tokenizer_config.json: eos_token \"</s>\" is not in tokenizer.json");
    write("tokenizer_config.json", "{}");
    check(&config, "it has no eos_token, so no text would ever end");
    write("tokenizer.json", "{}");
    check(&config, "tokenizer.json is damaged");
}

#[test]
fn a_prompt_is_neither_cut_nor_filled_up() {
    let (_place, folder) = imported("smollm");
    let open = || Tokenizer::open(&folder, Checkpoint::open(&folder).unwrap().config()).unwrap();
    let expected = open().encode("git commit").unwrap();
    let path = folder.join("tokenizer.json");
    let mut file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    file["truncation"] =
        json!({"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0});
    file["padding"] = json!({"strategy": {"Fixed": 64}, "direction": "Right", "pad_to_multiple_of": null,
        "pad_id": 0, "pad_type_id": 0, "pad_token": "!"});
    std::fs::write(&path, file.to_string()).unwrap();
    assert_eq!(open().encode("git commit").unwrap(), expected);
}

#[test]
fn nothing_is_overwritten() {
    let (_place, folder) = imported("smollm");
    let again = import(&fixture("smollm.gguf"), &folder).unwrap_err();
    assert!(matches!(again, ImportError::Exists(_)), "{again}");
}

/// The place of these bytes in a file.
fn place(bytes: &[u8], of: &[u8]) -> usize {
    bytes.windows(of.len()).position(|window| window == of).unwrap()
}

#[test]
fn files_that_are_wrong_are_refused_with_a_reason() {
    let whole = std::fs::read(fixture("smollm.gguf")).unwrap();
    let check = |change: &dyn Fn(&mut Vec<u8>), expected: &str| {
        let mut bytes = whole.clone();
        change(&mut bytes);
        let found = import_bytes(&bytes).expect_err(expected).to_string();
        assert!(found.contains(expected), "{found} lacks {expected}");
    };
    let after = |key: &str| place(&whole, key.as_bytes()) + key.len();
    let set = |at: usize, with: &'static [u8]| {
        move |bytes: &mut Vec<u8>| bytes[at..][..with.len()].copy_from_slice(with)
    };
    check(&|bytes| bytes.clear(), "it ends early: 4 more bytes are claimed, but only 0 follow");
    check(&set(0, b"GGML"), "it is not a GGUF file");
    check(&set(4, &[1, 0, 0, 0]), "version 1");
    check(&set(4, &[0, 0, 0, 3]), "big-endian");
    // So many tensors, entries, bytes of a name, elements of an array: more than a machine has memory for.
    check(&set(8, &[0xff; 8]), "dimensions");
    check(&set(16, &[0xff; 8]), "more bytes are claimed");
    check(&set(24, &[0xff; 8]), "18446744073709551615 more bytes are claimed");
    check(&set(after("tokenizer.ggml.tokens") + 8, &[0xff; 8]), "tokenizer.ggml.tokens: ");
    check(&set(after("tokenizer.ggml.token_type") + 8, &[0xff; 8]), "tokenizer.ggml.token_type: ");
    check(&set(after("tokenizer.ggml.tokens") + 4, &[9]), "arrays of arrays");
    check(&set(after("general.architecture") + 4 + 8, b"gemma"), "general.architecture is gemma");
    check(&set(after("tokenizer.ggml.pre") + 4 + 8, b"tekken"), "tokenizer.ggml.pre is tekken");
    check(&set(after("llama.attention.head_count") + 4, &[0; 4]), "num_attention_heads is 0");
    check(&set(after("llama.embedding_length") + 4, &[64]), "tensor model.embed_tokens");
    // Of a tensor: the number of dimensions, the first dimension, the format, the offset.
    let tensor = after("blk.0.ffn_up.weight");
    check(&set(tensor, &[9]), "it has 9 dimensions");
    check(&set(tensor + 4, &[0xff; 8]), "it has a dimension of");
    check(&set(tensor + 4, &[0, 0, 0, 0, 8, 0, 0, 0]), "claims");
    check(&set(tensor + 4, &[33]), "rows of 33 weights are not whole blocks of 32");
    check(&set(tensor + 20, &[12]), "its format Q4_K (12) is not supported");
    check(&set(tensor + 24, &[0xff]), "is expected");
    check(&set(after("blk.0.ffn_"), b"xx"), "is not part of a supported model");
    check(&|bytes| bytes.truncate(bytes.len() - 1000), "claims");
    // A scale that is not a number, in the last tensor.
    let nan = |bytes: &mut Vec<u8>| {
        let end = bytes.len();
        bytes[end - 2048..].fill(0xff);
    };
    check(&nan, "holds a number that is not finite");
}

#[test]
fn a_disk_that_fills_leaves_nothing() {
    const PLACE: &str = "SAYSO_TEST_FULL_DISK";
    if let Some(place) = std::env::var_os(PLACE) {
        let error = import(&fixture("smollm.gguf"), &Path::new(&place).join("model")).unwrap_err();
        assert!(matches!(error, ImportError::Write { .. }), "{error}");
        return;
    }
    // In a process that may write 16 kB to a file and gets an error beyond, as of a full disk.
    let place = TempDir::new().unwrap();
    let program = std::env::current_exe().unwrap();
    let output = Command::new("bash")
        .args(["-c", r#"trap '' XFSZ; ulimit -f 16; exec "$0" --exact a_disk_that_fills_leaves_nothing"#])
        .arg(program)
        .env(PLACE, place.path())
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{output:?}");
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn no_damage_panics(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in any::<Option<prop::sample::Index>>()) {
        let mut bytes = std::fs::read(fixture("smollm.gguf")).unwrap();
        // Most of the file is weights: damage is dealt to what stands before them.
        let header = place(&bytes, b"blk.0.ffn_down.weight") + 64;
        for (at, byte) in places {
            bytes[at.index(header)] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        // Either outcome is right; `import_bytes` sees to it that nothing half is left.
        let _ = import_bytes(&bytes);
    }
}
