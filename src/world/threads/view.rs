//! What one thread concludes from the desks of all parts: how far its own part can go.
//!
//! Nothing can come to a part but from an event that is still to happen at another one, and no packet
//! takes less than the shortest way between the two ([`Delays`](super::delays::Delays)). So a part
//! may handle all that comes before the soonest event of each other part and the way from there; and that
//! holds for ever, as all that happens later follows from events that are known now. What the part itself
//! sends may be answered: that is in the trays of others when it looks again, and until then it goes no
//! further than to the soonest answer ([`Crossing`](super::super::node::Crossing)). The part with the
//! soonest event of all can always go on, so nothing ever waits for ever; and nobody is held up by those
//! who have nothing to do, however long that lasts.
//!
//! Desks are read one after the other, and meanwhile others go on. Of a single other part that does
//! not matter: what it has sent is in the own tray when its clock is seen to be past that. But where
//! there are three, a packet may go from one whose clock is read after that to one whose tray is read
//! before, and be seen nowhere. So it is counted how often anything was sent: if that has not
//! changed from before the first desk is read until after the last, nothing was missed.
//!
//! Where many parts are busy it changes all the time. Then promises help: a promise says that a part
//! handles nothing before a time from now on. What was promised once is true for ever, and what others
//! have promised before a desk is read is a bound for all that comes to it afterwards; so new
//! promises follow from those before and the desk alone. (This is how Chandy and Misra, 1979, and
//! Bryant, 1977, let parts run side by side. By itself it creeps where nothing happens for long: each look
//! brings all no further than the shortest way.)

use super::board::Board;

/// What a thread knows.
pub(super) struct View {
    place: usize,
    /// Nothing that is not in the tray yet comes before this time, in nanoseconds. Whoever sends anything
    /// lowers it to when that may be answered.
    pub(super) bound: u64,
    /// By part: it handles nothing before this from now on.
    promises: Box<[u64]>,
    /// What was on the desks at the last look.
    soonest: Box<[u64]>,
}

impl View {
    /// Of the thread that has the part at this place.
    pub(super) fn new(board: &Board<'_>, place: usize) -> Self {
        let nothing = || vec![0; board.parts()].into();
        View { place, bound: 0, promises: nothing(), soonest: nothing() }
    }

    /// Looks at all desks. `own` is what the own part promises. `true` when nothing is left to do
    /// anywhere but what is in the own tray.
    pub(super) fn look(&mut self, board: &Board<'_>, own: u64) -> bool {
        let place = self.place;
        self.promises[place] = own;
        let is_pair = board.parts() == 2;
        let sent = if is_pair { 0 } else { board.sent() };
        let mut first = u64::MAX;
        for (other, soonest) in self.soonest.iter_mut().enumerate() {
            *soonest = board.soonest(other);
            if other != place {
                first = first.min(*soonest);
            }
        }
        let end = board.meeting.end();
        let nothing_missed = is_pair || board.sent() == sent;
        if !is_pair {
            self.conclude(board, nothing_missed);
        }
        let known = if nothing_missed { &self.soonest } else { &self.promises };
        self.bound = self.bound.max(reach(board, known, place)).min(end);
        nothing_missed && first >= end
    }

    /// What all others can promise now.
    fn conclude(&mut self, board: &Board<'_>, nothing_missed: bool) {
        let before = if nothing_missed { self.soonest.clone() } else { self.promises.clone() };
        for (other, promise) in self.promises.iter_mut().enumerate() {
            if other != self.place {
                let now = self.soonest[other].min(reach(board, &before, other));
                *promise = now.max(*promise);
            }
        }
    }
}

/// When the first packet can reach a part from others that handle nothing before these times.
fn reach(board: &Board<'_>, times: &[u64], place: usize) -> u64 {
    let ways = board.delays.to(place).iter().zip(times).enumerate();
    let others = ways.filter(|(other, _)| *other != place);
    let reach = others.map(|(_, (delay, time))| time.saturating_add(*delay));
    reach.fold(u64::MAX, u64::min)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Threads;
    use super::super::board::{Entry, Rules};
    use super::super::delays::Delays;
    use super::super::pace::Pace;
    use super::*;
    use crate::engine::{Key, Seed, SimTime};
    use crate::net::{Latency, LinkConfig};
    use crate::world::node::{Happening, Scheduled};
    use crate::world::{HostConfig, World, WorldBuilder};

    const MS: u64 = 1_000_000;

    /// Three hosts in a row, 5 ms from each other, each of which is a part.
    fn world() -> World {
        let mut parts = WorldBuilder::new(Seed(1));
        let latency = Latency::Constant(Duration::from_millis(5));
        for host in 0..3 {
            parts.host(HostConfig::new(format!("h{host}")));
        }
        for host in 1..3 {
            let link = LinkConfig { latency: latency.clone(), ..LinkConfig::default() };
            parts.link(format!("h{}", host - 1), format!("h{host}"), link);
        }
        let mut world = parts.build().unwrap();
        world.set_threads(Threads::new(3).eagerly());
        world.part();
        assert_eq!(world.parts.len(), 3);
        world
    }

    fn check(act: impl FnOnce(&Board<'_>, &mut View)) {
        let world = world();
        let delays = Delays::new(&world.network, &world.parts);
        let rules = Rules { threads: 3, may_look: false, eager: true };
        let how = (rules, Pace::default());
        let board = Board::new(&world.network, &delays, &world.parts, 1_000 * MS, how);
        let mut view = View::new(&board, 0);
        act(&board, &mut view);
    }

    fn send(board: &Board<'_>, from: usize, to: usize, at: u64) {
        let key = Key { time: SimTime::from_nanos(at), ..Key::default() };
        let node = crate::net::NodeId(to as u32);
        let entry = (key, Scheduled { node, cause: None, happening: Happening::Start });
        let mut leaving: Vec<Vec<Entry>> = vec![Vec::new(), Vec::new(), Vec::new()];
        leaving[to].push(entry);
        board.send(from, &mut leaving);
    }

    #[test]
    fn a_part_goes_as_far_as_nothing_can_come_from_any_other() {
        check(|board, view| {
            board.show(1, 20 * MS);
            board.show(2, 3 * MS);
            assert!(!view.look(board, 0));
            assert_eq!(view.bound, 13 * MS);
            // Whoever has nothing to do holds nobody up.
            board.show(2, u64::MAX);
            view.look(board, 0);
            assert_eq!(view.bound, 25 * MS);
        });
    }

    #[test]
    fn what_is_in_a_tray_counts_until_it_is_on_the_clock() {
        check(|board, view| {
            (1..3).for_each(|place| board.show(place, u64::MAX));
            send(board, 2, 1, 8 * MS);
            view.look(board, 0);
            assert_eq!(view.bound, 13 * MS);
            assert_eq!(board.take(1, Vec::new()).len(), 1);
            view.look(board, 0);
            assert_eq!((view.bound, board.soonest(1)), (13 * MS, 8 * MS));
        });
    }

    #[test]
    fn nobody_goes_home_before_all_is_done() {
        check(|board, view| {
            board.show(1, 1_000 * MS);
            board.show(2, 999 * MS);
            assert!(!view.look(board, 0));
            board.show(2, u64::MAX);
            assert!(view.look(board, 0));
            assert_eq!(view.bound, 1_000 * MS);
        });
    }
}
