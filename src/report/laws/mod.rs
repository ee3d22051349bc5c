//! The laws: what must hold in every run, whatever goes wrong in it ([`Law`], a closed list).
//!
//! Each law is one file, which reads records, disks and the plan after the run and tells what breaks
//! it. What was sent is judged by octets as they arrived; what no wire shows, by notes and disks.
//! Records of a run that was not watched there are none: then only those laws are judged that disks
//! alone tell of.
//!
//! Not modelled: laws for worlds without a plan, and for sessions with real programs.

mod bailiwick;
mod bounces;
mod case;
mod conservation;
mod dns;
mod duplicates;
mod forgery;
mod liveness;
mod loops;
mod mail;
mod reach;
#[cfg(test)]
mod tests;
mod trace;
mod traffic;
mod transfers;
mod ttl;
mod uids;

use std::fmt;

use crate::engine::SimTime;
use crate::report::transcript::text::Seconds;
use crate::scenario::Plan;
use crate::world::{RecordId, World};

pub use crate::scenario::format::Law;
use case::Case;

/// A law that does not hold, and by what it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub law: Law,
    /// When it was broken, or at the end of the run when it is known by what is not there.
    pub time: SimTime,
    /// The name of the host at which it was.
    pub host: String,
    /// What was found.
    pub what: String,
    /// The records that show it, in the order of what is told, and their names as the transcript in
    /// JSON has them (`mx1.example.com/17`).
    pub records: Vec<(RecordId, String)>,
}

impl Broken {
    /// What was found, where and when: `at mx1.example.com, 12.5 s: ... (see mx1.example.com/17)`.
    pub fn told(&self) -> String {
        let Broken { law: _, time, host, what, records } = self;
        let names: Vec<&str> = records.iter().map(|(_, name)| name.as_str()).collect();
        let see =
            if names.is_empty() { String::new() } else { format!(" (see {})", names.join(", ")) };
        format!("at {host}, {} s: {what}{see}", Seconds(*time))
    }
}

/// `BREAKS the law of conservation at mx1.example.com, 12.5 s: ... (see mx1.example.com/17)`
impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BREAKS the law of {} {}", self.law, self.told())
    }
}

/// What breaks a law in a world that was built from that plan, as far as it has run, but for the laws
/// that the plan breaks on purpose. By law, then by time.
pub fn check(plan: &Plan, world: &World) -> Vec<Broken> {
    check_all(plan, world, |law| !plan.breaks.contains(&law))
}

/// As [`check`], of those laws that are `wanted`, whatever the plan says.
pub fn check_all(plan: &Plan, world: &World, wanted: impl Fn(Law) -> bool) -> Vec<Broken> {
    let case = Case::new(plan, world);
    let mut all = Vec::new();
    for law in Law::ALL.into_iter().filter(|law| wanted(*law)) {
        let mut broken = judge(law, &case);
        broken.sort_by_key(|one| one.time);
        all.append(&mut broken);
    }
    all
}

fn judge(law: Law, case: &Case<'_>) -> Vec<Broken> {
    match law {
        Law::Conservation => conservation::judge(case),
        Law::Duplicates => duplicates::judge(case),
        Law::Bounces => bounces::judge(case),
        Law::Loops => loops::judge(case),
        Law::Trace => trace::judge(case),
        Law::Ttl => ttl::judge(case),
        Law::Bailiwick => bailiwick::judge(case),
        Law::Forgery => forgery::judge(case),
        Law::Uids => uids::judge(case),
        Law::Traffic => traffic::judge(case),
        Law::Liveness => liveness::judge(case),
    }
}
