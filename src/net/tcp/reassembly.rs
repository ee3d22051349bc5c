//! What arrived out of order and waits for what is missing before it (RFC 9293 §3.10.7.4).

use super::sack::SackBlocks;
use super::sequence::{SeqNumber, clamp};
use bytes::{Buf, Bytes};
use std::collections::VecDeque;

/// Pieces of the stream, sorted, without overlaps. Costs no heap while everything is in order.
#[derive(Debug, Default)]
pub(crate) struct Reassembly {
    pieces: VecDeque<Piece>,
    /// Where the latest arrivals lie, the last first.
    latest: Vec<SeqNumber>,
}

#[derive(Debug)]
struct Piece {
    seq: SeqNumber,
    payload: Bytes,
}

impl Piece {
    fn end(&self) -> SeqNumber {
        self.seq + clamp(self.payload.len())
    }
}

impl Reassembly {
    /// True when nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Keeps `payload`, which lies at `seq` within the window.
    ///
    /// Of octets that came twice the first copy stays, unless the new piece covers the old one
    /// whole. A piece too many is dropped; the peer sends it again.
    pub(crate) fn insert(&mut self, mut seq: SeqNumber, mut payload: Bytes) {
        let arrived = seq;
        let at = self.pieces.partition_point(|piece| piece.seq.before(seq));
        if let Some(previous) = at.checked_sub(1).and_then(|index| self.pieces.get(index)) {
            let overlap = previous.end().since(seq).min(clamp(payload.len()));
            payload.advance(overlap as usize);
            seq += overlap;
        }
        let end = seq + clamp(payload.len());
        let covered =
            self.pieces.range(at..).take_while(|piece| piece.end().at_or_before(end)).count();
        self.pieces.drain(at..at + covered);
        if let Some(next) = self.pieces.get(at) {
            payload.truncate(next.seq.since(seq) as usize);
        }
        if !payload.is_empty() && self.pieces.len() < MAX_PIECES {
            self.pieces.insert(at, Piece { seq, payload });
        }
        self.latest.truncate(2 * SackBlocks::MOST);
        self.latest.insert(0, arrived);
    }

    /// What waits, as the peer is told of it: the block of what arrived last first, then those before
    /// (RFC 2018 §4).
    pub(crate) fn blocks(&self) -> SackBlocks {
        let mut blocks = SackBlocks::default();
        for number in &self.latest {
            let Some((from, to)) = self.block_around(*number) else { continue };
            if !blocks.as_slice().contains(&(from.0, to.0)) {
                blocks.push(from.0, to.0);
            }
        }
        blocks
    }

    /// The pieces that join without a gap and hold `number`.
    fn block_around(&self, number: SeqNumber) -> Option<(SeqNumber, SeqNumber)> {
        let behind = self.pieces.partition_point(|piece| piece.seq.at_or_before(number));
        let piece = &self.pieces[behind.checked_sub(1)?];
        if piece.end().at_or_before(number) {
            return None;
        }
        let (mut from, mut to) = (piece.seq, piece.end());
        for piece in self.pieces.range(..behind - 1).rev() {
            if piece.end() != from {
                break;
            }
            from = piece.seq;
        }
        for piece in self.pieces.range(behind..) {
            if piece.seq != to {
                break;
            }
            to = piece.end();
        }
        Some((from, to))
    }

    /// Takes the next octets in order, those at `nxt`, if they are here. Empty for a piece whose
    /// octets all came otherwise meanwhile.
    pub(crate) fn next(&mut self, nxt: SeqNumber) -> Option<Bytes> {
        self.pieces.front().filter(|piece| piece.seq.at_or_before(nxt))?;
        let Piece { seq, mut payload } = self.pieces.pop_front()?;
        payload.advance(nxt.since(seq).min(clamp(payload.len())) as usize);
        Some(payload)
    }

    /// Forgets everything and gives the memory back.
    pub(crate) fn clear(&mut self) {
        *self = Reassembly::default();
    }
}

/// More than a full window of full segments has.
const MAX_PIECES: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    /// Inserts pieces of the alphabet, as (start, end), and checks what is then in order after
    /// each.
    fn check(pieces: &[(usize, usize, &str)]) {
        let alphabet = Bytes::from_static(b"abcdefghijklmnopqrstuvwxyz");
        let zero = SeqNumber(u32::MAX - 3);
        let (mut reassembly, mut nxt) = (Reassembly::default(), zero);
        let mut delivered = Vec::new();
        for &(start, end, expected) in pieces {
            reassembly.insert(zero + start as u32, alphabet.slice(start..end));
            while let Some(payload) = reassembly.next(nxt) {
                nxt += clamp(payload.len());
                delivered.extend_from_slice(&payload);
            }
            assert_eq!(String::from_utf8_lossy(&delivered), expected);
        }
        assert!(reassembly.is_empty());
    }

    #[test]
    fn gaps_are_filled_in_any_order() {
        check(&[(2, 4, ""), (6, 8, ""), (4, 6, ""), (0, 2, "abcdefgh")]);
        check(&[(4, 6, ""), (0, 3, "abc"), (3, 4, "abcdef")]);
    }

    #[test]
    fn pieces_overlap_in_every_way() {
        check(&[(2, 6, ""), (4, 8, ""), (0, 2, "abcdefgh")]);
        check(&[(4, 8, ""), (2, 6, ""), (0, 2, "abcdefgh")]);
        check(&[(3, 4, ""), (6, 7, ""), (2, 9, ""), (4, 5, ""), (0, 3, "abcdefghi")]);
        check(&[(2, 9, ""), (3, 4, ""), (0, 5, "abcdefghi")]);
        check(&[(3, 5, ""), (0, 9, "abcdefghi")]);
        check(&[(3, 5, ""), (3, 5, ""), (0, 3, "abcde")]);
    }

    #[test]
    fn the_number_of_pieces_is_bounded() {
        let mut reassembly = Reassembly::default();
        for odd in (1..10_000).step_by(2) {
            reassembly.insert(SeqNumber(odd), Bytes::from_static(b"x"));
        }
        assert_eq!(reassembly.pieces.len(), MAX_PIECES);
    }
}
