//! The peak of this process's memory.

/// Watches the peak of the resident memory of this process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeakMemory {
    is_known: bool,
}

impl PeakMemory {
    /// Begins to watch. Where the system cannot forget an earlier peak (anywhere but on Linux), the peak of what begins now
    /// is known only if nothing large ran before: `is_first`.
    pub(crate) fn begin(is_first: bool) -> PeakMemory {
        PeakMemory { is_known: reset() || is_first }
    }

    /// The peak since then, in bytes; `None` if the system does not say.
    pub(crate) fn bytes(self) -> Option<u64> {
        if self.is_known { peak() } else { None }
    }
}

/// Makes the system forget the peak so far; whether it does.
fn reset() -> bool {
    // See proc_pid_clear_refs(5): 5 resets the peak to what is resident now. Other systems have no such file.
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

#[cfg(target_os = "linux")]
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

#[cfg(target_os = "macos")]
fn peak() -> Option<u64> {
    use nix::sys::resource::{UsageWho, getrusage};
    // In bytes there, unlike elsewhere.
    u64::try_from(getrusage(UsageWho::RUSAGE_SELF).ok()?.max_rss()).ok()
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn peak() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    fn the_peak_rises_with_what_is_used() {
        const BYTES: usize = 64 << 20;
        let watch = PeakMemory::begin(true);
        assert!(watch.bytes().unwrap() > 100_000);
        let used = std::hint::black_box(vec![1_u8; BYTES]);
        // Other tests may make the system forget the peak, but not what is resident now.
        assert!(watch.bytes().unwrap() >= BYTES as u64);
        drop(used);
    }

    #[test]
    fn what_the_system_cannot_tell_apart_is_unknown() {
        assert_eq!(PeakMemory { is_known: false }.bytes(), None);
    }
}
