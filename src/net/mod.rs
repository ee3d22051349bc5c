//! The network below the protocols: addresses, links, routes, datagrams and TCP.

pub mod address;
pub mod ends;
pub mod frame;
pub mod generate;
pub mod icmp;
pub mod latency;
pub mod link;
pub mod packet;
pub mod path_mtu;
pub mod preference;
pub mod routes;
pub mod tcp;
pub mod topology;

pub use address::{AddressBook, Addresses};
pub use ends::Ends;
pub use icmp::{Trouble, Unreachable};
pub use latency::{DelayTable, Latency, TableError};
pub use link::{
    Alteration, Direction, GilbertElliott, LinkConfig, LinkPatch, LinkStatus, Loss, LossModel,
    Verdict,
};
pub use packet::{Body, Damage, Packet};
pub use path_mtu::PathMtus;
pub use routes::{Change, Routes};
pub use topology::{Cost, LinkId, NodeId, Topology, Ways};
