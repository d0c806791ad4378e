//! Checks of whole model folders.

use crate::STACK_BYTES;
use crate::budget::{BESIDE_WEIGHTS, Budget};
use crate::checkpoint::Checkpoint;
use crate::language::{self, LanguageError};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How long template and tokenizer may take together. The largest real ones take 2 s in a program
/// without optimisation. Hand-chosen, 2026-11-28.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the budget of the thread is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Opens everything in a model folder as the daemon does, without loading the model: on a thread of
/// the same stack, under the same budget of memory, and within a time that only hostile folders
/// need.
///
/// # Errors
/// What is wrong with the first file that cannot be used.
pub fn check(folder: &Path) -> Result<(), LanguageError> {
    let budget = Budget::of(BESIDE_WEIGHTS);
    let (sender, receiver) = mpsc::channel();
    let folder = folder.to_owned();
    let work = move || {
        budget.enter();
        // Its time depends on the size of the weights, and is bounded by that.
        let checkpoint = match Checkpoint::open(&folder) {
            Ok(checkpoint) => checkpoint,
            Err(error) => return drop(sender.send(Some(Err(error.into())))),
        };
        // The receiver may have given up, and nobody else is interested.
        let _ = sender.send(None);
        let _ = sender.send(Some(language::check(&folder, &checkpoint)));
    };
    let thread = thread::Builder::new().name("check".to_owned()).stack_size(STACK_BYTES).spawn(work);
    thread.map_err(LanguageError::Thread)?;
    let mut since = None;
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok(Some(done)) => return done,
            Ok(None) => since = Some(Instant::now()),
            // A panic of a library, which is a defect of it or of the folder.
            Err(RecvTimeoutError::Disconnected) => return Err(LanguageError::Gone),
            Err(RecvTimeoutError::Timeout) if budget.is_exceeded() => return Err(LanguageError::Budget),
            Err(RecvTimeoutError::Timeout) if since.is_some_and(|since| since.elapsed() > PATIENCE) => {
                return Err(LanguageError::Slow(PATIENCE));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}
