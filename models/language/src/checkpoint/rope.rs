//! Rotary position embedding: by how much each pair of a head turns from one position to the next.

use std::f64::consts::TAU;

/// The rotary embedding of a model (Su et al., "RoFormer", 2021). Element `i` of a head turns with element
/// `i + head_dim / 2`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rope {
    /// The base of the geometric row of wavelengths.
    pub theta: f64,
    /// How the row is stretched for longer texts.
    pub scaling: RopeScaling,
}

/// How the wavelengths are stretched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RopeScaling {
    /// Not at all.
    None,
    /// All alike (Chen et al., "Extending Context Window of Large Language Models via Position Interpolation", 2023).
    Linear {
        /// By so much.
        factor: f64,
    },
    /// The long ones only, as Llama 3.1 does.
    Llama3 {
        /// The long ones by so much.
        factor: f64,
        /// A wavelength is long when the original context holds fewer than so many of it.
        low_freq_factor: f64,
        /// It is short, and stays, when the original context holds more than so many of it.
        high_freq_factor: f64,
        /// The context of the first training, in tokens.
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
                // How many whole turns the original context holds.
                let turns = original_max_position_embeddings * angle / TAU;
                let kept = ((turns - low_freq_factor) / (high_freq_factor - low_freq_factor)).clamp(0.0, 1.0);
                angle * (kept + (1.0 - kept) / factor)
            }
        }
    }
}
