//! For which zones a server may speak, as a resolver has learned it: by its hints and settings, and by
//! NS and address records that somebody said who may speak for them.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::engine::HashState;
use crate::proto::dns::resolver::ResolverConfig;
use crate::proto::dns::{Name, Record, RecordData};
use crate::scenario::Plan;

/// What the word of a server is worth for a name. The last is worth most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It speaks for no zone that the name is in.
    Foreign,
    /// It is forged, or the way to the server is.
    Forged,
    /// It speaks for a zone that the name is in.
    Right,
}

/// What a resolver knows of servers.
#[derive(Debug)]
pub(super) struct Reach<'w> {
    plan: &'w Plan,
    /// Those that were set: of the root, or of zones that are stubbed or forwarded.
    set: HashMap<IpAddr, Vec<Name>, HashState>,
    /// Which zones name this server, and what that is worth.
    zones: HashMap<Name, Vec<(Name, Standing)>, HashState>,
    /// Which servers have this address, and what that is worth.
    servers: HashMap<IpAddr, Vec<(Name, Standing)>, HashState>,
    /// Whether glue is taken from anybody.
    takes_any_glue: bool,
    has_family: [bool; 2],
}

impl<'w> Reach<'w> {
    pub(super) fn new(plan: &'w Plan, config: &ResolverConfig, own: &[IpAddr]) -> Self {
        let mut set: HashMap<IpAddr, Vec<Name>, HashState> = HashMap::default();
        let hints = plan.hints.iter().flat_map(|hint| &hint.addresses);
        for address in hints {
            set.entry(*address).or_default().push(Name::root());
        }
        let stubs = config.stub_zones.iter().map(|stub| (&stub.zone, &stub.addresses));
        let forwards =
            config.forward_zones.iter().map(|forward| (&forward.zone, &forward.addresses));
        for (zone, addresses) in stubs.chain(forwards) {
            for address in addresses {
                set.entry(*address).or_default().push(zone.clone());
            }
        }
        Reach {
            plan,
            set,
            zones: HashMap::default(),
            servers: HashMap::default(),
            takes_any_glue: !config.harden_glue,
            has_family: [false, true].map(|v6| own.iter().any(|own| own.is_ipv6() == v6)),
        }
    }

    /// What it is worth that the server at `address` says something of `name`.
    pub(super) fn standing(&self, address: IpAddr, name: &Name, is_forged: bool) -> Standing {
        let is_set = self
            .set
            .get(&address)
            .is_some_and(|zones| zones.iter().any(|zone| name.is_subdomain_of(zone)));
        let learned =
            self.servers.get(&address).into_iter().flatten().flat_map(|(server, worth)| {
                let zones = self.zones.get(server).into_iter().flatten();
                let zones = zones.filter(|(zone, _)| name.is_subdomain_of(zone));
                zones.map(|(_, other)| (*worth).min(*other))
            });
        let best = if is_set { Some(Standing::Right) } else { learned.max() };
        match best {
            Some(Standing::Right) if is_forged => Standing::Forged,
            Some(standing) => standing,
            None => Standing::Foreign,
        }
    }

    /// Somebody has said this, and it is worth that.
    pub(super) fn learn(&mut self, record: &Record, standing: Standing) {
        let is_foreign = standing == Standing::Foreign;
        let worth = if is_foreign && self.takes_any_glue { Standing::Right } else { standing };
        let address = match &record.data {
            RecordData::Ns(server) => {
                if !is_foreign {
                    note(&mut self.zones, server.clone(), &record.name, standing);
                }
                return;
            }
            RecordData::A(address) => IpAddr::V4(*address),
            RecordData::Aaaa(address) => IpAddr::V6(*address),
            _ => return,
        };
        if worth != Standing::Foreign && self.has_family[usize::from(address.is_ipv6())] {
            note(&mut self.servers, address, &record.name, worth);
        }
    }

    /// Whether the record is one that the root hints have.
    pub(super) fn is_hint(&self, record: &Record) -> bool {
        let is_server = |name: &Name| {
            let name = name.without_dot().to_string();
            self.plan.hints.iter().any(|hint| hint.name.eq_ignore_ascii_case(&name))
        };
        match &record.data {
            RecordData::Ns(server) => record.name.is_root() && is_server(server),
            RecordData::A(_) | RecordData::Aaaa(_) => is_server(&record.name),
            _ => false,
        }
    }
}

/// Adds `name`, or raises what it is worth.
fn note<K: Eq + std::hash::Hash>(
    all: &mut HashMap<K, Vec<(Name, Standing)>, HashState>,
    key: K,
    name: &Name,
    standing: Standing,
) {
    let known = all.entry(key).or_default();
    match known.iter_mut().find(|(other, _)| other == name) {
        Some((_, worth)) => *worth = (*worth).max(standing),
        None => known.push((name.clone(), standing)),
    }
}
