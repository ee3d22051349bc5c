//! A deterministic simulator of Internet e-mail and DNS.
//!
//! Root, TLD and authoritative name servers, recursive resolvers, MTAs, mail servers and mail
//! clients are actors on one discrete-event engine. They exchange the real bytes of DNS, SMTP,
//! POP3 and IMAP over a simulated network with seeded latency, loss and faults. The same scenario
//! and seed give the same bytes, always.
//!
//! The modules are floors of one house; each imports only from those below it:
//!
//! | floor | what stands there |
//! |---|---|
//! | [`cli`] | arguments, progress, exit codes; the only floor that prints |
//! | `live` | real sockets in front of a world; the only floor that reads a clock (feature `live`) |
//! | [`explore`] | many runs of a scenario, drawn faults, the least scenario that still fails |
//! | [`verify`] | a scenario played again in ways that must not matter |
//! | [`report`] | transcript, summary, expectations, laws, captures: reads records, changes nothing |
//! | [`scenario`] | JSON file, checked plan, world; the only floor that reads JSON |
//! | [`rpl`] | resolver scenarios of Unbound and Deckard, played against the resolver |
//! | [`openspf`] | test suites for SPF, played on the simulated network |
//! | [`actors`] | sessions joined to hosts: name server, resolver, MTA, mail server, client |
//! | [`load`] | worlds without protocols, whose work is known: what engine and network cost |
//! | [`world`] | hosts, the loop, records of what happened |
//! | [`store`] | mailboxes, delivery queues and outboxes: what a host keeps on disk |
//! | [`proto`] | DNS, SMTP, POP3, IMAP, mail, SPF: codecs and sessions that do no I/O |
//! | [`net`] | addresses, links, routes, datagrams, TCP |
//! | [`engine`] | simulated time, random streams, the event queue, fingerprints |

pub mod actors;
pub mod cli;
pub mod engine;
pub mod explore;
#[cfg(feature = "live")]
pub mod live;
pub mod load;
pub mod net;
pub mod openspf;
pub mod proto;
pub mod report;
pub mod rpl;
pub mod scenario;
mod simulation;
pub mod store;
pub mod verify;
pub mod world;

pub use simulation::{Simulation, SimulationError};

/// The examples of the README are tests too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
