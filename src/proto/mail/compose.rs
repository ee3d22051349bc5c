//! A new message, as a mail client writes it.
//!
//! Follows RFC 5322 §3.6 and RFC 2045 to 2047. The text goes as it is where its characters and
//! line lengths allow, and in quoted-printable where they do not; attachments go in base64. With an
//! address beyond ASCII, for which encoded words have no room, the whole header is in UTF-8
//! (RFC 6532), and the message needs SMTPUTF8.
//!
//! Not modelled: alternative renderings of the text, inline images, `format=flowed`.

use bytes::Bytes;

use super::address::Mailbox;
use super::canonical::to_crlf;
use super::date::DateTime;
use super::encode::{
    encode_base64, encode_field, encode_list, encode_parameter, encode_quoted_printable,
};

/// What a message is to say. [`Draft::compose`] writes it.
///
/// Blind recipients are no part of it: they are known to the envelope alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The author.
    pub from: Mailbox,
    /// `To`; no field where it is empty.
    pub to: Vec<Mailbox>,
    /// `Cc`; no field where it is empty.
    pub cc: Vec<Mailbox>,
    /// The subject in plain Unicode.
    pub subject: String,
    /// When it is sent.
    pub date: DateTime,
    /// `local@domain`, without angle brackets. Unique, from the host's stream of draws.
    pub message_id: String,
    /// Further fields, name and value in plain Unicode, in their order. A name that ends the field
    /// early is not written.
    pub extra: Vec<(String, String)>,
    /// The text, with whatever line ends. The last one is added if it is missing.
    pub text: String,
    /// Whether octets above 127 may go as they are: the server must offer 8BITMIME (RFC 6152).
    pub allow_8bit: bool,
    /// Files that go with it; with any, the message is a `multipart/mixed`.
    pub attachments: Vec<Attachment>,
    /// The boundary between parts, at most 70 characters. Drawn so that no part contains it.
    pub boundary: String,
}

/// A file that goes with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The name that the reader is offered.
    pub file_name: String,
    /// The media type, such as `image/png`. A `message/*` goes without encoding, which RFC 2046
    /// §5.2 forbids there.
    pub content_type: String,
    /// The file.
    pub data: Bytes,
}

impl Draft {
    /// The octets of the message, all lines ending in CRLF.
    pub fn compose(&self) -> Bytes {
        let field = if self.is_international() { utf8_field } else { encode_field };
        let mut message = encode_field("Date", &self.date.to_string());
        message += &encode_list("From", std::slice::from_ref(&self.from));
        message += &encode_list("To", &self.to);
        message += &encode_list("Cc", &self.cc);
        message += &field("Subject", &self.subject);
        message += &encode_field("Message-ID", &format!("<{}>", self.message_id));
        for (name, value) in &self.extra {
            if is_field_name(name) {
                message += &field(name, value);
            }
        }
        message += "MIME-Version: 1.0\r\n";
        let text = TextBody::new(&self.text, self.allow_8bit);
        if self.attachments.is_empty() {
            return (message + &text.fields() + "\r\n" + &text.body).into();
        }
        self.compose_multipart(message.into_bytes(), &text).into()
    }

    /// Whether an address of the header goes beyond ASCII.
    pub fn is_international(&self) -> bool {
        let mut all = std::iter::once(&self.from).chain(&self.to).chain(&self.cc);
        all.any(|mailbox| !mailbox.local_part.is_ascii() || !mailbox.domain.is_ascii())
    }

    fn compose_multipart(&self, mut message: Vec<u8>, text: &TextBody) -> Vec<u8> {
        let boundary = &self.boundary;
        let is_8bit = text.encoding == "8bit"
            || self.attachments.iter().any(|file| file.encoding() == "8bit");
        let encoding = if is_8bit { "8bit" } else { "7bit" };
        message.extend(
            format!(
                "Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\
                 Content-Transfer-Encoding: {encoding}\r\n\
                 \r\n\
                 This is a multi-part message in MIME format.\r\n\
                 --{boundary}\r\n{}\r\n{}",
                text.fields(),
                text.body
            )
            .as_bytes(),
        );
        for file in &self.attachments {
            message.extend(format!("\r\n--{boundary}\r\n").as_bytes());
            file.write(&mut message);
        }
        message.extend(format!("\r\n--{boundary}--\r\n").as_bytes());
        message
    }
}

impl Attachment {
    /// The transfer encoding that this file gets.
    fn encoding(&self) -> &'static str {
        let is_message =
            self.content_type.get(..8).is_some_and(|kind| kind.eq_ignore_ascii_case("message/"));
        match (is_message, self.data.is_ascii()) {
            (false, _) => "base64",
            (true, true) => "7bit",
            (true, false) => "8bit",
        }
    }

    fn write(&self, message: &mut Vec<u8>) {
        let content_type: String =
            self.content_type.chars().filter(|char| !char.is_control()).collect();
        let encoding = self.encoding();
        let file_name = encode_parameter("filename", &self.file_name);
        message.extend(
            format!(
                "Content-Type: {content_type}\r\n\
                 Content-Transfer-Encoding: {encoding}\r\n\
                 Content-Disposition: attachment{file_name}\r\n\
                 \r\n"
            )
            .as_bytes(),
        );
        match encoding {
            "base64" => message.extend(encode_base64(&self.data).as_bytes()),
            _ => message.extend_from_slice(&to_crlf(&self.data)),
        }
    }
}

/// A text in the plainest encoding that holds it.
struct TextBody {
    charset: &'static str,
    encoding: &'static str,
    body: String,
}

impl TextBody {
    fn new(text: &str, allow_8bit: bool) -> Self {
        let canonical = to_crlf(&Bytes::copy_from_slice(text.as_bytes()));
        let mut body =
            String::from_utf8(canonical.into()).expect("CRLF for LF leaves UTF-8 as it is");
        if !body.is_empty() && !body.ends_with("\r\n") {
            body.push_str("\r\n");
        }
        // 7bit and 8bit data have lines of at most 998 octets, no NUL and no CR alone (RFC 2045
        // §2.7, §2.8).
        let has_long_lines = body.split("\r\n").any(|line| line.len() > 998);
        let has_controls = body.contains('\0') || body.replace("\r\n", "").contains('\r');
        let charset = if body.is_ascii() { "us-ascii" } else { "utf-8" };
        let encoding = match (has_long_lines || has_controls, body.is_ascii()) {
            (false, true) => "7bit",
            (false, false) if allow_8bit => "8bit",
            _ => {
                body = encode_quoted_printable(body.as_bytes());
                "quoted-printable"
            }
        };
        TextBody { charset, encoding, body }
    }

    fn fields(&self) -> String {
        let TextBody { charset, encoding, .. } = self;
        format!(
            "Content-Type: text/plain; charset={charset}\r\n\
             Content-Transfer-Encoding: {encoding}\r\n"
        )
    }
}

/// A field whose value goes as it is, beyond ASCII too, if a line has room for it (RFC 6532 §3.4).
fn utf8_field(name: &str, value: &str) -> String {
    if value.is_ascii() || value.len() > 900 {
        return encode_field(name, value);
    }
    let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("{name}: {}\r\n", value.trim())
}

/// Visible ASCII without a colon (RFC 5322 §3.6.8).
fn is_field_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_graphic() && octet != b':')
}

#[cfg(test)]
mod tests {
    use super::super::decode::decode_body;
    use super::super::header::Message;
    use super::super::structure::Part;
    use super::*;
    use crate::engine::UnixTime;

    fn draft(subject: &str, text: &str) -> Draft {
        Draft {
            from: Mailbox::new(Some("Alice"), "alice@example.org"),
            to: vec![Mailbox::new(Some("Bob Brown"), "bob@example.com")],
            cc: Vec::new(),
            subject: subject.to_owned(),
            date: DateTime::utc(UnixTime(1_767_603_600)),
            message_id: "1@example.org".to_owned(),
            extra: Vec::new(),
            text: text.to_owned(),
            allow_8bit: true,
            attachments: Vec::new(),
            boundary: "=_b1".to_owned(),
        }
    }

    fn shown(draft: &Draft) -> String {
        let message = draft.compose();
        assert_eq!(to_crlf(&message), message);
        String::from_utf8_lossy(&message).replace("\r\n", "\n")
    }

    #[test]
    fn a_plain_message() {
        insta::assert_snapshot!(shown(&draft("Hello", "Hi Bob,\nlunch?\n")), @r"
        Date: Mon, 05 Jan 2026 09:00:00 +0000
        From: Alice <alice@example.org>
        To: Bob Brown <bob@example.com>
        Subject: Hello
        Message-ID: <1@example.org>
        MIME-Version: 1.0
        Content-Type: text/plain; charset=us-ascii
        Content-Transfer-Encoding: 7bit

        Hi Bob,
        lunch?
        ");
    }

    #[test]
    fn text_that_is_not_ascii_needs_8bit_or_an_encoding() {
        let mut draft = draft("Grüße", "Grüße\r\naus Köln");
        assert!(shown(&draft).ends_with(
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGrüße\naus Köln\n"
        ));
        draft.allow_8bit = false;
        assert!(shown(&draft).ends_with(
            "Content-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe\naus K=C3=B6ln\n"
        ));
        assert!(draft.compose().is_ascii());
        draft.text = "x".repeat(999);
        assert!(shown(&draft).contains("us-ascii\nContent-Transfer-Encoding: quoted-printable\n"));
    }

    #[test]
    fn attachments_arrive_as_they_were() {
        let mut draft = draft("Files", "see below");
        let picture = Bytes::from((0..=255).collect::<Vec<u8>>());
        draft.attachments = vec![
            Attachment {
                file_name: "Übersicht.png".to_owned(),
                content_type: "image/png".to_owned(),
                data: picture.clone(),
            },
            Attachment {
                file_name: "old.eml".to_owned(),
                content_type: "message/rfc822".to_owned(),
                data: Bytes::from_static(b"Subject: old\n\ntext\n"),
            },
        ];
        let message = draft.compose();
        let root = Part::parse(&message);
        assert_eq!(root.section(&[1]).unwrap().body_in(&message), b"see below\r\n");
        let found = root.section(&[2]).unwrap();
        assert_eq!(*decode_body(&found.transfer_encoding, found.body_in(&message)), *picture);
        let parameters = &found.disposition.as_ref().unwrap().parameters;
        assert_eq!(parameters.get("filename").as_deref(), Some("Übersicht.png"));
        assert_eq!(root.section(&[3, 1]).unwrap().body_in(&message), b"text\r\n");
        assert_eq!(root.section(&[4]), None);
    }

    #[test]
    fn with_an_address_beyond_ascii_the_header_is_in_utf8() {
        let mut draft = draft("Grüße\r\nBcc: eve@example.net", "Hi");
        draft.to = vec![Mailbox::new(None, "用户@例子.example")];
        insta::assert_snapshot!(shown(&draft), @r"
        Date: Mon, 05 Jan 2026 09:00:00 +0000
        From: Alice <alice@example.org>
        To: 用户@例子.example
        Subject: Grüße  Bcc: eve@example.net
        Message-ID: <1@example.org>
        MIME-Version: 1.0
        Content-Type: text/plain; charset=us-ascii
        Content-Transfer-Encoding: 7bit

        Hi
        ");
    }

    #[test]
    fn extra_fields_cannot_break_out() {
        let mut draft = draft("a\r\nBcc: eve@example.net", "x");
        draft.extra = vec![
            ("X-Mailer".to_owned(), "mxsim".to_owned()),
            ("Bad\r\nName".to_owned(), "x".to_owned()),
            ("References".to_owned(), "<a@b>\r\n\r\nbody".to_owned()),
        ];
        let message = draft.compose();
        let header = Message::parse(&message).header();
        assert_eq!(header.fields().count(), 10);
        assert_eq!(header.field("Bcc"), None);
        assert_eq!(header.text("References").as_deref(), Some("<a@b>    body"));
    }
}
