//! The vocabulary of a model by what its tokens write, sorted: the tokens that may come next are found by walking it
//! beside the paths of a lattice, at a cost that grows with what the lattice allows and not with the vocabulary.

use crate::tokenizer::Tokenizer;
use sayso_speech::lattice::constraint::{Constraint, MASK, States};
use std::ops::Range;

/// What the tokens write. A token that writes nothing, or that is not text, such as one of a chat template, is not in it.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    /// What they write, one behind the other, in order.
    bytes: Vec<u8>,
    /// Where each begins in `bytes`; one more than there are.
    begins: Vec<u32>,
    /// The token of each.
    tokens: Vec<u32>,
    /// The place in this order of each token; [`NOWHERE`] of one that is not in it.
    places: Vec<u32>,
    /// The tokens of digits and nothing else, by how many they are.
    numbers: Vec<Vec<u32>>,
}

const NOWHERE: u32 = u32::MAX;

impl Vocabulary {
    /// Of a tokenizer.
    pub(crate) fn new(tokenizer: &Tokenizer) -> Vocabulary {
        let size = tokenizer.rows();
        // One buffer, not one for each token: what a heap has been cut into for them it does not give back.
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

    /// What it takes of memory, in bytes.
    pub(crate) fn memory(&self) -> usize {
        let numbers = self.begins.capacity() + self.tokens.capacity() + self.places.capacity();
        self.bytes.capacity() + numbers * size_of::<u32>()
    }

    /// What a token writes; nothing where it is no text.
    pub(crate) fn written(&self, token: u32) -> &[u8] {
        match self.places.get(token as usize) {
            Some(&place) if place != NOWHERE => self.at(place as usize),
            _ => &[],
        }
    }

    /// Whether a token is what is left of digits where they are masked.
    pub(crate) fn is_masked(&self, token: u32) -> bool {
        let written = self.written(token);
        !written.is_empty() && written.iter().all(|byte| *byte == MASK)
    }

    /// The tokens that a model may mean by one that is allowed: of digits, which are masked, all that are as many.
    pub(crate) fn meant<'v>(&'v self, token: &'v u32) -> &'v [u32] {
        match self.is_masked(*token) {
            true => self.numbers.get(self.written(*token).len()).map_or(&[], Vec::as_slice),
            false => std::slice::from_ref(token),
        }
    }

    /// The tokens that write on from `states` along some path.
    pub(crate) fn allowed(&self, constraint: &Constraint<'_>, states: &States, found: &mut Vec<u32>) {
        found.clear();
        self.walk(constraint, states, 0, 0..self.tokens.len(), found);
    }

    /// All of `range` begin with the same `depth` bytes, which lead to `states`.
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

    /// How many of `range` come before the first one that is not so.
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
