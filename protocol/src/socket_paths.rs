//! Where the socket is, and whether its folder is safe.

use nix::unistd::{AccessFlags, access};
use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Longest path of a socket in bytes: macOS has room for 104 with the final NUL, Linux for 108.
pub const MAX_PATH_BYTES: usize = 103;

/// What to do where the folder of the socket must stay as it is.
const OWN_FOLDER: &str = "make a folder of your own (mkdir -m 700 FOLDER) and point SAYSO_SOCKET into it";
/// The sticky bit: many users keep files in the folder.
const STICKY: u32 = 0o1000;

/// Why there is no socket, or none that can be trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SocketPathError {
    /// `SAYSO_SOCKET` names no place.
    #[error("SAYSO_SOCKET is {0:?}: give the absolute path of a socket, not ending in .lock or .start")]
    Override(PathBuf),
    /// The folder is a symbolic link or no folder.
    #[error("{0} is not a folder but {1}: {OWN_FOLDER}")]
    NotAFolder(PathBuf, &'static str),
    /// Somebody else could put a socket of their own there.
    #[error("{folder} belongs to user {owner}, not to user {user}: {OWN_FOLDER}")]
    Foreign {
        /// The folder of the socket.
        folder: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who asks.
        user: u32,
    },
    /// Others may enter a folder that is sayso's own.
    #[error("{folder} has mode {mode:03o}, so that others may enter it: run chmod 700 on it")]
    Loose {
        /// The folder of the socket.
        folder: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Others may enter, and must be left to: the folder, for example `/tmp` or a home, is there for more than sayso.
    #[error(
        "{folder} has mode {mode:03o}, so that others may enter it, and is not sayso's alone: {OWN_FOLDER}"
    )]
    Shared {
        /// The folder of the socket.
        folder: PathBuf,
        /// Its permission bits, with the sticky one.
        mode: u32,
    },
    /// The folder cannot be made or looked at.
    #[error("the socket's folder {0} cannot be used: {1}")]
    Io(PathBuf, #[source] io::Error),
}

/// The socket and what lies beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketPaths {
    /// Mode 0700, owned by the user, no symbolic link.
    pub folder: PathBuf,
    /// At most [`MAX_PATH_BYTES`] bytes.
    pub socket: PathBuf,
    /// Held by the daemon that bound the socket, from before it binds until its process has ended.
    pub lock: PathBuf,
    /// Held by the client that starts a daemon, so that many clients start one.
    pub start: PathBuf,
}

/// What the place depends on.
#[derive(Debug, Clone, Copy)]
pub struct Environment<'a> {
    /// `SAYSO_SOCKET`.
    pub socket: Option<&'a OsStr>,
    /// `XDG_RUNTIME_DIR`.
    pub runtime: Option<&'a OsStr>,
    /// Where folders of users lie when there is no runtime folder.
    pub temporary: &'a Path,
    /// The user's home, as the system knows it: the last resort.
    pub home: Option<&'a Path>,
    /// The user.
    pub uid: u32,
}

impl SocketPaths {
    /// The place for this process.
    ///
    /// # Errors
    /// [`SocketPathError::Override`] where `SAYSO_SOCKET` is set and names no place.
    pub fn locate() -> Result<SocketPaths, SocketPathError> {
        SocketPaths::locate_or_at(None)
    }

    /// The place for this process; `socket`, where it is given, takes the part of `SAYSO_SOCKET`.
    ///
    /// Where the usual folder can be none of this user's, for example because another user sits on it, there are others:
    /// first in the temporary folder, then in the home folder. Every process of the user chooses the same.
    ///
    /// # Errors
    /// As [`SocketPaths::locate`].
    pub fn locate_or_at(socket: Option<&Path>) -> Result<SocketPaths, SocketPathError> {
        // On macOS the standard library asks the system where $TMPDIR is not set, so that ssh and launchd agree.
        let temporary = if cfg!(target_os = "macos") { std::env::temp_dir() } else { PathBuf::from("/tmp") };
        let user = nix::unistd::geteuid();
        let (set, runtime) = (std::env::var_os("SAYSO_SOCKET"), std::env::var_os("XDG_RUNTIME_DIR"));
        let surroundings = Environment {
            socket: socket.map(Path::as_os_str).or(set.as_deref()),
            runtime: runtime.as_deref(),
            temporary: &temporary,
            home: None,
            uid: user.as_raw(),
        };
        let usual = SocketPaths::of(surroundings)?;
        if usual.may_be_ours() {
            return Ok(usual);
        }
        // Asked only now, because the list of users may be on another machine.
        let home = nix::unistd::User::from_uid(user).ok().flatten().map(|user| user.dir);
        let others = SocketPaths::others(Environment { home: home.as_deref(), ..surroundings });
        Ok(others.into_iter().find(SocketPaths::may_be_ours).unwrap_or(usual))
    }

    /// The places where the socket may be instead, best first; none where the user has named one.
    pub fn others(surroundings: Environment<'_>) -> Vec<SocketPaths> {
        if surroundings.socket.is_some_and(|socket| !socket.is_empty()) {
            return Vec::new();
        }
        let temporary = SocketPaths::of(Environment { runtime: None, ..surroundings }).ok();
        let home = surroundings.home.map(|home| home.join(".sayso/run/sayso.sock"));
        let home = home.filter(|socket| socket.is_absolute() && socket.as_os_str().len() <= MAX_PATH_BYTES);
        temporary.into_iter().chain(home.map(SocketPaths::around)).collect()
    }

    /// The place in the given surroundings.
    ///
    /// # Errors
    /// [`SocketPathError::Override`] where `socket` is set and names no place.
    pub fn of(surroundings: Environment<'_>) -> Result<SocketPaths, SocketPathError> {
        let private = format!("sayso-{}", surroundings.uid);
        let set = |value: Option<&'_ OsStr>| value.filter(|value| !value.is_empty()).map(PathBuf::from);
        let wanted = if let Some(path) = set(surroundings.socket) {
            let beside = path.extension().is_some_and(|end| end == "lock" || end == "start");
            if !path.is_absolute() || path.file_name().is_none() || beside {
                return Err(SocketPathError::Override(path));
            }
            path
        } else if let Some(runtime) = set(surroundings.runtime).filter(|path| path.is_absolute()) {
            runtime.join("sayso/sayso.sock")
        } else {
            surroundings.temporary.join(&private).join("sayso.sock")
        };
        let bytes = wanted.as_os_str().as_bytes();
        let socket = if bytes.len() <= MAX_PATH_BYTES {
            wanted
        } else {
            Path::new("/tmp").join(private).join(format!("{:016x}.sock", fnv(bytes)))
        };
        Ok(SocketPaths::around(socket))
    }

    /// A socket and what lies beside it.
    fn around(socket: PathBuf) -> SocketPaths {
        // Appended, so that sockets `a.1` and `a.2` in one folder have locks of their own.
        let beside = |ending: &str| {
            let mut path = socket.clone().into_os_string();
            path.push(ending);
            PathBuf::from(path)
        };
        SocketPaths {
            folder: socket.parent().unwrap_or(Path::new("/")).to_owned(),
            lock: beside(".lock"),
            start: beside(".start"),
            socket,
        }
    }

    /// Whether the folder is this user's, or could be made, or could be with a mode that the user may set.
    fn may_be_ours(&self) -> bool {
        match self.check() {
            Ok(()) | Err(SocketPathError::Loose { .. } | SocketPathError::Shared { .. }) => {
                access(&self.folder, AccessFlags::W_OK | AccessFlags::X_OK).is_ok()
            }
            Err(SocketPathError::Io(_, error)) if error.kind() == io::ErrorKind::NotFound => {
                let parent = self.existing_parent();
                access(&parent, AccessFlags::W_OK | AccessFlags::X_OK).is_ok() && self.check_parent().is_ok()
            }
            // What the user put there is the user's to clear away.
            Err(SocketPathError::NotAFolder(folder, _)) => {
                let user = nix::unistd::geteuid().as_raw();
                fs::symlink_metadata(folder).is_ok_and(|it| it.uid() == user)
            }
            Err(_) => false,
        }
    }

    /// The folder in which the socket's folder is made, or the nearest above it that is there. In the home folder a
    /// folder of sayso's own lies between.
    fn existing_parent(&self) -> PathBuf {
        let parent = self.folder.parent().unwrap_or(Path::new("/"));
        match parent.file_name() == Some(OsStr::new(".sayso")) && !parent.exists() {
            true => parent.parent().unwrap_or(Path::new("/")).to_owned(),
            false => parent.to_owned(),
        }
    }

    /// Whether a folder may be made there: root, with another user's environment, would lock that user out of it.
    fn check_parent(&self) -> Result<(), SocketPathError> {
        let parent = self.existing_parent();
        let user = nix::unistd::geteuid().as_raw();
        match fs::metadata(&parent) {
            Ok(it) if it.uid() != user && it.uid() != 0 => {
                Err(SocketPathError::Foreign { folder: parent, owner: it.uid(), user })
            }
            Ok(_) => Ok(()),
            Err(error) => Err(SocketPathError::Io(self.folder.clone(), error)),
        }
    }

    /// Makes the folder where it is missing, and checks it.
    ///
    /// # Errors
    /// As [`SocketPaths::check`].
    pub fn prepare(&self) -> Result<(), SocketPathError> {
        if fs::symlink_metadata(&self.folder).is_err() {
            self.check_parent()?;
            let between = self.folder.parent().filter(|it| it.file_name() == Some(OsStr::new(".sayso")));
            if let Some(between) = between {
                // If this fails, so does the next.
                let _ = DirBuilder::new().mode(0o700).create(between);
            }
        }
        match DirBuilder::new().mode(0o700).create(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(SocketPathError::Io(self.folder.clone(), error))
            }
            _ => self.check(),
        }
    }

    /// Whether nobody but this user can have put anything into the folder.
    ///
    /// # Errors
    /// [`SocketPathError::NotAFolder`], [`SocketPathError::Foreign`], [`SocketPathError::Loose`], [`SocketPathError::Shared`];
    /// [`SocketPathError::Io`] where the folder cannot be looked at, for example because it is missing.
    pub fn check(&self) -> Result<(), SocketPathError> {
        let folder = || self.folder.clone();
        let metadata =
            fs::symlink_metadata(&self.folder).map_err(|error| SocketPathError::Io(folder(), error))?;
        let (owner, user) = (metadata.uid(), nix::unistd::geteuid().as_raw());
        if metadata.is_symlink() {
            Err(SocketPathError::NotAFolder(folder(), "a symbolic link"))
        } else if !metadata.is_dir() {
            Err(SocketPathError::NotAFolder(folder(), "a file"))
        } else if owner != user {
            Err(SocketPathError::Foreign { folder: folder(), owner, user })
        } else if metadata.mode() & 0o077 != 0 {
            let mode = metadata.mode() & 0o1777;
            // Advice to close a folder must never hit one that others need: only folders that sayso makes are named so.
            let named_by_us =
                self.folder.file_name().is_some_and(|name| name.as_bytes().starts_with(b"sayso"));
            if named_by_us && mode & STICKY == 0 {
                Err(SocketPathError::Loose { folder: folder(), mode })
            } else {
                Err(SocketPathError::Shared { folder: folder(), mode })
            }
        } else {
            Ok(())
        }
    }
}

/// FNV-1a, 64 bits. Every build must find the same socket, so the hash is written down here.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn place(socket: &str, runtime: &str, temporary: &str) -> Result<SocketPaths, SocketPathError> {
        SocketPaths::of(Environment {
            socket: Some(OsStr::new(socket)),
            runtime: Some(OsStr::new(runtime)),
            temporary: Path::new(temporary),
            home: None,
            uid: 501,
        })
    }

    #[test]
    fn there_are_two_more_places_unless_the_user_named_one() {
        let surroundings = Environment {
            socket: None,
            runtime: Some(OsStr::new("/run/user/501")),
            temporary: Path::new("/tmp"),
            home: Some(Path::new("/home/ada")),
            uid: 501,
        };
        let sockets: Vec<_> = SocketPaths::others(surroundings).into_iter().map(|it| it.socket).collect();
        let expected = ["/tmp/sayso-501/sayso.sock", "/home/ada/.sayso/run/sayso.sock"].map(PathBuf::from);
        assert_eq!(sockets, expected);
        let named = Environment { socket: Some(OsStr::new("/home/ada/s")), ..surroundings };
        assert!(SocketPaths::others(named).is_empty());
    }

    #[test]
    fn a_place_that_is_somebody_elses_or_cannot_be_made_is_not_ours() {
        let home = tempfile::tempdir().unwrap();
        let [fresh, missing] = ["fresh", "no/where"].map(|name| inside(&home.path().join(name)));
        assert!(fresh.may_be_ours() && !missing.may_be_ours());
        fresh.prepare().unwrap();
        assert!(fresh.may_be_ours());
        // The user can mend the mode, and is told to.
        fs::set_permissions(&fresh.folder, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(fresh.may_be_ours());
        let below = inside(&home.path().join(".sayso/run"));
        assert!(below.may_be_ours());
        below.prepare().unwrap();
        assert_eq!(fs::metadata(home.path().join(".sayso")).unwrap().mode() & 0o777, 0o700);
    }

    /// As `sudo -E` does it.
    #[test]
    fn root_makes_nothing_in_a_folder_of_somebody_else() {
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let home = tempfile::tempdir().unwrap();
        std::os::unix::fs::chown(home.path(), Some(65534), None).unwrap();
        let paths = inside(&home.path().join("sayso"));
        assert!(!paths.may_be_ours());
        let refused = paths.prepare();
        assert!(matches!(refused, Err(SocketPathError::Foreign { owner: 65534, .. })), "{refused:?}");
        assert!(!paths.folder.exists());
    }

    fn check(socket: &str, runtime: &str, temporary: &str, expected: &str) {
        assert_eq!(place(socket, runtime, temporary).unwrap().socket, Path::new(expected));
    }

    #[test]
    fn the_socket_is_where_the_document_says() {
        check("", "/run/user/501", "/tmp", "/run/user/501/sayso/sayso.sock");
        check("", "", "/tmp", "/tmp/sayso-501/sayso.sock");
        check("", "relative", "/tmp", "/tmp/sayso-501/sayso.sock");
        check("", "", "/var/folders/xy/T/", "/var/folders/xy/T/sayso-501/sayso.sock");
        check("/home/ada/s", "/run/user/501", "/tmp", "/home/ada/s");
    }

    #[test]
    fn a_long_path_gives_way_to_its_hash() {
        let long = format!("/{}", "x".repeat(MAX_PATH_BYTES));
        let hashed =
            format!("/tmp/sayso-501/{:016x}.sock", fnv(format!("{long}/sayso/sayso.sock").as_bytes()));
        check("", &long, "/tmp", &hashed);
        assert_eq!(place(&long, "", "/tmp").unwrap().folder, Path::new("/tmp/sayso-501"));
        let just = format!("/{}", "x".repeat(MAX_PATH_BYTES - 1));
        check(&just, "", "/tmp", &just);
        assert_eq!(fnv(b"a"), 0xaf63_dc4c_8601_ec8c, "the published value for the letter a");
    }

    #[test]
    fn sockets_that_differ_in_their_ending_share_no_lock() {
        let [one, two] = ["/d/a.1", "/d/a.2"].map(|socket| place(socket, "", "/tmp").unwrap());
        assert_eq!((one.lock, one.start), ("/d/a.1.lock".into(), "/d/a.1.start".into()));
        assert_eq!((two.lock, two.start), ("/d/a.2.lock".into(), "/d/a.2.start".into()));
    }

    #[test]
    fn an_override_that_names_no_place_is_refused() {
        for wrong in ["here.sock", "/", "/run/x.lock", "/run/x.start", "/run/.."] {
            assert!(matches!(place(wrong, "/run", "/tmp"), Err(SocketPathError::Override(_))), "{wrong}");
        }
    }

    /// A place inside `folder`, which need not exist.
    fn inside(folder: &Path) -> SocketPaths {
        let socket = folder.join("sayso.sock");
        SocketPaths { folder: folder.into(), lock: socket.clone(), start: socket.clone(), socket }
    }

    #[test]
    fn the_folder_is_made_private_and_loose_ones_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("sayso");
        inside(&folder).prepare().unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        inside(&folder).prepare().unwrap();
        for mode in [0o701, 0o710, 0o770, 0o777, 0o755] {
            fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
            assert!(
                matches!(inside(&folder).prepare(), Err(SocketPathError::Loose { mode: m, .. }) if m == mode)
            );
        }
    }

    #[test]
    fn nobody_is_told_to_close_a_folder_that_others_need() {
        let home = tempfile::tempdir().unwrap();
        for (name, mode) in [("tmp", 0o1777), ("home", 0o755), ("sayso", 0o1777)] {
            let folder = home.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
            let error = inside(&folder).check().unwrap_err();
            assert!(matches!(error, SocketPathError::Shared { mode: m, .. } if m == mode), "{error}");
            let told = error.to_string();
            assert!(told.contains("mkdir -m 700") && !told.contains("chmod"), "{told}");
        }
    }

    #[test]
    fn links_files_and_missing_parents_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let [real, link, file] = ["real", "link", "file"].map(|name| home.path().join(name));
        inside(&real).prepare().unwrap();
        symlink(&real, &link).unwrap();
        fs::write(&file, "").unwrap();
        assert!(matches!(inside(&link).prepare(), Err(SocketPathError::NotAFolder(_, "a symbolic link"))));
        assert!(matches!(inside(&file).prepare(), Err(SocketPathError::NotAFolder(_, "a file"))));
        assert!(matches!(inside(&home.path().join("no/where")).prepare(), Err(SocketPathError::Io(..))));
    }

    #[test]
    fn a_folder_of_another_user_is_refused() {
        // Owned by root; where the tests themselves run as root, a folder is given away first.
        let home = tempfile::tempdir().unwrap();
        let folder = if nix::unistd::geteuid().is_root() {
            let given = home.path().join("given");
            inside(&given).prepare().unwrap();
            std::os::unix::fs::chown(&given, Some(65534), None).unwrap();
            given
        } else {
            PathBuf::from("/")
        };
        assert!(matches!(inside(&folder).check(), Err(SocketPathError::Foreign { .. })));
    }
}
