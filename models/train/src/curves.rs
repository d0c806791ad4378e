//! Draws the log of a run as SVG without links to other files: losses, and the share of held-out
//! lines that are written exactly, over iterations.

use crate::log::Entry;
use plotters::backend::SVGBackend;
use plotters::chart::{ChartBuilder, LabelAreaPosition, SeriesLabelPosition};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, PathElement};
use plotters::prelude::DrawingBackend;
use plotters::series::LineSeries;
use plotters::style::{BLACK, Color, RGBColor, WHITE};

/// The name of the file in the folder of a run.
pub const FILE: &str = "curves.svg";

/// Width of the drawing and height of one chart, in pixels.
const SIZE: (u32, u32) = (860, 300);
const FONT: &str = "sans-serif";
/// From the palette of Okabe and Ito (2008), darkened as in the curves of the tagger.
const COLOURS: [RGBColor; 2] = [RGBColor(0x1c, 0x1e, 0x21), RGBColor(0x00, 0x72, 0xb2)];

/// A curve: its name and its points.
type Curve = (&'static str, Vec<(f64, f64)>);

/// Draws a log.
///
/// # Errors
/// There is nothing to draw.
pub fn draw(entries: &[Entry]) -> Result<String, String> {
    let points = |of: &dyn Fn(&Entry) -> Option<(usize, f64)>| -> Vec<(f64, f64)> {
        let found = entries.iter().filter_map(of).filter(|(_, value)| value.is_finite());
        let mut points: Vec<(f64, f64)> = Vec::new();
        for (iteration, value) in found {
            // A run that was continued repeats what came after its last saved state.
            points.retain(|point| point.0 < iteration as f64);
            points.push((iteration as f64, value));
        }
        points
    };
    let training = points(&|entry| match entry {
        Entry::Loss { iteration, loss, .. } => Some((*iteration, *loss)),
        _ => None,
    });
    let validation = points(&|entry| match entry {
        Entry::Validation { iteration, loss } => Some((*iteration, *loss)),
        _ => None,
    });
    let exact = points(&|entry| match entry {
        Entry::Exact { iteration, right, lines, .. } => {
            Some((*iteration, *right as f64 * 100.0 / (*lines).max(1) as f64))
        }
        _ => None,
    });
    let mut charts = vec![("loss, nats a token", vec![("training", training), ("held out", validation)])];
    if !exact.is_empty() {
        charts.push(("held-out lines that are right, %", vec![("written freely", exact)]));
    }
    if charts[0].1.iter().all(|(_, points)| points.is_empty()) {
        return Err("the log has no loss".to_owned());
    }
    let mut svg = String::new();
    {
        let size = (SIZE.0, SIZE.1 * charts.len() as u32);
        let paper = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let failed = |error: DrawingAreaErrorKind<_>| format!("{error}");
        paper.fill(&WHITE).map_err(failed)?;
        for (area, (title, curves)) in paper.split_evenly((charts.len(), 1)).iter().zip(&charts) {
            chart(area, title, curves).map_err(failed)?;
        }
        paper.present().map_err(failed)?;
    }
    Ok(svg)
}

fn chart<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    title: &str,
    curves: &[Curve],
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let all = || curves.iter().flat_map(|(_, points)| points);
    // The bounds keep the axes from being empty; 2 % stay free above.
    let last = all().map(|point| point.0).fold(1.0, f64::max);
    let highest = all().map(|point| point.1).fold(1e-9, f64::max).min(1e300) * 1.02;
    let mut chart = ChartBuilder::on(area)
        .caption(title, (FONT, 16))
        .margin(10)
        .margin_right(20)
        .set_label_area_size(LabelAreaPosition::Left, 64)
        .set_label_area_size(LabelAreaPosition::Bottom, 40)
        .build_cartesian_2d(0.0..last, 0.0..highest)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .y_labels(6)
        .x_label_formatter(&|iteration| format!("{iteration:.0}"))
        .y_label_formatter(&|value| format!("{value:.*}", if highest < 10.0 { 2 } else { 0 }))
        .x_desc("iterations")
        .label_style((FONT, 13))
        .draw()?;
    for ((name, points), colour) in curves.iter().zip(COLOURS) {
        let Some((_, value)) = points.last() else { continue };
        let marks: Vec<_> = points.iter().map(|point| Circle::new(*point, 2, colour.filled())).collect();
        let mark = move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2));
        let line = LineSeries::new(points.iter().copied(), colour.stroke_width(2));
        chart.draw_series(line)?.label(format!("{name} {value:.3}")).legend(mark);
        chart.draw_series(marks)?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .label_font((FONT, 13, &BLACK))
        .draw()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(iteration: usize, loss: f64) -> Entry {
        Entry::Loss { iteration, loss, rate: 0.0, tokens_per_second: 0.0, peak_mb: 0.0 }
    }

    #[test]
    fn a_log_is_drawn_without_links() {
        let exact = Entry::Exact { iteration: 20, right: 3, lines: 4, kinds: vec![], commands: vec![] };
        let entries = [loss(10, 2.0), loss(20, 1.0), Entry::Validation { iteration: 20, loss: 1.5 }, exact];
        let drawing = draw(&entries).unwrap();
        for text in ["training 1.000", "held out 1.500", "written freely 75.000"] {
            assert!(drawing.contains(text), "{text}");
        }
        for link in ["href", "src=", "@import", "url(", "NaN", "inf"] {
            assert!(!drawing.contains(link), "{link}");
        }
    }

    #[test]
    fn what_was_done_twice_is_drawn_once() {
        let once = draw(&[loss(10, 2.0), loss(20, 1.0), loss(30, 0.5)]).unwrap();
        let twice =
            draw(&[loss(10, 2.0), loss(20, 9.0), loss(30, 9.0), loss(20, 1.0), loss(30, 0.5)]).unwrap();
        assert_eq!(once, twice);
        assert!(draw(&[]).is_err());
        draw(&[loss(1, f64::NAN), loss(2, 0.0)]).unwrap();
    }
}
