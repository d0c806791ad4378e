//! `sayso` as scripts see it: run with arguments and an input, until it has ended.

// Each test program uses a part of it.
#![allow(dead_code)]

use super::home::Home;
use super::programs;
use serde_json::Value;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread;

/// What a run of `sayso` came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// It failed: a line was left as it was, and `why` was said.
    pub(crate) fn refused(&self, why: &str) {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        assert!(self.err.starts_with("sayso: ") && self.err.contains(why), "{self:?}");
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The program with nothing of the tester's environment that could matter.
pub(crate) fn command(home: &Home, arguments: &[&str]) -> Command {
    let mut command = Command::new(programs::folder().join("sayso"));
    for name in ["SAYSO_SOCKET", "XDG_STATE_HOME", "XDG_DATA_HOME", "HF_HOME"] {
        command.env_remove(name);
    }
    command.args(arguments).envs(home.environment());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Gives it an input and waits for its end.
pub(crate) fn finish(mut child: Child, input: &[u8]) -> Ran {
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // Who reads nothing may have ended already.
    let writer = thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs it in this home.
pub(crate) fn sayso(home: &Home, arguments: &[&str], input: impl AsRef<[u8]>) -> Ran {
    finish(command(home, arguments).spawn().unwrap(), input.as_ref())
}
