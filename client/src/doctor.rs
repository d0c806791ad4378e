//! `sayso doctor`: checks everything that a key press needs, by using it.

use crate::convert::{ask, request};
use crate::daemon_client::{self, DaemonClient};
use crate::init::{self, Shell};
use crate::program::{self, VERSION};
use crate::style::{BAD, GOOD, WARNING, styled};
use crate::{service, status};
use anyhow::Result;
use sayso_protocol::reply::printable;
use sayso_protocol::socket_paths::SocketPathError;
use sayso_protocol::{ModelState, Op, SocketPaths, Status, TaggerStatus, version};
use sayso_settings::{Settings, folders};
use serde::Serialize;
use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// How long the trial conversion may take, including the start of the daemon.
/// Hand-chosen, 2026-11-23.
const PATIENCE: Duration = Duration::from_secs(5);

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    Warn,
    Fail,
}

/// One check.
#[derive(Debug, Serialize)]
struct Check {
    check: &'static str,
    level: Level,
    found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

fn ok(check: &'static str, found: impl Into<String>) -> Check {
    Check { check, level: Level::Ok, found: found.into(), advice: None }
}

fn warn(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Check {
    Check { check, level: Level::Warn, found: found.into(), advice: Some(advice.into()) }
}

fn fail(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Check {
    Check { check, level: Level::Fail, found: found.into(), advice: Some(advice.into()) }
}

/// Runs every check, and says how to fix what is wrong.
pub(crate) fn run(json: bool) -> Result<ExitCode> {
    let checks: [fn() -> Vec<Check>; 11] =
        [programs, settings, socket, conversion, daemon, tagger, model, here, managed, shells, terminal];
    let mut out = anstream::stdout().lock();
    let mut failed = false;
    // Each finding is shown at once, because the next check may take a while.
    for check in checks.iter().flat_map(|check| check()) {
        failed |= check.level == Level::Fail;
        if json {
            writeln!(out, "{}", serde_json::to_string(&check)?)?;
            continue;
        }
        let (style, word) = match check.level {
            Level::Ok => (GOOD, "ok  "),
            Level::Warn => (WARNING, "warn"),
            Level::Fail => (BAD, "fail"),
        };
        writeln!(out, "{}  {:10}  {}", styled(style, word), check.check, check.found)?;
        if let Some(advice) = &check.advice {
            writeln!(out, "                  {advice}")?;
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The two programs, and whether they are of one version.
fn programs() -> Vec<Check> {
    let own = env::current_exe().map_or_else(|_| "sayso".to_owned(), |path| path.display().to_string());
    let path = program::daemon();
    let daemon = match version_of(&path) {
        Some(found) if found == VERSION => ok("daemon", format!("{found}, {}", path.display())),
        Some(found) => warn(
            "daemon",
            format!("{found}, {}", path.display()),
            "install both programs in the same version",
        ),
        None => {
            fail("daemon", "saysod cannot be started", "install it beside sayso, or into a folder of PATH")
        }
    };
    vec![ok("client", format!("{VERSION}, {own}")), daemon]
}

/// The version that a program prints.
fn version_of(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    said.split_whitespace().nth(1).map(str::to_owned)
}

fn settings() -> Vec<Check> {
    let Some(path) = folders::config_file() else {
        return vec![warn("settings", "no home folder was found; the defaults apply", "set SAYSO_CONFIG")];
    };
    vec![match Settings::load() {
        Ok(_) if path.exists() => ok("settings", format!("{} is valid", path.display())),
        Ok(_) => ok("settings", format!("the defaults; {} does not exist", path.display())),
        Err(mistake) => fail(
            "settings",
            mistake.to_string(),
            "fix that line; it is ignored until then, and everything else applies",
        ),
    }]
}

/// Checks that the folder of the socket is private and belongs to this user.
fn socket() -> Vec<Check> {
    let advice = "fix this, or unset SAYSO_SOCKET";
    let paths = match SocketPaths::locate() {
        Ok(place) => place,
        Err(error) => return vec![fail("socket", error.to_string(), advice)],
    };
    vec![match paths.check() {
        Ok(()) => ok("socket", paths.socket.display().to_string()),
        Err(SocketPathError::Io(_, error)) if error.kind() == io::ErrorKind::NotFound => {
            ok("socket", format!("{}, created when it is needed", paths.socket.display()))
        }
        Err(error) => fail("socket", error.to_string(), advice),
    }]
}

/// Converts a line as a key press does.
fn conversion() -> Vec<Check> {
    const SAID: &str = "git status dash s";
    const MEANT: &str = "git status -s";
    let begun = Instant::now();
    let mut request = request(&Settings::default(), Op::Convert, SAID.to_owned());
    request.deadline_ms = u64::try_from(PATIENCE.as_millis()).ok();
    let outcome = DaemonClient::new(true).and_then(|mut client| ask(&mut client, &request));
    vec![match outcome {
        Ok(answer) if answer.buffer == MEANT => ok(
            "conversion",
            format!("\"{SAID}\" became \"{MEANT}\" in {:.1} ms", begun.elapsed().as_secs_f64() * 1e3),
        ),
        Ok(answer) => warn(
            "conversion",
            format!("\"{SAID}\" became \"{}\"", answer.buffer),
            "this is unexpected; check your own words in the settings",
        ),
        Err(fault) => fail("conversion", fault.message, "see the other lines; the daemon's log may say more"),
    }]
}

fn daemon() -> Vec<Check> {
    let folder = folders::log_folder();
    let unwritable = folder.as_deref().filter(|folder| !can_be_written(folder));
    let log = match &folder {
        Some(folder) if unwritable.is_none() => format!("logs to {}", folder.display()),
        _ => "no log".to_owned(),
    };
    let mut checks = vec![match status::ask() {
        Ok(status) if status.version == VERSION => ok(
            "daemon",
            format!("process {}, {:.1} MB, {log}", status.pid, status.resident_bytes as f64 / 1e6),
        ),
        Ok(status) if version::is_newer(&status.version, VERSION) => warn(
            "daemon",
            format!("{} runs, newer than this client", status.version),
            "restart your shell, or install all programs of one version",
        ),
        Ok(status) => warn(
            "daemon",
            format!("{} runs, older than this client", status.version),
            "install both programs in the same version",
        ),
        Err(fault) => match daemon_client::daemon_pid() {
            Some(pid) => {
                let found = format!("process {pid} holds the socket: {fault}");
                fail("daemon", found, format!("end it: kill {pid}, or else kill -9 {pid}"))
            }
            None => fail("daemon", fault.message, "see the line above"),
        },
    }];
    if let Some(folder) = unwritable {
        checks.push(warn(
            "log",
            format!("{} cannot be written, so the daemon runs without a log", folder.display()),
            "make that folder writable, or set XDG_STATE_HOME (on macOS: HOME) to another one; then run `sayso service stop`",
        ));
    }
    checks
}

/// The tagger's weights, if the settings name a file and the daemon answers.
fn tagger() -> Vec<Check> {
    let Ok(Status { tagger: TaggerStatus { weights: Some(weights), error }, .. }) = status::ask() else {
        return Vec::new();
    };
    vec![match error {
        None => ok("tagger", format!("weights of {}", printable(&weights))),
        Some(error) => warn(
            "tagger",
            printable(&error),
            "correct the path in the settings, train the file again with this version, or remove the entry",
        ),
    }]
}

/// The language model, if the daemon answers.
fn model() -> Vec<Check> {
    let Ok(status) = status::ask() else { return Vec::new() };
    let found = status::model(&status.model);
    vec![match status.model.state {
        ModelState::Failed => warn(
            "model",
            found,
            "the tagger answers meanwhile; `sayso model verify` shows what is damaged, `sayso model use` tries again; a `name` in the settings overrides that choice",
        ),
        _ => ok("model", found),
    }]
}

/// The places whose names are known, if the daemon answers.
fn here() -> Vec<Check> {
    let places = status::ask().map(|status| status.places).unwrap_or_default();
    places.iter().map(|place| ok("here", status::place_in_words(place))).collect()
}

/// Whether this user can write into a folder, or create it if it is missing.
fn can_be_written(folder: &Path) -> bool {
    let there = folder.ancestors().find(|folder| folder.exists());
    there.is_some_and(|there| {
        there.is_dir()
            && nix::unistd::access(there, nix::unistd::AccessFlags::W_OK | nix::unistd::AccessFlags::X_OK)
                .is_ok()
    })
}

/// The service, if one is installed.
fn managed() -> Vec<Check> {
    vec![match service::installed() {
        None => ok("service", "none; the client starts the daemon"),
        Some(manager) => {
            let state = manager.state();
            let found = format!("{}: {}", manager.describe(), state.words);
            if state.up {
                ok("service", found)
            } else {
                warn("service", found, "run `sayso service install` again")
            }
        }
    }]
}

/// Whether each installed shell binds the key.
fn shells() -> Vec<Check> {
    let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let or_home = |name, default: &str| env::var_os(name).map_or_else(|| home.join(default), PathBuf::from);
    let zsh = env::var_os("ZDOTDIR").map_or_else(|| home.clone(), PathBuf::from);
    let fish = or_home("XDG_CONFIG_HOME", ".config").join("fish");
    let login = env::var("SHELL").unwrap_or_default();
    let login = Path::new(&login).file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let known = [
        (Shell::Zsh, "zsh", vec![zsh.join(".zshrc"), zsh.join(".zprofile")]),
        (Shell::Fish, "fish", fish_files(&fish)),
        (Shell::Bash, "bash", vec![home.join(".bashrc"), home.join(".bash_profile")]),
    ];
    let mut checks = Vec::new();
    let mut anywhere = false;
    for (shell, name, files) in known {
        if let Some(file) = files.iter().find(|file| mentions_us(file)) {
            anywhere = true;
            checks.push(ok(name, format!("{} turns sayso on", file.display())));
        } else if name == login || is_installed(name) {
            let start = files.first().map(|file| file.display().to_string()).unwrap_or_default();
            let line = init::own_path().and_then(|client| init::start_line(shell, &client));
            let advice = match line {
                Ok(line) => format!("to bind the key, add to {start}: {line}"),
                Err(error) => format!("{error:#}"),
            };
            checks.push(warn(name, "sayso is not turned on", advice));
        }
    }
    if !anywhere && checks.is_empty() {
        checks.push(warn("shell", "neither zsh nor fish nor bash was found", "install one of them"));
    }
    if login == "bash"
        && let Some(old) = old_bash()
    {
        checks.push(warn(
            "bash",
            format!("{old} is too old"),
            "the key needs bash 4.4 or newer, zsh, or fish",
        ));
    }
    if env::var_os("SAYSO_NO_BIND").is_some() {
        checks.push(warn(
            "key",
            "SAYSO_NO_BIND is set, so no key is bound",
            "unset it, or bind the widget yourself",
        ));
    }
    checks
}

fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn fish_files(folder: &Path) -> Vec<PathBuf> {
    let snippets =
        fs::read_dir(folder.join("conf.d")).into_iter().flatten().flatten().map(|entry| entry.path());
    std::iter::once(folder.join("config.fish")).chain(snippets).collect()
}

/// Whether a start file turns sayso on, by the line of the documentation or through a plugin manager.
fn mentions_us(file: &Path) -> bool {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().map(str::trim_start).any(|line| {
        !line.starts_with('#')
            && line.contains("sayso")
            && ["init", "plugin", "source", "sayso."].iter().any(|word| line.contains(word))
    })
}

/// The version of the login shell, if it is a bash older than 4.4.
fn old_bash() -> Option<String> {
    let shell = env::var_os("SHELL")?;
    let asked = Command::new(shell).args(["-c", "echo $BASH_VERSION"]).stdin(Stdio::null()).output().ok()?;
    let said = String::from_utf8(asked.stdout).ok()?;
    let mut numbers = said.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (numbers.next()?, numbers.next()?);
    (version < (4, 4)).then(|| said.trim().to_owned())
}

/// What a key press and a message need from the terminal.
fn terminal() -> Vec<Check> {
    let term = env::var("TERM").unwrap_or_default();
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| env::var(name).ok().filter(|it| !it.is_empty()));
    let locale = locale.unwrap_or_else(|| "C".to_owned());
    let unicode = locale.to_lowercase().replace('-', "").contains("utf8");
    let colour =
        if env::var_os("NO_COLOR").is_some_and(|set| !set.is_empty()) { ", without colour" } else { "" };
    vec![
        match term.as_str() {
            "" | "dumb" => warn(
                "terminal",
                format!("TERM is \"{term}\""),
                "messages below the line need a real terminal",
            ),
            term => ok("terminal", format!("{term}{colour}")),
        },
        if unicode {
            ok("locale", locale)
        } else {
            let advice = "set LANG to a locale that ends in UTF-8, or the cursor is misplaced in lines with non-ASCII characters";
            warn("locale", format!("{locale} is not UTF-8"), advice)
        },
    ]
}
