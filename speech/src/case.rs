//! Case directives: `capital x`, `all caps word`, `camel case get user name`.

/// A case directive: how the words after it are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directive {
    /// Writes the first letter of the next word in upper case.
    Capital,
    /// Writes the next letter or word in upper case.
    Upper,
    /// Writes the next letter or word in lower case.
    Lower,
    /// Writes one word (or run of letters) in upper case. Speakers often mean the whole name that
    /// underscores join.
    AllCaps,
    /// `getUserName`: runs to the next space, symbol or directive, as the four below do.
    Camel,
    /// `GetUserName`.
    Pascal,
    /// `get_user_name`.
    Snake,
    /// `get-user-name`.
    Kebab,
    /// `GET_USER_NAME`.
    Screaming,
    /// `get.user.name`.
    Dot,
    /// `get/user/name`.
    Path,
}

impl Directive {
    /// Returns the directive that a vocabulary entry of kind `case` names, or `None` for any other
    /// name: "end case" only ends one.
    pub fn named(name: &str) -> Option<Directive> {
        Some(match name {
            "capital" => Directive::Capital,
            "upper" => Directive::Upper,
            "lower" => Directive::Lower,
            "allcaps" => Directive::AllCaps,
            "camel" => Directive::Camel,
            // Speakers say "title case" for one word as often as for several; Pascal case fits
            // both.
            "pascal" | "title" => Directive::Pascal,
            "snake" => Directive::Snake,
            "kebab" => Directive::Kebab,
            "screaming" => Directive::Screaming,
            "dot" => Directive::Dot,
            "path" => Directive::Path,
            _ => return None,
        })
    }

    /// Whether the directive covers several words.
    pub fn runs(self) -> bool {
        matches!(
            self,
            Directive::Camel
                | Directive::Pascal
                | Directive::Snake
                | Directive::Kebab
                | Directive::Screaming
                | Directive::Dot
                | Directive::Path
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
            Directive::Dot => words.iter().map(lower).collect::<Vec<_>>().join("."),
            Directive::Path => words.iter().map(lower).collect::<Vec<_>>().join("/"),
        }
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| std::iter::once(upper(first)).chain(chars).collect())
}

/// Upper case, letter for letter. A letter that would become two ("ß") is left as it is.
pub fn to_upper(text: &str) -> String {
    text.chars().map(upper).collect()
}

/// Lower case, letter for letter. A letter that would become two is left as it is.
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
            (Directive::Dot, "get.user.id"),
            (Directive::Path, "get/user/id"),
        ] {
            assert_eq!(directive.apply(&words), expected);
        }
        assert_eq!(Directive::Capital.apply(&words[..1]), "Get");
        assert_eq!(Directive::AllCaps.apply(&words[..1]), "GET");
    }
}
