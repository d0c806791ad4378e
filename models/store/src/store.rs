//! The folder that holds the language models, one folder per model: models are downloaded or
//! imported into it, chosen, checked and removed.
//!
//! A model folder is written under a hidden name and renamed when it is complete and has been
//! opened as a check, so it exists whole or not at all.

mod address;
mod digest;
mod error;
mod failure;
mod fetch;
mod hub;
mod manifest;
mod patience;
mod source;

pub use error::StoreError;
pub use failure::Failure;
pub use hub::Hub;
#[doc(hidden)]
pub use hub::read_answer as read_hub_answer;
pub use manifest::{FileRecord, MANIFEST, Manifest, Origin};
pub use patience::Patience;
pub use source::{Source, series};

use crate::gguf;
use digest::Digests;
use nix::fcntl::OFlag;
use sayso_language::chat::{SYSTEM_PROMPT_FILE, TRAINED_PROMPT_FILE};
use sayso_language::checkpoint::{
    BuiltIn, CheckpointError,
    file::{self, Links},
};
use sayso_language::{LanguageError, MIX_FILE, folder};
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The file that holds the name of the chosen model. No model can have this name, because model
/// names never begin with a dot.
const CHOSEN: &str = ".chosen";
/// Limit of that file, in bytes; names are shorter.
const CHOSEN_LIMIT: u64 = 1 << 10;

/// The progress of a pull or a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'p> {
    /// The file that is being processed.
    pub file: &'p str,
    /// Bytes of all files done so far. This can decrease, when a server sends a file again from its
    /// beginning.
    pub done: u64,
    /// Bytes of all files.
    pub total: u64,
}

/// An installed model.
#[derive(Debug)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Whether it is the chosen one.
    pub chosen: bool,
    /// What it was when it was installed, or why that is not known.
    pub manifest: Result<Manifest, StoreError>,
}

/// What a pull did.
#[derive(Debug, PartialEq, Eq)]
pub struct Pulled {
    /// The name of the model.
    pub name: String,
    /// Its manifest.
    pub manifest: Manifest,
    /// Whether it was installed already, at this commit.
    pub already: bool,
}

/// What a check found.
#[derive(Debug)]
pub struct Verified {
    /// The files that changed since the model was installed, and how.
    pub faults: Vec<(String, Fault)>,
    /// Why the model cannot be used, if it cannot.
    pub unusable: Option<LanguageError>,
}

/// How a file differs from what was installed.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is missing or cannot be read: the error of the system.
    Unreadable(ErrorKind),
    /// Its size or its content has changed.
    Changed,
    /// It was not part of the model.
    Added,
    /// It is a link, a pipe, a device or a folder, or its name leads out of the model. It was not
    /// opened.
    NotAFile,
}

impl Verified {
    /// Whether the model is as it was installed, and can be used.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty() && self.unusable.is_none()
    }
}

/// A model that nobody else may write. The lock file is removed before the lock is released.
#[derive(Debug)]
struct Lock {
    _file: File,
    path: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A file that stays locks nothing.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The folder of models. It is created with the first model.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The store in this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Store {
        Store { folder: folder.into() }
    }

    /// The installed models, sorted by name.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the folder cannot be read.
    pub fn list(&self) -> Result<Vec<Model>, StoreError> {
        let chosen = self.chosen()?;
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(StoreError::io(&self.folder))?,
        };
        let mut models = Vec::new();
        for entry in entries {
            let folder = entry.map_err(StoreError::io(&self.folder))?.path();
            let name = folder.file_name().and_then(|name| name.to_str()).filter(|name| source::is_name(name));
            if let Some(name) = name.filter(|_| folder.is_dir()).map(str::to_owned) {
                let chosen = chosen.as_ref() == Some(&name);
                let manifest = Manifest::open(&folder);
                models.push(Model { name, folder, chosen, manifest });
            }
        }
        models.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(models)
    }

    /// The folder of a model.
    ///
    /// # Errors
    /// [`StoreError::Name`] or [`StoreError::Unknown`]; a link to a folder is no model.
    pub fn folder(&self, name: &str) -> Result<PathBuf, StoreError> {
        let folder = self.place(name)?;
        match is_folder(&folder) {
            true => Ok(folder),
            false => Err(StoreError::Unknown(name.to_owned())),
        }
    }

    /// The folder of a model whose files may be opened: all of them are plain files.
    ///
    /// # Errors
    /// As for [`Store::folder`]; [`StoreError::NotAFile`].
    pub fn plain_folder(&self, name: &str) -> Result<PathBuf, StoreError> {
        let folder = self.folder(name)?;
        for entry in std::fs::read_dir(&folder).map_err(StoreError::io(&folder))? {
            let entry = entry.map_err(StoreError::io(&folder))?;
            if !entry.file_type().map_err(StoreError::io(&folder))?.is_file() {
                return Err(StoreError::NotAFile(entry.path()));
            }
        }
        Ok(folder)
    }

    /// The name of the chosen model, if one was chosen and is still installed.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the choice cannot be read.
    pub fn chosen(&self) -> Result<Option<String>, StoreError> {
        Ok(self.choice()?.filter(|name| self.folder(name).is_ok()))
    }

    /// What the file of the choice says.
    fn choice(&self) -> Result<Option<String>, StoreError> {
        let path = self.folder.join(CHOSEN);
        match file::bytes(&path, CHOSEN_LIMIT, Links::Refuse) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).trim_end().to_owned())),
            Err(CheckpointError::Unreadable { source, .. }) if source.kind() == ErrorKind::NotFound => {
                Ok(None)
            }
            Err(problem) => Err(StoreError::Choice(problem)),
        }
    }

    /// The paths to watch for changes of models: the folder, and the file that holds the choice.
    pub fn watched(&self) -> [PathBuf; 2] {
        [self.folder.clone(), self.folder.join(CHOSEN)]
    }

    /// Makes a model the chosen one, after opening it as a check. The built-in one is used where none is chosen.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], [`StoreError::Unusable`], and errors of the system.
    pub fn choose(&self, name: &str) -> Result<(), StoreError> {
        if name == BuiltIn::NAME {
            failure::clear(&self.folder)?;
            return self.forget_choice();
        }
        folder::check(&self.plain_folder(name)?).map_err(StoreError::Unusable)?;
        failure::clear(&self.folder)?;
        let path = self.folder.join(CHOSEN);
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::Builder::new().prefix(".chosen-").tempfile_in(&self.folder)?;
            writeln!(file, "{name}")?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(StoreError::io(&path))
    }

    /// Takes the choice back.
    fn forget_choice(&self) -> Result<(), StoreError> {
        let path = self.folder.join(CHOSEN);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(StoreError::io(&path)),
        }
    }

    /// Remembers that a model could not be loaded as its folder is now, for the next process.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], and errors of the system.
    pub fn note_failure(&self, name: &str, reason: &str) -> Result<(), StoreError> {
        Failure::of(&self.folder(name)?, name, reason)?.write(&self.folder)
    }

    /// The failure of a model, if one is remembered and its folder is still as it was.
    pub fn failure(&self, name: &str) -> Option<Failure> {
        Failure::find(&self.folder, &self.folder(name).ok()?, name)
    }

    /// Forgets what failed.
    ///
    /// # Errors
    /// Errors of the system.
    pub fn clear_failure(&self) -> Result<(), StoreError> {
        failure::clear(&self.folder)
    }

    /// Downloads a model from the hub, under the name of its repository. The revision is pinned to
    /// its current commit, and each file is checked against the size and the digest that the hub
    /// states. After an error, what was received is kept, and the next pull resumes from there.
    ///
    /// # Errors
    /// [`StoreError`] names the file and what is wrong with it, the server or the disk.
    pub fn pull(
        &self,
        hub: &Hub,
        source: &Source,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Pulled, StoreError> {
        let name = source.name().to_owned();
        let folder = self.place(&name)?;
        let _lock = self.lock(&name)?;
        let listing = hub.listing(source)?;
        let origin = Origin::Hub { repository: source.repository.clone(), commit: listing.commit };
        if folder.exists() {
            return match Manifest::open(&self.folder(&name)?)? {
                manifest if manifest.origin == origin => Ok(Pulled { name, manifest, already: true }),
                _ => Err(StoreError::Exists(name)),
            };
        }

        let aside = self.aside(&name, "pull");
        make_aside(&aside)?;
        let total = listing.files.iter().fold(0u64, |sum, file| sum.saturating_add(file.bytes));
        fetch::check_room(&aside, &listing.files)?;
        let agent = fetch::agent(hub.patience);
        let mut before = 0u64;
        for file in &listing.files {
            let mut seen =
                |here| progress(Progress { file: &file.name, done: before.saturating_add(here), total });
            fetch::fetch(&agent, hub.patience, file, &aside, &mut seen)?;
            before = before.saturating_add(file.bytes);
        }
        // Left over from an earlier pull, when the revision was another commit.
        for entry in std::fs::read_dir(&aside).map_err(StoreError::io(&aside))? {
            let path = entry.map_err(StoreError::io(&aside))?.path();
            if !listing.files.iter().any(|file| path.file_name() == Some(file.name.as_ref())) {
                fetch::discard(&path)?;
            }
        }
        let manifest = self.admit(&aside, &folder, origin)?;
        Ok(Pulled { name, manifest, already: false })
    }

    /// Imports a GGUF file as a model with this name, or copies a model folder, such as one that was trained here.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`StoreError::Import`], [`StoreError::Unusable`], and errors of the system.
    pub fn import(&self, source: &Path, name: &str) -> Result<Manifest, StoreError> {
        let folder = self.place(name)?;
        let _lock = self.lock(name)?;
        if folder.exists() {
            return Err(StoreError::Exists(name.to_owned()));
        }
        let aside = self.aside(name, "import");
        delete(&aside)?;
        make_aside(&aside)?;
        let name = source.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (filled, origin) = match source.is_dir() {
            true => (copy_model(source, &aside), Origin::Folder { folder: name }),
            false => (gguf::fill(source, &aside).map_err(StoreError::from), Origin::Gguf { file: name }),
        };
        let admitted = filled.and_then(|()| self.admit(&aside, &folder, origin));
        admitted.inspect_err(|_| {
            // The first error is the one to report.
            let _ = delete(&aside);
        })
    }

    /// Reads all files of a model, and returns what has changed since it was installed.
    ///
    /// # Errors
    /// [`StoreError::Unknown`]; [`StoreError::Manifest`] if it is not known what was installed.
    pub fn verify(&self, name: &str, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Verified, StoreError> {
        let folder = self.folder(name)?;
        let manifest = Manifest::open(&folder)?;
        let (mut faults, mut done, total) = (Vec::new(), 0u64, manifest.bytes());
        for (file, record) in &manifest.files {
            let seen = |read| {
                done = done.saturating_add(read);
                progress(Progress { file, done, total });
            };
            if !source::is_name(file) {
                faults.push((file.clone(), Fault::NotAFile));
                continue;
            }
            match Digests::of(&folder.join(file), Some(record.bytes), seen) {
                Ok(Some(found)) if found.sha256 == record.sha256 => {}
                Ok(_) => faults.push((file.clone(), Fault::Changed)),
                Err(CheckpointError::Unreadable { source, .. }) => {
                    faults.push((file.clone(), Fault::Unreadable(source.kind())));
                }
                Err(_) => faults.push((file.clone(), Fault::NotAFile)),
            }
        }
        for entry in std::fs::read_dir(&folder).map_err(StoreError::io(&folder))? {
            let entry = entry.map_err(StoreError::io(&folder))?;
            let file = entry.file_name().to_string_lossy().into_owned();
            // This file is added later, when it is measured how much the model's opinion counts.
            let is_known = file == MANIFEST || file == MIX_FILE;
            let is_plain = entry.file_type().is_ok_and(|kind| kind.is_file());
            match manifest.files.contains_key(&file) {
                false if !is_plain => faults.push((file, Fault::NotAFile)),
                false if !is_known => faults.push((file, Fault::Added)),
                _ => {}
            }
        }
        // The check must not open anything but plain files either.
        let is_plain = !faults.iter().any(|(_, fault)| *fault == Fault::NotAFile);
        Ok(Verified { faults, unusable: is_plain.then(|| folder::check(&folder).err()).flatten() })
    }

    /// Removes a model, and what unfinished pulls of it left. A process that has it open can still
    /// use it: on Unix a mapped file exists without a name until its last mapping ends, and its
    /// space is freed only then.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] if nothing of it exists, [`StoreError::Busy`] while it is being
    /// pulled.
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        let folder = self.place(name)?;
        // What a pull keeps for the next one, and what a crash during the other operations left.
        let left = ["pull", "import", "removed"].map(|what| self.aside(name, what));
        let is_there = |path: &Path| path.symlink_metadata().is_ok();
        if !is_there(&folder) && !left.iter().any(|left| is_there(left)) {
            return Err(StoreError::Unknown(name.to_owned()));
        }
        let _lock = self.lock(name)?;
        left.iter().try_for_each(|left| delete(left))?;
        // The folder is renamed first, so that nobody opens a model that is half deleted.
        let aside = self.aside(name, "removed");
        match std::fs::rename(&folder, &aside) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            renamed => renamed.map_err(StoreError::io(&folder))?,
        }
        // Read only now, because another model may have been chosen meanwhile.
        if self.choice().ok().flatten().as_deref() == Some(name) {
            self.forget_choice()?;
        }
        delete(&aside)
    }

    /// Opens a folder as a check, writes its manifest, and renames it into place.
    fn admit(&self, aside: &Path, folder: &Path, origin: Origin) -> Result<Manifest, StoreError> {
        if let Err(problem) = folder::check(aside) {
            delete(aside)?;
            return Err(StoreError::Unusable(problem));
        }
        let manifest = Manifest::record(aside, origin)?;
        failure::clear(&self.folder)?;
        let sync = |path: &Path| File::open(path).and_then(|folder| folder.sync_all());
        sync(aside).map_err(StoreError::io(aside))?;
        std::fs::rename(aside, folder).map_err(StoreError::io(folder))?;
        sync(&self.folder).map_err(StoreError::io(&self.folder))?;
        Ok(manifest)
    }

    /// Locks a model until the lock is dropped or the process ends in any way. A second writer is
    /// refused at once.
    fn lock(&self, name: &str) -> Result<Lock, StoreError> {
        std::fs::create_dir_all(&self.folder).map_err(StoreError::io(&self.folder))?;
        let path = self.folder.join(format!(".{name}.lock"));
        // Whatever lies there stays as it is: it is neither followed, nor waited for, nor emptied.
        let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(flags.bits());
        loop {
            let file = options.open(&path).map_err(|error| match path.is_symlink() {
                true => StoreError::NotAFile(path.clone()),
                false => StoreError::io(&path)(error),
            })?;
            let metadata = file.metadata().map_err(StoreError::io(&path))?;
            if !metadata.is_file() {
                return Err(StoreError::NotAFile(path));
            }
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(StoreError::Busy(name.to_owned())),
                Err(TryLockError::Error(source)) => return Err(StoreError::io(&path)(source)),
            }
            // Its last owner may have removed the file meanwhile; then the next one locks another file.
            let identity = |seen: &Metadata| (seen.dev(), seen.ino());
            if std::fs::symlink_metadata(&path).is_ok_and(|there| identity(&there) == identity(&metadata)) {
                return Ok(Lock { _file: file, path });
            }
        }
    }

    /// The folder of a model with this name, whether or not it exists.
    fn place(&self, name: &str) -> Result<PathBuf, StoreError> {
        match source::is_name(name) {
            true if name == BuiltIn::NAME => Err(StoreError::BuiltIn),
            true => Ok(self.folder.join(name)),
            false => Err(StoreError::Name(name.to_owned())),
        }
    }

    /// The hidden folder, beside the models, for an operation on this model.
    fn aside(&self, name: &str, what: &str) -> PathBuf {
        self.folder.join(format!(".{name}.{what}"))
    }
}

/// Copies what belongs to a model from its folder, and nothing else that lies there.
fn copy_model(from: &Path, to: &Path) -> Result<(), StoreError> {
    let is_own = |name: &str| [MIX_FILE, SYSTEM_PROMPT_FILE, TRAINED_PROMPT_FILE].contains(&name);
    for entry in std::fs::read_dir(from).map_err(StoreError::io(from))? {
        let entry = entry.map_err(StoreError::io(from))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if hub::is_wanted(&name) || is_own(&name) {
            let mut file = file::open(&entry.path(), Links::Follow).map_err(StoreError::Read)?;
            let path = to.join(&name);
            let mut copy = File::create_new(&path).map_err(StoreError::io(&path))?;
            std::io::copy(&mut file, &mut copy)
                .and_then(|_| copy.sync_all())
                .map_err(StoreError::io(&path))?;
        }
    }
    Ok(())
}

/// Whether this is a folder itself, and no link to one.
fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|it| it.is_dir())
}

/// Makes the hidden folder of an operation, if what an earlier one left is not there.
fn make_aside(aside: &Path) -> Result<(), StoreError> {
    if !is_folder(aside) {
        delete(aside)?;
        std::fs::create_dir_all(aside).map_err(StoreError::io(aside))?;
    }
    Ok(())
}

/// Deletes a folder, or what stands in its place; a link, not what it leads to.
fn delete(folder: &Path) -> Result<(), StoreError> {
    let deleted = match folder.symlink_metadata() {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(folder),
        Ok(_) => std::fs::remove_file(folder),
        Err(error) => Err(error),
    };
    match deleted {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        deleted => deleted.map_err(StoreError::io(folder)),
    }
}
