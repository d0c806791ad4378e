//! One connection: reads frames, writes answers, and never holds more memory than a frame and the requests in flight.

use crate::job::Job;
use crate::limits::{FREE_BYTES, Place};
use crate::phase::Phase;
use crate::roster::Guest;
use crate::state::{Shared, VERSION};
use crate::wire::{internal_error, shutting_down};
use interprocess::os::unix::uds_local_socket::tokio::Stream;
use sayso_protocol::line::Splitter;
use sayso_protocol::reply::Body;
use sayso_protocol::{Code, ErrorReply, Form, MAX_FRAME_BYTES, Op, Outcome, Reply, ReplyTo, Request, frame};
use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::{self, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long the rest of a frame may take once it has begun, and how long a peer may take to accept a reply.
/// Hand-chosen, 2026-11-23.
const PATIENCE: Duration = Duration::from_secs(10);
/// During shutdown, everything that was sent counts as read after this much silence. Hand-chosen, 2026-11-23.
const QUIET: Duration = Duration::from_millis(20);
/// Bytes read at once: a key press with what its shell knows takes a few chunks. Hand-chosen, 2026-11-29.
const CHUNK_BYTES: usize = 8 * 1024;
/// The addressee of an error if a request is too broken to name one.
const UNKNOWN: ReplyTo = ReplyTo { id: 0, form: Form::Json };

/// Serves one connection until either side is done with it.
pub(crate) async fn serve(mut stream: Stream, guest: Guest, shared: Arc<Shared>) {
    if let Err(error) = sayso_protocol::peer::check(&stream) {
        tracing::warn!(%error, "connection refused");
        return;
    }
    if let Err(error) = exchange(&mut stream, &guest, &shared).await {
        tracing::debug!(%error, "connection lost");
    }
    drop(guest);
    if shared.roster.crowd_has_left() {
        shared.burst_ended.notify_one();
    }
}

async fn exchange(stream: &mut Stream, guest: &Guest, shared: &Arc<Shared>) -> io::Result<()> {
    let mut splitter = Splitter::new(MAX_FRAME_BYTES);
    let mut chunk = vec![0; CHUNK_BYTES];
    // All of them end with the connection.
    let mut answers = Answers::default();
    // Whether to read more. Requests in flight are still answered afterwards.
    let mut listening = true;
    // The deadline for the rest of a frame that has begun.
    let mut frame_due = None;
    let mut quiet_since = Instant::now();
    // A request that waits for a place. Until it has one, nothing more is read from this connection.
    let mut waiting: Option<Waiting> = None;
    // Held while the connection holds a long message.
    let mut long = None;
    loop {
        while listening && waiting.is_none() && splitter.is_midway() {
            let turn = guest.turn().await;
            let Some(message) = splitter.next_message() else { break };
            frame_due = None;
            let message = message.map(frame::decode);
            turn.end().await;
            match message {
                Ok(Ok(request)) => waiting = admit(request, stream, guest, shared, quiet_since).await?,
                Ok(Err(rejected)) => {
                    send(stream, guest, &failed(shared, rejected.to, rejected.fault)).await?
                }
                Err(_) => {
                    send(stream, guest, &failed(shared, UNKNOWN, frame::frame_too_long())).await?;
                    listening = false;
                }
            }
        }
        if splitter.held() <= FREE_BYTES && long.take().is_some() {
            shared.burst_ended.notify_one();
        }
        if listening && waiting.is_none() && splitter.is_midway() {
            frame_due.get_or_insert_with(|| Instant::now() + PATIENCE);
        } else {
            frame_due = None;
        }
        let unoccupied = answers.is_empty() && waiting.is_none();
        let idle = unoccupied && frame_due.is_none();
        if idle && !listening {
            return Ok(());
        }
        guest.set(unoccupied.then_some(quiet_since), long.is_some());
        let phase = shared.phases.current();
        tokio::select! {
            biased;
            Some(answer) = answers.next(shared) => send(stream, guest, &answer).await?,
            placed = placed(&mut waiting), if waiting.is_some() => {
                waiting = None;
                match placed {
                    Ok((job, place)) => answers.begin(job.reply_to(), answered(job, shared.clone(), place)),
                    Err((to, fault)) => send(stream, guest, &failed(shared, to, fault)).await?,
                }
            }
            read = stream.read(&mut chunk), if listening && waiting.is_none() => match read? {
                0 => listening = false,
                read => {
                    quiet_since = Instant::now();
                    splitter.push(&chunk[..read]);
                    if splitter.held() > FREE_BYTES && long.is_none() {
                        guest.set(None, false);
                        long = Some(place_for_long_message(shared).await?);
                    }
                }
            },
            () = due(frame_due) => {
                let message = format!("the rest of the message did not come within {} s", PATIENCE.as_secs());
                send(stream, guest, &failed(shared, UNKNOWN, ErrorReply::new(Code::BadRequest, message))).await?;
                listening = false;
            }
            () = guest.must_leave(), if unoccupied => {
                tracing::debug!("an idle connection makes way");
                if long.is_some() {
                    shared.burst_ended.notify_one();
                }
                return Ok(());
            }
            () = shared.phases.phase_reached(Phase::Draining), if phase == Phase::Running => {}
            () = sleep(QUIET), if phase == Phase::Draining && idle => return Ok(()),
            () = shared.phases.phase_reached(Phase::Closing), if phase == Phase::Draining => {}
            () = std::future::ready(()), if phase == Phase::Closing && answers.is_empty() => return Ok(()),
        }
    }
}

/// A request that waits for a place.
type Waiting = Pin<Box<dyn Future<Output = Result<(Job, Place), (ReplyTo, ErrorReply)>> + Send>>;

/// The outcome of waiting for a place; waits for ever if no request does.
async fn placed(waiting: &mut Option<Waiting>) -> Result<(Job, Place), (ReplyTo, ErrorReply)> {
    match waiting {
        Some(waiting) => waiting.await,
        None => std::future::pending().await,
    }
}

/// Waits for a place for a long message, and asks an idle connection that holds one to make way.
async fn place_for_long_message(shared: &Shared) -> io::Result<OwnedSemaphorePermit> {
    let places = &shared.limits.long_messages;
    loop {
        if let Ok(place) = places.clone().try_acquire_owned() {
            return Ok(place);
        }
        shared.roster.evict(true);
        tokio::select! {
            place = places.clone().acquire_owned() => return place.map_err(io::Error::other),
            () = shared.roster.becomes_idle() => {}
        }
    }
}

/// Waits until `time`, or for ever if that is `None`.
async fn due(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Answers what can be answered at once; the rest waits for a place.
async fn admit(
    request: Request,
    stream: &mut Stream,
    guest: &Guest,
    shared: &Arc<Shared>,
    arrived: Instant,
) -> io::Result<Option<Waiting>> {
    shared.note_request();
    match request.op {
        Op::Status if shared.phases.current() == Phase::Running => {
            shared.metrics().requests += 1;
            let shared = shared.clone();
            let status = task::spawn_blocking(move || shared.status()).await.map_err(io::Error::other)?;
            let status = Outcome::Status(Box::new(status));
            send(stream, guest, &frame::encode_reply(Reply::new(request.id, VERSION, status), request.form))
                .await?;
        }
        // Nobody can rely on a daemon that is shutting down: the client is about to start the next one.
        Op::Status => send(stream, guest, &failed(shared, request.reply_to(), shutting_down())).await?,
        Op::Shutdown => {
            tracing::info!("asked to end");
            shared.metrics().requests += 1;
            let done = Outcome::Result(Body::Done {});
            let sent = send(
                stream,
                guest,
                &frame::encode_reply(Reply::new(request.id, VERSION, done), request.form),
            )
            .await;
            shared.phases.enter_phase(Phase::Draining);
            sent?;
        }
        Op::Learn => {
            shared.metrics().requests += 1;
            let to = request.reply_to();
            let learner = shared.clone();
            let learnt =
                task::spawn_blocking(move || learn(&learner, &request)).await.map_err(io::Error::other)?;
            let reply = match learnt {
                Ok(()) => {
                    frame::encode_reply(Reply::new(to.id, VERSION, Outcome::Result(Body::Done {})), to.form)
                }
                Err(why) => failed(shared, to, ErrorReply::new(Code::Internal, why)),
            };
            send(stream, guest, &reply).await?;
        }
        Op::Convert | Op::Explain => {
            let (job, shared) = (Job::new(shared, request, arrived), shared.clone());
            let process = guest.process();
            return Ok(Some(Box::pin(async move { job.wait_for_place(&shared, process).await })));
        }
    }
    Ok(None)
}

/// Learns from a line that a person ran, or reads again what other processes have changed. Blocks.
fn learn(shared: &Shared, request: &Request) -> Result<(), String> {
    let current = shared.configuration.refreshed();
    let settings = &current.settings.learn;
    let Some(correction) = &request.correction else {
        shared.learning.refresh(settings, true);
        return Ok(());
    };
    let folder = request.context.cwd.as_deref();
    let words = shared.configuration.words(&current, folder, PATIENCE);
    let words = shared.learning.taught().with_offered(words, &request.text);
    shared.learning.note(settings, &current.tagger.engine, &words, &request.text, correction, folder)
}

/// The requests of one connection that are in progress; each ends as the frame of its answer.
#[derive(Default)]
struct Answers {
    tasks: JoinSet<Vec<u8>>,
    /// The addressee of each task's answer, in case the task panics.
    asked_by: HashMap<task::Id, ReplyTo>,
}

impl Answers {
    fn begin(&mut self, to: ReplyTo, answered: impl Future<Output = Vec<u8>> + Send + 'static) {
        self.asked_by.insert(self.tasks.spawn(answered).id(), to);
    }

    fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The next answer that is ready; `None` if no request is in progress. May be dropped and called again.
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
async fn answered(job: Job, shared: Arc<Shared>, place: Place) -> Vec<u8> {
    let to = job.reply_to();
    match job.run(&shared, place).await {
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

/// Sends a frame. A peer that does not take it at once makes way for others, like an idle one.
async fn send(stream: &mut Stream, guest: &Guest, frame: &[u8]) -> io::Result<()> {
    let sent = stream.write_all(frame);
    tokio::pin!(sent);
    if let Poll::Ready(sent) = poll_fn(|context| Poll::Ready(sent.as_mut().poll(context))).await {
        return sent;
    }
    let _deaf = guest.deaf();
    tokio::select! {
        biased;
        sent = timeout(PATIENCE, sent) => sent?,
        () = guest.must_leave() => Err(io::ErrorKind::TimedOut.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;
    use crate::model::ModelManager;

    #[tokio::test]
    async fn a_task_that_panics_is_answered_too() {
        let shared =
            Shared::new(Configuration::load(), ModelManager::new(None, None), false, String::new(), "daemon");
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

    #[tokio::test]
    async fn who_takes_no_answer_is_left_when_somebody_comes() {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut stream = Stream::try_from(std::os::fd::OwnedFd::from(ours)).unwrap();
        let roster = Arc::new(crate::roster::Roster::default());
        let guest = roster.enter(Some(1)).unwrap();
        // More than the system buffers for a reader.
        let frame = vec![b'x'; 8 << 20];
        let newcomer = async {
            roster.becomes_idle().await;
            assert!(roster.evict(false));
        };
        let begun = Instant::now();
        let (sent, ()) = tokio::join!(send(&mut stream, &guest, &frame), newcomer);
        assert!(sent.is_err() && begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
        drop(theirs);
    }
}
