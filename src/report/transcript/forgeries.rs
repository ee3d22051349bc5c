//! Datagrams with foreign source addresses, and which of them came to something.

use std::collections::HashSet;

use crate::engine::HashState;
use crate::world::{Fact, Record, RecordId};

/// What was forged among some records.
#[derive(Debug, Default)]
pub(in crate::report) struct Forgeries {
    /// Those that left. Never walked.
    forged: HashSet<RecordId, HashState>,
    /// Arrivals of them that caused anything. Never walked.
    believed: HashSet<RecordId, HashState>,
}

impl Forgeries {
    /// All of them.
    pub(in crate::report) fn among(records: &[Record]) -> Self {
        let is_forged = |record: &&Record| matches!(record.fact, Fact::Forged { .. });
        let forged: HashSet<RecordId, HashState> =
            records.iter().filter(is_forged).map(|record| record.id).collect();
        if forged.is_empty() {
            return Forgeries::default();
        }
        let is_arrival = |record: &&Record| {
            matches!(record.fact, Fact::Datagram { .. })
                && record.cause.is_some_and(|cause| forged.contains(&cause))
        };
        let arrived: HashSet<RecordId, HashState> =
            records.iter().filter(is_arrival).map(|record| record.id).collect();
        let causes = records.iter().filter_map(|record| record.cause);
        let believed = causes.filter(|cause| arrived.contains(cause)).collect();
        Forgeries { forged, believed }
    }

    /// Whether the datagram that the record tells of has a foreign source address.
    pub(in crate::report) fn is_forged(&self, record: &Record) -> bool {
        record.cause.is_some_and(|cause| self.forged.contains(&cause))
    }

    /// Whether the arrival of a forged one came to something.
    pub(in crate::report) fn is_believed(&self, record: &Record) -> bool {
        self.believed.contains(&record.id)
    }
}
