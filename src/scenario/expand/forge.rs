//! Floods of forged answers.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::time::Duration;

use super::Expander;
use crate::actors::Flood;
use crate::engine::SimTime;
use crate::proto::dns::{Name, Question};
use crate::scenario::finding::Path;
use crate::scenario::format::forge::Forge;
use crate::scenario::plan::{FaultAction, Plan, Service};

impl Expander<'_, '_, '_> {
    /// The flood, and the host that sends it.
    pub(super) fn forge(
        &mut self,
        path: &Path<'_>,
        format: &Forge,
        times: Range<SimTime>,
        plan: &Plan,
    ) -> Option<FaultAction> {
        if times.end == SimTime::MAX {
            let remedy = "for example \"for\": \"20s\" beside \"at\"".to_owned();
            self.report.at(path, "a flood without an end", remedy);
        }
        let by = self.flood_host(&path.at("by"), &format.by);
        let to = self.flood_host(&path.at("to"), &format.to);
        let sources = format.as_.as_slice().iter().enumerate();
        let sources: Vec<String> = sources
            .filter_map(|(index, name)| self.flood_host(&path.at("as").at(index), name))
            .collect();
        let name = self.dns_name(&path.at("name"), &format.name);
        let rtype = self.record_type(&path.at("type"), format.type_.as_deref());
        let (by, to, name, rtype) = (by?, to?, name?, rtype?);
        let is_resolver = |host: &crate::scenario::plan::Host| {
            host.services.iter().any(|service| matches!(service, Service::Resolver(_)))
        };
        if plan.hosts.get(&to).is_some_and(|host| !is_resolver(host)) {
            let found = format!("no resolver runs on \"{to}\"");
            self.report.at(&path.at("to"), found, None);
        }
        let address = |name: &String, wanted: Option<IpAddr>| {
            let addresses = plan.hosts.get(name).map(|host| host.addresses.as_slice());
            let mut addresses = addresses.into_iter().flatten().copied();
            addresses.find(|one| wanted.is_none_or(|wanted| wanted.is_ipv4() == one.is_ipv4()))
        };
        let target = address(&to, None)?;
        let source = |name| Some(SocketAddr::new(address(name, Some(target))?, DNS_PORT));
        let sources: Vec<SocketAddr> = sources.iter().filter_map(source).collect();
        if sources.is_empty() {
            let found = format!("no address of the family of {target}");
            self.report.at(&path.at("as"), found, None);
        }
        let origin: Name = name.parse().ok()?;
        let lines = format.answer.as_slice();
        let answers = self.read_lines(&path.at("answer"), lines, &origin, FORGED_TTL_SECS);
        let ids = format.ids.unwrap_or([0, u16::MAX]);
        let ports = format.ports.unwrap_or([49_152, u16::MAX]);
        for (key, [least, most]) in [("ids", ids), ("ports", ports)] {
            if least > most {
                let found = format!("from {least} to {most} there is none");
                self.report.at(&path.at(key), found, "the smaller one is first".to_owned());
            }
        }
        if format.ask_every.is_some_and(|every| every.0.is_zero()) {
            self.report.at(&path.at("ask_every"), "no time between two questions", None);
        }
        let flood = Flood {
            times,
            to: SocketAddr::new(target, DNS_PORT),
            sources,
            question: Question::new(origin, rtype.parse().ok()?),
            answers,
            interval: Duration::from_secs(1) / format.per_second.unwrap_or(1_000).max(1),
            ids: ids[0]..=ids[1],
            ports: ports[0]..=ports[1],
            ask_every: format.ask_every.map(|every| every.0),
        };
        Some(FaultAction::Forge { by, flood })
    }

    fn flood_host(&mut self, path: &Path<'_>, written: &str) -> Option<String> {
        let name = self.host_name(path, written)?;
        self.is_host(path, &name).then_some(name)
    }
}

const DNS_PORT: u16 = 53;
/// The TTL of forged records that name none: a day, the longest that resolvers keep.
const FORGED_TTL_SECS: u32 = 86_400;
