//! The weights as they are shipped: a safetensors file, matrices in int8 with a scale for each row, the rest in f32.

#[cfg(doc)]
use super::feature::{CROSS_ROWS, ROWS};
use super::schema::{SCHEMA, Schema};
#[cfg(doc)]
use super::shape::{CLASSES, FORWARD, HEADS, HIDDEN, MAX_DISTANCE, ROW, VECTOR, VECTORS, WIDTH};
use super::shape::{LAYERS, parameters};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::{BTreeMap, HashMap};

/// Why weights cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// Not a safetensors file, or cut short.
    #[error("not a safetensors file, or damaged ({0})")]
    Damaged(String),
    /// A tensor is not there.
    #[error("there is no tensor {0}: these are not weights of the tagger, or of another version")]
    Missing(String),
    /// A tensor has another shape or type.
    #[error("tensor {name} has the wrong shape: expected {expected}, found {found}")]
    Misshapen {
        /// Its name.
        name: String,
        /// Type and shape in the file.
        found: String,
        /// Type and shape that this program knows.
        expected: String,
    },
    /// A tensor holds an infinity or something that is not a number.
    #[error("tensor {0} holds a value that is not a finite number")]
    NotFinite(String),
    /// The temperature of the calibration is zero or negative.
    #[error("tensor {CALIBRATION} must begin with a temperature above zero")]
    BadCalibration,
    /// The weights were trained with other features than those of this program, or do not say with which.
    #[error(
        "the weights were trained for another version of sayso: they have other features (schema {found:?})"
    )]
    OtherSchema {
        /// The schema that the file names; empty if it names none.
        found: String,
    },
}

/// A matrix in int8 of which rows are looked up.
#[derive(Debug)]
pub(super) struct Table {
    /// rows × columns.
    values: Vec<i8>,
    /// One for each row: a value is its int8 times this.
    scales: Vec<f32>,
    columns: usize,
}

impl Table {
    /// Adds `weight` times a row to `sum`, which is as wide as the table.
    #[inline(always)]
    pub(super) fn add<const WIDE: usize>(&self, row: u32, weight: f32, sum: &mut [f32; WIDE]) {
        let row = row as usize;
        let weight = weight * self.scales[row];
        let values: &[i8; WIDE] = self.values[row * WIDE..].first_chunk().expect("a table has whole rows");
        // By index, because the compiler turns a loop of known length into a handful of vector instructions.
        for at in 0..WIDE {
            sum[at] += weight * f32::from(values[at]);
        }
    }
}

/// A matrix in f32.
#[derive(Debug)]
pub(super) struct Matrix {
    /// inputs × outputs.
    pub(super) values: Vec<f32>,
    /// Columns.
    pub(super) outputs: usize,
}

/// A layer of the encoder. The comments give the shape and the name in the file.
#[derive(Debug)]
pub(super) struct Layer {
    /// [`WIDTH`]: `attend.norm`.
    pub(super) attention_norm: Vec<f32>,
    /// [`WIDTH`] × 3·[`WIDTH`]: `attend.weight`, query, key and value side by side.
    pub(super) qkv: Matrix,
    /// [`HEADS`] × 2·[`MAX_DISTANCE`] + 1: `distance`.
    pub(super) relative_bias: Matrix,
    /// [`WIDTH`] × [`WIDTH`]: `merge.weight`.
    pub(super) out_proj: Matrix,
    /// [`WIDTH`]: `forward.norm`.
    pub(super) ffn_norm: Vec<f32>,
    /// [`WIDTH`] × [`FORWARD`]: `widen.weight`.
    pub(super) ffn_up: Matrix,
    /// [`FORWARD`]: `widen.bias`.
    pub(super) ffn_up_bias: Vec<f32>,
    /// [`FORWARD`] × [`WIDTH`]: `narrow.weight`.
    pub(super) ffn_down: Matrix,
}

/// All weights. The comments give the shape, and the name in the file where it differs from the field's.
#[derive(Debug)]
pub struct Weights {
    /// [`ROWS`] × [`ROW`]: embeddings of units, readings and history.
    pub(super) rows: Table,
    /// [`CROSS_ROWS`] × [`HIDDEN`]: embeddings of how a candidate fits.
    pub(super) cross: Table,
    /// [`VECTORS`] × [`VECTOR`]: word vectors, zero for a word without one.
    pub(super) vectors: Table,
    /// [`ROW`] × [`WIDTH`].
    pub(super) input: Matrix,
    /// [`VECTOR`] × [`WIDTH`]: `vector.weight`.
    pub(super) vector: Matrix,
    /// [`WIDTH`].
    pub(super) input_norm: Vec<f32>,
    /// 3·[`WIDTH`] × [`WIDTH`]: `neighbours.weight`, a convolution over the token before, the token and the one behind it.
    pub(super) conv: Matrix,
    /// [`WIDTH`]: `neighbours.bias`.
    pub(super) conv_bias: Vec<f32>,
    /// [`LAYERS`] of them.
    pub(super) layers: Vec<Layer>,
    /// [`WIDTH`].
    pub(super) output_norm: Vec<f32>,
    /// [`WIDTH`] × [`HIDDEN`].
    pub(super) query: Matrix,
    /// [`HIDDEN`].
    pub(super) query_bias: Vec<f32>,
    /// [`ROW`] × [`HIDDEN`].
    pub(super) history: Matrix,
    /// [`ROW`] × [`HIDDEN`].
    pub(super) reading: Matrix,
    /// [`WIDTH`] × [`HIDDEN`].
    pub(super) next: Matrix,
    /// [`WIDTH`] × [`HIDDEN`].
    pub(super) last: Matrix,
    /// [`HIDDEN`] × [`HIDDEN`].
    pub(super) hidden: Matrix,
    /// [`HIDDEN`].
    pub(super) hidden_bias: Vec<f32>,
    /// [`HIDDEN`] × 1.
    pub(super) score: Matrix,
    /// [`CLASSES`] × [`WIDTH`]: `gate.weight`, a row a class.
    pub(super) class: Matrix,
    /// [`CLASSES`]: `gate.bias`.
    pub(super) class_bias: Vec<f32>,
    /// Turns probabilities of paths into confidences.
    calibration: Calibration,
    /// What the weights were trained with.
    schema: Option<Schema>,
}

/// How the probability of a path becomes a confidence: its log-odds divided by a temperature, plus a bias (Platt 1999).
/// Training fits both on NL2Bash `valid`.
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

    /// Log-odds of the probability whose logarithm is `score`, within ±12 nats.
    pub fn log_odds(score: f32) -> f32 {
        /// One in 160,000: no test set is large enough to measure rarer errors. Hand-chosen, never measured apart.
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
/// The scales of a matrix in int8 are in a tensor with its name and this suffix.
pub const SCALE: &str = ".scale";

impl Weights {
    /// How sure a path is, from the sum of its scores: 0 to 1.
    pub fn confidence(&self, score: f32) -> f32 {
        self.calibration.confidence(score)
    }

    /// How its probabilities become confidences.
    pub fn calibration(&self) -> Calibration {
        self.calibration
    }

    /// The schema that the weights were trained with, if they say so. [`Schema::changed_data`] tells which data files have
    /// changed since.
    pub fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// Reads the bytes of a weights file and checks that they have the features of this program.
    ///
    /// # Errors
    /// [`WeightsError`] names the tensor that is missing, misshapen or damaged, or the schema if it is another one.
    pub fn read(bytes: &[u8]) -> Result<Weights, WeightsError> {
        let weights = Weights::read_any_schema(bytes)?;
        let same = |schema: &Schema| schema.has_features_of(&Schema::current());
        if !weights.schema.as_ref().is_some_and(same) {
            let found = weights.schema.map(|schema| schema.to_string()).unwrap_or_default();
            return Err(WeightsError::OtherSchema { found });
        }
        Ok(weights)
    }

    /// Reads the bytes of a weights file, whatever features it was trained with: for the embedded weights, which a test
    /// holds to the schema.
    pub(super) fn read_any_schema(bytes: &[u8]) -> Result<Weights, WeightsError> {
        let mut file = File::read(bytes)?;
        let layers = (0..LAYERS)
            .map(|layer| {
                let name = |part: &str| format!("layers.{layer}.{part}");
                Ok(Layer {
                    attention_norm: file.vector(&name("attend.norm"))?,
                    qkv: file.matrix(&name("attend.weight"))?,
                    relative_bias: file.matrix(&name("distance"))?,
                    out_proj: file.matrix(&name("merge.weight"))?,
                    ffn_norm: file.vector(&name("forward.norm"))?,
                    ffn_up: file.matrix(&name("widen.weight"))?,
                    ffn_up_bias: file.vector(&name("widen.bias"))?,
                    ffn_down: file.matrix(&name("narrow.weight"))?,
                })
            })
            .collect::<Result<Vec<_>, WeightsError>>()?;
        Ok(Weights {
            rows: file.table("rows")?,
            cross: file.table("cross")?,
            vectors: file.table("vectors")?,
            input: file.matrix("input.weight")?,
            vector: file.matrix("vector.weight")?,
            input_norm: file.vector("input.norm")?,
            conv: file.matrix("neighbours.weight")?,
            conv_bias: file.vector("neighbours.bias")?,
            layers,
            output_norm: file.vector("output.norm")?,
            query: file.matrix("query.weight")?,
            query_bias: file.vector("query.bias")?,
            history: file.matrix("history.weight")?,
            reading: file.matrix("reading.weight")?,
            next: file.matrix("next.weight")?,
            last: file.matrix("last.weight")?,
            hidden: file.matrix("hidden.weight")?,
            hidden_bias: file.vector("hidden.bias")?,
            score: file.matrix("score.weight")?,
            class: file.matrix("gate.weight")?,
            class_bias: file.vector("gate.bias")?,
            calibration: file.calibration,
            schema: file.schema,
        })
    }
}

/// The bytes of a weights file with another schema in its metadata; no tensor changes.
///
/// # Errors
/// The bytes are no safetensors file.
pub fn with_schema(bytes: &[u8], schema: &Schema) -> Result<Vec<u8>, WeightsError> {
    let damaged = |error: safetensors::SafeTensorError| WeightsError::Damaged(error.to_string());
    let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let metadata = HashMap::from([(SCHEMA.to_owned(), schema.to_string())]);
    let tensors: Vec<(String, TensorView<'_>)> = file.tensors();
    safetensors::serialize(tensors, Some(metadata)).map_err(damaged)
}

/// A weights file of which every tensor of [`PARAMETERS`](super::shape::PARAMETERS) was found and checked.
struct File {
    vectors: BTreeMap<String, Vec<f32>>,
    tables: BTreeMap<String, Table>,
    calibration: Calibration,
    schema: Option<Schema>,
}

impl File {
    fn read(bytes: &[u8]) -> Result<File, WeightsError> {
        let damaged = |error: safetensors::SafeTensorError| WeightsError::Damaged(error.to_string());
        let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let schema = header.metadata().as_ref().and_then(|entries| entries.get(SCHEMA));
        let schema = schema.and_then(|text| Schema::parse(text));
        let (mut vectors, mut tables) = (BTreeMap::new(), BTreeMap::new());
        for (name, parameter) in parameters() {
            match *parameter.shape {
                [rows, columns] => {
                    let values = data(&file, &name, Dtype::I8, &[rows, columns])?;
                    let values = values.iter().map(|&byte| byte as i8).collect();
                    let scales = floats(&file, &format!("{name}{SCALE}"), &[rows])?;
                    tables.insert(name, Table { values, scales, columns });
                }
                _ => {
                    let values = floats(&file, &name, parameter.shape)?;
                    vectors.insert(name, values);
                }
            }
        }
        let calibration = match floats(&file, CALIBRATION, &[2])?[..] {
            [temperature, bias] if temperature > 0.0 => Calibration { temperature, bias },
            _ => return Err(WeightsError::BadCalibration),
        };
        Ok(File { vectors, tables, calibration, schema })
    }

    /// A vector.
    fn vector(&mut self, name: &str) -> Result<Vec<f32>, WeightsError> {
        self.vectors.remove(name).ok_or_else(|| WeightsError::Missing(name.to_owned()))
    }

    /// A matrix that stays in int8, since only a few of its rows are looked up.
    fn table(&mut self, name: &str) -> Result<Table, WeightsError> {
        self.tables.remove(name).ok_or_else(|| WeightsError::Missing(name.to_owned()))
    }

    /// A matrix in f32.
    fn matrix(&mut self, name: &str) -> Result<Matrix, WeightsError> {
        let Table { values, scales, columns } = self.table(name)?;
        let rows = values.chunks_exact(columns).zip(scales);
        let values = rows.flat_map(|(row, scale)| row.iter().map(move |&value| f32::from(value) * scale));
        Ok(Matrix { values: values.collect(), outputs: columns })
    }
}

/// The bytes of a tensor, if it has this type and shape.
fn data<'f>(
    file: &SafeTensors<'f>,
    name: &str,
    dtype: Dtype,
    shape: &[usize],
) -> Result<&'f [u8], WeightsError> {
    let view = file.tensor(name).map_err(|_| WeightsError::Missing(name.to_owned()))?;
    if view.dtype() != dtype || view.shape() != shape {
        return Err(WeightsError::Misshapen {
            name: name.to_owned(),
            found: format!("{:?} {:?}", view.dtype(), view.shape()),
            expected: format!("{dtype:?} {shape:?}"),
        });
    }
    Ok(view.data())
}

/// The values of a tensor in f32.
fn floats(file: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
    let values: Vec<f32> = data(file, name, Dtype::F32, shape)?
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        .collect();
    match values.iter().all(|value| value.is_finite()) {
        true => Ok(values),
        false => Err(WeightsError::NotFinite(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::shape::VECTOR;
    use super::*;

    static SHIPPED: &[u8] = include_bytes!("../../weights/tagger.safetensors");

    fn with(change: impl FnOnce(&mut Vec<u8>)) -> WeightsError {
        let mut bytes = SHIPPED.to_vec();
        change(&mut bytes);
        Weights::read(&bytes).map(|_| ()).expect_err("these weights are bad")
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
        assert!(SHIPPED.len() <= 12_000_000, "{} bytes", SHIPPED.len());
    }

    #[test]
    fn damage_is_named() {
        assert!(matches!(with(|bytes| bytes.truncate(100_000)), WeightsError::Damaged(_)));
        assert!(matches!(with(Vec::clear), WeightsError::Damaged(_)));
        // A header that claims more than there is.
        assert!(matches!(with(|bytes| bytes[..8].fill(0xff)), WeightsError::Damaged(_)));
        let renamed = with(|bytes| {
            let at = bytes.windows(12).position(|window| window == b"\"query.bias\"").unwrap();
            bytes[at + 1] = b'Q';
        });
        assert_eq!(renamed, WeightsError::Missing("query.bias".to_owned()));
        let at = place("output.norm");
        let nan = with(|bytes| bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes()));
        assert_eq!(nan, WeightsError::NotFinite("output.norm".to_owned()));
        let at = place("vectors.scale");
        let nan = with(|bytes| bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes()));
        assert_eq!(nan, WeightsError::NotFinite("vectors.scale".to_owned()));
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

    /// The shipped file with one tensor in place of another.
    fn with_tensor(name: &str, dtype: Dtype, shape: &[usize], bytes: &[u8]) -> Vec<u8> {
        let file = SafeTensors::deserialize(SHIPPED).unwrap();
        let mut tensors = file.tensors();
        for (found, view) in &mut tensors {
            if found == name {
                *view = TensorView::new(dtype, shape.to_vec(), bytes).unwrap();
            }
        }
        safetensors::serialize(
            tensors,
            Some(HashMap::from([(SCHEMA.to_owned(), Schema::current().to_string())])),
        )
        .unwrap()
    }

    #[test]
    fn another_shape_is_refused() {
        let bytes = with_tensor("output.norm", Dtype::F32, &[2], &[0; 8]);
        let error = Weights::read(&bytes).map(|_| ()).expect_err("the norm is too short");
        let message = "tensor output.norm has the wrong shape: expected F32 [128], found F32 [2]";
        assert_eq!(error.to_string(), message);
        let vectors = with_tensor("vectors", Dtype::I8, &[3, VECTOR], &[0; 3 * VECTOR]);
        let error = Weights::read(&vectors).map(|_| ()).expect_err("most words have no vector");
        let message = "tensor vectors has the wrong shape: expected I8 [40131, 96], found I8 [3, 96]";
        assert_eq!(error.to_string(), message);
        let scales = with_tensor("vectors.scale", Dtype::F32, &[2], &[0; 8]);
        let error = Weights::read(&scales).map(|_| ()).expect_err("most vectors have no scale");
        assert!(error.to_string().starts_with("tensor vectors.scale has the wrong shape"), "{error}");
        let cold = with_tensor(CALIBRATION, Dtype::F32, &[2], &[0; 8]);
        assert_eq!(Weights::read(&cold).map(|_| ()).unwrap_err(), WeightsError::BadCalibration);
    }

    #[test]
    fn another_schema_is_refused() {
        let other = Schema::parse("features=1").unwrap();
        let bytes = with_schema(SHIPPED, &other).unwrap();
        let error = Weights::read(&bytes).map(|_| ()).expect_err("its features are others");
        assert_eq!(error, WeightsError::OtherSchema { found: other.to_string() });
        assert!(Weights::read_any_schema(&bytes).is_ok());
        let file = SafeTensors::deserialize(SHIPPED).unwrap();
        let unnamed = safetensors::serialize(file.tensors(), None).unwrap();
        let error = Weights::read(&unnamed).map(|_| ()).expect_err("it names none");
        assert_eq!(error, WeightsError::OtherSchema { found: String::new() });
    }

    #[test]
    fn a_schema_changes_no_tensor() {
        let bytes = with_schema(SHIPPED, &Schema::current()).unwrap();
        let (before, after) =
            (SafeTensors::deserialize(SHIPPED).unwrap(), SafeTensors::deserialize(&bytes).unwrap());
        assert_eq!(before.len(), after.len());
        for (name, view) in before.iter() {
            assert_eq!(after.tensor(name).unwrap().data(), view.data(), "{name}");
        }
    }
}
