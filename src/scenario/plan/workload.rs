//! Load: how much of it there is, and who does which part.

use std::ops::Range;

use super::Plan;
use super::tls::SubmitTls;
use crate::actors::load::population::DomainId;
use crate::actors::load::{DnsWork, MailWork};
use crate::world::Watch;

/// The load of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// The mail that is written by rules.
    pub mail: Option<MailPart>,
    /// The questions that are asked by rules.
    pub dns: Option<DnsPart>,
    /// What is kept of what happens.
    pub watch: Watch,
}

/// The mail of a load.
#[derive(Debug, Clone, PartialEq)]
pub struct MailPart {
    /// How many messages there are; at least one.
    pub messages: u64,
    /// What they are like.
    pub work: MailWork,
}

/// The questions of a load.
#[derive(Debug, Clone, PartialEq)]
pub struct DnsPart {
    /// How many questions there are; at least one.
    pub queries: u64,
    /// What they are like.
    pub work: DnsWork,
}

/// A host on which users of a generated domain write, and programs ask.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadHost {
    /// The domain.
    pub domain: DomainId,
    /// Which part of all messages is written here: from 0 to 1, beside those of other hosts.
    pub writes: Range<f64>,
    /// Which part of all questions is asked here.
    pub asks: Range<f64>,
    /// The name of the submission server.
    pub submit: String,
    /// Its port.
    pub submit_port: u16,
    /// Whether it is spoken to through TLS.
    pub submit_tls: SubmitTls,
}

impl LoadHost {
    /// The part of `count` things that is this one. All parts together are all of them.
    pub fn part(range: &Range<f64>, count: u64) -> u64 {
        let before = |share: f64| libm::round(share * count as f64) as u64;
        before(range.end).saturating_sub(before(range.start))
    }
}

impl Plan {
    /// How many messages the workload writes, or of one that writes none, how many questions it asks;
    /// `None` without a workload.
    pub fn messages(&self) -> Option<u64> {
        let workload = self.workload.as_ref()?;
        let mail = workload.mail.as_ref().map(|mail| mail.messages);
        mail.or(workload.dns.as_ref().map(|dns| dns.queries))
    }

    /// Changes that number, in the same time; false without a workload, for which there is none.
    pub fn set_messages(&mut self, count: u64) -> bool {
        let count = count.max(1);
        match &mut self.workload {
            Some(Workload { mail: Some(mail), .. }) => mail.messages = count,
            Some(Workload { dns: Some(dns), .. }) => dns.queries = count,
            _ => return false,
        }
        true
    }

    /// What is kept of what happens in a run, unless somebody says otherwise.
    pub fn watch(&self) -> Watch {
        self.workload.as_ref().map_or(Watch::Everything, |workload| workload.watch)
    }
}

/// The login by which a host submits for all users of its domain.
pub const GATEWAY: &str = "gateway";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_all_hosts_are_all_there_is() {
        for hosts in [1_u32, 3, 7, 1_000] {
            for count in [1, 2, 10, 999, 1_000_000_007] {
                let share = |place: u32| f64::from(place) / f64::from(hosts);
                let part = |place: u32| LoadHost::part(&(share(place)..share(place + 1)), count);
                assert_eq!((0..hosts).map(part).sum::<u64>(), count, "{hosts} {count}");
            }
        }
    }
}
