//! The checks: sets of cases on which training is measured after each epoch.

use crate::batch::Batch;
use crate::calibrate::VALID;
use crate::config::Config;
use crate::example::{Example, encode};
use crate::network::{Network, Tables};
use crate::op::log_shares;
use anyhow::bail;
use sayso_corpus::cases::{self, Case};
use sayso_corpus::command_source::Commands;
use sayso_corpus::dialect::Dialect;
use sayso_corpus::sample::{LabelledText, Sample};
use sayso_corpus::sampler::Sampler;

/// Number of held-out samples that are drawn, and their seed. Hand-chosen on 2026-11-23.
const HELD_OUT_SAMPLES: usize = 600;
const HELD_OUT_SEED: u64 = 77;

/// The sets on which training is measured after each epoch: NL2Bash `valid`, talk and engine lines by other authors,
/// transcripts, and held-out pages said freely.
/// held-out pages said freely.
pub(crate) fn read(
    config: &Config,
    commands: &Commands,
) -> anyhow::Result<Vec<(&'static str, Vec<Example>)>> {
    let samples = |name: &str, dialect: Dialect| -> anyhow::Result<Vec<Sample>> {
        let cases = cases::read(&config.corpus.join(name), "dictated")?.into_iter();
        let sample =
            |case: Case| Sample::dictation(LabelledText::unlabelled(case.dictated), &case.expected, dialect);
        Ok(cases.map(sample).collect())
    };
    let mut sampler = Sampler::held_out(commands, config.mix, HELD_OUT_SEED);
    let held_out: Vec<Sample> =
        std::iter::repeat_with(|| sampler.next_sample()).take(HELD_OUT_SAMPLES).flatten().collect();
    let all = [
        ("nl2bash", samples(VALID, Dialect::Nl2bash)?),
        ("talk", samples("talk/dev.jsonl", Dialect::Talk)?),
        ("talk valid", samples("talk/valid.jsonl", Dialect::Written)?),
        ("engine valid", samples("engine/valid.jsonl", Dialect::Engine)?),
        ("transcripts", samples("transcripts/sample.jsonl", Dialect::Noise)?),
        ("held out", held_out),
    ];
    all.into_iter()
        .map(|(name, samples)| {
            let count = samples.len();
            let examples: Vec<Example> = samples
                .iter()
                .filter_map(|sample| encode(sample, None).ok())
                .filter(|example| !example.gold.is_empty())
                .collect();
            eprintln!("{name}: {} of {count} cases can be reached", examples.len());
            if examples.is_empty() {
                bail!("no case of {name} can be reached: there is nothing to measure on");
            }
            Ok((name, examples))
        })
        .collect()
}

/// Returns the mean loss of a step, and the share of lines, 0 to 1, in which every step is right.
/// `size` is the number of lines in a batch.
pub(crate) fn measure(network: &Network, examples: &[Example], size: usize) -> anyhow::Result<(f64, f64)> {
    let (mut loss, mut steps, mut right) = (0.0, 0, 0);
    let tables = Tables::new();
    let mut sorted: Vec<&Example> = examples.iter().collect();
    sorted.sort_by_key(|example| example.units.len());
    for examples in sorted.chunks(size) {
        let batch = Batch::new(examples, None);
        let output = network.output(&batch, None, &tables)?;
        let Some(scores) = output.candidates else { continue };
        let scores = log_shares(&scores.to_vec1::<f32>()?, &batch.steps);
        for example in examples.iter().scan(0, |first, example| {
            let at = *first;
            *first += example.candidates.len();
            Some((at, *example))
        }) {
            let (first, example) = example;
            let scores = &scores[first..first + example.candidates.len()];
            let mut best = vec![f32::MIN; example.gold.len()];
            for (score, (step, _)) in scores.iter().zip(&example.candidates) {
                best[*step as usize] = best[*step as usize].max(*score);
            }
            let gold = |step: usize| scores[example.gold[step] as usize];
            right += usize::from((0..example.gold.len()).all(|step| gold(step) >= best[step]));
            loss -= (0..example.gold.len()).map(|step| f64::from(gold(step))).sum::<f64>();
            steps += example.gold.len();
        }
    }
    Ok((loss / steps as f64, right as f64 / examples.len() as f64))
}
