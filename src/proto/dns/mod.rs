//! DNS: messages, names, zones, the authoritative answer, zone transfer and the recursive resolver.

mod access;
pub mod authority;
mod codec;
pub mod codes;
mod draft;
pub mod ede;
mod exchange;
pub mod framing;
pub mod hints;
pub mod master;
pub mod message;
pub mod misbehaviour;
pub mod name;
mod query;
mod rdata;
pub mod record;
pub mod resolver;
pub mod serial;
pub mod server;
pub mod stub;
pub mod text;
pub mod transfer;
pub mod zone;

pub use access::{Network, NetworkError};
pub use authority::Authority;
pub use codes::{Class, Opcode, Rcode, RecordType};
pub use ede::ExtendedError;
pub use exchange::{ExchangeId, Outgoing};
pub use framing::{TcpFraming, Transport};
pub use hints::RootHints;
pub use master::{MasterError, parse_master, parse_records};
pub use message::{DecodeError, Edns, EdnsOption, Flags, Message, Question};
pub use name::{Name, NameError};
pub use record::{Record, RecordData, Soa, Txt};
pub use zone::{Catalog, Lookup, Node, RrSet, Zone, ZoneError, ZoneWarning};
