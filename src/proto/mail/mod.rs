//! Internet messages: header fields, dates, MIME structure, delivery reports.
//!
//! Follows RFC 5322, RFC 2045 to 2047, RFC 2231, RFC 3464, RFC 6522, RFC 6533, RFC 3834 and RFC
//! 8601. Readers borrow from a message's octets, take any octets whatever, and are bounded in depth,
//! parts and work; writers let nothing that is handed in start a field or a line of its own.
//!
//! Not modelled: signatures and encryption (S/MIME, OpenPGP), `message/partial`.

pub mod address;
pub mod authentication_results;
pub mod auto_reply;
pub mod canonical;
pub mod charset;
pub mod compose;
pub mod content;
pub mod date;
pub mod decode;
pub mod delivery_status;
pub mod encode;
pub mod envelope;
pub mod header;
mod lex;
pub mod list;
pub mod message_id;
pub mod received;
pub mod report;
mod scan;
pub mod srs;
pub mod structure;

pub use address::{Address, Mailbox};
pub use authentication_results::{AuthResult, AuthenticationResults, MethodResult, strip_forged};
pub use auto_reply::{AutoReply, NoReply, should_reply};
pub use canonical::to_crlf;
pub use charset::Charset;
pub use compose::{Attachment, Draft};
pub use content::{ContentType, Disposition, Parameter, Parameters};
pub use date::{Date, DateTime};
pub use delivery_status::{Action, DeliveryStatus, Diagnostic, RecipientStatus, TypedAddress};
pub(crate) use envelope::spaced;
pub use envelope::{Envelope, EnvelopeAddress, envelope_addresses};
pub use header::{Field, Header, Message, prepend, without_fields};
pub use list::ListFields;
pub use message_id::message_ids;
pub use received::{AddressLiteral, Received, ReceivedFrom};
pub use report::{Audience, DeliveryReport, Explanation, Returned};
pub use srs::{Srs, SrsError};
pub use structure::{Content, Part};
