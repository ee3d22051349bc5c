//! What can be wrong with the records of a zone.

use std::fmt;

use super::super::codes::{Class, RecordType};
use super::super::name::Name;

/// Why records are no zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZoneError {
    /// No SOA at the apex.
    NoSoa {
        /// The apex.
        origin: Name,
    },
    /// More than one SOA at the apex, with different data.
    ManySoas {
        /// The apex.
        origin: Name,
    },
    /// An SOA below the apex.
    SoaBelowApex {
        /// Where.
        owner: Name,
    },
    /// No NS at the apex.
    NoNs {
        /// The apex.
        origin: Name,
    },
    /// A record whose owner is not in the zone.
    OutOfZone {
        /// The owner.
        owner: Name,
        /// The apex.
        origin: Name,
    },
    /// A record of a class other than IN.
    Class {
        /// The owner.
        owner: Name,
        /// The class.
        class: Class,
    },
    /// A CNAME together with other data (RFC 2181 §10.1).
    CnameAndOther {
        /// The owner of both.
        owner: Name,
        /// The type of the other data.
        other: RecordType,
    },
    /// Several CNAME or DNAME records of one owner (RFC 2181 §10.1, RFC 6672 §2.4).
    ManyAliases {
        /// The owner.
        owner: Name,
        /// CNAME or DNAME.
        rtype: RecordType,
    },
    /// A DNAME together with NS, but not at the apex (RFC 6672 §2.3).
    DnameAtCut {
        /// The owner of both.
        owner: Name,
    },
    /// Data below an owner of DNAME (RFC 6672 §2.4).
    BelowDname {
        /// The owner of the data.
        owner: Name,
        /// The owner of the DNAME.
        dname: Name,
    },
    /// A type that asks and is never stored.
    MetaType {
        /// The owner.
        owner: Name,
        /// The type.
        rtype: RecordType,
    },
    /// NSEC3 with more iterations than resolvers and this server go along with (RFC 9276 §3.2).
    Nsec3Iterations {
        /// The apex.
        owner: Name,
        /// What NSEC3PARAM says.
        iterations: u16,
    },
}

impl fmt::Display for ZoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ZoneError::NoSoa { origin } => write!(f, "{origin} has no SOA record"),
            ZoneError::ManySoas { origin } => write!(f, "{origin} has more than one SOA record"),
            ZoneError::SoaBelowApex { owner } => {
                write!(f, "{owner} has an SOA record, and is not the apex of the zone")
            }
            ZoneError::NoNs { origin } => write!(f, "{origin} has no NS record"),
            ZoneError::OutOfZone { owner, origin } => {
                write!(f, "{owner} is not in the zone {origin}")
            }
            ZoneError::Class { owner, class } => {
                write!(f, "{owner} has a record of class {class} (expected IN)")
            }
            ZoneError::CnameAndOther { owner, other } => {
                write!(
                    f,
                    "{owner} has a CNAME record and so may have nothing else, but has {other}"
                )
            }
            ZoneError::ManyAliases { owner, rtype } => {
                write!(f, "{owner} has more than one {rtype} record")
            }
            ZoneError::DnameAtCut { owner } => {
                write!(f, "{owner} has a DNAME record and is delegated by NS")
            }
            ZoneError::BelowDname { owner, dname } => {
                write!(f, "{owner} has data below the DNAME record of {dname}")
            }
            ZoneError::MetaType { owner, rtype } => {
                write!(f, "{owner} has a record of type {rtype}, which no zone holds")
            }
            ZoneError::Nsec3Iterations { owner, iterations } => write!(
                f,
                "{owner} has NSEC3PARAM with {iterations} iterations (at most 150, and RFC 9276 \
                 recommends 0)"
            ),
        }
    }
}

impl std::error::Error for ZoneError {}

/// What is allowed in a zone and hardly ever meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZoneWarning {
    /// A chain of CNAMEs inside the zone comes back to where it was.
    CnameLoop {
        /// The first name, in the order of the zone, of those on the loop.
        owner: Name,
    },
    /// A server below the cut that it serves has no address in the zone: nobody can ask it.
    MissingGlue {
        /// The cut.
        cut: Name,
        /// The server.
        server: Name,
    },
    /// NS, MX or SRV names a host that is an alias (RFC 2181 §10.3).
    HostIsAlias {
        /// The owner of the record.
        owner: Name,
        /// The type of the record.
        rtype: RecordType,
        /// The alias.
        host: Name,
    },
}

impl fmt::Display for ZoneWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ZoneWarning::CnameLoop { owner } => {
                write!(f, "the CNAME record of {owner} leads back to it")
            }
            ZoneWarning::MissingGlue { cut, server } => {
                write!(f, "{server}, which serves {cut}, has no address in the zone above")
            }
            ZoneWarning::HostIsAlias { owner, rtype, host } => {
                write!(f, "the {rtype} record of {owner} names {host}, which is an alias")
            }
        }
    }
}
