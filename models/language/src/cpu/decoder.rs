//! A language model that stays in memory, with the text that it has read.

use super::DecoderError;
use super::attention::Cache;
use super::forward::{Engine, Room, TOKENS, Target};
use super::kernel::Instructions;
use super::math::combine;
use super::pool::Pool;
use super::rows::TERMS;
use super::weights::Weights;
use crate::checkpoint::{Checkpoint, Config};
use crate::trie::Trie;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Threads, the calling one included; see [`super::default_threads`].
    pub threads: usize,
    /// Tokens of text that it can hold, those of candidates included; never more than the model was made for.
    pub positions: usize,
    /// Computes with 32-bit numbers throughout, many times slower: what the fast way is held to.
    pub exact: bool,
}

impl Default for Options {
    /// As many threads as [`super::default_threads`] says, 512 tokens, the fast way.
    fn default() -> Options {
        Options { threads: super::default_threads(), positions: 512, exact: false }
    }
}

/// What a model takes of memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// The matrices.
    pub weights: usize,
    /// Keys and values, once all positions have been used.
    pub cache: usize,
    /// What passes work in.
    pub room: usize,
}

/// A model and the text that it has read. All its memory is taken when it is opened; each pass stops when it is asked
/// to, which it looks for before each layer, and then holds what it held before.
pub struct Decoder {
    engine: Engine,
    /// The text whose keys and values are cached.
    tokens: Vec<u32>,
    /// What the last layer made of the last token: (hidden_size); of no use when no token was read since the text
    /// was cut.
    last: Vec<f32>,
    last_is_current: bool,
    trie: Trie,
    /// The tokens of all candidates.
    followers: Vec<Follower>,
    targets: Vec<Target>,
    /// Rows of a pass whose logits are wanted.
    rows: Vec<usize>,
}

/// A token of a candidate, with the node that it follows.
#[derive(Debug, Clone, Copy)]
struct Follower {
    parent: usize,
    token: u32,
}

impl Decoder {
    /// Packs the weights of a checkpoint, of which nothing is used afterwards.
    ///
    /// # Errors
    /// A matrix that cannot be multiplied by, too little memory, or threads that cannot be started.
    pub fn new(checkpoint: &Checkpoint, options: Options) -> Result<Decoder, DecoderError> {
        let Options { threads, positions, exact } = options;
        let config = checkpoint.config();
        let positions = positions.min(config.max_position_embeddings);
        let mut pool = Pool::new(threads).map_err(DecoderError::Threads)?;
        let threads = pool.threads();
        let weights = Weights::pack(checkpoint, &mut pool)?;
        let cache = Cache::new(config, positions, exact, threads).map_err(DecoderError::Memory)?;
        let room = Room::new(&weights, exact, cache.positions(), threads);
        let instructions = Instructions::best();
        // Rounded up.
        let positions = cache.positions();
        let last = vec![0.0; config.hidden_size];
        let engine = Engine { weights, pool, instructions, exact, terms: TERMS, cache, room };
        Ok(Decoder {
            engine,
            tokens: Vec::with_capacity(positions),
            last,
            last_is_current: false,
            trie: Trie::default(),
            followers: Vec::new(),
            targets: Vec::new(),
            rows: Vec::with_capacity(TOKENS),
        })
    }

    /// What the checkpoint says about the model.
    pub fn config(&self) -> &Config {
        &self.engine.weights.config
    }

    /// What it takes of memory.
    pub fn memory(&self) -> Memory {
        let Engine { weights, cache, room, .. } = &self.engine;
        Memory { weights: weights.bytes(), cache: cache.bytes(), room: room.bytes() + cache.room_bytes() }
    }

    /// Reads all weights once, in as many threads as compute, and adds them up: writing a token cannot take less time.
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

    /// The instructions that it computes with.
    pub fn instructions(&self) -> Instructions {
        self.engine.instructions
    }

    /// Tokens that it has room for.
    pub fn positions(&self) -> usize {
        self.engine.cache.positions()
    }

    /// The text that it has read.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// Forgets the text from `length` on.
    pub fn truncate(&mut self, length: usize) {
        if length < self.tokens.len() {
            self.tokens.truncate(length);
            self.last_is_current = false;
        }
    }

    /// Makes `text` the text that was read: keeps what is the same at the beginning and reads the rest. At least the
    /// last token is read, so that there are logits.
    ///
    /// # Errors
    /// An empty text, a token that is none, a text that does not fit, or [`DecoderError::Stopped`].
    pub fn prefill(&mut self, text: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError> {
        let rest = self.keep(text)?;
        self.extend(rest, stop)
    }

    /// Reads more text.
    ///
    /// # Errors
    /// As [`Decoder::prefill`]. After a stop, what was read of it stays read.
    pub fn extend(&mut self, text: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError> {
        self.check(text)?;
        self.fits(self.tokens.len() + text.len())?;
        for text in text.chunks(TOKENS) {
            self.trie.clear();
            let end = text.iter().fold(None, |parent, token| Some(self.trie.add(parent, *token)));
            self.engine.forward(self.tokens.len(), &self.trie, 0..text.len(), stop)?;
            self.tokens.extend_from_slice(text);
            self.remember(end.unwrap_or(0));
        }
        Ok(())
    }

    /// The logits of the token after the text: (vocab_size). None when nothing was read since the text was cut.
    pub fn logits(&mut self) -> Option<&[f32]> {
        self.last_is_current.then(|| self.engine.logits(&self.last))
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

    /// Writes behind `prompt`, always the likeliest token, until one of `ends`, which is not part of the result, or
    /// until there are `limit`. What was written is read as well, except for the last token.
    ///
    /// # Errors
    /// As [`Decoder::prefill`]; after a stop, [`Decoder::tokens`] holds what was written before it.
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

    /// The logarithm of the probability of each candidate behind `prefix` and `text`.
    ///
    /// The prefix is what requests have in common: it is read as by [`Decoder::prefill`], if it is not there already,
    /// and is the text that was read afterwards. The rest goes through in one pass where it fits into one: beginnings
    /// that candidates share are read once, and each token sees its own candidate only (tree attention, as SpecInfer
    /// verifies guesses, Miao et al., 2023). It is read with 8-bit numbers, where what is kept or written has two for
    /// each: half the work, and scores need not tell apart what is as good as equal.
    ///
    /// # Errors
    /// As [`Decoder::prefill`].
    pub fn judge(
        &mut self,
        prefix: &[u32],
        text: &[u32],
        candidates: &[&[u32]],
        stop: &dyn Fn() -> bool,
    ) -> Result<Vec<f32>, DecoderError> {
        let each = self.judge_each(prefix, text, candidates, stop)?;
        Ok(each.iter().map(|tokens| tokens.iter().sum()).collect())
    }

    /// [`Decoder::judge`], token by token.
    ///
    /// # Errors
    /// As [`Decoder::prefill`].
    pub fn judge_each(
        &mut self,
        prefix: &[u32],
        text: &[u32],
        candidates: &[&[u32]],
        stop: &dyn Fn() -> bool,
    ) -> Result<Vec<Vec<f32>>, DecoderError> {
        for tokens in candidates.iter().chain([&text]) {
            self.check(tokens)?;
        }
        let Some(last) = text.len().checked_sub(1) else { return Err(DecoderError::Empty) };
        if self.tokens.starts_with(prefix) {
            self.truncate(prefix.len());
        } else {
            self.prefill(prefix, stop)?;
        }
        self.trie.clear();
        self.followers.clear();
        text.iter().fold(None, |parent, token| Some(self.trie.add(parent, *token)));
        let end = last;
        for candidate in candidates {
            let mut parent = end;
            for (at, &token) in candidate.iter().enumerate() {
                self.followers.push(Follower { parent, token });
                // The last token has nothing behind it to score.
                if at + 1 < candidate.len() {
                    parent = self.trie.add(Some(parent), token);
                }
            }
        }
        let count = self.trie.nodes().len();
        self.fits(prefix.len() + count)?;
        let mut likely = vec![0.0; self.followers.len()];
        self.engine.terms = 1;
        let judged = (0..count).step_by(TOKENS).try_for_each(|first| -> Result<(), DecoderError> {
            let range = first..count.min(first + TOKENS);
            self.engine.forward(prefix.len(), &self.trie, range.clone(), stop)?;
            self.likely(range, &mut likely);
            Ok(())
        });
        self.engine.terms = TERMS;
        judged?;
        let mut rest = &*likely;
        let score = |candidate: &&[u32]| {
            let (of_candidate, others) = rest.split_at(candidate.len());
            rest = others;
            of_candidate.to_vec()
        };
        Ok(candidates.iter().map(score).collect())
    }

    /// Writes the logarithms of the probabilities of all followers of nodes in `range`, the pass that was just done,
    /// into `likely`.
    fn likely(&mut self, range: Range<usize>, likely: &mut [f32]) {
        self.rows.clear();
        self.targets.clear();
        for (number, follower) in self.followers.iter().enumerate() {
            if !range.contains(&follower.parent) {
                continue;
            }
            let parent = follower.parent - range.start;
            let row = self.rows.iter().position(|row| *row == parent).unwrap_or_else(|| {
                self.rows.push(parent);
                self.rows.len() - 1
            });
            self.targets.push(Target::new(follower.token, row, number));
        }
        if self.targets.is_empty() {
            return;
        }
        self.targets.sort_unstable_by_key(|target| target.token);
        self.engine.log_probabilities(&self.rows, &mut self.targets);
        for target in &mut self.targets {
            likely[target.place] = target.value();
        }
    }

    /// Cuts the text to what it shares with `text`, which leaves at least its last token to read; returns that rest.
    fn keep<'t>(&mut self, text: &'t [u32]) -> Result<&'t [u32], DecoderError> {
        let Some(last) = text.len().checked_sub(1) else { return Err(DecoderError::Empty) };
        self.fits(text.len())?;
        self.check(text)?;
        let shared = self.tokens.iter().zip(&text[..last]).take_while(|(a, b)| a == b).count();
        self.truncate(shared);
        Ok(&text[shared..])
    }

    fn remember(&mut self, row: usize) {
        let hidden = self.last.len();
        self.last.copy_from_slice(&self.engine.room.x[row * hidden..][..hidden]);
        self.last_is_current = true;
    }

    fn fits(&self, needed: usize) -> Result<(), DecoderError> {
        let positions = self.engine.cache.positions();
        if needed > positions { Err(DecoderError::Full { needed, positions }) } else { Ok(()) }
    }

    fn check(&self, tokens: &[u32]) -> Result<(), DecoderError> {
        let vocabulary = self.config().vocab_size;
        match tokens.iter().find(|token| **token as usize >= vocabulary) {
            Some(&token) => Err(DecoderError::Token { token, vocabulary }),
            None => Ok(()),
        }
    }
}
