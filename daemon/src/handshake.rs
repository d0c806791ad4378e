//! How a client that starts the daemon learns that it listens, and how the daemon leaves that client's terminal.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::RawFd;

/// Leaves the session of the terminal, so that neither Ctrl-C nor its end reaches the daemon; the folder that it was
/// started in, so that it can be unmounted; and every descriptor of the shell but the standard ones, because who reads
/// a pipe waits until the last writer has closed it. To be called before anything else is opened.
pub(crate) fn leave_terminal() {
    let open: Vec<RawFd> = std::fs::read_dir("/dev/fd")
        .map(|names| names.flatten().filter_map(|name| name.file_name().to_str()?.parse().ok()).collect())
        .unwrap_or_default();
    for inherited in open.into_iter().filter(|&descriptor| descriptor > 2) {
        // The descriptor of the listing itself is among them, and closed already.
        let _ = nix::unistd::close(inherited);
    }
    // The first fails only for a process that leads its group, which a daemon started by a client does not.
    let _ = nix::unistd::setsid();
    let _ = std::env::set_current_dir("/");
}

/// Says one line to whoever started the daemon; nobody need listen.
pub(crate) fn say(line: &str) {
    let mut out = io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Points standard input, output and error nowhere, because whoever reads them is about to leave.
pub(crate) fn let_go_of_output() -> io::Result<()> {
    let nowhere = File::options().read(true).write(true).open("/dev/null")?;
    nix::unistd::dup2_stdin(&nowhere)?;
    nix::unistd::dup2_stdout(&nowhere)?;
    nix::unistd::dup2_stderr(&nowhere)?;
    Ok(())
}
