//! What is kept of what happens.

use std::num::NonZeroU64;

/// Of which things records are kept. Nothing in a run depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Watch {
    /// Of nothing.
    Nothing,
    /// Of one in so many of the messages that load clients write, and of all other messages that are
    /// written: with all that belongs to them.
    Sample {
        /// In how many, on the average.
        one_in: NonZeroU64,
    },
    /// Of everything.
    #[default]
    Everything,
}

impl From<bool> for Watch {
    /// Everything or nothing.
    fn from(watched: bool) -> Self {
        if watched { Watch::Everything } else { Watch::Nothing }
    }
}
