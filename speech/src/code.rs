//! Numbers that stand for the variants of an enum in the tagger's input.

/// Gives an enum `code()`, the number of each variant in the tagger's features, and `ALL`, every variant. The weights
/// were learnt with these numbers: never renumber, and give a new variant the next free number.
#[macro_export]
macro_rules! codes {
    ($enum:ident { $($variant:ident = $code:literal),+ $(,)? }) => {
        impl $enum {
            /// Every variant.
            pub const ALL: &[$enum] = &[$($enum::$variant),+];

            /// Part of the tagger's input: never renumber; a new variant takes the next free number.
            pub const fn code(self) -> u64 {
                match self {
                    $($enum::$variant => $code),+
                }
            }
        }
    };
}
