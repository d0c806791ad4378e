//! The shares of the dialects in a stream of samples.

use crate::dialect::Dialect;
use anyhow::bail;
use serde::Deserialize;

/// Shares of the dialects, relative to each other.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// The share of [`Dialect::Nl2bash`].
    pub nl2bash: f32,
    /// The share of [`Dialect::Free`].
    pub free: f32,
    /// The share of [`Dialect::Talk`].
    pub talk: f32,
    /// The share of [`Dialect::Noise`].
    pub noise: f32,
    /// The share of [`Dialect::Prose`].
    pub prose: f32,
    /// The share of [`Dialect::Strict`].
    pub strict: f32,
    /// The share of [`Dialect::Typed`].
    pub typed: f32,
    /// The share of [`Dialect::Written`].
    #[serde(default)]
    pub written: f32,
    /// The share of [`Dialect::Recombined`].
    #[serde(default)]
    pub recombined: f32,
    /// The share of [`Dialect::Engine`].
    #[serde(default)]
    pub engine: f32,
    /// The share of pairs from NL2Bash's own training set among the samples of [`Dialect::Nl2bash`], 0 to 1.
    pub pairs: f32,
}

impl Mix {
    /// Each dialect with its share, in the order in which the shares are laid end to end.
    fn shares(&self) -> [(Dialect, f32); 10] {
        [
            (Dialect::Nl2bash, self.nl2bash),
            (Dialect::Free, self.free),
            (Dialect::Talk, self.talk),
            (Dialect::Prose, self.prose),
            (Dialect::Strict, self.strict),
            (Dialect::Typed, self.typed),
            (Dialect::Written, self.written),
            (Dialect::Recombined, self.recombined),
            (Dialect::Engine, self.engine),
            (Dialect::Noise, self.noise),
        ]
    }

    /// The dialect at `point` of the shares laid end to end, from 0 to 1.
    pub fn dialect(&self, point: f32) -> Dialect {
        let [named @ .., (last, last_share)] = self.shares();
        let mut point = point * (last_share + named.iter().map(|(_, share)| share).sum::<f32>());
        for (dialect, share) in named {
            if point < share {
                return dialect;
            }
            point -= share;
        }
        last
    }

    /// Rejects shares with which nothing could be drawn or learnt.
    ///
    /// # Errors
    /// The error names the entry.
    pub fn check(&self) -> anyhow::Result<()> {
        for (dialect, share) in self.shares() {
            not_below_zero(dialect.name(), share)?;
        }
        let Mix { nl2bash, free, talk, noise, written, recombined, engine, pairs, .. } = *self;
        if !(0.0..=1.0).contains(&pairs) {
            bail!("`pairs` is {pairs}, and must be from 0 to 1");
        }
        let teaching = nl2bash + free + talk + noise + written + recombined + engine;
        if !(teaching > 0.0 && teaching.is_finite()) {
            bail!("no share of a dialect with commands is above 0");
        }
        Ok(())
    }
}

/// Rejects a figure that is below zero or not a number.
///
/// # Errors
/// The error names the entry.
pub fn not_below_zero(name: &str, figure: f32) -> anyhow::Result<()> {
    if !(figure >= 0.0 && figure.is_finite()) {
        bail!("`{name}` is {figure}, and must be a number from 0 on");
    }
    Ok(())
}
