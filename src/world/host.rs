//! A host: its programs, its sockets, its disk.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::engine::{Stream, Trail};
use crate::net::{Addresses, PathMtus, tcp};

use super::actor::{Actor, Spawn};
use super::condition::Condition;
use super::disk::Disk;
use super::judge::Judge;
use super::lazily::{Lazily, Nothing};
use super::node::Node;
use super::stack::Stack;

/// A host and the programs on it.
pub(crate) struct Host {
    pub(crate) state: HostState,
    pub(crate) actors: Actors,
    pub(crate) programs: Lazily<Programs>,
}

/// The programs of a host. One, as most hosts have, is found without a table.
pub(crate) type Actors = SmallVec<[Box<dyn Actor>; 1]>;

/// How the programs of a host are started.
#[derive(Default)]
pub(crate) struct Programs {
    pub(crate) spawns: Vec<Spawn>,
    /// Where among the actors the program of each of `spawns` is now; empty: at its own place.
    pub(crate) places: Vec<u16>,
}

impl Nothing for Programs {
    const NOTHING: &'static Self = &Programs { spawns: Vec::new(), places: Vec::new() };
}

/// What a host owns besides its programs, which act on it.
#[derive(Debug)]
pub(crate) struct HostState {
    pub(crate) node: Node,
    pub(crate) addresses: Addresses,
    pub(crate) disk: Lazily<Disk>,
    pub(crate) stack: Lazily<Stack>,
    /// Its fingerprint, with checkpoints.
    pub(crate) trail: Trail,
    pub(crate) status: Status,
    /// How often it has crashed.
    pub(crate) boot: u32,
    /// How often one of its programs was started again by itself.
    pub(crate) restarts: u32,
    /// How many events it has had.
    pub(crate) events: u64,
    /// After which of its events something waits.
    pub(crate) trap: u64,
    /// How its TCP behaves, if not as usual.
    pub(crate) tcp: Option<Arc<tcp::Config>>,
    /// What fits on the way to whom, if it was told that anything did not.
    pub(crate) path_mtus: Option<Box<PathMtus>>,
    /// From how many unacknowledged octets on a program is given no more of what its client sends.
    pub(crate) backlog_octets: Option<usize>,
    /// Whether it stands for the outside: then its coming up is no event of the run.
    pub(crate) is_gateway: bool,
    /// The rules about what it sends.
    pub(crate) judges: Lazily<Vec<Judge>>,
    /// What TCP and UDP draw: ports, initial sequence numbers. Made at the first draw.
    pub(crate) draws: Option<Box<Stream>>,
    /// What ails it; `None`: nothing ever has.
    pub(crate) condition: Option<Box<Condition>>,
}

impl HostState {
    /// Whether the programs stand still.
    pub(crate) fn stands_still(&self) -> bool {
        self.condition.as_ref().is_some_and(|condition| condition.stands_still())
    }

    /// Whether there is a descriptor for one socket more.
    pub(crate) fn has_descriptor(&self) -> bool {
        let few = self.condition.as_ref().and_then(|condition| condition.descriptors());
        few.is_none_or(|(most, _)| self.stack.descriptors() < most as usize)
    }

    /// Whether a program would accept a connection now.
    pub(crate) fn accepts(&self) -> bool {
        self.condition.is_none() || (!self.stands_still() && self.has_descriptor())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Not started yet.
    New,
    Up,
    /// Crashed, and not restarted.
    Crashed,
}
