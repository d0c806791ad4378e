//! The arithmetic between the matrix products: plain loops, inlined into functions that enable the
//! processor's vector instructions.

/// eˣ for x from -87 to 88, and 0 below, with an error of at most two units in the last place. The
/// polynomial is that of Cephes' `expf`. Unlike the C library's function, it becomes vector
/// instructions.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let clamped = x.clamp(-87.0, 88.0);
    // The nearest integer power of two: adding 1.5 · 2²³ rounds, and leaves the integer in the
    // lowest bits.
    let shifted = clamped * std::f32::consts::LOG2_E + 12_582_912.0;
    let whole = shifted - 12_582_912.0;
    // ln 2 in two parts. The first has few digits, so that its product is exact.
    let rest = (clamped - whole * 0.693_359_4) - whole * -2.121_944_4e-4;
    let mut sum = 1.987_569_1e-4;
    for coefficient in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5e-1] {
        sum = sum * rest + coefficient;
    }
    let fraction = sum * rest * rest + rest + 1.0;
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    if x < -87.0 { 0.0 } else { fraction * power }
}

/// x / (1 + e⁻ˣ), the activation of Llama's feed-forward network.
#[inline(always)]
pub(super) fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// 1 / (1 + e⁻ˣ)
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// ln(1 + eˣ)
#[inline(always)]
pub(super) fn softplus(x: f32) -> f32 {
    x.max(0.0) + exp(-x.abs()).ln_1p()
}

/// Joins `value` of all of `x` in sixteen lanes side by side, because a sequential loop could not
/// become vector instructions. Trailing elements that add nothing, such as zeros in a sum, change
/// no bit of the result.
#[inline(always)]
pub fn combine(x: &[f32], start: f32, value: impl Fn(f32) -> f32, join: impl Fn(f32, f32) -> f32) -> f32 {
    let (blocks, rest) = x.as_chunks::<16>();
    let mut lanes = [start; 16];
    for block in blocks {
        for (lane, x) in lanes.iter_mut().zip(block) {
            *lane = join(*lane, value(*x));
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane = join(*lane, value(*x));
    }
    lanes.into_iter().fold(start, join)
}

/// The largest magnitude in a group, whose length is a multiple of 16. The lanes are joined in
/// halves, because in a chain each step would wait for the one before, in every group.
#[inline(always)]
pub(super) fn magnitude(group: &[f32]) -> f32 {
    let mut lanes = [0.0; 16];
    for block in group.as_chunks::<16>().0 {
        for (lane, x) in lanes.iter_mut().zip(block) {
            *lane = larger(*lane, x.abs());
        }
    }
    let mut eight = [0.0; 8];
    for (lane, (low, high)) in eight.iter_mut().zip(lanes[..8].iter().zip(&lanes[8..])) {
        *lane = larger(*low, *high);
    }
    let [a, b, c, d, e, f, g, h] = eight;
    larger(larger(larger(a, e), larger(c, g)), larger(larger(b, f), larger(d, h)))
}

/// The larger number. `f32::max` takes three instructions, because it handles NaN.
#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[inline(always)]
fn sum_of_squares(x: &[f32]) -> f32 {
    combine(x, 0.0, |x| x * x, |sum, x| sum + x)
}

/// Turns scores into weights that are positive and have the sum 1.
#[inline(always)]
pub(super) fn softmax(scores: &mut [f32]) {
    let largest = combine(scores, f32::MIN, |score| score, f32::max);
    scores.iter_mut().for_each(|score| *score = exp(*score - largest));
    let inverse = 1.0 / combine(scores, 0.0, |score| score, |sum, score| sum + score);
    scores.iter_mut().for_each(|score| *score *= inverse);
}

/// Root mean square normalisation of `x` by `weight` (Zhang and Sennrich, "Root Mean Square Layer Normalization",
/// 2019), into `out`.
#[inline(always)]
pub(super) fn rms_norm(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    let scale = 1.0 / (sum_of_squares(x) / x.len() as f32 + eps).sqrt();
    for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
        *out = x * scale * weight;
    }
}

/// The same in place, for one head.
#[inline(always)]
pub(super) fn rms_norm_head(head: &mut [f32], weight: &[f32], eps: f32) {
    let scale = 1.0 / (sum_of_squares(head) / head.len() as f32 + eps).sqrt();
    for (x, weight) in head.iter_mut().zip(weight) {
        *x *= scale * weight;
    }
}

/// Scales `x` to the length `length`, but for `eps`, which is added to the sum of its squares.
#[inline(always)]
pub(super) fn l2_norm(x: &mut [f32], eps: f32, length: f32) {
    let scale = length / (sum_of_squares(x) + eps).sqrt();
    x.iter_mut().for_each(|x| *x *= scale);
}

/// Turns the first pairs of one head, each element with the one so many behind it as there are
/// pairs, by the angles with the given cosines and sines (Su et al., "RoFormer", 2021). What is
/// behind the pairs stays.
#[inline(always)]
pub(super) fn rotate(head: &mut [f32], turns: &[[f32; 2]]) {
    let (first, second) = head.split_at_mut(turns.len());
    for ((first, second), [cos, sin]) in first.iter_mut().zip(second).zip(turns) {
        let (a, b) = (*first, *second);
        *first = a * cos - b * sin;
        *second = b * cos + a * sin;
    }
}

/// The logarithm of a sum of exponentials, to which parts can be added. The lanes are added up only
/// at the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogSum {
    /// A value near the largest part.
    reference: f32,
    /// Per lane, the sum of e to the power of each part minus the reference.
    sums: [f32; 16],
}

impl LogSum {
    /// The empty sum.
    pub(super) const EMPTY: LogSum = LogSum { reference: f32::MIN, sums: [0.0; 16] };

    /// How far parts may exceed the reference. Even with as many parts as there are tokens, sums of
    /// e³⁰ are far below the largest f32. Hand-chosen, 2026-11-23.
    const ABOVE: f32 = 30.0;

    /// Adds e to the power of each of at most 16 lanes.
    #[inline(always)]
    pub(super) fn add(&mut self, lanes: &[f32]) {
        let lanes: [f32; 16] = match lanes.first_chunk() {
            Some(lanes) => *lanes,
            None => std::array::from_fn(|lane| lanes.get(lane).copied().unwrap_or(f32::MIN)),
        };
        let limit = self.reference + LogSum::ABOVE;
        let above = lanes.iter().fold(0u32, |above, lane| above | u32::from(*lane > limit));
        if above != 0 {
            self.refer_to(combine(&lanes, f32::MIN, |lane| lane, f32::max));
        }
        for (sum, lane) in self.sums.iter_mut().zip(lanes) {
            *sum += exp(lane - self.reference);
        }
    }

    #[inline(always)]
    fn refer_to(&mut self, reference: f32) {
        let factor = exp(self.reference - reference);
        self.sums.iter_mut().for_each(|sum| *sum *= factor);
        self.reference = reference;
    }

    /// The sum of both.
    pub(super) fn merge(mut self, mut other: LogSum) -> LogSum {
        let reference = self.reference.max(other.reference);
        self.refer_to(reference);
        other.refer_to(reference);
        LogSum { reference, sums: std::array::from_fn(|lane| self.sums[lane] + other.sums[lane]) }
    }

    /// The logarithm of the sum.
    pub(super) fn value(self) -> f32 {
        self.reference + self.sums.iter().sum::<f32>().ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials() {
        let mut x = -86.9f32;
        while x < 88.0 {
            let (found, exact) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((found / exact - 1.0).abs() < 3e-7, "{x}: {found}, not {exact}");
            x += 0.013;
        }
        assert_eq!([exp(0.0), exp(-1e4), exp(f32::NEG_INFINITY)], [1.0, 0.0, 0.0]);
        assert_eq!(silu(0.0), 0.0);
        assert!((silu(2.0) - 1.761_594_2).abs() < 1e-6);
        assert!(silu(-100.0).abs() < 1e-30);
        assert!((sigmoid(1.0) - 0.731_058_6).abs() < 1e-6);
        assert!((softplus(1.0) - 1.313_261_7).abs() < 1e-6);
        assert_eq!([softplus(60.0), softplus(-200.0)], [60.0, 0.0]);
    }

    #[test]
    fn norms() {
        let x: Vec<f32> = (0..20).map(|n| n as f32 - 9.5).collect();
        let weight: Vec<f32> = (0..20).map(|n| 1.0 + n as f32 / 10.0).collect();
        let mut out = vec![0.0; 20];
        rms_norm(&x, &weight, 1e-6, &mut out);
        // The mean square of ±0.5, ±1.5, …, ±9.5 is 33.25.
        for at in 0..20 {
            assert!((out[at] - x[at] * weight[at] / 33.25f32.sqrt()).abs() < 1e-5);
        }
        let mut head = x.clone();
        rms_norm_head(&mut head, &weight, 1e-6);
        assert!(head.iter().zip(&out).all(|(head, out)| (head - out).abs() < 1e-6));
        l2_norm(&mut head, 1e-6, 0.5);
        assert!((head.iter().map(|x| x * x).sum::<f32>() - 0.25).abs() < 1e-6);
    }

    #[test]
    fn weights_of_scores() {
        let mut scores: Vec<f32> = (0..37).map(|n| (n % 5) as f32).chain([f32::NEG_INFINITY]).collect();
        softmax(&mut scores);
        assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!((scores[4] / scores[3] - 1f32.exp()).abs() < 1e-5);
        assert_eq!(scores[37], 0.0);
    }

    #[test]
    fn a_quarter_turn() {
        let mut head = [1.0, 2.0, 3.0, 4.0];
        rotate(&mut head, &[[0.0, 1.0], [1.0, 0.0]]);
        assert_eq!(head, [-3.0, 2.0, 1.0, 4.0]);
        let mut head = [1.0, 2.0, 3.0, 4.0];
        rotate(&mut head, &[[0.0, 1.0]]);
        assert_eq!(head, [-2.0, 1.0, 3.0, 4.0]);
    }

    #[test]
    fn sums_in_parts() {
        let lanes: Vec<f32> = (0..160).map(|n| ((n * 37) % 100) as f32 - 80.0).collect();
        let exact = lanes.iter().map(|x| f64::from(*x).exp()).sum::<f64>().ln();
        let mut halves = [LogSum::EMPTY; 2];
        for (at, lanes) in lanes.chunks(16).enumerate() {
            halves[at % 2].add(lanes);
        }
        let found = halves[0].merge(halves[1]).merge(LogSum::EMPTY).value();
        assert!((f64::from(found) - exact).abs() < 1e-5, "{found}, not {exact}");
        let mut few = LogSum::EMPTY;
        few.add(&[3.0; 5]);
        assert!((few.value() - (3.0 + 5f32.ln())).abs() < 1e-6);
    }
}
