//! What `convert` prints, the same whether a daemon answered or the engine in this process.

use crate::reply::printable;
use crate::{Answer, Fault};
use serde::Serialize;

/// How sure an answer is, in whole percent, as [`fields`] prints it.
fn percent(confidence: f32) -> u32 {
    // Clamped first, so the cast neither truncates nor wraps; NaN becomes 0.
    (confidence.clamp(0.0, 1.0) * 100.0).round() as u32
}

/// One JSON object without a newline: the answer, or `{"error":{code,message}}`.
pub fn json(outcome: &Result<Answer, Fault>) -> String {
    #[derive(Serialize)]
    struct Failed<'a> {
        error: &'a Fault,
    }
    let written = match outcome {
        Ok(answer) => serde_json::to_string(answer),
        Err(fault) => serde_json::to_string(&Failed { error: fault }),
    };
    written
        .unwrap_or_else(|_| r#"{"error":{"code":"internal","message":"the answer has no JSON form"}}"#.into())
}

/// The answer for a shell that has no JSON parser: fields that each end in a NUL byte, which no line can hold.
///
/// 1. `ok`, or the error code
/// 2. a message for the person, possibly empty, one line
///
/// and only after `ok`:
///
/// 3. the stage that answered
/// 4. how sure it is, 0 to 100
/// 5. the cursor in the new line, in characters
/// 6. the new line
/// 7. and on: the alternatives, best first
pub fn fields(outcome: &Result<Answer, Fault>) -> Vec<u8> {
    let fields: Vec<String> = match outcome {
        Ok(answer) => {
            let head = [
                "ok".to_owned(),
                printable(answer.message.as_deref().unwrap_or_default()),
                answer.route.clone(),
                percent(answer.confidence).to_string(),
                answer.cursor.to_string(),
                answer.buffer.clone(),
            ];
            head.into_iter().chain(answer.alternatives.iter().cloned()).collect()
        }
        Err(fault) => vec![fault.code.to_string(), printable(&fault.message)],
    };
    fields.into_iter().flat_map(|field| field.into_bytes().into_iter().chain([0])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    fn answer() -> Answer {
        Answer {
            buffer: "git status -s".into(),
            cursor: 13,
            route: "scanner".into(),
            confidence: 0.895,
            alternatives: vec!["git status -S".into(), "two\nlines".into()],
            spans: vec![],
            micros: 12,
            message: None,
            units: None,
        }
    }

    #[test]
    fn json_is_the_answer_or_the_error() {
        assert_eq!(
            json(&Ok(Answer { alternatives: vec![], ..answer() })),
            r#"{"buffer":"git status -s","cursor":13,"route":"scanner","confidence":0.895,"alternatives":[],"spans":[],"micros":12,"message":null}"#
        );
        assert_eq!(
            json(&Err(Fault::new(Code::Empty, "nothing"))),
            r#"{"error":{"code":"empty","message":"nothing"}}"#
        );
    }

    #[test]
    fn fields_end_in_nul_and_an_error_has_no_line() {
        let written = fields(&Ok(answer()));
        assert_eq!(
            written,
            "ok@@scanner@90@13@git status -s@git status -S@two\nlines@".replace("@", "\0").as_bytes()
        );
        let written = fields(&Err(Fault::new(Code::Deadline, "too\nslow")));
        assert_eq!(written, b"deadline\0too slow\0");
    }
}
