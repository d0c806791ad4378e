//! What the tests of the decoders share: small random models, and the logits that `mlx_lm` computes
//! for them (`scripts/golden-logits`).

use crate::checkpoint::Checkpoint;
use safetensors::SafeTensors;
use std::path::{Path, PathBuf};

pub(crate) const MODELS: [&str; 8] = [
    "qwen2-4bit",
    "qwen3-4bit",
    "qwen3-bf16",
    "qwen3-mixed",
    "qwen3_5-4bit",
    "qwen3_5-bf16",
    "llama-4bit",
    "llama-bf16",
];

/// Size of the vocabulary of each model.
pub(crate) const VOCABULARY: usize = 160;

pub(crate) fn never() -> bool {
    false
}

fn folder(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden").join(model)
}

pub(crate) fn checkpoint(model: &str) -> Checkpoint {
    Checkpoint::open(&folder(model)).unwrap()
}

/// A text and what `mlx_lm` computes for it: its tokens, and logits (positions, vocabulary).
pub(crate) fn golden(model: &str) -> (Vec<u32>, Vec<f32>) {
    let bytes = std::fs::read(folder(model).join("golden.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let (tokens, logits) = (tensors.tensor("tokens").unwrap(), tensors.tensor("logits").unwrap());
    let words = |bytes: &[u8]| bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let (tokens, logits): (Vec<u32>, Vec<u32>) = (words(tokens.data()), words(logits.data()));
    (tokens, logits.into_iter().map(f32::from_bits).collect())
}

pub(crate) fn text(seed: u64, length: usize) -> Vec<u32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..length).map(|_| random.u32(0..VOCABULARY as u32)).collect()
}

/// Four continuations that branch at different places, a short one and an empty one. Together they
/// take more than one pass.
pub(crate) fn candidates() -> Vec<Vec<u32>> {
    let common = text(5, 30);
    let part = |at: usize, seed| [&common[..at], &text(seed, 50 - at)].concat();
    vec![part(30, 6), part(20, 7), part(20, 8), part(0, 9), text(5, 3), vec![]]
}

/// The score of each candidate.
pub(crate) fn sums(scores: Vec<Vec<f32>>) -> Vec<f32> {
    scores.iter().map(|tokens| tokens.iter().sum()).collect()
}

pub(crate) fn first_choice(logits: &[f32]) -> usize {
    (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap()
}

pub(crate) fn log_probability(logits: &[f32], token: u32) -> f32 {
    let sum: f64 = logits.iter().map(|logit| f64::from(*logit).exp()).sum();
    logits[token as usize] - sum.ln() as f32
}

/// Asserts that a score is close to another one, relative to its size.
pub(crate) fn assert_close(model: &str, found: f32, expected: f32) {
    assert!((found - expected).abs() < 1e-3 * (1.0 + expected.abs()), "{model}: {found}, not {expected}");
}
