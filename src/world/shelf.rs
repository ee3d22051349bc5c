//! Where the payloads of records stand, side by side.
//!
//! They are copied there, and not held where they arrived: a session writes what it sends into small
//! blocks of memory, which are used again at once where nobody holds them. To take new memory for each
//! costs far more than the copy, and makes a world that is watched slow in all that it does (bench
//! `deliveries -- transcript`).

use bytes::{Bytes, BytesMut};

use super::record::Record;

/// Room for payloads. It is given back when all that stand in a block are dropped.
#[derive(Debug)]
pub(super) struct Shelf {
    room: BytesMut,
    block_octets: usize,
}

impl Shelf {
    /// One that makes room for so many octets at a time. What is longer than a sixteenth of it stays where
    /// it is.
    pub(super) fn new(block_octets: usize) -> Self {
        Shelf { room: BytesMut::new(), block_octets }
    }

    /// Takes the payload of a record, if it has one.
    pub(super) fn keep(&mut self, record: &mut Record) {
        let Some(payload) = record.payload_mut() else { return };
        if payload.len() > self.block_octets / 16 {
            return;
        }
        if self.room.capacity() < payload.len() {
            self.room = BytesMut::with_capacity(self.block_octets);
        }
        self.room.extend_from_slice(payload);
        *payload = self.room.split().freeze();
    }
}

/// Gives a record's payload memory of its own, so that it holds nothing of a shelf.
pub(super) fn take_down(record: &mut Record) {
    if let Some(payload) = record.payload_mut() {
        *payload = Bytes::copy_from_slice(payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SimTime;
    use crate::net::NodeId;
    use crate::world::{Fact, RecordId};

    #[test]
    fn what_is_on_a_shelf_stays_as_it_is() {
        let mut shelf = Shelf::new(1_000);
        let payload = |count: u32| Bytes::from(vec![count as u8; count as usize % 100]);
        let mut records: Vec<Record> = (0..1_000)
            .map(|count| {
                let ends = "192.0.2.1:7".parse().unwrap();
                let fact = Fact::Datagram { from: ends, to: ends, payload: payload(count) };
                let id = RecordId { node: NodeId(0), count };
                Record { id, cause: None, time: SimTime::ZERO, fact }
            })
            .collect();
        records.iter_mut().for_each(|record| shelf.keep(record));
        records.iter_mut().step_by(2).for_each(take_down);
        for record in &records {
            assert_eq!(record.payload(), Some(&payload(record.id.count)));
        }
    }
}
