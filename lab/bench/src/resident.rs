//! A daemon that a benchmark starts, asks and ends.

use crate::programs::{self, World};
use anyhow::{Context, anyhow, bail};
use sayso_protocol::dial::{Connection, DialError};
use sayso_protocol::{Op, Outcome, Place, Request, reply::Body};
use std::fs::File;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A daemon that has not answered by then will not.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause between two tries to connect: a start is seen at most so much late.
const PROBE_PAUSE: Duration = Duration::from_micros(100);

/// A running daemon in a world of its own; it ends when this is dropped.
pub(crate) struct Resident {
    /// Where it lives.
    pub(crate) world: World,
    child: Child,
    place: Place,
    asked: u64,
}

impl Resident {
    /// Starts `saysod` and waits until it accepts a connection, by trying.
    pub(crate) fn start() -> anyhow::Result<Resident> {
        let world = World::new()?;
        let place = Place::locate_or_at(Some(&world.socket()))?;
        let mut command = world.command(&programs::ours("saysod")?);
        // A file, because a pipe that nobody reads may fill up.
        let complaints = world.folder().join("saysod.stderr");
        let stderr = File::create(&complaints)?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr).spawn();
        let mut resident = Resident { world, child: child.context("cannot start saysod")?, place, asked: 0 };
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = Connection::open(&resident.place, deadline) {
            if let Some(status) = resident.child.try_wait()? {
                let said = std::fs::read_to_string(&complaints)?;
                bail!("saysod ended at its start ({status}): {}", said.trim());
            }
            match error {
                DialError::Absent => thread::sleep(PROBE_PAUSE),
                error => return Err(anyhow!(error).context("cannot connect to the saysod that was started")),
            }
        }
        Ok(resident)
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Converts `text` over a connection of its own.
    pub(crate) fn convert(&mut self, text: &str) -> anyhow::Result<String> {
        self.asked += 1;
        let request = Request { text: text.to_owned(), ..Request::new(self.asked, Op::Convert) };
        let deadline = Instant::now() + PATIENCE;
        let reply = Connection::open(&self.place, deadline)?.ask(&request, deadline)?;
        match reply.outcome {
            Outcome::Result(Body::Converted(answer)) => Ok(answer.buffer),
            other => bail!("the daemon answered {text:?} with {other:?}"),
        }
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        // Nothing is lost: its world goes too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
