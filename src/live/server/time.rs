//! Simulated time and real time.

use std::time::{Duration, Instant};

use super::sources::Source;
use super::{GRACE, LEAD, MAX_LAG, MAX_LEAD, Server, TURN_EVENTS, TURN_TIME};
use crate::engine::SimTime;
use crate::live::api::SWEEP;
use crate::live::clock::{self, Pace};
use crate::world::Door;

impl Server {
    /// Lets the world come to the present. True when there is more to do at once.
    pub(super) fn advance(&mut self) -> bool {
        let started = clock::now();
        if !self.pipes.is_empty() {
            self.touched = started;
        }
        let busy = match self.control.target() {
            Some(target) => self.run_to(target, started),
            None => match self.pace {
                Pace::Times(_) => self.run_to(self.clock.at(started), started),
                Pace::Max => self.run_ahead(started),
            },
        };
        for token in std::mem::take(&mut self.fed) {
            if let Some(Source::Pipe(pipe)) = self.sources.get_mut(token) {
                pipe.under_way = 0;
            }
        }
        let now = clock::now();
        if self.stage.now() > self.clock.at(now) {
            self.clock.set(now, self.stage.now());
        }
        busy
    }

    pub(super) fn run_to(&mut self, due: SimTime, started: Instant) -> bool {
        while !self.stage.run(due, TURN_EVENTS) {
            let now = clock::now();
            if now.duration_since(started) >= TURN_TIME {
                let behind = self.clock.takes(self.stage.now(), self.clock.at(now));
                if behind > MAX_LAG {
                    self.clock.set(now, self.stage.now());
                }
                return true;
            }
        }
        false
    }

    /// Jumps over idle time.
    pub(super) fn run_ahead(&mut self, started: Instant) -> bool {
        let present = self.clock.at(started);
        for count in 1usize.. {
            let ahead = self.horizon();
            if !self.stage.jump(ahead.max(present)) {
                // Nothing happens until then.
                let patience = self.control.patience().unwrap_or(present);
                self.stage.run(patience.max(present), 1);
                return false;
            }
            // Who is to hear of something may have an answer to it.
            if self.stage.world().has_departures()
                || self.control.is_waiting() && self.control.look(&self.stage)
            {
                return true;
            }
            if count % TURN_EVENTS == 0 && clock::now().duration_since(started) >= TURN_TIME {
                return true;
            }
        }
        true
    }

    /// Up to when nothing is waited for.
    pub(super) fn horizon(&self) -> SimTime {
        // What a real server says must not come after simulated patience has ended.
        if self.awaits_real_server() {
            return SimTime::ZERO;
        }
        let world = self.stage.world();
        let set_off = (world.last_activity() + LEAD).min(self.stage.last_input() + MAX_LEAD);
        if let Some(patience) = self.control.patience() {
            return set_off.max(patience);
        }
        if !self.is_idle() && !self.control.is_waiting() {
            return set_off;
        }
        let is_queued = world.hosts().any(|host| {
            let queue = world.disk(host).and_then(|disk| disk.queue_if_any());
            queue.is_some_and(|queue| !queue.is_empty())
        });
        match is_queued {
            true => SimTime::MAX,
            false if self.pipes.is_empty() => set_off.max(self.stage.plan().until),
            false => set_off,
        }
    }

    /// Whether a simulated host is connected to a real server, or has asked one that may still answer.
    fn awaits_real_server(&self) -> bool {
        let gateway = self.stage.gateway();
        // Of all hosts the gateway is the last, and of its doors those that were opened inside.
        let first = self.pipes.first_key_value().map(|((node, _), _)| *node);
        let last = self.pipes.last_key_value().map(|((_, door), _)| door.0 & Door::INSIDE);
        first.is_some_and(|node| node != gateway)
            || last.is_some_and(|inside| inside != 0)
            || self.asked.is_some_and(|at| clock::now().duration_since(at) < LEAD)
    }

    /// Whether no real client is there, nor was a moment ago.
    pub(super) fn is_idle(&self) -> bool {
        self.pipes.is_empty() && clock::now().duration_since(self.touched) >= GRACE
    }

    /// How long there is nothing to do unless a socket has something.
    pub(super) fn timeout(&self) -> Option<Duration> {
        let now = clock::now();
        let present = self.clock.at(now);
        let event = self.stage.world().next_event().map(|at| self.clock.takes(present, at));
        let patience = self.control.patience().map(|at| self.clock.takes(present, at));
        let lingering = self.lingering.front().map(|(at, _)| *at);
        let idle = (self.pace == Pace::Max && self.pipes.is_empty()).then(|| self.touched + GRACE);
        let idle = idle.filter(|at| *at > now);
        let real = [lingering, self.accept_again, self.control.deadline(), idle];
        let real = real.into_iter().flatten().map(|at| at.saturating_duration_since(now));
        // A little late rather than early: the poll counts in milliseconds.
        let sweep = (self.control.open > 0).then_some(SWEEP);
        real.chain(sweep)
            .chain(event)
            .chain(patience)
            .min()
            .map(|wait| wait.min(Duration::from_secs(3_600)))
    }
}
