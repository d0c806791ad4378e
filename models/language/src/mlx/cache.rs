//! The cached keys and values of the text that was read.

use crate::checkpoint::Config;
use mlx_rs::error::Exception;
use mlx_rs::ops::indexing::{Ellipsis, TryIndexMutOp, TryIndexOp};
use mlx_rs::transforms;
use mlx_rs::{Array, Dtype, ops};

/// The keys and values of all layers, with room for all positions from the start. MLX overwrites an
/// array in place if nothing else holds it, so the layers must not keep what `update` returns.
pub(super) struct Cache {
    layers: Vec<KeysValues>,
    positions: usize,
}

/// The keys and values of one layer, each (1, key_value_heads, positions, head_dim).
struct KeysValues {
    keys: Array,
    values: Array,
}

impl Cache {
    /// # Errors
    /// Too little memory.
    pub(super) fn new(config: &Config, positions: usize, dtype: Dtype) -> Result<Cache, Exception> {
        // A checked configuration has no dimension above 2²⁴.
        let shape = [1, config.num_key_value_heads as i32, positions as i32, config.head_dim as i32];
        let empty = || ops::zeros_dtype(&shape, dtype);
        let layer = |_| Ok(KeysValues { keys: empty()?, values: empty()? });
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
        self.layers.iter().flat_map(|layer| [&layer.keys, &layer.values])
    }

    /// Waits until the whole cache has been computed.
    ///
    /// # Errors
    /// Whatever went wrong in an earlier pass.
    pub(super) fn wait(&self) -> Result<(), Exception> {
        transforms::eval(self.arrays())
    }

    /// Writes the keys and values of some tokens, each (1, key_value_heads, tokens, head_dim), to
    /// the positions from `base` on. Returns the keys and values of all positions up to the last of
    /// these: (1, key_value_heads, base + tokens, head_dim).
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub(super) fn update(
        &mut self,
        layer: usize,
        base: i32,
        keys: &Array,
        values: &Array,
    ) -> Result<(Array, Array), Exception> {
        let end = base + keys.dim(2);
        let layer = &mut self.layers[layer];
        layer.keys.try_index_mut((Ellipsis, base..end, ..), keys)?;
        layer.values.try_index_mut((Ellipsis, base..end, ..), values)?;
        let visible = |array: &Array| array.try_index((Ellipsis, 0..end, ..));
        Ok((visible(&layer.keys)?, visible(&layer.values)?))
    }
}
