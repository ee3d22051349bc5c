//! The real end of a connection that crosses the border.
//!
//! Both directions are bounded: what the real program sends is read while the simulated connection has
//! room for it, and what is for it is held in [`Pipe::unsent`], which the gateway stops to fill when it
//! is not taken.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use mio::net::TcpStream;
use socket2::SockRef;

use crate::net::NodeId;
use crate::world::{ConnId, Door};

/// A door with a real socket behind it.
#[derive(Debug)]
pub(super) struct Pipe {
    /// The host that has the simulated end, and its name where it is not the gateway.
    pub(super) node: NodeId,
    pub(super) host: Option<String>,
    pub(super) door: Door,
    pub(super) stream: TcpStream,
    /// The simulated connection, once it stands.
    pub(super) connection: Option<ConnId>,
    /// Octets that went in and are not with the simulated connection yet.
    pub(super) under_way: usize,
    unsent: VecDeque<Bytes>,
    /// Octets that were taken, and of which the gateway was not told.
    pub(super) untold: u64,
    pub(super) readable: bool,
    writable: bool,
    /// A real server that is not reached yet.
    connecting: bool,
    /// The real program has sent everything.
    pub(super) has_ended: bool,
    /// The simulated one has; what is left is sent first.
    pub(super) is_ending: bool,
    /// The simulated connection is gone.
    pub(super) is_over: bool,
    /// A last while to read what still comes, so that what was sent is not lost to a reset.
    pub(super) lingers_until: Option<Instant>,
    shut: bool,
}

/// What came of a read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Got {
    Octets(Bytes),
    Eof,
    /// Nothing for now.
    Nothing,
    /// The connection is gone.
    Gone,
}

/// How long what still comes is read after everything was sent.
pub(super) const LINGER: Duration = Duration::from_secs(2);

impl Pipe {
    pub(super) fn new(
        node: NodeId,
        host: Option<String>,
        door: Door,
        stream: TcpStream,
        connecting: bool,
    ) -> Self {
        // Small replies are not to wait for one another.
        let _ = stream.set_nodelay(true);
        Pipe {
            node,
            host,
            door,
            stream,
            connection: None,
            under_way: 0,
            unsent: VecDeque::new(),
            untold: 0,
            readable: !connecting,
            writable: !connecting,
            connecting,
            has_ended: false,
            is_ending: false,
            is_over: false,
            lingers_until: None,
            shut: false,
        }
    }

    /// The poll says so. False when a real server could not be reached.
    pub(super) fn ready(&mut self, readable: bool, writable: bool) -> bool {
        self.readable |= readable;
        self.writable |= writable;
        if self.connecting && (readable || writable) {
            if let Ok(Some(_)) | Err(_) = self.stream.take_error() {
                return false;
            }
            match self.stream.peer_addr() {
                Ok(_) => self.connecting = false,
                Err(error) if error.kind() == io::ErrorKind::NotConnected => {}
                Err(_) => return false,
            }
        }
        true
    }

    /// Reads once.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Got {
        if self.connecting {
            return Got::Nothing;
        }
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Got::Eof,
                Ok(count) => return Got::Octets(Bytes::copy_from_slice(&buffer[..count])),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.readable = false;
                    return Got::Nothing;
                }
                Err(_) => return Got::Gone,
            }
        }
    }

    /// Holds octets for the real program.
    pub(super) fn push(&mut self, octets: Bytes) {
        if !octets.is_empty() && !self.shut {
            self.unsent.push_back(octets);
        }
    }

    /// Writes what can be written; false when the connection is gone.
    pub(super) fn flush(&mut self) -> bool {
        while self.writable && !self.connecting && !self.unsent.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut count = 0;
            for (slice, octets) in slices.iter_mut().zip(&self.unsent) {
                *slice = IoSlice::new(octets);
                count += 1;
            }
            match self.stream.write_vectored(&slices[..count]) {
                Ok(written) => self.written(written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable = false,
                Err(_) => return false,
            }
        }
        if self.unsent.is_empty() && self.is_ending && !self.shut && !self.connecting {
            self.shut = true;
            // It may be gone already, which shows elsewhere.
            let _ = self.stream.shutdown(Shutdown::Write);
        }
        true
    }

    fn written(&mut self, mut count: usize) {
        self.untold += count as u64;
        while let Some(front) = self.unsent.front_mut() {
            if front.len() > count {
                front.advance(count);
                return;
            }
            count -= front.len();
            self.unsent.pop_front();
        }
    }

    /// Whether everything for the real program was sent.
    pub(super) fn is_flushed(&self) -> bool {
        self.unsent.is_empty()
    }

    /// Makes the real program see a reset when the stream is dropped.
    pub(super) fn reset(&self) {
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }
}

/// How many pieces are written at once.
const SLICES: usize = 32;
