//! When a language model is asked about a draft, what becomes of its answer, and how a draft ends.

use crate::candidates::Candidates;
use crate::draft::{Choice, Draft};
use crate::explain::{self, ExplainedUnit};
use crate::rescore::{self, Scored};
use crate::{Conversion, ModelHandle, Route, Stage, Stop, pipeline};
use sayso_language::{LanguageError, Mix};

impl Draft {
    /// Whether lines like this one are worth keeping a language model loaded for: the tagger chose, and the route
    /// leaves the last word to a model.
    pub fn is_rescorable(&self) -> bool {
        self.rescorable().is_some()
    }

    /// The paths that a language model may be asked about. The route decides where it names a stage; else a line of
    /// which the tagger leaves nothing is not worth the question.
    fn rescorable(&self) -> Option<&Candidates> {
        let Choice::Paths(paths) = &self.choice else { return None };
        if !paths.stage.is_tagged() {
            return None;
        }
        let may_ask = match self.route {
            Route::Scanner | Route::Tagger => false,
            Route::Auto => !paths.is_blank(),
            Route::Model => true,
        };
        Some(paths).filter(|_| may_ask)
    }

    /// Whether a language model with this mix is to be asked about the line: the tagger is less sure than the mix says, or
    /// the route wants a model's answer in any case.
    pub fn wants_rescoring(&self, mix: &Mix) -> bool {
        self.rescorable().is_some_and(|paths| {
            let is_unsure = self.route == Route::Model || paths.confidence < mix.ask_below;
            paths.stage == Stage::Tagger && is_unsure
        })
    }

    /// Has a language model rescore the tagger's paths, and generate another path where none of them is good. Where the
    /// model has no answer by `stop`, the tagger's answer stands.
    pub fn rescore(&mut self, model: &ModelHandle, stop: &Stop) {
        let Some(paths) = self.rescorable() else { return };
        const NO_ANSWER: &str = "gave no answer, so this is the tagger's";
        const NO_LINE: &str = "judged, but did not come to write another line";
        let (paths, outcome) = match rescore::rescore(&self.engine, paths, &self.dictated, model, stop) {
            Err(error) => (paths.clone(), Err((NO_ANSWER, error))),
            Ok((rescored, error)) => {
                let outcome = error.map_or(Ok(()), |error| Err((NO_LINE, error)));
                (rescored.unwrap_or_else(|| paths.clone()), outcome)
            }
        };
        self.resume(paths, outcome);
    }

    /// Has a language model write whatever it likes, for comparison. What it writes is taken where the lattice has a
    /// path that writes the same; else the person is told, and the tagger's answer stands.
    pub fn generate_unconstrained(&mut self, model: &ModelHandle, stop: &Stop) {
        let Some(paths) = self.rescorable() else { return };
        let (paths, outcome) = match rescore::unconstrained(&self.engine, paths, &self.dictated, model, stop)
        {
            Ok(answer) => (answer, Ok(())),
            Err(error) => (paths.clone(), Err(("wrote nothing, so this is the tagger's answer", error))),
        };
        self.resume(paths, outcome);
    }

    /// Goes on with these paths. A person who asked for the model is told why it has no answer; others are not.
    fn resume(&mut self, mut paths: Candidates, outcome: Result<(), (&str, LanguageError)>) {
        if let Err((what, error)) = outcome
            && self.route == Route::Model
        {
            paths.message = Some(format!("the language model {what} ({error})"));
        }
        self.choice = Choice::Paths(paths);
    }

    /// What tagger and language model think of each path, the model's own among them; mixes are fitted to that. `None`
    /// where no model is asked.
    ///
    /// # Errors
    /// The model cannot read the line, or was stopped.
    pub fn scores(&self, model: &ModelHandle, stop: &Stop) -> Result<Option<Scored>, LanguageError> {
        let Some(paths) = self.rescorable() else { return Ok(None) };
        let Some(scored) = rescore::score(paths, &self.dictated, model, stop)? else {
            return Ok(None);
        };
        rescore::with_own(&self.engine, paths, scored, &self.dictated, model, stop).map(Some)
    }

    /// The answer.
    pub fn finish(self) -> Conversion {
        pipeline::finish(&self)
    }

    /// The answer, and unit by unit how it came about.
    pub fn explain(self) -> (Conversion, Vec<ExplainedUnit>) {
        let conversion = pipeline::finish(&self);
        let units = explain::units(&self, &conversion);
        (conversion, units)
    }
}
