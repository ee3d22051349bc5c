//! The records of a run: all of them, the latest, or a sample.

use bytes::Bytes;

use super::record::Record;
use super::sample::Sample;
use super::shelf::Shelf;
use super::watch::Watch;

/// What is kept of what happened.
#[derive(Debug)]
pub(crate) struct Records {
    kept: Vec<Record>,
    /// Octets of payload in those that are kept.
    octets: usize,
    shelf: Shelf,
    limit: usize,
    /// `None`: they are not chosen.
    sample: Option<Box<Sample>>,
}

/// So many octets of payload are kept for each record that may be kept.
const OCTETS_EACH: usize = 256;

/// Room for the payloads of some dozen messages.
const SHELF_OCTETS: usize = 64 * 1024;

impl Records {
    /// Keeps `limit` records at the most.
    pub(crate) fn new(limit: usize) -> Self {
        let (kept, shelf) = (Vec::new(), Shelf::new(SHELF_OCTETS));
        Records { kept, octets: 0, shelf, limit: limit.max(2), sample: None }
    }

    /// Keeps those that belong to a sample.
    pub(crate) fn sampled(sample: Sample) -> Self {
        Records { sample: Some(Box::new(sample)), ..Records::new(usize::MAX) }
    }

    /// What is kept.
    pub(crate) fn watch(&self) -> Watch {
        match &self.sample {
            Some(sample) => Watch::Sample { one_in: sample.one_in() },
            None => Watch::Everything,
        }
    }

    /// Adds a record. At the limit the older half is forgotten, so that each is moved once or twice.
    pub(crate) fn push(&mut self, mut record: Record) {
        if let Some(sample) = &mut self.sample {
            return sample.read(record, &mut self.kept);
        }
        self.octets += payload_octets(&record);
        self.shelf.keep(&mut record);
        self.kept.push(record);
        while self.kept.len() > self.limit
            || (self.octets > self.limit.saturating_mul(OCTETS_EACH) && self.kept.len() > 1)
        {
            let half = self.kept.len() / 2;
            self.octets -=
                self.kept.drain(..half).map(|record| payload_octets(&record)).sum::<usize>();
        }
    }

    /// Takes them out.
    pub(crate) fn take(&mut self) -> Vec<Record> {
        self.octets = 0;
        std::mem::take(&mut self.kept)
    }

    pub(crate) fn as_slice(&self) -> &[Record] {
        &self.kept
    }

    #[cfg(test)]
    pub(crate) fn as_mut_slice(&mut self) -> &mut [Record] {
        &mut self.kept
    }
}

fn payload_octets(record: &Record) -> usize {
    record.payload().map_or(0, Bytes::len)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::engine::SimTime;
    use crate::net::NodeId;
    use crate::world::{Fact, RecordId};

    fn record(count: u32, octets: usize) -> Record {
        let ends: SocketAddr = "192.0.2.1:7".parse().unwrap();
        let payload = Bytes::from(vec![0; octets]);
        Record {
            id: RecordId { node: NodeId(0), count },
            cause: None,
            time: SimTime::ZERO,
            fact: Fact::Datagram { from: ends, to: ends, payload },
        }
    }

    #[test]
    fn the_older_half_is_forgotten_at_either_limit() {
        let mut records = Records::new(100);
        (0..1_000).for_each(|count| records.push(record(count, 10)));
        let kept: Vec<u32> = records.as_slice().iter().map(|record| record.id.count).collect();
        assert!((50..=100).contains(&kept.len()) && *kept.last().unwrap() == 999, "{kept:?}");
        assert!(kept.is_sorted());
        (0..1_000).for_each(|count| records.push(record(count, 10_000)));
        let octets: usize = records.as_slice().iter().map(payload_octets).sum();
        assert!(octets <= 100 * OCTETS_EACH && octets == records.octets);
        records.push(record(0, 1_000_000));
        assert_eq!(records.as_slice().len(), 1);
    }

    /// A watched world keeps some hundred of them for each message.
    #[test]
    fn a_record_takes_little_room() {
        assert!(size_of::<Record>() <= 136, "{}", size_of::<Record>());
    }
}
