//! The header of a message: a borrowing scan over its octets.
//!
//! Follows RFC 5322 §2.1 and §2.2. Nothing is copied and nothing is kept: [`Header::fields`] walks
//! the octets anew each time, which costs less than a table for the one or two look-ups that a
//! server makes. Tolerates lines that end in LF alone, lines without a colon, a header without a
//! body, and fields of any size.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use memchr::memchr;

/// A message: the octets, and where its header ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    octets: &'a [u8],
    body_offset: usize,
}

impl<'a> Message<'a> {
    /// Splits `octets` at the first empty line. Without one, all of it is header.
    pub fn parse(octets: &'a [u8]) -> Self {
        Message { octets, body_offset: header_length(octets) }
    }

    /// All octets.
    pub fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// The header, with the empty line that ends it.
    pub fn header(&self) -> Header<'a> {
        Header { octets: &self.octets[..self.body_offset] }
    }

    /// What follows the empty line.
    pub fn body(&self) -> &'a [u8] {
        &self.octets[self.body_offset..]
    }

    /// Where the body starts: the length of the header with its empty line.
    pub fn body_offset(&self) -> usize {
        self.body_offset
    }
}

/// The header fields of a message or body part, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// With the empty line, and perhaps what follows it: whoever asks for a field or two need not know
    /// first where the header ends.
    octets: &'a [u8],
}

impl<'a> Header<'a> {
    /// The header in `octets`, which end with it; the empty line may be there or not.
    pub fn new(octets: &'a [u8]) -> Self {
        Header { octets }
    }

    /// The octets, with the empty line if there is one.
    pub fn octets(&self) -> &'a [u8] {
        &self.octets[..header_length(self.octets)]
    }

    /// The fields from top to bottom.
    pub fn fields(&self) -> Fields<'a> {
        Fields { rest: self.octets }
    }

    /// The first field of that name, whatever its case.
    pub fn field(&self, name: &str) -> Option<Field<'a>> {
        self.fields().find(|field| field.is(name))
    }

    /// The fields of that name, whatever its case, from top to bottom.
    pub fn all<'n>(&self, name: &'n str) -> impl Iterator<Item = Field<'a>> + use<'a, 'n> {
        self.fields().filter(move |field| field.is(name))
    }

    /// The unfolded value of the first field of that name, without white space around it.
    pub fn value(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        self.field(name).map(|field| field.value())
    }

    /// [`Header::value`] as text; what is no UTF-8 becomes U+FFFD.
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.field(name).map(|field| field.text())
    }
}

/// The fields of a header, from top to bottom.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields with which `octets` start, up to an empty line.
    pub(super) fn of(octets: &'a [u8]) -> Self {
        Fields { rest: octets }
    }

    /// What comes after the fields that were taken.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        if self.rest.is_empty() || empty_line(self.rest) > 0 {
            return None;
        }
        let first_line = line_length(self.rest);
        let mut length = first_line;
        while matches!(self.rest.get(length), Some(b' ' | b'\t')) {
            length += line_length(&self.rest[length..]);
        }
        let (octets, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(Field { octets, first_line })
    }
}

/// One field: `name ":" value`, perhaps folded over several lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    octets: &'a [u8],
    /// How many of the octets are the first line, in which the colon stands.
    first_line: usize,
}

impl<'a> Field<'a> {
    /// The name as it is written; empty where the first line has no colon.
    pub fn name(&self) -> &'a [u8] {
        // Obsolete syntax has white space before the colon (RFC 5322 §4.5).
        self.octets[..self.colon().unwrap_or(0)].trim_ascii_end()
    }

    /// Whether this is the name, whatever its case. It is not empty.
    pub fn is(&self, name: &str) -> bool {
        // Nearly every field that is asked is another one, which its first letters show.
        let Some((start, rest)) = self.octets[..self.first_line].split_at_checked(name.len())
        else {
            return false;
        };
        start.eq_ignore_ascii_case(name.as_bytes())
            && rest.trim_ascii_start().starts_with(b":")
            && !name.is_empty()
    }

    fn colon(&self) -> Option<usize> {
        memchr(b':', &self.octets[..self.first_line])
    }

    /// The whole field, with the line end that closes it.
    pub fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// Where [`Field::raw_value`] starts in [`Field::octets`]: behind the colon, or at the start where
    /// the first line has none.
    pub(crate) fn value_offset(&self) -> usize {
        self.colon().map_or(0, |colon| colon + 1)
    }

    /// What follows the colon, white space and folding kept, without the last line end.
    pub fn raw_value(&self) -> &'a [u8] {
        let value = &self.octets[self.value_offset()..];
        match value.strip_suffix(b"\n") {
            Some(value) => value.strip_suffix(b"\r").unwrap_or(value),
            None => value,
        }
    }

    /// The value unfolded (RFC 5322 §2.2.3), without white space around it.
    pub fn value(&self) -> Cow<'a, [u8]> {
        unfold(self.raw_value().trim_ascii())
    }

    /// The value unfolded, as text; what is no UTF-8 becomes U+FFFD.
    pub fn text(&self) -> Cow<'a, str> {
        match self.value() {
            Cow::Borrowed(value) => String::from_utf8_lossy(value),
            Cow::Owned(value) => Cow::Owned(String::from_utf8_lossy(&value).into_owned()),
        }
    }
}

/// Removes the line ends that are followed by white space; borrowed where there is none.
pub(crate) fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\n', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut unfolded = Vec::with_capacity(value.len());
    for line in value.split_inclusive(|&octet| octet == b'\n') {
        let text = match line.strip_suffix(b"\n") {
            Some(text) => text.strip_suffix(b"\r").unwrap_or(text),
            None => line,
        };
        unfolded.extend_from_slice(text);
    }
    Cow::Owned(unfolded)
}

/// `fields` followed by `message`: how a server puts its trace fields on top of what it received.
///
/// `fields` are whole lines that end in CRLF. The message is copied once, behind them: it is well if they
/// have room for it.
pub fn prepend(fields: impl Into<Vec<u8>>, message: &[u8]) -> Bytes {
    let mut octets = fields.into();
    octets.extend_from_slice(message);
    Bytes::from(octets)
}

/// `message` without the fields that are unwanted. The same slice, uncopied, where there are none.
pub fn without_fields(message: &Bytes, is_unwanted: impl Fn(&Field<'_>) -> bool) -> Bytes {
    let parsed = Message::parse(message);
    if !parsed.header().fields().any(|field| is_unwanted(&field)) {
        return message.clone();
    }
    let mut kept = BytesMut::with_capacity(message.len());
    let mut length = 0;
    for field in parsed.header().fields() {
        length += field.octets().len();
        if !is_unwanted(&field) {
            kept.extend_from_slice(field.octets());
        }
    }
    kept.extend_from_slice(&message[length..]);
    kept.freeze()
}

/// How many octets the header takes, with its empty line.
fn header_length(octets: &[u8]) -> usize {
    let mut at = 0;
    while at < octets.len() {
        match empty_line(&octets[at..]) {
            0 => at += line_length(&octets[at..]),
            ending => return at + ending,
        }
    }
    octets.len()
}

/// The length of the line end with which `octets` start; 0 where they start otherwise.
pub(super) fn empty_line(octets: &[u8]) -> usize {
    match octets {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => 0,
    }
}

/// The length of the first line with its line end.
///
/// The lines of a header are short, and a searcher takes as long to begin as the search in one of them
/// (bench `deliveries`): so the first octets are looked at here, by eights.
fn line_length(octets: &[u8]) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let near = &octets[..octets.len().min(NEAR_OCTETS)];
    for (at, eight) in near.as_chunks::<8>().0.iter().enumerate() {
        // The lowest octet that is a line feed is the lowest with its highest bit set here.
        let zero = u64::from_le_bytes(*eight) ^ (EACH * b'\n' as u64);
        let found = zero.wrapping_sub(EACH) & !zero & (EACH << 7);
        if found != 0 {
            return 8 * at + found.trailing_zeros() as usize / 8 + 1;
        }
    }
    let far = near.len() / 8 * 8;
    memchr(b'\n', &octets[far..]).map_or(octets.len(), |at| far + at + 1)
}

/// In so many octets the end of a line is looked for by hand.
const NEAR_OCTETS: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(message: &str, fields: &[(&str, &str)], body: &str) {
        let message = Message::parse(message.as_bytes());
        let found: Vec<(String, String)> = (message.header().fields())
            .map(|field| {
                let name = String::from_utf8_lossy(field.name()).into_owned();
                (name, field.text().into_owned())
            })
            .collect();
        let wanted: Vec<(String, String)> =
            fields.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        assert_eq!(found, wanted);
        assert_eq!(message.body(), body.as_bytes());
    }

    #[test]
    fn a_folded_field_is_one_field() {
        // RFC 5322 §2.2.3.
        check(
            "Subject: This\r\n is a test\r\nTo: mary@example.net\r\n\r\nHello\r\n",
            &[("Subject", "This is a test"), ("To", "mary@example.net")],
            "Hello\r\n",
        );
    }

    #[test]
    fn lines_that_end_in_lf_alone_are_lines() {
        check("A: 1\n\t2\nB: 3\n\nx\n\ny", &[("A", "1\t2"), ("B", "3")], "x\n\ny");
    }

    #[test]
    fn a_line_without_a_colon_is_a_field_without_a_name() {
        check(
            "From bob Mon Jan\r\nA : 1\r\n: nothing\r\n\r\n",
            &[("", "From bob Mon Jan"), ("A", "1"), ("", "nothing")],
            "",
        );
    }

    #[test]
    fn the_body_or_the_header_may_be_missing() {
        check("A: 1", &[("A", "1")], "");
        check("A: 1\r\n", &[("A", "1")], "");
        check("\r\nbody", &[], "body");
        check("", &[], "");
    }

    #[test]
    fn fields_are_found_without_case() {
        let message = Message::parse(b"to: a\r\nReceived: 1\r\nRECEIVED: 2\r\n\r\nTo: b\r\n");
        let header = message.header();
        assert_eq!(header.text("To").as_deref(), Some("a"));
        assert_eq!(header.all("received").count(), 2);
        assert_eq!(header.field("Cc"), None);
        assert_eq!(message.body_offset(), 35);
    }

    #[test]
    fn trace_fields_go_on_top() {
        let message = Bytes::from_static(b"A: 1\r\n\r\n");
        assert_eq!(prepend("Received: x\r\n", &message), "Received: x\r\nA: 1\r\n\r\n");
    }

    proptest! {
        #[test]
        fn the_fields_and_the_body_are_the_message(
            octets in prop::collection::vec(prop::sample::select(b"a: \t\r\n\xff".to_vec()), 0..60)
        ) {
            let message = Message::parse(&octets);
            let mut joined: Vec<u8> =
                message.header().fields().flat_map(|field| field.octets().to_vec()).collect();
            prop_assert!(joined.len() <= message.body_offset());
            prop_assert!(message.body_offset() - joined.len() <= 2);
            joined.extend_from_slice(&message.header().octets()[joined.len()..]);
            joined.extend_from_slice(message.body());
            prop_assert_eq!(joined, octets);
        }

        #[test]
        fn no_octets_are_too_strange(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            for field in Message::parse(&octets).header().fields() {
                let _ = (field.name(), field.raw_value(), field.text());
            }
        }
    }
}
