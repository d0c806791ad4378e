//! How much memory the machine can spare.

/// Memory that the machine can spare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SpareMemory {
    /// Memory available without taking any from other programs, in bytes; `None` if the system does not say.
    pub(crate) bytes: Option<u64>,
    /// Memory is scarce below this many available bytes; 0 if the system has other signs.
    pub(crate) floor: u64,
    /// Whether programs should give memory back.
    pub(crate) scarce: bool,
}

/// Asks the system.
#[cfg(target_os = "linux")]
pub(crate) fn spare() -> SpareMemory {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    // Old kernels do not have the second file.
    parse_meminfo(&read("/proc/meminfo"), &read("/proc/pressure/memory"))
}

/// Memory is scarce with less than a twentieth of it available, or if every process waited for memory during more than
/// a tenth of the last 10 seconds. Both thresholds were set by hand on 2026-11-23.
#[cfg(target_os = "linux")]
fn parse_meminfo(meminfo: &str, pressure: &str) -> SpareMemory {
    const SCARCE: u64 = 20;
    const STALLED_PERCENT: f32 = 10.0;
    let bytes = |name: &str| {
        let rest = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        rest.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).map(|kib| kib * 1024)
    };
    let available = bytes("MemAvailable");
    let floor = bytes("MemTotal").unwrap_or_default() / SCARCE;
    let little = available.is_some_and(|spare| spare < floor);
    let full = pressure.lines().find_map(|line| line.strip_prefix("full "));
    let stalled = full.and_then(|full| full.split_whitespace().find_map(|it| it.strip_prefix("avg10=")));
    let stalled = stalled.and_then(|percent| percent.parse::<f32>().ok());
    SpareMemory {
        bytes: available,
        floor,
        scarce: little || stalled.is_some_and(|percent| percent > STALLED_PERCENT),
    }
}

/// Asks the system for its level: 1 while all is well, 2 when programs should give back what they can, 4 before it ends
/// some of them.
#[cfg(target_os = "macos")]
pub(crate) fn spare() -> SpareMemory {
    use sysctl::{Ctl, Sysctl};
    let level = Ctl::new("kern.memorystatus_vm_pressure_level").and_then(|level| level.value_string());
    SpareMemory { bytes: None, floor: 0, scarce: level.is_ok_and(|level| level.trim() != "1") }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn check(meminfo: &str, pressure: &str, bytes: Option<u64>, scarce: bool) {
        let spare = parse_meminfo(meminfo, pressure);
        assert_eq!((spare.bytes, spare.scarce), (bytes, scarce), "{meminfo} {pressure}");
        assert_eq!(spare.floor, if meminfo.contains("1000 kB") { 51_200 } else { 0 });
    }

    #[test]
    fn memory_is_scarce_when_little_is_left_or_everybody_waits_for_it() {
        let much = "MemTotal:       1000 kB\nMemFree:  1 kB\nMemAvailable:    500 kB\n";
        let little = "MemTotal:       1000 kB\nMemFree:  1 kB\nMemAvailable:    49 kB\n";
        let calm = "some avg10=80.00 avg60=1.00 avg300=0.00 total=9\nfull avg10=9.00 avg60=50.00 avg300=0.00 total=9\n";
        let stalled = "some avg10=80.00 avg60=1.00 avg300=0.00 total=9\nfull avg10=20.51 avg60=0.00 avg300=0.00 total=9\n";
        check(much, calm, Some(512_000), false);
        check(much, stalled, Some(512_000), true);
        check(little, calm, Some(50_176), true);
        check(little, "", Some(50_176), true);
        check("", stalled, None, true);
        check("MemTotal: none\nMemAvailable", "full avg10", None, false);
    }

    #[test]
    fn the_system_tells() {
        assert!(spare().bytes.is_some_and(|bytes| bytes > 0));
    }
}
