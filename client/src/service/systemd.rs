//! systemd's user manager: a socket unit that listens, and a service unit that it starts at the first connection.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::daemon::{Daemon, State, text};
use super::files::{self, MARK};
use super::tool;

const SOCKET: &str = "saysod.socket";
const SERVICE: &str = "saysod.service";

/// The program that talks to the user's manager, and the folder of its units.
pub(crate) struct Systemd {
    tool: PathBuf,
    folder: PathBuf,
    /// When all answers must have come; `None` if no key press is waiting.
    pub(super) end: Option<Instant>,
}

/// The socket unit: the manager owns the path, and the daemon gets the descriptor.
///
/// The path is the one that this process would connect to, so that client and daemon never wait for
/// each other at different places. The usual path is written in a form that holds for every user.
///
/// There is no start limit, because reaching it would leave the socket failed, and every further
/// line would start a daemon of its own.
fn socket_unit(daemon: &Daemon) -> Result<String> {
    let path = text(&daemon.socket)?;
    let usual = format!("/run/user/{}/", nix::unistd::getuid());
    let stream = match path.strip_prefix(&usual) {
        Some(rest) => format!("%t/{}", rest.replace('%', "%%")),
        None if path.contains(char::is_control) => {
            bail!("{path:?} holds a character that a unit file cannot hold; no service was installed")
        }
        None => path.replace('%', "%%"),
    };
    Ok(format!(
        "\
# {MARK}
[Unit]
Description=Socket of sayso, which turns a dictated shell line into the command
Documentation=man:saysod(1)
StartLimitIntervalSec=0

[Socket]
ListenStream={stream}
SocketMode=0600
DirectoryMode=0700
RemoveOnStop=yes

[Install]
WantedBy=sockets.target
"
    ))
}

/// The service unit for `daemon`. A path that a unit file cannot hold is an error.
///
/// It asks for no restart: the next connection starts the daemon anyway, and would have to wait for
/// a restart that systemd delays.
///
/// The hardening is what an unprivileged manager can enforce without user namespaces. Some
/// distributions disable them, and a unit that asks for more would not start there.
fn service_unit(daemon: &Daemon) -> Result<String> {
    let start = exec_start(&daemon.program)?;
    let mut environment = String::new();
    for (name, value) in &daemon.environment {
        environment += &format!("Environment={}\n", quote(&format!("{name}={value}"))?);
    }
    Ok(format!(
        "\
# {MARK}
[Unit]
Description=sayso, which turns a dictated shell line into the command
Documentation=man:saysod(1)
Requires={SOCKET}
After={SOCKET}
StartLimitIntervalSec=0

[Service]
Type=exec
{start}
{environment}TimeoutStopSec=5
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native

[Install]
Also={SOCKET}
"
    ))
}

/// The line that starts `program`.
fn exec_start(program: &Path) -> Result<String> {
    let program = text(program)?;
    if let Some(refused) = program.chars().find(|c| ['"', '\'', '\\'].contains(c)) {
        bail!(
            "systemd cannot run a program with {refused} in its path, as in {program}; no service was installed"
        );
    }
    Ok(format!("ExecStart={}", quote(program)?))
}

/// One double-quoted word of a unit file, with `%`, `"` and `\` taken literally.
fn quote(text: &str) -> Result<String> {
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        bail!("{text:?} holds {control:?}, which a systemd unit cannot hold; no service was installed");
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '%' => quoted += "%%",
            '"' | '\\' => quoted.extend(['\\', c]),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    Ok(quoted)
}

impl Systemd {
    pub(super) fn new(tool: PathBuf, config: &Path) -> Systemd {
        Systemd { tool, folder: config.join("systemd/user"), end: None }
    }

    fn socket(&self) -> PathBuf {
        self.folder.join(SOCKET)
    }

    fn service(&self) -> PathBuf {
        self.folder.join(SERVICE)
    }

    pub(super) fn installed(&self) -> bool {
        files::is_ours(&self.socket())
    }

    /// Whether the service starts `program`.
    pub(super) fn starts(&self, program: &Path) -> bool {
        let unit = std::fs::read_to_string(self.service()).unwrap_or_default();
        exec_start(program).is_ok_and(|start| unit.lines().any(|line| line == start))
    }

    pub(super) fn describe(&self) -> String {
        format!("systemd user unit {SOCKET} in {}", self.folder.display())
    }

    pub(super) fn advice(&self) -> String {
        format!("`journalctl --user -u {SERVICE}` may say why")
    }

    /// Writes the units and makes the socket listen. A daemon of an older install ends, and the
    /// next connection starts the new one.
    pub(super) fn install(&self, daemon: &Daemon) -> Result<()> {
        let (socket, service) = (socket_unit(daemon)?, service_unit(daemon)?);
        self.reach()?;
        let fresh = !self.installed();
        let put = || -> Result<()> {
            files::write(&self.service(), &service)?;
            files::write(&self.socket(), &socket)?;
            self.ask(&["daemon-reload"])?;
            self.ask(&["enable", SOCKET])?;
            // A socket unit does not restart under a running service.
            self.ask(&["stop", SERVICE])?;
            self.ask(&["restart", SOCKET])
        };
        put().inspect_err(|_| {
            // Half a service would keep the client from starting the daemon. An error here matters
            // less than the first one.
            if fresh {
                let _ = self.uninstall();
            }
        })
    }

    /// Removes the units, and returns what was removed.
    pub(super) fn uninstall(&self) -> Result<Vec<PathBuf>> {
        if !self.installed() && !files::is_ours(&self.service()) {
            return Ok(vec![]);
        }
        let managed = self.reach().is_ok();
        let stopped = if managed { self.stop() } else { Ok(()) };
        let mut removed = Vec::new();
        for path in [self.socket(), self.service()] {
            if files::remove(&path)? {
                removed.push(path);
            }
        }
        // The link that `enable` made, if no manager was there to remove it.
        let link = self.folder.join("sockets.target.wants").join(SOCKET);
        if link.is_symlink() && !link.exists() {
            std::fs::remove_file(&link).with_context(|| format!("{} cannot be removed", link.display()))?;
        }
        if managed {
            self.ask(&["daemon-reload"])?;
        }
        stopped?;
        Ok(removed)
    }

    fn stop(&self) -> Result<()> {
        self.ask(&["disable", "--now", SOCKET])?;
        match self.word(SERVICE).as_str() {
            "active" | "activating" | "deactivating" => self.ask(&["stop", SERVICE]),
            _ => Ok(()),
        }
    }

    /// Makes the socket listen; connecting to it starts the daemon.
    pub(super) fn start(&self) -> Result<()> {
        self.ask(&["start", SOCKET])
    }

    /// What the manager reports about the units.
    pub(super) fn state(&self) -> State {
        let (socket, service) = (self.word(SOCKET), self.word(SERVICE));
        State { up: socket == "active", words: format!("socket {socket}, service {service}") }
    }

    fn word(&self, unit: &str) -> String {
        match self.run(&["is-active", unit]) {
            Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            Err(_) => String::from("unknown"),
        }
    }

    /// Fails if no manager of this user answers.
    pub(super) fn reach(&self) -> Result<()> {
        let why = match self.run(&["show", "--property=Version"]) {
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) => complaint(&output),
            Err(error) => format!("{error:#}"),
        };
        bail!(
            "systemd does not run for this user ({why}), so no service was changed. \
             sayso works without one: it starts its daemon by itself when you press the key"
        )
    }

    fn ask(&self, arguments: &[&str]) -> Result<()> {
        let output = self.run(arguments)?;
        if !output.status.success() {
            bail!(
                "`systemctl --user {}` failed: {}; {}",
                arguments.join(" "),
                complaint(&output),
                self.advice()
            );
        }
        Ok(())
    }

    fn run(&self, arguments: &[&str]) -> Result<Output> {
        tool::output(Command::new(&self.tool).arg("--user").args(arguments), self.end)
            .with_context(|| format!("{} cannot be run", self.tool.display()))
    }
}

/// What a failed command printed, on one line.
pub(super) fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    match text.trim() {
        "" => output.status.to_string(),
        text => text.lines().map(str::trim).collect::<Vec<_>>().join("; "),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tool::tests::write_program;
    use super::*;

    fn daemon(program: &str) -> Daemon {
        let socket = format!("/run/user/{}/sayso/sayso.sock", nix::unistd::getuid());
        Daemon { program: program.into(), socket: socket.into(), environment: vec![] }
    }

    #[test]
    fn the_socket_is_the_owners_alone() {
        let unit = socket_unit(&daemon("/usr/bin/saysod")).unwrap();
        for line in ["ListenStream=%t/sayso/sayso.sock", "SocketMode=0600", "DirectoryMode=0700"] {
            assert!(unit.lines().any(|l| l == line), "{line} in\n{unit}");
        }
    }

    #[test]
    fn the_socket_is_where_the_client_looks() {
        let elsewhere = Daemon { socket: "/tmp/100%/sayso.sock".into(), ..daemon("/usr/bin/saysod") };
        let unit = socket_unit(&elsewhere).unwrap();
        assert!(unit.contains("ListenStream=/tmp/100%%/sayso.sock\n"), "{unit}");
        let broken = Daemon { socket: "/tmp/a\nExec=b".into(), ..daemon("/usr/bin/saysod") };
        assert!(socket_unit(&broken).unwrap_err().to_string().contains("no service was installed"));
    }

    #[test]
    fn no_number_of_restarts_makes_the_manager_give_up() {
        let daemon = daemon("/usr/bin/saysod");
        for unit in [socket_unit(&daemon).unwrap(), service_unit(&daemon).unwrap()] {
            let section = unit.split_once("[Unit]\n").unwrap().1.split("\n\n").next().unwrap();
            assert!(section.lines().any(|line| line == "StartLimitIntervalSec=0"), "{unit}");
        }
    }

    #[test]
    fn paths_are_quoted_for_systemd() {
        for (program, line) in [
            ("/usr/bin/saysod", r#"ExecStart="/usr/bin/saysod""#),
            ("/home/a b/saysod", r#"ExecStart="/home/a b/saysod""#),
            ("/home/100%/saysod", r#"ExecStart="/home/100%%/saysod""#),
            ("/home/$HOME/saysod", r#"ExecStart="/home/$HOME/saysod""#),
        ] {
            let unit = service_unit(&daemon(program)).unwrap();
            assert!(unit.lines().any(|l| l == line), "{line} in\n{unit}");
        }
    }

    #[test]
    fn a_path_that_systemd_cannot_run_is_refused() {
        for program in
            ["/home/a\nExecStart=/bin/rm/saysod", "/home/\"q\"/saysod", "/home/it's/saysod", "/a\\b/saysod"]
        {
            let error = service_unit(&daemon(program)).unwrap_err().to_string();
            assert!(error.contains("no service was installed"), "{error}");
        }
    }

    #[test]
    fn the_environment_is_kept() {
        let environment = vec![(String::from("XDG_CONFIG_HOME"), String::from("/a \"b\"\\/50%"))];
        let daemon = Daemon { environment, ..daemon("/usr/bin/saysod") };
        let unit = service_unit(&daemon).unwrap();
        assert!(unit.contains("Environment=\"XDG_CONFIG_HOME=/a \\\"b\\\"\\\\/50%%\"\n"), "{unit}");
    }

    #[test]
    fn an_install_that_fails_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let tool = home.path().join("systemctl");
        let script = "#!/bin/sh\n[ \"$2\" != restart ] || { echo 'Job failed.' >&2; exit 1; }\n";
        write_program(&tool, script);
        let systemd = Systemd::new(tool, home.path());
        let error = systemd.install(&daemon("/usr/bin/saysod")).unwrap_err().to_string();
        assert!(error.contains("restart saysod.socket` failed: Job failed."), "{error}");
        assert!(!systemd.installed());
        assert_eq!(std::fs::read_dir(home.path().join("systemd/user")).unwrap().count(), 0);
    }

    #[test]
    fn without_a_manager_nothing_is_written() {
        let home = tempfile::tempdir().unwrap();
        let systemd = Systemd::new(home.path().join("no-such-systemctl"), home.path());
        let error = systemd.install(&daemon("/usr/bin/saysod")).unwrap_err().to_string();
        assert!(error.contains("does not run for this user"), "{error}");
        assert!(error.contains("starts its daemon by itself"), "{error}");
        assert!(!systemd.installed());
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    }
}
