//! Makes `tokenizer.json` and `tokenizer_config.json` from the metadata of a GGUF file. The
//! tokenizer is byte-level BPE, as in Qwen, Llama 3 and SmolLM.

use super::reader::Gguf;
use serde_json::{Map, Value, json};

/// How a text is split into pieces before BPE: by the name that llama.cpp uses (`llama-vocab.cpp`),
/// and as in the `tokenizer.json` of the models themselves.
struct Cut {
    name: &'static str,
    /// Whether the text is composed (NFC) first.
    composed: bool,
    /// The regular expression that splits. Without one, each digit is a piece of its own, and the
    /// rest is split as in GPT-2.
    pattern: Option<&'static str>,
    /// Whether a piece that is a token itself is used as it is, without merges.
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

/// Types of tokens other than normal ones (`TokenType` in ggml's `gguf-py/gguf/constants.py`).
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
/// A row of the embedding without a token.
const UNUSED: i32 = 5;

/// Makes `tokenizer.json`.
///
/// # Errors
/// Names the metadata that is missing or not supported.
pub(super) fn tokenizer(gguf: &Gguf<'_>) -> Result<Value, String> {
    let model = gguf.text("tokenizer.ggml.model")?.ok_or("tokenizer.ggml.model is missing")?;
    if model != "gpt2" {
        return Err(format!("tokenizer.ggml.model is {model}; only gpt2, byte-level BPE, is supported"));
    }
    let pre = gguf.text("tokenizer.ggml.pre")?.ok_or("tokenizer.ggml.pre is missing")?;
    let cut = CUTS.iter().find(|cut| cut.name == pre).ok_or_else(|| {
        let known = CUTS.map(|cut| cut.name).join(", ");
        format!("tokenizer.ggml.pre is {pre}; supported are {known}")
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
            return Err(format!("token {token:?} appears twice"));
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
        let (first, second) =
            merge.split_once(' ').ok_or_else(|| format!("the merge {merge:?} does not have two parts"))?;
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

/// Makes `tokenizer_config.json`: the roles of special tokens, and the chat template.
///
/// # Errors
/// The metadata holds something other than token numbers, or the number of no token.
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
        let token =
            token.ok_or_else(|| format!("{key} is {id}, but there are only {} tokens", tokens.len()))?;
        config.insert(name.to_owned(), (*token).into());
    }
    if let Some(template) = gguf.text("tokenizer.chat_template")? {
        config.insert("chat_template".to_owned(), template.into());
    }
    Ok(config.into())
}
