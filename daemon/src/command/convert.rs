//! `saysod convert`: answers as `sayso convert` does, with the engine in this process. `sayso convert --no-daemon`
//! becomes this program.

use crate::configuration::Configuration;
use crate::{place, print_error, wire};
use anyhow::Context;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use sayso_engine::{Conversion, Dictation, Engine, ModelHandle, Place, Refusal, Rescorer, Stop, Words};
use sayso_language::Options;
use sayso_protocol::line::{self, Input};
use sayso_protocol::{Answer, ErrorReply, Route, cli_format};
use sayso_text::MAX_TEXT_BYTES;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Converts dictation as `sayso convert` does, without a daemon.
///
/// Prints the command. Without TEXT the line is read from standard input, where other users cannot see it. Your own words
/// and the weights that your settings name are used. Exit status: 0 converted or unchanged, 1 it could not be converted
/// (the reason is on standard error, or in `error`), 2 the command line was wrong.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  echo 'git status dash s' | saysod convert\n  \
                        saysod convert --lines < dictations.txt > commands.jsonl")]
pub(crate) struct Convert {
    /// What was dictated; several words are joined by spaces; from standard input where absent or `-`
    #[arg(conflicts_with = "lines")]
    text: Vec<String>,
    /// Print one JSON object: {buffer, cursor, route, confidence, alternatives, spans, dropped, micros,
    /// message}
    #[arg(long, conflicts_with = "lines")]
    json: bool,
    /// One dictation a line on standard input, one JSON object a line on standard output, in order
    #[arg(long)]
    lines: bool,
    /// The stage that answers
    #[arg(long, value_name = "STAGE", default_value = "auto", value_parser = route())]
    route: Route,
    /// The cursor in the line, in characters; at its end when left out
    #[arg(long, value_name = "N", conflicts_with = "lines")]
    cursor: Option<usize>,
    /// Convert the line from its Nth character on; what stands before it is read with it, and is not printed
    #[arg(long, value_name = "N", conflicts_with = "lines")]
    from: Option<usize>,
    #[command(flatten)]
    model: Model,
}

/// The language model that may be asked, and for how long.
#[derive(Debug, Default, clap::Args)]
struct Model {
    /// A model folder, or built-in: this language model is asked where the tagger is not sure (or by --route model, always)
    #[arg(long = "model", value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Milliseconds that it may take for a line; no limit when left out
    #[arg(long = "model-deadline", value_name = "MS", requires = "folder")]
    deadline: Option<u64>,
    /// With --route model: it writes whatever it likes, for comparison
    #[arg(long, requires = "folder")]
    free: bool,
}

/// Reads a route from the command line; help and error messages list the names.
fn route() -> impl TypedValueParser<Value = Route> {
    let named = |name: String| Route::ALL.into_iter().find(|route| route.as_str() == name);
    PossibleValuesParser::new(Route::ALL.map(Route::as_str)).map(move |name| named(name).unwrap_or_default())
}

/// Everything that a conversion needs besides the line.
struct Setup {
    engine: Engine,
    words: std::sync::Arc<Words>,
    model: Option<ModelHandle>,
    place: Place,
}

impl Setup {
    /// The words and weights of the settings, and the model of the command line. As in the daemon, a mistake in the
    /// settings costs one entry.
    fn load(model: &Model) -> anyhow::Result<Setup> {
        let configuration = Configuration::load();
        let current = configuration.current();
        let here = std::env::current_dir().ok();
        let words =
            configuration.words(&current, here.as_deref().and_then(|here| here.to_str()), Duration::MAX);
        if let Some(mistake) = current.mistake {
            print_error(&format!("{mistake}; the rest of the settings is in force"));
        }
        if let Some(mistake) = current.tagger.mistake {
            print_error(&mistake);
        }
        let open = |folder: &PathBuf| {
            ModelHandle::open(sayso_small::in_folder(folder), &Options::default())
                .with_context(|| format!("cannot use the language model in {}", folder.display()))
        };
        let model = model.folder.as_ref().map(open).transpose()?;
        let place = place::of_process(current.settings.here);
        Ok(Setup { engine: current.tagger.engine, words, model, place })
    }
}

/// Converts and prints. Fails when standard input or output does; a refused line is an exit status of 1.
pub(crate) fn run(convert: &Convert) -> anyhow::Result<ExitCode> {
    match convert.print(&Setup::load(&convert.model)?) {
        // Whoever reads standard output has seen enough.
        Err(error) if super::is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        done => done,
    }
}

impl Convert {
    fn print(&self, setup: &Setup) -> anyhow::Result<ExitCode> {
        if self.lines {
            self.lines(setup, io::stdin().lock(), io::stdout().lock())
                .context("cannot convert the lines of standard input")?;
            return Ok(ExitCode::SUCCESS);
        }
        let outcome = if self.text.is_empty() || self.text == ["-"] {
            self.line(setup, io::stdin().lock()).context("cannot read standard input")?
        } else {
            self.answer(setup, &self.text.join(" "))
        };
        match &outcome {
            _ if self.json => writeln!(io::stdout(), "{}", cli_format::json(&outcome))?,
            Ok(answer) => {
                writeln!(io::stdout(), "{}", answer.buffer)?;
                if let Some(message) = &answer.message {
                    print_error(message);
                }
            }
            Err(fault) => print_error(&fault.to_string()),
        }
        Ok(if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn answer(&self, setup: &Setup, text: &str) -> Result<Answer, ErrorReply> {
        let begun = Instant::now();
        let converted = self.convert(setup, text);
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        converted
            .map_err(|refusal| wire::fault(&refusal))
            .and_then(|conversion| wire::answer(&conversion, micros).verified(text))
    }

    fn convert(&self, setup: &Setup, text: &str) -> Result<Conversion, Refusal> {
        let (before, text) = line::split(text, self.from.unwrap_or(0));
        let cursor = self.cursor.map(|cursor| cursor.min(text.chars().count()));
        let route = wire::route(self.route);
        let dictation =
            Dictation { text, cursor, route, before, place: Some(&setup.place), ..Dictation::default() };
        let stop = match self.model.deadline {
            Some(ms) => Stop::at(Instant::now() + Duration::from_millis(ms)),
            None => Stop::never(),
        };
        match &setup.model {
            Some(model) if self.model.free && self.route == Route::Model => {
                let mut draft = setup.engine.draft(&setup.words, &dictation)?;
                draft.generate_unconstrained(model, &stop);
                Ok(draft.finish())
            }
            model => {
                let rescorer = model.as_ref().map(|model| Rescorer { model, stop: &stop });
                setup.engine.convert(&setup.words, &dictation, rescorer)
            }
        }
    }

    /// One dictation, which may span several lines; a newline at its end belongs to the pipe.
    fn line(&self, setup: &Setup, input: impl Read) -> io::Result<Result<Answer, ErrorReply>> {
        let mut bytes = Vec::new();
        input.take(MAX_TEXT_BYTES as u64 + 2).read_to_end(&mut bytes)?;
        Ok(line::whole_text(&bytes, true).and_then(|text| self.answer(setup, text)))
    }

    /// Answers each line as soon as it arrives, even one that is too long or not text.
    fn lines(&self, setup: &Setup, input: impl Read, mut output: impl Write) -> io::Result<()> {
        let mut answers = String::new();
        line::each_dictation(input, |input| match input {
            Input::Line(text) => {
                answers += &cli_format::json(&text.and_then(|text| self.answer(setup, text)));
                answers.push('\n');
                Ok(())
            }
            Input::Pause => {
                output.write_all(answers.as_bytes())?;
                answers.clear();
                output.flush()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that gives `piece` bytes at a time.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = self.1.min(self.0.len()).min(buffer.len());
            buffer[..size].copy_from_slice(&self.0[..size]);
            self.0 = &self.0[size..];
            Ok(size)
        }
    }

    fn convert() -> Convert {
        let (text, model) = (Vec::new(), Model::default());
        Convert { text, json: false, lines: true, route: Route::Auto, cursor: None, from: None, model }
    }

    fn setup() -> Setup {
        Setup {
            engine: Engine::embedded().clone(),
            words: std::sync::Arc::default(),
            model: None,
            place: Place::default(),
        }
    }

    /// The buffer or the error code of each answer to `input`.
    fn check(input: &[u8], expected: &[&str]) {
        for piece in [1, 7, 1 << 16] {
            let mut output = Vec::new();
            convert().lines(&setup(), Pieces(input, piece), &mut output).unwrap();
            let found: Vec<String> = String::from_utf8(output)
                .unwrap()
                .lines()
                .map(|line| {
                    let answer: serde_json::Value = serde_json::from_str(line).unwrap();
                    let member = answer.get("buffer").unwrap_or(&answer["error"]["code"]);
                    member.as_str().unwrap().to_owned()
                })
                .collect();
            assert_eq!(found, expected, "by {piece}");
        }
    }

    #[test]
    fn one_answer_a_line() {
        check(b"", &[]);
        check(b"ls space dash l\n", &["ls -l"]);
        check(b"ls space dash l\r\npwd", &["ls -l", "pwd"]);
        check(b"\nls\n  \n", &["empty", "ls", "empty"]);
    }

    #[test]
    fn what_is_no_text_is_an_error_in_its_place() {
        check(b"ls\n\xff\xfe\npwd\n", &["ls", "bad_character", "pwd"]);
        check(b"ls\nl\0s\npwd\n", &["ls", "bad_character", "pwd"]);
        let long = [b"ls\n".as_slice(), &vec![b'x'; MAX_TEXT_BYTES + 1], b"\npwd\n"].concat();
        check(&long, &["ls", "too_long", "pwd"]);
    }

    #[test]
    fn a_single_line_may_end_or_not() {
        for input in [b"ls space dash l".as_slice(), b"ls space dash l\n"] {
            let answer = convert().line(&setup(), input).unwrap().unwrap();
            assert_eq!(answer.buffer, "ls -l");
        }
        let long = vec![b'x'; MAX_TEXT_BYTES + 1];
        let fault = convert().line(&setup(), long.as_slice()).unwrap().unwrap_err();
        assert_eq!(fault, line::text_too_long());
    }
}
