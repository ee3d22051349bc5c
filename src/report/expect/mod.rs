//! Expectations: whether what a scenario expects holds at the end of its run, and what was found.
//!
//! Mailboxes and queues are looked up on the disks of hosts; what crossed the network, in the
//! records. Where records are not kept, or of some messages only, less can be judged.

mod clients;
mod evidence;
mod load;
mod mail;
mod need;
mod network;
#[cfg(test)]
mod tests;
mod words;

use std::fmt;

use serde::Serialize;

use crate::scenario::Plan;
use crate::scenario::plan::{Expect, Expectation};
use crate::world::World;

use evidence::Evidence;
use need::Need;

/// An expectation, and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Where the expectation stands: `expect[2]`.
    pub path: String,
    /// Its line in the file, from 1.
    pub line: usize,
    /// The expectation in words.
    pub expectation: String,
    /// Whether it holds.
    pub holds: bool,
    /// What was found.
    pub why: String,
}

/// `ok    hello is delivered to bob@example.com: ...`
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verdict { path, line, expectation, holds, why } = self;
        if *holds {
            write!(f, "ok    {expectation}: {why}")
        } else {
            write!(f, "FAIL  {expectation}: {why} ({path}, line {line})")
        }
    }
}

/// An expectation of which nobody knows whether it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unjudged {
    /// Where it stands in the scenario.
    pub path: String,
    /// The line there, from 1.
    pub line: usize,
    /// What is expected, in words.
    pub expectation: String,
}

/// `----  at least 1 query ...: not judged, it takes records of all (expect[0], line 3)`
impl fmt::Display for Unjudged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unjudged { path, line, expectation } = self;
        write!(f, "----  {expectation}: not judged, it takes records of all ({path}, line {line})")
    }
}

/// Checks the expectations of a plan in the world that was built from it, in the plan's order: all of
/// them where everything is [watched](crate::world::WorldBuilder::watched), else those that can be judged
/// by what is kept.
pub fn check(plan: &Plan, world: &World) -> Vec<Verdict> {
    let evidence = Evidence::new(plan, world);
    let judged = plan.expect.iter().filter(|one| Need::of(&one.expect).is_met(world.watch()));
    judged.map(|expectation| judge(&evidence, expectation)).collect()
}

/// The expectations of a plan that cannot be judged in the world that was built from it, since it keeps
/// too little of what happened; in the plan's order.
pub fn unjudged(plan: &Plan, world: &World) -> Vec<Unjudged> {
    let unmet = plan.expect.iter().filter(|one| !Need::of(&one.expect).is_met(world.watch()));
    let told = |Expectation { path, line, expect, .. }: &Expectation| Unjudged {
        path: path.clone(),
        line: *line,
        expectation: words::of(expect),
    };
    unmet.map(told).collect()
}

/// What was found, and whether it is what was expected.
struct Finding {
    holds: bool,
    why: String,
}

impl Finding {
    fn new(holds: bool, why: impl Into<String>) -> Self {
        Finding { holds, why: why.into() }
    }

    /// One that holds if all do. What fails is told alone.
    fn all(findings: impl IntoIterator<Item = Finding>) -> Self {
        let (held, failed): (Vec<_>, Vec<_>) =
            findings.into_iter().partition(|finding| finding.holds);
        let told = if failed.is_empty() { &held } else { &failed };
        let why: Vec<_> = told.iter().map(|finding| finding.why.as_str()).collect();
        Finding { holds: failed.is_empty(), why: why.join("; ") }
    }
}

fn judge(evidence: &Evidence<'_>, expectation: &Expectation) -> Verdict {
    let Finding { holds, why } = match &expectation.expect {
        Expect::Delivered { mail, to, within, after, copies, octets_equal, header } => {
            let wanted = mail::WantedDelivery {
                within: *within,
                after: *after,
                copies: *copies,
                octets_equal: *octets_equal,
                header,
            };
            Finding::all(to.iter().map(|to| mail::delivered(evidence, mail, to, &wanted)))
        }
        Expect::NotDelivered { mail, to } => {
            Finding::all(to.iter().map(|to| mail::not_delivered(evidence, mail, to)))
        }
        Expect::Bounce { to, mail, recipient, action, status, by, contains, count } => {
            let wanted = mail::WantedBounce {
                mail: mail.as_deref(),
                recipient: recipient.as_deref(),
                action: *action,
                status: status.as_deref(),
                by: by.as_deref(),
                contains,
            };
            mail::bounces(evidence, to, &wanted, *count)
        }
        Expect::Queries { from, to, name, type_, after, before, count } => {
            let wanted = network::WantedQuery {
                from: from.as_deref(),
                to,
                name: name.as_deref(),
                type_: type_.as_deref(),
                times: *after..*before,
            };
            network::queries(evidence, &wanted, *count)
        }
        Expect::Resolved { name, type_, answer, rcode } => {
            network::resolved(evidence, name, type_, answer, rcode)
        }
        Expect::Mailbox { user, mailbox, messages, unseen, mail, flags } => {
            let mail = mail.as_deref().map(|mail| (mail, &flags[..]));
            mail::mailbox(evidence, user, mailbox, *messages, *unseen, mail)
        }
        Expect::Device { client, mailbox, sees, mail, flags } => {
            let mail = mail.as_deref().map(|mail| (mail, &flags[..]));
            network::device(evidence, client, mailbox, *sees, mail)
        }
        Expect::Downloads { client, mail, after, before, count } => {
            clients::downloads(evidence, client, mail.as_deref(), *after..*before, *count)
        }
        Expect::Trouble { client, contains, count } => {
            clients::trouble(evidence, client.as_deref(), contains, *count)
        }
        Expect::Queue { host, messages } => mail::queue(evidence, host.as_deref(), *messages),
        Expect::Reply { from, to, code, contains, count } => {
            let wanted = network::WantedReply {
                from: from.as_deref(),
                to: to.as_deref(),
                code: *code,
                contains,
            };
            network::replies(evidence, &wanted, *count)
        }
        Expect::Path { mail, to, hosts } => {
            Finding::all(to.iter().map(|to| mail::path(evidence, mail, to, hosts)))
        }
        Expect::Attempts { mail, from, count } => {
            mail::attempts(evidence, mail, from.as_deref(), *count)
        }
        Expect::Load(numbers) => load::done(evidence, numbers),
        Expect::LostPackets(count) => network::lost(evidence, *count),
        Expect::Packets { fate, count } => network::packets(evidence, *fate, *count),
        Expect::Forged { by, as_, to, port, count } => {
            let wanted = network::WantedForgery {
                by: by.as_deref(),
                as_: as_.as_deref(),
                to: to.as_deref(),
                port: *port,
            };
            network::forged(evidence, &wanted, *count)
        }
    };
    let Expectation { path, line, expect, .. } = expectation;
    Verdict { path: path.clone(), line: *line, expectation: words::of(expect), holds, why }
}
