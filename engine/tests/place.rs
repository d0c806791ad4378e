//! Names of the place as readings: where they are taken, where they are not, and how they are written.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sayso_engine::{Conversion, Dictation, Engine, Place, Words};
use sayso_place::{Elsewhere, Folder, History, Listing, Names, Shell, Source, User, quoting};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn names(source: Source, names: &[&str]) -> Names {
    Names::new(names.iter().map(|name| (*name, source)))
}

/// A place of a small project.
fn place() -> Place {
    let files = [
        "Garden Plan.md",
        "seed_catalog.csv",
        "seedCatalog2.csv",
        "waterPump.ts",
        "README.md",
        "src/sensors/soilMoisture.ts",
        "src/sensors/airTemp.ts",
        ".waterrc",
        "plan.txt",
        "lib/valve-control.rb",
        "Kräuter.md",
    ];
    let mut folder = Folder { files: names(Source::File, &files), ..Folder::default() };
    let folders = ["src", "src/sensors", "lib", "Old Beds"];
    let all =
        files.iter().map(|name| (*name, Source::File)).chain(folders.map(|name| (name, Source::Folder)));
    folder.files = Names::new(all);
    folder.refs = names(Source::Branch, &["main", "feature/drip-line", "fix/pump-noise", "release/3.1"]);
    folder.remotes = names(Source::Remote, &["origin", "allotment-mirror"]);
    folder.scripts = names(Source::Script, &["water:all", "test:soil", "lint"]);
    folder.targets = names(Source::Target, &["flash-valves", "clean"]);
    let user = User {
        hosts: names(Source::Host, &["greenhouse-2", "shed-pi"]),
        history: History::of_lines(
            ["docker logs bed-sensor-7", "docker exec -it moisture-db sh", "tmux attach -t glasshaus"]
                .into_iter(),
        ),
        ..User::default()
    };
    let shell = Shell {
        own: Names::new([
            ("bedstat", Source::Function),
            ("wtr", Source::Alias),
            ("drip-sync", Source::Program),
        ]),
        programs: names(Source::Program, &["cat", "git", "vim", "docker", "ls", "echo", "make"]),
        variables: names(Source::Variable, &["GARDEN_HOME", "PUMP_API_KEY"]),
        ..Shell::default()
    };
    Place { folder: Arc::new(folder), user: Arc::new(user), shell: Arc::new(shell), ..Place::default() }
}

fn convert(place: &Place, text: &str) -> Conversion {
    let dictation = Dictation { text, place: Some(place), ..Dictation::default() };
    Engine::embedded().convert(&Words::default(), &dictation, None).unwrap()
}

#[test]
fn names_are_taken_where_they_fit() {
    let place = place();
    for (said, written) in [
        ("vim water pump dot ts", "vim waterPump.ts"),
        ("less seed catalog dot csv", "less seed_catalog.csv"),
        ("less seed catalog two dot csv", "less seedCatalog2.csv"),
        ("cat garden plan dot md", "cat \"Garden Plan.md\""),
        ("vim source sensors soil moisture dot ts", "vim src/sensors/soilMoisture.ts"),
        ("vim src slash sensors slash air temp", "vim src/sensors/airTemp.ts"),
        ("cat dot water r c", "cat .waterrc"),
        ("cd old beds", "cd \"Old Beds\""),
        ("git checkout feature drip line", "git checkout feature/drip-line"),
        ("git merge release three dot one", "git merge release/3.1"),
        ("git push allotment mirror main", "git push allotment-mirror main"),
        ("npm run water all", "npm run water:all"),
        ("make flash valves", "make flash-valves"),
        ("ssh green house two", "ssh greenhouse-2"),
        ("ssh pi at shed pie", "ssh pi@shed-pi"),
        ("echo dollar pump api key", "echo $PUMP_API_KEY"),
        ("bed stat dash dash all", "bedstat --all"),
        ("docker restart bed sensor seven", "docker restart bed-sensor-7"),
    ] {
        assert_eq!(convert(&place, said).buffer, written, "{said:?}");
    }
}

#[test]
fn what_was_said_stays_where_a_name_is_not_due() {
    let place = place();
    for (said, written) in [
        ("git commit dash m quote water pump quote", "git commit -m \"water pump\""),
        ("touch water pump dot md", "touch water pump.md"),
        ("mkdir dash p source", "mkdir -p source"),
        ("git checkout dash b feature slash drip", "git checkout -b feature/drip"),
        ("grep dash r pump lib", "grep -r pump lib"),
        ("echo plan greater than plan dot md", "echo plan > plan.md"),
        ("cat plan dot txt", "cat plan.txt"),
        ("ls dash l src", "ls -l src"),
        ("kill dash nine two", "kill -9 2"),
        ("cat slash etc slash plan dot txt", "cat /etc/plan.txt"),
    ] {
        let with = convert(&place, said).buffer;
        let without = convert(&Place::default(), said).buffer;
        assert_eq!(with, without, "{said:?}");
        // Where the words between the signs are open, only the place must not matter.
        if !said.contains("water pump dot md") {
            assert_eq!(with, written, "{said:?}");
        }
    }
}

#[test]
fn a_folder_that_the_line_names_is_looked_into() {
    let root = tempfile::tempdir().unwrap();
    let sites = root.path().join("sites-available");
    std::fs::create_dir(&sites).unwrap();
    std::fs::write(sites.join("shop-front.conf"), "").unwrap();
    let base = root.path().to_owned();
    // Stands for /etc/nginx.
    let elsewhere = Elsewhere::new(std::path::Path::new("/"), None, move |folder| {
        let folder = folder.strip_prefix("/etc/nginx").ok()?;
        Some(Arc::new(Listing::read(&base.join(folder))))
    });
    let place = Place { elsewhere, ..place() };
    for (said, written) in [
        (
            "vim slash etc slash nginx slash sites available slash shop front dot conf",
            "vim /etc/nginx/sites-available/shop-front.conf",
        ),
        ("ls slash etc slash nginx slash sites available", "ls /etc/nginx/sites-available"),
        ("echo slash etc slash nginx slash shop", "echo /etc/nginx/shop"),
    ] {
        assert_eq!(convert(&place, said).buffer, written, "{said:?}");
    }
}

#[test]
fn a_folder_is_listed_only_where_files_fit() {
    let listed = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&listed);
    let elsewhere = Elsewhere::new(std::path::Path::new("/"), None, move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        None
    });
    let place = Place { elsewhere, ..place() };
    for (said, count) in [
        ("echo slash etc slash nginx slash shop", 0),
        ("make slash etc slash nginx slash shop", 0),
        ("ssh slash etc slash nginx slash shop", 0),
        // `/`, `/etc/` and `/etc/nginx/`.
        ("cat slash etc slash nginx slash shop", 3),
    ] {
        convert(&place, said);
        assert_eq!(listed.swap(0, Ordering::Relaxed), count, "{said:?}");
    }
}

#[test]
fn of_two_words_of_the_history_the_later_one_is_meant() {
    let check = |lines: [&str; 3], written: &str| {
        let user = User { history: History::of_lines(lines.into_iter()), ..User::default() };
        let place = Place { user: Arc::new(user), ..Place::default() };
        assert_eq!(convert(&place, "docker restart bed sensor seven").buffer, written);
    };
    let (dash, snake) = ("docker logs bed-sensor-7", "docker logs bed_sensor_7");
    check([dash, dash, snake], "docker restart bed_sensor_7");
    check([snake, snake, dash], "docker restart bed-sensor-7");
}

#[test]
fn what_was_not_said_is_told_and_the_line_without_the_name_is_offered() {
    let conversion = convert(&place(), "cat garden plan");
    assert_eq!(conversion.buffer, "cat \"Garden Plan.md\"");
    assert!(conversion.message.unwrap().contains("completed to \"Garden Plan.md\" (file here)"));
    assert!(
        conversion.alternatives.iter().any(|other| other == "cat garden plan"),
        "{:?}",
        conversion.alternatives
    );
}

#[test]
fn explain_names_the_source() {
    let place = place();
    let why = |text: &str| {
        let dictation = Dictation { text, place: Some(&place), ..Dictation::default() };
        let (_, units) = Engine::embedded().draft(&Words::default(), &dictation).unwrap().explain();
        units.into_iter().map(|unit| unit.why).collect::<Vec<_>>().join("; ")
    };
    assert!(why("git checkout feature drip line").contains("branch"));
    assert!(why("docker restart bed sensor seven").contains("history, once"));
}

/// Names as a stranger may leave them in a folder.
const HOSTILE: [&str; 16] = [
    "water pump; reboot",
    "water$(reboot)pump",
    "water`reboot`pump",
    "water pump && ls",
    "-rf water pump",
    "water\npump",
    "water\u{202e}pump",
    "w\u{430}ter pump",
    "water\" pump",
    "water' pump",
    "water | pump",
    "water>pump",
    "water*pump",
    "water!pump",
    "~water pump",
    "water\\pump",
];

#[test]
fn hostile_names_stay_one_word() {
    for name in HOSTILE {
        let folder = Folder { files: names(Source::File, &[name]), ..Folder::default() };
        let place = Place { folder: Arc::new(folder), ..Place::default() };
        for said in ["cat water pump", "vim water pump reboot", "cat water reboot pump", "less water pump ls"]
        {
            check_one_word(&place, name, said);
        }
    }
}

/// Whatever comes out holds the name as one word of a shell, or is what comes out without it.
fn check_one_word(place: &Place, name: &str, said: &str) {
    let with = convert(place, said).buffer;
    let without = convert(&Place::default(), said).buffer;
    if with != without {
        let words = shlex::split(&with).unwrap_or_default();
        assert!(words.iter().any(|word| word == name), "{name:?} {said:?} {with:?}");
        assert!(quoting::may_be_offered(name), "{name:?} {with:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// A name of any signs between words is never written so that a shell sees more than one word in it.
    #[test]
    fn any_name_is_one_word(signs in prop::collection::vec("[ -~]{1,3}", 1..3)) {
        let words = ["pump", "valve", "hose"];
        let mut name = words[0].to_owned();
        for (sign, word) in signs.iter().zip(&words[1..]) {
            name.push_str(sign);
            name.push_str(word);
        }
        let folder = Folder { files: names(Source::File, &[&name]), ..Folder::default() };
        let place = Place { folder: Arc::new(folder), ..Place::default() };
        let said = format!("vim {}", words[..=signs.len()].join(" "));
        check_one_word(&place, &name, &said);
    }
}
