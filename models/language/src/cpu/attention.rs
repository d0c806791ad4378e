//! Attention over the cached keys and values.
//!
//! Keys and values are stored in tiles of 16 lanes, like the weights. A tile of keys has 16
//! positions as lanes and the elements of a head as columns; a tile of values has 16 elements as
//! lanes and positions as columns. Both products are then ordinary products with a few rows, and
//! lanes never have to be added up.

use super::element::{Bf16, F32, Stored};
use super::kernel::{Lanes, product};
use super::math::{rms_norm_head, rotate, sigmoid, softmax};
use super::matrix::LANES;
use super::pool::Pool;
use super::weights::Attention;
use crate::checkpoint::Config;
use crate::trie::Node;
use pulp::{Simd, WithSimd};
use std::sync::{Mutex, PoisonError};

/// Query rows that share one read of the keys, unless one position has more heads. Hand-chosen, 2026-11-23.
const ROWS: usize = 8;

/// The keys and values of each position, in one number format.
struct Store<E: Stored> {
    /// (layers, key_value_heads, keys: (positions / 16, head_dim), then values: (head_dim / 16, positions)) of 16
    /// lanes
    columns: Vec<[E::Raw; LANES]>,
}

/// The cached keys and values of a text. Unused positions take no memory.
pub(super) struct Cache {
    shape: Shape,
    store: AnyStore,
    /// One per thread.
    scratches: Vec<Mutex<Scratch>>,
    /// Cosines and sines: (positions, rotary_dim / 2)
    turns: Vec<[f32; 2]>,
}

enum AnyStore {
    F32(Store<F32>),
    Bf16(Store<Bf16>),
}

#[derive(Debug, Clone, Copy)]
struct Shape {
    head_dim: usize,
    rotary_dim: usize,
    /// Whether each query is followed by its gate.
    gated: bool,
    heads: usize,
    key_value_heads: usize,
    /// A multiple of 16.
    positions: usize,
    eps: f32,
}

/// Scratch buffers of one thread.
#[derive(Default)]
struct Scratch {
    /// (rows, head_dim)
    queries: Vec<f32>,
    /// (positions / 16, rows)
    scores: Vec<Lanes>,
    /// (rows, positions)
    weights: Vec<f32>,
    /// (head_dim)
    head: Vec<f32>,
}

/// The tokens of a pass.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a> {
    /// Cached positions, which every token attends to.
    pub(super) base: usize,
    /// Further positions, filled by earlier passes; a token attends to those that `visible` allows.
    pub(super) before: usize,
    /// The position of each token in its text.
    pub(super) places: &'a [usize],
    /// Whether a token attends to a position, counted from `base`: (tokens, `width`)
    pub(super) visible: &'a [bool],
    pub(super) width: usize,
    /// The tokens of this pass and of those before it as a tree: (`width`)
    pub(super) nodes: &'a [Node],
}

impl Shape {
    /// Query heads per key and value head.
    fn sharing(&self) -> usize {
        self.heads / self.key_value_heads
    }

    /// Numbers in a row of queries for each head.
    fn query_stride(&self) -> usize {
        if self.gated { 2 * self.head_dim } else { self.head_dim }
    }

    fn key_columns(&self) -> usize {
        self.positions / LANES * self.head_dim
    }

    fn head_columns(&self) -> usize {
        self.key_columns() + self.head_dim.div_ceil(LANES) * self.positions
    }

    fn rows(&self) -> usize {
        ROWS.max(self.sharing())
    }
}

impl Cache {
    /// Allocates `positions` positions, rounded up to whole tiles, with 32-bit numbers if `exact`.
    ///
    /// # Errors
    /// The system has too little memory.
    pub(super) fn new(
        config: &Config,
        positions: usize,
        exact: bool,
        threads: usize,
    ) -> std::io::Result<Cache> {
        let shape = Shape {
            head_dim: config.head_dim,
            rotary_dim: config.rotary_dim,
            gated: config.output_gate,
            heads: config.num_attention_heads,
            key_value_heads: config.num_key_value_heads,
            positions: positions.next_multiple_of(LANES),
            eps: config.rms_norm_eps,
        };
        let layers =
            (0..config.num_hidden_layers).filter(|index| config.delta_net_at(*index).is_none()).count();
        let columns = layers * shape.key_value_heads * shape.head_columns();
        // A vector of zeros takes memory only as it is used, but aborts the process if the system
        // refuses. Reserving it first turns a refusal into an error.
        let bytes = columns.checked_mul(if exact { 64 } else { 32 });
        let asked = bytes.map(|bytes| Vec::<u8>::new().try_reserve_exact(bytes));
        if !matches!(asked, Some(Ok(()))) {
            return Err(std::io::ErrorKind::OutOfMemory.into());
        }
        let store = match exact {
            true => AnyStore::F32(Store { columns: vec![[[0; 4]; LANES]; columns] }),
            false => AnyStore::Bf16(Store { columns: vec![[[0; 2]; LANES]; columns] }),
        };
        let angles = config.rope.angles(shape.rotary_dim);
        let turns = (0..shape.positions).flat_map(|place| {
            angles.iter().map(move |angle| {
                let (sin, cos) = (place as f64 * f64::from(*angle)).sin_cos();
                [cos as f32, sin as f32]
            })
        });
        let scratch = || Scratch {
            queries: vec![0.0; shape.rows() * shape.head_dim],
            scores: vec![[0.0; LANES]; shape.positions / LANES * shape.rows()],
            weights: vec![0.0; shape.rows() * shape.positions],
            head: vec![0.0; shape.head_dim.next_multiple_of(LANES)],
        };
        let scratches = (0..threads).map(|_| Mutex::new(scratch())).collect();
        Ok(Cache { store, scratches, turns: turns.collect(), shape })
    }

    pub(super) fn positions(&self) -> usize {
        self.shape.positions
    }

    /// Size of keys and values in bytes, if all positions are used.
    pub(super) fn bytes(&self) -> usize {
        match &self.store {
            AnyStore::F32(store) => size_of_val(&*store.columns),
            AnyStore::Bf16(store) => size_of_val(&*store.columns),
        }
    }

    /// Size of everything else in bytes.
    pub(super) fn scratch_bytes(&self) -> usize {
        let Shape { head_dim, positions, .. } = self.shape;
        let of_row = 4 * (head_dim + 2 * positions);
        size_of_val(&*self.turns) + self.scratches.len() * self.shape.rows() * of_row
    }

    /// Attention of layer `number` of those that have attention: takes queries, keys and values from `qkv` (tiles, tokens), stores the keys and
    /// values, and writes the heads into `out` (key_value_heads, tokens, sharing · head_dim).
    pub(super) fn attend(
        &mut self,
        number: usize,
        layer: &Attention,
        pass: Pass<'_>,
        qkv: &[Lanes],
        out: &mut [f32],
        pool: &mut Pool,
    ) {
        let Cache { shape, store, scratches, turns } = self;
        match store {
            AnyStore::F32(store) => {
                attend::<F32>(*shape, store, number, layer, pass, turns, qkv, out, scratches, pool);
            }
            AnyStore::Bf16(store) => {
                attend::<Bf16>(*shape, store, number, layer, pass, turns, qkv, out, scratches, pool);
            }
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of a cache, for one number format")]
fn attend<E: Stored>(
    shape: Shape,
    store: &mut Store<E>,
    number: usize,
    layer: &Attention,
    pass: Pass<'_>,
    turns: &[[f32; 2]],
    qkv: &[Lanes],
    out: &mut [f32],
    scratches: &[Mutex<Scratch>],
    pool: &mut Pool,
) {
    let tokens = pass.places.len();
    let [q, k, _] = layer.qkv_proj.each_ref().map(|linear| linear.matrix.tiles() * tokens);
    let (queries, rest) = qkv.split_at(q);
    let (keys, values) = rest.split_at(k);
    let of_layer = shape.key_value_heads * shape.head_columns();
    let columns = &mut store.columns[number * of_layer..][..of_layer];
    let heads = columns.chunks_exact_mut(shape.head_columns());
    let outs = out.chunks_exact_mut(tokens * shape.sharing() * shape.head_dim);
    pool.each_numbered(heads.zip(outs).enumerate(), |thread, (head, (columns, out))| {
        let mut scratch = scratches[thread].lock().unwrap_or_else(PoisonError::into_inner);
        let scratch = &mut *scratch;
        pulp::Arch::new().dispatch(Head::<E> {
            shape,
            layer,
            pass,
            turns,
            queries,
            keys,
            values,
            head,
            columns,
            out,
            scratch,
        });
    });
}

/// The work on one key and value head and the query heads that share it.
struct Head<'a, E: Stored> {
    shape: Shape,
    layer: &'a Attention,
    pass: Pass<'a>,
    turns: &'a [[f32; 2]],
    queries: &'a [Lanes],
    keys: &'a [Lanes],
    values: &'a [Lanes],
    head: usize,
    columns: &'a mut [[E::Raw; LANES]],
    /// (tokens, sharing · head_dim)
    out: &'a mut [f32],
    scratch: &'a mut Scratch,
}

impl<E: Stored> WithSimd for Head<'_, E> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        self.store();
        let sharing = self.shape.sharing();
        let together = (ROWS / sharing).max(1);
        let tokens = self.pass.places.len();
        for first in (0..tokens).step_by(together) {
            self.attend::<S>(first..tokens.min(first + together));
        }
    }
}

impl<E: Stored> Head<'_, E> {
    /// Stores the keys and values of the tokens.
    #[inline(always)]
    fn store(&mut self) {
        let Shape { head_dim, rotary_dim, positions, eps, .. } = self.shape;
        let tokens = self.pass.places.len();
        let (keys, values) = self.columns.split_at_mut(self.shape.key_columns());
        let head = &mut self.scratch.head[..head_dim];
        for (token, place) in self.pass.places.iter().enumerate() {
            let slot = self.pass.base + self.pass.before + token;
            gather(self.keys, tokens, token, self.head * head_dim, head);
            if !self.layer.k_norm.is_empty() {
                rms_norm_head(head, &self.layer.k_norm, eps);
            }
            rotate(head, &self.turns[place * rotary_dim / 2..][..rotary_dim / 2]);
            let tile = &mut keys[slot / LANES * head_dim..][..head_dim];
            for (column, value) in tile.iter_mut().zip(&*head) {
                column[slot % LANES] = E::encode(*value);
            }
            gather(self.values, tokens, token, self.head * head_dim, head);
            for (tile, head) in values.chunks_exact_mut(positions).zip(head.chunks(LANES)) {
                for (lane, value) in tile[slot].iter_mut().zip(head) {
                    *lane = E::encode(*value);
                }
            }
        }
    }

    /// Attention of a few tokens.
    #[inline(always)]
    fn attend<S: Simd>(&mut self, range: std::ops::Range<usize>) {
        let Shape { head_dim, rotary_dim, positions, eps, gated, .. } = self.shape;
        let stride = self.shape.query_stride();
        let sharing = self.shape.sharing();
        let Pass { base, before, places, visible, width, .. } = self.pass;
        let Scratch { queries, scores, weights, head: gate } = &mut *self.scratch;
        let rows = range.len() * sharing;
        for (row, query) in queries.chunks_exact_mut(head_dim).take(rows).enumerate() {
            let (token, head) = (range.start + row / sharing, self.head * sharing + row % sharing);
            gather(self.queries, places.len(), token, head * stride, query);
            if !self.layer.q_norm.is_empty() {
                rms_norm_head(query, &self.layer.q_norm, eps);
            }
            rotate(query, &self.turns[places[token] * rotary_dim / 2..][..rotary_dim / 2]);
            let scale = 1.0 / (head_dim as f32).sqrt();
            query.iter_mut().for_each(|value| *value *= scale);
        }

        // Tokens do not attend to those after them.
        let slots = base + before + range.end;
        let (keys, values) = self.columns.split_at(self.shape.key_columns());
        let scores = &mut scores[..slots.div_ceil(LANES) * rows];
        scores.fill([0.0; LANES]);
        for (tile, scores) in keys.chunks_exact(head_dim).zip(scores.chunks_exact_mut(rows)) {
            product::<S, E>(tile, queries, head_dim, scores);
        }
        for (row, weights) in weights.chunks_exact_mut(positions).take(rows).enumerate() {
            gather(scores, rows, row, 0, &mut weights[..slots]);
            let (_, new) = weights[..slots].split_at_mut(base);
            let visible = &visible[(range.start + row / sharing) * width..];
            for (score, visible) in new.iter_mut().zip(visible) {
                *score = if *visible { *score } else { f32::NEG_INFINITY };
            }
            softmax(&mut weights[..slots]);
        }

        // The scores are no longer needed, so their buffer takes the sums.
        let sums = &mut scores[..rows];
        for (number, tile) in values.chunks_exact(positions).enumerate() {
            sums.fill([0.0; LANES]);
            product::<S, E>(&tile[..slots], weights, positions, sums);
            for (row, sum) in sums.iter().enumerate() {
                let head = &mut self.out[(range.start * sharing + row) * head_dim..][..head_dim];
                for (out, sum) in head[number * LANES..].iter_mut().zip(sum) {
                    *out = *sum;
                }
            }
        }
        if !gated {
            return;
        }
        let outs = self.out[range.start * sharing * head_dim..].chunks_exact_mut(head_dim);
        for (row, out) in outs.take(rows).enumerate() {
            let (token, head) = (range.start + row / sharing, self.head * sharing + row % sharing);
            gather(self.queries, places.len(), token, head * stride + head_dim, &mut gate[..head_dim]);
            for (out, gate) in out.iter_mut().zip(&*gate) {
                *out *= sigmoid(*gate);
            }
        }
    }
}

/// Copies columns `first..` of row `row` from tiles (tiles, `rows`) into `out`.
#[inline(always)]
pub(super) fn gather(tiles: &[Lanes], rows: usize, row: usize, first: usize, out: &mut [f32]) {
    let mut column = first;
    let mut rest = out;
    while !rest.is_empty() {
        let lanes = &tiles[column / LANES * rows + row][column % LANES..];
        let count = lanes.len().min(rest.len());
        let (piece, after) = rest.split_at_mut(count);
        piece.copy_from_slice(&lanes[..count]);
        column += count;
        rest = after;
    }
}
