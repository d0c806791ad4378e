//! Memory: when a model may be loaded, and when it is unloaded.

use super::{LoadState, ModelManager};
use crate::memory::{self, SpareMemory};
use std::time::Duration;
use tokio::time::sleep;

/// How often free memory is polled while a model is loaded. Hand-chosen, 2026-11-28.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// Memory that must stay free when a model is loaded, in bytes; at least the threshold below which it would be unloaded
/// at once. Set by hand on 2026-11-23.
pub(super) const MEMORY_RESERVE: u64 = 256 << 20;

impl ModelManager {
    /// Unloads the model once no line has needed it for the time that `unload` says (`None`: never), or when memory is
    /// scarce. Runs for ever, and sleeps while no model is loaded.
    pub(crate) async fn unload_loop(&self, unload: impl Fn() -> Option<Duration>) {
        let mut changes = self.inner.subscribe();
        loop {
            // The sender lives as long as this manager.
            let _ = changes.wait_for(|inner| matches!(inner.state, LoadState::Resident(..))).await;
            if let Some(left) = self.unload_if_due(unload(), memory::spare()) {
                sleep(left.min(POLL_INTERVAL)).await;
            }
        }
    }

    /// Unloads the model if that is due. Returns the time until it may be due, or `None` if no model is loaded any
    /// more.
    pub(super) fn unload_if_due(&self, unload: Option<Duration>, spare: SpareMemory) -> Option<Duration> {
        let mut left = None;
        self.update(|inner| {
            if !matches!(inner.state, LoadState::Resident(..)) {
                return false;
            }
            let idle = inner.last_needed.map_or(Duration::ZERO, |needed| needed.elapsed());
            let rest = unload.map_or(Duration::MAX, |unload| unload.saturating_sub(idle));
            let why = if spare.scarce {
                tracing::warn!("memory is scarce: the language model is unloaded");
                "this machine was short of memory".to_owned()
            } else if rest.is_zero() {
                tracing::info!("no line needed the language model for a while: it is unloaded");
                format!("no line needed it for {}", format_duration(unload.unwrap_or_default()))
            } else {
                left = Some(rest);
                return false;
            };
            inner.change(LoadState::Unloaded(Some(why)));
            true
        });
        left
    }
}

/// The reason why a model must not be loaded now, if any. `weights` is the size of its files in bytes,
/// which are copied into memory.
pub(super) fn shortage(weights: u64, spare: SpareMemory) -> Option<String> {
    if spare.scarce {
        return Some("this machine is short of memory".to_owned());
    }
    let needed = weights.saturating_add(MEMORY_RESERVE.max(spare.floor));
    let bytes = spare.bytes.filter(|bytes| *bytes < needed)?;
    let (bytes, needed) = (bytes / 1_000_000, needed.div_ceil(1_000_000));
    Some(format!("{bytes} MB of memory can be had, {needed} are needed"))
}

/// A time in minutes, or in seconds if it is shorter.
fn format_duration(time: Duration) -> String {
    match time.as_secs() {
        0..=59 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min", seconds / 60),
    }
}
