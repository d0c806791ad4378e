use super::*;
use crate::cpu::matrix::{Matrix, Source};
use crate::cpu::rows::quantise;
use proptest::prelude::*;

/// A random matrix and the rows that it is multiplied with.
#[derive(Debug)]
struct Case {
    matrix: Matrix,
    lines: Vec<Line>,
    /// (rows, columns)
    x: Vec<f32>,
    /// As numbers, (outputs, columns).
    weights: Vec<f32>,
}

fn write(float: Float, numbers: &[f32]) -> Vec<u8> {
    let half = |bits: fn(f32) -> u16| numbers.iter().flat_map(|number| bits(*number).to_le_bytes()).collect();
    match float {
        Float::F32 => numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
        Float::F16 => half(|number| half::f16::from_f32(number).to_bits()),
        Float::Bf16 => half(|number| half::bf16::from_f32(number).to_bits()),
    }
}

fn case(format: Format, outputs: usize, columns: usize, rows: usize, seed: u64) -> Case {
    // Not drawn by proptest, which would try to shrink each number.
    let mut random = fastrand::Rng::with_seed(seed);
    let mut random = || random.f32() * 2.0 - 1.0;
    let x = (0..rows * columns).map(|_| random() * 3.0).collect();
    let (weights, [codes, scales, biases]) = match format {
        Format::Dense(float) => {
            let bytes = write(float, &(0..outputs * columns).map(|_| random()).collect::<Vec<_>>());
            (float.read(&bytes), [bytes, vec![], vec![]])
        }
        Format::Quantised { bits, group, scale } => {
            let codes: Vec<u8> =
                (0..outputs * columns).map(|_| ((random() + 1.0) * (1 << bits) as f32 / 2.0) as u8).collect();
            let mut stream = vec![0u8; outputs * columns * bits / 8];
            for (number, code) in codes.iter().enumerate() {
                for bit in 0..bits {
                    let at = number * bits + bit;
                    stream[at / 8] |= (code >> bit & 1) << (at % 8);
                }
            }
            let mut numbers =
                || write(scale, &(0..outputs * columns / group).map(|_| random()).collect::<Vec<_>>());
            let (scales, biases) = (numbers(), numbers());
            let (s, b) = (scale.read(&scales), scale.read(&biases));
            let weights =
                codes.iter().enumerate().map(|(at, code)| s[at / group] * f32::from(*code) + b[at / group]);
            (weights.collect(), [stream, scales, biases])
        }
    };
    let source = Source { rows: outputs, columns, format, weights: &codes, scales: &scales, biases: &biases };
    let matrix = source.matrix().unwrap();
    let mut lines = vec![[0xAA; 64]; matrix.tiles() * matrix.tile_lines()];
    for (index, tile) in lines.chunks_exact_mut(matrix.tile_lines()).enumerate() {
        source.pack(index, tile);
    }
    Case { matrix, lines, x, weights }
}

impl Case {
    /// Products of all tiles, (rows, outputs), by `tile`.
    fn products(&self, tile: impl Fn(&[Line], &mut [Lanes])) -> Vec<f32> {
        let (rows, outputs) = (self.x.len() / self.matrix.columns, self.matrix.rows);
        let mut products = vec![0.0; rows * outputs];
        for (index, lines) in self.lines.chunks_exact(self.matrix.tile_lines()).enumerate() {
            let mut y = vec![[f32::NAN; LANES]; rows];
            tile(lines, &mut y);
            for (row, y) in y.iter().enumerate() {
                let count = LANES.min(outputs - index * LANES);
                products[row * outputs + index * LANES..][..count].copy_from_slice(&y[..count]);
            }
        }
        products
    }

    /// The same in double precision, with the sum of the absolute products, to which rounding
    /// errors are relative.
    fn exact(&self, x: &[f32]) -> Vec<(f64, f64)> {
        let columns = self.matrix.columns;
        let rows = x.chunks_exact(columns);
        rows.flat_map(|x| {
            self.weights.chunks_exact(columns).map(move |weights| {
                let products = weights.iter().zip(x).map(|(w, x)| f64::from(*w) * f64::from(*x));
                products.fold((0.0, 0.0), |(sum, size), product| (sum + product, size + product.abs()))
            })
        })
        .collect()
    }

    fn quantised(&self, group: usize) -> Codes {
        let columns = self.matrix.columns;
        let mut codes = Codes::with_room(self.x.len() / columns, columns, group);
        for ((words, scales), x) in codes.rows_mut(1, columns).zip(self.x.chunks_exact(columns)) {
            quantise(x, group, words, scales);
        }
        codes
    }
}

fn floats() -> impl Strategy<Value = Float> {
    prop::sample::select(vec![Float::F32, Float::F16, Float::Bf16])
}

fn formats() -> impl Strategy<Value = Format> {
    let quantised =
        (prop::sample::select(vec![2, 3, 4, 6, 8]), prop::sample::select(vec![32, 64, 128]), floats());
    prop_oneof![
        3 => quantised.prop_map(|(bits, group, scale)| Format::Quantised { bits, group, scale }),
        1 => floats().prop_map(Format::Dense),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 256 }))]

    #[test]
    fn every_processor_computes_the_same(format in formats(), outputs in 1..40usize, groups in 1..4usize, rows in 1..18usize, seed: u64) {
        let (columns, rows) = if cfg!(miri) { (128, rows % 3 + 1) } else { (groups * 128, rows) };
        let case = case(format, outputs, columns, rows, seed);
        let exact = case.exact(&case.x);
        for instructions in Instructions::here() {
            let found = case.products(|tile, y| instructions.numbers(&case.matrix, tile, &case.x, y));
            for (found, (exact, size)) in found.iter().zip(&exact) {
                let error = (f64::from(*found) - exact).abs();
                prop_assert!(error <= size * 1e-5, "{}: {found}, not {exact}", instructions.name());
            }
        }
        let Some(group) = case.matrix.group() else { return Ok(()) };
        let codes = case.quantised(group);
        let portable = case.products(|tile, y| Instructions::Portable.codes(&case.matrix, tile, &codes, y));
        for (found, (exact, size)) in portable.iter().zip(&exact) {
            // Half a step of 1/127 of a group's largest number, if every number were off by that
            // much in the same direction.
            let error = (f64::from(*found) - exact).abs();
            prop_assert!(error <= size * 0.02 + 0.1, "{found}, not {exact}");
        }
        for instructions in Instructions::here() {
            let found = case.products(|tile, y| instructions.codes(&case.matrix, tile, &codes, y));
            for ((found, portable), (_, size)) in found.iter().zip(&portable).zip(&exact) {
                let error = f64::from((found - portable).abs());
                // Scale · code and the bias are large numbers that cancel, so rounding errors are
                // relative to them.
                prop_assert!(error <= size * 1e-5 + 1e-2, "{}: {found}, not {portable}", instructions.name());
            }
        }
    }

    #[test]
    fn a_row_is_what_was_packed(format in formats(), outputs in 1..40usize, seed: u64) {
        let case = case(format, outputs, 128, 0, seed);
        for (number, expected) in case.weights.chunks_exact(128).enumerate() {
            let mut row = [f32::NAN; 128];
            case.matrix.row(&case.lines, number, &mut row);
            prop_assert_eq!(&row[..], expected);
        }
    }
}

/// The largest possible sums: 16 bits must not overflow anywhere.
#[test]
fn the_largest_codes() {
    for bits in [4, 8] {
        for sign in [1.0, -1.0] {
            let format = Format::Quantised { bits, group: 128, scale: Float::F32 };
            let (ones, zeros) = (write(Float::F32, &[1.0; 16]), write(Float::F32, &[0.0; 16]));
            let weights = vec![0xff; 16 * 128 * bits / 8];
            let source =
                Source { rows: 16, columns: 128, format, weights: &weights, scales: &ones, biases: &zeros };
            let matrix = source.matrix().unwrap();
            let mut tile = vec![[0; 64]; matrix.tile_lines()];
            source.pack(0, &mut tile);
            let mut codes = Codes::with_room(1, 128, 128);
            codes.rows_mut(1, 128).for_each(|(words, scales)| quantise(&[sign; 128], 128, words, scales));
            for instructions in Instructions::here() {
                let mut y = [[0.0; LANES]];
                instructions.codes(&matrix, &tile, &codes, &mut y);
                let expected = sign * 128.0 * ((1 << bits) - 1) as f32;
                let close = |found: &f32| (found / expected - 1.0).abs() < 1e-5;
                assert!(y[0].iter().all(close), "{}: {y:?}, not {expected}", instructions.name());
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let check = |format, columns, weights: usize, scales: usize, expected: &str| {
        let (weights, scales) = (vec![0; weights], vec![0; scales]);
        let source = Source { rows: 2, columns, format, weights: &weights, scales: &scales, biases: &scales };
        assert_eq!(source.matrix().unwrap_err().to_string(), expected);
    };
    let quantised = |bits, group| Format::Quantised { bits, group, scale: Float::F16 };
    check(quantised(5, 64), 64, 80, 4, "codes of 5 bits are not supported; 2, 3, 4, 6 and 8 bits are");
    check(
        quantised(4, 16),
        64,
        64,
        4,
        "64 columns in groups of 16 are not supported; whole groups of 32, 64 or 128 are",
    );
    check(
        quantised(4, 64),
        96,
        96,
        4,
        "96 columns in groups of 64 are not supported; whole groups of 32, 64 or 128 are",
    );
    check(quantised(4, 64), 64, 63, 4, "the codes of 2 rows and 64 columns have 63 bytes instead of 64");
    check(quantised(4, 64), 64, 64, 2, "the scales of 2 rows and 64 columns have 2 bytes instead of 4");
    check(
        Format::Dense(Float::Bf16),
        64,
        128,
        0,
        "the weights of 2 rows and 64 columns have 128 bytes instead of 256",
    );
}
