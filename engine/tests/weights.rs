//! Weights are a value of the engine: those of a file take part in every answer, and a file without usable weights is
//! refused with a reason.

#![allow(clippy::unwrap_used)]

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};
use sayso_engine::{Conversion, Dictation, Engine, Stage, WeightsFileError, Words};
use sayso_tagger::weights::{CALIBRATION, WeightsError};
use std::path::{Path, PathBuf};

/// A line that the tagger answers.
const LINE: &str = "tar dash X Z F archive dot tar dot gz";

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/weights/tagger.safetensors")
}

fn convert(engine: &Engine) -> Conversion {
    engine.convert(&Words::default(), &Dictation { text: LINE, ..Dictation::default() }, None).unwrap()
}

/// The shipped file with another calibration, of this shape.
fn with_calibration(values: &[f32]) -> Vec<u8> {
    let bytes = std::fs::read(shipped()).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = header.metadata().clone();
    let shipped = SafeTensors::deserialize(&bytes).unwrap();
    let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let tensors = shipped.tensors().into_iter().map(|(name, view)| match name == CALIBRATION {
        true => (name, TensorView::new(Dtype::F32, vec![values.len()], &data).unwrap()),
        false => (name, view),
    });
    serialize(tensors, metadata).unwrap()
}

fn refusal(bytes: &[u8]) -> WeightsFileError {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.safetensors");
    std::fs::write(&file, bytes).unwrap();
    Engine::open(&file).unwrap_err()
}

#[test]
fn the_shipped_file_answers_as_the_embedded_weights_do() {
    let engine = Engine::open(&shipped()).unwrap();
    assert!(!engine.is_embedded() && Engine::embedded().is_embedded());
    let answer = convert(&engine);
    assert_eq!(answer.stage, Stage::Tagger);
    assert_eq!(answer, convert(Engine::embedded()));
}

#[test]
fn weights_of_a_file_are_the_ones_that_answer() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.safetensors");
    std::fs::write(&file, with_calibration(&[1.0, -20.0])).unwrap();
    let answer = convert(&Engine::open(&file).unwrap());
    let embedded = convert(Engine::embedded());
    assert_eq!(answer.buffer, embedded.buffer);
    assert!(answer.confidence < 0.1 && embedded.confidence > 0.1, "{answer:?} {embedded:?}");
}

#[test]
fn a_file_without_usable_weights_is_refused_with_a_reason() {
    let shape = refusal(&with_calibration(&[1.0, 0.0, 0.0]));
    assert!(
        matches!(&shape, WeightsFileError::Bad(WeightsError::Misshapen { name, .. }) if name == CALIBRATION)
    );
    assert!(shape.to_string().contains("wrong shape: expected F32 [2], found F32 [3]"), "{shape}");
    let cut = std::fs::read(shipped()).unwrap();
    for damaged in [&cut[..cut.len() / 2], b"", b"no weights"] {
        let error = refusal(damaged);
        assert!(matches!(error, WeightsFileError::Bad(WeightsError::Damaged(_))), "{error}");
    }
    let missing = Engine::open(Path::new("/nowhere/own.safetensors")).unwrap_err();
    assert!(missing.to_string().starts_with("it cannot be read: "), "{missing}");
    let folder = Engine::open(&std::env::temp_dir()).unwrap_err();
    assert!(folder.to_string().contains("not a regular file"), "{folder}");
}
