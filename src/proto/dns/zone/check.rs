//! The checks of a zone.

use super::super::codes::{Class, RecordType};
use super::super::name::Name;
use super::super::record::{Record, RecordData};
use super::denial::{MAX_ITERATIONS, Nsec3Params};
use super::error::{ZoneError, ZoneWarning};
use super::rrset::{Node, RrSet, Shadow};
use super::{Lookup, Zone};

/// Everything that makes `nodes`, in canonical order, no zone.
pub(super) fn errors(origin: &Name, nodes: &[Node]) -> Vec<ZoneError> {
    let mut errors = Vec::new();
    let apex = nodes.first().filter(|node| node.name == *origin);
    let soas =
        apex.and_then(|apex| apex.rrset(RecordType::Soa)).map_or(0, |soa| soa.records().len());
    match soas {
        0 => errors.push(ZoneError::NoSoa { origin: origin.clone() }),
        1 => {}
        _ => errors.push(ZoneError::ManySoas { origin: origin.clone() }),
    }
    if apex.is_none_or(|apex| apex.rrset(RecordType::Ns).is_none()) {
        errors.push(ZoneError::NoNs { origin: origin.clone() });
    }
    for node in nodes {
        let owner = || node.name.clone();
        let is_apex = node.name == *origin;
        for rrset in &node.rrsets {
            let rtype = rrset.rtype();
            if rtype.is_meta() {
                errors.push(ZoneError::MetaType { owner: owner(), rtype });
            }
            if rtype == RecordType::Soa && !is_apex {
                errors.push(ZoneError::SoaBelowApex { owner: owner() });
            }
            let is_alias = matches!(rtype, RecordType::Cname | RecordType::Dname);
            if is_alias && rrset.records().len() > 1 {
                errors.push(ZoneError::ManyAliases { owner: owner(), rtype });
            }
            let params = rrset.records().iter().filter(|_| rtype == RecordType::Nsec3param);
            for params in params.filter_map(|record| Nsec3Params::of(&record.data)) {
                let iterations = params.iterations;
                if iterations > MAX_ITERATIONS {
                    errors.push(ZoneError::Nsec3Iterations { owner: owner(), iterations });
                }
            }
            if let Some(record) = rrset.records().iter().find(|record| record.class != Class::In) {
                errors.push(ZoneError::Class { owner: owner(), class: record.class });
            }
        }
        if node.cname().is_some() {
            let other = node.rrsets.iter().map(RrSet::rtype).find(|rtype| !beside_cname(*rtype));
            errors.extend(other.map(|other| ZoneError::CnameAndOther { owner: owner(), other }));
        }
        if node.dname().is_some() && node.rrset(RecordType::Ns).is_some() && !is_apex {
            errors.push(ZoneError::DnameAtCut { owner: owner() });
        }
        // The hashes of a zone are below its apex, which may own a DNAME.
        if let Some(Shadow::Dname(dname)) = node.shadow
            && !node.rrsets.is_empty()
            && !node.is_hash()
        {
            let dname = nodes[dname as usize].name.clone();
            errors.push(ZoneError::BelowDname { owner: owner(), dname });
        }
    }
    errors
}

/// What may stand beside a CNAME: itself, and what DNSSEC needs (RFC 4034 §3 and §4).
fn beside_cname(rtype: RecordType) -> bool {
    matches!(rtype, RecordType::Cname | RecordType::Rrsig | RecordType::Nsec)
}

/// What is allowed and hardly ever meant.
pub(super) fn warnings(zone: &Zone) -> Vec<ZoneWarning> {
    let mut warnings = Vec::new();
    for node in &zone.nodes {
        if is_first_of_loop(zone, node) {
            warnings.push(ZoneWarning::CnameLoop { owner: node.name.clone() });
        }
        for record in node.rrsets.iter().flat_map(RrSet::records) {
            warnings.extend(host_warning(zone, record));
        }
    }
    warnings
}

/// Whether the chain of CNAMEs from `node` comes back to it, and no earlier name is on it.
fn is_first_of_loop(zone: &Zone, node: &Node) -> bool {
    let mut current = node;
    // A loop is no longer than the zone.
    for _ in 0..zone.nodes.len() {
        let Some((_, target)) = current.cname() else { return false };
        if !target.is_subdomain_of(zone.origin()) {
            return false;
        }
        current = match zone.lookup(target) {
            Lookup::Exact(next) | Lookup::Wildcard(next) => next,
            _ => return false,
        };
        if current.name == node.name {
            return true;
        }
        if current.name < node.name {
            return false;
        }
    }
    false
}

fn host_warning(zone: &Zone, record: &Record) -> Option<ZoneWarning> {
    let host = record.data.host()?;
    if !host.is_subdomain_of(zone.origin()) {
        return None;
    }
    let is_glue = matches!(record.data, RecordData::Ns(_)) && host.is_subdomain_of(&record.name);
    match zone.node(host) {
        Some(node) if node.cname().is_some() => Some(ZoneWarning::HostIsAlias {
            owner: record.name.clone(),
            rtype: record.rtype(),
            host: host.clone(),
        }),
        Some(node) if has_address(node) => None,
        // A wildcard may answer for it.
        None if matches!(zone.lookup(host), Lookup::Wildcard(_)) => None,
        _ if is_glue => {
            Some(ZoneWarning::MissingGlue { cut: record.name.clone(), server: host.clone() })
        }
        _ => None,
    }
}

fn has_address(node: &Node) -> bool {
    [RecordType::A, RecordType::Aaaa].iter().any(|rtype| node.rrset(*rtype).is_some())
}
