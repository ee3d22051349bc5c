//! A connection, as a reader of records sees it.

use std::borrow::Cow;

use super::dissect::Dissector;
use super::entry::Protocol;

/// A connection that is under way.
#[derive(Debug)]
pub(super) struct Conversation<'w> {
    /// The names of client and server, in the order of [`super::dissect::Side`].
    pub(super) names: [Cow<'w, str>; 2],
    pub(super) protocol: Protocol,
    pub(super) dissector: Dissector,
    /// Whether what client and server send is TLS by now.
    pub(super) encrypted: [bool; 2],
    /// One end has told that it is over.
    pub(super) is_closed: bool,
}

impl<'w> Conversation<'w> {
    /// One that begins, with this port of the server.
    pub(super) fn new(port: u16, names: [Cow<'w, str>; 2]) -> Self {
        Conversation {
            names,
            protocol: Protocol::of_port(port).unwrap_or(Protocol::Tcp),
            dissector: Dissector::for_port(port),
            encrypted: [false; 2],
            is_closed: false,
        }
    }
}
