//! The vocabulary of a model, sorted by the bytes that its tokens write. The tokens that may come
//! next are found by walking it in step with the paths of a lattice. The cost grows with what the
//! lattice allows, not with the size of the vocabulary.

use crate::tokenizer::Tokenizer;
use sayso_speech::lattice::constraint::{Constraint, MASK, States};
use std::ops::Range;

/// The bytes that the tokens write. Tokens that write nothing, and tokens that are not text, such
/// as those of a chat template, are left out.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    /// The bytes of all tokens, one after the other, in sorted order.
    bytes: Vec<u8>,
    /// Where the bytes of each token begin in `bytes`, and at the end the length of `bytes`.
    begins: Vec<u32>,
    /// The token at each place.
    tokens: Vec<u32>,
    /// The place of each token in the sorted order; [`NOWHERE`] if it is left out.
    places: Vec<u32>,
    /// The tokens that consist of digits only, by the number of digits.
    numbers: Vec<Vec<u32>>,
}

const NOWHERE: u32 = u32::MAX;

/// Tokens are tried one by one if they are at most this much less likely than the likeliest, in nats, and the first so many
/// of them. Hand-chosen, 2026-11-30.
const NEAR: f32 = 8.0;
const MOST_TRIED: usize = 48;

impl Vocabulary {
    /// The vocabulary of a tokenizer.
    pub(crate) fn new(tokenizer: &Tokenizer) -> Vocabulary {
        let size = tokenizer.rows();
        // One buffer instead of one per token, because the allocator would not give back the memory
        // of so many small ones.
        let (mut all, mut written) = (Vec::new(), Vec::new());
        for token in 0..size as u32 {
            let begin = all.len();
            all.extend(tokenizer.bytes(token).unwrap_or_default());
            if all.len() > begin {
                written.push((begin as u32, all.len() as u32, token));
            }
        }
        let bytes = |(begin, end, _): &(u32, u32, u32)| &all[*begin as usize..*end as usize];
        written.sort_unstable_by(|a, b| bytes(a).cmp(bytes(b)).then(a.2.cmp(&b.2)));
        let mut vocabulary = Vocabulary {
            bytes: Vec::with_capacity(all.len()),
            begins: Vec::with_capacity(written.len() + 1),
            tokens: Vec::with_capacity(written.len()),
            places: vec![NOWHERE; size],
            numbers: Vec::new(),
        };
        vocabulary.begins.push(0);
        for (place, entry) in written.iter().enumerate() {
            let (bytes, token) = (bytes(entry), entry.2);
            if bytes.iter().all(u8::is_ascii_digit) {
                let lengths = vocabulary.numbers.len().max(bytes.len() + 1);
                vocabulary.numbers.resize_with(lengths, Vec::new);
                vocabulary.numbers[bytes.len()].push(token);
            }
            vocabulary.bytes.extend_from_slice(bytes);
            vocabulary.begins.push(vocabulary.bytes.len() as u32);
            vocabulary.tokens.push(token);
            vocabulary.places[token as usize] = place as u32;
        }
        vocabulary
    }

    /// How much memory it takes, in bytes.
    pub(crate) fn memory(&self) -> usize {
        let numbers = self.begins.capacity() + self.tokens.capacity() + self.places.capacity();
        self.bytes.capacity() + numbers * size_of::<u32>()
    }

    /// The bytes that a token writes; none if it is not text.
    pub(crate) fn written(&self, token: u32) -> &[u8] {
        match self.places.get(token as usize) {
            Some(&place) if place != NOWHERE => self.at(place as usize),
            _ => &[],
        }
    }

    /// Whether a token consists of masked digits only.
    pub(crate) fn is_masked(&self, token: u32) -> bool {
        let written = self.written(token);
        !written.is_empty() && written.iter().all(|byte| *byte == MASK)
    }

    /// The tokens that a model may choose for an allowed one: for masked digits, all tokens with as
    /// many digits.
    pub(crate) fn meant<'v>(&'v self, token: &'v u32) -> &'v [u32] {
        match self.is_masked(*token) {
            true => self.numbers.get(self.written(*token).len()).map_or(&[], Vec::as_slice),
            false => std::slice::from_ref(token),
        }
    }

    /// The likeliest of the tokens that continue some path from `states`, unless all are less likely than `least`. Of
    /// equally likely tokens, the first one in sorted order.
    pub(crate) fn choose(
        &self,
        constraint: &Constraint<'_>,
        states: &States,
        logits: &[f32],
        least: Option<f32>,
    ) -> Option<u32> {
        // One of the likeliest tokens nearly always continues some path.
        let least = least.unwrap_or(f32::MIN);
        let bound = least.max(logits.iter().copied().fold(f32::MIN, f32::max) - NEAR);
        let near = logits.iter().enumerate().filter(|(_, logit)| **logit >= bound);
        let mut near: Vec<(f32, u32)> = near
            .filter_map(|(token, logit)| {
                let place = self.places.get(token).copied().filter(|place| *place != NOWHERE)?;
                let is_number = self.at(place as usize).iter().all(u8::is_ascii_digit);
                Some((*logit, if is_number { self.masked(self.at(place as usize).len())? } else { place }))
            })
            .collect();
        near.sort_unstable_by(|(a, place), (b, other)| b.total_cmp(a).then(place.cmp(other)));
        let is_all = least >= bound && near.len() <= MOST_TRIED;
        let is_allowed = |place: u32| !constraint.after(states, self.at(place as usize)).is_empty();
        if let Some((_, place)) = near.into_iter().take(MOST_TRIED).find(|(_, place)| is_allowed(*place)) {
            return Some(self.tokens[place as usize]);
        }
        match is_all {
            true => None,
            false => self.choose_of_all(constraint, states, logits, least),
        }
    }

    /// As [`Vocabulary::choose`], for which it finds all tokens that continue some path.
    fn choose_of_all(
        &self,
        constraint: &Constraint<'_>,
        states: &States,
        logits: &[f32],
        least: f32,
    ) -> Option<u32> {
        let mut allowed = Vec::new();
        self.allowed(constraint, states, &mut allowed);
        let logit = |token: &u32| {
            let meant = self.meant(token).iter().map(|meant| logits[*meant as usize]);
            meant.fold(f32::MIN, f32::max)
        };
        let best = allowed.iter().rev().max_by(|a, b| logit(a).total_cmp(&logit(b)));
        best.copied().filter(|best| logit(best) >= least)
    }

    /// The place of the first token that consists of so many masked digits.
    fn masked(&self, count: usize) -> Option<u32> {
        let mut numbers = self.numbers.get(count)?.iter();
        numbers.find(|token| self.is_masked(**token)).map(|token| self.places[*token as usize])
    }

    /// Finds the tokens that continue some path from `states`.
    fn allowed(&self, constraint: &Constraint<'_>, states: &States, found: &mut Vec<u32>) {
        found.clear();
        self.walk(constraint, states, 0, 0..self.tokens.len(), found);
    }

    /// Walks `range`, whose tokens all begin with the same `depth` bytes, which lead to `states`.
    fn walk(
        &self,
        constraint: &Constraint<'_>,
        states: &States,
        depth: usize,
        mut range: Range<usize>,
        found: &mut Vec<u32>,
    ) {
        while depth > 0 && range.start < range.end && self.at(range.start).len() == depth {
            found.push(self.tokens[range.start]);
            range.start += 1;
        }
        if range.is_empty() {
            return;
        }
        for (byte, states) in constraint.next(states) {
            let from = range.start + self.before(range.clone(), |bytes| bytes[depth] < byte);
            let to = from + self.before(from..range.end, |bytes| bytes[depth] == byte);
            if from < to {
                self.walk(constraint, &states, depth + 1, from..to, found);
            }
            range.start = to;
        }
    }

    fn at(&self, place: usize) -> &[u8] {
        &self.bytes[self.begins[place] as usize..self.begins[place + 1] as usize]
    }

    /// How many tokens of `range` come before the first one for which `so` is false.
    fn before(&self, range: Range<usize>, so: impl Fn(&[u8]) -> bool) -> usize {
        let (mut low, mut high) = (range.start, range.end);
        while low < high {
            let middle = low.midpoint(high);
            match so(self.at(middle)) {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low - range.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use fastrand::Rng;
    use sayso_speech::clean::clean;
    use sayso_speech::lex::lex;
    use sayso_speech::words::UserWords;
    use std::path::Path;

    #[test]
    fn the_choice_is_the_best_of_all_that_continue_a_path() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../weights/small");
        let checkpoint = Checkpoint::open(&*folder).unwrap();
        let tokenizer = Tokenizer::open(&*folder, checkpoint.config()).unwrap();
        let vocabulary = Vocabulary::new(&tokenizer);
        let mut random = Rng::with_seed(11);
        let (mut chosen, mut none) = (0, 0);
        for line in ["git commit dash m quote fix quote", "head dash n 20 file 7 dot txt", "okay um so ls"] {
            let lattice = lex(clean(line), &UserWords::default(), None);
            let constraint = Constraint::new(&lattice, true);
            for _ in 0..80 {
                let mut states = constraint.start();
                while !constraint.next(&states).is_empty() {
                    // From nearly flat to a few likely tokens.
                    let height = random.f32() * 30.0;
                    let logits: Vec<f32> =
                        (0..tokenizer.rows()).map(|_| random.f32().powi(40) * height).collect();
                    let least = random.bool().then(|| random.f32() * height * 0.6);
                    let choice = vocabulary.choose(&constraint, &states, &logits, least);
                    let all =
                        vocabulary.choose_of_all(&constraint, &states, &logits, least.unwrap_or(f32::MIN));
                    assert_eq!(choice, all, "{line}");
                    match choice {
                        Some(token) => states = constraint.after(&states, vocabulary.written(token)),
                        None => break,
                    }
                    chosen += 1;
                }
                none += usize::from(!constraint.next(&states).is_empty());
            }
        }
        assert!(chosen > 200 && none > 20, "{chosen} chosen, {none} times none");
    }
}
