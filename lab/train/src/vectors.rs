//! Word vectors in the form that the network takes: a table that training reads and never changes.

use crate::op::NO_ROW;
use crate::quantize::quantize;
use anyhow::{Context, bail};
use candle_core::{Device, Tensor};
use safetensors::{Dtype, SafeTensors};
use sayso_tagger::shape::{VECTOR, VECTORS};
use sayso_tagger::weights::SCALE;
use std::path::Path;

/// The name of the table in every file that contains it. Its scales are stored beside it, like those of every matrix.
pub(super) const TABLE: &str = "vectors";

/// The table, as it is shipped.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Vectors {
    /// `VECTORS` × `VECTOR`.
    values: Vec<i8>,
    /// One for each row: a value is its int8 times this.
    scales: Vec<f32>,
}

impl Vectors {
    /// No word has a vector.
    pub(super) fn none() -> Vectors {
        Vectors { values: vec![0; VECTORS * VECTOR], scales: vec![1.0; VECTORS] }
    }

    /// Rounds a table of `VECTORS` × `VECTOR`.
    pub(super) fn rounded(table: &[f32]) -> Vectors {
        let (bytes, scales) = quantize(table, VECTOR);
        Vectors { values: bytes.into_iter().map(|byte| byte as i8).collect(), scales }
    }

    /// The table from its parts in a file: the bytes of its values, and its scales.
    ///
    /// # Errors
    /// If there are too few or too many, or a scale is not a finite number.
    pub(super) fn from_parts(bytes: &[u8], scales: Vec<f32>) -> anyhow::Result<Vectors> {
        if bytes.len() != VECTORS * VECTOR || scales.len() != VECTORS {
            bail!(
                "{} values and {} scales of word vectors, where {VECTORS} rows of {VECTOR} are needed",
                bytes.len(),
                scales.len()
            );
        }
        if scales.iter().any(|scale| !scale.is_finite()) {
            bail!("a scale of the word vectors is not a finite number");
        }
        Ok(Vectors { values: bytes.iter().map(|&byte| byte as i8).collect(), scales })
    }

    /// The table in a weights file, or in a file of `sayso-lab vectors`; `None` if it contains none.
    ///
    /// # Errors
    /// If the table has another type or shape.
    pub(super) fn in_file(file: &SafeTensors<'_>) -> anyhow::Result<Option<Vectors>> {
        let (Ok(table), Ok(scales)) = (file.tensor(TABLE), file.tensor(&format!("{TABLE}{SCALE}"))) else {
            return Ok(None);
        };
        if (table.dtype(), scales.dtype()) != (Dtype::I8, Dtype::F32) || table.shape() != [VECTORS, VECTOR] {
            bail!(
                "the word vectors are {:?} {:?}, where I8 [{VECTORS}, {VECTOR}] is needed",
                table.dtype(),
                table.shape()
            );
        }
        let floats = scales.data().chunks_exact(4);
        let floats = floats.map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        Vectors::from_parts(table.data(), floats.collect()).map(Some)
    }

    /// Reads the table of a file.
    ///
    /// # Errors
    /// If the file cannot be read, or has no such table.
    pub(super) fn read(path: &Path) -> anyhow::Result<Vectors> {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let found = SafeTensors::deserialize(&bytes).map_err(anyhow::Error::from);
        found
            .and_then(|file| Vectors::in_file(&file)?.context("there is no tensor `vectors` in it"))
            .with_context(|| format!("{} has no word vectors that can be used", path.display()))
    }

    /// The bytes of its values.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.values.iter().map(|&value| value as u8).collect()
    }

    /// A scale for each row.
    pub(super) fn scales(&self) -> &[f32] {
        &self.scales
    }

    /// Words that have a vector.
    pub(super) fn count(&self) -> usize {
        self.values.chunks_exact(VECTOR).filter(|row| row.iter().any(|&value| value != 0)).count()
    }

    /// Rows of the table: rows × `VECTOR`, zero for [`NO_ROW`].
    pub(super) fn look_up(&self, rows: &[u32]) -> candle_core::Result<Tensor> {
        let mut found = vec![0f32; rows.len() * VECTOR];
        for (found, &row) in found.chunks_exact_mut(VECTOR).zip(rows).filter(|(_, row)| **row != NO_ROW) {
            let (row, scale) = (row as usize, self.scales[row as usize]);
            for (found, &value) in found.iter_mut().zip(&self.values[row * VECTOR..][..VECTOR]) {
                *found = f32::from(value) * scale;
            }
        }
        Tensor::from_vec(found, (rows.len(), VECTOR), &Device::Cpu)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_without_a_vector_is_zero() {
        let mut table = vec![0f32; VECTORS * VECTOR];
        table[2 * VECTOR..3 * VECTOR].fill(0.5);
        let vectors = Vectors::rounded(&table);
        assert_eq!(vectors.count(), 1);
        let found = vectors.look_up(&[2, NO_ROW, 0]).unwrap().to_vec2::<f32>().unwrap();
        assert!(found[0].iter().all(|value| (value - 0.5).abs() < 1e-6));
        assert_eq!(found[1..], [[0.0; VECTOR], [0.0; VECTOR]]);
        assert_eq!(Vectors::from_parts(&vectors.bytes(), vectors.scales().to_vec()).unwrap(), vectors);
        assert!(Vectors::from_parts(&[0; 3], vec![1.0]).is_err());
        assert!(Vectors::from_parts(&vectors.bytes(), vec![f32::NAN; VECTORS]).is_err());
    }
}
