//! How an answer looks to the client that gets it.
//!
//! Follows RFC 1034 §4.3.1 (RA), RFC 4035 §3.2 (who gets DNSSEC records; CD is copied, AD never
//! set), RFC 6891 (EDNS and sizes), RFC 8914 (extended errors), and Unbound for what it leaves out
//! of positive answers.

use std::borrow::Borrow;

use bytes::Bytes;

use crate::proto::dns::draft::Draft;
use crate::proto::dns::query::Query;
use crate::proto::dns::{
    Edns, ExtendedError, Flags, Message, Rcode, Record, RecordType, Transport,
};

use super::ede::extended_error;
use super::resolution::Outcome;
use super::{ClientToken, Resolver, ResolverOutput};

impl Resolver {
    /// Sends a client its answer.
    pub(super) fn answer(
        &self,
        client: ClientToken,
        query: &Query,
        transport: Transport,
        outcome: &Outcome,
        out: &mut Vec<ResolverOutput>,
    ) {
        let octets = self.composed(query, transport, outcome);
        out.push(ResolverOutput::Answer { client, octets });
    }

    /// The answer for a client.
    pub(super) fn composed(&self, query: &Query, transport: Transport, outcome: &Outcome) -> Bytes {
        let dnssec_ok = query.edns.as_ref().is_some_and(|edns| edns.dnssec_ok);
        let qtype = query.question.rtype;
        let shown = |record: &&Record| dnssec_ok || !is_dnssec(record.rtype());
        let asked_for =
            |record: &&Record| shown(record) || qtype == RecordType::Any || qtype == record.rtype();
        let answers: Vec<&Record> = outcome.answers.iter().filter(asked_for).collect();
        let (mut authorities, mut additionals) = (Vec::new(), Vec::new());
        if !self.config.minimal_responses || !is_positive(outcome, qtype) {
            authorities = outcome.authorities.iter().filter(shown).collect();
            additionals = outcome.additionals.iter().filter(shown).collect();
        }
        let response = query.response(None);
        let response = Draft {
            flags: Flags { aa: outcome.authoritative, ..response.flags },
            rcode: outcome.rcode,
            answers: &answers,
            authorities: &authorities,
            additionals: &additionals,
            ..response
        };
        let asked = (query.edns.as_ref(), transport);
        self.finished(&response, asked, extended_error(outcome).as_ref())
    }

    /// Sends a client a code and nothing else.
    pub(super) fn refuse(
        &self,
        client: ClientToken,
        query: &Query,
        transport: Transport,
        rcode: Rcode,
        error: Option<u16>,
        out: &mut Vec<ResolverOutput>,
    ) {
        let response = Draft { rcode, ..query.response::<Record>(None) };
        let asked = (query.edns.as_ref(), transport);
        let octets = self.finished(&response, asked, error.map(ExtendedError::new).as_ref());
        out.push(ResolverOutput::Answer { client, octets });
    }

    /// As [`Resolver::refuse`], of a query that need not have a question.
    pub(super) fn refuse_message(
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
        let asked = (query.edns.as_ref(), transport);
        let error = error.map(ExtendedError::new);
        let octets = self.finished(&Draft::of(&response), asked, error.as_ref());
        out.push(ResolverOutput::Answer { client, octets });
    }

    /// The octets of a response, within what the client takes, who asked with this EDNS.
    fn finished<R: Borrow<Record>>(
        &self,
        response: &Draft<'_, R>,
        (asked, transport): (Option<&Edns>, Transport),
        error: Option<&ExtendedError>,
    ) -> Bytes {
        let edns = asked.map(|asked| Edns {
            udp_octets: self.config.udp_octets,
            dnssec_ok: asked.dnssec_ok,
            options: error.into_iter().map(ExtendedError::to_option).collect(),
            ..Edns::default()
        });
        let flags = Flags { ra: true, ..response.flags };
        let response = Draft { flags, edns: edns.as_ref(), ..*response };
        match (transport, asked) {
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
