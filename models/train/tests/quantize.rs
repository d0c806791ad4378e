//! Packed matrices are those of `mlx_lm`, bit for bit (`scripts/train-golden/quantize.py`).
#![cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
#![allow(clippy::unwrap_used)]

use safetensors::{Dtype, SafeTensors};
use sayso_language::checkpoint::Quantization;
use sayso_model_train::mlx::quantize::quantize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::Path;
use tempfile::TempDir;

#[test]
fn the_bytes_are_those_of_mlx_lm() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(here.join("tests/fixtures/quantized.json")).unwrap();
    let cases: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(cases.len(), 18);
    let source = here.join("../language/tests/fixtures/golden/qwen3-bf16");
    for (case, expected) in cases {
        let place = TempDir::new().unwrap();
        let target = place.path().join("packed");
        let (bits, group_size) = case.split_once(' ').unwrap();
        let quantization =
            Quantization { bits: bits.parse().unwrap(), group_size: group_size.parse().unwrap() };
        let done = quantize(&source, &target, quantization).unwrap();
        // A width of 64 has no group of 128.
        assert_eq!(done.plain.is_empty(), quantization.group_size < 128, "{case}: {:?}", done.plain);
        let bytes = std::fs::read(target.join("model.safetensors")).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let expected = expected.as_object().unwrap();
        let mut names = tensors.names();
        names.sort_unstable();
        assert_eq!(names, expected.keys().collect::<Vec<_>>(), "{case}");
        for (name, tensor) in tensors.iter() {
            let dtype = match tensor.dtype() {
                Dtype::U32 => "uint32",
                Dtype::BF16 => "bfloat16",
                other => panic!("{name} has {other}"),
            };
            let hash: String =
                Sha256::digest(tensor.data()).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(json!([dtype, tensor.shape(), hash]), expected[name], "{case}: {name}");
        }
        let config: Value =
            serde_json::from_str(&std::fs::read_to_string(target.join("config.json")).unwrap()).unwrap();
        let entry =
            json!({"bits": quantization.bits, "group_size": quantization.group_size, "mode": "affine"});
        assert_eq!((&config["quantization"], &config["quantization_config"]), (&entry, &entry));
    }
}
