//! The shares of the dialects in a stream of samples.

use crate::sample::{STRICT, TYPED};
use anyhow::bail;
use serde::Deserialize;

/// Shares of the dialects; they are weighed against each other.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// The dialect of the public series.
    pub nl2bash: f32,
    /// As people speak, without talk around the command.
    pub free: f32,
    /// With talk around the command and inside it.
    pub talk: f32,
    /// What a speech engine makes of it.
    pub noise: f32,
    /// Talk without a command: all of it is to be dropped.
    pub prose: f32,
    /// Every separator said: to be known as such.
    pub strict: f32,
    /// Lines as they are typed: to be known as such.
    pub typed: f32,
    /// Of the nl2bash dialect, the share of pairs of its own training set.
    pub pairs: f32,
}

impl Mix {
    /// The dialect at `point` of the shares laid end to end, from 0 to 1.
    pub fn dialect(&self, point: f32) -> &'static str {
        let named = [
            ("nl2bash", self.nl2bash),
            ("free", self.free),
            ("talk", self.talk),
            ("prose", self.prose),
            (STRICT, self.strict),
            (TYPED, self.typed),
        ];
        let mut point = point * (self.noise + named.iter().map(|(_, share)| share).sum::<f32>());
        for (name, share) in named {
            if point < share {
                return name;
            }
            point -= share;
        }
        "noise"
    }

    /// Refuses shares by which nothing could be drawn or learnt.
    ///
    /// # Errors
    /// With the name of the entry.
    pub fn check(&self) -> anyhow::Result<()> {
        let Mix { nl2bash, free, talk, noise, prose, strict, typed, pairs } = *self;
        let shares = [
            ("nl2bash", nl2bash),
            ("free", free),
            ("talk", talk),
            ("noise", noise),
            ("prose", prose),
            (STRICT, strict),
            (TYPED, typed),
        ];
        for (name, share) in shares {
            not_below_zero(name, share)?;
        }
        if !(0.0..=1.0).contains(&pairs) {
            bail!("`pairs` is {pairs}, and must be from 0 to 1");
        }
        let teaching = nl2bash + free + talk + noise;
        if !(teaching > 0.0 && teaching.is_finite()) {
            bail!("no share of a dialect with commands is above 0");
        }
        Ok(())
    }
}

/// Refuses a figure that is below zero or no number.
///
/// # Errors
/// With the name of the entry.
pub fn not_below_zero(name: &str, figure: f32) -> anyhow::Result<()> {
    if !(figure >= 0.0 && figure.is_finite()) {
        bail!("`{name}` is {figure}, and must be a number from 0 on");
    }
    Ok(())
}
