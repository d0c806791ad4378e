//! The rates and confusions of `data/asr_noise.txt`.

use crate::labelled_word::LabelledWord;
use std::collections::HashMap;
use std::sync::LazyLock;

static TEXT: &str = include_str!("../../data/asr_noise.txt");

/// Declares a struct with one field for each named rate, and reads it from the table.
macro_rules! rates {
    ($($name:ident)*) => {
        /// The rates of the noise, in 1000. The table says what each one is a share of.
        #[derive(Debug)]
        pub(super) struct Rates {
            $(pub(super) $name: u16,)*
        }

        impl Rates {
            fn read() -> Rates {
                let rates: HashMap<&str, u16> = section("[rates]")
                    .filter_map(|line| {
                        let (name, rate) = line.split_once(' ')?;
                        Some((name, rate.parse().ok()?))
                    })
                    .collect();
                Rates { $($name: rates.get(stringify!($name)).copied().unwrap_or(0),)* }
            }

            /// The name and value of every rate.
            #[cfg(test)]
            pub(super) fn all(&self) -> Vec<(&'static str, u16)> {
                vec![$((stringify!($name), self.$name)),*]
            }
        }
    };
}

rates! {
    capital stop title comma glued dash dot point digit cut homophone
    upper lower hyphens commas apart beside letter fused dropped close
}

pub(super) static RATES: LazyLock<Rates> = LazyLock::new(Rates::read);

/// What one or more words are heard as.
#[derive(Debug)]
pub(super) struct Heard {
    /// How often the words are misheard, in percent.
    pub(super) often: u8,
    /// What they may be heard as, all equally likely.
    pub(super) forms: Vec<&'static str>,
}

/// The table of confusions, by the spoken words.
#[derive(Debug)]
pub(super) struct Confusions {
    by_words: HashMap<&'static str, Heard>,
    /// Words in the longest entry.
    most: usize,
}

pub(super) static HEARD: LazyLock<Confusions> = LazyLock::new(|| {
    let by_words: HashMap<&str, Heard> = section("[heard]").filter_map(entry).collect();
    let most = by_words.keys().map(|words| words.split(' ').count()).max().unwrap_or(0);
    Confusions { by_words, most }
});

impl Confusions {
    /// Returns the longest confusion that `words` start with, and its number of words. All its
    /// words have the same `kept` label and no pause between them.
    pub(super) fn longest(&self, words: &[LabelledWord]) -> Option<(usize, &Heard)> {
        let one_kind = words.iter().take_while(|said| said.kept == words[0].kept).count();
        let pause = words.iter().position(|said| !said.pause.is_empty()).map_or(words.len(), |at| at + 1);
        let most = self.most.min(one_kind).min(pause);
        let mut said = String::with_capacity(32);
        let mut longest = None;
        for (at, word) in words[..most].iter().enumerate() {
            if at > 0 {
                said.push(' ');
            }
            said.push_str(&word.text);
            said.make_ascii_lowercase();
            if let Some(heard) = self.by_words.get(said.as_str()) {
                longest = Some((at + 1, heard));
            }
        }
        longest
    }

    /// All entries, in no particular order.
    #[cfg(test)]
    pub(super) fn all(&self) -> impl Iterator<Item = (&&'static str, &Heard)> {
        self.by_words.iter()
    }
}

/// Parses a line of the form `said 40: heard, heard`.
fn entry(line: &'static str) -> Option<(&'static str, Heard)> {
    let (said, forms) = line.split_once(": ")?;
    let (words, often) = said.rsplit_once(' ')?;
    Some((words, Heard { often: often.parse().ok()?, forms: forms.split(", ").collect() }))
}

/// The lines under a heading, without comments and empty lines.
pub(super) fn section(heading: &str) -> impl Iterator<Item = &'static str> {
    let lines = TEXT.lines().skip_while(move |line| *line != heading).skip(1);
    lines.take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty() && !line.starts_with('#'))
}
