#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod chart;
mod figure;
mod palette;

pub use chart::{Axis, Chart, Line};

use plotters::backend::SVGBackend;
use plotters::drawing::IntoDrawingArea;
use plotters::style::WHITE;
use std::fmt::Write as _;

/// Width of a drawing, in pixels. Hand-chosen on 2026-11-28: it fits into a page of GitHub's.
const WIDTH: u32 = 860;
/// Height of one chart, in pixels. Hand-chosen on 2026-11-28.
const CHART_HEIGHT: u32 = 300;

/// Why a drawing could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the curves could not be drawn: {0}")]
pub struct DrawError(String);

/// Draws charts below one another. `title` is what a screen reader and a tooltip call the drawing.
///
/// # Errors
/// If the drawing library refuses the figures.
pub fn draw(title: &str, charts: &[Chart<'_>]) -> Result<String, DrawError> {
    let mut svg = String::new();
    {
        let size = (WIDTH, CHART_HEIGHT * charts.len() as u32);
        let paper = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let failed = |error: &dyn std::fmt::Display| DrawError(error.to_string());
        paper.fill(&WHITE).map_err(|error| failed(&error))?;
        for (area, chart) in paper.split_evenly((charts.len(), 1)).iter().zip(charts) {
            chart.draw(area).map_err(|error| failed(&error))?;
        }
        paper.present().map_err(|error| failed(&error))?;
    }
    let descriptions: Vec<String> = charts.iter().map(Chart::description).collect();
    let mut head = String::from("\n");
    let _ = writeln!(head, "<title>{}</title>", escaped(title));
    let _ = writeln!(head, "<desc>{}</desc>", escaped(&descriptions.join(" ")));
    let _ = write!(head, "<style>{}</style>", palette::dark_mode());
    // The first tag is that of the whole drawing.
    let end = svg.find('>').ok_or_else(|| DrawError("the library wrote no SVG".to_owned()))?;
    svg.insert_str(end + 1, &head);
    svg.insert_str(end, " role=\"img\"");
    Ok(svg)
}

/// A text as XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, style: usize, pieces: Vec<Vec<(f64, f64)>>) -> Line<'_> {
        Line { name, style, pieces }
    }

    fn axis(last: f64) -> Axis<'static> {
        Axis { title: "iterations", last, labels: 10, label: &|value| format!("{value:.0}"), breaks: vec![] }
    }

    #[test]
    fn a_drawing_says_in_words_what_it_shows() {
        let axis = axis(20.0);
        let lines = vec![
            line("training", 0, vec![vec![(0.0, 2.0)], vec![(10.0, 1.5), (20.0, 0.5)]]),
            line("held out", 1, vec![]),
        ];
        let chart = Chart { title: "loss", unit: " nats", axis: &axis, highest: 2.0, lines };
        let drawing = draw("Training of <x>", &[chart]).unwrap();
        assert!(drawing.contains("<title>Training of &lt;x&gt;</title>"), "{drawing}");
        let description = "loss, over iterations to 20: training from 2.00 nats to 0.500 nats, lowest 0.500 nats, \
                           highest 2.00 nats; held out has no values.";
        assert!(drawing.contains(&format!("<desc>{description}</desc>")), "{drawing}");
        assert!(drawing.starts_with("<svg ") && drawing.contains(" role=\"img\">"), "{drawing}");
    }

    /// Each colour that is drawn is another one in dark mode, or it would vanish there.
    #[test]
    fn every_colour_has_a_dark_one() {
        let axis = Axis { breaks: vec![0.5], ..axis(1.0) };
        let lines = (0..7).map(|style| line("x", style, vec![vec![(0.0, 1.0), (1.0, 2.0)]])).collect();
        let chart = Chart { title: "t", unit: "", axis: &axis, highest: 2.0, lines };
        let drawing = draw("t", &[chart]).unwrap();
        let (style, drawn) = drawing.split_once("</style>").unwrap();
        assert!(style.contains("@media (prefers-color-scheme: dark)"));
        let mut count = 0;
        for attribute in ["fill=\"#", "stroke=\"#"] {
            for (at, _) in drawn.match_indices(attribute) {
                let whole = &drawn[at..at + attribute.len() + 7];
                assert!(style.contains(&format!("[{whole}]{{")), "{whole} has no dark colour: {style}");
                count += 1;
            }
        }
        assert!(count > 20, "{count} colours: {drawn}");
    }

    #[test]
    fn a_drawing_loads_and_runs_nothing() {
        let hostile = "</text><script>alert(1)</script>\u{7}\u{ffff}\" onload=\"x";
        let axis = axis(1.0);
        let lines = vec![line(hostile, 0, vec![vec![(0.0, 1.0)]])];
        let chart = Chart { title: hostile, unit: "", axis: &axis, highest: 1.0, lines };
        let drawing = draw(hostile, &[chart]).unwrap();
        assert!(!drawing.contains("<script"), "{drawing}");
        assert!(drawing.contains("«U+0007»«U+FFFF»"), "{drawing}");
        for link in ["href", "src=", "@import", "url("] {
            assert!(!drawing.contains(link), "{link}");
        }
    }

    #[test]
    fn any_figures_can_be_drawn() {
        for (last, highest) in [(0.0, 0.0), (1.0, f64::MIN_POSITIVE), (u64::MAX as f64, 1e300), (3.0, 1e308)]
        {
            let axis = axis(last);
            let lines = vec![line("x", 0, vec![vec![(0.0, highest), (last, 0.0)]])];
            let chart = Chart { title: "t", unit: "", axis: &axis, highest, lines };
            let drawing = draw("t", &[chart]).unwrap();
            assert!(!drawing.contains("NaN") && !drawing.contains("inf"), "{last} {highest}: {drawing}");
        }
    }
}
