//! The counts that `sayso status` shows.

use sayso_engine::Stage;
use sayso_protocol::RouteLatency;

/// Conversions per stage that the percentiles are taken from. Hand-chosen, 2026-11-23.
const WINDOW: usize = 1024;

/// Counts since the daemon started.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// Requests answered.
    pub(crate) requests: u64,
    /// Requests among them that got an error.
    pub(crate) errors: u64,
    /// One for each stage that has answered, in order of first use.
    stages: Vec<Window>,
}

#[derive(Debug)]
struct Window {
    stage: Stage,
    count: u64,
    /// The latest times in microseconds, a ring.
    micros: Vec<u64>,
}

impl Metrics {
    /// Counts a conversion by `stage` that took `micros` microseconds.
    pub(crate) fn record_conversion(&mut self, stage: Stage, micros: u64) {
        let index = self.stages.iter().position(|window| window.stage == stage).unwrap_or_else(|| {
            self.stages.push(Window { stage, count: 0, micros: Vec::new() });
            self.stages.len() - 1
        });
        let window = &mut self.stages[index];
        if window.micros.len() < WINDOW {
            window.micros.push(micros);
        } else {
            window.micros[(window.count % WINDOW as u64) as usize] = micros;
        }
        window.count += 1;
    }

    /// How long the last conversions took, per stage, in order of first use.
    pub(crate) fn latencies(&self) -> Vec<RouteLatency> {
        let latency = |window: &Window| {
            let mut sorted = window.micros.clone();
            sorted.sort_unstable();
            // Nearest rank: the smallest time that this percentage of all times does not exceed.
            let percentile = |percent: usize| sorted[(sorted.len() * percent).div_ceil(100).max(1) - 1];
            RouteLatency {
                route: window.stage.name().to_owned(),
                count: window.count,
                p50_micros: percentile(50),
                p99_micros: percentile(99),
            }
        };
        self.stages.iter().map(latency).collect()
    }
}

/// Resident memory of this process, in bytes; 0 if the system does not say.
#[cfg(target_os = "linux")]
pub(crate) fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

/// Peak of the resident memory of this process, in bytes; 0 if the system does not say.
#[cfg(not(target_os = "linux"))]
pub(crate) fn resident_bytes() -> u64 {
    use nix::sys::resource::{UsageWho, getrusage};
    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| u64::try_from(usage.max_rss()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(times: impl IntoIterator<Item = u64>, count: u64, p50: u64, p99: u64) {
        let mut metrics = Metrics::default();
        times.into_iter().for_each(|micros| metrics.record_conversion(Stage::Scanner, micros));
        let expected =
            RouteLatency { route: Stage::Scanner.name().into(), count, p50_micros: p50, p99_micros: p99 };
        assert_eq!(metrics.latencies(), [expected]);
    }

    #[test]
    fn percentiles_are_by_nearest_rank_over_the_last_conversions() {
        check([7], 1, 7, 7);
        check([3, 1, 2], 3, 2, 3);
        check(1..=100, 100, 50, 99);
        check((0..5000).map(|_| 1_000_000).chain(1..=1024), 6024, 512, 1014);
    }

    #[test]
    fn each_stage_has_its_own_figures() {
        let mut metrics = Metrics::default();
        Stage::ALL.into_iter().chain(Stage::ALL).for_each(|stage| metrics.record_conversion(stage, 7));
        let latencies = metrics.latencies();
        assert_eq!(latencies.len(), Stage::ALL.len());
        assert!(latencies.iter().all(|latency| latency.count == 2));
    }

    #[test]
    fn resident_memory_is_known() {
        assert!(resident_bytes() > 100_000);
    }
}
