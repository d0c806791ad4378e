//! One chart: lines over epochs, each with its name and last figure in the legend.

use plotters::chart::{ChartBuilder, LabelAreaPosition, SeriesLabelPosition};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::element::{Circle, PathElement};
use plotters::prelude::DrawingBackend;
use plotters::series::LineSeries;
use plotters::style::{BLACK, Color, RGBColor, WHITE};
use sayso_text::forbidden;

/// Okabe and Ito's palette (2008), darkened until each colour stands out from white paper.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0x1c, 0x1e, 0x21),
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xc0, 0x50, 0x00),
    RGBColor(0x00, 0x7f, 0x5c),
    RGBColor(0xa3, 0x43, 0x7f),
    RGBColor(0x7d, 0x62, 0x00),
    RGBColor(0x3d, 0x6a, 0x9e),
];
/// The colour of what separates two runs.
const FAINT: RGBColor = RGBColor(0x9a, 0xa3, 0xaf);
const FONT: &str = "sans-serif";

/// The epochs of all runs, laid end to end.
pub(super) struct Axis {
    /// The number of each epoch within its run.
    numbers: Vec<u64>,
    /// The places at which a run starts.
    starts: Vec<usize>,
}

/// A curve.
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    /// Which of the colours, counted around.
    pub(super) style: usize,
    /// One for each epoch of the axis; `None` where it was not measured.
    pub(super) values: Vec<Option<f64>>,
}

/// Lines with a common upright axis that starts at 0.
pub(super) struct Chart<'a> {
    pub(super) title: &'a str,
    /// What stands behind each figure.
    pub(super) unit: &'a str,
    /// No value is above it.
    pub(super) highest: f64,
    pub(super) lines: Vec<Line<'a>>,
}

impl Axis {
    /// An axis of epochs; another run starts where the number does not grow.
    pub(super) fn new(numbers: &[u64]) -> Axis {
        let starts = (0..numbers.len()).filter(|&at| at == 0 || numbers[at] <= numbers[at - 1]).collect();
        Axis { numbers: numbers.to_vec(), starts }
    }

    /// The number of the epoch at a place, or nothing between two epochs.
    fn label(&self, place: f64) -> String {
        let is_epoch = place >= 0.0 && place.fract() == 0.0;
        self.numbers.get(place as usize).filter(|_| is_epoch).map(u64::to_string).unwrap_or_default()
    }
}

impl Chart<'_> {
    /// Draws the chart into its part of the drawing.
    pub(super) fn draw<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        axis: &Axis,
    ) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
        // The smallest figure that is told apart from 0, and a largest one that leaves room above it.
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
            // Between the last epoch of the run before and the first of this one.
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
    /// The points that are joined: runs are not, and neither is what was not measured.
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

    /// Its name and last figure. A character that no command may hold, because it is invisible or turns the text round
    /// it, is shown by its number.
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

/// `value` with as many decimals as `step` needs, at most six; with an exponent where that would be long.
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
