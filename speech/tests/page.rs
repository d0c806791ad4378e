//! `docs/VOCABULARY.md` is the table of words as a page: this test holds it to the table, and writes it anew when
//! `UPDATE_DOCS` is set.

use std::fmt::Write as _;
use std::path::Path;

use sayso_speech::clean::clean;
use sayso_speech::lex::lex;
use sayso_speech::render::render;
use sayso_speech::scanner;
use sayso_speech::vocabulary::{Entry, Kind, entries};
use sayso_speech::words::UserWords;

const SECTIONS: [(&str, &[Kind]); 9] = [
    ("Symbols", &[Kind::Symbol, Kind::Point, Kind::Quote, Kind::Open, Kind::Close]),
    ("Separators", &[Kind::Space, Kind::Join]),
    ("Numbers", &[Kind::Number, Kind::Scale, Kind::Repeat]),
    ("Case, and words as they are", &[Kind::Case, Kind::Literal]),
    ("Talk that is left out", &[Kind::Filler, Kind::Lead, Kind::Tail]),
    ("Corrections", &[Kind::Correction]),
    ("Names in capitals: variables after `$` and `export`, commits of git", &[Kind::Variable]),
    ("Misheard commands", &[Kind::Heard]),
    ("Misheard file extensions and names", &[Kind::Ending, Kind::Name]),
];

const INTRODUCTION: &str = r#"# What you can say

Say the command, and its symbols by name: `git commit dash m quote fix login bug quote` writes `git commit -m "fix login bug"`.

**Leave the separators out** and sayso puts the spaces where a command has them: `tar dash x z f archive dot tar dot gz` is
`tar -xzf archive.tar.gz`. Where it guesses wrong, press the key again for other readings, or say `space` or `no space` there.
You can also leave out the dashes inside names that sayso knows: `git cherry pick`, `dash dash no edit`.

**Say every separator** and nothing is guessed: a line that says `space` between all its words is written to the letter, and what is
not separated is written together: `git space log space dash dash oneline` is `git log --oneline`, `my dash file` is `my-file`.
A line that says `space` only here and there is still guessed at everywhere else.

| you say | you get |
|---|---|
| `ls dash l a pipe grep dot r s` | `ls -la \| grep .rs` |
| `grep dash capital r all caps todo src` | `grep -R TODO src` |
| `camel case get user name` | `getUserName` |
| `cat snake case user list end case notes` | `cat user_list notes` |
| `curl localhost colon eighty eighty` | `curl localhost:8080` |
| `echo literal dash` | `echo dash` |
| `okay so git push no wait git pull` | `git pull` |
| `cat foo dot txt scratch that bar dot txt` | `cat bar.txt` |

A command that is already typed stays as it is, and so does the typed part of a line that you go on dictating.

**Messages need quotes.** Say `quote` before and after a text of several words; the last one may be left out at the end of
the line. Outside of quotes sayso writes `star dot r s` as `*.rs` without quotes, so that the shell expands it.

**A symbol's name as a word**: say `literal` or `the word` before it.

**Case** directives such as `capital` and `upper` change the letter or word after them. Those that join words, such as
`camel case`, go on to the next symbol, `space` or directive; say one of them, or `end case`, where a name ends before a
plain word.

**Your own words**: `sayso words add "kay eight s" k8s`, with `--also SPOKEN` for other ways to say it; `remove`, `import`
(two columns with a tab, a Talon list, the export of superwhisper or VoiceInk) and `export`. They stand under `[words]` in
the settings, bind, and take effect at once; of several that begin alike the longest counts.

**A project's words** stand under `[words]` in a `.sayso.toml` in its folder or above. They count once you have seen them with
`sayso trust`, and as long as the file stays as it is. Where your own words say the same, yours count.

The tables below are generated from `speech/data/vocabulary.txt` by `just docs`; `sayso words` shows the same, with your own words.
"#;

fn page() -> String {
    let mut page = String::from(INTRODUCTION);
    for (title, kinds) in SECTIONS {
        let _ = write!(page, "\n## {title}\n\n| writes | said |\n|---|---|\n");
        let mut rows: Vec<(&Entry, Vec<String>)> = Vec::new();
        for entry in entries().iter().filter(|entry| kinds.contains(&entry.kind)) {
            match rows.last_mut() {
                Some((row, forms)) if row.writes == entry.writes && row.kind == entry.kind => {
                    forms.push(entry.spoken())
                }
                _ => rows.push((entry, vec![entry.spoken()])),
            }
        }
        for (entry, forms) in rows {
            let _ = writeln!(page, "| {} | {} |", written(entry), forms.join(", "));
        }
    }
    page
}

fn written(entry: &Entry) -> String {
    match (entry.kind, entry.writes) {
        (_, " ") => "a space".to_owned(),
        (_, "\t") => "a tab".to_owned(),
        (_, "\n") => "a line break".to_owned(),
        (Kind::Join, _) => "no space".to_owned(),
        (Kind::Scale, zeros) => {
            format!("× 10{}", if zeros == "2" { "²".into() } else { format!("^{zeros}") })
        }
        (Kind::Repeat, times) => format!("the next digit {times} times"),
        (Kind::Literal, _) => "the next word as it is".to_owned(),
        (Kind::Filler, _) => "ignored anywhere".to_owned(),
        (Kind::Lead, _) => "ignored before a command".to_owned(),
        (Kind::Tail, _) => "ignored after a command".to_owned(),
        (Kind::Correction, "restart") => "takes back the whole line so far".to_owned(),
        (Kind::Correction, "dismiss") => {
            "takes back the last word, flag or name; before another command, the whole line so far".to_owned()
        }
        (Kind::Correction, _) => {
            "takes back the last word, flag or name, or what begins like the words that follow".to_owned()
        }
        (Kind::Case, name) => example_of(name).to_owned(),
        (_, "`") => "`` ` ``".to_owned(),
        (_, text) => format!("`{}`", text.replace('|', "\\|")),
    }
}

/// What a case directive does.
fn example_of(directive: &str) -> &'static str {
    match directive {
        "capital" => "`x` → `X`, `word` → `Word`",
        "upper" => "`x` → `X`, `word` → `WORD`",
        "lower" => "`X` → `x`, `Word` → `word`",
        "allcaps" => "`word` → `WORD`",
        "camel" => "`user name` → `userName`",
        "pascal" | "title" => "`user name` → `UserName`",
        "snake" => "`user name` → `user_name`",
        "kebab" => "`user name` → `user-name`",
        "screaming" => "`user name` → `USER_NAME`",
        "dot" => "`user name` → `user.name`",
        "path" => "`user name` → `user/name`",
        "end" => "ends the case before it",
        other => panic!("the page does not explain {other}"),
    }
}

/// The examples of the page are true.
#[test]
fn the_examples_hold() {
    let rows = INTRODUCTION.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix("` |"));
    let mut examples = 0;
    for (said, written) in rows.filter_map(|row| row.split_once("` | `")) {
        let lattice = lex(clean(said), &UserWords::default(), None);
        let text = render(&lattice, &scanner::path(&lattice)).text;
        assert_eq!(text, written.replace("\\|", "|"), "{said:?}");
        examples += 1;
    }
    assert_eq!(examples, 8);
}

#[test]
fn the_page_shows_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/VOCABULARY.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, page()).expect("the page is written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, page(), "docs/VOCABULARY.md is behind the table: run `just docs`");
}
