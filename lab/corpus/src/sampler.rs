//! The stream of training samples: commands said in every dialect.

use crate::asr_noise::asr_noise;
use crate::command_source::{Commands, Source};
use crate::dialect::Dialect;
use crate::disfluency::disfluency;
use crate::disfluency::recombination::{self, recombine};
use crate::labelled_word::LabelledWord;
use crate::mix::Mix;
use crate::sample::{LabelledText, LineClass, Sample};
use crate::trap::trap;
use crate::verbalise::{Style, verbalise};
use crate::written::{Core, CoreKind, EngineKind, TalkKind};
use fastrand::Rng;
use sayso_speech::speak::{self, speak};

/// Percentage of the samples of the free dialect that are said in the styles of `speak`. Hand-chosen, 2026-11-23.
const SPOKEN: u8 = 40;
/// Commands that are remembered for borrowing. Hand-chosen, 2026-11-23.
const MAX_RECENT: usize = 64;
/// Percentage of recombined samples that are traps, and percentage of those that have no talk around them. Hand-chosen,
/// 2026-11-28.
const TRAPS: u8 = 22;
const BARE_TRAPS: u8 = 50;
/// Least number of words in prose.
const SHORTEST_PROSE: usize = 3;

/// An endless stream of samples.
pub struct Sampler<'c> {
    commands: &'c Commands,
    /// What the samples are made of from now on.
    pub mix: Mix,
    random: Rng,
    /// Whether commands come only from the held-out pages.
    held_out: bool,
    /// Commands as they were recently said; wrong starts are borrowed from them.
    recent: Vec<Vec<LabelledWord>>,
}

impl<'c> Sampler<'c> {
    /// The same seed gives the same samples.
    pub fn new(commands: &'c Commands, mix: Mix, seed: u64) -> Sampler<'c> {
        Sampler { commands, mix, random: Rng::with_seed(seed), held_out: false, recent: Vec::new() }
    }

    /// A stream of held-out commands, said freely.
    pub fn held_out(commands: &'c Commands, mix: Mix, seed: u64) -> Sampler<'c> {
        let mix = Mix {
            nl2bash: 0.0,
            free: 1.0,
            talk: 0.0,
            noise: 0.0,
            prose: 0.0,
            strict: 0.0,
            typed: 0.0,
            written: 0.0,
            recombined: 0.0,
            engine: 0.0,
            ..mix
        };
        Sampler { held_out: true, ..Sampler::new(commands, mix, seed) }
    }

    /// The next sample, or `None` if a command could not be said.
    pub fn next_sample(&mut self) -> Option<Sample> {
        let dialect = self.mix.dialect(self.random.f32());
        match dialect {
            Dialect::Nl2bash if self.random.f32() < self.mix.pairs => Some(self.pair()),
            Dialect::Nl2bash => self.series(),
            Dialect::Strict => self.strict(),
            Dialect::Typed => Some(self.typed()),
            Dialect::Free if !self.held_out && self.random.u8(..100) < SPOKEN => self.spoken(),
            Dialect::Written => self.written(),
            Dialect::Recombined => self.recombined(),
            Dialect::Engine => self.engine(),
            Dialect::Free | Dialect::Talk | Dialect::Noise | Dialect::Prose => self.said_by_a_person(dialect),
        }
    }

    /// An unchanged pair of NL2Bash.
    fn pair(&mut self) -> Sample {
        let pairs = &self.commands.pairs;
        let (dictated, expected) = &pairs[self.random.usize(..pairs.len())];
        Sample::dictation(LabelledText::unlabelled(dictated.as_str()), expected, Dialect::Nl2bash)
    }

    /// A command in the dialect of the series.
    fn series(&mut self) -> Option<Sample> {
        let command = self.command();
        let words = verbalise(&command, Style::nl2bash(), &mut self.random)?;
        Some(Sample::dictation(LabelledText::of_words(&words), command.trim(), Dialect::Nl2bash))
    }

    fn strict(&mut self) -> Option<Sample> {
        let expected = self.command();
        let dictated = speak(&expected, speak::Dialect::Strict, self.random.u64(..)).ok()?;
        let dictated = LabelledText::unlabelled(dictated);
        Some(Sample { dictated, expected, class: LineClass::Strict, dialect: Dialect::Strict })
    }

    fn typed(&mut self) -> Sample {
        let expected = self.command();
        let dictated = LabelledText::unlabelled(expected.as_str());
        Sample { dictated, expected, class: LineClass::Command, dialect: Dialect::Typed }
    }

    /// A command in one of the styles of `speak`.
    fn spoken(&mut self) -> Option<Sample> {
        let command = self.command();
        let dictated = speak(&command, speak::Dialect::Free, self.random.u64(..)).ok()?;
        Some(Sample::dictation(LabelledText::unlabelled(dictated), &command, Dialect::Free))
    }

    /// A command in a person's style, with talk around it and the noise of a speech engine.
    fn said_by_a_person(&mut self, dialect: Dialect) -> Option<Sample> {
        let command = self.command();
        let style = Style::drawn(&mut self.random);
        let words = verbalise(&command, style, &mut self.random)?;
        if words.is_empty() {
            return None;
        }
        self.remember(&words);
        let random = &mut self.random;
        let words = match dialect {
            Dialect::Prose => return prose(disfluency(words, &self.recent, random), random),
            // People talk into speech engines, too.
            Dialect::Talk if random.u8(..3) == 0 => {
                asr_noise(disfluency(words, &self.recent, random), random)
            }
            Dialect::Talk => disfluency(words, &self.recent, random),
            Dialect::Noise => asr_noise(words, random),
            _ => words,
        };
        Some(Sample::dictation(LabelledText::of_words(&words), command.trim(), dialect))
    }

    /// A line of talk, unchanged or as another engine writes it.
    fn written(&mut self) -> Option<Sample> {
        let line = self.random.choice(&self.commands.written.talk)?;
        let words = match self.random.u8(..100) {
            0..55 => line.words.clone(),
            55..75 => recombination::rewritten(line.words.clone(), &line.expected, &mut self.random),
            _ => asr_noise(line.words.clone(), &mut self.random),
        };
        let dictated = LabelledText::of_words(&words);
        Some(match line.kind {
            TalkKind::Prose => Sample { dialect: Dialect::Written, ..Sample::prose(dictated) },
            _ => Sample::dictation(dictated, &line.expected, Dialect::Written),
        })
    }

    /// An unchanged line of an engine.
    fn engine(&mut self) -> Option<Sample> {
        let line = self.random.choice(&self.commands.written.engine)?;
        let dictated = LabelledText::unlabelled(line.dictated.as_str());
        let sample = Sample::dictation(dictated, &line.expected, Dialect::Engine);
        // A line that needs nothing is recognised by its class; the others are dictations, whatever they look like.
        let class = match line.kind {
            EngineKind::Fine => LineClass::Command,
            EngineKind::Keep | EngineKind::Mended => sample.class,
        };
        Some(Sample { class, ..sample })
    }

    /// Written talk around and inside another command, or a trap.
    fn recombined(&mut self) -> Option<Sample> {
        let written = &self.commands.written;
        let core = match self.random.u8(..100) {
            0..TRAPS => {
                let style = Style::drawn(&mut self.random);
                trap(self.commands, style, &mut self.random)?
            }
            TRAPS..60 => self.random.choice(&written.cores)?.clone(),
            _ => {
                let expected = self.command().trim().to_owned();
                let style = match self.random.u8(..4) {
                    0 => Style::nl2bash(),
                    _ => Style::drawn(&mut self.random),
                };
                let words = verbalise(&expected, style, &mut self.random)?;
                Core { words, expected, kind: CoreKind::Command }
            }
        };
        if core.words.is_empty() {
            return None;
        }
        self.remember(&core.words);
        let random = &mut self.random;
        let expected = core.expected.clone();
        let words =
            match matches!(core.kind, CoreKind::Trap | CoreKind::Open) && random.u8(..100) < BARE_TRAPS {
                true => core.words,
                false => recombine(core, &written.pieces, &self.recent, random),
            };
        let words = if random.u8(..4) == 0 { asr_noise(words, random) } else { words };
        Some(Sample::dictation(LabelledText::of_words(&words), &expected, Dialect::Recombined))
    }

    fn command(&mut self) -> String {
        let source = match self.held_out {
            true => Source::HeldOut,
            false => match self.random.u8(..10) {
                0 | 1 => Source::Pairs,
                2 => Source::More,
                3..=5 => Source::Templates,
                _ => Source::Grammar,
            },
        };
        self.commands.draw(source, &mut self.random)
    }

    /// Keeps a command for borrowing, in place of another one if there are enough.
    fn remember(&mut self, words: &[LabelledWord]) {
        if self.recent.len() < MAX_RECENT {
            self.recent.push(words.to_vec());
        } else {
            let at = self.random.usize(..MAX_RECENT);
            self.recent[at] = words.to_vec();
        }
    }
}

/// The talk of a line without its command.
fn prose(mut words: Vec<LabelledWord>, random: &mut Rng) -> Option<Sample> {
    words.retain(|word| !word.kept);
    let words = if random.u8(..3) == 0 { asr_noise(words, random) } else { words };
    (words.len() >= SHORTEST_PROSE).then(|| Sample::prose(LabelledText::of_words(&words)))
}
