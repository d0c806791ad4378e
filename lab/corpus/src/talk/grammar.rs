//! The grammar of talk: rules of weighted alternatives, read from `data/talk` once per process.
//!
//! Knows words and phrases; must not know where in a command they are said.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::scene::{Scene, Special};
use crate::said::Said;

/// What a rule may say.
struct Choice {
    alternatives: Vec<Vec<Item>>,
    /// Sum of the weights up to and with each alternative.
    sums: Vec<u32>,
}

enum Item {
    Word { text: &'static str, pause: &'static str },
    Rule { rule: usize, ending: &'static str, pause: &'static str },
    Special { special: Special, pause: &'static str },
    Maybe(Vec<Item>),
    Either(Choice),
}

struct Grammar {
    names: HashMap<String, usize>,
    rules: Vec<Choice>,
}

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| {
    let mut grammar = Grammar { names: HashMap::new(), rules: Vec::new() };
    grammar.read_words(include_str!("../../data/talk/words.txt"));
    grammar.read_rules(include_str!("../../data/talk/sentences.txt"));
    grammar.read_rules(include_str!("../../data/talk/phrases.txt"));
    for (name, &rule) in &grammar.names {
        assert!(!grammar.rules[rule].alternatives.is_empty(), "talk: nothing says <{name}>");
    }
    grammar
});

/// Says something by the rule of that name.
pub(super) fn say(rule: &str, scene: &Scene, random: &mut fastrand::Rng, out: &mut Vec<Said>) {
    let rule = GRAMMAR.names[rule];
    GRAMMAR.rules[rule].say(scene, random, out);
}

/// The words that rules say by themselves, each as often as it stands there.
pub(super) static WORDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut words = Vec::new();
    for alternative in GRAMMAR.rules.iter().flat_map(|rule| &rule.alternatives) {
        collect(alternative, &mut words);
    }
    words
});

fn collect(items: &[Item], words: &mut Vec<&'static str>) {
    for item in items {
        match item {
            Item::Word { text, .. } => words.push(text),
            Item::Maybe(items) => collect(items, words),
            Item::Either(choice) => choice.alternatives.iter().for_each(|items| collect(items, words)),
            Item::Rule { .. } | Item::Special { .. } => {}
        }
    }
}

impl Choice {
    fn new() -> Choice {
        Choice { alternatives: Vec::new(), sums: Vec::new() }
    }

    fn add(&mut self, items: Vec<Item>, weight: u32) {
        self.sums.push(self.sums.last().unwrap_or(&0) + weight);
        self.alternatives.push(items);
    }

    fn say(&self, scene: &Scene, random: &mut fastrand::Rng, out: &mut Vec<Said>) {
        let drawn = random.u32(..self.sums[self.sums.len() - 1]);
        let at = self.sums.partition_point(|&sum| sum <= drawn);
        say_items(&self.alternatives[at], scene, random, out);
    }
}

fn say_items(items: &[Item], scene: &Scene, random: &mut fastrand::Rng, out: &mut Vec<Said>) {
    for item in items {
        let before = out.len();
        let pause = match item {
            Item::Word { text, pause } => {
                out.push(Said::talk(scene.written(text)));
                pause
            }
            Item::Rule { rule, ending, pause } => {
                GRAMMAR.rules[*rule].say(scene, random, out);
                if let Some(last) = out[before..].last_mut() {
                    last.text.push_str(ending);
                }
                pause
            }
            Item::Special { special, pause } => {
                scene.say(*special, random, out);
                pause
            }
            Item::Maybe(items) => {
                if random.bool() {
                    say_items(items, scene, random, out);
                }
                ""
            }
            Item::Either(choice) => {
                choice.say(scene, random, out);
                ""
            }
        };
        if scene.pauses
            && !pause.is_empty()
            && let Some(last) = out[before..].last_mut()
        {
            last.pause = pause;
        }
    }
}

impl Grammar {
    fn rule(&mut self, name: &str) -> usize {
        if let Some(&rule) = self.names.get(name) {
            return rule;
        }
        self.rules.push(Choice::new());
        self.names.insert(name.to_owned(), self.rules.len() - 1);
        self.rules.len() - 1
    }

    /// Lists of words; those of a verb become four.
    fn read_words(&mut self, text: &'static str) {
        let mut list = "";
        for (line, indented) in lines(text) {
            if !indented {
                list = line;
                continue;
            }
            let is_verb = matches!(list, "act" | "happen");
            for word in line.split_whitespace() {
                let forms = if is_verb { conjugate(word) } else { vec![word.to_owned()] };
                for (form, ending) in forms.iter().zip(["", "s", "ed", "ing"]) {
                    let words: Vec<Item> =
                        form.split('_').map(|word| Item::word(word.to_owned().leak())).collect();
                    let rule = self.rule(&format!("{list}{ending}"));
                    self.rules[rule].add(words, 1);
                }
            }
        }
    }

    fn read_rules(&mut self, text: &'static str) {
        let mut rule = None;
        for (line, indented) in lines(text) {
            if !indented {
                rule = Some(self.rule(line));
                continue;
            }
            let (weight, rest) = match line.split_once(' ') {
                Some((number, rest)) if number.parse::<u32>().is_ok() => (number.parse().unwrap_or(1), rest),
                _ => (1, line),
            };
            let Some(rule) = rule else { panic!("talk: {line:?} belongs to no rule") };
            let (alternatives, rest) = self.parse(rest);
            assert!(rest.is_empty(), "talk: {rest:?} is left over in {line:?}");
            for items in alternatives {
                self.rules[rule].add(items, weight);
            }
        }
    }

    /// Reads alternatives up to the end or to what closes them.
    fn parse(&mut self, text: &'static str) -> (Vec<Vec<Item>>, &'static str) {
        let mut alternatives = vec![Vec::new()];
        let mut rest = text.trim_start();
        loop {
            let here = alternatives.len() - 1;
            match rest.as_bytes().first() {
                None | Some(b')' | b']') => return (alternatives, rest),
                Some(b'|') => {
                    alternatives.push(Vec::new());
                    rest = rest[1..].trim_start();
                }
                Some(open @ (b'(' | b'[')) => {
                    let (inner, behind) = self.parse(&rest[1..]);
                    assert!(!behind.is_empty(), "talk: {text:?} is not closed");
                    let mut choice = Choice::new();
                    for items in inner {
                        choice.add(items, 1);
                    }
                    let item = Item::Either(choice);
                    alternatives[here].push(if *open == b'(' { item } else { Item::Maybe(vec![item]) });
                    rest = behind[1..].trim_start();
                }
                Some(_) => {
                    let end = rest.find([' ', '|', ')', ']']).unwrap_or(rest.len());
                    let item = self.item(&rest[..end]);
                    alternatives[here].push(item);
                    rest = rest[end..].trim_start();
                }
            }
        }
    }

    fn item(&mut self, text: &'static str) -> Item {
        let word = text.trim_end_matches([',', '.']);
        let pause = &text[word.len()..];
        let Some((name, ending)) = word.strip_prefix('<').and_then(|word| word.split_once('>')) else {
            return Item::Word { text: word, pause };
        };
        match Special::named(name) {
            Some(special) => Item::Special { special, pause },
            None => Item::Rule { rule: self.rule(name), ending, pause },
        }
    }
}

impl Item {
    fn word(text: &'static str) -> Item {
        Item::Word { text, pause: "" }
    }
}

/// Lines that are no comments, and whether each is indented.
fn lines(text: &'static str) -> impl Iterator<Item = (&'static str, bool)> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| (line.trim(), line.starts_with(' ')))
}

/// A verb's four forms: fix, fixes, fixed, fixing.
fn conjugate(verb: &str) -> Vec<String> {
    if verb.contains('/') {
        return verb.split('/').map(str::to_owned).collect();
    }
    let (stem, rest) = verb.split_at(verb.find('_').unwrap_or(verb.len()));
    let sibilant = ["s", "x", "ch", "sh"].iter().any(|end| stem.ends_with(end));
    let silent = stem.strip_suffix('e');
    let y = stem.strip_suffix('y').filter(|before| !before.ends_with(['a', 'e', 'o']));
    let third = match y {
        Some(y) => format!("{y}ies"),
        None if sibilant => format!("{stem}es"),
        None => format!("{stem}s"),
    };
    let past = match (y, silent) {
        (Some(y), _) => format!("{y}ied"),
        (_, Some(_)) => format!("{stem}d"),
        _ => format!("{stem}ed"),
    };
    let going = format!("{}ing", silent.unwrap_or(stem));
    vec![verb.to_owned(), third + rest, past + rest, going + rest]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_have_four_forms() {
        assert_eq!(conjugate("fix"), ["fix", "fixes", "fixed", "fixing"]);
        assert_eq!(conjugate("move"), ["move", "moves", "moved", "moving"]);
        assert_eq!(conjugate("copy"), ["copy", "copies", "copied", "copying"]);
        assert_eq!(conjugate("show_up"), ["show_up", "shows_up", "showed_up", "showing_up"]);
        assert_eq!(conjugate("go/goes/went/going"), ["go", "goes", "went", "going"]);
    }

    #[test]
    fn every_rule_can_be_said() {
        let scene = Scene::bare();
        let mut random = fastrand::Rng::with_seed(1);
        for name in GRAMMAR.names.keys() {
            for _ in 0..200 {
                let mut out = Vec::new();
                say(name, &scene, &mut random, &mut out);
                assert!(out.len() < 80, "<{name}> says {}", crate::said::line(&out));
                assert!(out.iter().all(|said| !said.kept && !said.text.is_empty()), "<{name}>");
            }
        }
    }
}
