//! What comes in from real sockets.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use mio::net::TcpStream;
use mio::{Interest, Token};

use super::sources::Source;
use super::{ACCEPT_AGAIN, PATIENCE, Server, TOLD_OCTETS, TURN_ITEMS, TURN_OCTETS};
use crate::actors::gateway::WINDOW_OCTETS;
use crate::live::clock;
use crate::live::door::{Got, LINGER, Pipe};
use crate::live::flow::Datagrams;
use crate::live::input::{Input, Payload};
use crate::live::stage::Stage;
use crate::world::Flow;

impl Server {
    pub(in crate::live) fn input(&mut self, input: Input) {
        // Inputs of sockets name hosts and doors that there are.
        let done = self.stage.input(input);
        debug_assert!(done.is_ok(), "{done:?}");
    }

    /// A socket is ready.
    pub(super) fn ready(&mut self, token: Token, readable: bool, writable: bool) {
        match self.sources.get_mut(token) {
            Some(Source::Pipe(pipe)) => {
                let reached = pipe.ready(readable, writable);
                if reached {
                    self.serve_pipe(token);
                } else {
                    self.pipe_gone(token);
                }
            }
            Some(Source::Listener(..) | Source::Control(_)) => self.accept(token),
            Some(Source::Datagrams(_)) => self.datagrams(token),
            Some(Source::Api(_)) => self.api_ready(token, readable, writable),
            None => {}
        }
    }

    /// Those whose turn was over before they were.
    pub(super) fn turn_to_hungry(&mut self) -> bool {
        if self.accept_again.is_some_and(|at| at <= clock::now()) {
            self.accept_again = None;
            self.hungry.extend(self.sources.listeners());
        }
        for token in std::mem::take(&mut self.hungry) {
            self.ready(token, true, false);
        }
        !self.hungry.is_empty()
    }

    /// Takes the clients that wait at a listener.
    fn accept(&mut self, token: Token) {
        for _ in 0..TURN_ITEMS {
            let (accepted, to) = match self.sources.get_mut(token) {
                Some(Source::Listener(listener, to)) => (listener.accept(), Some(*to)),
                Some(Source::Control(listener)) => (listener.accept(), None),
                _ => return,
            };
            match (accepted, to) {
                (Ok((stream, _)), Some(to)) => self.let_in(stream, to),
                (Ok((stream, _)), None) => self.accept_api(stream),
                (Err(error), _) if error.kind() == io::ErrorKind::WouldBlock => return,
                (Err(error), _) if is_of_peer(&error) => {}
                (Err(_), _) => {
                    // No more sockets: until some are closed, others wait.
                    self.accept_again = Some(clock::now() + ACCEPT_AGAIN);
                    return;
                }
            }
        }
        self.hungry.insert(token);
    }

    /// Connects a real client to a simulated address.
    fn let_in(&mut self, stream: TcpStream, to: SocketAddr) {
        let door = self.new_door();
        let pipe = Pipe::new(self.stage.gateway(), None, door, stream, false);
        if self.add_pipe(pipe) {
            self.input(Input::Connect { door: door.0, to });
        }
    }

    pub(super) fn add_pipe(&mut self, pipe: Pipe) -> bool {
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

    pub(super) fn datagrams(&mut self, token: Token) {
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
                            self.asked = None;
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
    pub(super) fn serve_pipe(&mut self, token: Token) {
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
    pub(super) fn pipe_gone(&mut self, token: Token) {
        let Some(Source::Pipe(pipe)) = self.sources.get_mut(token) else { return };
        let (key, host, is_over) = ((pipe.node, pipe.door), pipe.host.clone(), pipe.is_over);
        pipe.reset();
        self.pipes.remove(&key);
        self.close(token);
        if !is_over {
            self.input(Input::Reset { door: key.1.0, host });
        }
    }

    pub(super) fn give_up_lingering(&mut self) {
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
