//! `import FILE.gguf FOLDER` makes a model folder of a GGUF file; scripts/train-golden.sh uses it.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, folder] = &arguments[..] else {
        eprintln!("import FILE.gguf FOLDER");
        return ExitCode::FAILURE;
    };
    match sayso_store::gguf::import(Path::new(file), Path::new(folder)) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("import: {error}");
            ExitCode::FAILURE
        }
    }
}
