//! The epochs of all runs of a log, laid end to end.

/// The horizontal axis.
pub(super) struct Epochs {
    /// The number of each epoch within its run.
    numbers: Vec<u64>,
    /// The positions in `numbers` at which a run starts.
    starts: Vec<usize>,
}

impl Epochs {
    /// A new run starts if the epoch number does not grow.
    pub(super) fn new(numbers: &[u64]) -> Epochs {
        let starts = (0..numbers.len()).filter(|&at| at == 0 || numbers[at] <= numbers[at - 1]).collect();
        Epochs { numbers: numbers.to_vec(), starts }
    }

    /// The position of the last epoch.
    pub(super) fn last(&self) -> f64 {
        (self.numbers.len() - 1) as f64
    }

    /// The label of the axis.
    pub(super) fn title(&self) -> &'static str {
        if self.starts.len() > 1 { "epochs of each run" } else { "epochs" }
    }

    /// Midway between the last epoch of each run and the first one of the next.
    pub(super) fn breaks(&self) -> Vec<f64> {
        self.starts[1..].iter().map(|&start| start as f64 - 0.5).collect()
    }

    /// The number of the epoch at a position; empty between two epochs.
    pub(super) fn label(&self, position: f64) -> String {
        let is_epoch = position >= 0.0 && position.fract() == 0.0;
        self.numbers.get(position as usize).filter(|_| is_epoch).map(u64::to_string).unwrap_or_default()
    }

    /// Points of a curve with one value for each epoch, in pieces that are drawn as one line each. A piece ends where a
    /// run ends or where a value is missing.
    pub(super) fn pieces(&self, values: &[Option<f64>]) -> Vec<Vec<(f64, f64)>> {
        let mut pieces: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
        for (at, value) in values.iter().enumerate() {
            if value.is_none() || self.starts.binary_search(&at).is_ok() {
                pieces.push(Vec::new());
            }
            if let (Some(value), Some(piece)) = (value, pieces.last_mut()) {
                piece.push((at as f64, *value));
            }
        }
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_start_where_the_number_does_not_grow() {
        assert_eq!(Epochs::new(&[1, 2, 3, 1, 2, 2, 5]).starts, [0, 3, 5]);
    }

    #[test]
    fn runs_and_gaps_are_not_joined() {
        let pieces =
            Epochs::new(&[1, 2, 3, 4, 1]).pieces(&[Some(1.0), Some(2.0), None, Some(3.0), Some(4.0)]);
        assert_eq!(pieces, [vec![(0.0, 1.0), (1.0, 2.0)], vec![(3.0, 3.0)], vec![(4.0, 4.0)]]);
    }
}
