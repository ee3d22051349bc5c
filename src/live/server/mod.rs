//! The sockets of a served world, and the loop that serves them.
//!
//! One thread and one poll (mio). Everything is bounded: how much of one connection is read before the
//! others have their turn, how many events of the world are handled before the sockets have theirs, what
//! waits in either direction. Nobody is waited for.

mod bind;
mod inward;
mod outward;
mod sources;
mod time;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token, Waker};

pub(super) use self::sources::Source;
use self::sources::Sources;
use super::api::Control;
use super::clock::{self, Clock, Pace};
use super::door::Pipe;
use super::flow::Flows;
use super::services::Listed;
use super::stage::{Stage, StageError};
use super::way::Way;
use super::{Recorder, Setting};
use crate::net::NodeId;
use crate::world::Door;

/// What is served, and how.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Simulated ports, each with the real one at which it is served.
    pub maps: Vec<Way>,
    /// Every listening service is served at 127.0.0.1, with ports counted up from here.
    pub all: Option<u16>,
    /// Simulated ports that stand for real servers, as in the setting.
    pub out: Vec<Way>,
    /// Where the control API is served.
    pub control: Option<SocketAddr>,
    /// How simulated time follows real time.
    pub pace: Pace,
    /// Whether real addresses may be others than those of the loopback interface.
    pub allow_remote: bool,
}

/// A service with its real address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The simulated port.
    pub listed: Listed,
    /// Where real programs find it.
    pub real: SocketAddr,
}

/// Why something cannot be served.
#[derive(Debug)]
pub enum ServeError {
    /// The options make no sense, in words.
    Options(String),
    /// A real address cannot be had.
    Bind {
        /// Which, and for what.
        what: String,
        /// Why.
        error: io::Error,
    },
    /// The world cannot go on.
    Stage(StageError),
    /// The record cannot be written.
    Record(io::Error),
    /// The machine gives no sockets at all.
    Poll(io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServeError::Options(what) => f.write_str(what),
            ServeError::Bind { what, error } => match error.kind() {
                io::ErrorKind::AddrInUse => {
                    write!(f, "{what}: the port is in use by another program")
                }
                _ => write!(f, "{what}: {error}"),
            },
            ServeError::Stage(error) => error.fmt(f),
            ServeError::Record(error) => write!(f, "cannot write the record: {error}"),
            ServeError::Poll(error) => write!(f, "cannot wait for sockets: {error}"),
        }
    }
}

impl std::error::Error for ServeError {}

/// Ends a server from another thread, or from a signal.
#[derive(Debug, Clone)]
pub struct Stopper {
    stopped: Arc<AtomicBool>,
    waker: Arc<Waker>,
}

impl Stopper {
    /// The server ends soon.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Should waking fail, the next event does it.
        let _ = self.waker.wake();
    }
}

/// A world that is served.
pub struct Server {
    pub(in crate::live) stage: Stage,
    clock: Clock,
    pub(in crate::live) pace: Pace,
    pub(in crate::live) allow_remote: bool,
    out: Vec<Way>,
    poll: Poll,
    pub(in crate::live) sources: Sources,
    bound: Vec<Bound>,
    pub(in crate::live) control: Control,
    control_at: Option<SocketAddr>,
    stopper: Stopper,
    pub(in crate::live) pipes: BTreeMap<(NodeId, Door), Token>,
    flows: Flows,
    last_door: u64,
    /// Pipes that gave octets since the world ran last.
    fed: Vec<Token>,
    /// Sockets that had something to read left when their turn was over.
    pub(in crate::live) hungry: BTreeSet<Token>,
    /// Pipes whose simulated side has no room at present.
    stalled: BTreeSet<Token>,
    /// Pipes that are given up at a time, in the order of time.
    lingering: VecDeque<(Instant, Token)>,
    /// Listeners are tried again then, since there was no socket left.
    accept_again: Option<Instant>,
    /// When a real client was there last, or told the API to do something.
    pub(in crate::live) touched: Instant,
    /// When a real server was asked last that has not answered.
    asked: Option<Instant>,
    /// How often each host with ports for servers outside has crashed.
    crashes: BTreeMap<NodeId, u32>,
    pub(in crate::live) buffer: Box<[u8]>,
}

const WAKER: Token = Token(0);

/// So much is read from one connection before others have their turn.
const TURN_OCTETS: usize = 64 * 1024;
const BUFFER_OCTETS: usize = 64 * 1024;
/// So many connections or datagrams are taken from one socket before others have their turn.
const TURN_ITEMS: usize = 1_024;
/// So many connections may wait to be taken, if the system allows it.
const BACKLOG: i32 = 4_096;
/// So long the world runs before the sockets have their turn.
const TURN_TIME: Duration = Duration::from_millis(10);
const TURN_EVENTS: usize = 500;
/// The gateway hears that octets were taken when it is so many.
const TOLD_OCTETS: u64 = 64 * 1024;
/// If the world is so far behind, simulated time goes slower instead.
const MAX_LAG: Duration = Duration::from_millis(250);
/// What happens so soon after something else is not waited for at [`Pace::Max`].
const LEAD: Duration = Duration::from_secs(5);
/// So far simulated time leads at the most while real clients are connected.
const MAX_LEAD: Duration = Duration::from_secs(60);
/// A real client that takes nothing for so long after the simulated connection is gone is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// So long after the last real client time is not jumped over yet: the next one may be on its way.
const GRACE: Duration = Duration::from_millis(500);
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

impl Server {
    /// Records what comes in from now on. Called once everything else is there, so that what cannot be
    /// served leaves no file.
    ///
    /// # Errors
    /// Those of `recorder`, which is given what stands in the first line.
    pub fn record<E>(
        &mut self,
        recorder: impl FnOnce(&Setting) -> Result<Recorder, E>,
    ) -> Result<(), E> {
        let recorder = recorder(self.stage.setting())?;
        self.stage.record(recorder);
        Ok(())
    }

    /// What is served where, in the order of the options.
    pub fn bound(&self) -> &[Bound] {
        &self.bound
    }

    /// Where the control API is served.
    pub fn control(&self) -> Option<SocketAddr> {
        self.control_at
    }

    /// Ends it from elsewhere.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Serves until it is stopped, and gives the world back.
    ///
    /// With a number as [`Pace`], simulated time runs so many times as fast as real time, or slower
    /// where the machine is too slow. With [`Pace::Max`] it runs with real time, but
    ///
    /// - what happens within 5 seconds after something else is not waited for, up to a minute after the
    ///   last that came from outside: what was set off goes on at once;
    /// - while a simulated host waits for a real server, nothing is jumped over;
    /// - half a second after the last real client was there, everything up to the end of the scenario
    ///   happens at once, and after that, while a message is in a queue, time jumps from event to event;
    /// - while a request of the control API waits for a message, time jumps from event to event as long
    ///   as a message is in a queue, and to the end of the simulated time that it allows.
    ///
    /// # Errors
    /// When sockets or the record fail for good.
    pub fn run(mut self) -> Result<Stage, ServeError> {
        let mut events = Events::with_capacity(1_024);
        self.clock.set(clock::now(), self.stage.now());
        while !self.stopper.stopped.load(Ordering::Relaxed) {
            let busy = self.advance();
            self.deliver();
            let again = self.turn_to_hungry();
            self.answer_waiting();
            self.stage.flush_record().map_err(ServeError::Record)?;
            let timeout = if busy || again { Some(Duration::ZERO) } else { self.timeout() };
            match self.poll.poll(&mut events, timeout) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(ServeError::Poll(error)),
            }
            // What comes in now comes at the time that it is now.
            self.advance();
            self.deliver();
            for event in &events {
                let gone = event.is_error() || event.is_read_closed() || event.is_write_closed();
                self.ready(event.token(), event.is_readable() || gone, event.is_writable() || gone);
            }
            self.give_up_lingering();
            self.give_up_api();
        }
        self.stage.end_record().map_err(ServeError::Record)?;
        Ok(self.stage)
    }

    /// The number of a new door.
    pub(in crate::live) fn new_door(&mut self) -> Door {
        self.last_door += 1;
        Door(self.last_door)
    }

    /// A new world has begun: nothing that was connected to the old one is left.
    pub(in crate::live) fn forget_world(&mut self) {
        for token in std::mem::take(&mut self.pipes).into_values() {
            self.with_pipe(Some(token), |pipe| pipe.reset());
            self.close(token);
        }
        for token in self.flows.drain_servers(None) {
            self.close(token);
        }
        self.flows.forget_clients();
        self.crashes.clear();
        self.fed.clear();
        self.clock.set(clock::now(), self.stage.now());
    }

    pub(super) fn with_pipe(&mut self, token: Option<Token>, change: impl FnOnce(&mut Pipe)) {
        if let Some(Source::Pipe(pipe)) = token.and_then(|token| self.sources.get_mut(token)) {
            change(pipe);
        }
    }
}
