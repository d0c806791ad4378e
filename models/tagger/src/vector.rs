//! Which word vector each token has: what is known about English from texts that hold no commands.

use super::shape::VECTORS;
use sayso_speech::english;
use sayso_speech::lattice::Lattice;

/// The row of each token's word vector, of the table with [`VECTORS`] rows; `None` for what is no common English word.
pub fn vectors(lattice: &Lattice) -> Vec<Option<u32>> {
    (0..lattice.len()).map(|token| row(lattice.line.lower(token))).collect()
}

/// The row of a word in lower case.
fn row(word: &str) -> Option<u32> {
    english::position(word).filter(|at| *at < VECTORS).map(|at| at as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sayso_speech::clean::clean;
    use sayso_speech::lex::lex;
    use sayso_speech::words::UserWords;

    #[test]
    fn every_common_word_has_a_row() {
        assert_eq!(english::words().count(), VECTORS);
        let lattice = lex(clean("Delete grep aardvark"), &UserWords::default(), None);
        let found = vectors(&lattice);
        assert_eq!(found.len(), 3);
        assert_eq!(english::words().nth(found[0].unwrap() as usize), Some("delete"));
        assert_eq!(found[1..], [None, Some(0)]);
    }
}
