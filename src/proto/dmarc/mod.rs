//! DMARC: whether the domain that a reader sees in `From` stands behind a message, and what that
//! domain wants done where it does not.
//!
//! Follows RFC 7489. [`author_domains`] reads the domain, an [`Evaluation`] hands out DNS
//! questions, takes their answers and gives an [`Outcome`]. Which names belong together is told by
//! [`PublicSuffixes`].
//!
//! Not modelled: aggregate and failure reports (§7; the tags about them are read), ARC, the tree
//! walk of RFC 9989, the translation of U-labels into A-labels.

mod author;
mod evaluation;
mod public_suffix;
mod record;

pub use author::{NoAuthorDomain, author_domains};
pub use evaluation::{Evaluation, Identifiers, Outcome};
pub use public_suffix::PublicSuffixes;
pub use record::{Alignment, FailureOption, Policy, Record, RecordError, ReportUri};
