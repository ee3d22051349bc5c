//! A run and its capture.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use crate::engine::SimTime;
use crate::net::NodeId;
use crate::world::{Captured, CapturedPacket, Ended, World};

use super::pcapng::{Interface, Pcapng};
use crate::net::frame;

/// A capture of a world that is being written.
pub struct Capture<W: Write> {
    file: Pcapng<W>,
    interfaces: BTreeMap<NodeId, Interface>,
    /// Nanoseconds from 1970 to the start of the run.
    epoch: i128,
    /// Reused.
    frame: Vec<u8>,
}

impl<W: Write> Capture<W> {
    /// Captures what the hosts of a world send and receive from now on, or what some of them do, into
    /// `to`. The comment stands in the head of the file.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn new(
        world: &mut World,
        hosts: Option<&[NodeId]>,
        comment: &str,
        to: W,
    ) -> io::Result<Self> {
        world.capture(hosts);
        let mut file = Pcapng::new(to, comment)?;
        let world = &*world;
        file.names(world.hosts().flat_map(|host| {
            world.addresses(host).iter().map(move |address| (*address, world.name(host)))
        }))?;
        let epoch = i128::from(world.epoch().0.0) * 1_000_000_000;
        Ok(Capture { file, interfaces: BTreeMap::new(), epoch, frame: Vec::new() })
    }

    /// Runs the world as [`World::run`] does, and writes what is captured as it comes, so that the
    /// memory does not fill with it.
    ///
    /// # Errors
    /// Those of the file; the run stops there.
    pub fn run(&mut self, world: &mut World, horizon: SimTime) -> io::Result<Ended> {
        while world.next_event().is_some_and(|next| next <= horizon) {
            world.step();
            if world.captured().len() >= CHUNK {
                self.drain(world)?;
            }
        }
        self.drain(world)?;
        // Nothing is left up to the horizon: says so, and sets the time.
        Ok(world.run(horizon))
    }

    /// Writes what was captured since the last call.
    ///
    /// # Errors
    /// Those of the file.
    pub fn drain(&mut self, world: &mut World) -> io::Result<()> {
        let captured = world.take_captured();
        self.write(world, &captured)
    }

    /// Writes these packets, whose times follow those of all before. The secrets among them are written
    /// first: readers decipher as they read, and what comes of one event may hold a packet before the
    /// secret that opens it. So an event is not to be split over two calls.
    ///
    /// # Errors
    /// Those of the file.
    pub fn write(&mut self, world: &World, captured: &[Captured]) -> io::Result<()> {
        let mut key_log = String::new();
        for item in captured {
            if let Captured::Secret(secret) = item {
                writeln!(key_log, "{secret}").expect("a string takes all");
            }
        }
        if !key_log.is_empty() {
            self.file.secrets(&key_log)?;
        }
        for item in captured {
            if let Captured::Packet(packet) = item {
                self.packet(world, packet)?;
            }
        }
        Ok(())
    }

    /// Writes out what is buffered: the file is complete up to here.
    ///
    /// # Errors
    /// Those of the file.
    pub fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    fn packet(&mut self, world: &World, captured: &CapturedPacket) -> io::Result<()> {
        let CapturedPacket { time, host, passage, hops, packet } = captured;
        if frame::write(packet, *hops, &mut self.frame).is_err() {
            // Larger than IP can carry: the host's own stack refused it.
            return Ok(());
        }
        let interface = match self.interfaces.get(host) {
            Some(interface) => *interface,
            None => {
                let interface = self.file.interface(world.name(*host))?;
                self.interfaces.insert(*host, interface);
                interface
            }
        };
        let nanos = self.epoch + i128::from(time.as_nanos());
        let nanos = u64::try_from(nanos.max(0)).unwrap_or(u64::MAX);
        self.file.packet(interface, nanos, *passage, &self.frame)
    }
}

/// So many packets are kept before they are written.
const CHUNK: usize = 4_096;
