//! What is said and taken back: wrong units and arguments, restarts, stutters.
//!
//! All of these are one thing: words in front of a kept word that say wrongly, or break off, or say twice what the kept
//! words say from there on.

use super::command::{Command, is_space};
use super::grammar;
use super::scene::{Scene, repeat};
use super::wrong::{self, Sort};
use crate::said::Said;

/// How something is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mistake {
    /// "dash r no wait dash capital r", "eight no nine".
    Unit,
    /// "foo dot txt scratch that bar dot md".
    Argument,
    /// Broken off within an argument, which starts again.
    Within,
    /// "git push origin master no origin main": more is said again than was wrong.
    Context,
    /// "git pull let me start over git push".
    Restart,
    /// "git push dash dash force scratch that origin".
    Dropped,
    /// "not foo but bar".
    NotBut,
    /// "server no wait cat": a word that has nothing to do with what is meant.
    Stray,
    /// "the the", "git git status".
    Stutter,
    /// "git pu git push".
    FalseStart,
}

const WEIGHTS: [(Mistake, u32); 10] = [
    (Mistake::Unit, 26),
    (Mistake::Argument, 20),
    (Mistake::Within, 9),
    (Mistake::Context, 12),
    (Mistake::Restart, 10),
    (Mistake::Dropped, 8),
    (Mistake::NotBut, 8),
    (Mistake::Stray, 9),
    (Mistake::Stutter, 10),
    (Mistake::FalseStart, 7),
];

/// A mistake and what takes it back, and the word of the command in front of which they are said.
pub(super) fn correction(
    command: &Command,
    scene: &Scene,
    random: &mut fastrand::Rng,
) -> Option<(usize, Vec<Said>)> {
    let total: u32 = WEIGHTS.iter().map(|(_, weight)| weight).sum();
    let mut drawn = random.u32(..total);
    let (mistake, _) = WEIGHTS.iter().find(|(_, weight)| {
        let found = drawn < *weight;
        drawn = drawn.wrapping_sub(*weight);
        found
    })?;
    let mut out = Vec::with_capacity(16);
    let at = match mistake {
        Mistake::Unit => unit(command, scene, random, &mut out),
        Mistake::Argument => argument(command, scene, random, &mut out),
        Mistake::Within => within(command, scene, random, &mut out),
        Mistake::Context => context(command, scene, random, &mut out),
        Mistake::Restart => restart(command, scene, random, &mut out),
        Mistake::Dropped => dropped(command, scene, random, &mut out),
        Mistake::NotBut => not_but(command, scene, random, &mut out),
        Mistake::Stray => stray(command, scene, random, &mut out),
        Mistake::Stutter => stutter(command, scene, random, &mut out),
        Mistake::FalseStart => false_start(command, scene, random, &mut out),
    }?;
    (!out.is_empty()).then_some((at, out))
}

/// What says that the words before it were wrong.
fn marker(at: usize, command: &Command, scene: &Scene, random: &mut fastrand::Rng, out: &mut Vec<Said>) {
    if scene.pauses
        && let Some(last) = out.last_mut()
    {
        last.pause = ",";
    }
    let rule = match random.u8(..10) {
        _ if command.quoted(at) => "replace_quoted",
        // What people say tells less than what they say next: any of it may take back a word or all.
        0 => "restart",
        1 => "drop",
        _ => "replace",
    };
    grammar::say(rule, scene, random, out);
}

/// A unit to get wrong: numbers and letters more often than words.
fn some_unit(command: &Command, random: &mut fastrand::Rng) -> usize {
    let count = command.units.len();
    let mut unit = random.usize(..count);
    for _ in 0..3 {
        let prone = match wrong::sort(command.unit(unit)) {
            Sort::Number | Sort::Directed => 4,
            Sort::Letter => 3,
            Sort::Word => 3,
            Sort::Symbol => 1,
        };
        if random.u8(..4) < prone {
            break;
        }
        unit = random.usize(..count);
    }
    unit
}

fn unit(command: &Command, scene: &Scene, random: &mut fastrand::Rng, out: &mut Vec<Said>) -> Option<usize> {
    let mut first = some_unit(command, random);
    // A flag's letter comes with its dash, most of the time.
    while first > 0 && command.unit(first - 1).first().is_some_and(wrong::is_dash) && random.u8(..4) > 0 {
        first -= 1;
    }
    let mut last = first;
    while last + 1 < command.units.len() && command.unit(last).first().is_some_and(wrong::is_dash) {
        last += 1;
    }
    // A number may be of several units, digit by digit.
    while last + 1 < command.units.len()
        && wrong::sort(command.unit(last)) == Sort::Number
        && wrong::sort(command.unit(last + 1)) == Sort::Number
        && random.u8(..4) > 0
    {
        last += 1;
    }
    let at = command.units[first];
    for _ in 0..1 + usize::from(random.u8(..8) == 0) {
        for same in first..last {
            if wrong::sort(command.unit(same)) == Sort::Number && random.bool() {
                wrong::unit(command.unit(same), scene, random, out);
            } else {
                repeat(command.unit(same), out);
            }
        }
        wrong::unit(command.unit(last), scene, random, out);
        marker(at, command, scene, random, out);
    }
    Some(at)
}

/// An argument gone wrong: another command's, or this one with one unit or the end of it changed.
fn wrong_argument(
    argument: &[Said],
    command: &Command,
    scene: &Scene,
    random: &mut fastrand::Rng,
    out: &mut Vec<Said>,
) {
    let from = out.len();
    if random.u8(..10) < 5 {
        borrowed(argument.first().is_some_and(wrong::is_dash), scene, random, out);
    }
    let same = |out: &[Said]| {
        out.len() == argument.len()
            && out.iter().zip(argument).all(|(a, b)| a.text.eq_ignore_ascii_case(&b.text))
    };
    if out.len() > from && !same(&out[from..]) {
        return;
    }
    out.truncate(from);
    let units: Vec<&[Said]> = command.units_of(argument).collect();
    let changed = random.usize(..units.len());
    for (at, unit) in units.iter().enumerate() {
        if at == changed {
            wrong::unit(unit, scene, random, out);
        } else {
            repeat(unit, out);
        }
        if at == changed && random.u8(..3) == 0 {
            // Noticed at once.
            return;
        }
    }
}

/// An argument of another command, a flag if `flag`; at most eight words of it.
fn borrowed(flag: bool, scene: &Scene, random: &mut fastrand::Rng, out: &mut Vec<Said>) {
    for _ in 0..4 {
        let Some(other) = random.choice(scene.others).filter(|other| other.len() > 1) else { return };
        let start = random.usize(..other.len());
        let Some(at) = (start..other.len()).find(|&at| other[at].argument && at > 0) else { continue };
        let behind = |end: &usize| other[*end].argument || is_space(&other[*end]);
        let end = (at + 1..other.len()).find(behind).unwrap_or(other.len());
        if wrong::is_dash(&other[at]) == flag && end - at <= 8 {
            return repeat(&other[at..end], out);
        }
    }
}

fn argument(
    command: &Command,
    scene: &Scene,
    random: &mut fastrand::Rng,
    out: &mut Vec<Said>,
) -> Option<usize> {
    let (from, to) = command.some_argument(random);
    if to - from > 10 {
        return within(command, scene, random, out);
    }
    for _ in 0..1 + usize::from(random.u8(..6) == 0) {
        wrong_argument(command.words(from, to), command, scene, random, out);
        marker(from, command, scene, random, out);
    }
    Some(from)
}

fn within(
    command: &Command,
    scene: &Scene,
    random: &mut fastrand::Rng,
    out: &mut Vec<Said>,
) -> Option<usize> {
    let (from, to) = command.some_argument(random);
    let units: Vec<&[Said]> = command.units_of(command.words(from, to)).collect();
    if units.len() < 3 {
        return None;
    }
    let wrong_at = random.usize(1..units.len().min(7));
    let again = random.usize(..=wrong_at.min(2)) * usize::from(random.u8(..3) == 0);
    for unit in &units[again..wrong_at] {
        repeat(unit, out);
    }
    match random.u8(..4) {
        0 => wrong::cut_off(&units[wrong_at][0], random, out),
        1 => {}
        _ => wrong::unit(units[wrong_at], scene, random, out),
    }
    let at = from + units[..again].iter().map(|unit| unit.len()).sum::<usize>();
    marker(at, command, scene, random, out);
    Some(at)
}

fn context(
    command: &Command,
    scene: &Scene,
    random: &mut fastrand::Rng,
    out: &mut Vec<Said>,
) -> Option<usize> {
    let count = command.arguments.len();
    if count < 2 {
        return None;
    }
    let wrong_at = random.usize(1..count);
    let again = wrong_at - random.usize(1..=wrong_at.min(3));
    let (from, _) = command.argument(again);
    let (wrong_from, wrong_to) = command.argument(wrong_at);
    if wrong_to - from > 14 {
        return None;
    }
    repeat(command.words(from, wrong_from), out);
    wrong_argument(command.words(wrong_from, wrong_to), command, scene, random, out);
    if wrong_at + 1 < count && random.u8(..3) == 0 {
        // Noticed late.
        let last = (wrong_at + random.usize(1..3)).min(count - 1);
        let (_, to) = command.argument(last);
        repeat(command.words(wrong_to, to.min(wrong_to + 8)), out);
    }
    marker(from, command, scene, random, out);
    Some(from)
}

fn restart(
    command: &Command,
    scene: &Scene,
    random: &mut fastrand::Rng,
    out: &mut Vec<Said>,
) -> Option<usize> {
    for _ in 0..1 + usize::from(random.u8(..8) == 0) {
        let other = random.choice(scene.others).filter(|other| !other.is_empty() && random.bool());
        match other {
            Some(other) => {
                let wished = random.usize(1..=other.len().min(9));
                let end = (wished..other.len()).find(|&end| other[end].unit).unwrap_or(other.len());
                repeat(&other[..end], out);
            }
            None => {
                let to = command.units[random.usize(..command.units.len().min(8))];
                repeat(command.words(0, to), out);
                let unit = command.units.iter().position(|&unit| unit == to)?;
                match random.u8(..4) {
                    0 => wrong::cut_off(&command.unit(unit)[0], random, out),
                    1 if to > 0 => {}
                    _ => wrong::unit(command.unit(unit), scene, random, out),
                }
            }
        }
        if scene.pauses
            && let Some(last) = out.last_mut()
        {
            last.pause = if random.bool() { "," } else { "." };
        }
        grammar::say(if random.u8(..4) == 0 { "replace" } else { "restart" }, scene, random, out);
    }
    Some(0)
}

fn dropped(
    command: &Command,
    scene: &Scene,
    random: &mut fastrand::Rng,
    out: &mut Vec<Said>,
) -> Option<usize> {
    let count = command.arguments.len();
    // At the end as often as elsewhere: "dash dash force scratch that" is a tail as well.
    let at = if random.u8(..4) == 0 { command.len() } else { command.argument(random.usize(..count)).0 };
    if at == 0 || command.quoted(at) {
        return None;
    }
    borrowed(random.bool(), scene, random, out);
    if out.is_empty() {
        return None;
    }
    grammar::say("drop", scene, random, out);
    Some(at)
}

fn not_but(
    command: &Command,
    scene: &Scene,
    random: &mut fastrand::Rng,
    out: &mut Vec<Said>,
) -> Option<usize> {
    let (from, to) = command.some_argument(random);
    if to - from > 8 || command.quoted(from) {
        return None;
    }
    grammar::say("not", scene, random, out);
    wrong_argument(command.words(from, to), command, scene, random, out);
    grammar::say("but", scene, random, out);
    Some(from)
}

fn stray(command: &Command, scene: &Scene, random: &mut fastrand::Rng, out: &mut Vec<Said>) -> Option<usize> {
    let at = match random.u8(..4) {
        0 => 0,
        1 => command.units[random.usize(..command.units.len())],
        _ => command.some_argument(random).0,
    };
    for _ in 0..1 + usize::from(random.u8(..6) == 0) {
        let other = random.choice(scene.others).and_then(|other| random.choice(other));
        match other.filter(|word| word.text.len() > 2 && random.bool()) {
            Some(word) => repeat(std::slice::from_ref(word), out),
            None => grammar::say("thing", scene, random, out),
        }
    }
    marker(at, command, scene, random, out);
    Some(at)
}

fn stutter(
    command: &Command,
    scene: &Scene,
    random: &mut fastrand::Rng,
    out: &mut Vec<Said>,
) -> Option<usize> {
    let first = random.usize(..command.units.len());
    let last = (first + random.usize(..3)).min(command.units.len() - 1);
    let units = || (first..=last).map(|unit| command.unit(unit));
    // "dot dot" and "one one" say something: only what holds a word can be said twice.
    if !units().any(|unit| wrong::sort(unit) == Sort::Word && unit[0].text.len() > 1) {
        return None;
    }
    let at = command.units[first];
    for _ in 0..1 + usize::from(random.u8(..8) == 0) {
        units().for_each(|unit| repeat(unit, out));
        if random.bool() {
            let rule = if command.quoted(at) { "um" } else { "stutter" };
            grammar::say(rule, scene, random, out);
        }
    }
    Some(at)
}

fn false_start(
    command: &Command,
    scene: &Scene,
    random: &mut fastrand::Rng,
    out: &mut Vec<Said>,
) -> Option<usize> {
    let broken = random.usize(..command.units.len());
    let first = broken - random.usize(..=broken.min(3));
    for unit in first..broken {
        repeat(command.unit(unit), out);
    }
    let before = out.len();
    wrong::cut_off(&command.unit(broken)[0], random, out);
    if out.len() == before {
        return None;
    }
    let at = command.units[first];
    if scene.pauses
        && random.bool()
        && let Some(last) = out.last_mut()
    {
        last.text.push('-');
    }
    match random.u8(..6) {
        0 => marker(at, command, scene, random, out),
        1 | 2 => grammar::say("um", scene, random, out),
        _ => {}
    }
    Some(at)
}
