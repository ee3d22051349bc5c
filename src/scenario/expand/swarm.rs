//! The budget of drawn faults, with its defaults.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Expander;
use crate::engine::SimTime;
use crate::scenario::finding::Path;
use crate::scenario::format::Dur;
use crate::scenario::plan::{FaultKind, Plan, Swarm};

impl Expander<'_, '_, '_> {
    pub(super) fn plan_swarm(&mut self, plan: &Plan) -> Swarm {
        let format = &self.scenario.swarm;
        let path = Path::top().at("swarm");
        let written = format.kinds.as_slice();
        let is_meant = |kind: &FaultKind| written.is_empty() || written.contains(kind);
        let kinds = FaultKind::ALL.into_iter().filter(is_meant).collect();
        let hosts = self.swarm_nodes(&path.at("hosts"), format.hosts.as_slice());
        let spare = self.swarm_nodes(&path.at("spare"), format.spare.as_slice());
        let last_step = plan.agenda.last().map_or(SimTime::ZERO, |step| step.at);
        let from = SimTime::ZERO + format.from.map_or(Duration::ZERO, |from| from.0);
        let until = match format.until {
            Some(until) => SimTime::ZERO + until.0,
            None => last_step.max(from) + DEFAULT_AFTERMATH,
        };
        if until <= from {
            let remedy =
                format!("a time after \"from\", which is {}", Dur(from.since(SimTime::ZERO)));
            let found = "faults have to end before they begin";
            self.report.at(&path.at("until"), found, remedy);
        }
        let longest = format.longest.map_or(DEFAULT_LONGEST, |longest| longest.0);
        if longest.is_zero() {
            self.report.at(&path.at("longest"), "faults of no length", None);
        }
        Swarm {
            kinds,
            at_most: format.at_most.unwrap_or(DEFAULT_AT_MOST),
            hosts: (!hosts.is_empty()).then_some(hosts),
            spare,
            from,
            until,
            longest,
            strength: f64::from(format.strength.unwrap_or(100)) / 100.0,
        }
    }

    fn swarm_nodes(&mut self, path: &Path<'_>, written: &[String]) -> BTreeSet<String> {
        let nodes = written.iter().enumerate();
        nodes.filter_map(|(index, name)| self.node(&path.at(index), name)).collect()
    }
}

const DEFAULT_AT_MOST: u32 = 6;
const DEFAULT_AFTERMATH: Duration = Duration::from_secs(3_600);
const DEFAULT_LONGEST: Duration = Duration::from_secs(1_800);
