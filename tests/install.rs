//! `install.sh` with real programs in a home of its own: what it adds, what it leaves alone, what it takes away again.

use sayso_testing::{Home, Terminal, need, programs, repository};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// A release tarball of the programs under test, packed once, with its checksum beside it.
fn release() -> &'static Path {
    static RELEASE: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, tarball) = RELEASE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let built = folder.path().join("built");
        fs::create_dir(&built).unwrap();
        for program in ["sayso", "saysod"] {
            programs::copy(program, &built);
            // Programs without symbols install faster; where there is no `strip` the tests only take longer.
            let _ = Command::new("strip").arg(built.join(program)).status();
        }
        let output = Command::new("bash")
            .arg(repository().join("scripts/release.sh"))
            .args([&built, folder.path()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let tarball = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim_end());
        (folder, tarball)
    });
    tarball
}

/// A person with a home folder, start files and a login shell.
struct Person(Home);

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Thing {
    Folder,
    Link(PathBuf),
    /// A hash of the content, the mode, the inode, and when it was changed: seconds and nanoseconds.
    File(u64, u32, u64, (i64, i64)),
}

type Things = BTreeMap<PathBuf, Thing>;

/// Fails with the paths that differ.
fn assert_same(now: &Things, before: &Things) {
    let differs = |path: &&PathBuf| now.get(*path) != before.get(*path);
    let paths: Vec<_> = now.keys().chain(before.keys()).filter(differs).collect();
    assert!(paths.is_empty(), "changed: {paths:#?}");
}

impl Person {
    /// Uses zsh, from a linked start file without a final newline, and bash; has no settings of fish.
    fn new() -> Person {
        ["zsh", "fish", "bash", "dash", "python3"].into_iter().for_each(need);
        let person = Person(Home::named("a home"));
        fs::create_dir_all(person.home().join("dot files")).unwrap();
        fs::write(person.home().join("dot files/zshrc"), "PS1='%% '\nHISTSIZE=7").unwrap();
        symlink("dot files/zshrc", person.home().join(".zshrc")).unwrap();
        fs::write(person.home().join(".bashrc"), "PS1='$ '\n").unwrap();
        person
    }

    fn home(&self) -> &Path {
        self.0.path()
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.home().join(path)).unwrap()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.0.command(program);
        // Nothing is installed yet that the search path could hold, and settings are where they usually are.
        command.env("PATH", std::env::var_os("PATH").unwrap()).env_remove("SAYSO_CONFIG");
        command.env("SHELL", "/bin/fish").stdin(Stdio::null()).current_dir(self.0.folder());
        command
    }

    fn install(&self, shell: &str, arguments: &[&str]) -> Output {
        self.command(shell).arg(repository().join("install.sh")).args(arguments).output().unwrap()
    }

    /// Installs or uninstalls; it must work. Returns what was said.
    fn succeeds(&self, shell: &str, arguments: &[&str]) -> String {
        let output = self.install(shell, arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        said
    }

    /// It must fail, say `reason`, and change nothing.
    fn refuses(&self, arguments: &[&str], reason: &str) {
        let before = self.everything();
        let output = self.install("sh", arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(reason), "{reason:?} in\n{said}");
        assert_same(&self.everything(), &before);
    }

    fn everything(&self) -> Things {
        let mut things = BTreeMap::new();
        let mut folders = vec![self.home().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let metadata = fs::symlink_metadata(&path).unwrap();
                let thing = if metadata.is_symlink() {
                    Thing::Link(fs::read_link(&path).unwrap())
                } else if metadata.is_dir() {
                    folders.push(path.clone());
                    Thing::Folder
                } else {
                    let mut hasher = DefaultHasher::new();
                    // A pipe would wait for a writer.
                    if metadata.is_file() {
                        fs::read(&path).unwrap().hash(&mut hasher);
                    }
                    Thing::File(
                        hasher.finish(),
                        metadata.mode(),
                        metadata.ino(),
                        (metadata.mtime(), metadata.mtime_nsec()),
                    )
                };
                // What the daemon logs is no part of what is installed.
                if path.extension().is_none_or(|end| end != "log") {
                    things.insert(path, thing);
                }
            }
        }
        things
    }

    /// The same without inodes and times, for what was taken out and put back.
    fn content(&self) -> Things {
        let things = self.everything().into_iter();
        things
            .map(|(path, thing)| match thing {
                Thing::File(content, mode, ..) => (path, Thing::File(content, mode, 0, (0, 0))),
                other => (path, other),
            })
            .collect()
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn from_release() -> [&'static str; 2] {
    ["--from", path(release())]
}

fn installs_twice_and_leaves_nothing(shell: &str) {
    let person = Person::new();
    let before = person.content();
    let arguments = [&from_release()[..], &["--yes"]].concat();

    let said = person.succeeds(shell, &arguments);
    assert!(said.contains("git commit -m \"fix login bug\""), "{said}");
    assert!(said.contains("press Ctrl-X Ctrl-V"), "{said}");
    assert!(said.contains("not in your PATH"), "{said}");
    let program = person.home().join(".local/bin/sayso");
    assert_eq!(
        person.read(".zshrc"),
        format!(
            "PS1='%% '\nHISTSIZE=7\neval \"$('{}' init zsh)\" # added by install.sh of sayso, which also removes it\n",
            program.display()
        )
    );
    assert!(person.home().join(".zshrc").is_symlink());
    for file in [
        "share/man/man1/sayso.1",
        "share/man/man1/saysod.1",
        "share/zsh/site-functions/_sayso",
        "share/fish/vendor_completions.d/sayso.fish",
        "share/bash-completion/completions/sayso",
    ] {
        assert!(person.home().join(".local").join(file).is_file(), "{file}");
    }

    // The shells that it was added to have the key.
    for (shell, question) in [("zsh", "bindkey '^X^V'"), ("bash", "bind -X"), ("fish", "bind \\cx\\cv")] {
        let output = person.command(shell).args(["-i", "-c", question]).output().unwrap();
        let bound = String::from_utf8_lossy(&output.stdout);
        assert!(bound.contains("sayso"), "{shell}: {bound}{}", String::from_utf8_lossy(&output.stderr));
    }

    let once = person.everything();
    let said = person.succeeds(shell, &arguments);
    assert!(said.contains("up to date"), "{said}");
    assert_same(&person.everything(), &once);

    // What the person wrote around the line stays.
    let mut bashrc = fs::OpenOptions::new().append(true).open(person.home().join(".bashrc")).unwrap();
    bashrc.write_all(b"alias g=git").unwrap();
    let said = person.succeeds(shell, &["--uninstall"]);
    assert!(said.contains("no longer installed"), "{said}");
    assert_eq!(person.read(".bashrc"), "PS1='$ '\nalias g=git");
    fs::write(person.home().join(".bashrc"), "PS1='$ '\n").unwrap();
    // fish writes its own files when it is started.
    for made_by_fish in [".local/share/fish", ".config/fish", ".cache", ".local/share", ".local", ".config"] {
        let folder = person.home().join(made_by_fish);
        if made_by_fish.ends_with("fish") || made_by_fish == ".cache" {
            let _ = fs::remove_dir_all(&folder);
        } else {
            let _ = fs::remove_dir(&folder);
        }
    }
    assert_same(&person.content(), &before);
    let said = person.install(shell, &["--uninstall"]);
    assert!(String::from_utf8_lossy(&said.stderr).contains("nothing is installed"));
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn dash_installs_twice_and_leaves_nothing() {
    installs_twice_and_leaves_nothing("dash");
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn bash_installs_twice_and_leaves_nothing() {
    installs_twice_and_leaves_nothing("bash");
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn without_leave_no_start_file_is_touched() {
    for arguments in [&["--no-rc"][..], &[]] {
        let person = Person::new();
        // The second time nobody is asked either: standard input is no terminal.
        let said = person.succeeds("dash", &[&from_release()[..], arguments].concat());
        assert_eq!(person.read(".zshrc"), "PS1='%% '\nHISTSIZE=7");
        assert_eq!(person.read(".bashrc"), "PS1='$ '\n");
        assert!(!person.home().join(".config/fish").exists());
        let program = person.home().join(".local/bin/sayso");
        let line = format!("status is-interactive; and '{}' init fish | source\n", program.display());
        assert!(said.contains(&line), "what to add is said:\n{said}");
        person.succeeds("dash", &["--uninstall"]);
    }
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn a_person_at_a_terminal_is_asked_for_each_shell() {
    let person = Person::new();
    let mut command = person.command("dash");
    command.arg(repository().join("install.sh")).args(from_release());
    let terminal = Terminal::start(&command).unwrap();
    for (file, answer) in [(".zshrc", "y\n"), (".bashrc", "n\n"), ("config.fish", "\n")] {
        let asked = format!("{file}?");
        terminal.wait(&format!("a question about {file}"), |screen| {
            screen.contains(&asked) && screen.ends_with("\n[Y/n]")
        });
        terminal.text(answer);
    }
    assert!(terminal.ended().success(), "{}", terminal.screen());
    assert!(person.read(".zshrc").contains("init zsh"));
    assert_eq!(person.read(".bashrc"), "PS1='$ '\n");
    assert!(person.read(".config/fish/config.fish").contains("init fish"), "an empty answer is a yes");
    person.succeeds("dash", &["--uninstall"]);
    assert!(!person.home().join(".config").exists());
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn a_line_of_the_persons_own_is_enough() {
    let person = Person::new();
    let own = "eval \"$(sayso init zsh)\"\n";
    fs::write(person.home().join("dot files/zshrc"), own).unwrap();
    let said = person.succeeds("dash", &[&from_release()[..], &["--yes"]].concat());
    assert!(said.contains("in your own words"), "{said}");
    person.succeeds("dash", &["--uninstall"]);
    assert_eq!(person.read(".zshrc"), own);
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn another_place_with_odd_characters() {
    let person = Person::new();
    let place = person.home().join("it's $HOME \\ \"here\"");
    let there = [&from_release()[..], &["--yes", "--prefix", path(&place)]].concat();
    person.succeeds("dash", &there);
    for (shell, question) in [("zsh", "bindkey '^X^V'"), ("bash", "bind -X"), ("fish", "bind \\cx\\cv")] {
        let output = person.command(shell).args(["-i", "-c", question]).output().unwrap();
        let bound = String::from_utf8_lossy(&output.stdout);
        assert!(bound.contains("sayso"), "{shell}: {bound}{}", String::from_utf8_lossy(&output.stderr));
    }

    // A second copy takes the key over, and the first one's end leaves it alone.
    let said = person.succeeds("dash", &[&from_release()[..], &["--yes"]].concat());
    let told = format!("its line is now that of the one in {}\n", person.home().join(".local").display());
    assert!(said.contains(&told), "{said}");
    let taken_over = person.read(".zshrc");
    assert_eq!(taken_over.matches("init zsh").count(), 1, "{taken_over}");
    person.succeeds("dash", &["--uninstall", "--prefix", path(&place)]);
    assert!(!place.exists());
    assert_eq!(person.read(".zshrc"), taken_over);
    person.succeeds("dash", &["--uninstall"]);
    assert_eq!(person.read(".zshrc"), "PS1='%% '\nHISTSIZE=7\n", "the line break came with the first copy");
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn what_somebody_changed_is_kept_and_named() {
    let person = Person::new();
    let arguments = [&from_release()[..], &["--no-rc"]].concat();
    person.succeeds("dash", &arguments);
    let page = person.home().join(".local/share/man/man1/sayso.1");
    fs::write(&page, "mine\n").unwrap();

    let said = person.succeeds("dash", &arguments);
    let yours = page.with_extension("1.yours");
    assert!(said.contains(path(&yours)), "{said}");
    assert_eq!(fs::read_to_string(&yours).unwrap(), "mine\n");
    assert_ne!(fs::read_to_string(&page).unwrap(), "mine\n");

    fs::write(&page, "mine again\n").unwrap();
    let said = person.succeeds("dash", &["--uninstall"]);
    assert!(said.contains(&format!("Kept {}", page.display())), "{said}");
    assert_eq!(fs::read_to_string(&page).unwrap(), "mine again\n");
    assert!(!person.home().join(".local/bin").exists());
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn somebody_elses_program_is_not_overwritten() {
    let person = Person::new();
    let theirs = person.home().join(".local/bin/sayso");
    fs::create_dir_all(theirs.parent().unwrap()).unwrap();
    fs::write(&theirs, "#!/bin/sh\n").unwrap();
    let arguments = [&from_release()[..], &["--yes"]].concat();
    person.refuses(&arguments, "did not put it there");
    fs::remove_file(theirs).unwrap();
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn a_shell_that_is_not_used_is_named_with_its_line() {
    let person = Person::new();
    let mut command = person.command("dash");
    command.env("SHELL", "/bin/zsh").arg(repository().join("install.sh")).args(from_release()).arg("--yes");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let program = person.home().join(".local/bin/sayso");
    let line = format!(
        "add this line to {}: status is-interactive; and '{}' init fish | source\n",
        person.home().join(".config/fish/config.fish").display(),
        program.display()
    );
    assert!(said.contains(&line), "{said}");
    assert!(!person.home().join(".config/fish").exists());
    assert!(person.read(".bashrc").contains("init bash"), "it has a start file");
    person.succeeds("dash", &["--uninstall"]);
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn a_relative_place_is_refused() {
    let person = Person::new();
    person.refuses(&[&from_release()[..], &["--yes", "--prefix", "here"]].concat(), "not an absolute path");
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn a_place_that_cannot_be_written_is_named() {
    let person = Person::new();
    let file = person.home().join(".bashrc");
    let arguments = [&from_release()[..], &["--yes", "--prefix", path(&file)]].concat();
    person.refuses(&arguments, "cannot be created");
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn a_wrong_checksum_changes_nothing() {
    let person = Person::new();
    let zeros = "0".repeat(64);
    person.refuses(&[&from_release()[..], &["--sha256", &zeros]].concat(), "has another checksum");
    person.refuses(&[&from_release()[..], &["--sha256", "see below"]].concat(), "not a SHA-256 checksum");
    let alone = person.0.folder().join("alone.tar.gz");
    fs::copy(release(), &alone).unwrap();
    person.refuses(&["--from", path(&alone)], "checksum of");
    fs::write(person.0.folder().join("alone.tar.gz.sha256"), format!("{zeros}  alone.tar.gz\n")).unwrap();
    person.refuses(&["--from", path(&alone)], "has another checksum");
    person.refuses(&["--from", "no-such.tar.gz"], "there is no file");
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn a_tarball_with_something_else_in_it_is_refused() {
    let person = Person::new();
    let tarball = person.0.folder().join("odd.tar.gz");
    let pack = |entries: &str| {
        let script = format!(
            "import hashlib, io, sys, tarfile\n\
             with tarfile.open(sys.argv[1], 'w:gz') as tar:\n\
             \x20   for name, kind in [('r/bin/sayso', b'0'), ('r/share/x', b'0'), {entries}]:\n\
             \x20       entry = tarfile.TarInfo(name); entry.type = kind; entry.linkname = '/etc'\n\
             \x20       tar.addfile(entry, io.BytesIO())\n\
             digest = hashlib.sha256(open(sys.argv[1], 'rb').read()).hexdigest()\n\
             open(sys.argv[1] + '.sha256', 'w').write(digest + '  odd.tar.gz')\n"
        );
        let output = person.command("python3").args(["-c", &script]).arg(&tarball).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    for (entries, reason) in [
        ("('r/../../evil', b'0')", "does not belong"),
        ("('/etc/evil', b'0')", "does not belong"),
        ("('other/bin/x', b'0')", "does not belong"),
        ("('r/etc/x', b'0')", "does not belong"),
        ("('r/share/link', b'2')", "neither a file nor a folder"),
        ("('r/share/hard', b'1')", "neither a file nor a folder"),
        ("('r/share/pipe', b'6')", "neither a file nor a folder"),
        ("", "program sayso is missing"),
    ] {
        pack(entries);
        person.refuses(&["--from", path(&tarball), "--yes"], reason);
    }
    fs::write(&tarball, "no tarball").unwrap();
    let digest = "cb473b9a844debe8a9a303befcadd635c20a7c6f50f169e6ad2eab2a7d1daa72";
    person.refuses(&["--from", path(&tarball), "--sha256", digest], "cannot be read as a .tar.gz");
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn programs_of_another_machine_are_not_installed() {
    let person = Person::new();
    let folder = person.0.folder().join("r");
    for program in ["bin/sayso", "bin/saysod", "share/x"] {
        let path = folder.join(program);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, b"\x7fELF of some other kind").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let tarball = person.0.folder().join("r.tar.gz");
    let script = "tar -czf r.tar.gz r && { sha256sum r.tar.gz || shasum -a 256 r.tar.gz; } >r.tar.gz.sha256";
    assert!(person.command("sh").args(["-c", script]).status().unwrap().success());
    person.refuses(&["--from", path(&tarball), "--yes"], "do not run on this machine");
}

/// A folder to be put first on the search path, with a stand-in for a program.
fn stand_in(person: &Person, name: &str, script: &str) -> OsString {
    let folder = person.0.folder().join("stand-ins");
    fs::create_dir_all(&folder).unwrap();
    let program = folder.join(name);
    programs::write(&program, script);
    person.0.search_path_with(&folder)
}

#[cfg(target_os = "linux")]
#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn without_a_service_manager_everything_else_is_installed() {
    let person = Person::new();
    let search = stand_in(&person, "systemctl", "exit 1");
    let mut command = person.command("dash");
    command.env("PATH", search).arg(repository().join("install.sh")).args(from_release());
    let output = command.args(["--no-rc", "--service"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("The service was not installed"), "{said}");
    // The last hint is still there.
    assert!(said.contains("dictate a command, and press"), "{said}");
    person.succeeds("dash", &["--uninstall"]);
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn an_interrupted_install_leaves_nothing() {
    let person = Person::new();
    let before = person.everything();
    // Somebody presses Ctrl-C while the second program is being copied.
    let search = stand_in(
        &person,
        "cp",
        "for last; do :; done\ncase $last in *saysod.sayso-new) kill -INT $PPID; printf half >\"$last\"; exit 0 ;; esac\n\
         exec /bin/cp \"$@\"",
    );
    let mut command = person.command("dash");
    command.env("PATH", search).arg(repository().join("install.sh")).args(from_release()).arg("--yes");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert_same(&person.everything(), &before);
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn a_compiler_that_is_absent_or_too_old_is_named() {
    let person = Person::new();
    let checkout = person.0.folder().join("checkout");
    fs::create_dir(&checkout).unwrap();
    fs::copy(repository().join("install.sh"), checkout.join("install.sh")).unwrap();
    fs::write(checkout.join("Cargo.toml"), "[workspace.package]\nrust-version = \"1.95\"\n").unwrap();
    let run = |search: OsString| {
        let mut command = person.command("dash");
        let output = command.env("PATH", search).arg(checkout.join("install.sh")).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };

    stand_in(&person, "cargo", "exit 1");
    let said = run(stand_in(&person, "rustc", "echo 'rustc 1.60.0 (0000000 2022-04-04)'"));
    assert!(
        said.contains("Rust 1.60 is too old: sayso needs 1.95") && said.contains("Nothing was changed"),
        "{said}"
    );

    // Nothing on the search path but what the script itself needs.
    let bare = person.0.folder().join("bare");
    fs::create_dir(&bare).unwrap();
    for program in ["dirname", "mkdir", "mktemp", "mv", "rm", "sed", "sha256sum", "shasum", "sleep"] {
        let paths = std::env::var_os("PATH").unwrap();
        let found =
            std::env::split_paths(&paths).map(|folder| folder.join(program)).find(|path| path.exists());
        if let Some(found) = found {
            symlink(found, bare.join(program)).unwrap();
        }
    }
    let dash = ["/bin/dash", "/usr/bin/dash"].into_iter().find(|path| Path::new(path).exists()).unwrap();
    let mut command = person.command(dash);
    let output = command.env("PATH", &bare).arg(checkout.join("install.sh")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("cargo was not found") && said.contains("--from"), "{said}");
}

/// The path of the lock of a home, which a killed run leaves with what it had begun.
fn lock(person: &Person) -> PathBuf {
    person.home().join(".sayso-install.lock")
}

#[test]
fn of_two_runs_at_once_the_second_is_told() {
    let person = Person::new();
    fs::create_dir(lock(&person)).unwrap();
    fs::write(lock(&person).join("holder"), format!("{}\n/nowhere\n", std::process::id())).unwrap();
    let [from, tarball] = from_release();
    person.refuses(&[from, tarball, "--yes"], "is at work for this home");
    person.refuses(&["--uninstall"], "is at work for this home");
}

#[test]
fn the_next_run_finishes_what_a_killed_one_began() {
    // As `kill -9` in the middle of copying leaves it: a number that no process has, a half-written file, new folders.
    let killed = |person: &Person| {
        let bin = person.home().join(".local/bin");
        fs::create_dir_all(&bin).unwrap();
        fs::write(bin.join("sayso.sayso-new"), "half").unwrap();
        fs::create_dir(lock(person)).unwrap();
        fs::write(lock(person).join("holder"), "4194305\n/nowhere\n").unwrap();
        fs::write(lock(person).join("unfinished"), format!("{}\n", path(&bin.join("sayso.sayso-new"))))
            .unwrap();
        let folders = [".local", ".local/bin"].map(|it| format!("dir\t{}\n", path(&person.home().join(it))));
        fs::write(lock(person).join("entries"), folders.concat()).unwrap();
    };
    let person = Person::new();
    let before = person.content();
    killed(&person);
    let said = person.succeeds("sh", &["--uninstall"]);
    assert!(said.contains("Removed what an earlier run left"), "{said}");
    assert_eq!(person.content(), before);
    killed(&person);
    let [from, tarball] = from_release();
    person.succeeds("sh", &[from, tarball, "--no-rc"]);
    assert!(!lock(&person).exists());
    person.succeeds("sh", &["--uninstall"]);
    assert_eq!(person.content(), before);
}

#[test]
fn a_start_file_that_leads_in_a_circle_is_left_alone() {
    let person = Person::new();
    fs::remove_file(person.home().join(".bashrc")).unwrap();
    symlink(".bashrc", person.home().join(".bashrc")).unwrap();
    let [from, tarball] = from_release();
    let said = person.succeeds("sh", &[from, tarball, "--yes"]);
    // Only who uses the shell has the line.
    assert!(!said.contains("Added one line to") || !said.contains(".bashrc\n"), "{said}");
    let zshrc = person.home().join(".zshrc");
    fs::remove_file(&zshrc).unwrap();
    symlink(".zshrc", &zshrc).unwrap();
    person.succeeds("sh", &["--uninstall"]);
    assert!(zshrc.is_symlink() && !person.home().join(".local/share/sayso").exists());
}

#[cfg(target_os = "linux")]
#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn a_start_file_that_is_read_only_is_left_alone() {
    let person = Person::new();
    let (zshrc, bashrc) = (person.home().join("dot files/zshrc"), person.home().join(".bashrc"));
    let before = fs::read_to_string(&zshrc).unwrap();
    let forbid = |file: &Path| fs::set_permissions(file, fs::Permissions::from_mode(0o444)).unwrap();
    let install = |arguments: &[&str]| {
        // Root may write what is read-only, unless it gives that up.
        let mut command = person.command("setpriv");
        command.args(["--bounding-set=-dac_override", "sh"]).arg(repository().join("install.sh"));
        let output = command.args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        said
    };
    forbid(&zshrc);
    let [from, tarball] = from_release();
    let said = install(&[from, tarball, "--yes"]);
    assert!(said.contains(".zshrc is read-only"), "{said}");
    assert_eq!(fs::read_to_string(&zshrc).unwrap(), before);
    // What became read-only since is named, and the rest goes.
    fs::write(&bashrc, person.read(".bashrc") + "# install.sh of sayso\n").unwrap();
    forbid(&bashrc);
    install(&["--uninstall"]);
    assert!(!person.home().join(".local/bin/sayso").exists());
    assert_eq!(fs::read_to_string(&zshrc).unwrap(), before);
}

#[test]
fn a_manifest_that_lies_removes_nothing_else() {
    let person = Person::new();
    let [from, tarball] = from_release();
    person.succeeds("sh", &[from, tarball, "--no-rc"]);
    let (mine, outside) = (person.home().join("mine"), person.0.folder().join("outside"));
    fs::write(&mine, "precious").unwrap();
    fs::create_dir_all(outside.join("empty")).unwrap();
    let manifest = person.home().join(".local/share/sayso/manifest");
    let mut text = fs::read_to_string(&manifest).unwrap();
    let sum = Command::new("sha256sum").arg(&mine).output().unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap()[..64].to_owned();
    for path in ["../mine", "../../mine", "bin/../../mine", "bin/./../../mine"] {
        text += &format!("file\t{sum}\t{path}\n");
    }
    text += &format!("dir\t{}\ndir\t-rf\ndir\t/tmp/../..\n", path(&outside.join("empty")));
    fs::write(&manifest, text).unwrap();
    person.succeeds("sh", &["--uninstall"]);
    assert_eq!(fs::read_to_string(&mine).unwrap(), "precious");
    assert!(outside.join("empty").exists());
    // And what is no manifest at all is not read.
    fs::create_dir_all(manifest.parent().unwrap()).unwrap();
    assert!(Command::new("mkfifo").arg(&manifest).status().unwrap().success());
    person.refuses(&["--uninstall"], "is not a plain file");
}

#[test]
fn nothing_stays_where_the_daemon_ran() {
    let person = Person::new();
    let [from, tarball] = from_release();
    person.succeeds("sh", &[from, tarball, "--no-rc"]);
    let said = person.command("sh").args(["-c", "echo $XDG_RUNTIME_DIR"]).output().unwrap();
    let runtime = PathBuf::from(String::from_utf8(said.stdout).unwrap().trim_end());
    // The installer converts a line, so a daemon ran.
    assert!(runtime.join("sayso/sayso.sock.lock").exists(), "{runtime:?}");
    person.succeeds("sh", &["--uninstall"]);
    assert!(!runtime.join("sayso").exists());
}
