//! Whether mail from a stranger comes from whom it claims: SPF of the envelope, then DKIM and DMARC
//! of the message.
//!
//! Follows RFC 7208, RFC 6376 and RFC 7489, and what they say of the order: what SPF and DKIM find is
//! the input of DMARC. What was found out is written on top of a message that is taken
//! (`Authentication-Results`, RFC 8601; `Received-SPF`, RFC 7208 §9.1). Mail from inside and from who
//! has authenticated is not looked at.
//!
//! Not modelled: ARC (RFC 8617), aggregate and failure reports of DMARC (RFC 7489 §7), the
//! translation of U-labels.

mod fields;
mod message;
mod spf;
#[cfg(test)]
mod tests;

pub(in crate::actors::mta) use fields::{SPAM_FLAG, without_foreign_marks};

use message::Content;
use spf::Envelope;

use super::Finding;
use super::turn::{Turn, Wait};
use crate::proto::spf::SpfResult;

/// What a transaction has found out about where it comes from, as far as it has come.
#[derive(Debug, Default)]
pub(crate) struct Authentication {
    envelope: Envelope,
    content: Content,
}

impl Authentication {
    /// What SPF says of MAIL FROM, once it was asked.
    pub(super) fn spf_result(&self) -> Option<SpfResult> {
        self.envelope.mail_from().map(|checked| checked.verdict.result)
    }
}

/// What SPF says of HELO and MAIL FROM.
///
/// # Errors
/// The records that have to be known first.
pub(super) fn judge_sender(turn: &mut Turn<'_>) -> Result<Finding, Wait> {
    if turn.is_inside() {
        return Ok(Finding::pass("from inside"));
    }
    spf::judge(turn)
}

/// What DKIM and DMARC say of the message, and the fields on top of it.
///
/// # Errors
/// The keys and records that have to be known first.
pub(super) fn judge_message(turn: &mut Turn<'_>) -> Result<Finding, Wait> {
    if turn.is_inside() {
        return Ok(Finding::pass("from inside"));
    }
    message::judge(turn)
}
