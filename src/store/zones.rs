//! The zones that a secondary has fetched, with the times at which they were last confirmed.
//!
//! Plain data, on disk as NSD's and Knot's are: a secondary that comes up again answers at once from
//! what it had, unless that has expired meanwhile.

use std::collections::BTreeMap;

use crate::proto::dns::Name;
use crate::proto::dns::server::ZoneCopy;

/// The copies of zones on one host, by origin.
#[derive(Debug, Clone, Default)]
pub struct ZoneCopies {
    copies: BTreeMap<Name, ZoneCopy>,
}

impl ZoneCopies {
    /// Puts a copy in place of the one before. On disk when this returns.
    pub fn insert(&mut self, origin: Name, copy: ZoneCopy) {
        self.copies.insert(origin, copy);
    }

    /// The copy of a zone, if there is one.
    pub fn get(&self, origin: &Name) -> Option<&ZoneCopy> {
        self.copies.get(origin)
    }
}
