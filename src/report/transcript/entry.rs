//! An entry of a transcript: an event worth reading.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;

use crate::engine::SimTime;
use crate::net::Loss;
use crate::net::tcp::{CloseReason, Resending};
use crate::proto::dns;
use crate::world::{Note, RecordId};

/// An event worth reading: who, to whom, and what.
#[derive(Debug, Clone)]
pub struct Entry<'w> {
    /// The record that completed it. Several lines that arrived at once have one record.
    pub id: RecordId,
    /// The record that caused it, or where that one shows nothing, the cause of that one.
    pub cause: Option<RecordId>,
    /// When: for what crossed the network, the moment of its arrival.
    pub time: SimTime,
    /// The name of the host that sent it, or that it happened at. Its address, if it has no name.
    pub from: Cow<'w, str>,
    /// The name of the host that it went to.
    pub to: Option<Cow<'w, str>>,
    /// What was spoken.
    pub protocol: Protocol,
    /// What it is, in one stable word: `query`, `reply`, `delivered`.
    pub kind: &'static str,
    /// The line that was sent, or what happened in words. No control characters.
    pub text: String,
    /// Whether it was sent through TLS, so that an onlooker could not have read it.
    pub encrypted: bool,
    /// Further lines: the header fields of a message, the sections of a DNS response.
    pub details: Vec<String>,
    /// The same for programs.
    pub facts: Facts<'w>,
}

/// What was spoken; beside the protocols, what is told of hosts and links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Over UDP or TCP, port 53.
    Dns,
    /// Ports 24 (LMTP), 25, 465 and 587.
    Smtp,
    /// Ports 110 and 995.
    Pop3,
    /// Ports 143 and 993.
    Imap,
    /// Connections themselves, and what is sent on those of other ports.
    Tcp,
    /// Datagrams of other ports.
    Udp,
    /// ICMP: packets that came to nothing.
    Icmp,
    /// Hosts and links: crashes, cuts.
    Network,
    /// A fact that no wire shows.
    Note,
}

impl Protocol {
    /// What is spoken on connections to this port of a server.
    pub fn of_port(port: u16) -> Option<Protocol> {
        match port {
            53 => Some(Protocol::Dns),
            24 | 25 | 465 | 587 => Some(Protocol::Smtp),
            110 | 995 => Some(Protocol::Pop3),
            143 | 993 => Some(Protocol::Imap),
            _ => None,
        }
    }

    /// What it is called in a transcript.
    pub(super) fn name(self) -> &'static str {
        match self {
            Protocol::Dns => "DNS",
            Protocol::Smtp => "SMTP",
            Protocol::Pop3 => "POP3",
            Protocol::Imap => "IMAP",
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
            Protocol::Icmp => "ICMP",
            Protocol::Network => "net",
            Protocol::Note => "note",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What programs want to know of an entry.
#[derive(Debug, Clone)]
pub enum Facts<'w> {
    /// Nothing beyond the text.
    None,
    /// A DNS message.
    Dns(Box<dns::Message>),
    /// A whole SMTP reply (RFC 5321 §4.2).
    Reply {
        /// The reply code.
        code: u16,
        /// The text of each line, without code and separator; control characters escaped.
        lines: Vec<String>,
    },
    /// A message, as content of SMTP DATA, of a POP3 response or of an IMAP literal.
    Message {
        /// Its size, without what the protocol adds.
        octets: u64,
        /// The fields of its header, unfolded, from top to bottom.
        header: Vec<(String, String)>,
    },
    /// Octets that nobody here understands.
    Octets {
        /// How many.
        octets: usize,
    },
    /// A connection opened or ended.
    Connection {
        /// The end that asked for it.
        client: SocketAddr,
        /// The other end.
        server: SocketAddr,
        /// How it ended, as one end sees it.
        closed: Option<CloseReason>,
    },
    /// A packet that went no further.
    Lost {
        /// The node that it got to.
        at: Cow<'w, str>,
        /// Why.
        why: Loss,
        /// Octets of payload.
        octets: usize,
        /// The destination's port.
        port: u16,
    },
    /// A segment that is sent again.
    Resent {
        /// Why.
        why: Resending,
        /// Octets of payload.
        octets: usize,
        /// The destination's port.
        port: u16,
        /// Its sequence number.
        sequence: u32,
    },
    /// What an actor tells.
    Note(&'w Note),
}
