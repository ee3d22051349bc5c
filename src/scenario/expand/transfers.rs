//! Who follows which zone, the times in its SOA, and its later versions.

use std::collections::HashSet;
use std::time::Duration;

use indexmap::IndexMap;

use super::Expander;
use crate::engine::HashState;
use crate::proto::dns::{Name, Network, Record, RecordData, RecordType, Zone as ZoneData, serial};
use crate::scenario::finding::{Path, quoted};
use crate::scenario::format::{self, Dur};
use crate::scenario::plan::{Zone, ZoneChange};

/// Who has a zone, and who fetches it from whom.
#[derive(Debug, Default)]
pub(super) struct Transfers {
    pub(super) servers: Vec<String>,
    pub(super) primary: Option<String>,
    pub(super) secondaries: Vec<String>,
}

impl Transfers {
    /// All of them; some stand here twice.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &String> {
        self.servers.iter().chain(&self.primary).chain(&self.secondaries)
    }
}

impl Expander<'_, '_, '_> {
    /// Who follows whom, for a zone with these servers.
    pub(super) fn transfers(
        &mut self,
        path: &Path<'_>,
        format: &format::Zone,
        inner: bool,
        mut servers: Vec<String>,
    ) -> Transfers {
        if inner {
            let given = [
                ("primary", format.primary.is_some()),
                ("secondaries", format.secondaries.is_some()),
                ("changes", !format.changes.is_empty()),
            ];
            for (key, _) in given.iter().filter(|(_, given)| *given) {
                let remedy = "resolvers have it from the start, as it is".to_owned();
                self.report.at(&path.at(*key), "an inner view is never transferred", remedy);
            }
            return Transfers { servers, ..Transfers::default() };
        }
        let primary =
            format.primary.as_ref().and_then(|name| self.host_name(&path.at("primary"), name));
        let mut secondaries = Vec::new();
        for (index, name) in format.secondaries.iter().flatten().enumerate() {
            let path = path.at("secondaries").at(index);
            let Some(name) = self.host_name(&path, name) else { continue };
            match () {
                () if primary.as_ref() == Some(&name) => {
                    let remedy = "a server fetches from another one".to_owned();
                    self.report.at(&path, format!("\"{name}\" is the primary"), remedy);
                }
                () if secondaries.contains(&name) => {
                    self.report.at(&path, format!("\"{name}\" stands here twice"), None);
                }
                () => secondaries.push(name),
            }
        }
        if format.primary.is_none() && secondaries.is_empty() {
            return Transfers { servers, ..Transfers::default() };
        }
        let first = || servers.iter().find(|server| !secondaries.contains(server)).cloned();
        let Some(primary) = primary.or_else(first) else {
            let remedy = "name the host that has the zone as \"primary\"".to_owned();
            let found = "every server of the zone is a secondary";
            self.report.at(&path.at("secondaries"), found, remedy);
            return Transfers { servers, ..Transfers::default() };
        };
        if format.secondaries.is_none() {
            secondaries.extend(servers.iter().filter(|server| **server != primary).cloned());
        }
        if secondaries.is_empty() {
            let remedy = "name those that fetch the zone as \"secondaries\"".to_owned();
            self.report.at(&path.at("primary"), "nobody follows the primary", remedy);
        }
        // Where the servers are named, that is all of them: others hold the zone unseen.
        if format.servers.is_none() {
            for name in std::iter::once(&primary).chain(&secondaries) {
                if !servers.contains(name) {
                    servers.push(name.clone());
                }
            }
        }
        Transfers { servers, primary: Some(primary), secondaries }
    }

    /// Puts the times that the zone names into its SOA.
    pub(super) fn set_times(&mut self, at: usize, records: &mut [Record]) {
        let draft = &self.zones[at];
        let (Some(format), path) = (draft.explicit, draft.path.clone()) else { return };
        let soa = records.iter_mut().find_map(|record| match &mut record.data {
            RecordData::Soa(soa) => Some(soa),
            _ => None,
        });
        let Some(soa) = soa else { return };
        let fields = [
            ("refresh", format.refresh, &mut soa.refresh_secs),
            ("retry", format.retry, &mut soa.retry_secs),
            ("expire", format.expire, &mut soa.expire_secs),
        ];
        for (key, given, field) in fields {
            let Some(dur) = given else { continue };
            match u32::try_from(dur.0.as_secs()) {
                Ok(secs) if secs > 0 && dur.0 == Duration::from_secs(secs.into()) => *field = secs,
                _ => {
                    let remedy = "whole seconds, from \"1s\" on".to_owned();
                    let found = format!("{dur} is no time for an SOA");
                    self.report.at(&path.at(key), found, remedy);
                }
            }
        }
        let (refresh_secs, expire_secs) = (soa.refresh_secs, soa.expire_secs);
        let given = format.refresh.is_some() || format.expire.is_some();
        if given && expire_secs < refresh_secs && !self.report.is_damaged(&["zones"]) {
            let dur = |secs: u32| Dur(Duration::from_secs(secs.into()));
            let key = if format.expire.is_some() { "expire" } else { "refresh" };
            let found = format!(
                "the zone expires ({}) before it is refreshed ({})",
                dur(expire_secs),
                dur(refresh_secs)
            );
            self.report.at(&path.at(key), found, "let EXPIRE be longer than REFRESH".to_owned());
        }
    }

    /// Who may transfer the zone, if it says so.
    pub(super) fn networks(
        &mut self,
        path: &Path<'_>,
        format: &format::Zone,
    ) -> Option<Vec<Network>> {
        let written = format.allow_transfer.as_ref()?;
        let mut networks = Vec::new();
        for (index, text) in written.iter().enumerate() {
            match text.parse() {
                Ok(network) => networks.push(network),
                Err(error) => {
                    let path = path.at("allow_transfer").at(index);
                    self.report.at(&path, format!("{error}"), None);
                }
            }
        }
        Some(networks)
    }

    /// The later versions of every zone.
    pub(super) fn change_zones(&mut self, zones: &mut IndexMap<String, Zone>) {
        for (key, zone) in zones.iter_mut().filter(|(_, zone)| !zone.inner) {
            let draft = &self.zones[key];
            let (Some(format), ttl_secs) = (draft.explicit, draft.ttl_secs) else { continue };
            let top = draft.path.at("changes");
            let mut order: Vec<usize> = (0..format.changes.len()).collect();
            order.sort_by_key(|at| format.changes[*at].at);
            let mut records = zone.records.clone();
            for index in order {
                let (change, path) = (&format.changes[index], top.at(index));
                let at = self.time(&path.at("at"), change.at);
                let before = records.clone();
                self.change_zone(&path, change, &zone.name, ttl_secs, &mut records);
                if let Err(errors) = ZoneData::new(&zone.name, records.iter().cloned()) {
                    for error in errors {
                        self.report.at(&path, error.to_string(), None);
                    }
                    // The next change is not to blame for it.
                    records = before;
                }
                zone.changes.push(ZoneChange { at, records: records.clone() });
            }
        }
    }

    fn change_zone(
        &mut self,
        path: &Path<'_>,
        change: &format::dns::ZoneChange,
        origin: &Name,
        ttl_secs: u32,
        records: &mut Vec<Record>,
    ) {
        if change.records.is_empty() && change.remove.is_empty() {
            let remedy = "name records that come or go".to_owned();
            self.report.at(path, "a change that changes nothing", remedy);
        }
        for (index, text) in change.remove.iter().enumerate() {
            let path = path.at("remove").at(index);
            match name_and_type(text, origin) {
                Some((name, rtype)) => self.remove(&path, &name, rtype, records),
                None => {
                    let remedy = "write it as \"old A\" or \"@ MX\"".to_owned();
                    self.report.at(&path, format!("{text:?} is no name and type"), remedy);
                }
            }
        }
        let lines = self.read_lines(&path.at("records"), &change.records, origin, ttl_secs);
        let replaced: HashSet<_, HashState> =
            lines.iter().map(|record| (record.name.clone(), record.rtype())).collect();
        records.retain(|record| !replaced.contains(&(record.name.clone(), record.rtype())));
        // The SOA comes first.
        let soa = lines.iter().position(|record| record.rtype() == RecordType::Soa);
        records.extend(lines);
        match soa {
            Some(_) => {
                let at = records.iter().position(|record| record.rtype() == RecordType::Soa);
                records[..=at.unwrap_or_default()].rotate_right(1);
            }
            None => {
                for record in records.iter_mut() {
                    if let RecordData::Soa(soa) = &mut record.data {
                        soa.serial = serial::next(soa.serial);
                    }
                }
            }
        }
    }

    fn remove(
        &mut self,
        path: &Path<'_>,
        name: &Name,
        rtype: RecordType,
        records: &mut Vec<Record>,
    ) {
        let before = records.len();
        records.retain(|record| record.name != *name || record.rtype() != rtype);
        if records.len() == before {
            let of_name = records.iter().filter(|record| record.name == *name);
            let mut types: Vec<String> = of_name.map(|record| record.rtype().to_string()).collect();
            types.dedup();
            let types: Vec<&str> = types.iter().map(String::as_str).collect();
            let remedy = (!types.is_empty()).then(|| format!("it has {}", quoted(&types)));
            self.report.at(path, format!("{name} has no {rtype} record then"), remedy);
        }
    }
}

/// `old A`: a name relative to the origin, and a type.
fn name_and_type(text: &str, origin: &Name) -> Option<(Name, RecordType)> {
    let mut words = text.split_whitespace();
    let name = match words.next()? {
        "@" => origin.clone(),
        name => Name::parse_relative(name, origin).ok()?,
    };
    let rtype = words.next()?.parse().ok()?;
    words.next().is_none().then_some((name, rtype))
}
