//! DNS: messages, names, zones, the authoritative answer and the recursive resolver.

mod codec;
pub mod codes;
pub mod message;
pub mod name;
pub mod record;
pub mod text;

pub use codes::{Class, Opcode, Rcode, RecordType};
pub use message::{DecodeError, Edns, EdnsOption, Flags, Message, Question};
pub use name::{Name, NameError};
pub use record::{Record, RecordData, Soa, Txt};
