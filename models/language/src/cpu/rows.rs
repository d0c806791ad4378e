//! The right-hand sides of matrix products: a few rows of numbers, plain and quantised to 8 bits.

use super::math::magnitude;
use super::pool::Pool;

/// Rows in all the forms that products need.
pub(super) struct Rows {
    /// (rows, columns)
    numbers: Vec<f32>,
    /// The same rows, quantised for each group size that the weights have.
    codes: Vec<Codes>,
    count: usize,
    columns: usize,
    quant_terms: usize,
}

/// Maximum number of rows of codes whose sum stands for a row of numbers. Hand-chosen, 2026-11-28.
pub(super) const MAX_QUANT_TERMS: usize = 2;

impl Rows {
    /// Allocates room for `rows` rows, and for codes in groups of each of the sizes.
    pub(super) fn with_room(rows: usize, columns: usize, groups: &[usize]) -> Rows {
        let codes =
            groups.iter().map(|group| Codes::with_room(MAX_QUANT_TERMS * rows, columns, *group)).collect();
        Rows { numbers: vec![0.0; rows * columns], codes, count: 0, columns, quant_terms: 1 }
    }

    /// Size in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.numbers) + self.codes.iter().map(Codes::bytes).sum::<usize>()
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// (rows, columns)
    pub(super) fn numbers(&self) -> &[f32] {
        &self.numbers[..self.count * self.columns]
    }

    /// Number of rows of codes for each row.
    pub(super) fn quant_terms(&self) -> usize {
        self.quant_terms
    }

    /// The rows quantised in groups of this size; `None` if the weights have no such groups.
    pub(super) fn codes(&self, group: usize) -> Option<&Codes> {
        self.codes.iter().find(|codes| codes.group == group)
    }

    /// Writes rows of `columns` columns, one for each of the `count` items, and quantises them in
    /// groups of each size in `groups`. Each row becomes the sum of `quant_terms` rows of codes.
    pub(super) fn fill<T: Send>(
        &mut self,
        [count, columns, quant_terms]: [usize; 3],
        groups: impl Iterator<Item = usize>,
        pool: &mut Pool,
        items: impl Iterator<Item = T> + Send,
        write: impl Fn(usize, T, &mut [f32]) + Sync,
    ) {
        (self.count, self.columns, self.quant_terms) = (count, columns, quant_terms);
        let wanted = groups.fold(0u32, |wanted, group| {
            let index = self.codes.iter().position(|codes| codes.group == group);
            wanted | index.map_or(0, |index| 1 << index)
        });
        let rows = items.zip(self.numbers.chunks_exact_mut(columns)).enumerate();
        let first = wanted.trailing_zeros() as usize;
        let Some(codes) = self.codes.get_mut(first) else {
            return pool.each_of_many(count, rows, |(row, (item, numbers))| {
                pulp::Arch::new().dispatch(
                    #[inline(always)]
                    || write(row, item, numbers),
                );
            });
        };
        // Each row is quantised while it is in the nearest cache.
        let group = codes.group;
        pool.each_of_many(
            count,
            rows.zip(codes.rows_mut(quant_terms, columns)),
            |((row, (item, numbers)), codes)| {
                pulp::Arch::new().dispatch(
                    #[inline(always)]
                    || {
                        write(row, item, numbers);
                        quantise(numbers, group, codes.0, codes.1);
                    },
                );
            },
        );
        // Only few layers have matrices with groups of several sizes.
        for (index, codes) in self.codes.iter_mut().enumerate().skip(first + 1) {
            if wanted & 1 << index == 0 {
                continue;
            }
            let group = codes.group;
            let rows =
                codes.rows_mut(quant_terms, columns).zip(self.numbers.chunks_exact(columns)).take(count);
            pool.each_of_many(count, rows, |((words, scales), row)| {
                pulp::Arch::new().dispatch(
                    #[inline(always)]
                    || quantise(row, group, words, scales),
                );
            });
        }
    }
}

/// Four neighbouring 8-bit codes of a row, the first one in the lowest byte.
type Word = i32;

/// Rows quantised to 8 bits, with one scale per group of columns. A single large value, which
/// language models do have, then costs precision only in its own group.
#[derive(Debug)]
pub(super) struct Codes {
    /// Columns per group.
    pub(super) group: usize,
    /// (rows, columns / 4)
    words: Vec<Word>,
    /// (rows, columns / group): the scale, and the sum of the group's numbers as the codes
    /// represent them.
    scales: Vec<[f32; 2]>,
}

/// One row of [`Codes`].
#[derive(Debug, Clone, Copy)]
pub(super) struct CodeRow<'a> {
    pub(super) words: &'a [Word],
    pub(super) scales: &'a [[f32; 2]],
}

impl Codes {
    /// Allocates room for `rows` rows.
    pub(super) fn with_room(rows: usize, columns: usize, group: usize) -> Codes {
        Codes { group, words: vec![0; rows * columns / 4], scales: vec![[0.0; 2]; rows * columns / group] }
    }

    /// Size in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.words) + size_of_val(&*self.scales)
    }

    /// Row `row`, if each row has `columns` columns.
    #[inline(always)]
    pub(super) fn row(&self, row: usize, columns: usize) -> CodeRow<'_> {
        let (words, groups) = (columns / 4, columns / self.group);
        CodeRow { words: &self.words[row * words..][..words], scales: &self.scales[row * groups..][..groups] }
    }

    /// The places for `terms` rows of codes per row of `columns` numbers, for [`quantise`] to
    /// write.
    pub(super) fn rows_mut(
        &mut self,
        terms: usize,
        columns: usize,
    ) -> impl Iterator<Item = (&mut [Word], &mut [[f32; 2]])> {
        let scales = self.scales.chunks_exact_mut(terms * columns / self.group);
        self.words.chunks_exact_mut(terms * columns / 4).zip(scales)
    }
}

/// Quantises one row, as the sum of as many rows of codes as `words` and `scales` have room for.
/// Each row of codes represents what the ones before leave over.
#[inline(always)]
pub(super) fn quantise(row: &[f32], group: usize, words: &mut [Word], scales: &mut [[f32; 2]]) {
    let (words_of_row, groups) = (row.len() / 4, row.len() / group);
    let terms = scales.len() / groups;
    for (at, row) in row.chunks_exact(group).enumerate() {
        let of_term = |term: usize| term * words_of_row + at * group / 4;
        scales[at] = quantise_group(row, &mut words[of_term(0)..][..group / 4]);
        if terms == 1 {
            continue;
        }
        let mut rest = [0.0; 128];
        let rest = &mut rest[..group];
        rest.copy_from_slice(row);
        for term in 1..terms {
            leave(rest, &words[of_term(term - 1)..][..group / 4], scales[(term - 1) * groups + at][0]);
            scales[term * groups + at] = quantise_group(rest, &mut words[of_term(term)..][..group / 4]);
        }
    }
}

/// Quantises one group. Returns the scale, and the sum of the numbers that the codes represent.
#[inline(always)]
fn quantise_group(group: &[f32], words: &mut [Word]) -> [f32; 2] {
    let largest = magnitude(group);
    // If the numbers are too small for the inverse of their scale, all codes are 0.
    let inverse = if largest > 1e-30 { 127.0 / largest } else { 0.0 };
    let step = largest / 127.0;
    let mut sums = [0i32; 16];
    for (group, words) in group.as_chunks::<16>().0.iter().zip(words.as_chunks_mut::<4>().0) {
        let mut codes = [0u8; 16];
        for ((code, sum), value) in codes.iter_mut().zip(&mut sums).zip(group) {
            // Adding 1.5 · 2²³ leaves the nearest integer in the lowest bits, in every vector unit.
            let nearest = (value * inverse + 12_582_912.0).to_bits();
            *code = nearest as u8;
            *sum += i32::from(nearest as i8);
        }
        for (word, codes) in words.iter_mut().zip(codes.as_chunks().0) {
            *word = i32::from_le_bytes(*codes);
        }
    }
    [step, step * sums.iter().sum::<i32>() as f32]
}

/// Subtracts the numbers that its codes represent from a group.
#[inline(always)]
fn leave(group: &mut [f32], words: &[Word], step: f32) {
    for (group, word) in group.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        for (value, code) in group.iter_mut().zip(word.to_le_bytes()) {
            *value -= step * f32::from(code as i8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_number_is_half_a_step_away(row in prop::collection::vec(-1e3f32..1e3, 128), group in prop::sample::select(vec![32, 64, 128])) {
            let mut codes = Codes::with_room(1, 128, group);
            codes.rows_mut(1, 128).for_each(|(words, scales)| quantise(&row, group, words, scales));
            let CodeRow { words, scales } = codes.row(0, 128);
            let mut sums = vec![0.0; scales.len()];
            for (at, value) in row.iter().enumerate() {
                let [step, _] = scales[at / group];
                let code = words[at / 4].to_le_bytes()[at % 4] as i8;
                prop_assert!((f32::from(code) * step - value).abs() <= step * 0.501, "{value}: {code} · {step}");
                sums[at / group] += f32::from(code) * step;
            }
            for (sum, [step, expected]) in sums.iter().zip(scales) {
                prop_assert!((sum - expected).abs() <= *step);
            }
        }
    }

    #[test]
    fn a_second_term_takes_what_the_first_leaves() {
        let row: Vec<f32> = (0..64).map(|n| (n as f32 * 0.37).sin()).collect();
        let mut codes = Codes::with_room(2, 64, 64);
        codes.rows_mut(2, 64).for_each(|(words, scales)| quantise(&row, 64, words, scales));
        for (at, value) in row.iter().enumerate() {
            let terms = [0, 1].map(|term| {
                let CodeRow { words, scales } = codes.row(term, 64);
                f32::from(words[at / 4].to_le_bytes()[at % 4] as i8) * scales[0][0]
            });
            assert!((terms[0] + terms[1] - value).abs() < 2e-5, "{terms:?}, not {value}");
        }
    }

    #[test]
    fn zeros_stay_zeros() {
        let mut codes = Codes::with_room(1, 32, 32);
        codes.rows_mut(1, 32).for_each(|(words, scales)| quantise(&[0.0; 32], 32, words, scales));
        assert!(codes.row(0, 32).words.iter().all(|word| *word == 0));
        assert_eq!(codes.row(0, 32).scales, [[0.0; 2]]);
    }
}
