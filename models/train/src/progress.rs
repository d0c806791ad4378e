//! What a person sees while a run goes on.

use crate::log::Tally;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// A bar in a terminal; elsewhere, a line for each report.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    is_terminal: bool,
    held: Option<f64>,
}

impl Progress {
    /// A bar of this many iterations, of which some are done.
    pub fn new(iterations: usize, done: usize) -> Progress {
        let is_terminal = std::io::stderr().is_terminal();
        let bar = if is_terminal { ProgressBar::new(iterations as u64) } else { ProgressBar::hidden() };
        // The template is fixed and valid; the default would do too.
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg} {eta} left") {
            bar.set_style(style);
        }
        bar.set_position(done as u64);
        bar.reset_eta();
        Progress { bar, is_terminal, held: None }
    }

    /// An iteration is done.
    pub fn advance(&self) {
        self.bar.inc(1);
    }

    /// A report of the loss.
    pub fn loss(&self, iteration: usize, loss: f64, tokens_per_second: f64, peak_mb: f64) {
        let held = self.held.map_or(String::new(), |held| format!(" held out {held:.3},"));
        let text = format!("loss {loss:.3},{held} {tokens_per_second:.0} tokens/s, {peak_mb:.0} MB");
        match self.is_terminal {
            true => self.bar.set_message(text),
            false => eprintln!("{iteration}: {text}"),
        }
    }

    /// A measurement of the validation loss.
    pub fn held(&mut self, iteration: usize, loss: f64) {
        self.held = Some(loss);
        self.say(&format!("{iteration}: loss on held-out examples {loss:.4}"));
    }

    /// A measurement of exact match.
    pub fn exact(
        &self,
        iteration: usize,
        [right, along, lines]: [usize; 3],
        kinds: &[Tally],
        commands: &[Tally],
    ) {
        let share = |count: usize| count as f64 * 100.0 / lines.max(1) as f64;
        self.say(&format!(
            "{iteration}: of {lines} held-out lines {:.1} % exact written freely, {:.1} % along what was said",
            share(right),
            share(along)
        ));
        for tally in kinds {
            self.say(&row(tally));
        }
        for tally in worse(commands) {
            self.say(&row(tally));
        }
    }

    /// Anything else.
    pub fn say(&self, text: &str) {
        match self.is_terminal {
            true => self.bar.println(text),
            false => eprintln!("{text}"),
        }
    }

    /// The run has ended.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// The commands that got worse, the worst first, at most ten.
fn worse(commands: &[Tally]) -> Vec<&Tally> {
    let mut worse: Vec<&Tally> = commands.iter().filter(|tally| tally.lost > tally.gained).collect();
    worse.sort_by_key(|tally| std::cmp::Reverse(tally.lost - tally.gained));
    worse.truncate(10);
    worse
}

fn row(tally: &Tally) -> String {
    let mut row = format!("    {:<24} {:>4} of {:>4}", tally.name, tally.right, tally.lines);
    if tally.gained + tally.lost > 0 {
        row += &format!("  +{} -{}", tally.gained, tally.lost);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_commands_come_first() {
        let tally = |name: &str, gained, lost| Tally { gained, lost, ..Tally::new(name.to_owned()) };
        let commands = [tally("git", 2, 1), tally("ls", 0, 1), tally("find", 1, 4)];
        let names: Vec<&str> = worse(&commands).iter().map(|tally| tally.name.as_str()).collect();
        assert_eq!(names, ["find", "ls"]);
        assert_eq!(row(&commands[2]).trim(), "find                        0 of    0  +1 -4");
    }
}
