//! launchd itself runs only on macOS, so a script that behaves like it takes its place here.

use std::fs;

use super::super::tool::tests::write_program;
use super::*;

/// A `launchctl` that remembers what is loaded, unloads agents late, and refuses to load one that
/// is still loaded, as launchd does. It logs every call in `calls`.
const STAND_IN: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 1
echo "$*" >>calls
case $1 in
print)
    case $2 in
    user/*/*|gui/*/*)
        # Two more looks find an agent that is on its way out.
        if [ -s leaving ]; then
            sed '$d' leaving >leaving.new; mv leaving.new leaving
            [ -s leaving ] || rm -f loaded
        fi
        [ -e loaded ] || { echo "Could not find service" >&2; exit 113; }
        printf 'x = {\n\tstate = running\n}\n' ;;
    gui/*) [ ! -e no-desktop ] || { echo "Could not find domain" >&2; exit 125; } ;;
    esac ;;
bootstrap) [ ! -e loaded ] || { echo "Bootstrap failed: 5: Input/output error" >&2; exit 5; }; echo "$3" >loaded ;;
bootout) printf '1\n2\n' >leaving ;;
kickstart | enable) ;;
*) exit 64 ;;
esac
"#;

struct Mac {
    home: tempfile::TempDir,
    launchd: Launchd,
}

impl Mac {
    fn new() -> Mac {
        let home = tempfile::tempdir().unwrap();
        let tool = home.path().join("launchctl");
        write_program(&tool, STAND_IN);
        let launchd = Launchd::new(tool, home.path(), 501);
        Mac { home, launchd }
    }

    /// The calls since the last check, without those that only query.
    fn calls(&self) -> Vec<String> {
        let path = self.home.path().join("calls");
        let calls = fs::read_to_string(&path).unwrap_or_default();
        let _ = fs::remove_file(path);
        calls.lines().filter(|call| !call.starts_with("print")).map(str::to_owned).collect()
    }

    fn plist(&self) -> String {
        self.home.path().join("Library/LaunchAgents/dev.sayso.saysod.plist").display().to_string()
    }
}

fn daemon(program: &str) -> Daemon {
    Daemon { program: program.into(), socket: "/tmp/sayso-501/sayso.sock".into(), environment: vec![] }
}

/// What Python's reader of property lists makes of the agent, as JSON.
fn read(agent: &str) -> String {
    use std::io::Write;
    let mut python = Command::new("python3")
        .args([
            "-c",
            "import json, plistlib, sys; print(json.dumps(plistlib.loads(sys.stdin.buffer.read()), sort_keys=True))",
        ])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("python3 reads the property list; install it");
    python.stdin.take().unwrap().write_all(agent.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "python3 cannot read\n{agent}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_agent_says_what_launchd_needs() {
    let daemon = Daemon {
        environment: vec![(String::from("XDG_CONFIG_HOME"), String::from("/Users/ada & <bob>/c"))],
        ..daemon("/Users/ada & <bob>/100% \"q\"/saysod")
    };
    let text = agent(&daemon, "/Users/ada & <bob>/Library/Logs/saysod.log").unwrap();
    let value: serde_json::Value = serde_json::from_str(&read(&text)).unwrap();
    assert_eq!(
        value,
        serde_json::json!({
            "Label": "dev.sayso.saysod",
            "ProgramArguments": ["/Users/ada & <bob>/100% \"q\"/saysod"],
            "EnvironmentVariables": {"XDG_CONFIG_HOME": "/Users/ada & <bob>/c"},
            "RunAtLoad": true,
            "KeepAlive": {"SuccessfulExit": false},
            "ProcessType": "Interactive",
            "ExitTimeOut": 5,
            "Umask": 0o077,
            "StandardOutPath": "/Users/ada & <bob>/Library/Logs/saysod.log",
            "StandardErrorPath": "/Users/ada & <bob>/Library/Logs/saysod.log",
        })
    );
}

#[test]
fn a_path_that_xml_cannot_hold_is_refused() {
    let error = agent(&daemon("/Users/a\u{1}/saysod"), "/log").unwrap_err().to_string();
    assert!(error.contains("no service was installed"), "{error}");
}

#[test]
fn install_twice_then_upgrade_then_uninstall() {
    let mac = Mac::new();
    let plist = mac.plist();

    mac.launchd.install(&daemon("/usr/local/bin/saysod")).unwrap();
    assert!(mac.launchd.installed());
    assert_eq!(
        mac.calls(),
        ["enable gui/501/dev.sayso.saysod".to_owned(), format!("bootstrap gui/501 {plist}")]
    );
    assert_eq!(mac.launchd.state(), State { up: true, words: String::from("agent running") });

    let before = fs::read(&plist).unwrap();
    mac.launchd.install(&daemon("/usr/local/bin/saysod")).unwrap();
    assert_eq!(mac.calls(), ["kickstart -k gui/501/dev.sayso.saysod"], "only the program is started anew");
    assert_eq!(fs::read(&plist).unwrap(), before);

    mac.launchd.install(&daemon("/opt/bin/saysod")).unwrap();
    let calls = mac.calls();
    assert_eq!(calls.first().map(String::as_str), Some("bootout gui/501/dev.sayso.saysod"));
    assert_eq!(calls.last(), Some(&format!("bootstrap gui/501 {plist}")), "loaded after the old one is gone");

    assert!(mac.launchd.starts(Path::new("/opt/bin/saysod")));
    assert!(!mac.launchd.starts(Path::new("/usr/local/bin/saysod")));

    mac.launchd.start().unwrap();
    assert_eq!(mac.calls(), ["kickstart gui/501/dev.sayso.saysod"], "a running daemon is left alone");

    assert_eq!(mac.launchd.uninstall().unwrap(), [PathBuf::from(&plist)]);
    assert!(!mac.launchd.installed());
    assert_eq!(mac.calls(), ["bootout gui/501/dev.sayso.saysod"]);
    assert_eq!(mac.launchd.state(), State { up: false, words: String::from("agent not loaded") });
    assert!(mac.launchd.uninstall().unwrap().is_empty(), "nothing is left to remove");
}

#[test]
fn a_slow_end_is_waited_for() {
    let mac = Mac::new();
    mac.launchd.install(&daemon("/usr/local/bin/saysod")).unwrap();
    mac.calls();
    // Another `bootout` is under way: loading fails until it is done.
    fs::write(mac.home.path().join("leaving"), "1\n2\n3\n4\n").unwrap();
    mac.launchd.unload("gui/501").unwrap();
    mac.launchd.load("gui/501").unwrap();
    assert!(mac.launchd.state().up);
}

#[test]
fn without_a_desktop_the_agent_runs_in_the_users_domain() {
    let mac = Mac::new();
    fs::write(mac.home.path().join("no-desktop"), "").unwrap();
    mac.launchd.install(&daemon("/usr/local/bin/saysod")).unwrap();
    assert_eq!(mac.calls().last(), Some(&format!("bootstrap user/501 {}", mac.plist())));
}

#[test]
fn without_launchd_nothing_is_written() {
    let home = tempfile::tempdir().unwrap();
    let launchd = Launchd::new(home.path().join("no-such-launchctl"), home.path(), 501);
    let error = launchd.install(&daemon("/usr/local/bin/saysod")).unwrap_err().to_string();
    assert!(error.contains("launchd does not answer"), "{error}");
    assert!(!launchd.installed());
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}
