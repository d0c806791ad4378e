//! Writes Rust bindings of mlx-c: `mlx-bindings FOLDER-OF-MLX-SYS OUTPUT`. Compiled with `MLX_SYS` set to that folder,
//! from which the settings come.

use std::path::PathBuf;

#[allow(dead_code)]
mod bindgen_config {
    include!(concat!(env!("MLX_SYS"), "/src/bindgen_config.rs"));
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(folder), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("usage: mlx-bindings FOLDER-OF-MLX-SYS OUTPUT".into());
    };
    let root = folder.join("src/mlx-c");
    let headers = bindgen_config::discover_headers(&root)?;
    bindgen_config::builder(&root, &headers).generate()?.write_to_file(output)?;
    Ok(())
}
