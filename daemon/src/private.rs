//! Removes what the daemon inherits from its parent process but must not keep.

use sayso_protocol::process::is_needed;
use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Starts this program again, in this process, without the variables that it does not need, if there are any. Only a
/// restart removes them from its memory and from what the system shows of it. If that is impossible, it continues with
/// them.
pub(crate) fn shed_environment() {
    if env::vars_os().all(|(name, _)| is_needed(&name)) {
        return;
    }
    let Ok(program) = env::current_exe() else { return };
    let mut arguments = env::args_os();
    let called = arguments.next().unwrap_or_default();
    let mut again = Command::new(program);
    again.arg0(called).args(arguments).env_clear();
    again.envs(env::vars_os().filter(|(name, _)| is_needed(name)));
    // Returns only if it fails.
    let _ = again.exec();
}
