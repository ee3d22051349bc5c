//! Root hints: the names and addresses of the root servers a resolver starts from.
//!
//! Follows RFC 8109 §2; the form is that of IANA's `named.root`, a master file of NS, A and AAAA
//! records.

use std::fmt;
use std::net::IpAddr;

use super::name::Name;
use super::record::{Record, RecordData};

/// The root servers, in the order of their NS records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootHints {
    servers: Vec<RootServer>,
}

/// One of the root servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootServer {
    /// Its name.
    pub name: Name,
    /// Its addresses, at least one, in the order of the records.
    pub addresses: Vec<IpAddr>,
}

impl RootHints {
    /// Takes the hints from `records`: NS of the root, and addresses of the servers they name.
    ///
    /// # Errors
    ///
    /// [`HintsError`] if there is no server, or one without an address; other records are none of
    /// its business.
    pub fn new(records: &[Record]) -> Result<Self, HintsError> {
        let mut servers: Vec<RootServer> = Vec::new();
        for record in records.iter().filter(|record| record.name.is_root()) {
            let RecordData::Ns(name) = &record.data else { continue };
            if servers.iter().any(|server| server.name == *name) {
                continue;
            }
            let addresses: Vec<IpAddr> = records
                .iter()
                .filter(|record| record.name == *name)
                .filter_map(|record| match record.data {
                    RecordData::A(address) => Some(IpAddr::V4(address)),
                    RecordData::Aaaa(address) => Some(IpAddr::V6(address)),
                    _ => None,
                })
                .collect();
            if addresses.is_empty() {
                return Err(HintsError::NoAddress { server: name.clone() });
            }
            servers.push(RootServer { name: name.clone(), addresses });
        }
        if servers.is_empty() { Err(HintsError::NoServer) } else { Ok(RootHints { servers }) }
    }

    /// The servers, at least one.
    pub fn servers(&self) -> &[RootServer] {
        &self.servers
    }
}

/// Why records are no root hints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HintsError {
    /// No NS record of the root.
    NoServer,
    /// A server without an A or AAAA record.
    NoAddress {
        /// The server.
        server: Name,
    },
}

impl fmt::Display for HintsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HintsError::NoServer => write!(f, "no NS record of the root \".\""),
            HintsError::NoAddress { server } => {
                write!(f, "the root server {server} has no A or AAAA record")
            }
        }
    }
}

impl std::error::Error for HintsError {}

#[cfg(test)]
mod tests {
    use super::super::master::parse_records;
    use super::*;

    fn hints(text: &str) -> Result<RootHints, HintsError> {
        RootHints::new(&parse_records(&Name::root(), text).unwrap())
    }

    #[test]
    fn servers_come_with_their_addresses() {
        let hints = hints(
            "; This file holds the information on root name servers\n\
             .                        3600000      NS    A.ROOT.EXAMPLE.\n\
             A.ROOT.EXAMPLE.          3600000      A     192.0.2.4\n\
             A.ROOT.EXAMPLE.          3600000      AAAA  2001:db8::2:30\n\
             .                        3600000      NS    b.root.example.\n\
             B.ROOT.EXAMPLE.          3600000      A     198.51.100.201",
        );
        let hints = hints.unwrap();
        assert_eq!(hints.servers().len(), 2);
        assert_eq!(hints.servers()[0].addresses.len(), 2);
        assert_eq!(hints.servers()[1].addresses, [IpAddr::from([198, 51, 100, 201])]);
    }

    #[test]
    fn a_server_needs_an_address() {
        assert_eq!(hints(""), Err(HintsError::NoServer));
        let server = "a.example".parse().unwrap();
        assert_eq!(hints(". 1 NS a.example."), Err(HintsError::NoAddress { server }));
    }
}
