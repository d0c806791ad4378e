//! One connection: frames in, answers out, never more memory than a frame and what is in flight.

use crate::house::{House, Phase, VERSION};
use crate::work::{self, Job};
use interprocess::os::unix::uds_local_socket::tokio::Stream;
use sayso_protocol::line::Splitter;
use sayso_protocol::reply::Body;
use sayso_protocol::{Code, Fault, MAX_FRAME_BYTES, Op, Outcome, Reply, Request, frame};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long the rest of a begun frame may take, and how long a peer may take to accept an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Without news for so long while the daemon ends, everything that was sent has been read.
const QUIET: Duration = Duration::from_millis(20);
/// A connection that was quiet for so long makes room where the daemon is full.
const IDLE: Duration = Duration::from_secs(1);
/// Bytes that are read at once.
const CHUNK_BYTES: usize = 16 * 1024;

/// Why a connection ends without an error.
enum End {
    /// The peer, or the daemon, has nothing more to say.
    Done,
    /// The peer asked the daemon to end.
    Shutdown,
}

/// Serves one connection until either side is done with it.
pub(crate) async fn serve(mut stream: Stream, house: Arc<House>) {
    if let Err(error) = sayso_protocol::peer::check(&stream) {
        tracing::warn!(%error, "connection refused");
        return;
    }
    let mut answers = JoinSet::new();
    let ended = exchange(&mut stream, &house, &mut answers).await;
    match ended {
        Ok(End::Done) => {}
        Ok(End::Shutdown) => {
            tracing::info!("asked to end");
            house.enter(Phase::Draining);
        }
        Err(error) => tracing::debug!(%error, "connection lost"),
    }
}

async fn exchange(
    stream: &mut Stream,
    house: &Arc<House>,
    answers: &mut JoinSet<Vec<u8>>,
) -> io::Result<End> {
    let mut splitter = Splitter::new(MAX_FRAME_BYTES);
    let mut chunk = vec![0; CHUNK_BYTES];
    // When the frame that has begun must have ended.
    let mut frame_due: Option<Instant> = None;
    let mut read_on = true;
    let mut quiet_since = Instant::now();
    loop {
        while let Some(line) = splitter.next_line() {
            frame_due = None;
            let Ok(line) = line else {
                send(stream, &failed(house, 0, frame::frame_too_long())).await?;
                return Ok(End::Done);
            };
            match frame::decode(line) {
                Ok(request) => {
                    if let Some(end) = admit(request, stream, house, answers).await? {
                        return Ok(end);
                    }
                }
                Err(rejected) => send(stream, &failed(house, rejected.id, rejected.fault)).await?,
            }
        }
        if read_on && splitter.is_midway() {
            frame_due.get_or_insert_with(|| Instant::now() + PATIENCE);
        }
        let idle = answers.is_empty() && frame_due.is_none();
        let draining = house.phase() >= Phase::Draining;
        if idle && !read_on {
            return Ok(End::Done);
        }
        tokio::select! {
            biased;
            Some(answer) = answers.join_next() => {
                // A task that panicked has no answer; its asker waits for its own deadline.
                if let Ok(answer) = answer {
                    send(stream, &answer).await?;
                }
            }
            read = stream.read(&mut chunk), if read_on => match read? {
                // Half a frame will stay half; what is in flight is still answered, for who closed one direction.
                0 => (read_on, frame_due) = (false, None),
                read => {
                    quiet_since = Instant::now();
                    splitter.push(&chunk[..read]);
                }
            },
            () = sleep_until(frame_due.unwrap_or_else(Instant::now)), if frame_due.is_some() => {
                let message = format!("the rest of the message did not come within {} s", PATIENCE.as_secs());
                send(stream, &failed(house, 0, Fault::new(Code::BadRequest, message))).await?;
                return Ok(End::Done);
            }
            () = house.crowded_after(quiet_since + IDLE), if idle => return Ok(End::Done),
            () = house.reached(Phase::Draining), if !draining => {}
            () = sleep(QUIET), if draining && idle => return Ok(End::Done),
            () = house.reached(Phase::Closing), if draining && answers.is_empty() => return Ok(End::Done),
        }
    }
}

/// Answers what can be answered at once, and sets the rest to work.
async fn admit(
    request: Request,
    stream: &mut Stream,
    house: &Arc<House>,
    answers: &mut JoinSet<Vec<u8>>,
) -> io::Result<Option<End>> {
    house.asked();
    match request.op {
        Op::Status if house.phase() == Phase::Running => {
            house.meter().requests += 1;
            let status = Outcome::Status(Box::new(house.status()));
            send(stream, &frame::encode_reply(Reply::new(request.id, VERSION, status))).await?;
        }
        // A daemon that ends is no daemon to rely on: who asks is about to start the next one.
        Op::Status => send(stream, &failed(house, request.id, work::shutting_down())).await?,
        Op::Shutdown => {
            house.meter().requests += 1;
            let done = Outcome::Result(Body::Done {});
            send(stream, &frame::encode_reply(Reply::new(request.id, VERSION, done))).await?;
            return Ok(Some(End::Shutdown));
        }
        Op::Convert | Op::Explain => {
            let job = Job::new(house, request);
            // Where the house is full, this connection is read no further until there is room.
            let Ok(room) = house.in_flight.clone().acquire_owned().await else { return Ok(Some(End::Done)) };
            let house = house.clone();
            answers.spawn(async move {
                let _room = room;
                let id = job.id();
                match job.run(&house).await {
                    Ok(answer) => {
                        house.meter().requests += 1;
                        let body = Body::Converted(Box::new(answer));
                        frame::encode_reply(Reply::new(id, VERSION, Outcome::Result(body)))
                    }
                    Err(fault) => failed(&house, id, fault),
                }
            });
        }
    }
    Ok(None)
}

/// The frame of an error, counted.
fn failed(house: &House, id: u64, fault: Fault) -> Vec<u8> {
    tracing::debug!(code = %fault.code, "request failed");
    let mut meter = house.meter();
    meter.requests += 1;
    meter.errors += 1;
    frame::encode_reply(Reply::new(id, VERSION, Outcome::Error(fault)))
}

async fn send(stream: &mut Stream, frame: &[u8]) -> io::Result<()> {
    timeout(PATIENCE, stream.write_all(frame)).await?
}
