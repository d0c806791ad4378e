//! A model with fewer layers and tokens is a model, and writes the same text with other tokens.
#![cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
#![allow(clippy::unwrap_used)]

use mlx_rs::Dtype;
use sayso_language::checkpoint::Checkpoint;
use sayso_language::tokenizer::Tokenizer;
use sayso_language::{Language, Options, Stop};
use sayso_model_train::cut::{Cut, cut};
use sayso_model_train::mlx::Trained;
use sayso_model_train::mlx::fuse::{Fused, Packing};
use sayso_model_train::mlx::model::Model;
use std::path::Path;
use tempfile::TempDir;

/// A model with a vocabulary of BPE, in 32 bits.
fn plain(place: &TempDir) -> std::path::PathBuf {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/tests/fixtures/smollm.gguf");
    let (base, plain) = (place.path().join("base"), place.path().join("plain"));
    sayso_store::gguf::import(&fixture, &base).unwrap();
    let checkpoint = Checkpoint::open(&base).unwrap();
    let model = Model::load(&checkpoint, Dtype::Float32, true).unwrap();
    let trained = Trained::default();
    let fused =
        Fused { model: &model, trained: &trained, base: &base, checkpoint: &checkpoint, origin: None };
    fused.write(&plain, Packing::Plain, Dtype::Float32).unwrap();
    plain
}

fn open(folder: &Path) -> (Checkpoint, Tokenizer) {
    let checkpoint = Checkpoint::open(folder).unwrap();
    let tokenizer = Tokenizer::open(folder, checkpoint.config()).unwrap();
    (checkpoint, tokenizer)
}

#[test]
fn what_is_left_is_a_model_of_the_same_texts() {
    let place = TempDir::new().unwrap();
    let source = plain(&place);
    let (whole, all) = open(&source);
    let texts = ["git".to_owned(), "the".to_owned()];
    // 256 bytes, the special tokens, and some of what is made of them.
    let most = 300;
    assert!(most < whole.config().vocab_size, "{}", whole.config().vocab_size);
    let target = place.path().join("cut");
    let done = cut(&source, &target, &Cut { layers: Some(vec![0]), tokens: Some(most) }, &texts).unwrap();
    let (left, few) = open(&target);
    assert_eq!((done.layers, left.config().num_hidden_layers), (1, 1));
    assert_eq!(done.tokens, left.config().vocab_size);
    assert!(done.tokens <= most && done.covered == 1.0, "{done:?}");

    // The same text comes back, also of words that the texts do not have.
    for text in
        ["git commit -m 'fix'", "find . -name '*.rs'", "systemctl restart größer 日本 --now", "  a\tb"]
    {
        let tokens = few.encode(text).unwrap();
        assert_eq!(few.decode(&tokens).unwrap(), text);
        assert!(tokens.len() >= all.encode(text).unwrap().len());
    }
    // A token keeps its row.
    let row = |checkpoint: &Checkpoint, token: u32| {
        let view = checkpoint.tensor("model.embed_tokens.weight").unwrap();
        let width = view.bytes.len() / view.shape[0];
        view.bytes[token as usize * width..][..width].to_vec()
    };
    for text in &texts {
        let (old, new) = (all.encode(text).unwrap(), few.encode(text).unwrap());
        assert_eq!(old.len(), new.len(), "{text}");
        assert!(old.iter().zip(&new).all(|(old, new)| row(&whole, *old) == row(&left, *new)));
    }
    assert_eq!(
        row(&whole, all.end()),
        row(&left, few.end()),
        "the token that ends a text has another number and the same row"
    );
    let mut language = Language::open(&target, &Options { threads: 1, positions: 256 }).unwrap();
    language.write_freely("git status", &Stop::never()).unwrap();
}

#[test]
fn layers_move_up() {
    let place = TempDir::new().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../language/tests/fixtures/golden/llama-bf16");
    let target = place.path().join("cut");
    let done = cut(&source, &target, &Cut { layers: Some(vec![1]), tokens: None }, &[]).unwrap();
    let (whole, left) = (Checkpoint::open(&source).unwrap(), Checkpoint::open(&target).unwrap());
    assert_eq!((done.layers, left.config().num_hidden_layers), (1, 1));
    let layer = |checkpoint: &Checkpoint, index: usize| {
        let name = format!("model.layers.{index}.mlp.up_proj.weight");
        checkpoint.tensor(&name).unwrap().bytes.to_vec()
    };
    assert_eq!(layer(&whole, 1), layer(&left, 0));
    assert_ne!(layer(&whole, 0), layer(&left, 0));
}

#[test]
fn mistakes_are_named_and_leave_nothing() {
    let place = TempDir::new().unwrap();
    let source = plain(&place);
    let target = place.path().join("cut");
    let error = |layers: Option<Vec<usize>>, tokens: Option<usize>, source: &Path| {
        let error = cut(source, &target, &Cut { layers, tokens }, &[]).unwrap_err().to_string();
        assert!(!target.exists(), "{error}");
        error
    };
    for layers in [vec![], vec![1, 0], vec![0, 0], vec![0, 99]] {
        assert!(error(Some(layers), None, &source).contains("each once and in order"));
    }
    assert!(error(None, Some(20), &source).contains("20 tokens are too few"));
    assert!(error(None, None, &place.path().join("base")).contains("fuse with --dequantize"));
}
