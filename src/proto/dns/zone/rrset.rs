//! RRsets and the names that own them.

use super::super::codes::RecordType;
use super::super::name::Name;
use super::super::record::{Record, RecordData};

/// All records of one owner and one type (RFC 2181 §5); never empty, all of one TTL but for
/// RRSIG, each of which has that of what it signs (RFC 4034 §3).
#[derive(Debug, Clone)]
pub struct RrSet {
    rtype: RecordType,
    records: Vec<Record>,
    /// The RRSIG records that sign this set; they are in a set of their own as well.
    signatures: Vec<Record>,
}

impl RrSet {
    fn new(record: Record) -> Self {
        RrSet { rtype: record.rtype(), records: vec![record], signatures: Vec::new() }
    }

    /// The type.
    pub fn rtype(&self) -> RecordType {
        self.rtype
    }

    /// The records, in the order of the zone.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The RRSIG records that sign these (RFC 4035 §2.2); none in an unsigned zone.
    pub fn signatures(&self) -> &[Record] {
        &self.signatures
    }

    /// The same, records and signatures, with a TTL of `ttl_secs` or less.
    pub(super) fn with_ttl_at_most(&self, ttl_secs: u32) -> RrSet {
        let mut set = self.clone();
        for record in set.records.iter_mut().chain(&mut set.signatures) {
            record.ttl_secs = record.ttl_secs.min(ttl_secs);
        }
        set
    }

    /// Adds a record of the same owner and type. A second one of equal data counts once; of
    /// different TTLs the lowest is that of all (RFC 2181 §5 and §5.2).
    fn push(&mut self, mut record: Record) {
        if self.records.iter().any(|other| other.data == record.data) {
            return;
        }
        if self.rtype == RecordType::Rrsig {
            self.records.push(record);
            return;
        }
        let ttl_secs = record.ttl_secs.min(self.records[0].ttl_secs);
        record.ttl_secs = ttl_secs;
        self.records.push(record);
        for record in &mut self.records {
            record.ttl_secs = ttl_secs;
        }
    }
}

/// A name that exists in a zone: it owns RRsets, or is an empty non-terminal above one that does
/// (RFC 4592 §2.2.2).
#[derive(Debug)]
pub struct Node {
    pub(super) name: Name,
    pub(super) rrsets: Vec<RrSet>,
    /// What stands over the name, topmost: the name itself is a cut, or one above it is a cut or
    /// owns a DNAME. Worked out once so that a look-up needs no walk.
    pub(super) shadow: Option<Shadow>,
    /// The node `*` directly below, if any.
    pub(super) wildcard: Option<NodeIndex>,
}

/// The place of a [`Node`] in its zone.
pub(super) type NodeIndex = u32;

/// Why the data of a name is not the zone's to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shadow {
    /// At or below this delegation.
    Cut(NodeIndex),
    /// Below this owner of a DNAME.
    Dname(NodeIndex),
}

impl Node {
    pub(super) fn new(name: Name) -> Self {
        Node { name, rrsets: Vec::new(), shadow: None, wildcard: None }
    }

    pub(super) fn push(&mut self, record: Record) {
        match self.rrsets.iter_mut().find(|set| set.rtype == record.rtype()) {
            Some(set) => set.push(record),
            None => self.rrsets.push(RrSet::new(record)),
        }
    }

    /// Puts every RRSIG beside what it signs.
    pub(super) fn assign_signatures(&mut self) {
        let Some(place) = self.rrsets.iter().position(|set| set.rtype == RecordType::Rrsig) else {
            return;
        };
        let signatures = self.rrsets[place].records.clone();
        for set in &mut self.rrsets {
            let signs = |record: &&Record| record.data.covered_type() == Some(set.rtype);
            set.signatures = signatures.iter().filter(signs).cloned().collect();
        }
    }

    /// Whether the node holds nothing but NSEC3, and so its name is a hash and no name.
    pub(super) fn is_hash(&self) -> bool {
        self.rrset(RecordType::Nsec3).is_some()
            && self
                .rrsets
                .iter()
                .all(|set| matches!(set.rtype, RecordType::Nsec3 | RecordType::Rrsig))
    }

    /// The name, in the case of the zone.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// All RRsets, in the order of the zone; none at an empty non-terminal.
    pub fn rrsets(&self) -> &[RrSet] {
        &self.rrsets
    }

    /// The RRset of one type.
    pub fn rrset(&self, rtype: RecordType) -> Option<&RrSet> {
        self.rrsets.iter().find(|set| set.rtype == rtype)
    }

    /// The CNAME record, of which there is at most one.
    pub fn cname(&self) -> Option<(&Record, &Name)> {
        match self.rrset(RecordType::Cname)?.records.first() {
            Some(record @ Record { data: RecordData::Cname(target), .. }) => Some((record, target)),
            _ => None,
        }
    }

    /// The DNAME record, of which there is at most one.
    pub fn dname(&self) -> Option<(&Record, &Name)> {
        match self.rrset(RecordType::Dname)?.records.first() {
            Some(record @ Record { data: RecordData::Dname(target), .. }) => Some((record, target)),
            _ => None,
        }
    }
}
