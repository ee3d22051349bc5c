//! Selective acknowledgment: what has arrived beyond the acknowledgment number.
//!
//! Follows RFC 2018 (the options) and RFC 6675 (which segments are lost, and how much is in flight).
//!
//! Not modelled: reports of duplicates (RFC 2883), the rescue retransmission of RFC 6675 §4 (4).

use super::sequence::SeqNumber;
use std::fmt;

/// The blocks of the option SACK, the one that arrived last first. Each from its first sequence number
/// to the one behind its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SackBlocks {
    blocks: [(u32, u32); SackBlocks::MOST],
    count: u8,
}

impl SackBlocks {
    /// So many fit the header (RFC 2018 §3).
    pub const MOST: usize = 4;

    /// Adds a block; one too many is left out.
    pub fn push(&mut self, from: u32, to: u32) {
        if let Some(place) = self.blocks.get_mut(usize::from(self.count)) {
            *place = (from, to);
            self.count += 1;
        }
    }

    /// Leaves so many at the most.
    pub(crate) fn truncate(&mut self, most: usize) {
        self.count = self.count.min(u8::try_from(most).unwrap_or(u8::MAX));
    }

    /// The blocks.
    pub fn as_slice(&self) -> &[(u32, u32)] {
        &self.blocks[..usize::from(self.count)]
    }

    /// The octets that the option takes in the header, padding included.
    pub fn header_octets(&self) -> usize {
        Self::octets_of(self.as_slice().len())
    }

    /// What so many blocks take.
    pub(crate) fn octets_of(blocks: usize) -> usize {
        if blocks == 0 { 0 } else { 4 + 8 * blocks }
    }
}

/// `101-201,301-401`.
impl fmt::Display for SackBlocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (from, to)) in self.as_slice().iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{from}-{to}")?;
        }
        Ok(())
    }
}

/// What the peer has, beyond SND.UNA, and what was sent again of what it has not.
#[derive(Debug, Default)]
pub(crate) struct Scoreboard {
    /// Sorted, apart from each other.
    ranges: Vec<(SeqNumber, SeqNumber)>,
    /// HighRxt: behind the highest number that was sent again in this recovery, or since the time-out;
    /// `None` when there was none.
    high_rxt: Option<SeqNumber>,
}

/// More would be more than a full window of full segments has.
const MAX_RANGES: usize = 1_024;

impl Scoreboard {
    /// Nothing is known yet. After a time-out, everything before that number was sent again.
    pub(crate) fn new(sent_again: Option<SeqNumber>) -> Self {
        Scoreboard { ranges: Vec::new(), high_rxt: sent_again }
    }

    /// Takes the blocks of a segment, as far as they lie between `una` and `max`. True when they tell
    /// anything new.
    pub(crate) fn update(&mut self, una: SeqNumber, max: SeqNumber, blocks: &SackBlocks) -> bool {
        let mut is_new = false;
        for (from, to) in blocks.as_slice() {
            let (from, to) = (SeqNumber(*from), SeqNumber(*to));
            let is_sane = una.before(from) && from.before(to) && to.at_or_before(max);
            if is_sane && self.ranges.len() < MAX_RANGES {
                is_new |= self.insert(from, to);
            }
        }
        is_new
    }

    /// SND.UNA has moved to `una`.
    pub(crate) fn advance(&mut self, una: SeqNumber) {
        let gone = self.ranges.iter().take_while(|(_, to)| to.at_or_before(una)).count();
        self.ranges.drain(..gone);
        if let Some((from, _)) = self.ranges.first_mut()
            && from.before(una)
        {
            *from = una;
        }
    }

    /// Recovery begins, or everything from `from` on is sent again.
    pub(crate) fn begin(&mut self, from: SeqNumber) {
        self.high_rxt = Some(from);
    }

    /// Recovery is over.
    pub(crate) fn end(&mut self) {
        self.high_rxt = None;
    }

    /// Whether there is nothing left to know: nothing arrived out of order, and no recovery is under way.
    pub(crate) fn is_done(&self) -> bool {
        self.ranges.is_empty() && self.high_rxt.is_none()
    }

    /// Everything before `to` was sent again, as far as the peer has it not.
    pub(crate) fn sent_again(&mut self, to: SeqNumber) {
        if let Some(high) = &mut self.high_rxt
            && high.before(to)
        {
            *high = to;
        }
    }

    /// Where what the peer has ends, if `number` lies in it.
    pub(crate) fn covers(&self, number: SeqNumber) -> Option<SeqNumber> {
        let range = self.ranges.iter().find(|(_, to)| number.before(*to))?;
        range.0.at_or_before(number).then_some(range.1)
    }

    /// Where the next thing begins that the peer has, from `number` on.
    pub(crate) fn next_from(&self, number: SeqNumber) -> Option<SeqNumber> {
        self.ranges.iter().map(|(from, _)| *from).find(|from| number.at_or_before(*from))
    }

    /// Whether what is at `number` is lost: enough behind it has arrived (RFC 6675 §4, `IsLost`).
    pub(crate) fn is_lost(&self, number: SeqNumber, mss: u32) -> bool {
        let above = self.ranges.iter().filter(|(from, _)| number.before(*from));
        let (count, octets) = above.fold((0_u32, 0_u32), |(count, octets), (from, to)| {
            (count + 1, octets + to.since(*from))
        });
        is_enough(count, octets, mss)
    }

    /// What is to be sent again next: the first that the peer has not and that was not sent again, if it
    /// is lost, or, with `lost_or_not`, if anything behind it has arrived (RFC 6675 §4, `NextSeg`).
    pub(crate) fn next_hole(
        &self,
        una: SeqNumber,
        mss: u32,
        lost_or_not: bool,
    ) -> Option<(SeqNumber, SeqNumber)> {
        let high = self.high_rxt?;
        let mut from = if una.before(high) { high } else { una };
        for (start, end) in &self.ranges {
            if from.before(*start) {
                return (lost_or_not || self.is_lost(from, mss)).then_some((from, *start));
            }
            if from.before(*end) {
                from = *end;
            }
        }
        None
    }

    /// How many octets between `una` and `nxt` are on their way (RFC 6675 §4, `SetPipe`).
    pub(crate) fn pipe(&self, una: SeqNumber, nxt: SeqNumber, mss: u32) -> u32 {
        let (mut pipe, mut top) = (0, nxt);
        let (mut count, mut octets) = (0, 0);
        let high = self.high_rxt.unwrap_or(una);
        let mut add = |from: SeqNumber, to: SeqNumber, count, octets| {
            if !is_enough(count, octets, mss) {
                pipe += to.since(from);
            }
            let again = if high.before(to) { high } else { to };
            pipe += again.since(from);
        };
        for (from, to) in self.ranges.iter().rev() {
            add(*to, top, count, octets);
            count += 1;
            octets += to.since(*from);
            if from.before(top) {
                top = *from;
            }
        }
        add(una, top, count, octets);
        pipe
    }

    /// True when it adds anything.
    fn insert(&mut self, mut from: SeqNumber, mut to: SeqNumber) -> bool {
        let first = self.ranges.partition_point(|(_, end)| end.before(from));
        let touching = self.ranges[first..].iter().take_while(|(start, _)| start.at_or_before(to));
        let last = first + touching.count();
        if let [(start, end)] = self.ranges[first..last]
            && start.at_or_before(from)
            && to.at_or_before(end)
        {
            return false;
        }
        for (start, end) in &self.ranges[first..last] {
            if start.before(from) {
                from = *start;
            }
            if to.before(*end) {
                to = *end;
            }
        }
        self.ranges.splice(first..last, [(from, to)]);
        true
    }
}

/// Three pieces, or more octets than two segments have.
fn is_enough(count: u32, octets: u32, mss: u32) -> bool {
    count >= DUP_THRESH || octets > (DUP_THRESH - 1) * mss
}

/// `DupThresh` of RFC 6675 §2.
const DUP_THRESH: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    const MSS: u32 = 100;

    fn scoreboard(ranges: &[(u32, u32)]) -> Scoreboard {
        let mut scoreboard = Scoreboard::default();
        for (from, to) in ranges {
            let mut blocks = SackBlocks::default();
            blocks.push(*from, *to);
            scoreboard.update(SeqNumber(0), SeqNumber(10_000), &blocks);
        }
        scoreboard
    }

    fn ranges(scoreboard: &Scoreboard) -> Vec<(u32, u32)> {
        scoreboard.ranges.iter().map(|(from, to)| (from.0, to.0)).collect()
    }

    #[test]
    fn blocks_are_joined_and_what_is_known_is_not_new() {
        assert_eq!(ranges(&scoreboard(&[(300, 400), (100, 200), (200, 300)])), [(100, 400)]);
        assert_eq!(ranges(&scoreboard(&[(100, 200), (300, 400), (150, 350)])), [(100, 400)]);
        assert_eq!(ranges(&scoreboard(&[(100, 200), (300, 400)])), [(100, 200), (300, 400)]);
        let mut known = scoreboard(&[(100, 300)]);
        let mut again = SackBlocks::default();
        again.push(150, 250);
        assert!(!known.update(SeqNumber(0), SeqNumber(10_000), &again));
        again.push(250, 301);
        assert!(known.update(SeqNumber(0), SeqNumber(10_000), &again));
        known.advance(SeqNumber(200));
        assert_eq!(ranges(&known), [(200, 301)]);
        known.advance(SeqNumber(301));
        assert_eq!(ranges(&known), []);
    }

    #[test]
    fn what_was_never_sent_or_is_acknowledged_is_not_believed() {
        let mut scoreboard = Scoreboard::default();
        let mut blocks = SackBlocks::default();
        for (from, to) in [(900, 1_100), (500, 400), (0, 100), (4_000_000_000, 100)] {
            blocks.push(from, to);
        }
        assert!(!scoreboard.update(SeqNumber(0), SeqNumber(1_000), &blocks));
        assert_eq!(ranges(&scoreboard), []);
    }

    #[test]
    fn three_pieces_or_more_than_two_segments_behind_it_make_it_lost() {
        assert!(!scoreboard(&[(100, 200), (300, 400)]).is_lost(SeqNumber(0), MSS));
        let three = scoreboard(&[(100, 110), (300, 310), (500, 510)]);
        assert!(three.is_lost(SeqNumber(0), MSS) && !three.is_lost(SeqNumber(200), MSS));
        assert!(scoreboard(&[(100, 301)]).is_lost(SeqNumber(0), MSS));
        assert!(!scoreboard(&[(100, 300)]).is_lost(SeqNumber(0), MSS));
    }

    #[test]
    fn holes_are_sent_again_in_order_and_once() {
        let mut scoreboard = scoreboard(&[(100, 200), (300, 600)]);
        let hole = |scoreboard: &Scoreboard, any| {
            let hole = scoreboard.next_hole(SeqNumber(0), MSS, any);
            hole.map(|(from, to)| (from.0, to.0))
        };
        assert_eq!(hole(&scoreboard, true), None, "not before recovery");
        scoreboard.begin(SeqNumber(0));
        assert_eq!(hole(&scoreboard, false), Some((0, 100)));
        scoreboard.sent_again(SeqNumber(100));
        assert_eq!(hole(&scoreboard, false), Some((200, 300)));
        scoreboard.sent_again(SeqNumber(250));
        assert_eq!(hole(&scoreboard, false), Some((250, 300)));
        scoreboard.sent_again(SeqNumber(300));
        assert_eq!(hole(&scoreboard, true), None);
    }

    #[test]
    fn the_pipe_holds_what_is_neither_lost_nor_arrived_and_what_was_sent_again() {
        // Of 1,000: 300 to 700 have arrived, so 0 to 300 is lost; 700 to 1,000 is on its way.
        let mut scoreboard = scoreboard(&[(300, 700)]);
        let pipe = |scoreboard: &Scoreboard| scoreboard.pipe(SeqNumber(0), SeqNumber(1_000), MSS);
        assert_eq!(pipe(&scoreboard), 300);
        scoreboard.begin(SeqNumber(0));
        scoreboard.sent_again(SeqNumber(100));
        assert_eq!(pipe(&scoreboard), 400);
        assert_eq!(Scoreboard::default().pipe(SeqNumber(0), SeqNumber(500), MSS), 500);
    }
}
