//! The control API: what a test suite asks of a world that is served.
//!
//! HTTP and JSON; `docs/openapi.json` describes it, and `/openapi.json` serves that. Requests that wait
//! (for a message, for time to pass, for a server's answer) are answered when that has come. A request
//! that a browser sends for a page of another origin is refused.

mod client;
mod letter;
mod mail;
mod routes;
mod send;
mod serving;

use std::collections::BTreeMap;

use std::time::Instant;

use bytes::Bytes;
use mio::Token;
use serde_json::{Value, json};

use crate::engine::SimTime;
use crate::net::tcp::CloseReason;
use crate::world::Door;

use super::clock;
use super::http::Response;
use super::stage::Stage;
pub(super) use client::ApiClient;
use mail::Filter;
use send::Sending;
pub(super) use serving::SWEEP;

/// The requests that wait.
#[derive(Debug, Default)]
pub(super) struct Control {
    waiting: Vec<Waiting>,
    /// Messages that are on their way to a simulated server, by door.
    sending: BTreeMap<Door, Sending>,
    /// What [`mail::arrivals`] was when it was looked at last.
    arrivals: u64,
    /// How many clients there were.
    clients: u64,
    /// How many there are.
    pub(super) open: usize,
    /// When those that take too long were looked for last.
    swept: Option<Instant>,
}

/// A request that waits.
#[derive(Debug)]
struct Waiting {
    /// Who asked.
    client: (Token, u64),
    what: Awaited,
}

#[derive(Debug)]
enum Awaited {
    /// That so many messages fit: until the client has waited long enough, or, where it is said, so
    /// much simulated time has passed.
    Messages {
        filter: Filter,
        count: usize,
        deadline: Instant,
        until: Option<SimTime>,
        is_there: bool,
    },
    /// That time has come to this.
    Time(SimTime),
    /// That a server has answered.
    Sent { door: Door, until: SimTime },
}

impl Control {
    /// Up to when the world is to run at once.
    pub(super) fn target(&self) -> Option<SimTime> {
        let times = self.waiting.iter().filter_map(|waiting| match waiting.what {
            Awaited::Time(at) => Some(at),
            _ => None,
        });
        times.min()
    }

    /// The simulated time at which a request has waited long enough.
    pub(super) fn patience(&self) -> Option<SimTime> {
        let times = self.waiting.iter().filter_map(|waiting| match waiting.what {
            Awaited::Messages { until, .. } => until,
            Awaited::Sent { until, .. } => Some(until),
            Awaited::Time(_) => None,
        });
        times.min()
    }

    /// When a client has waited long enough by its own clock.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let times = self.waiting.iter().filter_map(|waiting| match waiting.what {
            Awaited::Messages { deadline, .. } => Some(deadline),
            _ => None,
        });
        times.min()
    }

    /// Whether anybody waits for a message.
    pub(super) fn is_waiting(&self) -> bool {
        let is_one = |waiting: &Waiting| matches!(waiting.what, Awaited::Messages { .. });
        self.waiting.iter().any(is_one)
    }

    /// Looks whether what is waited for has come; true when something has.
    pub(super) fn look(&mut self, stage: &Stage) -> bool {
        let arrivals = mail::arrivals(stage.world());
        if arrivals == self.arrivals {
            return false;
        }
        self.arrivals = arrivals;
        let mut any = false;
        for waiting in &mut self.waiting {
            if let Awaited::Messages { filter, count, is_there, .. } = &mut waiting.what {
                *is_there = *is_there || filter.find(stage.world()).len() >= *count;
                any |= *is_there;
            }
        }
        any
    }

    /// The answers to those whose wait is over, each with who asked.
    fn take_answers(&mut self, stage: &Stage) -> Vec<((Token, u64), Response)> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        self.look(stage);
        let (now, real) = (stage.now(), clock::now());
        let mut answers = Vec::new();
        let mut still = Vec::new();
        for waiting in std::mem::take(&mut self.waiting) {
            let answer = match &waiting.what {
                Awaited::Messages { filter, count, deadline, until, is_there } => {
                    let is_late = real >= *deadline || until.is_some_and(|until| now >= until);
                    let found = match *is_there || is_late {
                        true => filter.find(stage.world()),
                        false => Vec::new(),
                    };
                    if !found.is_empty() && found.len() >= *count {
                        let found: Vec<Value> = found.iter().map(mail::summary).collect();
                        Some(Response::json(200, &Value::Array(found)))
                    } else if is_late {
                        let found = found.len();
                        let error = format!("{found} of {count} messages came in time");
                        Some(Response::json(408, &json!({ "error": error, "found": found })))
                    } else {
                        None
                    }
                }
                Awaited::Time(at) => (now >= *at).then(|| Response::json(200, &time(stage))),
                Awaited::Sent { door, .. } => match self.sending.get(door) {
                    None => Some(Response::error(409, "the world was reset meanwhile")),
                    Some(sending) => sending.answer(),
                },
            };
            match answer {
                Some(answer) => {
                    if let Awaited::Sent { door, .. } = waiting.what {
                        self.sending.remove(&door);
                    }
                    answers.push((waiting.client, answer));
                }
                None => still.push(waiting),
            }
        }
        self.waiting = still;
        answers
    }

    /// A client is gone: nobody waits any more.
    fn forget(&mut self, client: (Token, u64)) {
        self.waiting.retain(|waiting| waiting.client != client);
    }

    /// Octets of a simulated server for the API itself; false when they are not.
    pub(super) fn octets(&mut self, door: Door, octets: &Bytes) -> bool {
        match self.sending.get_mut(&door) {
            Some(sending) => {
                sending.receive(octets);
                true
            }
            None => false,
        }
    }

    pub(super) fn opened(&mut self, door: Door) {
        if let Some(sending) = self.sending.get_mut(&door) {
            sending.opened();
        }
    }

    pub(super) fn eof(&mut self, door: Door) {
        if let Some(sending) = self.sending.get_mut(&door) {
            sending.eof();
        }
    }

    pub(super) fn closed(&mut self, door: Door, reason: CloseReason) {
        if let Some(sending) = self.sending.get_mut(&door) {
            sending.closed(reason);
        }
    }
}

/// The time, and the fingerprint up to it.
fn time(stage: &Stage) -> Value {
    let world = stage.world();
    let date = crate::proto::mail::DateTime::utc(world.epoch().at(stage.now()));
    json!({
        "time_ns": stage.now().as_nanos(),
        "time": stage.now().to_string(),
        "date": date.rfc3339().to_string(),
        "seed": world.seed().0,
        "events": world.events(),
        "fingerprint": world.fingerprint().to_string(),
    })
}
