//! A few threads that run one function together, many thousand times a second.
//!
//! A forward pass has about 150 parallel steps of some ten microseconds each, with a microsecond of serial work
//! between them. Waking a sleeping thread takes longer than such a step, so threads watch for the next step for a
//! few microseconds before they sleep. Between passes all of them sleep.
//!
//! This is one of the few places with `unsafe`. Its invariant: [`Pool::run`] hands the workers a borrowed function
//! with its lifetime erased, and does not return, not even by a panic, before each worker has said that it is done
//! with it. `run` takes `&mut self`, so there is one function at a time.
#![allow(unsafe_code)]

use super::cores;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// Checks for the next step before a thread sleeps: about 40 µs on current processors. Hand-chosen, 2026-11-23.
const SPINS: u32 = 2_000;

/// A function that is called with the number of the calling thread.
type Step = dyn Fn(usize) + Sync;

struct Shared {
    /// Counts the steps; a worker runs a step when it sees a number that it has not seen.
    step: AtomicUsize,
    /// Workers that have not finished the current step.
    busy: AtomicUsize,
    /// Written by `run` while `busy` is 0, read by workers between seeing `step` and lowering `busy`.
    function: UnsafeCell<Option<*const Step>>,
    /// Whether a worker's share of the step panicked.
    panicked: AtomicBool,
    stop: AtomicBool,
}

// SAFETY: `function` is the only field that is not `Sync`. `run` writes it while no worker reads: all have lowered
// `busy` (release) and `run` has seen 0 (acquire); the new value is published by raising `step`. What it points to
// is `Sync`, so any thread may call it.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

struct Worker {
    asleep: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// The calling thread and its workers.
pub(super) struct Pool {
    shared: Arc<Shared>,
    workers: Vec<Worker>,
}

impl Pool {
    /// A pool of `threads` threads, at least one, including the one that calls [`Pool::run`]. If
    /// the platform allows it, each worker stays on a physical core of its own.
    ///
    /// # Errors
    /// The system cannot start more threads.
    pub(super) fn new(threads: usize) -> std::io::Result<Pool> {
        let shared = Arc::new(Shared {
            step: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            function: UnsafeCell::new(None),
            panicked: AtomicBool::new(false),
            stop: AtomicBool::new(false),
        });
        let mut pool = Pool { shared, workers: Vec::new() };
        let cores = cores::physical();
        for number in 1..threads {
            let asleep = Arc::new(AtomicBool::new(false));
            let (shared, its_own) = (pool.shared.clone(), asleep.clone());
            // If there are fewer cores than threads, the system decides.
            let core = if cores.len() >= threads { cores.get(number).copied() } else { None };
            let thread = thread::Builder::new().name(format!("sayso-model-{number}")).spawn(move || {
                if let Some(core) = core {
                    cores::pin_to_core(core);
                }
                work(&shared, &its_own, number);
            })?;
            pool.workers.push(Worker { asleep, thread });
        }
        Ok(pool)
    }

    /// Number of threads, including the calling one.
    pub(super) fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `function` once in each thread, with the thread's number, and returns when all of them have returned.
    ///
    /// # Panics
    /// If `function` panics in any thread.
    pub(super) fn run(&mut self, function: impl Fn(usize) + Sync) {
        if self.workers.is_empty() {
            return function(0);
        }
        let function: &(dyn Fn(usize) + Sync) = &function;
        // SAFETY: this only lengthens the lifetime. `Wait` keeps this call from ending, by return or by panic, before
        // `busy` is 0, and workers use the pointer only before they lower `busy`.
        let function: *const Step =
            unsafe { std::mem::transmute::<*const (dyn Fn(usize) + Sync + '_), *const Step>(function) };
        // SAFETY: `busy` is 0 (the previous `run` waited for it), so no worker reads.
        unsafe { *self.shared.function.get() = Some(function) };
        // An earlier step in which the caller's own share panicked too may have left it set.
        self.shared.panicked.store(false, Ordering::Relaxed);
        self.shared.busy.store(self.workers.len(), Ordering::Relaxed);
        // Sequentially consistent, as are the sleeper's store and load in `work`: either it sees the step or we see
        // that it sleeps.
        self.shared.step.fetch_add(1, Ordering::SeqCst);
        for worker in &self.workers {
            if worker.asleep.load(Ordering::SeqCst) {
                worker.thread.thread().unpark();
            }
        }
        let wait = Wait(&self.shared);
        // SAFETY: the pointer was made from a reference that is still alive.
        unsafe { (*function)(0) };
        drop(wait);
        assert!(
            !self.shared.panicked.load(Ordering::Relaxed),
            "a share of the work panicked in another thread"
        );
    }

    /// Calls `function` for each item, in whichever thread is free and in no defined order.
    pub(super) fn each<T: Send>(
        &mut self,
        items: impl Iterator<Item = T> + Send,
        function: impl Fn(T) + Sync,
    ) {
        self.each_numbered(items, |_, item| function(item));
    }

    /// As [`Pool::each`], but in the calling thread alone if there are fewer than two items,
    /// because handing one over takes longer than its work.
    pub(super) fn each_of_many<T: Send>(
        &mut self,
        count: usize,
        items: impl Iterator<Item = T> + Send,
        function: impl Fn(T) + Sync,
    ) {
        if count < 2 { items.for_each(function) } else { self.each(items, function) }
    }

    /// As [`Pool::each`], with the number of the thread.
    pub(super) fn each_numbered<T: Send>(
        &mut self,
        items: impl Iterator<Item = T> + Send,
        function: impl Fn(usize, T) + Sync,
    ) {
        let items = Mutex::new(items);
        self.run(|thread| {
            loop {
                let item = items.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(item) = item else { break };
                function(thread, item);
            }
        });
    }
}

/// Waits for the workers when it is dropped, so that a panic of the caller's own share waits as well.
struct Wait<'a>(&'a Shared);

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut spins = 0;
        while self.0.busy.load(Ordering::Acquire) != 0 {
            spins += 1;
            // A worker that takes this long has lost its core to another program, and may need this
            // one.
            if spins < SPINS { std::hint::spin_loop() } else { thread::yield_now() }
        }
    }
}

fn work(shared: &Shared, asleep: &AtomicBool, number: usize) {
    let mut seen = 0;
    loop {
        let mut spins = 0;
        while shared.step.load(Ordering::Acquire) == seen {
            spins += 1;
            if spins < SPINS {
                std::hint::spin_loop();
                continue;
            }
            asleep.store(true, Ordering::SeqCst);
            if shared.step.load(Ordering::SeqCst) == seen {
                thread::park();
            }
            asleep.store(false, Ordering::SeqCst);
        }
        seen = seen.wrapping_add(1);
        if shared.stop.load(Ordering::Acquire) {
            return;
        }
        // SAFETY: `step` was raised after `function` was written, and `run` keeps the function alive and writes no
        // other until `busy` is lowered below.
        let function = unsafe { (*shared.function.get()).map(|function| &*function) };
        if let Some(function) = function
            && catch_unwind(AssertUnwindSafe(|| function(number))).is_err()
        {
            shared.panicked.store(true, Ordering::Relaxed);
        }
        shared.busy.fetch_sub(1, Ordering::Release);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.step.fetch_add(1, Ordering::SeqCst);
        for worker in self.workers.drain(..) {
            worker.thread.thread().unpark();
            // A worker catches every panic of its work, so `join` has none to report.
            let _ = worker.thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_is_done_once() {
        for threads in 1..4 {
            let mut pool = Pool::new(threads).unwrap();
            assert_eq!(pool.threads(), threads);
            let mut numbers = vec![0u32; 100];
            for _ in 0..if cfg!(miri) { 3 } else { 1000 } {
                pool.each(numbers.iter_mut(), |number| *number += 1);
            }
            let first = numbers[0];
            assert!(first > 0 && numbers.iter().all(|number| *number == first), "{numbers:?}");
        }
    }

    #[test]
    fn every_thread_takes_part() {
        let mut pool = Pool::new(3).unwrap();
        let calls = Mutex::new(Vec::new());
        pool.run(|thread| calls.lock().unwrap().push(thread));
        let mut calls = calls.into_inner().unwrap();
        calls.sort_unstable();
        assert_eq!(calls, [0, 1, 2]);
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_lives_on() {
        let mut pool = Pool::new(2).unwrap();
        for culprits in [[0, 0], [1, 1], [0, 1]] {
            let work = |thread| assert!(!culprits.contains(&thread), "meant to");
            assert!(catch_unwind(AssertUnwindSafe(|| pool.run(work))).is_err());
        }
        let sum = AtomicUsize::new(0);
        pool.each(1..=10, |number| {
            sum.fetch_add(number, Ordering::Relaxed);
        });
        assert_eq!(sum.into_inner(), 55);
    }

    #[test]
    #[cfg_attr(miri, ignore = "asks the system")]
    #[cfg(target_os = "linux")]
    fn each_worker_stays_on_a_physical_core_of_its_own() {
        let cores = cores::physical();
        let mut pool = Pool::new(cores.len()).unwrap();
        let found = Mutex::new(vec![Vec::new(); cores.len()]);
        pool.run(|thread| found.lock().unwrap()[thread] = cores::physical());
        for (worker, found) in found.into_inner().unwrap().iter().enumerate().skip(1) {
            assert_eq!(found, &cores[worker..=worker]);
        }
    }

    #[test]
    fn sleeping_threads_wake_up() {
        let mut pool = Pool::new(2).unwrap();
        let sum = AtomicUsize::new(0);
        for _ in 0..3 {
            while !pool.workers[0].asleep.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            pool.run(|_| {
                sum.fetch_add(1, Ordering::Relaxed);
            });
        }
        assert_eq!(sum.into_inner(), 6);
    }
}
