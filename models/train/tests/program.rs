//! The program itself: what it says, and what it exits with.
#![allow(clippy::unwrap_used)]

mod support;

use std::process::{Command, Output};
use support::Place;

/// Runs `sayso-train` in the folder of a place.
fn run(place: &Place, arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_sayso-train");
    Command::new(program).args(arguments).current_dir(place.folder.path()).output().unwrap()
}

#[cfg(not(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64"))))]
#[test]
fn without_mlx_it_says_what_is_missing() {
    let place = Place::new(1);
    for arguments in [&["lora", "recipe.toml"][..], &["quantize", "base", "new"]] {
        let output = run(&place, arguments);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(text.contains("was built without MLX") && text.contains("scripts/mlx-linux.sh"), "{text}");
    }
}

#[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
mod with_mlx {
    use super::{Place, run};
    use sayso_language::checkpoint::{Checkpoint, Quantization};

    /// What it prints, if it succeeds.
    fn done(place: &Place, arguments: &[&str]) -> String {
        let output = run(place, arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn fails(place: &Place, arguments: &[&str], message: &str) {
        let output = run(place, arguments);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(text.contains(message), "{text}");
    }

    #[test]
    fn from_a_recipe_to_a_folder_of_few_bits() {
        let place = Place::new(2);
        place.recipe("run", 6, "");
        let text = done(&place, &["lora", "recipe.toml"]);
        assert!(text.contains("The run ended: it is done.") && text.contains("MB at most"), "{text}");
        done(&place, &["fuse", "--base", "base", "--adapters", "run", "--output", "fused"]);
        let text = done(&place, &["quantize", "fused", "packed", "--bits", "4", "--group-size", "32"]);
        assert!(text.contains("15 matrices are packed"), "{text}");
        let packed = Checkpoint::open(&place.path("packed")).unwrap();
        assert!(packed.quantization("lm_head").is_none() && packed.has("model.embed_tokens.scales"));
        // What stands there already is not written over.
        fails(
            &place,
            &["fuse", "--base", "base", "--adapters", "run", "--output", "fused"],
            "exists already",
        );
        fails(&place, &["quantize", "packed", "twice"], "is packed already");
    }

    #[test]
    fn every_weight_of_a_packed_base_goes_back_into_its_bits() {
        let place = Place::new(3);
        done(&place, &["quantize", "base", "four", "--group-size", "32"]);
        let recipe = place.recipe("run", 4, "");
        let text = std::fs::read_to_string(place.path("recipe.toml")).unwrap();
        let text = text.replace("base = 'base'", "base = 'four'\ndequantize = true");
        std::fs::write(place.path("recipe.toml"), text).unwrap();
        drop(recipe);
        done(&place, &["full", "recipe.toml"]);
        let fuse = |more: &[&str]| {
            let fuse = ["fuse", "--base", "four", "--adapters", "run", "--output", "fused", "--lines", "3"];
            done(&place, &[&fuse, more].concat())
        };
        let compared = "0 of 3 lines are right in 16 bits, 0 in the bits of the base";
        // On lines that were held out, which the training leaves there.
        assert!(fuse(&[]).contains(compared));
        for more in [&["--check", "data/valid.jsonl"][..], &["--anyway"]] {
            std::fs::remove_dir_all(place.path("fused")).unwrap();
            assert_eq!(fuse(more).contains(compared), more.len() == 2, "{more:?}");
        }
        let fused = Checkpoint::open(&place.path("fused")).unwrap();
        assert_eq!(
            fused.quantization("model.layers.0.mlp.up_proj"),
            Some(Quantization { bits: 4, group_size: 32 })
        );
        let fuse = ["fuse", "--base", "four", "--adapters", "run", "--output", "plain", "--dequantize"];
        done(&place, &fuse);
        assert!(!Checkpoint::open(&place.path("plain")).unwrap().has("model.embed_tokens.scales"));
    }

    #[test]
    fn mistakes_are_named() {
        let place = Place::new(4);
        fails(&place, &["lora", "none.toml"], "cannot read none.toml");
        std::fs::write(place.path("wrong.toml"), "base = 1").unwrap();
        fails(&place, &["lora", "wrong.toml"], "recipe wrong.toml");
        fails(&place, &["quantize", "base", "new", "--bits", "7"], "not into 7");
        fails(
            &place,
            &["fuse", "--base", "base", "--adapters", "none", "--output", "x"],
            "adapter_config.json",
        );
    }
}
