//! One request from its arrival to its reply: within its deadline, and only while it is the newest of its session.

use crate::convert::{self, Converted};
use crate::phase::Phase;
use crate::session::Superseded;
use crate::state::Shared;
use crate::wire::shutting_down;
use sayso_engine::Stop;
use sayso_protocol::{Code, ErrorReply, Op, ReplyTo, Request, Route};
use sayso_text::MAX_DEADLINE_MS;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Time before the deadline at which the language model must be done, at most half of what is left: the answer still has
/// to be written and sent. Set by hand on 2026-11-23.
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
    /// Starts the deadline of a request and supersedes the older requests of its session.
    pub(crate) fn new(shared: &Shared, request: Request) -> Job {
        let limit = match request.deadline_ms {
            Some(ms) => Duration::from_millis(ms.clamp(1, MAX_DEADLINE_MS)),
            None => shared.configuration.current().settings.deadline,
        };
        let superseded = request.session.as_deref().map(|session| shared.sessions().begin(session));
        let started = Instant::now();
        Job { started, deadline: started + limit, superseded, request }
    }

    /// Where the reply goes.
    pub(crate) fn reply_to(&self) -> ReplyTo {
        self.request.reply_to()
    }

    /// Returns the encoded reply, or the first of: superseded, past the deadline, shutting down.
    ///
    /// A conversion that has started runs to its end on its thread, without the language model from then on, and its
    /// result is dropped; one that has not started never does.
    pub(crate) async fn run(self, shared: &Arc<Shared>) -> Result<Vec<u8>, ErrorReply> {
        let Job { request, started, deadline, superseded } = self;
        let session = request.session.clone().filter(|_| is_remembered(&request));
        let text = request.text.clone();
        let is_answer = session.as_deref().is_some_and(|session| shared.sessions().was_given(session, &text));
        let converted = match is_answer {
            true => convert::already_converted(&request, started)?,
            false => in_time(shared, request, deadline, superseded).await?,
        };
        let Converted { frame, stage, micros, lines } = converted;
        tracing::debug!(%stage, micros, "converted");
        if shared.log_text {
            tracing::info!(text, buffer = lines.first(), "text");
        }
        shared.metrics().record_conversion(stage, micros);
        if let Some(session) = &session {
            // The other readings too: the editor may have gone on to one of them.
            lines.iter().filter(|line| **line != text).for_each(|line| shared.sessions().give(session, line));
        }
        Ok(frame)
    }
}

/// Converts, unless something else comes first.
async fn in_time(
    shared: &Arc<Shared>,
    request: Request,
    deadline: Instant,
    superseded: Option<Superseded>,
) -> Result<Converted, ErrorReply> {
    let left = deadline.saturating_duration_since(Instant::now());
    let stop = Stop::at((deadline - REPLY_MARGIN.min(left / 2)).into_std());
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
    tokio::select! {
        biased;
        converted = convert::convert(shared, request, stop) => converted,
        () = newer => Err(ErrorReply::new(Code::Superseded, "a newer request of this session took its place")),
        () = sleep_until(deadline) => {
            Err(ErrorReply::new(Code::Deadline, "no answer in time; the line stays as it was"))
        }
        () = shared.phases.phase_reached(Phase::Closing) => Err(shutting_down()),
    }
}

/// Stops the language model for a request when nobody waits for the reply any more.
struct Cancel(Stop);

impl Drop for Cancel {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Whether the session remembers the answer, so that converting it again changes nothing. A request that pins a stage
/// wants that stage's answer, and one for reasons wants reasons.
fn is_remembered(request: &Request) -> bool {
    request.op == Op::Convert && request.route == Route::Auto
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;
    use crate::model::ModelManager;

    #[tokio::test]
    async fn an_answer_that_comes_back_is_counted_by_itself() {
        let model = ModelManager::new(None);
        let shared = Shared::new(Configuration::at(None), model, false, String::new(), "daemon");
        let shared = Arc::new(shared);
        for text in ["echo space literal dash", "echo dash"] {
            let request = Request {
                text: text.to_owned(),
                session: Some("zsh-1".to_owned()),
                deadline_ms: Some(MAX_DEADLINE_MS),
                ..Request::new(1, Op::Convert)
            };
            Job::new(&shared, request).run(&shared).await.unwrap();
        }
        let latencies = shared.metrics().latencies();
        let counted: Vec<_> = latencies.iter().map(|it| (it.route.as_str(), it.count)).collect();
        assert_eq!(counted, [("strict", 1), ("session", 1)]);
    }
}
