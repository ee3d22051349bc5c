//! Two connections over a toy pipe that loses, delays, reorders and duplicates by seeded draws.

mod arbitrary;
mod closing;
mod dialogue;
mod loss;
mod opening;
mod transfer;
mod window;

use super::{Actions, CloseReason, Config, Connection, Event, Flags, SackBlocks, Segment, State};
use crate::engine::{Seed, SimTime, Stream};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;

/// The two ends of the pipe: the first connects, the second accepts.
const A: usize = 0;
const B: usize = 1;

/// What the pipe does to a segment. Each takes its draws whether it happens or not.
#[derive(Debug, Clone, Copy)]
struct Quality {
    delay: Duration,
    jitter: Duration,
    loss: f64,
    duplication: f64,
}

const CLEAN: Quality = Quality {
    delay: Duration::from_millis(10),
    jitter: Duration::ZERO,
    loss: 0.0,
    duplication: 0.0,
};

/// One end: its connection, and what its user saw.
#[derive(Debug)]
struct End {
    config: Config,
    iss: u32,
    connection: Option<Connection>,
    received: Vec<u8>,
    /// All but the data.
    news: Vec<Event>,
    /// Answers [`Event::Eof`] with a close.
    closes_on_eof: bool,
}

type Judge = Box<dyn FnMut(usize, &Segment) -> bool>;

/// The pipe, the two ends and the clock.
struct Pipe {
    now: SimTime,
    ends: [End; 2],
    quality: Quality,
    stream: Stream,
    in_flight: BTreeMap<(SimTime, u64), (usize, Segment)>,
    count: u64,
    /// One line a segment that leaves or an event: `time who what`.
    trace: Vec<String>,
    /// Loses the segments from an end for which it is false.
    passes: Judge,
    segments_sent: usize,
}

impl Pipe {
    fn new(quality: Quality, seed: u64, configs: [Config; 2], isses: [u32; 2]) -> Self {
        let end = |side: usize| End {
            config: configs[side],
            iss: isses[side],
            connection: None,
            received: Vec::new(),
            news: Vec::new(),
            closes_on_eof: true,
        };
        Pipe {
            now: SimTime::ZERO,
            ends: [end(A), end(B)],
            quality,
            stream: Seed(seed).stream("pipe"),
            in_flight: BTreeMap::new(),
            count: 0,
            trace: Vec::new(),
            passes: Box::new(|_, _| true),
            segments_sent: 0,
        }
    }

    /// A clean pipe of 10 ms between two hosts with default settings.
    fn clean() -> Self {
        Pipe::new(CLEAN, 1, [Config::default(); 2], [100, 300])
    }

    fn connect(&mut self, side: usize) {
        let mut out = Actions::default();
        let end = &mut self.ends[side];
        end.connection = Some(Connection::connect(end.config.into(), end.iss, self.now, &mut out));
        self.act(side, out);
    }

    /// Calls the connection of `side`, which must exist, and carries out what follows.
    fn with(&mut self, side: usize, call: impl FnOnce(&mut Connection, SimTime, &mut Actions)) {
        let mut out = Actions::default();
        let connection = self.ends[side].connection.as_mut().expect("the end has a connection");
        call(connection, self.now, &mut out);
        self.act(side, out);
    }

    fn send(&mut self, side: usize, data: impl Into<Bytes>) {
        let data = data.into();
        self.with(side, |connection, now, out| connection.send(now, data, out));
    }

    fn close(&mut self, side: usize) {
        self.with(side, Connection::close);
    }

    fn state(&self, side: usize) -> State {
        self.ends[side].connection.as_ref().map_or(State::Listen, Connection::state)
    }

    fn act(&mut self, side: usize, mut out: Actions) {
        for segment in out.take_segments() {
            self.segments_sent += 1;
            let passes = (self.passes)(side, &segment);
            let lost = self.stream.chance(self.quality.loss) || !passes;
            let copies = if self.stream.chance(self.quality.duplication) { 2 } else { 1 };
            let fate = if lost { " lost" } else { "" };
            self.note(side, &format!("{segment}{fate}"));
            for _ in 0..copies {
                let jitter = self.stream.duration_below(self.quality.jitter);
                if !lost {
                    self.count += 1;
                    let at = self.now + self.quality.delay + jitter;
                    self.in_flight.insert((at, self.count), (1 - side, segment.clone()));
                }
            }
        }
        for event in out.events {
            assert!(
                !matches!(self.ends[side].news.last(), Some(Event::Closed(_))),
                "{event:?} after the end"
            );
            let end = &mut self.ends[side];
            let closes = event == Event::Eof && end.closes_on_eof;
            match event {
                Event::Data(data) => {
                    assert!(!data.is_empty());
                    end.received.extend_from_slice(&data);
                    self.note(side, &format!("  {:?}", String::from_utf8_lossy(&data)));
                }
                event => {
                    self.note(side, &format!("  {event:?}"));
                    self.ends[side].news.push(event);
                }
            }
            if closes {
                self.close(side);
            }
        }
    }

    fn note(&mut self, side: usize, what: &str) {
        if self.trace.len() < 1_000 {
            let who = ["A", "B"][side];
            let micros = self.now.as_nanos() / 1_000;
            self.trace.push(format!(
                "{:3}.{:06} {who} {what}",
                micros / 1_000_000,
                micros % 1_000_000
            ));
        }
    }

    /// The next arrival or time-out not after `until`. False when there is none.
    fn step(&mut self, until: SimTime) -> bool {
        let arrival = self.in_flight.keys().next().map(|(at, _)| *at).unwrap_or(SimTime::MAX);
        let deadline = |side: usize| {
            let connection = self.ends[side].connection.as_ref();
            connection.and_then(Connection::deadline).unwrap_or(SimTime::MAX)
        };
        let due = deadline(A).min(deadline(B));
        let next = arrival.min(due);
        if next == SimTime::MAX || next > until {
            return false;
        }
        self.now = self.now.max(next);
        if arrival <= due {
            let (_, (side, segment)) = self.in_flight.pop_first().expect("something arrives");
            self.arrive(side, segment);
        } else {
            let side = if deadline(A) == due { A } else { B };
            self.with(side, Connection::on_timeout);
            let left = self.ends[side].connection.as_ref().and_then(Connection::deadline);
            assert!(left.is_none_or(|left| left > self.now), "a deadline in the past");
        }
        true
    }

    /// As a host: opens on a SYN, resets what belongs to nothing.
    fn arrive(&mut self, side: usize, segment: Segment) {
        let end = &mut self.ends[side];
        match &mut end.connection {
            Some(connection) if !connection.is_closed() => {
                self.with(side, |connection, now, out| {
                    connection.on_segment(now, &mut { segment }, out);
                });
            }
            None if segment.flags == Flags::SYN && side == B => {
                let mut out = Actions::default();
                let (config, iss) = (end.config, end.iss);
                end.connection =
                    Some(Connection::accept(config.into(), iss, &segment, self.now, &mut out));
                self.act(side, out);
            }
            _ => {
                let mut out = Actions::default();
                out.reset(&segment);
                self.act(side, out);
            }
        }
    }

    /// Runs until nothing is left to do or the time `until` has come, which is then the time.
    fn run_until(&mut self, until: SimTime) {
        let mut steps = 0;
        while self.step(until) {
            steps += 1;
            assert!(steps < 1_000_000, "the two talk for ever");
        }
        self.now = self.now.max(until);
    }

    /// Runs for as long as anything is left to do, at most a day.
    fn run(&mut self) {
        let mut steps = 0;
        while self.step(SimTime::from_secs(86_400)) {
            steps += 1;
            assert!(steps < 1_000_000, "the two talk for ever");
        }
    }

    fn take_trace(&mut self) -> String {
        std::mem::take(&mut self.trace).join("\n")
    }
}

/// `length` octets without a short period.
fn pattern(length: usize) -> Vec<u8> {
    (0..length as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}
