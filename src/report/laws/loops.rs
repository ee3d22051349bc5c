//! Loops end (RFC 5321 §6.3): no server takes a message that has passed as many as its hop limit, and
//! no message is longer on its way than that, however it was made anew.

use super::case::Case;
use super::mail::Origin;
use super::{Broken, Law};

pub(super) fn judge(case: &Case<'_>) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mails = case.mails();
    for (index, mail) in mails.all.iter().enumerate() {
        let Some(mta) = case.mta(mail.node) else { continue };
        let limit = mta.limits.hops;
        // With the field that this host adds.
        let hops = match mail.origin {
            Origin::Transfer(transfer) => case.transfers()[transfer].fields("Received").count() + 1,
            _ => 0,
        };
        let way = mails.way(case, index);
        if hops >= limit || way.len() > limit {
            let what = format!(
                "{} was taken after {} hosts, with {hops} Received fields; the limit is {limit}",
                mail.told(),
                way.len()
            );
            let records: Vec<_> = way.iter().rev().map(|index| mails.all[*index].record).collect();
            broken.push(case.broken(Law::Loops, mail.at, mail.node, what, &records));
        }
    }
    broken
}
