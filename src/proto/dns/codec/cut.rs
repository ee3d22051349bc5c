//! What is left out of a message that is too long.

use std::borrow::Borrow;

use super::super::draft::Draft;
use super::super::message::Edns;
use super::super::record::{Record, RecordData};

/// The index at which the RRset of record `index` starts, if its records stand together.
pub(super) fn rrset_start<R: Borrow<Record>>(records: &[R], index: usize) -> usize {
    let set = |record: &Record| (record.rtype(), record.class);
    let last = records[index].borrow();
    let together = records[..index]
        .iter()
        .rev()
        .map(Borrow::borrow)
        .take_while(|record| set(record) == set(last) && record.name == last.name);
    index - together.count()
}

/// Whether the additional records from `kept` on hold glue without which a referral is of no use:
/// addresses of name servers below the cut (RFC 9471 §3.1).
pub(super) fn misses_needed_glue<R: Borrow<Record>>(draft: &Draft<'_, R>, kept: usize) -> bool {
    let is_referral = draft.answers.is_empty() && !draft.flags.aa;
    is_referral
        && draft.additionals[kept..].iter().map(Borrow::borrow).any(|glue| {
            draft.authorities.iter().map(Borrow::borrow).any(|ns| match &ns.data {
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
