//! One connection: frames in, answers out, never more memory than a frame and what is in flight.

use crate::job::Job;
use crate::limits::RequestPermit;
use crate::phase::Phase;
use crate::state::{Shared, VERSION};
use crate::wire::{internal_error, shutting_down};
use interprocess::os::unix::uds_local_socket::tokio::Stream;
use sayso_protocol::line::Splitter;
use sayso_protocol::reply::Body;
use sayso_protocol::{Code, ErrorReply, Form, MAX_FRAME_BYTES, Op, Outcome, Reply, ReplyTo, Request, frame};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::{self, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long the rest of a begun frame may take, and how long a peer may take to accept a reply.
const PATIENCE: Duration = Duration::from_secs(10);
/// Silence after which, while the daemon ends, everything that was sent counts as read.
const QUIET: Duration = Duration::from_millis(20);
/// Silence after which a connection gives up its slot to one that waits.
const IDLE: Duration = Duration::from_secs(1);
/// Bytes that are read at once.
const CHUNK_BYTES: usize = 16 * 1024;
/// Whom to answer when a request cannot be read that far.
const UNKNOWN: ReplyTo = ReplyTo { id: 0, form: Form::Json };

/// Serves one connection until either side is done with it.
pub(crate) async fn serve(mut stream: Stream, shared: Arc<Shared>) {
    if let Err(error) = sayso_protocol::peer::check(&stream) {
        tracing::warn!(%error, "connection refused");
        return;
    }
    if let Err(error) = exchange(&mut stream, &shared).await {
        tracing::debug!(%error, "connection lost");
    }
}

async fn exchange(stream: &mut Stream, shared: &Arc<Shared>) -> io::Result<()> {
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
                Ok(Ok(request)) => admit(request, stream, shared, &mut answers).await?,
                Ok(Err(rejected)) => send(stream, &failed(shared, rejected.to, rejected.fault)).await?,
                Err(_) => {
                    send(stream, &failed(shared, UNKNOWN, frame::frame_too_long())).await?;
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
        let phase = shared.phases.current();
        tokio::select! {
            biased;
            Some(answer) = answers.next(shared) => send(stream, &answer).await?,
            read = stream.read(&mut chunk), if listening => match read? {
                0 => listening = false,
                read => {
                    quiet_since = Instant::now();
                    splitter.push(&chunk[..read]);
                }
            },
            () = due(frame_due) => {
                let message = format!("the rest of the message did not come within {} s", PATIENCE.as_secs());
                send(stream, &failed(shared, UNKNOWN, ErrorReply::new(Code::BadRequest, message))).await?;
                listening = false;
            }
            () = shared.limits.connections_full_after(quiet_since + IDLE), if idle => return Ok(()),
            () = shared.phases.phase_reached(Phase::Draining), if phase == Phase::Running => {}
            () = sleep(QUIET), if phase == Phase::Draining && idle => return Ok(()),
            () = shared.phases.phase_reached(Phase::Closing), if phase == Phase::Draining => {}
            () = std::future::ready(()), if phase == Phase::Closing && answers.is_empty() => return Ok(()),
        }
    }
}

/// Waits until `time`; for ever if there is none.
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
    shared: &Arc<Shared>,
    answers: &mut Answers,
) -> io::Result<()> {
    shared.note_request();
    match request.op {
        Op::Status if shared.phases.current() == Phase::Running => {
            shared.metrics().requests += 1;
            let shared = shared.clone();
            let status = task::spawn_blocking(move || shared.status()).await.map_err(io::Error::other)?;
            let status = Outcome::Status(Box::new(status));
            send(stream, &frame::encode_reply(Reply::new(request.id, VERSION, status), request.form)).await
        }
        // Nobody can rely on a daemon that ends: the client is about to start the next one.
        Op::Status => send(stream, &failed(shared, request.reply_to(), shutting_down())).await,
        Op::Shutdown => {
            tracing::info!("asked to end");
            shared.metrics().requests += 1;
            let done = Outcome::Result(Body::Done {});
            let sent =
                send(stream, &frame::encode_reply(Reply::new(request.id, VERSION, done), request.form)).await;
            shared.phases.enter_phase(Phase::Draining);
            sent
        }
        Op::Convert | Op::Explain => {
            let bytes = request.text.len();
            let job = Job::new(shared, request);
            // Until there is a slot, this connection is read no further.
            let permit = shared.limits.acquire_request_slot(bytes).await.map_err(io::Error::other)?;
            answers.begin(job.reply_to(), answered(job, shared.clone(), permit));
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
    async fn next(&mut self, shared: &Shared) -> Option<Vec<u8>> {
        let (task, answer) = match self.tasks.join_next_with_id().await? {
            Ok((task, answer)) => (task, Some(answer)),
            Err(error) => (error.id(), None),
        };
        let to = self.asked_by.remove(&task).unwrap_or(UNKNOWN);
        Some(answer.unwrap_or_else(|| failed(shared, to, internal_error())))
    }
}

/// The frame that answers a job.
async fn answered(job: Job, shared: Arc<Shared>, _permit: RequestPermit) -> Vec<u8> {
    let to = job.reply_to();
    match job.run(&shared).await {
        Ok(frame) => {
            shared.metrics().requests += 1;
            frame
        }
        Err(fault) => failed(&shared, to, fault),
    }
}

/// The frame of an error, counted.
fn failed(shared: &Shared, to: ReplyTo, fault: ErrorReply) -> Vec<u8> {
    tracing::debug!(code = %fault.code, "request failed");
    let mut metrics = shared.metrics();
    metrics.requests += 1;
    metrics.errors += 1;
    frame::encode_reply(Reply::new(to.id, VERSION, Outcome::Error(fault)), to.form)
}

async fn send(stream: &mut Stream, frame: &[u8]) -> io::Result<()> {
    timeout(PATIENCE, stream.write_all(frame)).await?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;
    use crate::model::ModelManager;

    #[tokio::test]
    async fn a_task_that_panics_is_answered_too() {
        let shared =
            Shared::new(Configuration::load(), ModelManager::new(None), false, String::new(), "daemon");
        let mut answers = Answers::default();
        answers.begin(ReplyTo { id: 7, form: Form::Json }, async { panic!("a defect") });
        let frame = answers.next(&shared).await.unwrap();
        let reply = frame::decode_reply(frame.trim_ascii_end()).unwrap();
        assert_eq!(reply.id, 7);
        assert!(
            matches!(reply.outcome, Outcome::Error(ErrorReply { code: Code::Internal, .. })),
            "{reply:?}"
        );
        assert!(answers.is_empty() && answers.asked_by.is_empty());
        assert_eq!(shared.metrics().errors, 1);
    }
}
