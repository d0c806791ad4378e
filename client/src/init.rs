//! `sayso init`: prints the shell's script, after lines that set its variables from the settings.

use anyhow::Context;
use sayso_settings::chord::Base;
use sayso_settings::{Chord, Key, Settings};
use sayso_speech::vocabulary::{self, Entry, Kind};
use sayso_text::character::RANGES;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

const ZSH: &str = include_str!("../../shell/sayso.zsh");
const FISH: &str = include_str!("../../shell/sayso.fish");
const BASH: &str = include_str!("../../shell/sayso.bash");

/// A shell that sayso has widgets for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Shell {
    /// zsh 5.2 and later.
    Zsh,
    /// fish 3.6 and later.
    Fish,
    /// bash 4.4 and later.
    Bash,
}

impl Shell {
    /// Its program, which also begins the name of its line editor in requests.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Shell::Zsh => "zsh",
            Shell::Fish => "fish",
            Shell::Bash => "bash",
        }
    }
}

/// The script for the shell to evaluate. `client` is the program that the widgets start, `socket`
/// is where zsh finds the daemon.
///
/// # Errors
/// A path is not UTF-8, so it cannot be written into a script.
pub(crate) fn script(
    shell: Shell,
    settings: &Settings,
    client: &Path,
    socket: &Path,
) -> anyhow::Result<String> {
    let client = utf8(client)?;
    let socket = utf8(socket)?;
    let deadline = settings.deadline.as_millis();
    let enter = u8::from(settings.enter_converts);
    let learn = u8::from(settings.learn.enabled);
    let spelled = |chord: &Chord, write: fn(&Key) -> String, between: &str| -> String {
        chord.keys().iter().map(write).collect::<Vec<_>>().join(between)
    };
    let chords = [("", &settings.key), ("_back", &settings.key_back), ("_pick", &settings.key_pick)];
    // zsh and bash both want the first chord by a name of its own.
    let keys = |write: fn(&Key) -> String| -> String {
        let each = |(name, chord): &(&str, &Chord)| {
            let (key, prefix) = (quoted(&spelled(chord, write, "")), quoted(&prefix(chord, write)));
            format!("_sayso{name}_key={key} _sayso{name}_prefix={prefix}\n")
        };
        chords.iter().map(each).collect()
    };
    Ok(match shell {
        Shell::Zsh => {
            let body = format!(
                "{}_sayso_deadline_ms={deadline} _sayso_enter={enter} _sayso_learn={learn}\n\
                 _sayso_client={} _sayso_socket={} _sayso_version={}\n_sayso_forbidden={}\n_sayso_spoken={}\n\n{ZSH}",
                keys(zsh_key),
                quoted(client),
                quoted(socket),
                quoted(env!("CARGO_PKG_VERSION")),
                quoted(&zsh_class(RANGES)),
                quoted(&spoken()),
            );
            // As one quoted word, because zsh expands aliases in the whole argument of `eval` before it runs any of
            // it: this way the script is read with aliases off, and its functions keep zsh's own options.
            format!("'builtin' 'emulate' 'zsh' '-o' 'no_aliases' '-c' {}\n", quoted(&body))
        }
        Shell::Fish => format!(
            "{}set -g _sayso_deadline_ms {deadline}\nset -g _sayso_enter {enter}\nset -g _sayso_learn {learn}\n\
             set -g _sayso_client {}\nset -g _sayso_spoken {}\n\n{FISH}",
            chords
                .iter()
                .map(|(name, chord)| {
                    let (key, called) = (spelled(chord, fish_key, ""), spelled(chord, Key::to_string, ","));
                    format!("set -g _sayso{name}_key {key}\nset -g _sayso{name}_key_name {called}\n")
                })
                .collect::<String>(),
            fish_quoted(client),
            fish_quoted(&spoken()),
        ),
        Shell::Bash => format!(
            "{}_sayso_deadline_ms={deadline} _sayso_enter={enter} _sayso_learn={learn}\n_sayso_client={}\n\
             _sayso_spoken={}\n\n{BASH}",
            keys(bash_key),
            quoted(client),
            quoted(&spoken()),
        ),
    })
}

/// The line for a start file that turns sayso on in `shell`. It names the client by its path,
/// because PATH may not be set yet.
///
/// # Errors
/// As for [`script`].
pub(crate) fn start_line(shell: Shell, client: &Path) -> anyhow::Result<String> {
    let client = utf8(client)?;
    let plain = client.chars().all(|c| c.is_ascii_alphanumeric() || "_./-".contains(c));
    let word = match shell {
        _ if plain => client.to_owned(),
        Shell::Fish => fish_quoted(client),
        Shell::Zsh | Shell::Bash => quoted(client),
    };
    Ok(match shell {
        Shell::Zsh => format!("eval \"$({word} init zsh)\""),
        Shell::Bash => format!("eval \"$({word} init bash)\""),
        Shell::Fish => format!("status is-interactive; and {word} init fish | source"),
    })
}

/// The path by which this program was started. Unlike the path of the executable itself, it
/// survives an upgrade that changes where a symbolic link points.
///
/// # Errors
/// The system does not even know the path of the executable.
pub(crate) fn own_path() -> anyhow::Result<PathBuf> {
    let named = std::env::args_os().next().unwrap_or_default();
    let found = if named.as_encoded_bytes().contains(&b'/') {
        std::path::absolute(&named).ok()
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).map(|folder| folder.join(&named)).find(|file| file.is_file())
    };
    match found {
        Some(path) if path.is_absolute() => Ok(path),
        _ => std::env::current_exe().context("the path of this program is unknown"),
    }
}

fn utf8(path: &Path) -> anyhow::Result<&str> {
    let why = || format!("{} is not UTF-8 and cannot be written into a script", path.display());
    OsStr::to_str(path.as_os_str()).with_context(why)
}

/// The names of the symbols and separators that can be said, between bars: a pattern that zsh, fish and bash all read as
/// "one of these". A line that contains one is hardly meant to run as it is.
fn spoken() -> String {
    let is_sign = |entry: &&Entry| {
        matches!(entry.kind, Kind::Symbol | Kind::Quote | Kind::Open | Kind::Close | Kind::Space | Kind::Join)
    };
    let is_plain = |form: &String| form.chars().all(|c| c.is_ascii_lowercase() || c == ' ');
    let forms = vocabulary::entries().iter().filter(is_sign).map(Entry::spoken).filter(is_plain);
    forms.collect::<BTreeSet<String>>().into_iter().collect::<Vec<_>>().join("|")
}

/// Quotes a word for zsh and bash.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Quotes a word for fish.
fn fish_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

/// Ranges of characters as the inside of a bracket expression, in escapes that zsh expands when it
/// needs them. In a single-byte locale, zsh could not even parse most of the characters.
fn zsh_class(ranges: &[(char, char, &str)]) -> String {
    let escape = |c: char| match u32::from(c) {
        code @ ..0x80 => format!("\\x{code:02x}"),
        code @ ..0x10000 => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    };
    ranges
        .chunk_by(|one, next| u32::from(one.1) + 1 == u32::from(next.0))
        .filter_map(|run| {
            let (first, last) = (run.first()?.0, run.last()?.1);
            Some(if first == last { escape(first) } else { format!("{}-{}", escape(first), escape(last)) })
        })
        .collect()
}

fn zsh_key(key: &Key) -> String {
    written(key, "^[", |letter| format!("^{}", letter.to_ascii_uppercase()), "[")
}

fn bash_key(key: &Key) -> String {
    written(key, r"\e", |letter| format!(r"\C-{letter}"), "[")
}

fn fish_key(key: &Key) -> String {
    written(key, r"\e", |letter| format!(r"\c{letter}"), r"\[")
}

/// A key as the bytes that terminals send, in a shell's notation for Escape, Control and a bracket.
fn written(key: &Key, escape: &str, control: fn(char) -> String, bracket: &str) -> String {
    match key.base {
        Base::Letter(letter) => {
            let alt = if key.alt { escape } else { "" };
            let letter = if key.ctrl { control(letter) } else { letter.to_string() };
            format!("{alt}{letter}")
        }
        // Numbered as in xterm: F1 to F4 are those of the VT100, and the numbers above have gaps.
        Base::Function(number @ 1..=4) => format!("{escape}O{}", char::from(b'O' + number)),
        Base::Function(number) => {
            let code = match number {
                5 => 15,
                6..=10 => number + 11,
                _ => number + 12,
            };
            format!("{escape}{bracket}{code}~")
        }
    }
}

/// The first of several keys, if it is a control character: in the vi modes of zsh and bash, such a
/// key inserts itself.
fn prefix(chord: &Chord, write: fn(&Key) -> String) -> String {
    match chord.keys() {
        [first, _, ..] if first.ctrl && !first.alt => write(first),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(chord: &str, zsh: &str, prefix: &str, bash: &str, fish: &str) {
        let chord: Chord = chord.parse().unwrap();
        let each = |write: fn(&Key) -> String| chord.keys().iter().map(write).collect::<String>();
        assert_eq!(each(zsh_key), zsh);
        assert_eq!(super::prefix(&chord, zsh_key), prefix);
        assert_eq!(each(bash_key), bash);
        assert_eq!(each(fish_key), fish);
    }

    #[test]
    fn every_shell_gets_the_key_in_its_own_writing() {
        check("ctrl-x ctrl-v", "^X^V", "^X", r"\C-x\C-v", r"\cx\cv");
        check("ctrl-g", "^G", "", r"\C-g", r"\cg");
        check("ctrl-x v", "^Xv", "^X", r"\C-xv", r"\cxv");
        check("alt-v", "^[v", "", r"\ev", r"\ev");
        check("ctrl-alt-k", "^[^K", "", r"\e\C-k", r"\e\ck");
        check("f1", "^[OP", "", r"\eOP", r"\eOP");
        check("f4", "^[OS", "", r"\eOS", r"\eOS");
        check("f5", "^[[15~", "", r"\e[15~", r"\e\[15~");
        check("f6", "^[[17~", "", r"\e[17~", r"\e\[17~");
        check("f10", "^[[21~", "", r"\e[21~", r"\e\[21~");
        check("f11", "^[[23~", "", r"\e[23~", r"\e\[23~");
        check("f12", "^[[24~", "", r"\e[24~", r"\e\[24~");
    }

    #[test]
    fn the_names_of_symbols_are_a_pattern() {
        let spoken = spoken();
        let forms: Vec<&str> = spoken.split('|').collect();
        for form in ["dash", "space", "greater than", "open paren", "quote"] {
            assert!(forms.contains(&form), "{form}: {spoken}");
        }
        assert!(forms.iter().all(|form| !form.is_empty()));
    }

    #[test]
    fn words_are_quoted_for_their_shell() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(fish_quoted(r"it's \n"), r"'it\'s \\n'");
    }

    #[test]
    fn the_line_of_a_start_file_works_without_path() {
        let line = |shell, client: &str| start_line(shell, Path::new(client)).unwrap();
        assert_eq!(line(Shell::Zsh, "/opt/bin/sayso"), r#"eval "$(/opt/bin/sayso init zsh)""#);
        assert_eq!(line(Shell::Bash, "/o'b/sayso"), r#"eval "$('/o'\''b/sayso' init bash)""#);
        assert_eq!(
            line(Shell::Fish, "/o b/sayso"),
            "status is-interactive; and '/o b/sayso' init fish | source"
        );
    }

    #[test]
    fn zsh_speaks_the_protocol_of_this_client() {
        assert!(ZSH.contains(&format!("\ntypeset -g _sayso_protocol={}\n", sayso_protocol::VERSION)));
        let class = zsh_class(RANGES);
        assert!(class.starts_with(r"\x00-\x08\x0b-\x1f\x7f-\u009f\u00ad\u034f"), "{class}");
        assert!(class.ends_with(r"\U000e0000-\U000e0fff"), "{class}");
    }

    #[test]
    fn settings_reach_every_script() {
        let settings = Settings {
            key: "f5".parse().unwrap(),
            key_back: "f6".parse().unwrap(),
            key_pick: "f7".parse().unwrap(),
            deadline: std::time::Duration::from_millis(250),
            enter_converts: true,
            ..Settings::default()
        };
        for shell in [Shell::Zsh, Shell::Fish, Shell::Bash] {
            let text = script(shell, &settings, Path::new("/opt/o'b/sayso"), Path::new("/run/s")).unwrap();
            for part in ["15~", "17~", "18~", "250", "enter", "/opt/o"] {
                assert!(text.contains(part), "{shell:?}: {part}");
            }
        }
    }
}
