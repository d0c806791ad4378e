//! Folding: a name without case, accents and separators, so that it can be compared with what was said.

/// Appends the letters and digits of `text`, folded; calls `separate` with the number of characters before it for each
/// other character.
pub(crate) fn fold(text: &str, key: &mut String, mut separate: impl FnMut(usize, char)) {
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            key.push(character.to_ascii_lowercase());
        } else if character.is_alphanumeric() {
            match plain(character) {
                Some(letters) => key.push_str(letters),
                None => key.extend(character.to_lowercase()),
            }
        } else if character != '\'' && character != '\u{2019}' {
            // An apostrophe is heard in no name.
            separate(key.len(), character);
        }
    }
}

/// `text` folded, without its separators.
pub(crate) fn folded(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    fold(text, &mut key, |_, _| ());
    key
}

/// The letters that a speech engine may write for an accented one of the Latin alphabets.
fn plain(character: char) -> Option<&'static str> {
    Some(match character {
        'à'..='å' | 'À'..='Å' | 'ā' | 'Ā' | 'ă' | 'Ă' | 'ą' | 'Ą' => "a",
        'æ' | 'Æ' => "ae",
        'ç' | 'Ç' | 'ć' | 'Ć' | 'č' | 'Č' => "c",
        'ď' | 'Ď' | 'đ' | 'Đ' => "d",
        'è'..='ë' | 'È'..='Ë' | 'ē' | 'Ē' | 'ę' | 'Ę' | 'ě' | 'Ě' => "e",
        'ğ' | 'Ğ' => "g",
        'ì'..='ï' | 'Ì'..='Ï' | 'ī' | 'Ī' | 'ı' | 'İ' => "i",
        'ł' | 'Ł' => "l",
        'ñ' | 'Ñ' | 'ń' | 'Ń' | 'ň' | 'Ň' => "n",
        'ò'..='ö' | 'ø' | 'Ò'..='Ö' | 'Ø' | 'ō' | 'Ō' | 'ő' | 'Ő' => "o",
        'œ' | 'Œ' => "oe",
        'ř' | 'Ř' => "r",
        'ś' | 'Ś' | 'š' | 'Š' | 'ş' | 'Ş' => "s",
        'ß' => "ss",
        'ť' | 'Ť' => "t",
        'ù'..='ü' | 'Ù'..='Ü' | 'ū' | 'Ū' | 'ů' | 'Ů' | 'ű' | 'Ű' => "u",
        'ý' | 'ÿ' | 'Ý' => "y",
        'ź' | 'Ź' | 'ż' | 'Ż' | 'ž' | 'Ž' => "z",
        _ => return None,
    })
}

/// The words of a name: between separators, at changes of case, and digits apart. In lower case.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    let mut characters = name.chars().filter(|c| *c != '\'').peekable();
    while let Some(character) = characters.next() {
        if character.is_alphanumeric() {
            let next_is_lower = characters.peek().is_some_and(|next| next.is_lowercase());
            let begins = !before.is_alphanumeric()
                || before.is_ascii_digit() != character.is_ascii_digit()
                || before.is_lowercase() && character.is_uppercase()
                || before.is_uppercase() && character.is_uppercase() && next_is_lower;
            if begins {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                match plain(character) {
                    Some(letters) => word.push_str(letters),
                    None => word.extend(character.to_lowercase()),
                }
            }
        }
        before = character;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_to_what_is_said() {
        for (name, key) in [
            ("UserProfileView.swift", "userprofileviewswift"),
            ("Übung_2.tex", "ubung2tex"),
            ("it's here.txt", "itsheretxt"),
            ("données", "donnees"),
            ("отчёт.doc", "отчётdoc"),
        ] {
            assert_eq!(folded(name), key);
        }
    }

    #[test]
    fn names_are_split_into_words() {
        for (name, expected) in [
            ("UserProfileView.swift", "user profile view swift"),
            ("HTTPServer2", "http server 2"),
            ("db-staging_01", "db staging 01"),
            ("k8s", "k 8 s"),
        ] {
            assert_eq!(words(name).join(" "), expected);
        }
    }
}
