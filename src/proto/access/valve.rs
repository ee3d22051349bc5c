//! Between a session that misbehaves and its connection: responses that are cut off, or come slowly.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::engine::SimTime;
use crate::proto::misbehaviour::Pace;

/// What a session sends, on its way out.
#[derive(Debug, Default)]
pub struct Valve {
    /// How much more of the response passes; `None`: all of it.
    left: Option<u64>,
    /// How slowly.
    pace: Option<Pace>,
    /// What waits because of that, and when the next of it may go.
    queue: VecDeque<Piece>,
    next: SimTime,
}

/// A step of what goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Octets.
    Octets(Bytes),
    /// The connection is closed in order.
    Close,
    /// The connection is dropped.
    Abort,
}

impl Valve {
    /// Of what the session sends from now on so much passes, and this slowly.
    pub fn set(&mut self, left: Option<u64>, pace: Option<Pace>, now: SimTime) {
        self.left = left;
        self.pace = pace;
        if let Some(Pace { every, .. }) = pace {
            self.next = self.next.max(now + every);
        }
    }

    /// The next response is as it should be. What waits goes first, at its pace.
    pub fn settle(&mut self) {
        self.left = None;
        if self.queue.is_empty() {
            self.pace = None;
        }
    }

    /// Nothing more passes, ever.
    pub fn shut(&mut self) {
        (self.left, self.pace) = (Some(0), None);
        self.queue.clear();
    }

    /// Takes a step of the session; what goes out at once.
    pub fn take(&mut self, piece: Piece) -> Option<Piece> {
        let piece = match (piece, &mut self.left) {
            (Piece::Octets(mut octets), Some(left)) => {
                let fits = usize::try_from(*left).unwrap_or(usize::MAX).min(octets.len());
                *left -= fits as u64;
                octets.truncate(fits);
                (!octets.is_empty()).then_some(Piece::Octets(octets))?
            }
            (piece, _) => piece,
        };
        if self.pace.is_none() && self.queue.is_empty() {
            return Some(piece);
        }
        self.queue.push_back(piece);
        None
    }

    /// The steps whose time has come.
    pub fn due(&mut self, now: SimTime) -> Vec<Piece> {
        let mut due = Vec::new();
        while let Some(front) = self.queue.front_mut() {
            let Some(Pace { octets, every }) = self.pace else {
                due.extend(self.queue.drain(..));
                break;
            };
            if now < self.next {
                break;
            }
            match front {
                Piece::Octets(waiting) if waiting.len() > octets.max(1) => {
                    due.push(Piece::Octets(waiting.split_to(octets.max(1))));
                    self.next += every;
                }
                Piece::Octets(_) => {
                    due.extend(self.queue.pop_front());
                    self.next += every;
                }
                // Where nothing waits before it, the end comes at once.
                Piece::Close | Piece::Abort => due.extend(self.queue.pop_front()),
            }
        }
        if self.queue.is_empty() && self.left.is_none() {
            self.pace = None;
        }
        due
    }

    /// Everything that waits, at once.
    pub fn flush(&mut self) -> impl Iterator<Item = Piece> {
        self.queue.drain(..)
    }

    /// When [`Valve::due`] has something.
    pub fn deadline(&self) -> Option<SimTime> {
        (!self.queue.is_empty()).then_some(self.next)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn octets(text: &'static str) -> Piece {
        Piece::Octets(Bytes::from_static(text.as_bytes()))
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_response_is_cut_off_and_the_next_one_is_whole() {
        let mut valve = Valve::default();
        assert_eq!(valve.take(octets("as ever")), Some(octets("as ever")));
        valve.set(Some(5), None, SimTime::ZERO);
        assert_eq!(valve.take(octets("abc")), Some(octets("abc")));
        assert_eq!(valve.take(octets("defg")), Some(octets("de")));
        assert_eq!(valve.take(octets("h")), None);
        assert_eq!(valve.take(Piece::Close), Some(Piece::Close));
        valve.settle();
        assert_eq!(valve.take(octets("ij")), Some(octets("ij")));
        valve.shut();
        assert_eq!(valve.take(octets("kl")), None);
    }

    #[test]
    fn a_slow_response_holds_up_what_follows() {
        let mut valve = Valve::default();
        let pace = Some(Pace { octets: 2, every: SECOND });
        valve.set(None, pace, SimTime::from_secs(10));
        assert_eq!(valve.take(octets("abc")), None);
        valve.settle();
        assert_eq!(valve.take(octets("d")), None);
        assert_eq!(valve.take(Piece::Close), None);
        assert_eq!(valve.deadline(), Some(SimTime::from_secs(11)));
        assert_eq!(valve.due(SimTime::from_secs(10)), []);
        assert_eq!(valve.due(SimTime::from_secs(11)), [octets("ab")]);
        assert_eq!(valve.due(SimTime::from_secs(12)), [octets("c")]);
        assert_eq!(valve.deadline(), Some(SimTime::from_secs(13)));
        assert_eq!(valve.due(SimTime::from_secs(13)), [octets("d")]);
        assert_eq!(valve.due(SimTime::from_secs(14)), [Piece::Close]);
        assert_eq!(valve.deadline(), None);
        assert_eq!(valve.take(octets("e")), Some(octets("e")));
    }

    #[test]
    fn what_waits_can_be_let_go_at_once() {
        let mut valve = Valve::default();
        valve.set(None, Some(Pace { octets: 1, every: SECOND }), SimTime::ZERO);
        assert_eq!(valve.take(octets("abc")), None);
        assert_eq!(valve.flush().collect::<Vec<_>>(), [octets("abc")]);
        assert_eq!(valve.deadline(), None);
    }
}
