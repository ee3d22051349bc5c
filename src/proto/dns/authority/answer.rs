//! The walk of one query through the zones, and the response that comes of it.
//!
//! The response is put together of records that stay where they are, in the zones (benches `dns` and
//! `deliveries`).

use std::borrow::Borrow;

use super::super::codes::{Rcode, RecordType};
use super::super::draft::Draft;
use super::super::ede::ExtendedError;
use super::super::framing::Transport;
use super::super::message::{Edns, Flags, Message, Question};
use super::super::name::{Folded, Name};
use super::super::query::Query;
use super::super::record::{Record, RecordData};
use super::super::zone::{Catalog, Lookup, Node, Proof, RrSet, Zone};

/// A response while it is put together.
pub(super) struct Answer<'a> {
    catalog: &'a Catalog,
    transport: Transport,
    /// The asker wants signatures and proofs with it (RFC 3225).
    dnssec_ok: bool,
    aa: bool,
    rcode: Rcode,
    answers: Vec<Shown<'a>>,
    authorities: Vec<Shown<'a>>,
    additionals: Vec<Shown<'a>>,
    edns: Option<Edns>,
}

/// A record in a response.
enum Shown<'a> {
    /// One of a zone.
    Kept(&'a Record),
    /// One that a wildcard or a DNAME stands for.
    Made(Box<Record>),
}

impl Borrow<Record> for Shown<'_> {
    fn borrow(&self) -> &Record {
        match self {
            Shown::Kept(record) => record,
            Shown::Made(record) => record,
        }
    }
}

impl Shown<'_> {
    fn record(&self) -> &Record {
        self.borrow()
    }
}

impl<'a> Answer<'a> {
    /// Begins with a response of this EDNS and nothing else.
    pub(super) fn new(catalog: &'a Catalog, transport: Transport, edns: Option<Edns>) -> Self {
        let dnssec_ok = edns.as_ref().is_some_and(|edns| edns.dnssec_ok);
        Answer {
            catalog,
            transport,
            dnssec_ok,
            aa: false,
            rcode: Rcode::NoError,
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
            edns,
        }
    }

    /// The response to `query`, ready to be written.
    pub(super) fn draft<'d>(&'d self, query: &'d Query) -> Draft<'d, impl Borrow<Record>> {
        let response = query.response(self.edns.as_ref());
        Draft {
            flags: Flags { aa: self.aa, ..response.flags },
            rcode: self.rcode,
            answers: &self.answers[..],
            authorities: &self.authorities[..],
            additionals: &self.additionals[..],
            ..response
        }
    }

    /// The same as a message, `response` being the one without anything in it.
    pub(super) fn put_into(self, mut response: Message) -> Message {
        let owned = |records: &[Shown<'_>]| records.iter().map(|r| r.record().clone()).collect();
        response.flags.aa = self.aa;
        response.rcode = self.rcode;
        response.answers = owned(&self.answers);
        response.authorities = owned(&self.authorities);
        response.additionals = owned(&self.additionals);
        response.edns = self.edns;
        response
    }

    /// Steps 2 to 4 of RFC 1034 §4.3.2, again for every alias on the way.
    pub(super) fn resolve(mut self, question: &Question) -> Self {
        let rtype = question.rtype;
        let mut next = self.step(&question.name, rtype);
        for _ in 1..MAX_LINKS {
            let Some(name) = next else { break };
            // A name that was an alias already: the chain is a loop and ends here.
            let is_alias =
                |record: &Record| record.rtype() == RecordType::Cname && record.name == name;
            if self.answers.iter().map(Shown::record).any(is_alias) {
                break;
            }
            next = self.step(&name, rtype);
        }
        self
    }

    /// Looks up one name. Gives the name to go on with, if it is an alias.
    fn step(&mut self, name: &Name, rtype: RecordType) -> Option<Name> {
        let folded = Folded::new(name);
        let Some(zone) = self.zone_for(&folded, rtype) else {
            if self.answers.is_empty() {
                self.refuse();
            }
            return None;
        };
        match zone.lookup_folded(&folded) {
            Lookup::Exact(node) => self.found(zone, node, name, rtype),
            Lookup::Cut(cut) if rtype == RecordType::Ds && cut.name() == name => {
                self.found(zone, cut, name, rtype)
            }
            Lookup::Cut(cut) => {
                self.refer(zone, cut);
                None
            }
            Lookup::Dname(owner) => self.redirect(owner, name),
            Lookup::Wildcard(node) => self.found(zone, node, name, rtype),
            Lookup::NoName => {
                self.rcode = Rcode::NxDomain;
                self.deny(zone, || zone.prove_no_name(name));
                None
            }
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

    /// The name is in no zone of this server.
    fn refuse(&mut self) {
        self.rcode = Rcode::Refused;
        if let Some(edns) = &mut self.edns {
            edns.options.push(ExtendedError::new(NOT_AUTHORITATIVE).to_option());
        }
    }

    /// The name exists at `node`, or a wildcard stands for it: its data, its alias, or nothing.
    /// Gives the target of an alias.
    fn found(
        &mut self,
        zone: &'a Zone,
        node: &'a Node,
        name: &Name,
        rtype: RecordType,
    ) -> Option<Name> {
        self.aa = true;
        // A wildcard that is asked for by its own name is a name as any other.
        let stands_for = (node.name().is_wildcard() && node.name() != name).then_some(name);
        if rtype == RecordType::Any && !node.rrsets().is_empty() {
            self.answer_any(node, stands_for);
        } else if let Some(rrset) = node.rrset(rtype) {
            self.push_answer(rrset, stands_for);
            self.add_hosts(zone, rrset);
        } else if let Some((_, target)) = node.cname() {
            let cname = node.rrset(RecordType::Cname).expect("the node owns a CNAME");
            self.push_answer(cname, stands_for);
            self.prove_expansion(zone, stands_for);
            return Some(target.clone());
        } else {
            match stands_for {
                Some(name) => self.deny(zone, || zone.prove_no_wildcard_type(name, node)),
                None => self.deny(zone, || zone.prove_no_type(node)),
            }
            return None;
        }
        self.prove_expansion(zone, stands_for);
        None
    }

    /// ANY: on UDP one RRset is enough (RFC 8482 §4.1), on TCP all come.
    fn answer_any(&mut self, node: &'a Node, stands_for: Option<&Name>) {
        match self.transport {
            Transport::Udp => self.push_answer(&node.rrsets()[0], stands_for),
            Transport::Tcp => {
                // The signatures are an RRset of the node themselves.
                for rrset in node.rrsets() {
                    push_records(&mut self.answers, rrset.records(), stands_for);
                }
            }
        }
    }

    /// An RRset into the answer, under the name that a wildcard stands for, if it does.
    fn push_answer(&mut self, rrset: &'a RrSet, stands_for: Option<&Name>) {
        push_records(&mut self.answers, rrset.records(), stands_for);
        if self.dnssec_ok {
            push_records(&mut self.answers, rrset.signatures(), stands_for);
        }
    }

    /// An RRset into the authority section.
    fn push_authority(&mut self, rrset: &'a RrSet) {
        push_records(&mut self.authorities, rrset.records(), None);
        if self.dnssec_ok {
            push_records(&mut self.authorities, rrset.signatures(), None);
        }
    }

    /// What an answer by a wildcard needs besides: that no closer name exists.
    fn prove_expansion(&mut self, zone: &'a Zone, stands_for: Option<&Name>) {
        if let Some(name) = stands_for
            && self.dnssec_ok
        {
            self.push_proof(&zone.prove_no_closer(name));
        }
    }

    /// No such name, or no such data: the SOA tells how long that may be remembered.
    fn deny(&mut self, zone: &'a Zone, proof: impl FnOnce() -> Proof<'a>) {
        self.aa = true;
        self.push_authority(zone.negative_soa_set());
        if self.dnssec_ok {
            self.push_proof(&proof());
        }
    }

    /// Each RRset of a proof once, however many names of a chain need it.
    fn push_proof(&mut self, proof: &Proof<'a>) {
        for rrset in proof.rrsets() {
            if !holds(&self.authorities, rrset) {
                self.push_authority(rrset);
            }
        }
    }

    /// `name` is below the DNAME of `owner`: gives where it is found instead, by a CNAME made for
    /// it (RFC 6672 §3.1), which nobody has signed (RFC 6672 §5.3.1).
    fn redirect(&mut self, owner: &'a Node, name: &Name) -> Option<Name> {
        self.aa = true;
        let (record, target) = owner.dname().expect("a look-up ends at a DNAME that is there");
        let dname = owner.rrset(RecordType::Dname).expect("the node owns a DNAME");
        if !holds(&self.answers, dname) {
            self.push_answer(dname, None);
        }
        match name.replace_suffix(owner.name(), target)? {
            Ok(alias) => {
                let data = RecordData::Cname(alias.clone());
                let cname = Record { name: name.clone(), data, ..record.clone() };
                self.answers.push(Shown::Made(Box::new(cname)));
                // A DNAME that leads below itself would lengthen the name until it is none:
                // one step says as much, as NSD answers.
                (!target.is_subdomain_of(owner.name())).then_some(alias)
            }
            Err(_) => {
                self.rcode = Rcode::YxDomain;
                None
            }
        }
    }

    /// A referral to the servers of the zone below `cut`. Not authoritative, unless an alias led
    /// here (RFC 1034 §6.2.6). Its DS, or that there is none, is the zone's own data and signed.
    fn refer(&mut self, zone: &'a Zone, cut: &'a Node) {
        let Some(servers) = cut.rrset(RecordType::Ns) else { return };
        self.push_authority(servers);
        if self.dnssec_ok {
            match cut.rrset(RecordType::Ds) {
                Some(ds) => self.push_authority(ds),
                None => self.push_proof(&zone.prove_no_type(cut)),
            }
        }
        self.add_hosts(zone, servers);
    }

    /// Adds the addresses of the hosts that `rrset` names, as far as this server knows them: from
    /// the same zone, glue below its cuts too, or from another one that it holds.
    fn add_hosts(&mut self, zone: &'a Zone, rrset: &'a RrSet) {
        for host in rrset.records().iter().filter_map(|record| record.data.host()) {
            let folded = Folded::new(host);
            let node = zone.node_folded(&folded).or_else(|| {
                let other = self.catalog.find_folded(folded.as_slice())?;
                other.node_folded(&folded)
            });
            let Some(node) = node else { continue };
            for rtype in [RecordType::A, RecordType::Aaaa] {
                let Some(addresses) = node.rrset(rtype) else { continue };
                if !holds(&self.answers, addresses) && !holds(&self.additionals, addresses) {
                    push_records(&mut self.additionals, addresses.records(), None);
                    if self.dnssec_ok {
                        push_records(&mut self.additionals, addresses.signatures(), None);
                    }
                }
            }
        }
    }
}

/// Adds records, under another name if a wildcard stands for it.
fn push_records<'a>(
    section: &mut Vec<Shown<'a>>,
    records: &'a [Record],
    stands_for: Option<&Name>,
) {
    let Some(name) = stands_for else {
        return section.extend(records.iter().map(Shown::Kept));
    };
    let made = |record: &Record| Record { name: name.clone(), ..record.clone() };
    section.extend(records.iter().map(|record| Shown::Made(Box::new(made(record)))));
}

/// Whether the RRset is in the section.
fn holds(section: &[Shown<'_>], rrset: &RrSet) -> bool {
    let owner = &rrset.records()[0].name;
    let is_of_it = |record: &Record| record.rtype() == rrset.rtype() && record.name == *owner;
    section.iter().map(Shown::record).any(is_of_it)
}

/// Aliases that are followed for one query, as BIND does.
const MAX_LINKS: usize = 16;

/// "Not Authoritative" (RFC 8914 §4.21).
const NOT_AUTHORITATIVE: u16 = 20;
