//! Command templates of tldr-pages: `tar {{[-c|--create]}} -f {{path/to/file.tar}} {{a|b}}`.

/// A template with every placeholder filled with the text between its braces. Of several choices, number `choice` is
/// taken (counted around), so that a few numbers cover short and long options alike.
pub fn fill(template: &str, choice: usize) -> String {
    fill_with(template, choice, str::to_owned)
}

/// Like [`fill`], but replaces the text between the braces with what `value` makes of it.
pub fn fill_with(template: &str, choice: usize, mut value: impl FnMut(&str) -> String) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some(end) = placeholder_end(after) else { break };
        filled += before;
        let chosen = chosen(&after[..end], choice);
        filled += &if chosen.starts_with('-') { chosen.to_owned() } else { value(chosen) };
        rest = &after[end + 2..];
    }
    filled += rest;
    // Braces that belong to the command are escaped.
    filled.replace("\\{\\{", "{{").replace("\\}\\}", "}}")
}

/// The position of the closing braces. Of three or more in a row the last two close: `{{{1..3}}}` contains `{1..3}`.
fn placeholder_end(text: &str) -> Option<usize> {
    let first = text.find("}}")?;
    let braces = text[first..].bytes().take_while(|&byte| byte == b'}').count();
    Some(first + braces - 2)
}

fn chosen(placeholder: &str, choice: usize) -> &str {
    let options = placeholder
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .filter(|inner| inner.contains('|') && !inner.contains(['[', ']']));
    let choices: Vec<&str> = options.unwrap_or(placeholder).split('|').collect();
    // A bar next to a space or at an end is a pipe of the command, and one inside brackets is a choice of a part.
    let choosable =
        |text: &&str| !text.is_empty() && text.trim() == *text && !text.contains(['[', ']', '\\']);
    match choices.iter().all(choosable) {
        true => choices[choice % choices.len()],
        false => placeholder,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled() {
        let check = |template: &str, choice: usize, expected: &str| {
            assert_eq!(fill(template, choice), expected, "{template} with choice {choice}");
        };
        check("ls", 0, "ls");
        check("cat {{path/to/file}} -n", 0, "cat path/to/file -n");
        check("tar {{[-c|--create]}} {{a}}", 0, "tar -c a");
        check("tar {{[-c|--create]}} {{a}}", 1, "tar --create a");
        check("tar {{[-c|--create]}} {{a|b|c}}", 2, "tar -c c");
        check("echo {{{1..3}}} {{{a..c}}}{{{d,e}}}", 0, "echo {1..3} {a..c}{d,e}");
        check("fping {{192.168.1.{1..254}}}", 0, "fping 192.168.1.{1..254}");
        check("docker -f '\\{\\{.LogPath\\}\\}' {{x}}", 0, "docker -f '{{.LogPath}}' x");
        check("ps | grep {{[s]tring}}", 0, "ps | grep [s]tring");
        check("sh -c '{{ls | wc}}'", 1, "sh -c 'ls | wc'");
        check("tar {{a.tar[.gz|.bz2]}}", 1, "tar a.tar[.gz|.bz2]");
        check("<Ctrl c>", 0, "<Ctrl c>");
        check("echo {{open", 0, "echo {{open");
    }
}
