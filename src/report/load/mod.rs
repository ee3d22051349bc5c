//! Load in figures: what a run of any length comes to, in memory that does not grow with it.
//!
//! [`Figures`] is a fold: it hears of what happens while it happens, and keeps counts, a [`Histogram`]
//! of how long deliveries took, and a [`Timeline`]. What the same run's records would tell is the same.
//! A [`Load`] adds what the world knows at the end, and [`Check`]s that nothing is missing.

mod checks;
mod codes;
mod figures;
mod flights;
mod histogram;
mod summary;
mod timeline;

pub use checks::Check;
pub use codes::Bounce;
pub use figures::Figures;
pub use histogram::Histogram;
pub use summary::{Bounces, Dns, Latency, Load, Mail, Refusals, Series};
pub use timeline::{COLUMNS, Point, Timeline};
