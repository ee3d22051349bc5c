//! Dissectors: what the octets on a connection say, read as an onlooker reads them.
//!
//! A dissector sees both directions of one connection in the order in which octets arrived at
//! either end, cut anywhere, and tells of each line, reply and message once it is complete. What
//! an answer means depends on what was asked (a POP3 `+OK` may or may not begin several lines), so
//! one dissector reads both directions. It never fails: what no server would understand is shown
//! as the line that it is.
//!
//! Memory is bounded: of a line the first 4 KiB are kept, of a message the first 32 KiB.

mod content;
mod dns;
mod imap;
mod lines;
mod pop3;
mod smtp;
#[cfg(test)]
mod tests;
mod unit;

use bytes::Bytes;

pub(super) use dns::describe as describe_dns;
pub(super) use unit::{Detail, Rest, Text, Unit};

use super::entry::{Facts, Protocol};
use super::text::{Escaped, plural};

/// Which end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client = 0,
    Server = 1,
}

/// Who is told the units, one after the other.
pub(super) type Tell<'t> = &'t mut dyn FnMut(Unit<'_>);

/// The dissector of one connection.
#[derive(Debug)]
pub(super) enum Dissector {
    Dns(Box<dns::Dns>),
    Smtp(Box<smtp::Smtp>),
    Pop3(Box<pop3::Pop3>),
    Imap(Box<imap::Imap>),
    Octets,
}

impl Dissector {
    /// For a connection to this port of a server.
    pub(super) fn for_port(port: u16) -> Dissector {
        match Protocol::of_port(port) {
            Some(Protocol::Dns) => Dissector::Dns(Box::default()),
            Some(Protocol::Smtp) => Dissector::Smtp(Box::default()),
            Some(Protocol::Pop3) => Dissector::Pop3(Box::default()),
            Some(Protocol::Imap) => Dissector::Imap(Box::default()),
            _ => Dissector::Octets,
        }
    }

    /// The next octets that `sender` sent arrived.
    pub(super) fn octets(&mut self, sender: Side, octets: &Bytes, tell: Tell<'_>) {
        match self {
            Dissector::Dns(dns) => dns.octets(sender, octets, tell),
            Dissector::Smtp(smtp) => smtp.octets(sender, octets, tell),
            Dissector::Pop3(pop3) => pop3.octets(sender, octets, tell),
            Dissector::Imap(imap) => imap.octets(sender, octets, tell),
            Dissector::Octets => {
                let rest = Rest::facts(Facts::Octets { octets: octets.len() });
                tell(Unit { rest, ..Unit::words(sender, "octets", raw(octets)) });
            }
        }
    }

    /// Nothing more arrives of what `sender` sent.
    pub(super) fn end(&mut self, sender: Side, tell: Tell<'_>) {
        let left = match self {
            Dissector::Dns(dns) => dns.end(sender),
            Dissector::Smtp(smtp) => smtp.end(sender),
            Dissector::Pop3(pop3) => pop3.end(sender),
            Dissector::Imap(imap) => imap.end(sender),
            Dissector::Octets => None,
        };
        if let Some(text) = left {
            tell(Unit::words(sender, "incomplete", text));
        }
    }
}

/// `12 octets: some te…`
pub(super) fn raw(octets: &[u8]) -> String {
    const SHOWN: usize = 60;
    let count = plural(octets.len() as u64, "octet");
    match octets.get(..SHOWN) {
        Some(start) => format!("{count}: {}…", Escaped(start)),
        None => format!("{count}: {}", Escaped(octets)),
    }
}
