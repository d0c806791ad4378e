//! Runs the command line tool of a service manager, which may hang like any program.

use std::io::{self, Read};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long one command may take if no key press is waiting. systemd alone may take 5 s to stop a
/// daemon. Hand-chosen, 2026-11-23.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often to check whether the command has ended. Hand-chosen, 2026-11-23.
const PAUSE: Duration = Duration::from_millis(2);

/// Runs `command` to its end and returns what it prints. It is killed if it has not ended at `end`
/// or, without `end`, after [`PATIENCE`].
///
/// # Errors
/// [`io::ErrorKind::TimedOut`] if it was killed; otherwise the error that kept it from starting.
pub(super) fn output(command: &mut Command, end: Option<Instant>) -> io::Result<Output> {
    let end = end.unwrap_or_else(|| Instant::now() + PATIENCE);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (out, err) = (drained(child.stdout.take()), drained(child.stderr.take()));
    let left = || end.saturating_duration_since(Instant::now());
    // A process that the command left behind may keep a pipe open. Then the command counts as not
    // ended.
    if let (Ok(stdout), Ok(stderr)) = (out.recv_timeout(left()), err.recv_timeout(left())) {
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Output { status, stdout, stderr });
            }
            if left().is_zero() {
                break;
            }
            thread::sleep(PAUSE);
        }
    }
    child.kill()?;
    child.wait()?;
    Err(io::Error::new(io::ErrorKind::TimedOut, "it did not end in time and was killed"))
}

/// Reads to the end on a new thread, which ends when the last writer does.
fn drained(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // Partial output is better than none, and the receiver may be gone.
        let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
        let _ = sender.send(bytes);
    });
    receiver
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::path::Path;

    /// Writes a program, in another process: a child that a concurrent test forks would hold the
    /// file open for writing, and a file that is open for writing cannot be run.
    pub(in crate::service) fn write_program(path: &Path, script: &str) {
        let written = Command::new("sh")
            .args(["-c", r#"printf '%s' "$2" >"$1" && chmod 755 "$1""#, "sh"])
            .arg(path)
            .arg(script)
            .status()
            .unwrap();
        assert!(written.success());
    }

    #[test]
    fn what_is_printed_is_gathered_and_what_hangs_is_killed() {
        let shell = |script: &str, end| output(Command::new("sh").args(["-c", script]), end);
        // More than a pipe holds.
        let gathered = shell("head -c 200000 /dev/zero; echo why >&2; exit 3", None).unwrap();
        assert_eq!((gathered.stdout.len(), &gathered.stderr[..]), (200_000, &b"why\n"[..]));
        assert_eq!(gathered.status.code(), Some(3));

        let now = Some(Instant::now());
        for hanging in ["exec sleep 1000", "exec >&- 2>&-; exec sleep 1000"] {
            assert_eq!(shell(hanging, now).unwrap_err().kind(), io::ErrorKind::TimedOut, "{hanging}");
        }
    }
}
