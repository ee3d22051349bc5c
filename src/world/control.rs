//! What happens to the network itself: hosts and links fail and come back.

use crate::net::{LinkConfig, LinkId, NodeId};

/// A change of the network at a time known in advance. It is handled before anything else of its
/// instant, in the order in which such changes were scheduled.
#[derive(Debug, Clone, PartialEq)]
pub enum Control {
    /// The host stops: memory and connections are gone, its disk is kept. It answers nothing.
    Crash(NodeId),
    /// A crashed host comes up again, with new actors. On one that is up nothing happens.
    Restart(NodeId),
    /// Both directions swallow what is sent; routes avoid the link at once.
    Cut(LinkId),
    /// The link carries again.
    Heal(LinkId),
    /// The link is like this from now on, in the direction from its first end and from its second.
    SetLink(LinkId, [LinkConfig; 2]),
}
