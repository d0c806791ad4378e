//! Case directives: `capital x`, `all caps word`, `camel case get user name`.

/// A directive of the vocabulary, by what its entry writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directive {
    /// First letter upper case, of one letter or word.
    Capital,
    /// The letter or the whole word upper case.
    Upper,
    /// The letter or the whole word lower case.
    Lower,
    /// One word (or run of letters) upper case; people often mean all that underscores join.
    AllCaps,
    /// `getUserName`, to the next space, symbol or directive.
    Camel,
    /// `GetUserName`, likewise.
    Pascal,
    /// `get_user_name`, likewise.
    Snake,
    /// `get-user-name`, likewise.
    Kebab,
    /// `GET_USER_NAME`, likewise.
    Screaming,
}

impl Directive {
    /// The directive that a vocabulary entry of kind `case` writes.
    pub fn named(name: &str) -> Option<Directive> {
        Some(match name {
            "capital" => Directive::Capital,
            "upper" => Directive::Upper,
            "lower" => Directive::Lower,
            "allcaps" => Directive::AllCaps,
            "camel" => Directive::Camel,
            // "Title case" is said of one word as often as of several; both come out as in Pascal case.
            "pascal" | "title" => Directive::Pascal,
            "snake" => Directive::Snake,
            "kebab" => Directive::Kebab,
            "screaming" => Directive::Screaming,
            _ => return None,
        })
    }

    /// Whether it runs over several words.
    pub fn runs(self) -> bool {
        matches!(
            self,
            Directive::Camel | Directive::Pascal | Directive::Snake | Directive::Kebab | Directive::Screaming
        )
    }

    /// Writes the words in this case.
    pub fn apply(self, words: &[String]) -> String {
        let lower = |word: &String| to_lower(word);
        match self {
            Directive::Capital => words.iter().map(|word| capital(word)).collect(),
            Directive::Upper | Directive::AllCaps => to_upper(&words.concat()),
            Directive::Lower => to_lower(&words.concat()),
            Directive::Camel => {
                let mut text = words.first().map(lower).unwrap_or_default();
                text.extend(words.iter().skip(1).map(|word| capital(&to_lower(word))));
                text
            }
            Directive::Pascal => words.iter().map(|word| capital(&to_lower(word))).collect(),
            Directive::Snake => words.iter().map(lower).collect::<Vec<_>>().join("_"),
            Directive::Kebab => words.iter().map(lower).collect::<Vec<_>>().join("-"),
            Directive::Screaming => to_upper(&words.join("_")),
        }
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| std::iter::once(upper(first)).chain(chars).collect())
}

/// Upper case, letter for letter: one that would become two ("ß") stays.
pub fn to_upper(text: &str) -> String {
    text.chars().map(upper).collect()
}

/// Lower case, letter for letter.
pub fn to_lower(text: &str) -> String {
    text.chars().map(|c| single(c.to_lowercase(), c)).collect()
}

fn upper(c: char) -> char {
    single(c.to_uppercase(), c)
}

fn single(mut mapped: impl Iterator<Item = char>, otherwise: char) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(c), None) => c,
        _ => otherwise,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives() {
        let words = ["get".to_owned(), "user".to_owned(), "id".to_owned()];
        for (directive, expected) in [
            (Directive::Camel, "getUserId"),
            (Directive::Pascal, "GetUserId"),
            (Directive::Snake, "get_user_id"),
            (Directive::Kebab, "get-user-id"),
            (Directive::Screaming, "GET_USER_ID"),
        ] {
            assert_eq!(directive.apply(&words), expected);
        }
        assert_eq!(Directive::Capital.apply(&words[..1]), "Get");
        assert_eq!(Directive::AllCaps.apply(&words[..1]), "GET");
    }
}
