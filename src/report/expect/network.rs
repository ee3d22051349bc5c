//! Expectations of what crossed the network: queries, replies, what clients saw, lost packets.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::engine::SimTime;
use crate::net::Loss;
use crate::report::transcript::{Entry, Facts, Protocol};
use crate::scenario::plan::Count;
use crate::scenario::plan::expect::{Fate, PortState};
use crate::world::{Fact, Note, PacketVerdict, Record, RecordId};

use super::Finding;
use super::evidence::Evidence;
use super::words::{counted, list};

/// What a query must be like.
pub(super) struct WantedQuery<'p> {
    pub(super) from: Option<&'p str>,
    pub(super) to: &'p [String],
    pub(super) name: Option<&'p str>,
    pub(super) type_: Option<&'p str>,
    pub(super) times: Range<SimTime>,
}

impl WantedQuery<'_> {
    fn fits(&self, entry: &Entry<'_>) -> bool {
        let Facts::Dns(message) = &entry.facts else { return false };
        !message.flags.qr
            && self.times.contains(&entry.time)
            && self.from.is_none_or(|from| entry.from == from)
            && is_among(entry, self.to)
            && message.questions.iter().any(|question| {
                self.name.is_none_or(|name| is_name(&question.name.to_string(), name))
                    && self.type_.is_none_or(|wanted| {
                        question.rtype.to_string().eq_ignore_ascii_case(wanted)
                    })
            })
    }
}

fn is_among(entry: &Entry<'_>, hosts: &[String]) -> bool {
    let to = entry.to.as_deref().unwrap_or_default();
    hosts.is_empty() || hosts.iter().any(|host| host == to)
}

/// Without regard to case and a final dot.
fn is_name(name: &str, other: &str) -> bool {
    name.trim_end_matches('.').eq_ignore_ascii_case(other.trim_end_matches('.'))
}

pub(super) fn queries(evidence: &Evidence<'_>, wanted: &WantedQuery<'_>, count: Count) -> Finding {
    let fitting: Vec<_> = evidence
        .wire()
        .iter()
        .filter(|entry| entry.protocol == Protocol::Dns && wanted.fits(entry))
        .collect();
    let number = fitting.len() as u64;
    let mut why = counted(number, "query");
    if !count.holds(number) && number > 0 {
        let mut by_pair: BTreeMap<_, u64> = BTreeMap::new();
        for entry in fitting {
            let to = entry.to.as_deref().unwrap_or_default();
            *by_pair.entry((&entry.from, to, &entry.text)).or_default() += 1;
        }
        let each: Vec<_> = by_pair
            .into_iter()
            .map(|((from, to, text), times)| format!("{times} {from} → {to} {text}"))
            .collect();
        why += &format!(": {}", list(&each));
    }
    Finding::new(count.holds(number), why)
}

pub(super) fn resolved(
    evidence: &Evidence<'_>,
    name: &str,
    type_: &str,
    answer: &[String],
    rcode: &str,
) -> Finding {
    let last = notes(evidence)
        .filter_map(|note| match note {
            Note::Resolved { qname, qtype, rcode, answers }
                if is_name(qname, name) && qtype.eq_ignore_ascii_case(type_) =>
            {
                Some((rcode, answers))
            }
            _ => None,
        })
        .last();
    let Some((found, answers)) = last else {
        return Finding::new(false, "it was never resolved to the end");
    };
    let is_rcode = found.eq_ignore_ascii_case(rcode)
        // The name is there, and has no record of that type (RFC 2308 §2.2).
        || (found == "NODATA" && rcode == "NOERROR" && answer.is_empty());
    let has = |wanted: &String| {
        answers.iter().any(|answer| {
            is_name(answer, wanted)
                || answer.rsplit(' ').next().is_some_and(|last| is_name(last, wanted))
        })
    };
    let why = match answers.len() {
        0 => found.clone(),
        _ => format!("{found}: {}", list(answers)),
    };
    Finding::new(is_rcode && answer.iter().all(has), why)
}

/// What a reply must be like.
pub(super) struct WantedReply<'p> {
    pub(super) from: Option<&'p str>,
    pub(super) to: Option<&'p str>,
    pub(super) code: Option<u16>,
    pub(super) contains: &'p [String],
}

pub(super) fn replies(evidence: &Evidence<'_>, wanted: &WantedReply<'_>, count: Count) -> Finding {
    let between = |entry: &&Entry<'_>| {
        wanted.from.is_none_or(|from| entry.from == from)
            && wanted.to.is_none_or(|to| entry.to.as_deref() == Some(to))
    };
    let (mut fitting, mut failures) = (0, Vec::new());
    for entry in evidence.wire().iter().filter(between) {
        let Facts::Reply { code, lines } = &entry.facts else { continue };
        let text = lines.join(" ");
        if wanted.code.is_none_or(|wanted| *code == wanted)
            && wanted.contains.iter().all(|part| text.contains(part))
        {
            fitting += 1;
        } else if *code >= 400 {
            failures.push(format!("{code} {text}"));
        }
    }
    let mut why = counted(fitting, "such reply");
    if !count.holds(fitting) && !failures.is_empty() {
        why += &format!("; other refusals are {}", list(&failures));
    }
    Finding::new(count.holds(fitting), why)
}

pub(super) fn device(
    evidence: &Evidence<'_>,
    client: &str,
    mailbox: &str,
    sees: Count,
    mail: Option<(&str, &[String])>,
) -> Finding {
    let last = notes(evidence)
        .filter_map(|note| match note {
            Note::Saw { account, mailbox: name, messages, known }
                if account == client && name == mailbox =>
            {
                Some((*messages as u64, known))
            }
            _ => None,
        })
        .last();
    let Some((number, known)) = last else {
        let why = format!("{client} never looked into {mailbox} to the end");
        return Finding::new(false, why);
    };
    let why = format!("{client} sees {}", counted(number, "message"));
    let seen = Finding::new(sees.holds(number), why);
    let Some((mail, flags)) = mail else { return seen };
    let wanted = evidence.mail(mail).message_id();
    let held = match known.iter().find(|(id, _)| Some(id.as_str()) == wanted) {
        None => Finding::new(false, format!("{mail} is not among them")),
        Some((_, shown)) => {
            let has = |flag: &String| shown.split(' ').any(|one| one.eq_ignore_ascii_case(flag));
            Finding::new(flags.iter().all(has), format!("{mail} has the flags ({shown})"))
        }
    };
    Finding::all([seen, held])
}

pub(super) fn lost(evidence: &Evidence<'_>, count: Count) -> Finding {
    let mut by_reason: BTreeMap<String, u64> = BTreeMap::new();
    for record in evidence.world.history() {
        if let Fact::Lost { why, .. } = &record.fact
            && !matches!(why, Loss::HostDown | Loss::NoListener)
        {
            *by_reason.entry(why.to_string()).or_default() += 1;
        }
    }
    let all = by_reason.values().sum();
    let each: Vec<_> = by_reason.iter().map(|(why, times)| format!("{times} {why}")).collect();
    let mut why = format!("{} lost", counted(all, "packet"));
    if !each.is_empty() {
        why += &format!(": {}", list(&each));
    }
    Finding::new(count.holds(all), why)
}

pub(super) fn packets(evidence: &Evidence<'_>, fate: Fate, count: Count) -> Finding {
    let number = |record: &Record| match (&record.fact, fate) {
        (Fact::Lost { why, .. }, Fate::Lost(wanted)) => u64::from(*why == wanted),
        (Fact::Altered { how, .. }, Fate::Duplicated) => {
            u64::from(*how == PacketVerdict::Duplicate)
        }
        (Fact::Altered { how, .. }, Fate::Delayed) => {
            u64::from(matches!(how, PacketVerdict::Delay(_)))
        }
        (Fact::Altered { how, .. }, Fate::Reset) => u64::from(*how == PacketVerdict::Reset),
        (Fact::Released(_, _, packets), Fate::Held) => u64::from(*packets),
        _ => 0,
    };
    let all = evidence.world.history().iter().map(number).sum();
    Finding::new(count.holds(all), counted(all, "such packet"))
}

/// What a forged datagram must be like.
pub(super) struct WantedForgery<'p> {
    pub(super) by: Option<&'p str>,
    pub(super) as_: Option<&'p str>,
    pub(super) to: Option<&'p str>,
    pub(super) port: Option<PortState>,
}

pub(super) fn forged(evidence: &Evidence<'_>, wanted: &WantedForgery<'_>, count: Count) -> Finding {
    let world = evidence.world;
    let forged: BTreeSet<RecordId> = world
        .history()
        .iter()
        .filter(|record| matches!(record.fact, Fact::Forged { .. }))
        .map(|record| record.id)
        .collect();
    let (mut open, mut closed) = (0, 0);
    for record in world.history() {
        let Some(cause) = record.cause.filter(|cause| forged.contains(cause)) else { continue };
        let (from, number) = match &record.fact {
            Fact::Datagram { from, .. } => (from, &mut open),
            Fact::Lost { from, why: Loss::NoListener, .. } => (from, &mut closed),
            _ => continue,
        };
        let seeming = world.owner(from.ip()).map(|node| world.name(node));
        let fits = wanted.by.is_none_or(|by| world.name(cause.node) == by)
            && wanted.as_.is_none_or(|host| seeming == Some(host))
            && wanted.to.is_none_or(|to| world.name(record.id.node) == to);
        *number += u64::from(fits);
    }
    let number = match wanted.port {
        None => open + closed,
        Some(PortState::Open) => open,
        Some(PortState::Closed) => closed,
    };
    let why = format!("{open} at open ports, {closed} at closed ports");
    Finding::new(count.holds(number), why)
}

fn notes<'w>(evidence: &Evidence<'w>) -> impl Iterator<Item = &'w Note> + use<'w> {
    evidence.world.history().iter().filter_map(Record::note)
}
