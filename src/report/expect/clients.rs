//! Expectations of what clients did, and what they could not do.

use std::ops::Range;

use crate::engine::SimTime;
use crate::scenario::plan::Count;
use crate::world::Note;

use super::Finding;
use super::evidence::Evidence;
use super::words::{counted, list};

pub(super) fn downloads(
    evidence: &Evidence<'_>,
    client: &str,
    mail: Option<&str>,
    times: Range<SimTime>,
    count: Count,
) -> Finding {
    let wanted = mail.map(|mail| evidence.mail(mail).message_id());
    let fetched = notes(evidence).filter(|(at, note)| match note {
        Note::Fetched { account, message_id, .. } => {
            account == client
                && times.contains(at)
                && wanted.is_none_or(|wanted| wanted == Some(message_id.as_str()))
        }
        _ => false,
    });
    let number = fetched.count() as u64;
    Finding::new(count.holds(number), counted(number, "download"))
}

pub(super) fn trouble(
    evidence: &Evidence<'_>,
    client: Option<&str>,
    contains: &[String],
    count: Count,
) -> Finding {
    let (mut fitting, mut others) = (0, Vec::new());
    for (_, note) in notes(evidence) {
        let Note::ClientFailed { client: of, action, reason } = note else { continue };
        if client.is_some_and(|client| client != of) {
            continue;
        }
        let told = format!("could not {action}: {reason}");
        if contains.iter().all(|part| told.contains(part)) {
            fitting += 1;
        } else {
            others.push(told);
        }
    }
    let mut why = counted(fitting, "such trouble");
    if !count.holds(fitting) && !others.is_empty() {
        why += &format!("; other trouble is {}", list(&others));
    }
    Finding::new(count.holds(fitting), why)
}

fn notes<'w>(evidence: &Evidence<'w>) -> impl Iterator<Item = (SimTime, &'w Note)> + use<'w> {
    evidence.world.history().iter().filter_map(|record| Some((record.time, record.note()?)))
}
