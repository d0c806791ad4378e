//! The processor cores that this process may use.

/// A hardware thread, by the system's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Core(usize);

/// Number of threads if the caller does not choose: one per physical core, at most four. More gain
/// little because memory is the bottleneck, and other programs need cores too.
pub fn default_threads() -> usize {
    match physical().len() {
        0 => std::thread::available_parallelism().map_or(1, usize::from).min(4),
        cores => cores.min(4),
    }
}

/// One hardware thread of each physical core that this process may run on; empty if that is not
/// known.
#[cfg(target_os = "linux")]
pub(super) fn physical() -> Vec<Core> {
    let Ok(allowed) = nix::sched::sched_getaffinity(nix::unistd::Pid::from_raw(0)) else { return Vec::new() };
    let mut seen = Vec::new();
    let mut cores = Vec::new();
    for cpu in 0..nix::sched::CpuSet::count() {
        if !allowed.is_set(cpu).unwrap_or(false) {
            continue;
        }
        let topology = format!("/sys/devices/system/cpu/cpu{cpu}/topology");
        let siblings = std::fs::read_to_string(format!("{topology}/thread_siblings_list"))
            .unwrap_or_else(|_| cpu.to_string());
        if !seen.contains(&siblings) {
            seen.push(siblings);
            cores.push(Core(cpu));
        }
    }
    cores
}

/// One hardware thread of each physical core that this process may run on; empty if that is not
/// known.
#[cfg(not(target_os = "linux"))]
pub(super) fn physical() -> Vec<Core> {
    Vec::new()
}

/// Pins the calling thread to a core. If the system refuses, the thread may run anywhere.
#[cfg(target_os = "linux")]
pub(super) fn pin_to_core(core: Core) {
    let mut set = nix::sched::CpuSet::new();
    if set.set(core.0).is_ok() {
        let _ = nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), &set);
    }
}

/// Does nothing: macOS has no way to keep a thread on a core.
#[cfg(not(target_os = "linux"))]
pub(super) fn pin_to_core(_: Core) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "asks the system")]
    fn at_least_one_and_at_most_four() {
        assert!((1..=4).contains(&default_threads()));
    }

    #[test]
    #[cfg_attr(miri, ignore = "asks the system")]
    #[cfg(target_os = "linux")]
    fn a_thread_stays() {
        std::thread::spawn(|| {
            let Some(core) = physical().pop() else { return };
            pin_to_core(core);
            assert_eq!(physical(), [core]);
        })
        .join()
        .unwrap();
    }
}
