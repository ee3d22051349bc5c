//! The ENVELOPE of IMAP: what a list of messages shows of each.
//!
//! Follows RFC 3501 §7.4.2: the fields that it names, addresses taken apart, `Sender` and
//! `Reply-To` filled in from `From`.

use std::borrow::Cow;

use super::address::{Address, Mailbox, parse_addresses};
use super::header::{Field, Header};

/// The fields of an ENVELOPE, in the order in which IMAP sends them.
///
/// Texts are unfolded, and their encoded words are left as they are. A field that stands more than
/// once counts where it stands first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Envelope<'a> {
    /// `Date`, as it is written.
    pub date: Option<Cow<'a, [u8]>>,
    /// `Subject`.
    pub subject: Option<Cow<'a, [u8]>>,
    /// `From`.
    pub from: Vec<Address>,
    /// `Sender`, or else the same as `From`.
    pub sender: Vec<Address>,
    /// `Reply-To`, or else the same as `From`.
    pub reply_to: Vec<Address>,
    /// `To`.
    pub to: Vec<Address>,
    /// `Cc`.
    pub cc: Vec<Address>,
    /// `Bcc`.
    pub bcc: Vec<Address>,
    /// `In-Reply-To`.
    pub in_reply_to: Option<Cow<'a, [u8]>>,
    /// `Message-ID`.
    pub message_id: Option<Cow<'a, [u8]>>,
}

impl<'a> Envelope<'a> {
    /// Reads the envelope out of a header.
    pub fn parse(header: Header<'a>) -> Self {
        let mut envelope = Envelope::default();
        for field in header.fields() {
            envelope.take(field);
        }
        if envelope.sender.is_empty() {
            envelope.sender.clone_from(&envelope.from);
        }
        if envelope.reply_to.is_empty() {
            envelope.reply_to.clone_from(&envelope.from);
        }
        envelope
    }

    fn take(&mut self, field: Field<'a>) {
        let texts = [
            ("Date", &mut self.date),
            ("Subject", &mut self.subject),
            ("In-Reply-To", &mut self.in_reply_to),
            ("Message-ID", &mut self.message_id),
        ];
        for (name, slot) in texts {
            if slot.is_none() && field.is(name) {
                *slot = Some(field.value());
            }
        }
        let lists = [
            ("From", &mut self.from),
            ("Sender", &mut self.sender),
            ("Reply-To", &mut self.reply_to),
            ("To", &mut self.to),
            ("Cc", &mut self.cc),
            ("Bcc", &mut self.bcc),
        ];
        for (name, slot) in lists {
            if slot.is_empty() && field.is(name) {
                *slot = parse_addresses(field.raw_value());
            }
        }
    }
}

/// One `address` of RFC 3501 §9; NIL is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EnvelopeAddress<'a> {
    /// The display name.
    pub name: Option<&'a [u8]>,
    /// The source route.
    pub adl: Option<&'a [u8]>,
    /// The local part, or the name of a group that begins here.
    pub mailbox: Option<&'a [u8]>,
    /// The domain; NIL says that a group begins or ends.
    pub host: Option<&'a [u8]>,
}

/// A list as IMAP sends it: groups as a start, their members, and an end.
///
/// Missing domains and local parts cannot be NIL, which would say that a group begins; they get
/// the words that Dovecot uses.
pub fn envelope_addresses(list: &[Address]) -> impl Iterator<Item = EnvelopeAddress<'_>> {
    list.iter().flat_map(|address| {
        let (start, members, end) = match address {
            Address::Mailbox(mailbox) => (None, std::slice::from_ref(mailbox), None),
            Address::Group { name, members } => {
                let start = EnvelopeAddress { mailbox: Some(name), ..EnvelopeAddress::default() };
                (Some(start), members.as_slice(), Some(EnvelopeAddress::default()))
            }
        };
        start.into_iter().chain(members.iter().map(envelope_address)).chain(end)
    })
}

fn envelope_address<'m>(mailbox: &'m Mailbox) -> EnvelopeAddress<'m> {
    let or_word = |part: &'m [u8], word: &'static [u8]| if part.is_empty() { word } else { part };
    EnvelopeAddress {
        name: mailbox.name.as_deref(),
        adl: mailbox.route.as_deref(),
        mailbox: Some(or_word(&mailbox.local_part, b"MISSING_MAILBOX")),
        host: Some(or_word(&mailbox.domain, b"MISSING_DOMAIN")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::mail::Message;

    fn show(list: &[Address]) -> String {
        let nil = |part: Option<&[u8]>| match part {
            None => "NIL".to_owned(),
            Some(part) => format!("{:?}", String::from_utf8_lossy(part)),
        };
        let rows: Vec<String> = envelope_addresses(list)
            .map(|row| {
                format!(
                    "({} {} {} {})",
                    nil(row.name),
                    nil(row.adl),
                    nil(row.mailbox),
                    nil(row.host)
                )
            })
            .collect();
        rows.concat()
    }

    #[test]
    fn the_envelope_of_rfc_3501_section_8() {
        let octets = b"Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n\
            From: Terry Gray <gray@cac.washington.edu>\r\n\
            Subject: IMAP4rev1 WG mtg summary and minutes\r\n\
            To: imap@cac.washington.edu\r\n\
            cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n\
            Message-Id: <B27397-0100000@cac.washington.edu>\r\n\r\n";
        let envelope = Envelope::parse(Message::parse(octets).header());
        assert_eq!(envelope.date.as_deref(), Some(&b"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)"[..]));
        let gray = r#"("Terry Gray" NIL "gray" "cac.washington.edu")"#;
        assert_eq!(show(&envelope.from), gray);
        assert_eq!(show(&envelope.sender), gray);
        assert_eq!(show(&envelope.reply_to), gray);
        assert_eq!(show(&envelope.to), r#"(NIL NIL "imap" "cac.washington.edu")"#);
        assert_eq!(
            show(&envelope.cc),
            r#"(NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")"#
        );
        assert_eq!(envelope.bcc, []);
        assert_eq!(envelope.in_reply_to, None);
        assert_eq!(
            envelope.message_id.as_deref(),
            Some(&b"<B27397-0100000@cac.washington.edu>"[..])
        );
    }

    #[test]
    fn groups_and_missing_domains() {
        let octets = b"From: daemon\nTo: A: b@c.example;, x\nSubject: 1\nSubject: 2\n\n";
        let envelope = Envelope::parse(Message::parse(octets).header());
        assert_eq!(show(&envelope.from), r#"(NIL NIL "daemon" "MISSING_DOMAIN")"#);
        assert_eq!(
            show(&envelope.to),
            r#"(NIL NIL "A" NIL)(NIL NIL "b" "c.example")(NIL NIL NIL NIL)(NIL NIL "x" "MISSING_DOMAIN")"#
        );
        assert_eq!(envelope.subject.as_deref(), Some(&b"1"[..]));
    }
}
