//! How the property tests of this crate draw their lines.

use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;

/// The same lines each time, so that a build fails only for what it changed. `SAYSO_CASES=100000` tries that many others.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    let more = std::env::var("SAYSO_CASES").ok().and_then(|cases| cases.parse().ok());
    let rng_seed = if more.is_some() { RngSeed::Random } else { RngSeed::Fixed(20_261_128) };
    ProptestConfig {
        cases: more.unwrap_or(cases),
        rng_seed,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}
