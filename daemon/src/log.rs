//! Structured logs in the user's own files, without what was dictated.

use sayso_settings::{Level, Log, Rotation};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{self, RollingFileAppender};

/// Messages that may wait for a slow disk; further ones are dropped, so that neither memory nor a request suffers.
/// Hand-chosen, 2026-11-23.
const MAX_WAITING_LINES: usize = 1024;

/// Starts logging to `folder`. If that is impossible, the daemon runs all the same and logs to standard error, which a
/// service manager reads. Drop the guard last, because it writes the messages that still wait.
pub(crate) fn begin(settings: &Log, folder: Option<&Path>) -> Option<WorkerGuard> {
    let level = match settings.level {
        Level::Off => return None,
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
    };
    let file = folder.ok_or_else(|| "this user has no home folder".to_owned());
    let (writer, trouble): (Box<dyn std::io::Write + Send>, _) = match file.and_then(|it| open(settings, it))
    {
        Ok(appender) => (Box::new(appender), None),
        Err(trouble) => (Box::new(std::io::stderr()), Some(trouble)),
    };
    let (writer, guard) =
        NonBlockingBuilder::default().buffered_lines_limit(MAX_WAITING_LINES).lossy(true).finish(writer);
    // On a full disk, no error message may go to standard error, which may be closed.
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(writer)
        .with_ansi(false)
        .with_target(false)
        .log_internal_errors(false)
        .finish();
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        return None;
    }
    if let Some(trouble) = trouble {
        tracing::warn!(%trouble, "no log file");
    }
    Some(guard)
}

fn open(settings: &Log, folder: &Path) -> Result<RollingFileAppender, String> {
    let trouble = |error: &dyn std::fmt::Display| format!("{} cannot hold logs: {error}", folder.display());
    DirBuilder::new().mode(0o700).recursive(true).create(folder).map_err(|error| trouble(&error))?;
    let rotation = match settings.rotation {
        Rotation::Hourly => rolling::Rotation::HOURLY,
        Rotation::Daily => rolling::Rotation::DAILY,
        Rotation::Never => rolling::Rotation::NEVER,
    };
    RollingFileAppender::builder()
        .rotation(rotation)
        .filename_prefix("saysod")
        .filename_suffix("log")
        .max_log_files(settings.keep)
        .build(folder)
        .map_err(|error| trouble(&error))
}

/// Logs only the location of a panic: its message may quote the line that caused it.
pub(crate) fn keep_panics_discreet() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(location, "a defect was caught; only its request failed");
    }));
}
