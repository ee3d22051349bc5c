//! Faults, each with its end as an entry of its own.

use super::Expander;
use super::network::Pair;
use crate::engine::SimTime;
use crate::scenario::finding::Path;
use crate::scenario::format::fault::{Flush, FlushDomain};
use crate::scenario::plan::{Fault, FaultAction, Link, Plan};

impl Expander<'_, '_, '_> {
    pub(super) fn plan_faults(&mut self, plan: &mut Plan) {
        let top = Path::top().at("faults");
        for (index, format) in self.scenario.faults.iter().enumerate() {
            let path = top.at(index);
            let at = self.time(&path.at("at"), format.at);
            if format.for_.is_some_and(|dur| dur.0.is_zero()) {
                self.report.at(&path.at("for"), "a fault of no length", None);
            }
            if let Some(dns) = &format.dns {
                let end = format.for_.map_or(SimTime::MAX, |dur| at + dur.0);
                let action = self.dns_fault(&path.at("dns"), dns, at..end, plan);
                plan.faults.extend(action.map(|action| Fault { at, action }));
                continue;
            }
            if let Some(forge) = &format.forge {
                let end = format.for_.map_or(SimTime::MAX, |dur| at + dur.0);
                let action = self.forge(&path.at("forge"), forge, at..end, plan);
                plan.faults.extend(action.map(|action| Fault { at, action }));
                continue;
            }
            let Some((action, undo)) = self.fault(&path, format, plan) else { continue };
            plan.faults.push(Fault { at, action });
            match (format.for_, undo) {
                (None, _) => {}
                (Some(_), None) => {
                    let remedy = "leave \"for\" out".to_owned();
                    self.report.at(&path.at("for"), "the end of a fault has no end", remedy);
                }
                (Some(dur), Some(undo)) => {
                    let end = SimTime::ZERO + format.at.0 + dur.0;
                    plan.faults.push(Fault { at: end, action: undo });
                }
            }
        }
        plan.faults.sort_by_key(|fault| fault.at);
    }

    /// What happens, and what undoes it.
    fn fault(
        &mut self,
        path: &Path<'_>,
        format: &crate::scenario::format::Fault,
        plan: &Plan,
    ) -> Option<(FaultAction, Option<FaultAction>)> {
        if let Some(name) = &format.crash {
            let host = self.host(&path.at("crash"), name)?;
            return Some((FaultAction::Crash(host.clone()), Some(FaultAction::Restart(host))));
        }
        if let Some(name) = &format.restart {
            let host = self.host(&path.at("restart"), name)?;
            return Some((FaultAction::Restart(host), None));
        }
        if let Some(name) = &format.isolate {
            let node = self.node(&path.at("isolate"), name)?;
            return Some((FaultAction::Isolate(node.clone()), Some(FaultAction::Rejoin(node))));
        }
        if let Some(name) = &format.rejoin {
            let node = self.node(&path.at("rejoin"), name)?;
            return Some((FaultAction::Rejoin(node), None));
        }
        if let Some(ends) = &format.cut {
            let link = self.link_between(&path.at("cut"), ends, plan)?;
            let (a, b) = (link.a.clone(), link.b.clone());
            return Some((FaultAction::Cut(a.clone(), b.clone()), Some(FaultAction::Heal(a, b))));
        }
        if let Some(ends) = &format.heal {
            let link = self.link_between(&path.at("heal"), ends, plan)?;
            return Some((FaultAction::Heal(link.a.clone(), link.b.clone()), None));
        }
        if let Some(flush) = &format.flush {
            return Some((self.flush(&path.at("flush"), flush)?, None));
        }
        let change = format.link.as_ref()?;
        let path = path.at("link");
        let link = self.link_between(&path.at("between"), &change.between, plan)?;
        let change_to = |Pair { forward, backward }| FaultAction::Change {
            a: link.a.clone(),
            b: link.b.clone(),
            forward,
            backward,
        };
        let before = Pair { forward: link.forward, backward: link.backward };
        // "forward" is from the first end that is named here, whichever way the link was drawn.
        let turned = change.between[0].trim_end_matches('.').eq_ignore_ascii_case(&link.b);
        let turn = |pair: Pair| match turned {
            true => Pair { forward: pair.backward, backward: pair.forward },
            false => pair,
        };
        let after = turn(self.overlay(&path, turn(before), &change.link));
        Some((change_to(after), Some(change_to(before))))
    }

    fn flush(&mut self, path: &Path<'_>, flush: &Flush) -> Option<FaultAction> {
        let (host, domain) = match flush {
            Flush::Host(host) => (self.mta_host(path, host)?, None),
            Flush::Domain(FlushDomain { host, domain }) => {
                let host = self.mta_host(&path.at("host"), host)?;
                (host, Some(self.host_name(&path.at("domain"), domain)?))
            }
        };
        Some(FaultAction::Flush { host, domain })
    }

    fn host(&mut self, path: &Path<'_>, written: &str) -> Option<String> {
        let name = self.host_name(path, written)?;
        self.is_host(path, &name).then_some(name)
    }

    /// The link between two nodes, or a finding.
    fn link_between<'p>(
        &mut self,
        path: &Path<'_>,
        ends: &[String; 2],
        plan: &'p Plan,
    ) -> Option<&'p Link> {
        let a = self.node(&path.at(0), &ends[0]);
        let b = self.node(&path.at(1), &ends[1]);
        let (a, b) = (a?, b?);
        let found = plan
            .links
            .iter()
            .find(|link| (link.a == a && link.b == b) || (link.a == b && link.b == a));
        if found.is_none() && !self.report.is_damaged(&["network"]) {
            let links = plan.links.iter();
            let others: Vec<&str> = links
                .filter_map(|link| match () {
                    () if link.a == a => Some(link.b.as_str()),
                    () if link.b == a => Some(link.a.as_str()),
                    () => None,
                })
                .take(8)
                .collect();
            let remedy =
                format!("\"{a}\" has links to {}", crate::scenario::finding::quoted(&others));
            self.report.at(path, format!("no link is between \"{a}\" and \"{b}\""), remedy);
        }
        found
    }
}
