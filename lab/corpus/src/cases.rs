//! Evaluation cases: one JSON object a line, `{dictated, expected, alt?, difficulty?, category?, …}`.

use anyhow::{Context, bail};
use serde_json::{Map, Value};
use std::path::Path;

/// Members that split the cases into groups, when a record carries them.
const GROUPED_BY: [&str; 5] = ["dialect", "difficulty", "category", "kind", "recoverable"];

/// One dictated line and the command that it should become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The line as a dictation tool would type it.
    pub dictated: String,
    /// The command.
    pub expected: String,
    /// Other commands that are just as right.
    pub alt: Vec<String>,
    /// Such as `difficulty=easy`, in the order of `GROUPED_BY`.
    pub groups: Vec<String>,
}

/// The name of a file of cases and of its folder, because there are many files named "valid.jsonl".
pub fn title(path: &Path) -> String {
    if path.as_os_str() == "-" {
        return "standard input".to_owned();
    }
    let names: Vec<_> = path.components().map(|name| name.as_os_str().to_string_lossy()).collect();
    names[names.len().saturating_sub(2)..].join("/")
}

/// Reads a file of cases; `-` is standard input. `dictated` names the member that holds the dictation. Fails with the number of the first
/// line that is no case, because a figure over the rest would be taken for a figure over all.
pub fn read(path: &Path, dictated: &str) -> anyhow::Result<Vec<Case>> {
    let (name, text) = match path.as_os_str() == "-" {
        true => ("standard input".to_owned(), std::io::read_to_string(std::io::stdin().lock())),
        false => (path.display().to_string(), std::fs::read_to_string(path)),
    };
    let text = text.with_context(|| format!("cannot read {name}"))?;
    let cases = parse(&text, dictated).with_context(|| format!("in {name}"))?;
    if cases.is_empty() {
        bail!("{name} holds no cases");
    }
    Ok(cases)
}

/// Reads a text of cases, as [`read`] does. Fails with the number of the first line that is no case.
///
/// # Errors
/// A line is no case.
pub fn parse(text: &str, dictated: &str) -> anyhow::Result<Vec<Case>> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(at, line)| case(line, dictated).with_context(|| format!("line {}", at + 1)))
        .collect()
}

fn case(line: &str, dictated: &str) -> anyhow::Result<Case> {
    let record: Map<String, Value> = serde_json::from_str(line).context("not a JSON object")?;
    let text = |member: &str| match record.get(member) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => bail!("`{member}` is not a string"),
        None => bail!("no `{member}`"),
    };
    let groups = GROUPED_BY.iter().filter_map(|member| {
        let value = record.get(*member)?;
        let value = value.as_str().map_or_else(|| value.to_string(), String::from);
        Some(format!("{member}={value}"))
    });
    let alt = match record.get("alt") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => {
            let texts = list.iter().map(|other| other.as_str().map(str::to_owned));
            texts.collect::<Option<_>>().context("`alt` holds something that is not a string")?
        }
        Some(_) => bail!("`alt` is not a list"),
    };
    Ok(Case { dictated: text(dictated)?, expected: text("expected")?, alt, groups: groups.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_become_cases() {
        let check = |line: &str, dictated: &str, expected: &[&str]| {
            let case = case(line, dictated).expect(line);
            let mut found = vec![case.dictated.as_str(), case.expected.as_str()];
            found.extend(case.groups.iter().map(String::as_str));
            assert_eq!(found, expected, "from {line}");
        };
        check(r#"{"dictated":"l s","expected":"ls","voice":7}"#, "dictated", &["l s", "ls"]);
        check(r#"{"dictated":"l s","spoken":"L S","expected":"ls"}"#, "spoken", &["L S", "ls"]);
        check(
            r#"{"category":3,"difficulty":"hard","dictated":"l s","expected":"ls"}"#,
            "dictated",
            &["l s", "ls", "difficulty=hard", "category=3"],
        );
    }

    #[test]
    fn mistakes_name_their_line() {
        let check = |text: &str, expected: &str| {
            let error = parse(text, "dictated").expect_err(text);
            assert_eq!(format!("{error:#}").split(':').take(2).collect::<String>(), expected);
        };
        check("\n{\"dictated\":\"a\"}", "line 2 no `expected`");
        check("{\"dictated\":1,\"expected\":\"a\"}", "line 1 `dictated` is not a string");
        check(r#"{"dictated":"a","expected":"a","alt":"b"}"#, "line 1 `alt` is not a list");
        check("[]", "line 1 not a JSON object");
    }
}
