//! Writing a delivery status.
//!
//! Whatever peers and senders have put into replies and addresses stays in its field, in lines of at
//! most 998 octets (RFC 5322 §2.1.1), in ASCII unless the part is a `global-delivery-status`.

use super::super::date::DateTime;
use super::super::encode::{FieldWriter, char_boundary};
use super::{DeliveryStatus, Diagnostic, RecipientStatus, TypedAddress};

impl DeliveryStatus {
    /// The body of the part, with CRLFs. Its media type has the subtype
    /// [`DeliveryStatus::subtype`].
    pub fn encode(&self) -> String {
        let mut block = Block { text: String::new(), utf8: self.is_international() };
        block.host("Reporting-MTA", Some(&self.reporting_mta));
        block.host("DSN-Gateway", self.dsn_gateway.as_deref());
        block.host("Received-From-MTA", self.received_from_mta.as_deref());
        block.verbatim("Original-Envelope-Id", self.envelope_id.as_deref());
        block.verbatim("X-Mxsim-Queue-ID", self.queue_id.as_deref());
        if let Some(sender) = &self.sender {
            block.address("X-Mxsim-Sender", &TypedAddress::new(sender));
        }
        block.date("Arrival-Date", self.arrival_date);
        for recipient in &self.recipients {
            block.text += "\r\n";
            block.recipient(recipient);
        }
        block.text
    }
}

/// Fields as they are written.
struct Block {
    text: String,
    /// Whether UTF-8 may stand for itself.
    utf8: bool,
}

impl Block {
    fn recipient(&mut self, recipient: &RecipientStatus) {
        self.address("Final-Recipient", &TypedAddress::new(&recipient.final_recipient));
        if let Some(original) = &recipient.original_recipient {
            self.address("Original-Recipient", original);
        }
        self.verbatim("Action", Some(recipient.action.name()));
        self.verbatim("Status", Some(&recipient.status.to_string()));
        self.host("Remote-MTA", recipient.remote_mta.as_deref());
        if let Some(diagnostic) = &recipient.diagnostic {
            self.diagnostic(diagnostic);
        }
        self.date("Last-Attempt-Date", recipient.last_attempt);
        self.verbatim("Final-Log-ID", recipient.final_log_id.as_deref());
        self.date("Will-Retry-Until", recipient.will_retry_until);
    }

    /// Each line of a reply of several begins a line of the field, as RFC 3461 §9.2 shows it.
    fn diagnostic(&mut self, Diagnostic { kind, text }: &Diagnostic) {
        let mut field = FieldWriter::new("Diagnostic-Code");
        field.verbatim(&format!("{kind};"));
        for (index, line) in reply_lines(bounded(text)).into_iter().enumerate() {
            if index > 0 {
                field.fold();
            }
            if self.utf8 {
                field.verbatim(line);
            } else {
                field.text(line);
            }
        }
        self.text += &field.finish();
    }

    /// `name: kind; address`. No encoded words: they have no meaning in an address.
    fn address(&mut self, name: &str, TypedAddress { kind, address }: &TypedAddress) {
        self.verbatim(name, Some(&format!("{kind}; {address}")));
    }

    /// `name: dns; host`; nothing where there is none.
    fn host(&mut self, name: &str, host: Option<&str>) {
        self.verbatim(name, host.map(|host| format!("dns; {host}")).as_deref());
    }

    fn date(&mut self, name: &str, date: Option<DateTime>) {
        self.verbatim(name, date.map(|date| date.to_string()).as_deref());
    }

    fn verbatim(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            let mut field = FieldWriter::new(name);
            field.verbatim(value);
            self.text += &field.finish();
        }
    }
}

/// The lines of `550-no such user 550 try another`; any other text is one line.
pub(super) fn reply_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some((code, _)) = rest.split_once('-').filter(|(code, _)| is_code(code)) {
        let starts = rest.match_indices(code).map(|(at, _)| at).find(|&at| {
            let after = rest.as_bytes().get(at + code.len());
            at > 0 && rest.as_bytes()[at - 1] == b' ' && matches!(after, Some(b' ' | b'-') | None)
        });
        let Some(start) = starts else { break };
        lines.push(&rest[..start - 1]);
        rest = &rest[start..];
    }
    lines.push(rest);
    lines
}

fn is_code(word: &str) -> bool {
    word.len() == 3 && word.bytes().all(|octet| octet.is_ascii_digit())
}

/// What one peer may take up in a report.
fn bounded(text: &str) -> &str {
    &text[..char_boundary(text, DIAGNOSTIC_OCTETS)]
}

/// More than servers say, and less than one that says it for each of 1,000 recipients would need to
/// fill a disk. A reply may have 64 KiB.
const DIAGNOSTIC_OCTETS: usize = 8_192;
