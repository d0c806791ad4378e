//! An evaluation as one page: every wrong answer above the right one, character by character.
//!
//! The page loads nothing, and all that comes from cases or answers passes through [`escape`]: dictations are
//! anybody's words. It can be read without scripts; a script filters.

use super::mistake::Mistake;
use super::run::{Answer, Run, Table};
use crate::escape::escape;
use crate::score::MEASURES;
use crate::similarity::{Edit, collapse, edits};
use sayso_corpus::cases::Case;
use std::fmt::Write as _;

/// The page without its content: `{name}` stands for a part of it.
const TEMPLATE: &str = include_str!("page.html");

/// The page about `run`, which answered `cases`. `title` says which cases they are.
pub(super) fn page(title: &str, cases: &[Case], run: &Run) -> String {
    let wrong = run.worst(usize::MAX);
    let shown: Vec<(&Case, &Answer)> = wrong.iter().map(|&at| (&cases[at], &run.answers[at])).collect();
    let commands = counted(shown.iter().map(|(case, _)| command(case)));
    let named = counted(shown.iter().flat_map(|(case, _)| case.groups.iter().map(String::as_str)));
    let mut mistakes: Vec<(&str, usize)> = Vec::new();
    for kind in Mistake::ALL {
        let count = shown.iter().filter(|(case, answer)| answer.mistake(case) == kind).count();
        mistakes.push((kind.name(), count));
    }
    let place = |list: &[(&str, usize)], name: &str| list.iter().position(|(other, _)| *other == name);
    let mut articles = String::new();
    for (case, answer) in &shown {
        let places = case.groups.iter().filter_map(|group| place(&named, group));
        let keys = Keys {
            command: place(&commands, command(case)).unwrap_or_default(),
            groups: places.map(|at| at.to_string()).collect::<Vec<_>>().join(" "),
            mistake: place(&mistakes, answer.mistake(case).name()).unwrap_or_default(),
        };
        articles += &article(case, answer, &keys);
    }
    fill(|name| match name {
        "title" => Some(escape(title)),
        "summary" => Some(escape(&format!(
            "Route {}: {} of {} answers are not exact.",
            run.route.as_str(),
            wrong.len(),
            cases.len()
        ))),
        "figures" => Some(figures(cases, run)),
        "confidence" => Some(format!("<pre>{}</pre>", escape(&run.reliability().table()))),
        "commands" => Some(options(&commands)),
        "groups" => Some(options(&named)),
        "mistakes" => Some(options(&mistakes)),
        "cases" => Some(articles.clone()),
        _ => None,
    })
}

/// The template with its parts. What is filled in is not searched for further parts.
fn fill(part: impl Fn(&str) -> Option<String>) -> String {
    let mut page = String::new();
    let mut rest = TEMPLATE;
    while let Some((before, after)) = rest.split_once('{') {
        page += before;
        match after.split_once('}').and_then(|(name, after)| Some((part(name)?, after))) {
            Some((part, after)) => {
                page += &part;
                rest = after;
            }
            None => {
                page.push('{');
                rest = after;
            }
        }
    }
    page + rest
}

/// The first word of what was expected.
fn command(case: &Case) -> &str {
    case.expected.split_whitespace().next().unwrap_or_default()
}

/// Each name with how often it comes, the most frequent first.
fn counted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<(&'a str, usize)> {
    let mut sorted: Vec<&str> = names.collect();
    sorted.sort_unstable();
    let mut counted: Vec<(&str, usize)> =
        sorted.chunk_by(|a, b| a == b).map(|same| (same[0], same.len())).collect();
    counted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counted
}

/// What there is to choose from: the place in the list is the value, because names may hold anything.
fn options(list: &[(&str, usize)]) -> String {
    let mut html = String::new();
    for (at, (name, count)) in list.iter().enumerate().filter(|(_, (_, count))| *count > 0) {
        let _ = write!(html, "<option value=\"{at}\">{} ({count})</option>", escape(name));
    }
    html
}

fn figures(cases: &[Case], run: &Run) -> String {
    let mut html = String::new();
    for Table { caption, counted, rows } in run.tables(cases) {
        if !caption.is_empty() {
            let _ = writeln!(html, "<p>{caption}</p>");
        }
        let _ = write!(html, "<table><tr><th>%</th><th>{counted}</th>");
        for (_, heading) in MEASURES {
            let _ = write!(html, "<th>{heading}</th>");
        }
        for (name, count, percents) in rows {
            let _ = write!(html, "</tr>\n<tr><td>{}</td><td>{count}</td>", escape(name));
            for percent in percents {
                let _ = write!(html, "<td>{percent:.1}</td>");
            }
        }
        html += "</tr></table>\n";
    }
    html
}

/// What the script filters a case by: places in the lists of choices.
struct Keys {
    command: usize,
    groups: String,
    mistake: usize,
}

fn article(case: &Case, answer: &Answer, keys: &Keys) -> String {
    let (got, expected) = (collapse(&answer.text), collapse(&case.expected));
    let (got_line, expected_line) = aligned(&got, &expected);
    let score = &answer.score;
    let mut notes = vec![format!("{} {:.2}", score.tier.name(), score.similarity)];
    notes.push(match answer.confidence {
        Some(confidence) => format!("{}, confidence {confidence:.2}", answer.route),
        None => answer.route.to_owned(),
    });
    if !score.reachable {
        notes.push("no path reaches it".to_owned());
    }
    notes.extend(case.groups.iter().cloned());
    let mut html = format!(
        "<article data-command=\"{}\" data-groups=\"{}\" data-mistake=\"{}\" data-plain=\"{}\">\n\
         <header><b>{}</b> · {}</header>\n<dl><dt>dictated</dt><dd class=\"said\">{}</dd>\n\
         <dt>expected</dt><dd>{expected_line}</dd>\n<dt>got</dt><dd>{got_line}</dd>\n",
        keys.command,
        keys.groups,
        keys.mistake,
        escape(&format!("{expected}\n{got}")),
        answer.mistake(case).name(),
        escape(&notes.join(" · ")),
        escape(&case.dictated),
    );
    for (at, other) in answer.alternatives.iter().enumerate() {
        let right = if collapse(other) == expected { " <i>exact</i>" } else { "" };
        let _ = writeln!(html, "<dt>or {}</dt><dd>{}{right}</dd>", at + 2, escape(other));
    }
    if let Some(message) = &answer.message {
        let _ = writeln!(html, "<dt>message</dt><dd class=\"said\">{}</dd>", escape(message));
    }
    html + "</dl></article>\n"
}

/// Both lines, marked where they differ and stretched so that what is the same stands one above the other.
fn aligned(got: &str, expected: &str) -> (String, String) {
    let (got, expected): (Vec<char>, Vec<char>) = (got.chars().collect(), expected.chars().collect());
    let mut lines = (String::new(), String::new());
    for edit in edits(&got, &expected) {
        match edit {
            Edit::Same(range, _) => {
                let text = escaped(&got[range]);
                lines.0 += &text;
                lines.1 += &text;
            }
            Edit::Replace(in_got, in_expected) => {
                let width = in_got.len().max(in_expected.len());
                let classes = match (in_got.is_empty(), in_expected.is_empty()) {
                    (false, false) => ("changed", "changed"),
                    _ => ("extra", "missing"),
                };
                lines.0 += &marked(&got[in_got], classes.0, width);
                lines.1 += &marked(&expected[in_expected], classes.1, width);
            }
        }
    }
    lines
}

/// A stretch that differs, followed by as many spaces as it is shorter than the other line's.
fn marked(text: &[char], class: &str, width: usize) -> String {
    let mut html = String::new();
    if !text.is_empty() {
        let _ = write!(html, "<mark class=\"{class}\">{}</mark>", escaped(text));
    }
    if text.len() < width {
        let _ = write!(html, "<span class=\"gap\">{}</span>", " ".repeat(width - text.len()));
    }
    html
}

fn escaped(text: &[char]) -> String {
    escape(&text.iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::run::{Means, evaluate};
    use crate::model::Model;
    use sayso_protocol::Route;

    fn case(dictated: &str, expected: &str) -> Case {
        let groups = vec!["difficulty=\"><script>alert(2)</script>".to_owned()];
        Case { dictated: dictated.to_owned(), expected: expected.to_owned(), groups }
    }

    #[test]
    fn differences_stand_one_above_the_other() {
        let check = |got: &str, expected: &str, got_line: &str, expected_line: &str| {
            assert_eq!(aligned(got, expected), (got_line.to_owned(), expected_line.to_owned()));
        };
        check("ls -la", "ls -la", "ls -la", "ls -la");
        check(
            "a<c",
            "a>>c",
            "a<mark class=\"changed\">&lt;</mark><span class=\"gap\"> </span>c",
            "a<mark class=\"changed\">&gt;&gt;</mark>c",
        );
        check("ab", "a", "a<mark class=\"extra\">b</mark>", "a<span class=\"gap\"> </span>");
        check("a", "ab", "a<span class=\"gap\"> </span>", "a<mark class=\"missing\">b</mark>");
    }

    #[test]
    fn nothing_that_was_said_becomes_markup() {
        let hostile = "echo <img src=x onerror=alert(1)> \"' onclick=alert(3) {cases} </script>\u{202e}&amp;";
        let cases = [case(hostile, "ls </dd><script>alert(4)</script>"), case("ls space dash l", "ls -l")];
        let run =
            evaluate(&cases, Route::Scanner, &Means { model: None, limits: &Model::default() }).unwrap();
        let page = page("</title><script>alert(5)</script>", &cases, &run);
        assert_eq!(page.matches("<script").count(), 1, "only the page's own");
        assert_eq!(page.matches("</script").count(), 1);
        assert_eq!(page.matches("<article").count(), 1, "only what is wrong");
        assert!(!page.contains("<img") && !page.contains("\" onclick") && !page.contains('\u{202e}'));
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;") && page.contains("«U+202E»&amp;amp;"));
        assert!(page.contains("{cases}"), "what was said is not searched for parts of the template");
    }

    #[test]
    fn the_page_is_whole_and_loads_nothing() {
        let cases = [case("ls space dash l", "ls -l"), case("ls space dash a", "ls -b")];
        let run =
            evaluate(&cases, Route::Scanner, &Means { model: None, limits: &Model::default() }).unwrap();
        let page = page("cases", &cases, &run);
        for part in [
            "{title}",
            "{summary}",
            "{figures}",
            "{confidence}",
            "{commands}",
            "{groups}",
            "{mistakes}",
            "{cases}",
        ] {
            assert!(TEMPLATE.contains(part) && !page.contains(part), "{part}");
        }
        for link in ["http:", "https:", "src=", "href=", "@import", "url("] {
            assert!(!page.contains(link), "{link}");
        }
        assert!(page.contains("1 of 2 answers are not exact"));
        assert!(page.contains("ls -<mark class=\"changed\">b</mark>"));
    }
}
