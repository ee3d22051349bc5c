//! Zones: the records of one zone, made ready for fast answers.
//!
//! Follows RFC 1034 §4.2 (what a zone is, cuts, glue), RFC 2181 §5 and §10, RFC 4592 (wildcards,
//! empty non-terminals), RFC 6672 (DNAME).
//!
//! Names are found by a hash of their lower-case wire form. Every name that exists is a node, the
//! empty ones between too, and each knows what stands over it: so a name that exists takes one
//! look-up, and one that does not takes one for each label below its closest encloser. Nodes are
//! kept in canonical order, which is what transfers and NSEC want.

mod catalog;
mod check;
mod denial;
mod error;
mod rrset;

use std::collections::{BTreeMap, HashMap};

use crate::engine::HashState;

use super::codes::RecordType;
use super::name::{Folded, Name};
use super::record::{Record, RecordData};

pub use catalog::Catalog;
use denial::Denial;
pub(super) use denial::Proof;
pub use error::{ZoneError, ZoneWarning};
pub use rrset::{Node, RrSet};

use rrset::{NodeIndex, Shadow};

/// A zone that was checked and does not change.
#[derive(Debug)]
pub struct Zone {
    /// In canonical order, the apex first.
    nodes: Vec<Node>,
    /// The place of each name, by its folded wire form. Never walked.
    index: HashMap<Box<[u8]>, NodeIndex, HashState>,
    /// The SOA as a negative answer has it.
    negative_soa: RrSet,
    /// How the zone proves what it does not have.
    denial: Denial,
}

/// Where a name leads in a zone (RFC 1034 §4.3.2, step 3).
#[derive(Debug, Clone, Copy)]
pub enum Lookup<'z> {
    /// The name exists and its data is the zone's own.
    Exact(&'z Node),
    /// The name is at or below this delegation.
    Cut(&'z Node),
    /// The name is below this owner of a DNAME.
    Dname(&'z Node),
    /// The name does not exist, and this wildcard answers for it.
    Wildcard(&'z Node),
    /// The name does not exist.
    NoName,
}

impl Zone {
    /// Makes a zone of `records`, in any order.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them; see [`ZoneError`].
    pub fn new(
        origin: &Name,
        records: impl IntoIterator<Item = Record>,
    ) -> Result<Zone, Vec<ZoneError>> {
        let mut errors = Vec::new();
        let mut tree: BTreeMap<Name, Node> = BTreeMap::new();
        for record in records {
            if !record.name.is_subdomain_of(origin) {
                let (owner, origin) = (record.name, origin.clone());
                errors.push(ZoneError::OutOfZone { owner, origin });
                continue;
            }
            // From the owner up to the apex every name exists.
            for name in record.name.ancestors() {
                if name.as_wire().len() < origin.as_wire().len() || tree.contains_key(&name) {
                    break;
                }
                tree.insert(name.clone(), Node::new(name));
            }
            let node = tree.get_mut(&record.name).expect("the owner was put in above");
            node.push(record);
        }
        let mut nodes: Vec<Node> = tree.into_values().collect();
        link(&mut nodes);
        nodes.iter_mut().for_each(Node::assign_signatures);
        errors.extend(check::errors(origin, &nodes));
        if !errors.is_empty() {
            return Err(errors);
        }
        let negative_soa = negative_soa(&nodes[0]);
        let key = |node: &Node| Box::from(Folded::new(&node.name).as_slice());
        // A name that owns NSEC3 alone is a hash: nobody can ask for it (RFC 5155 §7.2.8).
        let named = nodes.iter().zip(0..).filter(|(node, _)| !node.is_hash());
        let index = named.map(|(node, index)| (key(node), index)).collect();
        let denial = Denial::of(&nodes);
        Ok(Zone { nodes, index, negative_soa, denial })
    }

    /// The apex's name.
    pub fn origin(&self) -> &Name {
        &self.apex().name
    }

    /// The node of the apex, which owns SOA and NS.
    pub fn apex(&self) -> &Node {
        &self.nodes[0]
    }

    /// The SOA record as it stands in the zone.
    pub fn soa(&self) -> &Record {
        self.apex()
            .rrsets
            .iter()
            .flat_map(RrSet::records)
            .find(|record| matches!(record.data, RecordData::Soa(_)))
            .expect("a checked zone has an SOA at its apex")
    }

    /// The SOA record of a negative answer: its TTL is the lower of its own and its MINIMUM
    /// (RFC 2308 §3).
    pub fn negative_soa(&self) -> &Record {
        &self.negative_soa.records()[0]
    }

    /// As [`Zone::negative_soa`], with its signatures.
    pub(super) fn negative_soa_set(&self) -> &RrSet {
        &self.negative_soa
    }

    /// All names that exist, in canonical order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// All records, by name in canonical order, those of the apex first.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.nodes.iter().flat_map(Node::rrsets).flat_map(RrSet::records)
    }

    /// What is allowed in the zone and hardly ever meant.
    pub fn warnings(&self) -> Vec<ZoneWarning> {
        check::warnings(self)
    }

    /// The node of a name, whatever stands over it: glue is found so.
    pub fn node(&self, name: &Name) -> Option<&Node> {
        self.node_at(Folded::new(name).as_slice())
    }

    /// Where `name`, which is in the zone, leads.
    pub fn lookup(&self, name: &Name) -> Lookup<'_> {
        self.lookup_folded(&Folded::new(name))
    }

    /// As [`Zone::lookup`].
    pub(super) fn lookup_folded(&self, name: &Folded) -> Lookup<'_> {
        if let Some(node) = self.node_at(name.as_slice()) {
            return self.shadow(node).unwrap_or(Lookup::Exact(node));
        }
        let Some((encloser, _)) = self.encloser(name.as_slice()) else { return Lookup::NoName };
        if let Some(found) = self.shadow(encloser) {
            found
        } else if encloser.dname().is_some() {
            Lookup::Dname(encloser)
        } else if let Some(wildcard) = encloser.wildcard {
            let wildcard = self.at(wildcard);
            // A wildcard that owns NS delegates nothing but itself (RFC 4592 §4.2 leaves it open;
            // the names it stands for are answered from it as from any other).
            Lookup::Wildcard(wildcard)
        } else {
            Lookup::NoName
        }
    }

    /// The closest encloser of a name in folded wire form that does not exist, the nearest name
    /// above that does (RFC 4592 §3.3.1); and the next closer name, one label longer. `None` for
    /// a name that is not in the zone.
    fn encloser<'n>(&self, name: &'n [u8]) -> Option<(&Node, &'n [u8])> {
        let mut next_closer = name;
        loop {
            let above = parent(next_closer)?;
            if above.len() < self.origin().as_wire().len() {
                return None;
            }
            if let Some(node) = self.node_at(above) {
                return Some((node, next_closer));
            }
            next_closer = above;
        }
    }

    /// As [`Zone::node`].
    pub(super) fn node_folded(&self, name: &Folded) -> Option<&Node> {
        self.node_at(name.as_slice())
    }

    fn shadow(&self, node: &Node) -> Option<Lookup<'_>> {
        Some(match node.shadow? {
            Shadow::Cut(index) => Lookup::Cut(self.at(index)),
            Shadow::Dname(index) => Lookup::Dname(self.at(index)),
        })
    }

    fn node_at(&self, folded: &[u8]) -> Option<&Node> {
        self.index.get(folded).map(|&index| self.at(index))
    }

    fn at(&self, index: NodeIndex) -> &Node {
        &self.nodes[index as usize]
    }
}

/// The wire form of a name without its first label; `None` for the root.
fn parent(wire: &[u8]) -> Option<&[u8]> {
    match wire.first() {
        None | Some(0) => None,
        Some(&octets) => wire.get(1 + usize::from(octets)..),
    }
}

/// Works out for every node what stands over it, and its wildcard.
fn link(nodes: &mut [Node]) {
    // In canonical order the ancestors of a node are the last ones before it that end it.
    let mut above: Vec<usize> = Vec::new();
    for index in 0..nodes.len() {
        let name = nodes[index].name.clone();
        while above.last().is_some_and(|&last| !name.is_subdomain_of(&nodes[last].name)) {
            above.pop();
        }
        let this = index as NodeIndex;
        let is_cut = |node: &Node| node.rrset(RecordType::Ns).is_some();
        nodes[index].shadow = match above.last() {
            // The NS of the apex delegate nothing.
            None => None,
            Some(&parent) => {
                if name.is_wildcard() {
                    nodes[parent].wildcard = Some(this);
                }
                let parent_index = parent as NodeIndex;
                let parent = &nodes[parent];
                let of_dname = || parent.dname().map(|_| Shadow::Dname(parent_index));
                let of_cut = || is_cut(&nodes[index]).then_some(Shadow::Cut(this));
                parent.shadow.or_else(of_dname).or_else(of_cut)
            }
        };
        above.push(index);
    }
}

fn negative_soa(apex: &Node) -> RrSet {
    let soa = apex.rrset(RecordType::Soa).expect("a checked zone has an SOA at its apex");
    let ttl_secs = match &soa.records()[0].data {
        RecordData::Soa(data) => data.minimum_secs,
        _ => 0,
    };
    soa.with_ttl_at_most(ttl_secs)
}

#[cfg(test)]
mod tests;
