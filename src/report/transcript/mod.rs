//! The transcript: what crossed the network and what no wire shows, one event after the other.
//!
//! Made from the octets that arrived ([`Fact::Datagram`](crate::world::Fact::Datagram),
//! [`Fact::Stream`](crate::world::Fact::Stream)), never from what a sender meant: datagrams are
//! decoded, and both directions of each connection are dissected as an onlooker would. As text for
//! people, as JSON for programs, or as [`Entry`] values for tests:
//!
//! ```
//! use mxsim::report::Transcript;
//! use mxsim::report::transcript::Protocol;
//! # fn of(world: &mxsim::world::World) {
//! let transcript = Transcript::new(world).protocol(Protocol::Smtp).host("mx1.example.com");
//! println!("{transcript}");
//! let refused = transcript.entries().filter(|entry| entry.text.starts_with("550")).count();
//! assert_eq!(refused, 0);
//! # }
//! ```

mod conversation;
mod dissect;
pub(super) mod entries;
mod entry;
pub(super) mod forgeries;
pub(super) mod json;
pub(crate) mod note;
mod reader;
#[cfg(test)]
mod tests;
pub(crate) mod text;

use std::fmt;
use std::io::{self, Write};

use crate::engine::SimTime;
use crate::world::World;

use self::reader::Reader;
use self::text::Page;

pub use self::entries::Entries;
pub use self::entry::{Entry, Facts, Protocol};

/// What happened in a world, to be read.
#[derive(Clone)]
pub struct Transcript<'w> {
    world: &'w World,
    protocols: Vec<Protocol>,
    hosts: Vec<String>,
    since: SimTime,
}

impl<'w> Transcript<'w> {
    /// Of everything. Empty if the world is not [watched](crate::world::WorldBuilder::watched).
    pub fn new(world: &'w World) -> Self {
        Transcript { world, protocols: Vec::new(), hosts: Vec::new(), since: SimTime::ZERO }
    }

    /// Of this protocol alone, or, called again, of this one too.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocols.push(protocol);
        self
    }

    /// Of what this host sends, gets or tells alone, or, called again, of this one too.
    #[must_use]
    pub fn host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// Of what happened at this time and later alone.
    #[must_use]
    pub fn since(mut self, since: SimTime) -> Self {
        self.since = since;
        self
    }

    /// The entries, in the order in which they happened. Read anew at each call.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'w>> + '_ {
        Entries::new(self.world).filter(|entry| {
            self.shows(entry.time, entry.protocol, &entry.from, entry.to.as_deref())
        })
    }

    fn shows(&self, time: SimTime, protocol: Protocol, from: &str, to: Option<&str>) -> bool {
        let is_one = |name: &str| self.hosts.iter().any(|host| host == name);
        time >= self.since
            && (self.protocols.is_empty() || self.protocols.contains(&protocol))
            && (self.hosts.is_empty() || is_one(from) || to.is_some_and(is_one))
    }

    /// Hands on the text, page by page.
    fn put<E>(&self, mut put: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let page = Page::new(|time, protocol, from: &str, to: Option<&str>| {
            self.shows(time, protocol, from, to)
        });
        let mut reader = Reader::new(self.world, page);
        for record in self.world.records() {
            reader.read(record);
            if reader.teller.is_full() {
                put(reader.teller.text())?;
                reader.teller.turn();
            }
        }
        put(reader.teller.text())
    }

    /// Writes text in columns: time in seconds, who to whom, protocol, the line. What belongs to a
    /// line (header fields, further lines of a reply) follows it behind a `│`.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write_text(&self, to: &mut dyn Write) -> io::Result<()> {
        self.put(|page| to.write_all(page))
    }

    /// Writes JSON, one object a line: `time_ns`, `id`, `cause`, `from`, `to`, `protocol`, `kind`,
    /// `text`, then `tls` where it was encrypted, `details`, and one key with the facts, where there are any.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write_jsonl(&self, to: &mut dyn Write) -> io::Result<()> {
        self.entries().try_for_each(|entry| {
            serde_json::to_writer(&mut *to, &json::object(self.world, &entry))?;
            to.write_all(b"\n")
        })
    }
}

/// As [`Transcript::write_text`].
impl fmt::Display for Transcript<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.put(|page| f.write_str(std::str::from_utf8(page).map_err(|_| fmt::Error)?))
    }
}
