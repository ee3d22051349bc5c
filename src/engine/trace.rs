//! A trace of a run: every draw with the name of its stream, and every event with its bytes, in the
//! order in which they happened. For who looks for the place where two runs part.
//!
//! Off, it costs a branch at each draw. Streams and hosts that are made while it is off are not traced.
//! Kept for each thread.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::SimTime;

thread_local! {
    static IS_ON: Cell<bool> = const { Cell::new(false) };
    static TRACE: RefCell<Trace> = const { RefCell::new(Trace::new()) };
}

/// What was traced.
#[derive(Debug, Default)]
pub struct Trace {
    /// Draws and events since [`log`] was called.
    pub log: Vec<Traced>,
    /// How many draws were taken of all streams of each name.
    pub draws: BTreeMap<Arc<str>, u64>,
    is_logging: bool,
}

impl Trace {
    const fn new() -> Self {
        Trace { log: Vec::new(), draws: BTreeMap::new(), is_logging: false }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Traced {
    /// A draw.
    Draw(Draw),
    /// An event of the fingerprint.
    Event(Event),
}

/// A draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// The name of the stream.
    pub stream: Arc<str>,
    /// Which draw of it, from 1.
    pub number: u64,
    /// What was drawn.
    pub value: u64,
}

/// An event, as the fingerprint has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The number of the host.
    pub host: u32,
    /// When.
    pub time: SimTime,
    /// Of what kind.
    pub kind: u32,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Does something, traced; what was traced is beside what it gives.
pub fn traced<T>(act: impl FnOnce() -> T) -> (T, Trace) {
    /// Also where `act` panics.
    struct Off;
    impl Drop for Off {
        fn drop(&mut self) {
            IS_ON.set(false);
            TRACE.take();
        }
    }
    let _off = Off;
    IS_ON.set(true);
    let done = act();
    (done, TRACE.take())
}

/// Keeps draws and events from now on: before, draws are counted and nothing else.
pub fn log() {
    TRACE.with_borrow_mut(|trace| trace.is_logging = true);
}

/// Whether this thread is traced.
pub(crate) fn is_on() -> bool {
    IS_ON.get()
}

#[cold]
pub(super) fn draw(stream: &Arc<str>, number: u64, value: u64) {
    if !is_on() {
        return;
    }
    TRACE.with_borrow_mut(|trace| {
        *trace.draws.entry(Arc::clone(stream)).or_default() += 1;
        if trace.is_logging {
            let draw = Draw { stream: Arc::clone(stream), number, value };
            trace.log.push(Traced::Draw(draw));
        }
    });
}

#[cold]
pub(super) fn event(host: u32, time: SimTime, kind: u32, bytes: &[u8]) {
    TRACE.with_borrow_mut(|trace| {
        if trace.is_logging {
            let event = Event { host, time, kind, bytes: bytes.to_vec() };
            trace.log.push(Traced::Event(event));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    #[test]
    fn draws_are_counted_by_name_and_kept_once_that_is_asked_for() {
        let ((), trace) = traced(|| {
            let mut stream = Seed(1).stream("link a>b loss");
            stream.next_u64();
            log();
            stream.next_u64();
            Seed(1).stream("never drawn from");
        });
        let [Traced::Draw(draw)] = &trace.log[..] else { panic!("one draw") };
        assert_eq!((&*draw.stream, draw.number), ("link a>b loss", 2));
        assert_eq!(trace.draws, BTreeMap::from([("link a>b loss".into(), 2)]));
        let (_, trace) = traced(|| ());
        assert!(trace.log.is_empty() && trace.draws.is_empty());
    }
}
