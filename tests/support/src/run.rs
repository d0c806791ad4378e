//! `sayso` as scripts see it: run with arguments and an input, until it has ended.

use crate::{Home, programs};
use serde_json::Value;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread;

/// How a run of a program ended, and what it printed.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; none after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// The run failed, left the line as it was, and said `why`.
    #[track_caller]
    pub fn refused(&self, why: &str) {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        assert!(self.err.starts_with("sayso: ") && self.err.contains(why), "{self:?}");
    }

    /// The one JSON value that was printed.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The JSON values that were printed, one a line.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        let value = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        self.out.lines().map(value).collect()
    }
}

/// The client in this home, its input and output through pipes.
pub fn command(home: &Home, arguments: &[&str]) -> Command {
    let mut command = home.command(programs::program("sayso"));
    piped(command.args(arguments));
    command
}

/// Lays pipes to the input and the outputs of a program.
pub fn piped(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped())
}

/// Gives a running program an input and waits for its end.
pub fn finish(mut child: Child, input: &[u8]) -> Ran {
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A program that reads nothing may have ended already.
    let writer = thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs the client in this home.
pub fn sayso(home: &Home, arguments: &[&str], input: impl AsRef<[u8]>) -> Ran {
    finish(command(home, arguments).spawn().unwrap(), input.as_ref())
}
