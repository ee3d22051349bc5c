//! What ails a host that is not down: it stands still, its clock is wrong, its disk is full or slow, its
//! descriptors are used up.

use std::fmt;

use crate::engine::Skew;
use crate::net::Latency;

/// What is wrong with a host for as long as a fault lasts. Several add up: clocks and slow disks by their
/// sums, the rest by what leaves least.
#[derive(Debug, Clone, PartialEq)]
pub enum Ailment {
    /// The programs are stopped (`SIGSTOP`), and the kernel goes on: it acknowledges what comes until
    /// its buffers are full, and completes handshakes until the backlog is. When the programs go on,
    /// they see all of it, and the timers that were due meanwhile, in order.
    Paused,
    /// The whole host stands still, as a virtual machine that is suspended: nothing is answered. Its
    /// interface keeps the first [`RING_PACKETS`] packets, and loses the others. When the host goes on,
    /// everything that it missed happens at once, in order.
    Frozen,
    /// The calendar clock is off. Timers are not: they run by a clock that is never set.
    Clock {
        /// By how much it is ahead when the fault begins.
        ahead: Skew,
        /// How many millionths it runs too fast from then on.
        drift_ppm: i32,
    },
    /// Something else has filled the disk: so many octets are left when the fault begins. What the
    /// programs remove gives them room again.
    FullDisk {
        /// What is left.
        free_octets: u64,
    },
    /// Each write that has to be on disk takes so long, one after the other.
    SlowDisk {
        /// How long one takes.
        write: Latency,
    },
    /// The programs can have so many sockets open together, those that they listen at not counted.
    Descriptors {
        /// How many.
        most: u32,
        /// What becomes of clients for whom there is none.
        then: Excess,
    },
}

/// What becomes of clients for whom there is no descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// The kernel completes the handshake, and the program cannot accept: the client waits for a word
    /// until a descriptor is free. Beyond the backlog, SYNs are lost.
    Wait,
    /// The connection is refused with RST.
    Refuse,
}

/// How many packets the interface of a frozen host keeps, as a virtual network card does.
pub const RING_PACKETS: usize = 256;

/// How many octets of datagrams wait at one port of a program that is stopped (`rmem_default` of
/// Linux).
pub const DATAGRAM_BUFFER_OCTETS: usize = 212_992;

/// How the condition of a host changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionChange {
    /// The programs were paused, or go on.
    Paused(bool),
    /// The host was frozen, or goes on.
    Frozen(bool),
    /// The clock was set.
    Clock {
        /// How far it went.
        step: Skew,
        /// How wrong it is now.
        skew: Skew,
        /// How many millionths it runs too fast.
        drift_ppm: i32,
    },
    /// So many octets are left on the disk; `u64::MAX`: any number.
    Disk {
        /// How many.
        free_octets: u64,
        /// Whether a fault says so.
        is_full: bool,
    },
    /// The disk has become slow, or is not any more.
    SlowDisk(bool),
    /// So many descriptors there are; `None`: enough.
    Descriptors(Option<u32>),
    /// This program was started again.
    Restarted(&'static str),
}

impl ConditionChange {
    /// The kind in one word.
    pub fn kind(&self) -> &'static str {
        match self {
            ConditionChange::Paused(true) => "paused",
            ConditionChange::Paused(false) => "resumed",
            ConditionChange::Frozen(true) => "frozen",
            ConditionChange::Frozen(false) => "thawed",
            ConditionChange::Clock { .. } => "clock",
            ConditionChange::Disk { is_full: true, .. } => "disk_full",
            ConditionChange::Disk { is_full: false, .. } => "disk_free",
            ConditionChange::SlowDisk(true) => "disk_slow",
            ConditionChange::SlowDisk(false) => "disk_fast",
            ConditionChange::Descriptors(_) => "descriptors",
            ConditionChange::Restarted(_) => "service_restarted",
        }
    }
}

impl fmt::Display for ConditionChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConditionChange::Paused(true) => f.write_str("programs paused"),
            ConditionChange::Paused(false) => f.write_str("programs resumed"),
            ConditionChange::Frozen(true) => f.write_str("host frozen"),
            ConditionChange::Frozen(false) => f.write_str("host thawed"),
            ConditionChange::Clock { step, skew, drift_ppm } => {
                write!(f, "clock stepped by {step} s")?;
                match *skew {
                    Skew::ZERO => f.write_str(": it is right")?,
                    skew => write!(f, ": it is off by {skew} s")?,
                }
                match drift_ppm {
                    0 => Ok(()),
                    ppm => write!(f, " and gains {ppm} ppm"),
                }
            }
            ConditionChange::Disk { free_octets: u64::MAX, .. } => {
                f.write_str("disk has room again")
            }
            ConditionChange::Disk { free_octets, is_full: true } => {
                write!(f, "disk full: {free_octets} octets left")
            }
            ConditionChange::Disk { free_octets, is_full: false } => {
                write!(f, "disk has room again: {free_octets} octets")
            }
            ConditionChange::SlowDisk(true) => f.write_str("disk slow"),
            ConditionChange::SlowDisk(false) => f.write_str("disk fast again"),
            ConditionChange::Descriptors(Some(0)) => f.write_str("no descriptors"),
            ConditionChange::Descriptors(Some(1)) => f.write_str("no more than 1 descriptor"),
            ConditionChange::Descriptors(Some(most)) => {
                write!(f, "no more than {most} descriptors")
            }
            ConditionChange::Restarted(program) => write!(f, "{program} restarted"),
            ConditionChange::Descriptors(None) => f.write_str("descriptors enough again"),
        }
    }
}
