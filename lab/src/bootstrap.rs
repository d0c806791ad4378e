//! How sure a difference between two routes is: the paired bootstrap over the same cases.

/// Resamples drawn; the ends of the interval then move by about a hundredth of its width between seeds.
const RESAMPLES: usize = 10_000;
/// Any fixed number: the same cases give the same interval.
const SEED: u64 = 0x5A15_0001;

/// A difference of means and its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The mean of the differences.
    pub mean: f64,
    /// The 2.5th percentile of the resampled means.
    pub low: f64,
    /// The 97.5th percentile of the resampled means.
    pub high: f64,
}

/// The mean of per-case differences and its interval. Cases are resampled whole: both routes see the same ones.
pub fn interval(differences: &[f64]) -> Interval {
    let cases = differences.len();
    if cases == 0 {
        return Interval { mean: 0.0, low: 0.0, high: 0.0 };
    }
    let mut state = SEED;
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let sum: f64 = (0..cases).map(|_| differences[below(&mut state, cases)]).sum();
            sum / cases as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    Interval {
        mean: differences.iter().sum::<f64>() / cases as f64,
        low: means[RESAMPLES / 40],
        high: means[RESAMPLES - 1 - RESAMPLES / 40],
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014), scaled to `0..bound`: enough for resampling, and the same everywhere.
fn below(state: &mut u64, bound: usize) -> usize {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    ((u128::from(z) * bound as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interval_of_known_differences() {
        let check = |differences: &[f64], mean: f64, low: f64, high: f64| {
            let found = interval(differences);
            assert!((found.mean - mean).abs() < 1e-9, "{found:?}");
            // The normal approximation is within a fifth of a point at these sizes.
            assert!((found.low - low).abs() < 0.02 && (found.high - high).abs() < 0.02, "{found:?}");
        };
        check(&[], 0.0, 0.0, 0.0);
        check(&[1.0; 50], 1.0, 1.0, 1.0);
        // 400 coin flips: standard error 0.5 / √400 = 0.025, so 0.5 ± 0.049.
        let flips: Vec<f64> = (0..400).map(|at| f64::from(at % 2)).collect();
        check(&flips, 0.5, 0.451, 0.549);
    }
}
