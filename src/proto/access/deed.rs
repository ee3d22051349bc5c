//! What a server does that misbehaves.

use std::fmt;
use std::time::Duration;

use crate::proto::misbehaviour::{Pace, Then};

/// What is done at a moment, and what comes after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// What is answered, and whether what was asked is done.
    pub answer: Answer,
    /// What comes after the answer.
    pub then: Then,
    /// How much later it is done. Nothing is read meanwhile.
    pub delay: Duration,
    /// How slowly the answer comes; `None`: as the network takes it.
    pub pace: Option<Pace>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// As it should be.
    Usual,
    /// This line; what was asked is not done. In IMAP the tag comes before it, unless it begins with `*`.
    Line(String),
    /// Octets that are no response; what was asked is not done.
    Garbage,
    /// Nothing; what was asked is not done.
    Nothing,
    /// What was asked is done, and so many octets of the response are sent; 0: the response is lost.
    Cut(u64),
}

impl Deed {
    /// This answer, and the session goes on.
    pub fn new(answer: Answer) -> Self {
        Deed { answer, then: Then::GoOn, delay: Duration::ZERO, pace: None }
    }

    /// The same, and this after it.
    #[must_use]
    pub fn then(self, then: Then) -> Self {
        Deed { then, ..self }
    }
}

/// `NO [INUSE] Mailbox is locked`, `the first 2000 octets of the response, then closes the connection`.
impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.answer {
            Answer::Usual => f.write_str("the usual response")?,
            Answer::Line(line) => f.write_str(line)?,
            Answer::Garbage => f.write_str("garbage")?,
            Answer::Nothing => f.write_str("nothing done and nothing said")?,
            Answer::Cut(0) => f.write_str("done, and no response")?,
            Answer::Cut(1) => f.write_str("the first octet of the response")?,
            Answer::Cut(octets) => write!(f, "the first {octets} octets of the response")?,
        }
        if !self.delay.is_zero() {
            write!(f, ", {:?} late", self.delay)?;
        }
        if let Some(Pace { octets, every }) = self.pace {
            let s = if octets == 1 { "" } else { "s" };
            write!(f, ", {octets} octet{s} every {every:?}")?;
        }
        match self.then {
            Then::GoOn => Ok(()),
            Then::Close => f.write_str(", then closes the connection"),
            Then::Reset => f.write_str(", then resets the connection"),
            Then::Silence => f.write_str(", then hangs"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deeds_in_words() {
        let check = |deed: Deed, words: &str| assert_eq!(deed.to_string(), words);
        let no = "NO [INUSE] Mailbox is locked";
        check(Deed::new(Answer::Line(no.into())), no);
        let cut = Deed::new(Answer::Cut(2000)).then(Then::Reset);
        check(cut, "the first 2000 octets of the response, then resets the connection");
        check(Deed::new(Answer::Cut(0)).then(Then::Silence), "done, and no response, then hangs");
        let pace = Some(Pace { octets: 1, every: Duration::from_secs(1) });
        let slow = Deed { delay: Duration::from_millis(1500), pace, ..Deed::new(Answer::Usual) };
        check(slow, "the usual response, 1.5s late, 1 octet every 1s");
    }
}
