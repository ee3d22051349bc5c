//! Live mode: the simulated Internet behind real sockets.
//!
//! Real programs connect to ports of this machine; a gateway inside the simulation connects to
//! simulated servers for them, through simulated links with their delay, loss and faults. The servers
//! are those of a run that is played: nothing below this floor knows of it. It is the only floor that
//! reads a clock and opens sockets.
//!
//! - A [`Setting`] is what a served world follows from: scenario, seed, options. It is the first line of
//!   a record.
//! - A [`Stage`] has the world of a setting and gives it [`Input`]s from outside, each at a simulated time
//!   at which nothing has happened yet, so that the same inputs give the same history.
//! - A [`Server`] has the sockets: one thread, one loop, nothing that blocks.
//! - [`replay`] gives a stage the inputs of a record, without any socket.
//!
//! Not modelled: ICMP errors of real networks; urgent data; the real client's address, instead of
//! which simulated servers see that of the gateway.

mod api;
mod clock;
mod door;
mod flow;
mod http;
mod input;
mod record;
mod replay;
mod server;
mod services;
mod setting;
mod stage;
#[cfg(test)]
mod tests;
mod way;

pub use clock::Pace;
pub use input::Input;
pub use record::{RecordError, Recorder};
pub use replay::{Replayed, replay};
pub use server::{Bound, ServeError, ServeOptions, Server, Stopper};
pub use services::{Listed, service_name};
pub use setting::{OutPort, Setting};
pub use stage::{Stage, StageError};
pub use way::{Real, Way, WayError};
