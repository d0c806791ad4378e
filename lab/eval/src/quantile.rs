//! Quantiles of times.

use std::time::Duration;

/// The time that this share of the times do not exceed, with ranks rounded; zero without times.
pub(crate) fn quantile(times: &[Duration], share: f64) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    let at = (times.len().saturating_sub(1) as f64 * share).round() as usize;
    times.get(at).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_known_times() {
        let times: Vec<Duration> = (1..=101).rev().map(Duration::from_millis).collect();
        let check = |share: f64, ms: u64| assert_eq!(quantile(&times, share), Duration::from_millis(ms));
        check(0.0, 1);
        check(0.5, 51);
        check(0.99, 100);
        check(1.0, 101);
        assert_eq!(quantile(&[], 0.5), Duration::ZERO);
    }
}
