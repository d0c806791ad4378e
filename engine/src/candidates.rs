//! The n-best list: the chosen path through the lattice and the next best ones.

use crate::confidence;
use crate::placed::Placed;
use crate::quote::open_at_end;
use crate::stage::Stage;
use sayso_speech::destructive::is_destructive;
use sayso_speech::english::is_english;
use sayso_speech::lattice::omission::Caution;
use sayso_speech::lattice::{Lattice, Step};
use sayso_speech::{disfluency, render, scanner};
use sayso_tagger::{EncodedLine, Path};
use std::sync::Arc;

/// Paths through a lattice, best first. Only paths that the tagger scored have scores.
#[derive(Debug, Clone)]
pub(crate) struct Candidates {
    /// The stage that ordered them.
    pub(crate) stage: Stage,
    /// The lattice that they lead through: wide where the tagger found them.
    pub(crate) lattice: Arc<Lattice>,
    /// The chosen path.
    pub(crate) best: Path,
    /// How sure the stage is of it, 0 to 1.
    pub(crate) confidence: f32,
    /// The others, best first.
    pub(crate) others: Vec<Path>,
    /// Something to tell the person.
    pub(crate) message: Option<String>,
    /// Names of the place that the line was read with.
    pub(crate) placed: Vec<Placed>,
    /// Texts to offer before those of `others`: what the line says without those names, or with other ones.
    pub(crate) also: Vec<String>,
    /// The encoded line, where the tagger found them: with it one more path can be scored.
    pub(crate) tagged: Option<Arc<EncodedLine>>,
}

impl Candidates {
    /// The one path of a line of which every separator was said, and what the rules make of it otherwise.
    pub(crate) fn strict(lattice: Arc<Lattice>, path: Vec<Step>) -> Candidates {
        let others = vec![unscored(scanner::path(&lattice))];
        Candidates::by_rules(Stage::Strict, lattice, path, confidence::STRICT, others)
    }

    /// The path that the rules choose; beside it the same with letters in the case they were heard in, and with nothing
    /// taken back.
    pub(crate) fn scanned(lattice: Arc<Lattice>) -> Candidates {
        let path = Some(scanner::path(&lattice)).filter(|path| may_be_taken(&lattice, path));
        let path = path.unwrap_or_else(|| scanner::path_with_all_words(&lattice));
        let others = [scanner::path_as_heard(&lattice, &path), scanner::path_without_corrections(&lattice)];
        let confidence = confidence::by_rules(&lattice, &path);
        Candidates::by_rules(Stage::Scanner, lattice, path, confidence, others.map(unscored).into())
    }

    fn by_rules(
        stage: Stage,
        lattice: Arc<Lattice>,
        path: Vec<Step>,
        confidence: f32,
        others: Vec<Path>,
    ) -> Candidates {
        let best = unscored(path);
        Candidates {
            stage,
            lattice,
            best,
            confidence,
            others,
            message: None,
            placed: Vec::new(),
            also: Vec::new(),
            tagged: None,
        }
    }

    /// The path of a line that the gate keeps: every word as it was written.
    pub(crate) fn with_all_words(lattice: Arc<Lattice>) -> Candidates {
        let path = scanner::path_with_all_words(&lattice);
        let confidence = confidence::by_rules(&lattice, &path);
        Candidates::by_rules(Stage::Scanner, lattice, path, confidence, Vec::new())
    }

    /// The chosen path with some names of the place in it, in order and apart; everything else stays as it was. `None` if
    /// a step of the path reaches over the end of a name.
    pub(crate) fn with_names(&self, names: Vec<Placed>) -> Option<Candidates> {
        let pairs: Vec<_> = names.iter().map(|name| (name.tokens.clone(), name.written.clone())).collect();
        let lattice = self.lattice.as_ref().clone().with_names(&pairs);
        let mut best = Path::default();
        let mut steps = self.best.steps.iter().enumerate().peekable();
        let mut left = names.iter().peekable();
        while let Some((at, step)) = steps.next() {
            let tokens = self.lattice.reading(step.reading).tokens.clone();
            if let Some(name) = left.next_if(|name| name.tokens.start <= tokens.start) {
                let mut end = tokens.end;
                while let Some((_, next)) = steps
                    .next_if(|(_, next)| self.lattice.reading(next.reading).tokens.start < name.tokens.end)
                {
                    end = self.lattice.reading(next.reading).tokens.end;
                }
                if name.tokens.start != tokens.start || end != name.tokens.end {
                    return None;
                }
                let (reading, _) = lattice.arcs_from(tokens.start);
                best.steps.push(Step { reading, space: step.space || name.is_apart });
                best.scores.push(0.0);
                continue;
            }
            // Each name stands before the other readings of its first token.
            let before = names.iter().filter(|name| name.tokens.start <= tokens.start).count();
            best.steps.push(Step { reading: step.reading + before as u32, ..*step });
            best.scores.push(self.best.scores.get(at).copied().unwrap_or_default());
        }
        if left.next().is_some() {
            return None;
        }
        best.score = best.scores.iter().sum();
        if self.best.scores.is_empty() {
            // The rules give no step a score.
            best.scores.clear();
        }
        let confidence = match &self.tagged {
            Some(line) => line.weights().confidence(best.score),
            None => self.confidence,
        };
        let lattice = Arc::new(lattice);
        // The other paths lead through the lattice without the names: they are offered as text.
        let tagged = None;
        Some(Candidates {
            lattice,
            best,
            confidence,
            others: Vec::new(),
            placed: names,
            tagged,
            ..self.clone()
        })
    }

    /// Whether the chosen path begins with the name of a command, surely enough to overrule the rules.
    pub(crate) fn names_command(&self) -> bool {
        let text = render::render(&self.lattice, &self.best.steps).text;
        confidence::names_command(&text, self.confidence)
    }

    /// Whether the chosen path leaves out half of the words or more, and the tagger is not sure of it. Of a line that
    /// says no symbol that is more likely prose than a command. Where the line begins with an English word that names
    /// the command, two words of five are enough. Nobody writes a hesitation, so a line with one was spoken, and spoken to
    /// this tool.
    pub(crate) fn may_be_prose(&self) -> bool {
        let (left_out, words) = (self.lattice.left_out(&self.best.steps).len(), self.lattice.len());
        let text = render::render(&self.lattice, &self.best.steps).text;
        let first = self.lattice.line.lower(0);
        let (above, many) = match is_english(first) && text.split_whitespace().next() == Some(first) {
            true => (confidence::BEGINS_WITH_WORD_ABOVE, 5 * left_out >= 2 * words),
            false => (confidence::TALKS_ABOUT_COMMAND_ABOVE, 2 * left_out >= words),
        };
        let is_spoken = self.lattice.hesitates() || disfluency::takes_back(&self.lattice);
        self.stage.is_tagged() && !is_spoken && self.confidence < above && many
    }

    /// The paths with the one that writes `text` first, if it is among them and the tagger is not sure of another one. The
    /// rules know how far a phrase such as "no wait" takes back, where the tagger only has a guess.
    #[must_use]
    pub(crate) fn preferring(mut self, text: &str) -> Candidates {
        let writes = |path: &Path| render::render(&self.lattice, &path.steps).text == text;
        if self.confidence < confidence::RULES_REPAIR_BELOW
            && let Some(at) = self.others.iter().position(writes)
        {
            std::mem::swap(&mut self.best, &mut self.others[at]);
        }
        self
    }

    /// Whether the chosen path writes nothing.
    pub(crate) fn is_blank(&self) -> bool {
        render::render(&self.lattice, &self.best.steps).text.trim().is_empty()
    }

    /// Whether a quote that is still open at the end is closed there: people leave out what ends with the line. The
    /// rules take a line at its word.
    pub(crate) fn closes_quotes(&self) -> bool {
        self.stage.is_tagged() && self.lattice.open_quote().is_none()
    }

    /// The text of a path.
    pub(crate) fn text_of(&self, path: &Path) -> String {
        let mut text = render::render(&self.lattice, &path.steps).text;
        if self.closes_quotes() {
            text.extend(open_at_end(&self.lattice, &path.steps));
        }
        text
    }

    /// Every path that writes something, with its text, best first; of paths with the same text the first.
    pub(crate) fn distinct(&self) -> Vec<(Path, String)> {
        let mut distinct: Vec<(Path, String)> = Vec::new();
        for path in std::iter::once(&self.best).chain(&self.others) {
            let text = self.text_of(path);
            if !text.trim().is_empty() && distinct.iter().all(|(_, other)| *other != text) {
                distinct.push((path.clone(), text));
            }
        }
        distinct
    }
}

/// Whether a path of the rules leaves out only what it may.
fn may_be_taken(lattice: &Lattice, path: &[Step]) -> bool {
    let destroys = is_destructive(&render::render(lattice, path).text);
    let caution = if destroys { Caution::Destructive } else { Caution::Ordinary };
    // Plain lattices hold no sound-alikes, so that more caution changes no reading's number.
    lattice.clone().with_caution(caution).is_licensed(path)
}

/// A path that the rules found.
fn unscored(steps: Vec<Step>) -> Path {
    Path { steps, ..Path::default() }
}
