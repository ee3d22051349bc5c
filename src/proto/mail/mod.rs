//! Internet messages: header fields, dates, MIME structure, delivery reports.

pub mod date;
pub mod header;
mod lex;

pub use date::{Date, DateTime};
pub use header::{Field, Header, Message, prepend};
