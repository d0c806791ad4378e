//! Words that are said and taken back: wrong units and arguments, restarts, stutters.
//!
//! All of these have the same form: words before a kept word (in Shriberg's terms, 1994, the reparandum and the editing
//! phrase) that say wrongly, break off, or say twice what the kept words, the repair, say from there on.

use super::command::{Command, is_space, units_of};
use super::context::{SlotContext, repeat};
use super::phrases::say_plain;
use super::slots;
use super::substitution::{self, Sort};
use crate::labelled_word::{LabelledWord, same_texts};
use fastrand::Rng;

/// The form of a repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mistake {
    /// "dash r no wait dash capital r", "eight no nine".
    Unit,
    /// "foo dot txt scratch that bar dot md".
    Argument,
    /// An argument that is broken off and starts again.
    Within,
    /// "git push origin master no origin main": more is said again than was wrong.
    Context,
    /// "git pull let me start over git push".
    Restart,
    /// "git push dash dash force scratch that origin".
    Dropped,
    /// "not foo but bar".
    NotBut,
    /// "server no wait cat": a word that has nothing to do with the intended one.
    Stray,
    /// "the the", "git git status".
    Stutter,
    /// "git pu git push".
    FalseStart,
}

/// How often each mistake is made relative to the others. Hand-chosen, 2026-11-23.
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

/// Draws a mistake and its repair. Returns them with the word of the command before which they are said.
pub(super) fn repair(
    command: &Command,
    context: &SlotContext,
    random: &mut Rng,
) -> Option<(usize, Vec<LabelledWord>)> {
    draw(&WEIGHTS, command, context, random)
}

/// How often each mistake is made that a phrase of the context can take back. Hand-chosen, 2026-11-28.
const WRITTEN_WEIGHTS: [(Mistake, u32); 5] = [
    (Mistake::Unit, 30),
    (Mistake::Argument, 30),
    (Mistake::Within, 8),
    (Mistake::Context, 24),
    (Mistake::Stray, 4),
];

/// Draws a mistake and takes it back with a phrase of the context.
pub(super) fn written_repair(
    command: &Command,
    context: &SlotContext,
    random: &mut Rng,
) -> Option<(usize, Vec<LabelledWord>)> {
    draw(&WRITTEN_WEIGHTS, command, context, random)
}

/// Starts wrongly, and takes it back with a phrase of the context.
pub(super) fn written_restart(
    command: &Command,
    context: &SlotContext,
    random: &mut Rng,
) -> Option<(usize, Vec<LabelledWord>)> {
    draw(&[(Mistake::Restart, 1)], command, context, random)
}

/// Draws one of the mistakes by their weights.
fn draw(
    weights: &[(Mistake, u32)],
    command: &Command,
    context: &SlotContext,
    random: &mut Rng,
) -> Option<(usize, Vec<LabelledWord>)> {
    let total: u32 = weights.iter().map(|(_, weight)| weight).sum();
    let mut drawn = random.u32(..total);
    let (mistake, _) = weights.iter().find(|(_, weight)| {
        let found = drawn < *weight;
        drawn = drawn.wrapping_sub(*weight);
        found
    })?;
    let mut repair = Repair { command, context, random, out: Vec::with_capacity(16) };
    let at = match mistake {
        Mistake::Unit => Some(repair.unit()),
        Mistake::Argument => repair.argument(),
        Mistake::Within => repair.within(),
        Mistake::Context => repair.context(),
        Mistake::Restart => repair.restart(),
        Mistake::Dropped => repair.dropped(),
        Mistake::NotBut => repair.not_but(),
        Mistake::Stray => Some(repair.stray()),
        Mistake::Stutter => repair.stutter(),
        Mistake::FalseStart => repair.false_start(),
    }?;
    (!repair.out.is_empty()).then_some((at, repair.out))
}

/// A mistake while it is being said.
struct Repair<'a> {
    command: &'a Command<'a>,
    context: &'a SlotContext<'a>,
    random: &'a mut Rng,
    /// What has been said so far.
    out: Vec<LabelledWord>,
}

/// Each kind of mistake returns the word of the command before which it is said, or `None` if it does not fit the
/// command.
impl Repair<'_> {
    fn unit(&mut self) -> usize {
        let command = self.command;
        let is_dash = |unit: usize| command.unit(unit).first().is_some_and(substitution::is_dash);
        let is_number = |unit: usize| substitution::sort(command.unit(unit)) == Sort::Number;
        let mut first = self.some_unit();
        // A flag's letter usually comes with its dash.
        while first > 0 && is_dash(first - 1) && self.random.u8(..4) > 0 {
            first -= 1;
        }
        let mut last = first;
        while last + 1 < command.units.len() && is_dash(last) {
            last += 1;
        }
        // A number said digit by digit may have several units.
        while last + 1 < command.units.len()
            && is_number(last)
            && is_number(last + 1)
            && self.random.u8(..4) > 0
        {
            last += 1;
        }
        let at = command.units[first];
        for _ in 0..1 + usize::from(self.once_in(8)) {
            for same in first..last {
                if is_number(same) && self.random.bool() {
                    self.say_instead_of(command.unit(same));
                } else {
                    self.repeat(command.unit(same));
                }
            }
            self.say_instead_of(command.unit(last));
            self.take_back(at);
        }
        at
    }

    fn argument(&mut self) -> Option<usize> {
        let (from, to) = self.command.some_argument(self.random);
        if to - from > 10 {
            return self.within();
        }
        for _ in 0..1 + usize::from(self.once_in(6)) {
            self.say_wrong_argument(self.command.words(from, to));
            self.take_back(from);
        }
        Some(from)
    }

    fn within(&mut self) -> Option<usize> {
        let (from, to) = self.command.some_argument(self.random);
        let units: Vec<&[LabelledWord]> = units_of(self.command.words(from, to)).collect();
        if units.len() < 3 {
            return None;
        }
        let wrong_at = self.random.usize(1..units.len().min(7));
        let again = self.random.usize(..=wrong_at.min(2)) * usize::from(self.once_in(3));
        units[again..wrong_at].iter().for_each(|unit| self.repeat(unit));
        match self.random.u8(..4) {
            0 => self.cut_off(&units[wrong_at][0]),
            1 => {}
            _ => self.say_instead_of(units[wrong_at]),
        }
        let at = from + units[..again].iter().map(|unit| unit.len()).sum::<usize>();
        self.take_back(at);
        Some(at)
    }

    fn context(&mut self) -> Option<usize> {
        let command = self.command;
        let count = command.arguments.len();
        if count < 2 {
            return None;
        }
        let wrong_at = self.random.usize(1..count);
        let again = wrong_at - self.random.usize(1..=wrong_at.min(3));
        let (from, _) = command.argument(again);
        let (wrong_from, wrong_to) = command.argument(wrong_at);
        if wrong_to - from > 14 {
            return None;
        }
        self.repeat(command.words(from, wrong_from));
        self.say_wrong_argument(command.words(wrong_from, wrong_to));
        if wrong_at + 1 < count && self.once_in(3) {
            // The speaker notices the mistake late.
            let last = (wrong_at + self.random.usize(1..3)).min(count - 1);
            let (_, to) = command.argument(last);
            self.repeat(command.words(wrong_to, to.min(wrong_to + 8)));
        }
        self.take_back(from);
        Some(from)
    }

    fn restart(&mut self) -> Option<usize> {
        for _ in 0..1 + usize::from(self.once_in(8)) {
            match self.some_other().filter(|other| !other.is_empty() && self.random.bool()) {
                Some(other) => {
                    let wished = self.random.usize(1..=other.len().min(9));
                    let end = (wished..other.len()).find(|&end| other[end].unit).unwrap_or(other.len());
                    self.repeat(&other[..end]);
                }
                None => self.start_wrongly()?,
            }
            if self.context.pauses
                && let Some(last) = self.out.last_mut()
            {
                last.pause = if self.random.bool() { "," } else { "." };
            }
            if !self.say_cue() {
                let list = if self.once_in(4) { "replace" } else { "restart" };
                self.say(list);
            }
        }
        Some(0)
    }

    /// The command up to a unit that is wrong or missing.
    fn start_wrongly(&mut self) -> Option<()> {
        let command = self.command;
        let to = command.units[self.random.usize(..command.units.len().min(8))];
        self.repeat(command.words(0, to));
        let unit = command.units.iter().position(|&unit| unit == to)?;
        match self.random.u8(..4) {
            0 => self.cut_off(&command.unit(unit)[0]),
            1 if to > 0 => {}
            _ => self.say_instead_of(command.unit(unit)),
        }
        Some(())
    }

    fn dropped(&mut self) -> Option<usize> {
        let command = self.command;
        // As often at the end as elsewhere: "dash dash force scratch that" is a tail as well.
        let at = match self.once_in(4) {
            true => command.len(),
            false => command.argument(self.random.usize(..command.arguments.len())).0,
        };
        if at == 0 || command.quoted(at) {
            return None;
        }
        let flag = self.random.bool();
        self.borrow(flag);
        if self.out.is_empty() {
            return None;
        }
        self.say("drop");
        Some(at)
    }

    fn not_but(&mut self) -> Option<usize> {
        let (from, to) = self.command.some_argument(self.random);
        if to - from > 8 || self.command.quoted(from) {
            return None;
        }
        self.say("not");
        self.say_wrong_argument(self.command.words(from, to));
        self.say("but");
        Some(from)
    }

    fn stray(&mut self) -> usize {
        let command = self.command;
        let at = match self.random.u8(..4) {
            0 => 0,
            1 => command.units[self.random.usize(..command.units.len())],
            _ => command.some_argument(self.random).0,
        };
        for _ in 0..1 + usize::from(self.once_in(6)) {
            let other = self.some_other().and_then(|other| self.random.choice(other));
            match other.filter(|word| word.text.len() > 2 && self.random.bool()) {
                Some(word) => self.repeat(std::slice::from_ref(word)),
                None => say_plain("thing", self.context, self.random, &mut self.out),
            }
        }
        self.take_back(at);
        at
    }

    fn stutter(&mut self) -> Option<usize> {
        let command = self.command;
        let first = self.random.usize(..command.units.len());
        let last = (first + self.random.usize(..3)).min(command.units.len() - 1);
        let units = || (first..=last).map(|unit| command.unit(unit));
        // "dot dot" and "one one" say something else: only a part with a plain word can be said twice.
        let is_word =
            |unit: &[LabelledWord]| substitution::sort(unit) == Sort::Word && unit[0].text.len() > 1;
        if !units().any(is_word) {
            return None;
        }
        let at = command.units[first];
        for _ in 0..1 + usize::from(self.once_in(8)) {
            units().for_each(|unit| self.repeat(unit));
            if self.random.bool() {
                self.say(if command.quoted(at) { "um" } else { "stutter" });
            }
        }
        Some(at)
    }

    fn false_start(&mut self) -> Option<usize> {
        let command = self.command;
        let broken = self.random.usize(..command.units.len());
        let first = broken - self.random.usize(..=broken.min(3));
        (first..broken).for_each(|unit| self.repeat(command.unit(unit)));
        let before = self.out.len();
        self.cut_off(&command.unit(broken)[0]);
        if self.out.len() == before {
            return None;
        }
        let at = command.units[first];
        if self.context.pauses
            && self.random.bool()
            && let Some(last) = self.out.last_mut()
        {
            last.text.push('-');
        }
        match self.random.u8(..6) {
            0 => self.take_back(at),
            1 | 2 => self.say("um"),
            _ => {}
        }
        Some(at)
    }
}

/// The parts that mistakes are made of.
impl<'a> Repair<'a> {
    /// True once in this many calls.
    fn once_in(&mut self, times: u8) -> bool {
        self.random.u8(..times) == 0
    }

    fn say(&mut self, list: &str) {
        slots::say(list, self.context, self.random, &mut self.out);
    }

    fn repeat(&mut self, words: &[LabelledWord]) {
        repeat(words, &mut self.out);
    }

    fn cut_off(&mut self, word: &LabelledWord) {
        substitution::cut_off(word, self.random, &mut self.out);
    }

    fn say_instead_of(&mut self, unit: &[LabelledWord]) {
        substitution::unit(unit, self.context, self.random, &mut self.out);
    }

    fn some_other(&mut self) -> Option<&'a Vec<LabelledWord>> {
        self.random.choice(self.context.others)
    }

    /// Says that the words before were wrong. The kept words continue at word `at`.
    fn take_back(&mut self, at: usize) {
        if self.context.pauses
            && let Some(last) = self.out.last_mut()
        {
            last.pause = ",";
        }
        if self.say_cue() {
            return;
        }
        let list = match self.random.u8(..10) {
            _ if self.command.quoted(at) => "replace-quoted",
            // The phrase tells less than the words after it: any phrase may take back one word or everything.
            0 => "restart",
            1 => "drop",
            _ => "replace",
        };
        self.say(list);
    }

    /// Says a phrase of the context that takes back what was said; now and then says none although there are some.
    fn say_cue(&mut self) -> bool {
        if self.context.cues.is_empty() || self.once_in(4) {
            return false;
        }
        self.out.extend(self.random.choice(self.context.cues).into_iter().flatten().cloned());
        true
    }

    /// A unit to say wrongly: numbers and letters more often than symbols.
    fn some_unit(&mut self) -> usize {
        let count = self.command.units.len();
        let mut unit = self.random.usize(..count);
        for _ in 0..3 {
            let prone = match substitution::sort(self.command.unit(unit)) {
                Sort::Number | Sort::Directed => 4,
                Sort::Letter | Sort::Word => 3,
                Sort::Symbol => 1,
            };
            if self.random.u8(..4) < prone {
                break;
            }
            unit = self.random.usize(..count);
        }
        unit
    }

    /// Says another command's argument instead, or this one with one unit or its end changed.
    fn say_wrong_argument(&mut self, argument: &[LabelledWord]) {
        let from = self.out.len();
        if self.random.u8(..10) < 5 {
            self.borrow(argument.first().is_some_and(substitution::is_dash));
        }
        if self.out.len() > from && !same_texts(&self.out[from..], argument) {
            return;
        }
        self.out.truncate(from);
        let units: Vec<&[LabelledWord]> = units_of(argument).collect();
        let changed = self.random.usize(..units.len());
        for (at, unit) in units.iter().enumerate() {
            if at == changed {
                self.say_instead_of(unit);
            } else {
                self.repeat(unit);
            }
            if at == changed && self.once_in(3) {
                // The speaker notices the mistake at once.
                return;
            }
        }
    }

    /// Says an argument of another command, a flag if `flag`; at most eight words of it.
    fn borrow(&mut self, flag: bool) {
        for _ in 0..4 {
            let Some(other) = self.some_other().filter(|other| other.len() > 1) else { return };
            let start = self.random.usize(..other.len());
            let Some(at) = (start..other.len()).find(|&at| other[at].argument && at > 0) else { continue };
            let behind = |end: &usize| other[*end].argument || is_space(&other[*end]);
            let end = (at + 1..other.len()).find(behind).unwrap_or(other.len());
            if substitution::is_dash(&other[at]) == flag && end - at <= 8 {
                return self.repeat(&other[at..end]);
            }
        }
    }
}
