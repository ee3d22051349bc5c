//! ENVELOPE, BODY and BODYSTRUCTURE in FETCH responses (RFC 3501 §7.4.2).

use super::response::{nstring, string, write};
use crate::proto::Outbox;
use crate::proto::mail::{
    Address, Content, Disposition, Envelope, Header, Parameters, Part, envelope_addresses,
};

/// Writes the ENVELOPE of a header.
pub(super) fn envelope<E>(out: &mut Outbox<E>, header: Header<'_>) {
    let envelope = Envelope::parse(header);
    out.send("(");
    nstring(out, envelope.date.as_deref());
    out.send(" ");
    nstring(out, envelope.subject.as_deref());
    let lists = [
        &envelope.from,
        &envelope.sender,
        &envelope.reply_to,
        &envelope.to,
        &envelope.cc,
        &envelope.bcc,
    ];
    for list in lists {
        out.send(" ");
        addresses(out, list);
    }
    out.send(" ");
    nstring(out, envelope.in_reply_to.as_deref());
    out.send(" ");
    nstring(out, envelope.message_id.as_deref());
    out.send(")");
}

fn addresses<E>(out: &mut Outbox<E>, list: &[Address]) {
    let mut none = true;
    for address in envelope_addresses(list) {
        out.send(if none { "((" } else { "(" });
        none = false;
        nstring(out, address.name);
        for part in [address.adl, address.mailbox, address.host] {
            out.send(" ");
            nstring(out, part);
        }
        out.send(")");
    }
    out.send(if none { "NIL" } else { ")" });
}

/// Writes the structure of a part of `message`: BODYSTRUCTURE, or BODY without `extension` data.
///
/// Recursion is bounded by the depth to which structures are scanned.
pub(super) fn body<E>(out: &mut Outbox<E>, part: &Part, message: &[u8], extension: bool) {
    out.send("(");
    if let Content::Multipart(parts) = &part.content {
        parts.iter().for_each(|part| body(out, part, message, extension));
        out.send(" ");
        string(out, part.content_type.subtype.as_bytes());
        if extension {
            out.send(" ");
            parameters(out, &part.content_type.parameters);
        }
    } else {
        single_part(out, part, message, extension);
        if extension {
            out.send(" ");
            nstring(out, part.md5.as_deref());
        }
    }
    if extension {
        out.send(" ");
        disposition(out, part.disposition.as_ref());
        out.send(" ");
        language(out, &part.language);
        out.send(" ");
        nstring(out, part.location.as_deref());
    }
    out.send(")");
}

/// `body-fields`, and what messages and texts have besides.
fn single_part<E>(out: &mut Outbox<E>, part: &Part, message: &[u8], extension: bool) {
    string(out, part.content_type.kind.as_bytes());
    out.send(" ");
    string(out, part.content_type.subtype.as_bytes());
    out.send(" ");
    parameters(out, &part.content_type.parameters);
    out.send(" ");
    nstring(out, part.id.as_deref());
    out.send(" ");
    nstring(out, part.description.as_deref());
    out.send(" ");
    string(out, part.transfer_encoding.as_bytes());
    write(out, format_args!(" {}", part.body.len()));
    if let Content::Message(inner) = &part.content {
        out.send(" ");
        envelope(out, inner.header_in(message));
        out.send(" ");
        body(out, inner, message, extension);
        write(out, format_args!(" {}", part.lines));
    } else if part.content_type.is_kind("text") {
        write(out, format_args!(" {}", part.lines));
    }
}

fn parameters<E>(out: &mut Outbox<E>, Parameters(all): &Parameters) {
    let mut before = "(";
    for parameter in all {
        out.send(before);
        string(out, parameter.name.as_bytes());
        out.send(" ");
        string(out, &parameter.value);
        before = " ";
    }
    out.send(if all.is_empty() { "NIL" } else { ")" });
}

fn disposition<E>(out: &mut Outbox<E>, disposition: Option<&Disposition>) {
    match disposition {
        None => out.send("NIL"),
        Some(disposition) => {
            out.send("(");
            string(out, disposition.kind.as_bytes());
            out.send(" ");
            parameters(out, &disposition.parameters);
            out.send(")");
        }
    }
}

fn language<E>(out: &mut Outbox<E>, tags: &[Vec<u8>]) {
    match tags {
        [] => out.send("NIL"),
        [tag] => string(out, tag),
        tags => {
            for (place, tag) in tags.iter().enumerate() {
                out.send(if place == 0 { "(" } else { " " });
                string(out, tag);
            }
            out.send(")");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::Output;
    use crate::proto::mail::Message;

    fn written(write: impl FnOnce(&mut Outbox<()>)) -> String {
        let mut out = Outbox::new();
        write(&mut out);
        let octets = |output| match output {
            Output::Send(octets) => octets,
            other => panic!("{other:?}"),
        };
        String::from_utf8(out.drain().flat_map(octets).collect()).unwrap()
    }

    /// The message to which RFC 3501 §8 refers, as far as its ENVELOPE tells.
    const SAMPLE: &str = "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n\
        From: Terry Gray <gray@cac.washington.edu>\r\n\
        Subject: IMAP4rev1 WG mtg summary and minutes\r\n\
        To: imap@cac.washington.edu\r\n\
        cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n\
        Message-Id: <B27397-0100000@cac.washington.edu>\r\n\
        MIME-Version: 1.0\r\n\
        Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\
        \r\n";

    #[test]
    fn the_envelope_of_rfc_3501_section_8() {
        let header = Message::parse(SAMPLE.as_bytes()).header();
        assert_eq!(
            written(|out| envelope(out, header)),
            "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \
             \"IMAP4rev1 WG mtg summary and minutes\" \
             ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
             ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
             ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
             ((NIL NIL \"imap\" \"cac.washington.edu\")) \
             ((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")\
             (\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) NIL NIL \
             \"<B27397-0100000@cac.washington.edu>\")"
        );
        let structure = Part::parse(SAMPLE.as_bytes());
        assert_eq!(
            written(|out| body(out, &structure, SAMPLE.as_bytes(), false)),
            "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 0 0)"
        );
    }

    #[test]
    fn a_multipart_with_a_message_in_it() {
        let message = "Content-Type: multipart/mixed; boundary=x\r\n\r\n\
            --x\r\n\
            Content-Disposition: attachment; filename=\"a b\"\r\n\
            Content-Language: de, en\r\n\r\n\
            one\r\n\
            --x\r\nContent-Type: message/rfc822\r\n\r\n\
            Subject: in\r\n\r\ntwo\r\n\r\n\
            --x\r\nContent-Type: image/png\r\nContent-Id: <i>\r\n\
            Content-Transfer-Encoding: base64\r\n\r\n\
            AAAA\r\n\
            --x--\r\n";
        let structure = Part::parse(message.as_bytes());
        assert_eq!(
            written(|out| body(out, &structure, message.as_bytes(), true)),
            "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 3 0 NIL \
             (\"attachment\" (\"filename\" \"a b\")) (\"de\" \"en\") NIL)\
             (\"message\" \"rfc822\" NIL NIL NIL \"7BIT\" 20 \
             (NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) \
             (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 5 1 NIL NIL NIL NIL) 3 \
             NIL NIL NIL NIL)\
             (\"image\" \"png\" NIL \"<i>\" NIL \"base64\" 4 NIL NIL NIL NIL) \
             \"mixed\" (\"boundary\" \"x\") NIL NIL NIL)"
        );
    }
}
