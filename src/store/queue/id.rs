//! The names of queued messages.

use std::fmt;
use std::sync::Arc;

use crate::engine::Stream;

/// Names a message in the queue of one host. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueId(Arc<str>);

impl QueueId {
    /// A new id out of the host's stream: 10 letters and digits, without vowels as Postfix's long
    /// ids are, so that none spells a word. One draw a character.
    pub fn draw(stream: &mut Stream) -> Self {
        QueueId(stream.text(b"0123456789BCDFGHJKLMNPQRSTVWXYZ", 10).into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
