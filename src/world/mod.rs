//! Hosts, the loop, and the records of what happened.
//!
//! A [`World`] is built from hosts, routers and links ([`WorldBuilder`]), and run on one clock. An
//! event happens at one node and touches what that node owns and nothing else: its actors, its
//! disk, its half of each connection, its random streams, the outgoing direction of its links.
//! Whatever two nodes share travels in a packet, so that nodes can be split over threads with the
//! shortest link delay as look-ahead. What changes the network itself is a [`Fault`] that begins or
//! ends, known in advance and handled before anything else of its instant. What comes from real programs crosses the border of the world at the gateway ([`outside`]).

pub mod actor;
pub mod ailment;
pub mod builder;
mod by_connection;
pub mod capture;
mod condition;
mod connections;
mod control;
pub mod ctx;
pub mod disk;
pub mod fault;
pub mod fold;
mod hand_over;
mod host;
mod judge;
pub mod kind;
mod lazily;
mod ledger;
mod names;
mod network;
mod node;
pub mod outside;
pub mod packet_rule;
mod part;
pub mod partition;
mod receive;
pub mod record;
mod records;
mod run;
mod sample;
mod scratch;
mod shelf;
mod stack;
pub mod threads;
pub mod traffic;
mod trap;
mod turn;
mod watch;

pub use actor::{Actor, ConnId, Event, Signal, Spawn, StreamEvent, TimerToken};
pub use ailment::{Ailment, ConditionChange, Excess};
pub use builder::{BuildError, HostConfig, WorldBuilder};
pub use by_connection::ByConnection;
pub use capture::{Captured, CapturedPacket, CapturedSecret, Passage};
pub(crate) use connections::Connections;
pub use ctx::{Ctx, NoSocket};
pub use disk::Disk;
pub use fault::{Fault, FaultId, Flap};
pub use fold::Fold;
pub use kind::{Kind, Kinds};
pub use outside::{Act, Departure, Door, Flow, Inside, Order, Outside};
pub use packet_rule::{PacketNumber, PacketRule, PacketVerdict};
pub use partition::Partition;
pub use record::{Fact, Note, Record, RecordId};
pub use run::{Ended, World};
pub use sample::written_at;
pub use stack::{Port, Transport};
pub use threads::{Reason, Sharing, Threads};
pub use traffic::{Amount, Traffic};
pub use turn::event_name;
pub use watch::Watch;

#[cfg(test)]
mod ailment_tests;
#[cfg(test)]
mod tests;
