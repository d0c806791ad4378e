//! The thread that owns a language model, and the handle that sends requests to it.

use super::{Language, LanguageError, Likelihood, Options, Stop, Written};
use crate::STACK_BYTES;
use crate::budget::{BESIDE_WEIGHTS, Budget};
use crate::checkpoint::{BuiltIn, Files};
use crate::error::DecoderError;
use crate::heap;
use crate::memory::Memory;
use crate::mix::Mix;
use sayso_speech::lattice::Lattice;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A handle to a loaded model, which answers one request after the other. Clones share the model.
/// It is unloaded after the last clone is dropped and all pending requests are done.
#[derive(Debug, Clone)]
pub struct ModelHandle {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    name: String,
    memory: Memory,
    mix: Mix,
    /// Behind a lock, so that threads can share the handle. It is held only while a request is
    /// sent.
    requests: Mutex<Sender<Request>>,
    thread: JoinHandle<()>,
    budget: &'static Budget,
}

/// A job for the thread. It owns everything that it needs, and sends its answer itself.
type Request = Box<dyn FnOnce(&mut Language) + Send>;

/// How often a waiting caller checks whether the answer is still wanted. This matters only for
/// requests that wait behind others. Hand-chosen, 2026-11-28.
const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// How long a folder may take to open. Weights of 16 GB from a slow disk take four minutes.
/// Hand-chosen, 2026-11-28.
const OPENING: Duration = Duration::from_secs(600);

impl ModelHandle {
    /// Opens a model on a new thread and waits until it is ready. A model of a folder gets its name.
    ///
    /// # Errors
    /// As for [`Language::open`], or a thread that cannot be started.
    pub fn open<'a>(files: impl Into<Files<'a>>, options: &Options) -> Result<ModelHandle, LanguageError> {
        let options = *options;
        match files.into() {
            Files::BuiltIn(model) => {
                ModelHandle::start(BuiltIn::NAME.to_owned(), move || Language::open(model, &options))
            }
            Files::Folder(folder) => {
                let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let folder = folder.to_owned();
                ModelHandle::start(name, move || Language::open(&folder, &options))
            }
        }
    }

    /// As [`ModelHandle::open`], for a model that `open` creates. `open` runs on the new thread,
    /// because some decoders cannot leave the thread that created them.
    ///
    /// # Errors
    /// The errors of `open`, or a thread that cannot be started.
    pub fn start(
        name: String,
        open: impl FnOnce() -> Result<Language, LanguageError> + Send + 'static,
    ) -> Result<ModelHandle, LanguageError> {
        let (requests, inbox) = mpsc::channel::<Request>();
        let (opened, answer) = mpsc::sync_channel(1);
        let budget = Budget::of(BESIDE_WEIGHTS);
        let work = move || {
            budget.enter();
            let mut language = match open() {
                Ok(language) => language,
                Err(error) => {
                    // This cannot fail, because the caller is waiting for it.
                    let _ = opened.send(Err(error));
                    return;
                }
            };
            heap::trim();
            let _ = opened.send(Ok((language.memory(), language.mix)));
            // A panic ends the thread, because the model may be in a broken state, and closes all
            // channels.
            while let Ok(request) = inbox.recv() {
                request(&mut language);
            }
            drop(language);
            heap::trim();
        };
        let thread = thread::Builder::new().name("language".to_owned()).stack_size(STACK_BYTES).spawn(work);
        let thread = thread.map_err(LanguageError::Thread)?;
        let begun = Instant::now();
        let (memory, mix) = loop {
            match answer.recv_timeout(POLL_INTERVAL) {
                Ok(opened) => break opened?,
                Err(RecvTimeoutError::Disconnected) => return Err(LanguageError::Gone),
                Err(RecvTimeoutError::Timeout) if budget.is_exceeded() => return Err(LanguageError::Budget),
                Err(RecvTimeoutError::Timeout) if begun.elapsed() > OPENING => {
                    return Err(LanguageError::Slow(OPENING));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        };
        Ok(ModelHandle {
            inner: Arc::new(Inner { name, memory, mix, requests: Mutex::new(requests), thread, budget }),
        })
    }

    /// The name of the model.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// How much memory it takes.
    pub fn memory(&self) -> Memory {
        self.inner.memory
    }

    /// How its opinion counts beside the tagger's.
    pub fn mix(&self) -> &Mix {
        &self.inner.mix
    }

    /// Gives this handle up. If it was the last one, waits until the model is unloaded and its memory is free.
    pub fn close(self) {
        if let Some(Inner { requests, thread, .. }) = Arc::into_inner(self.inner) {
            drop(requests);
            // A panic of that thread has been told to whoever asked.
            let _ = thread.join();
        }
    }

    /// Why the model answers no further request, if so: its thread has ended because of a bug, or
    /// was stopped because it took too much memory.
    pub fn ended(&self) -> Option<LanguageError> {
        match () {
            () if self.inner.budget.is_exceeded() => Some(LanguageError::Budget),
            () if self.inner.thread.is_finished() => Some(LanguageError::Gone),
            () => None,
        }
    }

    /// Runs [`Language::rescore`] on the thread of the model.
    ///
    /// # Errors
    /// As for [`Language::rescore`], or [`LanguageError::Gone`].
    pub fn rescore(
        &self,
        dictation: &str,
        candidates: &[String],
        stop: &Stop,
    ) -> Result<Vec<Likelihood>, LanguageError> {
        let (dictation, candidates) = (dictation.to_owned(), candidates.to_vec());
        self.ask(stop, move |language, stop| language.rescore(&dictation, &candidates, stop))
    }

    /// Runs [`Language::write`] on the thread of the model.
    ///
    /// # Errors
    /// As for [`Language::write`], or [`LanguageError::Gone`].
    pub fn write(
        &self,
        dictation: &str,
        lattice: &Arc<Lattice>,
        guess: &str,
        stop: &Stop,
    ) -> Result<Option<Written>, LanguageError> {
        let (dictation, lattice, guess) = (dictation.to_owned(), lattice.clone(), guess.to_owned());
        self.ask(stop, move |language, stop| language.write(&dictation, &lattice, &guess, stop))
    }

    /// Runs [`Language::write_freely`] on the thread of the model.
    ///
    /// # Errors
    /// As for [`Language::write_freely`], or [`LanguageError::Gone`].
    pub fn write_freely(&self, dictation: &str, stop: &Stop) -> Result<String, LanguageError> {
        let dictation = dictation.to_owned();
        self.ask(stop, move |language, stop| language.write_freely(&dictation, stop))
    }

    /// Runs `work` on the thread of the model and waits for the answer, at most until `stop` is
    /// reached. The thread then abandons the work at the next layer, and this call does not wait
    /// for that.
    ///
    /// # Errors
    /// The errors of `work`, [`DecoderError::Stopped`], or [`LanguageError::Gone`] if the thread
    /// has ended.
    pub fn ask<Answer: Send + 'static>(
        &self,
        stop: &Stop,
        work: impl FnOnce(&mut Language, &Stop) -> Result<Answer, LanguageError> + Send + 'static,
    ) -> Result<Answer, LanguageError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let at_work = stop.clone();
        let request = move |language: &mut Language| {
            // The deadline may have passed while the request was queued.
            let answer = match at_work.reached() {
                true => Err(DecoderError::Stopped.into()),
                false => work(language, &at_work),
            };
            // The caller may no longer be waiting.
            let _ = sender.send(answer);
        };
        // A panic of the thread that held the lock cannot have damaged the sender.
        let requests = self.inner.requests.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        requests.send(Box::new(request)).map_err(|_| LanguageError::Gone)?;
        drop(requests);
        loop {
            let glance = stop.left().map_or(POLL_INTERVAL, |left| left.min(POLL_INTERVAL));
            match receiver.recv_timeout(glance) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Disconnected) => return Err(LanguageError::Gone),
                Err(RecvTimeoutError::Timeout) if self.inner.budget.is_exceeded() => {
                    return Err(LanguageError::Budget);
                }
                Err(RecvTimeoutError::Timeout) if stop.reached() => return Err(DecoderError::Stopped.into()),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}
