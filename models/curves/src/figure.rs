//! Figures and names as text.

use sayso_text::forbidden;

/// Formats `value` with as many decimals as `step` needs, at most six. Very large and very small values get an exponent.
pub(crate) fn figure(value: f64, step: f64) -> String {
    let decimals = if step > 0.0 { (-step.log10().floor()).clamp(0.0, 6.0) as usize } else { 0 };
    match value {
        0.0 => "0".to_owned(),
        value if !(1e-4..1e6).contains(&value) => format!("{value:.1e}"),
        value => format!("{value:.decimals$}"),
    }
}

/// A value with three digits that count.
pub(crate) fn precise(value: f64) -> String {
    figure(value, value / 100.0)
}

/// A name. Characters that are invisible, that change the direction of text or that XML forbids are shown by their number.
pub(crate) fn visible(name: &str) -> String {
    let mut visible = String::new();
    for character in name.chars() {
        match forbidden(character).is_some() || matches!(character, '\u{fffe}' | '\u{ffff}') {
            true => visible += &format!("\u{ab}U+{:04X}\u{bb}", u32::from(character)),
            false => visible.push(character),
        }
    }
    visible
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        for (value, step, text) in [
            (0.0, 0.1, "0"),
            (0.4, 0.1, "0.4"),
            (0.30000000000000004, 0.1, "0.3"),
            (83.3333, 0.8, "83.3"),
            (40.0, 20.0, "40"),
            (0.0761234, 0.00076, "0.0761"),
            (1e9, 1e9, "1.0e9"),
        ] {
            assert_eq!(figure(value, step), text);
        }
    }
}
