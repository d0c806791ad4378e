//! The numbered list for screen readers: plain lines, one after the other, never drawn over.

use crate::pick::{Picked, taken};
use crate::readings::Readings;
use sayso_protocol::Answer;
use std::io::{self, BufRead, Write};

/// Prints the readings of `dictated` with their numbers, and reads a number. An empty line, or the end of the input,
/// leaves the line as it was.
///
/// # Errors
/// If nothing can be read or written.
pub fn pick_plainly(
    dictated: &str,
    answer: &Answer,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> io::Result<Picked> {
    let readings = Readings::new(answer, dictated);
    for (at, reading) in readings.all().iter().enumerate() {
        let note = if reading.note.is_empty() { String::new() } else { format!(" ({})", reading.note) };
        writeln!(output, "{}: {}{note}", at + 1, reading.line.replace('\n', "⏎"))?;
    }
    loop {
        write!(output, "Number of the reading, or Enter to leave the line as it is: ")?;
        output.flush()?;
        let mut said = String::new();
        if input.read_line(&mut said)? == 0 {
            writeln!(output)?;
            return Ok(Picked::Cancelled);
        }
        let said = said.trim();
        if said.is_empty() {
            return Ok(Picked::Cancelled);
        }
        let chosen = said.parse::<usize>().ok().and_then(|number| readings.all().get(number.checked_sub(1)?));
        match chosen {
            Some(reading) => return Ok(taken(answer, dictated, &reading.line)),
            None => writeln!(output, "There is no reading {said}; there are {}.", readings.all().len())?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readings::tests::answer;

    fn run(said: &str) -> (Picked, String) {
        let mut output = Vec::new();
        let answer = answer(&["git status -s", "git status -S"]);
        let picked = pick_plainly("git status dash s", &answer, &mut said.as_bytes(), &mut output).unwrap();
        (picked, String::from_utf8(output).unwrap())
    }

    #[test]
    fn a_number_takes_a_reading_and_nothing_leaves_the_line() {
        let (picked, printed) = run("2\n");
        let Picked::Taken(taken) = picked else { panic!("{printed}") };
        assert_eq!(taken.buffer, "git status -S");
        assert!(
            printed.starts_with("1: git status -s (likely, 64 %)\n2: git status -S (2 of 2)\n3: "),
            "{printed}"
        );
        assert!(!printed.contains('\u{1b}'));
        for left in ["", "\n", "3\n"] {
            assert_eq!(run(left).0, Picked::Cancelled);
        }
        let (picked, printed) = run("0\nx\n9\n1\n");
        assert!(matches!(picked, Picked::Taken(_)));
        assert_eq!(printed.matches("There is no reading").count(), 3);
    }
}
