//! A language model in memory, with the text that it has read.

use super::attention::Cache;
use super::delta::Deltas;
use super::forward::{Engine, Scratch, TOKENS, Target};
use super::kernel::Instructions;
use super::math::combine;
use super::pool::Pool;
use super::rows::MAX_QUANT_TERMS;
use super::weights::Weights;
use crate::checkpoint::{Checkpoint, Config};
use crate::context::{Context, MAX_GUESS};
use crate::error::DecoderError;
use crate::memory::Memory;
use crate::rescoring::Rescoring;
use crate::trie::Trie;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Threads, including the calling one; see [`super::default_threads`].
    pub threads: usize,
    /// Capacity, in tokens, including those of candidates. It is never more than the model was made
    /// for.
    pub positions: usize,
    /// Compute with 32-bit floats throughout. This is many times slower, and is the reference for
    /// the fast path.
    pub exact: bool,
}

impl Default for Options {
    /// [`super::default_threads`] threads, 512 tokens, and the fast path.
    fn default() -> Options {
        Options { threads: super::default_threads(), positions: 512, exact: false }
    }
}

/// A model and the text that it has read. It allocates all its memory when it is opened. Each pass
/// checks for a stop before each layer; a pass that stops leaves the text as it was before it.
pub struct Decoder {
    engine: Engine,
    /// The text that is cached.
    context: Context,
    /// The outputs of the last layer whose logits may be wanted: (1 + [`MAX_GUESS`], hidden_size)
    outputs: Vec<f32>,
    /// The positions of the tokens that they belong to. None, if no token was read since the text was truncated.
    outputs_of: Range<usize>,
    /// The position of the token whose logits are wanted; those after it are a guess.
    last: usize,
    /// The tokens of a pass that reads text.
    line: Trie,
    targets: Vec<Target>,
    /// Rows of a pass whose logits are wanted.
    rows: Vec<usize>,
}

impl Decoder {
    /// Packs the weights of a checkpoint, which is not used afterwards.
    ///
    /// # Errors
    /// A matrix in a format that this backend does not support, too little memory, or threads that
    /// cannot be started.
    pub fn new(checkpoint: &Checkpoint, options: Options) -> Result<Decoder, DecoderError> {
        let Options { threads, positions, exact } = options;
        let config = checkpoint.config();
        let positions = positions.min(config.max_position_embeddings);
        let mut pool = Pool::new(threads).map_err(DecoderError::Threads)?;
        let threads = pool.threads();
        let weights = Weights::pack(checkpoint, &mut pool)?;
        let cache = Cache::new(config, positions, exact, threads).map_err(DecoderError::Memory)?;
        let deltas = Deltas::new(config, cache.positions(), exact, threads).map_err(DecoderError::Memory)?;
        let scratch = Scratch::new(&weights, exact, cache.positions(), threads);
        let instructions = Instructions::best();
        // The cache rounds the number of positions up.
        let context = Context::new(cache.positions(), config.vocab_size);
        let outputs = vec![0.0; (1 + MAX_GUESS) * config.hidden_size];
        let engine = Engine {
            weights,
            pool,
            instructions,
            exact,
            quant_terms: MAX_QUANT_TERMS,
            cache,
            deltas,
            scratch,
        };
        Ok(Decoder {
            engine,
            context,
            outputs,
            outputs_of: 0..0,
            last: 0,
            line: Trie::default(),
            targets: Vec::new(),
            rows: Vec::with_capacity(TOKENS),
        })
    }

    /// The configuration of the model.
    pub fn config(&self) -> &Config {
        &self.engine.weights.config
    }

    /// How much memory it takes.
    pub fn memory(&self) -> Memory {
        let Engine { weights, cache, deltas, scratch, .. } = &self.engine;
        let of_deltas = |bytes: fn(&Deltas) -> usize| deltas.as_ref().map_or(0, bytes);
        Memory {
            weights: weights.bytes(),
            cache: cache.bytes() + of_deltas(Deltas::bytes),
            scratch: scratch.bytes() + cache.scratch_bytes() + of_deltas(Deltas::scratch_bytes),
        }
    }

    /// Reads all weights once, with all threads, and adds them up. Writing a token cannot take less
    /// time than this.
    pub fn sum_weights(&mut self) -> u64 {
        let Engine { weights, pool, .. } = &mut self.engine;
        let lines = weights.all_lines();
        let total = AtomicU64::new(0);
        pool.each(lines.chunks(lines.len().div_ceil(pool.threads()).max(1)), |lines| {
            let mut sums = [0u64; 8];
            for line in lines {
                for (sum, bytes) in sums.iter_mut().zip(line.as_chunks::<8>().0) {
                    *sum = sum.wrapping_add(u64::from_le_bytes(*bytes));
                }
            }
            total.fetch_add(sums.into_iter().fold(0, u64::wrapping_add), Ordering::Relaxed);
        });
        total.into_inner()
    }

    /// The instruction set that it computes with.
    pub fn instructions(&self) -> Instructions {
        self.engine.instructions
    }

    /// Its capacity, in tokens.
    pub fn positions(&self) -> usize {
        self.engine.cache.positions()
    }

    /// The text that it has read, with what was guessed of it.
    pub fn tokens(&self) -> &[u32] {
        self.context.tokens()
    }

    /// Truncates the text to `length` tokens.
    pub fn truncate(&mut self, length: usize) {
        if self.context.truncate(length) {
            self.outputs_of = 0..0;
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
        self.read(&text[shared..], &[], stop)
    }

    /// Makes `prefix` the text that was read, for what will be asked about it: it is the common beginning of requests, and
    /// nothing is read if it is cached. There are no logits afterwards.
    ///
    /// It is read with one 8-bit term per activation, while text that is prefilled or written gets two. That halves the
    /// work. With one term for dictations, `sayso-lab judge` found as many lines of `talk/valid`, `engine/valid` and
    /// `talk-later.jsonl` right as with two (2026-11-30, both of our models).
    ///
    /// # Errors
    /// As for [`Decoder::prefill`].
    pub fn prepare(&mut self, prefix: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError> {
        if self.tokens().starts_with(prefix) {
            self.truncate(prefix.len());
            return Ok(());
        }
        self.engine.quant_terms = 1;
        let read = self.prefill(prefix, stop);
        self.engine.quant_terms = MAX_QUANT_TERMS;
        self.outputs_of = 0..0;
        read
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
        let last = text.len() - 1;
        if self.tokens().starts_with(text) && self.outputs_of.contains(&last) {
            self.last = last;
            return Ok(());
        }
        let guess = self.context.admit_guess(text.len(), guess)?;
        self.truncate(shared);
        self.read(&text[shared..], guess, stop)
    }

    /// Reads more text.
    ///
    /// # Errors
    /// As for [`Decoder::prefill`]. After a stop, the tokens that were read so far stay read.
    pub fn extend(&mut self, text: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError> {
        self.context.admit(text)?;
        self.read(text, &[], stop)
    }

    fn read(&mut self, text: &[u32], guess: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError> {
        let (begin, count) = (self.tokens().len(), text.len() + guess.len());
        let Some(last) = (begin + text.len()).checked_sub(1) else { return Ok(()) };
        let mut tokens = text.iter().chain(guess).copied();
        for first in (begin..begin + count).step_by(TOKENS) {
            self.line.clear();
            self.line.add_line(tokens.by_ref().take(TOKENS));
            let read = first..first + self.line.nodes().len();
            self.engine.forward(first, &self.line, 0..read.len(), stop)?;
            for node in self.line.nodes() {
                self.context.push(&[node.token]);
            }
            self.keep_outputs(read, last);
        }
        Ok(())
    }

    /// The logits of the token after the text: (vocab_size). `None` if no token was read since the
    /// text was truncated.
    pub fn logits(&mut self) -> Option<&[f32]> {
        let row = self.outputs_of.contains(&self.last).then(|| self.last - self.outputs_of.start)?;
        let hidden = self.engine.weights.config.hidden_size;
        Some(self.engine.logits(&self.outputs[row * hidden..][..hidden]))
    }

    /// The likeliest token after the text.
    pub fn likeliest(&mut self) -> Option<u32> {
        self.logits().map(|logits| {
            let largest = pulp::Arch::new().dispatch(
                #[inline(always)]
                || combine(logits, f32::MIN, |logit| logit, f32::max),
            );
            logits.iter().position(|logit| *logit == largest).unwrap_or(0) as u32
        })
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
        while written.len() < limit {
            let Some(token) = self.likeliest().filter(|token| !ends.contains(token)) else { break };
            written.push(token);
            if written.len() < limit {
                self.extend(&[token], stop)?;
            }
        }
        Ok(written)
    }

    /// For each candidate, the log-probabilities of its tokens after `prefix` and `text`.
    ///
    /// `prefix` is the common beginning of requests, and is read as by [`Decoder::prepare`]; afterwards it is the text that
    /// was read. The rest takes one pass if it fits into one. It is read with one 8-bit term per activation, too: scores
    /// need not tell apart candidates that are nearly equal.
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
        let mut scores = vec![0.0; plan.len()];
        self.engine.quant_terms = 1;
        let scored = plan.passes(TOKENS).try_for_each(|pass| -> Result<(), DecoderError> {
            self.engine.forward(prefix.len(), plan.trie(), pass.clone(), stop)?;
            self.score(&plan, pass, &mut scores);
            Ok(())
        });
        self.engine.quant_terms = MAX_QUANT_TERMS;
        scored?;
        Ok(plan.by_candidate(&scores))
    }

    /// Writes the scores of all tokens that the nodes of `pass` score into `scores`. This pass must
    /// have been the last one.
    fn score(&mut self, plan: &Rescoring<'_>, pass: Range<usize>, scores: &mut [f32]) {
        self.rows.clear();
        self.targets.clear();
        for (number, scored) in plan.scored_by(pass.clone()) {
            let parent = scored.parent - pass.start;
            let row = self.rows.iter().position(|row| *row == parent).unwrap_or_else(|| {
                self.rows.push(parent);
                self.rows.len() - 1
            });
            self.targets.push(Target::new(scored.token, row, number));
        }
        if self.targets.is_empty() {
            return;
        }
        self.targets.sort_unstable_by_key(|target| target.token);
        self.engine.log_probabilities(&self.rows, &mut self.targets);
        for target in &mut self.targets {
            scores[target.place] = target.value();
        }
    }

    /// Keeps the outputs of a pass that read the tokens at some positions, from the `last` one of the text on; or from its
    /// own last one, if the text goes on.
    fn keep_outputs(&mut self, read: Range<usize>, last: usize) {
        let hidden = self.engine.weights.config.hidden_size;
        let mut from = read.start;
        // Otherwise the guess goes on.
        if read.start <= last {
            from = last.min(read.end - 1);
            self.outputs_of = from..from;
            self.last = from;
        }
        let kept = &self.engine.scratch.x[(from - read.start) * hidden..read.len() * hidden];
        self.outputs[self.outputs_of.len() * hidden..][..kept.len()].copy_from_slice(kept);
        self.outputs_of.end = read.end;
    }
}
