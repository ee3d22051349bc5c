//! All zones that one server holds.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::HashState;

use super::super::name::{Folded, Name};
use super::{Zone, parent};

/// Zones, found by the names in them.
#[derive(Debug, Default, Clone)]
pub struct Catalog {
    /// In canonical order of their origins.
    zones: Vec<Arc<Zone>>,
    /// The place of each zone, by its folded origin. Never walked.
    index: HashMap<Box<[u8]>, usize, HashState>,
    /// The most labels an origin has: longer suffixes need no look-up.
    deepest: usize,
}

impl Catalog {
    /// A catalog of `zones`; of two with one origin the later one counts.
    pub fn new(zones: impl IntoIterator<Item = Arc<Zone>>) -> Self {
        let mut catalog = Catalog { zones: zones.into_iter().collect(), ..Self::default() };
        catalog.reindex();
        catalog
    }

    /// Puts in a zone, and takes out the one of the same origin that was there, if any.
    pub fn insert(&mut self, zone: Arc<Zone>) {
        self.zones.push(zone);
        self.reindex();
    }

    /// Takes out the zone of `origin`; whether there was one.
    pub fn remove(&mut self, origin: &Name) -> bool {
        let before = self.zones.len();
        self.zones.retain(|zone| zone.origin() != origin);
        self.reindex();
        self.zones.len() < before
    }

    fn reindex(&mut self) {
        // The sort is stable: of two zones with one origin the later one stays.
        self.zones.sort_by(|a, b| a.origin().cmp(b.origin()));
        self.zones.reverse();
        let mut latest: Vec<Arc<Zone>> = Vec::with_capacity(self.zones.len());
        for zone in self.zones.drain(..) {
            if latest.last().is_none_or(|last| last.origin() != zone.origin()) {
                latest.push(zone);
            }
        }
        latest.reverse();
        self.zones = latest;
        let key = |zone: &Arc<Zone>| Box::from(Folded::new(zone.origin()).as_slice());
        self.index =
            self.zones.iter().enumerate().map(|(index, zone)| (key(zone), index)).collect();
        self.deepest =
            self.zones.iter().map(|zone| zone.origin().label_count()).max().unwrap_or_default();
    }

    /// All zones, in canonical order of their origins.
    pub fn zones(&self) -> &[Arc<Zone>] {
        &self.zones
    }

    /// The zone of exactly this origin.
    pub fn zone(&self, origin: &Name) -> Option<&Arc<Zone>> {
        self.index.get(Folded::new(origin).as_slice()).map(|&index| &self.zones[index])
    }

    /// The zone that `name` is in; of several the one that starts lowest.
    pub fn find(&self, name: &Name) -> Option<&Zone> {
        self.find_folded(Folded::new(name).as_slice())
    }

    /// As [`Catalog::find`], by the folded wire form.
    pub(in super::super) fn find_folded(&self, name: &[u8]) -> Option<&Zone> {
        let mut labels = 0;
        let mut at = 0;
        while name[at] != 0 {
            labels += 1;
            at += 1 + usize::from(name[at]);
        }
        let mut suffix = name;
        loop {
            if labels <= self.deepest
                && let Some(&index) = self.index.get(suffix)
            {
                return Some(&self.zones[index]);
            }
            suffix = parent(suffix)?;
            labels -= 1;
        }
    }

    /// The zone above the cut at `name`: where DS of `name` is (RFC 4035 §3.1.4.1).
    pub(in super::super) fn find_above(&self, name: &[u8]) -> Option<&Zone> {
        self.find_folded(parent(name)?)
    }
}
