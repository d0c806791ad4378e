//! One request: off the async thread, within its deadline, and only while it is the newest of its session.

use crate::house::{House, Phase};
use crate::session::Superseded;
use sayso_engine::{Dictation, wire};
use sayso_protocol::message::MAX_DEADLINE_MS;
use sayso_protocol::{Answer, Code, Fault, Op, Request, Route};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};

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

    /// The number that the answer repeats.
    pub(crate) fn id(&self) -> u64 {
        self.request.id
    }

    /// Waits for the result, or for the first reason not to.
    ///
    /// A conversion that has begun runs to its end on its thread, and nobody looks at what comes of it; one that
    /// has not begun never does.
    pub(crate) async fn run(self, house: &Arc<House>) -> Result<Answer, Fault> {
        let Job { request, deadline, superseded } = self;
        let session = request.session.clone().filter(|_| remembers(&request));
        if let Some(session) = &session
            && house.sessions().was_given(session, &request.text)
        {
            return Ok(unchanged(&request));
        }
        let text = request.text.clone();
        let newer = async {
            let superseded = match superseded {
                Some(superseded) => superseded.await.is_ok(),
                None => false,
            };
            if !superseded {
                std::future::pending::<()>().await;
            }
        };
        let answer = tokio::select! {
            biased;
            answer = converted(house, request) => answer?.verified(&text)?,
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
        if let Some(session) = &session
            && answer.buffer != text
        {
            house.sessions().give(session, &answer.buffer);
        }
        Ok(answer)
    }
}

/// The fault of a request that comes, or is not done, when the daemon ends.
pub(crate) fn shutting_down() -> Fault {
    Fault::new(Code::ShuttingDown, "the daemon is ending; the line stays as it was, try again")
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

async fn converted(house: &Arc<House>, request: Request) -> Result<Answer, Fault> {
    let internal = || Fault::new(Code::Internal, "the conversion failed; the line stays as it was");
    let worker = house.workers.clone().acquire_owned().await.map_err(|_| shutting_down())?;
    let house = house.clone();
    let work = move || {
        let _worker = worker;
        let words = house.configuration.refreshed().words;
        let end = request.text.chars().count();
        let dictation = Dictation {
            text: &request.text,
            cursor: request.cursor.map(|cursor| cursor.min(end)),
            route: wire::route(request.route),
            before: &request.context.prebuffer,
        };
        let begun = std::time::Instant::now();
        let micros = || u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        if request.op == Op::Explain {
            let (conversion, units) = sayso_engine::explain(&words, &dictation)?;
            let answer = wire::result(&conversion, micros());
            return Ok(Answer { units: Some(wire::units(&units)), ..answer });
        }
        let conversion = sayso_engine::convert(&words, &dictation)?;
        Ok(wire::result(&conversion, micros()))
    };
    // A panic of the engine ends here, as the failure of one request.
    let outcome: Result<Answer, sayso_engine::Refusal> =
        spawn_blocking(work).await.map_err(|_| internal())?;
    outcome.map_err(|refusal| wire::fault(&refusal))
}
