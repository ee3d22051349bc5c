//! The authoritative server: one query in, one answer out, from the zones it holds.
//!
//! Follows RFC 1034 §4.3.2 with RFC 2308 (negative answers), RFC 4035 §3.1 and RFC 5155 §7.2
//! (signed zones), RFC 4592 (wildcards), RFC 6672 (DNAME), RFC 6891 (EDNS), RFC 8482 (ANY),
//! RFC 8914 (extended errors), RFC 9471 (glue). It keeps no state between queries and reads no
//! clock; transfers and NOTIFY, which do, are the business of [`super::server`].
//!
//! Not modelled: dynamic update; signing, a signed zone comes as a signed master file.

use std::sync::Arc;

use bytes::Bytes;

use super::codes::{Class, Opcode, Rcode, RecordType};
use super::framing::Transport;
use super::message::{
    EDNS_UDP_OCTETS, Edns, MAX_MESSAGE_OCTETS, MIN_UDP_OCTETS, Message, Question,
};
use super::query::Query;
use super::zone::{Catalog, Zone};

mod answer;

use answer::Answer;

/// Answers from the zones of a [`Catalog`].
#[derive(Debug, Default, Clone)]
pub struct Authority {
    catalog: Catalog,
}

impl Authority {
    /// A server that holds `zones`; of two with one origin the later one counts.
    pub fn new(zones: impl IntoIterator<Item = Arc<Zone>>) -> Self {
        Authority { catalog: Catalog::new(zones) }
    }

    /// The zones.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The zones, to put in others.
    pub fn catalog_mut(&mut self) -> &mut Catalog {
        &mut self.catalog
    }

    /// The answer to the octets of a query, within what the asker takes.
    ///
    /// `None` when there is nothing to answer to: fewer octets than a header has, or a response.
    /// Octets that are no message get FORMERR.
    pub fn answer(&self, query: &[u8], transport: Transport) -> Option<Bytes> {
        if let Some(query) = Query::read(query).filter(|query| is_answered(&query.question)) {
            let edns = query.response_edns();
            let answer = Answer::new(&self.catalog, transport, edns).resolve(&query.question);
            let limit_octets = limit_octets(query.edns.as_ref(), transport);
            return Some(answer.draft(&query).encode_within(limit_octets));
        }
        self.answer_message(query, transport)
    }

    /// The same to a query of any kind, which is read as a message.
    fn answer_message(&self, query: &[u8], transport: Transport) -> Option<Bytes> {
        match Message::decode(query) {
            Ok(query) if query.flags.qr => None,
            Ok(query) => {
                let limit_octets = limit_octets(query.edns.as_ref(), transport);
                Some(self.respond(&query, transport).encode_within(limit_octets))
            }
            Err(error) => {
                let mut response = error.response()?;
                // The records of another opcode may have a form of their own (RFC 2136 §2.4).
                if response.opcode != Opcode::Query {
                    response.rcode = Rcode::NotImp;
                }
                Some(response.encode_within(MIN_UDP_OCTETS))
            }
        }
    }

    /// The whole response to `query`, whatever its size.
    pub fn respond(&self, query: &Message, transport: Transport) -> Message {
        let mut response = Message::response_to(query);
        if let Some(Edns { version: 1.., .. }) = query.edns {
            response.rcode = Rcode::BadVers;
            return response;
        }
        if query.opcode != Opcode::Query {
            response.rcode = Rcode::NotImp;
            return response;
        }
        let Some(question) = query.question() else {
            response.rcode = Rcode::FormErr;
            return response;
        };
        if !is_answered(question) {
            response.rcode = Rcode::Refused;
            return response;
        }
        let edns = response.edns.take();
        Answer::new(&self.catalog, transport, edns).resolve(question).put_into(response)
    }
}

/// Whether a question is one for the zones.
fn is_answered(question: &Question) -> bool {
    question.class == Class::In && !matches!(question.rtype, RecordType::Axfr | RecordType::Ixfr)
}

/// The longest response that who asks with this EDNS takes (RFC 6891 §6.2.3 to §6.2.5); below 512
/// it counts as 512 when the response is encoded.
pub(super) fn limit_octets(edns: Option<&Edns>, transport: Transport) -> usize {
    match (transport, edns) {
        (Transport::Tcp, _) => MAX_MESSAGE_OCTETS,
        (Transport::Udp, None) => MIN_UDP_OCTETS,
        (Transport::Udp, Some(edns)) => edns.udp_octets.min(EDNS_UDP_OCTETS).into(),
    }
}

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod query_tests;
#[cfg(test)]
mod signed_tests;
#[cfg(test)]
mod tests;
