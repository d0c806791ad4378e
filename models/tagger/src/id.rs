//! The numbers of all features.
//!
//! They are hashed into the rows of the embedding tables, so the weights depend on them: never renumber. A new feature
//! takes a number that was never used in its list, and needs new weights.

use std::fmt::Debug;

/// The number of a kind of feature, unique within its list.
pub trait FeatureId: Copy + Debug + 'static {
    /// The whole list.
    const ALL: &'static [Self];

    /// Part of the tagger's input: never renumber.
    fn id(self) -> u8;
}

macro_rules! ids {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $id:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$doc])* $variant = $id,)+
        }

        impl FeatureId for $name {
            const ALL: &'static [$name] = &[$($name::$variant),+];

            fn id(self) -> u8 {
                self as u8
            }
        }
    };
}

ids! {
    /// Features with a row in the table of units, readings and history.
    RowId {
        // Of a token.
        /// Its text in lower case.
        Word = 1,
        /// Shape, case and length.
        Form = 2,
        /// A pause follows it.
        Pause = 3,
        /// Kind and length of a vocabulary entry that begins with it.
        Entry = 4,
        /// What a symbol that begins with it writes.
        Symbol = 5,
        /// Which kinds of readings start at it.
        Kinds = 6,
        /// It is the name of a command.
        Command = 7,
        /// The pattern of a typed one.
        TypedPattern = 8,
        /// Three or four of its letters.
        Letters = 9,
        /// It follows the one before it without white space.
        Attached = 16,
        /// Word class and case.
        Class = 17,
        /// How far ahead the same word comes again.
        SaidAgain = 18,
        /// How far back the same word was said before.
        SaidBefore = 19,
        /// It lies between two words and their repetition.
        InRepetition = 28,
        // Of the whole line, for each of its tokens.
        /// In which case single letters are written.
        LineLetters = 10,
        /// How many pauses there are.
        LinePauses = 11,
        /// How often "space" is said.
        LineSpaces = 12,
        /// How many tokens are typed.
        LineTyped = 13,
        /// How many tokens begin with a capital.
        LineCapitals = 14,
        /// How long it is.
        LineLength = 15,
        // Of a reading.
        /// Kind.
        ReadingKind = 20,
        /// What it writes.
        ReadingText = 21,
        /// Kind, kind of the vocabulary entry, tokens.
        ReadingEntry = 22,
        /// Kind and the first word that was heard.
        ReadingHeard = 23,
        /// Kind, case of what it writes and case of what was heard.
        ReadingCase = 24,
        /// Kind and length of what it writes.
        ReadingLength = 25,
        /// Kind, phonetic distance, tokens.
        ReadingDistance = 26,
        /// Kind, frequency and fit.
        ReadingPrior = 27,
        // Of the command line so far.
        /// The word under construction.
        HistoryWord = 30,
        /// Quote, brackets, place and pending value.
        HistoryState = 31,
        /// The word before.
        HistoryPrevious = 32,
        /// The command.
        HistoryCommand = 33,
        /// The command with its sub-commands, and the word before.
        HistoryPath = 34,
        /// The last reading.
        HistoryLast = 35,
        /// The last two readings.
        HistoryLastTwo = 36,
        /// Tokens deleted in a row, and the kind of the last reading.
        HistoryDropped = 37,
        /// Number of arguments, and whether a space was written last.
        HistoryArguments = 38,
        /// The command, and how the word under construction fits.
        HistoryFit = 39,
        // Of a token again.
        /// Which kind of talk it may be.
        Cue = 40,
        /// How far ahead the next correction is, and how the token is like the word behind it.
        RepairAhead = 41,
        /// How the word behind a correction is like the word before it.
        RepairBehind = 42,
    }
}

ids! {
    /// Features with a row in the table of candidates. "Space" stands for whether a space goes before it and whether that is
    /// settled, "word" for the word that the candidate makes together with what stands before it.
    CrossId {
        // Of a candidate that writes nothing.
        /// Kind and what was heard.
        SilentHeard = 60,
        /// Kind, tokens deleted in a row, kind of the last reading.
        SilentDropped = 61,
        /// Kind, place, whether a quote is open.
        SilentPlace = 62,
        /// Kind, what was heard, the last reading.
        SilentAfter = 63,
        /// Kind, what was heard, what is heard next.
        SilentBefore = 64,
        /// Kind, the last reading, what is heard next, tokens deleted in a row.
        SilentBetween = 65,
        /// Kind, how what was heard would fit as a word, tokens deleted in a row, pending value.
        SilentFit = 68,
        // Of one behind words that were left out.
        /// How it is like the first word that was left out and like the word before that, and how many were left out.
        Resumed = 66,
        /// How it is like the first word that was left out, kind, the last word that was left out.
        ResumedKind = 67,
        // Of one that writes something.
        /// The word.
        Word = 70,
        /// The word and the command.
        WordInCommand = 71,
        /// The word and the word before it.
        WordAfterWord = 72,
        /// Fit of the word, space, kind.
        FitOfWord = 73,
        /// Space, the last reading, the text.
        TextAfterReading = 74,
        /// Space, kind of the last reading, kind, open quote.
        KindAfterKind = 75,
        /// The command with its sub-commands, pending value, space, pattern of the word.
        PatternInCommand = 76,
        /// Space, fit of the word before this candidate, pending value.
        FitBefore = 77,
        /// Space, the last two readings, the text.
        TextAfterTwo = 78,
        /// Space, the command, the last reading, the text.
        TextInCommand = 79,
        /// Space, pattern and fit of the word.
        PatternAndFit = 80,
        /// The text, kind, case of what was heard, place.
        TextAndCase = 81,
        /// Phonetic distance, space, frequency, fit of the reading and of the word.
        Distance = 82,
        /// Space, the text, what is heard next.
        TextBeforeHeard = 83,
        /// Space, kind, the last reading, what is heard next.
        KindBetween = 84,
        /// Space, the command, the text, what is heard next.
        TextInCommandBeforeHeard = 85,
        /// Class of the word that was heard, kind, phonetic distance, fit of the word, place.
        HeardClass = 86,
        /// Space, and what the word would be with a hyphen and the word that is heard next.
        Hyphen = 87,
    }
}

ids! {
    /// Parts of features, which have no row by themselves.
    PartId {
        /// No word or reading.
        Nothing = 0,
        /// A word or a reading that was written.
        Written = 1,
        /// The word that a candidate makes.
        CandidateWord = 2,
        /// What a candidate writes.
        CandidateText = 3,
    }
}
