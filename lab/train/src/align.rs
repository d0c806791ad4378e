//! Align: the path through a lattice that writes a known answer, which is what training teaches.
//!
//! Several paths may write the same. The cheapest is taken: readings over many tokens before many readings, what was
//! heard as it is written before what merely sounds like it, and words that are known to be talk dropped.

use sayso_corpus::sample::Label;
use sayso_speech::lattice::{Kind, Lattice, ReadingId, Step};

#[derive(Clone, Copy)]
struct Arrival {
    cost: f32,
    from: u32,
    step: Step,
    /// The last reading on the way here that wrote something.
    wrote: Option<ReadingId>,
}

/// The cheapest path that writes `expected`, or `None` where there is none. `labels` has an item for every token.
///
/// A search over (token, place in `expected`, whether the next space is settled), which is their product in the worst
/// case and a narrow band of it in fact.
pub fn align(lattice: &Lattice, expected: &str, labels: &[Label]) -> Option<Vec<Step>> {
    let goal = expected.trim();
    let width = (goal.len() + 1) * 2;
    let mut arrivals: Vec<Option<Arrival>> = vec![None; (lattice.len() + 1) * width];
    let start = Arrival { cost: 0.0, from: 0, step: Step { reading: 0, space: false }, wrote: None };
    arrivals[1] = Some(start);
    for token in 0..lattice.len() {
        let readings = lattice.choices(token);
        for place in 0..width {
            let at = token * width + place;
            let Some(arrival) = arrivals[at] else { continue };
            let (written, settled) = (place / 2, place % 2 == 1);
            for &id in &readings {
                let reading = lattice.reading(id);
                let Some(cost) = cost(lattice, id, labels) else { continue };
                let mut arrive = |end: usize, settled: bool, space: bool| {
                    let to = reading.tokens.end * width + end * 2 + usize::from(settled);
                    let cost = arrival.cost + cost;
                    if arrivals[to].is_none_or(|other| cost < other.cost) {
                        let wrote = if reading.kind.writes() { Some(id) } else { arrival.wrote };
                        let step = Step { reading: id, space };
                        arrivals[to] = Some(Arrival { cost, from: at as u32, step, wrote });
                    }
                };
                match reading.kind {
                    Kind::Drop => arrive(written, settled, false),
                    Kind::Join => arrive(written, true, false),
                    Kind::Separator => {
                        if goal[written..].starts_with(reading.text.as_ref()) {
                            arrive(written + reading.text.len(), true, false);
                        }
                    }
                    _ => {
                        let rest = &goal[written..];
                        let touching = settled
                            || arrival
                                .wrote
                                .is_none_or(|last| lattice.may_touch(lattice.reading(last), reading));
                        if touching && rest.starts_with(reading.text.as_ref()) {
                            arrive(written + reading.text.len(), false, false);
                        }
                        let spaced = rest.strip_prefix(' ').filter(|_| !settled);
                        if spaced.is_some_and(|rest| rest.starts_with(reading.text.as_ref())) {
                            arrive(written + 1 + reading.text.len(), false, true);
                        }
                    }
                }
            }
        }
    }
    let end = lattice.len() * width + goal.len() * 2;
    let best = [end, end + 1].into_iter().filter(|&at| arrivals[at].is_some()).min_by(|&a, &b| {
        let cost = |at: usize| arrivals[at].map_or(f32::MAX, |arrival| arrival.cost);
        cost(a).total_cmp(&cost(b))
    })?;
    let mut path = Vec::new();
    let mut at = best;
    while at >= width {
        let arrival = arrivals[at]?;
        path.push(arrival.step);
        at = arrival.from as usize;
    }
    path.reverse();
    Some(path)
}

/// The cost of taking a reading; `None` where it contradicts the labels.
fn cost(lattice: &Lattice, id: ReadingId, labels: &[Label]) -> Option<f32> {
    let reading = lattice.reading(id);
    let labels = &labels[reading.tokens.clone()];
    let talk = labels.contains(&Label::Talk);
    if reading.kind == Kind::Drop {
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
        Kind::Heard => 1.3,
        Kind::Sounds => 1.2 + f32::from(reading.cost) / 16.0,
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
        assert_eq!(kinds, [Kind::Drop, Kind::Drop, Kind::Drop, Kind::Word, Kind::Word]);
    }
}
