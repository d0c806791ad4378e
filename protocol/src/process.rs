//! What a process that holds dictated text keeps to itself.

use nix::sys::resource::{Resource, setrlimit};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Makes sure that no dump of this process is written when it crashes, because it may hold dictated text. On Linux other
/// processes of the user can no longer read its memory either, and a dump that root takes all the same holds none of it:
/// dictated text may stand anywhere on the heap and the stacks, so all of them are left out, not single pages
/// (`MADV_DONTDUMP`).
pub fn leave_no_dump() {
    // Lowering a limit cannot fail.
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    // Before the next step, which gives this file to root. An old kernel does not have it.
    #[cfg(target_os = "linux")]
    let _ = std::fs::write("/proc/self/coredump_filter", "0");
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_dumpable(false);
}

/// Whether the daemon needs this variable of the environment in which it was started. The others may hold secrets of
/// whatever started it, and it lives longer than that.
pub fn is_needed(name: &OsStr) -> bool {
    const NAMES: [&[u8]; 10] = [
        b"HOME",
        b"USER",
        b"LOGNAME",
        b"PATH",
        b"TMPDIR",
        b"LANG",
        b"NOTIFY_SOCKET",
        b"RUST_BACKTRACE",
        b"LD_LIBRARY_PATH",
        b"LD_PRELOAD",
    ];
    const BEGINNINGS: [&[u8]; 5] = [b"SAYSO_", b"XDG_", b"LC_", b"LISTEN_", b"DYLD_"];
    let name = name.as_bytes();
    NAMES.contains(&name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_needed() {
        for needed in ["HOME", "XDG_RUNTIME_DIR", "SAYSO_SOCKET", "LISTEN_FDS", "LC_ALL"] {
            assert!(is_needed(OsStr::new(needed)), "{needed}");
        }
        for other in ["AWS_SECRET_ACCESS_KEY", "SSH_AUTH_SOCK", "HF_TOKEN", "HOMEBREW_TOKEN", "PS1"] {
            assert!(!is_needed(OsStr::new(other)), "{other}");
        }
    }
}
