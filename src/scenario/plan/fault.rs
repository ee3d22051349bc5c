//! What goes wrong, from when to when.

use std::time::Duration;

use crate::actors::Flood;
use crate::engine::SimTime;
use crate::net::LinkPatch;
use crate::proto::misbehaviour::AnyRule;
use crate::world::{Ailment, PacketRule};

/// A fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// When it begins, or happens.
    pub at: SimTime,
    /// When it ends, if it does.
    pub until: Option<SimTime>,
    /// What.
    pub action: FaultAction,
}

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultAction {
    /// The host loses its memory and falls silent.
    Crash(String),
    /// The same right after the host has had so many events.
    CrashAfter {
        /// The host.
        host: String,
        /// The number of the event, from 1.
        event: u64,
        /// After how long it starts again.
        back_after: Option<Duration>,
    },
    /// It starts again from its disk, however often it was crashed.
    Restart(String),
    /// One service of a host starts again.
    RestartService {
        /// The host.
        host: String,
        /// Its place among the services of the host.
        place: u16,
        /// What it is called.
        name: &'static str,
    },
    /// A host is ailing.
    Ail {
        /// The host.
        host: String,
        /// What is wrong with it.
        ailment: Ailment,
    },
    /// The link between the two swallows every packet.
    Cut(String, String),
    /// It works again, whatever cut it.
    Heal(String, String),
    /// Every link of the host or router is cut.
    Isolate(String),
    /// They work again, whatever cut them.
    Rejoin(String),
    /// Groups of hosts do not reach each other, or a single one none of the others.
    Partition {
        /// Their hosts.
        groups: Vec<Vec<String>>,
        /// Whether only what the first group sends is swallowed.
        one_way: bool,
    },
    /// The link between the two is cut and works again, over and over.
    Flap {
        /// One end.
        a: String,
        /// The other end.
        b: String,
        /// How long it is cut at a time.
        down: Duration,
        /// How long it works in between.
        up: Duration,
        /// Whether the times are drawn, with those means.
        drawn: bool,
    },
    /// The link between the two keeps every packet until the end.
    Hold(String, String),
    /// Single packets are struck.
    Packet(PacketRule<String>),
    /// The link between the two is like this where the patches say so.
    Change {
        /// One end.
        a: String,
        /// The other end.
        b: String,
        /// From `a` to `b`.
        forward: Box<LinkPatch>,
        /// From `b` to `a`.
        backward: Box<LinkPatch>,
    },
    /// Servers keep to this rule, which has the fault's beginning and end.
    Misbehave {
        /// Their hosts.
        hosts: Vec<String>,
        /// The rule.
        rule: AnyRule,
    },
    /// A mailbox server loses the index of a mailbox.
    RebuildIndex {
        /// Its host.
        host: String,
        /// Whose mailbox.
        user: String,
        /// Which.
        mailbox: String,
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
        /// What it sends, from the fault's beginning to its end.
        flood: Flood,
    },
}

impl FaultAction {
    /// Whether it lasts for a while, and is not a single act or the end of other faults.
    pub fn lasts(&self) -> bool {
        !matches!(
            self,
            FaultAction::Restart(_)
                | FaultAction::RestartService { .. }
                | FaultAction::Heal(..)
                | FaultAction::Rejoin(_)
                | FaultAction::RebuildIndex { .. }
                | FaultAction::Flush { .. }
        )
    }
}
