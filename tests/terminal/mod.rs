//! Real shells under a real terminal: tmux holds the screen, the tests press keys and read it.

mod daemon;
mod home;
pub(crate) mod installed;
mod programs;

pub(crate) use daemon::{Daemon, Manner};
pub(crate) use home::Home;

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// How often a screen is read before a condition counts as failed, and the pause between two readings.
const TRIES: usize = 2000;
const PAUSE: Duration = Duration::from_millis(5);

/// A shell that sayso has widgets for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shell {
    Zsh,
    Fish,
    Bash,
}

impl Shell {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Shell::Zsh => "zsh",
            Shell::Fish => "fish",
            Shell::Bash => "bash",
        }
    }

    /// The key that takes back the last change.
    pub(crate) fn undo(self) -> &'static str {
        if self == Shell::Fish { "C-z" } else { "C-_" }
    }

    /// Its start file, relative to the home folder.
    fn start_file(self) -> &'static str {
        match self {
            Shell::Zsh => ".zshrc",
            Shell::Fish => ".config/fish/config.fish",
            Shell::Bash => ".bashrc",
        }
    }

    /// Makes the prompt `$ ` and the screen free of everything that is not ours.
    fn plain(self) -> &'static str {
        match self {
            Shell::Zsh => "PS1='$ ' PS2='> '\n",
            Shell::Fish => {
                "set -g fish_greeting\nset -g fish_autosuggestion_enabled 0\n\
                 function fish_prompt; echo -n '$ '; end\nfunction fish_mode_prompt; end\n"
            }
            Shell::Bash => "PS1='$ ' PS2='> ' HISTFILE=\nbind 'set enable-bracketed-paste on'\n",
        }
    }

    /// The line that a person adds to the start file.
    fn one_line(self) -> &'static str {
        match self {
            Shell::Zsh => "eval \"$(sayso init zsh)\"\n",
            Shell::Fish => "sayso init fish | source\n",
            Shell::Bash => "eval \"$(sayso init bash)\"\n",
        }
    }

    /// How it is started: interactive, with nothing but the start file of the home folder.
    fn command(self, home: &Home) -> Vec<String> {
        let start = home.path().join(self.start_file()).display().to_string();
        let words: &[&str] = match self {
            Shell::Zsh => &["zsh", "-d", "-i"],
            Shell::Fish => &["fish", "-i"],
            Shell::Bash => &["bash", "--noprofile", "--rcfile", &start, "-i"],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }
}

/// What a person's start file and surroundings hold besides the one line.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Setup<'a> {
    /// Lines of the start file before sayso's.
    pub before: &'a str,
    /// Lines of the start file after sayso's.
    pub after: &'a str,
    /// What takes the place of the line that `sayso init` asks for.
    pub line: Option<&'a str>,
    /// Further variables of the environment.
    pub environment: &'a [(&'a str, &'a str)],
}

/// A shell at its prompt.
pub(crate) struct Terminal<'a> {
    home: &'a Home,
    socket: PathBuf,
}

impl<'a> Terminal<'a> {
    /// Starts `shell` with sayso in its start file, 80 by 24, and waits for the prompt.
    pub(crate) fn open(home: &'a Home, shell: Shell, setup: Setup<'_>) -> Terminal<'a> {
        let start =
            [shell.plain(), setup.before, setup.line.unwrap_or(shell.one_line()), setup.after].concat();
        home.write(shell.start_file(), &start);
        // A server of its own, whose end takes a moment: two in one home must not meet.
        static SERVERS: AtomicUsize = AtomicUsize::new(0);
        let number = SERVERS.fetch_add(1, Ordering::Relaxed);
        let terminal = Terminal { home, socket: home.path().join(format!("tmux{number}")) };
        let mut command = terminal.command();
        command.args(["-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24"]);
        for (name, value) in setup.environment {
            command.args(["-e", &format!("{name}={value}")]);
        }
        succeed(command.arg("--").args(shell.command(home)));
        terminal.wait("a prompt", |screen| screen.starts_with('$') || screen.contains("\n$"));
        terminal
    }

    fn command(&self) -> Command {
        let mut command = Command::new("tmux");
        command.env_clear().envs(self.home.environment()).current_dir(self.home.path());
        command.arg("-S").arg(&self.socket);
        command
    }

    /// Types `text` as it is.
    pub(crate) fn text(&self, text: &str) -> &Self {
        succeed(self.command().args(["send-keys", "-l", "--", text]));
        self
    }

    /// Presses keys by tmux's names for them, such as `C-x` or `Escape`.
    pub(crate) fn keys(&self, keys: &[&str]) -> &Self {
        succeed(self.command().arg("send-keys").args(keys));
        self
    }

    /// Presses the default key of sayso.
    pub(crate) fn convert(&self) -> &Self {
        self.keys(&["C-x", "C-v"])
    }

    /// Pastes `text` in brackets, as terminals do.
    pub(crate) fn paste(&self, text: &str) -> &Self {
        succeed(self.command().args(["set-buffer", "--", text]));
        succeed(self.command().args(["paste-buffer", "-p", "-r"]));
        self
    }

    /// What is on the screen, without the empty rows at its end.
    pub(crate) fn screen(&self) -> String {
        capture(self.command().args(["capture-pane", "-p"]))
    }

    /// The same with colours, as escape sequences.
    pub(crate) fn colours(&self) -> String {
        capture(self.command().args(["capture-pane", "-p", "-e"]))
    }

    /// Column and row of the cursor, from 0.
    pub(crate) fn cursor(&self) -> (usize, usize) {
        let out = capture(self.command().args(["display-message", "-p", "#{cursor_x} #{cursor_y}"]));
        let mut numbers = out.split_whitespace().map(|number| number.parse().unwrap());
        (numbers.next().unwrap(), numbers.next().unwrap())
    }

    /// Waits until the screen meets a condition, and gives it back.
    ///
    /// # Panics
    /// Where it never does, with what the screen shows instead.
    pub(crate) fn wait(&self, what: &str, condition: impl Fn(&str) -> bool) -> String {
        let mut screen = String::new();
        for _ in 0..TRIES {
            screen = self.screen();
            if condition(&screen) {
                return screen;
            }
            thread::sleep(PAUSE);
        }
        panic!("waited for {what}; the screen shows\n{screen}\n(end of screen)");
    }

    /// Waits until the last row that is not empty reads `line`, prompt included.
    pub(crate) fn wait_line(&self, line: &str) -> String {
        self.wait(&format!("the line {line:?}"), |screen| screen.lines().last() == Some(line))
    }

    /// Waits until some row reads `line`, prompt included.
    pub(crate) fn wait_row(&self, line: &str) -> String {
        self.wait(&format!("the row {line:?}"), |screen| screen.lines().any(|row| row == line))
    }

    /// Waits until the screen shows `text` somewhere.
    pub(crate) fn wait_text(&self, text: &str) -> String {
        self.wait(&format!("{text:?}"), |screen| screen.contains(text))
    }

    /// Waits until the cursor is in `column`.
    pub(crate) fn wait_column(&self, column: usize) {
        for _ in 0..TRIES {
            if self.cursor().0 == column {
                return;
            }
            thread::sleep(PAUSE);
        }
        panic!(
            "waited for the cursor in column {column}; it is at {:?} of\n{}",
            self.cursor(),
            self.screen()
        );
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        // The server ends with its only session; where the shell is gone already there is nothing to end.
        let _ = self.command().arg("kill-server").output();
    }
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"))
}

fn succeed(command: &mut Command) {
    let output = run(command);
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn capture(command: &mut Command) -> String {
    String::from_utf8_lossy(&run(command).stdout).trim_end().to_owned()
}
