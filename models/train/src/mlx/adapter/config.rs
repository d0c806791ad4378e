//! `adapter_config.json`, as `mlx_lm` 0.32 writes and reads it.

use crate::python_json::{self, decimal};
use crate::recipe::{self, OptimizerName, PROJECTIONS, Recipe};
use crate::{TrainError, file};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::Path;

/// The name of the file.
const FILE: &str = "adapter_config.json";

/// The settings of a run of `mlx_lm.lora`, sorted. `mlx_lm` reads four of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct AdapterConfig {
    adapter_path: String,
    batch_size: usize,
    clear_cache_threshold: usize,
    config: Option<String>,
    data: String,
    fine_tune_type: String,
    grad_accumulation_steps: usize,
    grad_checkpoint: bool,
    iters: usize,
    learning_rate: f64,
    lora_parameters: Option<LoraParameters>,
    lr_schedule: Option<Value>,
    mask_prompt: bool,
    max_seq_length: usize,
    model: String,
    num_layers: i64,
    optimizer: String,
    optimizer_config: OptimizerConfig,
    project_name: Option<String>,
    report_to: Option<String>,
    resume_adapter_file: Option<String>,
    save_every: usize,
    seed: u64,
    steps_per_eval: usize,
    steps_per_report: usize,
    test: bool,
    test_batches: i64,
    train: bool,
    trust_remote_code: bool,
    val_batches: i64,
}

/// Settings by optimizer, in the order of `mlx_lm`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct OptimizerConfig {
    adam: Map<String, Value>,
    adamw: Map<String, Value>,
    muon: Map<String, Value>,
    sgd: Map<String, Value>,
    adafactor: Map<String, Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct LoraParameters {
    rank: usize,
    #[serde(default)]
    dropout: f64,
    scale: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keys: Option<Vec<String>>,
}

impl Default for AdapterConfig {
    /// The defaults of `mlx_lm.lora`, for files of older versions that lack entries.
    fn default() -> AdapterConfig {
        AdapterConfig {
            adapter_path: "adapters".to_owned(),
            batch_size: 4,
            clear_cache_threshold: 0,
            config: None,
            data: String::new(),
            fine_tune_type: "lora".to_owned(),
            grad_accumulation_steps: 1,
            grad_checkpoint: false,
            iters: 1000,
            learning_rate: 1e-5,
            lora_parameters: None,
            lr_schedule: None,
            mask_prompt: false,
            max_seq_length: 2048,
            model: String::new(),
            num_layers: 16,
            optimizer: "adam".to_owned(),
            optimizer_config: OptimizerConfig::default(),
            project_name: None,
            report_to: None,
            resume_adapter_file: None,
            save_every: 100,
            seed: 0,
            steps_per_eval: 200,
            steps_per_report: 10,
            test: false,
            test_batches: 500,
            train: true,
            trust_remote_code: false,
            val_batches: 25,
        }
    }
}

impl AdapterConfig {
    /// The settings of a recipe. `layers` is the number of layers of the base.
    pub fn of(recipe: &Recipe, full: bool, layers: usize) -> AdapterConfig {
        let Recipe { adapter, run, .. } = recipe;
        let path = |path: &Path| path.display().to_string();
        let is_all = adapter.projections.len() == PROJECTIONS.len();
        let chosen = if full { recipe.full.layers } else { adapter.layers };
        let name = |name: OptimizerName| match name {
            OptimizerName::Adam => "adam",
            OptimizerName::AdamW => "adamw",
            OptimizerName::Sgd => "sgd",
            OptimizerName::Adafactor => "adafactor",
            OptimizerName::Muon => "muon",
        };
        AdapterConfig {
            adapter_path: path(&recipe.output),
            batch_size: run.batch,
            data: recipe.data.train.first().map(|first| path(first)).unwrap_or_default(),
            fine_tune_type: match (full, adapter.magnitude) {
                (true, _) => "full",
                (false, true) => "dora",
                (false, false) => "lora",
            }
            .to_owned(),
            grad_accumulation_steps: run.accumulation,
            grad_checkpoint: run.checkpointing,
            iters: run.iterations,
            learning_rate: decimal(recipe.optimizer.learning_rate),
            lora_parameters: (!full).then(|| LoraParameters {
                rank: adapter.rank,
                dropout: decimal(adapter.dropout),
                scale: decimal(adapter.scale),
                keys: (!is_all).then(|| adapter.projections.clone()),
            }),
            mask_prompt: recipe.data.mask_prompt,
            max_seq_length: recipe.data.max_tokens,
            model: path(&recipe.base),
            num_layers: chosen.unwrap_or(layers) as i64,
            optimizer: name(recipe.optimizer.name).to_owned(),
            resume_adapter_file: adapter.start.as_deref().map(|start| path(&start.join(super::WEIGHTS))),
            save_every: run.save_every,
            seed: recipe.seed,
            steps_per_eval: run.validate_every,
            steps_per_report: run.report_every,
            val_batches: run.validation_batches.map_or(-1, |batches| batches as i64),
            ..AdapterConfig::default()
        }
    }

    /// Reads the file of a folder.
    ///
    /// # Errors
    /// It is missing or damaged.
    pub fn open(folder: &Path) -> Result<AdapterConfig, TrainError> {
        let path = folder.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(TrainError::read(&path))?;
        serde_json::from_str(&text)
            .map_err(|error| TrainError::Unfit(format!("{} is damaged: {error}", path.display())))
    }

    /// Writes the file, byte for byte as `mlx_lm` does for the same settings.
    ///
    /// # Errors
    /// The disk is full, or the folder may not be written to.
    pub fn save(&self, folder: &Path) -> Result<(), TrainError> {
        file::replace(&folder.join(FILE), python_json::to_string(self).as_bytes())
    }

    /// Whether weights were trained in full.
    pub fn is_full(&self) -> bool {
        self.fine_tune_type == "full"
    }

    /// How many of the last layers were trained; `None` for all.
    pub(super) fn layers(&self) -> Option<usize> {
        usize::try_from(self.num_layers).ok().filter(|layers| *layers > 0)
    }

    /// The adapters that were trained; `None` if weights were trained in full.
    ///
    /// # Errors
    /// Adapters of another kind, or on matrices that have none here.
    pub(super) fn adapter(&self) -> Result<Option<recipe::Adapter>, TrainError> {
        let unfit = |problem: String| TrainError::Unfit(format!("{FILE}: {problem}"));
        let magnitude = match self.fine_tune_type.as_str() {
            "full" => return Ok(None),
            "lora" => false,
            "dora" => true,
            other => {
                return Err(unfit(format!("fine_tune_type is {other:?}; lora, dora and full are known")));
            }
        };
        let Some(parameters) = &self.lora_parameters else {
            return Err(unfit("lora_parameters is missing".to_owned()));
        };
        let projections = match &parameters.keys {
            None => PROJECTIONS.map(str::to_owned).to_vec(),
            Some(keys) => keys.clone(),
        };
        if let Some(key) = projections.iter().find(|key| !PROJECTIONS.contains(&key.as_str())) {
            return Err(unfit(format!("lora_parameters.keys has {key:?}; a layer has {PROJECTIONS:?}")));
        }
        Ok(Some(recipe::Adapter {
            rank: parameters.rank,
            scale: parameters.scale as f32,
            dropout: parameters.dropout as f32,
            magnitude,
            layers: self.layers(),
            projections,
            start: None,
        }))
    }
}
