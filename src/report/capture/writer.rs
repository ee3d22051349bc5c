//! A run and its capture.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use crate::engine::SimTime;
use crate::net::NodeId;
use crate::world::{Captured, CapturedPacket, CapturedSecret, Ended, World};

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
        // In slices in which about a chunk is captured.
        let mut slice = Duration::from_millis(1);
        while let Some(next) = world.next_event().filter(|next| *next <= horizon) {
            world.run((next + slice).min(horizon));
            match world.captured().len() {
                few if few < CHUNK / 4 => slice = slice.saturating_mul(2),
                many if many > CHUNK => slice = (slice / 2).max(Duration::from_nanos(1)),
                _ => {}
            }
            self.drain(world)?;
        }
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

    /// Writes these packets, whose times follow those of all before. Of each moment the secrets are
    /// written first: readers decipher as they read, and what comes of one event may hold a packet before
    /// the secret that opens it. So a moment is not to be split over two calls.
    ///
    /// # Errors
    /// Those of the file.
    pub fn write(&mut self, world: &World, captured: &[Captured]) -> io::Result<()> {
        let mut key_log = String::new();
        for moment in captured.chunk_by(|one, next| one.time() == next.time()) {
            for item in moment {
                if let Captured::Secret(CapturedSecret { secret, .. }) = item {
                    writeln!(key_log, "{secret}").expect("a string takes all");
                }
            }
            if !key_log.is_empty() {
                self.file.secrets(&key_log)?;
                key_log.clear();
            }
            for item in moment {
                if let Captured::Packet(packet) = item {
                    self.packet(world, packet)?;
                }
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

/// About so many packets are kept before they are written.
const CHUNK: usize = 4_096;
