//! A line of input with a cursor.

use unicode_width::UnicodeWidthStr;

/// The text typed so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Input {
    characters: Vec<char>,
    cursor: usize,
}

impl Input {
    /// The text.
    pub(crate) fn text(&self) -> String {
        self.characters.iter().collect()
    }

    /// As much of the text as fits into this many columns, and the column of the cursor, which is always within.
    pub(crate) fn window(&self, columns: usize) -> (String, usize) {
        let mut from = 0;
        let width = |from: usize| self.characters[from..self.cursor].iter().collect::<String>().width();
        while from < self.cursor && width(from) > columns {
            from += 1;
        }
        (self.characters[from..].iter().collect(), width(from))
    }

    /// Inserts text at the cursor; characters that a line cannot hold become spaces.
    pub(crate) fn insert(&mut self, text: &str) {
        for character in text.chars() {
            let character = if character.is_control() { ' ' } else { character };
            self.characters.insert(self.cursor, character);
            self.cursor += 1;
        }
    }

    /// Removes the character before the cursor.
    pub(crate) fn backspace(&mut self) {
        if self.cursor > 0 {
            self.cursor -= 1;
            self.characters.remove(self.cursor);
        }
    }

    /// Removes the word before the cursor.
    pub(crate) fn remove_word(&mut self) {
        let is_blank = |input: &Input| input.cursor > 0 && input.characters[input.cursor - 1].is_whitespace();
        while is_blank(self) {
            self.backspace();
        }
        while self.cursor > 0 && !is_blank(self) {
            self.backspace();
        }
    }

    /// Removes everything.
    pub(crate) fn clear(&mut self) {
        *self = Input::default();
    }

    /// Moves the cursor, but not beyond the ends.
    pub(crate) fn move_by(&mut self, by: isize) {
        self.cursor = self.cursor.saturating_add_signed(by).min(self.characters.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_edited_at_the_cursor() {
        let mut input = Input::default();
        input.insert("git  status");
        input.move_by(-3);
        input.backspace();
        input.insert("中\n");
        assert_eq!(input.text(), "git  st中 tus");
        assert_eq!(input.window(20), ("git  st中 tus".to_owned(), 10));
        assert_eq!(input.window(5), ("st中 tus".to_owned(), 5));
        assert_eq!(input.window(3), ("中 tus".to_owned(), 3));
        input.move_by(99);
        input.remove_word();
        input.remove_word();
        assert_eq!(input.text(), "git  ");
        input.remove_word();
        assert_eq!(input.text(), "");
        input.remove_word();
        input.backspace();
        input.move_by(-1);
        assert_eq!(input, Input::default());
    }
}
