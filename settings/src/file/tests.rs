use super::*;
use crate::{Daemon, Here, Hints, Learn, Level, Log, Model, Rotation, Tagger};
use proptest::prelude::*;

#[test]
fn every_setting_is_read() {
    let text = r#"
        key = "alt-v"
        key_back = "alt-b"
        key_pick = "f5"
        hints = "always"
        deadline_ms = 250
        enter_converts = true
        [words]
        "Kay  Eight s" = "k8s"
        postgres = "psql"
        [daemon]
        idle_minutes = 30
        [tagger]
        weights = "~/tagger.safetensors"
        [model]
        judge = false
        name = "tiny"
        unload_minutes = 0
        threads = 2
        [here]
        history = false
        [learn]
        enabled = true
        ignore = ["ssh *"]
        [log]
        level = "debug"
        rotation = "never"
        keep = 3
    "#;
    let words = [("kay eight s", "k8s"), ("postgres", "psql")];
    let expected = Settings {
        key: "alt-v".parse().unwrap(),
        key_back: "alt-b".parse().unwrap(),
        key_pick: "f5".parse().unwrap(),
        hints: Hints::Always,
        deadline: Duration::from_millis(250),
        enter_converts: true,
        words: words.map(|(spoken, written)| (spoken.to_owned(), written.to_owned())).to_vec(),
        daemon: Daemon { idle: Some(Duration::from_secs(1800)) },
        tagger: Tagger { weights: Some("~/tagger.safetensors".into()) },
        model: Model { judge: false, name: Some("tiny".into()), unload: None, threads: Some(2) },
        here: Here { history: false, ..Here::default() },
        learn: Learn { enabled: true, ignore: vec!["ssh *".to_owned()] },
        log: Log { level: Level::Debug, rotation: Rotation::Never, keep: 3 },
    };
    assert_eq!(parse(text.as_bytes()), (expected, vec![]));
    assert_eq!(parse(b""), (Settings::default(), vec![]));
}

/// `said` must stand in the message of the only mistake, at `line` and `column`.
fn check(text: &str, (line, column): (usize, usize), said: &str) {
    let (_, mistakes) = parse(text.as_bytes());
    let [mistake] = mistakes.as_slice() else { panic!("{text:?}: {mistakes:?}") };
    assert_eq!(mistake.at, Some((line, column)), "{text:?}: {}", mistake.message);
    assert!(mistake.message.contains(said), "{text:?}: {}", mistake.message);
}

#[test]
fn a_mistake_names_its_place_and_what_is_allowed() {
    check("deadline = 1000", (1, 1), "above the first [section] stand `key`, `key_back`");
    check("\n\n[word]\n", (3, 2), "`word` is no setting");
    check("\"kay eight s\" = \"k8s\"", (1, 1), "Your own words belong under [words]");
    check("[log]\nkey = \"ctrl-g\"", (2, 1), "stands under [log]; it belongs above the first [section]");
    check("[words]\nkey = \"ctrl-g\"", (2, 1), "stands under [words]; it belongs above");
    check("[log]\nidle_minutes = 1", (2, 1), "it belongs under [daemon]");
    check("level = \"info\"", (1, 1), "it belongs under [log]");
    check("[log]\nnoise = 1", (2, 1), "under [log] stand `level`, `rotation`, `keep`");
    check("[tagger]\nweights = \"mine.safetensors\"", (2, 11), "beginning with / or ~/");
    check("weights = \"\"", (1, 1), "it belongs under [tagger]");
    check("words = 1", (1, 9), "expected a section");
    check("[words]\na = \"x\"\n[log]\n[words]\nb = \"y\"", (4, 2), "[words] begins in line 1 already");
    check(
        "[log]\nkeep = 1\n[daemon]\n[words]\nx = \"a\"\n\nx = \"b\"",
        (7, 1),
        "`x` is given in line 5 already",
    );
    check("[log]\nlevel = \"loud\"", (2, 9), "expected one of `off`, `error`");
    check("[log]\nrotation = \"yearly\"", (2, 12), "`hourly`, `daily`, `never`");
    check("enter_converts = \"yes\"", (1, 18), "expected a boolean");
    check("deadline_ms = 0", (1, 15), "between 1 and 60000");
    check("deadline_ms = -5", (1, 15), "");
    check("[daemon]\nidle_minutes = 99999999", (2, 16), "between 0 and");
    check("[model]\nname = \"../up\"", (2, 8), "a name that `sayso model list` shows");
    check("[model]\nthreads = 1000", (2, 11), "between 0 and 256");
    check("threads = 2", (1, 1), "it belongs under [model]");
    check("[log]\nkeep = 0", (2, 8), "between 1 and 1000");
    check("key = \"ctrl-q\"", (1, 7), "flow control");
    check("key_back = \"ctrl-q\"", (1, 12), "flow control");
    check("hints = \"sometimes\"", (1, 9), "`auto`, `always`, `never`");
    check("key = ", (1, 7), "");
    check("# ü\n[words]\n\"ü\" = \"\"", (3, 7), "what it writes must not be empty");
    check("[words]\n\" \" = \"x\"", (2, 1), "what is said must not be empty");
    check("[words]\nesc = \"\\u001b[2J\"", (2, 7), "U+001B");
    check("[words]\nbidi = \"a\\u202Eb\"", (2, 8), "U+202E");
    check("[words]\nwide = \"a\\u200Bb\"", (2, 8), "U+200B");
    check("[words]\nline = \"a\\nb\"", (2, 8), "U+000A");
    check("[words]\nA = \"x\"\na = \"y\"", (3, 1), "\"a\" is there twice");
    check(&format!("[words]\na = \"{}\"", "x".repeat(201)), (2, 5), "200 characters");
}

#[test]
fn bytes_that_are_not_text_are_located() {
    let (_, mistakes) = parse(b"# fine\nkey = \"\xff\"");
    assert_eq!((mistakes[0].at, mistakes[0].message.as_str()), (Some((2, 8)), "this is not UTF-8"));
}

/// With `wrong` among them, the other lines are in force.
fn check_rest(wrong: &str) {
    let text = format!("key = \"ctrl-g\"\n[words]\na = \"x\"\n{wrong}\nb = \"y\"\n[log]\nkeep = 3\n");
    let (settings, mistakes) = parse(text.as_bytes());
    assert_eq!(
        mistakes.first().and_then(|mistake| mistake.at).map(|(line, _)| line),
        Some(4),
        "{mistakes:?}"
    );
    assert_eq!(settings.key.to_string(), "ctrl-g", "{wrong}");
    assert_eq!(settings.log.keep, 3, "{wrong} {mistakes:?}");
    let words = [("a", "x"), ("b", "y")].map(|(spoken, written)| (spoken.to_owned(), written.to_owned()));
    assert_eq!(settings.words, words, "{wrong}");
}

#[test]
fn a_broken_header_costs_its_section() {
    let (settings, mistakes) =
        parse(b"deadline_ms = 20\n[log\nkeep = 3\nlevel = \"off\"\n[words]\na = \"x\"\n");
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    assert_eq!((settings.deadline.as_millis(), settings.log), (20, Settings::default().log));
    assert_eq!(settings.words.len(), 1);
}

#[test]
fn a_mistake_costs_one_entry() {
    for wrong in
        ["bad = \"\"", "bad = 5", "A = \"z\"", "a = \"z\"", "[words]", "bad = \"x", "bad", "bad =", "= \"x\""]
    {
        check_rest(wrong);
    }
}

proptest! {
    #[test]
    fn no_file_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn no_text_panics(text in "(key|words|\\[|\\]|=|\"|\\\\u|[0-9a-f]|\n|ü| ){0,60}") {
        let _ = parse(text.as_bytes());
    }
}

#[test]
fn the_home_folder_stands_for_a_tilde() {
    let home = directories::BaseDirs::new().unwrap().home_dir().to_owned();
    for (written, path) in [("~/a/b", home.join("a/b")), ("/a/~/b", "/a/~/b".into())] {
        let tagger = Tagger { weights: Some(written.to_owned()) };
        assert_eq!(tagger.weights_file(), Some(path));
    }
    assert_eq!(Tagger::default().weights_file(), None);
}

/// Counts, and no clock: what is told of a broken file does not grow with it.
#[test]
fn a_broken_file_of_a_megabyte_is_told_of_in_a_hundred_mistakes() {
    let most = MAX_FILE_BYTES;
    for line in ["x = 1\n", "= = =\n", "[a]\n", "[words]\n", "[words.\n", "deadline_ms = 1\n"] {
        let text = line.repeat(most / line.len());
        let (_, mistakes) = parse(text.as_bytes());
        assert!((1..=MAX_MISTAKES + 1).contains(&mistakes.len()), "{line:?}: {}", mistakes.len());
    }
    let words: String = (0..60_000).map(|n| format!("\"a{n}\" = \"\"\n")).collect();
    let (_, mistakes) = parse(format!("[words]\n{words}").as_bytes());
    assert!((1..=MAX_MISTAKES).contains(&mistakes.len()), "{}", mistakes.len());
}
