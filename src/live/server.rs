//! The sockets of a served world, and the loop that serves them.
//!
//! One thread and one poll (mio). Everything is bounded: how much of one connection is read before the
//! others have their turn, how many events of the world are handled before the sockets have theirs, what
//! waits in either direction. Nobody is waited for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use mio::event::Source as _;
use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::{Events, Interest, Poll, Token, Waker};

use crate::actors::gateway::WINDOW_OCTETS;
use crate::engine::SimTime;
use crate::net::NodeId;
use crate::net::tcp::CloseReason;
use crate::scenario::finding::did_you_mean;
use crate::world::{Departure, Door, Flow, Inside, Port, Transport};

use super::api::{ApiClient, Control, SWEEP};
use super::clock::{self, Clock, Pace};
use super::door::{Got, LINGER, Pipe};
use super::flow::{Datagrams, Flows};
use super::input::{Input, Payload};
use super::services::{self, Listed};
use super::stage::{Stage, StageError};
use super::way::Way;

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
    pub(super) stage: Stage,
    clock: Clock,
    pub(super) pace: Pace,
    pub(super) allow_remote: bool,
    out: Vec<Way>,
    poll: Poll,
    pub(super) sources: Sources,
    bound: Vec<Bound>,
    pub(super) control: Control,
    control_at: Option<SocketAddr>,
    stopper: Stopper,
    pub(super) pipes: BTreeMap<(NodeId, Door), Token>,
    flows: Flows,
    last_door: u64,
    /// Pipes that gave octets since the world ran last.
    fed: Vec<Token>,
    /// Sockets that had something to read left when their turn was over.
    pub(super) hungry: BTreeSet<Token>,
    /// Pipes whose simulated side has no room at present.
    stalled: BTreeSet<Token>,
    /// Pipes that are given up at a time, in the order of time.
    lingering: VecDeque<(Instant, Token)>,
    /// Listeners are tried again then, since there was no socket left.
    accept_again: Option<Instant>,
    /// When a real client was there last, or told the API to do something.
    pub(super) touched: Instant,
    /// How often each host with ports for servers outside has crashed.
    crashes: BTreeMap<NodeId, u32>,
    pub(super) buffer: Box<[u8]>,
}

/// What the poll knows, by token.
#[derive(Default)]
pub(super) struct Sources {
    by_token: Vec<Option<Source>>,
    free: Vec<usize>,
}

pub(super) enum Source {
    /// Real clients of a simulated address.
    Listener(TcpListener, SocketAddr),
    /// Clients of the control API.
    Control(TcpListener),
    Pipe(Box<Pipe>),
    Datagrams(Datagrams),
    Api(Box<ApiClient>),
}

const WAKER: Token = Token(0);
const FIRST: usize = 1;

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
    /// Takes all real addresses.
    ///
    /// # Errors
    /// When a name is none of the scenario, a service is not there, an address is not allowed or taken.
    pub fn bind(stage: Stage, options: &ServeOptions) -> Result<Self, ServeError> {
        // More than a thousand connections need more files than a shell gives. Where that is not
        // allowed, there are fewer.
        #[cfg(unix)]
        let _ = rlimit::increase_nofile_limit(u64::MAX);
        let poll = Poll::new().map_err(ServeError::Poll)?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER).map_err(ServeError::Poll)?);
        let stopper = Stopper { stopped: Arc::default(), waker };
        let clock = Clock::new(options.pace, stage.now());
        let mut server = Server {
            clock,
            pace: options.pace,
            allow_remote: options.allow_remote,
            out: options.out.clone(),
            poll,
            sources: Sources::default(),
            bound: Vec::new(),
            control: Control::default(),
            control_at: None,
            stopper,
            pipes: BTreeMap::new(),
            flows: Flows::default(),
            last_door: 0,
            fed: Vec::new(),
            hungry: BTreeSet::new(),
            stalled: BTreeSet::new(),
            lingering: VecDeque::new(),
            accept_again: None,
            touched: clock::now(),
            crashes: BTreeMap::new(),
            buffer: vec![0; BUFFER_OCTETS].into_boxed_slice(),
            stage,
        };
        server.check_remote(options)?;
        let mut wanted = Vec::new();
        for way in &options.maps {
            wanted.push((server.service(way)?, way.real));
        }
        if let Some(base) = options.all {
            wanted.extend(server.all(base)?);
        }
        if wanted.is_empty() && options.control.is_none() && options.out.is_empty() {
            let what = "nothing is to be served: name ports with --map or --all";
            return Err(ServeError::Options(what.to_owned()));
        }
        for (listed, real) in wanted {
            server.serve(listed, real)?;
        }
        if let Some(address) = options.control {
            let failed = |error| ServeError::Bind { what: format!("control at {address}"), error };
            let listener = listen(address).map_err(failed)?;
            server.control_at = listener.local_addr().ok();
            server.add(Source::Control(listener), Interest::READABLE).map_err(failed)?;
        }
        Ok(server)
    }

    /// Records what comes in from now on. Called once everything else is there, so that what cannot be
    /// served leaves no file.
    ///
    /// # Errors
    /// Those of `recorder`, which is given what stands in the first line.
    pub fn record<E>(
        &mut self,
        recorder: impl FnOnce(&super::Setting) -> Result<super::Recorder, E>,
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

    fn check_remote(&self, options: &ServeOptions) -> Result<(), ServeError> {
        let maps = options.maps.iter().chain(&options.out).map(|way| way.real);
        let remote = maps.chain(options.control).find(|real| !real.ip().is_loopback());
        match remote {
            Some(real) if !options.allow_remote => Err(ServeError::Options(format!(
                "{real} is no loopback address; with --allow-remote others may be used"
            ))),
            _ => Ok(()),
        }
    }

    /// The service that a way leads to.
    fn service(&self, way: &Way) -> Result<Listed, ServeError> {
        let world = self.stage.world();
        let name = way.host.trim_end_matches('.').to_ascii_lowercase();
        let node = match way.address() {
            Some(address) => world.owner(address),
            None => world.node(&name).filter(|node| world.is_up(*node).is_some()),
        };
        let Some(node) = node.filter(|node| *node != self.stage.gateway()) else {
            let known = world.hosts().filter(|node| *node != self.stage.gateway());
            let known: Vec<&str> = known.map(|node| world.name(node)).collect();
            let hint = did_you_mean(&name, known.iter().copied());
            let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
            return Err(ServeError::Options(format!(
                "{way}: no host of the scenario is named \"{}\"{hint}",
                way.host
            )));
        };
        let ports = world.ports(node);
        if !ports.contains(&way.port) {
            let each = ports.iter().map(|port| match port.transport {
                Transport::Tcp => format!("{} ({})", port.number, services::service_name(*port)),
                Transport::Udp => {
                    format!("{}/udp ({})", port.number, services::service_name(*port))
                }
            });
            let there = match ports.is_empty() {
                true => "it has no service".to_owned(),
                false => format!("it has {}", each.collect::<Vec<_>>().join(", ")),
            };
            return Err(ServeError::Options(format!(
                "{way}: {} does not listen there; {there}",
                world.name(node)
            )));
        }
        let first = world.addresses(node).first().copied();
        let address = way.address().or(first).expect("a host of a plan has an address");
        Ok(Listed { host: world.name(node).to_owned(), port: way.port, address })
    }

    /// Every service with a port counted up from `base`: UDP and TCP of one number share one.
    fn all(&self, base: u16) -> Result<Vec<(Listed, SocketAddr)>, ServeError> {
        let mut all = Vec::new();
        let mut last = None;
        let mut next = u32::from(base);
        for listed in services::listed(self.stage.world()) {
            let this = (listed.host.clone(), listed.port.number);
            if last.as_ref().is_some_and(|last| *last != this) {
                next += 1;
            }
            last = Some(this);
            let Ok(port) = u16::try_from(next) else {
                let what = format!("--all {base}: there are not enough ports from there on");
                return Err(ServeError::Options(what));
            };
            all.push((listed, SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)));
        }
        Ok(all)
    }

    fn serve(&mut self, listed: Listed, real: SocketAddr) -> Result<(), ServeError> {
        let what = format!("{} of {} at {real}", listed.service(), listed.host);
        let failed = |error| ServeError::Bind { what: what.clone(), error };
        let to = listed.simulated();
        let real = match listed.port.transport {
            Transport::Tcp => {
                let listener = listen(real).map_err(failed)?;
                let real = listener.local_addr().map_err(failed)?;
                self.add(Source::Listener(listener, to), Interest::READABLE).map_err(failed)?;
                real
            }
            Transport::Udp => {
                let socket = UdpSocket::bind(real).map_err(failed)?;
                let real = socket.local_addr().map_err(failed)?;
                let source = Source::Datagrams(Datagrams::Listener { socket, to });
                self.add(source, Interest::READABLE).map_err(failed)?;
                real
            }
        };
        self.bound.push(Bound { listed, real });
        Ok(())
    }

    pub(super) fn add(&mut self, mut source: Source, interest: Interest) -> io::Result<Token> {
        let token = self.sources.reserve();
        let registry = self.poll.registry();
        let done = match &mut source {
            Source::Listener(listener, _) | Source::Control(listener) => {
                listener.register(registry, token, interest)
            }
            Source::Pipe(pipe) => pipe.stream.register(registry, token, interest),
            Source::Datagrams(datagrams) => {
                datagrams.socket_mut().register(registry, token, interest)
            }
            Source::Api(client) => client.stream.register(registry, token, interest),
        };
        match done {
            Ok(()) => {
                self.sources.by_token[token.0] = Some(source);
                Ok(token)
            }
            Err(error) => {
                self.sources.free.push(token.0);
                Err(error)
            }
        }
    }

    /// Serves until it is stopped, and gives the world back.
    ///
    /// With a number as [`Pace`], simulated time runs so many times as fast as real time, or slower
    /// where the machine is too slow. With [`Pace::Max`] it runs with real time, but
    ///
    /// - what happens within 5 seconds after something else is not waited for, up to a minute after the
    ///   last that came from outside: what was set off goes on at once;
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

    // ----- time -----

    /// Lets the world come to the present. True when there is more to do at once.
    fn advance(&mut self) -> bool {
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

    fn run_to(&mut self, due: SimTime, started: Instant) -> bool {
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
    fn run_ahead(&mut self, started: Instant) -> bool {
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
    fn horizon(&self) -> SimTime {
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

    /// Whether no real client is there, nor was a moment ago.
    fn is_idle(&self) -> bool {
        self.pipes.is_empty() && clock::now().duration_since(self.touched) >= GRACE
    }

    /// How long there is nothing to do unless a socket has something.
    fn timeout(&self) -> Option<Duration> {
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

    // ----- what goes out -----

    /// Gives real programs what went out of the world.
    fn deliver(&mut self) {
        let mut touched = BTreeSet::new();
        for departure in self.stage.take_outbox() {
            if let Some(token) = self.depart(departure) {
                touched.insert(token);
            }
        }
        touched.append(&mut self.stalled);
        for token in touched {
            self.serve_pipe(token);
        }
        self.carry_sending();
        self.drop_crashed();
    }

    /// The pipe that has something new, if it is one.
    fn depart(&mut self, (node, inside): Departure) -> Option<Token> {
        let pipe = |door: Door| self.pipes.get(&(node, door)).copied();
        match inside {
            Inside::Opened { door, connection } => {
                let token = pipe(door);
                self.control.opened(door);
                self.with_pipe(token, |pipe| pipe.connection = Some(connection));
                token
            }
            Inside::Octets { door, octets } => {
                let token = pipe(door);
                if self.control.octets(door, &octets) {
                    return None;
                }
                self.with_pipe(token, |pipe| pipe.push(octets));
                token
            }
            Inside::Eof { door } => {
                let token = pipe(door);
                self.control.eof(door);
                self.with_pipe(token, |pipe| pipe.is_ending = true);
                token
            }
            Inside::Closed { door, reason } => {
                self.control.closed(door, reason);
                let token = self.pipes.remove(&(node, door))?;
                match reason {
                    CloseReason::Finished => {
                        self.with_pipe(Some(token), |pipe| {
                            pipe.is_over = true;
                            pipe.is_ending = true;
                        });
                        Some(token)
                    }
                    _ => {
                        self.with_pipe(Some(token), |pipe| pipe.reset());
                        self.close(token);
                        None
                    }
                }
            }
            Inside::Accepted { door, connection, to, .. } => {
                match self.real_server(node, to, Transport::Tcp).map(TcpStream::connect) {
                    Some(Ok(stream)) => {
                        let host = self.host_name(node);
                        let mut pipe = Pipe::new(node, host, door, stream, true);
                        pipe.connection = Some(connection);
                        self.crashes.entry(node).or_insert(self.stage.world().crashes(node));
                        self.add_pipe(pipe);
                    }
                    _ => {
                        let host = self.host_name(node);
                        self.input(Input::Reset { door: door.0, host });
                    }
                }
                None
            }
            Inside::Datagram { flow, payload } => {
                if let Some((listener, client)) = self.flows.client(flow)
                    && let Some(Source::Datagrams(datagrams)) = self.sources.get_mut(listener)
                {
                    // A datagram may be lost.
                    let _ = datagrams.socket().send_to(&payload, client);
                }
                None
            }
            Inside::Asked { flow, to, payload } => {
                self.ask(node, flow, to, &payload);
                None
            }
            Inside::Over { flow } => {
                if let Some(token) = self.flows.over(node, flow) {
                    self.close(token);
                }
                None
            }
        }
    }

    /// Asks a real server by datagram.
    fn ask(&mut self, node: NodeId, flow: Flow, to: SocketAddr, payload: &Bytes) {
        let token = match self.flows.server(node, flow) {
            Some(token) => token,
            None => {
                let Some(real) = self.real_server(node, to, Transport::Udp) else { return };
                let any = match real.ip() {
                    IpAddr::V4(_) => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0),
                    IpAddr::V6(_) => SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), 0),
                };
                let Ok(socket) = UdpSocket::bind(any) else { return };
                if socket.connect(real).is_err() {
                    return;
                }
                let host = self.host_name(node);
                let source = Source::Datagrams(Datagrams::Asker { socket, host, flow });
                let Ok(token) = self.add(source, Interest::READABLE) else { return };
                self.crashes.entry(node).or_insert(self.stage.world().crashes(node));
                self.flows.add_server(node, flow, token);
                token
            }
        };
        if let Some(Source::Datagrams(datagrams)) = self.sources.get_mut(token) {
            let _ = datagrams.socket().send(payload);
        }
    }

    /// Where a simulated address that stands for a server outside leads.
    fn real_server(
        &self,
        node: NodeId,
        to: SocketAddr,
        transport: Transport,
    ) -> Option<SocketAddr> {
        let world = self.stage.world();
        let port = Port { number: to.port(), transport };
        let is_one = |way: &&Way| {
            let host = match way.address() {
                Some(address) => world.owner(address),
                None => world.node(&way.host.trim_end_matches('.').to_ascii_lowercase()),
            };
            way.port == port
                && host == Some(node)
                // Of the gateway each address may stand for another server.
                && (node != self.stage.gateway() || way.address() == Some(to.ip()))
        };
        self.out.iter().find(is_one).map(|way| way.real)
    }

    /// What inputs of this host have as its name.
    fn host_name(&self, node: NodeId) -> Option<String> {
        (node != self.stage.gateway()).then(|| self.stage.world().name(node).to_owned())
    }

    /// A host that crashed has forgotten its connections without telling.
    fn drop_crashed(&mut self) {
        let world = self.stage.world();
        let crashed: Vec<(NodeId, u32)> = self
            .crashes
            .iter()
            .map(|(node, before)| (*node, world.crashes(*node), *before))
            .filter(|(_, now, before)| now != before)
            .map(|(node, now, _)| (node, now))
            .collect();
        for (node, now) in crashed {
            self.crashes.insert(node, now);
            let is_old = |door: Door| door.0 >> 44 & 0xffff != u64::from(now & 0xffff);
            let doors = self.pipes.range((node, Door(0))..=(node, Door(u64::MAX)));
            let doors: Vec<_> = doors.filter(|((_, door), _)| is_old(*door)).collect();
            let doors: Vec<_> = doors.into_iter().map(|(key, token)| (*key, *token)).collect();
            for (key, token) in doors {
                self.pipes.remove(&key);
                self.with_pipe(Some(token), |pipe| pipe.reset());
                self.close(token);
            }
            for token in self.flows.drain_servers(Some(node)) {
                self.close(token);
            }
        }
    }

    // ----- what comes in -----

    pub(super) fn input(&mut self, input: Input) {
        // Inputs of sockets name hosts and doors that there are.
        let done = self.stage.input(input);
        debug_assert!(done.is_ok(), "{done:?}");
    }

    /// A socket is ready.
    fn ready(&mut self, token: Token, readable: bool, writable: bool) {
        match self.sources.get_mut(token) {
            Some(Source::Pipe(pipe)) => {
                let reached = pipe.ready(readable, writable);
                if reached {
                    self.serve_pipe(token);
                } else {
                    self.pipe_gone(token);
                }
            }
            Some(Source::Listener(..)) => self.accept(token),
            Some(Source::Control(_)) => self.accept_control(token),
            Some(Source::Datagrams(_)) => self.datagrams(token),
            Some(Source::Api(_)) => self.api_ready(token, readable, writable),
            None => {}
        }
    }

    /// Those whose turn was over before they were.
    fn turn_to_hungry(&mut self) -> bool {
        if self.accept_again.is_some_and(|at| at <= clock::now()) {
            self.accept_again = None;
            let listeners = self.sources.by_token.iter().enumerate();
            let is_listener = |source: &Option<Source>| {
                matches!(source, Some(Source::Listener(..) | Source::Control(_)))
            };
            let listeners = listeners.filter(|(_, source)| is_listener(source));
            self.hungry.extend(listeners.map(|(at, _)| Token(at)));
        }
        for token in std::mem::take(&mut self.hungry) {
            self.ready(token, true, false);
        }
        !self.hungry.is_empty()
    }

    fn accept(&mut self, token: Token) {
        for _ in 0..TURN_ITEMS {
            let Some(Source::Listener(listener, to)) = self.sources.get_mut(token) else { return };
            let to = *to;
            match listener.accept() {
                Ok((stream, _)) => {
                    let door = self.new_door();
                    let pipe = Pipe::new(self.stage.gateway(), None, door, stream, false);
                    if self.add_pipe(pipe) {
                        self.input(Input::Connect { door: door.0, to });
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if is_of_peer(&error) => {}
                Err(_) => {
                    // No more sockets: until some are closed, others wait.
                    self.accept_again = Some(clock::now() + ACCEPT_AGAIN);
                    return;
                }
            }
        }
        self.hungry.insert(token);
    }

    fn accept_control(&mut self, token: Token) {
        for _ in 0..TURN_ITEMS {
            let Some(Source::Control(listener)) = self.sources.get_mut(token) else { return };
            match listener.accept() {
                Ok((stream, _)) => self.accept_api(stream),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if is_of_peer(&error) => {}
                Err(_) => {
                    self.accept_again = Some(clock::now() + ACCEPT_AGAIN);
                    return;
                }
            }
        }
        self.hungry.insert(token);
    }

    /// The number of a new door.
    pub(super) fn new_door(&mut self) -> Door {
        self.last_door += 1;
        Door(self.last_door)
    }

    /// A new world has begun: nothing that was connected to the old one is left.
    pub(super) fn forget_world(&mut self) {
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

    fn add_pipe(&mut self, pipe: Pipe) -> bool {
        let key = (pipe.node, pipe.door);
        let both = Interest::READABLE | Interest::WRITABLE;
        match self.add(Source::Pipe(Box::new(pipe)), both) {
            Ok(token) => {
                self.pipes.insert(key, token);
                true
            }
            Err(_) => false,
        }
    }

    fn datagrams(&mut self, token: Token) {
        for _ in 0..TURN_ITEMS {
            let Some(Source::Datagrams(datagrams)) = self.sources.get_mut(token) else { return };
            match datagrams.socket().recv_from(&mut self.buffer) {
                Ok((count, from)) => {
                    self.touched = clock::now();
                    let octets = Payload(Bytes::copy_from_slice(&self.buffer[..count]));
                    let input = match datagrams {
                        Datagrams::Listener { to, .. } => {
                            let to = *to;
                            let Flow(flow) = self.flows.of_client(token, from);
                            Input::Datagram { flow, to, octets }
                        }
                        Datagrams::Asker { host, flow: Flow(flow), .. } => {
                            Input::Answer { flow: *flow, host: host.clone(), octets }
                        }
                    };
                    self.input(input);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // That nobody listens where a datagram went is told at the next call.
                Err(_) => {}
            }
        }
        self.hungry.insert(token);
    }

    /// Reads and writes what a pipe can take.
    fn serve_pipe(&mut self, token: Token) {
        let Server { sources, stage, buffer, fed, hungry, stalled, .. } = self;
        let Some(Source::Pipe(pipe)) = sources.get_mut(token) else { return };
        let (door, mut turn) = (pipe.door.0, 0);
        let input = |stage: &mut Stage, input| {
            let done = stage.input(input);
            debug_assert!(done.is_ok(), "{done:?}");
        };
        while pipe.readable && !pipe.has_ended && pipe.connection.is_some() {
            if turn >= TURN_OCTETS {
                hungry.insert(token);
                break;
            }
            let waiting = pipe.connection.map_or(0, |connection| {
                stage.world().unacknowledged(pipe.node, connection) + pipe.under_way
            });
            if !pipe.is_over && waiting as u64 >= WINDOW_OCTETS {
                stalled.insert(token);
                break;
            }
            match pipe.read(buffer) {
                Got::Octets(octets) => {
                    turn += octets.len();
                    // After the end of the simulated connection it is read so that it is not reset.
                    if !pipe.is_over {
                        pipe.under_way += octets.len();
                        fed.push(token);
                        let (host, octets) = (pipe.host.clone(), Payload(octets));
                        input(stage, Input::Octets { door, host, octets });
                    }
                }
                Got::Eof => {
                    pipe.has_ended = true;
                    if !pipe.is_over {
                        input(stage, Input::Eof { door, host: pipe.host.clone() });
                    }
                }
                Got::Nothing => break,
                Got::Gone => return self.pipe_gone(token),
            }
        }
        if !pipe.flush() {
            return self.pipe_gone(token);
        }
        if !pipe.is_over {
            if pipe.untold >= TOLD_OCTETS {
                let count = std::mem::take(&mut pipe.untold);
                input(stage, Input::Taken { door, host: pipe.host.clone(), count });
            }
        } else if pipe.is_flushed() && pipe.has_ended {
            self.close(token);
        } else if pipe.lingers_until.is_none() {
            let patience = if pipe.is_flushed() { LINGER } else { PATIENCE };
            let until = clock::now() + patience;
            pipe.lingers_until = Some(until);
            let place = self.lingering.partition_point(|(at, _)| *at <= until);
            self.lingering.insert(place, (until, token));
        }
    }

    /// The real end of a pipe is gone.
    fn pipe_gone(&mut self, token: Token) {
        let Some(Source::Pipe(pipe)) = self.sources.get_mut(token) else { return };
        let (key, host, is_over) = ((pipe.node, pipe.door), pipe.host.clone(), pipe.is_over);
        pipe.reset();
        self.pipes.remove(&key);
        self.close(token);
        if !is_over {
            self.input(Input::Reset { door: key.1.0, host });
        }
    }

    fn give_up_lingering(&mut self) {
        let now = clock::now();
        while let Some((until, token)) = self.lingering.front().copied()
            && until <= now
        {
            self.lingering.pop_front();
            // The token may be another one's by now.
            let is_it = matches!(
                self.sources.get_mut(token),
                Some(Source::Pipe(pipe)) if pipe.lingers_until == Some(until)
            );
            if is_it {
                self.close(token);
            }
        }
    }

    fn with_pipe(&mut self, token: Option<Token>, change: impl FnOnce(&mut Pipe)) {
        if let Some(Source::Pipe(pipe)) = token.and_then(|token| self.sources.get_mut(token)) {
            change(pipe);
        }
    }

    /// Closes a socket; its token may be another one's from now on.
    pub(super) fn close(&mut self, token: Token) {
        let Some(mut source) = self.sources.remove(token) else { return };
        self.hungry.remove(&token);
        self.stalled.remove(&token);
        let registry = self.poll.registry();
        // A socket that is dropped is out of the poll anyway.
        let _ = match &mut source {
            Source::Listener(listener, _) | Source::Control(listener) => {
                listener.deregister(registry)
            }
            Source::Pipe(pipe) => pipe.stream.deregister(registry),
            Source::Datagrams(datagrams) => datagrams.socket_mut().deregister(registry),
            Source::Api(client) => client.stream.deregister(registry),
        };
    }
}

impl Sources {
    fn reserve(&mut self) -> Token {
        if self.by_token.len() < FIRST {
            self.by_token.resize_with(FIRST, || None);
        }
        Token(self.free.pop().unwrap_or_else(|| {
            self.by_token.push(None);
            self.by_token.len() - 1
        }))
    }

    pub(super) fn all(&self) -> Vec<Token> {
        let taken = self.by_token.iter().enumerate().filter(|(_, source)| source.is_some());
        taken.map(|(at, _)| Token(at)).collect()
    }

    pub(super) fn get_mut(&mut self, token: Token) -> Option<&mut Source> {
        self.by_token.get_mut(token.0)?.as_mut()
    }

    fn remove(&mut self, token: Token) -> Option<Source> {
        let source = self.by_token.get_mut(token.0)?.take()?;
        self.free.push(token.0);
        Some(source)
    }
}

/// Listens with room for a crowd that comes at once.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
    // A port that was served a moment ago is free again. (Windows means something else by it.)
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(TcpListener::from_std(socket.into()))
}

/// The peer of a connection was gone before it was accepted: no trouble of ours.
fn is_of_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}
