//! How many deliveries run at once to each destination, and which wait for their turn.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;

use crate::proto::smtp::Mailbox;
use crate::store::queue::QueueId;

/// Where mail goes next. Names are in lower case, so that equal destinations are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hop {
    /// To the MX of a domain.
    Mx(String),
    /// To a host, whatever MX say.
    Host(String),
    /// To an address: the domain was an address literal.
    Address(SocketAddr),
}

/// A recipient of a queued message, with its place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recipient {
    pub(super) index: usize,
    pub(super) address: Mailbox,
}

/// A delivery to be started: some recipients of a message that share their next hop.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) queue_id: QueueId,
    pub(super) hop: Hop,
    pub(super) recipients: Vec<Recipient>,
}

/// The destinations to which deliveries run.
#[derive(Debug)]
pub(super) struct Destinations {
    limit: usize,
    by_hop: BTreeMap<Hop, Destination>,
}

#[derive(Debug, Default)]
struct Destination {
    running: usize,
    waiting: VecDeque<Task>,
}

impl Hop {
    /// To the MX of a domain.
    pub(super) fn mx(domain: &str) -> Self {
        Hop::Mx(domain.to_ascii_lowercase())
    }

    /// To a host, by name or address.
    pub(super) fn host(host: &str) -> Self {
        match host.parse() {
            Ok(address) => Hop::address(address),
            Err(_) => Hop::Host(host.to_ascii_lowercase()),
        }
    }

    /// To an address.
    pub(super) fn address(address: std::net::IpAddr) -> Self {
        Hop::Address(SocketAddr::new(address, super::route::SMTP_PORT))
    }
}

/// The domain as mail is addressed to it, or the host.
impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hop::Mx(name) | Hop::Host(name) => f.write_str(name),
            Hop::Address(peer) => write!(f, "[{}]", peer.ip()),
        }
    }
}

impl Destinations {
    /// At most `limit` deliveries run at once to one destination, but always one.
    pub(super) fn new(limit: usize) -> Self {
        Destinations { limit: limit.max(1), by_hop: BTreeMap::new() }
    }

    /// Hands the delivery back if it may start now; else it waits for its turn.
    pub(super) fn admit(&mut self, task: Task) -> Option<Task> {
        let destination = self.by_hop.entry(task.hop.clone()).or_default();
        if destination.running < self.limit {
            destination.running += 1;
            return Some(task);
        }
        destination.waiting.push_back(task);
        None
    }

    /// A delivery to `hop` has ended. The one that has waited longest may start now.
    pub(super) fn release(&mut self, hop: &Hop) -> Option<Task> {
        let destination = self.by_hop.get_mut(hop).expect("a delivery runs to its destination");
        let next = destination.waiting.pop_front();
        if next.is_none() {
            destination.running -= 1;
            if destination.running == 0 {
                self.by_hop.remove(hop);
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    #[test]
    fn one_more_than_the_limit_waits_and_each_destination_has_its_own() {
        let id = QueueId::draw(&mut Seed(1).stream("queue ids"));
        let task = |domain: &str| Task {
            queue_id: id.clone(),
            hop: Hop::mx(domain),
            recipients: Vec::new(),
        };
        let mut destinations = Destinations::new(2);
        assert!(destinations.admit(task("example.net")).is_some());
        assert!(destinations.admit(task("EXAMPLE.NET")).is_some());
        assert!(destinations.admit(task("example.net")).is_none());
        assert!(destinations.admit(task("example.org")).is_some());
        let hop = Hop::mx("example.net");
        assert!(destinations.release(&hop).is_some()); // the third has the place
        assert!(destinations.release(&hop).is_none());
        assert!(destinations.admit(task("example.net")).is_some());
        assert!(destinations.admit(task("example.net")).is_none());
    }

    #[test]
    fn a_host_that_is_an_address_needs_no_look_up() {
        assert_eq!(Hop::host("192.0.2.1"), Hop::address("192.0.2.1".parse().unwrap()));
        assert_eq!(Hop::host("Relay.Example.Net"), Hop::Host("relay.example.net".into()));
    }
}
