//! `sayso model verify`.

use super::{name_here, print, print_json};
use anyhow::Result;
use sayso_store::{Fault, Store, StoreError, Verified};
use serde_json::json;
use std::process::ExitCode;

/// Checks models and prints what is wrong with each.
pub(super) fn run(store: &Store, name: Option<&str>, json: bool) -> Result<ExitCode> {
    let names = match name {
        Some(name) => vec![name_here(store, name)],
        None => store.list()?.into_iter().map(|model| model.name).collect(),
    };
    let mut sound = true;
    for name in &names {
        let problems = match store.verify(name, &mut |_| ()) {
            Ok(verified) => problems(&verified),
            Err(error @ StoreError::Manifest { .. }) => vec![error.to_string()],
            Err(error) => return Err(error.into()),
        };
        sound &= problems.is_empty();
        if json {
            print_json(&json!({ "name": name, "sound": problems.is_empty(), "problems": problems }))?;
        } else if problems.is_empty() {
            print(&format!("{name} is intact\n"))?;
        } else {
            let lines: String = problems.iter().map(|problem| format!("  {problem}\n")).collect();
            print(&format!("{name} is damaged; remove it and install it again:\n{lines}"))?;
        }
    }
    if names.is_empty() && !json {
        print("No model is installed; `sayso model list` shows which ones can be downloaded.\n")?;
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn problems(verified: &Verified) -> Vec<String> {
    let format_fault = |(file, fault): &(String, Fault)| match fault {
        Fault::Unreadable(kind) => format!("{file} cannot be read: {kind}"),
        Fault::Changed => format!("{file} has changed"),
        Fault::Added => format!("{file} is not part of the model"),
        Fault::NotAFile => format!("{file} is not a plain file of the model, and was not opened"),
    };
    let unusable = verified.unusable.as_ref().map(|problem| format!("the model cannot be used: {problem}"));
    verified.faults.iter().map(format_fault).chain(unusable).collect()
}
