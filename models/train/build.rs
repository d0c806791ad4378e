//! Tells the installed program where MLX is on Linux: install.sh puts it there. Elsewhere it is part of the program.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_MLX").is_some()
        && std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux")
    {
        println!("cargo::rustc-link-arg-bins=-Wl,-rpath,$ORIGIN/../share/sayso/mlx/lib");
    }
}
