//! Rotary position embedding: the angle by which each pair of elements of a head turns from one
//! position to the next.

use std::f64::consts::TAU;

/// The rotary embedding of a model (Su et al., "RoFormer", 2021). Element `i` of a head forms a
/// pair with element `i + head_dim / 2`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rope {
    /// Base of the geometric series of wavelengths.
    pub theta: f64,
    /// How the wavelengths are stretched for longer texts.
    pub scaling: RopeScaling,
}

/// How the wavelengths are stretched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RopeScaling {
    /// They are not stretched.
    None,
    /// All are stretched alike (Chen et al., "Extending Context Window of Large Language Models via
    /// Position Interpolation", 2023).
    Linear {
        /// The factor.
        factor: f64,
    },
    /// Only the long ones are stretched, as in Llama 3.1.
    Llama3 {
        /// The factor for the long ones.
        factor: f64,
        /// A wavelength is long if the original context holds fewer than this many of it.
        low_freq_factor: f64,
        /// A wavelength is short, and is not stretched, if the original context holds more than
        /// this many of it.
        high_freq_factor: f64,
        /// Length of the context in the original training, in tokens.
        original_max_position_embeddings: f64,
    },
}

impl Rope {
    /// The angle, in radians per position, by which each of the `head_dim / 2` pairs of a head turns.
    pub fn angles(&self, head_dim: usize) -> Vec<f32> {
        (0..head_dim / 2)
            .map(|pair| {
                let angle = self.theta.powf(-2.0 * pair as f64 / head_dim as f64);
                self.scaling.stretched(angle) as f32
            })
            .collect()
    }
}

impl RopeScaling {
    fn stretched(self, angle: f64) -> f64 {
        match self {
            RopeScaling::None => angle,
            RopeScaling::Linear { factor } => angle / factor,
            RopeScaling::Llama3 {
                factor,
                low_freq_factor,
                high_freq_factor,
                original_max_position_embeddings,
            } => {
                // Number of turns within the original context.
                let turns = original_max_position_embeddings * angle / TAU;
                let kept = ((turns - low_freq_factor) / (high_freq_factor - low_freq_factor)).clamp(0.0, 1.0);
                angle * (kept + (1.0 - kept) / factor)
            }
        }
    }
}
