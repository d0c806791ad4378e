//! `sayso-lab convert`: what `sayso convert` answers, by the engine in this process.

use anyhow::Context;
use sayso_engine::{Dictation, Resident, Words, wire};
use sayso_eval::model::Model;
use sayso_eval::route;
use sayso_protocol::line::{self, Splitter, TooLong};
use sayso_protocol::{Answer, Fault, Route, output};
use sayso_settings::Settings;
use sayso_text::MAX_TEXT_BYTES;
use std::io::{self, ErrorKind, Read, Write};
use std::process::ExitCode;
use std::time::Instant;

/// Bytes read at a time. What is answered is written before more is waited for.
const CHUNK: usize = 64 * 1024;

/// Converts dictation as `sayso convert` does, without a daemon.
///
/// Prints the command. Without TEXT the line is read from standard input, where other users cannot see it.
/// Your own words from the settings file are used. Exit status: 0 converted or unchanged, 1 it could not be converted
/// (the reason is on standard error, or in `error`), 2 the command line was wrong.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  echo 'git status dash s' | sayso-lab convert\n  \
                        sayso-lab convert --lines < dictations.txt > commands.jsonl")]
pub(crate) struct Convert {
    /// What was dictated; several words are joined by spaces; from standard input where absent or `-`
    #[arg(conflicts_with = "lines")]
    text: Vec<String>,
    /// Print one JSON object: {buffer, cursor, route, confidence, alternatives, spans, micros, message}
    #[arg(long, conflicts_with = "lines")]
    json: bool,
    /// One dictation a line on standard input, one JSON object a line on standard output, in order
    #[arg(long)]
    lines: bool,
    /// The stage that answers
    #[arg(long, value_name = "STAGE", default_value = "auto", value_parser = route::parser())]
    route: Route,
    /// The cursor in the line, in characters; at its end when left out
    #[arg(long, value_name = "N", conflicts_with = "lines")]
    cursor: Option<usize>,
    #[command(flatten)]
    model: Model,
}

/// What lines are read with: the person's own words and the language model.
#[derive(Default)]
struct Means {
    words: Words,
    model: Option<Resident>,
}

impl Convert {
    /// Converts and prints. Fails when standard input or output does; a refused line is an exit status of 1.
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let means = Means { words: words(), model: self.model.open()? };
        if self.lines {
            self.lines(&means, io::stdin().lock(), io::stdout().lock())
                .context("cannot convert the lines of standard input")?;
            return Ok(ExitCode::SUCCESS);
        }
        let outcome = if self.text.is_empty() || self.text == ["-"] {
            self.line(&means, io::stdin().lock()).context("cannot read standard input")?
        } else {
            self.answer(&means, &self.text.join(" "))
        };
        match &outcome {
            _ if self.json => writeln!(io::stdout(), "{}", output::json(&outcome))?,
            Ok(answer) => {
                writeln!(io::stdout(), "{}", answer.buffer)?;
                if let Some(message) = &answer.message {
                    eprintln!("sayso-lab: {message}");
                }
            }
            Err(fault) => eprintln!("sayso-lab: {}", fault),
        }
        Ok(if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn answer(&self, means: &Means, text: &str) -> Result<Answer, Fault> {
        let cursor = self.cursor.map(|cursor| cursor.min(text.chars().count()));
        let (route, model) = (wire::route(self.route), means.model.as_ref());
        let (stop, free) = (self.model.stop(), self.model.free);
        let dictation = Dictation { text, cursor, route, before: "", model, stop, free };
        let start = Instant::now();
        let converted = sayso_engine::convert(&means.words, &dictation);
        let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        converted
            .map_err(|refusal| wire::fault(&refusal))
            .and_then(|conversion| wire::result(&conversion, micros).verified(text))
    }

    /// One dictation, which may have several lines; a newline at its end belongs to the pipe.
    fn line(&self, means: &Means, input: impl Read) -> io::Result<Result<Answer, Fault>> {
        let mut bytes = Vec::new();
        input.take(MAX_TEXT_BYTES as u64 + 2).read_to_end(&mut bytes)?;
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        if bytes.len() > MAX_TEXT_BYTES {
            return Ok(Err(line::text_too_long()));
        }
        Ok(line::text(bytes).and_then(|text| self.answer(means, text)))
    }

    /// Answers every line, also those that are too long or no text, as soon as it is there.
    fn lines(&self, means: &Means, mut input: impl Read, mut output: impl Write) -> io::Result<()> {
        let mut splitter = Splitter::new(MAX_TEXT_BYTES);
        let mut chunk = vec![0; CHUNK];
        let mut answers = String::new();
        let outcome = |line: Result<&[u8], TooLong>| {
            let text = line.map_err(|TooLong| line::text_too_long()).and_then(line::text);
            output::json(&text.and_then(|text| self.answer(means, text))) + "\n"
        };
        loop {
            let read = match input.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            splitter.push(&chunk[..read]);
            while let Some(line) = splitter.next_line() {
                answers += &outcome(line);
            }
            output.write_all(answers.as_bytes())?;
            output.flush()?;
            answers.clear();
        }
        if let Some(rest) = splitter.rest() {
            output.write_all(outcome(Ok(rest)).as_bytes())?;
        }
        output.flush()
    }
}

/// The person's own words. As in the daemon, a mistake in the settings is told and costs one entry.
fn words() -> Words {
    let (settings, mistake) = Settings::load_usable();
    if let Some(mistake) = mistake {
        eprintln!("sayso-lab: {mistake}; the rest of the settings is in force");
    }
    Words::new(settings.words)
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
        Convert { text, json: false, lines: true, route: Route::Auto, cursor: None, model }
    }

    /// The buffer or the error code of each answer to `input`.
    fn check(input: &[u8], expected: &[&str]) {
        for piece in [1, 7, CHUNK] {
            let mut output = Vec::new();
            convert().lines(&Means::default(), Pieces(input, piece), &mut output).unwrap();
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
            let answer = convert().line(&Means::default(), input).unwrap().unwrap();
            assert_eq!(answer.buffer, "ls -l");
        }
        let long = vec![b'x'; MAX_TEXT_BYTES + 1];
        let fault = convert().line(&Means::default(), long.as_slice()).unwrap().unwrap_err();
        assert_eq!(fault, line::text_too_long());
    }
}
