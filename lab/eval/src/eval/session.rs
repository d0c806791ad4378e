//! One evaluation after the other: who answers, with which model, and what happens when a case crashes.

use super::answer::{Answer, Asked, Reply};
use super::identity::{Identity, Settings};
use super::journal::Journal;
use super::run::Run;
use crate::memory::PeakMemory;
use crate::model::{self, Model};
use crate::route::Answerer;
use crate::tagger::Tagger;
use sayso_corpus::cases::Case;
use sayso_corpus::progress::Progress;
use sayso_engine::{Engine, ModelHandle, Stop};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Who answers the cases of one run, and with which model.
#[derive(Debug, Clone)]
pub(super) struct Contender {
    /// What tells it from another one.
    pub(super) label: String,
    pub(super) answerer: Answerer,
    /// The folder of its language model, if it has one.
    pub(super) model: Option<PathBuf>,
}

/// Answers a case. Tests put one in place of [`Asked::reply`].
type Converter<'c> = &'c dyn Fn(&Asked<'_>, &Case) -> anyhow::Result<Reply>;

/// What all runs of one evaluation share.
pub(super) struct Session<'s> {
    tagger: &'s Tagger,
    limits: &'s Model,
    engine: Engine,
    /// The model that was used last, with its folder: at most one is in memory.
    loaded: Option<(PathBuf, ModelHandle)>,
    journal: Option<Journal>,
    runs: usize,
}

impl<'s> Session<'s> {
    /// Begins. The engine has the weights of `tagger`; every finished case is written into `journal` and not repeated.
    ///
    /// # Errors
    /// If the weights or the journal cannot be read.
    pub(super) fn new(
        tagger: &'s Tagger,
        limits: &'s Model,
        journal: Option<&Path>,
    ) -> anyhow::Result<Session<'s>> {
        let journal = journal.map(Journal::open).transpose()?;
        Ok(Session { tagger, limits, engine: tagger.engine()?, loaded: None, journal, runs: 0 })
    }

    /// Has the contender answer every case.
    ///
    /// A case that panics, or in which the model's thread ends, counts as wrong; the model is then loaded again.
    ///
    /// # Errors
    /// If the answerer is not in this build, the model cannot be loaded, or the journal cannot be written.
    pub(super) fn run(&mut self, cases: &[Case], contender: &Contender) -> anyhow::Result<Run> {
        self.run_with(cases, contender, &|asked, case| asked.reply(case))
    }

    fn run_with(
        &mut self,
        cases: &[Case],
        contender: &Contender,
        convert: Converter<'_>,
    ) -> anyhow::Result<Run> {
        let keys = match self.journal {
            Some(_) => self.identity(contender)?.keys(cases),
            None => Vec::new(),
        };
        self.keep(contender.model.as_deref());
        let peak = PeakMemory::begin(self.runs == 0);
        self.runs += 1;
        let progress = Progress::new(cases.len(), "cases");
        let mut answers = Vec::with_capacity(cases.len());
        for (at, case) in cases.iter().enumerate() {
            let known = self.journal.as_ref().and_then(|journal| journal.answer(&keys[at], case));
            let answer = match known {
                Some(known) => known,
                None => {
                    let answer = self.answer(case, contender, peak, convert)?;
                    if let Some(journal) = &mut self.journal {
                        journal.add(keys[at].clone(), case, &answer)?;
                    }
                    answer
                }
            };
            answers.push(answer);
            progress.step();
        }
        let Contender { label, answerer, .. } = contender;
        Ok(Run { label: label.clone(), answerer: *answerer, answers })
    }

    fn identity(&self, contender: &Contender) -> anyhow::Result<Identity> {
        Identity::of(&Settings {
            answerer: contender.answerer,
            weights: self.tagger.weights(),
            model: contender.model.as_deref(),
            deadline: self.limits.deadline(),
        })
    }

    /// Unloads the model, unless it is that of this folder.
    fn keep(&mut self, folder: Option<&Path>) {
        if let Some((_, model)) = self.loaded.take_if(|(loaded, _)| Some(loaded.as_path()) != folder) {
            // Its memory would count for the next one.
            model.close();
        }
    }

    /// Loads the model of this folder, unless it is there.
    fn load(&mut self, folder: Option<&Path>) -> anyhow::Result<()> {
        if let (None, Some(folder)) = (&self.loaded, folder) {
            self.loaded = Some((folder.to_owned(), model::open(folder)?));
        }
        Ok(())
    }

    fn answer(
        &mut self,
        case: &Case,
        contender: &Contender,
        peak: PeakMemory,
        convert: Converter<'_>,
    ) -> anyhow::Result<Answer> {
        self.load(contender.model.as_deref())?;
        // The daemon has built its tables long before the first key press. A second time it costs nothing.
        self.engine.warm_up();
        let stop = self.limits.stop();
        let model = self.loaded.as_ref().map(|(_, model)| model);
        let asked = Asked { answerer: contender.answerer, engine: &self.engine, model, stop: &stop };
        let start = Instant::now();
        let reply = caught(|| convert(&asked, case));
        let time = start.elapsed();
        let mut reply = reply.unwrap_or_else(|crash| Ok(Reply::crash(crash)))?;
        // Where the model's thread has ended, another stage may have answered for it. A thread that lives answers this
        // as soon as it has put down what it was working on.
        let alive = model.map_or(Ok(()), |model| model.ask(&Stop::never(), |_, _| Ok(())));
        if let Err(ended) = alive {
            reply = Reply::crash(ended.to_string());
            self.loaded = None;
        }
        let (reply, score) = match caught(|| reply.score(case)) {
            Ok(score) => (reply, score),
            Err(crash) => {
                let reply = Reply::crash(crash);
                let score = reply.score(case);
                (reply, score)
            }
        };
        Ok(Answer { reply, score, time, peak: peak.bytes() })
    }
}

/// What `work` gives, or the message of its panic.
///
/// Nothing here is used afterwards that a panic leaves half changed: the engine's caches and pools lock what they change.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| message(payload.as_ref()))
}

/// The message of a panic.
fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::answer::By;
    use crate::route::Writing;
    use crate::score::Tier;
    use sayso_engine::Route;

    const SCANNER: Answerer = Answerer::Engine(Route::Scanner);

    fn case(dictated: &str, expected: &str) -> Case {
        let (dictated, expected) = (dictated.to_owned(), expected.to_owned());
        Case { dictated, expected, alt: Vec::new(), groups: Vec::new() }
    }

    fn cases() -> Vec<Case> {
        vec![
            case("ls space dash l", "ls -l"),
            case("p w d", "pwd"),
            case("ls space dash l", "ls -l"),
            case("git space status", "git status"),
        ]
    }

    fn contender(answerer: Answerer, model: Option<&Path>) -> Contender {
        let (label, model) = (answerer.name().to_owned(), model.map(Path::to_owned));
        Contender { label, answerer, model }
    }

    /// Runs and counts how often it was asked; the case with this text panics.
    fn run(journal: Option<&Path>, cases: &[Case], panics: &str) -> (Run, usize) {
        let (tagger, limits) = (Tagger::default(), Model::default());
        let mut session = Session::new(&tagger, &limits, journal).unwrap();
        let asked_for = std::cell::Cell::new(0);
        let run = session.run_with(cases, &contender(SCANNER, None), &|asked, case| {
            asked_for.set(asked_for.get() + 1);
            assert!(case.dictated != panics, "a defect with {panics:?}, for this test");
            asked.reply(case)
        });
        (run.unwrap(), asked_for.get())
    }

    #[test]
    fn a_case_that_panics_is_wrong_and_the_others_are_answered() {
        let (run, asked) = run(None, &cases(), "p w d");
        assert_eq!((run.answers.len(), asked), (4, 4));
        let crashed = &run.answers[1];
        assert_eq!((crashed.reply.by, crashed.score.tier), (By::Crash, Tier::Wrong));
        assert!(crashed.reply.message.as_ref().unwrap().contains("a defect with \"p w d\""));
        for at in [0, 2, 3] {
            assert_eq!(run.answers[at].score.tier, Tier::Exact, "{at}");
        }
    }

    #[test]
    fn an_interrupted_run_goes_on_and_gives_what_a_whole_one_gives() {
        let place = tempfile::tempdir().unwrap();
        let (whole_file, cut_file) = (place.path().join("whole"), place.path().join("cut"));
        let cases = cases();
        let (whole, asked) = run(Some(&whole_file), &cases, "p w d");
        assert_eq!(asked, 4);
        let text = std::fs::read_to_string(&whole_file).unwrap();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for finished in 0..=4 {
            // Where it was cut, the next line is begun.
            let torn = lines.get(finished).map_or("", |line| &line[..line.len() / 2]);
            std::fs::write(&cut_file, lines[..finished].concat() + torn).unwrap();
            let (resumed, asked) = run(Some(&cut_file), &cases, "p w d");
            assert_eq!(asked, 4 - finished);
            assert_eq!(resumed.answers[..finished], whole.answers[..finished], "times and peaks too");
            for (resumed, whole) in resumed.answers.iter().zip(&whole.answers) {
                assert_eq!((&resumed.reply, &resumed.score), (&whole.reply, &whole.score));
            }
            let (again, asked) = run(Some(&cut_file), &cases, "p w d");
            assert_eq!((asked, again.answers), (0, resumed.answers));
        }
    }

    #[test]
    fn a_case_that_has_changed_is_asked_again() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("finished");
        let mut cases = cases();
        run(Some(&file), &cases[..2], "");
        assert_eq!(run(Some(&file), &cases, "").1, 2, "a longer list goes on with a shorter one");
        cases[0].expected = "ls -L".to_owned();
        let (changed, asked) = run(Some(&file), &cases, "");
        // The third case was the second of its kind, and is the first now.
        assert_eq!((asked, changed.answers[0].score.tier), (1, Tier::Partial));
    }

    /// A small model of random weights.
    fn model(place: &Path) -> PathBuf {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/store/tests/fixtures");
        let folder = place.join("model");
        sayso_store::gguf::import(&fixtures.join("smollm.gguf"), &folder).unwrap();
        folder
    }

    #[test]
    fn a_model_that_dies_is_loaded_again() {
        let place = tempfile::tempdir().unwrap();
        let folder = model(place.path());
        let (tagger, limits) = (Tagger::default(), Model::default());
        let mut session = Session::new(&tagger, &limits, None).unwrap();
        for answerer in [Answerer::Engine(Route::Model), Answerer::Model(Writing::Free)] {
            let run = session.run_with(&cases(), &contender(answerer, Some(&folder)), &|asked, case| {
                if case.dictated == "p w d" {
                    let died = asked
                        .model
                        .unwrap()
                        .ask(&Stop::never(), |_, _| -> Result<(), _> { panic!("a defect, for this test") });
                    assert!(died.is_err());
                }
                asked.reply(case)
            });
            let run = run.unwrap();
            let crashed: Vec<bool> = run.answers.iter().map(|it| it.reply.by == By::Crash).collect();
            assert_eq!(crashed, [false, true, false, false]);
            let message = run.answers[1].reply.message.as_ref().unwrap();
            assert!(message.contains("stopped after an internal error"), "{message}");
        }
    }

    #[test]
    fn what_is_written_along_the_lattice_was_dictated() {
        let place = tempfile::tempdir().unwrap();
        let folder = model(place.path());
        let (tagger, limits) = (Tagger::default(), Model::default());
        let mut session = Session::new(&tagger, &limits, None).unwrap();
        let mut invented = |writing| {
            let run = session.run(&cases(), &contender(Answerer::Model(writing), Some(&folder))).unwrap();
            run.answers.iter().filter(|answer| answer.score.invented).count()
        };
        assert_eq!(invented(Writing::Constrained), 0);
        // What random weights write was not said.
        assert!(invented(Writing::Free) > 0);
    }
}
