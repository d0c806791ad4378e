//! Colours, on white paper and in dark mode.

use plotters::style::RGBColor;

/// A colour on white paper, and the one in its place in dark mode.
type Pair = (RGBColor, RGBColor);

/// The palette of Okabe and Ito (2008): darkened so that each colour stands out from white paper, and lightened so that it
/// stands out from a dark page.
const LINES: [Pair; 7] = [
    (RGBColor(0x1c, 0x1e, 0x21), RGBColor(0xe6, 0xe8, 0xeb)),
    (RGBColor(0x00, 0x72, 0xb2), RGBColor(0x56, 0xb4, 0xe9)),
    (RGBColor(0xc0, 0x50, 0x00), RGBColor(0xe6, 0x9f, 0x00)),
    (RGBColor(0x00, 0x7f, 0x5c), RGBColor(0x3c, 0xc8, 0xa0)),
    (RGBColor(0xa3, 0x43, 0x7f), RGBColor(0xe0, 0x96, 0xc0)),
    (RGBColor(0x7d, 0x62, 0x00), RGBColor(0xf0, 0xe4, 0x42)),
    (RGBColor(0x3d, 0x6a, 0x9e), RGBColor(0x9d, 0xc0, 0xe8)),
];
/// The colour of what separates and frames.
pub(crate) const FAINT: RGBColor = RGBColor(0x9a, 0xa3, 0xaf);
/// Paper, text and frames.
const OTHERS: [Pair; 3] = [
    (RGBColor(0xff, 0xff, 0xff), RGBColor(0x16, 0x18, 0x1c)),
    (RGBColor(0x00, 0x00, 0x00), RGBColor(0xd6, 0xd9, 0xde)),
    (FAINT, RGBColor(0x5f, 0x67, 0x72)),
];

/// The colour of a line. Styles repeat.
pub(crate) fn colour(style: usize) -> RGBColor {
    LINES[style % LINES.len()].0
}

/// Rules of style that replace each colour in dark mode.
pub(crate) fn dark_mode() -> String {
    let mut rules = String::from("@media (prefers-color-scheme: dark){");
    for (light, dark) in LINES.iter().chain(&OTHERS) {
        let hex = |RGBColor(red, green, blue): &RGBColor| format!("#{red:02X}{green:02X}{blue:02X}");
        let (light, dark) = (hex(light), hex(dark));
        for property in ["fill", "stroke"] {
            rules += &format!("[{property}=\"{light}\"]{{{property}:{dark}}}");
        }
    }
    rules.push('}');
    rules
}
