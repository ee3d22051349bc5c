//! What goes out of the world: to real clients, and to real servers.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::Bytes;
use mio::net::{TcpStream, UdpSocket};
use mio::{Interest, Token};

use super::Server;
use super::sources::Source;
use crate::live::clock;
use crate::live::door::Pipe;
use crate::live::flow::Datagrams;
use crate::live::input::Input;
use crate::live::way::Way;
use crate::net::NodeId;
use crate::net::tcp::CloseReason;
use crate::world::{Departure, Door, Flow, Inside, Port, Transport};

impl Server {
    /// Gives real programs what went out of the world.
    pub(super) fn deliver(&mut self) {
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
    pub(super) fn depart(&mut self, (node, inside): Departure) -> Option<Token> {
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
    pub(super) fn ask(&mut self, node: NodeId, flow: Flow, to: SocketAddr, payload: &Bytes) {
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
            self.asked = Some(clock::now());
        }
    }

    /// Where a simulated address that stands for a server outside leads.
    pub(super) fn real_server(
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
    pub(super) fn host_name(&self, node: NodeId) -> Option<String> {
        (node != self.stage.gateway()).then(|| self.stage.world().name(node).to_owned())
    }

    /// A host that crashed has forgotten its connections without telling.
    pub(super) fn drop_crashed(&mut self) {
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
}
