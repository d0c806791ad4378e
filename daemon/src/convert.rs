//! One conversion: runs off the async thread, is put aside while it waits for a language model, and then resumes.

use crate::hint;
use crate::large_input::WorkerFailed;
use crate::limits::{LARGE_INPUT_BYTES, Place};
use crate::state::{Shared, VERSION};
use crate::wire::{self, internal_error, shutting_down};
use sayso_engine::{Dictation, Draft, ModelHandle, Stage, Stop};
use sayso_protocol::reply::Body;
use sayso_protocol::{Answer, Code, ErrorReply, Op, Outcome, Reply, Request, Route, frame};
use sayso_settings::Hints;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

/// Longest line that is explained, in bytes: its explanation takes a hundred times its length. Hand-chosen, 2026-11-23.
const MAX_EXPLAINED_BYTES: usize = 32 * 1024;

/// The result of a conversion.
#[derive(Debug)]
pub(crate) struct Converted {
    /// The whole reply as it is sent.
    pub(crate) frame: Vec<u8>,
    /// The stage that answered.
    pub(crate) stage: Stage,
    /// The time that it took, in microseconds.
    pub(crate) micros: u64,
    /// The command and the other readings, which the session remembers.
    pub(crate) lines: Vec<String>,
}

/// Converts a line. A line that needs no language model never waits for one. A line that leaves a doubt is put aside
/// until the built-in model is loaded and the model has time for it, and then resumes where it stopped; meanwhile its
/// place is free for others. If too many lines wait for the model already, it does without.
pub(crate) async fn convert(
    shared: &Arc<Shared>,
    request: Request,
    place: Place,
    stop: Stop,
) -> Result<Converted, ErrorReply> {
    if request.route == Route::Model {
        let model = load_requested_model(shared).await?;
        let permit = shared.limits.rescoring.clone().acquire_owned().await.map_err(|_| shutting_down())?;
        let shared = shared.clone();
        let work = move || {
            let (mut pending, _) = Pending::begin(&shared, request, &stop)?;
            pending.draft.rescore(&model, &stop);
            pending.finish()
        };
        return spawn_conversion(permit, work).await;
    }
    if request.text.len() > LARGE_INPUT_BYTES {
        let begun = shared.clone();
        let work = move || Pending::begin(&begun, request, &stop)?.0.finish();
        let done = shared.large_inputs.run(work).await.map_err(|WorkerFailed| internal_error());
        shared.burst_ended.notify_one();
        return done?;
    }
    let permit = shared.limits.workers.clone().acquire_owned().await.map_err(|_| shutting_down())?;
    let begun = shared.clone();
    let until = stop.clone();
    let begin = move || match Pending::begin(&begun, request, &until)? {
        (pending, Some(wanted)) => Ok(Progress::Waits(Box::new(pending), wanted)),
        (pending, None) => pending.finish().map(Progress::Done),
    };
    let (mut pending, wanted) = match spawn_conversion(permit, begin).await? {
        Progress::Done(converted) => return Ok(converted),
        Progress::Waits(pending, wanted) => (pending, wanted),
    };
    drop(place);
    let place = shared.limits.place_with_model();
    // Without a deadline there is time for everything.
    let left = || match place {
        Some(_) => stop.left().unwrap_or(Duration::MAX),
        None => Duration::ZERO,
    };
    let model = match wanted {
        Wanted::Loaded(model) => Some(model),
        Wanted::BuiltIn => {
            // The other half of the time is for the model's answer.
            let loaded = timeout(left() / 2, shared.model.load_and_wait()).await.ok().flatten();
            // Another one may have been chosen meanwhile.
            loaded.filter(|model| pending.draft.wants_rescoring(model.mix()))
        }
    };
    let permit = match &model {
        Some(_) => timeout(left(), shared.limits.rescoring.clone().acquire_owned()).await.ok(),
        None => None,
    };
    let permit = permit.transpose().map_err(|_| shutting_down())?;
    let resume = move || {
        if let (Some(model), Some(_)) = (model, permit) {
            pending.draft.rescore(&model, &stop);
        }
        pending.finish()
    };
    spawn_blocking(resume).await.map_err(|_| internal_error())?
}

/// How far a conversion has got.
enum Progress {
    Done(Converted),
    /// It waits for this model.
    Waits(Box<Pending>, Wanted),
}

/// The language model whose opinion a draft wants.
enum Wanted {
    /// One that is loaded.
    Loaded(ModelHandle),
    /// The built-in one, which is loaded in a moment.
    BuiltIn,
}

/// Runs `work` on a blocking thread, and holds `permit` meanwhile. A panic of the engine fails only this one request.
async fn spawn_conversion<T: Send + 'static>(
    permit: OwnedSemaphorePermit,
    work: impl FnOnce() -> Result<T, ErrorReply> + Send + 'static,
) -> Result<T, ErrorReply> {
    let work = move || {
        let _permit = permit;
        work()
    };
    spawn_blocking(work).await.map_err(|_| internal_error())?
}

/// The language model, for a request that allows no other stage and therefore waits for it.
async fn load_requested_model(shared: &Arc<Shared>) -> Result<ModelHandle, ErrorReply> {
    let asked = shared.clone();
    let request = move || {
        asked.model.refresh_choice(&asked.configuration.refreshed().settings.model);
        asked.model.request_load();
    };
    spawn_blocking(request).await.map_err(|_| internal_error())?;
    let absent = || {
        ErrorReply::new(
            Code::NoRoute,
            format!("the model route is not available: {}", shared.model.unavailable_reason()),
        )
    };
    shared.model.load_and_wait().await.ok_or_else(absent)
}

/// A conversion that has begun. It reads the settings once, when it begins.
struct Pending {
    request: Request,
    draft: Draft,
    hints: Hints,
    begun: Instant,
}

impl Pending {
    /// Converts as far as possible without a language model. Also returns the one that the draft wants, if it can be had
    /// in time. If the model is absent and could have helped, it begins to load.
    fn begin(
        shared: &Arc<Shared>,
        request: Request,
        stop: &Stop,
    ) -> Result<(Pending, Option<Wanted>), ErrorReply> {
        let current = shared.configuration.refreshed();
        shared.learning.keep_up(&current.settings.learn);
        let folder = request.context.cwd.as_deref();
        // The conversion gets half of the time that is left.
        let limit = stop.left().map_or(Duration::MAX, |left| left / 2);
        let words = shared.configuration.words(&current, folder, limit);
        let begun = Instant::now();
        // The place is read while the line is converted.
        let look = shared.places.look(&request, current.settings.here);
        let taught = shared.learning.taught();
        let words = taught.with_offered(words, &request.text);
        let end = request.text.chars().count();
        let chosen = wire::chosen(&request.chosen);
        let dictation = Dictation {
            text: &request.text,
            cursor: request.cursor.map(|cursor| cursor.min(end)),
            route: wire::route(request.route),
            before: &request.context.prebuffer,
            place: None,
            preferences: Some(&taught.preferences),
            chosen: &chosen,
        };
        let drafted = current.tagger.engine.draft(&words, &dictation);
        let mut draft = drafted.map_err(|refusal| wire::fault(&refusal))?;
        drop(taught);
        if let Some(look) = look.filter(|_| draft.may_have_names()) {
            draft = draft.with_names(&shared.places.seen(look));
        }
        let mut wanted = None;
        if draft.is_rescorable() {
            shared.model.refresh_choice(&current.settings.model);
            match shared.model.model() {
                Some(model) => {
                    shared.model.touch();
                    wanted =
                        Some(model).filter(|model| draft.wants_rescoring(model.mix())).map(Wanted::Loaded);
                }
                None => {
                    // It is known before it is loaded whether this line needs it, and it is there in a moment.
                    let mix = shared.model.built_in_to_come();
                    if mix.is_none_or(|mix| draft.wants_rescoring(&mix)) {
                        shared.model.request_load();
                        wanted = mix.map(|_| Wanted::BuiltIn);
                    }
                }
            }
        }
        Ok((Pending { request, draft, hints: current.settings.hints, begun }, wanted))
    }

    /// Finishes, checks and encodes the answer.
    fn finish(self) -> Result<Converted, ErrorReply> {
        let Pending { request, draft, hints, begun } = self;
        let is_explained = request.op == Op::Explain && request.text.len() <= MAX_EXPLAINED_BYTES;
        let (conversion, units) = match is_explained {
            true => {
                let (conversion, units) = draft.explain();
                (conversion, wire::units(&units))
            }
            false => (draft.finish(), None),
        };
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let hint = hint::below_line(&request.text, &conversion, hints);
        // A line that stays as it is has no other readings to go through.
        let notes = match conversion.buffer == request.text {
            true => Vec::new(),
            false => hint::notes(&conversion, hints),
        };
        let dictation = request.last.then(|| request.text.clone());
        let answer = Answer { units, hint, notes, dictation, ..wire::answer(&conversion, micros) };
        encode_reply_frame(&request, conversion.stage, answer)
    }
}

/// The answer to a line that is an earlier answer of this session: the line as it came.
pub(crate) fn already_converted(request: &Request, begun: Instant) -> Result<Converted, ErrorReply> {
    let end = request.text.chars().count();
    let stage = Stage::AlreadyConverted;
    let answer = Answer {
        buffer: request.text.clone(),
        cursor: request.cursor.map_or(end, |cursor| cursor.min(end)),
        route: stage.name().to_owned(),
        confidence: 1.0,
        alternatives: Vec::new(),
        spans: Vec::new(),
        dropped: Vec::new(),
        added: Vec::new(),
        micros: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
        message: None,
        hint: None,
        notes: Vec::new(),
        dictation: None,
        units: None,
    };
    encode_reply_frame(request, stage, answer)
}

/// Checks an answer and encodes it.
fn encode_reply_frame(request: &Request, stage: Stage, answer: Answer) -> Result<Converted, ErrorReply> {
    let answer = answer.verified(&request.text)?;
    let micros = answer.micros;
    let lines = std::iter::once(&answer.buffer).chain(&answer.alternatives).cloned().collect();
    let body = Body::Converted(Box::new(answer));
    let frame = frame::encode_reply(Reply::new(request.id, VERSION, Outcome::Result(body)), request.form);
    Ok(Converted { frame, stage, micros, lines })
}

#[cfg(test)]
mod tests;
