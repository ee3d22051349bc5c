//! Connections that carry what an SMTP transaction does, as octets without a meaning.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::engine::{Seed, SimTime};
use crate::net::{Latency, LinkConfig};
use crate::world::{Actor, ConnId, Ctx, Event, HostConfig, Kind, StreamEvent, World, WorldBuilder};

/// Clients that make one TCP connection after the other to their server, on each of them a banner of
/// 40 octets, six requests and replies of 40 octets, a message of 2 KiB and its reply, and the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transactions {
    /// How many clients there are, and how many servers: each client has its own.
    pub pairs: u32,
    /// How many transactions there are in all; each client has its share, rounded up.
    pub transactions: u64,
    /// How a client and its server are joined. It takes 20 ms one way in any case.
    pub path: Path,
}

/// The way between a client and its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// One link.
    Direct,
    /// A router that all hosts hang on.
    Router,
}

/// Octets of the banner and of each request and reply.
pub const LINE_OCTETS: usize = 40;
/// How many requests there are, each with a reply.
pub const REQUESTS: usize = 6;
/// Octets of the message.
pub const MESSAGE_OCTETS: usize = 2_048;

// Not counted: a count that all hosts share would go from processor to processor all the time.
const LINE: Bytes = Bytes::from_static(&[b'x'; LINE_OCTETS]);
const MESSAGE: Bytes = Bytes::from_static(&[b'm'; MESSAGE_OCTETS]);

const PORT: u16 = 25;
const DELAY: Duration = Duration::from_millis(20);

impl Transactions {
    /// 200 clients and 200 servers, joined directly.
    pub fn new(transactions: u64) -> Self {
        Transactions { pairs: 200, transactions, path: Path::Direct }
    }

    /// How many transactions each client makes.
    pub fn each(&self) -> u64 {
        self.transactions.div_ceil(u64::from(self.pairs.max(1)))
    }

    /// The world, with nothing done yet. It is idle when all is.
    ///
    /// # Panics
    /// When there are more pairs than addresses of 10.0.0.0/9.
    pub fn world(&self, seed: Seed) -> World {
        assert!(self.pairs < 1 << 23, "an address for each host");
        let mut parts = WorldBuilder::new(seed);
        parts.watched(false);
        let delay = match self.path {
            Path::Direct => DELAY,
            Path::Router => DELAY / 2,
        };
        let latency = Latency::Constant(delay);
        let link = Arc::new(LinkConfig { latency, ..LinkConfig::default() });
        if self.path == Path::Router {
            parts.router("router");
        }
        for pair in 0..self.pairs {
            let [client, server] = ["client", "server"].map(|kind| format!("{kind}-{pair}"));
            match self.path {
                Path::Direct => {
                    parts.link(&client, &server, link.clone());
                }
                Path::Router => {
                    parts.link(&client, "router", link.clone());
                    parts.link(&server, "router", link.clone());
                }
            }
            let left = self.each();
            let to = SocketAddr::new(server_address(pair), PORT);
            let host = HostConfig::new(client).address(client_address(pair));
            parts.host(host.actor(move || Client {
                to,
                left,
                sent: 0,
                received: 0,
                connection: None,
            }));
            let host = HostConfig::new(server).address(server_address(pair));
            parts.host(host.actor(|| Server { open: Vec::new() }));
        }
        parts.build().expect("names and addresses differ")
    }

    /// Plays a world of [`Transactions::world`] to its end.
    pub fn play(&self, world: &mut World) {
        world.run(SimTime::MAX);
    }
}

fn client_address(pair: u32) -> IpAddr {
    Ipv4Addr::from((10 << 24) + pair).into()
}

fn server_address(pair: u32) -> IpAddr {
    Ipv4Addr::from((10 << 24) + (1 << 23) + pair).into()
}

/// Says the next thing whenever a reply is complete.
struct Client {
    to: SocketAddr,
    /// Transactions still to be begun.
    left: u64,
    /// Requests and messages of this transaction.
    sent: usize,
    /// Octets of the reply that is awaited.
    received: usize,
    connection: Option<ConnId>,
}

impl Client {
    fn begin(&mut self, ctx: &mut Ctx<'_>) {
        let Some(left) = self.left.checked_sub(1) else { return };
        (self.left, self.sent, self.received) = (left, 0, 0);
        self.connection = Some(ctx.connect(self.to).expect("the host has an address and a port"));
    }
}

impl Actor for Client {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        self.begin(ctx);
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let Event::Stream(id, event) = event else { return };
        if self.connection != Some(id) {
            return; // over, as far as the client is concerned
        }
        match event {
            StreamEvent::Data(octets) => {
                self.received += octets.len();
                while self.received >= LINE_OCTETS {
                    self.received -= LINE_OCTETS;
                    match self.sent {
                        ..REQUESTS => ctx.send(id, LINE),
                        REQUESTS => ctx.send(id, MESSAGE),
                        _ => {
                            ctx.count(Kind::Transaction, 1);
                            ctx.close(id);
                            return;
                        }
                    }
                    self.sent += 1;
                }
            }
            StreamEvent::Closed(_) => self.begin(ctx),
            _ => {}
        }
    }
}

/// Greets, and answers whenever a request or the message is complete.
struct Server {
    /// What is open, with the octets that came on it.
    open: Vec<(ConnId, usize)>,
}

impl Actor for Server {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        assert!(ctx.listen(PORT), "nobody else has the port");
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let Event::Stream(id, event) = event else { return };
        match event {
            StreamEvent::Accepted { .. } => {
                self.open.push((id, 0));
                ctx.send(id, LINE);
            }
            StreamEvent::Data(octets) => {
                let open = self.open.iter_mut().find(|(open, _)| *open == id);
                let (_, before) = open.expect("accepted before");
                let (first, last) = (*before, *before + octets.len());
                *before = last;
                let replies = replies_to(last) - replies_to(first);
                for _ in 0..replies {
                    ctx.send(id, LINE);
                }
            }
            StreamEvent::Eof => ctx.close(id),
            StreamEvent::Closed(_) => self.open.retain(|(open, _)| *open != id),
            StreamEvent::Opened => {}
        }
    }
}

/// How many replies so many octets of a client are worth.
fn replies_to(octets: usize) -> usize {
    let requests = (octets / LINE_OCTETS).min(REQUESTS);
    requests + usize::from(octets >= REQUESTS * LINE_OCTETS + MESSAGE_OCTETS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_transaction_is_the_same_packets_and_carries_all_its_octets() {
        for (path, each) in [(Path::Direct, 1), (Path::Router, 2)] {
            let load = Transactions { pairs: 10, path, ..Transactions::new(100) };
            let mut world = load.world(Seed(1));
            load.play(&mut world);
            let traffic = world.traffic();
            assert_eq!(traffic.lost_in_all().packets, 0);
            assert_eq!(traffic.sent, traffic.delivered);
            let packets = traffic.sent.packets / 100;
            assert!((20..=26).contains(&packets), "{packets} packets a transaction");
            let payload = (LINE_OCTETS * (2 + 2 * REQUESTS) + MESSAGE_OCTETS) as u64;
            let headers = traffic.sent.packets * 40 + 100 * 2 * 12;
            assert_eq!(traffic.sent.octets, 100 * payload + headers);
            assert!(world.events() >= traffic.sent.packets * each);
        }
    }

    #[test]
    fn requests_and_the_message_are_answered_when_they_are_complete() {
        let message = REQUESTS * LINE_OCTETS;
        assert_eq!([0, 39, 40, 79, 80].map(replies_to), [0, 0, 1, 1, 2]);
        assert_eq!(replies_to(message), REQUESTS);
        assert_eq!(replies_to(message + MESSAGE_OCTETS - 1), REQUESTS);
        assert_eq!(replies_to(message + MESSAGE_OCTETS), REQUESTS + 1);
    }
}
