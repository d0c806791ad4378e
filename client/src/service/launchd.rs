//! launchd on macOS: a LaunchAgent that keeps the daemon alive. The daemon creates its socket
//! itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::daemon::{Daemon, State, text};
use super::files::{self, MARK};
use super::systemd::complaint;
use super::tool;

/// The agent's name in launchd.
const LABEL: &str = "dev.sayso.saysod";

/// How long launchd may take to unload an agent. Hand-chosen, 2026-11-23.
const PATIENCE: Duration = Duration::from_secs(10);

/// The program that talks to launchd, and the files of the agent.
pub(crate) struct Launchd {
    tool: PathBuf,
    plist: PathBuf,
    log: PathBuf,
    uid: u32,
    /// When all answers must have come; `None` if no key press is waiting.
    pub(super) end: Option<Instant>,
}

/// The agent for `daemon`, whose output (only what a crash prints) goes to `log`.
///
/// It starts at login. After a failure launchd starts it again; after a clean end, such as an idle
/// exit, the client asks launchd to start it.
fn agent(daemon: &Daemon, log: &str) -> Result<String> {
    let program = program_element(&daemon.program)?;
    let log = escape(log)?;
    let mut environment = String::new();
    if !daemon.environment.is_empty() {
        environment += "\t<key>EnvironmentVariables</key>\n\t<dict>\n";
        for (name, value) in &daemon.environment {
            environment +=
                &format!("\t\t<key>{}</key>\n\t\t<string>{}</string>\n", escape(name)?, escape(value)?);
        }
        environment += "\t</dict>\n";
    }
    Ok(format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- {MARK} -->
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>{LABEL}</string>
	<key>ProgramArguments</key>
	<array>
		{program}
	</array>
{environment}	<key>RunAtLoad</key>
	<true/>
	<key>KeepAlive</key>
	<dict>
		<key>SuccessfulExit</key>
		<false/>
	</dict>
	<key>ProcessType</key>
	<string>Interactive</string>
	<key>ExitTimeOut</key>
	<integer>5</integer>
	<key>Umask</key>
	<integer>63</integer>
	<key>StandardOutPath</key>
	<string>{log}</string>
	<key>StandardErrorPath</key>
	<string>{log}</string>
</dict>
</plist>
"#
    ))
}

/// The element that names the program.
fn program_element(program: &Path) -> Result<String> {
    Ok(format!("<string>{}</string>", escape(text(program)?)?))
}

/// Text of an XML element. A control character, which XML 1.0 cannot hold, is an error.
fn escape(text: &str) -> Result<String> {
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        bail!("{text:?} holds {control:?}, which a property list cannot hold; no service was installed");
    }
    Ok(text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
}

impl Launchd {
    pub(super) fn new(tool: PathBuf, home: &Path, uid: u32) -> Launchd {
        Launchd {
            tool,
            plist: home.join(format!("Library/LaunchAgents/{LABEL}.plist")),
            log: home.join("Library/Logs/saysod.log"),
            uid,
            end: None,
        }
    }

    pub(super) fn installed(&self) -> bool {
        files::is_ours(&self.plist)
    }

    /// Whether the agent starts `program`.
    pub(super) fn starts(&self, program: &Path) -> bool {
        let agent = std::fs::read_to_string(&self.plist).unwrap_or_default();
        program_element(program).is_ok_and(|element| agent.lines().any(|line| line.trim() == element))
    }

    pub(super) fn describe(&self) -> String {
        format!("launchd agent {LABEL} in {}", self.plist.display())
    }

    pub(super) fn advice(&self) -> String {
        format!("{} may say why", self.log.display())
    }

    /// Fails if launchd does not answer.
    pub(super) fn reach(&self) -> Result<()> {
        self.domain().map(drop)
    }

    /// Writes the agent and has launchd start it. A daemon of an older install is replaced.
    pub(super) fn install(&self, daemon: &Daemon) -> Result<()> {
        let log =
            self.log.to_str().context("the path of the log is not valid UTF-8; no service was installed")?;
        let text = agent(daemon, log)?;
        let domain = self.domain()?;
        let fresh = !self.installed();
        let changed = files::write(&self.plist, &text)?;
        let put = || -> Result<()> {
            if self.loaded(&domain) {
                if !changed {
                    return self.ask(&["kickstart", "-k", &format!("{domain}/{LABEL}")]);
                }
                self.unload(&domain)?;
            }
            self.load(&domain)
        };
        put().inspect_err(|_| {
            // Half a service would keep the client from starting the daemon. An error here matters
            // less than the first one.
            if fresh {
                let _ = self.uninstall();
            }
        })
    }

    /// Removes the agent, and returns what was removed.
    pub(super) fn uninstall(&self) -> Result<Vec<PathBuf>> {
        if !self.installed() {
            return Ok(vec![]);
        }
        let stopped = match self.domain() {
            Ok(domain) if self.loaded(&domain) => self.unload(&domain),
            _ => Ok(()),
        };
        let mut removed = Vec::new();
        if files::remove(&self.plist)? {
            removed.push(self.plist.clone());
        }
        if std::fs::remove_file(&self.log).is_ok() {
            removed.push(self.log.clone());
        }
        stopped?;
        Ok(removed)
    }

    /// Starts the daemon unless it runs.
    pub(super) fn start(&self) -> Result<()> {
        let domain = self.domain()?;
        if !self.loaded(&domain) {
            return self.load(&domain);
        }
        self.ask(&["kickstart", &format!("{domain}/{LABEL}")])
    }

    /// What launchd reports about the agent.
    pub(super) fn state(&self) -> State {
        let Ok(domain) = self.domain() else {
            return State { up: false, words: String::from("launchd does not answer") };
        };
        let Ok(output) = self.run(&["print", &format!("{domain}/{LABEL}")]) else {
            return State { up: false, words: String::from("launchd does not answer") };
        };
        if !output.status.success() {
            return State { up: false, words: String::from("agent not loaded") };
        }
        // The first `state = running` line is the agent's own.
        let text = String::from_utf8_lossy(&output.stdout);
        let word = text.lines().find_map(|line| line.trim().strip_prefix("state = ")).unwrap_or("loaded");
        State { up: true, words: format!("agent {word}") }
    }

    /// The domain of this user's login: with a desktop if there is one, otherwise (over ssh)
    /// without.
    fn domain(&self) -> Result<String> {
        let mut why = String::new();
        for kind in ["gui", "user"] {
            let domain = format!("{kind}/{}", self.uid);
            match self.run(&["print", &domain]) {
                Ok(output) if output.status.success() => return Ok(domain),
                Ok(output) => why = complaint(&output),
                Err(error) => why = format!("{error:#}"),
            }
        }
        bail!(
            "launchd does not answer for this user ({why}), so no service was changed. \
             sayso works without one: it starts its daemon by itself when you press the key"
        )
    }

    fn loaded(&self, domain: &str) -> bool {
        self.run(&["print", &format!("{domain}/{LABEL}")]).is_ok_and(|output| output.status.success())
    }

    fn load(&self, domain: &str) -> Result<()> {
        let plist = self.plist.to_str().context("the path of the agent is not valid UTF-8")?;
        // The agent may have been disabled. Loading it again means that it is wanted.
        self.ask(&["enable", &format!("{domain}/{LABEL}")])?;
        self.until(|| {
            // `bootout` returns before it is done, and until then `bootstrap` fails.
            self.ask(&["bootstrap", domain, plist])
        })
    }

    fn unload(&self, domain: &str) -> Result<()> {
        self.ask(&["bootout", &format!("{domain}/{LABEL}")])?;
        self.until(|| match self.loaded(domain) {
            true => bail!("launchd still runs {LABEL}; `launchctl bootout {domain}/{LABEL}` ends it"),
            false => Ok(()),
        })
    }

    /// Tries until it works or [`PATIENCE`] has passed, because launchd offers nothing to wait for.
    fn until(&self, mut attempt: impl FnMut() -> Result<()>) -> Result<()> {
        let deadline = self.end.unwrap_or_else(|| Instant::now() + PATIENCE);
        loop {
            match attempt() {
                Ok(()) => return Ok(()),
                Err(error) if Instant::now() >= deadline => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    fn ask(&self, arguments: &[&str]) -> Result<()> {
        let output = self.run(arguments)?;
        if !output.status.success() {
            bail!("`launchctl {}` failed: {}", arguments.join(" "), complaint(&output));
        }
        Ok(())
    }

    fn run(&self, arguments: &[&str]) -> Result<Output> {
        tool::output(Command::new(&self.tool).args(arguments), self.end)
            .with_context(|| format!("{} cannot be run", self.tool.display()))
    }
}

#[cfg(test)]
mod tests;
