//! Makes of an entry what is sent: a client's query, or the reply to a query of the resolver.

use bytes::Bytes;

use crate::proto::dns::{Edns, Message, Rcode};

use super::Dialect;
use super::entry::Entry;

/// The octets of the client's query with this ID; raw octets go as they are written.
pub(super) fn query(entry: &Entry, id: u16) -> Bytes {
    match &entry.raw {
        Some(raw) => raw.clone(),
        None => Message { id, ..entry.message.clone() }.encode(),
    }
}

/// The octets that answer `query`; `None` for silence.
pub(super) fn reply(entry: &Entry, query: &Message, dialect: Dialect) -> Option<Bytes> {
    let mut adjust = entry.adjust;
    // Unbound's network of the tests looks at no ID: files leave the word out.
    adjust.copy_id |= dialect == Dialect::Unbound;
    if adjust.do_not_answer {
        return None;
    }
    if let Some(raw) = &entry.raw {
        let copies = adjust.copy_id || adjust.raw_id;
        return Some(if copies { with_id(raw, query.id) } else { raw.clone() });
    }
    let mut message = entry.message.clone();
    if adjust.copy_query {
        message.questions.clone_from(&query.questions);
    }
    if adjust.copy_id {
        message.id = query.id;
        if dialect == Dialect::Deckard
            && let (Some(own), Some(asked)) =
                (message.questions.first_mut(), query.questions.first())
            && own.name == asked.name
        {
            own.name = asked.name.clone();
        }
    }
    if dialect == Dialect::Deckard {
        let own = message.edns.take().unwrap_or_default();
        message.edns = query.edns.as_ref().map(|asked| Edns {
            version: asked.version,
            dnssec_ok: asked.dnssec_ok,
            ..own
        });
    }
    Some(message.encode())
}

/// What a server says that has no entry for the query.
pub(super) fn server_failure(query: &Message) -> Bytes {
    Message { rcode: Rcode::ServFail, ..Message::response_to(query) }.encode()
}

fn with_id(raw: &Bytes, id: u16) -> Bytes {
    let mut octets = raw.to_vec();
    if let Some(place) = octets.get_mut(..2) {
        place.copy_from_slice(&id.to_be_bytes());
    }
    octets.into()
}
