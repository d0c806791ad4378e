//! The daemon in the hands of a service manager: socket activation, restarts, modes, and what is left afterwards.

use sayso_testing::{Home, need, not_run, programs, repository, wait_until};
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

const DICTATED: &str = "git status dash s";
const COMMAND: &str = "git status -s";

/// The test that runs this program once more with a manager of its own around it.
const THE_TEST: &str = "services::a_user_manager_starts_restarts_and_forgets_the_daemon";
/// Set in that second run.
const INSIDE: &str = "SAYSO_TEST_INSIDE_MANAGER";

/// The client in the environment of the manager around this process.
fn client() -> Command {
    Command::new(programs::program("sayso"))
}

/// Runs the client with `arguments`, the dictated line on its standard input.
fn sayso(mut client: Command, arguments: &[&str]) -> Output {
    use std::io::Write;
    client.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = client.spawn().unwrap();
    // A command that reads nothing may have ended already.
    let _ = child.stdin.take().unwrap().write_all(DICTATED.as_bytes());
    child.wait_with_output().unwrap()
}

/// Runs the client and returns what it printed; it must succeed.
#[track_caller]
fn succeeds(client: Command, arguments: &[&str]) -> String {
    let output = sayso(client, arguments);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "sayso {arguments:?}: {}\n{printed}{said}", output.status);
    printed
}

/// Converts the line, and returns the process number of the daemon that did and who keeps its socket.
#[track_caller]
fn convert(client: impl Fn() -> Command) -> (u32, String) {
    assert_eq!(succeeds(client(), &["convert", "--deadline-ms", "60000"]).trim_end(), COMMAND);
    let status: serde_json::Value = serde_json::from_str(&succeeds(client(), &["status", "--json"])).unwrap();
    let pid = status["pid"].as_u64().unwrap();
    (u32::try_from(pid).unwrap(), status["owner"].as_str().unwrap().to_owned())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// `systemd-socket-activate`, which listens, and becomes the daemon at the first connection.
struct Activator(Child);

impl Activator {
    fn listen(home: &Home) -> Activator {
        let socket = home.socket();
        let child = home
            .command("systemd-socket-activate")
            .arg(format!("--listen={}", socket.display()))
            .args(["--setenv=HOME", "--setenv=XDG_RUNTIME_DIR", "--setenv=SAYSO_CONFIG"])
            .arg(programs::program("saysod"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("the socket", || socket.exists());
        Activator(child)
    }
}

impl Drop for Activator {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs systemd-socket-activate: tests/run")]
fn a_daemon_that_was_handed_its_socket_answers() {
    need("systemd-socket-activate");
    let home = Home::new();
    home.make_socket_folder(0o700);
    for _ in 0..2 {
        let mut activator = Activator::listen(&home);
        let (pid, owner) = convert(|| home.command(programs::program("sayso")));
        assert_eq!((pid, owner.as_str()), (activator.0.id(), "service"), "no second daemon was started");

        // The path is the manager's: the daemon leaves it when it ends.
        let signal = Command::new("kill").arg(pid.to_string()).status().unwrap();
        assert!(signal.success());
        assert!(activator.0.wait().unwrap().success(), "SIGTERM ends it cleanly");
        assert!(home.socket().exists());
        fs::remove_file(home.socket()).unwrap();
    }
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs root and systemd: tests/run")]
fn a_user_manager_starts_restarts_and_forgets_the_daemon() {
    if env::var_os(INSIDE).is_some() {
        return under_the_manager();
    }
    let harness = repository().join("tests/services/user-manager.sh");
    let possible = Command::new("bash").arg(&harness).arg("--possible").output().unwrap();
    if !possible.status.success() {
        let why = format!("it needs root and namespaces: {}", String::from_utf8_lossy(&possible.stderr));
        return not_run("a_user_manager_starts_restarts_and_forgets_the_daemon", why.trim());
    }
    let home = Home::new();
    let output = Command::new("bash")
        .arg(&harness)
        .arg(home.path())
        .arg(env::current_exe().unwrap())
        .args(["--exact", THE_TEST, "--include-ignored", "--nocapture"])
        .env(INSIDE, "yes")
        .env_remove("SAYSO_SOCKET")
        .output()
        .unwrap();
    let log = fs::read_to_string(home.path().join("manager.log")).unwrap_or_default();
    let printed = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}{said}\nThe manager says:\n{log}");
}

/// What a person does, with a systemd of the test's own.
fn under_the_manager() {
    let home = PathBuf::from(env::var_os("HOME").unwrap());
    let runtime = PathBuf::from(env::var_os("XDG_RUNTIME_DIR").unwrap());
    let units = home.join(".config/systemd/user");
    let socket = runtime.join("sayso/sayso.sock");
    let read =
        || ["saysod.socket", "saysod.service"].map(|unit| fs::read_to_string(units.join(unit)).unwrap());

    // A daemon that the client started makes room.
    let (own, owner) = convert(client);
    assert_eq!(owner, "daemon");
    assert_eq!(sayso(client(), &["service", "status"]).status.code(), Some(1), "not installed yet");

    succeeds(client(), &["service", "install"]);
    assert_eq!((mode(&socket), mode(socket.parent().unwrap())), (0o600, 0o700));
    let written = read();
    let (first, owner) = convert(client);
    assert_eq!(owner, "service");
    assert_ne!(first, own);
    wait_until("the client's daemon to end", || !Path::new("/proc").join(own.to_string()).exists());
    succeeds(client(), &["service", "status"]);

    let verified = Command::new("systemd-analyze")
        .args(["--user", "--man=no", "verify"])
        .arg(units.join("saysod.service"))
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&verified.stderr);
    assert!(!complaints.contains("saysod"), "{complaints}");

    // Killed: it is there again for the next line.
    assert!(Command::new("kill").args(["-KILL", &first.to_string()]).status().unwrap().success());
    wait_until("the daemon to be gone", || !Path::new("/proc").join(first.to_string()).exists());
    let (second, owner) = convert(client);
    assert_eq!(owner, "service");
    assert_ne!(second, first);

    // Once more changes no file.
    succeeds(client(), &["service", "install"]);
    assert_eq!(read(), written);
    let (third, _) = convert(client);

    // Stopped by hand: the next line finds one.
    succeeds(client(), &["service", "stop"]);
    wait_until("the daemon to be gone", || !Path::new("/proc").join(third.to_string()).exists());
    assert_eq!(convert(client).1, "service");

    // A socket that somebody stopped is started again by the client.
    assert!(
        Command::new("systemctl")
            .args(["--user", "stop", "saysod.socket", "saysod.service"])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(convert(client).1, "service");

    succeeds(client(), &["service", "uninstall"]);
    assert_eq!(sayso(client(), &["service", "status"]).status.code(), Some(1));
    let left: Vec<_> = walk(&home.join(".config/systemd"));
    assert!(left.is_empty(), "{left:?}");
    assert!(!socket.exists());
    assert_eq!(convert(client).1, "daemon", "the client starts it again");
    succeeds(client(), &["service", "stop"]);
    installed_with_the_rest(&home);
}

/// `install.sh --service`, from a release that was unpacked by hand.
fn installed_with_the_rest(home: &Path) {
    let repository = repository();
    let release = home.join("release");
    let stage = repository.join("scripts/stage.sh");
    assert!(
        Command::new("sh").arg(stage).args([programs::folder(), release.clone()]).status().unwrap().success()
    );
    fs::copy(repository.join("install.sh"), release.join("install.sh")).unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new("dash").arg(release.join("install.sh")).args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}{said}", String::from_utf8_lossy(&output.stdout));
    };

    run(&["--no-rc", "--service"]);
    let unit = home.join(".config/systemd/user/saysod.service");
    let program = home.join(".local/bin/saysod");
    assert!(fs::read_to_string(&unit).unwrap().contains(&format!("ExecStart=\"{}\"", program.display())));
    let (pid, owner) = convert(client);
    assert_eq!(owner, "service");
    assert_eq!(fs::read_link(format!("/proc/{pid}/exe")).unwrap(), program);

    run(&["--uninstall"]);
    assert!(!unit.exists() && !program.exists());
    wait_until("the daemon to end", || !Path::new("/proc").join(pid.to_string()).exists());
}

/// All files below a folder.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return vec![] };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| if path.is_dir() && !path.is_symlink() { walk(&path) } else { vec![path] })
        .collect()
}
