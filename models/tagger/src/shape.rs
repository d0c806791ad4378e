//! How large the network is, and all its parameters. A weights file of other shapes is refused.
//!
//! The sizes were hand-chosen so that a line takes less than a millisecond on one core; none was measured apart.

use super::feature::{CROSS_ROWS, ROWS};

/// Width of an embedding row. Hand-chosen, 2026-11-23.
pub const ROW: usize = 64;
/// Word vectors: one for each line of `speech/data/english.txt`, in its order.
pub const VECTORS: usize = 40_131;
/// Width of a word vector. Of the 100 dimensions that they are made from, the 96 with the largest variance keep 99 % of it,
/// and 64 would keep 83 %. Measured 2026-11-28.
pub const VECTOR: usize = 96;
/// Width of the encoder.
pub const WIDTH: usize = 128;
/// Layers of the encoder.
pub const LAYERS: usize = 5;
/// Attention heads of a layer.
pub const HEADS: usize = 4;
/// Width of a layer's inner part.
pub const FORWARD: usize = 256;
/// Width in which candidates are scored.
pub const HIDDEN: usize = 64;
/// Largest distance between two tokens that attention tells apart, in tokens; larger ones count as this.
pub const MAX_DISTANCE: usize = 12;
/// How far a token sees to either side, in tokens: it makes time linear in the length of a line.
pub const WINDOW: usize = 48;
/// Classes of lines: see [`super::network::LineClass`].
pub const CLASSES: usize = 4;

/// A parameter of the network: training makes it, the weights file holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// The name of its tensor. A `*` stands for the number of the layer: there are [`LAYERS`] of these.
    pub name: &'static str,
    /// A vector, kept in f32, or a matrix of inputs × outputs, kept in int8 with a scale for each row.
    pub shape: &'static [usize],
    /// What training begins with.
    pub init: Init,
}

/// The values that a parameter has before training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// The same everywhere.
    Constant(f32),
    /// Uniform around zero with this standard deviation.
    Uniform(f32),
    /// Uniform around zero with the standard deviation `gain` / √`inputs` (LeCun et al. 1998).
    Scaled {
        /// How many values are summed.
        inputs: usize,
        /// Below 1 where the result is added to the residual stream.
        gain: f32,
    },
    /// Given from outside, and never trained.
    Frozen,
}

const ONES: Init = Init::Constant(1.0);
const ZEROS: Init = Init::Constant(0.0);

/// Random values for sums of `inputs` values.
const fn scaled(inputs: usize) -> Init {
    Init::Scaled { inputs, gain: 1.0 }
}

const fn parameter(name: &'static str, shape: &'static [usize], init: Init) -> Parameter {
    Parameter { name, shape, init }
}

/// All parameters: name in the weights file, shape, values before training. Part of the tagger's input as far as names and
/// shapes go: changing one needs new weights.
pub const PARAMETERS: &[Parameter] = &[
    parameter("rows", &[ROWS, ROW], Init::Uniform(0.2)),
    parameter("cross", &[CROSS_ROWS, HIDDEN], Init::Uniform(0.05)),
    parameter("vectors", &[VECTORS, VECTOR], Init::Frozen),
    parameter("input.weight", &[ROW, WIDTH], scaled(ROW)),
    // Zero, so that training goes on where it stood before there were vectors.
    parameter("vector.weight", &[VECTOR, WIDTH], ZEROS),
    parameter("input.norm", &[WIDTH], ONES),
    parameter("neighbours.weight", &[3 * WIDTH, WIDTH], scaled(3 * WIDTH)),
    parameter("neighbours.bias", &[WIDTH], ZEROS),
    parameter("layers.*.attend.norm", &[WIDTH], ONES),
    parameter("layers.*.attend.weight", &[WIDTH, 3 * WIDTH], scaled(WIDTH)),
    parameter("layers.*.merge.weight", &[WIDTH, WIDTH], Init::Scaled { inputs: WIDTH, gain: 0.5 }),
    parameter("layers.*.distance", &[HEADS, 2 * MAX_DISTANCE + 1], Init::Uniform(0.1)),
    parameter("layers.*.forward.norm", &[WIDTH], ONES),
    parameter("layers.*.widen.weight", &[WIDTH, FORWARD], scaled(WIDTH)),
    parameter("layers.*.widen.bias", &[FORWARD], ZEROS),
    parameter("layers.*.narrow.weight", &[FORWARD, WIDTH], Init::Scaled { inputs: FORWARD, gain: 0.5 }),
    parameter("output.norm", &[WIDTH], ONES),
    parameter("query.weight", &[WIDTH, HIDDEN], scaled(WIDTH)),
    parameter("query.bias", &[HIDDEN], ZEROS),
    parameter("history.weight", &[ROW, HIDDEN], scaled(ROW)),
    parameter("reading.weight", &[ROW, HIDDEN], scaled(ROW)),
    parameter("next.weight", &[WIDTH, HIDDEN], scaled(WIDTH)),
    parameter("last.weight", &[WIDTH, HIDDEN], scaled(WIDTH)),
    parameter("hidden.weight", &[HIDDEN, HIDDEN], scaled(HIDDEN)),
    parameter("hidden.bias", &[HIDDEN], ZEROS),
    parameter("score.weight", &[HIDDEN, 1], scaled(HIDDEN)),
    parameter("gate.weight", &[CLASSES, WIDTH], scaled(WIDTH)),
    parameter("gate.bias", &[CLASSES], ZEROS),
];

/// [`PARAMETERS`] with those of a layer repeated for each layer, and the name of each tensor.
pub fn parameters() -> impl Iterator<Item = (String, &'static Parameter)> {
    let of_layer = |parameter: &Parameter| parameter.name.contains('*');
    let runs = PARAMETERS.chunk_by(move |a, b| of_layer(a) == of_layer(b));
    runs.flat_map(move |run| {
        let layers = if of_layer(&run[0]) { LAYERS } else { 1 };
        let named = move |layer: usize| {
            run.iter().map(move |parameter| (parameter.name.replace('*', &layer.to_string()), parameter))
        };
        (0..layers).flat_map(named)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_tensor_has_a_name_of_its_own() {
        let names: HashSet<String> = parameters().map(|(name, _)| name).collect();
        assert_eq!(names.len(), parameters().count());
        assert_eq!(names.len(), PARAMETERS.len() + 8 * (LAYERS - 1));
        assert!(names.contains("layers.2.narrow.weight") && names.iter().all(|name| !name.contains('*')));
    }
}
