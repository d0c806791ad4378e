//! What is done about a test that this machine cannot run.

use std::io::{Write, stderr};

/// Says, past the test harness, which captures what is printed, that a test was not run. In CI, where every test
/// must run, it fails.
pub(crate) fn not_run(test: &str, why: &str) {
    assert!(std::env::var_os("CI").is_none(), "in CI every test must run, and this one cannot: {why}");
    let _ = writeln!(stderr(), "NOT RUN: {test}: {why}");
}
