//! Render: writes a path through the lattice as text, with a span for every step, and carries the
//! cursor over.
//!
//! The text consists of the indentation of the line, the texts of the readings on the path, and
//! single spaces between them.

use std::ops::Range;

use crate::lattice::{Lattice, Step};

/// What one step of the path wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The tokens that the step spans.
    pub tokens: Range<usize>,
    /// The range of the source that they take, in characters.
    pub source: Range<usize>,
    /// The range of the text that they became, in characters; empty if they were dropped.
    pub output: Range<usize>,
}

/// A rendered path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The command.
    pub text: String,
    /// One span for each step, in order.
    pub spans: Vec<Span>,
}

/// Writes a path. Keeps the indentation of the line and removes line breaks at the end.
pub fn render(lattice: &Lattice, path: &[Step]) -> Rendered {
    let mut text = lattice.line.indent.clone();
    let mut length = text.chars().count();
    let indent = length;
    let mut spans = Vec::with_capacity(path.len());
    for step in path {
        let reading = lattice.reading(step.reading);
        if step.space && reading.kind.writes() && length > indent && !text.ends_with([' ', '\t', '\n']) {
            text.push(' ');
            length += 1;
        }
        let start = length;
        text.push_str(&reading.text);
        length += reading.text.chars().count();
        spans.push(Span {
            tokens: reading.tokens.clone(),
            source: lattice.line.source(reading.tokens.clone()),
            output: start..length,
        });
    }
    while text.ends_with('\n') {
        text.pop();
        length -= 1;
    }
    for span in &mut spans {
        span.output = span.output.start.min(length)..span.output.end.min(length);
    }
    Rendered { text, spans }
}

/// Carries a cursor from the source to the text: it stays after the words that it was after.
/// `cursor` and the result are positions in characters.
pub fn carry_cursor(lattice: &Lattice, rendered: &Rendered, cursor: usize) -> usize {
    let end = rendered.text.chars().count();
    let mut carried = lattice.line.indent.chars().count().min(cursor);
    for span in &rendered.spans {
        if cursor <= span.source.start {
            return if cursor == span.source.start { span.output.start.max(carried) } else { carried };
        }
        if cursor < span.source.end {
            // Inside copied text the cursor keeps its place; inside spoken words it moves to the
            // end of what they became.
            let copied = span.source.len() == span.output.len();
            return if copied { span.output.start + cursor - span.source.start } else { span.output.end };
        }
        carried = span.output.end;
    }
    end
}
