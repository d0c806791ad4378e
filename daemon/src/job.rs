//! One request from its arrival to its reply: within its deadline, and only while it is the newest of its session.

use crate::convert::{self, Converted};
use crate::limits::Place;
use crate::phase::Phase;
use crate::session::{LastLine, Superseded};
use crate::state::Shared;
use crate::wire::shutting_down;
use sayso_engine::Stop;
use sayso_protocol::{Code, ErrorReply, Op, ReplyTo, Request, Route};
use sayso_text::MAX_DEADLINE_MS;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Time before the deadline at which the language model must be done, at most half of what is left: the answer must
/// still be written and sent. Set by hand on 2026-11-23.
const REPLY_MARGIN: Duration = Duration::from_millis(20);

/// A request to convert or to explain a line.
#[derive(Debug)]
pub(crate) struct Job {
    request: Request,
    started: Instant,
    deadline: Instant,
    superseded: Option<Superseded>,
}

impl Job {
    /// Starts the deadline of a request, counted from its arrival, and supersedes the older requests of its session.
    pub(crate) fn new(shared: &Shared, request: Request, arrived: Instant) -> Job {
        let limit = match request.deadline_ms {
            Some(ms) => Duration::from_millis(ms.clamp(1, MAX_DEADLINE_MS)),
            None => shared.configuration.current().settings.deadline,
        };
        // A request about a session's last line does not come from its line editor.
        let session = request.session.as_deref().filter(|_| !request.last);
        let superseded = session.map(|session| shared.sessions().begin(session));
        Job { started: Instant::now(), deadline: arrived + limit, superseded, request }
    }

    /// Waits for a place in which this request of `process` can run.
    ///
    /// # Errors
    /// The reply to send instead, if a newer request of the session, the deadline, or the end of the daemon comes
    /// first.
    pub(crate) async fn wait_for_place(
        mut self,
        shared: &Shared,
        process: i32,
    ) -> Result<(Job, Place), (ReplyTo, ErrorReply)> {
        let wants_model = self.request.route == Route::Model;
        let fault = tokio::select! {
            biased;
            fault = newer(&mut self.superseded) => fault,
            place = shared.limits.place(process, self.request.text.len(), wants_model) => match place {
                Ok(place) => return Ok((self, place)),
                Err(_) => shutting_down(),
            },
            () = sleep_until(self.deadline) => out_of_time(),
            () = shared.phases.phase_reached(Phase::Closing) => shutting_down(),
        };
        Err((self.reply_to(), fault))
    }

    /// Where the reply goes.
    pub(crate) fn reply_to(&self) -> ReplyTo {
        self.request.reply_to()
    }

    /// Returns the encoded reply, or the first of: superseded, past the deadline, shutting down.
    ///
    /// A conversion that has started runs to its end on its thread, but no longer uses the language model, and its
    /// result is dropped. One that has not started never does.
    pub(crate) async fn run(self, shared: &Arc<Shared>, place: Place) -> Result<Vec<u8>, ErrorReply> {
        let Job { mut request, started, deadline, superseded } = self;
        if request.last {
            let kept = request.session.as_deref().and_then(|session| shared.sessions().last(session));
            let LastLine { text, prebuffer } = kept.ok_or_else(no_last_line)?;
            (request.text, request.context.prebuffer) = (text, prebuffer);
        }
        let session = request.session.clone().filter(|_| is_remembered(&request));
        let text = request.text.clone();
        let is_answer = request.op == Op::Convert
            && session.as_deref().is_some_and(|session| shared.sessions().was_given(session, &text));
        let prebuffer = request.context.prebuffer.clone();
        let converted = match is_answer {
            true => convert::already_converted(&request, started)?,
            false => in_time(shared, request, place, deadline, superseded).await?,
        };
        let Converted { frame, stage, micros, lines } = converted;
        tracing::debug!(%stage, micros, "converted");
        if shared.log_text {
            tracing::info!(text, buffer = lines.first(), "text");
        }
        shared.metrics().record_conversion(stage, micros);
        if let Some(session) = &session {
            // If a line stays as it is, Enter often asks about it again before running it.
            if lines.first().is_some_and(|line| *line != text) {
                shared.sessions().keep_last(session, &text, &prebuffer);
            }
            // The other readings count too, because the editor may have gone on to one of them.
            lines.iter().filter(|line| **line != text).for_each(|line| shared.sessions().give(session, line));
        }
        Ok(frame)
    }
}

/// Converts, unless something else comes first.
async fn in_time(
    shared: &Arc<Shared>,
    request: Request,
    place: Place,
    deadline: Instant,
    mut superseded: Option<Superseded>,
) -> Result<Converted, ErrorReply> {
    let left = deadline.saturating_duration_since(Instant::now());
    let stop = Stop::at((deadline - REPLY_MARGIN.min(left / 2)).into_std());
    let _cancel = Cancel(stop.clone());
    tokio::select! {
        biased;
        // Checked first, so that a conversion that nobody waits for never begins.
        fault = newer(&mut superseded) => Err(fault),
        converted = convert::convert(shared, request, place, stop) => converted,
        () = sleep_until(deadline) => Err(out_of_time()),
        () = shared.phases.phase_reached(Phase::Closing) => Err(shutting_down()),
    }
}

/// Waits until a newer request of the session comes; for ever if none can.
async fn newer(superseded: &mut Option<Superseded>) -> ErrorReply {
    let is_superseded = match superseded {
        Some(superseded) => superseded.await.is_ok(),
        None => false,
    };
    if !is_superseded {
        *superseded = None;
        std::future::pending::<()>().await;
    }
    ErrorReply::new(Code::Superseded, "a newer request of this session took its place")
}

fn out_of_time() -> ErrorReply {
    ErrorReply::new(Code::Deadline, "no answer in time; the line stays as it was")
}

/// Stops the language model once nobody waits for the reply any more.
struct Cancel(Stop);

impl Drop for Cancel {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Whether the session remembers the answer, so that converting it again changes nothing. That includes a picker that
/// explains a line, because it puts its answers into the same line editor. A request that pins a stage wants that
/// stage's answer.
fn is_remembered(request: &Request) -> bool {
    request.route == Route::Auto && !request.last
}

fn no_last_line() -> ErrorReply {
    let message = "this shell has had no line converted since the daemon started, or one too long to be kept";
    ErrorReply::new(Code::Empty, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;
    use crate::model::ModelManager;

    /// A daemon without settings and without a language model.
    fn shared() -> Arc<Shared> {
        let (configuration, model) = (Configuration::at(None), ModelManager::new(None, None));
        Arc::new(Shared::new(configuration, model, false, String::new(), "daemon"))
    }

    #[tokio::test]
    async fn the_last_line_of_a_session_is_explained_to_whoever_names_it() {
        let shared = shared();
        let ask = |op, session: &str, text: &str, last| {
            let request = Request {
                text: text.to_owned(),
                session: Some(session.to_owned()),
                deadline_ms: Some(MAX_DEADLINE_MS),
                last,
                ..Request::new(1, op)
            };
            let shared = shared.clone();
            async move {
                let waited = Job::new(&shared, request, Instant::now()).wait_for_place(&shared, 1).await;
                let (job, place) = waited.unwrap();
                job.run(&shared, place).await
            }
        };
        ask(Op::Convert, "zsh-1", "echo space literal dash", false).await.unwrap();
        // The answer that is sent back is not what was dictated.
        ask(Op::Convert, "zsh-1", "echo dash", false).await.unwrap();
        let explained = String::from_utf8(ask(Op::Explain, "zsh-1", "", true).await.unwrap()).unwrap();
        assert!(explained.contains(r#""buffer":"echo dash""#), "{explained}");
        assert!(explained.contains(r#""dictation":"echo space literal dash""#), "{explained}");
        let fault = ask(Op::Explain, "zsh-2", "", true).await.unwrap_err();
        assert_eq!(fault.code, Code::Empty);
    }

    #[tokio::test]
    async fn an_answer_that_comes_back_is_counted_by_itself() {
        let shared = shared();
        for text in ["echo space literal dash", "echo dash"] {
            let request = Request {
                text: text.to_owned(),
                session: Some("zsh-1".to_owned()),
                deadline_ms: Some(MAX_DEADLINE_MS),
                ..Request::new(1, Op::Convert)
            };
            let (job, place) =
                Job::new(&shared, request, Instant::now()).wait_for_place(&shared, 1).await.unwrap();
            job.run(&shared, place).await.unwrap();
        }
        let latencies = shared.metrics().latencies();
        let counted: Vec<_> = latencies.iter().map(|it| (it.route.as_str(), it.count)).collect();
        assert_eq!(counted, [("strict", 1), ("session", 1)]);
    }

    #[tokio::test]
    async fn who_waits_for_the_model_takes_no_place_of_others_and_no_time_beyond_the_deadline() {
        let shared = shared();
        let of_route = |route| Request { route, deadline_ms: Some(50), ..Request::new(1, Op::Convert) };
        let job = |route| Job::new(&shared, of_route(route), Instant::now());
        let mut held = Vec::new();
        while let Some(place) = shared.limits.place_with_model() {
            held.push(place);
        }
        let (_, fault) = job(Route::Model).wait_for_place(&shared, 1).await.unwrap_err();
        assert_eq!(fault.code, Code::Deadline);
        for process in 0..64 {
            held.push(job(Route::Auto).wait_for_place(&shared, process).await.unwrap().1);
        }
        let (_, fault) = job(Route::Auto).wait_for_place(&shared, 64).await.unwrap_err();
        assert_eq!(fault.code, Code::Deadline);
        // A request that waited unread for longer than its deadline is answered at once.
        let long_ago = Instant::now().checked_sub(Duration::from_secs(9)).unwrap();
        let late = Job::new(&shared, of_route(Route::Auto), long_ago);
        assert_eq!(late.wait_for_place(&shared, 64).await.unwrap_err().1.code, Code::Deadline);
    }

    #[tokio::test]
    async fn who_is_superseded_waits_for_no_place_and_is_not_converted() {
        let shared = shared();
        let job = |session: &str| {
            let request = Request {
                text: "git commit dash m quote fix login bug quote".to_owned(),
                session: Some(session.to_owned()),
                deadline_ms: Some(2_000),
                ..Request::new(1, Op::Convert)
            };
            Job::new(&shared, request, Instant::now())
        };
        let (first, place) = job("zsh-1").wait_for_place(&shared, 1).await.unwrap();
        let second = job("zsh-1");
        assert_eq!(first.run(&shared, place).await.unwrap_err().code, Code::Superseded);
        assert_eq!(shared.limits.workers.available_permits(), crate::limits::MAX_WORKERS, "it was begun");
        let mut held = Vec::new();
        for process in 0..64 {
            held.push(job(&process.to_string()).wait_for_place(&shared, process).await.unwrap().1);
        }
        let _third = job("zsh-1");
        let (_, fault) = second.wait_for_place(&shared, 64).await.unwrap_err();
        assert_eq!(fault.code, Code::Superseded);
    }
}
