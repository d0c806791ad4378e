//! What a training run is made of: a TOML file. Relative paths start at the folder of the recipe.
//! An entry that is not known is an error, so that a mistyped one is not ignored.

use crate::TrainError;
use crate::kernels::Precision;
use sayso_language::checkpoint::Quantization;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The model folder that training starts from.
    pub base: PathBuf,
    /// The folder for adapters, state, log and curves.
    pub output: PathBuf,
    /// Seed of the order of the data, of new adapters and of dropout. Default 0.
    #[serde(default)]
    pub seed: u64,
    /// Unpack the matrices of a quantized base before training. Default no: only adapters can be
    /// trained over packed matrices (QLoRA).
    #[serde(default)]
    pub dequantize: bool,
    /// The numbers to compute with. Default: those of the base on a graphics processor, 32 bits on
    /// a processor, where 16 bits are slower.
    #[serde(default)]
    pub numbers: Numbers,
    /// The examples.
    pub data: Data,
    /// What a larger model teaches, if one does.
    #[serde(default)]
    pub teacher: Option<Teacher>,
    /// Quantization-aware last iterations; none when left out.
    #[serde(default)]
    pub rounding: Option<Rounding>,
    /// What is trained by `lora`.
    #[serde(default)]
    pub adapter: Adapter,
    /// What is trained by `full`.
    #[serde(default)]
    pub full: Full,
    /// How weights follow from gradients.
    #[serde(default)]
    pub optimizer: Optimizer,
    /// How the learning rate changes.
    #[serde(default)]
    pub schedule: Schedule,
    /// How long, and what is measured and saved.
    pub run: Run,
}

/// The numbers to compute with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Numbers {
    /// `base` on a graphics processor, `float32` on a processor.
    #[default]
    Auto,
    /// The type of the base's embedding, which has 16 bits.
    Base,
    /// 32-bit floats.
    Float32,
}

/// The examples. A file is JSONL with `messages`, `prompt` and `completion`, or `dictated` and
/// `expected`; a folder has `train.jsonl`, `valid.jsonl` and, if it is wanted, `test.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Files to learn from, or folders.
    pub train: Vec<PathBuf>,
    /// Files to hold out. Default: `valid.jsonl` of the folders in `train`.
    #[serde(default)]
    pub valid: Vec<PathBuf>,
    /// The system prompt. Default: that of the base's folder.
    #[serde(default)]
    pub system_prompt: Option<String>,
    /// A chat template in place of that of the base's folder.
    #[serde(default)]
    pub template: Option<String>,
    /// Learn only the answers, not the prompts. Default yes.
    #[serde(default = "yes")]
    pub mask_prompt: bool,
    /// Learn every digit as a 0, as a model sees it that only judges and chooses among the readings
    /// of a dictation. Default no.
    #[serde(default)]
    pub mask_digits: bool,
    /// Examples of more tokens are left out, and counted. Default 512.
    #[serde(default = "max_tokens")]
    pub max_tokens: usize,
    /// Put several examples into one row of `max_tokens`; none sees another. Default no.
    #[serde(default)]
    pub packing: bool,
    /// Make batches exactly as `mlx_lm.lora` 0.32 does: examples stay in their order, whatever their
    /// length, the last partial batch is dropped, too long examples are cut, and the padding token
    /// after each answer is learnt too. Default no.
    #[serde(default)]
    pub as_mlx_lm: bool,
}

/// A larger model, whose probabilities are learnt beside the true tokens (Hinton and others, "Distilling
/// the Knowledge in a Neural Network", 2015). Only our own kernels can.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Teacher {
    /// Its folder. It must have the vocabulary of the base.
    pub folder: PathBuf,
    /// How much it counts beside the true tokens, 0 to 1. Default 0.7.
    #[serde(default = "seven_tenths")]
    pub share: f32,
}

/// Quantization-aware training: in the last iterations, matrices are rounded to few bits before they are multiplied, and
/// learn to be (Jacob and others, 2018).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rounding {
    /// Bits of a number, 2 to 8. Default 4.
    pub bits: usize,
    /// Numbers of a row that share a scale: 32, 64 or 128. Default 64.
    pub group_size: usize,
    /// The share of the iterations, at the end, from above 0 to 1. Default 0.2.
    pub share: f32,
}

impl Rounding {
    /// What matrices are rounded to in an iteration of so many, from 0; `None` before the last ones.
    pub fn at(&self, iteration: usize, iterations: usize) -> Option<Quantization> {
        let is_due = (iterations - iteration) as f32 <= self.share * iterations as f32;
        is_due.then_some(Quantization { bits: self.bits, group_size: self.group_size })
    }
}

impl Default for Rounding {
    fn default() -> Rounding {
        Rounding { bits: 4, group_size: 64, share: 0.2 }
    }
}

/// Adapters: low-rank changes of matrices (Hu et al., "LoRA", 2021).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Adapter {
    /// Inner width of the change. Default 8.
    pub rank: usize,
    /// Factor of the change. Default 20, as in `mlx_lm`.
    pub scale: f32,
    /// Share of inputs that are left out at random while training. Default 0.
    pub dropout: f32,
    /// Learn the magnitudes of the rows too (Liu et al., "DoRA", 2024). Default no.
    pub magnitude: bool,
    /// How many of the last layers get adapters. Default all.
    pub layers: Option<usize>,
    /// The projections of a layer that get adapters, such as `self_attn.q_proj`. Default all.
    pub projections: Vec<String>,
    /// A folder with adapters to start from.
    pub start: Option<PathBuf>,
}

/// Which weights are trained in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Full {
    /// How many of the last layers are trained. Default all.
    pub layers: Option<usize>,
    /// Train the embedding, the head and the last norm too. Default yes.
    pub embeddings: bool,
}

/// How weights follow from gradients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Optimizer {
    /// The method. Default `adam`.
    pub name: OptimizerName,
    /// Learning rate. Default 1e-5, as in `mlx_lm`; adapters want about 1e-4.
    pub learning_rate: f32,
    /// Decay of the weights. Default 0; that of `adamw` and `muon` is 0.01.
    pub weight_decay: Option<f32>,
    /// Decay of the means of gradients and of their squares, for `adam` and `adamw`. Default 0.9
    /// and 0.999.
    pub betas: [f32; 2],
    /// Correct the means for their start at zero, for `adam` and `adamw`. Default no, as in `mlx_lm`.
    pub bias_correction: bool,
    /// Momentum of `sgd` (default 0) and `muon` (default 0.95).
    pub momentum: Option<f32>,
    /// Largest norm of all gradients together; larger ones are shortened. Default: no limit.
    pub clip: Option<f32>,
}

/// The methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerName {
    /// Kingma and Ba, 2015.
    #[default]
    Adam,
    /// Loshchilov and Hutter, 2019.
    AdamW,
    /// Gradient descent, with momentum if wanted.
    Sgd,
    /// Shazeer and Stern, 2018; its state is small.
    Adafactor,
    /// Jordan, 2024: momentum made orthogonal, for matrices.
    Muon,
}

/// How the learning rate changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Schedule {
    /// The course after the warm-up. Default `constant`.
    pub course: Course,
    /// Iterations over which the rate rises from 0. Default 0.
    pub warmup: usize,
    /// The rate at the end of `cosine` and `linear`. Default 0.
    pub end: f32,
}

/// The course of the learning rate after the warm-up, over the rest of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Course {
    /// It stays.
    #[default]
    Constant,
    /// It falls along half a cosine (Loshchilov and Hutter, 2017).
    Cosine,
    /// It falls along a line.
    Linear,
}

/// How long, and what is measured and saved. An iteration computes the gradient of one batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Number of iterations.
    pub iterations: usize,
    /// Rows of a batch. Default 4.
    #[serde(default = "four")]
    pub batch: usize,
    /// Batches whose gradients are averaged for one step. Default 1.
    #[serde(default = "one")]
    pub accumulation: usize,
    /// What computes losses and gradients. Default: MLX on a graphics processor, kernels of our own on
    /// a processor where the recipe allows it.
    #[serde(default)]
    pub backend: Backend,
    /// How exactly our own kernels multiply. Default f32.
    #[serde(default)]
    pub precision: Precision,
    /// Keep only the inputs of layers and compute the rest again: half the speed, a fraction of
    /// the memory. Default no.
    #[serde(default)]
    pub checkpointing: bool,
    /// Iterations between reports of the loss. Default 10.
    #[serde(default = "ten")]
    pub report_every: usize,
    /// Iterations between measurements of the validation loss. Default 200.
    #[serde(default = "two_hundred")]
    pub validate_every: usize,
    /// Batches of a measurement. Default: all.
    #[serde(default)]
    pub validation_batches: Option<usize>,
    /// Iterations between measurements of exact match on held-out lines; 0 for never. Default 0.
    /// Without it, the best state is the one with the lowest validation loss.
    #[serde(default)]
    pub exact_every: usize,
    /// Held-out lines that are written. Default 100, spread over the set.
    #[serde(default = "hundred")]
    pub exact_lines: usize,
    /// Iterations between saved states. Default 100.
    #[serde(default = "hundred")]
    pub save_every: usize,
    /// Stop after this many measurements without a better one. Default: never.
    #[serde(default)]
    pub patience: Option<usize>,
}

/// What computes losses and gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The faster one.
    #[default]
    Auto,
    /// MLX.
    Mlx,
    /// Our own kernels, which know no packed base, no DoRA and no dropout, and only Adam and AdamW.
    Processor,
}

fn seven_tenths() -> f32 {
    0.7
}
fn yes() -> bool {
    true
}
fn one() -> usize {
    1
}
fn four() -> usize {
    4
}
fn ten() -> usize {
    10
}
fn hundred() -> usize {
    100
}
fn two_hundred() -> usize {
    200
}
fn max_tokens() -> usize {
    512
}

/// The matrices of a layer that may get adapters, in the order of `mlx_lm`. No layer has both
/// attention and a gated delta-net (`linear_attn`).
pub const PROJECTIONS: [&str; 12] = [
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "linear_attn.in_proj_qkv",
    "linear_attn.in_proj_z",
    "linear_attn.in_proj_b",
    "linear_attn.in_proj_a",
    "linear_attn.out_proj",
    "mlp.gate_proj",
    "mlp.down_proj",
    "mlp.up_proj",
];

impl Default for Adapter {
    fn default() -> Adapter {
        Adapter {
            rank: 8,
            scale: 20.0,
            dropout: 0.0,
            magnitude: false,
            layers: None,
            projections: PROJECTIONS.map(str::to_owned).to_vec(),
            start: None,
        }
    }
}

impl Default for Full {
    fn default() -> Full {
        Full { layers: None, embeddings: true }
    }
}

impl Default for Optimizer {
    fn default() -> Optimizer {
        Optimizer {
            name: OptimizerName::Adam,
            learning_rate: 1e-5,
            weight_decay: None,
            betas: [0.9, 0.999],
            bias_correction: false,
            momentum: None,
            clip: None,
        }
    }
}

impl Default for Schedule {
    fn default() -> Schedule {
        Schedule { course: Course::Constant, warmup: 0, end: 0.0 }
    }
}

impl Recipe {
    /// Reads a recipe and checks its numbers.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] names the entry.
    pub fn open(path: &Path) -> Result<Recipe, TrainError> {
        let text = std::fs::read_to_string(path).map_err(TrainError::read(path))?;
        let wrong = |problem: String| TrainError::Recipe { path: path.to_owned(), problem };
        let mut recipe: Recipe = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        recipe.check().map_err(wrong)?;
        recipe.root(path.parent().unwrap_or(Path::new("")));
        Ok(recipe)
    }

    /// Makes relative paths start at `folder`.
    fn root(&mut self, folder: &Path) {
        let paths = [&mut self.base, &mut self.output].into_iter().chain(&mut self.data.train);
        let others =
            self.adapter.start.iter_mut().chain(self.teacher.iter_mut().map(|teacher| &mut teacher.folder));
        for path in paths.chain(&mut self.data.valid).chain(others) {
            *path = folder.join(&*path);
        }
    }

    /// # Errors
    /// The first entry that has no meaning.
    pub fn check(&self) -> Result<(), String> {
        let share = |name: &str, value: f32| match (0.0..1.0).contains(&value) {
            true => Ok(()),
            false => Err(format!("{name} is {value}; it must be at least 0 and below 1")),
        };
        let positive = |name: &str, value: f32| match value > 0.0 && value.is_finite() {
            true => Ok(()),
            false => Err(format!("{name} is {value}; it must be above 0")),
        };
        for (name, value) in [
            ("run.iterations", self.run.iterations),
            ("run.batch", self.run.batch),
            ("run.accumulation", self.run.accumulation),
            ("run.report_every", self.run.report_every),
            ("run.validate_every", self.run.validate_every),
            ("run.save_every", self.run.save_every),
            ("adapter.rank", self.adapter.rank),
            ("adapter.layers", self.adapter.layers.unwrap_or(1)),
            ("full.layers", self.full.layers.unwrap_or(1)),
            ("run.patience", self.run.patience.unwrap_or(1)),
        ] {
            if value == 0 {
                return Err(format!("{name} is 0; it must be at least 1"));
            }
        }
        if self.data.max_tokens < 2 {
            return Err(format!("data.max_tokens is {}; it must be at least 2", self.data.max_tokens));
        }
        if self.data.train.is_empty() {
            return Err("data.train names no file".to_owned());
        }
        if self.data.packing && self.data.as_mlx_lm {
            return Err("data.packing and data.as_mlx_lm exclude each other: mlx_lm packs nothing".to_owned());
        }
        share("adapter.dropout", self.adapter.dropout)?;
        if let Some(Rounding { bits, group_size, share }) = self.rounding {
            if !(2..=8).contains(&bits) || ![32, 64, 128].contains(&group_size) {
                return Err(format!(
                    "rounding is to {bits} bits in groups of {group_size}; 2 to 8 bits in groups of 32, 64 or 128 can be had"
                ));
            }
            if !(share > 0.0 && share <= 1.0) {
                return Err(format!("rounding.share is {share}; it must be above 0 and at most 1"));
            }
        }
        if let Some(teacher) = &self.teacher
            && !(0.0..=1.0).contains(&teacher.share)
        {
            return Err(format!("teacher.share is {}; it must be from 0 to 1", teacher.share));
        }
        positive("adapter.scale", self.adapter.scale)?;
        positive("optimizer.learning_rate", self.optimizer.learning_rate)?;
        share("optimizer.betas", self.optimizer.betas[0])?;
        share("optimizer.betas", self.optimizer.betas[1])?;
        if let Some(clip) = self.optimizer.clip {
            positive("optimizer.clip", clip)?;
        }
        if self.adapter.projections.is_empty() {
            return Err("adapter.projections is empty, so nothing would be trained".to_owned());
        }
        match self.adapter.projections.iter().find(|name| !PROJECTIONS.contains(&name.as_str())) {
            Some(name) => Err(format!("adapter.projections has {name:?}; a layer has {PROJECTIONS:?}")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "base = 'b'\noutput = 'o'\n[data]\ntrain = ['t']\n[run]\niterations = 3\n";

    #[test]
    fn a_small_recipe_has_the_documented_defaults() {
        let recipe: Recipe = toml::from_str(SMALL).unwrap();
        recipe.check().unwrap();
        assert_eq!((recipe.run.batch, recipe.run.report_every, recipe.run.validate_every), (4, 10, 200));
        assert!(recipe.data.mask_prompt && !recipe.data.packing && recipe.full.embeddings);
        assert_eq!(recipe.adapter, Adapter::default());
        // What is written into a state is read back.
        let again: Recipe = serde_json::from_str(&serde_json::to_string(&recipe).unwrap()).unwrap();
        assert_eq!(again, recipe);
    }

    #[test]
    fn all_recipes_here_are_valid() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
        let mut found = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let recipe = Recipe::open(&path).unwrap();
            assert!(recipe.base.starts_with(path.parent().unwrap()));
            found += 1;
        }
        assert_eq!(found, 5);
    }

    #[test]
    fn mistakes_are_named() {
        let check = |change: &str, message: &str| {
            let text = format!("{SMALL}{change}");
            let error = toml::from_str::<Recipe>(&text)
                .map_err(|error| error.to_string())
                .and_then(|recipe| recipe.check())
                .expect_err(change);
            assert!(error.contains(message), "{change}: {error}");
        };
        check("batches = 3", "unknown field `batches`");
        check("batch = 0", "run.batch is 0");
        check("[adapter]\nrank = 0", "adapter.rank is 0");
        check("[adapter]\nprojections = ['q_proj']", "adapter.projections has \"q_proj\"");
        check("[adapter]\nprojections = []", "nothing would be trained");
        check("[adapter]\ndropout = 1.0", "adapter.dropout is 1");
        check("[optimizer]\nname = 'lion'", "unknown variant `lion`");
        check("[optimizer]\nlearning_rate = -1.0", "optimizer.learning_rate is -1");
        check("[schedule]\ncourse = 'step'", "unknown variant `step`");
    }
}
