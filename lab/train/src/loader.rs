//! Makes the batches of a run on a thread of its own, so that training never waits for them.

use crate::config::Config;
use crate::example::{Example, encode};
use fastrand::Rng;
use sayso_corpus::command_source::Commands;
use sayso_corpus::sampler::Sampler;
use std::sync::mpsc::{Receiver, sync_channel};

/// Steps for which examples are made ahead.
const AHEAD: usize = 16;
/// After so many samples in a row of which none can be used, the loader gives up: there will never be one.
pub(crate) const MAX_UNUSABLE: usize = 10_000;

/// Examples of one step, and how many samples could not be used on the way to them.
pub(crate) type Prepared = (Vec<Example>, usize);

/// Makes batches on threads of their own, so that training never waits for them.
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
