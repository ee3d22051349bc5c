//! Reading a delivery status, whoever wrote it.

use super::super::date::DateTime;
use super::super::decode::decode_words;
use super::super::header::Header;
use super::{Action, DeliveryStatus, Diagnostic, RecipientStatus, TypedAddress};
use crate::proto::smtp::EnhancedStatus;

impl DeliveryStatus {
    /// Reads the body of the part. `None` where it has no block about a recipient.
    ///
    /// A recipient without a readable `Status` gets `x.0.0` of the class that its action implies.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut status = DeliveryStatus::default();
        let mut rest = body;
        while !rest.is_empty() {
            let block = Header::new(rest);
            rest = &rest[block.octets().len()..];
            match RecipientStatus::parse(block) {
                Some(recipient) => status.recipients.push(recipient),
                None => status.take_message_fields(block),
            }
        }
        (!status.recipients.is_empty()).then_some(status)
    }

    fn take_message_fields(&mut self, block: Header<'_>) {
        for field in block.fields() {
            let name = String::from_utf8_lossy(field.name()).to_ascii_lowercase();
            let text = field.text();
            let host = || Some(untyped(&text).to_owned());
            match name.as_str() {
                "reporting-mta" => self.reporting_mta = untyped(&text).to_owned(),
                "dsn-gateway" => self.dsn_gateway = host(),
                "received-from-mta" => self.received_from_mta = host(),
                "original-envelope-id" => self.envelope_id = Some(text.into_owned()),
                "arrival-date" => {
                    self.arrival_date = DateTime::parse_rfc5322(field.raw_value());
                }
                name if name.starts_with("x-") && name.ends_with("-queue-id") => {
                    self.queue_id = Some(text.into_owned());
                }
                name if name.starts_with("x-") && name.ends_with("-sender") => {
                    self.sender = Some(typed_address(&text).address);
                }
                _ => {}
            }
        }
    }
}

impl RecipientStatus {
    /// `None` where the block names no recipient or no known action: it is about the message.
    fn parse(block: Header<'_>) -> Option<Self> {
        let final_recipient = typed_address(&block.text("Final-Recipient")?).address;
        // A comment may follow: `failed (expanded)`.
        let action = block.text("Action")?;
        let action = Action::parse(action.split([' ', '(']).next().unwrap_or_default())?;
        let status = block.text("Status");
        let status = status.as_deref().and_then(|text| text.split([' ', '(']).next());
        let date =
            |name| block.field(name).and_then(|field| DateTime::parse_rfc5322(field.raw_value()));
        Some(RecipientStatus {
            original_recipient: block.text("Original-Recipient").map(|text| typed_address(&text)),
            final_recipient,
            action,
            status: status.and_then(|text| text.parse().ok()).unwrap_or(default_status(action)),
            remote_mta: block.text("Remote-MTA").map(|text| untyped(&text).to_owned()),
            diagnostic: block.text("Diagnostic-Code").map(|text| diagnostic(&text)),
            last_attempt: date("Last-Attempt-Date"),
            final_log_id: block.text("Final-Log-ID").map(std::borrow::Cow::into_owned),
            will_retry_until: date("Will-Retry-Until"),
        })
    }
}

fn default_status(action: Action) -> EnhancedStatus {
    match action {
        Action::Failed => EnhancedStatus::new(5, 0, 0),
        Action::Delayed => EnhancedStatus::new(4, 0, 0),
        Action::Delivered | Action::Relayed | Action::Expanded => EnhancedStatus::new(2, 0, 0),
    }
}

fn diagnostic(value: &str) -> Diagnostic {
    let (kind, words) = value.split_once(';').unwrap_or(("", value));
    // Many servers fold with several spaces, which say nothing.
    let words: Vec<&str> = words.split_whitespace().collect();
    let text = decode_words(words.join(" ").as_bytes()).into_owned();
    Diagnostic { kind: kind.trim().to_owned(), text }
}

/// What follows the type of `dns; mx.example.com`.
fn untyped(value: &str) -> &str {
    value.split_once(';').map_or(value, |(_kind, value)| value).trim()
}

/// The address of `rfc822; <bob@example.com>`, without brackets. Without a type, it is `rfc822`.
fn typed_address(value: &str) -> TypedAddress {
    let (kind, address) = value.split_once(';').unwrap_or(("rfc822", value));
    let (kind, address) = (kind.trim().to_ascii_lowercase(), address.trim());
    let inner = address.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    let address = inner.unwrap_or(address);
    let address = if kind == "utf-8" { unitext(address) } else { address.to_owned() };
    TypedAddress { kind, address }
}

/// Decodes the `\x{20AC}` with which ASCII stands for UTF-8 in an address (RFC 6533 §3).
fn unitext(address: &str) -> String {
    let mut decoded = String::with_capacity(address.len());
    let mut rest = address;
    while let Some(start) = rest.find(r"\x{") {
        let after = &rest[start + 3..];
        let embedded = after.split_once('}').and_then(|(digits, after)| {
            let code = u32::from_str_radix(digits, 16).ok()?;
            Some((char::from_u32(code)?, after))
        });
        match embedded {
            Some((char, after)) => {
                decoded.push_str(&rest[..start]);
                decoded.push(char);
                rest = after;
            }
            None => {
                decoded.push_str(&rest[..start + 3]);
                rest = after;
            }
        }
    }
    decoded + rest
}
