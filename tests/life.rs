//! How the daemon starts, beside others and in spite of what is in its way, and how it ends.

use sayso_testing::wire::{code, convert, long};
use sayso_testing::{MEANT, RealDaemon, SAID};
use std::fs;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::os::unix::net::UnixListener;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn sigterm_answers_what_was_sent_and_leaves_nothing() {
    let mut daemon = RealDaemon::new();
    let mut wires: Vec<_> = (0..20).map(|_| daemon.connect()).collect();
    let mut slow = daemon.connect();
    // This one is waited for, were it not for the end.
    let mut half = daemon.connect();
    half.say_raw(b"{\"v\":1,");
    slow.say(convert(1, &long(), ""));
    wires.iter_mut().for_each(|wire| wire.say(convert(1, SAID, "")));
    let begun = Instant::now();
    daemon.signal("TERM");
    for wire in &mut wires {
        assert_eq!(wire.hear()["result"]["buffer"], MEANT);
        assert!(wire.closes());
    }
    let answer = slow.hear();
    assert!(["", "shutting_down"].contains(&code(&answer)), "{answer}");
    assert!(half.closes());
    assert!(daemon.ended().success());
    // Under a second is promised. A busy machine gets five, which is still half of what the unfinished message and
    // a fraction of what the deadline of the slow one would take.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(!daemon.home.socket().exists());
}

#[test]
fn every_way_of_asking_to_end_is_heard() {
    for signal in ["TERM", "INT", "HUP"] {
        let mut daemon = RealDaemon::new();
        daemon.signal(signal);
        assert!(daemon.ended().success(), "{signal}");
    }
    let mut daemon = RealDaemon::new();
    let mut wire = daemon.connect();
    wire.say_raw(convert(1, &long(), "") + "\n{\"v\":1,\"id\":2,\"op\":\"shutdown\"}\n");
    let mut ids = [wire.hear()["id"].clone(), wire.hear()["id"].clone()];
    ids.sort_by_key(|id| id.as_u64());
    assert_eq!(ids, [1, 2], "what the asker itself has in flight is answered too");
    assert!(wire.closes() && daemon.ended().success());
    for version in [1, 99] {
        let mut daemon = RealDaemon::new();
        let answer = daemon.ask(&format!(r#"{{"v":{version},"id":5,"op":"shutdown"}}"#));
        assert_eq!((answer["id"].as_u64(), &answer["result"]), (Some(5), &serde_json::json!({})));
        assert!(daemon.ended().success(), "version {version}");
        assert!(!daemon.home.socket().exists());
    }
}

#[test]
fn an_idle_daemon_ends_by_itself() {
    let mut daemon = RealDaemon::with(&["--idle-minutes", "0.005"]);
    assert!(daemon.ended().success());
    assert!(!daemon.home.socket().exists());
}

#[test]
fn a_dead_daemons_socket_is_taken_over() {
    let mut daemon = RealDaemon::new();
    let mut wire = daemon.connect();
    wire.say(convert(1, &long(), ""));
    daemon.signal("KILL");
    assert!(wire.closes());
    daemon.ended();
    assert!(daemon.home.socket().exists());
    daemon.start(&[]);
    assert_eq!(daemon.ask(&convert(1, SAID, ""))["result"]["buffer"], MEANT);
    let metadata = fs::metadata(daemon.home.socket()).unwrap();
    assert_eq!((metadata.mode() & 0o777, metadata.file_type().is_socket()), (0o600, true));
    assert_eq!(fs::metadata(daemon.home.socket_folder()).unwrap().mode() & 0o777, 0o700);
}

#[test]
fn of_many_daemons_one_stays_and_the_others_say_so() {
    let daemon = RealDaemon::absent();
    let mut children: Vec<_> =
        (0..8).map(|_| daemon.command().stdout(Stdio::piped()).spawn().unwrap()).collect();
    // The one that listens stays; the others end.
    let runs = |child: &mut Child| child.try_wait().unwrap().is_none();
    let winner = loop {
        let running: Vec<_> = (0..children.len()).filter(|&at| runs(&mut children[at])).collect();
        match running[..] {
            [winner] => break winner,
            [] => panic!("no daemon stays"),
            _ => thread::yield_now(),
        }
    };
    let mut stays = children.remove(winner);
    for mut child in children {
        let mut said = String::new();
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(child.wait().unwrap().success());
        assert!(said.contains(&format!("already running (process {})", stays.id())), "{said:?}");
    }
    assert_eq!(daemon.ask(&convert(1, SAID, ""))["result"]["buffer"], MEANT);
    daemon.ask(r#"{"v":1,"id":1,"op":"shutdown"}"#);
    assert!(stays.wait().unwrap().success());
}

/// The daemon must refuse to start, and say `why`.
fn refuses(daemon: &RealDaemon, why: &str) {
    let output = daemon.command().output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("saysod: ") && said.contains(why), "{said}");
}

#[test]
fn a_folder_that_others_could_use_is_refused() {
    let loose = RealDaemon::absent();
    loose.home.make_socket_folder(0o755);
    refuses(&loose, "chmod 700");

    let linked = RealDaemon::absent();
    fs::create_dir(linked.home.path().join("real")).unwrap();
    symlink(linked.home.path().join("real"), linked.home.socket_folder()).unwrap();
    refuses(&linked, "symbolic link");

    let file = RealDaemon::absent();
    fs::write(file.home.socket_folder(), "").unwrap();
    refuses(&file, "is not a folder");
}

#[test]
fn what_is_no_socket_of_a_dead_daemon_is_kept() {
    let file = RealDaemon::absent();
    file.home.make_socket_folder(0o700);
    fs::write(file.home.socket(), "precious").unwrap();
    refuses(&file, "is no socket");
    assert_eq!(fs::read_to_string(file.home.socket()).unwrap(), "precious");

    let foreign = RealDaemon::absent();
    foreign.home.make_socket_folder(0o700);
    let listener = UnixListener::bind(foreign.home.socket()).unwrap();
    let program = thread::spawn(move || drop(listener.accept().unwrap()));
    refuses(&foreign, "no daemon that answers");
    assert!(foreign.home.socket().exists());
    program.join().unwrap();

    let linked = RealDaemon::absent();
    linked.home.make_socket_folder(0o700);
    symlink(linked.home.path().join("elsewhere"), linked.home.socket_folder().join("sayso.sock.lock"))
        .unwrap();
    refuses(&linked, "lock");
    assert!(!linked.home.path().join("elsewhere").exists());
}

#[test]
fn logs_that_cannot_be_written_stop_nothing() {
    let serves = |daemon: &RealDaemon| {
        assert_eq!(daemon.ask(&convert(1, SAID, ""))["result"]["buffer"], MEANT);
    };
    let mut no_folder = RealDaemon::absent();
    let mut command = no_folder.command();
    no_folder.spawn(command.env("XDG_STATE_HOME", "/dev/null/no"));
    serves(&no_folder);

    let mut no_home = RealDaemon::absent();
    let mut command = no_home.command();
    command.env("HOME", "/dev/null/home").env_remove("XDG_STATE_HOME").env_remove("SAYSO_CONFIG");
    no_home.spawn(&mut command);
    serves(&no_home);

    // What a full disk says, every write to this device says too.
    if fs::metadata("/dev/full").is_ok() {
        let mut full = RealDaemon::absent();
        full.settings("[log]\nlevel = \"debug\"\nrotation = \"never\"");
        fs::create_dir_all(full.home.logs()).unwrap();
        symlink("/dev/full", full.home.logs().join("saysod.log")).unwrap();
        let mut command = full.command();
        full.spawn(&mut command);
        serves(&full);
        full.signal("TERM");
        assert!(full.ended().success());
    }
}

#[test]
fn what_is_dictated_is_logged_only_when_asked_for() {
    for (arguments, logged) in [(&[][..], false), (&["--log-text"][..], true)] {
        let mut daemon = RealDaemon::absent();
        daemon.settings("[log]\nlevel = \"debug\"");
        daemon.start(arguments);
        daemon.ask(&convert(1, "echo space xylophone", ""));
        daemon.ask(&convert(1, "xylophone\0", ""));
        daemon.ask("xylophone");
        daemon.signal("TERM");
        assert!(daemon.ended().success());
        let log = daemon.home.log();
        for file in fs::read_dir(daemon.home.logs()).unwrap() {
            assert_eq!(file.unwrap().metadata().unwrap().mode() & 0o077, 0);
        }
        assert!(log.contains("listening") && log.contains("ended"), "{log}");
        assert_eq!(log.contains("xylophone"), logged, "{log}");
    }
}

#[test]
fn settings_are_noticed_and_a_mistake_costs_one_entry() {
    let mut daemon = RealDaemon::absent();
    daemon.settings("[words]\n\"kay eight s\" = \"k8s\"");
    daemon.start(&[]);
    let converted = |said: &str| daemon.ask(&convert(1, said, ""))["result"]["buffer"].clone();
    assert_eq!(converted("cd space kay eight s"), "cd k8s");
    daemon.settings("[words]\n\"kay eight s\" = \"k8s\"\n\"my box\" = \"bertha\"");
    assert_eq!(converted("cd space my box"), "cd bertha");
    daemon.settings("[words]\nbad = \"\"\n\"my box\" = \"bertha\"");
    assert_eq!(converted("cd space my box"), "cd bertha");
    let status = daemon.ask(r#"{"v":1,"id":1,"op":"status"}"#);
    let mistake = status["status"]["settings_error"].as_str().unwrap();
    assert!(mistake.contains("settings.toml:3:7"), "{mistake}");
}

#[test]
fn settings_that_nobody_can_read_to_the_end_stop_nothing() {
    let mut daemon = RealDaemon::new();
    let settings = daemon.home.settings_file();
    fs::remove_file(&settings).unwrap();
    assert!(Command::new("mkfifo").arg(&settings).status().unwrap().success());
    let answer = daemon.ask(&convert(1, SAID, r#","deadline_ms":60000"#));
    assert_eq!(answer["result"]["buffer"], MEANT);
    let status = daemon.ask(r#"{"v":1,"id":1,"op":"status"}"#);
    assert!(status["status"]["settings_error"].as_str().unwrap().contains("no regular file"), "{status}");
    daemon.signal("TERM");
    assert!(daemon.ended().success());
}

/// What needs systemd's tools, or to become another user.
#[cfg(target_os = "linux")]
mod on_linux {
    use super::*;
    use sayso_testing::{need, not_run, programs};
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_passed_descriptor_must_be_a_listening_socket() {
        let program = programs::program("saysod");
        let mut shell = Command::new("sh");
        shell.args(["-c", r#"LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" 3</dev/null"#]).arg(program);
        let output = shell.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("no listening Unix socket"));
    }

    #[test]
    #[cfg_attr(not(feature = "system-tests"), ignore = "needs systemd-socket-activate: tests/run")]
    fn a_passed_socket_is_served_and_left_to_its_owner() {
        need("systemd-socket-activate");
        let daemon = RealDaemon::absent();
        daemon.home.make_socket_folder(0o700);
        let socket = daemon.home.socket();
        let mut manager = Command::new("systemd-socket-activate");
        manager.arg("-l").arg(&socket);
        for (name, value) in daemon.command().get_envs() {
            if let Some(value) = value {
                manager.env(name, value).arg("-E").arg(name);
            }
        }
        let mut manager = manager
            .arg(programs::program("saysod"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It makes the path before it listens there.
        while UnixStream::connect(&socket).is_err() {
            assert!(manager.try_wait().unwrap().is_none(), "systemd-socket-activate ended");
            thread::yield_now();
        }
        let status = daemon.ask(r#"{"v":1,"id":1,"op":"status"}"#);
        assert_eq!(
            (&status["status"]["owner"], status["status"]["socket"].as_str()),
            (&"service".into(), socket.to_str())
        );
        assert_eq!(status["status"]["pid"].as_u64().unwrap(), u64::from(manager.id()));
        assert_eq!(daemon.ask(&convert(1, SAID, ""))["result"]["buffer"], MEANT);
        daemon.ask(r#"{"v":1,"id":1,"op":"shutdown"}"#);
        assert!(manager.wait().unwrap().success());
        assert!(socket.exists(), "the socket is the manager's");
    }

    /// Only a process that may become another user can try this.
    #[test]
    #[cfg_attr(not(feature = "system-tests"), ignore = "needs root and Python: tests/run")]
    fn another_user_gets_no_answer() {
        need("python3");
        if !nix::unistd::geteuid().is_root() {
            return not_run("another_user_gets_no_answer", "only root can become another user");
        }
        let daemon = RealDaemon::new();
        // A way round the private folder, which alone would keep everybody out.
        let open = tempfile::tempdir().unwrap();
        fs::set_permissions(open.path(), Permissions::from_mode(0o755)).unwrap();
        let door = open.path().join("door");
        fs::hard_link(daemon.home.socket(), &door).unwrap();
        fs::set_permissions(&door, Permissions::from_mode(0o666)).unwrap();
        let stranger = r#"
import os, socket, sys
os.seteuid(int(sys.argv[2]))
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
try:
    s.sendall(b'{"v":1,"id":1,"op":"status"}\n')
    print(len(s.recv(100)))
except (BrokenPipeError, ConnectionResetError):
    print(0)
"#;
        for (user, expected) in [("0", "100"), ("65534", "0")] {
            let output =
                Command::new("python3").args(["-c", stranger]).arg(&door).arg(user).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), expected, "user {user}");
        }
    }
}
