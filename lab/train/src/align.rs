//! Align: finds the path through a lattice that writes a known answer, so that training can teach
//! it.
//!
//! If several paths write the answer, the cheapest is taken. One reading over many tokens is
//! cheaper than many readings, a literal reading is cheaper than one that only sounds similar, and
//! words labelled as talk must be dropped.

use sayso_corpus::sample::Label;
use sayso_speech::lattice::spell::{Compare, cheapest_path};
use sayso_speech::lattice::{Kind, Lattice, ReadingId, Step};

/// Returns the cheapest path that writes `expected`, or `None` if no path does. `labels` holds one
/// label for each token.
pub fn align(lattice: &Lattice, expected: &str, labels: &[Label]) -> Option<Vec<Step>> {
    cheapest_path(lattice, expected.trim(), Compare::Exactly, |id| cost(lattice, id, labels))
}

/// The cost of a reading, or `None` if it contradicts the labels.
fn cost(lattice: &Lattice, id: ReadingId, labels: &[Label]) -> Option<f32> {
    let reading = lattice.reading(id);
    let labels = &labels[reading.tokens.clone()];
    let talk = labels.contains(&Label::Talk);
    if reading.kind == Kind::Deletion {
        return Some(match labels[0] {
            Label::Talk => 0.1,
            Label::Unknown => 3.0,
            Label::Kept => 6.0,
        });
    }
    if talk {
        return None;
    }
    Some(match reading.kind {
        Kind::Alias => 1.3,
        Kind::SoundAlike => 1.2 + f32::from(reading.cost) / 16.0,
        Kind::Added => 1.4,
        Kind::Literal => 0.9,
        _ => 1.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sayso_speech::clean::clean;
    use sayso_speech::lex::lex;
    use sayso_speech::render::render;
    use sayso_speech::words::UserWords;

    fn aligned(dictated: &str, expected: &str, talk: &[usize]) -> Option<(String, Vec<Kind>)> {
        let lattice = lex(clean(dictated), &UserWords::default(), None);
        let labels: Vec<Label> = (0..lattice.len())
            .map(|token| if talk.contains(&token) { Label::Talk } else { Label::Unknown })
            .collect();
        let path = align(&lattice, expected, &labels)?;
        let kinds = path.iter().map(|step| lattice.reading(step.reading).kind).collect();
        Some((render(&lattice, &path).text, kinds))
    }

    #[test]
    fn what_is_aligned_renders_as_the_answer() {
        for (dictated, expected) in [
            ("git commit dash m quote fix login quote", "git commit -m \"fix login\""),
            ("okay so tar dash X Z F archive dot tar", "tar -xzf archive.tar"),
            ("git space push no space er", "git pusher"),
            ("chmod seven fifty five x", "chmod 755 x"),
        ] {
            assert_eq!(aligned(dictated, expected, &[]).unwrap().0, expected);
        }
        assert!(aligned("git status", "git stash", &[]).is_none());
    }

    #[test]
    fn talk_is_dropped_where_it_is_known() {
        let (text, kinds) = aligned("git push no git push", "git push", &[0, 1, 2]).unwrap();
        assert_eq!(text, "git push");
        assert_eq!(kinds, [Kind::Deletion, Kind::Deletion, Kind::Deletion, Kind::Word, Kind::Word]);
    }
}
