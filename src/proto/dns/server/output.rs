//! What a name server wants done, in order.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;

use super::super::exchange::{ExchangeId, Outgoing};
use super::super::name::Name;
use super::secondary::ZoneCopy;

/// One thing that a name server wants done.
#[derive(Debug)]
pub enum Output {
    /// A query of its own to another server: a refresh, a transfer, a NOTIFY.
    Exchange(Outgoing),
    /// Put the copy of a zone on disk, in place of the one before.
    Keep {
        /// The zone's name.
        origin: Name,
        /// What is to survive a restart.
        copy: ZoneCopy,
    },
    /// Tell those who watch.
    News(News),
}

/// What no message shows by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A secondary has a new version of a zone.
    Transferred {
        /// The zone.
        origin: Name,
        /// Its serial.
        serial: u32,
        /// From where.
        from: SocketAddr,
        /// How many records it has.
        records: usize,
    },
    /// A secondary could not find out whether its zone is current, or not fetch it.
    Failed {
        /// The zone.
        origin: Name,
        /// Who was asked.
        from: SocketAddr,
        /// Why.
        why: String,
    },
    /// A secondary has not reached a primary for the time of EXPIRE.
    Expired {
        /// The zone.
        origin: Name,
    },
    /// The zone of a primary was changed.
    Changed {
        /// The zone.
        origin: Name,
        /// Its serial.
        serial: u32,
    },
    /// A secondary did not acknowledge any NOTIFY.
    Unacknowledged {
        /// The zone.
        origin: Name,
        /// The secondary.
        to: SocketAddr,
        /// How often it was told.
        tries: u32,
    },
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            News::Transferred { origin, serial, from, records } => {
                let from = from.ip();
                write!(f, "zone {origin} has serial {serial} from {from}, {records} records")
            }
            News::Failed { origin, from, why } => {
                write!(f, "zone {origin} not refreshed from {}: {why}", from.ip())
            }
            News::Expired { origin } => {
                write!(f, "zone {origin} has expired: no primary answered for too long")
            }
            News::Changed { origin, serial } => write!(f, "zone {origin} changed: serial {serial}"),
            News::Unacknowledged { origin, to, tries } => {
                write!(f, "zone {origin}: {} acknowledged none of {tries} NOTIFYs", to.ip())
            }
        }
    }
}

/// Outputs that wait to be carried out, and the numbers of the exchanges in them.
#[derive(Debug, Default)]
pub struct Outputs {
    last: u64,
    waiting: VecDeque<Output>,
}

impl Outputs {
    /// The next one to carry out, the oldest first.
    pub fn take(&mut self) -> Option<Output> {
        self.waiting.pop_front()
    }

    /// Begins an exchange by UDP.
    pub(super) fn udp(&mut self, to: SocketAddr, octets: Bytes) -> ExchangeId {
        self.last += 1;
        let exchange = ExchangeId(self.last);
        self.waiting.push_back(Output::Exchange(Outgoing::Udp { exchange, to, octets }));
        exchange
    }

    /// Sends a further datagram of an exchange.
    pub(super) fn again(&mut self, exchange: ExchangeId, to: SocketAddr, octets: Bytes) {
        self.waiting.push_back(Output::Exchange(Outgoing::Udp { exchange, to, octets }));
    }

    /// Begins an exchange by TCP.
    pub(super) fn tcp(&mut self, to: SocketAddr, octets: Bytes) -> ExchangeId {
        self.last += 1;
        let exchange = ExchangeId(self.last);
        self.waiting.push_back(Output::Exchange(Outgoing::Tcp { exchange, to, octets }));
        exchange
    }

    /// Ends an exchange.
    pub(super) fn release(&mut self, exchange: ExchangeId) {
        self.waiting.push_back(Output::Exchange(Outgoing::Release { exchange }));
    }

    /// Puts a copy on disk.
    pub(super) fn keep(&mut self, origin: Name, copy: ZoneCopy) {
        self.waiting.push_back(Output::Keep { origin, copy });
    }

    /// Tells those who watch.
    pub(super) fn news(&mut self, news: News) {
        self.waiting.push_back(Output::News(news));
    }
}
