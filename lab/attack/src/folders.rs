//! Model folders made by a stranger. The settings tell the daemon to load each of them, without the store's checks.

use crate::good;
use anyhow::{Result, ensure};
use sayso_testing::{Home, gguf, programs, wire};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The model to damage, and those of its files that are damaged.
const NAME: &str = "hostile";
const FILES: [&str; 5] = [
    "tokenizer.json",
    "config.json",
    "tokenizer_config.json",
    "generation_config.json",
    "chat_template.jinja",
];
/// How long a folder may take to be loaded or refused. The machine may be busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// Installs a sound model in the home.
pub(crate) fn prepare(home: &Home) -> Result<()> {
    let mut import = home.command(programs::program("saysod"));
    import.args(["model", "import", "--name", NAME]).arg(gguf("qwen3"));
    let output = import.output()?;
    ensure!(
        output.status.success() || home.models().join(NAME).exists(),
        "the model cannot be installed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// Damages the folder and asks for the model, over and over; returns how many times.
pub(crate) fn run(
    models: &Path,
    socket: &Path,
    settings: &Path,
    stop: &AtomicBool,
    seed: u64,
) -> Result<u64> {
    let folder = models.join(NAME);
    let mut random = fastrand::Rng::with_seed(seed);
    let sound: Vec<_> = FILES.iter().map(|name| fs::read(folder.join(name)).ok()).collect();
    fs::write(settings, format!("deadline_ms = 20000\n[model]\nname = \"{NAME}\"\nunload_minutes = 1\n"))?;
    let pid = process(socket)?;
    let mut strikes = 0;
    while !stop.load(Ordering::Relaxed) {
        let at = random.usize(0..FILES.len());
        let bytes = match sound[at].as_deref() {
            Some(sound) if random.u8(0..4) > 0 => mutated(sound, &mut random),
            _ => by_hand(FILES[at], &mut random),
        };
        fs::write(folder.join(FILES[at]), bytes)?;
        let request = wire::convert(1, crate::NOT_STRICT, r#","route":"model","deadline_ms":20000"#);
        let reply = good::ask(socket, &request, PATIENCE)?;
        let refusal = reply["error"]["message"].as_str().unwrap_or_default();
        ensure!(
            reply["result"].is_object() || !refusal.is_empty(),
            "neither an answer nor a reason: {reply}"
        );
        ensure!(process(socket)? == pid, "a folder ended the daemon; {} is at fault", FILES[at]);
        match &sound[at] {
            Some(sound) => fs::write(folder.join(FILES[at]), sound)?,
            None => fs::remove_file(folder.join(FILES[at]))?,
        }
        strikes += 1;
    }
    Ok(strikes)
}

fn process(socket: &Path) -> Result<u64> {
    let status = good::ask(socket, r#"{"v":1,"id":1,"op":"status"}"#, PATIENCE)?;
    Ok(status["status"]["pid"].as_u64().unwrap_or_default())
}

/// A file with a few bytes changed.
fn mutated(sound: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    for _ in 0..random.usize(1..5) {
        if bytes.is_empty() {
            break;
        }
        let place = random.usize(0..bytes.len());
        match random.u8(0..5) {
            0 => bytes[place] = random.u8(..),
            1 => drop(bytes.remove(place)),
            2 => bytes.insert(place, *random.choice(b"{}[]\",:019-ae%").unwrap_or(&0)),
            3 => bytes.truncate(place),
            _ => {
                let end = (place + random.usize(1..400)).min(bytes.len());
                let copy = bytes[place..end].to_vec();
                bytes.splice(place..place, copy);
            }
        }
    }
    bytes
}

/// A file as an attacker would write it.
fn by_hand(file: &str, random: &mut fastrand::Rng) -> Vec<u8> {
    let nest = |open: &str, times: usize| open.repeat(times);
    let texts: Vec<String> = match file {
        "chat_template.jinja" => vec![
            format!("{{{{ {}1 }}}}", nest("not ", 26_000)),
            format!("{{{{ {}1 }}}}", nest("(", 15_000)),
            nest("{% for i in range(99999) %}", 30),
            "{{ messages|tojson(indent=1000000000) }}".to_owned(),
            "{% set n = namespace(x='a') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}"
                .to_owned(),
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}".to_owned(),
            "{{ messages[1].content * 100000000 }}".to_owned(),
        ],
        "tokenizer.json" => vec![
            nest("[", 200_000),
            r#"{"version":"1.0","model":{"type":"BPE","vocab":{},"merges":[]}}"#.to_owned(),
            r#"{"version":"1.0","normalizer":{"type":"Precompiled","precompiled_charsmap":"////AAAA"},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}"#
                .to_owned(),
            r#"{"version":"1.0","normalizer":{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"model":{"type":"BPE","vocab":{"a":4294967295},"merges":[]}}"#
                .to_owned(),
        ],
        _ => vec![
            nest("{\"a\":", 100_000),
            r#"{"model_type":"qwen3","hidden_size":18446744073709551615}"#.to_owned(),
            r#"{"model_type":"qwen3","hidden_size":64,"num_hidden_layers":4000000000,"vocab_size":4000000000,"head_dim":0}"#
                .to_owned(),
            "null".to_owned(),
        ],
    };
    random.choice(texts).unwrap_or_default().into_bytes()
}
