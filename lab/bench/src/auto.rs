//! Compares the `auto` route with a language model to writing every line with the same model.

use crate::daemon::resident_megabytes;
use crate::llama::{self, FORMATS, Peer};
use crate::random;
use crate::report::{Report, Row, Unit};
use anyhow::{Context, bail, ensure};
use sayso_corpus::cases::{self, Case};
use sayso_engine::{Dictation, Engine, ModelHandle, Rescorer, Stage, Stop, Words};
use sayso_language as language;
use sayso_language::chat::Chat;
use sayso_language::checkpoint::Checkpoint;
use sayso_language::cpu::{Decoder, Options};
use sayso_language::tokenizer::Tokenizer;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The inputs of the benchmark. None of them comes with the program.
#[derive(Debug, clap::Args)]
pub(super) struct Inputs {
    /// For `auto`: JSON lines with the cases
    #[arg(long, value_name = "FILE.jsonl")]
    cases: Option<PathBuf>,
    /// For `auto`: a model folder
    #[arg(long, value_name = "FOLDER")]
    model: Option<PathBuf>,
    /// For `auto`: use random weights in the shape of Qwen3-0.6B and only the tokenizer of the
    /// model folder
    #[arg(long, requires = "model")]
    random: bool,
}

impl Inputs {
    /// Whether both required inputs are given.
    pub(super) fn are_there(&self) -> bool {
        self.cases.is_some() && self.model.is_some()
    }
}

/// Measures with at most `samples` cases.
///
/// # Errors
/// If an input is missing or cannot be read, or if the same line gets two different answers.
pub(super) fn run(samples: usize, inputs: &Inputs) -> anyhow::Result<Report> {
    let (Some(cases), Some(folder)) = (&inputs.cases, &inputs.model) else {
        bail!("`bench auto` needs --cases FILE.jsonl and --model FOLDER");
    };
    let made = tempfile::tempdir()?;
    let folder = match inputs.random {
        true => with_random_weights(folder, made.path())?,
        false => folder.as_path(),
    };
    let mut cases = cases::read(cases, "dictated")?;
    // Files are often sorted, so the cases are taken from the whole file at equal distances.
    let step = cases.len().div_ceil(samples);
    cases = cases.into_iter().step_by(step).collect();

    let model = ModelHandle::open(folder, &language::Options::default())?;
    // Converts each line once before the measurement, so that the model's weights are in memory.
    for case in &cases {
        choose(&model, case)?;
    }
    let memory = resident_megabytes(std::process::id())? - model.memory().weights as f64 / 1e6;
    let mut writer = Writer::open(folder)?;
    let mut peers = match inputs.random && llama::is_here() {
        true => Peer::start_all(language::Options::default().threads)?,
        false => Vec::new(),
    };
    let mut times = Times { peers: vec![Vec::new(); peers.len()], ..Times::default() };
    for case in &cases {
        measure(case, &model, &mut writer, &mut peers, &mut times)?;
    }
    Ok(report(times, cases.len(), memory, inputs.random))
}

/// The measured times.
#[derive(Default)]
struct Times {
    /// Two times for each line.
    auto: Vec<Duration>,
    /// The times in `auto` of lines for which the language model was asked.
    judged: Vec<Duration>,
    write: Vec<Duration>,
    /// The times of each llama.cpp, in milliseconds.
    peers: Vec<Vec<f64>>,
}

/// Converts a line twice, and in between writes it with the model and with each llama.cpp.
fn measure(
    case: &Case,
    model: &ModelHandle,
    writer: &mut Writer,
    peers: &mut [Peer],
    times: &mut Times,
) -> anyhow::Result<()> {
    let (first, time) = choose(model, case)?;
    let (tokens, written) = writer.time(case)?;
    times.write.push(written);
    for (peer, times) in peers.iter_mut().zip(&mut times.peers) {
        times.extend(peer.run(&format!("answering {} {}", tokens[0], tokens[1]))?);
    }
    let (again, second) = choose(model, case)?;
    ensure!(first == again, "{:?} got two answers: {first:?} and {again:?}", case.dictated);
    times.auto.extend([time, second]);
    if matches!(first.0, Stage::Rescored | Stage::Generated) {
        times.judged.extend([time, second]);
    }
    Ok(())
}

/// `memory` is the resident memory of the process without the weights, in megabytes.
fn report(times: Times, lines: usize, memory: f64, random: bool) -> Report {
    let mean = |times: &[Duration]| times.iter().sum::<Duration>().as_secs_f64() / times.len() as f64;
    let row = |name: String, times: &[Duration]| Row::of_durations(name, Unit::Milliseconds, times);
    let mut rows = vec![row(format!("auto, {lines} lines"), &times.auto)];
    if !times.judged.is_empty() {
        let lines = times.judged.len() / 2;
        rows.push(row(
            format!("of these the {lines} that the language model was asked about"),
            &times.judged,
        ));
    }
    let auto = mean(&times.auto);
    let by_means = "auto, by their means";
    rows.push(row("writing every line".into(), &times.write).ratio(mean(&times.write) / auto, by_means));
    for (format, times) in FORMATS.iter().zip(times.peers).filter(|(_, times)| !times.is_empty()) {
        let ratio = times.iter().sum::<f64>() / times.len() as f64 / (auto * 1e3);
        let name = format!("llama.cpp writing every line, {format}");
        rows.push(Row::of_figures(name, Unit::Milliseconds, times).ratio(ratio, by_means));
    }
    let memory = Row::of_figures("memory beyond the weights", Unit::Megabytes, vec![memory]);
    rows.push(if random { memory.p50_below(120.0) } else { memory });
    Report {
        name: "auto",
        method: format!(
            "Each line is converted by `auto` with a language model, and the same model also writes it token by token, \
             with as many tokens as the expected command has; the beginning of the prompt is cached for both. {}. Each \
             line is converted twice and the answers are compared. In between, the model writes it, and so does \
             llama.cpp if it was built, with a model of the same shape and as many tokens. Memory is the resident \
             memory of this process without the weights of the model; it includes tokenizer, tagger and cases.",
            match random {
                true => "Random weights in the shape of Qwen3-0.6B",
                false => "The weights of the folder",
            }
        ),
        rows,
    }
}

/// Converts a line. Returns the stage that answered, the answer, and the time that it took.
fn choose(model: &ModelHandle, case: &Case) -> anyhow::Result<((Stage, String), Duration)> {
    let dictation = Dictation { text: &case.dictated, ..Dictation::default() };
    let rescorer = Rescorer { model, stop: &Stop::never() };
    let start = Instant::now();
    let conversion = Engine::embedded().convert(&Words::default(), &dictation, Some(rescorer))?;
    Ok(((conversion.stage, conversion.buffer), start.elapsed()))
}

/// The language model, writing freely.
struct Writer {
    decoder: Decoder,
    tokenizer: Tokenizer,
    chat: Chat,
    /// Number of prompt tokens before the dictation, which are cached.
    head: usize,
}

impl Writer {
    fn open(folder: &Path) -> anyhow::Result<Writer> {
        let checkpoint = Checkpoint::open(folder)?;
        let tokenizer = Tokenizer::open(folder, checkpoint.config())?;
        let mut decoder = Decoder::new(&checkpoint, Options::default())?;
        let chat = Chat::open(folder)?;
        let head = chat.head(&tokenizer)?;
        if !head.is_empty() {
            decoder.prefill(&head, &|| false)?;
        }
        Ok(Writer { decoder, tokenizer, chat, head: head.len() })
    }

    /// Writes as many tokens as the expected command has, and one that ends it. Returns the number
    /// of tokens that are read after the cached head of the prompt, the number that are written,
    /// and the time.
    fn time(&mut self, case: &Case) -> anyhow::Result<([usize; 2], Duration)> {
        let length = self.tokenizer.encode(&case.expected)?.len() + 1;
        let start = Instant::now();
        let prompt = self.chat.prompt(&self.tokenizer, &case.dictated)?;
        let written = self.decoder.greedy(&prompt, length, &[], &|| false)?;
        self.tokenizer.decode(&written)?;
        Ok(([prompt.len() - self.head, length], start.elapsed()))
    }
}

/// Writes a model folder with random weights and the tokenizer of another folder.
fn with_random_weights<'f>(tokenizer: &Path, folder: &'f Path) -> anyhow::Result<&'f Path> {
    random::write_model(folder)?;
    for entry in std::fs::read_dir(tokenizer)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_owned();
        let is_wanted =
            |name: &str| name != "config.json" && (name.ends_with(".json") || name.ends_with(".jinja"));
        if name.to_str().is_some_and(is_wanted) && name != "model.safetensors.index.json" {
            std::fs::copy(&path, folder.join(&name))
                .with_context(|| format!("cannot copy {}", path.display()))?;
        }
    }
    Ok(folder)
}
