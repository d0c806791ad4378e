//! What `convert` prints, whether a daemon answered or the engine in the same process.

use crate::error_reply::ErrorReply;
use crate::fields::{Notes, record};
use crate::reply::Answer;
use serde::Serialize;

/// One JSON object without a newline: the answer, or `{"error":{code,message}}`.
pub fn json(outcome: &Result<Answer, ErrorReply>) -> String {
    #[derive(Serialize)]
    struct Failed<'a> {
        error: &'a ErrorReply,
    }
    let written = match outcome {
        Ok(answer) => serde_json::to_string(answer),
        Err(fault) => serde_json::to_string(&Failed { error: fault }),
    };
    written
        .unwrap_or_else(|_| r#"{"error":{"code":"internal","message":"the answer has no JSON form"}}"#.into())
}

/// The fields of [`record`], each of which ends in a NUL byte.
pub fn fields(outcome: &Result<Answer, ErrorReply>, notes: Notes) -> Vec<u8> {
    record(outcome.as_ref(), notes)
        .into_iter()
        .flat_map(|field| field.into_bytes().into_iter().chain([0]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error_reply::Code;

    #[test]
    fn json_is_the_answer_or_the_error() {
        assert_eq!(
            json(&Ok(Answer { alternatives: vec![], ..Answer::example() })),
            r#"{"buffer":"git status -s","cursor":13,"route":"scanner","confidence":0.895,"alternatives":[],"spans":[],"micros":12,"message":null}"#
        );
        assert_eq!(
            json(&Err(ErrorReply::new(Code::Empty, "nothing"))),
            r#"{"error":{"code":"empty","message":"nothing"}}"#
        );
    }

    #[test]
    fn fields_end_in_nul_and_an_error_has_no_line() {
        let written = fields(&Ok(Answer::example()), Notes::Without);
        assert_eq!(
            written,
            "ok@@scanner@90@13@git status -s@git status -S@two\nlines@".replace("@", "\0").as_bytes()
        );
        let notes = vec!["2 of 3".into(), String::new(), "as dictated".into()];
        let written =
            fields(&Ok(Answer { notes, hint: Some("unsure".into()), ..Answer::example() }), Notes::With);
        let expected = "ok@unsure@scanner@90@13@git status -s@as dictated@git status -S@2 of 3@two\nlines@@";
        assert_eq!(written, expected.replace('@', "\0").as_bytes());
        let written = fields(&Err(ErrorReply::new(Code::Deadline, "too\nslow")), Notes::With);
        assert_eq!(written, b"deadline\0too slow\0");
    }
}
