//! The files of `data/` that are compiled in.

pub(crate) static COMMANDS: &str = include_str!("../data/commands.txt");
pub(crate) static DESTRUCTIVE: &str = include_str!("../data/destructive.txt");
pub(crate) static ENGLISH: &str = include_str!("../data/english.txt");
pub(crate) static OMISSIONS: &str = include_str!("../data/omissions.txt");
pub(crate) static PROGRAMS: &str = include_str!("../data/programs.txt");
pub(crate) static SOUND_LETTERS: &str = include_str!("../data/sound-letters.txt");
pub(crate) static SOUND_WORDS: &str = include_str!("../data/sound-words.txt");
pub(crate) static SOUNDS: &str = include_str!("../data/sounds.txt");
pub(crate) static TALK: &str = include_str!("../data/talk.txt");
pub(crate) static VOCABULARY: &str = include_str!("../data/vocabulary.txt");

/// All of them by name, sorted. They are part of the tagger's input: they decide how a line is cut into tokens, which
/// readings its lattice holds and what is known about a word.
pub static MODEL_INPUT: [(&str, &str); 10] = [
    ("commands.txt", COMMANDS),
    ("destructive.txt", DESTRUCTIVE),
    ("english.txt", ENGLISH),
    ("omissions.txt", OMISSIONS),
    ("programs.txt", PROGRAMS),
    ("sound-letters.txt", SOUND_LETTERS),
    ("sound-words.txt", SOUND_WORDS),
    ("sounds.txt", SOUNDS),
    ("talk.txt", TALK),
    ("vocabulary.txt", VOCABULARY),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_is_left_out() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/data")).unwrap();
        let mut files: Vec<String> = folder
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".txt"))
            .collect();
        files.sort();
        assert_eq!(files, MODEL_INPUT.map(|(name, _)| name));
    }
}
