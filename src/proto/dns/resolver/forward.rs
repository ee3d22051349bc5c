//! Zones whose servers the configuration names: forwarders, stub zones, and the root of the hints.
//!
//! As Unbound has them: the closest of the configured zones that a name is in counts. For a
//! forwarded zone nobody else is asked, whatever delegations are known below; with `first` the
//! walk from the root follows where the forwarders fail. A stub zone is a place to start from, as
//! the hints are for the root, and delegations below it are followed.

use crate::proto::dns::Name;

use super::Resolver;
use super::cut::{Cut, Source};
use super::resolution::Resolution;

impl Resolver {
    /// The resolvers that a question about `name` goes to, if it is in a forwarded zone.
    pub(super) fn forwarders(&self, resolution: &Resolution, name: &Name) -> Option<Cut> {
        if resolution.unconfigured {
            return None;
        }
        let zones =
            self.config.forward_zones.iter().filter(|zone| name.is_subdomain_of(&zone.zone));
        let closest = zones.max_by_key(|zone| zone.zone.label_count())?;
        let is_closer = |stub: &Name| {
            name.is_subdomain_of(stub) && stub.label_count() > closest.zone.label_count()
        };
        if self.config.stub_zones.iter().any(|stub| is_closer(&stub.zone)) {
            return None;
        }
        let mut cut = Cut::new(closest.zone.clone(), Source::Forward { first: closest.first });
        closest.addresses.iter().for_each(|address| cut.add_target(*address, usize::MAX));
        Some(cut)
    }

    /// The servers that the configuration gives for exactly this zone.
    pub(super) fn stub(&self, resolution: &Resolution, zone: &Name) -> Option<Cut> {
        if resolution.unconfigured {
            return None;
        }
        let mut stubs = self.config.stub_zones.iter().filter(|stub| stub.zone == *zone).peekable();
        let first = stubs.peek()?.first;
        let mut cut = Cut::new(zone.clone(), Source::Stub { first });
        for address in stubs.flat_map(|stub| &stub.addresses) {
            cut.add_target(*address, usize::MAX);
        }
        Some(cut)
    }

    /// The servers of the root, as the hints have them.
    pub(super) fn hinted_root(&self) -> Cut {
        let mut cut = Cut::new(Name::root(), Source::Hints);
        for address in self.config.hints.iter().flat_map(|hint| &hint.addresses) {
            cut.add_target(*address, usize::MAX);
        }
        cut
    }
}
