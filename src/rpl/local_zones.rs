//! `local-zone` and `local-data` of a configuration: zones that the resolver answers for itself.
//!
//! Not modelled: types that make answers up or let some through (`redirect`, `inform`, `refuse`...).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::proto::dns::{Name, Record, RecordData, Soa, Zone, parse_records};

/// Local zones as far as they were read.
#[derive(Debug, Default)]
pub(super) struct LocalZones {
    /// By their names.
    zones: BTreeMap<Name, ()>,
    records: Vec<Record>,
}

impl LocalZones {
    /// Adds `example. static`. The error says what it would need.
    pub(super) fn add_zone(&mut self, value: &str) -> Result<(), String> {
        let (name, kind) = value.split_once(char::is_whitespace).unwrap_or((value, "static"));
        let unquoted = |text: &str| text.trim().trim_matches('"').to_owned();
        let (name, kind) = (unquoted(name), unquoted(kind));
        match kind.as_str() {
            "static" => {
                let name = name.parse().map_err(|_| format!("local-zone {name}"))?;
                self.zones.insert(name, ());
                Ok(())
            }
            "transparent" | "nodefault" => Ok(()),
            _ => Err(format!("local-zone of type {kind}")),
        }
    }

    /// Adds a record.
    pub(super) fn add_data(&mut self, value: &str) -> Result<(), String> {
        let text = format!("$TTL 3600\n{}", value.trim());
        let records = parse_records(&Name::root(), &text);
        self.records.extend(records.map_err(|_| format!("local-data {value}"))?);
        Ok(())
    }

    /// The zones. Data outside of all of them makes a small zone of its own for each name.
    pub(super) fn zones(&mut self) -> Result<Vec<Arc<Zone>>, String> {
        for record in &self.records {
            let mut ancestors = record.name.ancestors();
            if !ancestors.any(|name| self.zones.contains_key(&name)) {
                self.zones.insert(record.name.clone(), ());
            }
        }
        let mut zones = Vec::new();
        for origin in self.zones.keys() {
            let closest =
                |name: &Name| name.ancestors().find(|ancestor| self.zones.contains_key(ancestor));
            let own = self.records.iter().filter(|it| closest(&it.name).as_ref() == Some(origin));
            let mut records: Vec<Record> = own.cloned().collect();
            let at_apex = |records: &[Record], soa: bool| {
                records.iter().any(|record| {
                    record.name == *origin
                        && match record.data {
                            RecordData::Soa(_) => soa,
                            RecordData::Ns(_) => !soa,
                            _ => false,
                        }
                })
            };
            let host: Name = "localhost.".parse().expect("a name");
            if !at_apex(&records, true) {
                let soa = Soa {
                    mname: host.clone(),
                    rname: "nobody.invalid.".parse().expect("a name"),
                    serial: 1,
                    refresh_secs: 3_600,
                    retry_secs: 1_200,
                    expire_secs: 604_800,
                    minimum_secs: 10_800,
                };
                let soa = RecordData::Soa(Box::new(soa));
                records.push(Record::new(origin.clone(), 10_800, soa));
            }
            if !at_apex(&records, false) {
                records.push(Record::new(origin.clone(), 10_800, RecordData::Ns(host)));
            }
            let zone = Zone::new(origin, records).map_err(|_| format!("local-zone {origin}"))?;
            zones.push(Arc::new(zone));
        }
        Ok(zones)
    }
}
