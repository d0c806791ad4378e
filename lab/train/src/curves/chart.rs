//! One chart: lines over epochs. The legend shows the name and the last value of each line.

use plotters::chart::{ChartBuilder, LabelAreaPosition, SeriesLabelPosition};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::element::{Circle, PathElement};
use plotters::prelude::DrawingBackend;
use plotters::series::LineSeries;
use plotters::style::{BLACK, Color, RGBColor, WHITE};
use sayso_text::forbidden;

/// The palette of Okabe and Ito (2008), darkened so that each colour stands out from white paper.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0x1c, 0x1e, 0x21),
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xc0, 0x50, 0x00),
    RGBColor(0x00, 0x7f, 0x5c),
    RGBColor(0xa3, 0x43, 0x7f),
    RGBColor(0x7d, 0x62, 0x00),
    RGBColor(0x3d, 0x6a, 0x9e),
];
/// The colour of the line between two runs.
const FAINT: RGBColor = RGBColor(0x9a, 0xa3, 0xaf);
const FONT: &str = "sans-serif";

/// The epochs of all runs, laid end to end.
pub(super) struct Axis {
    /// The number of each epoch within its run.
    numbers: Vec<u64>,
    /// The positions in `numbers` at which a run starts.
    starts: Vec<usize>,
}

/// A curve.
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    /// Index of the colour in the palette, which repeats.
    pub(super) style: usize,
    /// One value for each epoch of the axis; `None` if it was not measured.
    pub(super) values: Vec<Option<f64>>,
}

/// Lines with a common vertical axis that starts at 0.
pub(super) struct Chart<'a> {
    pub(super) title: &'a str,
    /// The unit, which is written after each value.
    pub(super) unit: &'a str,
    /// The largest value.
    pub(super) highest: f64,
    pub(super) lines: Vec<Line<'a>>,
}

impl Axis {
    /// Builds an axis of epochs. A run starts where the epoch number does not grow.
    pub(super) fn new(numbers: &[u64]) -> Axis {
        let starts = (0..numbers.len()).filter(|&at| at == 0 || numbers[at] <= numbers[at - 1]).collect();
        Axis { numbers: numbers.to_vec(), starts }
    }

    /// The number of the epoch at a position; empty between two epochs.
    fn label(&self, place: f64) -> String {
        let is_epoch = place >= 0.0 && place.fract() == 0.0;
        self.numbers.get(place as usize).filter(|_| is_epoch).map(u64::to_string).unwrap_or_default()
    }
}

impl Chart<'_> {
    /// Draws the chart into `area`.
    pub(super) fn draw<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        axis: &Axis,
    ) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
        // The bounds keep the axis from being empty and from overflowing; 2 % stay free above.
        let highest = self.highest.clamp(1e-9, 1e300) * 1.02;
        let last = (axis.numbers.len() - 1).max(1) as f64;
        let mut chart = ChartBuilder::on(area)
            .caption(self.title, (FONT, 16))
            .margin(10)
            .margin_right(20)
            .set_label_area_size(LabelAreaPosition::Left, 64)
            .set_label_area_size(LabelAreaPosition::Bottom, 40)
            .build_cartesian_2d(0.0..last, 0.0..highest)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(WHITE)
            .x_labels(20)
            .y_labels(6)
            .x_label_formatter(&|place| axis.label(*place))
            .y_label_formatter(&|value| format!("{}{}", figure(*value, highest / 10.0), self.unit))
            .x_desc(if axis.starts.len() > 1 { "epoch of each run" } else { "epoch" })
            .label_style((FONT, 13))
            .draw()?;
        for &start in &axis.starts[1..] {
            // Midway between the last epoch of the previous run and the first one of this run.
            let place = start as f64 - 0.5;
            chart.draw_series(LineSeries::new([(place, 0.0), (place, highest)], FAINT))?;
        }
        for line in &self.lines {
            let colour = COLOURS[line.style % COLOURS.len()];
            for points in line.pieces(axis) {
                let marks: Vec<_> =
                    points.iter().map(|&point| Circle::new(point, 3, colour.filled())).collect();
                chart.draw_series(LineSeries::new(points, colour.stroke_width(2)))?;
                chart.draw_series(marks)?;
            }
            let mark = move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2));
            let nothing: [Circle<(f64, f64), i32>; 0] = [];
            chart.draw_series(nothing)?.label(line.label(self.unit)).legend(mark);
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::MiddleRight)
            .background_style(WHITE.mix(0.85))
            .border_style(FAINT)
            .label_font((FONT, 13, &BLACK))
            .draw()
    }
}

impl Line<'_> {
    /// The points, in pieces that are drawn as one line each. A piece ends where a run ends or
    /// where a value is missing.
    fn pieces(&self, axis: &Axis) -> Vec<Vec<(f64, f64)>> {
        let mut pieces: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
        for (at, value) in self.values.iter().enumerate() {
            if value.is_none() || axis.starts.binary_search(&at).is_ok() {
                pieces.push(Vec::new());
            }
            if let (Some(value), Some(piece)) = (value, pieces.last_mut()) {
                piece.push((at as f64, *value));
            }
        }
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }

    /// The name and the last value. Characters that are invisible, that change the direction of
    /// text or that XML forbids are shown by their number.
    fn label(&self, unit: &str) -> String {
        let mut label = String::new();
        for c in self.name.chars() {
            match forbidden(c).is_some() || matches!(c, '\u{fffe}' | '\u{ffff}') {
                true => label += &format!("\u{ab}U+{:04X}\u{bb}", u32::from(c)),
                false => label.push(c),
            }
        }
        match self.values.iter().flatten().last() {
            Some(last) => format!("{label} {}{unit}", figure(*last, last / 100.0)),
            None => label,
        }
    }
}

/// Formats `value` with as many decimals as `step` needs, at most six. Very large and very small
/// values get an exponent.
fn figure(value: f64, step: f64) -> String {
    let decimals = if step > 0.0 { (-step.log10().floor()).clamp(0.0, 6.0) as usize } else { 0 };
    match value {
        0.0 => "0".to_owned(),
        value if !(1e-4..1e6).contains(&value) => format!("{value:.1e}"),
        value => format!("{value:.decimals$}"),
    }
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

    #[test]
    fn runs_start_where_the_number_does_not_grow() {
        assert_eq!(Axis::new(&[1, 2, 3, 1, 2, 2, 5]).starts, [0, 3, 5]);
    }

    #[test]
    fn runs_and_gaps_are_not_joined() {
        let line =
            Line { name: "x", style: 0, values: vec![Some(1.0), Some(2.0), None, Some(3.0), Some(4.0)] };
        let pieces = line.pieces(&Axis::new(&[1, 2, 3, 4, 1]));
        assert_eq!(pieces, [vec![(0.0, 1.0), (1.0, 2.0)], vec![(3.0, 3.0)], vec![(4.0, 4.0)]]);
    }
}
