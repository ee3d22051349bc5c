//! One message to send with its envelope, and what a server must offer to be sent it.

use bytes::Bytes;

use super::Outcome;
use crate::proto::smtp::address::ReversePath;
use crate::proto::smtp::capabilities::{Capabilities, SizeLimit};
use crate::proto::smtp::dsn::Ret;
use crate::proto::smtp::enhanced::EnhancedStatus;
use crate::proto::smtp::server::Recipient;

/// One message to send, with its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The reverse-path.
    pub from: ReversePath,
    /// The forward-paths, and what is to be told of each; that is said where DSN is offered. A
    /// transaction without any is done at once, and nothing is sent.
    pub recipients: Vec<Recipient>,
    /// The text with CRLFs, dots not stuffed.
    pub data: Bytes,
    /// Whether the text has octets beyond ASCII, so that it needs 8BITMIME.
    pub body_8bit: bool,
    /// Whether the sender declared SMTPUTF8 (RFC 6531 §3.4). It is declared again where it is
    /// offered, and is needed where an address or the header is beyond ASCII.
    pub smtputf8: bool,
    /// The parameter AUTH of MAIL, sent where AUTH is offered (RFC 4954 §5).
    pub auth: Option<ReversePath>,
    /// How much of the message comes back with a report, sent where DSN is offered (RFC 3461 §4.3).
    pub ret: Option<Ret>,
    /// What the sender calls the transaction, sent where DSN is offered (RFC 3461 §4.4).
    pub envid: Option<String>,
}

impl Transaction {
    /// A message that says itself whether it is 8-bit and needs SMTPUTF8.
    pub fn new(
        from: impl Into<ReversePath>,
        recipients: impl IntoIterator<Item = impl Into<Recipient>>,
        data: Bytes,
    ) -> Self {
        let mut transaction = Transaction {
            from: from.into(),
            recipients: recipients.into_iter().map(Into::into).collect(),
            body_8bit: !data.is_ascii(),
            data,
            smtputf8: true,
            auth: None,
            ret: None,
            envid: None,
        };
        transaction.smtputf8 = transaction.needs_smtputf8();
        transaction
    }

    /// Whether only a server with SMTPUTF8 can take it.
    ///
    /// As by Postfix, a header beyond ASCII needs it only where the sender declared it: without
    /// that it is old 8-bit mail, which always went everywhere.
    pub fn needs_smtputf8(&self) -> bool {
        let ascii_envelope =
            self.from.is_ascii() && self.recipients.iter().all(|to| to.path.is_ascii());
        !ascii_envelope || (self.smtputf8 && self.body_8bit && !self.header().is_ascii())
    }

    /// What keeps it from being sent to a server that offers `capabilities`.
    pub(super) fn obstacle(&self, capabilities: &Capabilities) -> Option<Outcome> {
        let unsendable = |subject, detail, text: String| {
            Some(Outcome::Unsendable { status: EnhancedStatus::new(5, subject, detail), text })
        };
        // Without recipients there is nothing to send, and no outcome to tell.
        if self.recipients.is_empty() {
            return unsendable(1, 0, "no recipients".to_owned());
        }
        let size = self.data.len() as u64;
        if let Some(SizeLimit::Octets(limit)) = capabilities.size
            && size > limit
        {
            let text = format!("message size {size} exceeds size limit {limit} of server");
            return unsendable(3, 4, text);
        }
        if !capabilities.smtp_utf8 && self.needs_smtputf8() {
            return unsendable(
                6,
                7,
                "SMTPUTF8 is required, but was not offered by host".to_owned(),
            );
        }
        if self.body_8bit && !capabilities.eight_bit_mime {
            return unsendable(6, 3, "8-bit text, but 8BITMIME was not offered by host".to_owned());
        }
        None
    }

    /// The header. A text without an empty line is nothing but header.
    fn header(&self) -> &[u8] {
        if self.data.starts_with(b"\r\n") {
            return &[];
        }
        let end = memchr::memmem::find(&self.data, b"\r\n\r\n").unwrap_or(self.data.len());
        &self.data[..end]
    }
}
