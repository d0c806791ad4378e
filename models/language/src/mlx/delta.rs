//! The recurrence of gated delta-nets (Yang et al., "Gated Delta Networks: Improving Mamba2 with
//! Delta Rule", 2024), for all tokens of a pass at once: its form as attention with a triangular
//! system (Yang et al., "Parallelizing Linear Transformers with the Delta Rule over Sequence
//! Length", 2024). Training differentiates the same functions.
//!
//! Shapes: `heads` are the key heads, `sharing` the value heads for each of them.

use crate::checkpoint::DeltaNet;
use mlx_rs::error::Exception;
use mlx_rs::ops::indexing::{Ellipsis, TryIndexOp};
use mlx_rs::{Array, Dtype, fast, nn, ops};

/// Tokens whose triangular system is solved at once. With more of them, powers of the matrix have
/// numbers so large that 32 bits do not suffice: 16 equal keys give 6,435, and 64 give 10¹⁸.
const BLOCK: i32 = 16;

/// Added to the sums of squares of queries and keys, as in `qwen3_5.py` of `mlx_lm`.
const EPS: f32 = 1e-6;

/// What goes into the recurrence, in 32-bit numbers.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// (rows, heads, 1, tokens, linear_key_head_dim), of length 1/√linear_key_head_dim.
    pub queries: Array,
    /// (rows, heads, 1, tokens, linear_key_head_dim), of length 1.
    pub keys: Array,
    /// (rows, heads, sharing, tokens, linear_value_head_dim)
    pub values: Array,
    /// (rows, heads, sharing, tokens, 1): the logarithm of the share of the state that stays.
    pub decays: Array,
    /// (rows, heads, sharing, tokens, 1): how much of the change at this token is made.
    pub betas: Array,
}

impl Inputs {
    /// From the channels before the convolution and the gates. `window` are the channels of each
    /// token and those before it, the oldest first, as many as `conv1d` (conv_dim, kernel, 1) sees:
    /// each (rows, tokens, conv_dim). `b` and `a` are (rows, tokens, linear_num_value_heads), `a_log`
    /// and `dt_bias` (linear_num_value_heads).
    ///
    /// # Errors
    /// Whatever MLX refuses.
    pub fn new(
        net: &DeltaNet,
        window: &[Array],
        conv1d: &Array,
        [b, a, a_log, dt_bias]: [&Array; 4],
    ) -> Result<Inputs, Exception> {
        let float = |array: &Array| array.as_dtype(Dtype::Float32);
        // (conv_dim, kernel)
        let weights = float(conv1d)?.squeeze_axes(&[-1])?;
        let mut channels: Option<Array> = None;
        for (at, part) in (0_i32..).zip(window) {
            let part = float(part)?.multiply(weights.try_index((Ellipsis, at))?)?;
            channels = Some(match channels {
                Some(sum) => sum.add(part)?,
                None => part,
            });
        }
        let Some(channels) = channels else { return Err(Exception::custom("a window without tokens")) };
        // (rows, tokens, conv_dim)
        let channels = channels.multiply(nn::sigmoid(&channels)?)?;
        let (rows, tokens) = (channels.dim(0), channels.dim(1));
        // A checked configuration has no dimension above 2²⁴.
        let (heads, width) = (net.linear_num_key_heads as i32, net.linear_key_head_dim as i32);
        let sharing = net.linear_num_value_heads as i32 / heads;
        let keys = net.key_dim() as i32;
        let normed = |from: i32, length: f32| {
            let part = channels.try_index((Ellipsis, from..from + keys))?;
            let part = part.reshape(&[rows, tokens, heads, 1, width])?.transpose_axes(&[0, 2, 3, 1, 4])?;
            // The norm divides by the root of the mean square, which is smaller by √width.
            let scale = length / (width as f32).sqrt();
            fast::rms_norm(part, None, EPS / width as f32)?.multiply(Array::from_f32(scale))
        };
        let of_values = |part: &Array| {
            part.reshape(&[rows, tokens, heads, sharing, -1])?.transpose_axes(&[0, 2, 3, 1, 4])
        };
        let step = nn::softplus(float(a)?.add(float(dt_bias)?)?)?;
        let decays = float(a_log)?.exp()?.negative()?.multiply(step)?;
        Ok(Inputs {
            queries: normed(0, (width as f32).sqrt().recip())?,
            keys: normed(keys, 1.0)?,
            values: of_values(&channels.try_index((Ellipsis, 2 * keys..))?)?,
            decays: of_values(&decays)?,
            betas: of_values(&nn::sigmoid(float(b)?)?)?,
        })
    }

    /// Runs the recurrence. With the state S (linear_key_head_dim, linear_value_head_dim) of each
    /// value head, each token makes S ← g·S, then S ← S + k ⊗ β·(v - kᵀS), and yields qᵀS.
    ///
    /// `state` (rows, heads, sharing, linear_key_head_dim, linear_value_head_dim) is that before all
    /// tokens, zero if `None`. `seen` (…, tokens, tokens) says which tokens each token has behind
    /// it, itself included; they must stand before it, as a line or as branches of a tree. Returns
    /// what the tokens yield, (rows, heads, sharing, tokens, linear_value_head_dim), and the state
    /// after the last one.
    ///
    /// # Errors
    /// Whatever MLX refuses.
    pub fn recur(&self, state: Option<&Array>, seen: &Array) -> Result<(Array, Array), Exception> {
        let Inputs { queries, keys, values, decays, betas } = self;
        let tokens = keys.dim(-2);
        let turned = |array: &Array| array.swap_axes(-1, -2);
        // (…, tokens, 1): the decays from the beginning up to each token.
        let sums = seen.as_dtype(Dtype::Float32)?.matmul(decays)?;
        // (…, tokens, tokens): what stays of a token's change when another one is reached.
        let between = sums.subtract(turned(&sums)?)?;
        let between = ops::select(seen, between, Array::from_f32(f32::NEG_INFINITY))?.exp()?;
        let before = sums.exp()?;

        // With the changes u, (…, tokens, linear_value_head_dim): u + A·u = `wanted`.
        let products = keys.matmul(turned(keys)?)?;
        let matrix = ops::tril(products.multiply(&between)?.multiply(betas)?, -1)?;
        let wanted = match state {
            Some(state) => values.subtract(keys.matmul(state)?.multiply(&before)?)?,
            None => values.clone(),
        };
        let changes = solve(&matrix, &wanted.multiply(betas)?)?;

        let mut out = queries.matmul(turned(keys)?)?.multiply(&between)?.matmul(&changes)?;
        // (…, 1, 1) and (…, tokens, 1)
        let last = sums.try_index((Ellipsis, tokens - 1.., ..))?;
        let left = last.subtract(&sums)?.exp()?;
        let mut after = turned(&keys.multiply(left)?)?.matmul(&changes)?;
        if let Some(state) = state {
            out = out.add(queries.matmul(state)?.multiply(&before)?)?;
            after = after.add(state.multiply(last.exp()?)?)?;
        }
        Ok((out, after))
    }
}

/// Solves u + `matrix`·u = `wanted` for a `matrix` (…, tokens, tokens) with zeros on the diagonal and
/// above it: block by block, and in a block by (1 + A)⁻¹ = (1 - A)·(1 + A²)·(1 + A⁴)·…
fn solve(matrix: &Array, wanted: &Array) -> Result<Array, Exception> {
    let tokens = wanted.dim(-2);
    let mut solved: Vec<Array> = Vec::new();
    for from in (0..tokens).step_by(BLOCK as usize) {
        let to = tokens.min(from + BLOCK);
        let mut changes = wanted.try_index((Ellipsis, from..to, ..))?;
        if from > 0 {
            let earlier = matrix.try_index((Ellipsis, from..to, 0..from))?;
            changes = changes.subtract(earlier.matmul(ops::concatenate(&solved, -2)?)?)?;
        }
        let mut power = matrix.try_index((Ellipsis, from..to, from..to))?.negative()?;
        let mut exponent = 1;
        while exponent < to - from {
            changes = changes.add(power.matmul(&changes)?)?;
            exponent *= 2;
            if exponent < to - from {
                power = power.matmul(&power)?;
            }
        }
        solved.push(changes);
    }
    ops::concatenate(&solved, -2)
}

/// Normalises what the recurrence yields, (rows, heads, sharing, tokens, linear_value_head_dim), and
/// multiplies it by its gate `z` (rows, tokens, value_dim): (rows, tokens, value_dim) of the type of
/// `z`.
///
/// # Errors
/// Whatever MLX refuses.
pub fn gated(out: &Array, norm: &Array, z: &Array, eps: f32) -> Result<Array, Exception> {
    let norm = norm.as_dtype(Dtype::Float32)?;
    let out = fast::rms_norm(out.transpose_axes(&[0, 3, 1, 2, 4])?, Some(&norm), eps)?;
    let gate = z.as_dtype(Dtype::Float32)?;
    let gate = gate.multiply(nn::sigmoid(&gate)?)?;
    out.reshape(z.shape())?.multiply(gate)?.as_dtype(z.dtype())
}

/// Which tokens see which in a text, themselves included: (tokens, tokens) of booleans.
///
/// # Errors
/// Whatever MLX refuses.
pub fn causal(tokens: i32) -> Result<Array, Exception> {
    ops::tril(ops::ones_dtype(&[tokens, tokens], Dtype::Bool)?, 0)
}
