//! What goes wrong. A fault with an end is two entries: it, and what undoes it.

use crate::actors::Flood;
use crate::engine::SimTime;
use crate::net::LinkConfig;
use crate::proto::dns::misbehaviour::Rule;

/// A fault, or its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// When.
    pub at: SimTime,
    /// What.
    pub action: FaultAction,
}

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultAction {
    /// The host loses its memory and falls silent.
    Crash(String),
    /// It starts again from its disk.
    Restart(String),
    /// The link between the two swallows every packet.
    Cut(String, String),
    /// It works again.
    Heal(String, String),
    /// Every link of the host or router is cut.
    Isolate(String),
    /// They work again.
    Rejoin(String),
    /// The link between the two is from now on like this.
    Change {
        /// One end.
        a: String,
        /// The other end.
        b: String,
        /// From `a` to `b`.
        forward: LinkConfig,
        /// From `b` to `a`.
        backward: LinkConfig,
    },
    /// DNS servers keep to this rule, which has its own beginning and end.
    Misbehave {
        /// Their hosts.
        hosts: Vec<String>,
        /// The rule.
        rule: Rule,
    },
    /// An MTA tries all that it has queued, or all for one domain.
    Flush {
        /// Its host.
        host: String,
        /// The domain, in lower case.
        domain: Option<String>,
    },
    /// A host forges answers.
    Forge {
        /// The host.
        by: String,
        /// What it sends, which has its own beginning and end.
        flood: Flood,
    },
}
