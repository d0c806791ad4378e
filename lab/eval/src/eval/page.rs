//! An evaluation as a single page: every wrong answer above the right one, character by character.
//!
//! The page loads nothing, and every text in it passes through [`escape`], because anybody may have dictated the cases.
//! It can be read without scripts; a script filters.

use super::answer::Answer;
use super::mistake::Mistake;
use super::run::{Run, Table};
use crate::escape::escape;
use crate::score::MEASURES;
use crate::similarity::{Edit, collapse, edits};
use minijinja::{Environment, Value, context};
use sayso_corpus::cases::Case;

const TEMPLATE: &str = include_str!("page.html");

/// The page about `run`, which answered `cases`. `title` says which cases they are.
///
/// # Errors
/// If the template does not fit the values that are filled in.
pub(super) fn page(title: &str, cases: &[Case], run: &Run) -> Result<String, minijinja::Error> {
    let wrong = run.worst(usize::MAX);
    let shown: Vec<(&Case, &Answer)> = wrong.iter().map(|&at| (&cases[at], &run.answers[at])).collect();
    let commands = counted(shown.iter().map(|(case, _)| command(case)));
    let groups = counted(shown.iter().flat_map(|(case, _)| case.groups.iter().map(String::as_str)));
    let mistakes: Vec<(&str, usize)> = Mistake::ALL
        .into_iter()
        .map(|kind| {
            let count = shown.iter().filter(|(case, answer)| answer.reply.mistake(case) == kind).count();
            (kind.name(), count)
        })
        .collect();
    let articles: Vec<Value> = shown
        .iter()
        .map(|(case, answer)| {
            let places = case.groups.iter().filter_map(|group| place(&groups, group));
            let keys = Keys {
                command: place(&commands, command(case)).unwrap_or_default(),
                groups: places.map(|at| at.to_string()).collect::<Vec<_>>().join(" "),
                mistake: place(&mistakes, answer.reply.mistake(case).name()).unwrap_or_default(),
            };
            article(case, answer, &keys)
        })
        .collect();
    let mut environment = Environment::new();
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => Ok(out.write_str(&escape(text))?),
        _ => minijinja::escape_formatter(out, state, value),
    });
    environment.render_named_str(
        "page.html",
        TEMPLATE,
        context! {
            title,
            route => run.answerer.name(),
            cases => cases.len(),
            headings => MEASURES.map(|(_, heading)| heading),
            tables => run.tables(cases).iter().map(figures).collect::<Vec<_>>(),
            confidence => run.reliability().table(),
            commands => choices(&commands),
            groups => choices(&groups),
            mistakes => choices(&mistakes),
            articles,
        },
    )
}

/// The place of a name in a list of choices. It is the value by which the script filters, because names may hold anything.
fn place(list: &[(&str, usize)], name: &str) -> Option<usize> {
    list.iter().position(|(other, _)| *other == name)
}

/// The choices of a list as the template takes them: name and count.
fn choices(list: &[(&str, usize)]) -> Vec<(String, usize)> {
    list.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

/// The first word of what was expected.
fn command(case: &Case) -> &str {
    case.expected.split_whitespace().next().unwrap_or_default()
}

/// Each name with the number of its occurrences, the most frequent first.
fn counted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<(&'a str, usize)> {
    let mut sorted: Vec<&str> = names.collect();
    sorted.sort_unstable();
    let mut counted: Vec<(&str, usize)> =
        sorted.chunk_by(|a, b| a == b).map(|same| (same[0], same.len())).collect();
    counted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counted
}

/// A table of figures, as the template takes it.
fn figures(table: &Table<'_>) -> Value {
    let row = |(name, count, percents): &(&str, usize, [f64; MEASURES.len()])| {
        let percents: Vec<String> = percents.iter().map(|percent| format!("{percent:.1}")).collect();
        context! { name => *name, count => *count, percents }
    };
    let rows: Vec<Value> = table.rows.iter().map(row).collect();
    context! { caption => table.caption, counted => table.counted, rows }
}

/// The values by which the script filters a case: places in the lists of choices.
struct Keys {
    command: usize,
    groups: String,
    mistake: usize,
}

/// A wrong answer, as the template takes it.
fn article(case: &Case, answer: &Answer, keys: &Keys) -> Value {
    let Answer { reply, score, .. } = answer;
    let (got, expected) = (collapse(&reply.text), collapse(&case.expected));
    let (got_line, expected_line) = aligned(&got, &expected);
    let mut notes = vec![format!("{} {:.2}", score.tier.name(), score.similarity)];
    let by = reply.by.name();
    notes.push(match reply.confidence {
        Some(confidence) => format!("{by}, confidence {confidence:.2}"),
        None => by.to_owned(),
    });
    if !score.reachable {
        notes.push("no path reaches it".to_owned());
    }
    notes.extend(case.groups.iter().cloned());
    let alternative = |text: &String| {
        context! { text => text.as_str(), is_exact => collapse(text) == expected }
    };
    context! {
        command => keys.command,
        groups => keys.groups.as_str(),
        mistake => keys.mistake,
        mistake_name => reply.mistake(case).name(),
        // The text that the script searches, beside the text that is shown.
        plain => format!("{expected}\n{got}"),
        notes => notes.join(" · "),
        dictated => case.dictated.as_str(),
        expected => values(expected_line),
        got => values(got_line),
        alternatives => reply.alternatives.iter().map(alternative).collect::<Vec<Value>>(),
        message => reply.message.as_deref(),
    }
}

fn values(line: Vec<Stretch>) -> Vec<Value> {
    line.into_iter().map(|Stretch { text, class, gap }| context! { text, class, gap }).collect()
}

/// A stretch of a line beside another one.
struct Stretch {
    text: String,
    /// How it differs from the other line: "changed", "extra", "missing", or "" if it is the same.
    class: &'static str,
    /// How many spaces this stretch needs to be as long as that of the other line.
    gap: String,
}

/// Both lines, marked where they differ, and stretched so that equal parts stand above each other.
fn aligned(got: &str, expected: &str) -> (Vec<Stretch>, Vec<Stretch>) {
    let (got, expected): (Vec<char>, Vec<char>) = (got.chars().collect(), expected.chars().collect());
    let mut lines = (Vec::new(), Vec::new());
    for edit in edits(&got, &expected) {
        match edit {
            Edit::Same(range, _) => {
                lines.0.push(stretch(&got[range.clone()], "", range.len()));
                lines.1.push(stretch(&got[range.clone()], "", range.len()));
            }
            Edit::Replace(in_got, in_expected) => {
                let width = in_got.len().max(in_expected.len());
                let classes = match (in_got.is_empty(), in_expected.is_empty()) {
                    (false, false) => ("changed", "changed"),
                    _ => ("extra", "missing"),
                };
                lines.0.push(stretch(&got[in_got], classes.0, width));
                lines.1.push(stretch(&expected[in_expected], classes.1, width));
            }
        }
    }
    lines
}

fn stretch(text: &[char], class: &'static str, width: usize) -> Stretch {
    Stretch { text: text.iter().collect(), class, gap: " ".repeat(width - text.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::session::{Contender, Session};
    use crate::model::Model;
    use crate::route::Answerer;
    use crate::tagger::Tagger;
    use sayso_engine::Route;

    fn run(cases: &[Case]) -> Run {
        let (tagger, limits) = (Tagger::default(), Model::default());
        let answerer = Answerer::Engine(Route::Scanner);
        let contender = Contender { label: "scanner".to_owned(), answerer, model: None };
        Session::new(&tagger, &limits, None).unwrap().run(cases, &contender).unwrap()
    }

    fn case(dictated: &str, expected: &str) -> Case {
        let groups = vec!["difficulty=\"><script>alert(2)</script>".to_owned()];
        Case { dictated: dictated.to_owned(), expected: expected.to_owned(), alt: Vec::new(), groups }
    }

    #[test]
    fn differences_stand_one_above_the_other() {
        let shown = |line: Vec<Stretch>| -> String {
            line.iter().map(|it| format!("{}[{}|{}]", it.class, it.text, it.gap)).collect()
        };
        let check = |got: &str, expected: &str, got_line: &str, expected_line: &str| {
            let (got, expected) = aligned(got, expected);
            assert_eq!((shown(got).as_str(), shown(expected).as_str()), (got_line, expected_line));
        };
        check("ls -la", "ls -la", "[ls -la|]", "[ls -la|]");
        check("a<c", "a>>c", "[a|]changed[<| ][c|]", "[a|]changed[>>|][c|]");
        check("ab", "a", "[a|]extra[b|]", "[a|]missing[| ]");
        check("a", "ab", "[a|]extra[| ]", "[a|]missing[b|]");
    }

    #[test]
    fn nothing_that_was_said_becomes_markup() {
        let hostile =
            "echo <img src=x onerror=alert(1)> \"' onclick=alert(3) {{ cases }} </script>\u{202e}&amp;";
        let cases = [case(hostile, "ls </dd><script>alert(4)</script>"), case("ls space dash l", "ls -l")];
        let run = run(&cases);
        let page = page("</title><script>alert(5)</script>", &cases, &run).unwrap();
        assert_eq!(page.matches("<script").count(), 1, "only the page's own");
        assert_eq!(page.matches("</script").count(), 1);
        assert_eq!(page.matches("<article").count(), 1, "only what is wrong");
        assert!(!page.contains("<img") && !page.contains("\" onclick") && !page.contains('\u{202e}'));
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;") && page.contains("«U+202E»&amp;amp;"));
        assert!(page.contains("{{ cases }}"), "what was said is not searched for parts of the template");
    }

    #[test]
    fn the_page_is_whole_and_loads_nothing() {
        let cases = [case("ls space dash l", "ls -l"), case("ls space dash a", "ls -b")];
        let run = run(&cases);
        let page = page("cases", &cases, &run).unwrap();
        for link in ["http:", "https:", "src=", "href=", "@import", "url("] {
            assert!(!page.contains(link), "{link}");
        }
        assert!(page.contains("1 of 2 answers are not exact"));
        assert!(page.contains("<dd>ls -<mark class=\"changed\">b</mark></dd>"));
        assert!(page.contains("<option value=\"0\">ls (1)</option>") && page.contains("<th>exact</th>"));
    }
}
