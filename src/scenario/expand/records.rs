//! Records: those of master files and of lines in the scenario, and those that the short form makes.

use std::net::IpAddr;
use std::time::Duration;

use super::Expander;
use super::names::dns_name;
use crate::proto::dns::master::{parse_master, parse_records};
use crate::proto::dns::{Name, Record, RecordData, Soa};
use crate::scenario::files::refuse_path;
use crate::scenario::finding::Path;
use crate::scenario::format::Dur;

impl Expander<'_, '_, '_> {
    /// Reads a master file of the scenario's folder. Mistakes are reported by the file's own lines.
    pub(super) fn read_master(
        &mut self,
        path: &Path<'_>,
        file: &str,
        origin: &Name,
        ttl_secs: u32,
    ) -> Option<Vec<Record>> {
        let octets = self.read_file(path, file)?;
        let Ok(text) = String::from_utf8(octets) else {
            self.report.at(path, format!("{file:?} is not UTF-8"), None);
            return None;
        };
        // One more line, so that a record without a TTL has one; the line is taken off again below.
        let text = format!("$TTL {ttl_secs}\n{text}");
        let files = self.files;
        let folder = file.rfind('/').map_or("", |end| &file[..=end]);
        let mut include = |name: &str| {
            let name = format!("{folder}{name}");
            if let Some(remedy) = refuse_path(&name) {
                return Err(remedy.to_owned());
            }
            let octets = files.read(&name).map_err(|error| error.to_string())?;
            String::from_utf8(octets).map_err(|_| "it is not UTF-8".to_owned())
        };
        match parse_master(origin, file, &text, &mut include) {
            Ok(records) => Some(records),
            Err(errors) => {
                for error in errors {
                    let line = error.line.saturating_sub(usize::from(error.file == file));
                    let column = error.column;
                    self.report.in_file(
                        &error.file,
                        line.max(1),
                        column,
                        error.problem.to_string(),
                    );
                }
                None
            }
        }
    }

    /// Reads lines that stand in the scenario.
    pub(super) fn read_lines(
        &mut self,
        path: &Path<'_>,
        lines: &[String],
        origin: &Name,
        ttl_secs: u32,
    ) -> Vec<Record> {
        let mut records = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            match parse_records(origin, &format!("$TTL {ttl_secs}\n{line}\n")) {
                Ok(read) => records.extend(read),
                Err(errors) => {
                    for error in errors {
                        self.report.at(&path.at(index), error.problem.to_string(), None);
                    }
                }
            }
        }
        records
    }

    /// A TTL in whole seconds, one hour if it is not given.
    pub(super) fn ttl_secs(&mut self, path: &Path<'_>, ttl: Option<Dur>) -> u32 {
        let ttl = ttl.map_or(DEFAULT_TTL, |ttl| ttl.0);
        match u32::try_from(ttl.as_secs()) {
            Ok(secs) if secs <= MAX_TTL_SECS && ttl.subsec_nanos() == 0 => secs,
            _ => {
                let found = format!("{} is no TTL", Dur(ttl));
                let remedy = format!("whole seconds, at most {MAX_TTL_SECS}s (RFC 2181)");
                self.report.at(path, found, remedy);
                3_600
            }
        }
    }
}

/// The address record of a host.
pub(super) fn address_record(owner: &Name, ttl_secs: u32, address: IpAddr) -> Record {
    let data = match address {
        IpAddr::V4(address) => RecordData::A(address),
        IpAddr::V6(address) => RecordData::Aaaa(address),
    };
    Record::new(owner.clone(), ttl_secs, data)
}

/// The NS record of a zone for a host.
pub(super) fn ns_record(owner: &Name, ttl_secs: u32, server: &str) -> Record {
    Record::new(owner.clone(), ttl_secs, RecordData::Ns(dns_name(server)))
}

/// The MX record of a domain for a host.
pub(super) fn mx_record(owner: &Name, ttl_secs: u32, preference: u16, exchange: &str) -> Record {
    let exchange = dns_name(exchange);
    Record::new(owner.clone(), ttl_secs, RecordData::Mx { preference, exchange })
}

/// The SOA record of a zone, with the times that RIPE-203 recommends.
pub(super) fn soa_record(
    owner: &Name,
    ttl_secs: u32,
    primary: Option<&str>,
    minimum_secs: u32,
) -> Record {
    let rname = owner.prepend(b"hostmaster").unwrap_or_else(|_| owner.clone());
    let soa = Soa {
        mname: primary.map_or_else(|| owner.clone(), dns_name),
        rname,
        serial: 1,
        refresh_secs: 86_400,
        retry_secs: 7_200,
        expire_secs: 3_600_000,
        minimum_secs,
    };
    Record::new(owner.clone(), ttl_secs, RecordData::Soa(Box::new(soa)))
}

const DEFAULT_TTL: Duration = Duration::from_secs(3_600);
/// RFC 2181 §8.
const MAX_TTL_SECS: u32 = 0x7fff_ffff;
