//! Draws the log of a run as SVG without links to other files: losses, and the share of held-out
//! lines that are written exactly, over iterations.

use crate::log::Entry;
use sayso_curves::{Axis, Chart, Line};

/// The name of the file in the folder of a run.
pub const FILE: &str = "curves.svg";

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
    let share = |count: usize, lines: usize| count as f64 * 100.0 / lines.max(1) as f64;
    let exact = points(&|entry| match entry {
        Entry::Exact { iteration, right, lines, .. } => Some((*iteration, share(*right, *lines))),
        _ => None,
    });
    let along = points(&|entry| match entry {
        Entry::Exact { iteration, along, lines, .. } => Some((*iteration, share(*along, *lines))),
        _ => None,
    });
    let mut charts =
        vec![("loss of a token", " nats", vec![("training", training), ("held out", validation)])];
    if !exact.is_empty() {
        charts.push((
            "held-out lines that are right",
            " %",
            vec![("written freely", exact), ("along what was said", along)],
        ));
    }
    if charts[0].2.iter().all(|(_, points)| points.is_empty()) {
        return Err("the log has no loss".to_owned());
    }
    let all = || charts.iter().flat_map(|(_, _, curves)| curves).flat_map(|(_, points)| points);
    let axis = Axis {
        title: "iterations",
        last: all().map(|point| point.0).fold(1.0, f64::max),
        labels: 10,
        label: &|iteration| format!("{iteration:.0}"),
        breaks: vec![],
    };
    let charts: Vec<Chart<'_>> = charts
        .into_iter()
        .map(|(title, unit, curves)| Chart {
            title,
            unit,
            axis: &axis,
            highest: curves.iter().flat_map(|(_, points)| points).map(|point| point.1).fold(0.0, f64::max),
            lines: curves
                .into_iter()
                .enumerate()
                .map(|(style, (name, points))| Line { name, style, pieces: vec![points] })
                .collect(),
        })
        .collect();
    sayso_curves::draw("Training of a language model", &charts).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(iteration: usize, loss: f64) -> Entry {
        Entry::Loss { iteration, loss, rate: 0.0, tokens_per_second: 0.0, peak_mb: 0.0 }
    }

    #[test]
    fn a_log_is_drawn_without_links() {
        let exact =
            Entry::Exact { iteration: 20, right: 3, along: 4, lines: 4, kinds: vec![], commands: vec![] };
        let entries = [loss(10, 2.0), loss(20, 1.0), Entry::Validation { iteration: 20, loss: 1.5 }, exact];
        let drawing = draw(&entries).unwrap();
        for text in ["training 1.00 nats", "held out 1.50 nats", "written freely 75.0 %"] {
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
