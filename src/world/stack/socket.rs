//! One connection of a host, with what its program and its host have to do with it.

use bytes::Bytes;

use crate::engine::SimTime;
use crate::net::tcp::{Actions, Connection, State};
use crate::net::{Ends, NodeId};

/// One connection.
#[derive(Debug)]
pub(crate) struct Socket {
    /// This end and the other.
    pub(crate) ends: Ends,
    /// The host that has the peer's address; `None`: none has.
    pub(crate) peer_host: Option<NodeId>,
    pub(crate) actor: u16,
    pub(crate) active: bool,
    pub(crate) tcp: Connection,
    /// The one entry in the event queue that looks after it.
    pub(crate) armed: Option<SimTime>,
    /// Why the program is given nothing, if it is: a bit for each [`Stop`].
    stops: u8,
    /// Whether a peer's SYN is answered, and the answer not acknowledged.
    pub(crate) is_half_open: bool,
    /// Whether it waits in the backlog: no program has it.
    pub(crate) is_unaccepted: bool,
    /// What waits for the disk before it is sent.
    pub(crate) held: Option<Box<Held>>,
}

/// Why a program is given nothing of what its peer sends. TCP takes it until the window is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It does not read.
    Program = 1,
    /// The peer has not taken what it wrote.
    Backlog = 2,
    /// It waits for the disk.
    Disk = 4,
    /// It has not accepted the connection.
    Unaccepted = 8,
    /// The programs of the host are paused.
    Paused = 16,
}

/// What a program that waits for the disk will do on a connection then.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) until: SimTime,
    pub(crate) octets: Vec<Bytes>,
    pub(crate) closes: bool,
}

impl Socket {
    pub(crate) fn new(
        ends: Ends,
        peer_host: Option<NodeId>,
        actor: u16,
        active: bool,
        tcp: Connection,
    ) -> Self {
        Socket {
            ends,
            peer_host,
            actor,
            active,
            tcp,
            armed: None,
            stops: 0,
            is_half_open: !active,
            is_unaccepted: false,
            held: None,
        }
    }

    /// Stops reading for a server whose client does not take what was written, and begins again when
    /// half of it is gone.
    pub(crate) fn keep_backlog(&mut self, limit: usize, now: SimTime, out: &mut Actions) {
        let waiting = self.tcp.unacknowledged();
        if !self.active && waiting > limit {
            self.stop(Stop::Backlog);
        } else if waiting <= limit / 2 {
            self.go(Stop::Backlog, now, out);
        }
    }

    /// Gives the program nothing more, for one reason more.
    pub(crate) fn stop(&mut self, why: Stop) {
        if self.stops == 0 {
            self.tcp.pause_reading();
        }
        self.stops |= why as u8;
    }

    /// A reason is gone; with the last one, the program gets what has come.
    pub(crate) fn go(&mut self, why: Stop, now: SimTime, out: &mut Actions) {
        let stopped = self.stops != 0;
        self.stops &= !(why as u8);
        if stopped && self.stops == 0 {
            self.tcp.resume_reading(now, out);
        }
    }

    /// Whether there may be something that the program has not read.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stops != 0
    }

    /// Whether a program has a descriptor for it. Of what is over on both sides none has.
    pub(super) fn has_descriptor(&self) -> bool {
        !self.is_unaccepted && !matches!(self.tcp.state(), State::TimeWait | State::Closed)
    }
}
