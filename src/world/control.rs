//! What happens to the network itself: hosts and links fail and come back.

use crate::net::{LinkConfig, LinkId, NodeId};

/// A change of the network at a time known in advance. It is handled before anything else of its
/// instant, in the order in which such changes were scheduled.
#[derive(Debug, Clone, PartialEq)]
pub enum Control {
    /// The host stops: memory and connections are gone, its disk is kept. It answers nothing. A
    /// router that stops forwards nothing, and routes avoid it at once. One that is down stays so.
    Crash(NodeId),
    /// A crashed host comes up again, with new actors, and a router forwards again. To one that is
    /// up nothing happens.
    Restart(NodeId),
    /// Both directions swallow what is sent; routes avoid the link at once. What is under way
    /// arrives. Cuts are not counted: one that is cut already stays so.
    Cut(LinkId),
    /// The link carries again. To one that was not cut nothing happens.
    Heal(LinkId),
    /// The link is like this from now on, in the direction from its first end and from its second,
    /// and routes take its new delay. What is under way arrives as it would have.
    SetLink(LinkId, [LinkConfig; 2]),
}
