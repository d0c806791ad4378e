//! The stages of the pipeline, and their names.

/// The stage that gave an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The gate kept the line: it is a command already, or no command at all.
    Gate,
    /// Every separator was said, so the lattice has one strict path.
    Strict,
    /// The rules chose the path.
    Scanner,
    /// The tagger chose the path.
    Tagger,
    /// The tagger found the path, and the person prefers it to the tagger's first one.
    Preferred,
    /// A language model rescored the tagger's paths.
    Rescored,
    /// A language model generated a path that the tagger had not kept, by decoding constrained to the lattice.
    Generated,
    /// The line is an earlier answer that came back, so it stays as it is. The engine never gives this answer: whoever
    /// remembers the answers of a line editor does.
    AlreadyConverted,
}

impl Stage {
    /// Every stage, in the order in which a line meets them.
    pub const ALL: [Stage; 8] = [
        Stage::AlreadyConverted,
        Stage::Gate,
        Stage::Strict,
        Stage::Scanner,
        Stage::Tagger,
        Stage::Preferred,
        Stage::Rescored,
        Stage::Generated,
    ];

    /// The name by which replies, reports and logs call the stage. This is the only place that spells these names;
    /// `docs/PROTOCOL.md` lists them, and users read them, so they stay.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Gate => "gate",
            Stage::Strict => "strict",
            Stage::Scanner => "scanner",
            Stage::Tagger => "tagger",
            Stage::Preferred => "preference",
            Stage::Rescored => "judge",
            Stage::Generated => "writer",
            Stage::AlreadyConverted => "session",
        }
    }

    /// Whether the path leads through the tagger's wide lattice.
    pub(crate) fn is_tagged(self) -> bool {
        matches!(self, Stage::Tagger | Stage::Preferred | Stage::Rescored | Stage::Generated)
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.name())
    }
}

/// The stages that may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Route {
    /// The gate decides, then the confidence of the stages.
    #[default]
    Auto,
    /// The rules alone, without the gate.
    Scanner,
    /// The tagger alone, without the gate.
    Tagger,
    /// The tagger and then the language model, without the gate and whatever the tagger's confidence.
    Model,
}

impl Route {
    /// Every route, in the order of the documentation.
    pub const ALL: [Route; 4] = [Route::Auto, Route::Scanner, Route::Tagger, Route::Model];

    /// The name by which command lines and requests ask for the route.
    pub const fn name(self) -> &'static str {
        match self {
            Route::Auto => "auto",
            Route::Scanner => "scanner",
            Route::Tagger => "tagger",
            Route::Model => "model",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_has_a_name_of_its_own() {
        for (at, stage) in Stage::ALL.iter().enumerate() {
            assert!(Stage::ALL[..at].iter().all(|other| other != stage && other.name() != stage.name()));
        }
    }
}
