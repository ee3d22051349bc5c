//! Resource records and their data.
//!
//! Follows RFC 1035 §3.2 and §3.3, RFC 3596 (AAAA), RFC 2782 (SRV), RFC 6672 (DNAME) and, for
//! every other type, the opaque octets of RFC 3597.

use std::net::{Ipv4Addr, Ipv6Addr};

use bytes::Bytes;

use super::codes::{Class, RecordType};
use super::name::Name;

/// One resource record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Record {
    /// Whose record it is, the owner.
    pub name: Name,
    /// Almost always [`Class::In`].
    pub class: Class,
    /// How long it may be cached.
    pub ttl_secs: u32,
    /// The type and what it says.
    pub data: RecordData,
}

impl Record {
    /// A record of class IN.
    pub fn new(name: Name, ttl_secs: u32, data: RecordData) -> Self {
        Record { name, class: Class::In, ttl_secs, data }
    }

    /// The type of the record.
    pub fn rtype(&self) -> RecordType {
        self.data.rtype()
    }
}

/// The data of a record, by type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RecordData {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// A name server of the zone that starts here.
    Ns(Name),
    /// The owner is an alias of this name.
    Cname(Name),
    /// Everything below the owner is found below this name.
    Dname(Name),
    /// The start of a zone.
    Soa(Box<Soa>),
    /// A host that takes mail for the owner.
    Mx {
        /// The lowest is tried first.
        preference: u16,
        /// The host; the root says that the owner takes no mail (RFC 7505).
        exchange: Name,
    },
    /// Text.
    Txt(Txt),
    /// A pointer into the name space, as reverse look-ups use it.
    Ptr(Name),
    /// A host that offers a service.
    Srv {
        /// The lowest is tried first.
        priority: u16,
        /// The share among those of one priority.
        weight: u16,
        /// The port on the target.
        port: u16,
        /// The host; the root says that the service is not offered.
        target: Name,
    },
    /// Any other type, names in it uncompressed (RFC 3597 §4).
    Unknown {
        /// The type. Never one that has a variant of its own, unless the data is malformed for
        /// its class (an A record outside class IN).
        rtype: RecordType,
        /// The data, at most 65,535 octets.
        octets: Bytes,
    },
}

impl RecordData {
    /// Whether these are the octets of an address, of class IN, that are too few or too many.
    pub(crate) fn is_broken_address(&self) -> bool {
        match self {
            RecordData::Unknown { rtype: RecordType::A, octets } => octets.len() != 4,
            RecordData::Unknown { rtype: RecordType::Aaaa, octets } => octets.len() != 16,
            _ => false,
        }
    }

    /// The type that the data belongs to.
    pub fn rtype(&self) -> RecordType {
        match self {
            RecordData::A(_) => RecordType::A,
            RecordData::Aaaa(_) => RecordType::Aaaa,
            RecordData::Ns(_) => RecordType::Ns,
            RecordData::Cname(_) => RecordType::Cname,
            RecordData::Dname(_) => RecordType::Dname,
            RecordData::Soa(_) => RecordType::Soa,
            RecordData::Mx { .. } => RecordType::Mx,
            RecordData::Txt(_) => RecordType::Txt,
            RecordData::Ptr(_) => RecordType::Ptr,
            RecordData::Srv { .. } => RecordType::Srv,
            RecordData::Unknown { rtype, .. } => *rtype,
        }
    }

    /// The type that an RRSIG signs (RFC 4034 §3.1.1); `None` for every other type.
    pub fn covered_type(&self) -> Option<RecordType> {
        let RecordData::Unknown { rtype: RecordType::Rrsig, octets } = self else { return None };
        let (number, _) = octets.split_first_chunk()?;
        Some(RecordType::from(u16::from_be_bytes(*number)))
    }

    /// The host that the data names, if its addresses belong into the additional section
    /// (RFC 1035 §3.3.9 and §3.3.11, RFC 2782).
    pub fn host(&self) -> Option<&Name> {
        match self {
            RecordData::Ns(host)
            | RecordData::Mx { exchange: host, .. }
            | RecordData::Srv { target: host, .. } => Some(host),
            _ => None,
        }
    }
}

/// The start of a zone of authority (RFC 1035 §3.3.13).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Soa {
    /// The primary server.
    pub mname: Name,
    /// The mailbox of who is responsible, its `@` written as a dot.
    pub rname: Name,
    /// The version of the zone, in the arithmetic of RFC 1982.
    pub serial: u32,
    /// How long a secondary waits before it asks for the serial again.
    pub refresh_secs: u32,
    /// How long it waits after a failure.
    pub retry_secs: u32,
    /// How long it answers without having reached the primary.
    pub expire_secs: u32,
    /// The most that a negative answer may be cached (RFC 2308 §4).
    pub minimum_secs: u32,
}

/// The character-strings of a TXT record (RFC 1035 §3.3.14).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Txt {
    /// Every string with its length octet; one string at least.
    wire: Bytes,
}

impl Txt {
    /// From strings; one longer than 255 octets is cut into several, and none at all is one empty.
    pub fn new<S: AsRef<[u8]>>(strings: impl IntoIterator<Item = S>) -> Self {
        let mut wire = Vec::new();
        for string in strings {
            let mut rest = string.as_ref();
            loop {
                let (head, tail) = rest.split_at(rest.len().min(255));
                wire.push(head.len() as u8);
                wire.extend_from_slice(head);
                rest = tail;
                if rest.is_empty() {
                    break;
                }
            }
        }
        if wire.is_empty() {
            wire.push(0);
        }
        Txt { wire: wire.into() }
    }

    /// From the wire form; `None` when the octets are no sequence of strings.
    pub fn from_wire(wire: Bytes) -> Option<Self> {
        let mut at = 0;
        while at < wire.len() {
            at += 1 + usize::from(wire[at]);
        }
        (at == wire.len() && at > 0).then_some(Txt { wire })
    }

    /// The wire form: every string with its length octet.
    pub fn as_wire(&self) -> &[u8] {
        &self.wire
    }

    /// The strings in order.
    pub fn strings(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest: &[u8] = &self.wire;
        std::iter::from_fn(move || {
            let (&octets, tail) = rest.split_first()?;
            let (string, tail) = tail.split_at(usize::from(octets));
            rest = tail;
            Some(string)
        })
    }

    /// The strings joined without anything between them, as SPF and DKIM read them
    /// (RFC 7208 §3.3).
    pub fn joined(&self) -> Vec<u8> {
        self.strings().collect::<Vec<_>>().concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_into_strings() {
        let txt = Txt::new([vec![b'a'; 300]]);
        assert_eq!(txt.strings().map(<[u8]>::len).collect::<Vec<_>>(), [255, 45]);
        assert_eq!(txt.joined(), vec![b'a'; 300]);
        assert_eq!(Txt::new([""; 0]).as_wire(), b"\0");
        assert_eq!(Txt::from_wire(Bytes::from_static(b"\x02a")), None);
        assert_eq!(Txt::from_wire(Bytes::new()), None);
    }
}
