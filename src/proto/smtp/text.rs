//! The text of a message as a server has received it, with room on top for what the server writes there.
//!
//! A server puts its trace field before the text (RFC 5321 §4.4). The text is read into memory that has
//! room for that, so that it is neither moved nor copied for it (bench `deliveries`).

use std::fmt;
use std::ops::Deref;

use bytes::{Buf, Bytes};

/// The text of a message: lines end in CRLF, dots are not stuffed.
#[derive(Clone)]
pub struct MessageText {
    /// The room, and the text.
    octets: Vec<u8>,
    /// Where the text begins.
    start: usize,
}

impl MessageText {
    /// An empty text with room on top, and for so many octets of itself.
    pub(super) fn with_room(octets: usize) -> Self {
        let mut all = Vec::with_capacity(ROOM_ON_TOP + octets);
        all.extend_from_slice(&[0; ROOM_ON_TOP]);
        MessageText { octets: all, start: ROOM_ON_TOP }
    }

    /// Adds octets at the end.
    pub(super) fn extend_from_slice(&mut self, more: &[u8]) {
        self.octets.extend_from_slice(more);
    }

    /// The text with `fields` before it: whole lines that end in CRLF.
    pub fn below(mut self, fields: &[u8]) -> Bytes {
        match self.start.checked_sub(fields.len()) {
            Some(start) => {
                self.octets[start..self.start].copy_from_slice(fields);
                self.start = start;
                self.into()
            }
            None => Bytes::from([fields, &self].concat()),
        }
    }
}

/// So much that nobody uses is no waste.
const SPARE_OCTETS: usize = 4_096;

impl Deref for MessageText {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.octets[self.start..]
    }
}

impl From<MessageText> for Bytes {
    fn from(text: MessageText) -> Bytes {
        let MessageText { mut octets, start } = text;
        // A long one has grown by doubling, and may be kept for days.
        if octets.capacity() - octets.len() > octets.len() / 8 + SPARE_OCTETS {
            octets.shrink_to_fit();
        }
        let mut octets = Bytes::from(octets);
        octets.advance(start);
        octets
    }
}

/// Without room on top.
impl From<Bytes> for MessageText {
    fn from(octets: Bytes) -> Self {
        MessageText { octets: octets.into(), start: 0 }
    }
}

impl fmt::Debug for MessageText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(self))
    }
}

impl PartialEq for MessageText {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for MessageText {}

impl PartialEq<str> for MessageText {
    fn eq(&self, other: &str) -> bool {
        **self == *other.as_bytes()
    }
}

impl PartialEq<&str> for MessageText {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

/// What a trace field takes, and those that a client left out, as a rule.
const ROOM_ON_TOP: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: MessageText, fields: &str) {
        let wanted = [fields.as_bytes(), &text].concat();
        assert_eq!(text.below(fields.as_bytes()), wanted);
    }

    #[test]
    fn fields_stand_before_the_text_whether_there_is_room_or_not() {
        for octets in [0, 3, ROOM_ON_TOP - 1, ROOM_ON_TOP, ROOM_ON_TOP + 1, 3 * ROOM_ON_TOP] {
            let mut text = MessageText::with_room(2);
            text.extend_from_slice(b"Subject: x\r\n\r\n");
            assert_eq!(text, "Subject: x\r\n\r\n");
            check(text, &"x".repeat(octets));
            check(Bytes::from_static(b"Subject: y\r\n").into(), &"y".repeat(octets));
        }
    }

    #[test]
    fn a_text_becomes_octets_and_octets_a_text() {
        let mut text = MessageText::with_room(0);
        text.extend_from_slice(b"a");
        let octets = Bytes::from(text.clone());
        assert_eq!(octets, "a");
        assert_eq!(MessageText::from(octets), text);
    }
}
