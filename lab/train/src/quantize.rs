//! Matrices in int8, as weights are shipped.

/// Rows of `width` in int8, each with a scale: bytes and scales.
pub(super) fn quantize(values: &[f32], width: usize) -> (Vec<u8>, Vec<f32>) {
    let mut bytes = Vec::with_capacity(values.len());
    let mut scales = Vec::with_capacity(values.len() / width);
    for row in values.chunks_exact(width) {
        let highest = row.iter().fold(0f32, |highest, value| highest.max(value.abs()));
        let scale = if highest > 0.0 { highest / 127.0 } else { 1.0 };
        bytes.extend(row.iter().map(|value| (value / scale).round() as i8 as u8));
        scales.push(scale);
    }
    (bytes, scales)
}
