//! One pass of a few tokens through all layers, and the logits of its output.

use super::attention::{Cache, Pass};
use super::delta::Deltas;
use super::kernel::Instructions;
use super::kernel::Lanes;
use super::math::{LogSum, rms_norm, silu};
use super::matrix::{LANES, Line, Matrix};
use super::pool::Pool;
use super::rows::{Codes, MAX_QUANT_TERMS, Rows};
use super::weights::{Linear, Mixer, Weights};
use crate::error::DecoderError;
use crate::trie::{Node, Trie};
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

/// Maximum number of tokens of one pass. Hand-chosen, 2026-11-23.
pub(super) const TOKENS: usize = 128;

/// Scratch buffers of a pass, allocated once.
pub(super) struct Scratch {
    /// The residual stream: (tokens, hidden_size)
    pub(super) x: Vec<f32>,
    input: Rows,
    /// The output of the last matrix products: (tiles, tokens)
    y: Vec<Lanes>,
    /// (key_value_heads, tokens, query heads that share a key · head_dim), or of a gated delta-net
    /// (key heads, tokens, value heads that share a key · linear_value_head_dim)
    heads: Vec<f32>,
    places: Vec<usize>,
    visible: Vec<bool>,
    /// (shares of the output matrix, tokens)
    sums: Vec<LogSum>,
}

/// A token whose logit is wanted in one row.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) token: u32,
    row: usize,
    /// Where the caller puts the result.
    pub(super) place: usize,
    /// The bits of an f32. One thread writes them, and they are read when all threads are done.
    logit: AtomicU32,
}

impl Target {
    pub(super) fn new(token: u32, row: usize, place: usize) -> Target {
        Target { token, row, place, logit: AtomicU32::new(0) }
    }

    pub(super) fn value(&mut self) -> f32 {
        f32::from_bits(*self.logit.get_mut())
    }
}

/// Everything that a pass uses.
pub(super) struct Engine {
    pub(super) weights: Weights,
    pub(super) pool: Pool,
    pub(super) instructions: Instructions,
    /// Multiply with rows of numbers instead of rows of codes.
    pub(super) exact: bool,
    /// Number of rows of codes whose sum stands for a row of numbers.
    pub(super) quant_terms: usize,
    pub(super) cache: Cache,
    /// `None` if the model has no gated delta-nets.
    pub(super) deltas: Option<Deltas>,
    pub(super) scratch: Scratch,
}

impl Scratch {
    pub(super) fn new(weights: &Weights, exact: bool, positions: usize, threads: usize) -> Scratch {
        let config = &weights.config;
        let widest = weights.linears().map(|linear| linear.matrix.columns).max().unwrap_or(0);
        let tiles_of = |linears: &[Linear]| linears.iter().map(|linear| linear.matrix.tiles()).sum::<usize>();
        let of_layer = weights.layers.iter().map(|layer| {
            let (mixer, gate_up) = (tiles_of(layer.mixer.inputs()), tiles_of(&layer.gate_up_proj));
            mixer.max(gate_up).max(config.hidden_size.div_ceil(LANES))
        });
        let most = of_layer.max().unwrap_or(0) * TOKENS;
        let tiles = weights.head().matrix.tiles();
        let of_layer = weights.layers.iter().map(|layer| layer.mixer.output().matrix.columns);
        let widest_heads = of_layer.max().unwrap_or(0);
        let mut groups: Vec<usize> = weights.linears().filter_map(|linear| linear.matrix.group()).collect();
        groups.sort_unstable();
        groups.dedup();
        if exact {
            groups.clear();
        }
        Scratch {
            x: vec![0.0; TOKENS * config.hidden_size],
            input: Rows::with_room(TOKENS, widest, &groups),
            y: vec![[0.0; LANES]; most.max(tiles)],
            heads: vec![0.0; TOKENS * widest_heads],
            places: Vec::with_capacity(TOKENS),
            visible: vec![false; TOKENS * positions],
            sums: vec![LogSum::EMPTY; tiles.div_ceil(tiles_together(tiles, threads)) * TOKENS],
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let numbers = size_of_val(&*self.x) + size_of_val(&*self.y) + size_of_val(&*self.heads);
        let small = size_of_val(&*self.visible) + size_of_val(&*self.sums) + TOKENS * size_of::<usize>();
        numbers + self.input.bytes() + small
    }
}

impl Engine {
    /// Runs nodes `range` of the trie, which follows `base` cached positions, through all layers.
    /// Afterwards `scratch.x` holds the output of the last layer, before its norm, and the cache holds
    /// the keys and values.
    ///
    /// # Errors
    /// [`DecoderError::Stopped`] if `stop` returns true. It is called before each layer.
    pub(super) fn forward(
        &mut self,
        base: usize,
        trie: &Trie,
        range: Range<usize>,
        stop: &dyn Fn() -> bool,
    ) -> Result<(), DecoderError> {
        let Engine { weights, pool, scratch, .. } = self;
        let Scratch { x, places, visible, .. } = scratch;
        let (hidden, count) = (weights.config.hidden_size, range.len());
        let nodes = &trie.nodes()[range.clone()];
        let width = range.end;
        places.clear();
        places.extend(nodes.iter().map(|node| base + node.depth));
        for (node, visible) in range.clone().zip(visible.chunks_exact_mut(width)) {
            trie.ancestor_mask(node, visible);
        }
        let embedding = weights.lines(&weights.embed_tokens);
        pool.each_of_many(count, nodes.iter().zip(x.chunks_exact_mut(hidden)), |(node, x)| {
            weights.embed_tokens.matrix.row(embedding, node.token as usize, x);
        });
        for number in 0..weights.layers.len() {
            if stop() {
                return Err(DecoderError::Stopped);
            }
            self.layer(number, base, range.start, &trie.nodes()[..width], count);
        }
        let Scratch { x, y, .. } = &mut self.scratch;
        self.pool.each_of_many(count, x.chunks_exact_mut(hidden).take(count).enumerate(), |(row, x)| {
            add(x, y, count, row);
        });
        Ok(())
    }

    fn layer(&mut self, number: usize, base: usize, before: usize, nodes: &[Node], count: usize) {
        let Engine { weights, pool, cache, deltas, scratch, exact, quant_terms, instructions } = self;
        let Scratch { x, input, y, heads, places, visible, .. } = scratch;
        let layer = &weights.layers[number];
        let config = &weights.config;
        let (hidden, eps) = (config.hidden_size, config.rms_norm_eps);
        let product = Product { weights, instructions: *instructions, exact: *exact };

        input.fill(
            [count, hidden, *quant_terms],
            groups(layer.mixer.inputs()),
            pool,
            x.chunks_exact_mut(hidden).take(count),
            #[inline(always)]
            |row, x, out| {
                if number > 0 {
                    add(x, y, count, row);
                }
                rms_norm(x, &layer.input_layernorm, eps, out);
            },
        );
        product.of(layer.mixer.inputs(), input, y, pool);
        let pass = Pass { base, before, places, visible, width: nodes.len(), nodes };
        let output = layer.mixer.output();
        let heads = &mut heads[..count * output.matrix.columns];
        let groups_of_heads = match &layer.mixer {
            Mixer::Attention(attention) => {
                cache.attend(layer.place, attention, pass, y, heads, pool);
                config.num_key_value_heads
            }
            Mixer::Delta(delta) => {
                // A model with such layers has them.
                let Some(deltas) = deltas else { return };
                deltas.recur(layer.place, delta, pass, y, heads, pool);
                deltas.key_heads()
            }
        };

        let of_head = output.matrix.columns / groups_of_heads;
        input.fill(
            [count, output.matrix.columns, *quant_terms],
            groups(std::slice::from_ref(output)),
            pool,
            0..count,
            #[inline(always)]
            |row, _, out| {
                for (out, head) in out.chunks_exact_mut(of_head).zip(heads.chunks_exact(count * of_head)) {
                    out.copy_from_slice(&head[row * of_head..][..of_head]);
                }
            },
        );
        product.of(std::slice::from_ref(output), input, y, pool);

        input.fill(
            [count, hidden, *quant_terms],
            groups(&layer.gate_up_proj),
            pool,
            x.chunks_exact_mut(hidden).take(count),
            #[inline(always)]
            |row, x, out| {
                add(x, y, count, row);
                rms_norm(x, &layer.post_attention_layernorm, eps, out);
            },
        );
        product.of(&layer.gate_up_proj, input, y, pool);

        let up = layer.gate_up_proj[0].matrix.tiles() * count;
        input.fill(
            [count, layer.down_proj.matrix.columns, *quant_terms],
            groups(std::slice::from_ref(&layer.down_proj)),
            pool,
            0..count,
            #[inline(always)]
            |row, _, out| {
                let tiles = y[..up].chunks_exact(count).zip(y[up..].chunks_exact(count));
                for (out, (gate, up)) in out.chunks_mut(LANES).zip(tiles) {
                    for ((out, gate), up) in out.iter_mut().zip(&gate[row]).zip(&up[row]) {
                        *out = silu(*gate) * up;
                    }
                }
            },
        );
        product.of(std::slice::from_ref(&layer.down_proj), input, y, pool);
    }

    /// The logits for `hidden` (hidden_size), the output of the last layer before its norm:
    /// (vocab_size)
    pub(super) fn logits(&mut self, hidden: &[f32]) -> &[f32] {
        let Engine { weights, pool, scratch, exact, quant_terms, instructions, .. } = self;
        let head = std::slice::from_ref(weights.head());
        let config = &weights.config;
        let write = |_: usize, hidden: &[f32], out: &mut [f32]| {
            rms_norm(hidden, &weights.norm, config.rms_norm_eps, out);
        };
        scratch.input.fill(
            [1, config.hidden_size, *quant_terms],
            groups(head),
            pool,
            std::iter::once(hidden),
            write,
        );
        let product = Product { weights, instructions: *instructions, exact: *exact };
        product.of(head, &scratch.input, &mut scratch.y, pool);
        &scratch.y.as_flattened()[..config.vocab_size]
    }

    /// Computes the log-probability of each target: its logit minus the logarithm of the sum of the
    /// exponentials of its row. The targets must be sorted by token. `rows` names rows of `scratch.x`.
    /// Logits are not stored, because all of them would be as large as the weights.
    pub(super) fn log_probabilities(&mut self, rows: &[usize], targets: &mut [Target]) {
        let Engine { weights, pool, scratch, exact, quant_terms, instructions, .. } = self;
        let Scratch { x, input, sums, .. } = scratch;
        let head = weights.head();
        let config = &weights.config;
        let (hidden, vocabulary) = (config.hidden_size, config.vocab_size);
        input.fill(
            [rows.len(), hidden, *quant_terms],
            groups(std::slice::from_ref(head)),
            pool,
            rows.iter(),
            #[inline(always)]
            |_, row, out| rms_norm(&x[row * hidden..][..hidden], &weights.norm, config.rms_norm_eps, out),
        );
        let product = Product { weights, instructions: *instructions, exact: *exact };
        let tiles = head.matrix.tiles();
        let together = tiles_together(tiles, pool.threads());
        // One sum per share and not per thread: which thread takes which share is random, and the
        // last bits of a sum depend on its order.
        let shares = sums.chunks_exact_mut(rows.len()).take(tiles.div_ceil(together)).enumerate();
        let (shared_targets, input) = (&*targets, &*input);
        pool.each(shares, |(share, sums)| {
            sums.fill(LogSum::EMPTY);
            let mut scratch = [[0.0; LANES]; TOKENS];
            let lanes = &mut scratch[..rows.len()];
            for tile in share * together..tiles.min((share + 1) * together) {
                product.tile(head, tile, input, lanes);
                let tokens = tile * LANES..vocabulary.min((tile + 1) * LANES);
                pulp::Arch::new().dispatch(
                    #[inline(always)]
                    || {
                        for (sum, lanes) in sums.iter_mut().zip(&*lanes) {
                            sum.add(&lanes[..tokens.len()]);
                        }
                    },
                );
                let first = shared_targets.partition_point(|target| (target.token as usize) < tokens.start);
                let here = shared_targets[first..].iter();
                for target in here.take_while(|target| (target.token as usize) < tokens.end) {
                    let logit = lanes[target.row][target.token as usize - tokens.start];
                    target.logit.store(logit.to_bits(), Ordering::Relaxed);
                }
            }
        });
        let (first, rest) = sums.split_at_mut(rows.len());
        for other in rest.chunks_exact(rows.len()).take(tiles.div_ceil(together) - 1) {
            for (sum, other) in first.iter_mut().zip(other) {
                *sum = sum.merge(*other);
            }
        }
        for target in targets {
            let logit = target.logit.get_mut();
            *logit = (f32::from_bits(*logit) - first[target.row].value()).to_bits();
        }
    }
}

/// The group sizes of the matrices.
fn groups(linears: &[Linear]) -> impl Iterator<Item = usize> {
    linears.iter().filter_map(|linear| linear.matrix.group())
}

/// `x` += row `row` of the products `y` (tiles, `count`).
#[inline(always)]
fn add(x: &mut [f32], y: &[Lanes], count: usize, row: usize) {
    for (x, tile) in x.chunks_mut(LANES).zip(y.chunks_exact(count)) {
        for (x, y) in x.iter_mut().zip(&tile[row]) {
            *x += y;
        }
    }
}

/// Number of tiles that a thread takes at once. There are enough shares that a thread that lost its
/// core for a while does not hold up the others, and so few that taking them costs nothing.
fn tiles_together(tiles: usize, threads: usize) -> usize {
    (tiles / (threads * 8)).max(1)
}

/// How products are computed.
#[derive(Clone, Copy)]
struct Product<'a> {
    weights: &'a Weights,
    instructions: Instructions,
    exact: bool,
}

impl Product<'_> {
    /// `y` (tiles of all matrices, rows) = the matrices · each row of `input`.
    fn of(self, linears: &[Linear], input: &Rows, y: &mut [Lanes], pool: &mut Pool) {
        let count = input.count();
        let tiles = linears.iter().map(|linear| linear.matrix.tiles()).sum::<usize>();
        let together = tiles_together(tiles, pool.threads());
        let shares = y[..tiles * count].chunks_mut(together * count).enumerate();
        pool.each(shares, |(share, y)| {
            for (number, y) in y.chunks_exact_mut(count).enumerate() {
                let mut tile = share * together + number;
                for linear in linears {
                    if tile < linear.matrix.tiles() {
                        self.tile(linear, tile, input, y);
                        break;
                    }
                    tile -= linear.matrix.tiles();
                }
            }
        });
    }

    /// `y` (rows) = one tile · each row of `input`.
    fn tile(self, linear: &Linear, tile: usize, input: &Rows, y: &mut [Lanes]) {
        let matrix = &linear.matrix;
        let lines = &self.weights.lines(linear)[tile * matrix.tile_lines()..];
        let codes = if self.exact { None } else { matrix.group().and_then(|group| input.codes(group)) };
        match codes {
            None => self.instructions.numbers(matrix, lines, input.numbers(), y),
            Some(codes) if input.quant_terms() == 1 => self.instructions.codes(matrix, lines, codes, y),
            // Clearing a buffer for many rows would take longer than the product with one.
            Some(codes) if y.len() == 1 => self.quant_terms::<MAX_QUANT_TERMS>(matrix, lines, codes, y),
            Some(codes) => self.quant_terms::<{ MAX_QUANT_TERMS * TOKENS }>(matrix, lines, codes, y),
        }
        if !linear.bias.is_empty() {
            let bias = &linear.bias[tile * LANES..];
            for y in y {
                for (y, bias) in y.iter_mut().zip(bias) {
                    *y += bias;
                }
            }
        }
    }
    /// `y` (rows) = one tile · each row, where a row is the sum of [`MAX_QUANT_TERMS`] rows of
    /// codes. `MOST` is the largest number of those.
    fn quant_terms<const MOST: usize>(self, matrix: &Matrix, lines: &[Line], codes: &Codes, y: &mut [Lanes]) {
        let mut scratch = [[0.0; LANES]; MOST];
        let terms = &mut scratch[..MAX_QUANT_TERMS * y.len()];
        self.instructions.codes(matrix, lines, codes, terms);
        for (y, terms) in y.iter_mut().zip(terms.as_chunks::<MAX_QUANT_TERMS>().0) {
            *y = std::array::from_fn(|lane| terms.iter().map(|term| term[lane]).sum());
        }
    }
}
