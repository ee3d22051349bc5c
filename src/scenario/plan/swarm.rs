//! What may be drawn that goes wrong.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::engine::SimTime;
pub use crate::scenario::format::swarm::FaultKind;

/// The budget of `mxsim explore --faults swarm`.
#[derive(Debug, Clone, PartialEq)]
pub struct Swarm {
    /// The kinds of faults; at least one, each once, in the order of [`FaultKind::ALL`].
    pub kinds: Vec<FaultKind>,
    /// How many faults at the most; at least one.
    pub at_most: u32,
    /// The hosts and routers that something may happen to, and to their links; `None`: all.
    pub hosts: Option<BTreeSet<String>>,
    /// The hosts and routers that nothing happens to.
    pub spare: BTreeSet<String>,
    /// Nothing happens before.
    pub from: SimTime,
    /// All faults have ended by then; after `from`.
    pub until: SimTime,
    /// How long one fault lasts at the most; not zero.
    pub longest: Duration,
    /// How hard a fault is at the most: above 0, up to 1.
    pub strength: f64,
}

impl Default for Swarm {
    /// One fault of any kind in the first minute.
    fn default() -> Self {
        Swarm {
            kinds: FaultKind::ALL.to_vec(),
            at_most: 1,
            hosts: None,
            spare: BTreeSet::new(),
            from: SimTime::ZERO,
            until: SimTime::ZERO + Duration::from_secs(60),
            longest: Duration::from_secs(60),
            strength: 1.0,
        }
    }
}
