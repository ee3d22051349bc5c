//! The names of queued messages.

use std::fmt;

use crate::engine::Stream;

/// Names a message in the queue of one host. Ordered as its text is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueId([u8; LENGTH]);

impl QueueId {
    /// A new id out of the host's stream: 10 letters and digits, without vowels as Postfix's long
    /// ids are, so that none spells a word. One draw a character.
    pub fn draw(stream: &mut Stream) -> Self {
        let mut draw = || ALPHABET[stream.below(ALPHABET.len() as u64) as usize];
        QueueId(std::array::from_fn(|_| draw()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the alphabet is ASCII")
    }
}

const ALPHABET: &[u8] = b"0123456789BCDFGHJKLMNPQRSTVWXYZ";
const LENGTH: usize = 10;

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
}
