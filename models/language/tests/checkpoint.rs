//! A model folder opens when it is right, and says what is wrong when it is not.
#![allow(clippy::unwrap_used)]

mod folder;

use folder::{Folder, ones, safetensors};
use proptest::prelude::*;
use safetensors::Dtype;
use sayso_language::checkpoint::{Checkpoint, CheckpointError, Quantization};
use serde_json::json;
use std::path::Path;
use tempfile::TempDir;

/// Opens the folder after it was written, with a file changed.
fn open_with(change: impl FnOnce(&Path)) -> Result<Checkpoint, CheckpointError> {
    let place = TempDir::new().unwrap();
    Folder::qwen3().write(place.path());
    change(place.path());
    Checkpoint::open(place.path())
}

/// The message on a folder whose contents were changed before they were written.
#[track_caller]
fn message(change: impl FnOnce(&mut Folder)) -> String {
    let mut folder = Folder::qwen3();
    change(&mut folder);
    let place = TempDir::new().unwrap();
    folder.write(place.path());
    Checkpoint::open(place.path()).expect_err("this folder is wrong").to_string()
}

/// The message on a weights file of these bytes.
#[track_caller]
fn message_on(bytes: &[u8]) -> String {
    let found = open_with(|place| std::fs::write(place.join("model.safetensors"), bytes).unwrap());
    found.expect_err("this file is wrong").to_string()
}

/// A weights file of this header and so many bytes of data.
fn with_header(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

#[test]
fn tensors_are_views_of_the_file() {
    let checkpoint = open_with(|_| {}).unwrap();
    let view = checkpoint.tensor("model.layers.0.self_attn.q_proj.weight").unwrap();
    let (dtype, shape, bytes) = ones(Dtype::U32, &[128, 8]);
    assert_eq!((view.dtype, view.shape, view.bytes), (dtype, shape.as_slice(), bytes.as_slice()));
    let packed = |bits| Some(Quantization { bits, group_size: 32 });
    assert_eq!(checkpoint.quantization("model.layers.0.self_attn.q_proj"), packed(4));
    assert_eq!(checkpoint.quantization("model.layers.0.mlp.down_proj"), packed(8));
    assert_eq!(checkpoint.quantization("model.layers.0.self_attn.o_proj"), None);
    assert_eq!(
        checkpoint.tensor("lm_head.weight").unwrap_err().to_string(),
        "tensor lm_head.weight is missing"
    );
}

#[test]
fn the_folder_may_be_removed_while_it_is_open() {
    let place = TempDir::new().unwrap();
    Folder::qwen3().write(place.path());
    let checkpoint = Checkpoint::open(place.path()).unwrap();
    drop(place);
    assert_eq!(checkpoint.tensor("model.norm.weight").unwrap().bytes, [0x80, 0x3f].repeat(64));
}

#[test]
fn shards_are_read_by_their_index() {
    let folder = Folder::qwen3();
    let place = TempDir::new().unwrap();
    folder.write_config(place.path());
    let (first, second): (Vec<_>, Vec<_>) = folder.tensors.iter().partition(|(name, _)| name.contains("mlp"));
    let name = |second: bool| format!("model-0000{}-of-00002.safetensors", 1 + usize::from(second));
    std::fs::write(place.path().join(name(false)), safetensors(first)).unwrap();
    std::fs::write(place.path().join(name(true)), safetensors(second)).unwrap();
    let map: serde_json::Map<_, _> =
        folder.tensors.keys().map(|tensor| (tensor.clone(), name(!tensor.contains("mlp")).into())).collect();
    let write_index = |map: &serde_json::Map<_, _>| {
        let index = json!({"metadata": {"total_size": 1}, "weight_map": map});
        std::fs::write(place.path().join("model.safetensors.index.json"), index.to_string()).unwrap();
        Checkpoint::open(place.path()).map_err(|error| error.to_string())
    };
    let checkpoint = write_index(&map).unwrap();
    assert_eq!(checkpoint.names().count(), folder.tensors.len());
    assert_eq!(checkpoint.tensor("model.norm.weight").unwrap().shape, [64]);

    let with = |tensor: &str, file: &str| {
        let mut map = map.clone();
        map.insert(tensor.to_owned(), file.into());
        write_index(&map).unwrap_err()
    };
    let elsewhere = with("model.norm.weight", "../model.safetensors");
    assert!(elsewhere.contains("\"../model.safetensors\" is not the name"), "{elsewhere}");
    let moved = with("model.norm.weight", "model-00001-of-00002.safetensors");
    assert!(moved.contains("it holds tensor model.norm.weight, but the index does not say so"), "{moved}");
    assert_eq!(with("lm_head.weight", &name(true)), "tensor lm_head.weight is missing");
    let absent = with("lm_head.weight", "model-00003-of-00003.safetensors");
    assert!(absent.contains("model-00003-of-00003.safetensors: No such file"), "{absent}");
    let mut none = map.clone();
    none.clear();
    assert!(write_index(&none).unwrap_err().contains("weight_map is empty"));
}

#[test]
fn a_tensor_that_is_wrong_is_named() {
    let gate = "model.layers.0.mlp.gate_proj";
    let check = |change: &dyn Fn(&mut Folder), expected: &str| assert_eq!(message(change), expected);
    check(&|folder| drop(folder.tensors.remove("model.norm.weight")), "tensor model.norm.weight is missing");
    check(
        &|folder| drop(folder.tensors.remove(&format!("{gate}.scales"))),
        "tensor model.layers.0.mlp.gate_proj.scales is missing",
    );
    check(
        &|folder| folder.add("lm_head.weight", Dtype::BF16, &[260, 64]),
        "tensor lm_head.weight is not part of the model that config.json describes",
    );
    check(
        &|folder| folder.add("model.layers.0.self_attn.q_proj.bias", Dtype::BF16, &[128]),
        "tensor model.layers.0.self_attn.q_proj.bias is not part of the model that config.json describes",
    );
    check(
        &|folder| folder.add("model.norm.weight", Dtype::BF16, &[65]),
        "tensor model.norm.weight has shape [65] where [64] is expected",
    );
    check(
        &|folder| folder.quantized(gate, 96, 64, 8),
        "tensor model.layers.0.mlp.gate_proj.weight has shape [96, 16] where [96, 8] is expected",
    );
    check(
        &|folder| folder.add(&format!("{gate}.biases"), Dtype::BF16, &[96, 1]),
        "tensor model.layers.0.mlp.gate_proj.biases has shape [96, 1] where [96, 2] is expected",
    );
    check(
        &|folder| folder.add(&format!("{gate}.scales"), Dtype::U32, &[96, 2]),
        "tensor model.layers.0.mlp.gate_proj.scales holds U32 where F32, F16 or BF16 is expected",
    );
    check(
        &|folder| folder.add(&format!("{gate}.weight"), Dtype::F32, &[96, 8]),
        "tensor model.layers.0.mlp.gate_proj.weight holds F32 where U32 is expected",
    );
    // Packed weights in a configuration without quantization are no weights.
    check(
        &|folder| folder.config["quantization"] = json!(null),
        "tensor model.embed_tokens.weight holds U32 where F32, F16 or BF16 is expected",
    );
}

#[test]
fn numbers_that_are_none_are_found_in_each_type() {
    for (dtype, nan) in [
        (Dtype::F32, f32::NAN.to_le_bytes().to_vec()),
        (Dtype::F32, f32::NEG_INFINITY.to_le_bytes().to_vec()),
        (Dtype::F16, vec![0x00, 0xfc]),
        (Dtype::BF16, vec![0xc0, 0x7f]),
    ] {
        for name in ["model.norm.weight", "model.layers.0.self_attn.q_proj.scales"] {
            let found = message(|folder| {
                let (_, shape, _) = folder.tensors[name].clone();
                let mut tensor = ones(dtype, &shape);
                let end = tensor.2.len() - nan.len();
                tensor.2[end..].copy_from_slice(&nan);
                folder.tensors.insert(name.to_owned(), tensor);
            });
            assert_eq!(found, format!("tensor {name} holds a number that is not finite"));
        }
    }
}

#[test]
fn a_quantization_that_does_not_fit_is_named() {
    let odd = message(|folder| folder.config["quantization"]["group_size"] = json!(128));
    assert!(
        odd.contains("model.embed_tokens has 64 inputs, which is not a multiple of group_size 128"),
        "{odd}"
    );
    let absent = message(|folder| folder.config["quantization"]["model.layers.7.mlp.up_proj"] = json!(false));
    assert!(absent.contains("quantization.model.layers.7.mlp.up_proj names a layer"), "{absent}");
}

#[test]
fn hostile_files_are_refused_before_anything_is_reserved() {
    let check = |bytes: &[u8], expected: &str| {
        let found = message_on(bytes);
        assert!(found.contains(expected), "{found} lacks {expected}");
    };
    check(b"", "it has 0 bytes");
    check(&100_000_000_000_u64.to_le_bytes(), "its header claims 100000000000 bytes, but only 0 follow");
    check(&[0xff; 64], "its header claims 18446744073709551615 bytes, but only 56 follow");
    check(b"PK\x03\x04archive/data.pkl and more", "is a pickle, not safetensors");
    check(b"\x80\x02}q\x00(X\x06\x00\x00\x00weight", "is a pickle, not safetensors");
    check(&with_header("not json", 8), "its header: expected");
    check(&with_header(&"[".repeat(100_000), 0), "its header: ");
    let tensor = |shape: &str, from: u64, to: u64| {
        format!(r#"{{"dtype":"U8","shape":{shape},"data_offsets":[{from},{to}]}}"#)
    };
    let one = |tensor: String| format!(r#"{{"model.norm.weight":{tensor}}}"#);
    let two = |first: String, second: String| format!(r#"{{"a":{first},"b":{second}}}"#);
    // 100 GB of weights in a file of some bytes.
    let huge = tensor("[100000000000]", 0, 100_000_000_000);
    check(&with_header(&one(huge), 64), "its tensors claim 100000000000 bytes, but the file has 64");
    check(&with_header(&one(tensor("[9]", 0, 8)), 8), "its header: ");
    check(&with_header(&one(tensor("[4294967296,4294967296,2]", 0, 8)), 8), "its header: ");
    check(&with_header(&one(tensor("[8]", 8, 0)), 8), "its header: ");
    let overlapping = two(tensor("[8]", 0, 8), tensor("[8]", 4, 12));
    check(&with_header(&overlapping, 12), "its header: ");
    let apart = two(tensor("[8]", 0, 8), tensor("[8]", 16, 24));
    check(&with_header(&apart, 24), "its header: ");
    // Sizes whose sum is the size of the file once more than 2^64 has been counted round.
    let eighth = 1_u64 << 61;
    let round: Vec<String> = (0..8)
        .map(|index| {
            let (from, to) = (index * eighth, (index + 1).checked_mul(eighth).unwrap_or(u64::MAX - 63));
            format!(r#""{index}":{}"#, tensor(&format!("[{}]", to - from), from, to))
        })
        .collect();
    check(&with_header(&format!("{{{}}}", round.join(",")), 64), "is damaged: its ");
}

#[test]
fn a_truncated_file_is_refused_wherever_it_ends() {
    let whole = safetensors(&Folder::qwen3().tensors);
    for length in (0..whole.len()).step_by(997).chain([7, 8, 9, whole.len() - 1]) {
        let found = message_on(&whole[..length]);
        assert!(found.contains("is damaged"), "{length}: {found}");
    }
    let mut longer = whole;
    longer.push(0);
    assert!(message_on(&longer).contains("its tensors claim"));
}

#[test]
fn files_of_other_kinds_are_refused() {
    let check = |name: &str, change: &dyn Fn(&Path), expected: &str| {
        let found = open_with(|place| change(&place.join(name))).unwrap_err().to_string();
        assert!(found.contains(expected), "{found} lacks {expected}");
    };
    let absent = |path: &Path| std::fs::remove_file(path).unwrap();
    check("config.json", &absent, "config.json: No such file");
    check("model.safetensors", &absent, "model.safetensors: No such file");
    let folder = |path: &Path| {
        std::fs::remove_file(path).unwrap();
        std::fs::create_dir(path).unwrap();
    };
    check("model.safetensors", &folder, "model.safetensors is not a plain file");
    let pipe = |path: &Path| {
        std::fs::remove_file(path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    };
    check("model.safetensors", &pipe, "model.safetensors is not a plain file");
    // A hole of 100 GB takes no room on the disk, and must take none in memory.
    let sparse = |path: &Path| std::fs::File::create(path).unwrap().set_len(100_000_000_000).unwrap();
    check("config.json", &sparse, "config.json has 100000000000 bytes; the limit is 16777216");
    check("model.safetensors", &sparse, "is damaged: its header: ");
    check("config.json", &|path| std::fs::write(path, "{").unwrap(), "config.json: EOF while parsing");
    check(
        "config.json",
        &|path| std::fs::write(path, "{}").unwrap(),
        "config.json: missing field `model_type`",
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn no_damage_panics(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = safetensors(&Folder::qwen3().tensors);
        let header = 8 + u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
        for (place, byte) in places {
            bytes[place.index(header)] = byte;
        }
        let opened = open_with(|place| std::fs::write(place.join("model.safetensors"), &bytes).unwrap());
        if let Ok(checkpoint) = opened {
            for name in checkpoint.names() {
                let view = checkpoint.tensor(name).unwrap();
                prop_assert_eq!(view.bytes.len() * 8, view.shape.iter().product::<usize>() * view.dtype.bitsize());
            }
        }
    }
}
