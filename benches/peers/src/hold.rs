//! The hold model: so many events pending, each of which causes the next one after an exponential delay.
//!
//! By itself, on mxsim's queue and on the binary heap of the standard library with the same keys and
//! payloads; and through mxsim's actors.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use mxsim::engine::{EventQueue, Key, Seed, SimTime, Stream};
use mxsim::load::{Hold, Holding};
use mxsim::net::Latency;

use crate::work::{Done, Work};

/// What is pending, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing, in `std::collections::BinaryHeap`.
    BinaryHeap,
    /// Nothing, in [`EventQueue`].
    Queue,
    /// Timers of actors.
    Timers,
    /// Datagrams between actors.
    Datagrams,
}

const MEAN: Duration = Duration::from_millis(1);
/// Delays drawn before, so that drawing is no part of what is measured where the queue is alone.
const HOSTS: u32 = 10_000;
const DELAYS: usize = 1 << 16;

/// Plays it with so many pending events; a transaction is an event.
pub fn play(kind: Kind, work: Work) -> Done {
    let events = work.transactions();
    match kind {
        Kind::BinaryHeap => {
            let mut heap = BinaryHeap::with_capacity(work.pairs as usize);
            hold(
                work,
                &mut heap,
                |heap, key| heap.push(Reverse(key)),
                |heap| heap.pop().map(|Reverse(key)| key),
            )
        }
        Kind::Queue => {
            let mut queue = EventQueue::new();
            hold(
                work,
                &mut queue,
                |queue, key| queue.push(key, ()),
                |queue| queue.pop().map(|(key, ())| key),
            )
        }
        Kind::Timers | Kind::Datagrams => {
            let holding = match kind {
                Kind::Timers => Holding::Timers,
                _ => Holding::Datagrams,
            };
            // So many hosts at the most, each with as many events in flight as it takes.
            let hosts = work.pairs.min(HOSTS);
            let in_flight = work.pairs.div_ceil(hosts.max(1));
            let hold = Hold { holding, hosts, in_flight, events, mean: MEAN };
            let mut world = hold.world(Seed(1));
            let begin = Instant::now();
            let done = hold.play(&mut world);
            Done { time: begin.elapsed(), events: Some(done) }
        }
    }
}

fn hold<Q>(
    work: Work,
    queue: &mut Q,
    push: impl Fn(&mut Q, Key),
    pop: impl Fn(&mut Q) -> Option<Key>,
) -> Done {
    let mut draws: Stream = Seed(1).stream("hold");
    let delay = Latency::Exponential { mean: MEAN, least: Duration::ZERO };
    let delays: Vec<Duration> = (0..DELAYS).map(|_| delay.draw(&mut draws)).collect();
    for origin in 0..work.pairs {
        let time = SimTime::ZERO + delays[origin as usize % DELAYS];
        push(queue, Key { time, origin, sequence: 0 });
    }
    let events = work.transactions();
    let begin = Instant::now();
    for number in 0..events {
        let key = pop(queue).expect("as many are pending as at the beginning");
        let time = key.time + delays[number as usize % DELAYS];
        push(queue, Key { time, sequence: key.sequence + 1, ..key });
    }
    Done { time: begin.elapsed(), events: Some(events) }
}
