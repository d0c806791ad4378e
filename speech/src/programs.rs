//! Names of programs of which nothing but the name is known.
//!
//! There are many more programs than the table of commands describes. That a name is one speaks against taking it for
//! a misheard other one. It says little about a line: `remind` and `look` are programs too.

use crate::data::PROGRAMS as LIST;
use crate::sorted_list;

/// Whether there is a program called `name`, exactly as written.
pub fn is_program(name: &str) -> bool {
    sorted_list::contains(LIST, name)
}

/// Whether a program's name begins with `prefix`.
pub fn starts_program(prefix: &str) -> bool {
    sorted_list::starts_any(LIST, prefix)
}

/// All of them.
pub fn programs() -> impl Iterator<Item = &'static str> {
    LIST.lines()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_and_known() {
        assert!(programs().is_sorted());
        assert!(is_program("sbuild") && is_program("v4l2-ctl") && !is_program("v4l2-") && !is_program(""));
        assert!(starts_program("v4l2-") && !starts_program("qqqq"));
    }
}
