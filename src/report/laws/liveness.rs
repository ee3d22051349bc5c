//! Mail comes to its end.
//!
//! A message is in a queue no longer than its lifetime, which begins with the end of the last fault if
//! that came later, and the time of one more attempt. When nothing else is left to do in a world, no
//! queue and no outbox of a host that is up holds anything.

use std::time::Duration;

use crate::engine::SimTime;
use crate::net::NodeId;
use crate::scenario::plan::FaultAction;
use crate::store::queue::{Backoff, Queue, QueuedMessage, RetrySchedule};

use super::case::Case;
use super::{Broken, Law};

pub(super) fn judge(case: &Case<'_>) -> Vec<Broken> {
    let world = case.world;
    let is_over = world.next_event().is_none();
    let ends = case.plan.faults.iter().map(|fault| fault.until.unwrap_or(fault.at));
    let last_fault = ends.max();
    let ails_for_good = |node: NodeId| {
        case.plan.faults.iter().any(|fault| {
            fault.until.is_none()
                && matches!(&fault.action, FaultAction::Ail { host, .. } if host == world.name(node))
        })
    };
    let mut broken = Vec::new();
    let up = world.hosts().filter(|node| world.is_up(*node) == Some(true));
    for node in up.filter(|node| !ails_for_good(*node)) {
        let Some(disk) = world.disk(node) else { continue };
        let schedule = case.mta(node).map(|mta| &mta.retry);
        let queued = disk.queue_if_any().into_iter().flat_map(Queue::iter);
        for message in queued {
            let since = last_fault.unwrap_or_default().max(message.arrived);
            let limit = schedule.map(|schedule| since + patience(schedule, message));
            let why = if limit.is_some_and(|limit| world.now() > limit) {
                "its lifetime is over, and so are all faults"
            } else if is_over {
                "nothing is left that could end this"
            } else {
                continue;
            };
            broken.push(told(case, node, message, why));
        }
        let kept = disk.outbox_if_any().map_or(0, |outbox| outbox.iter().count());
        if kept > 0 && is_over {
            let what = format!("{kept} in the outbox, and nothing is left that could end this");
            broken.push(case.broken(Law::Liveness, world.now(), node, what, &[]));
        }
    }
    broken
}

/// How long a message may be in the queue: its lifetime, the wait for the attempt that finds it over,
/// and that attempt, with every exchange silent.
fn patience(schedule: &RetrySchedule, message: &QueuedMessage) -> Duration {
    let lifetime = match message.from.is_null() {
        true => schedule.bounce_lifetime,
        false => schedule.lifetime,
    };
    let wait = match &schedule.backoff {
        Backoff::Postfix { most, .. } => *most,
        Backoff::Exim(_) => lifetime,
    };
    lifetime + wait + ATTEMPT
}

/// Several sessions of which each command may wait for minutes (RFC 5321 §4.5.3.2).
const ATTEMPT: Duration = Duration::from_secs(3 * 3_600);

fn told(case: &Case<'_>, node: NodeId, message: &QueuedMessage, why: &str) -> Broken {
    let now: SimTime = case.world.now();
    let left: Vec<_> =
        message.pending().map(|(_, recipient)| recipient.address.to_string()).collect();
    let what = format!(
        "message {} is in the queue since {} s, for {}; {why}",
        message.id,
        message.arrived,
        left.join(", ")
    );
    let record = case.mails().find(node, message.id.as_str());
    let records: Vec<_> = record.map(|index| case.mails().all[index].record).into_iter().collect();
    case.broken(Law::Liveness, now, node, what, &records)
}
