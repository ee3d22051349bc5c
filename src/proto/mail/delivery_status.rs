//! The `message/delivery-status` part of a report: what became of each recipient, for programs.
//!
//! Follows RFC 3464 §2. The reader takes what real servers write: fields in any order, comments
//! after a status, addresses in angle brackets, blocks with fields missing.
//!
//! Not modelled: `Original-Envelope-Id`, `DSN-Gateway`, `Final-Log-ID`, and types of addresses
//! other than `rfc822`, which are read as if they were.

use std::fmt;

use super::date::DateTime;
use super::decode::{decode_body, decode_words};
use super::encode::encode_field;
use super::header::Header;
use super::structure::Part;
use crate::proto::smtp::{EnhancedStatus, Reply};

/// A delivery status: the fields about the message, and those about each recipient.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliveryStatus {
    /// `Reporting-MTA`: the host that made the report.
    pub reporting_mta: String,
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
    /// `Original-Recipient`: the address as the sender knows it, where aliases changed it.
    pub original_recipient: Option<String>,
    /// `Final-Recipient`: the address at which it failed.
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
    /// `Will-Retry-Until`, for `delayed` alone.
    pub will_retry_until: Option<DateTime>,
}

/// What the reporting host did (RFC 3464 §2.3.3).
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

/// What a host said about a failure (RFC 3464 §2.3.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// In whose terms: `smtp` for a reply, `x-mxsim` for this server's own words.
    pub kind: String,
    /// The words. Of a reply, all lines in one.
    pub text: String,
}

impl Diagnostic {
    /// A peer's whole reply.
    pub fn smtp(reply: &Reply) -> Self {
        Diagnostic { kind: "smtp".to_owned(), text: reply.to_string() }
    }

    /// This server's own words.
    pub fn local(text: impl Into<String>) -> Self {
        Diagnostic { kind: "x-mxsim".to_owned(), text: text.into() }
    }
}

impl DeliveryStatus {
    /// The body of the part: a block of fields about the message, then one for each recipient.
    pub fn encode(&self) -> String {
        let mut body = typed("Reporting-MTA", "dns", Some(&self.reporting_mta));
        if let Some(queue_id) = &self.queue_id {
            body += &encode_field("X-Mxsim-Queue-ID", queue_id);
        }
        body += &typed("X-Mxsim-Sender", "rfc822", self.sender.as_deref());
        body += &date("Arrival-Date", self.arrival_date);
        for recipient in &self.recipients {
            body += "\r\n";
            body += &recipient.encode();
        }
        body
    }

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

    /// Reads the first delivery status in a message, in whichever part it is.
    pub fn find(message: &[u8]) -> Option<Self> {
        let root = Part::parse(message);
        let part = root.walk().find(|part| {
            part.content_type.is("message", "delivery-status")
                || part.content_type.is("message", "global-delivery-status")
        })?;
        Self::parse(&decode_body(&part.transfer_encoding, part.body_in(message)))
    }

    fn take_message_fields(&mut self, block: Header<'_>) {
        for field in block.fields() {
            let name = String::from_utf8_lossy(field.name()).to_ascii_lowercase();
            let text = field.text();
            if name == "reporting-mta" {
                self.reporting_mta = untyped(&text).to_owned();
            } else if name == "arrival-date" {
                self.arrival_date = DateTime::parse_rfc5322(field.raw_value());
            } else if name.starts_with("x-") && name.ends_with("-queue-id") {
                self.queue_id = Some(text.into_owned());
            } else if name.starts_with("x-") && name.ends_with("-sender") {
                self.sender = Some(address(&text));
            }
        }
    }
}

impl RecipientStatus {
    fn encode(&self) -> String {
        let mut block = typed("Final-Recipient", "rfc822", Some(&self.final_recipient));
        block += &typed("Original-Recipient", "rfc822", self.original_recipient.as_deref());
        block += &encode_field("Action", self.action.name());
        block += &encode_field("Status", &self.status.to_string());
        block += &typed("Remote-MTA", "dns", self.remote_mta.as_deref());
        if let Some(Diagnostic { kind, text }) = &self.diagnostic {
            block += &typed("Diagnostic-Code", kind, Some(text));
        }
        block += &date("Last-Attempt-Date", self.last_attempt);
        block += &date("Will-Retry-Until", self.will_retry_until);
        block
    }

    /// `None` where the block names no recipient or no known action: it is about the message.
    fn parse(block: Header<'_>) -> Option<Self> {
        let final_recipient = address(&block.text("Final-Recipient")?);
        // A comment may follow: `failed (expanded)`.
        let action = block.text("Action")?;
        let action = Action::parse(action.split([' ', '(']).next().unwrap_or_default())?;
        let status = block.text("Status");
        let status = status.as_deref().and_then(|text| text.split([' ', '(']).next());
        let date =
            |name| block.field(name).and_then(|field| DateTime::parse_rfc5322(field.raw_value()));
        Some(RecipientStatus {
            original_recipient: block.text("Original-Recipient").map(|text| address(&text)),
            final_recipient,
            action,
            status: status.and_then(|text| text.parse().ok()).unwrap_or(default_status(action)),
            remote_mta: block.text("Remote-MTA").map(|text| untyped(&text).to_owned()),
            diagnostic: block.text("Diagnostic-Code").map(|text| {
                let (kind, words) = text.split_once(';').unwrap_or(("", &text));
                // Many servers fold with several spaces, which say nothing.
                let words: Vec<&str> = words.split_whitespace().collect();
                let text = decode_words(words.join(" ").as_bytes());
                Diagnostic { kind: kind.trim().to_owned(), text }
            }),
            last_attempt: date("Last-Attempt-Date"),
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

/// `name: kind; value`; nothing where there is no value.
fn typed(name: &str, kind: &str, value: Option<&str>) -> String {
    value.map(|value| encode_field(name, &format!("{kind}; {value}"))).unwrap_or_default()
}

fn date(name: &str, value: Option<DateTime>) -> String {
    value.map(|value| encode_field(name, &value.to_string())).unwrap_or_default()
}

/// What follows the type of `dns; mx.example.com`.
fn untyped(value: &str) -> &str {
    value.split_once(';').map_or(value, |(_kind, value)| value).trim()
}

/// The address of `rfc822; <bob@example.com>`, without brackets.
fn address(value: &str) -> String {
    let address = untyped(value);
    let inner = address.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    inner.unwrap_or(address).to_owned()
}

const ACTIONS: [Action; 5] =
    [Action::Failed, Action::Delayed, Action::Delivered, Action::Relayed, Action::Expanded];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::UnixTime;
    use proptest::prelude::*;

    #[test]
    fn the_simple_report_of_rfc_3464_appendix_e1() {
        let message = b"Date: Thu, 7 Jul 1994 17:16:05 -0400\r\n\
            From: Mail Delivery Subsystem <MAILER-DAEMON@CS.UTK.EDU>\r\n\
            Message-Id: <199407072116.RAA14128@CS.UTK.EDU>\r\n\
            Subject: Returned mail: Cannot send message for 5 days\r\n\
            To: <owner-info-mime@cs.utk.edu>\r\n\
            MIME-Version: 1.0\r\n\
            Content-Type: multipart/report; report-type=delivery-status;\r\n      \
            boundary=\"RAA14128.773615765/CS.UTK.EDU\"\r\n\
            \r\n\
            --RAA14128.773615765/CS.UTK.EDU\r\n\
            \r\n\
            The original message was received at Sat, 2 Jul 1994 17:10:28 -0400\r\n\
            from root@localhost\r\n\
            \r\n   \
            ----- The following addresses had delivery problems -----\r\n\
            <louisl@larry.slip.umd.edu>  (unrecoverable error)\r\n\
            \r\n\
            --RAA14128.773615765/CS.UTK.EDU\r\n\
            content-type: message/delivery-status\r\n\
            \r\n\
            Reporting-MTA: dns; cs.utk.edu\r\n\
            \r\n\
            Original-Recipient: rfc822;louisl@larry.slip.umd.edu\r\n\
            Final-Recipient: rfc822;louisl@larry.slip.umd.edu\r\n\
            Action: failed\r\n\
            Status: 4.0.0\r\n\
            Diagnostic-Code: smtp; 426 connection timed out\r\n\
            Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400\r\n\
            \r\n\
            --RAA14128.773615765/CS.UTK.EDU\r\n\
            content-type: message/rfc822\r\n\
            \r\n\
            [original message goes here]\r\n\
            \r\n\
            --RAA14128.773615765/CS.UTK.EDU--\r\n";
        let status = DeliveryStatus::find(message).unwrap();
        assert_eq!(status.reporting_mta, "cs.utk.edu");
        let [recipient] = &status.recipients[..] else { panic!("{status:?}") };
        assert_eq!(recipient.final_recipient, "louisl@larry.slip.umd.edu");
        assert_eq!(recipient.original_recipient.as_deref(), Some("louisl@larry.slip.umd.edu"));
        assert_eq!(recipient.action, Action::Failed);
        assert_eq!(recipient.status, EnhancedStatus::new(4, 0, 0));
        let timed_out = "426 connection timed out".to_owned();
        let wanted = Diagnostic { kind: "smtp".to_owned(), text: timed_out };
        assert_eq!(recipient.diagnostic, Some(wanted));
        assert_eq!(recipient.last_attempt.map(DateTime::unix_time), Some(UnixTime(773_615_749)));
    }

    #[test]
    fn the_multi_recipient_report_of_rfc_3464_appendix_e2() {
        let body = b"Reporting-MTA: dns; cs.utk.edu\n\n\
            Original-Recipient: rfc822;arathib@vnet.ibm.com\n\
            Final-Recipient: rfc822;arathib@vnet.ibm.com\n\
            Action: failed\nStatus: 5.0.0 (permanent failure)\n\
            Diagnostic-Code: smtp;  550 'arathib@vnet.IBM.COM' is not a\n registered gateway user\n\
            Remote-MTA: dns; vnet.ibm.com\n\n\
            Original-Recipient: rfc822;johnh@hpnjld.njd.hp.com\n\
            Final-Recipient: rfc822;johnh@hpnjld.njd.hp.com\n\
            Action: delayed\nStatus: 4.0.0 (hpnjld.njd.jp.com: host name lookup failure)\n\n\
            Original-Recipient: rfc822;wsnell@sdcc13.ucsd.edu\n\
            Final-Recipient: rfc822;wsnell@sdcc13.ucsd.edu\n\
            Action: failed\nStatus: 5.0.0\n\
            Diagnostic-Code: smtp; 550 user unknown\nRemote-MTA: dns; sdcc13.ucsd.edu\n";
        let status = DeliveryStatus::parse(body).unwrap();
        let actions: Vec<Action> = status.recipients.iter().map(|one| one.action).collect();
        assert_eq!(actions, [Action::Failed, Action::Delayed, Action::Failed]);
        let first = &status.recipients[0];
        assert_eq!(first.status, EnhancedStatus::new(5, 0, 0));
        assert_eq!(first.remote_mta.as_deref(), Some("vnet.ibm.com"));
        let text = &first.diagnostic.as_ref().unwrap().text;
        assert_eq!(text, "550 'arathib@vnet.IBM.COM' is not a registered gateway user");
    }

    fn full() -> DeliveryStatus {
        let at = |secs: i64| Some(DateTime::utc(UnixTime(1_767_603_600 + secs)));
        let status = EnhancedStatus::new(4, 2, 2);
        let reply = Reply::new(
            452,
            status,
            "Mailbox full,\ntry again when the owner has come back and read it all",
        );
        DeliveryStatus {
            reporting_mta: "smtp.example.org".to_owned(),
            queue_id: Some("3F2A91C04B".to_owned()),
            sender: Some("alice@example.org".to_owned()),
            arrival_date: at(0),
            recipients: vec![
                RecipientStatus {
                    original_recipient: Some("bob@example.com".to_owned()),
                    final_recipient: "b.brown@example.net".to_owned(),
                    action: Action::Delayed,
                    status,
                    remote_mta: Some("mx.example.net".to_owned()),
                    diagnostic: Some(Diagnostic::smtp(&reply)),
                    last_attempt: at(300),
                    will_retry_until: at(432_000),
                },
                RecipientStatus {
                    original_recipient: None,
                    final_recipient: "carol@example.com".to_owned(),
                    action: Action::Failed,
                    status: EnhancedStatus::new(5, 4, 6),
                    remote_mta: None,
                    diagnostic: Some(Diagnostic::local(
                        "mail for exämple.com loops back to myself",
                    )),
                    last_attempt: None,
                    will_retry_until: None,
                },
            ],
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let status = full();
        let body = status.encode();
        assert_eq!(DeliveryStatus::parse(body.as_bytes()), Some(status));
        insta::assert_snapshot!(body.replace("\r\n", "\n"), @"
        Reporting-MTA: dns; smtp.example.org
        X-Mxsim-Queue-ID: 3F2A91C04B
        X-Mxsim-Sender: rfc822; alice@example.org
        Arrival-Date: Mon, 05 Jan 2026 09:00:00 +0000

        Final-Recipient: rfc822; b.brown@example.net
        Original-Recipient: rfc822; bob@example.com
        Action: delayed
        Status: 4.2.2
        Remote-MTA: dns; mx.example.net
        Diagnostic-Code: smtp; 452 4.2.2 Mailbox full, try again when the owner has
         come back and read it all
        Last-Attempt-Date: Mon, 05 Jan 2026 09:05:00 +0000
        Will-Retry-Until: Sat, 10 Jan 2026 09:00:00 +0000

        Final-Recipient: rfc822; carol@example.com
        Action: failed
        Status: 5.4.6
        Diagnostic-Code: x-mxsim; mail for =?utf-8?q?ex=C3=A4mple=2Ecom?= loops back
         to myself
        ");
    }

    #[test]
    fn what_reports_on_nobody_is_none() {
        assert_eq!(DeliveryStatus::parse(b""), None);
        assert_eq!(DeliveryStatus::parse(b"Reporting-MTA: dns; a\n\nAction: failed\n"), None);
        assert_eq!(DeliveryStatus::find(b"Subject: x\n\nAction: failed\n"), None);
        let bare =
            DeliveryStatus::parse(b"\n\nFinal-Recipient: <a@b>\nAction: Failed (x)\n").unwrap();
        assert_eq!(bare.recipients[0].status, EnhancedStatus::new(5, 0, 0));
        assert_eq!(bare.recipients[0].final_recipient, "a@b");
    }

    proptest! {
        #[test]
        fn no_octets_are_too_strange(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            DeliveryStatus::parse(&octets);
            DeliveryStatus::find(&octets);
        }
    }
}
