//! The shells that sayso has widgets for, and what a person's start file holds.

use crate::Home;
use std::process::Command;

/// A shell that sayso has widgets for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// zsh
    Zsh,
    /// fish
    Fish,
    /// bash
    Bash,
}

impl Shell {
    /// Its program.
    pub fn name(self) -> &'static str {
        match self {
            Shell::Zsh => "zsh",
            Shell::Fish => "fish",
            Shell::Bash => "bash",
        }
    }

    /// The key that takes back the last change.
    pub fn undo(self) -> &'static str {
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

    /// Makes the prompt `$ ` and keeps everything off the screen that is not sayso's.
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
    pub fn one_line(self) -> &'static str {
        match self {
            Shell::Zsh => "eval \"$(sayso init zsh)\"\n",
            Shell::Fish => "sayso init fish | source\n",
            Shell::Bash => "eval \"$(sayso init bash)\"\n",
        }
    }

    /// An interactive shell that reads the start file of the home and no other.
    fn command(self, home: &Home) -> Command {
        let mut command = home.command(self.name());
        match self {
            Shell::Zsh => command.args(["-d", "-i"]),
            Shell::Fish => command.arg("-i"),
            Shell::Bash => {
                let start = home.path().join(self.start_file());
                command.args(["--noprofile", "--rcfile"]).arg(start).arg("-i")
            }
        };
        command.env("TERM", "xterm-256color");
        command
    }

    /// A folder that the shell would fill at its first start, relative to the home folder: fish reads every page of the
    /// manual for its completions, which takes a core for minutes.
    fn filled_at_first_start(self) -> Option<&'static str> {
        (self == Shell::Fish).then_some(".local/share/fish/generated_completions")
    }

    /// Writes the start file, and returns the command that starts the shell with it.
    pub fn set_up(self, home: &Home, setup: Setup<'_>) -> Command {
        let line = setup.line.unwrap_or(self.one_line());
        if let Some(folder) = self.filled_at_first_start() {
            std::fs::create_dir_all(home.path().join(folder)).unwrap();
        }
        home.write(self.start_file(), &[self.plain(), setup.before, line, setup.after].concat());
        let mut command = self.command(home);
        command.envs(setup.environment.iter().copied());
        command
    }
}

/// What a person's start file and environment hold beside the one line.
#[derive(Debug, Clone, Copy, Default)]
pub struct Setup<'a> {
    /// Lines of the start file before sayso's.
    pub before: &'a str,
    /// Lines of the start file after sayso's.
    pub after: &'a str,
    /// What takes the place of the line that `sayso init` asks for.
    pub line: Option<&'a str>,
    /// Further variables of the environment.
    pub environment: &'a [(&'a str, &'a str)],
}
