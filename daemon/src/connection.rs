//! One connection: frames in, answers out, never more memory than a frame and what is in flight.

use crate::house::{House, Phase, Room, VERSION};
use crate::work::{self, Job};
use interprocess::os::unix::uds_local_socket::tokio::Stream;
use sayso_protocol::line::Splitter;
use sayso_protocol::reply::Body;
use sayso_protocol::{Code, Fault, Form, MAX_FRAME_BYTES, Op, Outcome, Reply, ReplyTo, Request, frame};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::{self, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long the rest of a begun frame may take, and how long a peer may take to accept an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Without news for so long while the daemon ends, everything that was sent has been read.
const QUIET: Duration = Duration::from_millis(20);
/// A connection that was quiet for so long makes room where the daemon is full.
const IDLE: Duration = Duration::from_secs(1);
/// Bytes that are read at once.
const CHUNK_BYTES: usize = 16 * 1024;
/// Whom to answer when a request cannot be read that far.
const UNKNOWN: ReplyTo = ReplyTo { id: 0, form: Form::Json };

/// Serves one connection until either side is done with it.
pub(crate) async fn serve(mut stream: Stream, house: Arc<House>) {
    if let Err(error) = sayso_protocol::peer::check(&stream) {
        tracing::warn!(%error, "connection refused");
        return;
    }
    if let Err(error) = exchange(&mut stream, &house).await {
        tracing::debug!(%error, "connection lost");
    }
}

async fn exchange(stream: &mut Stream, house: &Arc<House>) -> io::Result<()> {
    let mut splitter = Splitter::new(MAX_FRAME_BYTES);
    let mut chunk = vec![0; CHUNK_BYTES];
    // All of them end with the connection.
    let mut answers = Answers::default();
    // Whether more is read. Once it is not, what is in flight is still answered.
    let mut listening = true;
    // When the frame that has begun must have ended.
    let mut frame_due = None;
    let mut quiet_since = Instant::now();
    loop {
        while listening && let Some(message) = splitter.next_message() {
            frame_due = None;
            match message.map(frame::decode) {
                Ok(Ok(request)) => admit(request, stream, house, &mut answers).await?,
                Ok(Err(rejected)) => send(stream, &failed(house, rejected.to, rejected.fault)).await?,
                Err(_) => {
                    send(stream, &failed(house, UNKNOWN, frame::frame_too_long())).await?;
                    listening = false;
                }
            }
        }
        if listening && splitter.is_midway() {
            frame_due.get_or_insert_with(|| Instant::now() + PATIENCE);
        } else {
            frame_due = None;
        }
        let idle = answers.is_empty() && frame_due.is_none();
        if idle && !listening {
            return Ok(());
        }
        let phase = house.phase();
        tokio::select! {
            biased;
            Some(answer) = answers.next(house) => send(stream, &answer).await?,
            read = stream.read(&mut chunk), if listening => match read? {
                0 => listening = false,
                read => {
                    quiet_since = Instant::now();
                    splitter.push(&chunk[..read]);
                }
            },
            () = due(frame_due) => {
                let message = format!("the rest of the message did not come within {} s", PATIENCE.as_secs());
                send(stream, &failed(house, UNKNOWN, Fault::new(Code::BadRequest, message))).await?;
                listening = false;
            }
            () = house.crowded_after(quiet_since + IDLE), if idle => return Ok(()),
            () = house.reached(Phase::Draining), if phase == Phase::Running => {}
            () = sleep(QUIET), if phase == Phase::Draining && idle => return Ok(()),
            () = house.reached(Phase::Closing), if phase == Phase::Draining => {}
            () = std::future::ready(()), if phase == Phase::Closing && answers.is_empty() => return Ok(()),
        }
    }
}

/// Waits until then; for ever where there is no such time.
async fn due(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Answers what can be answered at once, and sets the rest to work.
async fn admit(
    request: Request,
    stream: &mut Stream,
    house: &Arc<House>,
    answers: &mut Answers,
) -> io::Result<()> {
    house.asked();
    match request.op {
        Op::Status if house.phase() == Phase::Running => {
            house.meter().requests += 1;
            let house = house.clone();
            let status = task::spawn_blocking(move || house.status()).await.map_err(io::Error::other)?;
            let status = Outcome::Status(Box::new(status));
            send(stream, &frame::encode_reply(Reply::new(request.id, VERSION, status), request.form)).await
        }
        // A daemon that ends is no daemon to rely on: who asks is about to start the next one.
        Op::Status => send(stream, &failed(house, request.reply_to(), work::shutting_down())).await,
        Op::Shutdown => {
            tracing::info!("asked to end");
            house.meter().requests += 1;
            let done = Outcome::Result(Body::Done {});
            let sent =
                send(stream, &frame::encode_reply(Reply::new(request.id, VERSION, done), request.form)).await;
            house.enter(Phase::Draining);
            sent
        }
        Op::Convert | Op::Explain => {
            let bytes = request.text.len();
            let job = Job::new(house, request);
            // Where the house is full, this connection is read no further until there is room.
            let room = house.room(bytes).await.map_err(io::Error::other)?;
            answers.begin(job.reply_to(), answered(job, house.clone(), room));
            Ok(())
        }
    }
}

/// Requests of one connection that are worked on; each ends as the frame of its answer.
#[derive(Default)]
struct Answers {
    tasks: JoinSet<Vec<u8>>,
    /// Whom each answers, for a task that panics.
    asked_by: HashMap<task::Id, ReplyTo>,
}

impl Answers {
    fn begin(&mut self, to: ReplyTo, answered: impl Future<Output = Vec<u8>> + Send + 'static) {
        self.asked_by.insert(self.tasks.spawn(answered).id(), to);
    }

    fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The next answer that is ready; `None` where nothing is worked on. May be dropped and called again.
    async fn next(&mut self, house: &House) -> Option<Vec<u8>> {
        let (task, answer) = match self.tasks.join_next_with_id().await? {
            Ok((task, answer)) => (task, Some(answer)),
            Err(error) => (error.id(), None),
        };
        let to = self.asked_by.remove(&task).unwrap_or(UNKNOWN);
        Some(answer.unwrap_or_else(|| failed(house, to, work::defect())))
    }
}

/// The frame that answers a job.
async fn answered(job: Job, house: Arc<House>, _room: Room) -> Vec<u8> {
    let to = job.reply_to();
    match job.run(&house).await {
        Ok(frame) => {
            house.meter().requests += 1;
            frame
        }
        Err(fault) => failed(&house, to, fault),
    }
}

/// The frame of an error, counted.
fn failed(house: &House, to: ReplyTo, fault: Fault) -> Vec<u8> {
    tracing::debug!(code = %fault.code, "request failed");
    let mut meter = house.meter();
    meter.requests += 1;
    meter.errors += 1;
    frame::encode_reply(Reply::new(to.id, VERSION, Outcome::Error(fault)), to.form)
}

async fn send(stream: &mut Stream, frame: &[u8]) -> io::Result<()> {
    timeout(PATIENCE, stream.write_all(frame)).await?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;
    use crate::keeper::Keeper;

    #[tokio::test]
    async fn a_task_that_panics_is_answered_too() {
        let house = House::new(Configuration::load(), Keeper::new(None), false, String::new(), "daemon");
        let mut answers = Answers::default();
        answers.begin(ReplyTo { id: 7, form: Form::Json }, async { panic!("a defect") });
        let frame = answers.next(&house).await.unwrap();
        let reply = frame::decode_reply(frame.trim_ascii_end()).unwrap();
        assert_eq!(reply.id, 7);
        assert!(matches!(reply.outcome, Outcome::Error(Fault { code: Code::Internal, .. })), "{reply:?}");
        assert!(answers.is_empty() && answers.asked_by.is_empty());
        assert_eq!(house.meter().errors, 1);
    }
}
