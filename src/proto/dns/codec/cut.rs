//! What is left out of a message that is too long.

use super::super::message::{Edns, Message};
use super::super::record::{Record, RecordData};

/// The index at which the RRset of record `index` starts, if its records stand together.
pub(super) fn rrset_start(records: &[Record], index: usize) -> usize {
    let set = |record: &Record| (record.rtype(), record.class);
    let last = &records[index];
    let together = records[..index]
        .iter()
        .rev()
        .take_while(|record| set(record) == set(last) && record.name == last.name);
    index - together.count()
}

/// Whether the additional records from `kept` on hold glue without which a referral is of no use:
/// addresses of name servers below the cut (RFC 9471 §3.1).
pub(super) fn misses_needed_glue(message: &Message, kept: usize) -> bool {
    let is_referral = message.answers.is_empty() && !message.flags.aa;
    is_referral
        && message.additionals[kept..].iter().any(|glue| {
            message.authorities.iter().any(|ns| match &ns.data {
                RecordData::Ns(host) => *host == glue.name && host.is_subdomain_of(&ns.name),
                _ => false,
            })
        })
}

/// The octets of the OPT record of `edns`.
pub(super) fn opt_octets(edns: &Edns) -> usize {
    11 + edns.options.iter().map(|option| 4 + option.data.len()).sum::<usize>()
}

/// Data that no record can hold is cut; it never fits into a message anyway.
pub(super) fn bounded(octets: &[u8]) -> &[u8] {
    &octets[..octets.len().min(usize::from(u16::MAX))]
}
