//! The names of queued messages.

use std::cmp::Ordering;
use std::fmt;

use crate::engine::Stream;

/// Names a message in the queue of one host. Ordered as its text is.
///
/// It is looked for in the tables of a queue some twenty times while a message is there, and compared as
/// two numbers then (bench `deliveries`).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct QueueId([u8; LENGTH]);

impl QueueId {
    /// A new id out of the host's stream: 10 letters and digits, without vowels as Postfix's long
    /// ids are, so that none spells a word. One draw a character.
    pub fn draw(stream: &mut Stream) -> Self {
        let mut draw = || ALPHABET[stream.below(ALPHABET.len() as u64) as usize];
        QueueId(std::array::from_fn(|_| draw()))
    }

    /// The text as two numbers that are ordered as it is.
    #[inline]
    fn numbers(&self) -> (u64, u16) {
        let [a, b, c, d, e, f, g, h, i, j] = self.0;
        (u64::from_be_bytes([a, b, c, d, e, f, g, h]), u16::from_be_bytes([i, j]))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the alphabet is ASCII")
    }
}

const ALPHABET: &[u8] = b"0123456789BCDFGHJKLMNPQRSTVWXYZ";
const LENGTH: usize = 10;

impl Ord for QueueId {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers().cmp(&other.numbers())
    }
}

impl PartialOrd for QueueId {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// As the text.
impl fmt::Debug for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    #[test]
    fn a_dump_shows_the_text() {
        let id = QueueId::draw(&mut Seed(1).stream("ids"));
        assert_eq!(format!("{id:?}"), id.to_string());
        assert_eq!(id.as_str().len(), LENGTH);
    }

    #[test]
    fn ids_are_ordered_as_their_texts() {
        let mut stream = Seed(2).stream("ids");
        let ids: Vec<_> = (0..100).map(|_| QueueId::draw(&mut stream)).collect();
        for (one, other) in ids.iter().zip(&ids[1..]) {
            assert_eq!(one.cmp(other), one.as_str().cmp(other.as_str()));
        }
        assert_eq!(QueueId(*b"0123456789").cmp(&QueueId(*b"012345678B")), Ordering::Less);
    }
}
