//! Which parts a `tokenizer.json` may be made of. The library runs whatever the file asks for, so
//! a hostile file could turn one character into gigabytes. What is listed here is what the
//! tokenizers of the supported models use, with a bound on what they may make of a character.

use serde::Deserialize;
use serde_json::Value;

/// How many bytes all steps together may make of one byte. SentencePiece makes 3 of a space, and
/// the compatible forms of Unicode at most 18 of a character. Hand-chosen, 2026-11-28.
const GROWTH: usize = 64;
/// Steps in a part, those within sequences included. Real tokenizers have up to 6. Hand-chosen,
/// 2026-11-28.
const STEPS: usize = 16;
/// Bytes of a text that a step adds or puts in another's place. Hand-chosen, 2026-11-28.
const TEXT: usize = 16;
/// Bytes of a pattern. The longest real one has 140. Hand-chosen, 2026-11-28.
const PATTERN: usize = 512;

/// The entries of a `tokenizer.json` that say how it works.
#[derive(Deserialize)]
struct Parts {
    normalizer: Option<Value>,
    pre_tokenizer: Option<Value>,
    decoder: Option<Value>,
    model: Model,
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "type")]
    kind: Option<String>,
    dropout: Option<f32>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
}

/// Checks the parts of a `tokenizer.json`.
///
/// # Errors
/// Names the first part that is not supported, or that could expand a short text without limit.
pub(super) fn check(json: &[u8]) -> Result<(), String> {
    let parts: Parts = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let model = &parts.model;
    // The oldest files do not name the type, and no supported model has one of them.
    if model.kind.as_deref() != Some("BPE") {
        return Err(format!("its model is {:?}; only BPE is supported", model.kind.as_deref().unwrap_or("")));
    }
    if model.dropout.is_some_and(|dropout| dropout != 0.0) {
        return Err("it drops merges at random, so the same text would not give the same tokens".to_owned());
    }
    for text in [&model.continuing_subword_prefix, &model.end_of_word_suffix].into_iter().flatten() {
        bounded("an affix of its model", text.len(), TEXT)?;
    }
    for (name, part, allowed) in [
        ("normalizer", &parts.normalizer, normalizer as Step),
        ("pre_tokenizer", &parts.pre_tokenizer, pre_tokenizer),
        ("decoder", &parts.decoder, decoder),
    ] {
        let (mut steps, mut growth) = (0, 1);
        if let Some(part) = part {
            walk(name, part, allowed, &mut steps, &mut growth)?;
        }
    }
    Ok(())
}

/// Checks a step that is no sequence, and says how many bytes it may make of one.
type Step = fn(kind: &str, step: &Value) -> Result<Option<usize>, String>;

/// Checks a step, and those within it.
fn walk(
    name: &str,
    step: &Value,
    allowed: Step,
    steps: &mut usize,
    growth: &mut usize,
) -> Result<(), String> {
    let kind = step["type"].as_str().unwrap_or_default();
    *steps += 1;
    bounded(&format!("the number of steps of its {name}"), *steps, STEPS)?;
    if kind == "Sequence" {
        let inner = ["normalizers", "pretokenizers", "decoders"].iter().find_map(|key| step[*key].as_array());
        return inner.into_iter().flatten().try_for_each(|step| walk(name, step, allowed, steps, growth));
    }
    match allowed(kind, step)? {
        None => Err(format!("its {name} {kind:?} is not supported")),
        Some(grows) => {
            *growth = growth.saturating_mul(grows);
            bounded(&format!("the bytes that its {name} makes of one"), *growth, GROWTH)
        }
    }
}

fn normalizer(kind: &str, step: &Value) -> Result<Option<usize>, String> {
    Ok(match kind {
        "NFC" | "Strip" => Some(1),
        "Lowercase" => Some(3),
        "NFD" => Some(4),
        "NFKC" | "NFKD" => Some(18),
        "Prepend" => text(step, "prepend")?.map(|_| 1),
        // What may match nothing at all puts its text before every character too.
        "Replace" => text(step, "content")?.zip(pattern(step)?).map(|(text, matched)| match matched {
            0 => 1 + text,
            matched => text.div_ceil(matched).max(1),
        }),
        _ => None,
    })
}

fn pre_tokenizer(kind: &str, step: &Value) -> Result<Option<usize>, String> {
    Ok(match kind {
        "Digits" | "Punctuation" | "Whitespace" | "WhitespaceSplit" => Some(1),
        "ByteLevel" => Some(2),
        "Metaspace" => text(step, "replacement")?.map(|bytes| bytes.max(1)),
        "Split" => pattern(step)?.map(|_| 1),
        _ => None,
    })
}

fn decoder(kind: &str, step: &Value) -> Result<Option<usize>, String> {
    Ok(match kind {
        "ByteLevel" | "ByteFallback" | "Fuse" => Some(1),
        "Metaspace" => text(step, "replacement")?.map(|_| 1),
        "Replace" => text(step, "content")?.zip(pattern(step)?).map(|(text, matched)| match matched {
            0 => 1 + text,
            matched => text.div_ceil(matched).max(1),
        }),
        "Strip" => {
            for end in ["start", "stop"] {
                let cut = step[end].as_u64().and_then(|cut| usize::try_from(cut).ok());
                bounded("what its decoder strips", cut.unwrap_or(usize::MAX), TEXT)?;
            }
            Some(1)
        }
        _ => None,
    })
}

/// The length of an entry that holds a text; `None` if there is no such entry.
fn text(step: &Value, entry: &str) -> Result<Option<usize>, String> {
    let Some(length) = step[entry].as_str().map(str::len) else { return Ok(None) };
    bounded(&format!("its {entry:?}"), length, TEXT)?;
    Ok(Some(length))
}

/// The least number of bytes that a pattern matches: 0 for a regular expression, which may match
/// nothing.
fn pattern(step: &Value) -> Result<Option<usize>, String> {
    let (literal, regex) = (step["pattern"]["String"].as_str(), step["pattern"]["Regex"].as_str());
    let Some(pattern) = literal.or(regex) else { return Ok(None) };
    bounded("a pattern of it", pattern.len(), PATTERN)?;
    Ok(Some(literal.map_or(0, str::len)))
}

fn bounded(what: &str, found: usize, limit: usize) -> Result<(), String> {
    match found <= limit {
        true => Ok(()),
        false => Err(format!("{what}: {found} where at most {limit} are allowed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn file(normalizer: Value, pre_tokenizer: Value) -> Vec<u8> {
        let model = json!({"type": "BPE", "dropout": null, "vocab": {"a": 0}, "merges": []});
        json!({"normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "model": model})
            .to_string()
            .into_bytes()
    }

    #[track_caller]
    fn refused(normalizer: Value, expected: &str) {
        let found = check(&file(normalizer, Value::Null)).expect_err(expected);
        assert!(found.contains(expected), "{found} lacks {expected}");
    }

    fn replace(from: &str, to: &str) -> Value {
        json!({"type": "Replace", "pattern": {"String": from}, "content": to})
    }

    #[test]
    fn the_tokenizers_of_real_models_are_allowed() {
        let llama = json!({"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, replace(" ", "▁")]});
        let byte_level = json!({"type": "ByteLevel", "add_prefix_space": false, "use_regex": true});
        let split =
            json!({"type": "Split", "pattern": {"Regex": "\\p{N}"}, "behavior": "Isolated", "invert": false});
        let cutters = json!({"type": "Sequence", "pretokenizers": [split, {"type": "Digits"}, byte_level]});
        for (normalizer, cutters) in [
            (Value::Null, Value::Null),
            (json!({"type": "NFC"}), cutters),
            (llama, json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"})),
        ] {
            check(&file(normalizer, cutters)).unwrap();
        }
    }

    #[test]
    fn what_makes_much_of_little_is_refused() {
        let sequence = |steps: Vec<Value>| json!({"type": "Sequence", "normalizers": steps});
        refused(sequence(vec![replace("a", &"a".repeat(10)); 3]), "100 where at most 64");
        refused(replace("a", &"a".repeat(1000)), "\"content\": 1000 where at most 16");
        refused(json!({"type": "Prepend", "prepend": "x".repeat(10_000_000)}), "\"prepend\": 10000000");
        refused(
            json!({"type": "Precompiled", "precompiled_charsmap": "AAAA"}),
            "\"Precompiled\" is not supported",
        );
        refused(sequence(vec![json!({"type": "NFC"}); 20]), "steps of its normalizer: 17");
        let empty = json!({"type": "Replace", "pattern": {"Regex": ""}, "content": "aaaaaaaaaaaaaaa"});
        refused(sequence(vec![empty.clone(), empty]), "256 where");
        refused(json!({"strip_left": true}), "\"\" is not supported");
        let model = |model: Value| check(json!({ "model": model }).to_string().as_bytes()).unwrap_err();
        assert!(model(json!({"type": "Unigram"})).contains("only BPE"));
        assert!(model(json!({"type": "BPE", "dropout": 0.5})).contains("at random"));
        assert!(model(json!({"type": "BPE", "end_of_word_suffix": "x".repeat(17)})).contains("an affix"));
        let delimiter = json!({"type": "FixedLength", "length": 0});
        assert!(
            check(&file(Value::Null, delimiter)).unwrap_err().contains("\"FixedLength\" is not supported")
        );
        let pattern = json!({"type": "Split", "pattern": {"Regex": "(a*)*".repeat(200)}});
        assert!(check(&file(Value::Null, pattern)).unwrap_err().contains("a pattern of it: 1000"));
    }
}
