//! The similarity of two commands: exactly the ratio of Python's
//! `difflib.SequenceMatcher(None, a, b)`, which is based on the Ratcliff-Obershelp algorithm.
//!
//! The published figures were made with it, and another measure would not be comparable. The port
//! keeps the tie-breaking (the longest block that starts earliest in `a`, then earliest in `b`) and
//! "autojunk": if `b` has 200 or more characters, those that make up over 1 % of it do not start a
//! block.

use std::collections::HashMap;
use std::ops::Range;

/// Least length of `b`, in characters, at which frequent characters do not start a block. The
/// number is difflib's.
const AUTOJUNK_FROM: usize = 200;

/// Returns `2 · matches / (len a + len b)` over Unicode scalar values: 0 to 1, and 1 for two empty
/// strings. It is not symmetric in `a` and `b`.
pub fn ratio(a: &str, b: &str) -> f64 {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    match a.len() + b.len() {
        0 => 1.0,
        total => 2.0 * matches(&a, &b) as f64 / total as f64,
    }
}

/// Replaces runs of white space by one space and trims both ends, as Python's
/// `' '.join(text.split())` does.
pub fn collapse(text: &str) -> String {
    text.split(is_space).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Python treats the information separators U+001C to U+001F as white space; Unicode does not.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// How a range of `a` becomes a range of `b`. It corresponds to difflib's opcodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// A matching block.
    Same(Range<usize>, Range<usize>),
    /// A replacement, deletion or insertion. One of the ranges may be empty, but not both.
    Replace(Range<usize>, Range<usize>),
}

/// Returns the edits that turn `a` into `b`, in order and without gaps. The ranges count
/// characters; the first one is of `a`.
pub fn edits(a: &[char], b: &[char]) -> Vec<Edit> {
    let mut blocks = blocks(a, b);
    blocks.sort_unstable();
    let mut edits: Vec<Edit> = Vec::new();
    let (mut from_a, mut from_b) = (0, 0);
    for (i, j, size) in blocks.into_iter().chain([(a.len(), b.len(), 0)]) {
        if from_a < i || from_b < j {
            edits.push(Edit::Replace(from_a..i, from_b..j));
        }
        (from_a, from_b) = (i + size, j + size);
        match edits.last_mut() {
            // Adjacent blocks are merged.
            Some(Edit::Same(in_a, in_b)) => (in_a.end, in_b.end) = (from_a, from_b),
            _ if size > 0 => edits.push(Edit::Same(i..from_a, j..from_b)),
            _ => {}
        }
    }
    edits
}

/// Number of characters in the matching blocks.
fn matches(a: &[char], b: &[char]) -> usize {
    blocks(a, b).iter().map(|(_, _, size)| size).sum()
}

/// The matching blocks, as start in `a`, start in `b` and length: the longest block, and the blocks
/// found likewise to its left and to its right. They are in no particular order.
fn blocks(a: &[char], b: &[char]) -> Vec<(usize, usize, usize)> {
    let starts = block_starts(b);
    let mut runs = Runs::new(b.len());
    let mut blocks = Vec::new();
    let mut open = vec![(0..a.len(), 0..b.len())];
    while let Some((in_a, in_b)) = open.pop() {
        let (i, j, size) = longest_block(a, b, &starts, &in_a, &in_b, &mut runs);
        if size > 0 {
            blocks.push((i, j, size));
            open.push((in_a.start..i, in_b.start..j));
            open.push((i + size..in_a.end, j + size..in_b.end));
        }
    }
    blocks
}

/// The positions of each character in `b`, without the characters that are too frequent to start a
/// block.
fn block_starts(b: &[char]) -> HashMap<char, Vec<usize>> {
    let mut starts: HashMap<char, Vec<usize>> = HashMap::new();
    for (at, &c) in b.iter().enumerate() {
        starts.entry(c).or_default().push(at);
    }
    if b.len() >= AUTOJUNK_FROM {
        let frequent = b.len() / 100 + 1;
        starts.retain(|_, places| places.len() <= frequent);
    }
    starts
}

/// Lengths of the blocks that end at each position of `b`, for the previous and the current
/// character of `a`.
struct Runs {
    previous: Vec<usize>,
    current: Vec<usize>,
}

impl Runs {
    /// Allocates one position more than `b` has, so that the one before the first needs no special
    /// case.
    fn new(b_len: usize) -> Runs {
        Runs { previous: vec![0; b_len + 1], current: vec![0; b_len + 1] }
    }
}

/// Returns the start in `a`, the start in `b` and the length of the longest block within both
/// ranges.
fn longest_block(
    a: &[char],
    b: &[char],
    starts: &HashMap<char, Vec<usize>>,
    in_a: &Range<usize>,
    in_b: &Range<usize>,
    runs: &mut Runs,
) -> (usize, usize, usize) {
    let places = |c: &char| {
        let places = starts.get(c).map_or(&[][..], Vec::as_slice);
        let from = places.partition_point(|&j| j < in_b.start);
        let to = places.partition_point(|&j| j < in_b.end);
        &places[from..to]
    };
    let (mut i, mut j, mut size) = (in_a.start, in_b.start, 0);
    let mut written: &[usize] = &[];
    for (at, c) in a.iter().enumerate().take(in_a.end).skip(in_a.start) {
        let here = places(c);
        for &place in here {
            let run = runs.previous[place] + 1;
            runs.current[place + 1] = run;
            if run > size {
                (i, j, size) = (at + 1 - run, place + 1 - run, run);
            }
        }
        // Only the written positions are cleared, because most characters occur at few positions.
        written.iter().for_each(|&place| runs.previous[place + 1] = 0);
        std::mem::swap(&mut runs.previous, &mut runs.current);
        written = here;
    }
    written.iter().for_each(|&place| runs.previous[place + 1] = 0);

    // Frequent characters do not start a block, but they can extend one.
    while i > in_a.start && j > in_b.start && a[i - 1] == b[j - 1] {
        (i, j, size) = (i - 1, j - 1, size + 1);
    }
    while i + size < in_a.end && j + size < in_b.end && a[i + size] == b[j + size] {
        size += 1;
    }
    (i, j, size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_collapses() {
        let check = |text: &str, expected: &str| assert_eq!(collapse(text), expected, "of {text:?}");
        check("", "");
        check(" \t\n", "");
        check("  ls   -la\n", "ls -la");
        check("a\u{a0}b\u{1f}c\u{2003}d", "a b c d");
        check("a\u{200b}b", "a\u{200b}b");
    }

    #[test]
    fn ratios_of_the_documentation() {
        let check = |a: &str, b: &str, expected: f64| assert_eq!(ratio(a, b), expected, "{a:?} and {b:?}");
        check("", "", 1.0);
        check("", "a", 0.0);
        check(" abcd", "abcd abcd", 10.0 / 14.0);
        check("abcd", "bcde", 0.75);
        // The measure is not symmetric: the order decides which of two longest blocks comes first.
        check("tide", "diet", 0.25);
        check("diet", "tide", 0.5);
    }

    /// Writes edits as fixtures/similarity.py does: "=3-2+1".
    fn script(a: &str, b: &str) -> String {
        let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
        let mut script = String::new();
        for edit in edits(&a, &b) {
            match edit {
                Edit::Same(in_a, _) => script += &format!("={}", in_a.len()),
                Edit::Replace(in_a, in_b) => {
                    for (sign, range) in [('-', in_a), ('+', in_b)] {
                        if !range.is_empty() {
                            script += &format!("{sign}{}", range.len());
                        }
                    }
                }
            }
        }
        script
    }

    #[test]
    fn edits_turn_one_into_the_other() {
        let check = |a: &str, b: &str, expected: &str| assert_eq!(script(a, b), expected, "{a:?} to {b:?}");
        check("", "", "");
        check("ab", "", "-2");
        check("", "ab", "+2");
        check("ls -la", "ls -l -a", "=5+2=1");
        check("tar -XZF", "tar -xzf", "=5-3+3");
    }

    /// fixtures/similarity.py wrote the expected values with difflib itself.
    #[test]
    fn equals_difflib_on_random_pairs() {
        let pairs: Vec<(String, String, f64, String)> = include_str!("../fixtures/similarity.jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert!(pairs.len() >= 2000, "{} pairs", pairs.len());
        assert!(pairs.iter().any(|(_, b, ..)| b.chars().count() >= AUTOJUNK_FROM));
        for (a, b, expected, edits) in &pairs {
            let found = ratio(a, b);
            assert!((found - expected).abs() <= 1e-12, "{found} instead of {expected} for {a:?} and {b:?}");
            assert_eq!(script(a, b), *edits, "{a:?} to {b:?}");
        }
    }
}
