//! The octets from SND.UNA on: those in flight and those not sent yet.

use bytes::{Buf, Bytes, BytesMut};
use std::collections::VecDeque;

/// The user's writes, one after the other, with a cursor at SND.NXT.
///
/// Segments are slices of the writes; only one that spans two writes is copied.
#[derive(Debug, Default)]
pub(crate) struct SendQueue {
    writes: VecDeque<Bytes>,
    /// Octets in all.
    octets: usize,
    /// Octets before the cursor.
    sent: usize,
    cursor: Cursor,
}

#[derive(Debug, Default, Clone, Copy)]
struct Cursor {
    write: usize,
    offset: usize,
}

/// The text of a segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) payload: Bytes,
    /// It ends where a write ends: the segment carries PSH.
    pub(crate) ends_write: bool,
}

impl SendQueue {
    /// Appends one write. Nothing happens for an empty one.
    pub(crate) fn push(&mut self, write: Bytes) {
        if !write.is_empty() {
            self.octets += write.len();
            self.writes.push_back(write);
        }
    }

    /// Octets in flight or waiting.
    pub(crate) fn len(&self) -> usize {
        self.octets
    }

    /// Octets behind the cursor.
    pub(crate) fn unsent(&self) -> usize {
        self.octets - self.sent
    }

    /// Drops `count` octets from the front, or all if there are fewer.
    pub(crate) fn acknowledge(&mut self, count: usize) {
        let mut count = count.min(self.octets);
        self.octets -= count;
        self.sent = self.sent.saturating_sub(count);
        while let Some(front) = self.writes.front_mut() {
            if front.len() > count {
                front.advance(count);
                if self.cursor.write == 0 {
                    self.cursor.offset = self.cursor.offset.saturating_sub(count);
                }
                break;
            }
            count -= front.len();
            self.writes.pop_front();
            match self.cursor.write {
                0 => self.cursor.offset = 0,
                _ => self.cursor.write -= 1,
            }
        }
    }

    /// Puts the cursor back to the front.
    pub(crate) fn rewind(&mut self) {
        self.sent = 0;
        self.cursor = Cursor::default();
    }

    /// Up to `limit` octets from the front; the cursor stays.
    pub(crate) fn first(&self, limit: usize) -> Text {
        self.read(Cursor::default(), limit.min(self.octets)).0
    }

    /// Up to `limit` octets, the first of which is the one after `offset` from the front; the cursor
    /// stays.
    pub(crate) fn at(&self, offset: usize, limit: usize) -> Text {
        let offset = offset.min(self.octets);
        self.read(self.seek(offset), limit.min(self.octets - offset)).0
    }

    /// Moves the cursor `count` octets on.
    pub(crate) fn skip(&mut self, count: usize) {
        self.sent += count.min(self.unsent());
        self.cursor = self.seek(self.sent);
    }

    fn seek(&self, mut offset: usize) -> Cursor {
        for (write, octets) in self.writes.iter().enumerate() {
            if offset < octets.len() {
                return Cursor { write, offset };
            }
            offset -= octets.len();
        }
        Cursor { write: self.writes.len(), offset: 0 }
    }

    /// Up to `limit` octets from the cursor, which moves behind them.
    pub(crate) fn next(&mut self, limit: usize) -> Text {
        let (text, cursor) = self.read(self.cursor, limit.min(self.unsent()));
        self.cursor = cursor;
        self.sent += text.payload.len();
        text
    }

    /// Forgets everything and gives the memory back.
    pub(crate) fn clear(&mut self) {
        *self = SendQueue::default();
    }

    /// Exactly `count` octets from `cursor`, and the place behind them.
    fn read(&self, mut cursor: Cursor, count: usize) -> (Text, Cursor) {
        let mut gathered = BytesMut::new();
        let mut missing = count;
        while let Some(write) = self.writes.get(cursor.write) {
            let end = write.len().min(cursor.offset + missing);
            let ends_write = end == write.len();
            let part = cursor.offset..end;
            let next = if ends_write {
                Cursor { write: cursor.write + 1, offset: 0 }
            } else {
                Cursor { offset: end, ..cursor }
            };
            if part.len() == missing {
                let payload = if gathered.is_empty() {
                    write.slice(part)
                } else {
                    gathered.extend_from_slice(&write[part]);
                    gathered.freeze()
                };
                return (Text { payload, ends_write }, next);
            }
            gathered.reserve(missing);
            missing -= part.len();
            gathered.extend_from_slice(&write[part]);
            cursor = next;
        }
        (Text { payload: gathered.freeze(), ends_write: true }, cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(writes: &[&'static str]) -> SendQueue {
        let mut queue = SendQueue::default();
        for write in writes {
            queue.push(Bytes::from_static(write.as_bytes()));
        }
        queue
    }

    fn text(payload: &'static str, ends_write: bool) -> Text {
        Text { payload: Bytes::from_static(payload.as_bytes()), ends_write }
    }

    #[test]
    fn texts_are_cut_and_gathered() {
        let mut queue = queue(&["abcde", "", "fg", "h"]);
        assert_eq!(queue.next(3), text("abc", false));
        assert_eq!(queue.next(3), text("def", false));
        assert_eq!(queue.next(9), text("gh", true));
        assert_eq!(queue.next(9), text("", true));
        assert_eq!((queue.len(), queue.unsent()), (8, 0));
    }

    #[test]
    fn the_cursor_survives_acknowledgments() {
        let mut queue = queue(&["abcde", "fgh"]);
        assert_eq!(queue.next(6), text("abcdef", false));
        queue.acknowledge(2);
        assert_eq!(queue.first(2), text("cd", false));
        queue.acknowledge(3);
        assert_eq!(queue.next(1), text("g", false));
        queue.rewind();
        assert_eq!(queue.next(2), text("fg", false));
        queue.acknowledge(3);
        assert_eq!((queue.len(), queue.unsent()), (0, 0));
        queue.push(Bytes::from_static(b"ij"));
        assert_eq!(queue.next(5), text("ij", true));
    }

    #[test]
    fn an_acknowledgment_may_pass_a_cursor_that_went_back() {
        let mut queue = queue(&["abcde", "fgh"]);
        queue.next(7);
        queue.rewind();
        queue.next(1);
        queue.acknowledge(6);
        assert_eq!(queue.unsent(), 2);
        assert_eq!(queue.next(5), text("gh", true));
    }

    #[test]
    fn texts_are_read_from_anywhere() {
        let mut queue = queue(&["abcde", "fgh"]);
        assert_eq!(queue.at(0, 2), text("ab", false));
        assert_eq!(queue.at(3, 4), text("defg", false));
        assert_eq!(queue.at(5, 9), text("fgh", true));
        assert_eq!(queue.at(9, 9).payload.len(), 0);
        queue.next(1);
        queue.skip(5);
        assert_eq!(queue.next(9), text("gh", true));
        assert_eq!(queue.unsent(), 0);
    }

    #[test]
    fn a_text_within_one_write_is_not_copied() {
        let write = Bytes::from(vec![7; 100]);
        let mut queue = SendQueue::default();
        queue.push(write.clone());
        assert_eq!(queue.next(60).payload.as_ptr(), write.as_ptr());
    }
}
