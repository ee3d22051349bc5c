//! Every zone with its records: apex, hosts, MX, inner views, delegations with glue; and what can
//! be wrong between zones.
//!
//! What is wrong but answers all the same is left alone, for it is what scenarios are written to
//! show: an MX that points at a CNAME or at nothing, a delegation to a server that does not serve
//! the zone.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use super::Expander;
use super::draft::ZoneDraft;
use super::names::{dns_name, suffixes};
use super::records::{address_record, mx_record, ns_record, soa_record};
use super::services::inner_key;
use crate::engine::HashState;
use crate::proto::dns::{Name, Record, RecordData, RecordType, Zone as ZoneData, ZoneError};
use crate::scenario::finding::Path;
use crate::scenario::plan::Zone;

/// Which names have records of which type. Never walked, so that its order shows nowhere.
type Owners = HashSet<(Name, RecordType), HashState>;

impl<'s> Expander<'s, '_, '_> {
    pub(super) fn build_zones(&mut self) -> IndexMap<String, Zone> {
        self.add_hosts_to_zones();
        self.publish_authentication();
        self.add_domains_to_zones();
        let negative = self.scenario.dns.negative_ttl;
        let negative = negative.unwrap_or(crate::scenario::format::Dur(DEFAULT_NEGATIVE_TTL));
        let minimum_secs = self.ttl_secs(&Path::top().at("dns").at("negative_ttl"), Some(negative));
        let mut zones = IndexMap::new();
        let mut owners: Vec<Owners> = Vec::new();
        for at in 0..self.zones.len() {
            let (zone, known) = self.build_zone(at, minimum_secs);
            let key = self.zones.get_index(at).expect("it is counted").0.clone();
            zones.insert(key, zone);
            owners.push(known);
        }
        self.delegate(&mut zones, &mut owners);
        self.check_records(&zones);
        self.change_zones(&mut zones);
        self.check_servers(&zones);
        self.check_aliases(&zones);
        zones
    }

    /// Puts the address records of each host into the zone that its name is in.
    fn add_hosts_to_zones(&mut self) {
        for (name, host) in &self.hosts {
            let home = suffixes(name)
                .find(|suffix| self.zones.get(*suffix).is_some_and(|zone| !zone.inner));
            // The servers of a zone that takes no hosts are in it all the same.
            let Some(zone) = home.and_then(|home| self.zones.get_mut(home)) else { continue };
            if zone.takes_hosts || zone.servers.contains(name) {
                let owner = dns_name(name);
                for address in &host.addresses {
                    zone.made.push(address_record(&owner, zone.ttl_secs, *address));
                }
            }
        }
        if let Some(root) = self.zones.get_mut(".") {
            for name in &root.servers {
                let owner = dns_name(name);
                for address in self.hosts.get(name).map_or(&[][..], |host| &host.addresses) {
                    root.made.push(address_record(&owner, root.ttl_secs, *address));
                }
            }
        }
    }

    /// Puts MX and the names of services into the zone of each domain, and makes its inner view.
    fn add_domains_to_zones(&mut self) {
        for (name, domain) in &self.domains {
            let (Some(roles), Some(zone)) = (&domain.roles, self.zones.get_mut(name)) else {
                continue;
            };
            let (apex, ttl_secs) = (zone.name.clone(), zone.ttl_secs);
            if domain.generated.is_some() {
                let owner = dns_name(&format!("www.{name}"));
                let host = [&roles.mailbox].into_iter().chain(&roles.name_servers);
                let host = host.filter_map(|host| self.hosts.get(host)).next();
                for address in host.map_or(&[][..], |host| &host.addresses) {
                    zone.made.push(address_record(&owner, ttl_secs, *address));
                }
            }
            for (service, host) in
                [("smtp", &roles.submission), ("imap", &roles.mailbox), ("pop", &roles.mailbox)]
            {
                let service = format!("{service}.{name}");
                if self.hosts.contains_key(&service) {
                    continue;
                }
                let owner = dns_name(&service);
                for address in self.hosts.get(host).map_or(&[][..], |host| &host.addresses) {
                    zone.made.push(address_record(&owner, ttl_secs, *address));
                }
            }
            let inner = roles.has_inner_way().then(|| ZoneDraft {
                path: zone.path.clone(),
                name: apex.clone(),
                explicit: zone.explicit,
                servers: zone.servers.clone(),
                primary: None,
                secondaries: Vec::new(),
                inner: true,
                inner_mx: Some(roles.mailbox.clone()),
                takes_hosts: false,
                ttl_secs,
                made: zone.made.clone(),
                published: zone.published.clone(),
            });
            let mut preference = 10;
            for exchange in roles.border.iter().chain(&roles.backup_mx) {
                zone.made.push(mx_record(&apex, ttl_secs, preference, exchange));
                preference = preference.saturating_add(10);
            }
            if let Some(inner) = inner {
                self.zones.insert(inner_key(name), inner);
            }
        }
    }

    fn build_zone(&mut self, at: usize, minimum_secs: u32) -> (Zone, Owners) {
        let (_, draft) = self.zones.get_index(at).expect("it is counted");
        let (name, path, ttl_secs) = (draft.name.clone(), draft.path.clone(), draft.ttl_secs);
        let (explicit, inner, inner_mx) = (draft.explicit, draft.inner, draft.inner_mx.clone());
        let mut servers = draft.servers.clone();
        if inner && servers.is_empty() {
            // An inner view names the servers of the zone as the world sees it; failing that, the
            // resolvers that answer from it.
            let (key, _) = self.zones.get_index(at).expect("it is counted");
            let outer = self.zones.get(&name.without_dot().to_string());
            servers.extend(outer.into_iter().flat_map(|zone| zone.servers.iter().cloned()));
            if servers.is_empty() {
                let serving = self.hosts.iter().filter(|(_, host)| {
                    host.resolver.as_ref().is_some_and(|zones| zones.contains(key))
                });
                servers.extend(serving.map(|(name, _)| name.clone()));
            }
        }
        let mut file = None;
        let mut records = Vec::new();
        let mut owners = Owners::default();
        if let Some(explicit) = explicit {
            if let Some(name_of_file) = &explicit.file {
                let path = path.at("file");
                let read = self.read_master(&path, name_of_file, &name, ttl_secs);
                records.extend(read.unwrap_or_default());
                file = Some(name_of_file.clone());
            }
            let lines = self.read_lines(&path.at("records"), &explicit.records, &name, ttl_secs);
            let replaced: HashSet<_, HashState> =
                lines.iter().map(|record| (record.name.clone(), record.rtype())).collect();
            records.retain(|record| !replaced.contains(&(record.name.clone(), record.rtype())));
            records.extend(lines);
            owners.extend(records.iter().map(|record| (record.name.clone(), record.rtype())));
        }
        let made = std::mem::take(&mut self.zones[at].made);
        if file.is_none() {
            // A CNAME in the file stands alone at its name (RFC 1034 §3.6.2).
            let is_free = |record: &Record| {
                !owners.contains(&(record.name.clone(), record.rtype()))
                    && !owners.contains(&(record.name.clone(), RecordType::Cname))
            };
            let made: Vec<Record> = made.into_iter().filter(is_free).collect();
            owners.extend(made.iter().map(|record| (record.name.clone(), record.rtype())));
            records.extend(made);
        }
        self.add_published(at, &mut records);
        if let Some(mailbox) = inner_mx {
            records.retain(|record| record.name != name || record.rtype() != RecordType::Mx);
            records.push(mx_record(&name, ttl_secs, 10, &mailbox));
        }
        if owners.insert((name.clone(), RecordType::Ns)) {
            let records_of_servers: Vec<_> =
                servers.iter().map(|server| ns_record(&name, ttl_secs, server)).collect();
            records.splice(0..0, records_of_servers);
        }
        if owners.insert((name.clone(), RecordType::Soa)) {
            let primary = self.zones[at].primary.as_ref().or(servers.first()).map(String::as_str);
            records.insert(0, soa_record(&name, ttl_secs, primary, minimum_secs));
        } else if let Some(at) = records.iter().position(|one| one.rtype() == RecordType::Soa) {
            records[..=at].rotate_right(1);
        }
        self.set_times(at, &mut records);
        let draft = &self.zones[at];
        let (path, primary) = (draft.path.clone(), draft.primary.clone());
        let secondaries = draft.secondaries.clone();
        let format = explicit.filter(|_| !inner);
        let zone = Zone {
            name,
            records,
            file,
            servers,
            inner,
            primary,
            secondaries,
            notify: format.and_then(|zone| zone.notify).unwrap_or(true),
            allow_transfer: format.and_then(|zone| self.networks(&path, zone)),
            changes: Vec::new(),
        };
        (zone, owners)
    }

    /// Delegates each zone from the one above it, unless that has NS records for it already.
    fn delegate(&mut self, zones: &mut IndexMap<String, Zone>, owners: &mut [Owners]) {
        for at in 0..zones.len() {
            let (key, zone) = zones.get_index(at).expect("it is counted");
            if zone.inner || key == "." {
                continue;
            }
            let above = suffixes(key)
                .skip(1)
                .find_map(|suffix| zones.get_index_of(suffix).filter(|at| !zones[*at].inner))
                .or_else(|| zones.get_index_of("."));
            let (Some(above), name) = (above, zone.name.clone()) else { continue };
            let ttl_secs = self.zones[at].ttl_secs;
            let servers = zone.servers.clone();
            let glue: Vec<Record> = servers
                .iter()
                .filter(|server| dns_name(server).is_subdomain_of(&zones[above].name))
                .filter_map(|server| Some((server, self.hosts.get(server)?)))
                .flat_map(|(server, host)| {
                    let owner = dns_name(server);
                    host.addresses
                        .iter()
                        .map(move |address| address_record(&owner, ttl_secs, *address))
                        .collect::<Vec<_>>()
                })
                .collect();
            let known = &mut owners[above];
            if !known.insert((name.clone(), RecordType::Ns)) {
                continue;
            }
            let above = &mut zones[above].records;
            above.extend(servers.iter().map(|server| ns_record(&name, ttl_secs, server)));
            let missing: Vec<Record> = glue
                .into_iter()
                .filter(|record| !known.contains(&(record.name.clone(), record.rtype())))
                .collect();
            known.extend(missing.iter().map(|record| (record.name.clone(), record.rtype())));
            above.extend(missing);
        }
    }

    /// The records of each zone make a zone.
    fn check_records(&mut self, zones: &IndexMap<String, Zone>) {
        for (key, zone) in zones {
            let path = &self.zones[key].path;
            let errors = ZoneData::new(&zone.name, zone.records.iter().cloned()).err();
            for error in errors.into_iter().flatten() {
                // That nobody serves it is told by the next check.
                if !matches!(error, ZoneError::NoNs { .. }) {
                    self.report.at(path, error.to_string(), None);
                }
            }
        }
    }

    /// Every server of a zone has an address that can be found.
    fn check_servers(&mut self, zones: &IndexMap<String, Zone>) {
        for (key, zone) in zones {
            let path = self.zones[key].path.clone();
            // That there is no root server is told where the root servers are read.
            if zone.servers.is_empty() && key == "." {
                continue;
            }
            if zone.servers.is_empty() {
                let (found, remedy) = match zone.inner {
                    true => {
                        ("no resolver serves the inner view", "hosts.*.services[].resolver.zones")
                    }
                    false => ("no host serves the zone", "name one in \"servers\""),
                };
                self.report.at(&path, format!("{found} \"{key}\""), remedy.to_owned());
                continue;
            }
            for server in &zone.servers {
                let home = suffixes(server)
                    .any(|suffix| zones.get(suffix).is_some_and(|zone| !zone.inner));
                if !home && key != "." && !zone.inner {
                    let found = format!("the name server \"{server}\" of \"{key}\" is in no zone");
                    let remedy = "then nobody finds its address; give it a name in a zone here";
                    self.report.at(&path, found, remedy.to_owned());
                }
            }
        }
    }

    /// No CNAME leads back to itself.
    fn check_aliases(&mut self, zones: &IndexMap<String, Zone>) {
        let mut targets: HashMap<&Name, (&Name, &str), HashState> = HashMap::default();
        let mut aliases = Vec::new();
        for (key, zone) in zones.iter().filter(|(_, zone)| !zone.inner) {
            for record in &zone.records {
                if let RecordData::Cname(target) = &record.data {
                    targets.insert(&record.name, (target, key));
                    aliases.push(&record.name);
                }
            }
        }
        let mut seen: HashSet<&Name, HashState> = HashSet::default();
        for start in aliases {
            let mut way = Vec::new();
            let mut name = start;
            while seen.insert(name) {
                way.push(name);
                match targets.get(name) {
                    Some((target, _)) => name = target,
                    None => break,
                }
            }
            if let Some(at) = way.iter().position(|one| *one == name)
                && targets.contains_key(name)
            {
                let circle: Vec<String> =
                    way[at..].iter().chain([&name]).map(ToString::to_string).collect();
                let found = format!("a circle of CNAME records: {}", circle.join(" -> "));
                let (_, key) = targets[name];
                let path = self.zones[key].path.clone();
                self.report.at(&path, found, "let one of them have an address".to_owned());
            }
        }
    }
}

const DEFAULT_NEGATIVE_TTL: std::time::Duration = std::time::Duration::from_secs(300);
