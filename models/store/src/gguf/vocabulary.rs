//! `tokenizer.json` and `tokenizer_config.json` from the metadata of a GGUF file: byte-level BPE, as Qwen, Llama 3 and
//! SmolLM have it.

use super::reader::Gguf;
use serde_json::{Map, Value, json};

/// How a text is cut into pieces before BPE, by the name that llama.cpp gives it (`llama-vocab.cpp`), and as the
/// models' own `tokenizer.json` has it.
struct Cut {
    name: &'static str,
    /// The text is first composed (NFC).
    composed: bool,
    /// The expression that cuts; without one, digits stand alone and the rest is cut as GPT-2 does.
    pattern: Option<&'static str>,
    /// A piece that is a token as it is, is not built from its bytes.
    whole: bool,
}

const CUTS: [Cut; 3] = [
    Cut { name: "smollm", composed: false, pattern: None, whole: false },
    Cut {
        name: "qwen2",
        composed: true,
        pattern: Some(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        ),
        whole: false,
    },
    Cut {
        name: "llama-bpe",
        composed: false,
        pattern: Some(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        ),
        whole: true,
    },
];

/// Kinds of tokens that are no ordinary ones (ggml's `gguf-py/gguf/constants.py`, `TokenType`).
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
/// Rows of the embedding without a token.
const UNUSED: i32 = 5;

/// `tokenizer.json`.
///
/// # Errors
/// The metadata that is missing, or that says what is not known here.
pub(super) fn tokenizer(gguf: &Gguf<'_>) -> Result<Value, String> {
    let model = gguf.text("tokenizer.ggml.model")?.ok_or("tokenizer.ggml.model is missing")?;
    if model != "gpt2" {
        return Err(format!("tokenizer.ggml.model is {model}; only gpt2, byte-level BPE, is known"));
    }
    let pre = gguf.text("tokenizer.ggml.pre")?.ok_or("tokenizer.ggml.pre is missing")?;
    let cut = CUTS.iter().find(|cut| cut.name == pre).ok_or_else(|| {
        let known = CUTS.map(|cut| cut.name).join(", ");
        format!("tokenizer.ggml.pre is {pre}; known are {known}")
    })?;
    let tokens = gguf.texts("tokenizer.ggml.tokens")?;
    let kinds = gguf.integers("tokenizer.ggml.token_type")?;
    if kinds.len() != tokens.len() {
        return Err(format!("there are {} tokens, but {} kinds of them", tokens.len(), kinds.len()));
    }
    let mut vocabulary = Map::new();
    let mut added = Vec::new();
    for (id, (token, kind)) in tokens.iter().zip(kinds).enumerate().filter(|(_, (_, kind))| *kind != UNUSED) {
        if vocabulary.insert((*token).to_owned(), id.into()).is_some() {
            return Err(format!("token {token:?} is there twice"));
        }
        if kind == CONTROL || kind == USER_DEFINED {
            added.push(json!({
                "id": id, "content": token, "special": kind == CONTROL,
                "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
            }));
        }
    }
    let mut merges = Vec::new();
    for merge in gguf.texts("tokenizer.ggml.merges")? {
        let (first, second) = merge.split_once(' ').ok_or_else(|| format!("{merge:?} merges nothing"))?;
        merges.push(json!([first, second]));
    }
    let byte_level = |cuts: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": cuts});
    let cutters = match cut.pattern {
        None => json!([{"type": "Digits", "individual_digits": true}, byte_level(true)]),
        Some(pattern) => json!([
            {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false},
            byte_level(false),
        ]),
    };
    Ok(json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": if cut.composed { json!({"type": "NFC"}) } else { Value::Null },
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": cutters},
        "post_processor": byte_level(false),
        "decoder": byte_level(false),
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": cut.whole,
            "vocab": vocabulary, "merges": merges,
        },
    }))
}

/// `tokenizer_config.json`: special tokens by their roles, and the chat template.
///
/// # Errors
/// When the metadata has something else than their numbers, or numbers of no token.
pub(super) fn config(gguf: &Gguf<'_>) -> Result<Value, String> {
    let tokens = gguf.texts("tokenizer.ggml.tokens")?;
    let mut config = Map::new();
    config.insert("tokenizer_class".to_owned(), "PreTrainedTokenizerFast".into());
    config.insert("clean_up_tokenization_spaces".to_owned(), false.into());
    for (name, role) in
        [("bos_token", "bos"), ("eos_token", "eos"), ("unk_token", "unknown"), ("pad_token", "padding")]
    {
        let key = format!("tokenizer.ggml.{role}_token_id");
        let Some(id) = gguf.number(&key)? else { continue };
        let token = usize::try_from(id).ok().and_then(|id| tokens.get(id));
        let token = token.ok_or_else(|| format!("{key} is {id}, there are {} tokens", tokens.len()))?;
        config.insert(name.to_owned(), (*token).into());
    }
    if let Some(template) = gguf.text("tokenizer.chat_template")? {
        config.insert("chat_template".to_owned(), template.into());
    }
    Ok(config.into())
}
