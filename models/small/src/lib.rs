//! The language model that is part of sayso: a second look at lines of which the tagger is not sure, without a
//! download. What it is and how it was made: `docs/SAYSO-SMALL.md`.

#![cfg_attr(test, allow(clippy::unwrap_used))]

use sayso_language::checkpoint::{BuiltIn, Files};
use std::path::Path;

/// Names a file of the model folder, with its contents.
macro_rules! file {
    ($name:literal) => {
        ($name, include_bytes!(concat!("../../weights/small/", $name)).as_slice())
    };
}

/// The model. A `static`, so that the program has it once.
pub static SMALL: BuiltIn = BuiltIn {
    files: &[
        file!("config.json"),
        file!("generation_config.json"),
        file!("mix.json"),
        file!("model.safetensors"),
        file!("system_prompt.txt"),
        file!("tokenizer.json"),
        file!("tokenizer_config.json"),
        file!("trained_prompt.json"),
        file!("chat_template.jinja"),
    ],
};

/// The model in a folder, or this one if the folder is called as it and is not there.
pub fn in_folder(folder: &Path) -> Files<'_> {
    match folder == Path::new(BuiltIn::NAME) && !folder.exists() {
        true => Files::BuiltIn(&SMALL),
        false => Files::Folder(folder),
    }
}

#[cfg(test)]
mod tests {
    use super::SMALL;
    use sayso_language::{ModelHandle, Options, Stop};

    #[test]
    fn it_knows_a_command_from_a_sentence() {
        let model = ModelHandle::open(&SMALL, &Options { threads: 1, positions: 256 }).unwrap();
        assert_eq!(model.name(), "built-in");
        let lines = ["git commit -m 'fix'", "git comet dash m quote fix quote"].map(str::to_owned);
        let dictated = "git commit dash m quote fix quote";
        let likely = model.rescore(dictated, &lines, &Stop::never()).unwrap();
        assert!(likely[0].sum > likely[1].sum + 3.0, "{likely:?}");
    }
}
