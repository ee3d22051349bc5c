//! Bodies without their transfer encoding (RFC 3516).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};

use super::message::Message;
use crate::proto::mail::{Content, Part, decode::decode_body};

/// What FETCH BINARY finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Binary {
    /// The octets.
    Octets(Bytes),
    /// There is no such part.
    NoPart,
    /// The part is in an encoding that nobody knows.
    UnknownEncoding,
}

/// The octets of a part without its transfer encoding. The whole message, multiparts and messages
/// within it are as they are.
pub(super) fn decoded(message: &Message, part: &[u32]) -> Binary {
    let data = message.data();
    if part.is_empty() {
        return Binary::Octets(data.clone());
    }
    let Some(part) = message.structure().section(part) else { return Binary::NoPart };
    let whole = data.slice(part.body.clone());
    if !matches!(part.content, Content::Leaf) {
        return Binary::Octets(whole);
    }
    let encoding = &*part.transfer_encoding;
    let known = KNOWN.iter().any(|name| encoding.eq_ignore_ascii_case(name));
    if !encoding.is_empty() && !known {
        return Binary::UnknownEncoding;
    }
    Binary::Octets(match decode_body(encoding, &whole) {
        Cow::Owned(decoded) => decoded.into(),
        Cow::Borrowed(_) => whole,
    })
}

/// The message with base64 for the parts in `binary`, as it may be fetched by BODY (RFC 3516 §4.3):
/// itself where it has no NUL; `None` where NUL is elsewhere.
pub(super) fn without_nul(message: Bytes) -> Option<Bytes> {
    if memchr::memchr(0, &message).is_none() {
        return Some(message);
    }
    let whole = Part::parse(&message);
    let mut encoded = BytesMut::with_capacity(message.len() / 3 * 4);
    let mut copied = 0;
    for part in whole.walk() {
        let is_leaf = matches!(part.content, Content::Leaf);
        if !is_leaf || !part.transfer_encoding.eq_ignore_ascii_case("binary") {
            continue;
        }
        encoded.extend_from_slice(&message[copied..part.header.start]);
        for field in part.header_in(&message).fields() {
            if field.is("Content-Transfer-Encoding") {
                encoded.extend_from_slice(b"Content-Transfer-Encoding: base64\r\n");
            } else {
                encoded.extend_from_slice(field.octets());
            }
        }
        encoded.extend_from_slice(b"\r\n");
        for line in message[part.body.clone()].chunks(57) {
            encoded.extend_from_slice(STANDARD.encode(line).as_bytes());
            encoded.extend_from_slice(b"\r\n");
        }
        copied = part.body.end;
    }
    encoded.extend_from_slice(&message[copied..]);
    memchr::memchr(0, &encoded).is_none().then(|| encoded.freeze())
}

const KNOWN: [&str; 5] = ["7bit", "8bit", "binary", "base64", "quoted-printable"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::UnixTime;
    use crate::proto::imap::{EmailId, Flags, ModSeq, NewMessage, Uid};
    use crate::proto::mail::DateTime;

    fn message(text: &str) -> Message {
        let new = NewMessage {
            flags: Flags::EMPTY,
            internal_date: DateTime::utc(UnixTime(0)),
            save_date: UnixTime(0),
            data: Bytes::copy_from_slice(text.as_bytes()),
        };
        Message::new(Uid::MIN, ModSeq(1), EmailId(1), new)
    }

    fn octets(text: &'static str) -> Binary {
        Binary::Octets(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn parts_are_decoded_by_their_encoding() {
        let of = |encoding: &str| {
            let text = format!("Content-Transfer-Encoding: {encoding}\r\n\r\nYWI9\r\n");
            decoded(&message(&text), &[1])
        };
        assert_eq!(of("base64"), octets("ab="));
        assert_eq!(of("8bit"), octets("YWI9\r\n"));
        assert_eq!(of("x-uuencode"), Binary::UnknownEncoding);
        assert_eq!(decoded(&message("\r\nx"), &[2]), Binary::NoPart);
        assert_eq!(decoded(&message("\r\nx"), &[]), octets("\r\nx"));
    }

    #[test]
    fn binary_parts_become_base64() {
        let text = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
            Content-Type: x/y\r\nContent-Transfer-Encoding: binary\r\n\r\na\0b\r\n--b--\r\n";
        let stored = without_nul(Bytes::from(text)).unwrap();
        let wanted = text.replace("binary", "base64").replace("a\0b\r\n", "YQBi\r\n\r\n");
        assert_eq!(std::str::from_utf8(&stored).unwrap(), wanted);
        let stored = message(std::str::from_utf8(&stored).unwrap());
        assert_eq!(decoded(&stored, &[1]), octets("a\0b"));
        assert_eq!(without_nul(Bytes::from("Subject: a\0\r\n\r\n")), None);
    }
}
