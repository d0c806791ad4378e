//! Describes the machine, because figures mean little without it.

use serde::Serialize;
use std::fmt;
use std::process::Command;

/// The machine and the build that a benchmark ran on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Machine {
    /// The name that the processor reports.
    pub(crate) cpu: String,
    /// Number of threads that can run at once.
    pub(crate) threads: usize,
    /// The kernel and its release, as `uname -sr` prints them.
    pub(crate) kernel: String,
    /// The version of sayso, and whether it is a release build.
    pub(crate) build: String,
}

impl Machine {
    /// Describes this machine. A property that cannot be determined is "unknown".
    pub(crate) fn this() -> Machine {
        let build = if cfg!(debug_assertions) { "a debug build, NOT fit for benchmarks" } else { "release" };
        Machine {
            cpu: cpu().unwrap_or_else(unknown),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: first_line(Command::new("uname").arg("-sr")).unwrap_or_else(unknown),
            build: format!("sayso {}, {build}", env!("CARGO_PKG_VERSION")),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} threads, {}, {}", self.cpu, self.threads, self.kernel, self.build)
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

#[cfg(target_os = "linux")]
fn cpu() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    // Arm kernels do not name the model, so the architecture stands for it.
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    Some(model.map_or(std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned()))
}

#[cfg(not(target_os = "linux"))]
fn cpu() -> Option<String> {
    first_line(Command::new("sysctl").args(["-n", "machdep.cpu.brand_string"]))
}

/// The first line that a program prints. `None` if it does not run or if the line is empty.
pub(crate) fn first_line(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned)
}
