//! Internet messages: header fields, dates, MIME structure, delivery reports.

pub mod address;
pub mod canonical;
pub mod compose;
pub mod content;
pub mod date;
pub mod decode;
pub mod encode;
pub mod envelope;
pub mod header;
mod lex;
pub mod received;
pub mod structure;

pub use address::{Address, Mailbox};
pub use canonical::to_crlf;
pub use compose::{Attachment, Draft};
pub use content::{ContentType, Disposition, Parameter, Parameters};
pub use date::{Date, DateTime};
pub use envelope::{Envelope, EnvelopeAddress, envelope_addresses};
pub use header::{Field, Header, Message, prepend};
pub use received::{AddressLiteral, Received, ReceivedFrom};
pub use structure::{Content, Part};
