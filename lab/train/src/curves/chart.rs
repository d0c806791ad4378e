//! One chart: lines over epochs, each with its name and last figure at its end.

use super::{CHART_HEIGHT, WIDTH};
use crate::escape::escape;
use std::fmt::Write as _;

/// Where the chart stands within its part of the drawing: left, right, top, bottom. The names of lines are on the right.
const PLOT: (f64, f64, f64, f64) = (64.0, WIDTH - 190.0, 40.0, CHART_HEIGHT - 48.0);
/// Lines of text keep this distance, in the drawing's units.
const TEXT_HEIGHT: f64 = 15.0;
/// Numbers along the axis of epochs keep this distance.
const TICK_DISTANCE: f64 = 26.0;
/// At most so many steps on the upright axis.
const STEPS: f64 = 5.0;
/// How many styles [`STYLE`] has; lines differ in colour and in dashes, so that colour is not needed.
const STYLES: usize = 7;

/// The colours, for light and dark surroundings. Hues from Okabe and Ito's palette (2008), darkened or lightened until each
/// stands out from the paper.
pub(super) const STYLE: &str = "<style>
.curves text { font: 13px system-ui, sans-serif; fill: #1c1e21; }
.curves .title { font-weight: 600; }
.curves .faint { fill: #5c6470; }
.curves .paper { fill: #ffffff; }
.curves .grid { stroke: #d5d9df; }
.curves .run { stroke: #5c6470; stroke-dasharray: 1 4; }
.curves polyline { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
.curves circle, .curves text.name { fill: currentColor; }
.curves .s0 { color: #1c1e21; }
.curves .s1 { color: #0072b2; stroke-dasharray: 9 3; }
.curves .s2 { color: #c05000; stroke-dasharray: 4 3; }
.curves .s3 { color: #007f5c; stroke-dasharray: 9 3 2 3; }
.curves .s4 { color: #a3437f; stroke-dasharray: 2 3; }
.curves .s5 { color: #7d6200; stroke-dasharray: 14 4; }
.curves .s6 { color: #3d6a9e; stroke-dasharray: 9 3 2 3 2 3; }
@media (prefers-color-scheme: dark) {
.curves text { fill: #dadde1; }
.curves .faint { fill: #9aa3af; }
.curves .paper { fill: #15171a; }
.curves .grid { stroke: #363b43; }
.curves .run { stroke: #9aa3af; }
.curves .s0 { color: #dadde1; }
.curves .s1 { color: #56b4e9; }
.curves .s2 { color: #ff9a4d; }
.curves .s3 { color: #2fd3a0; }
.curves .s4 { color: #e79ac6; }
.curves .s5 { color: #f0e442; }
.curves .s6 { color: #9dbde8; }
}
</style>
";

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
    /// Which of the styles, counted around.
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

    /// Runs on it.
    pub(super) fn runs(&self) -> usize {
        self.starts.len()
    }

    fn x(&self, at: usize) -> f64 {
        PLOT.0 + (PLOT.1 - PLOT.0) * at as f64 / (self.numbers.len() - 1).max(1) as f64
    }

    fn draw(&self, svg: &mut String) {
        let bottom = PLOT.3;
        // Whole steps such as every fifth epoch, and wherever a run starts, as far as there is room.
        let room = (PLOT.1 - PLOT.0) / TICK_DISTANCE;
        let every = nice_step(self.numbers.len() as f64 / room).max(1.0) as u64;
        let mut last = f64::MIN;
        for (at, number) in self.numbers.iter().enumerate() {
            let (x, starts) = (self.x(at), self.starts.binary_search(&at).is_ok());
            if (starts || number % every == 0) && x - last >= TICK_DISTANCE {
                let y = bottom + 18.0;
                let _ = writeln!(
                    svg,
                    "<text class=\"faint\" x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{number}</text>"
                );
                last = x;
            }
        }
        for (run, &at) in self.starts.iter().enumerate().skip(1) {
            // Between the last epoch of the run before and the first of this one.
            let x = (self.x(at - 1) + self.x(at)) / 2.0;
            let _ = writeln!(
                svg,
                "<line class=\"run\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{}\" y2=\"{bottom}\"><title>run {}</title></line>",
                PLOT.2,
                run + 1
            );
        }
        let (middle, y) = ((PLOT.0 + PLOT.1) / 2.0, bottom + 38.0);
        let what = if self.runs() > 1 { "epoch of each run" } else { "epoch" };
        let _ = writeln!(
            svg,
            "<text class=\"faint\" x=\"{middle}\" y=\"{y}\" text-anchor=\"middle\">{what}</text>"
        );
    }
}

impl Chart<'_> {
    /// Draws the chart `top` units below the top of the drawing.
    pub(super) fn draw(&self, axis: &Axis, top: f64, svg: &mut String) {
        let (left, right, plot_top, bottom) = PLOT;
        // The smallest figure that is told apart from 0, and a largest one that leaves room for a step above it.
        let highest = self.highest.clamp(1e-9, f64::MAX / 4.0);
        let step = nice_step(highest / STEPS);
        let steps = (highest / step - 1e-9).ceil();
        let y = |value: f64| bottom - (bottom - plot_top) * (value / step / steps).min(1.0);
        let _ = writeln!(svg, "<g transform=\"translate(0 {top})\">");
        let _ = writeln!(svg, "<text class=\"title\" x=\"{left}\" y=\"22\">{}</text>", escape(self.title));
        for at in 0..=steps as usize {
            let value = at as f64 * step;
            let height = y(value);
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{left}\" x2=\"{right}\" y1=\"{height:.1}\" y2=\"{height:.1}\"/>\n\
                 <text class=\"faint\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}{}</text>",
                left - 8.0,
                height + 4.5,
                figure(value, step),
                self.unit
            );
        }
        axis.draw(svg);
        for line in &self.lines {
            line.draw(axis, &y, self.unit, svg);
        }
        self.names(&y, svg);
        *svg += "</g>\n";
    }

    /// The names of the lines at the height of their last figures, moved apart where they would cover one another.
    fn names(&self, y: &impl Fn(f64) -> f64, svg: &mut String) {
        let mut names: Vec<(f64, f64, &Line)> = self
            .lines
            .iter()
            .filter_map(|line| {
                let last = *line.values.iter().flatten().last()?;
                Some((y(last), last, line))
            })
            .collect();
        names.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut lowest = PLOT.3;
        for at in (0..names.len()).rev() {
            names[at].0 = names[at].0.min(lowest);
            lowest = names[at].0 - TEXT_HEIGHT;
        }
        for (height, last, line) in names {
            let _ = writeln!(
                svg,
                "<text class=\"name s{}\" x=\"{}\" y=\"{:.1}\">{} {}{}</text>",
                line.style % STYLES,
                PLOT.1 + 12.0,
                height + 4.5,
                escape(line.name),
                figure(last, last / 100.0),
                self.unit
            );
        }
    }
}

impl Line<'_> {
    fn draw(&self, axis: &Axis, y: &impl Fn(f64) -> f64, unit: &str, svg: &mut String) {
        let style = self.style % STYLES;
        let mut points = String::new();
        let mut marks = String::new();
        let mut flush = |points: &mut String| {
            if !points.is_empty() {
                let _ = writeln!(svg, "<polyline class=\"s{style}\" points=\"{}\"/>", points.trim_end());
                points.clear();
            }
        };
        for (at, value) in self.values.iter().enumerate() {
            // Runs are not joined, and neither is what was not measured.
            if value.is_none() || axis.starts.binary_search(&at).is_ok() {
                flush(&mut points);
            }
            let Some(value) = *value else { continue };
            let (x, height) = (axis.x(at), y(value));
            let _ = write!(points, "{x:.1},{height:.1} ");
            let _ = writeln!(
                marks,
                "<circle class=\"s{style}\" cx=\"{x:.1}\" cy=\"{height:.1}\" r=\"2.5\"><title>{}, epoch {}: {}{unit}\
                 </title></circle>",
                escape(self.name),
                axis.numbers[at],
                figure(value, value / 1000.0),
            );
        }
        flush(&mut points);
        *svg += &marks;
    }
}

/// The smallest of 1, 2, 5, 10, 20, 50, … (and 0.5, 0.2, 0.1, …) that is not below `least`, which is above 0.
fn nice_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let digit = [1.0, 2.0, 5.0].into_iter().find(|digit| digit * power >= least * (1.0 - 1e-9));
    digit.unwrap_or(10.0) * power
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
    fn steps_are_round() {
        for (least, step) in [(0.011, 0.02), (0.1, 0.1), (0.084, 0.1), (1.0, 1.0), (3.0, 5.0), (20.0, 20.0)] {
            assert!((nice_step(least) - step).abs() < 1e-12, "{least}: {}", nice_step(least));
        }
    }

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
}
