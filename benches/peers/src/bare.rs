//! The work without a simulator: a binary heap of keys, payloads beside it, and a `match`.
//!
//! 22 packets and 26 events a transaction, as TCP would send them, but nothing that makes it TCP: no
//! connection table, window, acknowledgement number, route, link or address. Its digest is that of
//! mxsim. So what it costs is the least that a loop of such events costs, and what is more is the
//! simulator.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use bytes::Bytes;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::work::{DELAY, Done, LINE, MESSAGE, REQUESTS, TO_CLIENT, TO_SERVER, Work};

/// Plays it.
pub fn play(work: Work) -> Done {
    let mut world = World::new(work);
    let begin = Instant::now();
    for client in (0..world.hosts.len() as u32).step_by(2) {
        world.push(client, client, 0, What::Timer(Timer::Begin));
    }
    let mut events = 0;
    while let Some(Reverse(key)) = world.queue.pop() {
        events += 1;
        let (to, what) = world.take(key.slot);
        world.handle(key.time, to, what);
    }
    let time = begin.elapsed();
    assert_eq!(events, EVENTS * work.transactions());
    for pair in world.hosts.chunks(2) {
        assert_eq!(pair[0].octets, TO_CLIENT as u64 * work.each);
        assert_eq!(pair[1].octets, TO_SERVER as u64 * work.each);
    }
    Done { time, events: Some(events) }
}

const EVENTS: u64 = 26;
/// A segment on Ethernet.
const SEGMENT: usize = 1_460;
/// When a host looks whether all is acknowledged.
const LOOK: u64 = 1_000_000_000;
/// How long a closed connection is kept; shorter than that of TCP, so that few are kept at once.
const LINGER: u64 = 60_000_000;

/// In this order things happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    time: u64,
    origin: u32,
    sequence: u32,
    slot: u32,
}

enum What {
    Packet(Packet),
    Timer(Timer),
}

enum Packet {
    Syn,
    SynAck,
    Ack,
    Data(Bytes),
    Fin,
    FinAck,
    LastAck,
}

enum Timer {
    Begin,
    Look,
    Forget,
}

#[derive(Default)]
struct Host {
    digest: u128,
    sequence: u32,
    /// Replies that the client got, or the server gave, in this transaction.
    replies: usize,
    /// What came of the request or message that is awaited.
    part: usize,
    octets: u64,
    left: u64,
}

struct World {
    queue: BinaryHeap<Reverse<Key>>,
    /// What happens, by slot.
    slots: Vec<Option<(u32, What)>>,
    free: Vec<u32>,
    /// Clients at even places, each before its server.
    hosts: Vec<Host>,
    line: Bytes,
    message: Bytes,
}

impl World {
    fn new(work: Work) -> Self {
        let hosts = (0..2 * work.pairs).map(|_| Host { left: work.each, ..Host::default() });
        World {
            queue: BinaryHeap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            hosts: hosts.collect(),
            line: Bytes::from(vec![b'x'; LINE]),
            message: Bytes::from(vec![b'm'; MESSAGE]),
        }
    }

    fn push(&mut self, origin: u32, to: u32, time: u64, what: What) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as u32 - 1
        });
        self.slots[slot as usize] = Some((to, what));
        let sequence = self.hosts[origin as usize].sequence;
        self.hosts[origin as usize].sequence += 1;
        self.queue.push(Reverse(Key { time, origin, sequence, slot }));
    }

    fn take(&mut self, slot: u32) -> (u32, What) {
        self.free.push(slot);
        self.slots[slot as usize].take().expect("a key has what it stands for")
    }

    /// Sends a packet to the other of the pair.
    fn send(&mut self, from: u32, now: u64, packet: Packet) {
        self.push(from, from ^ 1, now + DELAY.as_nanos() as u64, What::Packet(packet));
    }

    fn handle(&mut self, now: u64, host: u32, what: What) {
        self.digest(now, host, &what);
        match what {
            What::Timer(Timer::Begin) => {
                let client = &mut self.hosts[host as usize];
                (client.replies, client.left) = (0, client.left - 1);
                self.send(host, now, Packet::Syn);
                self.push(host, host, now + LOOK, What::Timer(Timer::Look));
            }
            What::Timer(Timer::Look | Timer::Forget) => {}
            What::Packet(Packet::Syn) => {
                let server = &mut self.hosts[host as usize];
                (server.replies, server.part) = (0, 0);
                self.send(host, now, Packet::SynAck);
                self.push(host, host, now + LOOK, What::Timer(Timer::Look));
            }
            What::Packet(Packet::SynAck) => self.send(host, now, Packet::Ack),
            What::Packet(Packet::Ack) => self.send(host, now, Packet::Data(self.line.clone())),
            What::Packet(Packet::Data(octets)) if host % 2 == 0 => self.reply(now, host, &octets),
            What::Packet(Packet::Data(octets)) => self.request(now, host, &octets),
            What::Packet(Packet::Fin) => self.send(host, now, Packet::FinAck),
            What::Packet(Packet::FinAck) => {
                self.send(host, now, Packet::LastAck);
                self.push(host, host, now + LINGER, What::Timer(Timer::Forget));
                if self.hosts[host as usize].left > 0 {
                    self.push(host, host, now, What::Timer(Timer::Begin));
                }
            }
            What::Packet(Packet::LastAck) => {}
        }
    }

    /// A client gets a reply.
    fn reply(&mut self, now: u64, host: u32, octets: &[u8]) {
        let client = &mut self.hosts[host as usize];
        client.octets += octets.len() as u64;
        client.replies += 1;
        match client.replies {
            ..=REQUESTS => self.send(host, now, Packet::Data(self.line.clone())),
            replies if replies == REQUESTS + 1 => {
                for begin in (0..MESSAGE).step_by(SEGMENT) {
                    let segment = self.message.slice(begin..MESSAGE.min(begin + SEGMENT));
                    self.send(host, now, Packet::Data(segment));
                }
            }
            _ => self.send(host, now, Packet::Fin),
        }
    }

    /// A server gets a request, or a part of the message.
    fn request(&mut self, now: u64, host: u32, octets: &[u8]) {
        let server = &mut self.hosts[host as usize];
        server.octets += octets.len() as u64;
        server.part += octets.len();
        let whole = if server.replies < REQUESTS { LINE } else { MESSAGE };
        if server.part >= whole {
            server.part -= whole;
            server.replies += 1;
            self.send(host, now, Packet::Data(self.line.clone()));
        }
    }

    /// The fingerprint of a host, as mxsim keeps it.
    fn digest(&mut self, now: u64, host: u32, what: &What) {
        let (kind, bytes): (u32, &[u8]) = match what {
            What::Timer(Timer::Begin) => (0, &[]),
            What::Timer(Timer::Look) => (1, &[]),
            What::Timer(Timer::Forget) => (2, &[]),
            What::Packet(Packet::Data(octets)) => (3, octets),
            What::Packet(Packet::Syn) => (4, &[]),
            What::Packet(Packet::SynAck) => (5, &[]),
            What::Packet(Packet::Ack) => (6, &[]),
            What::Packet(Packet::Fin) => (7, &[]),
            What::Packet(Packet::FinAck) => (8, &[]),
            What::Packet(Packet::LastAck) => (9, &[]),
        };
        let digest = &mut self.hosts[host as usize].digest;
        let mut block = [0; 40];
        block[..16].copy_from_slice(&digest.to_le_bytes());
        block[16..24].copy_from_slice(&now.to_le_bytes());
        block[24..28].copy_from_slice(&kind.to_le_bytes());
        block[28..32].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
        block[32..].copy_from_slice(&xxh3_64(bytes).to_le_bytes());
        *digest = xxh3_128(&block);
    }
}
