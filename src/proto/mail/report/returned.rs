//! The third part of a report: the message that it is about, or the header of it.
//!
//! Follows RFC 6522 §3 and, for UTF-8 in header fields, RFC 6532 §3.7 and RFC 6533 §6.3.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use super::super::header::{Header, Message};
use super::super::received;
use super::DeliveryReport;
use super::wording::Wording;

/// How much of a message goes back with the report on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// All of it, as `message/rfc822`. A message above [`RETURNED_OCTETS`], or with lines that no
    /// `8bit` part may have (RFC 2045 §2.8), comes down to its header.
    Message,
    /// The header alone, as `text/rfc822-headers`: where the sender wants no more (`RET=HDRS`),
    /// and where nothing failed.
    Header,
}

/// The largest message that goes back whole, in octets (Postfix's `bounce_size_limit`).
pub const RETURNED_OCTETS: usize = 50_000;

/// What stands in the part.
pub(super) struct ReturnedPart {
    /// `Content-Description` and `Content-Type`.
    pub(super) fields: String,
    pub(super) body: Vec<u8>,
}

/// The part. On top of the message stands where it came from, as Postfix has it: the reverse-path
/// is in no other place.
pub(super) fn part(
    report: &DeliveryReport<'_>,
    wording: &Wording,
    international: bool,
) -> ReturnedPart {
    let original = &report.original[..];
    let whole = match report.returned {
        Returned::Message => original.len() <= RETURNED_OCTETS && is_8bit_data(original),
        Returned::Header => false,
    };
    let header = Message::parse(original).header();
    // UTF-8 in fields makes it a message that only SMTPUTF8 knows.
    let global = match std::str::from_utf8(header.octets()) {
        Ok(text) => international || !text.is_ascii(),
        Err(_) => false,
    };
    let media_type = match (whole, global) {
        (true, false) => "message/rfc822",
        (true, true) => "message/global",
        (false, false) => "text/rfc822-headers",
        (false, true) => "message/global-headers",
    };
    let what = if whole { "Message" } else { "Message Headers" };
    let fields = format!(
        "Content-Description: {}{what}\r\nContent-Type: {media_type}\r\n",
        wording.returned
    );
    let mut body =
        received::return_path(report.status.sender.as_deref().unwrap_or_default()).into_bytes();
    if whole {
        body.extend_from_slice(original);
    } else {
        write_header(header, &mut body);
    }
    ReturnedPart { fields, body }
}

/// Whether these octets can be in a part of `8bit`: no NUL, and no line above 998 octets.
fn is_8bit_data(octets: &[u8]) -> bool {
    let mut start = 0;
    let ends = memchr_iter(b'\n', octets).chain([octets.len()]);
    let short = ends.into_iter().all(|end| {
        let line = &octets[start..end];
        // A CR at the very end of the message ends no line: CRLF is put after it.
        let line = match end < octets.len() {
            true => line.strip_suffix(b"\r").unwrap_or(line),
            false => line,
        };
        start = end + 1;
        line.len() <= LINE_OCTETS
    });
    short && memchr(0, octets).is_none()
}

/// The fields, as far as there is room, in lines that are short enough.
fn write_header(header: Header<'_>, body: &mut Vec<u8>) {
    for field in header.fields() {
        if body.len() + field.octets().len() > RETURNED_OCTETS {
            return;
        }
        for line in field.octets().split_inclusive(|&octet| octet == b'\n') {
            let (text, end) = match line.strip_suffix(b"\r\n").or(line.strip_suffix(b"\n")) {
                Some(text) => (text, &line[text.len()..]),
                None => (line, &b"\r\n"[..]),
            };
            let text: Cow<'_, [u8]> = match memchr(0, text) {
                None => Cow::Borrowed(text),
                Some(_) => text.iter().copied().filter(|&octet| octet != 0).collect(),
            };
            for (index, piece) in pieces(&text).enumerate() {
                if index > 0 {
                    body.extend_from_slice(b"\r\n ");
                }
                body.extend_from_slice(piece);
            }
            body.extend_from_slice(end);
        }
    }
}

/// A line in pieces that each fit into one, never cut within a character of UTF-8.
fn pieces(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    let mut room = LINE_OCTETS;
    std::iter::from_fn(move || {
        let line = rest.take()?;
        if line.len() <= room {
            return Some(line);
        }
        // 3 octets at most are cut off a character.
        let is_start = |at: &usize| line[*at] & 0b1100_0000 != 0b1000_0000;
        let cut = (room - 3..=room).rev().find(is_start).unwrap_or(room);
        let (piece, left) = line.split_at(cut);
        rest = Some(left);
        // One less, for the space that begins every other piece.
        room = LINE_OCTETS - 1;
        Some(piece)
    })
}

/// The longest line without its end (RFC 5322 §2.1.1).
const LINE_OCTETS: usize = 998;
