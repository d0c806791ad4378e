//! The surroundings that talk may refer to at its place in a command, and how the speech engine writes it.

use crate::labelled_word::LabelledWord;

/// The surroundings of something that is said in a command.
#[derive(Debug, Clone, Copy)]
pub(super) struct SlotContext<'a> {
    /// The unit of the command that was said last; empty at the start.
    pub prev: &'a [LabelledWord],
    /// The unit that comes next; empty at the end.
    pub next: &'a [LabelledWord],
    /// The unit in whose place something wrong is said.
    pub akin: &'a [LabelledWord],
    /// Other commands.
    pub others: &'a [Vec<LabelledWord>],
    /// Phrases that take back what was said; if there are none, the grammar makes them.
    pub cues: &'a [Vec<LabelledWord>],
    /// Whether names, "I" and the starts of sentences have capitals.
    pub capitals: bool,
    /// Whether commas and full stops are written.
    pub pauses: bool,
}

impl SlotContext<'_> {
    /// Talk in lower case and without pauses that refers to nothing.
    pub(super) const BARE: SlotContext<'static> = SlotContext {
        prev: &[],
        next: &[],
        akin: &[],
        others: &[],
        cues: &[],
        capitals: false,
        pauses: false,
    };

    /// A word of talk as this engine writes it.
    pub(super) fn written(&self, text: &str) -> String {
        if self.capitals { text.to_owned() } else { text.to_ascii_lowercase() }
    }
}

/// Says the words once more, as talk.
pub(super) fn repeat(words: &[LabelledWord], out: &mut Vec<LabelledWord>) {
    out.extend(
        words
            .iter()
            .map(|word| LabelledWord { unit: word.unit, ..LabelledWord::disfluent(word.text.clone()) }),
    );
}
