//! Gated delta-nets: layers that carry a state from token to token instead of attending to all
//! tokens before (Yang et al., "Gated Delta Networks: Improving Mamba2 with Delta Rule", 2024). The
//! computation is that of `gated_delta.py` and `qwen3_5.py` in `mlx_lm` 0.32.
//!
//! A state cannot be cut like a list of keys. So what goes into the recurrence is cached for each
//! position, like keys and values, and states follow from it: that of the text lies beside the
//! cache, and when the text is cut, or branches as a tree, the recurrence runs again from an earlier
//! state. That takes a few thousandths of the work of reading the tokens again.

use super::attention::Pass;
use super::attention::gather;
use super::element::{Bf16, F32, Stored};
use super::kernel::Lanes;
use super::math::{exp, l2_norm, rms_norm_head, sigmoid, silu, softplus};
use super::pool::Pool;
use super::weights::Delta;
use crate::checkpoint::{Config, DeltaNet};
use pulp::{Simd, WithSimd};
use std::sync::{Mutex, PoisonError};

/// A state is kept where the text was cut if more than this many tokens were run again for it: the
/// next text is probably cut there too. Hand-chosen, 2026-11-29.
const RUN_AGAIN: usize = 16;

/// Added to the sums of squares of queries and keys, as in `qwen3_5.py`.
const EPS: f32 = 1e-6;

/// The gated delta-nets of a model, with their cache.
pub(super) struct Deltas {
    shape: Shape,
    store: AnyStore,
    /// The gates `b` and `a` at each position: (layers, key heads, positions, 2 · sharing). They
    /// keep 32 bits, because they count as exponents.
    gates: Vec<f32>,
    /// (layers, key heads)
    states: Vec<State>,
    /// One per thread.
    scratches: Vec<Mutex<Scratch>>,
}

/// The channels before the convolution at each position, in one number format: (layers, key heads,
/// positions, channels).
enum AnyStore {
    F32(Vec<<F32 as super::element::Element>::Raw>),
    Bf16(Vec<<Bf16 as super::element::Element>::Raw>),
}

#[derive(Debug, Clone, Copy)]
struct Shape {
    key_heads: usize,
    /// Value heads for each key head.
    sharing: usize,
    key_head_dim: usize,
    value_head_dim: usize,
    kernel: usize,
    positions: usize,
    eps: f32,
}

/// The states of the value heads that share one key head, after some of the text's tokens.
#[derive(Debug, Clone)]
struct State {
    /// How many tokens it has seen.
    position: usize,
    /// (sharing, key_head_dim, value_head_dim)
    numbers: Vec<f32>,
    /// How many tokens the kept state has seen, at most as many as the cache has of this text.
    kept_position: usize,
    /// As `numbers`.
    kept: Vec<f32>,
}

/// Scratch buffers of one thread.
struct Scratch {
    /// (channels): a query, a key and values.
    row: Vec<f32>,
    /// (value_head_dim): what the state yields for a key, and then what is added for it.
    change: Vec<f32>,
    /// (sharing, key_head_dim, value_head_dim): the state on a branch of a tree.
    branch: Vec<f32>,
    /// The positions in the cache of a node and of its ancestors in the tree, the node last.
    path: Vec<usize>,
}

impl Shape {
    fn new(net: &DeltaNet, positions: usize, eps: f32) -> Shape {
        Shape {
            key_heads: net.linear_num_key_heads,
            sharing: net.linear_num_value_heads / net.linear_num_key_heads,
            key_head_dim: net.linear_key_head_dim,
            value_head_dim: net.linear_value_head_dim,
            kernel: net.linear_conv_kernel_dim,
            positions,
            eps,
        }
    }

    /// Values of the heads that share one key head.
    fn values(&self) -> usize {
        self.sharing * self.value_head_dim
    }

    /// Channels of the convolution that belong to one key head: its query, its key and its values.
    fn channels(&self) -> usize {
        2 * self.key_head_dim + self.values()
    }

    /// Gates of the value heads that share one key head.
    fn gates(&self) -> usize {
        2 * self.sharing
    }

    fn state(&self) -> usize {
        self.sharing * self.key_head_dim * self.value_head_dim
    }

    /// Where the query, the key and the values of a key head are among all channels, and how many
    /// they are.
    fn segments(&self, head: usize) -> [(usize, usize); 3] {
        let keys = self.key_heads * self.key_head_dim;
        [
            (head * self.key_head_dim, self.key_head_dim),
            (keys + head * self.key_head_dim, self.key_head_dim),
            (2 * keys + head * self.values(), self.values()),
        ]
    }
}

impl Deltas {
    /// Allocates `positions` positions, with 32-bit numbers if `exact`. Unused positions take no
    /// memory. `None` if the model has no such layers.
    ///
    /// # Errors
    /// The system has too little memory.
    pub(super) fn new(
        config: &Config,
        positions: usize,
        exact: bool,
        threads: usize,
    ) -> std::io::Result<Option<Deltas>> {
        let layers = (0..config.num_hidden_layers).filter_map(|index| config.delta_net_at(index));
        let Some(net) = layers.clone().next() else { return Ok(None) };
        let shape = Shape::new(net, positions, config.rms_norm_eps);
        let heads = layers.count() * shape.key_heads;
        let of_all = |count: usize| heads.checked_mul(count)?.checked_mul(positions);
        let (numbers, gates) = (of_all(shape.channels()), of_all(shape.gates()));
        let states = heads.checked_mul(shape.state()).and_then(|numbers| numbers.checked_mul(8));
        // A refusal becomes an error, as for keys and values.
        let bytes =
            numbers.and_then(|numbers| numbers.checked_add(gates?)?.checked_mul(4)?.checked_add(states?));
        let asked = bytes.map(|bytes| Vec::<u8>::new().try_reserve_exact(bytes));
        let (Some(numbers), Some(gates), Some(Ok(()))) = (numbers, gates, asked) else {
            return Err(std::io::ErrorKind::OutOfMemory.into());
        };
        let zeros = || vec![0.0; shape.state()];
        let state = || State { position: 0, numbers: zeros(), kept_position: 0, kept: zeros() };
        let scratch = || Scratch {
            row: vec![0.0; shape.channels()],
            change: vec![0.0; shape.value_head_dim],
            branch: zeros(),
            path: Vec::with_capacity(positions),
        };
        Ok(Some(Deltas {
            shape,
            store: match exact {
                true => AnyStore::F32(vec![[0; 4]; numbers]),
                false => AnyStore::Bf16(vec![[0; 2]; numbers]),
            },
            gates: vec![0.0; gates],
            states: (0..heads).map(|_| state()).collect(),
            scratches: (0..threads).map(|_| Mutex::new(scratch())).collect(),
        }))
    }

    /// Number of key heads.
    pub(super) fn key_heads(&self) -> usize {
        self.shape.key_heads
    }

    /// Size of the cache and the states in bytes, if all positions are used.
    pub(super) fn bytes(&self) -> usize {
        let rows = match &self.store {
            AnyStore::F32(rows) => size_of_val(&**rows),
            AnyStore::Bf16(rows) => size_of_val(&**rows),
        };
        let rows = rows + size_of_val(&*self.gates);
        rows + self.states.len() * self.shape.state() * 2 * size_of::<f32>()
    }

    /// Size of everything else in bytes.
    pub(super) fn scratch_bytes(&self) -> usize {
        let Shape { value_head_dim, positions, .. } = self.shape;
        let numbers = self.shape.channels() + value_head_dim + self.shape.state();
        self.scratches.len() * (numbers * size_of::<f32>() + positions * size_of::<usize>())
    }

    /// Layer `number` of this kind: takes `in_proj` from `y` (tiles, tokens) and writes the heads
    /// into `out` (key heads, tokens, sharing · value_head_dim).
    pub(super) fn recur(
        &mut self,
        number: usize,
        delta: &Delta,
        pass: Pass<'_>,
        y: &[Lanes],
        out: &mut [f32],
        pool: &mut Pool,
    ) {
        let Deltas { shape, store, gates, states, scratches } = self;
        let heads = number * shape.key_heads..(number + 1) * shape.key_heads;
        let states = &mut states[heads.clone()];
        let of_head = shape.positions * shape.gates();
        let gates = &mut gates[heads.start * of_head..heads.end * of_head];
        let of_head = shape.positions * shape.channels();
        let range = heads.start * of_head..heads.end * of_head;
        match store {
            AnyStore::F32(rows) => {
                let rows = &mut rows[range];
                recur::<F32>(*shape, rows, gates, states, delta, pass, y, out, scratches, pool);
            }
            AnyStore::Bf16(rows) => {
                let rows = &mut rows[range];
                recur::<Bf16>(*shape, rows, gates, states, delta, pass, y, out, scratches, pool);
            }
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of a cache, for one number format")]
fn recur<E: Stored>(
    shape: Shape,
    rows: &mut [E::Raw],
    gates: &mut [f32],
    states: &mut [State],
    delta: &Delta,
    pass: Pass<'_>,
    y: &[Lanes],
    out: &mut [f32],
    scratches: &[Mutex<Scratch>],
    pool: &mut Pool,
) {
    let tokens = pass.places.len();
    let mut rest = y;
    let parts = delta.in_proj.each_ref().map(|linear| {
        let (part, others) = rest.split_at(linear.matrix.tiles() * tokens);
        rest = others;
        part
    });
    let rows = rows.chunks_exact_mut(shape.positions * shape.channels());
    let gates = gates.chunks_exact_mut(shape.positions * shape.gates());
    let outs = out.chunks_exact_mut(tokens * shape.values());
    let heads = rows.zip(gates).zip(states).zip(outs).enumerate();
    pool.each_numbered(heads, |thread, (head, (((rows, gates), state), out))| {
        let mut scratch = scratches[thread].lock().unwrap_or_else(PoisonError::into_inner);
        let scratch = &mut *scratch;
        pulp::Arch::new().dispatch(Head::<E> {
            shape,
            delta,
            pass,
            parts,
            head,
            rows,
            gates,
            state,
            out,
            scratch,
        });
    });
}

/// The work on one key head and the value heads that share it.
struct Head<'a, E: Stored> {
    shape: Shape,
    delta: &'a Delta,
    pass: Pass<'a>,
    /// `in_proj_qkv`, `in_proj_z`, `in_proj_b` and `in_proj_a`, each (tiles, tokens).
    parts: [&'a [Lanes]; 4],
    head: usize,
    /// (positions, channels)
    rows: &'a mut [E::Raw],
    /// (positions, 2 · sharing)
    gates: &'a mut [f32],
    state: &'a mut State,
    /// (tokens, sharing · value_head_dim)
    out: &'a mut [f32],
    scratch: &'a mut Scratch,
}

impl<E: Stored> WithSimd for Head<'_, E> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        self.rewind();
        self.store();
        let Pass { before, nodes, .. } = self.pass;
        let mut parents = nodes.iter().enumerate();
        match before == 0 && parents.all(|(at, node)| node.parent == at.checked_sub(1)) {
            true => self.line(),
            false => self.tree(),
        }
    }
}

impl<E: Stored> Head<'_, E> {
    /// Brings the state to the end of the cached text.
    #[inline(always)]
    fn rewind(&mut self) {
        let base = self.pass.base;
        let State { position, numbers, kept_position, kept } = &mut *self.state;
        if *kept_position > base {
            // It has seen tokens that are no longer in the text.
            kept.fill(0.0);
            *kept_position = 0;
        }
        if *position > base {
            numbers.copy_from_slice(kept);
            *position = *kept_position;
        }
        let from = *position;
        for slot in from..base {
            mix::<E>(self.shape, self.delta, self.head, self.rows, slot + 1, &[], &mut self.scratch.row);
            let Scratch { row, change, .. } = &mut *self.scratch;
            let gates = &self.gates[slot * self.shape.gates()..];
            step(self.shape, self.delta, self.head, row, gates, &mut self.state.numbers, change, None);
        }
        let State { position, numbers, kept_position, kept } = &mut *self.state;
        *position = base;
        if base - from > RUN_AGAIN {
            kept.copy_from_slice(numbers);
            *kept_position = base;
        }
    }

    /// Stores what goes into the recurrence for the tokens of the pass.
    #[inline(always)]
    fn store(&mut self) {
        let (channels, sharing) = (self.shape.channels(), self.shape.sharing);
        let Pass { base, before, places, .. } = self.pass;
        let tokens = places.len();
        let [qkv, _, b, a] = self.parts;
        for token in 0..tokens {
            let slot = base + before + token;
            let row = &mut *self.scratch.row;
            let mut rest = &mut *row;
            for (first, count) in self.shape.segments(self.head) {
                let (part, others) = rest.split_at_mut(count);
                gather(qkv, tokens, token, first, part);
                rest = others;
            }
            let stored = &mut self.rows[slot * channels..][..channels];
            for (stored, value) in stored.iter_mut().zip(&*row) {
                *stored = E::encode(*value);
            }
            let (of_b, of_a) = self.gates[slot * 2 * sharing..][..2 * sharing].split_at_mut(sharing);
            gather(b, tokens, token, self.head * sharing, of_b);
            gather(a, tokens, token, self.head * sharing, of_a);
        }
    }

    /// Tokens that follow the text one after the other; the state of the text moves on.
    #[inline(always)]
    fn line(&mut self) {
        let (values, base) = (self.shape.values(), self.pass.base);
        for token in 0..self.pass.places.len() {
            let Scratch { row, change, .. } = &mut *self.scratch;
            mix::<E>(self.shape, self.delta, self.head, self.rows, base + token + 1, &[], row);
            let out = &mut self.out[token * values..][..values];
            let gates = &self.gates[(base + token) * self.shape.gates()..];
            let state = &mut self.state.numbers;
            step(self.shape, self.delta, self.head, row, gates, state, change, Some(out));
            self.gate(token);
        }
        self.state.position = base + self.pass.places.len();
    }

    /// Tokens on branches; the state of the text stays. Where a branch begins, the recurrence runs
    /// again over the ancestors.
    #[inline(always)]
    fn tree(&mut self) {
        let (values, Pass { base, before, nodes, .. }) = (self.shape.values(), self.pass);
        for token in 0..self.pass.places.len() {
            let node = before + token;
            let Scratch { row, change, branch, path } = &mut *self.scratch;
            let follows = token > 0 && nodes[node].parent == Some(node - 1);
            if !follows {
                branch.copy_from_slice(&self.state.numbers);
                path.clear();
                let mut at = nodes[node].parent;
                while let Some(ancestor) = at {
                    path.push(base + ancestor);
                    at = nodes[ancestor].parent;
                }
                path.reverse();
                for end in 1..=path.len() {
                    mix::<E>(self.shape, self.delta, self.head, self.rows, base, &path[..end], row);
                    let gates = &self.gates[path[end - 1] * self.shape.gates()..];
                    step(self.shape, self.delta, self.head, row, gates, branch, change, None);
                }
            }
            path.push(base + node);
            mix::<E>(self.shape, self.delta, self.head, self.rows, base, path, row);
            let out = &mut self.out[token * values..][..values];
            let gates = &self.gates[(base + node) * self.shape.gates()..];
            step(self.shape, self.delta, self.head, row, gates, branch, change, Some(out));
            self.gate(token);
        }
    }

    /// Normalises what the state yielded for a token, and multiplies it by its gate `z`.
    #[inline(always)]
    fn gate(&mut self, token: usize) {
        let Shape { sharing, value_head_dim, eps, .. } = self.shape;
        let (tokens, values) = (self.pass.places.len(), self.shape.values());
        let z = &mut self.scratch.change[..value_head_dim];
        for number in 0..sharing {
            let out = &mut self.out[token * values + number * value_head_dim..][..value_head_dim];
            rms_norm_head(out, &self.delta.norm, eps);
            gather(self.parts[1], tokens, token, (self.head * sharing + number) * value_head_dim, z);
            for (out, z) in out.iter_mut().zip(&*z) {
                *out *= silu(*z);
            }
        }
    }
}

/// The convolution for the last token of a text and a branch: writes its query, key and values into
/// `out` (channels). The text has `base` tokens; `path` are the positions of the branch in `rows`
/// (positions, channels).
#[inline(always)]
fn mix<E: Stored>(
    shape: Shape,
    delta: &Delta,
    head: usize,
    rows: &[E::Raw],
    base: usize,
    path: &[usize],
    out: &mut [f32],
) {
    let (channels, kernel) = (shape.channels(), shape.kernel);
    // The position of the token so many before the last one.
    let slot = |back: usize| match path.len().checked_sub(back + 1) {
        Some(at) => Some(path[at]),
        None => base.checked_sub(back + 1 - path.len()),
    };
    let all_channels = delta.conv1d.len() / kernel;
    out.fill(0.0);
    for back in (0..kernel).rev() {
        let Some(slot) = slot(back) else { continue };
        let row = &rows[slot * channels..][..channels];
        let weights = &delta.conv1d[(kernel - 1 - back) * all_channels..][..all_channels];
        let mut at = 0;
        for (first, count) in shape.segments(head) {
            let weights = &weights[first..][..count];
            for ((out, raw), weight) in out[at..][..count].iter_mut().zip(&row[at..]).zip(weights) {
                *out += E::decode(*raw) * weight;
            }
            at += count;
        }
    }
    out.iter_mut().for_each(|value| *value = silu(*value));
    let (query, rest) = out.split_at_mut(shape.key_head_dim);
    l2_norm(query, EPS, (shape.key_head_dim as f32).sqrt().recip());
    l2_norm(&mut rest[..shape.key_head_dim], EPS, 1.0);
}

/// One step of the recurrence. With the state S (key_head_dim, value_head_dim) of each value head, g
/// and β from its `gates`, and the key k, value v and query q of `row`:
/// S ← g·S, then S ← S + k ⊗ β·(v - kᵀS), and `out` = qᵀS.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "what a head has, borrowed part by part")]
fn step(
    shape: Shape,
    delta: &Delta,
    head: usize,
    row: &[f32],
    gates: &[f32],
    state: &mut [f32],
    change: &mut [f32],
    mut out: Option<&mut [f32]>,
) {
    let Shape { sharing, key_head_dim, value_head_dim, .. } = shape;
    let (query, rest) = row.split_at(key_head_dim);
    let (key, values) = rest.split_at(key_head_dim);
    let states = state.chunks_exact_mut(key_head_dim * value_head_dim);
    for (number, (state, value)) in states.zip(values.chunks_exact(value_head_dim)).enumerate() {
        let of_all = head * sharing + number;
        let beta = sigmoid(gates[number]);
        let step = softplus(gates[sharing + number] + delta.dt_bias[of_all]);
        let decay = exp(-delta.a[of_all] * step);
        change.fill(0.0);
        for (state, key) in state.chunks_exact_mut(value_head_dim).zip(key) {
            for (state, change) in state.iter_mut().zip(&mut *change) {
                *state *= decay;
                *change += key * *state;
            }
        }
        for (change, value) in change.iter_mut().zip(value) {
            *change = beta * (value - *change);
        }
        for (state, key) in state.chunks_exact_mut(value_head_dim).zip(key) {
            for (state, change) in state.iter_mut().zip(&*change) {
                *state += key * change;
            }
        }
        let Some(out) = &mut out else { continue };
        let out = &mut out[number * value_head_dim..][..value_head_dim];
        out.fill(0.0);
        for (state, query) in state.chunks_exact(value_head_dim).zip(query) {
            for (out, state) in out.iter_mut().zip(state) {
                *out += query * state;
            }
        }
    }
}
