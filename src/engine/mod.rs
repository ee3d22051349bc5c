//! Simulated time, named random streams, the event queue, and the fingerprint of a run.

pub mod fingerprint;
pub mod queue;
pub mod random;
pub mod time;

pub use fingerprint::Fingerprint;
pub use queue::{EventQueue, Key};
pub use random::{Seed, Stream};
pub use time::{Epoch, SimTime, Skew, UnixTime};
