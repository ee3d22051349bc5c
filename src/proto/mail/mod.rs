//! Internet messages: header fields, dates, MIME structure, delivery reports.

pub mod content;
pub mod date;
pub mod decode;
pub mod header;
mod lex;
pub mod structure;

pub use content::{ContentType, Disposition, Parameter, Parameters};
pub use date::{Date, DateTime};
pub use header::{Field, Header, Message, prepend};
pub use structure::{Content, Part};
