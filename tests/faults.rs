//! Everything that can go wrong on the wire between a shell and the daemon, done to the real one.

use sayso_testing::wire::{code, convert, long};
use sayso_testing::{MEANT, RealDaemon, SAID, wait_until};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

#[test]
fn what_is_no_request_is_answered_and_the_connection_stays() {
    let daemon = RealDaemon::new();
    let mut wire = daemon.connect();
    let mut check = |line: &[u8], id: u64, expected: &str| {
        wire.say(line);
        let answer = wire.hear();
        let shown = String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned();
        assert_eq!((answer["id"].as_u64(), code(&answer)), (Some(id), expected), "{shown}: {answer}");
    };
    check(b"", 0, "bad_request");
    check(b"   ", 0, "bad_request");
    check(b"\0\0\0", 0, "bad_request");
    check(b"\xff\xfe\x00", 0, "bad_request");
    check(b"GET / HTTP/1.1", 0, "bad_request");
    check(b"[]", 0, "bad_request");
    check(br#"{"v":1}"#, 0, "bad_request");
    check(br#"{"v":1,"id":3,"op":"dance"}"#, 3, "bad_request");
    check(b"{\"v\":1,\"id\":3,\"op\":\"convert\",\"text\":\"\xff\"}", 3, "bad_request");
    check(br#"{"v":1,"id":3,"op":"convert","text":"\ud83d"}"#, 3, "bad_request");
    check(br#"{"v":1,"id":3,"op":"convert","deadline_ms":"soon"}"#, 3, "bad_request");
    check(&b"[{".repeat(100_000), 0, "bad_request");
    check(br#"{"v":2,"id":4,"op":{"new":true}}"#, 4, "unsupported_version");
    check(br#"{"v":0,"id":4}"#, 4, "unsupported_version");
    check(convert(5, &"x".repeat(200_000), "").as_bytes(), 5, "too_long");
    check(convert(6, "x", &format!(r#","session":"{}""#, "s".repeat(1000))).as_bytes(), 6, "too_long");
    check(convert(7, SAID, "").as_bytes(), 7, "");
}

#[test]
fn what_no_line_may_hold_is_refused_by_name() {
    let daemon = RealDaemon::new();
    let check = |text: &str, expected: &str| {
        let answer = daemon.ask(&convert(1, text, ""));
        assert_eq!(code(&answer), expected, "{text:?}: {answer}");
        assert!(!answer["error"]["message"].as_str().unwrap().is_empty());
    };
    check("", "empty");
    check(" \t \n ", "empty");
    check("git\0status", "bad_character");
    check("\u{1b}[31mgit status", "bad_character");
    check("git\u{7}", "bad_character");
    check("rm \u{202e}txt", "bad_character");
    check("git\u{200b}status", "bad_character");
    check("\u{feff}git", "bad_character");
}

#[test]
fn hard_dictations_are_answered_in_time() {
    let daemon = RealDaemon::new();
    let check = |text: &str| {
        let answer = daemon.ask(&convert(1, text, ""));
        assert!(!["internal", "deadline", "bad_request"].contains(&code(&answer)), "{answer}");
        let buffer = answer["result"]["buffer"].as_str().unwrap_or_default();
        assert!(!buffer.ends_with('\n') && !buffer.contains('\u{1b}'), "{buffer:?}");
    };
    check(&"dash ".repeat(10_000));
    check(&"eighty ".repeat(10_000));
    check(&"open paren ".repeat(5_000));
    check("echo camel case");
    check("echo all caps");
    check("echo quote");
    check("new line new line new line");
    check("literal");
    check("no no i mean no");
    check("\u{1f600} dash \u{301}\u{301}\u{301}");
}

#[test]
fn a_message_longer_than_a_frame_ends_its_connection_only() {
    let daemon = RealDaemon::new();
    let mut wire = daemon.connect();
    // Without a newline: the daemon must not wait for one. One byte beyond the limit, so that all of it is taken.
    wire.say_raw(vec![b' '; (1 << 20) + 1]);
    assert_eq!(code(&wire.hear()), "too_long");
    assert!(wire.closes());
    assert_eq!(daemon.ask(&convert(1, SAID, ""))["result"]["buffer"], MEANT);
}

#[test]
fn half_a_message_then_silence_is_closed_and_nobody_else_waits() {
    let daemon = RealDaemon::new();
    let mut silent = daemon.connect();
    silent.say_raw(br#"{"v":1,"id":1,"op":"conv"#);
    let mut idle = daemon.connect();
    assert_eq!(daemon.ask(&convert(1, SAID, ""))["result"]["buffer"], MEANT);
    assert_eq!(code(&silent.hear()), "bad_request");
    assert!(silent.closes());
    // Who has said nothing at all may stay.
    idle.say(convert(2, SAID, ""));
    assert_eq!(idle.hear()["result"]["buffer"], MEANT);
}

#[test]
fn a_message_may_come_in_pieces_and_several_at_once() {
    let daemon = RealDaemon::new();
    let mut wire = daemon.connect();
    let message = convert(1, "echo space é", "") + "\n";
    for byte in message.as_bytes() {
        wire.say_raw([*byte]);
    }
    assert_eq!(wire.hear()["result"]["buffer"], "echo é");
    wire.say_raw(message.repeat(100));
    (0..100).for_each(|_| assert_eq!(wire.hear()["result"]["buffer"], "echo é"));
}

#[test]
fn who_says_nothing_more_is_still_answered() {
    let daemon = RealDaemon::new();
    let mut wire = daemon.connect();
    wire.say(convert(1, &long(), ""));
    wire.say_raw(br#"{"v":1,"id":2"#);
    wire.hush();
    assert_eq!(wire.hear()["id"], 1);
    assert!(wire.closes());
}

#[test]
fn ten_thousand_connections_in_turn_and_a_hundred_at_once() {
    let daemon = RealDaemon::new();
    for id in 0..10_000 {
        let answer = daemon.ask(&convert(id, SAID, ""));
        assert_eq!((answer["id"].as_u64(), &answer["result"]["buffer"]), (Some(id), &MEANT.into()));
    }
    let mut wires: Vec<_> = (0..100).map(|_| daemon.connect()).collect();
    (1..).zip(&mut wires).for_each(|(id, wire)| wire.say(convert(id, SAID, "")));
    (1_u64..).zip(&mut wires).for_each(|(id, wire)| assert_eq!(wire.hear()["id"], id));
    drop(wires);
    let status = daemon.ask(r#"{"v":1,"id":1,"op":"status"}"#);
    assert_eq!(status["status"]["requests"], 10_101);
    assert_eq!(status["status"]["errors"], 0);
}

#[test]
fn a_full_house_sends_the_idle_away_first() {
    let daemon = RealDaemon::new();
    let mut idle: Vec<_> = (0..300).map(|_| daemon.connect()).collect();
    let last = idle.len() - 1;
    idle[last].say(convert(1, SAID, ""));
    assert_eq!(idle[last].hear()["result"]["buffer"], MEANT);
    assert!(idle[0].closes());
}

#[test]
fn half_messages_make_way_without_a_word() {
    let daemon = RealDaemon::new();
    // More than one process may hold.
    let halves: Vec<_> = (0..300)
        .map(|_| {
            let mut half = UnixStream::connect(daemon.home.socket()).unwrap();
            // It may have made way already.
            let _ = half.write_all(br#"{"v":1,"id":1,"op":"conv"#);
            half
        })
        .collect();
    assert_eq!(daemon.ask(&convert(1, SAID, ""))["result"]["buffer"], MEANT);
    // Not because its time was up: that would be told.
    let mut received = Vec::new();
    let closed = (&halves[0]).read_to_end(&mut received);
    let is_reset = closed.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset);
    assert!(received.is_empty() || is_reset, "{}", String::from_utf8_lossy(&received));
}

#[test]
fn long_half_messages_are_bounded_together() {
    let daemon = RealDaemon::new();
    let resident =
        || daemon.ask(r#"{"v":1,"id":1,"op":"status"}"#)["status"]["resident_bytes"].as_u64().unwrap();
    // One line for which everything is loaded that is loaded late.
    daemon.ask(&convert(1, "git commit dash m quote fix login bug quote", ""));
    let before = resident();
    let half = [br#"{"v":1,"id":1,"op":"convert","text":""#.as_slice(), &vec![b'x'; 900_000]].concat();
    let mut open = Vec::new();
    for _ in 0..190 {
        let mut stream = UnixStream::connect(daemon.home.socket()).unwrap();
        // The daemon may close it in the middle.
        let _ = stream.write_all(&half);
        open.push(stream);
    }
    assert_eq!(daemon.ask(&convert(1, SAID, ""))["result"]["buffer"], MEANT);
    let during = resident();
    assert!(during < before + (40 << 20), "{before} bytes grew to {during}");
    drop(open);
    wait_until("the memory is given back", || resident() < before + (10 << 20));
}

#[test]
fn a_socket_that_is_gone_is_bound_again_by_the_same_daemon() {
    let daemon = RealDaemon::new();
    let (socket, pid) = (daemon.home.socket(), u64::from(daemon.pid()));
    let mut before = daemon.connect();
    let folder = socket.parent().unwrap();
    let removals: [&dyn Fn(); 3] = [
        &|| fs::remove_file(&socket).unwrap(),
        &|| fs::rename(&socket, folder.join("elsewhere")).unwrap(),
        &|| {
            // What a dead daemon would leave.
            fs::remove_file(&socket).unwrap();
            drop(UnixListener::bind(&socket).unwrap());
        },
    ];
    for remove in removals {
        remove();
        wait_until("somebody listens", || UnixStream::connect(&socket).is_ok());
        assert_eq!(daemon.ask(r#"{"v":1,"id":1,"op":"status"}"#)["status"]["pid"], pid);
        assert_eq!(daemon.ask(&convert(1, SAID, ""))["result"]["buffer"], MEANT);
    }
    // Who was connected still is.
    before.say(convert(2, SAID, ""));
    assert_eq!(before.hear()["result"]["buffer"], MEANT);
}

#[cfg(target_os = "linux")]
#[test]
fn who_is_connected_does_not_wait_while_the_socket_is_bound_again() {
    use nix::sys::socket::{Backlog, listen};
    let daemon = RealDaemon::new();
    let mut before = daemon.connect();
    // Somebody takes the path who lets nobody in: the daemon waits for him before it gives up.
    let other = daemon.home.folder().join("other.sock");
    let listener = UnixListener::bind(&other).unwrap();
    listen(&listener, Backlog::new(0).unwrap()).unwrap();
    let _first = UnixStream::connect(&other).unwrap();
    fs::rename(&other, daemon.home.socket()).unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(1) {
        let asked = Instant::now();
        before.say(convert(1, SAID, ""));
        assert_eq!(before.hear()["result"]["buffer"], MEANT);
        assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_daemon_keeps_no_secret_and_leaves_no_dump() {
    let mut daemon = RealDaemon::absent();
    let mut command = daemon.command();
    command.env("SOME_TOKEN", "hunter2");
    daemon.spawn(&mut command);
    let of = |file: &str| fs::read(format!("/proc/{}/{file}", daemon.pid())).unwrap_or_default();
    let environment = String::from_utf8_lossy(&of("environ")).into_owned();
    assert!(environment.contains("HOME=") && !environment.contains("hunter2"), "{environment}");
    let limits = String::from_utf8_lossy(&of("limits")).into_owned();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().rev().nth(1), Some("0"), "{core}");
    let left_out = String::from_utf8_lossy(&of("coredump_filter")).into_owned();
    assert_eq!(left_out.trim().trim_matches('0'), "", "what a dump would hold: {left_out}");
}

/// What the daemon has in memory that is its own and that it may write to.
#[cfg(target_os = "linux")]
fn memory_of(daemon: &RealDaemon) -> Vec<u8> {
    use std::os::unix::fs::FileExt;
    let folder = format!("/proc/{}", daemon.pid());
    let memory = fs::File::open(format!("{folder}/mem")).unwrap();
    let mut all = Vec::new();
    for mapping in fs::read_to_string(format!("{folder}/maps")).unwrap().lines() {
        let mut parts = mapping.split_whitespace();
        let (range, mode) = (parts.next().unwrap(), parts.next().unwrap());
        let (begin, end) = range.split_once('-').unwrap();
        let [begin, end] = [begin, end].map(|number| u64::from_str_radix(number, 16).unwrap());
        // The system's own pages cannot be read.
        if mode.starts_with("rw") && !mapping.ends_with(']') || mapping.contains("[heap]") {
            let mut bytes = vec![0; (end - begin) as usize];
            let read = memory.read_at(&mut bytes, begin).unwrap_or_default();
            all.extend_from_slice(&bytes[..read]);
        }
    }
    all
}

#[cfg(target_os = "linux")]
#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs root: tests/run")]
fn what_was_dictated_does_not_stay_in_memory() {
    let daemon = RealDaemon::new();
    let holds = |text: &str| memory_of(&daemon).windows(text.len()).any(|window| window == text.as_bytes());
    let session = r#","session":"zsh-1""#;
    let secret = "echo space hunter marmalade xylophone";
    for _ in 0..10 {
        daemon.ask(&convert(1, secret, session));
    }
    assert!(holds("marmalade xylophone"), "the last line of a shell is kept for `explain --last`");
    wait_until("what is gone is wiped", || {
        daemon.ask(&convert(2, SAID, session));
        !holds("marmalade xylophone")
    });
}

#[test]
fn the_newest_request_of_a_session_wins() {
    let daemon = RealDaemon::new();
    let mut wire = daemon.connect();
    let session = |name: &str| format!(r#","session":"{name}","deadline_ms":60000"#);
    let slow = convert(1, &long(), &session("zsh-1")) + "\n";
    let quick = convert(2, SAID, &session("zsh-1")) + "\n";
    let other = convert(3, SAID, &session("zsh-2")) + "\n";
    wire.say_raw(slow + &quick + &other);
    let answers: BTreeMap<_, _> =
        (0..3).map(|_| wire.hear()).map(|answer| (answer["id"].as_u64().unwrap(), answer)).collect();
    assert_eq!(code(&answers[&1]), "superseded");
    assert_eq!(answers[&2]["result"]["buffer"], MEANT);
    assert_eq!(answers[&3]["result"]["buffer"], MEANT);
}

#[test]
fn a_deadline_is_kept_by_those_who_wait_in_line_too() {
    let daemon = RealDaemon::new();
    let mut wire = daemon.connect();
    // Many more than run at once: some wait in line beyond their time.
    for id in 1..=10 {
        wire.say(convert(id, &long(), r#","deadline_ms":1"#));
    }
    let codes: Vec<_> = (1..=10).map(|_| code(&wire.hear()).to_owned()).collect();
    assert!(codes.iter().any(|code| code == "deadline"), "{codes:?}");
    assert!(codes.iter().all(|code| code.is_empty() || code == "deadline"), "{codes:?}");
    assert_eq!(daemon.ask(&convert(1, SAID, ""))["result"]["buffer"], MEANT);
}

#[test]
fn long_lines_are_answered_without_what_nobody_can_read() {
    let daemon = RealDaemon::new();
    for op in ["convert", "explain"] {
        let answer = daemon.ask(&convert(1, &long(), "").replace("convert", op));
        let result = &answer["result"];
        assert!(result["buffer"].as_str().unwrap().len() >= 25_000, "{op}");
        assert_eq!((&result["spans"], &result["units"]), (&serde_json::json!([]), &serde_json::Value::Null));
    }
}

#[test]
fn converting_a_result_again_changes_nothing() {
    let daemon = RealDaemon::new();
    let session = r#","session":"zsh-1""#;
    let first = daemon.ask(&convert(1, "echo space literal dash", session));
    assert_eq!(first["result"]["buffer"], "echo dash");
    let again = daemon.ask(&convert(2, "echo dash", session));
    assert_eq!(
        (&again["result"]["buffer"], &again["result"]["route"]),
        (&"echo dash".into(), &"session".into())
    );
    assert_eq!(again["result"]["cursor"], 9);
    // The editor may have gone on to another reading, which is a result as well.
    let readings = daemon.ask(&convert(4, "ls dash a no wait dash l", session));
    let other = readings["result"]["alternatives"][0].as_str().unwrap();
    let again = daemon.ask(&convert(5, other, session));
    assert_eq!(
        (again["result"]["buffer"].as_str(), &again["result"]["route"]),
        (Some(other), &"session".into())
    );
    let elsewhere = daemon.ask(&convert(3, "echo dash", r#","session":"zsh-2""#));
    assert_ne!(elsewhere["result"]["buffer"], "echo dash", "another editor was given nothing yet");
}
