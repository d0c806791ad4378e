//! Guesses how a text goes on, from another one that it may be much like: where they are the same, many tokens are read in
//! one pass instead of one by one, and what comes out is the same (LLMA, Yang et al., 2023; speculative decoding,
//! Leviathan et al., 2023).

use crate::context::MAX_GUESS;

/// A text that another one is compared with while it is written.
#[derive(Debug)]
pub(super) struct Guess {
    tokens: Vec<u32>,
    /// How many of its tokens are behind.
    at: usize,
    /// Whether both agree in the token before that.
    agrees: bool,
    /// How many tokens to guess: one more for each that was right.
    most: usize,
}

/// Tokens that are guessed at first. Hand-chosen, 2026-11-30.
const FIRST: usize = 4;

impl Guess {
    /// A guess of these tokens.
    pub(super) fn new(tokens: Vec<u32>) -> Guess {
        Guess { tokens, at: 0, agrees: true, most: FIRST }
    }

    /// The tokens that may come next.
    pub(super) fn next(&self) -> &[u32] {
        let rest = &self.tokens[self.at..];
        match self.agrees {
            true => &rest[..rest.len().min(self.most)],
            false => &[],
        }
    }

    /// Takes note of a token that was written. After one that is not the guessed one, both agree again from the next
    /// place on where the guess has the same.
    pub(super) fn follow(&mut self, token: u32) {
        let place = self.tokens[self.at..].iter().position(|guessed| *guessed == token);
        self.most = match place {
            Some(0) => (self.most + 1).min(MAX_GUESS),
            _ => FIRST,
        };
        self.agrees = place.is_some();
        self.at += place.map_or(0, |place| place + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_where_both_are_the_same_again() {
        let mut guess = Guess::new((10..30).collect());
        assert_eq!(guess.next(), [10, 11, 12, 13]);
        guess.follow(10);
        assert_eq!(guess.next(), [11, 12, 13, 14, 15]);
        guess.follow(99);
        assert!(guess.next().is_empty());
        guess.follow(14);
        assert_eq!(guess.next(), [15, 16, 17, 18]);
        (15..29).for_each(|token| guess.follow(token));
        assert_eq!(guess.next(), [29]);
        guess.follow(29);
        assert!(guess.next().is_empty());
        guess.follow(30);
        assert!(guess.next().is_empty());
    }
}
