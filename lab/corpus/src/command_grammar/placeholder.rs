//! Guesses what a placeholder of a documentation page stands for: `branch_name`, `path/to/file.txt`, `8080`.

use super::fill;
use fastrand::Rng;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The list that a word of a placeholder stands for.
static LISTS: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let lines = include_str!("../../data/commands/placeholders.txt").lines();
    let lists = lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(": "));
    lists.flat_map(|(list, words)| words.split(' ').map(move |word| (word, list))).collect()
});

/// A text for `placeholder`, which comes without its braces; the placeholder itself if nothing tells what it is.
///
/// Of several choices (`name|id`) one is taken; `file1 file2 ...` is filled with one to three names.
pub fn value_for(placeholder: &str, random: &mut Rng) -> String {
    let choices: Vec<&str> = placeholder.split('|').collect();
    if choices.len() > 1
        && choices.iter().all(|choice| !choice.is_empty() && !choice.contains([' ', '[', ']']))
    {
        return one(choices[random.usize(..choices.len())], random);
    }
    match placeholder.strip_suffix(" ...") {
        Some(several) => {
            let example = several.split(' ').next().unwrap_or(several);
            let filled: Vec<String> = (0..random.usize(1..=3)).map(|_| one(example, random)).collect();
            filled.join(" ")
        }
        None => one(placeholder, random),
    }
}

fn one(placeholder: &str, random: &mut Rng) -> String {
    let filled = number(placeholder, random)
        .or_else(|| shaped(placeholder, random))
        .or_else(|| file(placeholder, random))
        .or_else(|| worded(placeholder, random));
    filled.unwrap_or_else(|| placeholder.to_owned())
}

/// Another number with as many digits; small ones stay, since they often mean something.
fn number(placeholder: &str, random: &mut Rng) -> Option<String> {
    let digits = placeholder.trim_end_matches(['s', 'm', 'h', 'd', 'k', 'M', 'G']);
    let (2..=5, true) = (digits.len(), digits.bytes().all(|byte| byte.is_ascii_digit())) else { return None };
    let (low, high) = (10u32.pow(digits.len() as u32 - 1), 10u32.pow(digits.len() as u32));
    if digits.starts_with('0') {
        return None;
    }
    // Round numbers stay round more often than not.
    let drawn = match digits.ends_with('0') && random.bool() {
        true => random.u32(low / 10..high / 10) * 10,
        false => random.u32(low..high),
    };
    Some(format!("{}{}", drawn.max(low), &placeholder[digits.len()..]))
}

/// What the shape alone tells: addresses, dates, versions, sites.
fn shaped(placeholder: &str, random: &mut Rng) -> Option<String> {
    let numbers = |sign: char| {
        let parts = placeholder.split(sign);
        parts.map(|part| part.parse::<u16>().ok()).collect::<Option<Vec<_>>>()
    };
    let list = if numbers('.').is_some_and(|parts| parts.len() == 4) {
        "octet-address"
    } else if numbers('.').is_some_and(|parts| parts.len() == 3) {
        "version-number"
    } else if numbers('-').is_some_and(|parts| parts.len() == 3) {
        "date"
    } else if placeholder.contains("://") {
        if extension(placeholder).is_some_and(|extension| LISTED.contains(&extension)) {
            "web-file"
        } else {
            "web"
        }
    } else if placeholder.contains('@') && placeholder.contains("host") {
        "login-host"
    } else if placeholder.contains('@') && placeholder.contains(".com") {
        "email"
    } else if matches!(placeholder, "example.com" | "www.example.com") {
        "domain"
    } else if matches!(placeholder, "image:tag" | "image_name:tag") {
        "image"
    } else {
        return None;
    };
    fill(list, random)
}

/// Endings of sites that are files.
const LISTED: [&str; 8] = ["zip", "gz", "sh", "json", "csv", "pdf", "iso", "deb"];

/// `path/to/file.txt` with another name and folder, and the same ending.
fn file(placeholder: &str, random: &mut Rng) -> Option<String> {
    let path = placeholder.strip_prefix("path/to").map(|rest| rest.trim_start_matches('/'));
    let name = path.unwrap_or(placeholder);
    match extension(name) {
        Some(extension) if !name.contains(['/', ' ', '*']) => {
            let stem = fill("stem", random)?;
            let folder = match random.u8(..3) {
                0 if path.is_some() => fill("folder-name", random)? + "/",
                _ => String::new(),
            };
            Some(format!("{folder}{stem}.{extension}"))
        }
        _ => {
            let words = words(path?);
            let named = |word: &String| matches!(LISTS.get(word.as_str()), Some(&"folder" | &"project"));
            fill(if words.iter().any(named) { "folder" } else { "path" }, random)
        }
    }
}

/// The ending of a file's name: up to two of them, as in `tar.gz`.
fn extension(name: &str) -> Option<&str> {
    let file = name.rsplit('/').next()?;
    let (stem, last) = file.rsplit_once('.')?;
    let known = !stem.is_empty()
        && (1..=6).contains(&last.len())
        && last.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let double = stem.ends_with(".tar").then(|| &file[stem.len() - 3..]);
    known.then_some(double.unwrap_or(last))
}

fn worded(placeholder: &str, random: &mut Rng) -> Option<String> {
    // A placeholder that contains anything but words is itself an example.
    if placeholder.is_empty()
        || !placeholder.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    {
        return None;
    }
    let words = words(placeholder);
    // A name is the name of something, if it is known of what.
    let general = |word: &&String| matches!(word.as_str(), "name" | "id" | "number" | "value" | "key");
    let specific = words.iter().rev().filter(|word| !general(word)).find_map(|word| LISTS.get(word.as_str()));
    if words.last().is_some_and(|last| last == "id" || last == "number" || last == "n") {
        return Some(random.u32(1..9999).to_string());
    }
    match (specific, words.last()) {
        (Some(list), _) => fill(list, random),
        (None, Some(last)) => fill(LISTS.get(last.as_str())?, random),
        _ => None,
    }
}

/// The words of a placeholder without the numbers behind them, in lower case.
fn words(placeholder: &str) -> Vec<String> {
    let words = placeholder.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_list_exists() {
        let mut random = Rng::with_seed(1);
        for (word, list) in LISTS.iter() {
            assert!(fill(list, &mut random).is_some(), "{word} is filled from {list}");
        }
    }

    #[test]
    fn each_word_stands_for_one_list() {
        let mut seen = HashSet::new();
        let lines = include_str!("../../data/commands/placeholders.txt")
            .lines()
            .filter(|line| !line.starts_with('#'));
        for word in lines.flat_map(|line| line.split(' ').skip(1)) {
            assert!(seen.insert(word), "{word} stands for two lists");
        }
    }

    #[test]
    fn placeholders_vary_and_keep_their_kind() {
        let check = |placeholder: &str, kind: &dyn Fn(&str) -> bool| {
            let mut random = Rng::with_seed(1);
            let values: HashSet<String> = (0..200).map(|_| value_for(placeholder, &mut random)).collect();
            assert!(values.len() >= 5, "{placeholder}: {values:?}");
            assert!(values.iter().all(|value| kind(value)), "{placeholder}: {values:?}");
        };
        check("path/to/file.txt", &|value| value.ends_with(".txt"));
        check("path/to/archive.tar.gz", &|value| value.ends_with(".tar.gz"));
        check("data.csv", &|value| value.ends_with(".csv"));
        check("https://example.com", &|value| value.starts_with("http"));
        check("192.168.178.2", &|value| value.split('.').count() == 4);
        check("8080", &|value| value.len() == 4 && value.parse::<u16>().is_ok());
        check("port", &|value| value.parse::<u16>().is_ok());
        check("pid", &|value| value.starts_with('$') || value.parse::<u32>().is_ok());
        check("username", &|value| value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
        check("branch_name", &|value| !value.contains(' '));
        check("container_name", &|value| !value.contains(['/', ' ']));
        check("path/to/file1 path/to/file2 ...", &|value| !value.contains("..."));
        check("remote_host", &|value| !value.contains('/'));
    }

    #[test]
    fn unknown_placeholders_stay() {
        let mut random = Rng::with_seed(1);
        for placeholder in ["frobnication", "HKEY_X\\y", "1", "a b", "", "...", "0755"] {
            assert_eq!(value_for(placeholder, &mut random), placeholder);
        }
        assert!(["on", "off"].contains(&value_for("on|off", &mut random).as_str()));
    }
}
