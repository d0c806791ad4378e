//! The place where a line is dictated: read in the background, and kept until it changes.

use sayso_engine::Place;
use sayso_place::{Folder, Shell, Sources, User};
use sayso_settings::Here;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Longest that a conversion without a daemon waits for the place. A folder on a disk that hangs is not waited for any
/// longer. Hand-chosen on 2026-11-28.
const MAX_WAIT: Duration = Duration::from_millis(700);

/// The place of this process: its working directory, home folder, PATH and environment, and the names in the file that
/// `SAYSO_SHELL_NAMES` names.
pub(crate) fn of_process(here: Here) -> Place {
    let sources = sources(here);
    if sources == Sources::NONE {
        return Place::default();
    }
    let (done, place) = mpsc::channel();
    let read = move || {
        // Nobody may wait any more.
        let _ = done.send(read_process(sources));
    };
    match thread::Builder::new().name("place".to_owned()).spawn(read) {
        Ok(_) => place.recv_timeout(MAX_WAIT).unwrap_or_default(),
        Err(_) => Place::default(),
    }
}

/// The sources that the settings leave on.
fn sources(here: Here) -> Sources {
    let Here { files, git, tasks, hosts, shell, history } = here;
    Sources { files, git, tasks, hosts, shell, history }
}

fn read_process(sources: Sources) -> Place {
    let home = env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    let mut place = Place::default();
    if let Ok(cwd) = env::current_dir() {
        place.folder = Folder::read(&cwd, home.as_deref(), sources).into();
    }
    if let Some(home) = &home {
        let data = env::var_os("XDG_DATA_HOME").map(PathBuf::from);
        place.user = User::read(home, data.as_deref(), sources).into();
    }
    if sources.shell {
        let path = env::var("PATH").unwrap_or_default();
        let names = env::var_os("SAYSO_SHELL_NAMES").and_then(|file| names_in(Path::new(&file)));
        let variables = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        place.shell = Shell::read(&path, &names.unwrap_or_default(), variables).into();
    }
    place
}

/// The lines `alias NAME` and `function NAME` of a file.
fn names_in(file: &Path) -> Option<String> {
    /// Largest such file, in bytes.
    const MOST: u64 = 1 << 20;
    let is_small = std::fs::metadata(file).is_ok_and(|it| it.is_file() && it.len() <= MOST);
    if is_small { std::fs::read_to_string(file).ok() } else { None }
}
