//! A world on several threads: the same history, to the byte.
//!
//! The nodes are dealt out into parts, each with its own queue (`split`); parts run side by side as far
//! as the links between them allow (`board`, `view`), by turns (`job`) that threads give them (`worker`), and
//! stop where the network changes, which is known in advance. Events have their order from their origins, so
//! what happens at a node does not depend on who else runs; what was recorded is put in that order when the
//! parts have stopped (`meeting`). A world is parted when it has had some events, by what its nodes had to
//! do until then, and stays parted as long as that pays (`pace`).
//!
//! Not modelled: runs that are looked at event by event (traced draws, a crash after an event of a number,
//! a gateway to real programs). They stay on one thread, and say so.

mod board;
mod delays;
mod job;
mod meeting;
mod pace;
mod split;
#[cfg(test)]
mod tests;
mod view;
mod worker;

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::engine::{SimTime, shake, trace};
use crate::net::NodeId;

use self::board::{Board, Rules};
use self::delays::Delays;
use self::job::{Job, Turn};
use self::pace::Pace;
use self::split::SplitRules;
use self::worker::Worker;

use super::World;
use super::capture::Captured;
use super::fold::Folding;
use super::node::Crossing;
use super::part::{Mark, Part, Places, Recorded};
use super::record::Record;
use super::records::Records;

/// On how many threads a world runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threads {
    count: usize,
    /// How many can run at once.
    processors: usize,
    eager: bool,
}

impl Default for Threads {
    fn default() -> Self {
        Threads::new(1)
    }
}

impl fmt::Display for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.count.fmt(f)
    }
}

impl Threads {
    /// More are not of use to anybody.
    pub const MOST: usize = 256;

    /// So many, where that pays; from 1 up to [`Threads::MOST`].
    pub fn new(count: usize) -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Threads { count: count.clamp(1, Self::MOST), processors, eager: false }
    }

    /// How many.
    pub fn count(self) -> usize {
        self.count
    }

    /// From the first event on, and where it does not pay, too, and more than can run at once: for tests.
    #[must_use]
    pub fn eagerly(self) -> Self {
        Threads { eager: true, ..self }
    }

    /// How many there are: no more than can run at once.
    fn at_work(self) -> usize {
        if self.eager { self.count } else { self.count.min(self.processors) }
    }
}

/// How a world runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// On one thread, for this reason.
    Alone(Reason),
    /// On several threads.
    Parted {
        /// In how many parts.
        parts: usize,
        /// How far ahead of another one a part can be, at the least.
        ahead: Duration,
    },
}

/// Why a world runs on one thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Nothing else was asked for.
    Asked,
    /// It has had too few events to say how it could be parted.
    Young,
    /// There are no two parts which would both have much to do.
    Whole,
    /// Too few events come together within the time that parts can be ahead of each other.
    Short {
        /// That time.
        ahead: Duration,
        /// How many events a turn of a part has beside others, in hundredths.
        hundredths: u64,
    },
    /// The machine has no second processor.
    Processor,
    /// Real programs reach it.
    Served,
    /// Its draws are traced.
    Traced,
    /// A crash waits for an event.
    Trapped,
    /// Somebody takes it from event to event.
    Stepped,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Asked => f.write_str("one was asked for"),
            Reason::Young => f.write_str("it is over before more would pay"),
            Reason::Whole => f.write_str(
                "it has no two parts that both have much to do and a link with a least delay between them",
            ),
            Reason::Short { ahead, hundredths } => {
                let (whole, rest) = (hundredths / 100, hundredths % 100);
                write!(
                    f,
                    "links between parts are too short ({ahead:?}): {whole}.{rest:02} events come together"
                )
            }
            Reason::Processor => f.write_str("there is one processor"),
            Reason::Served => f.write_str("real programs reach it"),
            Reason::Traced => f.write_str("its draws are traced"),
            Reason::Trapped => f.write_str("a crash waits for an event of one host"),
            Reason::Stepped => f.write_str("it is run event by event"),
        }
    }
}

/// How a world runs, and is to run.
#[derive(Debug)]
pub(super) struct Crew {
    threads: Threads,
    sharing: Sharing,
    /// When so many events were handled, it is seen whether the world can be parted.
    apart_at: u64,
    /// How much was done side by side, of late.
    pace: Pace,
    /// What is between the parts, once that is known and as long as it holds.
    delays: Option<Delays>,
    /// What was recorded so far, where each part keeps what is not gathered yet.
    history: Option<Records>,
    /// The same of captured packets.
    captured: Option<Vec<Captured>>,
}

impl Default for Crew {
    fn default() -> Self {
        let (threads, sharing) = (Threads::new(1), Sharing::Alone(Reason::Asked));
        let (apart_at, pace) = (u64::MAX, Pace::default());
        Crew { threads, sharing, apart_at, pace, delays: None, history: None, captured: None }
    }
}

impl Crew {
    /// The configuration of a link has changed.
    pub(super) fn links_have_changed(&mut self) {
        self.delays = None;
    }

    /// What was recorded, in a world that is parted.
    pub(super) fn history(&self) -> Option<&Records> {
        self.history.as_ref()
    }

    /// What was captured, in a world that is parted.
    pub(super) fn captured(&self) -> Option<&Vec<Captured>> {
        self.captured.as_ref()
    }

    pub(super) fn captured_mut(&mut self) -> Option<&mut Vec<Captured>> {
        self.captured.as_mut()
    }
}

impl Crew {
    /// What comes next in the order in which it happened.
    fn keep(
        &mut self,
        records: impl Iterator<Item = Record>,
        packets: impl Iterator<Item = Captured>,
    ) {
        if let Some(history) = &mut self.history {
            records.for_each(|record| history.push(record));
        }
        if let Some(captured) = &mut self.captured {
            captured.extend(packets);
        }
    }
}

/// After so many events it is known who has much to do.
const YOUTH: u64 = 50_000;
/// After so many more it is tried again what did not pay.
const PATIENCE: u64 = 1_000_000;

impl World {
    /// Lets the world run on so many threads from now on. Nothing else changes with it.
    pub fn set_threads(&mut self, threads: Threads) {
        self.run_alone(Reason::Young);
        let reason = if threads.count > 1 { Reason::Young } else { Reason::Asked };
        let apart_at = if threads.eager { 0 } else { YOUTH };
        self.crew = Crew { threads, sharing: Sharing::Alone(reason), apart_at, ..Crew::default() };
    }

    /// How it runs now.
    pub fn sharing(&self) -> Sharing {
        self.crew.sharing
    }

    /// Runs up to and with `last`, up to which the network does not change, or to an event that a crash
    /// waits for.
    pub(super) fn advance(&mut self, last: SimTime) -> Option<NodeId> {
        loop {
            match self.crew.sharing {
                Sharing::Alone(Reason::Young | Reason::Whole | Reason::Short { .. }) => {
                    let apart_at = self.crew.apart_at;
                    let trapped = self.parts[0].run_some(&self.network, last, apart_at);
                    if trapped.is_some() || self.parts[0].events < apart_at {
                        return trapped;
                    }
                    self.part();
                }
                Sharing::Alone(_) => return self.parts[0].run(&self.network, last),
                Sharing::Parted { ahead, .. } => {
                    self.run_side_by_side(last);
                    let mut left = self.parts.iter().filter_map(|part| part.agenda.queue.peek());
                    if !left.any(|key| key.time <= last) {
                        return None;
                    }
                    let pace = self.crew.pace;
                    if !self.crew.threads.eager && pace.does_not_pay() {
                        let hundredths = pace.hundredths();
                        self.crew.pace = Pace::default();
                        self.run_alone(Reason::Short { ahead, hundredths });
                        self.crew.apart_at = self.parts[0].events + PATIENCE;
                    } else if self.next_event() == Some(SimTime::MAX) {
                        // There is no time after it for a bound to be.
                        self.run_alone(Reason::Young);
                        self.crew.apart_at = u64::MAX;
                    }
                }
            }
        }
    }

    /// Takes the world apart, if that can be of use.
    fn part(&mut self) {
        let Threads { eager, .. } = self.crew.threads;
        let threads = self.crew.threads.at_work();
        let whole = &self.parts[0];
        let reason = match () {
            () if trace::is_on() => Reason::Traced,
            () if !self.traps.is_empty() => Reason::Trapped,
            () if whole.hosts.iter().any(|host| host.state.is_gateway) => Reason::Served,
            () if threads < 2 => Reason::Processor,
            () => match split::split(&self.network, whole, SplitRules { threads, eager }) {
                Some(part_of) => return self.take_apart(&part_of),
                None => Reason::Whole,
            },
        };
        self.crew.apart_at = whole.events + PATIENCE;
        self.crew.sharing = Sharing::Alone(reason);
    }

    fn take_apart(&mut self, part_of: &[u32]) {
        let whole = self.parts.pop().expect("a world has parts");
        let count = part_of.iter().max().map_or(1, |part| *part as usize + 1);
        let Part { hosts, routers, mut agenda, now, events, .. } = whole;
        let mut parts: Vec<Part> = Vec::with_capacity(count);
        for own in 0..count {
            let mut part = Part { now, ..Part::default() };
            part.agenda.crossing = Some(Box::new(Crossing::new(own, count)));
            part.agenda.records = agenda.records.as_ref().map(|_| Records::new(usize::MAX));
            part.agenda.fold = agenda.fold.as_ref().map(Folding::fresh);
            part.agenda.capture = agenda.capture.as_ref().map(|of| Box::new(of.fresh()));
            parts.push(part);
        }
        let mut places = Places::with_capacity(part_of.len());
        for (host, part) in hosts.into_iter().zip(part_of) {
            let hosts = &mut parts[*part as usize].hosts;
            places.push(*part, hosts.len());
            hosts.push(host);
        }
        let first_router = self.network.names.hosts();
        for (router, part) in routers.into_iter().zip(&part_of[first_router..]) {
            let Part { hosts, routers, .. } = &mut parts[*part as usize];
            places.push(*part, hosts.len() + routers.len());
            routers.push(router);
        }
        while let Some((key, scheduled)) = agenda.queue.pop() {
            parts[part_of[scheduled.node.index()] as usize].agenda.queue.push(key, scheduled);
        }
        parts[0].events = events;
        parts[0].agenda.last_activity = agenda.last_activity;
        parts[0].agenda.fold = agenda.fold;
        self.crew.history = agenda.records;
        self.crew.captured = Some(agenda.capture.map_or_else(Vec::new, |capture| capture.captured));
        (self.network.places, self.parts) = (places, parts);
        let delays = Delays::new(&self.network, &self.parts);
        self.crew.sharing = Sharing::Parted { parts: count, ahead: delays.shortest() };
        self.crew.delays = Some(delays);
    }

    /// Puts the world together again, if it is parted, to run on one thread from now on.
    pub(super) fn run_alone(&mut self, reason: Reason) {
        if self.crew.threads.count == 1 {
            return;
        }
        let was = std::mem::replace(&mut self.crew.sharing, Sharing::Alone(reason));
        if !matches!(was, Sharing::Parted { .. }) {
            return;
        }
        self.gather();
        let mut whole = Part {
            now: self.parts.iter().map(|part| part.now).fold(SimTime::ZERO, SimTime::max),
            events: self.parts.iter().map(|part| part.events).sum(),
            ..Part::default()
        };
        whole.agenda.records = self.crew.history.take();
        whole.agenda.capture = self.parts[0].agenda.capture.take();
        let captured = self.crew.captured.take().unwrap_or_default();
        if let Some(capture) = &mut whole.agenda.capture {
            capture.captured = captured;
        }
        whole.agenda.fold = self.parts[0].agenda.fold.take();
        let activity = self.parts.iter().map(|part| part.agenda.last_activity);
        whole.agenda.last_activity = activity.fold(SimTime::ZERO, SimTime::max);
        let (mut hosts, mut routers) = (Vec::new(), Vec::new());
        for part in std::mem::take(&mut self.parts) {
            hosts.push(part.hosts.into_iter());
            routers.push(part.routers.into_iter());
            let mut queue = part.agenda.queue;
            while let Some((key, scheduled)) = queue.pop() {
                whole.agenda.queue.push(key, scheduled);
            }
        }
        let places = std::mem::take(&mut self.network.places);
        for node in 0..self.network.topology.node_count() as u32 {
            let part = places.part(NodeId(node));
            match (node as usize) < self.network.names.hosts() {
                true => whole.hosts.extend(hosts[part].next()),
                false => whole.routers.extend(routers[part].next()),
            }
        }
        self.parts.push(whole);
        self.crew.delays = None;
    }

    /// Runs all parts up to and with `last`, or until it is seen that it does not pay.
    fn run_side_by_side(&mut self, last: SimTime) {
        if self.crew.delays.is_none() {
            let delays = Delays::new(&self.network, &self.parts);
            let (parts, ahead) = (self.parts.len(), delays.shortest());
            if ahead.is_zero() {
                // A link between two parts has no least delay any more.
                self.run_alone(Reason::Young);
                return self.part();
            }
            self.crew.sharing = Sharing::Parted { parts, ahead };
            self.crew.delays = Some(delays);
        }
        let World { network, parts, crew, .. } = self;
        let Threads { processors, eager, .. } = crew.threads;
        let threads = crew.threads.at_work().min(parts.len());
        let rules = Rules { threads, may_look: threads <= processors, eager };
        let delays = crew.delays.as_ref().expect("computed above");
        let end = last.as_nanos().saturating_add(1);
        let board = Board::new(network, delays, parts, end, (rules, crew.pace));
        let jobs = parts.iter_mut().enumerate();
        let mut jobs: Vec<_> = jobs.map(|(place, part)| Job::new(&board, place, part)).collect();
        if eager || !play_alone(&mut jobs) {
            jobs = play_together(&board, jobs);
        }
        jobs.into_iter().for_each(Job::finish);
        crew.pace = board.finish();
        self.gather();
    }

    /// Brings what the parts have recorded, which have all come to one time, into the order in which it
    /// happened.
    fn gather(&mut self) {
        let World { parts, crew, .. } = self;
        let mut heaps: Vec<_> = parts.iter_mut().map(Part::take_recorded).collect();
        let next = |heaps: &[Recorded]| {
            let next_of = |heap: &Recorded| heap.marks.as_slice().first().map(|mark| mark.key);
            let nexts = heaps.iter().enumerate();
            nexts.filter_map(|(place, heap)| Some((next_of(heap)?, place))).min()
        };
        while let Some((_, place)) = next(&heaps) {
            let Recorded { marks, records, packets } = &mut heaps[place];
            let Mark { kept, .. } = marks.next().expect("it has one");
            crew.keep(records.by_ref().take(kept.records), packets.by_ref().take(kept.packets));
        }
        let (first, rest) = parts.split_first_mut().expect("a world has parts");
        for part in rest {
            if let (Some(all), Some(fold)) = (&mut first.agenda.fold, &mut part.agenda.fold) {
                let fresh = all.fresh();
                all.merge(std::mem::replace(fold, fresh));
            }
        }
    }

    /// Something was done at one node while no part ran: what that gave is put where it belongs at once.
    pub(super) fn tidy(&mut self, part: usize) {
        if self.parts.len() == 1 {
            return;
        }
        let Recorded { records, packets, .. } = self.parts[part].take_recorded();
        self.crew.keep(records, packets);
        let crossing = self.parts[part].agenda.crossing.as_mut().expect("one of several parts");
        let leaving = crossing.take();
        for (part, entries) in self.parts.iter_mut().zip(leaving) {
            part.agenda.queue_all(entries);
        }
    }
}

/// So many events are not worth a thread.
const FEW_EVENTS: u64 = 512;
/// Until that is known nobody has more of them in a row.
const SHORT_TURN: u64 = 64;

/// Lets one thread do all the work; `false` when there is much of it, and more is left.
fn play_alone(jobs: &mut [Job<'_, '_>]) -> bool {
    let events = |jobs: &[Job<'_, '_>]| jobs.iter().map(Job::events).sum::<u64>();
    let much = events(jobs) + FEW_EVENTS;
    while events(jobs) < much {
        if jobs
            .iter_mut()
            .map(|job| job.turn(SHORT_TURN, false))
            .filter(|turn| *turn == Turn::Had)
            .count()
            == 0
        {
            return true;
        }
    }
    false
}

/// Lets several threads do it, of which this is one.
fn play_together<'b, 'w>(board: &'b Board<'w>, jobs: Vec<Job<'b, 'w>>) -> Vec<Job<'b, 'w>> {
    let salt = shake::salt();
    // One thread may have moved them on alone.
    let furthest = jobs.iter().map(|job| job.now().as_nanos()).max().unwrap_or_default();
    let jobs: Vec<_> = jobs.into_iter().map(Mutex::new).collect();
    let worker = |number| Worker::new(board, &jobs, number, furthest);
    thread::scope(|scope| {
        board.guard(|| {
            for number in 1..board.rules.threads {
                let worker = worker(number);
                scope.spawn(move || shake::shaken(salt, || board.guard(|| worker.work())));
            }
            worker(0).work();
        });
    });
    jobs.into_iter().map(|job| job.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
}
