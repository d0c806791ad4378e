//! How the daemon detaches from the terminal of the client that starts it, and says when it listens.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::RawFd;

/// Leaves three things behind: the session of the terminal, so that neither Ctrl-C nor the terminal's end reaches the
/// daemon; the folder that it was started in, so that it can be unmounted; and every descriptor of the shell except the
/// standard ones, because the reader of a pipe waits until the last writer has closed it. Call it before anything else
/// is opened.
pub(crate) fn detach_from_terminal() {
    let open: Vec<RawFd> = std::fs::read_dir("/dev/fd")
        .map(|names| names.flatten().filter_map(|name| name.file_name().to_str()?.parse().ok()).collect())
        .unwrap_or_default();
    for inherited in open.into_iter().filter(|&descriptor| descriptor > 2) {
        // The listing's own descriptor is among them, and is closed already.
        let _ = nix::unistd::close(inherited);
    }
    // The first call fails only in a process that leads its group, which a daemon started by a client does not.
    let _ = nix::unistd::setsid();
    let _ = std::env::set_current_dir("/");
}

/// Writes one line to the client that started the daemon, and that may have gone.
pub(crate) fn write_line(line: &str) {
    let mut out = io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Points standard input, output and error at /dev/null, because their other ends are about to close.
pub(crate) fn close_output() -> io::Result<()> {
    let nowhere = File::options().read(true).write(true).open("/dev/null")?;
    nix::unistd::dup2_stdin(&nowhere)?;
    nix::unistd::dup2_stdout(&nowhere)?;
    nix::unistd::dup2_stderr(&nowhere)?;
    Ok(())
}
