//! Faults, with their beginning and end.

use std::ops::Range;
use std::time::Duration;

use super::Expander;
use crate::engine::SimTime;
use crate::proto::access::Protocol;
use crate::scenario::finding::Path;
use crate::scenario::format;
use crate::scenario::format::fault::{Flush, FlushDomain, LinkFlap};
use crate::scenario::plan::{Fault, FaultAction, Link, Plan};

impl Expander<'_, '_, '_> {
    pub(super) fn plan_faults(&mut self, plan: &mut Plan) {
        let top = Path::top().at("faults");
        for (index, format) in self.scenario.faults.iter().enumerate() {
            let path = top.at(index);
            let Some(at) = self.begins(&path, format) else { continue };
            if format.for_.is_some_and(|dur| dur.0.is_zero()) {
                self.report.at(&path.at("for"), "a fault of no length", None);
            }
            let until = format.for_.filter(|_| format.after_event.is_none());
            let until = until.map(|dur| at + dur.0);
            let Some(action) = self.fault(&path, format, at..until.unwrap_or(SimTime::MAX), plan)
            else {
                continue;
            };
            if until.is_some() && !action.lasts() {
                let remedy = "leave \"for\" out".to_owned();
                self.report.at(&path.at("for"), "the end of a fault has no end", remedy);
            }
            plan.faults.push(Fault { at, until, action });
        }
        plan.faults.sort_by_key(|fault| fault.at);
    }

    /// When a fault begins, or a finding where that is not said.
    fn begins(&mut self, path: &Path<'_>, format: &format::Fault) -> Option<SimTime> {
        let remedy = match (format.at, format.after_event) {
            (Some(at), None) => return Some(self.time(&path.at("at"), at)),
            (None, Some(_)) if format.crash.is_some() => return Some(SimTime::ZERO),
            (None, None) => {
                // One that is wrong was told before.
                if !["at", "after_event"].iter().any(|key| self.report.is_written(path, key)) {
                    let remedy = "for example \"at\": \"1m\"".to_owned();
                    self.report.at(path, "the key \"at\" is missing", remedy);
                }
                return None;
            }
            (None, Some(_)) => "only a crash can wait for an event; say when with \"at\"",
            (Some(_), Some(_)) => "leave \"at\" or \"after_event\" out",
        };
        let found = "this fault does not begin after an event";
        self.report.at(&path.at("after_event"), found, remedy.to_owned());
        None
    }

    /// What happens at these times.
    fn fault(
        &mut self,
        path: &Path<'_>,
        format: &format::Fault,
        times: Range<SimTime>,
        plan: &mut Plan,
    ) -> Option<FaultAction> {
        if let Some(dns) = &format.dns {
            return self.dns_fault(&path.at("dns"), dns, times, plan);
        }
        if let Some(smtp) = &format.smtp {
            return self.smtp_fault(&path.at("smtp"), path.to_string(), smtp, times, plan);
        }
        if let Some(fault) = &format.pop3 {
            let rule = (path.to_string(), Protocol::Pop3);
            return self.access_fault(&path.at("pop3"), rule, fault, times, plan);
        }
        if let Some(fault) = &format.imap {
            let rule = (path.to_string(), Protocol::Imap);
            return self.access_fault(&path.at("imap"), rule, fault, times, plan);
        }
        if let Some(forge) = &format.forge {
            return self.forge(&path.at("forge"), forge, times, plan);
        }
        if let Some(ails) = self.ailment(path, format) {
            return ails;
        }
        if let Some(name) = &format.crash {
            let host = self.host(&path.at("crash"), name)?;
            return Some(match format.after_event {
                Some(event) => {
                    let back_after = format.for_.map(|dur| dur.0);
                    FaultAction::CrashAfter { host, event, back_after }
                }
                None => FaultAction::Crash(host),
            });
        }
        if let Some(name) = &format.restart {
            return Some(FaultAction::Restart(self.host(&path.at("restart"), name)?));
        }
        if let Some(restart) = &format.restart_service {
            return self.restart_service(&path.at("restart_service"), restart, plan);
        }
        if let Some(name) = &format.isolate {
            return Some(FaultAction::Isolate(self.node(&path.at("isolate"), name)?));
        }
        if let Some(name) = &format.rejoin {
            return Some(FaultAction::Rejoin(self.node(&path.at("rejoin"), name)?));
        }
        if let Some(ends) = &format.cut {
            let link = self.link_between(&path.at("cut"), ends, plan)?;
            return Some(FaultAction::Cut(link.a.clone(), link.b.clone()));
        }
        if let Some(ends) = &format.heal {
            let link = self.link_between(&path.at("heal"), ends, plan)?;
            return Some(FaultAction::Heal(link.a.clone(), link.b.clone()));
        }
        if let Some(ends) = &format.hold {
            let link = self.link_between(&path.at("hold"), ends, plan)?;
            return Some(FaultAction::Hold(link.a.clone(), link.b.clone()));
        }
        if let Some(LinkFlap { between, down, up, drawn }) = &format.flap {
            let path = path.at("flap");
            if times.end == SimTime::MAX {
                let remedy = "for example \"for\": \"5m\" beside \"at\"".to_owned();
                self.report.at(&path, "a link that flaps without an end", remedy);
            }
            for (key, time) in [("down", down), ("up", up)] {
                if time.0 < Duration::from_millis(1) {
                    let remedy = "1ms or more".to_owned();
                    self.report.at(&path.at(key), format!("{time} is too short a time"), remedy);
                }
            }
            let link = self.link_between(&path.at("between"), between, plan)?;
            let (a, b) = (link.a.clone(), link.b.clone());
            return Some(FaultAction::Flap { a, b, down: down.0, up: up.0, drawn: *drawn });
        }
        if let Some(partition) = &format.partition {
            return Some(self.partition(&path.at("partition"), partition, plan));
        }
        if let Some(packet) = &format.packet {
            return self.packet_fault(&path.at("packet"), packet);
        }
        if let Some(flush) = &format.flush {
            return self.flush(&path.at("flush"), flush);
        }
        if let Some(rebuild) = &format.rebuild_index {
            return self.rebuild_index(&path.at("rebuild_index"), rebuild, plan);
        }
        let change = format.link.as_ref()?;
        let path = path.at("link");
        let link = self.link_between(&path.at("between"), &change.between, plan)?;
        let (a, b) = (link.a.clone(), link.b.clone());
        // "forward" is from the first end that is named here, whichever way the link was drawn.
        let turned = change.between[0].trim_end_matches('.').eq_ignore_ascii_case(&b);
        let [there, back] = self.patches(&path, &change.link).map(Box::new);
        let [forward, backward] = if turned { [back, there] } else { [there, back] };
        Some(FaultAction::Change { a, b, forward, backward })
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

    pub(super) fn host(&mut self, path: &Path<'_>, written: &str) -> Option<String> {
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
