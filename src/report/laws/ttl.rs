//! No record is served past its TTL (RFC 1035 §3.2.1, RFC 2181 §8): whatever TTL a client is told, the
//! time at which that ends is covered by a response that the resolver has had.
//!
//! What was fetched for the very question may be served with what TTL it had, however long the
//! rest of the answer took (RFC 1035 §3.2.1 on zero). Where a resolver serves stale (RFC 8767), what
//! ran out is served with the TTL, and as long, as it is set.

use std::time::Duration;

use crate::engine::SimTime;
use crate::proto::dns::resolver::CacheConfig;
use crate::proto::dns::{Record, RecordType};

use super::case::Case;
use super::dns::Receipt;
use super::{Broken, Law};

pub(super) fn judge(case: &Case<'_>) -> Vec<Broken> {
    case.served(Law::Ttl)
}

/// The receipt of what is served for longest, where that is not long enough for a record that was sent
/// at `sent`, to a question that was asked at `asked`.
pub(super) fn outlived<'r>(
    cache: &CacheConfig,
    served: &Record,
    receipts: &[&'r Receipt],
    sent: SimTime,
    asked: Option<SimTime>,
) -> Option<&'r Receipt> {
    let least = match served.rtype() {
        RecordType::Soa => cache.min_ttl_secs.max(cache.min_negative_ttl_secs),
        _ => cache.min_ttl_secs,
    };
    let ttl = |receipt: &Receipt| receipt.ttl_secs.max(least);
    let end = |receipt: &Receipt| receipt.at + Duration::from_secs(u64::from(ttl(receipt)));
    let last = *receipts.iter().max_by_key(|receipt| end(receipt))?;
    let told = sent + Duration::from_secs(u64::from(served.ttl_secs));
    let is_new = |receipt: &&&Receipt| asked.is_some_and(|asked| receipt.at >= asked);
    let is_in_time = told <= end(last) + ROUNDING
        || receipts.iter().filter(is_new).any(|receipt| served.ttl_secs <= ttl(receipt));
    let is_stale = cache.serve_stale.is_some_and(|stale| {
        served.ttl_secs <= stale.ttl_secs && sent <= end(last) + stale.max_stale + ROUNDING
    });
    (!is_in_time && !is_stale).then_some(last)
}

/// TTLs are whole seconds.
const ROUNDING: Duration = Duration::from_secs(1);
