use super::*;
use crate::error::DecoderError;
use crate::golden::{
    MODELS, VOCABULARY, assert_close, candidates, checkpoint, first_choice, golden, log_probability, never,
    sums, text,
};
use crate::memory::Memory;
use mlx_rs::Dtype;
use std::cell::Cell;

fn open(model: &str) -> Decoder {
    Decoder::new(&checkpoint(model), Options { positions: 200, exact: true }).unwrap()
}

fn logits(decoder: &mut Decoder) -> Vec<f32> {
    decoder.logits().unwrap().unwrap().to_vec()
}

/// The logits of each position, token by token.
fn all_logits(decoder: &mut Decoder, tokens: &[u32]) -> Vec<f32> {
    decoder.truncate(0);
    let mut found = Vec::new();
    for token in tokens {
        decoder.extend(&[*token], &never).unwrap();
        found.extend(logits(decoder));
    }
    found
}

fn read(model: &str, tokens: &[u32]) -> Vec<f32> {
    let mut decoder = open(model);
    decoder.prefill(tokens, &never).unwrap();
    logits(&mut decoder)
}

fn assert_same(model: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (token, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() < 1e-4, "{model}, token {token}: {found}, not {expected}");
    }
}

#[test]
fn what_mlx_lm_computes() {
    for model in MODELS {
        let mut decoder = open(model);
        let (tokens, expected) = golden(model);
        for (at, (found, expected)) in all_logits(&mut decoder, &tokens).iter().zip(&expected).enumerate() {
            let (position, token) = (at / VOCABULARY, at % VOCABULARY);
            assert!((found - expected).abs() < 1e-3, "{model} {position} {token}: {found}, not {expected}");
        }
    }
}

#[test]
fn with_the_numbers_of_the_checkpoint_it_is_close() {
    for model in MODELS {
        let mut decoder = Decoder::new(&checkpoint(model), Options { positions: 200, exact: false }).unwrap();
        let (tokens, expected) = golden(model);
        let found = all_logits(&mut decoder, &tokens);
        let norm = |x: &mut dyn Iterator<Item = f32>| x.map(|x| x * x).sum::<f32>().sqrt();
        let off = norm(&mut found.iter().zip(&expected).map(|(a, b)| a - b));
        let off = off / norm(&mut expected.iter().copied());
        // bfloat16 has eight bits, and every operation rounds.
        assert!(off < 0.1, "{model}: off by {off}");
        assert_eq!(decoder.next.as_ref().unwrap().dtype(), Dtype::Bfloat16, "{model}");
        // The states of gated delta-nets have 32 bits in either case.
        let states = checkpoint(model).config().delta_net.map_or(0, |net| {
            (net.full_attention_interval - 1) * net.key_dim() * net.value_dim() / net.linear_num_key_heads
                * size_of::<f32>()
        });
        assert_eq!(decoder.memory().cache - states, (open(model).memory().cache - states) / 2);
    }
}

#[test]
fn at_once_and_token_by_token_are_the_same() {
    for model in MODELS {
        let mut decoder = open(model);
        // More tokens than one pass takes.
        let tokens = text(1, 150);
        let expected = all_logits(&mut decoder, &tokens);
        let expected = &expected[149 * VOCABULARY..];
        decoder.truncate(0);
        decoder.prefill(&tokens, &never).unwrap();
        assert_same(model, &logits(&mut decoder), expected);
        for cut in [149, 140, 64, 100, 105, 1] {
            decoder.truncate(cut);
            decoder.extend(&tokens[cut..], &never).unwrap();
            assert_same(model, &logits(&mut decoder), expected);
        }
    }
}

#[test]
fn what_is_shared_is_not_read_again() {
    let mut decoder = open("qwen3-4bit");
    let (first, mut second) = (text(1, 140), text(1, 140));
    second[130] += 1;
    let passes = Cell::new(0);
    let count = || {
        passes.set(passes.get() + 1);
        false
    };
    decoder.prefill(&first, &count).unwrap();
    assert_eq!(passes.take(), 2);
    decoder.prefill(&second, &count).unwrap();
    assert_eq!((passes.take(), decoder.tokens()), (1, &*second));
    assert_same("qwen3-4bit", &logits(&mut decoder), &read("qwen3-4bit", &second));
    // The last token is read again, or there would be no logits.
    decoder.prefill(&second[..30], &count).unwrap();
    assert_eq!((passes.take(), decoder.tokens()), (1, &second[..30]));
    assert_same("qwen3-4bit", &logits(&mut decoder), &read("qwen3-4bit", &second[..30]));
    decoder.truncate(20);
    assert!(decoder.logits().unwrap().is_none() && decoder.likeliest().unwrap().is_none());
}

#[test]
fn greedy_takes_the_likeliest() {
    for model in MODELS {
        let mut decoder = open(model);
        let prompt = text(3, 20);
        let written = decoder.greedy(&prompt, 12, &[], &never).unwrap();
        assert_eq!(decoder.tokens(), [&prompt, &written[..11]].concat());
        let mut so_far = prompt.clone();
        for token in &written {
            assert_eq!(first_choice(&read(model, &so_far)) as u32, *token, "{model}");
            so_far.push(*token);
        }
        // The pass after the end had already started: none of it may remain.
        let end = written.iter().position(|token| *token == written[8]).unwrap();
        assert_eq!(decoder.greedy(&prompt, 12, &[written[8]], &never).unwrap(), written[..end]);
        let so_far = [&prompt, &written[..end]].concat();
        assert_eq!(decoder.tokens(), so_far);
        assert_eq!(decoder.likeliest().unwrap(), Some(written[8]));
        assert_same(model, &logits(&mut decoder), &read(model, &so_far));
        decoder.extend(&[7], &never).unwrap();
        assert_same(model, &logits(&mut decoder), &read(model, &[&*so_far, &[7]].concat()));
        assert!(decoder.greedy(&prompt, 0, &[], &never).unwrap().is_empty());
    }
}

#[test]
fn writing_stops_between_tokens() {
    let mut decoder = open("qwen2-4bit");
    let prompt = text(3, 20);
    let written = decoder.greedy(&prompt, 12, &[], &never).unwrap();
    decoder.truncate(0);
    let asked = Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() > 6
    };
    assert!(matches!(decoder.greedy(&prompt, 12, &[], &stop), Err(DecoderError::Stopped)));
    // Checked before the prompt and after each token; the last token was written but not read.
    assert_eq!(decoder.tokens(), [&prompt, &written[..5]].concat());
    decoder.extend(&written[5..6], &never).unwrap();
    assert_eq!(decoder.likeliest().unwrap(), Some(written[6]));
}

#[test]
fn what_was_read_before_a_stop_stays() {
    let mut decoder = open("llama-bf16");
    let tokens = text(1, 150);
    let asked = Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() > 1
    };
    assert!(matches!(decoder.prefill(&tokens, &stop), Err(DecoderError::Stopped)));
    assert_eq!(decoder.tokens(), &tokens[..128]);
    decoder.prefill(&tokens, &never).unwrap();
    assert_same("llama-bf16", &logits(&mut decoder), &read("llama-bf16", &tokens));
}

#[test]
fn scores_are_sums_of_logarithms() {
    for model in MODELS {
        let mut decoder = open(model);
        let (prefix, dictation) = (text(1, 20), text(2, 10));
        let candidates = candidates();
        let slices: Vec<&[u32]> = candidates.iter().map(Vec::as_slice).collect();
        let together = sums(decoder.rescore(&prefix, &dictation, &slices, &never).unwrap());
        assert_eq!(decoder.tokens(), prefix);
        for (candidate, together) in candidates.iter().zip(together) {
            let alone = sums(decoder.rescore(&prefix, &dictation, &[candidate], &never).unwrap())[0];
            assert_close(model, together, alone);
            let all = [&*prefix, &dictation, candidate].concat();
            let logits = all_logits(&mut decoder, &all);
            let of =
                |at: usize| log_probability(&logits[(29 + at) * VOCABULARY..][..VOCABULARY], candidate[at]);
            assert_close(model, together, (0..candidate.len()).map(of).sum());
        }
    }
}

#[test]
fn what_is_guessed_changes_nothing() {
    for model in MODELS {
        let (all, other) = (text(1, 60), text(5, 30));
        let mut decoder = open(model);
        let half = [&all[21..24], &other[..8]].concat();
        for guess in [&all[20..28], &half, &other[..5], &[]] {
            let guess: &[u32] = guess;
            decoder.truncate(0);
            for length in 20..30 {
                decoder.prefill_guessing(&all[..length], guess, &never).unwrap();
                assert!(decoder.tokens().starts_with(&all[..length]));
                assert_same(model, &logits(&mut decoder), &read(model, &all[..length]));
            }
        }
    }
}

#[test]
fn after_candidates_the_text_goes_on_as_if_there_were_none() {
    for model in MODELS {
        let mut decoder = open(model);
        let (prefix, dictation) = (text(1, 30), text(2, 10));
        let candidates = candidates();
        let slices: Vec<&[u32]> = candidates.iter().map(Vec::as_slice).collect();
        let expected = read(model, &[&*prefix, &dictation].concat());
        for _ in 0..2 {
            decoder.rescore(&prefix, &dictation, &slices, &never).unwrap();
            decoder.extend(&dictation, &never).unwrap();
            assert_same(model, &logits(&mut decoder), &expected);
        }
    }
}

#[test]
fn what_cannot_be_done_is_named_and_changes_nothing() {
    let mut decoder = open("llama-4bit");
    let tokens = text(1, 30);
    decoder.prefill(&tokens, &never).unwrap();
    let before = logits(&mut decoder);
    let always = || true;
    let long = text(1, 300);
    let check = |result: Result<(), DecoderError>, message: &str| {
        assert_eq!(result.unwrap_err().to_string(), message);
    };
    check(decoder.prefill(&[], &never), "the text is empty; a model needs at least one token");
    check(decoder.prefill(&[1, 160], &never), "token 160 is not in the model's vocabulary of 160");
    check(decoder.prefill(&long, &never), "300 tokens do not fit into the capacity of 200");
    check(decoder.extend(&long[..200], &never), "230 tokens do not fit into the capacity of 200");
    check(decoder.extend(&[1], &always), "stopped before it was done");
    let rescore = |decoder: &mut Decoder, text: &[u32], candidate: &[u32], stop: &dyn Fn() -> bool| {
        decoder.rescore(&tokens, text, &[candidate], stop).map(drop)
    };
    check(rescore(&mut decoder, &[], &[1], &never), "the text is empty; a model needs at least one token");
    check(rescore(&mut decoder, &[1], &[999], &never), "token 999 is not in the model's vocabulary of 160");
    check(
        rescore(&mut decoder, &[1], &long[..190], &never),
        "220 tokens do not fit into the capacity of 200",
    );
    check(rescore(&mut decoder, &[1], &[2], &always), "stopped before it was done");
    assert_eq!(decoder.tokens(), tokens);
    assert_eq!(logits(&mut decoder), before);
    // It writes as far as there is room, and then fails.
    let full = decoder.greedy(&long[..195], 100, &[], &never);
    check(full.map(drop), "201 tokens do not fit into the capacity of 200");
    assert_eq!(decoder.tokens().len(), 200);
}

#[test]
fn memory_is_known() {
    let decoder = Decoder::new(&checkpoint("qwen3-4bit"), Options { positions: 208, exact: false }).unwrap();
    let Memory { weights, cache, .. } = decoder.memory();
    // Codes of 4 bits, scale and bias of 16 bits for each 64: 36 bytes.
    let numbers = VOCABULARY * 64 + 2 * (64 * 128 + 2 * 64 * 64 + 128 * 64 + 3 * 64 * 128);
    let norms = 64 + 2 * (2 * 64 + 2 * 32);
    assert_eq!(weights, numbers / 64 * 36 + norms * 2);
    // Two layers, keys and values, two heads of 32, 208 positions of 16 bits.
    assert_eq!(cache, 2 * 2 * 2 * 32 * 208 * 2);
}
