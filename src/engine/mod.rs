//! Simulated time, named random streams, the event queue, the fingerprint of a run, and what proves
//! that one seed is one history.

pub mod fingerprint;
pub mod queue;
pub mod random;
pub mod shake;
pub mod time;
pub mod trace;
pub mod trail;

pub use fingerprint::Fingerprint;
pub use queue::{EventQueue, Key};
pub use random::{Seed, Stream};
pub use shake::HashState;
pub use time::{Epoch, SimTime, Skew, UnixTime};
pub use trail::{Mark, Trail};
