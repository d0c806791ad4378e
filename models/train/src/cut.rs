//! Cuts a model down: to some of its layers, and to the tokens that a task uses. What is left is a
//! model folder, worse than before and to be trained again.
//!
//! A BPE vocabulary (Sennrich and others, 2016) stays one when tokens are taken out, as long as each
//! token that is left can still be merged from others that are: what was one token is then written as
//! several.

use crate::{TrainError, file, folder};
use sayso_language::checkpoint::{Checkpoint, WEIGHTS};
use sayso_language::tokenizer::{GENERATION_CONFIG, TOKENIZER, Tokenizer};
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

/// What is left of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The layers that are kept, from 0, in order; `None` for all.
    pub layers: Option<Vec<usize>>,
    /// How many tokens are kept; `None` for all.
    pub tokens: Option<usize>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// Layers that are left.
    pub layers: usize,
    /// Tokens that are left.
    pub tokens: usize,
    /// Share of the tokens of the texts that are still one token, 0 to 1.
    pub covered: f64,
    /// Numbers of the model.
    pub parameters: usize,
}

/// Cuts the model in `source` into a new folder. `texts` say which tokens the task uses.
///
/// # Errors
/// The folder is invalid or packed, its vocabulary is not one of BPE, a layer is not there, or the disk is
/// full.
pub fn cut(source: &Path, target: &Path, cut: &Cut, texts: &[String]) -> Result<Done, TrainError> {
    let checkpoint = Checkpoint::open(source)?;
    if let Some(name) = checkpoint.names().find(|name| name.ends_with(".scales")) {
        return Err(TrainError::Unfit(format!(
            "{} is packed ({name}); take the folder that it was packed from, or fuse with --dequantize",
            source.display()
        )));
    }
    let config = checkpoint.config();
    if config.delta_net.is_some() {
        // Where attention stands follows from the number of a layer.
        return Err(TrainError::Unfit(format!(
            "{} is a Qwen3.5, whose layers are not alike and cannot be cut",
            source.display()
        )));
    }
    let layers = cut.layers.clone().unwrap_or_else(|| (0..config.num_hidden_layers).collect());
    let is_sorted = layers.windows(2).all(|pair| pair[0] < pair[1]);
    if layers.is_empty() || !is_sorted || layers.last() >= Some(&config.num_hidden_layers) {
        return Err(TrainError::Unfit(format!(
            "layers {layers:?} are not some of the {} of {}, each once and in order",
            config.num_hidden_layers,
            source.display()
        )));
    }
    let vocabulary = match cut.tokens {
        Some(tokens) => Some(Vocabulary::cut(source, &checkpoint, tokens, texts)?),
        None => None,
    };
    folder::create(target)?;
    let write = || -> Result<Done, TrainError> {
        let parameters = write_weights(&checkpoint, target, &layers, vocabulary.as_ref())?;
        let (tokens, covered) = match &vocabulary {
            Some(vocabulary) => (vocabulary.kept.len(), vocabulary.covered),
            None => (config.vocab_size, 1.0),
        };
        folder::copy_files(source, target, |config| {
            config.insert("num_hidden_layers".to_owned(), json!(layers.len()));
            config.insert("vocab_size".to_owned(), json!(tokens));
            if let Some(vocabulary) = &vocabulary {
                vocabulary.renumber(config);
            }
        })?;
        if let Some(vocabulary) = &vocabulary {
            vocabulary.write(source, target)?;
        }
        Ok(Done { layers: layers.len(), tokens, covered, parameters })
    };
    let done = write();
    if done.is_err() {
        let _ = std::fs::remove_dir_all(target);
    }
    done
}

/// Writes the tensors that are left and returns how many numbers they have.
fn write_weights(
    checkpoint: &Checkpoint,
    target: &Path,
    layers: &[usize],
    vocabulary: Option<&Vocabulary>,
) -> Result<usize, TrainError> {
    let mut tensors: Vec<file::Tensor> = Vec::new();
    for name in checkpoint.names() {
        let new = match name.strip_prefix("model.layers.").and_then(|rest| rest.split_once('.')) {
            None => name.to_owned(),
            Some((index, rest)) => {
                let index: Option<usize> = index.parse().ok();
                let Some(at) = layers.iter().position(|layer| Some(*layer) == index) else { continue };
                format!("model.layers.{at}.{rest}")
            }
        };
        let view = checkpoint.tensor(name)?;
        let (mut shape, mut bytes) = (view.shape.to_vec(), view.bytes.to_vec());
        if let Some(vocabulary) = vocabulary
            && ["model.embed_tokens.weight", "lm_head.weight"].contains(&name)
        {
            let row = view.bytes.len() / view.shape[0];
            bytes = vocabulary
                .kept
                .iter()
                .flat_map(|old| &view.bytes[*old as usize * row..][..row])
                .copied()
                .collect();
            shape[0] = vocabulary.kept.len();
        }
        tensors.push((new, view.dtype, shape, bytes));
    }
    let parameters = tensors.iter().map(|(_, _, shape, _)| shape.iter().product::<usize>()).sum();
    file::write_tensors(&target.join(WEIGHTS), &tensors)?;
    Ok(parameters)
}

/// A vocabulary of which tokens were taken out.
struct Vocabulary {
    /// The old numbers of the tokens that are left, ascending: the place of each is its new number.
    kept: Vec<u32>,
    new: HashMap<u32, u32>,
    covered: f64,
}

impl Vocabulary {
    /// Keeps what is not made of others, the special tokens, and those that the texts use most.
    fn cut(
        source: &Path,
        checkpoint: &Checkpoint,
        most: usize,
        texts: &[String],
    ) -> Result<Vocabulary, TrainError> {
        let tokenizer = Tokenizer::open(source, checkpoint.config())?;
        let mut counts: HashMap<u32, usize> = HashMap::new();
        for text in texts {
            for token in tokenizer.encode(text)? {
                *counts.entry(token).or_default() += 1;
            }
        }
        let json = read(&source.join(TOKENIZER))?;
        let no_bpe =
            || TrainError::Unfit(format!("the vocabulary of {} is not one of BPE", source.display()));
        let ids: HashMap<&str, u32> = json["model"]["vocab"]
            .as_object()
            .ok_or_else(no_bpe)?
            .iter()
            .filter_map(|(text, id)| Some((text.as_str(), u32::try_from(id.as_u64()?).ok()?)))
            .collect();
        // Of several ways to merge a token the first one counts, as in the tokenizer.
        let mut parts: HashMap<u32, [u32; 2]> = HashMap::new();
        for merge in json["model"]["merges"].as_array().ok_or_else(no_bpe)? {
            let (a, b) = pair(merge).ok_or_else(no_bpe)?;
            let id = |text: &str| ids.get(text).copied().ok_or_else(no_bpe);
            parts.entry(id(&format!("{a}{b}"))?).or_insert([id(a)?, id(b)?]);
        }
        let added = json["added_tokens"].as_array().into_iter().flatten();
        let added = added.filter_map(|token| u32::try_from(token["id"].as_u64()?).ok());
        let mut kept: BTreeSet<u32> =
            ids.values().copied().filter(|id| !parts.contains_key(id)).chain(added).collect();
        if kept.len() > most {
            return Err(TrainError::Unfit(format!(
                "{most} tokens are too few: {} are special or not made of others",
                kept.len()
            )));
        }
        let mut by_use: Vec<(usize, u32)> = counts.iter().map(|(token, count)| (*count, *token)).collect();
        by_use.sort_unstable_by_key(|(count, token)| (std::cmp::Reverse(*count), *token));
        for (_, token) in by_use {
            let mut needed = Vec::new();
            let mut open = vec![token];
            while let Some(token) = open.pop().filter(|_| needed.len() <= most) {
                if !kept.contains(&token) && !needed.contains(&token) {
                    needed.push(token);
                    open.extend(parts.get(&token).into_iter().flatten());
                }
            }
            if kept.len() + needed.len() <= most {
                kept.extend(needed);
            }
        }
        let all: usize = counts.values().sum();
        let still: usize =
            counts.iter().filter(|(token, _)| kept.contains(token)).map(|(_, count)| count).sum();
        let kept: Vec<u32> = kept.into_iter().collect();
        let new = kept.iter().zip(0..).map(|(old, new)| (*old, new)).collect();
        Ok(Vocabulary { kept, new, covered: still as f64 / all.max(1) as f64 })
    }

    /// Writes the files of the tokenizer with the new numbers.
    fn write(&self, source: &Path, target: &Path) -> Result<(), TrainError> {
        let mut json = read(&source.join(TOKENIZER))?;
        let number = |id: &Value| id.as_u64().and_then(|id| self.new.get(&u32::try_from(id).ok()?)).copied();
        let vocabulary: Map<String, Value> = json["model"]["vocab"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(text, id)| Some((text.clone(), json!(number(id)?))))
            .collect();
        if let Some(merges) = json["model"]["merges"].as_array_mut() {
            merges.retain(|merge| {
                pair(merge).is_some_and(|(a, b)| {
                    [a, b, &format!("{a}{b}")].into_iter().all(|text| vocabulary.contains_key(text))
                })
            });
        }
        for token in json["added_tokens"].as_array_mut().into_iter().flatten() {
            if let Some(new) = number(&token["id"]) {
                token["id"] = json!(new);
            }
        }
        json["model"]["vocab"] = Value::Object(vocabulary);
        file::replace(&target.join(TOKENIZER), json.to_string().as_bytes())?;
        let generation = source.join(GENERATION_CONFIG);
        if generation.exists() {
            let mut config = read(&generation)?;
            if let Some(config) = config.as_object_mut() {
                self.renumber(config);
            }
            file::replace(&target.join(GENERATION_CONFIG), config.to_string().as_bytes())?;
        }
        Ok(())
    }

    /// Gives the tokens that a configuration names their new numbers.
    fn renumber(&self, config: &mut Map<String, Value>) {
        let new = |id: &mut Value| {
            let old = id.as_u64().and_then(|old| u32::try_from(old).ok());
            if let Some(new) = old.and_then(|old| self.new.get(&old)) {
                *id = json!(new);
            }
        };
        for name in ["bos_token_id", "eos_token_id", "pad_token_id"] {
            match config.get_mut(name) {
                Some(Value::Array(ids)) => ids.iter_mut().for_each(new),
                Some(id) => new(id),
                None => {}
            }
        }
    }
}

/// The two parts of a merge, which newer files write as a list and older ones with a space between.
fn pair(merge: &Value) -> Option<(&str, &str)> {
    match merge {
        Value::String(text) => text.split_once(' '),
        Value::Array(parts) => match &parts[..] {
            [a, b] => a.as_str().zip(b.as_str()),
            _ => None,
        },
        _ => None,
    }
}

fn read(path: &Path) -> Result<Value, TrainError> {
    let bytes = std::fs::read(path).map_err(TrainError::read(path))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| TrainError::Unfit(format!("{} is damaged: {error}", path.display())))
}
