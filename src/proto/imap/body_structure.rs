//! ENVELOPE, BODY and BODYSTRUCTURE in FETCH responses (RFC 3501 §7.4.2).
//!
//! In what the RFC leaves open, as Dovecot: a text that names no character set is shown with
//! US-ASCII, continued parameters are joined and stay encoded (RFC 2231 §6), languages are a list
//! even if there is but one, and a multipart without parts has an empty text in it, since the
//! grammar has no other word for it.

use std::borrow::Cow;

use super::response::{nstring, string, write};
use crate::proto::Outbox;
use crate::proto::mail::{
    Address, Content, Disposition, Envelope, Header, Parameters, Part, envelope_addresses, spaced,
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
        envelope.sender(),
        envelope.reply_to(),
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
        let name = address.name.map(|name| spaced(Cow::Borrowed(name)));
        nstring(out, name.as_deref());
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
        if parts.is_empty() {
            out.send(NO_PARTS);
        }
        out.send(" ");
        string(out, part.content_type.subtype.as_bytes());
        if extension {
            out.send(" ");
            parameters(out, &part.content_type.parameters, false);
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
    let is_text = part.content_type.is_kind("text");
    string(out, part.content_type.kind.as_bytes());
    out.send(" ");
    string(out, part.content_type.subtype.as_bytes());
    out.send(" ");
    parameters(out, &part.content_type.parameters, is_text);
    out.send(" ");
    nstring(out, part.id.as_deref());
    out.send(" ");
    let description = part.description.as_deref().map(|text| spaced(Cow::Borrowed(text)));
    nstring(out, description.as_deref());
    out.send(" ");
    string(out, part.transfer_encoding.as_bytes());
    write(out, format_args!(" {}", part.body.len()));
    if let Content::Message(inner) = &part.content {
        out.send(" ");
        envelope(out, inner.header_in(message));
        out.send(" ");
        body(out, inner, message, extension);
        write(out, format_args!(" {}", part.lines));
    } else if is_text {
        write(out, format_args!(" {}", part.lines));
    }
}

/// A `body-fld-param`, with the character set of a text that has none.
fn parameters<E>(out: &mut Outbox<E>, parameters: &Parameters, is_text: bool) {
    let mut before = "(";
    let mut has_charset = !is_text;
    for parameter in parameters.joined().iter() {
        has_charset |= parameter.name.eq_ignore_ascii_case("charset");
        out.send(before);
        string(out, parameter.name.as_bytes());
        out.send(" ");
        string(out, &parameter.value);
        before = " ";
    }
    if !has_charset {
        out.send(before);
        out.send("\"charset\" \"us-ascii\"");
        before = " ";
    }
    out.send(if before == "(" { "NIL" } else { ")" });
}

fn disposition<E>(out: &mut Outbox<E>, disposition: Option<&Disposition>) {
    match disposition {
        None => out.send("NIL"),
        Some(disposition) => {
            out.send("(");
            string(out, disposition.kind.as_bytes());
            out.send(" ");
            parameters(out, &disposition.parameters, false);
            out.send(")");
        }
    }
}

fn language<E>(out: &mut Outbox<E>, tags: &[Vec<u8>]) {
    for (place, tag) in tags.iter().enumerate() {
        out.send(if place == 0 { "(" } else { " " });
        string(out, tag);
    }
    out.send(if tags.is_empty() { "NIL" } else { ")" });
}

/// What stands for the parts of a multipart that has none.
const NO_PARTS: &str = "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0)";

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
            "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7bit\" 0 0)"
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
            "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 3 0 NIL \
             (\"attachment\" (\"filename\" \"a b\")) (\"de\" \"en\") NIL)\
             (\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 20 \
             (NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) \
             (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 5 1 NIL NIL NIL NIL) 3 \
             NIL NIL NIL NIL)\
             (\"image\" \"png\" NIL \"<i>\" NIL \"base64\" 4 NIL NIL NIL NIL) \
             \"mixed\" (\"boundary\" \"x\") NIL NIL NIL)"
        );
    }

    fn structure(message: &str) -> String {
        let structure = Part::parse(message.as_bytes());
        written(|out| body(out, &structure, message.as_bytes(), true))
    }

    #[test]
    fn what_is_left_open_is_as_in_dovecot() {
        for (message, wanted) in [
            (
                "Content-Type: text/html; format=flowed\r\nContent-Language: de\r\n\
                Content-Disposition: inline\r\n\r\n",
                "(\"text\" \"html\" (\"format\" \"flowed\" \"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0 \
                NIL (\"inline\" NIL) (\"de\") NIL)",
            ),
            (
                "Content-Type: multipart/mixed; boundary=x\r\n\r\nno parts",
                "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0) \
                \"mixed\" (\"boundary\" \"x\") NIL NIL NIL)",
            ),
            (
                "Content-Type: application/x; t*0*=utf-8''%e2%82; t*1*=%ac; a=b\r\n\
                Content-Description: one\r\n\t two\r\nContent-MD5: x==\r\n\
                Content-Location: http://x/\r\n\r\nab",
                "(\"application\" \"x\" (\"a\" \"b\" \"t*\" \"utf-8''%e2%82%ac\") NIL \"one two\" \"7bit\" \
                2 \"x==\" NIL NIL \"http://x/\")",
            ),
            (
                "Content-Type: nonsense\r\nContent-Transfer-Encoding:\r\nContent-ID:\r\n\r\na\r\n",
                "(\"text\" \"plain\" (\"charset\" \"us-ascii\") \"\" NIL \"7bit\" 3 1 NIL NIL NIL NIL)",
            ),
            (
                "Content-Type: application/x; n=\"\\\"\\\\\"; m=\u{fc}\r\n\r\n",
                "(\"application\" \"x\" (\"n\" \"\\\"\\\\\" \"m\" {2}\r\n\u{fc}) NIL NIL \"7bit\" 0 \
                NIL NIL NIL NIL)",
            ),
        ] {
            assert_eq!(structure(message), wanted, "{message}");
        }
    }

    #[test]
    fn a_digest_and_a_message_without_anything() {
        let digest = "Content-Type: multipart/digest; boundary=x\r\n\r\n\
            --x\r\n\r\nFrom: \"A  B\" <a@x.example>\r\n\r\none\r\n\r\n--x--\r\n";
        let a = "((\"A B\" NIL \"a\" \"x.example\"))";
        assert_eq!(
            structure(digest),
            format!(
                "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 35 \
                (NIL NIL {a} {a} {a} NIL NIL NIL NIL NIL) \
                (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 5 1 NIL NIL NIL NIL) \
                3 NIL NIL NIL NIL) \"digest\" (\"boundary\" \"x\") NIL NIL NIL)"
            )
        );
        assert_eq!(
            structure(""),
            "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL)"
        );
    }
}
