//! SPF test suites in the form of openspf's, played on the simulated network.
//!
//! A suite is a YAML stream; each of its documents is a piece of the DNS (`zonedata`) and tests of
//! what `check_host()` says there. [`Suite::parse`] reads one; [`play`] puts the zone data of a
//! document on a name server, a checker on another host, and lets the checker ask by DNS packets.
//!
//! What the form means beyond what it says is known from the runners of pyspf and Mail::SPF, see
//! [`ZoneData`].
//!
//! Not modelled: an `ip` version other than that of `host`, and names that no DNS query can carry
//! (they do not exist, as for any other client of the DNS).

mod checker;
mod error;
mod name_server;
mod player;
mod suite;
mod yaml;
mod zone_data;

pub use error::{ParseError, Problem};
pub use player::{Played, play};
pub use suite::{Document, Suite, Test};
pub use zone_data::{LeftOut, ZoneData};
