//! Keys by tmux's names for them, as the bytes that a terminal sends.

/// The bytes of a key such as `C-x`, `M-f`, `Escape` or `F5`. `application` says whether the shell has asked for the
/// other form of the arrow keys.
pub(super) fn bytes(name: &str, application: bool) -> Vec<u8> {
    let arrow = |letter: u8| vec![0x1b, if application { b'O' } else { b'[' }, letter];
    match name {
        "Enter" => b"\r".to_vec(),
        "Escape" => b"\x1b".to_vec(),
        "Up" => arrow(b'A'),
        "Down" => arrow(b'B'),
        "Right" => arrow(b'C'),
        "Left" => arrow(b'D'),
        "F5" => b"\x1b[15~".to_vec(),
        "C-Space" => b"\0".to_vec(),
        _ => match name.as_bytes() {
            [b'C', b'-', key] => vec![key.to_ascii_uppercase() & 0x1f],
            [b'M', b'-', key] => vec![0x1b, *key],
            [key] => vec![*key],
            _ => panic!("the terminal of the tests has no key {name}"),
        },
    }
}
