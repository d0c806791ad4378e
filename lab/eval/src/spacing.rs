//! The optional spaces of a simulated person, drawn from how lines are written.

use fastrand::Rng;
use sayso_corpus::cases::Case;
use std::collections::BTreeMap;

/// A person's spaces, the same in every line.
#[derive(Debug, Default)]
pub(crate) struct Spacing {
    /// Before and after a pipe.
    pipe: (bool, bool),
    /// Short flag → whether a space precedes its number: `-n 5`, `-n5`.
    numbers: BTreeMap<String, bool>,
}

impl Spacing {
    /// Copies one line of `cases`, for each place another one, so that a habit is as common among people as it is in
    /// lines.
    pub(crate) fn drawn(cases: &[Case], random: &mut Rng) -> Spacing {
        let mut pipes = Vec::new();
        let mut numbers: BTreeMap<String, Vec<bool>> = BTreeMap::new();
        for case in cases {
            let Some(parts) = parts(&case.expected) else { continue };
            for (at, part) in parts.iter().enumerate() {
                match part {
                    Part::Pipe => pipes.push((
                        parts[..at].last() == Some(&Part::Space),
                        parts.get(at + 1) == Some(&Part::Space),
                    )),
                    Part::Word(word) => {
                        if let Some((flag, _)) = flag_and_number(word) {
                            numbers.entry(flag.to_owned()).or_default().push(false);
                        } else if is_short_flag(word)
                            && let [Part::Space, Part::Word(next), ..] = &parts[at + 1..]
                            && is_number(next)
                        {
                            numbers.entry(word.clone()).or_default().push(true);
                        }
                    }
                    Part::Space => {}
                }
            }
        }
        let pipe = pipes.get(random.usize(..pipes.len().max(1))).copied().unwrap_or((true, true));
        // A flag that everybody writes in the same way is not a habit.
        let differs = |seen: &Vec<bool>| seen.contains(&true) && seen.contains(&false);
        let numbers = numbers.into_iter().filter(|(_, seen)| differs(seen));
        let numbers = numbers.map(|(flag, seen)| (flag, seen[random.usize(..seen.len())])).collect();
        Spacing { pipe, numbers }
    }

    /// A line with the person's spaces; unchanged if it contains something that could be misread.
    pub(crate) fn write(&self, line: &str) -> String {
        let Some(parts) = parts(line) else { return line.to_owned() };
        let mut written = String::new();
        let mut glue = false;
        for (at, part) in parts.iter().enumerate() {
            let next = parts.get(at + 1);
            match part {
                Part::Pipe => {
                    written.push_str(if self.pipe.0 { " |" } else { "|" });
                    written.push_str(if self.pipe.1 { " " } else { "" });
                }
                Part::Space => {
                    let at_pipe = next == Some(&Part::Pipe) || parts[..at].last() == Some(&Part::Pipe);
                    if !at_pipe && !glue {
                        written.push(' ');
                    }
                    glue = false;
                }
                Part::Word(word) => match flag_and_number(word) {
                    Some((flag, number)) if self.numbers.get(flag) == Some(&true) => {
                        written.extend([flag, " ", number]);
                    }
                    _ => {
                        written.push_str(word);
                        let before_number = matches!(&parts[at + 1..], [Part::Space, Part::Word(next), ..] if is_number(next));
                        glue = before_number && self.numbers.get(word) == Some(&false);
                    }
                },
            }
        }
        written
    }
}

/// A part of a line, as far as habits care.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Word(String),
    Space,
    Pipe,
}

/// The parts of a line; `None` if it contains other lines, which would be misread.
fn parts(line: &str) -> Option<Vec<Part>> {
    if ["`", "$(", "<(", "((", "[["].iter().any(|inner| line.contains(inner)) {
        return None;
    }
    let mut parts = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', None | Some('"')) => {
                word.push(c);
                word.extend(chars.next());
            }
            ('"' | '\'', None) => {
                quote = Some(c);
                word.push(c);
            }
            (c, Some(open)) => {
                word.push(c);
                if c == open {
                    quote = None;
                }
            }
            ('|', None) if matches!(chars.peek(), Some('|' | '&')) => {
                word.push(c);
                word.extend(chars.next());
            }
            ('|' | ' ', None) => {
                if !word.is_empty() {
                    parts.push(Part::Word(std::mem::take(&mut word)));
                }
                parts.push(if c == '|' { Part::Pipe } else { Part::Space });
            }
            (c, None) => word.push(c),
        }
    }
    if !word.is_empty() {
        parts.push(Part::Word(word));
    }
    quote.is_none().then_some(parts)
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_short_flag(word: &str) -> bool {
    word.len() == 2 && word.starts_with('-') && word.ends_with(|c: char| c.is_ascii_alphabetic())
}

/// A short flag and the number directly after it.
fn flag_and_number(word: &str) -> Option<(&str, &str)> {
    let (flag, number) = word.split_at_checked(2)?;
    (is_short_flag(flag) && is_number(number)).then_some((flag, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_writes_every_line_alike() {
        let numbers = BTreeMap::from([("-n".to_owned(), false), ("-c".to_owned(), true)]);
        let own = Spacing { pipe: (true, false), numbers };
        assert_eq!(own.write("head -n 5 -c4 -w3"), "head -n5 -c 4 -w3");
        assert_eq!(own.write("ls|wc -l | cat"), "ls |wc -l |cat");
        assert_eq!(own.write("a || b 'x | y' \\| c"), "a || b 'x | y' \\| c");
        assert_eq!(own.write("echo $(ls|wc)"), "echo $(ls|wc)");
    }
}
