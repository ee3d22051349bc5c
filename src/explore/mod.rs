//! Looking for what goes wrong: many runs of one scenario, and the least scenario that still fails.
//!
//! A [`Case`] is what one run is played with beside its scenario: a seed, and faults in the form in
//! which they stand in a file. Every case can therefore be written to a file that plays the identical
//! run, and [`shrink`] works on such files alone. Cases come from
//!
//! - [`seeds`]: one case a seed, with the scenario's own faults, or with faults that the seed draws
//!   ([`swarm`]);
//! - [`every`]: each packet of a run lost once, each host crashed after each of its events once.
//!
//! A run is judged by those expectations that have to hold in it ([`relax`]); a panic is a finding
//! too ([`play`](mod@play)). Runs are played in parallel,
//! and what comes of them is told in their own order: a [`Report`] does not depend on how many jobs
//! there were.

pub mod case;
pub mod every;
pub mod outcome;
mod panics;
pub mod play;
pub mod relax;
pub mod report;
pub mod runner;
pub mod seeds;
pub mod shrink;
pub mod swarm;

pub use case::{Case, Label};
pub use every::Every;
pub use outcome::{Failure, FailureKind, Outcome};
pub use play::play;
pub use report::{Failed, Report};
pub use runner::Runner;
pub use seeds::{Faults, Seeds};
pub use shrink::Shrunk;
