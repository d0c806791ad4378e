//! Prepares the examples of a run on a separate thread, so that training does not wait for them.

use crate::config::Config;
use crate::example::{Example, encode};
use fastrand::Rng;
use sayso_corpus::command_source::Commands;
use sayso_corpus::sampler::Sampler;
use std::sync::mpsc::{Receiver, sync_channel};

/// Number of steps for which examples are prepared ahead. Hand-chosen, 2026-11-23.
const AHEAD: usize = 16;
/// After this many unusable samples in a row the loader gives up, because it would run forever.
/// Hand-chosen, 2026-11-28.
pub(crate) const MAX_UNUSABLE: usize = 10_000;

/// The examples of one step, and the number of unusable samples that were drawn in between.
pub(crate) type Prepared = (Vec<Example>, usize);

/// Prepares the examples of `steps` steps on a separate thread, beginning with step `first_step` of
/// the run. The channel closes early if [`MAX_UNUSABLE`] samples in a row cannot be used.
pub(crate) fn batches<'scope>(
    scope: &'scope std::thread::Scope<'scope, '_>,
    config: &'scope Config,
    commands: &'scope Commands,
    first_step: u64,
    steps: u64,
) -> Receiver<Prepared> {
    let (sender, receiver) = sync_channel(AHEAD);
    scope.spawn(move || {
        let all = (config.samples / config.batch * config.epochs) as f32;
        let mut random = Rng::with_seed(config.seed ^ first_step.wrapping_mul(0x9e37));
        let mut sampler = Sampler::new(commands, config.mix, random.u64(..));
        for sent in 0..steps {
            let gone = (first_step + sent) as f32 / all;
            if let Some(finish) = config.finish.filter(|finish| gone >= finish.from) {
                sampler.mix = finish.mix;
            }
            let mut examples = Vec::with_capacity(config.batch);
            let (mut unusable, mut in_a_row) = (0, 0);
            while examples.len() < config.batch {
                match sampler.next_sample().map(|sample| encode(&sample, Some(&mut random))) {
                    Some(Ok(example)) if !example.units.is_empty() => {
                        examples.push(example);
                        in_a_row = 0;
                    }
                    _ => {
                        unusable += 1;
                        in_a_row += 1;
                    }
                }
                if in_a_row == MAX_UNUSABLE {
                    return;
                }
            }
            if sender.send((examples, unusable)).is_err() {
                return;
            }
        }
    });
    receiver
}
