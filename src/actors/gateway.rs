//! The gateway: where real programs outside meet the simulated network.
//!
//! It runs on a host of its own, from which it connects to simulated servers for those outside
//! ([`Outside::Connect`]), and on hosts some of whose ports stand for real servers: what comes to those
//! goes out ([`Inside::Accepted`], [`Inside::Asked`]). It knows nothing of sockets or of the clock of
//! the machine: what it is told are events, what it tells goes into the world's outbox.
//!
//! What the outside does not take is held back: from [`WINDOW_OCTETS`] on the gateway reads no more from
//! a connection until it hears that some were taken, so that the simulated window closes.
//!
//! Not modelled: a refusal of the real server as a refusal of the simulated SYN. The simulated
//! connection stands by then, and is reset.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use crate::engine::SimTime;
use crate::net::tcp::CloseReason;
use crate::world::{
    Actor, ConnId, Ctx, Door, Event, Flow, Inside, Outside, Port, StreamEvent, TimerToken,
};

use super::carry::LazyTimer;

/// From how many octets on, that went out and were not taken, the gateway reads no more.
pub const WINDOW_OCTETS: u64 = 256 * 1024;

/// The actor.
#[derive(Debug)]
pub struct Gateway {
    /// The ports of this host that stand for servers outside.
    ports: Vec<Port>,
    doors: BTreeMap<Door, ConnId>,
    open: BTreeMap<ConnId, Open>,
    flows: BTreeMap<Flow, Between>,
    /// The flows by when they were last used.
    idle: BTreeSet<(SimTime, Flow)>,
    /// By the ports of this host from which datagrams of flows leave.
    by_port: BTreeMap<u16, Flow>,
    /// By the simulated party that asked, and the address that it asked.
    by_asker: BTreeMap<(SocketAddr, SocketAddr), Flow>,
    timer: LazyTimer,
    /// How many numbers of doors and flows were given here.
    given: u64,
}

/// A connection through a door.
#[derive(Debug)]
struct Open {
    door: Door,
    /// Octets that went out and were not taken.
    untaken: u64,
    paused: bool,
}

/// The simulated side of a flow.
#[derive(Debug)]
struct Between {
    used: SimTime,
    ends: Ends,
}

#[derive(Debug, Clone, Copy)]
enum Ends {
    /// Somebody outside asks a simulated server, from this port.
    Outside { port: u16, to: SocketAddr },
    /// A simulated host asks somebody outside, at this address.
    Inside { asker: SocketAddr, asked: SocketAddr },
}

/// How long a flow lives without a datagram: as long as a NAT is to keep one (RFC 4787 §4.3).
pub const FLOW_IDLE: Duration = Duration::from_secs(120);
/// How many flows there are at one time; then the one that was not used longest makes room.
pub const MAX_FLOWS: usize = 4_096;
const FLOW_TIMER: TimerToken = TimerToken(0);

impl Gateway {
    /// A gateway to which these ports of its host belong, whoever else listens there.
    pub fn new(ports: Vec<Port>) -> Self {
        Gateway {
            ports,
            doors: BTreeMap::new(),
            open: BTreeMap::new(),
            flows: BTreeMap::new(),
            idle: BTreeSet::new(),
            by_port: BTreeMap::new(),
            by_asker: BTreeMap::new(),
            timer: LazyTimer::default(),
            given: 0,
        }
    }

    fn come_in(&mut self, outside: Outside, ctx: &mut Ctx<'_>) {
        match outside {
            Outside::Connect { door, to } => match ctx.connect(to) {
                Ok(connection) => self.open(door, connection),
                Err(_) => {
                    ctx.tell_outside(Inside::Closed { door, reason: CloseReason::Aborted });
                }
            },
            Outside::Octets { door, octets } => {
                if let Some(connection) = self.doors.get(&door) {
                    ctx.send(*connection, octets);
                }
            }
            Outside::Eof { door } => {
                if let Some(connection) = self.doors.get(&door) {
                    ctx.close(*connection);
                }
            }
            Outside::Reset { door } => {
                if let Some(connection) = self.doors.remove(&door) {
                    self.open.remove(&connection);
                    ctx.abort(connection);
                }
            }
            Outside::Taken { door, octets } => self.taken(door, octets, ctx),
            Outside::Datagram { flow, to, payload } => self.ask(flow, to, payload, ctx),
            Outside::Answer { flow, payload } => {
                let Some(between) = self.flows.get(&flow) else { return };
                if let Ends::Inside { asker, asked } = between.ends {
                    self.used(flow, ctx);
                    ctx.send_udp_from(asked, asker, payload);
                }
            }
            Outside::Order(_) => {}
        }
    }

    fn open(&mut self, door: Door, connection: ConnId) {
        self.doors.insert(door, connection);
        self.open.insert(connection, Open { door, untaken: 0, paused: false });
    }

    fn taken(&mut self, door: Door, octets: u64, ctx: &mut Ctx<'_>) {
        let Some(connection) = self.doors.get(&door) else { return };
        let Some(open) = self.open.get_mut(connection) else { return };
        open.untaken = open.untaken.saturating_sub(octets);
        if open.paused && open.untaken <= WINDOW_OCTETS / 2 {
            open.paused = false;
            ctx.resume_reading(*connection);
        }
    }

    fn on_stream(&mut self, connection: ConnId, event: StreamEvent, ctx: &mut Ctx<'_>) {
        if let StreamEvent::Accepted { local, peer } = event {
            let door = Door(self.give(ctx));
            self.open(door, connection);
            ctx.tell_outside(Inside::Accepted { door, connection, to: local, peer });
            return;
        }
        let Some(open) = self.open.get_mut(&connection) else { return };
        let door = open.door;
        match event {
            StreamEvent::Accepted { .. } => {}
            StreamEvent::Opened => ctx.tell_outside(Inside::Opened { door, connection }),
            StreamEvent::Data(octets) => {
                open.untaken += octets.len() as u64;
                if !open.paused && open.untaken >= WINDOW_OCTETS {
                    open.paused = true;
                    ctx.pause_reading(connection);
                }
                ctx.tell_outside(Inside::Octets { door, octets });
            }
            StreamEvent::Eof => ctx.tell_outside(Inside::Eof { door }),
            StreamEvent::Closed(reason) => {
                self.open.remove(&connection);
                self.doors.remove(&door);
                ctx.tell_outside(Inside::Closed { door, reason });
            }
        }
    }

    /// Somebody outside asks a simulated server.
    fn ask(&mut self, flow: Flow, to: SocketAddr, payload: Bytes, ctx: &mut Ctx<'_>) {
        if !self.flows.contains_key(&flow) {
            let Some(port) = ctx.bind_any_udp() else {
                return ctx.tell_outside(Inside::Over { flow });
            };
            self.by_port.insert(port, flow);
            self.begin(flow, Ends::Outside { port, to }, ctx);
        }
        self.used(flow, ctx);
        if let Some(Between { ends: Ends::Outside { port, to }, .. }) = self.flows.get(&flow) {
            // Without an address of that family there is nobody to ask.
            let _ = ctx.send_udp(*port, *to, payload);
        }
    }

    fn on_datagram(&mut self, from: SocketAddr, to: SocketAddr, payload: Bytes, ctx: &mut Ctx<'_>) {
        if let Some(flow) = self.by_port.get(&to.port()).copied() {
            let is_theirs = matches!(
                self.flows.get(&flow),
                Some(Between { ends: Ends::Outside { to: asked, .. }, .. }) if *asked == from
            );
            // As with a connected socket, nobody else is heard.
            if is_theirs {
                self.used(flow, ctx);
                ctx.tell_outside(Inside::Datagram { flow, payload });
            }
            return;
        }
        let flow = match self.by_asker.get(&(from, to)) {
            Some(flow) => *flow,
            None => {
                let flow = Flow(self.give(ctx));
                self.by_asker.insert((from, to), flow);
                self.begin(flow, Ends::Inside { asker: from, asked: to }, ctx);
                flow
            }
        };
        self.used(flow, ctx);
        ctx.tell_outside(Inside::Asked { flow, to, payload });
    }

    fn begin(&mut self, flow: Flow, ends: Ends, ctx: &mut Ctx<'_>) {
        if self.flows.len() >= MAX_FLOWS
            && let Some((_, longest)) = self.idle.first().copied()
        {
            self.end(longest, ctx);
        }
        let used = ctx.now();
        self.flows.insert(flow, Between { used, ends });
        self.idle.insert((used, flow));
        self.timer.arm(ctx, Some(used + FLOW_IDLE), FLOW_TIMER);
    }

    fn used(&mut self, flow: Flow, ctx: &mut Ctx<'_>) {
        if let Some(between) = self.flows.get_mut(&flow) {
            self.idle.remove(&(between.used, flow));
            between.used = ctx.now();
            self.idle.insert((between.used, flow));
        }
    }

    fn end(&mut self, flow: Flow, ctx: &mut Ctx<'_>) {
        let Some(Between { used, ends }) = self.flows.remove(&flow) else { return };
        self.idle.remove(&(used, flow));
        match ends {
            Ends::Outside { port, .. } => {
                self.by_port.remove(&port);
                ctx.unbind_udp(port);
            }
            Ends::Inside { asker, asked } => drop(self.by_asker.remove(&(asker, asked))),
        }
        ctx.tell_outside(Inside::Over { flow });
    }

    fn on_timer(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        self.timer.fired(now, None);
        while let Some((used, flow)) = self.idle.first().copied() {
            if used + FLOW_IDLE > now {
                self.timer.arm(ctx, Some(used + FLOW_IDLE), FLOW_TIMER);
                break;
            }
            self.end(flow, ctx);
        }
    }

    /// A number for a door or flow that begins inside: not used again, not even after a crash.
    fn give(&mut self, ctx: &Ctx<'_>) -> u64 {
        self.given += 1;
        Door::INSIDE | u64::from(ctx.crashes() & 0xffff) << 44 | self.given
    }
}

impl Actor for Gateway {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        for port in &self.ports {
            ctx.take_over(*port);
        }
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Outside(outside) => self.come_in(outside, ctx),
            Event::Stream(connection, event) => self.on_stream(connection, event, ctx),
            Event::Datagram { from, to, payload } => self.on_datagram(from, to, payload, ctx),
            Event::Timer(FLOW_TIMER) => self.on_timer(ctx),
            Event::Timer(_) | Event::Signal(_) | Event::Unreachable { .. } => {}
        }
    }
}
