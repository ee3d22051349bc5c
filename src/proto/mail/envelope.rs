//! The ENVELOPE of IMAP: what a list of messages shows of each.
//!
//! Follows RFC 3501 §7.4.2: the fields that it names, addresses taken apart, `Sender` and
//! `Reply-To` filled in from `From`.

use std::borrow::Cow;

use super::address::{Address, Mailbox, parse_addresses};
use super::header::{Field, Header};

/// The fields of an ENVELOPE, in the order in which IMAP sends them.
///
/// Texts are unfolded, and their encoded words are left as they are. Of a text that stands more
/// than once, the last counts; address lists are joined, so that nobody is shown another sender than
/// the one who was checked. Both as Dovecot does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Envelope<'a> {
    /// `Date`, as it is written.
    pub date: Option<Cow<'a, [u8]>>,
    /// `Subject`, with single spaces for all white space.
    pub subject: Option<Cow<'a, [u8]>>,
    /// `From`.
    pub from: Vec<Address>,
    sender: Vec<Address>,
    reply_to: Vec<Address>,
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
        envelope
    }

    /// `Sender`, or else the same as `From`.
    pub fn sender(&self) -> &[Address] {
        if self.sender.is_empty() { &self.from } else { &self.sender }
    }

    /// `Reply-To`, or else the same as `From`.
    pub fn reply_to(&self) -> &[Address] {
        if self.reply_to.is_empty() { &self.from } else { &self.reply_to }
    }

    fn take(&mut self, field: Field<'a>) {
        // Most fields are none of these, and their names are of other lengths.
        let list = match field.name().len() {
            2 if field.is("To") => &mut self.to,
            2 if field.is("Cc") => &mut self.cc,
            3 if field.is("Bcc") => &mut self.bcc,
            4 if field.is("From") => &mut self.from,
            6 if field.is("Sender") => &mut self.sender,
            8 if field.is("Reply-To") => &mut self.reply_to,
            4 if field.is("Date") => return self.date = Some(one_line(field)),
            7 if field.is("Subject") => return self.subject = Some(spaced(one_line(field))),
            10 if field.is("Message-ID") => return self.message_id = Some(one_line(field)),
            11 if field.is("In-Reply-To") => return self.in_reply_to = Some(one_line(field)),
            _ => return,
        };
        list.append(&mut parse_addresses(field.raw_value()));
    }
}

/// The value unfolded, with a space for the tab that may have folded it.
fn one_line(field: Field<'_>) -> Cow<'_, [u8]> {
    let value = field.raw_value().trim_ascii();
    if memchr::memchr(b'\n', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut line = Vec::with_capacity(value.len());
    for folded in value.split(|&octet| octet == b'\n') {
        let folded = folded.strip_suffix(b"\r").unwrap_or(folded);
        match folded.strip_prefix(b"\t") {
            Some(rest) if !line.is_empty() => {
                line.push(b' ');
                line.extend_from_slice(rest);
            }
            _ => line.extend_from_slice(folded),
        }
    }
    Cow::Owned(line)
}

/// With one space for each stretch of spaces and tabs.
pub(crate) fn spaced(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let is_spaced = |text: &[u8]| {
        let mut before = 0;
        text.iter().all(|&octet| {
            let single = octet != b'\t' && (octet != b' ' || before != b' ');
            before = octet;
            single
        })
    };
    if is_spaced(&text) {
        return text;
    }
    let mut words = Vec::with_capacity(text.len());
    for word in text.split(|octet| matches!(octet, b' ' | b'\t')).filter(|word| !word.is_empty()) {
        if !words.is_empty() {
            words.push(b' ');
        }
        words.extend_from_slice(word);
    }
    Cow::Owned(words)
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
        assert_eq!(show(envelope.sender()), gray);
        assert_eq!(show(envelope.reply_to()), gray);
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
        assert_eq!(envelope.subject.as_deref(), Some(&b"2"[..]));
    }

    #[test]
    fn fields_that_are_empty_or_stand_twice() {
        let octets = b"From: a@x.example\nTo: b@x.example\nFROM: c@x.example\nTo:\nto: g:;\n\
            Sender:\nReply-To: \nSubject:\nDate: \nMessage-ID:\n\n";
        let envelope = Envelope::parse(Message::parse(octets).header());
        let both = r#"(NIL NIL "a" "x.example")(NIL NIL "c" "x.example")"#;
        assert_eq!(show(&envelope.from), both);
        assert_eq!(show(envelope.sender()), both);
        assert_eq!(show(envelope.reply_to()), both);
        assert_eq!(
            show(&envelope.to),
            r#"(NIL NIL "b" "x.example")(NIL NIL "g" NIL)(NIL NIL NIL NIL)"#
        );
        assert_eq!(envelope.subject.as_deref(), Some(&b""[..]));
        assert_eq!(envelope.message_id.as_deref(), Some(&b""[..]));
        assert_eq!(envelope.in_reply_to, None);
    }

    #[test]
    fn texts_are_unfolded() {
        let octets =
            b"Subject: a  b\r\n\t  c \t \r\nIn-Reply-To:\r\n <1@x>\r\n\t<2@x>\r\n  <3@x>\r\n\
            Date: Mon,\t1 Jan\r\n\r\n";
        let envelope = Envelope::parse(Message::parse(octets).header());
        assert_eq!(envelope.subject.as_deref(), Some(&b"a b c"[..]));
        assert_eq!(envelope.in_reply_to.as_deref(), Some(&b"<1@x> <2@x>  <3@x>"[..]));
        assert_eq!(envelope.date.as_deref(), Some(&b"Mon,\t1 Jan"[..]));
    }
}
