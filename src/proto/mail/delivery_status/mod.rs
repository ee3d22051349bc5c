//! The `message/delivery-status` part of a report: what became of each recipient, for programs.
//!
//! Follows RFC 3464 §2 and, where an address is not ASCII, RFC 6533 §3 (then the part is a
//! `message/global-delivery-status` and holds UTF-8). The reader takes what real servers write:
//! fields in any order, comments after a status, addresses in angle brackets, blocks with fields
//! missing.
//!
//! Not modelled: types of host names other than `dns`, which are read as if they were that.

use std::fmt;

use super::date::DateTime;
use super::decode::decode_body;
use super::structure::Part;
use crate::proto::smtp::{EnhancedStatus, Reply};

mod parse;
mod write;

#[cfg(test)]
mod tests;

/// A delivery status: the fields about the message, and those about each recipient.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliveryStatus {
    /// `Reporting-MTA`: the host that made the report.
    pub reporting_mta: String,
    /// `DSN-Gateway`: the host that made the report out of a foreign one.
    pub dsn_gateway: Option<String>,
    /// `Received-From-MTA`: the host that the message came from.
    pub received_from_mta: Option<String>,
    /// `Original-Envelope-Id`: the sender's name for the transaction, as `ENVID` had it before it
    /// was put into xtext (RFC 3461 §4.4).
    pub envelope_id: Option<String>,
    /// `X-Mxsim-Queue-ID`, or that of another server's make: the message's id on that host.
    pub queue_id: Option<String>,
    /// `X-Mxsim-Sender`, or that of another server's make: the message's reverse-path.
    pub sender: Option<String>,
    /// `Arrival-Date`: when the host received the message.
    pub arrival_date: Option<DateTime>,
    /// The recipients that are reported on.
    pub recipients: Vec<RecipientStatus>,
}

/// What became of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientStatus {
    /// `Original-Recipient`: the address as the sender knows it: out of `ORCPT`, or the one before
    /// aliases changed it.
    pub original_recipient: Option<TypedAddress>,
    /// `Final-Recipient`: the address at which it came to its end here.
    pub final_recipient: String,
    /// `Action`.
    pub action: Action,
    /// `Status`.
    pub status: EnhancedStatus,
    /// `Remote-MTA`: the host that decided, where it was another than the reporting one.
    pub remote_mta: Option<String>,
    /// `Diagnostic-Code`: what that host said.
    pub diagnostic: Option<Diagnostic>,
    /// `Last-Attempt-Date`.
    pub last_attempt: Option<DateTime>,
    /// `Final-Log-ID`: the name under which the deciding host's log has it.
    pub final_log_id: Option<String>,
    /// `Will-Retry-Until`, for `delayed` alone.
    pub will_retry_until: Option<DateTime>,
}

/// An address and the type that says how to read it: `rfc822; bob@example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedAddress {
    /// `rfc822`, `utf-8` (RFC 6533) or another type that the sender used in `ORCPT`.
    pub kind: String,
    /// The address, decoded.
    pub address: String,
}

/// What the reporting host did (RFC 3464 §2.3.3), the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Gave up.
    Failed,
    /// Has not yet managed, and goes on.
    Delayed,
    /// Put it into the mailbox.
    Delivered,
    /// Handed it to a host that makes no reports of success.
    Relayed,
    /// Handed it on to several addresses.
    Expanded,
}

/// What a host said about a recipient (RFC 3464 §2.3.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// In whose terms: `smtp` for a reply, `x-mxsim` for this server's own words.
    pub kind: String,
    /// The words. Of a reply, all lines with their codes, and a space between them.
    pub text: String,
}

impl DeliveryStatus {
    /// Reads the first delivery status in a message, in whichever part it is.
    pub fn find(message: &[u8]) -> Option<Self> {
        let root = Part::parse(message);
        let part = root.walk().find(|part| {
            part.content_type.is("message", "delivery-status")
                || part.content_type.is("message", "global-delivery-status")
        })?;
        Self::parse(&decode_body(&part.transfer_encoding, part.body_in(message)))
    }

    /// Whether an address is not ASCII, so that the forms of RFC 6533 are needed.
    pub fn is_international(&self) -> bool {
        let addresses = self.recipients.iter().flat_map(|recipient| {
            let original = recipient.original_recipient.as_ref();
            let original = original.map(|original| original.address.as_str());
            original.into_iter().chain([recipient.final_recipient.as_str()])
        });
        addresses.chain(self.sender.as_deref()).any(|address| !address.is_ascii())
    }

    /// The subtype of `message` that the part has: `delivery-status` or `global-delivery-status`.
    pub fn subtype(&self) -> &'static str {
        if self.is_international() { "global-delivery-status" } else { "delivery-status" }
    }
}

impl TypedAddress {
    /// An address of Internet mail: of type `utf-8` where it is not ASCII, else `rfc822`.
    pub fn new(address: impl Into<String>) -> Self {
        let address = address.into();
        TypedAddress { kind: address_kind(&address).to_owned(), address }
    }
}

/// The type of an address of Internet mail (RFC 3461 §9.1, RFC 6533 §3).
fn address_kind(address: &str) -> &'static str {
    if address.is_ascii() { "rfc822" } else { "utf-8" }
}

impl Action {
    /// The action of that name, whatever its case.
    pub fn parse(name: &str) -> Option<Self> {
        ACTIONS.into_iter().find(|action| action.name().eq_ignore_ascii_case(name))
    }

    /// The name in the field.
    pub fn name(self) -> &'static str {
        match self {
            Action::Failed => "failed",
            Action::Delayed => "delayed",
            Action::Delivered => "delivered",
            Action::Relayed => "relayed",
            Action::Expanded => "expanded",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Diagnostic {
    /// A peer's whole reply: each line with its code, as RFC 3461 §9.2 wants it.
    pub fn smtp(reply: &Reply) -> Self {
        let mut wire = String::new();
        reply.encode(&mut wire).expect("a String takes all");
        Diagnostic { kind: "smtp".to_owned(), text: wire.trim_end().replace("\r\n", " ") }
    }

    /// This server's own words.
    pub fn local(text: impl Into<String>) -> Self {
        Diagnostic { kind: "x-mxsim".to_owned(), text: text.into() }
    }
}

const ACTIONS: [Action; 5] =
    [Action::Failed, Action::Delayed, Action::Delivered, Action::Relayed, Action::Expanded];
