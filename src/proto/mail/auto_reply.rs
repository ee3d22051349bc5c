//! Automatic replies: "I am away", and when to say it.
//!
//! Follows RFC 3834. The reply is for the reverse-path of the message and goes out with the null
//! reverse-path (§3.1.8, §3.3), which is the caller's to set, as is the rule that one sender gets
//! one reply in so many days (§2).

use std::fmt;

use bytes::Bytes;

use super::address::{Mailbox, parse_mailboxes};
use super::compose::Draft;
use super::date::DateTime;
use super::decode::decode_words;
use super::header::Header;

/// Why no automatic reply may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoReply {
    /// The reverse-path is null: the message is a report or a reply itself.
    NullReversePath,
    /// The reverse-path is a program's: `MAILER-DAEMON`, `owner-...`, `...-request`.
    SystemAddress,
    /// The message is from the one who would reply.
    OwnAddress,
    /// `Auto-Submitted` says that no person sent it.
    AutoSubmitted,
    /// A mailing list has distributed it.
    MailingList,
    /// `Precedence` is `bulk`, `junk` or `list`.
    Precedence,
    /// None of the owner's addresses is in `To` or `Cc`.
    NotAddressed,
}

/// Says why, in words.
impl fmt::Display for NoReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoReply::NullReversePath => "null reverse-path",
            NoReply::SystemAddress => "the sender is a program",
            NoReply::OwnAddress => "the sender is the owner",
            NoReply::AutoSubmitted => "the message is automatic",
            NoReply::MailingList => "the message is from a mailing list",
            NoReply::Precedence => "the message is bulk mail",
            NoReply::NotAddressed => "the owner is in neither To nor Cc",
        })
    }
}

/// Whether an automatic reply to a message may be sent (RFC 3834 §2).
///
/// `reverse_path` has no angle brackets; null is `None` or empty. `own_addresses` are those of the
/// owner of the mailbox, compared without case; where there are none, it does not matter whom the
/// message is addressed to, as for a responder that stands for a service.
///
/// # Errors
///
/// The first reason against it.
pub fn should_reply(
    header: Header<'_>,
    reverse_path: Option<&str>,
    own_addresses: &[&str],
) -> Result<(), NoReply> {
    let sender = reverse_path.filter(|path| !path.is_empty()).ok_or(NoReply::NullReversePath)?;
    let refuse = |refused: bool, reason| if refused { Err(reason) } else { Ok(()) };
    let is_own = |address: &str| own_addresses.iter().any(|own| own.eq_ignore_ascii_case(address));
    refuse(is_system_address(sender), NoReply::SystemAddress)?;
    refuse(is_own(sender), NoReply::OwnAddress)?;
    refuse(is_auto_submitted(header), NoReply::AutoSubmitted)?;
    // The fields of RFC 2369 and RFC 2919.
    let is_list =
        |name: &[u8]| name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"list-"));
    refuse(header.fields().any(|field| is_list(field.name())), NoReply::MailingList)?;
    let precedence = header.text("Precedence").unwrap_or_default();
    let is_bulk = ["bulk", "junk", "list"].iter().any(|word| precedence.eq_ignore_ascii_case(word));
    refuse(is_bulk, NoReply::Precedence)?;
    let is_addressed = ["To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc"]
        .iter()
        .flat_map(|name| header.all(name))
        .flat_map(|field| parse_mailboxes(field.raw_value()))
        .any(|mailbox| is_own(&mailbox.address()));
    refuse(!own_addresses.is_empty() && !is_addressed, NoReply::NotAddressed)
}

fn is_system_address(address: &str) -> bool {
    let local_part = address.rsplit_once('@').map_or(address, |(local_part, _)| local_part);
    let local_part = local_part.to_ascii_lowercase();
    local_part == "mailer-daemon"
        || local_part.starts_with("owner-")
        || local_part.ends_with("-request")
}

/// Anything but `no` (RFC 3834 §5), to which parameters and comments may be added.
fn is_auto_submitted(header: Header<'_>) -> bool {
    header.text("Auto-Submitted").is_some_and(|value| {
        let word = value.split([';', '(', ' ']).next().unwrap_or_default();
        !word.eq_ignore_ascii_case("no")
    })
}

/// An automatic reply. [`AutoReply::compose`] writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoReply<'a> {
    /// The owner of the mailbox, or the service.
    pub from: Mailbox,
    /// To whom: the reverse-path of the message, without angle brackets (RFC 3834 §4).
    pub to: &'a str,
    /// The subject; where there is none, `Auto: ` and the subject of the message (§3.1.5).
    pub subject: Option<&'a str>,
    /// What it says.
    pub text: &'a str,
    /// When it is written.
    pub date: DateTime,
    /// `local@domain`, without angle brackets.
    pub message_id: &'a str,
    /// Whether octets above 127 may go as they are.
    pub allow_8bit: bool,
}

impl AutoReply<'_> {
    /// The octets of the reply to the message with that header.
    pub fn compose(&self, header: Header<'_>) -> Bytes {
        let mut extra = vec![("Auto-Submitted".to_owned(), "auto-replied".to_owned())];
        if let Some(message_id) = message_ids(header, "Message-ID").into_iter().next() {
            let mut references = references(header);
            references.push(message_id.clone());
            extra.push(("In-Reply-To".to_owned(), message_id));
            extra.push(("References".to_owned(), references.join(" ")));
        }
        let subject = match self.subject {
            Some(subject) => subject.to_owned(),
            None => format!("Auto: {}", decode_words(&header.value("Subject").unwrap_or_default())),
        };
        let draft = Draft {
            from: self.from.clone(),
            to: vec![Mailbox::new(None, self.to)],
            cc: Vec::new(),
            subject,
            date: self.date,
            message_id: self.message_id.to_owned(),
            extra,
            text: self.text.to_owned(),
            allow_8bit: self.allow_8bit,
            attachments: Vec::new(),
            boundary: String::new(),
        };
        draft.compose()
    }
}

/// The references of the message, or else whom it replies to (RFC 5322 §3.6.4); of many, the
/// first, which began the thread, and the last ones.
fn references(header: Header<'_>) -> Vec<String> {
    let mut ids = message_ids(header, "References");
    if ids.is_empty() {
        ids = message_ids(header, "In-Reply-To");
        // Several would be several threads.
        ids.truncate(if ids.len() == 1 { 1 } else { 0 });
    }
    if ids.len() > MAX_REFERENCES {
        ids.drain(1..=ids.len() - MAX_REFERENCES);
    }
    ids
}

/// The `<...>` in a field. One that is too long for a line is none.
fn message_ids(header: Header<'_>, name: &str) -> Vec<String> {
    let value = header.text(name).unwrap_or_default();
    let ids = value.split_whitespace().filter(|word| {
        word.starts_with('<') && word.ends_with('>') && word.is_ascii() && word.len() <= 900
    });
    ids.map(str::to_owned).collect()
}

/// How many references a reply carries on.
const MAX_REFERENCES: usize = 20;

#[cfg(test)]
mod tests {
    use super::super::header::Message;
    use super::*;
    use crate::engine::UnixTime;
    use proptest::prelude::*;

    fn check(fields: &str, reverse_path: &str, wanted: Result<(), NoReply>) {
        let octets = format!("To: Bob <bob@example.com>\r\n{fields}\r\n");
        let header = Message::parse(octets.as_bytes()).header();
        assert_eq!(
            should_reply(header, Some(reverse_path), &["BOB@example.com"]),
            wanted,
            "{fields}"
        );
    }

    #[test]
    fn people_get_replies() {
        check("", "alice@example.org", Ok(()));
        check("Auto-Submitted: No (really)\r\n", "alice@example.org", Ok(()));
        check("Precedence: first-class\r\n", "requests@example.org", Ok(()));
    }

    #[test]
    fn programs_get_none() {
        check("", "", Err(NoReply::NullReversePath));
        check("", "Mailer-Daemon@example.org", Err(NoReply::SystemAddress));
        check("", "owner-list@example.org", Err(NoReply::SystemAddress));
        check("", "list-request@example.org", Err(NoReply::SystemAddress));
        check("", "bob@EXAMPLE.com", Err(NoReply::OwnAddress));
        check("auto-submitted: auto-replied\r\n", "a@example.org", Err(NoReply::AutoSubmitted));
        check(
            "Auto-Submitted: auto-generated; x=y\r\n",
            "a@example.org",
            Err(NoReply::AutoSubmitted),
        );
        check("List-Id: <l.example.org>\r\n", "a@example.org", Err(NoReply::MailingList));
        check("Precedence: BULK\r\n", "a@example.org", Err(NoReply::Precedence));
    }

    #[test]
    fn only_whom_the_message_addresses_replies() {
        let header = Message::parse(b"To: team:eve@example.com,carol@example.com;\n\n").header();
        let reply = |own: &[&str]| should_reply(header, Some("alice@example.org"), own);
        assert_eq!(reply(&["bob@example.com"]), Err(NoReply::NotAddressed));
        assert_eq!(reply(&["bob@example.com", "carol@example.com"]), Ok(()));
        assert_eq!(reply(&[]), Ok(()));
        assert_eq!(should_reply(header, None, &[]), Err(NoReply::NullReversePath));
    }

    #[test]
    fn a_reply_belongs_to_the_thread() {
        let octets = b"From: Alice <alice@example.org>\r\n\
            Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\
            Message-ID: <3@example.org>\r\n\
            References: <1@example.org>\r\n <2@example.com>\r\n\r\nHi\r\n";
        let reply = AutoReply {
            from: Mailbox::new(Some("Bob Brown"), "bob@example.com"),
            to: "alice@example.org",
            subject: None,
            text: "I am away until Monday.",
            date: DateTime::utc(UnixTime(1_767_603_600)),
            message_id: "4@example.com",
            allow_8bit: false,
        };
        let composed = reply.compose(Message::parse(octets).header());
        assert_eq!(
            should_reply(Message::parse(&composed).header(), Some("bob@example.com"), &[]),
            Err(NoReply::AutoSubmitted)
        );
        let text = String::from_utf8(composed.to_vec()).unwrap();
        insta::assert_snapshot!(text.replace("\r\n", "\n"), @"
        Date: Mon, 05 Jan 2026 09:00:00 +0000
        From: Bob Brown <bob@example.com>
        To: alice@example.org
        Subject: Auto: =?utf-8?b?R3LDvMOfZQ==?=
        Message-ID: <4@example.com>
        Auto-Submitted: auto-replied
        In-Reply-To: <3@example.org>
        References: <1@example.org> <2@example.com> <3@example.org>
        MIME-Version: 1.0
        Content-Type: text/plain; charset=us-ascii
        Content-Transfer-Encoding: 7bit

        I am away until Monday.
        ");
    }

    #[test]
    fn long_threads_keep_their_ends() {
        let ids: Vec<String> = (0..100).map(|number| format!("<{number}@example.org>")).collect();
        let octets = format!("References: {}\n\n", ids.join("\n "));
        let kept = references(Message::parse(octets.as_bytes()).header());
        assert_eq!(kept.len(), MAX_REFERENCES);
        assert_eq!((kept[0].as_str(), kept[1].as_str()), ("<0@example.org>", "<81@example.org>"));
    }

    proptest! {
        #[test]
        fn no_octets_are_too_strange(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let header = Message::parse(&octets).header();
            let _ = should_reply(header, Some("alice@example.org"), &["bob@example.com"]);
        }
    }
}
