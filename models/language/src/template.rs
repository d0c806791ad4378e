//! Chat templates: Jinja that strangers wrote. A template is rendered once, when its folder is
//! opened, under limits; what stands before and after the dictation is all that is kept of it.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, context};
use std::collections::BTreeMap;
use std::io;

/// Limit of a template, in bytes. The longest of the supported families has 9 kilobytes.
/// Hand-chosen, 2026-11-28.
pub(crate) const TEMPLATE_LIMIT: u64 = 64 << 10;
/// Limit of what a template writes around the dictation, in bytes. Real ones write a few hundred
/// and the system prompt. Hand-chosen, 2026-11-28.
const OUTPUT_LIMIT: usize = 128 << 10;
/// Fuel that a template may use: about one unit per step, and one per 64 bytes of output. Real
/// templates need some hundreds.
const FUEL: u64 = 100_000;
/// Words and signs in one tag, outside of its strings. The parser and the compiler call themselves
/// for each of them, on a stack of [`crate::STACK_BYTES`]. Real tags have up to 60. Hand-chosen,
/// 2026-11-28.
const TAG_LIMIT: usize = 256;
/// How deep blocks stand in each other; each `elif` stands in the one before. Real templates have
/// up to 12. Hand-chosen, 2026-11-28.
const DEPTH_LIMIT: usize = 100;
/// How deep macros may call each other. Hand-chosen, 2026-11-28.
const CALL_LIMIT: usize = 64;
/// Placeholder for the dictation, which shows what the template writes around it. It is from the
/// private use area, so no template contains it.
const PLACE: &str = "\u{e000}";

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TemplateError {
    /// It raises an error, uses a feature that is not supported, or more than its share of time.
    #[error("its chat template cannot be rendered: {0}")]
    Render(#[from] Error),
    /// It is nested or long beyond all that real templates are.
    #[error("its chat template {0}")]
    Limit(String),
    /// It does not write the dictation exactly once.
    #[error("its chat template writes the dictation {0} times instead of once")]
    Times(usize),
    /// It does more to the dictation than to trim it.
    #[error("its chat template changes the dictation")]
    Changes,
}

/// What a template makes of every dictation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// What it writes before the dictation.
    pub(crate) head: String,
    /// What it writes after it.
    pub(crate) tail: String,
    /// Whether it trims the dictation.
    trims: bool,
}

impl Frame {
    /// The text for a dictation.
    pub(crate) fn around(&self, dictation: &str) -> String {
        let dictation = if self.trims { dictation.trim() } else { dictation };
        [&self.head, dictation, &self.tail].concat()
    }
}

/// Renders a template with a system prompt, a message of the user and the beginning of the answer.
/// `tokens` are the special tokens, under the names that templates use. Thinking is switched off if
/// the template supports that.
pub(crate) fn render(
    template: &str,
    system: &str,
    tokens: &[(&'static str, String)],
) -> Result<Frame, TemplateError> {
    let template = Template::new(template, tokens)?;
    let text = |dictation: &str| template.render(&[("system", system), ("user", dictation)], true);
    let plain = text(PLACE)?;
    let (head, tail) = match plain.matches(PLACE).count() {
        1 => plain.split_once(PLACE).unwrap_or_default(),
        times => return Err(TemplateError::Times(times)),
    };
    let frame = Frame { head: head.to_owned(), tail: tail.to_owned(), trims: false };
    // Two more dictations show what it does to one: nothing, or trimming it.
    let probe = format!(" {PLACE} aA-\"{PLACE}\n");
    let probed = text(&probe)?;
    let trimming = Frame { trims: true, ..frame.clone() };
    match () {
        () if frame.around(&probe) == probed => Ok(frame),
        () if trimming.around(&probe) == probed => Ok(trimming),
        () => Err(TemplateError::Changes),
    }
}

/// A template that can be rendered for any conversation, under the same limits.
pub(crate) struct Template {
    environment: Environment<'static>,
    tokens: Vec<(&'static str, String)>,
}

impl Template {
    /// # Errors
    /// The template cannot be parsed, or is beyond a limit.
    pub(crate) fn new(template: &str, tokens: &[(&'static str, String)]) -> Result<Template, TemplateError> {
        check_shape(template)?;
        Ok(Template { environment: environment(template)?, tokens: tokens.to_vec() })
    }

    /// The text of a conversation: pairs of a role and what it says. `answers` adds the beginning of
    /// an answer.
    ///
    /// # Errors
    /// The template raises an error, or is beyond a limit.
    pub(crate) fn render(&self, messages: &[(&str, &str)], answers: bool) -> Result<String, TemplateError> {
        let messages = messages.iter().map(|&(role, content)| context! { role, content });
        let fixed = [
            ("messages", Value::from(messages.collect::<Vec<_>>())),
            ("add_generation_prompt", Value::from(answers)),
            ("enable_thinking", Value::from(false)),
            ("tools", Value::from(())),
            ("documents", Value::from(())),
        ];
        let tokens = self.tokens.iter().map(|(name, token)| (*name, Value::from(token.as_str())));
        let values: BTreeMap<&str, Value> = fixed.into_iter().chain(tokens).collect();
        let mut written = Bounded(Vec::new());
        let template = self.environment.get_template("chat")?;
        let rendered = template.render_captured_to(Value::from(values), &mut written).map(|_| ());
        if written.0.len() > OUTPUT_LIMIT {
            return Err(TemplateError::Limit(format!("writes more than {OUTPUT_LIMIT} bytes")));
        }
        rendered?;
        // Jinja writes nothing but strings.
        Ok(String::from_utf8_lossy(&written.0).into_owned())
    }
}

/// Takes what a template writes, up to the limit.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend(&bytes[..bytes.len().min(OUTPUT_LIMIT + 1 - self.0.len().min(OUTPUT_LIMIT + 1))]);
        match self.0.len() > OUTPUT_LIMIT {
            true => Err(io::ErrorKind::WriteZero.into()),
            false => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An environment with the template, set up as `transformers` sets up Jinja for chat templates, but
/// without a clock: a template that would write the date falls back to a fixed one, so the same
/// dictation always gives the same prompt. The filters that make much of little are left out; no
/// template needs them for two plain messages.
fn environment(template: &str) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    for greedy in ["tojson", "indent", "batch", "slice", "format", "pprint"] {
        environment.remove_filter(greedy);
    }
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(CALL_LIMIT);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_function("raise_exception", |message: String| -> Result<Value, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, message))
    });
    environment.add_template_owned("chat", template.to_owned())?;
    Ok(environment)
}

/// Refuses a template that is nested or long beyond all that real ones are, before it is parsed.
fn check_shape(template: &str) -> Result<(), TemplateError> {
    let limit = |problem: String| Err(TemplateError::Limit(problem));
    if template.len() as u64 > TEMPLATE_LIMIT {
        return limit(format!("has {} bytes; the limit is {TEMPLATE_LIMIT}", template.len()));
    }
    // Of each open block, how many branches it has had.
    let (mut open, mut rest) = (Vec::new(), template);
    while let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let is_block = rest[at..].starts_with("{%");
        let (tag, behind) = tag(&rest[at + 2..], if is_block { "%}" } else { "}}" });
        rest = behind;
        if tag.pieces > TAG_LIMIT {
            return limit(format!("has a tag of more than {TAG_LIMIT} words and signs"));
        }
        match tag.first {
            "elif" if is_block => open.last_mut().into_iter().for_each(|branches| *branches += 1),
            "if" | "for" | "macro" | "call" | "filter" | "with" | "block" | "autoescape" if is_block => {
                open.push(1usize);
            }
            // Without a value it is a block.
            "set" if is_block && !tag.assigns => open.push(1),
            first if is_block && first.starts_with("end") => drop(open.pop()),
            _ => {}
        }
        if open.iter().sum::<usize>() > DEPTH_LIMIT {
            return limit(format!("has more than {DEPTH_LIMIT} blocks and branches in each other"));
        }
    }
    Ok(())
}

/// What is counted of a tag.
struct Tag<'t> {
    /// Its first word.
    first: &'t str,
    /// Its words and signs outside of strings.
    pieces: usize,
    /// Whether one of them is `=`.
    assigns: bool,
}

/// Reads a tag up to its `end`, and returns what follows it.
fn tag<'t>(text: &'t str, end: &str) -> (Tag<'t>, &'t str) {
    let inner = text.trim_start_matches(['-', '+']).trim_start();
    let first = inner.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let (mut pieces, mut assigns) = (0, false);
    let (mut quote, mut in_word, mut escaped) = (None, false, false);
    for (at, c) in text.char_indices() {
        if let Some(open) = quote {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == open => quote = None,
                _ => {}
            }
            continue;
        }
        if text[at..].starts_with(end) {
            return (Tag { first, pieces, assigns }, &text[at + end.len()..]);
        }
        let is_word = c.is_alphanumeric() || c == '_';
        pieces += usize::from(!(c.is_whitespace() || is_word && in_word));
        in_word = is_word;
        assigns |= c == '=';
        if matches!(c, '\'' | '"') {
            quote = Some(c);
        }
    }
    (Tag { first, pieces, assigns }, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(template: &str, expected: &str) {
        let found = render(template, "system", &[]).expect_err(expected).to_string();
        assert!(found.contains(expected), "{found} lacks {expected}");
    }

    /// Runs on a stack of the size that models are opened on.
    fn on_small_stack(work: impl FnOnce() + Send + 'static) {
        std::thread::Builder::new().stack_size(crate::STACK_BYTES).spawn(work).unwrap().join().unwrap();
    }

    #[test]
    fn no_template_overflows_the_stack() {
        on_small_stack(|| {
            let content = "messages[1].content";
            for deep in [
                format!("{{{{ {}{content} }}}}", "not ".repeat(13_000)),
                format!("{{{{ {}{content} }}}}", "-".repeat(60_000)),
                format!("{{{{ {}{content}{} }}}}", "(".repeat(30_000), ")".repeat(30_000)),
                format!("{{{{ {}{content}{} }}}}", "[".repeat(30_000), "]".repeat(30_000)),
                format!("{{{{ {content}{} }}}}", "|e".repeat(30_000)),
                format!("{{{{ {content}{} }}}}", "~''".repeat(20_000)),
                format!("{{{{ {content}{} }}}}", ".a".repeat(30_000)),
                format!("{{% set x = {}1 %}}", "not ".repeat(13_000)),
            ] {
                refused(&deep, "words and signs");
            }
            for deep in [
                format!("{}{}", "{%if 1%}".repeat(3_000), "{%endif%}".repeat(3_000)),
                format!("{{%if 0%}}{}{{%endif%}}", "{%elif 0%}".repeat(6_000)),
                format!("{}{}", "{%for a in b%}".repeat(2_000), "{%endfor%}".repeat(2_000)),
            ] {
                refused(&deep, "in each other");
            }
            refused(&" ".repeat(70_000), "has 70000 bytes");
        });
    }

    #[test]
    fn what_is_just_within_the_limits_fits_the_stack() {
        on_small_stack(|| {
            let deep = TAG_LIMIT - 8;
            for template in [
                format!("{{{{ {}messages[1].content }}}}", "not ".repeat(deep)),
                format!("{{{{ {}1 }}}}", "-".repeat(deep)),
                format!("{{{{ messages[1].content{} }}}}", "|e".repeat(deep / 2 - 2)),
                format!("{}{}", "{%if 1%}".repeat(DEPTH_LIMIT), "{%endif%}".repeat(DEPTH_LIMIT)),
                format!("{{%if 0%}}{}{{%endif%}}", "{%elif 0%}".repeat(DEPTH_LIMIT - 1)),
            ] {
                // Whether it can be used does not matter, only that it returns.
                let _ = render(&template, "system", &[]);
            }
        });
    }

    #[test]
    fn a_template_may_write_and_compute_only_so_much() {
        refused("{{ messages|tojson(indent=1000000000) }}", "filter tojson is unknown");
        refused("{{ 'a'|indent(1000000000) }}", "filter indent is unknown");
        refused("{{ 'a' * 200000 }}{{ messages[1].content }}", "writes more than 131072 bytes");
        refused("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "fuel");
        refused("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "recursion");
    }

    #[test]
    fn what_becomes_of_a_dictation_is_known_without_the_template() {
        let around =
            |template: &str, dictation: &str| render(template, "system", &[]).unwrap().around(dictation);
        assert_eq!(around("<{{ messages[1].content }}>", " x\n"), "< x\n>");
        assert_eq!(around("<{{ messages[1].content | trim }}>", " x\n"), "<x>");
        assert_eq!(around("<{{ messages[1].content.strip() }}>", " x\n"), "<x>");
        refused("{{ messages[1].content | upper }}", "changes the dictation");
        refused("{{ messages[1].content | replace('A', 'b') }}", "changes the dictation");
    }
}
