//! A language model in memory, with the text that it has read.

use super::cache::Cache;
use super::model::{Branches, CachePosition, Model};
use super::tensors::Tensors;
use crate::checkpoint::{Checkpoint, Config, DeltaNet};
use crate::context::Context;
use crate::error::DecoderError;
use crate::memory::Memory;
use crate::rescoring::Rescoring;
use crate::trie::Trie;
use mlx_rs::error::Exception;
use mlx_rs::ops::indexing::{TryIndexOp, argmax_axis};
use mlx_rs::transforms::async_eval;
use mlx_rs::{Array, memory};
use std::ops::Range;

/// Maximum number of tokens in one pass; a stop may have to wait for a whole pass. Hand-chosen,
/// 2026-11-23.
const TOKENS: usize = 128;

/// Maximum number of rows of logits in memory while candidates are scored. With 152,000 tokens and
/// 32-bit numbers, they take 19 MB. Hand-chosen, 2026-11-23.
const ROWS: usize = 32;

/// How much freed memory MLX may keep for reuse, in bytes; passes reuse the memory of earlier ones.
/// Without a limit it would keep about as much as the machine has. Hand-chosen, 2026-11-23.
const KEPT: usize = 64 << 20;

/// How a model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Capacity, in tokens, including those of candidates. It is never more than the model was made
    /// for.
    pub positions: usize,
    /// Compute with 32-bit floats throughout, for comparisons. Otherwise compute with the type of
    /// the checkpoint's embedding, which has 16 bits.
    pub exact: bool,
}

impl Default for Options {
    /// 512 tokens, and the number type of the checkpoint.
    fn default() -> Options {
        Options { positions: 512, exact: false }
    }
}

/// A model and the text that it has read. It checks for a stop before each pass, which reads at
/// most 128 tokens or writes one.
pub struct Decoder {
    config: Config,
    model: Model,
    /// Size of the weights in bytes.
    weights: usize,
    cache: Cache,
    /// The text that is cached.
    context: Context,
    /// The logits of the token after the text and after each one that was guessed, (1 + guessed, vocab_size), possibly
    /// still being computed. `None` if no token was read since the text was truncated.
    pub(super) next: Option<Array>,
    /// The row of the text; those after it are of the guess.
    row: usize,
    /// The logits that were requested last: (vocab_size)
    logits: Vec<f32>,
}

impl Decoder {
    /// Copies the weights of a checkpoint, which is not used afterwards, and allocates the memory
    /// for all positions. The decoder stays on the calling thread. This also sets MLX's limit of
    /// memory kept for reuse, which holds for the whole process.
    ///
    /// # Errors
    /// A tensor that MLX does not accept, or too little memory.
    pub fn new(checkpoint: &Checkpoint, options: Options) -> Result<Decoder, DecoderError> {
        let config = checkpoint.config().clone();
        memory::set_cache_limit(KEPT)?;
        let mut tensors = Tensors::new(checkpoint, options.exact)?;
        let model = Model::load(&mut tensors, &config)?;
        let positions = options.positions.min(config.max_position_embeddings);
        let cache = Cache::new(&config, positions, tensors.dtype())?;
        let context = Context::new(cache.positions(), config.vocab_size);
        Ok(Decoder {
            config,
            model,
            weights: tensors.bytes(),
            cache,
            context,
            next: None,
            row: 0,
            logits: Vec::new(),
        })
    }

    /// The configuration of the model.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// How much memory it takes. Its `scratch` is the most that MLX keeps of freed memory, for the
    /// whole process.
    pub fn memory(&self) -> Memory {
        Memory { weights: self.weights, cache: self.cache.bytes(), scratch: KEPT }
    }

    /// Its capacity, in tokens.
    pub fn positions(&self) -> usize {
        self.cache.positions()
    }

    /// The text that it has read, with what was guessed of it.
    pub fn tokens(&self) -> &[u32] {
        self.context.tokens()
    }

    /// Truncates the text to `length` tokens.
    pub fn truncate(&mut self, length: usize) {
        if self.context.truncate(length) {
            self.next = None;
        }
    }

    /// Makes `text` the text that was read: keeps the common beginning and reads the rest. At least
    /// the last token is read, so that there are logits.
    ///
    /// # Errors
    /// An empty text, a token outside the vocabulary, a text that does not fit, or
    /// [`DecoderError::Stopped`].
    pub fn prefill(&mut self, text: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError> {
        let shared = self.context.shared(text)?;
        self.truncate(shared);
        self.extend(&text[shared..], stop)
    }

    /// Makes `prefix` the text that was read, for what will be asked about it: it is the common beginning of requests, and
    /// nothing is read if it is cached.
    ///
    /// # Errors
    /// As for [`Decoder::prefill`].
    pub fn prepare(&mut self, prefix: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError> {
        match self.tokens().starts_with(prefix) {
            true => self.truncate(prefix.len()),
            false => self.prefill(prefix, stop)?,
        }
        Ok(())
    }

    /// As [`Decoder::prefill`], and reads what may come next in the same pass: if the text does go on like that, it need
    /// not be read then. The guess is short, and only as much of it is read as fits.
    ///
    /// # Errors
    /// As for [`Decoder::prefill`].
    pub fn prefill_guessing(
        &mut self,
        text: &[u32],
        guess: &[u32],
        stop: &dyn Fn() -> bool,
    ) -> Result<(), DecoderError> {
        let shared = self.context.shared(text)?;
        let rows = self.next.as_ref().map_or(0, |next| next.dim(0) as usize);
        // The last row is of the last token that was read.
        let row = (text.len() + rows).checked_sub(self.tokens().len() + 1);
        if let Some(row) = row.filter(|_| self.tokens().starts_with(text)) {
            self.row = row;
            return Ok(());
        }
        let guess = self.context.admit_guess(text.len(), guess)?;
        self.truncate(shared);
        self.read(&text[shared..], guess, stop)
    }

    /// Reads more text. This does not wait for the last pass; [`Decoder::logits`] does.
    ///
    /// # Errors
    /// As for [`Decoder::prefill`]. After a stop, the tokens that were read so far stay read.
    pub fn extend(&mut self, text: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError> {
        self.context.admit(text)?;
        self.read(text, &[], stop)
    }

    fn read(&mut self, text: &[u32], guess: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError> {
        let passes = text.len().div_ceil(TOKENS);
        for (pass, text) in text.chunks(TOKENS).enumerate() {
            if pass > 0 {
                // Otherwise all passes would be queued before the next check for a stop.
                self.cache.wait()?;
            }
            if stop() {
                return Err(DecoderError::Stopped);
            }
            // What is guessed goes with the end of the text.
            let guess = if pass + 1 == passes { guess } else { &[] };
            let tokens = [text, guess].concat();
            let next = self.pass(&Array::from_slice(&tokens, &[tokens.len() as i32]), 1 + guess.len())?;
            async_eval(self.cache.arrays().chain([&next]))?;
            self.context.push(&tokens);
            (self.next, self.row) = (Some(next), 0);
        }
        Ok(())
    }

    /// The logits of the token after the text: (vocab_size). `None` if no token was read since the
    /// text was truncated.
    ///
    /// # Errors
    /// Whatever went wrong while they were computed.
    pub fn logits(&mut self) -> Result<Option<&[f32]>, DecoderError> {
        let Some(next) = &self.next else { return Ok(None) };
        self.logits = next.try_index(self.row as i32)?.to_vec_cast()?;
        Ok(Some(&self.logits))
    }

    /// The likeliest token after the text; the first one of equals.
    ///
    /// # Errors
    /// Whatever went wrong while the logits were computed.
    pub fn likeliest(&mut self) -> Result<Option<u32>, DecoderError> {
        let token = self.next.as_ref().map(|next| argmax_axis(next, -1, false)).transpose()?;
        Ok(token.map(|token| token.try_item_exact()).transpose()?)
    }

    /// Continues `prompt`, always with the likeliest token, up to one of `ends`, which is not part
    /// of the result, or until `limit` tokens are written. All written tokens except the last are
    /// also read.
    ///
    /// # Errors
    /// As for [`Decoder::prefill`]. After a stop, [`Decoder::tokens`] holds what was written before
    /// it.
    pub fn greedy(
        &mut self,
        prompt: &[u32],
        limit: usize,
        ends: &[u32],
        stop: &dyn Fn() -> bool,
    ) -> Result<Vec<u32>, DecoderError> {
        self.prefill(prompt, stop)?;
        let mut written = Vec::with_capacity(limit);
        let mut token = self.next.as_ref().map(|next| argmax_axis(next, -1, false)).transpose()?;
        while let Some(this) = token.take().filter(|_| written.len() < limit) {
            let fits = self.context.fits(self.tokens().len() + 1);
            let mut ahead = None;
            if written.len() + 1 < limit && fits.is_ok() {
                // The pass after this token starts before the token is known here. If the token
                // turns out to be an end, what the pass cached lies after the text and is
                // overwritten later.
                let next = self.pass(&this, 1)?;
                let token = argmax_axis(&next, -1, false)?;
                async_eval([&token])?;
                ahead = Some((next, token));
            }
            let this = this.try_item_exact()?;
            if ends.contains(&this) {
                break;
            }
            written.push(this);
            if written.len() == limit {
                break;
            }
            fits?;
            if stop() {
                return Err(DecoderError::Stopped);
            }
            self.context.push(&[this]);
            (self.next, token) = ahead.unzip();
            self.row = 0;
        }
        Ok(written)
    }

    /// For each candidate, the log-probabilities of its tokens after `prefix` and `text`.
    ///
    /// `prefix` is the common beginning of requests, and is read as by [`Decoder::prepare`]; afterwards it is the text that
    /// was read. The rest takes one pass if it fits into one.
    ///
    /// # Errors
    /// As for [`Decoder::prefill`].
    pub fn rescore(
        &mut self,
        prefix: &[u32],
        text: &[u32],
        candidates: &[&[u32]],
        stop: &dyn Fn() -> bool,
    ) -> Result<Vec<Vec<f32>>, DecoderError> {
        let plan = Rescoring::plan(&self.context, prefix, text, candidates)?;
        self.prepare(prefix, stop)?;
        let mut scored = Vec::new();
        for pass in plan.passes(TOKENS) {
            if pass.start > 0 {
                self.cache.wait()?;
            }
            if stop() {
                return Err(DecoderError::Stopped);
            }
            self.branches(&plan, pass, &mut scored)?;
        }
        let mut scores = vec![0.0; plan.len()];
        for (numbers, values) in &scored {
            for (number, value) in numbers.iter().zip(values.try_as_slice::<f32>()?) {
                scores[*number] = *value;
            }
        }
        Ok(plan.by_candidate(&scores))
    }

    /// Sends the nodes of one pass through the model, after the text. Adds to `scored` the indices
    /// of the tokens that these nodes score, and their log-probabilities, which may still be being
    /// computed.
    fn branches(
        &mut self,
        plan: &Rescoring<'_>,
        pass: Range<usize>,
        scored: &mut Vec<(Vec<usize>, Array)>,
    ) -> Result<(), DecoderError> {
        let nodes = &plan.trie().nodes()[pass.clone()];
        let (base, count) = (self.tokens().len(), pass.len());
        let tokens: Vec<u32> = nodes.iter().map(|node| node.token).collect();
        let positions: Vec<i32> = nodes.iter().map(|node| (base + node.depth) as i32).collect();
        let width = base + pass.end;
        let mut visible = vec![true; count * width];
        for (node, visible) in pass.clone().zip(visible.chunks_exact_mut(width)) {
            plan.trie().ancestor_mask(node, &mut visible[base..]);
        }
        let shape = [count as i32];
        let place = CachePosition::Tree {
            first: (base + pass.start) as i32,
            positions: Array::from_slice(&positions, &shape),
            visible: Array::from_slice(&visible, &[count as i32, width as i32]),
            branches: self.config.delta_net.map(|net| branches(plan.trie(), pass.end, base, &net)),
        };
        let x = self.model.forward(&Array::from_slice(&tokens, &shape), &place, &mut self.cache)?;
        async_eval(self.cache.arrays())?;

        // The tokens sorted by their parents, whose rows have the logits: (parent, index, token).
        let wanted = plan.scored_by(pass.clone());
        let mut wanted: Vec<(usize, usize, u32)> =
            wanted.map(|(number, scored)| (scored.parent, number, scored.token)).collect();
        wanted.sort_unstable();
        let families: Vec<&[(usize, usize, u32)]> = wanted.chunk_by(|a, b| a.0 == b.0).collect();
        for families in families.chunks(ROWS) {
            let rows: Vec<u32> = families.iter().map(|family| (family[0].0 - pass.start) as u32).collect();
            let rows = Array::from_slice(&rows, &[rows.len() as i32]);
            // (rows, vocab_size)
            let logits = self.model.logits(&x.take_axis(rows, 0)?)?.as_type::<f32>()?;
            let of_row = |(row, family): (usize, &&[(usize, usize, u32)])| {
                family.iter().map(move |(_, number, token)| (row as u32, *number, *token)).collect::<Vec<_>>()
            };
            let members: Vec<(u32, usize, u32)> = families.iter().enumerate().flat_map(of_row).collect();
            let shape = [members.len() as i32];
            let of: Vec<u32> = members.iter().map(|(row, ..)| *row).collect();
            let vocabulary = self.config.vocab_size as u32;
            let at: Vec<u32> = members.iter().map(|(row, _, token)| row * vocabulary + token).collect();
            // (members)
            let sums = logits.logsumexp_axis(-1, false)?.take_axis(Array::from_slice(&of, &shape), 0)?;
            let score = logits.take(Array::from_slice(&at, &shape))?.subtract(sums)?;
            async_eval([&score])?;
            scored.push((members.iter().map(|(_, number, _)| *number).collect(), score));
        }
        Ok(())
    }

    /// Sends tokens through the model, after the text: `tokens` (tokens) of U32 → the logits after each of the last `rows`
    /// ones, (rows, vocab_size), not yet computed.
    fn pass(&mut self, tokens: &Array, rows: usize) -> Result<Array, Exception> {
        let place = CachePosition::Line(self.tokens().len() as i32);
        let x = self.model.forward(tokens, &place, &mut self.cache)?;
        self.model.logits(&x.try_index(-(rows as i32)..)?)
    }
}

/// The first `count` nodes of a tree that follows `base` tokens of text, for gated delta-nets.
fn branches(trie: &Trie, count: usize, base: usize, net: &DeltaNet) -> Branches {
    let (kernel, nodes) = (net.linear_conv_kernel_dim, &trie.nodes()[..count]);
    // The cache has `kernel - 1` rows before that of the first token.
    let row = |position: usize| (position + kernel - 1) as i32;
    let window = |node: usize| {
        let (mut at, mut before) = (Some(node), base);
        let mut rows: Vec<i32> = (0..kernel)
            .map(|_| match at {
                Some(node) => {
                    at = nodes[node].parent;
                    row(base + node)
                }
                None => {
                    // Before the first token, a row of zeros.
                    let found = before.checked_sub(1).map_or(0, &row);
                    before = before.saturating_sub(1);
                    found
                }
            })
            .collect();
        rows.reverse();
        rows
    };
    let windows: Vec<Vec<i32>> = (0..count).map(window).collect();
    let of_place = |place: usize| {
        let rows: Vec<i32> = windows.iter().map(|rows| rows[place]).collect();
        Array::from_slice(&rows, &[count as i32])
    };
    let mut ancestors = vec![false; count * count];
    for (node, ancestors) in ancestors.chunks_exact_mut(count).enumerate() {
        trie.ancestor_mask(node, ancestors);
    }
    Branches {
        base: base as i32,
        windows: (0..kernel).map(of_place).collect(),
        ancestors: Array::from_slice(&ancestors, &[count as i32, count as i32]),
    }
}
