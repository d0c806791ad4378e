//! `sayso model pull`.

use super::{megabytes, print, print_json};
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use nix::sys::signal::{SigSet, Signal};
use sayso_store::{Hub, Progress, Source, Store};
use serde_json::json;
use std::thread;

/// Downloads a model, with a progress bar on standard error if that is a terminal.
pub(super) fn run(store: &Store, model: &str, json: bool) -> Result<()> {
    let source = Source::parse(model)?;
    let hub = Hub::from_env()?;
    let bar = bar();
    heed_interrupt(bar.clone(), model.to_owned())?;
    let pulled = store.pull(&hub, &source, &mut |Progress { file, done, total }| {
        bar.set_length(total);
        bar.set_position(done);
        if bar.message() != file {
            bar.set_message(file.to_owned());
        }
    });
    bar.finish_and_clear();
    let pulled = pulled?;
    let (name, bytes) = (&pulled.name, pulled.manifest.bytes());
    if json {
        let origin = &pulled.manifest.origin;
        return print_json(
            &json!({ "name": name, "bytes": bytes, "origin": origin, "already": pulled.already }),
        );
    }
    let (is, size) = (if pulled.already { "is already installed" } else { "is installed" }, megabytes(bytes));
    print(&format!("{name} {is} ({size}). To use it: sayso model use {name}\n"))
}

/// A bar without colour, which is shown only on a terminal.
fn bar() -> ProgressBar {
    const TEMPLATE: &str = "{bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left  {msg}";
    let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(style.progress_chars("=> "));
    bar
}

/// Makes Ctrl-C say how to resume. Nothing else is needed, because every received byte is in its
/// file, and the lock ends with the process.
fn heed_interrupt(bar: ProgressBar, model: String) -> Result<()> {
    let mut interrupt = SigSet::empty();
    interrupt.add(Signal::SIGINT);
    // This must precede the start of any other thread, because the signal would end the process in
    // a thread that does not block it.
    interrupt.thread_block().context("signals cannot be waited for")?;
    thread::spawn(move || {
        if interrupt.wait().is_ok() {
            bar.finish_and_clear();
            crate::print_error(&format!("interrupted; run `sayso model pull {model}` again to resume"));
            // The exit status that shells report for a program that Ctrl-C ended.
            std::process::exit(130);
        }
    });
    Ok(())
}
