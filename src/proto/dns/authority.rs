//! The authoritative server: one query in, one answer out, from the zones it holds.
//!
//! Follows RFC 1034 §4.3.2 with RFC 2308 (negative answers), RFC 4035 §3.1.4.1 (DS at a cut),
//! RFC 4592 (wildcards), RFC 6672 (DNAME), RFC 6891 (EDNS), RFC 8482 (ANY), RFC 9471 (glue).
//! It keeps no state between queries and reads no clock; transfers and NOTIFY, which do, are the
//! business of [`super::server`].
//!
//! Not modelled: dynamic update; RRSIG and NSEC under DO.

use std::sync::Arc;

use bytes::Bytes;

use super::codes::{Class, Opcode, Rcode, RecordType};
use super::framing::Transport;
use super::message::{EDNS_UDP_OCTETS, Edns, MAX_MESSAGE_OCTETS, MIN_UDP_OCTETS, Message};
use super::name::{Folded, Name};
use super::record::{Record, RecordData};
use super::zone::{Catalog, Lookup, Node, RrSet, Zone};

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
        match Message::decode(query) {
            Ok(query) if query.flags.qr => None,
            Ok(query) => {
                let limit_octets = match (transport, &query.edns) {
                    (Transport::Tcp, _) => MAX_MESSAGE_OCTETS,
                    (Transport::Udp, None) => MIN_UDP_OCTETS,
                    (Transport::Udp, Some(edns)) => edns.udp_octets.min(EDNS_UDP_OCTETS).into(),
                };
                Some(self.respond(&query, transport).encode_within(limit_octets))
            }
            Err(error) => Some(error.response()?.encode_within(MIN_UDP_OCTETS)),
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
        if question.class != Class::In
            || matches!(question.rtype, RecordType::Axfr | RecordType::Ixfr)
        {
            response.rcode = Rcode::Refused;
            return response;
        }
        let mut answer = Answer { catalog: &self.catalog, transport, response };
        answer.resolve(question.name.clone(), question.rtype);
        answer.response
    }
}

/// A response while it is put together.
struct Answer<'a> {
    catalog: &'a Catalog,
    transport: Transport,
    response: Message,
}

impl<'a> Answer<'a> {
    /// Steps 2 to 4 of RFC 1034 §4.3.2, again for every alias on the way.
    fn resolve(&mut self, mut name: Name, rtype: RecordType) {
        for _ in 0..MAX_LINKS {
            let folded = Folded::new(&name);
            let Some(zone) = self.zone_for(&folded, rtype) else {
                if self.response.answers.is_empty() {
                    self.response.rcode = Rcode::Refused;
                }
                return;
            };
            let target = match zone.lookup_folded(&folded) {
                Lookup::Exact(node) => self.found(zone, node, &name, rtype),
                Lookup::Cut(cut) if rtype == RecordType::Ds && *cut.name() == name => {
                    self.found(zone, cut, &name, rtype)
                }
                Lookup::Cut(cut) => {
                    self.refer(zone, cut);
                    None
                }
                Lookup::Dname(owner) => self.redirect(owner, &name),
                Lookup::Wildcard(node) => self.found(zone, node, &name, rtype),
                Lookup::NoName => {
                    self.response.rcode = Rcode::NxDomain;
                    self.deny(zone);
                    None
                }
            };
            let Some(target) = target else { return };
            // A name that was an alias already: the chain is a loop and ends here.
            if self
                .response
                .answers
                .iter()
                .any(|record| record.rtype() == RecordType::Cname && record.name == target)
            {
                return;
            }
            name = target;
        }
    }

    /// The zone that answers for `name`: for DS the one above, if this server holds it
    /// (RFC 4035 §3.1.4.1).
    fn zone_for(&self, name: &Folded, rtype: RecordType) -> Option<&'a Zone> {
        let catalog = self.catalog;
        let zone = catalog.find_folded(name.as_slice())?;
        let is_apex = || zone.origin().as_wire().len() == name.as_slice().len();
        if rtype == RecordType::Ds && is_apex() {
            return Some(catalog.find_above(name.as_slice()).unwrap_or(zone));
        }
        Some(zone)
    }

    /// The name exists at `node`, or a wildcard stands for it: its data, its alias, or nothing.
    /// Gives the target of an alias.
    fn found(&mut self, zone: &Zone, node: &Node, name: &Name, rtype: RecordType) -> Option<Name> {
        self.response.flags.aa = true;
        if rtype == RecordType::Any {
            self.answer_any(zone, node, name);
            return None;
        }
        if let Some(rrset) = node.rrset(rtype) {
            self.push_answer(node, rrset, name);
            self.add_hosts(zone, rrset);
            return None;
        }
        if let Some((record, target)) = node.cname() {
            let owner = if node.name().is_wildcard() { name } else { node.name() };
            self.response.answers.push(Record { name: owner.clone(), ..record.clone() });
            return Some(target.clone());
        }
        self.deny(zone);
        None
    }

    /// ANY: on UDP one RRset is enough (RFC 8482 §4.1), on TCP all come.
    fn answer_any(&mut self, zone: &Zone, node: &Node, name: &Name) {
        let most = match self.transport {
            Transport::Udp => 1,
            Transport::Tcp => usize::MAX,
        };
        for rrset in node.rrsets().iter().take(most) {
            self.push_answer(node, rrset, name);
        }
        if node.rrsets().is_empty() {
            self.deny(zone);
        }
    }

    fn push_answer(&mut self, node: &Node, rrset: &RrSet, name: &Name) {
        let records = rrset.records().iter().cloned();
        if node.name().is_wildcard() {
            let of_name = |record| Record { name: name.clone(), ..record };
            self.response.answers.extend(records.map(of_name));
        } else {
            self.response.answers.extend(records);
        }
    }

    /// No such name, or no such data: the SOA tells how long that may be remembered.
    fn deny(&mut self, zone: &Zone) {
        self.response.flags.aa = true;
        self.response.authorities.push(zone.negative_soa().clone());
    }

    /// `name` is below the DNAME of `owner`: gives where it is found instead, by a CNAME made for
    /// it (RFC 6672 §3.1).
    fn redirect(&mut self, owner: &Node, name: &Name) -> Option<Name> {
        self.response.flags.aa = true;
        let (record, target) = owner.dname().expect("a look-up ends at a DNAME that is there");
        if !self.response.answers.contains(record) {
            self.response.answers.push(record.clone());
        }
        match name.replace_suffix(owner.name(), target)? {
            Ok(alias) => {
                let data = RecordData::Cname(alias.clone());
                let cname = Record { name: name.clone(), data, ..record.clone() };
                self.response.answers.push(cname);
                // A DNAME that leads below itself would lengthen the name until it is none:
                // one step says as much, as NSD answers.
                (!target.is_subdomain_of(owner.name())).then_some(alias)
            }
            Err(_) => {
                self.response.rcode = Rcode::YxDomain;
                None
            }
        }
    }

    /// A referral to the servers of the zone below `cut`. Not authoritative, unless an alias led
    /// here (RFC 1034 §6.2.6).
    fn refer(&mut self, zone: &Zone, cut: &Node) {
        let Some(servers) = cut.rrset(RecordType::Ns) else { return };
        self.response.authorities.extend(servers.records().iter().cloned());
        self.add_hosts(zone, servers);
    }

    /// Adds the addresses of the hosts that `rrset` names, as far as this server knows them: from
    /// the same zone, glue below its cuts too, or from another one that it holds.
    fn add_hosts(&mut self, zone: &Zone, rrset: &RrSet) {
        for host in rrset.records().iter().filter_map(|record| record.data.host()) {
            let folded = Folded::new(host);
            let node = zone.node_folded(&folded).or_else(|| {
                let other = self.catalog.find_folded(folded.as_slice())?;
                other.node_folded(&folded)
            });
            let Some(node) = node else { continue };
            for rtype in [RecordType::A, RecordType::Aaaa] {
                let Some(addresses) = node.rrset(rtype) else { continue };
                let is_there = |records: &[Record]| {
                    records
                        .iter()
                        .any(|record| record.rtype() == rtype && record.name == *node.name())
                };
                let Message { answers, additionals, .. } = &mut self.response;
                if !is_there(answers) && !is_there(additionals) {
                    additionals.extend(addresses.records().iter().cloned());
                }
            }
        }
    }
}

/// Aliases that are followed for one query, as BIND does.
const MAX_LINKS: usize = 16;

#[cfg(test)]
mod tests;
