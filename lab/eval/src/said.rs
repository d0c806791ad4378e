//! Whether an answer holds a word or a number that was not dictated.

use sayso_speech::lattice::Lattice;

/// Runs of letters, and runs of digits, are looked up each for itself. Signs are not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Sign,
}

impl Class {
    fn of(c: char) -> Class {
        match c {
            _ if c.is_numeric() => Class::Digit,
            _ if c.is_alphabetic() => Class::Letter,
            _ => Class::Sign,
        }
    }
}

/// The words and numbers of an answer that were not dictated, in order: those that neither stand in the dictation nor are
/// written by readings of the lattice that follow one another. Upper and lower case count as the same.
///
/// A path of the lattice never has one, because each of its words and numbers is what some of its readings write. The
/// reverse does not hold: an answer may repeat, drop or swap words that were dictated.
pub(crate) fn not_said(lattice: &Lattice, dictated: &str, answer: &str) -> Vec<String> {
    let dictated = runs(&dictated.to_lowercase());
    let texts: Vec<Vec<(usize, Vec<char>)>> = (0..lattice.len())
        .map(|token| {
            let readings = lattice.arcs_from(token).1.iter();
            readings.map(|reading| (reading.tokens.end, lower(&reading.text))).collect()
        })
        .collect();
    let mut runs = runs(&answer.to_lowercase());
    runs.retain(|run| !dictated.contains(run) && !is_written(&texts, &run.chars().collect::<Vec<_>>()));
    runs
}

fn lower(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// The words and numbers of a text.
fn runs(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let runs = chars.chunk_by(|a, b| Class::of(*a) == Class::of(*b));
    runs.filter(|run| Class::of(run[0]) != Class::Sign).map(|run| run.iter().collect()).collect()
}

/// Whether readings that follow one another write the run, and neither the letter before it nor the one behind it, within
/// the same readings, is of its class. `texts` has for each token the readings that begin there: the token behind each,
/// and what it writes.
fn is_written(texts: &[Vec<(usize, Vec<char>)>], run: &[char]) -> bool {
    let class = Class::of(run[0]);
    let borders = |text: &[char], at: usize| text.get(at).is_none_or(|c| Class::of(*c) != class);
    // Token → how much of the run may be written where a reading begins, without nothing at all.
    let mut begun: Vec<Vec<usize>> = vec![Vec::new(); texts.len() + 1];
    for token in 0..texts.len() {
        let mut continued = std::mem::take(&mut begun[token]);
        continued.sort_unstable();
        continued.dedup();
        for (end, text) in &texts[token] {
            let starts = (0..text.len()).filter(|&at| at == 0 || borders(text, at - 1)).map(|at| (at, 0));
            let goes_on = continued.iter().map(|&written| (0, written));
            for (at, written) in starts.chain(goes_on) {
                let left = &run[written..];
                let same = text[at..].iter().zip(left).take_while(|(a, b)| a == b).count();
                if same == left.len() && borders(text, at + same) {
                    return true;
                }
                if at + same == text.len() && same < left.len() && written + same > 0 {
                    begun[*end].push(written + same);
                }
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use sayso_speech::clean::clean;
    use sayso_speech::lex::lex;
    use sayso_speech::phonetic::widen;
    use sayso_speech::words::UserWords;

    #[test]
    fn words_and_numbers_that_were_not_dictated() {
        let check = |dictated: &str, answer: &str, expected: &[&str]| {
            let words = UserWords::default();
            let lattice = widen(lex(clean(dictated), &words, None), &words);
            assert_eq!(not_said(&lattice, dictated, answer), expected, "{answer:?} for {dictated:?}");
        };
        check("git commit dash m quote fix quote", "git commit -m \"fix\"", &[]);
        check("git commit dash m quote fix quote", "git commit -m \"fixes\" --all", &["fixes", "all"]);
        check("get commit dash m", "git commit -M", &[]);
        check("tail dash n fifty log", "tail -n 50 log", &[]);
        check("tail dash n fifty log", "tail -n 5 log", &["5"]);
        check("tail dash n fifty log", "tail -n 500 log", &["500"]);
        check("port eighty eighty", "port 8080", &[]);
        check("port eighty eighty", "port 808080", &["808080"]);
        // Words that are written as one, in a case that was said or not.
        check("camel case get user name", "getUserName", &[]);
        check("git hub dot com", "github.com", &[]);
        check("cat read me dot md", "cat category", &["category"]);
        check("", "ls 1", &["ls", "1"]);
        check("ls", "", &[]);
    }
}
