//! What the DNS of a document holds.
//!
//! The form says less than it means. As the runners of pyspf and Mail::SPF have it:
//!
//! - a name without a TXT entry has its SPF records as TXT too; the entry `TXT: NONE` prevents that;
//! - `TIMEOUT` in the place of an entry: queries of all types that have none before it get no
//!   answer; `A: TIMEOUT`: those of this type get none.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::proto::dns::{Name, Record, RecordData, RecordType, Soa, Txt, Zone};

use super::error::ParseError;
use super::yaml::{Kind, Node};

/// The zone data of a document, made into one zone of the root.
#[derive(Debug, Clone)]
pub struct ZoneData {
    zone: Arc<Zone>,
    silences: BTreeMap<Name, Silence>,
    left_out: Vec<LeftOut>,
}

/// An entry that the DNS cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Where it is, from 1.
    pub line: usize,
    /// Why it is left out.
    pub why: String,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: left out, {}", self.line, self.why)
    }
}

/// Which queries for a name get no answer.
#[derive(Debug, Clone, Default)]
struct Silence {
    types: BTreeSet<RecordType>,
    /// All but these.
    all_but: Option<BTreeSet<RecordType>>,
}

impl ZoneData {
    /// The zone.
    pub fn zone(&self) -> &Arc<Zone> {
        &self.zone
    }

    /// Whether a query gets no answer.
    pub fn is_silent(&self, name: &Name, rtype: RecordType) -> bool {
        self.silences.get(name).is_some_and(|silence| {
            silence.types.contains(&rtype)
                || silence.all_but.as_ref().is_some_and(|types| !types.contains(&rtype))
        })
    }

    /// What the DNS cannot hold: text that is no name or no address, types that SPF never asks for.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    pub(super) fn read(node: &Node) -> Result<Self, ParseError> {
        let mut names: BTreeMap<Name, &Node> = BTreeMap::new();
        let mut reader = Reader { records: apex(), ..Reader::default() };
        // `zonedata:` alone is a DNS without any name.
        let pairs = if node.is_empty() { &[] } else { node.pairs("records by name")? };
        for (owner, entries) in pairs {
            let text = owner.text("a name")?;
            match to_name(text).filter(|name| !name.is_root()) {
                // Of two with one name the later one counts, as with other readers of YAML.
                Some(name) => drop(names.insert(name, entries)),
                None => reader.leave_out(owner, format!("no query can carry the name {text:?}")),
            }
        }
        for (name, entries) in names {
            reader.read(name, entries);
        }
        let zone = Zone::new(&Name::root(), reader.records)
            .expect("an apex, and below it no alias beside other data and no cut");
        let Reader { silences, left_out, .. } = reader;
        Ok(ZoneData { zone: Arc::new(zone), silences, left_out })
    }
}

#[derive(Default)]
struct Reader {
    records: Vec<Record>,
    silences: BTreeMap<Name, Silence>,
    left_out: Vec<LeftOut>,
}

impl Reader {
    fn read(&mut self, name: Name, entries: &Node) {
        let mut data: Vec<RecordData> = Vec::new();
        let mut spf: Vec<Txt> = Vec::new();
        let mut silence = Silence::default();
        let mut has_txt = false;
        for entry in entries.items() {
            let pairs = match &entry.kind {
                Kind::Scalar(text) if &**text == TIMEOUT => {
                    let types = data.iter().map(RecordData::rtype).collect();
                    silence.all_but.get_or_insert(types);
                    continue;
                }
                Kind::Mapping(pairs) => pairs,
                _ => {
                    let why = entry.unexpected("a type with its data, or TIMEOUT").problem;
                    self.leave_out(entry, why.to_string());
                    continue;
                }
            };
            for (key, value) in pairs.iter() {
                let rtype = key.text("a type").ok().and_then(|text| text.parse().ok());
                let Some(rtype) = rtype else {
                    let why = key.unexpected("the type of a record").problem;
                    self.leave_out(key, why.to_string());
                    continue;
                };
                has_txt |= rtype == RecordType::Txt;
                match &value.kind {
                    Kind::Scalar(text) if &**text == TIMEOUT => drop(silence.types.insert(rtype)),
                    Kind::Scalar(text) if &**text == NONE => {}
                    _ => match record_data(rtype, value) {
                        Ok(read) => {
                            if let RecordData::Unknown { octets, .. } = &read {
                                spf.extend(Txt::from_wire(octets.clone()));
                            }
                            data.push(read);
                        }
                        Err(why) => self.leave_out(value, why),
                    },
                }
            }
        }
        if !has_txt {
            // After a TIMEOUT there is no entry for TXT, made or written: it is silent as all are.
            data.extend(spf.into_iter().map(RecordData::Txt));
            if silence.types.contains(&RecordType::Spf) {
                silence.types.insert(RecordType::Txt);
            }
        }
        if let Some(alias) = data.iter().position(|data| matches!(data, RecordData::Cname(_)))
            && data.len() > 1
        {
            self.leave_out(entries, "beside the alias there is nothing else".to_owned());
            data = vec![data.swap_remove(alias)];
        }
        self.records.extend(data.into_iter().map(|data| Record::new(name.clone(), TTL_SECS, data)));
        self.silences.insert(name, silence);
    }

    fn leave_out(&mut self, node: &Node, why: String) {
        self.left_out.push(LeftOut { line: node.line(), why });
    }
}

/// The data of a record, or why the DNS cannot hold it.
fn record_data(rtype: RecordType, value: &Node) -> Result<RecordData, String> {
    let text_of = |node: &Node, expected| {
        node.text(expected).map(str::to_owned).map_err(|error| error.problem.to_string())
    };
    let name_of = |node: &Node| -> Result<Name, String> {
        let text = text_of(node, "a name")?;
        to_name(&text).ok_or_else(|| format!("{text:?} is no name"))
    };
    match rtype {
        RecordType::A => {
            let text = text_of(value, "an IPv4 address")?;
            text.parse().map(RecordData::A).map_err(|_| format!("{text:?} is no IPv4 address"))
        }
        RecordType::Aaaa => {
            let text = text_of(value, "an IPv6 address")?;
            text.parse().map(RecordData::Aaaa).map_err(|_| format!("{text:?} is no IPv6 address"))
        }
        RecordType::Txt | RecordType::Spf => {
            let strings = value.items().iter().map(|item| text_of(item, "a text, or several"));
            let txt = Txt::new(strings.collect::<Result<Vec<_>, _>>()?);
            Ok(match rtype {
                RecordType::Txt => RecordData::Txt(txt),
                _ => RecordData::Unknown { rtype, octets: txt.as_wire().to_vec().into() },
            })
        }
        RecordType::Ptr => name_of(value).map(RecordData::Ptr),
        RecordType::Cname => name_of(value).map(RecordData::Cname),
        RecordType::Mx => match value.items() {
            [preference, exchange] => {
                let text = text_of(preference, "a preference")?;
                let preference =
                    text.parse().map_err(|_| format!("{text:?} is no preference up to 65535"))?;
                Ok(RecordData::Mx { preference, exchange: name_of(exchange)? })
            }
            _ => Err(value.unexpected("[preference, exchange]").problem.to_string()),
        },
        other => Err(format!("SPF asks for no {other}")),
    }
}

/// A name as it stands: no character escapes another.
fn to_name(text: &str) -> Option<Name> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.is_empty() {
        return Some(Name::root());
    }
    Name::from_labels(text.split('.').map(str::as_bytes)).ok()
}

/// What makes the zone one: its server is at a name that no suite uses.
fn apex() -> Vec<Record> {
    let server: Name = NAME_SERVER.parse().expect("a name");
    let soa = Soa {
        mname: server.clone(),
        rname: server.clone(),
        serial: 1,
        refresh_secs: 86_400,
        retry_secs: 7_200,
        expire_secs: 604_800,
        minimum_secs: TTL_SECS,
    };
    [RecordData::Soa(Box::new(soa)), RecordData::Ns(server)]
        .map(|data| Record::new(Name::root(), TTL_SECS, data))
        .to_vec()
}

const NAME_SERVER: &str = "ns.invalid";
const TIMEOUT: &str = "TIMEOUT";
const NONE: &str = "NONE";
const TTL_SECS: u32 = 300;

#[cfg(test)]
mod tests {
    use super::super::suite::Suite;
    use super::*;
    use crate::proto::dns::{Authority, Message, Transport};

    /// What a query for `name` gets: the data of the answers, or nothing at all.
    fn ask(zone: &ZoneData, name: &str, rtype: RecordType) -> Option<Vec<String>> {
        let name = to_name(name).unwrap();
        if zone.is_silent(&name, rtype) {
            return None;
        }
        let authority = Authority::new([Arc::clone(zone.zone())]);
        let response = authority.respond(&Message::query(1, name, rtype), Transport::Tcp);
        Some(response.answers.iter().map(|record| record.data.to_string()).collect())
    }

    fn zone(zonedata: &str) -> ZoneData {
        let text = format!("zonedata:\n{zonedata}");
        Suite::parse(&text).unwrap().documents.remove(0).zone
    }

    #[test]
    fn spf_records_are_txt_too_unless_there_is_an_entry() {
        let zone = zone(
            "  spf.example: [{SPF: v=spf1}]\n  \
               both.example: [{SPF: old}, {TXT: new}]\n  \
               none.example: [{SPF: old}, {TXT: NONE}]\n  \
               many.example: [{SPF: [a, b]}, {SPF: c}]\n",
        );
        let txt = |name| ask(&zone, name, RecordType::Txt).unwrap();
        assert_eq!(txt("spf.example"), ["\"v=spf1\""]);
        assert_eq!(txt("both.example"), ["\"new\""]);
        assert_eq!(txt("none.example"), [""; 0]);
        assert_eq!(txt("many.example"), ["\"a\" \"b\"", "\"c\""]);
        assert_eq!(ask(&zone, "none.example", RecordType::Spf).unwrap().len(), 1);
    }

    #[test]
    fn a_timeout_is_for_a_type_or_for_all_that_have_no_entry_before_it() {
        let zone = zone(
            "  all.example: [TIMEOUT]\n  \
               bare.example: TIMEOUT\n  \
               rest.example: [{TXT: x}, TIMEOUT]\n  \
               spf.example: [{SPF: x}, TIMEOUT]\n  \
               one.example: [{A: TIMEOUT}, {TXT: x}]\n",
        );
        let silent = |name, rtype| ask(&zone, name, rtype).is_none();
        assert!(silent("all.example", RecordType::A) && silent("bare.example", RecordType::Txt));
        assert!(silent("rest.example", RecordType::A) && !silent("rest.example", RecordType::Txt));
        assert!(silent("spf.example", RecordType::Txt) && !silent("spf.example", RecordType::Spf));
        assert!(silent("one.example", RecordType::A) && !silent("one.example", RecordType::Txt));
    }

    #[test]
    fn what_the_dns_cannot_hold_is_left_out() {
        let zone = zone(
            "  a..example: [{A: 192.0.2.1}]\n  \
               b.example: [{A: 192.0.2}, {MX: [1, '']}, {PTR: x..y}, {NSAP: x}, {NS: x.y}]\n  \
               c.example: [{CNAME: b.example}, {A: 192.0.2.1}]\n  \
               'a\\b.example': [{A: 192.0.2.1}, {A: [192.0.2.2]}, NONE]\n",
        );
        assert_eq!(zone.left_out().len(), 8, "{:?}", zone.left_out());
        assert_eq!(ask(&zone, "b.example", RecordType::Mx).unwrap(), ["1 ."]);
        assert_eq!(ask(&zone, "c.example", RecordType::Mx).unwrap(), ["b.example.", "1 ."]);
        assert_eq!(ask(&zone, "a\\b.example", RecordType::A).unwrap(), ["192.0.2.1"]);
    }
}
