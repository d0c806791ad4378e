//! One request: off the async thread, within its deadline, and only while it is the newest of its session.

use crate::house::{House, LONG_BYTES, Phase, VERSION};
use crate::long::Failed;
use crate::session::Superseded;
use sayso_engine::{Dictation, Resident, Stop, wire};
use sayso_protocol::reply::Body;
use sayso_protocol::{Answer, Code, Fault, Op, Outcome, Reply, ReplyTo, Request, Route, frame};
use sayso_text::MAX_DEADLINE_MS;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until, timeout};

/// Longest line that is explained, in bytes: the reasons for one take a hundred times its length.
const MAX_EXPLAINED_BYTES: usize = 32 * 1024;

/// Time before the deadline at which the language model must be done, at most half of what there is: what the first
/// stage has found still has to be written and sent.
const RESERVE: Duration = Duration::from_millis(20);

/// A request to convert or to explain that has been let in.
#[derive(Debug)]
pub(crate) struct Job {
    request: Request,
    deadline: Instant,
    superseded: Option<Superseded>,
}

impl Job {
    /// Lets a request in: from now on its time runs, and it is the newest of its session.
    pub(crate) fn new(house: &House, request: Request) -> Job {
        let limit = match request.deadline_ms {
            Some(ms) => Duration::from_millis(ms.clamp(1, MAX_DEADLINE_MS)),
            None => house.configuration.current().settings.deadline,
        };
        let superseded = request.session.as_deref().map(|session| house.sessions().begin(session));
        Job { deadline: Instant::now() + limit, superseded, request }
    }

    /// Whom the answer goes to.
    pub(crate) fn reply_to(&self) -> ReplyTo {
        self.request.reply_to()
    }

    /// Waits for the frame of the result, or for the first reason not to.
    ///
    /// A conversion that has begun runs to its end on its thread, without the language model from then on, and nobody
    /// looks at what comes of it; one that has not begun never does.
    pub(crate) async fn run(self, house: &Arc<House>) -> Result<Vec<u8>, Fault> {
        let Job { request, deadline, superseded } = self;
        let session = request.session.clone().filter(|_| remembers(&request));
        if let Some(session) = &session
            && house.sessions().was_given(session, &request.text)
        {
            return Ok(framed(request.reply_to(), unchanged(&request)));
        }
        let text = request.text.clone();
        let left = deadline.saturating_duration_since(Instant::now());
        let stop = Stop::at((deadline - RESERVE.min(left / 2)).into_std());
        let _cancel = Cancel(stop.clone());
        let newer = async {
            let superseded = match superseded {
                Some(superseded) => superseded.await.is_ok(),
                None => false,
            };
            if !superseded {
                std::future::pending::<()>().await;
            }
        };
        let Converted { frame, answer, .. } = tokio::select! {
            biased;
            converted = converted(house, request, stop) => converted?,
            () = newer => {
                return Err(Fault::new(Code::Superseded, "a newer request of this session took its place"));
            }
            () = sleep_until(deadline) => {
                return Err(Fault::new(Code::Deadline, "no answer in time; the line stays as it was"));
            }
            () = house.reached(Phase::Closing) => return Err(shutting_down()),
        };
        tracing::debug!(route = answer.route, micros = answer.micros, "converted");
        if house.log_text {
            tracing::info!(text, buffer = answer.buffer, "text");
        }
        house.meter().converted(&answer.route, answer.micros);
        if let Some(session) = &session {
            // The other readings too: the editor may have gone on to one of them.
            for line in std::iter::once(&answer.buffer).chain(&answer.alternatives) {
                if *line != text {
                    house.sessions().give(session, line);
                }
            }
        }
        Ok(frame)
    }
}

/// Cancels what still runs for a request when nobody waits for it any more.
struct Cancel(Stop);

impl Drop for Cancel {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// The fault of a request that comes, or is not done, when the daemon ends.
pub(crate) fn shutting_down() -> Fault {
    Fault::new(Code::ShuttingDown, "the daemon is ending; the line stays as it was, try again")
}

/// The fault of a request that met a defect.
pub(crate) fn defect() -> Fault {
    Fault::new(Code::Internal, "the conversion failed; the line stays as it was")
}

/// Whether results are remembered, so that converting one again changes nothing. Who pins a stage wants that
/// stage's answer, and who asks for reasons wants reasons.
fn remembers(request: &Request) -> bool {
    request.op == Op::Convert && request.route == Route::Auto
}

/// The line as it came, because it is a result already.
fn unchanged(request: &Request) -> Answer {
    let end = request.text.chars().count();
    Answer {
        buffer: request.text.clone(),
        cursor: request.cursor.map_or(end, |cursor| cursor.min(end)),
        route: "gate".into(),
        confidence: 1.0,
        alternatives: Vec::new(),
        spans: Vec::new(),
        micros: 0,
        message: None,
        units: None,
    }
}

/// What came of a conversion.
struct Converted {
    /// The whole answer as it is sent.
    frame: Vec<u8>,
    /// The answer without its spans and units, which a long line has many of.
    answer: Answer,
    /// The language model, where it is there and would be asked about this answer.
    wanted: Option<Resident>,
    begun: Instant,
}

/// The frame of an answer.
fn framed(to: ReplyTo, answer: Answer) -> Vec<u8> {
    let outcome = Outcome::Result(Body::Converted(Box::new(answer)));
    frame::encode_reply(Reply::new(to.id, VERSION, outcome), to.form)
}

/// The language model, for who wants nothing else: it is waited for.
async fn demanded(house: &Arc<House>) -> Result<Resident, Fault> {
    let shared = house.clone();
    let look = move || {
        shared.keeper.look(&shared.configuration.refreshed().settings.model);
        shared.keeper.need();
    };
    spawn_blocking(look).await.map_err(|_| defect())?;
    let absent =
        || Fault::new(Code::NoRoute, format!("the model route is not available: {}", house.keeper.absence()));
    house.keeper.demand().await.ok_or_else(absent)
}

/// Converts, checks and encodes off the async thread, which stays free for those who wait: first without the language
/// model, and where that leaves a doubt and the model is there, again with it. A line that needs no model waits for none.
async fn converted(house: &Arc<House>, request: Request, stop: Stop) -> Result<Converted, Fault> {
    let request = Arc::new(request);
    if request.route == Route::Model {
        let model = demanded(house).await?;
        let judge = house.judges.clone().acquire_owned().await.map_err(|_| shutting_down())?;
        return off_thread(house, judge, &request, &stop, None, Some(model)).await;
    }
    // A panic of the engine ends here, as the failure of one request.
    if request.text.len() > LONG_BYTES {
        let shared = house.clone();
        let work = move || work(&shared, &request, stop, None, None);
        return house.long_lines.run(work).await.map_err(|Failed| defect())?;
    }
    let worker = house.workers.clone().acquire_owned().await.map_err(|_| shutting_down())?;
    let mut first = off_thread(house, worker, &request, &stop, None, None).await?;
    let Some(model) = first.wanted.take() else { return Ok(first) };
    // Without a deadline there is time for everything.
    let left = stop.left().unwrap_or(Duration::MAX);
    let Ok(judge) = timeout(left, house.judges.clone().acquire_owned()).await else { return Ok(first) };
    let judge = judge.map_err(|_| shutting_down())?;
    off_thread(house, judge, &request, &stop, Some(first.begun), Some(model)).await
}

/// [`work`] on a thread of its own, which holds `permit` meanwhile.
async fn off_thread(
    house: &Arc<House>,
    permit: OwnedSemaphorePermit,
    request: &Arc<Request>,
    stop: &Stop,
    begun: Option<Instant>,
    model: Option<Resident>,
) -> Result<Converted, Fault> {
    let (house, request, stop) = (house.clone(), request.clone(), stop.clone());
    let work = move || {
        let _permit = permit;
        work(&house, &request, stop, begun, model)
    };
    spawn_blocking(work).await.map_err(|_| defect())?
}

/// One conversion, with this language model or without one; its time runs since `begun`, where it began before.
fn work(
    house: &House,
    request: &Request,
    stop: Stop,
    begun: Option<Instant>,
    model: Option<Resident>,
) -> Result<Converted, Fault> {
    let current = house.configuration.refreshed();
    let words = current.words;
    let begun = begun.unwrap_or_else(Instant::now);
    let end = request.text.chars().count();
    let dictation = Dictation {
        text: &request.text,
        cursor: request.cursor.map(|cursor| cursor.min(end)),
        route: wire::route(request.route),
        before: &request.context.prebuffer,
        model: model.as_ref(),
        stop,
        ..Dictation::default()
    };
    let micros = || u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    let refused = |refusal| wire::fault(&refusal);
    let (conversion, units) = match request.op == Op::Explain && request.text.len() <= MAX_EXPLAINED_BYTES {
        true => {
            let (conversion, units) = sayso_engine::explain(&words, &dictation).map_err(refused)?;
            (conversion, wire::units(&units))
        }
        false => (sayso_engine::convert(&words, &dictation).map_err(refused)?, None),
    };
    let answer = Answer { units, ..wire::result(&conversion, micros()) }.verified(&request.text)?;
    let mut wanted = None;
    // Only what the tagger chose is ever put to the judge: who says every separator needs none.
    if matches!(conversion.route, "tagger" | "judge" | "writer") && request.route != Route::Tagger {
        house.keeper.look(&current.settings.model);
        match house.keeper.model() {
            Some(resident) => {
                house.keeper.used();
                wanted = Some(resident).filter(|_| model.is_none() && conversion.wants_model());
            }
            None => house.keeper.need(),
        }
    }
    let kept = Answer {
        buffer: answer.buffer.clone(),
        route: answer.route.clone(),
        alternatives: answer.alternatives.clone(),
        message: None,
        spans: Vec::new(),
        units: None,
        ..answer
    };
    Ok(Converted { frame: framed(request.reply_to(), answer), answer: kept, wanted, begun })
}
