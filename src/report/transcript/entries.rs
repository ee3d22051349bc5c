//! The entries of a transcript, one after the other.

use std::collections::VecDeque;

use crate::world::{Record, World};

use super::dissect::Unit;
use super::entry::{Entry, Protocol};
use super::reader::{Head, Reader, Teller};

/// The entries of a world's records. See [`super::Transcript::entries`].
pub struct Entries<'w> {
    records: std::slice::Iter<'w, Record>,
    reader: Reader<'w, Ready<'w>>,
}

/// What was read, until it is taken.
#[derive(Default)]
struct Ready<'w>(VecDeque<Entry<'w>>);

impl<'w> Entries<'w> {
    pub(super) fn new(world: &'w World) -> Self {
        let reader = Reader::new(world, Ready::default());
        Entries { records: world.records().iter(), reader }
    }

    /// What was said on connections of one protocol, and nothing else, to be judged: nothing of a sample.
    /// Causes are not told.
    pub(in crate::report) fn of_connections(world: &'w World, protocol: Protocol) -> Self {
        let reader = Reader::of_connections(world, protocol, Ready::default());
        Entries { records: world.history().iter(), reader }
    }
}

impl<'w> Iterator for Entries<'w> {
    type Item = Entry<'w>;

    fn next(&mut self) -> Option<Entry<'w>> {
        while self.reader.teller.0.is_empty() {
            self.reader.read(self.records.next()?);
        }
        self.reader.teller.0.pop_front()
    }
}

impl<'w> Teller<'w> for Ready<'w> {
    const TELLS_CAUSES: bool = true;

    fn said(&mut self, head: Head<'_, 'w>, unit: Unit<'_>) {
        let Head { record, cause, from, to, protocol, encrypted } = head;
        let (details, facts) = unit.rest.into_words();
        self.0.push_back(Entry {
            id: record.id,
            cause,
            time: record.time,
            from: from.clone(),
            to: Some(to.clone()),
            protocol,
            kind: unit.kind,
            text: unit.text.into_string(),
            encrypted,
            details,
            facts,
        });
    }

    fn tell(&mut self, entry: Entry<'w>) {
        self.0.push_back(entry);
    }
}
