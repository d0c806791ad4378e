//! One chart: lines over a horizontal axis. The legend shows the name and the last value of each line.

use crate::figure::{figure, precise, visible};
use crate::palette::{FAINT, colour};
use plotters::chart::{ChartBuilder, LabelAreaPosition, SeriesLabelPosition};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::element::{Circle, PathElement};
use plotters::prelude::DrawingBackend;
use plotters::series::LineSeries;
use plotters::style::{BLACK, Color, WHITE};
use std::fmt::Write as _;

const FONT: &str = "sans-serif";

/// A horizontal axis that starts at 0.
pub struct Axis<'a> {
    /// What it counts.
    pub title: &'a str,
    /// Where it ends.
    pub last: f64,
    /// The most labels that there is room for.
    pub labels: usize,
    /// The label of a position; empty for none.
    pub label: &'a dyn Fn(f64) -> String,
    /// Positions of vertical lines, between which nothing is joined: a run ends, another begins.
    pub breaks: Vec<f64>,
}

/// A curve.
pub struct Line<'a> {
    /// Its name in the legend.
    pub name: &'a str,
    /// Index of its colour in the palette, which repeats.
    pub style: usize,
    /// Its points, in pieces that are drawn as one line each.
    pub pieces: Vec<Vec<(f64, f64)>>,
}

/// Lines with a common vertical axis that starts at 0.
pub struct Chart<'a> {
    /// What stands above it.
    pub title: &'a str,
    /// The unit, which is written after each value.
    pub unit: &'a str,
    /// What the lines run over.
    pub axis: &'a Axis<'a>,
    /// The largest value.
    pub highest: f64,
    /// The lines, in the order of the legend.
    pub lines: Vec<Line<'a>>,
}

impl Chart<'_> {
    /// Draws the chart into `area`.
    pub(crate) fn draw<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
    ) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
        // The bounds keep the axes from being empty and from overflowing; 2 % stay free above.
        let highest = self.highest.clamp(1e-9, 1e300) * 1.02;
        let last = self.axis.last.max(1.0);
        let mut chart = ChartBuilder::on(area)
            .caption(visible(self.title), (FONT, 16))
            .margin(10)
            .margin_right(20)
            .set_label_area_size(LabelAreaPosition::Left, 64)
            .set_label_area_size(LabelAreaPosition::Bottom, 40)
            .build_cartesian_2d(0.0..last, 0.0..highest)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(WHITE)
            .x_labels(self.axis.labels)
            .y_labels(6)
            .x_label_formatter(&|position| (self.axis.label)(*position))
            .y_label_formatter(&|value| format!("{}{}", figure(*value, highest / 10.0), self.unit))
            .x_desc(self.axis.title)
            .label_style((FONT, 13))
            .draw()?;
        for &position in &self.axis.breaks {
            chart.draw_series(LineSeries::new([(position, 0.0), (position, highest)], FAINT))?;
        }
        for line in &self.lines {
            let colour = colour(line.style);
            for points in &line.pieces {
                let marks: Vec<_> =
                    points.iter().map(|&point| Circle::new(point, 3, colour.filled())).collect();
                chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?;
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

    /// What the chart shows, in words.
    pub(crate) fn description(&self) -> String {
        let end = (self.axis.label)(self.axis.last);
        let end = if end.is_empty() { end } else { format!(" to {end}") };
        let mut text = format!("{}, over {}{end}:", visible(self.title), self.axis.title);
        for (at, line) in self.lines.iter().enumerate() {
            text.push_str(if at == 0 { " " } else { "; " });
            let value = |value: f64| format!("{}{}", precise(value), self.unit);
            let values = || line.pieces.iter().flatten().map(|(_, value)| *value);
            let (Some(first), Some(last)) = (values().next(), values().next_back()) else {
                let _ = write!(text, "{} has no values", visible(line.name));
                continue;
            };
            let (lowest, highest) = (values().fold(first, f64::min), values().fold(first, f64::max));
            let _ = write!(
                text,
                "{} from {} to {}, lowest {}, highest {}",
                visible(line.name),
                value(first),
                value(last),
                value(lowest),
                value(highest)
            );
        }
        text.push('.');
        text
    }
}

impl Line<'_> {
    /// The name and the last value.
    fn label(&self, unit: &str) -> String {
        match self.pieces.iter().flatten().last() {
            Some((_, last)) => format!("{} {}{unit}", visible(self.name), precise(*last)),
            None => visible(self.name),
        }
    }
}
