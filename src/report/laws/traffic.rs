//! Packets come from somewhere and go somewhere: at each moment, what hosts sent and what faults
//! doubled is what was delivered, what was lost for a named cause, and what is in flight, in packets
//! and in octets.

use crate::net::NodeId;

use super::case::Case;
use super::{Broken, Law};

pub(super) fn judge(case: &Case<'_>) -> Vec<Broken> {
    let traffic = case.world.traffic();
    let (came, went) = traffic.balance();
    if came == went {
        return Vec::new();
    }
    let what = format!(
        "{} packets of {} octets were sent or doubled, and {} of {} were delivered, lost or are in \
         flight",
        came.packets, came.octets, went.packets, went.octets
    );
    let mut broken = case.broken(Law::Traffic, case.world.now(), NodeId(0), what, &[]);
    broken.host = "the network".to_owned();
    vec![broken]
}
