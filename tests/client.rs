//! `sayso` as scripts and widgets see it: exit codes, what is printed where, and what a bad daemon cannot do to it.

#[cfg(target_os = "linux")]
use sayso_testing::need;
use sayso_testing::{
    FakeDaemon, Home, MEANT, Reaction, SAID, command, finish, not_run, programs, result, sayso,
};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::thread;

#[test]
fn a_line_is_converted_wherever_it_comes_from() {
    let home = Home::patient();
    let check = |arguments: &[&str], input: &str, out: &str| {
        let ran = sayso(&home, arguments, input);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), out, ""), "{arguments:?}");
    };
    check(&["convert", SAID], "", "git status -s\n");
    check(&["convert", "git", "space", "status"], "", "git status\n");
    check(&["convert"], SAID, "git status -s\n");
    check(&["convert"], "git space status\n", "git status\n");
    check(&["convert", "-"], SAID, "git status -s\n");
    check(&["convert", "--route", "scanner", "git status"], "", "git status\n");
    check(&["convert", "--no-daemon"], SAID, "git status -s\n");
    // The part behind the eighth character, with what stands before it.
    for how in [&["convert", "--from", "8"][..], &["convert", "--no-daemon", "--from", "8"]] {
        check(how, "kubectl get pods dash n dev", "get pods -n dev\n");
    }
    let typed = sayso(&home, &["convert", "ls -la | grep foo"], "");
    assert_eq!((typed.code, typed.out.as_str()), (Some(0), "ls -la | grep foo\n"), "{typed:?}");
    assert!(typed.err.contains("nothing here sounds dictated"), "{typed:?}");
}

#[test]
fn a_line_that_stays_is_exit_code_1_and_bad_usage_2() {
    let home = Home::patient();
    sayso(&home, &["convert"], "").refused("empty");
    sayso(&home, &["convert", " \t"], "").refused("empty");
    sayso(&home, &["convert"], "git\0status").refused("U+0000");
    sayso(&home, &["convert"], "\u{1b}[31mgit").refused("U+001B");
    sayso(&home, &["convert"], b"git \xff").refused("not UTF-8 from byte 4");
    sayso(&home, &["convert"], "x".repeat(1 << 20)).refused("longer than the 131072 bytes");
    sayso(&home, &["convert", "--session", &"s".repeat(200), SAID], "").refused("`session`");
    let without = Home::with_settings("[model]\njudge = false");
    sayso(&without, &["convert", "--route", "model", SAID], "").refused("not available");
    for wrong in [
        &["convert", "--json", "--lines"][..],
        &["convert", "--deadline-ms", "0"],
        &["convert", "--no-daemon", "--deadline-ms", "9"],
        &["convert", "--no-daemon", "--session", "zsh-1"],
        &["dance"],
        &[],
    ] {
        let ran = sayso(&home, wrong, "");
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    }
}

#[test]
fn who_takes_long_to_dictate_has_the_whole_deadline_still() {
    let home = Home::with_settings("deadline_ms = 3000");
    // The daemon is there already, so that the deadline is for the answer alone.
    sayso(&home, &["convert", "--deadline-ms", "60000", SAID], "");
    for verb in ["convert", "explain"] {
        let mut shell = home.command("sh");
        shell.args(["-c", r#"{ sleep 4; printf '%s' "$2"; } | "$0" "$1" --json"#]);
        shell.arg(programs::program("sayso")).args([verb, SAID]);
        let output = shell.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(&format!("{{\"buffer\":\"{MEANT}\"")), "{verb}: {said}");
    }
}

#[test]
fn json_has_the_members_in_their_order() {
    let home = Home::patient();
    let ran = sayso(&home, &["convert", "--json", SAID], "");
    let object = ran.json();
    assert_eq!((&object["buffer"], &object["cursor"]), (&MEANT.into(), &13.into()));
    let members =
        ["buffer", "cursor", "route", "confidence", "alternatives", "spans", "micros", "message", "notes"];
    let places: Vec<_> =
        members.iter().map(|member| ran.out.find(&format!("\"{member}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{}", ran.out);
    assert_eq!(object.as_object().unwrap().len(), members.len());

    let ran = sayso(&home, &["convert", "--json"], "");
    assert_eq!((ran.code, &ran.json()["error"]["code"]), (Some(1), &"empty".into()));
}

#[test]
fn fields_are_for_shells_without_json() {
    let home = Home::patient();
    let ran = sayso(&home, &["convert", "--fields", "--session", "bash-1", "--cursor", "3"], SAID);
    let fields: Vec<_> = ran.out.split_terminator('\0').collect();
    assert_eq!(
        (ran.code, fields[0], fields[1], fields[4], fields[5]),
        (Some(0), "ok", "", "3", MEANT),
        "{ran:?}"
    );
    assert!(fields[3].parse::<u8>().unwrap() <= 100);
    let ran = sayso(&home, &["convert", "--fields"], "");
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
    assert!(ran.out.starts_with("empty\0") && ran.out.ends_with('\0'), "{ran:?}");
    assert_eq!(ran.out.split_terminator('\0').count(), 2);
}

#[test]
fn every_line_gets_one_object_in_order() {
    let home = Home::patient();
    let mut input = Vec::new();
    let mut expected = Vec::new();
    for n in 0..500 {
        for (line, outcome) in [
            (format!("echo space n{n}").into_bytes(), format!("echo n{n}")),
            (b"".to_vec(), "empty".to_owned()),
            (b"git \xff\xfe".to_vec(), "bad_character".to_owned()),
        ] {
            input.extend([&line[..], b"\n"].concat());
            expected.push(outcome);
        }
    }
    for (line, outcome) in [(vec![b'x'; 3 << 20], "too_long"), (b"git space status\r".to_vec(), "git status")]
    {
        input.extend([&line[..], b"\n"].concat());
        expected.push(outcome.to_owned());
    }
    input.extend(SAID.as_bytes());
    expected.push(MEANT.to_owned());

    let ran = sayso(&home, &["convert", "--lines"], &input);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let outcome = |line: &str| {
        let object: Value = serde_json::from_str(line).unwrap();
        object["buffer"].as_str().or(object["error"]["code"].as_str()).unwrap().to_owned()
    };
    assert_eq!(ran.out.lines().map(outcome).collect::<Vec<_>>(), expected);
}

#[test]
fn a_slow_writer_sees_each_answer_before_the_next_line() {
    let home = Home::patient();
    let mut child = command(&home, &["convert", "--lines"]).spawn().unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    for n in 0..3 {
        writeln!(stdin, "echo space n{n}").unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\n") {
            let mut byte = [0];
            stdout.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        assert!(String::from_utf8(answer).unwrap().contains(&format!("\"echo n{n}\"")));
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_daemon_that_dies_meanwhile_costs_no_line() {
    let home = Home::patient();
    sayso(&home, &["convert", SAID], "");
    let mut child = command(&home, &["convert", "--lines"]).spawn().unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let reader = thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        text
    });
    for n in 0..2000 {
        writeln!(stdin, "echo space n{n}").unwrap();
        if n == 1000 {
            let pid = sayso(&home, &["status", "--json"], "").json()["pid"].to_string();
            assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
        }
    }
    drop(stdin);
    let out = reader.join().unwrap();
    assert!(child.wait().unwrap().success());
    for (n, line) in out.lines().enumerate() {
        assert!(line.starts_with(&format!("{{\"buffer\":\"echo n{n}\"")), "{line}");
    }
    assert_eq!(out.lines().count(), 2000);
}

#[test]
fn many_clients_start_one_daemon() {
    let home = Home::patient();
    let children: Vec<_> = (0..40).map(|_| command(&home, &["convert", SAID]).spawn().unwrap()).collect();
    for child in children {
        let ran = finish(child, b"");
        assert_eq!((ran.code, ran.out.trim_end()), (Some(0), MEANT), "{ran:?}");
    }
    let log = home.log();
    assert_eq!(log.matches(" listening ").count(), 1, "{log}");
}

#[test]
fn a_daemon_that_was_started_keeps_no_pipe_open() {
    let home = Home::patient();
    let mut shell = home.command("sh");
    // `cat` ends when the last process that could write to it has closed descriptor 9.
    shell.args(["-c", r#"{ "$0" convert "$1"; } 9>&1 | cat"#]).arg(programs::program("sayso")).arg(SAID);
    let output = shell.output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end(), MEANT);
    assert_eq!(sayso(&home, &["status"], "").code, Some(0));
}

#[test]
fn a_hanging_daemon_is_left_at_the_deadline() {
    let home = Home::patient();
    let _daemon = FakeDaemon::reacting(&home, &[Reaction::Silence]);
    let deadline = ["--deadline-ms", "200"];
    sayso(&home, &[&["convert", SAID][..], &deadline].concat(), "").refused("no answer in time");
    let ran = sayso(&home, &[&["convert", "--lines"][..], &deadline].concat(), "ls\nls\nls\n");
    assert_eq!((ran.code, ran.out.matches("\"deadline\"").count()), (Some(1), 3), "{ran:?}");
}

#[test]
fn a_daemon_that_dies_of_a_line_is_asked_once_more() {
    let home = Home::patient();
    let daemon = FakeDaemon::reacting(&home, &[Reaction::Close, result("0.1.0", "\"ls -l\"")]);
    let ran = sayso(&home, &["convert", SAID], "");
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "ls -l\n"), "{ran:?}");
    assert_eq!(daemon.heard().len(), 2);
    drop(daemon);

    let daemon = FakeDaemon::reacting(&home, &[Reaction::Close]);
    sayso(&home, &["convert", SAID], "").refused("closed the connection");
    assert_eq!(daemon.heard().len(), 2);
}

#[test]
fn what_a_line_may_not_hold_does_not_reach_the_terminal() {
    for buffer in [r#""ls\u001b[2J""#, r#""rm\u202ex""#, r#""ls\n""#, r#""a\u200bb""#, r#""a\u0000b""#] {
        let home = Home::patient();
        let _daemon = FakeDaemon::reacting(&home, &[result("0.1.0", buffer)]);
        sayso(&home, &["convert", SAID], "").refused("was refused");
    }
    let home = Home::patient();
    let says = r#"{"v":1,"id":ID,"daemon":"0.1.0","error":{"code":"empty","message":"a\u001b[2Jb\nc"}}"#;
    let _daemon = FakeDaemon::reacting(&home, &[Reaction::Say(says.to_owned())]);
    sayso(&home, &["convert", SAID], "").refused("a\u{fffd}[2Jb c");

    let home = Home::patient();
    let _daemon = FakeDaemon::reacting(&home, &[result("0.1.0", r#""a\nb""#)]);
    let ran = sayso(&home, &["convert", "--fields"], SAID);
    let fields: Vec<_> = ran.out.split_terminator('\0').collect();
    assert_eq!(fields, ["ok", "", "scanner", "90", "0", "a\nb", "ok"]);
}

#[test]
fn nonsense_from_the_socket_is_an_error() {
    let says = |line: &str| Reaction::Say(line.to_owned());
    for (reaction, why) in [
        (says("]]} what?"), "cannot be read"),
        (says(r#"{"v":1,"id":ID,"daemon":"0.1.0"}"#), "cannot be read"),
        (says(r#"{"v":1,"id":ID,"daemon":"0.1.0","result":{}}"#), "wrong kind of reply"),
        (says(r#"{"v":7,"id":ID,"daemon":"9.0.0"}"#), "version 7"),
        (says(&"x".repeat((1 << 20) + 1)), "longer than"),
    ] {
        let home = Home::patient();
        let _daemon = FakeDaemon::reacting(&home, &[reaction]);
        sayso(&home, &["convert", SAID], "").refused(why);
    }
}

#[test]
fn an_older_daemon_is_replaced() {
    let home = Home::patient();
    let done = Reaction::SayAndLeave(r#"{"v":1,"id":ID,"daemon":"0.0.9","result":{}}"#.to_owned());
    let daemon = FakeDaemon::reacting(&home, &[result("0.0.9", "\"old\""), done.clone()]);
    let ran = sayso(&home, &["convert", SAID], "");
    assert_eq!((ran.code, ran.out.trim_end()), (Some(0), MEANT), "{ran:?}");
    let heard = daemon.heard();
    assert_eq!(heard.len(), 2);
    assert!(heard[1].contains("\"shutdown\""), "{heard:?}");

    // A candidate is older than the release of the same numbers.
    let home = Home::patient();
    let candidate = concat!(env!("CARGO_PKG_VERSION"), "-rc.1");
    let daemon = FakeDaemon::reacting(&home, &[result(candidate, "\"old\""), done.clone()]);
    let ran = sayso(&home, &["convert", SAID], "");
    assert_eq!((ran.code, ran.out.trim_end()), (Some(0), MEANT), "{ran:?}");
    assert_eq!(daemon.heard().len(), 2);

    // One of an older protocol cannot even say so in a way that is understood.
    let home = Home::patient();
    let old = Reaction::Say(r#"{"v":0,"id":ID,"error":"what?"}"#.to_owned());
    let _daemon = FakeDaemon::reacting(&home, &[old, done]);
    let ran = sayso(&home, &["convert", SAID], "");
    assert_eq!((ran.code, ran.out.trim_end()), (Some(0), MEANT), "{ran:?}");
}

/// A home whose daemon is in the hands of systemd, the command line of which is `systemctl`.
#[cfg(target_os = "linux")]
fn managed(settings: &str, systemctl: &str) -> (Home, std::ffi::OsString) {
    let home = Home::with_settings(settings);
    let mark = "# Written by `sayso service install`; `sayso service uninstall` removes it.\n";
    home.write(".config/systemd/user/saysod.socket", mark);
    let service = format!("{mark}ExecStart=\"/opt/older/saysod\"\n");
    home.write(".config/systemd/user/saysod.service", &service);
    let tools = home.folder().join("tools");
    fs::create_dir(&tools).unwrap();
    programs::write(&tools.join("systemctl"), systemctl);
    let path = home.search_path_with(&tools);
    (home, path)
}

#[cfg(target_os = "linux")]
#[test]
fn a_service_manager_that_starts_nothing_or_hangs_costs_no_line() {
    // The last does nothing for half of the deadline.
    for (systemctl, deadline) in [("exit 0", "60000"), ("exit 1", "60000"), ("exec sleep 1000", "12000")] {
        let (home, path) = managed("", systemctl);
        let mut convert = command(&home, &["convert", "--deadline-ms", deadline, SAID]);
        let ran = finish(convert.env("PATH", path).spawn().unwrap(), b"");
        assert_eq!((ran.code, ran.out.trim_end()), (Some(0), MEANT), "{systemctl}: {ran:?}");
        assert_eq!(sayso(&home, &["status", "--json"], "").json()["owner"], "daemon");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_service_that_would_start_the_older_daemon_again_is_left_alone() {
    let (home, path) = managed("deadline_ms = 60000", "exit 0");
    let daemon = FakeDaemon::reacting(&home, &[result("0.0.9", "\"old\"")]);
    let ran = finish(command(&home, &["convert", SAID]).env("PATH", path).spawn().unwrap(), b"");
    assert_eq!((ran.code, ran.out.trim_end()), (Some(0), "old"), "{ran:?}");
    assert!(ran.err.contains("`sayso service install`"), "{ran:?}");
    let heard = daemon.heard();
    assert!(heard.len() == 1 && !heard[0].contains("shutdown"), "{heard:?}");
}

#[test]
fn a_place_that_cannot_be_trusted_is_refused() {
    let home = Home::patient();
    home.make_socket_folder(0o755);
    sayso(&home, &["convert", SAID], "").refused("chmod 700");

    let home = Home::patient();
    let mut relative = command(&home, &["convert", SAID]);
    finish(relative.env("SAYSO_SOCKET", "here.sock").spawn().unwrap(), b"").refused("absolute path");
}

#[test]
fn a_missing_runtime_folder_is_no_reason_to_refuse() {
    // The other place is one for the whole machine: somebody who uses sayso may have a daemon there.
    let other = format!("/tmp/sayso-{}/sayso.sock", nix::unistd::geteuid());
    if UnixStream::connect(&other).is_ok() {
        let why = format!("a daemon that is no test's listens at {other}");
        return not_run("a_missing_runtime_folder_is_no_reason_to_refuse", &why);
    }
    let home = Home::patient();
    let mut missing = command(&home, &["convert", "--no-start", SAID]);
    missing.env("XDG_RUNTIME_DIR", home.path().join("no/where"));
    finish(missing.spawn().unwrap(), b"").refused("no daemon is running");
}

/// Only a process that may become another user can try this.
#[cfg(target_os = "linux")]
#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs root and Python: tests/run")]
fn another_users_daemon_is_told_nothing() {
    use std::io::{BufRead, BufReader};
    need("python3");
    if !nix::unistd::geteuid().is_root() {
        return not_run("another_users_daemon_is_told_nothing", "only root can become another user");
    }
    let home = Home::patient();
    home.make_socket_folder(0o700);
    // Whose socket it is, the kernel decides when it is listened on.
    let stranger = r#"
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
os.seteuid(65534)
s.listen()
print("listening", flush=True)
print(len(s.accept()[0].recv(100)), flush=True)
"#;
    let mut child = Command::new("python3")
        .args(["-c", stranger])
        .arg(home.socket())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(said.next().unwrap(), "listening");
    sayso(&home, &["convert", SAID], "").refused("belongs to user 65534");
    assert_eq!(said.next().unwrap(), "0");
    child.wait().unwrap();
    fs::remove_file(home.socket()).unwrap();
}

#[test]
fn without_a_daemon_there_is_a_reason() {
    let home = Home::patient();
    sayso(&home, &["convert", "--no-start", SAID], "").refused("no daemon is running");
    let ran = sayso(&home, &["status"], "");
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");

    // A client alone in its folder, with nothing on its search path.
    let alone = Home::without_daemon();
    let mut lonely = alone.command(alone.folder().join("bin/sayso"));
    lonely.args(["convert", SAID]).env("PATH", "/nowhere");
    lonely.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    finish(lonely.spawn().unwrap(), b"").refused("saysod cannot be started");
}

#[test]
fn settings_are_checked_and_never_overwritten() {
    let home = Home::new();
    let file = home.settings_file();
    fs::remove_file(&file).unwrap();
    let path = format!("{}\n", file.display());
    assert_eq!(sayso(&home, &["config", "path"], "").out, path);
    assert_eq!(sayso(&home, &["config", "check"], "").code, Some(0));
    assert_eq!(sayso(&home, &["config", "init"], "").code, Some(0));
    let written = fs::read_to_string(&file).unwrap();
    sayso(&home, &["config", "init"], "").refused("was kept");
    assert_eq!(fs::read_to_string(&file).unwrap(), written);
    assert!(sayso(&home, &["config", "show"], "").out.contains("deadline_ms = 1000"));

    fs::write(&file, "deadline_ms = 1000\nkey = \"ctrl-q\"\n").unwrap();
    sayso(&home, &["config", "check"], "").refused("settings.toml:2:7: `ctrl-q` cannot be used");
    let ran = sayso(&home, &["convert", "--deadline-ms", "60000", SAID], "");
    assert_eq!((ran.code, ran.out.trim_end()), (Some(0), MEANT), "a mistake there costs no conversion");
    assert!(ran.err.contains("settings.toml:2:7"), "{ran:?}");
    let ran = sayso(&home, &["doctor", "--json"], "");
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.lines().any(|line| line.contains("\"fail\"") && line.contains(":2:7")), "{}", ran.out);
}

#[test]
fn a_wrong_word_costs_neither_the_key_nor_the_other_words() {
    let home = Home::new();
    assert_eq!(sayso(&home, &["config", "path"], "").code, Some(0));
    let file = home.settings_file();
    fs::remove_file(&file).unwrap();
    sayso(&home, &["config", "init"], "");
    // What anybody would do first: add lines at the end of the file.
    let written = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        format!("{written}key = \"ctrl-g\"\ndeadline_ms = 60000\n[words]\n\"kay eight s\" = \"k8s\"\n"),
    )
    .unwrap();
    assert_eq!(sayso(&home, &["config", "check"], "").code, Some(0));
    let mut text = fs::read_to_string(&file).unwrap();
    text.push_str("bad = \"\"\n");
    fs::write(&file, text).unwrap();
    sayso(&home, &["config", "check"], "").refused("must not be empty");
    let ran = sayso(&home, &["init", "bash"], "");
    assert!(ran.out.contains(r"_sayso_key='\C-g'") && ran.err.contains("must not be empty"), "{}", ran.err);
    let ran = sayso(&home, &["convert", "echo kay eight s"], "");
    assert_eq!((ran.code, ran.out.trim_end()), (Some(0), "echo k8s"), "{ran:?}");
    let status = sayso(&home, &["status"], "").out;
    assert!(status.contains("must not be empty; everything else applies"), "{status}");
}

#[test]
fn the_doctor_names_every_shell_without_the_key() {
    let home = Home::patient();
    // The doctor looks for the shells on the search path and starts none of them, so files stand in for them.
    let shells = home.folder().join("shells");
    fs::create_dir(&shells).unwrap();
    for shell in ["zsh", "fish", "bash"] {
        programs::write(&shells.join(shell), "exit 1");
    }
    let mut doctor = command(&home, &["doctor", "--json"]);
    doctor.env("PATH", home.search_path_with(&shells));
    let said = finish(doctor.env_remove("SHELL").spawn().unwrap(), b"").out;
    let of = |name: &str| {
        let mut checks = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        checks.find(|check| check["check"] == name).unwrap()
    };
    for shell in ["zsh", "fish", "bash"] {
        assert_eq!(of(shell)["level"], "warn", "{shell}");
        let advice = of(shell)["advice"].as_str().unwrap().to_owned();
        let client = programs::program("sayso");
        assert!(advice.contains(&format!("{} init {shell}", client.display())), "{advice}");
    }
    home.write(".zshrc", "eval \"$(/opt/bin/sayso init zsh)\"\n");
    let said = sayso(&home, &["doctor"], "").out;
    assert!(said.contains(".zshrc turns sayso on"), "{said}");
}

#[test]
fn the_doctor_tries_the_whole_way_and_names_who_is_in_it() {
    let home = Home::patient();
    let ran = sayso(&home, &["doctor", "--json"], "");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let checks: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |name: &str| checks.iter().find(|check| check["check"] == name).unwrap();
    assert_eq!(of("conversion")["level"], "ok");
    assert_eq!(of("daemon")["level"], "ok");

    let wedged = Home::patient();
    let _daemon = FakeDaemon::reacting(&wedged, &[Reaction::Silence]);
    let ran = sayso(&wedged, &["doctor"], "");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains(&format!("process {} holds the socket", std::process::id())), "{ran:?}");
}

#[test]
fn words_and_explanations_are_for_people_and_programs() {
    let home = Home::with_settings("deadline_ms = 60000\n[words]\n\"kay eight s\" = \"k8s\"\n");
    let ran = sayso(&home, &["words", "k8s"], "");
    assert!(ran.code == Some(0) && ran.out.contains("kay eight s"), "{ran:?}");
    assert_eq!(sayso(&home, &["words", "--json", "k8s"], "").json()["kind"], "your own");
    assert_eq!(sayso(&home, &["words", "no such word"], "").code, Some(1));
    let units = sayso(&home, &["explain", "--json", SAID], "").json()["units"].clone();
    assert_eq!(units[0]["heard"], "git");
    let shown = sayso(&home, &["explain", SAID], "").out;
    assert!(shown.contains(MEANT) && !shown.contains('\u{1b}'), "no colour where nobody looks: {shown}");
}

#[test]
fn whoever_reads_may_leave() {
    let home = Home::patient();
    let mut child = command(&home, &["words"]).spawn().unwrap();
    drop(child.stdout.take());
    let ran = finish(child, b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
}

#[test]
fn manuals_and_completions_come_from_the_definition() {
    let home = Home::patient();
    fs::create_dir(home.path().join("man")).unwrap();
    assert_eq!(sayso(&home, &["man", home.path().join("man").to_str().unwrap()], "").code, Some(0));
    let page = fs::read_to_string(home.path().join("man/sayso-convert.1")).unwrap();
    assert!(page.contains("deadline"), "{page}");
    assert!(home.path().join("man/sayso-model-pull.1").exists());
    assert!(fs::read_to_string(home.path().join("man/saysod.1")).unwrap().contains("idle"));
    for shell in ["zsh", "fish", "bash"] {
        let completions = sayso(&home, &["completions", shell], "").out;
        assert!(completions.contains("explain") && completions.contains("verify"), "{shell}");
    }
}

#[test]
fn programs_that_train_are_found_or_named() {
    let home = Home::patient();
    // The real one, which a build of the workspace leaves beside the client.
    programs::program("sayso-adapt");
    let ran =
        sayso(&home, &["train", "adapt", "--pairs", "absent.jsonl", "--output", "mine.safetensors"], "");
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.err.starts_with("sayso train adapt: ") && ran.err.contains("absent.jsonl"), "{ran:?}");
    assert!(!home.path().join("mine.safetensors").exists());
    let alone = home.path().join("sayso");
    fs::copy(programs::program("sayso"), &alone).unwrap();
    for (arguments, name) in [(["train", "adapt"], "sayso-adapt"), (["train", "lora"], "sayso-train")] {
        let mut client = home.command(&alone);
        client.args(arguments).env("PATH", "");
        let output = client.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(name) && said.contains("sh install.sh --train"), "{said}");
    }
    assert_eq!(sayso(&home, &["train"], "").code, Some(2));
}
