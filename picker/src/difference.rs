//! Finds the words of a reading that another one lacks.

/// The words and white space of `line`, in order, and whether each word has no partner in `other`. The words of the
/// longest common subsequence have partners.
pub(crate) fn parts<'a>(line: &'a str, other: &str) -> Vec<(&'a str, bool)> {
    let ours = words(line);
    let theirs: Vec<&str> = other.split_whitespace().collect();
    // Longer lines are compared only from both ends, because nobody reads them word by word.
    const MAX_WORDS: usize = 200;
    let is_common = if ours.len() > MAX_WORDS || theirs.len() > MAX_WORDS {
        let head = ours.iter().zip(&theirs).take_while(|((_, a), b)| a == *b).count();
        (0..ours.len()).map(|at| at < head).collect()
    } else {
        common(&ours.iter().map(|(_, word)| *word).collect::<Vec<_>>(), &theirs)
    };
    let mut parts = Vec::new();
    let mut end = 0;
    for ((start, word), is_common) in ours.into_iter().zip(is_common) {
        if end < start {
            parts.push((&line[end..start], false));
        }
        parts.push((word, !is_common));
        end = start + word.len();
    }
    if end < line.len() {
        parts.push((&line[end..], false));
    }
    parts
}

/// The words of a line, and the byte at which each begins.
fn words(line: &str) -> Vec<(usize, &str)> {
    let start = |word: &str| word.as_ptr() as usize - line.as_ptr() as usize;
    line.split_whitespace().map(|word| (start(word), word)).collect()
}

/// For each of our words whether it belongs to the longest common subsequence.
fn common(ours: &[&str], theirs: &[&str]) -> Vec<bool> {
    // (our words left, their words left) → length of their longest common subsequence.
    let mut lengths = vec![vec![0_usize; theirs.len() + 1]; ours.len() + 1];
    for a in (0..ours.len()).rev() {
        for b in (0..theirs.len()).rev() {
            lengths[a][b] = match ours[a] == theirs[b] {
                true => 1 + lengths[a + 1][b + 1],
                false => lengths[a + 1][b].max(lengths[a][b + 1]),
            };
        }
    }
    let mut is_common = vec![false; ours.len()];
    let (mut a, mut b) = (0, 0);
    while a < ours.len() && b < theirs.len() {
        if ours[a] == theirs[b] {
            is_common[a] = true;
            (a, b) = (a + 1, b + 1);
        } else if lengths[a + 1][b] >= lengths[a][b + 1] {
            a += 1;
        } else {
            b += 1;
        }
    }
    is_common
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, other: &str, marked: &str) {
        let parts = parts(line, other);
        assert_eq!(parts.iter().map(|(text, _)| *text).collect::<String>(), line);
        let found: Vec<&str> = parts.iter().filter(|(_, is_new)| *is_new).map(|(text, _)| *text).collect();
        assert_eq!(found.join(" "), marked, "{line:?} against {other:?}");
    }

    #[test]
    fn words_without_a_partner_are_marked() {
        check("git status -s", "git status -S", "-s");
        check("git status - s", "git status -s", "- s");
        check("git  push origin", "git push", "origin");
        check("git push", "git push origin", "");
        check("a b c a", "a c b a", "b");
        check("", "x", "");
        check("  x ", "y", "x");
        let long = "w ".repeat(300);
        check(&format!("{long}x"), &format!("{long}y"), "x");
    }
}
