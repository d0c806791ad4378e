//! The `sayso-lab` command as scripts see it: what it prints, and its exit status.
#![allow(clippy::unwrap_used)]

use sayso_corpus::command_source::is_held_out;
use sayso_engine::{Dictation, Engine, Words};
use sayso_testing::{Ran, finish, piped};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The weights that are compiled in.
const WEIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/weights/tagger.safetensors");
const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cases.jsonl");

/// Runs the command.
fn lab(arguments: &[&str], input: &[u8]) -> Ran {
    let mut lab = Command::new(env!("CARGO_BIN_EXE_sayso-lab"));
    finish(piped(lab.args(arguments)).spawn().unwrap(), input)
}

#[test]
fn a_language_model_may_be_asked() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/store/tests/fixtures");
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("model");
    sayso_store::gguf::import(&fixtures.join("smollm.gguf"), &folder).unwrap();
    let with = |arguments: &[&str]| {
        let model = ["--model", folder.to_str().unwrap()];
        lab(&[arguments, &model].concat(), b"tar dash X Z F archive dot tar dot gz")
    };
    let answer = |arguments: &[&str]| with(arguments).json_lines()[0].clone();
    let figures = answer(&["eval", "--cases", CASES, "--json", "--route", "free"]);
    assert_eq!(figures["stages"]["free"]["cases"], figures["cases"]);
    let both = answer(&["compare", "constrained", "free", "--cases", CASES, "--json"]);
    let invented = |at: usize| both["routes"][at]["counts"]["invented"].as_u64().unwrap();
    // What random weights write was not said.
    assert!(invented(0) == 0 && invented(1) > 0 && figures["counts"]["invented"] == invented(1), "{both}");
    assert!(both["difference"]["invented"]["mean"].as_f64().unwrap() > 0.0, "{both}");
    let mix = place.path().join("mix.json");
    let judge =
        answer(&["judge", "--cases", CASES, "--cases", CASES, "--json", "--fit", mix.to_str().unwrap()]);
    let sets = judge["sets"].as_array().unwrap();
    assert_eq!((sets.len(), &sets[0]["cases"]), (2, &figures["cases"]));
    let share = |name: &str| sets[0][name].as_f64().unwrap();
    assert!(share("possible") >= share("without").max(share("fitted")), "{judge}");
    // What was fitted is what a model folder may have.
    std::fs::copy(&mix, folder.join("mix.json")).unwrap();
    let fitted = answer(&["judge", "--cases", CASES, "--json"]);
    assert_eq!((&fitted["mix"], &fitted["sets"][0]["with"]), (&judge["mix"], &sets[0]["fitted"]));
    let run = lab(&["judge", "--cases", CASES, "--model", "/nowhere"], b"");
    assert_eq!(run.code, Some(1));
    assert!(run.err.contains("cannot use the language model in /nowhere"), "{}", run.err);
}

#[test]
fn eval_counts_what_the_cases_are_made_for() {
    let run = lab(&["eval", "--cases", CASES, "--json", "--errors", "2"], b"");
    assert_eq!(run.code, Some(0), "{}", run.err);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    for (measure, count) in [
        ("exact", 1),
        ("exact_ignoring_case", 2),
        ("near", 1),
        ("partial", 2),
        ("wrong", 2),
        ("effective", 2),
        ("same_argv", 2),
        ("refused", 1),
        ("invented", 0),
    ] {
        assert_eq!(report["counts"][measure], count, "{measure} in {report}");
    }
    assert_eq!((&report["cases"], &report["route"]), (&6.into(), &"auto".into()));
    assert_eq!(report["groups"]["difficulty=hard"]["cases"], 3);
    assert_eq!(report["groups"]["category=files"]["exact"], 100.0 / 3.0);
    assert_eq!(report["errors"].as_array().unwrap().len(), 2);
    // Two cases expect `ls -l`, and one of the two is right: half of one command in five.
    assert_eq!(
        (&report["by_command"]["commands"], &report["by_command"]["exact"]),
        (&5.into(), &10.0.into())
    );
    assert_eq!(report["groups"]["difficulty=easy"]["by_command"]["exact"], 25.0);
    let table = lab(&["eval", "--cases", CASES], b"").out;
    assert!(table.contains("Each command once") && table.contains("commands  exact"), "{table}");
    assert_eq!(
        (&report["stages"]["strict"]["cases"], &report["stages"]["strict"]["exact"]),
        (&5.into(), &20.0.into())
    );
    assert_eq!(report["stages"]["refused"]["cases"], 1);
    // All were said strictly, of which the rules are sure, but for the one that was refused.
    let by_rule = lab(&["eval", "--cases", CASES, "--route", "scanner", "--json"], b"").out;
    let by_rule: Value = serde_json::from_str(&by_rule).unwrap();
    let calibration = &by_rule["calibration"];
    assert_eq!((&calibration["answers"], &calibration["confident"]["cases"]), (&5.into(), &5.into()));
    assert_eq!(calibration["bins"][9]["exact"], 20.0);
    assert!(
        (calibration["expected_calibration_error"].as_f64().unwrap() - 0.79).abs() < 1e-6,
        "{calibration}"
    );
}

/// A report without what differs from run to run: times and memory.
fn without_times(mut report: Value) -> Value {
    let runs = match report["routes"].as_array_mut() {
        Some(runs) => runs.iter_mut().collect(),
        None => vec![&mut report],
    };
    for run in runs {
        for name in ["seconds_per_case", "p50_seconds", "p99_seconds", "peak_memory_bytes"] {
            let figure = run.as_object_mut().unwrap().remove(name).expect(name);
            assert!(figure.as_f64().unwrap() > 0.0, "{name}: {figure}");
        }
    }
    report
}

/// Two routes over these cases, going on with this file.
fn resumed<'a>(cases: &'a str, file: &'a str) -> [&'a str; 8] {
    ["eval", "--cases", cases, "--routes", "scanner,tagger", "--json", "--resume", file]
}

#[test]
fn eval_goes_on_where_it_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (cases, whole_file, cut_file) = (file("cases"), file("whole"), file("cut"));
    let lines: String = (0..300)
        .map(|at| format!("{{\"dictated\":\"tail dash N {at} log\",\"expected\":\"tail -n {at} log\"}}\n"))
        .collect();
    std::fs::write(&cases, lines).unwrap();
    let report = |file: &str| {
        let run = lab(&resumed(&cases, file), b"");
        assert_eq!(run.code, Some(0), "{}", run.err);
        run.out
    };
    let count = |file: &str| std::fs::read_to_string(file).unwrap_or_default().lines().count();
    let whole = report(&whole_file);
    assert_eq!(count(&whole_file), 600);
    assert_eq!(report(&whole_file), whole, "with the same times and memory");

    let mut killed = Command::new(env!("CARGO_BIN_EXE_sayso-lab"));
    let mut killed = piped(killed.args(resumed(&cases, &cut_file))).spawn().unwrap();
    while count(&cut_file) < 5 && killed.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let finished = std::fs::read(&cut_file).unwrap();
    assert!(!finished.is_empty());
    let parse = |text: &str| without_times(serde_json::from_str(text).unwrap());
    assert_eq!(parse(&report(&cut_file)), parse(&whole));
    assert!(std::fs::read(&cut_file).unwrap().starts_with(&finished) && count(&cut_file) == 600);

    let run = lab(&resumed(&cases, &cases), b"");
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""));
    assert!(run.err.contains("line 1 is no finished case"), "{}", run.err);
}

#[test]
fn eval_stands_below_the_published_figures() {
    let report = lab(&["eval", "--cases", CASES, "--json"], b"").json_lines().remove(0);
    assert_eq!(report["series"][1]["effective"], 94.0);
    assert_eq!(report["crashes"].as_array().unwrap().len(), 0);
    let (p50, p99) = (report["p50_seconds"].as_f64().unwrap(), report["p99_seconds"].as_f64().unwrap());
    assert!(0.0 < p50 && p50 <= p99, "{report}");
    assert!(report["peak_memory_bytes"].as_u64().unwrap() > 1_000_000);
    let table = lab(&["eval", "--cases", CASES], b"").out;
    let row = |name: &str| table.lines().find(|line| line.starts_with(name)).expect(&table);
    assert!(row("Qwen3-0.6B, published").contains("67.0"), "{table}");
    assert!(row("auto ").contains("16.7"), "{table}");
}

#[test]
fn eval_writes_a_page_of_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    let run = lab(&["eval", "--cases", CASES, "--html", page.to_str().unwrap()], b"");
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(run.out.contains("expected calibration error"), "{}", run.out);
    let page = std::fs::read_to_string(page).unwrap();
    assert_eq!(page.matches("<article").count(), 5);
    assert!(page.contains("Each command once") && page.matches("<table>").count() == 2);
    assert!(page.contains("fixtures/cases.jsonl") && page.contains("<b>case only</b>"));

    let run = lab(&["eval", "--cases", CASES, "--html", "/nowhere/page.html"], b"");
    assert!(run.code == Some(1) && run.err.contains("/nowhere/page.html"), "{}", run.err);
}

#[test]
fn eval_names_the_line_that_is_no_case() {
    let folder = tempfile::tempdir().unwrap();
    let (cases, page) = (folder.path().join("cases.jsonl"), folder.path().join("page.html"));
    let case = "{\"dictated\":\"l s\",\"expected\":\"ls\"}\n";
    for (text, message) in [
        (String::new(), "cases.jsonl holds no cases"),
        (" \n\n".to_owned(), "cases.jsonl holds no cases"),
        (format!("{case}{{\"dictated\":\"l s\",\"expe"), "in NAME: line 2: not a JSON object"),
        (format!("{case}\n{{\"dictated\":\"l s\"}}\n"), "in NAME: line 3: no `expected`"),
        (format!("{{\"expected\":\"ls\"}}\n{case}"), "in NAME: line 1: no `dictated`"),
        (case.replace("\"ls\"", "null"), "in NAME: line 1: `expected` is not a string"),
        (case.replace('\n', "]"), "in NAME: line 1: not a JSON object"),
    ] {
        std::fs::write(&cases, &text).unwrap();
        let (cases, page_path) = (cases.to_str().unwrap(), page.to_str().unwrap());
        for more in [&["--json"][..], &["--html", page_path], &["--json", "--routes", "scanner,auto"]] {
            let run = lab(&[&["eval", "--cases", cases], more].concat(), b"");
            assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{more:?} of {text}");
            assert!(run.err.contains(&message.replace("NAME", cases)), "{more:?} of {text}: {}", run.err);
            assert!(run.err.lines().count() == 1 && !page.exists(), "{more:?} of {text}: {}", run.err);
        }
        let run = lab(&["eval", "--cases", "-", "--json"], text.as_bytes());
        assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{text}");
        let message = message.replace("NAME", "standard input").replace("cases.jsonl", "standard input");
        assert!(run.err.contains(&message), "{text}: {}", run.err);
    }
    std::fs::write(&cases, b"{\"dictated\":\"\xff\"}").unwrap();
    let run = lab(&["eval", "--cases", cases.to_str().unwrap()], b"");
    assert!(run.code == Some(1) && run.err.contains("cannot read"), "{}", run.err);
}

#[test]
fn gate_counts_what_became_of_lines() {
    let folder = tempfile::tempdir().unwrap();
    let commands = folder.path().join("commands.txt");
    std::fs::write(&commands, "ls -la | wc -l\n\n# a comment is a command too\n").unwrap();
    let commands = commands.to_str().unwrap();
    let run = lab(&["gate", "--dictations", CASES, "--commands", commands, "--json"], b"");
    assert_eq!(run.code, Some(0), "{}", run.err);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(report["dictations"]["deeds"]["strict"], 5);
    assert_eq!(report["dictations"]["deeds"]["refused"], 1);
    assert_eq!((&report["commands"]["lines"], &report["commands"]["mistakes"]), (&2.into(), &0.into()));
    assert_eq!(report["right_and_changed"]["changed"], 0);

    let run = lab(&["gate", "--prose", commands], b"");
    assert!(run.out.contains("prose that was changed: 0 of 1"), "{}", run.out);
}

#[test]
fn eval_compares_two_routes() {
    let run = lab(&["eval", "--cases", CASES, "--routes", "scanner,auto"], b"");
    assert_eq!(run.code, Some(0), "{}", run.err);
    let first = run.out.lines().next().unwrap();
    assert!(first.contains("scanner") && first.contains("auto") && first.contains("95 %"), "{first}");
    // `compare` is the same by another name.
    let compare = |a, b, more: &[&str]| lab(&[&["compare", a, b, "--cases", CASES], more].concat(), b"");
    let untimed = |out: &str| -> Vec<String> {
        out.lines().take_while(|line| !line.starts_with("The series")).map(str::to_owned).collect()
    };
    assert_eq!(untimed(&compare("scanner", "auto", &[]).out), untimed(&run.out));
    let models = compare("-", "tagger", &["--route", "scanner", "--json"]);
    let models = models.json_lines().remove(0);
    let (model, route) = (&models["routes"][0], &models["routes"][1]);
    assert_eq!((&model["label"], &model["route"]), (&"no model".into(), &"scanner".into()));
    assert_eq!((&route["label"], &route["route"]), (&"tagger".into(), &"tagger".into()));
    let nowhere = compare("scanner", "/nowhere", &[]);
    assert!(nowhere.code == Some(2) && nowhere.err.contains("neither a route"), "{}", nowhere.err);
}

#[test]
fn speak_is_undone_by_the_engine() {
    let commands = "tar -xzf archive.tar.gz\ngrep -rn \"fix: x\" ~/src | wc -l\n";
    let run = lab(&["speak", "--dialect", "strict", "--seed", "7"], format!("{commands}echo ä\n").as_bytes());
    assert!(run.err.contains("line 3 left out"), "{}", run.err);
    let spoken = run.json_lines();
    assert_eq!(spoken.len(), 2);
    for (pair, command) in spoken.iter().zip(commands.lines()) {
        assert_eq!(pair["expected"], command);
        let dictation = Dictation { text: pair["dictated"].as_str().unwrap(), ..Dictation::default() };
        let back = Engine::embedded().convert(&Words::default(), &dictation, None).unwrap();
        assert_eq!(back.buffer, command);
    }
}

#[test]
fn round_trip_reads_a_corpus_folder() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, line: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, line).unwrap();
    };
    write("tldr/examples.jsonl", "{\"page\":\"ls\",\"template\":\"ls {{[-a|--all]}} {{ä|path/to/file}}\"}\n");
    write("nl2bash/valid.jsonl", "{\"dictated\":\"p w d\",\"expected\":\"pwd\"}\n");
    let corpus = folder.path().to_str().unwrap();
    let run = lab(&["roundtrip", "--corpus", corpus, "--styles", "2", "--json"], b"");
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    // Two styles of two commands, of which `ls -a ä` cannot be said.
    assert_eq!(
        (&report["commands"], &report["equal"], &report["unequal"]),
        (&4.into(), &3.into(), &0.into())
    );
    assert_eq!(report["unsayable"].as_object().unwrap().len(), 1);
}

#[test]
fn cases_of_held_out_pages_are_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = folder.path().to_str().unwrap();
    std::fs::create_dir(folder.path().join("tldr")).unwrap();
    let pages = |held_out: &str, other: &str| {
        let page =
            |wanted: bool| (0..).map(|at| format!("page{at}")).find(|page| is_held_out(page) == wanted);
        let line = |wanted, template: &str| {
            format!("{}\n", serde_json::json!({ "page": page(wanted), "template": template }))
        };
        let text = line(true, held_out) + &line(false, other);
        std::fs::write(folder.path().join("tldr/examples.jsonl"), text).unwrap();
    };
    pages("ls {{[-a|--all]}}", "cat {{path/to/file}}");
    let cases = |more: &[&str]| lab(&[&["cases", "--corpus", corpus, "--count", "20"], more].concat(), b"");
    for dialect in
        [&["strict"][..], &["free"], &["free", "--training-styles"], &["nl2bash", "--training-styles"]]
    {
        let arguments = [&["--held-out", "--seed", "3", "--dialect"], dialect].concat();
        let (run, again) = (cases(&arguments), cases(&arguments));
        assert_eq!((run.code, run.err.as_str(), &run.out), (Some(0), "", &again.out), "{dialect:?}");
        let lines = run.json_lines();
        assert_eq!(lines.len(), 20);
        assert!(
            lines.iter().all(|case| case["expected"].as_str().unwrap().starts_with("ls -")),
            "{}",
            run.out
        );
        assert_eq!(lines[0]["dialect"], dialect[0]);
        let eval = lab(&["eval", "--cases", "-", "--json"], run.out.as_bytes());
        let report: Value = serde_json::from_str(&eval.out).expect(&eval.err);
        assert_eq!(report["cases"], 20);
        assert!(dialect != ["strict"] || report["exact"] == 100.0, "{report}");
    }
    let run = cases(&["--dialect", "strict"]);
    assert!(run.out.contains("cat "), "without --held-out all pages are said: {}", run.out);

    pages("ls ä", "ls");
    let run = cases(&["--dialect", "strict"]);
    assert_eq!((run.code, run.json_lines().len()), (Some(0), 10), "{}", run.err);
    assert!(run.err.contains("10 left out: 'ä' has no spoken form"), "{}", run.err);
    for (arguments, message) in [
        (&["--held-out", "--dialect", "free"][..], "none of 20 commands can be said"),
        (&["--training-styles", "--dialect", "strict"], "--training-styles"),
    ] {
        let run = cases(arguments);
        assert!(run.code == Some(1) && run.err.contains(message), "{arguments:?}: {}", run.err);
    }
    pages("ls", "ls");
    let run = cases(&["--held-out", "--dialect", "free"]);
    assert!(run.code == Some(1) && run.err.contains("no page under"), "{}", run.err);
}

#[test]
fn benchmarks_check_their_answers() {
    let run = lab(&["bench", "scanner", "--samples", "2", "--json"], b"");
    assert_eq!(run.code, Some(0), "{}", run.err);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(report["benchmarks"][0]["name"], "scanner");
    assert!(report["machine"]["cpu"].is_string());
}

/// Every command that asks the tagger can be given other weights, and computes with them.
#[test]
fn other_weights_are_used_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (model, corpus, blank) = (path("model"), path("corpus"), path("blank.safetensors"));
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/store/tests/fixtures");
    sayso_store::gguf::import(&fixtures.join("smollm.gguf"), Path::new(&model)).unwrap();
    for (name, line) in [
        ("tldr/examples.jsonl", "{\"page\":\"ls\",\"template\":\"ls -l\"}\n"),
        ("nl2bash/valid.jsonl", "{\"dictated\":\"p w d\",\"expected\":\"pwd\"}\n"),
    ] {
        let path = Path::new(&corpus).join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, line).unwrap();
    }
    // Weights of nothing but zeros, and a calibration, which must not be zero. A safetensors file begins with the
    // length of its header in eight bytes.
    let mut bytes = std::fs::read(WEIGHTS).unwrap();
    let start = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..start]).unwrap();
    let offset = |at: usize| start + header["calibration"]["data_offsets"][at].as_u64().unwrap() as usize;
    let calibration = offset(0)..offset(1);
    bytes[start..calibration.start].fill(0);
    bytes[calibration.end..].fill(0);
    std::fs::write(&blank, bytes).unwrap();

    let eval = ["eval", "--cases", CASES, "--route", "tagger", "--json"];
    let gate = ["gate", "--dictations", CASES, "--json"];
    let judge = ["judge", "--cases", CASES, "--model", &model, "--json"];
    let roundtrip = ["roundtrip", "--corpus", &corpus, "--already-commands", "--json"];
    let bench = ["bench", "tagger", "--samples", "1", "--json"];
    for (command, compared) in
        [(&eval[..], &["calibration"][..]), (&gate, &[]), (&judge, &[]), (&roundtrip, &[]), (&bench, &[])]
    {
        let with = |weights: &[&str]| lab(&[command, weights].concat(), b"");
        let run = with(&["--weights", "/nowhere.safetensors"]);
        assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{command:?}");
        assert!(
            run.err.contains("cannot use the weights in /nowhere.safetensors"),
            "{command:?}: {}",
            run.err
        );
        let (built_in, same) = (with(&[]), with(&["--weights", WEIGHTS]));
        assert_eq!((built_in.code, same.code), (Some(0), Some(0)), "{command:?}: {}", same.err);
        let other = with(&["--weights", &blank]);
        for name in compared {
            let of = |run: &Ran| run.json_lines()[0][*name].clone();
            assert_eq!(of(&built_in), of(&same), "{command:?}");
            assert_ne!(of(&built_in), of(&other), "{command:?}: {name}");
        }
        if command == bench {
            assert!(other.code == Some(1) && other.err.contains("instead of"), "{}", other.err);
        }
    }
}

#[test]
fn curves_are_drawn_or_the_line_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (log, drawing) = (folder.path().join("log.jsonl"), folder.path().join("curves.svg"));
    std::fs::write(&log, "{\"epoch\":1,\"loss\":0.5,\"checks\":{\"talk\":{\"loss\":1,\"right\":0.25}}}\n")
        .unwrap();
    let (log, drawing_path) = (log.to_str().unwrap(), drawing.to_str().unwrap());
    let run = lab(&["curves", log], b"");
    assert!(run.code == Some(0) && run.out.contains("talk 25.0 %"), "{}{}", run.out, run.err);
    let to_file = lab(&["curves", log, "--output", drawing_path], b"");
    assert_eq!((to_file.code, to_file.out.as_str()), (Some(0), ""), "{}", to_file.err);
    assert_eq!(std::fs::read_to_string(&drawing).unwrap(), run.out);

    std::fs::write(log, "{\"epoch\":1,\"loss\":null,\"checks\":{}}\n").unwrap();
    let run = lab(&["curves", log, "--output", "/nowhere/curves.svg"], b"");
    assert_eq!(run.code, Some(1));
    assert!(run.err.contains("log.jsonl: line 1: `loss` is null"), "{}", run.err);
}

#[test]
fn exit_status_tells_usage_from_failure() {
    let missing = Path::new(CASES).with_file_name("none.jsonl");
    for (arguments, code) in [
        (&["eval"][..], 2),
        (&["eval", "--cases", missing.to_str().unwrap()], 1),
        (&["eval", "--cases", CASES, "--route", "model"], 1),
        (&["eval", "--cases", CASES, "--route", "constrained"], 1),
        (&["eval", "--cases", CASES, "--resume", "/nowhere/finished"], 1),
        (&["eval", "--cases", CASES, "--routes", "scanner"], 2),
        (&["compare", "scanner", "--cases", CASES], 2),
        (&["gate"], 2),
        (&["gate", "--commands", "/nowhere"], 1),
        (&["roundtrip", "--corpus", "/nowhere"], 1),
        (&["cases", "--corpus", "/nowhere", "--dialect", "free"], 1),
        (&["cases", "--dialect", "loud"], 2),
        (&["cases", "--dialect", "free", "--count", "0"], 2),
        (&["--help"], 0),
        (&["--version"], 0),
    ] {
        let run = lab(arguments, b"");
        assert_eq!(run.code, Some(code), "{arguments:?}: {}", run.err);
        assert_eq!(run.err.is_empty(), code == 0, "{arguments:?}");
    }
}
