//! `sayso model bench`.

use super::{megabytes, name_here, print, print_json};
use anyhow::Result;
use sayso_engine::{ModelHandle, Stop};
use sayso_language::checkpoint::{BuiltIn, Files};
use sayso_language::{Options, measure};
use sayso_settings::Settings;
use sayso_small::SMALL;
use sayso_store::Store;
use serde_json::json;
use std::time::{Duration, Instant};

/// Loads a model as the daemon does, measures it, and prints the medians.
pub(super) fn run(store: &Store, name: Option<&str>, rounds: u32, json: bool) -> Result<()> {
    let settings = Settings::load_usable().0.model;
    let name = match (name, settings.name) {
        (Some(name), _) => name_here(store, name),
        (None, Some(name)) => name,
        (None, None) => store.chosen()?.unwrap_or_else(|| BuiltIn::NAME.to_owned()),
    };
    let folder = if name == BuiltIn::NAME { None } else { Some(store.folder(&name)?) };
    let files = folder.as_deref().map_or(Files::BuiltIn(&SMALL), Files::Folder);
    let mut options = Options::default();
    options.threads = settings.threads.unwrap_or(options.threads);
    let begun = Instant::now();
    let resident = ModelHandle::open(files, &options)?;
    let loaded = begun.elapsed();
    let memory = resident.memory();
    let rounds = rounds as usize;
    let times = resident.ask(&Stop::never(), move |language, stop| language.measure(rounds, stop))?;
    let [read, written, rescored] = [times.read, times.written, times.rescored].map(median);
    let (weights, cache) = (memory.weights as u64, (memory.cache + memory.scratch) as u64);
    if json {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        return print_json(&json!({
            "name": name,
            "threads": options.threads,
            "weights_bytes": weights,
            "cache_bytes": cache,
            "load_ms": ms(loaded),
            "read_tokens": measure::READ,
            "read_ms": ms(read),
            "write_token_ms": ms(written),
            "judge_candidates": measure::CANDIDATES,
            "judge_tokens": measure::LENGTH,
            "judge_ms": ms(rescored),
        }));
    }
    let ms = |time: Duration| format!("{:8.1} ms", time.as_secs_f64() * 1e3);
    let rate = |tokens: usize, time: Duration| tokens as f64 / time.as_secs_f64().max(1e-9);
    print(&format!(
        "{name}, {} threads, medians of {rounds} rounds\n\
         load          {}  {} of weights, {} of working memory\n\
         read {:<2}       {}  {:.0} tokens a second\n\
         write 1       {}  {:.0} tokens a second\n\
         judge {} × {}  {}  with a cached prompt\n",
        options.threads,
        ms(loaded),
        megabytes(weights),
        megabytes(cache),
        measure::READ,
        ms(read),
        rate(measure::READ, read),
        ms(written),
        rate(1, written),
        measure::CANDIDATES,
        measure::LENGTH,
        ms(rescored),
    ))
}

/// The median.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
