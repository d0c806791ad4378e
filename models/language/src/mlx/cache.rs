//! What is cached of the text that was read: keys and values, and what gated delta-nets need.

use crate::checkpoint::{Config, DeltaNet};
use mlx_rs::error::Exception;
use mlx_rs::ops::indexing::{Ellipsis, TryIndexMutOp, TryIndexOp};
use mlx_rs::transforms;
use mlx_rs::{Array, Dtype, ops};

/// The caches of all layers, with room for all positions from the start. MLX overwrites an
/// array in place if nothing else holds it, so the layers must not keep what `update` returns.
pub(super) struct Cache {
    layers: Vec<LayerCache>,
    positions: usize,
}

/// The cache of one layer.
pub(super) enum LayerCache {
    /// Of attention.
    Attention(KeysValues),
    /// Of a gated delta-net.
    Delta(DeltaCache),
}

/// The keys and values of one layer, each (1, key_value_heads, positions, head_dim).
pub(super) struct KeysValues {
    keys: Array,
    values: Array,
}

/// What goes into a gated delta-net, and its state.
pub(super) struct DeltaCache {
    /// (1, kernel - 1 + positions, conv_dim + 2 · linear_num_value_heads): zeros, then for each
    /// position the channels before the convolution and the gates `b` and `a`.
    pub(super) rows: Array,
    /// How many tokens the state has seen.
    pub(super) position: i32,
    /// (1, heads, sharing, linear_key_head_dim, linear_value_head_dim) of 32-bit numbers.
    pub(super) state: Array,
    kernel: i32,
}

impl Cache {
    /// # Errors
    /// Too little memory.
    pub(super) fn new(config: &Config, positions: usize, dtype: Dtype) -> Result<Cache, Exception> {
        let layer = |index| match config.delta_net_at(index) {
            None => KeysValues::new(config, positions, dtype).map(LayerCache::Attention),
            Some(net) => DeltaCache::new(net, positions, dtype).map(LayerCache::Delta),
        };
        let layers = (0..config.num_hidden_layers).map(layer).collect::<Result<Vec<_>, Exception>>()?;
        let cache = Cache { layers, positions };
        cache.wait()?;
        Ok(cache)
    }

    /// Its capacity, in tokens.
    pub(super) fn positions(&self) -> usize {
        self.positions
    }

    /// Its size in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.arrays().map(Array::nbytes).sum()
    }

    /// All arrays of the cache.
    pub(super) fn arrays(&self) -> impl Iterator<Item = &Array> {
        self.layers.iter().flat_map(|layer| match layer {
            LayerCache::Attention(cache) => [&cache.keys, &cache.values],
            LayerCache::Delta(cache) => [&cache.rows, &cache.state],
        })
    }

    /// Waits until the whole cache has been computed.
    ///
    /// # Errors
    /// Whatever went wrong in an earlier pass.
    pub(super) fn wait(&self) -> Result<(), Exception> {
        transforms::eval(self.arrays())
    }

    /// The cache of a layer.
    pub(super) fn layer(&mut self, index: usize) -> &mut LayerCache {
        &mut self.layers[index]
    }
}

impl KeysValues {
    fn new(config: &Config, positions: usize, dtype: Dtype) -> Result<KeysValues, Exception> {
        // A checked configuration has no dimension above 2²⁴.
        let shape = [1, config.num_key_value_heads as i32, positions as i32, config.head_dim as i32];
        let empty = || ops::zeros_dtype(&shape, dtype);
        Ok(KeysValues { keys: empty()?, values: empty()? })
    }

    /// Writes the keys and values of some tokens, each (1, key_value_heads, tokens, head_dim), to
    /// the positions from `base` on. Returns the keys and values of all positions up to the last of
    /// these: (1, key_value_heads, base + tokens, head_dim).
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub(super) fn update(
        &mut self,
        base: i32,
        keys: &Array,
        values: &Array,
    ) -> Result<(Array, Array), Exception> {
        let end = base + keys.dim(2);
        self.keys.try_index_mut((Ellipsis, base..end, ..), keys)?;
        self.values.try_index_mut((Ellipsis, base..end, ..), values)?;
        let visible = |array: &Array| array.try_index((Ellipsis, 0..end, ..));
        Ok((visible(&self.keys)?, visible(&self.values)?))
    }
}

impl DeltaCache {
    fn new(net: &DeltaNet, positions: usize, dtype: Dtype) -> Result<DeltaCache, Exception> {
        // A checked configuration has no dimension above 2²⁴.
        let (heads, values) = (net.linear_num_key_heads as i32, net.linear_num_value_heads as i32);
        let kernel = net.linear_conv_kernel_dim as i32;
        let width = net.conv_dim() as i32 + 2 * values;
        let widths = [net.linear_key_head_dim as i32, net.linear_value_head_dim as i32];
        let state = [1, heads, values / heads, widths[0], widths[1]];
        Ok(DeltaCache {
            rows: ops::zeros_dtype(&[1, kernel - 1 + positions as i32, width], dtype)?,
            position: 0,
            state: ops::zeros_dtype(&state, Dtype::Float32)?,
            kernel,
        })
    }

    /// Writes the rows of some tokens, (tokens, width), to the positions from `first` on.
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub(super) fn write(&mut self, first: i32, rows: &Array) -> Result<(), Exception> {
        let from = self.kernel - 1 + first;
        self.rows.try_index_mut((Ellipsis, from..from + rows.dim(0), ..), &rows.expand_dims(0)?)
    }

    /// Takes over the state after `position` tokens.
    pub(super) fn set_state(&mut self, position: i32, state: Array) {
        (self.position, self.state) = (position, state);
    }
}
