//! The folder that holds the language models, one folder per model: models are downloaded or
//! imported into it, chosen, checked and removed.
//!
//! A model folder is written under a hidden name and renamed when it is complete and has been
//! opened as a check, so it exists whole or not at all.

mod digest;
mod error;
mod fetch;
mod hub;
mod manifest;
mod source;

pub use error::StoreError;
pub use hub::Hub;
pub use manifest::{FileRecord, MANIFEST, Manifest, Origin};
pub use source::{Source, series};

use crate::gguf;
use digest::Digests;
use sayso_language::checkpoint::CheckpointError;
use sayso_language::{WEIGHT_FILE, folder};
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The file that holds the name of the chosen model. No model can have this name, because model
/// names never begin with a dot.
const CHOSEN: &str = ".chosen";

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
    pub unusable: Option<CheckpointError>,
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
}

impl Verified {
    /// Whether the model is as it was installed, and can be used.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty() && self.unusable.is_none()
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
    /// [`StoreError::Name`] or [`StoreError::Unknown`].
    pub fn folder(&self, name: &str) -> Result<PathBuf, StoreError> {
        let folder = self.place(name)?;
        match folder.is_dir() {
            true => Ok(folder),
            false => Err(StoreError::Unknown(name.to_owned())),
        }
    }

    /// The name of the chosen model, if one was chosen and is still installed.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the choice cannot be read.
    pub fn chosen(&self) -> Result<Option<String>, StoreError> {
        let path = self.folder.join(CHOSEN);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.trim_end().to_owned()).filter(|name| self.folder(name).is_ok())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::io(&path)(source)),
        }
    }

    /// The paths to watch for changes of models: the folder, and the file that holds the choice.
    pub fn watched(&self) -> [PathBuf; 2] {
        [self.folder.clone(), self.folder.join(CHOSEN)]
    }

    /// Makes a model the chosen one, after opening it as a check.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], [`StoreError::Unusable`], and errors of the system.
    pub fn choose(&self, name: &str) -> Result<(), StoreError> {
        folder::check(&self.folder(name)?).map_err(StoreError::Unusable)?;
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
            return match Manifest::open(&folder)? {
                manifest if manifest.origin == origin => Ok(Pulled { name, manifest, already: true }),
                _ => Err(StoreError::Exists(name)),
            };
        }

        let aside = self.aside(&name, "pull");
        std::fs::create_dir_all(&aside).map_err(StoreError::io(&aside))?;
        let total = listing.files.iter().fold(0u64, |sum, file| sum.saturating_add(file.bytes));
        let agent = fetch::agent();
        let mut before = 0u64;
        for file in &listing.files {
            let mut seen =
                |here| progress(Progress { file: &file.name, done: before.saturating_add(here), total });
            fetch::fetch(&agent, file, &aside, &mut seen)?;
            before = before.saturating_add(file.bytes);
        }
        // Left over from an earlier pull, when the revision was another commit.
        for entry in std::fs::read_dir(&aside).map_err(StoreError::io(&aside))? {
            let path = entry.map_err(StoreError::io(&aside))?.path();
            if !listing.files.iter().any(|file| path.file_name() == Some(file.name.as_ref())) {
                std::fs::remove_file(&path).map_err(StoreError::io(&path))?;
            }
        }
        let manifest = self.admit(&aside, &folder, origin)?;
        Ok(Pulled { name, manifest, already: false })
    }

    /// Imports a GGUF file as a model with this name.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`StoreError::Import`], and errors of the system.
    pub fn import(&self, file: &Path, name: &str) -> Result<Manifest, StoreError> {
        let folder = self.place(name)?;
        let _lock = self.lock(name)?;
        if folder.exists() {
            return Err(StoreError::Exists(name.to_owned()));
        }
        let aside = self.aside(name, "import");
        delete(&aside)?;
        std::fs::create_dir_all(&aside).map_err(StoreError::io(&aside))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let filled = gguf::fill(file, &aside).map_err(StoreError::from);
        let admitted = filled.and_then(|()| self.admit(&aside, &folder, Origin::Gguf { file: name }));
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
            match Digests::of(&folder.join(file), seen) {
                Ok(found) if found.bytes == record.bytes && found.sha256 == record.sha256 => {}
                Ok(_) => faults.push((file.clone(), Fault::Changed)),
                Err(error) => faults.push((file.clone(), Fault::Unreadable(error.kind()))),
            }
        }
        for entry in std::fs::read_dir(&folder).map_err(StoreError::io(&folder))? {
            let file = entry.map_err(StoreError::io(&folder))?.file_name().to_string_lossy().into_owned();
            // This file is added later, when the weight of the model is measured.
            let is_known = file == MANIFEST || file == WEIGHT_FILE;
            if !is_known && !manifest.files.contains_key(&file) {
                faults.push((file, Fault::Added));
            }
        }
        Ok(Verified { faults, unusable: folder::check(&folder).err() })
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
        if !folder.exists() && !left.iter().any(|left| left.exists()) {
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
        let chosen = std::fs::read_to_string(self.folder.join(CHOSEN)).unwrap_or_default();
        if chosen.trim_end() == name {
            let path = self.folder.join(CHOSEN);
            std::fs::remove_file(&path).map_err(StoreError::io(&path))?;
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
        let sync = |path: &Path| File::open(path).and_then(|folder| folder.sync_all());
        sync(aside).map_err(StoreError::io(aside))?;
        std::fs::rename(aside, folder).map_err(StoreError::io(folder))?;
        sync(&self.folder).map_err(StoreError::io(&self.folder))?;
        Ok(manifest)
    }

    /// Locks a model until the file is dropped or the process ends in any way. A second writer is
    /// refused at once. The lock file stays, because removing it could remove one that another
    /// process has just locked.
    fn lock(&self, name: &str) -> Result<File, StoreError> {
        std::fs::create_dir_all(&self.folder).map_err(StoreError::io(&self.folder))?;
        let path = self.folder.join(format!(".{name}.lock"));
        let file = File::create(&path).map_err(StoreError::io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy(name.to_owned())),
            Err(TryLockError::Error(source)) => Err(StoreError::io(&path)(source)),
        }
    }

    /// The folder of a model with this name, whether or not it exists.
    fn place(&self, name: &str) -> Result<PathBuf, StoreError> {
        match source::is_name(name) {
            true => Ok(self.folder.join(name)),
            false => Err(StoreError::Name(name.to_owned())),
        }
    }

    /// The hidden folder, beside the models, for an operation on this model.
    fn aside(&self, name: &str, what: &str) -> PathBuf {
        self.folder.join(format!(".{name}.{what}"))
    }
}

/// Deletes a folder if it exists.
fn delete(folder: &Path) -> Result<(), StoreError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        deleted => deleted.map_err(StoreError::io(folder)),
    }
}
