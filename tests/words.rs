//! `sayso words add` and the like, and the words of projects.

use sayso_testing::{Home, Ran, command, finish, piped, sayso};
use std::fs;
use std::path::Path;

/// What `sayso` answers when it is started in `folder`.
fn at(home: &Home, folder: &Path, arguments: &[&str]) -> Ran {
    finish(piped(command(home, arguments).current_dir(folder)).spawn().unwrap(), b"")
}

#[test]
fn own_words_take_effect_at_once_and_the_longest_counts() {
    let home = Home::patient();
    let converts = |said: &str, expected: &str| {
        let ran = sayso(&home, &["convert", said], "");
        assert_eq!(ran.out.trim_end(), expected, "{ran:?}");
    };
    let does = |arguments: &[&str], said: &str| {
        let ran = sayso(&home, arguments, "");
        assert!(ran.code == Some(0) && ran.out.contains(said), "{arguments:?}: {ran:?}");
    };
    does(&["words", "add", "zed box", "zbx", "--also", "zee box"], "\"zee box\" now writes zbx");
    converts("ssh space zed box", "ssh zbx");
    converts("ssh space zee box", "ssh zbx");
    does(&["words", "add", "Zed box  one", "zbx-1.example.org"], "now writes");
    converts("ssh space zed box one", "ssh zbx-1.example.org");
    does(&["words", "add", "zed box", "zb"], "\"zed box\" wrote zbx");
    converts("ssh space zed box", "ssh zb");
    does(&["words", "export"], "zed box one\tzbx-1.example.org\n");
    does(&["words", "remove", "zbx-1.example.org"], "removed \"zed box one\"");
    converts("ssh space zed box one", "ssh zb1");
    sayso(&home, &["words", "remove", "nobody says this"], "").refused("none of your own words");
    sayso(&home, &["words", "add", "bell", "\u{7}"], "").refused("U+0007");
    // Without quotes these would be several words, and the last one what is written.
    assert_eq!(sayso(&home, &["words", "add", "kay", "eight", "s", "k8s"], "").code, Some(2));
}

#[test]
fn a_list_is_imported_whole_and_what_cannot_be_a_word_is_told() {
    let home = Home::patient();
    let import = |list: &str| sayso(&home, &["words", "import", "-"], list);
    let ran = import("zed box\tzbx\nbell\t\u{7}\nno tab here\n");
    assert!(ran.code == Some(0) && ran.out.starts_with("1 words added"), "{ran:?}");
    assert!(ran.err.contains("left out line 2") && ran.err.contains("U+0007"), "{ran:?}");
    let before = fs::read_to_string(home.settings_file()).unwrap();
    let million: String = (0..1_000_000).map(|n| format!("{n}\tx\n")).collect();
    import(&million).refused("more than 4194304 bytes");
    let many: String = (0..20_000).map(|n| format!("word {n}\tx\n")).collect();
    import(&many).refused("20001 words, more than the 10000");
    assert_eq!(fs::read_to_string(home.settings_file()).unwrap(), before, "nothing was changed");
    assert_eq!(sayso(&home, &["convert", "ssh space zed box"], "").out, "ssh zbx\n");
}

#[test]
fn the_words_of_a_project_count_once_they_are_trusted() {
    let home = Home::patient();
    let words = "[words]\n\"zed box\" = \"zbx\"\n\"own\" = \"project\"\n";
    home.write("work/.sayso.toml", words);
    home.write("work/deep/down/file", "");
    sayso(&home, &["words", "add", "own", "mine"], "");
    let folder = home.path().join("work/deep/down");
    let converts = |arguments: &[&str], expected: &str| {
        let ran = at(&home, &folder, &[&["convert"], arguments, &["ssh space zed box"]].concat());
        assert_eq!(ran.out.trim_end(), expected, "{ran:?}");
    };
    let plain = at(&home, &folder, &["convert", "ssh space zed box"]).out.trim_end().to_owned();
    let plain = plain.as_str();
    assert_ne!(plain, "ssh zbx");
    assert!(at(&home, &folder, &["words", "zed box"]).err.contains("`sayso trust`"));
    // Nobody was asked, so nobody agreed.
    at(&home, &folder, &["trust"]).refused("nobody can be asked");
    converts(&[], plain);
    let trusted = at(&home, &folder, &["trust", "--yes"]);
    assert!(trusted.out.contains("zbx") && trusted.out.contains("trusted"), "{trusted:?}");
    converts(&[], "ssh zbx");
    converts(&["--no-daemon"], "ssh zbx");
    assert_eq!(at(&home, &folder, &["convert", "ssh space own"]).out, "ssh mine\n");
    assert_eq!(at(&home, home.path(), &["convert", "ssh space zed box"]).out.trim_end(), plain);
    // Another content is another file: it came with a pull, say.
    home.write("work/.sayso.toml", &words.replace("zbx", "evil"));
    converts(&[], plain);
    home.write("work/.sayso.toml", words);
    converts(&[], "ssh zbx");
    at(&home, &folder, &["trust", "--revoke"]);
    converts(&[], plain);
}

#[test]
fn a_file_that_cannot_be_trusted_is_refused() {
    let home = Home::patient();
    home.write("elsewhere.toml", "[words]\n\"a b\" = \"c\"\n");
    let work = home.path().join("work");
    fs::create_dir(&work).unwrap();
    std::os::unix::fs::symlink(home.path().join("elsewhere.toml"), work.join(".sayso.toml")).unwrap();
    at(&home, &work, &["trust", "--yes"]).refused("no regular file");
    fs::remove_file(work.join(".sayso.toml")).unwrap();
    at(&home, &work, &["trust", "--yes"]).refused("there is no .sayso.toml");
    home.write("work/.sayso.toml", &format!("# {}\n", "x".repeat(70_000)));
    at(&home, &work, &["trust", "--yes"]).refused("more than 65536 bytes");
    home.write("work/.sayso.toml", "[words]\n\"a b\" = \"\\u202e\"\n");
    at(&home, &work, &["trust", "--yes"]).refused("no words");
}
