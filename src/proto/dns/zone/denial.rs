//! Proofs that a name or a type does not exist, out of the NSEC or NSEC3 records of a signed zone.
//!
//! Follows RFC 4035 §3.1.3 (NSEC), RFC 5155 §5 and §7.2 (NSEC3, opt-out too), RFC 9276
//! (iterations). The signer has put the records into the zone; here they are only found.
//!
//! Not modelled: white lies (RFC 4470), an NSEC3 hash other than SHA-1 (there is none).

use sha1::{Digest, Sha1};

use super::super::codes::RecordType;
use super::super::name::{Folded, Name};
use super::super::rdata::base32;
use super::super::record::RecordData;
use super::rrset::{Node, NodeIndex, RrSet};
use super::{Zone, parent};

/// How a zone proves what it does not have.
#[derive(Debug)]
pub(super) enum Denial {
    /// It is not signed.
    None,
    /// By the owners of NSEC, in canonical order, the apex first.
    Nsec(Vec<NodeIndex>),
    /// By the owners of NSEC3, in the order of their hashes.
    Nsec3(Nsec3Chain),
}

/// The NSEC3 records of one set of parameters.
#[derive(Debug)]
pub(super) struct Nsec3Chain {
    params: Nsec3Params,
    /// Never empty.
    owners: Vec<([u8; HASH_OCTETS], NodeIndex)>,
}

/// How names are hashed (RFC 5155 §3.1 and §4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Nsec3Params {
    pub(super) iterations: u16,
    salt: Vec<u8>,
}

impl Nsec3Params {
    /// The parameters in the data of an NSEC3 or NSEC3PARAM record; `None` for another hash than
    /// SHA-1.
    pub(super) fn of(data: &RecordData) -> Option<Self> {
        let RecordData::Unknown { octets, .. } = data else { return None };
        let (&[algorithm, _flags, high, low, salt_octets], rest) = octets.split_first_chunk()?;
        let salt = rest.get(..usize::from(salt_octets))?.to_vec();
        let iterations = u16::from_be_bytes([high, low]);
        (algorithm == SHA_1).then_some(Nsec3Params { iterations, salt })
    }

    /// The hash of a name in folded wire form (RFC 5155 §5).
    fn hash(&self, name: &[u8]) -> [u8; HASH_OCTETS] {
        let digest = |octets: &[u8]| -> [u8; HASH_OCTETS] {
            Sha1::new().chain_update(octets).chain_update(&self.salt).finalize().into()
        };
        let mut hash = digest(name);
        for _ in 0..self.iterations {
            hash = digest(&hash);
        }
        hash
    }
}

impl Denial {
    /// Finds out how the zone of `nodes`, in canonical order, denies.
    pub(super) fn of(nodes: &[Node]) -> Self {
        let apex = &nodes[0];
        let owners = |is_owner: &dyn Fn(&Node) -> bool| -> Vec<NodeIndex> {
            let numbered = (0..).zip(nodes);
            numbered.filter(|(_, node)| is_owner(node)).map(|(index, _)| index).collect()
        };
        let params = apex.rrset(RecordType::Nsec3param);
        let params = params.iter().flat_map(|set| set.records());
        for params in params.filter_map(|record| Nsec3Params::of(&record.data)) {
            let hashed = |node: &Node| -> Option<[u8; HASH_OCTETS]> {
                let of_chain = |set: &RrSet| {
                    set.records()
                        .iter()
                        .any(|record| Nsec3Params::of(&record.data).as_ref() == Some(&params))
                };
                node.rrset(RecordType::Nsec3).filter(|set| of_chain(set))?;
                base32::decode(node.name.labels().next()?)?.try_into().ok()
            };
            let owners = (0..).zip(nodes).filter_map(|(index, node)| Some((hashed(node)?, index)));
            let mut owners: Vec<_> = owners.collect();
            owners.sort_unstable();
            if !owners.is_empty() {
                return Denial::Nsec3(Nsec3Chain { params, owners });
            }
        }
        if apex.rrset(RecordType::Nsec).is_some() {
            return Denial::Nsec(owners(&|node| node.rrset(RecordType::Nsec).is_some()));
        }
        Denial::None
    }
}

/// What proves that something does not exist: NSEC or NSEC3 RRsets, each once.
#[derive(Debug, Default)]
pub(in super::super) struct Proof<'z>(Vec<&'z RrSet>);

impl<'z> Proof<'z> {
    /// The RRsets.
    pub(in super::super) fn rrsets(&self) -> &[&'z RrSet] {
        &self.0
    }

    fn add(&mut self, node: &'z Node, rtype: RecordType) {
        if let Some(rrset) = node.rrset(rtype)
            && !self.0.iter().any(|other| std::ptr::eq(*other, rrset))
        {
            self.0.push(rrset);
        }
    }
}

impl Zone {
    /// That the existing name of `node` has no data of the type asked for, which is DS at an
    /// unsigned delegation too (RFC 4035 §3.1.3.1 and §3.1.4, RFC 5155 §7.2.3, §7.2.4, §7.2.7).
    pub(in super::super) fn prove_no_type(&self, node: &Node) -> Proof<'_> {
        let mut proof = Proof::default();
        match &self.denial {
            Denial::None => {}
            // At an empty non-terminal it is the one before, whose next name is below.
            Denial::Nsec(owners) => proof.add(self.nsec(owners, &node.name), RecordType::Nsec),
            Denial::Nsec3(chain) => {
                let name = Folded::new(&node.name);
                match chain.matching(name.as_slice()) {
                    Some(index) => proof.add(self.at(index), RecordType::Nsec3),
                    // In an opt-out span: the closest name above that has a hash.
                    None => self.prove_encloser(chain, name.as_slice(), &mut proof),
                }
            }
        }
        proof
    }

    /// That `name` does not exist, and no wildcard that would stand for it (RFC 4035 §3.1.3.2,
    /// RFC 5155 §7.2.2).
    pub(in super::super) fn prove_no_name(&self, name: &Name) -> Proof<'_> {
        let mut proof = Proof::default();
        let folded = Folded::new(name);
        let Some((encloser, _)) = self.encloser(folded.as_slice()) else { return proof };
        match &self.denial {
            Denial::None => {}
            Denial::Nsec(owners) => {
                proof.add(self.nsec(owners, name), RecordType::Nsec);
                if let Ok(wildcard) = encloser.name.prepend(b"*") {
                    proof.add(self.nsec(owners, &wildcard), RecordType::Nsec);
                }
            }
            Denial::Nsec3(chain) => {
                self.prove_encloser(chain, folded.as_slice(), &mut proof);
                let wildcard = wildcard_of(Folded::new(&encloser.name).as_slice());
                proof.add(self.at(chain.covering(&wildcard)), RecordType::Nsec3);
            }
        }
        proof
    }

    /// That nothing closer to `name` exists than the wildcard that stands for it (RFC 4035
    /// §3.1.3.3, RFC 5155 §7.2.6).
    pub(in super::super) fn prove_no_closer(&self, name: &Name) -> Proof<'_> {
        let mut proof = Proof::default();
        match &self.denial {
            Denial::None => {}
            Denial::Nsec(owners) => proof.add(self.nsec(owners, name), RecordType::Nsec),
            Denial::Nsec3(chain) => {
                let folded = Folded::new(name);
                if let Some((_, next_closer)) = self.encloser(folded.as_slice()) {
                    proof.add(self.at(chain.covering(next_closer)), RecordType::Nsec3);
                }
            }
        }
        proof
    }

    /// That the wildcard at `node`, which stands for `name`, has no data of the type asked for
    /// (RFC 4035 §3.1.3.4, RFC 5155 §7.2.5).
    pub(in super::super) fn prove_no_wildcard_type(&self, name: &Name, node: &Node) -> Proof<'_> {
        let mut proof = Proof::default();
        match &self.denial {
            Denial::None => {}
            Denial::Nsec(owners) => {
                proof.add(self.nsec(owners, &node.name), RecordType::Nsec);
                proof.add(self.nsec(owners, name), RecordType::Nsec);
            }
            Denial::Nsec3(chain) => {
                self.prove_encloser(chain, Folded::new(name).as_slice(), &mut proof);
                if let Some(index) = chain.matching(Folded::new(&node.name).as_slice()) {
                    proof.add(self.at(index), RecordType::Nsec3);
                }
            }
        }
        proof
    }

    /// The owner of the NSEC at or before `name`.
    fn nsec(&self, owners: &[NodeIndex], name: &Name) -> &Node {
        let after = owners.partition_point(|&index| self.at(index).name <= *name);
        self.at(owners[after.saturating_sub(1)])
    }

    /// The closest provable encloser of `name` and that the next closer name does not exist, or
    /// is in an opt-out span (RFC 5155 §7.2.1).
    fn prove_encloser<'z>(&'z self, chain: &Nsec3Chain, name: &[u8], proof: &mut Proof<'z>) {
        let mut next_closer = name;
        while let Some(encloser) = parent(next_closer)
            && encloser.len() >= self.origin().as_wire().len()
        {
            if let Some(index) = chain.matching(encloser) {
                proof.add(self.at(index), RecordType::Nsec3);
                proof.add(self.at(chain.covering(next_closer)), RecordType::Nsec3);
                return;
            }
            next_closer = encloser;
        }
    }
}

impl Nsec3Chain {
    /// The owner whose hash is that of `name`, in folded wire form.
    fn matching(&self, name: &[u8]) -> Option<NodeIndex> {
        let hash = self.params.hash(name);
        let place = self.owners.binary_search_by_key(&hash, |(hash, _)| *hash).ok()?;
        Some(self.owners[place].1)
    }

    /// The owner with the last hash not behind that of `name`; the last of all before the first.
    fn covering(&self, name: &[u8]) -> NodeIndex {
        let hash = self.params.hash(name);
        let after = self.owners.partition_point(|(owner, _)| *owner <= hash);
        let place = after.checked_sub(1).unwrap_or(self.owners.len() - 1);
        self.owners[place].1
    }
}

/// The wildcard below a name, both in wire form. May be too long for a name: none such exists.
fn wildcard_of(name: &[u8]) -> Vec<u8> {
    [b"\x01*", name].concat()
}

const HASH_OCTETS: usize = 20;

/// The one hash algorithm there is (RFC 5155 §11).
const SHA_1: u8 = 1;

/// The most iterations that a zone may ask for: above, resolvers take it for unsigned, and every
/// answer costs the server as many hashes (RFC 9276 §3.2).
pub(super) const MAX_ITERATIONS: u16 = 150;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hashes_of_rfc_5155_appendix_a() {
        let params = Nsec3Params { iterations: 12, salt: vec![0xaa, 0xbb, 0xcc, 0xdd] };
        for (name, hash) in [
            ("example", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"),
            ("a.example", "35mthgpgcu1qg68fab165klnsnk3dpvl"),
            ("x.y.w.EXAMPLE", "2vptu5timamqttgl4luu9kg21e0aor3s"),
            ("*.w.example", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"),
        ] {
            let name: Name = name.parse().unwrap();
            let hashed = params.hash(Folded::new(&name).as_slice());
            assert_eq!(base32::encode(&hashed).to_lowercase(), hash, "{name}");
        }
    }
}
