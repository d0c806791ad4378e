//! How large the network is. A weights file of other shapes is refused.

/// Width of an embedding row.
pub const ROW: usize = 64;
/// Width of the encoder.
pub const WIDTH: usize = 128;
/// Layers of the encoder.
pub const LAYERS: usize = 3;
/// Attention heads of a layer.
pub const HEADS: usize = 4;
/// Width of a layer's inner part.
pub const FORWARD: usize = 256;
/// Width in which candidates are scored.
pub const HIDDEN: usize = 64;
/// Distances between units, in units, that are told apart; farther ones count as this.
pub const REACH: usize = 12;
/// How far a unit sees to either side, in units: what makes time linear in the length of a line.
pub const WINDOW: usize = 48;
/// What a line may be: see [`super::network::Likely`].
pub const VERDICTS: usize = 4;
