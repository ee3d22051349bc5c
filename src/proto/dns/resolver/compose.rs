//! How an answer looks to the client that gets it.
//!
//! Follows RFC 1034 §4.3.1 (RA), RFC 4035 §3.2 (who gets DNSSEC records; CD is copied, AD never
//! set), RFC 6891 (EDNS and sizes), RFC 8914 (extended errors), and Unbound for what it leaves out
//! of positive answers.

use bytes::Bytes;

use crate::proto::dns::{ExtendedError, Message, Rcode, Record, RecordType, Transport};

use super::ede::extended_error;
use super::resolution::Outcome;
use super::{ClientToken, Resolver, ResolverOutput};

impl Resolver {
    /// Sends a client its answer.
    pub(super) fn answer(
        &self,
        client: ClientToken,
        query: &Message,
        transport: Transport,
        outcome: &Outcome,
        out: &mut Vec<ResolverOutput>,
    ) {
        let mut response = Message::response_to(query);
        response.rcode = outcome.rcode;
        response.flags.aa = outcome.authoritative;
        let dnssec_ok = query.edns.as_ref().is_some_and(|edns| edns.dnssec_ok);
        let qtype = query.question().map_or(RecordType::Any, |question| question.rtype);
        let shown = |record: &&Record| dnssec_ok || !is_dnssec(record.rtype());
        let asked_for =
            |record: &&Record| shown(record) || qtype == RecordType::Any || qtype == record.rtype();
        response.answers = outcome.answers.iter().filter(asked_for).cloned().collect();
        if !self.config.minimal_responses || !is_positive(outcome, qtype) {
            response.authorities = outcome.authorities.iter().filter(shown).cloned().collect();
            response.additionals = outcome.additionals.iter().filter(shown).cloned().collect();
        }
        let octets = self.finished(response, query, transport, extended_error(outcome));
        out.push(ResolverOutput::Answer { client, octets });
    }

    /// Sends a client a code and nothing else.
    pub(super) fn refuse(
        &self,
        client: ClientToken,
        query: &Message,
        transport: Transport,
        rcode: Rcode,
        error: Option<u16>,
        out: &mut Vec<ResolverOutput>,
    ) {
        let mut response = Message::response_to(query);
        response.rcode = rcode;
        if query.questions.len() > 1 {
            // It is not said which of them the code is for.
            response.questions.clear();
        }
        let error = error.map(ExtendedError::new);
        let octets = self.finished(response, query, transport, error);
        out.push(ResolverOutput::Answer { client, octets });
    }

    /// The octets of a response, within what the client takes.
    fn finished(
        &self,
        mut response: Message,
        query: &Message,
        transport: Transport,
        error: Option<ExtendedError>,
    ) -> Bytes {
        response.flags.ra = true;
        if let Some(edns) = &mut response.edns {
            edns.udp_octets = self.config.udp_octets;
            edns.options.extend(error.map(|error| error.to_option()));
        }
        match (transport, &query.edns) {
            (Transport::Tcp, _) => response.encode(),
            (Transport::Udp, None) => response.encode_within(512),
            (Transport::Udp, Some(edns)) => {
                response.encode_within(edns.udp_octets.min(self.config.udp_octets).into())
            }
        }
    }
}

/// Types that only clients with DO understand (RFC 4035 §3.2.1, as Unbound counts them).
fn is_dnssec(rtype: RecordType) -> bool {
    matches!(
        rtype,
        RecordType::Sig
            | RecordType::Key
            | RecordType::Ds
            | RecordType::Rrsig
            | RecordType::Nsec
            | RecordType::Dnskey
            | RecordType::Nsec3
            | RecordType::Nsec3param
    )
}

/// Whether a client can do with the answer section alone. Not with that of NS, which wants
/// addresses, nor of a wildcard, which wants its proof.
fn is_positive(outcome: &Outcome, qtype: RecordType) -> bool {
    let proves = |record: &Record| matches!(record.rtype(), RecordType::Nsec | RecordType::Nsec3);
    outcome.rcode == Rcode::NoError
        && qtype != RecordType::Ns
        && outcome.answers.iter().any(|r| qtype == RecordType::Any || r.rtype() == qtype)
        && !outcome.authorities.iter().any(proves)
}
