//! The loss of a batch, and its gradients: all at once, or layer by layer in less memory.

use super::linear::mixed;
use super::model::Model;
use super::pass::{Pass, Training};
use crate::TrainError;
use crate::data::Batch;
use mlx_rs::error::Exception;
use mlx_rs::transforms::{self, fallible_vjp, value_and_grad_with_argnums};
use mlx_rs::{Array, Dtype, ops};

/// A batch in MLX's memory.
#[derive(Debug)]
pub struct Input {
    /// (rows, width) of U32
    tokens: Array,
    /// (targets) of U32: indices into `tokens` as one list.
    positions: Array,
    /// (targets) of U32
    targets: Array,
    /// (rows, 1, width, width) of booleans: which tokens see which, if not all before them.
    seen: Option<Array>,
}

impl Input {
    /// Copies a batch.
    pub fn new(batch: &Batch) -> Input {
        // A batch has far fewer than 2³¹ tokens.
        let (rows, width) = (batch.rows as i32, batch.width as i32);
        let count = [batch.targets.len() as i32];
        let seen = batch.examples.as_ref().map(|examples| {
            let mut seen = vec![false; batch.rows * batch.width * batch.width];
            for (row, examples) in examples.chunks(batch.width).enumerate() {
                for at in 0..batch.width {
                    for before in (0..=at).rev().take_while(|before| examples[*before] == examples[at]) {
                        seen[(row * batch.width + at) * batch.width + before] = true;
                    }
                }
            }
            Array::from_slice(&seen, &[rows, 1, width, width])
        });
        Input {
            tokens: Array::from_slice(&batch.tokens, &[rows, width]),
            positions: Array::from_slice(&batch.positions, &count),
            targets: Array::from_slice(&batch.targets, &count),
            seen,
        }
    }

    fn pass<'a>(&'a self, trained: &'a [Array], training: Training) -> Pass<'a> {
        Pass { trained, seen: self.seen.as_ref(), training }
    }
}

/// The mean cross-entropy of the learnt tokens, in nats, as a scalar that is not yet computed.
///
/// # Errors
/// Whatever MLX refuses.
pub fn loss(
    model: &Model,
    trained: &[Array],
    input: &Input,
    training: impl Into<Training>,
) -> Result<Array, Exception> {
    let pass = input.pass(trained, training.into());
    let mut x = model.embed(&pass, &input.tokens)?;
    for index in 0..model.layers.len() {
        x = model.layer(&pass, index, &x)?;
    }
    head(model, &pass, &x, input)
}

/// `x` (rows, width, hidden_size) → the loss. Logits are computed only where a token is learnt.
fn head(model: &Model, pass: &Pass<'_>, x: &Array, input: &Input) -> Result<Array, Exception> {
    // (targets, hidden_size)
    let x = x.reshape(&[-1, x.dim(2)])?.take_axis(&input.positions, 0)?;
    // (targets, vocab_size)
    let logits = model.logits(pass, &x)?.as_dtype(Dtype::Float32)?;
    let chosen = logits.take_along_axis(input.targets.expand_dims(-1)?, -1)?.squeeze_axes(&[-1])?;
    logits.logsumexp_axis(-1, false)?.subtract(chosen)?.mean(false)
}

/// The loss of a batch and the gradients of all trained weights, in their order. `checkpointing`
/// keeps only the inputs of the layers and computes each layer again when its gradients are needed
/// (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016).
///
/// # Errors
/// Whatever MLX refuses, or too little memory.
pub fn loss_and_gradients(
    model: &Model,
    trained: &[Array],
    input: &Input,
    training: impl Into<Training>,
    checkpointing: bool,
) -> Result<(f32, Vec<Array>), TrainError> {
    let training = training.into();
    let (loss, gradients) = match checkpointing {
        true => by_layer(model, trained, input, training)?,
        false => at_once(model, trained, input, training)?,
    };
    transforms::eval(gradients.iter().chain([&loss]))?;
    Ok((loss.try_item_exact()?, gradients))
}

fn at_once(
    model: &Model,
    trained: &[Array],
    input: &Input,
    training: Training,
) -> Result<(Array, Vec<Array>), Exception> {
    let places: Vec<i32> = (0..trained.len() as i32).collect();
    let of = |trained: &[Array]| -> Result<Vec<Array>, Exception> {
        Ok(vec![loss(model, trained, input, training)?])
    };
    let (mut loss, gradients) = value_and_grad_with_argnums(of, &places[..])(trained)?;
    Ok((loss.remove(0), gradients))
}

/// Reverse-mode differentiation by hand: forward through the layers, keeping their inputs, then back
/// through them with one vector-Jacobian product for each.
fn by_layer(
    model: &Model,
    trained: &[Array],
    input: &Input,
    training: Training,
) -> Result<(Array, Vec<Array>), Exception> {
    let pass = input.pass(trained, training);
    let mut sums: Vec<Option<Array>> = vec![None; trained.len()];
    let mut add = |places: &[usize], gradients: Vec<Array>| -> Result<(), Exception> {
        for (place, gradient) in places.iter().zip(gradients) {
            // A tied embedding is met twice: below the layers and above them.
            let sum = match &sums[*place] {
                Some(sum) => sum.add(gradient)?,
                None => gradient,
            };
            sum.eval()?;
            sums[*place] = Some(sum);
        }
        Ok(())
    };

    // The input of every layer, and what comes out of the last: (rows, width, hidden_size)
    let mut inputs = vec![model.embed(&pass, &input.tokens)?];
    for index in 0..model.layers.len() {
        let x = model.layer(&pass, index, &inputs[index])?;
        x.eval()?;
        inputs.push(x);
    }

    // A part of the model as a function of its input and of the weights at these places.
    let with = |places: &[usize], arguments: &[Array]| -> Vec<Array> {
        let mut all = trained.to_vec();
        for (place, argument) in places.iter().zip(arguments) {
            all[*place] = argument.clone();
        }
        all
    };
    let chosen = |places: &[usize]| places.iter().map(|place| trained[*place].clone()).collect::<Vec<_>>();

    let mut places = model.norm.place().into_iter().collect::<Vec<_>>();
    places.extend(model.lm_head.as_ref().unwrap_or(&model.embed_tokens).trained());
    let of = |arguments: &[Array]| -> Result<Vec<Array>, Exception> {
        let all = with(&places, &arguments[1..]);
        Ok(vec![head(model, &input.pass(&all, training), &arguments[0], input)?])
    };
    let arguments = [inputs.split_off(model.layers.len()), chosen(&places)].concat();
    let numbers: Vec<i32> = (0..arguments.len() as i32).collect();
    let (mut loss, mut gradients) = value_and_grad_with_argnums(of, &numbers[..])(&arguments)?;
    let mut upstream = gradients.remove(0);
    transforms::eval(gradients.iter().chain([&upstream, &loss[0]]))?;
    add(&places, gradients)?;

    for index in (0..model.layers.len()).rev() {
        let places = model.layers[index].trained();
        let of = |arguments: &[Array]| -> Result<Vec<Array>, Exception> {
            let all = with(&places, &arguments[1..]);
            Ok(vec![model.layer(&input.pass(&all, training), index, &arguments[0])?])
        };
        let arguments = [inputs.split_off(index), chosen(&places)].concat();
        let (_, mut gradients) = fallible_vjp(of, &arguments, &[upstream])?;
        upstream = gradients.remove(0);
        transforms::eval(gradients.iter().chain([&upstream]))?;
        add(&places, gradients)?;
    }

    let places = model.embed_tokens.trained();
    if !places.is_empty() {
        let of = |arguments: &[Array]| -> Result<Vec<Array>, Exception> {
            let all = with(&places, arguments);
            Ok(vec![model.embed(&input.pass(&all, training), &input.tokens)?])
        };
        let (_, gradients) = fallible_vjp(of, &chosen(&places), &[upstream])?;
        add(&places, gradients)?;
    }
    let zeros = |(sum, weight): (Option<Array>, &Array)| match sum {
        Some(sum) => Ok(sum),
        None => ops::zeros_like(weight),
    };
    Ok((loss.remove(0), sums.into_iter().zip(trained).map(zeros).collect::<Result<_, _>>()?))
}

/// The seed of the dropout of an iteration.
pub fn dropout_seed(seed: u64, iteration: usize) -> u64 {
    mixed(seed, iteration as u64)
}
