//! The weights as they are shipped: a safetensors file, matrices in int8 with a scale for each row, the rest in f32.

use super::feature::{CROSS_ROWS, ROWS};
use super::shape::{FORWARD, HEADS, HIDDEN, LAYERS, REACH, ROW, VERDICTS, WIDTH};
use safetensors::{Dtype, SafeTensors};

/// Why weights cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadWeights {
    /// Not a safetensors file, or cut short.
    #[error("the tagger's weights are damaged ({0}); the rules convert on")]
    Damaged(String),
    /// A tensor is not there.
    #[error("the tagger's weights lack {0}; the rules convert on")]
    Missing(String),
    /// A tensor has another shape or type.
    #[error("the tagger's weights hold {name} as {found} where {expected} is expected; the rules convert on")]
    Misshapen {
        /// Its name.
        name: String,
        /// Type and shape in the file.
        found: String,
        /// Type and shape that this program knows.
        expected: String,
    },
    /// A number that is none.
    #[error("the tagger's weights hold a number in {0} that is none; the rules convert on")]
    NotFinite(String),
}

/// A table of rows that are looked up: kept in int8.
#[derive(Debug)]
pub(super) struct Table {
    /// Row by row.
    values: Vec<i8>,
    /// Of each row.
    scales: Vec<f32>,
}

impl Table {
    /// Adds `weight` times a row to `sum`, which is as wide as the table.
    #[inline(always)]
    pub(super) fn add<const WIDE: usize>(&self, row: u32, weight: f32, sum: &mut [f32; WIDE]) {
        let row = row as usize;
        let weight = weight * self.scales[row];
        let values: &[i8; WIDE] = self.values[row * WIDE..].first_chunk().expect("a table has whole rows");
        // By index: of a width that is known the compiler makes a handful of vector instructions.
        for at in 0..WIDE {
            sum[at] += weight * f32::from(values[at]);
        }
    }
}

/// A matrix of inputs × outputs.
#[derive(Debug)]
pub(super) struct Matrix {
    /// Row by row.
    pub(super) values: Vec<f32>,
    /// Columns.
    pub(super) outputs: usize,
}

/// A layer of the encoder.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) attend_norm: Vec<f32>,
    pub(super) attend: Matrix,
    pub(super) distance: Matrix,
    pub(super) merge: Matrix,
    pub(super) forward_norm: Vec<f32>,
    pub(super) widen: Matrix,
    pub(super) widen_bias: Vec<f32>,
    pub(super) narrow: Matrix,
}

/// All weights.
#[derive(Debug)]
pub struct Weights {
    pub(super) rows: Table,
    pub(super) cross: Table,
    pub(super) input: Matrix,
    pub(super) input_norm: Vec<f32>,
    pub(super) neighbours: Matrix,
    pub(super) neighbours_bias: Vec<f32>,
    pub(super) layers: Vec<Layer>,
    pub(super) output_norm: Vec<f32>,
    pub(super) query: Matrix,
    pub(super) query_bias: Vec<f32>,
    pub(super) history: Matrix,
    pub(super) reading: Matrix,
    pub(super) next: Matrix,
    pub(super) last: Matrix,
    pub(super) hidden: Matrix,
    pub(super) hidden_bias: Vec<f32>,
    pub(super) score: Matrix,
    pub(super) gate: Matrix,
    pub(super) gate_bias: Vec<f32>,
    /// What makes confidences of the probabilities of paths.
    pub(super) calibration: Calibration,
}

/// How the probability of a path becomes a confidence: its log-odds divided by a temperature, plus a bias (Platt 1999).
/// Chosen on `valid`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// Divides the log-odds: above zero.
    pub temperature: f32,
    /// Is added to them.
    pub bias: f32,
}

impl Calibration {
    /// Confidences are the probabilities.
    pub const NONE: Calibration = Calibration { temperature: 1.0, bias: 0.0 };

    /// Log-odds of the probability whose logarithm is `score`. No further from even than one in a hundred thousand, which
    /// no one has counted.
    pub fn log_odds(score: f32) -> f32 {
        const FURTHEST: f32 = 12.0;
        if score.is_nan() {
            return -FURTHEST;
        }
        (score - (-score.min(0.0).exp_m1()).ln()).clamp(-FURTHEST, FURTHEST)
    }

    /// How sure a path is, 0 to 1, from the logarithm of its probability.
    pub fn confidence(self, score: f32) -> f32 {
        let log_odds = Calibration::log_odds(score) / self.temperature + self.bias;
        1.0 / (1.0 + (-log_odds).exp())
    }
}

/// The name of the tensor that holds temperature and bias of the [`Calibration`].
pub const CALIBRATION: &str = "calibration";
/// The scale of each row of a matrix in int8 is under its name and this.
pub const SCALE: &str = ".scale";

impl Weights {
    /// How sure a path is, from the sum of its scores: 0 to 1.
    pub fn confidence(&self, score: f32) -> f32 {
        self.calibration.confidence(score)
    }

    /// Reads a weights file.
    ///
    /// # Errors
    /// [`BadWeights`] names the tensor that is missing, misshapen or damaged.
    pub fn read(bytes: &[u8]) -> Result<Weights, BadWeights> {
        let file = SafeTensors::deserialize(bytes).map_err(|error| BadWeights::Damaged(error.to_string()))?;
        let file = File(file);
        let layers = (0..LAYERS)
            .map(|layer| {
                let name = |part: &str| format!("layers.{layer}.{part}");
                Ok(Layer {
                    attend_norm: file.vector(&name("attend.norm"), WIDTH)?,
                    attend: file.matrix(&name("attend.weight"), WIDTH, 3 * WIDTH)?,
                    distance: file.matrix(&name("distance"), HEADS, 2 * REACH + 1)?,
                    merge: file.matrix(&name("merge.weight"), WIDTH, WIDTH)?,
                    forward_norm: file.vector(&name("forward.norm"), WIDTH)?,
                    widen: file.matrix(&name("widen.weight"), WIDTH, FORWARD)?,
                    widen_bias: file.vector(&name("widen.bias"), FORWARD)?,
                    narrow: file.matrix(&name("narrow.weight"), FORWARD, WIDTH)?,
                })
            })
            .collect::<Result<Vec<_>, BadWeights>>()?;
        Ok(Weights {
            rows: file.table("rows", ROWS, ROW)?,
            cross: file.table("cross", CROSS_ROWS, HIDDEN)?,
            input: file.matrix("input.weight", ROW, WIDTH)?,
            input_norm: file.vector("input.norm", WIDTH)?,
            neighbours: file.matrix("neighbours.weight", 3 * WIDTH, WIDTH)?,
            neighbours_bias: file.vector("neighbours.bias", WIDTH)?,
            layers,
            output_norm: file.vector("output.norm", WIDTH)?,
            query: file.matrix("query.weight", WIDTH, HIDDEN)?,
            query_bias: file.vector("query.bias", HIDDEN)?,
            history: file.matrix("history.weight", ROW, HIDDEN)?,
            reading: file.matrix("reading.weight", ROW, HIDDEN)?,
            next: file.matrix("next.weight", WIDTH, HIDDEN)?,
            last: file.matrix("last.weight", WIDTH, HIDDEN)?,
            hidden: file.matrix("hidden.weight", HIDDEN, HIDDEN)?,
            hidden_bias: file.vector("hidden.bias", HIDDEN)?,
            score: file.matrix("score.weight", HIDDEN, 1)?,
            gate: file.matrix("gate.weight", VERDICTS, WIDTH)?,
            gate_bias: file.vector("gate.bias", VERDICTS)?,
            calibration: file.calibration()?,
        })
    }
}

struct File<'b>(SafeTensors<'b>);

impl File<'_> {
    fn bytes(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<&[u8], BadWeights> {
        let view = self.0.tensor(name).map_err(|_| BadWeights::Missing(name.to_owned()))?;
        if view.dtype() != dtype || view.shape() != shape {
            return Err(BadWeights::Misshapen {
                name: name.to_owned(),
                found: format!("{:?} {:?}", view.dtype(), view.shape()),
                expected: format!("{dtype:?} {shape:?}"),
            });
        }
        Ok(view.data())
    }

    fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, BadWeights> {
        let values: Vec<f32> = self
            .bytes(name, Dtype::F32, shape)?
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
            .collect();
        match values.iter().all(|value| value.is_finite()) {
            true => Ok(values),
            false => Err(BadWeights::NotFinite(name.to_owned())),
        }
    }

    fn calibration(&self) -> Result<Calibration, BadWeights> {
        let values = self.vector(CALIBRATION, 2)?;
        match values[0] > 0.0 {
            true => Ok(Calibration { temperature: values[0], bias: values[1] }),
            false => Err(BadWeights::NotFinite(CALIBRATION.to_owned())),
        }
    }

    fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>, BadWeights> {
        self.floats(name, &[length])
    }

    /// Values and the scale of each row.
    fn rows(&self, name: &str, rows: usize, width: usize) -> Result<(Vec<i8>, Vec<f32>), BadWeights> {
        let values = self.bytes(name, Dtype::I8, &[rows, width])?.iter().map(|&byte| byte as i8).collect();
        Ok((values, self.floats(&format!("{name}{SCALE}"), &[rows])?))
    }

    fn table(&self, name: &str, rows: usize, width: usize) -> Result<Table, BadWeights> {
        let (values, scales) = self.rows(name, rows, width)?;
        Ok(Table { values, scales })
    }

    fn matrix(&self, name: &str, inputs: usize, outputs: usize) -> Result<Matrix, BadWeights> {
        let (values, scales) = self.rows(name, inputs, outputs)?;
        let rows = values.chunks_exact(outputs).zip(scales);
        let values = rows.flat_map(|(row, scale)| row.iter().map(move |&value| f32::from(value) * scale));
        Ok(Matrix { values: values.collect(), outputs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static SHIPPED: &[u8] = include_bytes!("../../weights/tagger.safetensors");

    fn with(change: impl FnOnce(&mut Vec<u8>)) -> BadWeights {
        let mut bytes = SHIPPED.to_vec();
        change(&mut bytes);
        Weights::read(&bytes).expect_err("these weights are bad")
    }

    /// Where the data of a tensor begins.
    fn place(name: &str) -> usize {
        let header = u64::from_le_bytes(SHIPPED[..8].try_into().unwrap()) as usize;
        let file = SafeTensors::deserialize(SHIPPED).unwrap();
        let data = file.tensor(name).unwrap().data().as_ptr() as usize - SHIPPED.as_ptr() as usize;
        assert!(data >= 8 + header);
        data
    }

    #[test]
    fn the_shipped_weights_are_good_and_small() {
        assert!(Weights::read(SHIPPED).is_ok());
        assert!(SHIPPED.len() <= 4_000_000, "{} bytes", SHIPPED.len());
    }

    #[test]
    fn damage_is_named() {
        assert!(matches!(with(|bytes| bytes.truncate(100_000)), BadWeights::Damaged(_)));
        assert!(matches!(with(Vec::clear), BadWeights::Damaged(_)));
        // A header that claims more than there is.
        assert!(matches!(with(|bytes| bytes[..8].fill(0xff)), BadWeights::Damaged(_)));
        let renamed = with(|bytes| {
            let at = bytes.windows(12).position(|window| window == b"\"query.bias\"").unwrap();
            bytes[at + 1] = b'Q';
        });
        assert_eq!(renamed, BadWeights::Missing("query.bias".to_owned()));
        let at = place("output.norm");
        let nan = with(|bytes| bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes()));
        assert_eq!(nan, BadWeights::NotFinite("output.norm".to_owned()));
    }

    #[test]
    fn confidences_are_log_odds() {
        let plain = Calibration::NONE;
        for probability in [0.001_f32, 0.2, 0.5, 0.9, 0.999] {
            assert!((plain.confidence(probability.ln()) - probability).abs() < 1e-4, "{probability}");
        }
        let cool = Calibration { temperature: 2.0, bias: -1.0 };
        assert!((cool.confidence(0.9f32.ln()) - 0.524_6).abs() < 1e-3);
        for score in [0.0, 1e-9, f32::NEG_INFINITY, f32::NAN] {
            assert!((0.0..=1.0).contains(&cool.confidence(score)), "{score}");
        }
    }

    #[test]
    fn another_shape_is_refused() {
        let file = SafeTensors::deserialize(SHIPPED).unwrap();
        let found = File(file).vector("output.norm", WIDTH + 1);
        assert!(matches!(found, Err(BadWeights::Misshapen { name, .. }) if name == "output.norm"));
    }
}
