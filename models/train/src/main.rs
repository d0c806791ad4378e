//! The `sayso-train` command.

#![cfg_attr(
    not(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64"))),
    allow(dead_code, reason = "without MLX the arguments are only parsed")
)]

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use sayso_model_train::cut;
use sayso_model_train::data::Line;
use std::path::PathBuf;
use std::process::ExitCode;

/// Trains a language model for dictated lines on this machine.
///
/// A recipe says what is trained on what. The result is a folder of adapters, or of weights, which
/// `fuse` makes into a model folder.
#[derive(Parser)]
#[command(name = "sayso-train", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Trains low-rank adapters (LoRA, DoRA), over a base of 16 bits or fewer (QLoRA)
    Lora(Train),
    /// Trains every weight
    Full(Train),
    /// Writes base and adapters into one model folder
    Fuse(Fuse),
    /// Packs a model folder into few bits
    Quantize(Quantize),
    /// Cuts a model down to some layers and to the tokens of a task, to be trained again
    Cut(Cut),
}

/// A training run.
#[derive(Args)]
struct Train {
    /// The recipe
    #[arg(value_name = "RECIPE.toml")]
    recipe: PathBuf,
    /// Go on from the state that the last run saved
    #[arg(long)]
    resume: bool,
    /// Quantization-aware: round matrices to 4 bits in groups of 64 in the last fifth of the iterations, as a model of
    /// so few bits will have them; the section `rounding` of the recipe sets other numbers
    #[arg(long)]
    qat: bool,
}

/// What is written into one folder.
#[derive(Args)]
struct Fuse {
    /// The model folder that the adapters were trained on
    #[arg(long, value_name = "FOLDER")]
    base: PathBuf,
    /// The folder of the adapters: the `output` of a recipe, or one of mlx_lm. Without it `--dequantize`
    /// unpacks the base alone
    #[arg(long, value_name = "FOLDER", required_unless_present = "dequantize")]
    adapters: Option<PathBuf>,
    /// The new model folder
    #[arg(long, value_name = "FOLDER")]
    output: PathBuf,
    /// Write 16 bits, also over a base of fewer
    #[arg(long)]
    dequantize: bool,
    /// Lines to compare on, instead of those that the training held out: the result is refused if fewer bits cost more than
    /// a point of exact match on them
    #[arg(long, value_name = "LINES.jsonl")]
    check: Option<PathBuf>,
    /// Number of lines that are checked, spread over the file
    #[arg(long, default_value_t = 200)]
    lines: usize,
    /// Accept such a loss, and another base or template
    #[arg(long)]
    anyway: bool,
}

/// What is packed.
#[derive(Args)]
struct Quantize {
    /// A model folder of 16 or 32 bits
    #[arg(value_name = "FOLDER")]
    source: PathBuf,
    /// The new model folder
    #[arg(value_name = "NEW FOLDER")]
    target: PathBuf,
    /// Bits per weight: 2, 3, 4, 5, 6 or 8. Models of 5 bits are for mlx_lm only
    #[arg(long, default_value_t = 4)]
    bits: usize,
    /// Weights that share a scale: 32, 64 or 128
    #[arg(long, default_value_t = 64)]
    group_size: usize,
}

/// What is left of a model.
#[derive(Args)]
struct Cut {
    /// A model folder of 16 or 32 bits
    #[arg(value_name = "FOLDER")]
    source: PathBuf,
    /// The new model folder
    #[arg(value_name = "NEW FOLDER")]
    target: PathBuf,
    /// The layers that are kept, from 0, such as 0,1,2,27; all when left out
    #[arg(long, value_name = "LAYERS", value_delimiter = ',')]
    layers: Vec<usize>,
    /// How many tokens are kept; all when left out
    #[arg(long, value_name = "N", requires = "lines")]
    tokens: Option<usize>,
    /// Lines of the task, as for training, which say what tokens it uses
    #[arg(long, value_name = "LINES.jsonl")]
    lines: Vec<PathBuf>,
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).without_time().with_target(false).init();
    match Cli::parse().command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sayso-train: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Cut {
    fn run(self) -> anyhow::Result<()> {
        let mut texts = Vec::new();
        for path in &self.lines {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
                let line = Line::parse(line).map_err(anyhow::Error::msg);
                let line = line.with_context(|| format!("{}, line {}", path.display(), number + 1))?;
                texts.extend(line.texts().map(str::to_owned));
            }
        }
        let layers = Some(self.layers).filter(|layers| !layers.is_empty());
        let wanted = cut::Cut { layers, tokens: self.tokens };
        let done = cut::cut(&self.source, &self.target, &wanted, &texts)?;
        println!(
            "{} layers and {} tokens are left, {:.1} million numbers; {:.2} % of the tokens of the lines are still one token",
            done.layers,
            done.tokens,
            done.parameters as f64 / 1e6,
            100.0 * done.covered
        );
        Ok(())
    }
}

#[cfg(not(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64"))))]
impl Command {
    fn run(self) -> anyhow::Result<()> {
        let what = match self {
            Command::Lora(Train { recipe, .. }) | Command::Full(Train { recipe, .. }) => recipe,
            Command::Fuse(Fuse { base, .. }) => base,
            Command::Quantize(Quantize { source, .. }) => source,
            Command::Cut(cut) => return cut.run(),
        };
        Err(anyhow::anyhow!(
            "this program was built without MLX, which computes everything: on Apple silicon plain cargo builds with it, on Linux `scripts/mlx-linux.sh build -p sayso-model-train --features mlx`"
        ))
        .with_context(|| format!("cannot work on {}", what.display()))
    }
}

#[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
mod work {
    use super::{Command, Context, Fuse, Line, PathBuf, Quantize, Train};
    use indicatif::ProgressBar;
    use sayso_language::checkpoint::{Checkpoint, Quantization};
    use sayso_model_train::TrainError;

    use sayso_model_train::mlx::Trained;
    use sayso_model_train::mlx::adapter::{AdapterConfig, Origin};
    use sayso_model_train::mlx::evaluation::{self, HELD_OUT};
    use sayso_model_train::mlx::fuse::{self, Fused, Packing};
    use sayso_model_train::mlx::model::Model;
    use sayso_model_train::mlx::quantize;
    use sayso_model_train::mlx::trainer::{self, How};
    use sayso_model_train::recipe::Recipe;
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    impl Command {
        pub(super) fn run(self) -> anyhow::Result<()> {
            match self {
                Command::Lora(train) => train.run(false),
                Command::Full(train) => train.run(true),
                Command::Fuse(fuse) => fuse.run(),
                Command::Quantize(quantize) => quantize.run(),
                Command::Cut(cut) => cut.run(),
            }
        }
    }

    /// A flag that Ctrl-C and a polite kill set; the second one ends the program at once.
    fn interrupted() -> anyhow::Result<Arc<AtomicBool>> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            signal_hook::flag::register_conditional_shutdown(signal, 130, flag.clone())?;
            signal_hook::flag::register(signal, flag.clone())?;
        }
        Ok(flag)
    }

    impl Train {
        fn run(self, full: bool) -> anyhow::Result<()> {
            let mut recipe = Recipe::open(&self.recipe)?;
            if self.qat {
                recipe.rounding.get_or_insert_default();
            }
            let interrupted = interrupted()?;
            let stop = || interrupted.load(Ordering::Relaxed);
            let outcome = trainer::train(&recipe, How { full, resume: self.resume, stop: &stop })?;
            let expected = outcome.expected;
            println!("The run ended: {}.", outcome.reason);
            println!(
                "Memory: {:.0} MB at most, {:.0} expected. Time: {:.0} s{}.",
                outcome.bytes / 1e6,
                expected.bytes / 1e6,
                outcome.seconds,
                expected.seconds.map_or(String::new(), |seconds| format!(", {seconds:.0} expected")),
            );
            println!(
                "Next: sayso-train fuse --base {} --adapters {} --output FOLDER",
                recipe.base.display(),
                recipe.output.display()
            );
            Ok(())
        }
    }

    impl Fuse {
        fn run(self) -> anyhow::Result<()> {
            let checkpoint = Checkpoint::open(&self.base)?;
            let dtype = fuse::dtype_of(&checkpoint)?;
            let (model, trained, origin) = match &self.adapters {
                None => (Model::load(&checkpoint, dtype, true)?, Trained::default(), None),
                Some(adapters) => {
                    let origin = self.origin(adapters, &checkpoint)?;
                    // Weights that were trained in full replace those of the base, which had to be unpacked.
                    let is_full = AdapterConfig::open(adapters)?.is_full();
                    let mut model = Model::load(&checkpoint, dtype, is_full)?;
                    let trained = model.with_adapters(adapters)?;
                    (model, trained, origin)
                }
            };
            let fused = Fused {
                model: &model,
                trained: &trained,
                base: &self.base,
                checkpoint: &checkpoint,
                origin: origin.as_ref(),
            };
            let is_packed = checkpoint.names().any(|name| name.ends_with(".scales"));
            let packing = if self.dequantize { Packing::Plain } else { Packing::AsBase };
            fused.write(&self.output, packing, dtype)?;
            if let Some(path) = self.held_out().filter(|_| is_packed && !self.dequantize) {
                let checked = self.check(&fused, &path);
                if checked.is_err() {
                    let _ = std::fs::remove_dir_all(&self.output);
                }
                checked?;
            }
            println!(
                "{} is a model folder: `sayso model import {0}`, then `sayso model use`",
                self.output.display()
            );
            Ok(())
        }

        /// The lines on which the result is compared; those that the training held out, unless others are given.
        fn held_out(&self) -> Option<PathBuf> {
            let beside = self.adapters.as_ref().filter(|_| !self.anyway).map(|folder| folder.join(HELD_OUT));
            self.check.clone().or(beside.filter(|path| path.exists()))
        }

        /// What the adapters were trained on, unless the folder cannot keep the prompt of the training.
        fn origin(&self, adapters: &Path, checkpoint: &Checkpoint) -> anyhow::Result<Option<Origin>> {
            let origin = Origin::open(adapters)?;
            match &origin {
                Some(origin) if !self.anyway => origin
                    .check(adapters, &self.base, checkpoint)
                    .context("`--anyway` fuses them all the same")?,
                Some(_) => {}
                None => eprintln!(
                    "{} does not say what it was trained on, as with mlx_lm: the prompt is that of the base",
                    adapters.display()
                ),
            }
            Ok(origin.filter(|origin| origin.check_prompt(adapters, &self.base).is_ok()))
        }

        /// Compares the written folder with base and adapters in 16 bits.
        fn check(&self, fused: &Fused<'_>, path: &Path) -> anyhow::Result<()> {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            let lines = text.lines().filter(|line| !line.trim().is_empty()).map(Line::parse);
            let lines = lines.collect::<Result<Vec<_>, _>>().map_err(anyhow::Error::msg)?;
            let lines = evaluation::spread(&lines, self.lines);
            let place = self.output.parent().unwrap_or(&self.output);
            let bar = ProgressBar::new(2 * lines.len() as u64);
            let stop = || {
                bar.inc(1);
                false
            };
            let never = || anyhow::anyhow!("stopped");
            let before = evaluation::exact(fused, Packing::Plain, place, &lines, &stop)?;
            let before = before.ok_or_else(never)?.count();
            let after = evaluation::by_folder(&self.output, &lines, &stop)?.ok_or_else(never)?.count();
            bar.finish_and_clear();
            println!(
                "{before} of {} lines are right in 16 bits, {after} in the bits of the base",
                lines.len()
            );
            match (before.saturating_sub(after)) * 100 > lines.len() && !self.anyway {
                true => Err(TrainError::Loses { before, after, lines: lines.len() }.into()),
                false => Ok(()),
            }
        }
    }

    impl Quantize {
        fn run(self) -> anyhow::Result<()> {
            let quantization = Quantization { bits: self.bits, group_size: self.group_size };
            let done = quantize::quantize(&self.source, &self.target, quantization)?;
            println!("{} matrices are packed; {:.3} bits per weight in all", done.packed, done.bits);
            if !done.plain.is_empty() {
                println!(
                    "{} stay as they are, because {} does not divide their width: {}",
                    done.plain.len(),
                    self.group_size,
                    done.plain.join(", ")
                );
            }
            if self.bits == 5 {
                println!("sayso does not serve models of 5 bits; mlx_lm does");
            }
            Ok(())
        }
    }
}
