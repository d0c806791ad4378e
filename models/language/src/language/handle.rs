//! The one thread that owns a model, and the handle by which all others ask it.

use super::{Language, LanguageError, Likelihood, Options, Stop, Written};
use crate::error::DecoderError;
use crate::heap;
use crate::memory::Memory;
use sayso_speech::lattice::Lattice;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A model that is loaded and answers, one request after the other. Clones ask the same one; it goes when the last of
/// them does, behind the requests that were made.
#[derive(Debug, Clone)]
pub struct ModelHandle {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    name: String,
    memory: Memory,
    weight: Option<f32>,
    /// Behind a lock so that handles can be shared among threads; it is held for as long as sending takes.
    requests: Mutex<Sender<Request>>,
    thread: JoinHandle<()>,
}

/// What the thread is to do. It owns all that it needs, and sends its answer itself.
type Request = Box<dyn FnOnce(&mut Language) + Send>;

/// How often who waits for an answer looks whether it is still wanted: only a request behind others waits so long.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

impl ModelHandle {
    /// Opens a model folder on a thread of its own and waits until it answers. Its name is the folder's.
    ///
    /// # Errors
    /// As [`Language::open`], or a thread that cannot be started.
    pub fn open(folder: &Path, options: &Options) -> Result<ModelHandle, LanguageError> {
        let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let (folder, options) = (folder.to_owned(), *options);
        ModelHandle::start(name, move || Language::open(&folder, &options))
    }

    /// As [`ModelHandle::open`], with a model that `open` makes: on its thread, because not every decoder may leave the
    /// one that it was made on.
    ///
    /// # Errors
    /// As `open`, or a thread that cannot be started.
    pub fn start(
        name: String,
        open: impl FnOnce() -> Result<Language, LanguageError> + Send + 'static,
    ) -> Result<ModelHandle, LanguageError> {
        let (requests, inbox) = mpsc::channel::<Request>();
        let (opened, answer) = mpsc::sync_channel(1);
        let work = move || {
            let mut language = match open() {
                Ok(language) => language,
                Err(error) => {
                    // Who asked for it waits.
                    let _ = opened.send(Err(error));
                    return;
                }
            };
            heap::trim();
            let _ = opened.send(Ok((language.memory(), language.weight)));
            // A panic ends the thread: what it left of the model is not to be trusted. All channels close with it.
            while let Ok(request) = inbox.recv() {
                request(&mut language);
            }
            drop(language);
            heap::trim();
        };
        let thread = thread::Builder::new().name("language".to_owned()).spawn(work);
        let thread = thread.map_err(LanguageError::Thread)?;
        let (memory, weight) = answer.recv().map_err(|_| LanguageError::Gone)??;
        Ok(ModelHandle {
            inner: Arc::new(Inner { name, memory, weight, requests: Mutex::new(requests), thread }),
        })
    }

    /// The name of the model.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// What it takes of memory.
    pub fn memory(&self) -> Memory {
        self.inner.memory
    }

    /// What a nat of its counts for beside one of the tagger's, where its folder says so.
    pub fn weight(&self) -> Option<f32> {
        self.inner.weight
    }

    /// Whether its thread has ended, by a defect: it will answer nothing any more.
    pub fn has_ended(&self) -> bool {
        self.inner.thread.is_finished()
    }

    /// [`Language::judge`], on its thread.
    ///
    /// # Errors
    /// As there, or [`LanguageError::Gone`].
    pub fn judge(
        &self,
        dictation: &str,
        candidates: &[String],
        stop: &Stop,
    ) -> Result<Vec<Likelihood>, LanguageError> {
        let (dictation, candidates) = (dictation.to_owned(), candidates.to_vec());
        self.ask(stop, move |language, stop| language.judge(&dictation, &candidates, stop))
    }

    /// [`Language::write`], on its thread.
    ///
    /// # Errors
    /// As there, or [`LanguageError::Gone`].
    pub fn write(
        &self,
        dictation: &str,
        lattice: &Arc<Lattice>,
        stop: &Stop,
    ) -> Result<Option<Written>, LanguageError> {
        let (dictation, lattice) = (dictation.to_owned(), lattice.clone());
        self.ask(stop, move |language, stop| language.write(&dictation, &lattice, stop))
    }

    /// [`Language::write_freely`], on its thread.
    ///
    /// # Errors
    /// As there, or [`LanguageError::Gone`].
    pub fn write_freely(&self, dictation: &str, stop: &Stop) -> Result<String, LanguageError> {
        let dictation = dictation.to_owned();
        self.ask(stop, move |language, stop| language.write_freely(&dictation, stop))
    }

    /// Has the thread do something, and waits for what comes of it, no longer than until `stop`. The thread ends what it
    /// does then too, at the next layer; what it began as is not there to be waited for.
    ///
    /// # Errors
    /// As `work`, [`DecoderError::Stopped`], or [`LanguageError::Gone`] where the thread has ended.
    pub fn ask<Answer: Send + 'static>(
        &self,
        stop: &Stop,
        work: impl FnOnce(&mut Language, &Stop) -> Result<Answer, LanguageError> + Send + 'static,
    ) -> Result<Answer, LanguageError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let at_work = stop.clone();
        let request = move |language: &mut Language| {
            // In the queue it may have grown old.
            let answer = match at_work.reached() {
                true => Err(DecoderError::Stopped.into()),
                false => work(language, &at_work),
            };
            // Nobody may want it any more.
            let _ = sender.send(answer);
        };
        // A sender is whole whatever happened to who held the lock.
        let requests = self.inner.requests.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        requests.send(Box::new(request)).map_err(|_| LanguageError::Gone)?;
        drop(requests);
        loop {
            let glance = stop.left().map_or(POLL_INTERVAL, |left| left.min(POLL_INTERVAL));
            match receiver.recv_timeout(glance) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Disconnected) => return Err(LanguageError::Gone),
                Err(RecvTimeoutError::Timeout) if stop.reached() => return Err(DecoderError::Stopped.into()),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}
