//! The one thread on which large inputs are converted, one after the other.
//!
//! A large input needs a hundred times its length, and an allocator keeps that memory for the thread that used it. On
//! one thread all large inputs share one such store, and the threads of the short lines stay small.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use tokio::sync::oneshot;

/// Sends work to the thread, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct LargeInputWorker {
    jobs: Sender<Box<dyn FnOnce() + Send>>,
}

/// The work panicked, or the thread has ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WorkerFailed;

impl LargeInputWorker {
    /// Starts the thread.
    pub(crate) fn new() -> LargeInputWorker {
        let (jobs, queue) = channel::<Box<dyn FnOnce() + Send>>();
        thread::spawn(move || {
            for job in queue {
                // Waiters learn of the panic when their channel closes.
                let _ = catch_unwind(AssertUnwindSafe(job));
            }
        });
        LargeInputWorker { jobs }
    }

    /// Runs `work` in its turn, unless by then nobody waits for it any more.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkerFailed> {
        let (done, result) = oneshot::channel();
        let job = move || {
            if !done.is_closed() {
                // If its deadline has passed, nobody waits for it.
                let _ = done.send(work());
            }
        };
        self.jobs.send(Box::new(job)).map_err(|_| WorkerFailed)?;
        result.await.map_err(|_| WorkerFailed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_fails_one_and_what_nobody_waits_for_is_not_done() {
        let worker = LargeInputWorker::new();
        assert_eq!(worker.run(|| panic!("a defect")).await, Err::<(), _>(WorkerFailed));
        let (go, wait) = channel::<()>();
        let (sign, signs) = channel();
        let given_up = {
            let sign = sign.clone();
            worker.run(move || sign.send("given up"))
        };
        // Handed over behind a job that waits, and then given up.
        tokio::select! {
            biased;
            _ = worker.run(move || wait.recv()) => unreachable!("nobody has said so"),
            _ = given_up => unreachable!("another one has its turn"),
            () = std::future::ready(()) => {}
        }
        go.send(()).unwrap_or_default();
        worker.run(move || sign.send("last")).await.unwrap().unwrap();
        assert_eq!(signs.iter().collect::<Vec<_>>(), ["last"]);
    }
}
