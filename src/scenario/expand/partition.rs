//! Partitions: names of hosts, domains and routers become hosts.

use std::collections::BTreeSet;

use super::Expander;
use super::names::host_name;
use crate::scenario::finding::Path;
use crate::scenario::format::fault::Partition;
use crate::scenario::plan::{FaultAction, Plan};

impl Expander<'_, '_, '_> {
    pub(super) fn partition(
        &mut self,
        path: &Path<'_>,
        format: &Partition,
        plan: &Plan,
    ) -> FaultAction {
        let path = path.at("groups");
        if format.groups.is_empty() {
            self.report.at(&path, "there is no group", None);
        }
        let mut placed = BTreeSet::new();
        let mut groups = Vec::new();
        for (number, names) in format.groups.iter().enumerate() {
            let path = path.at(number);
            let mut group = Vec::new();
            for (index, name) in names.iter().enumerate() {
                let path = path.at(index);
                for host in self.members(&path, name, plan) {
                    match placed.insert(host.clone()) {
                        true => group.push(host),
                        false if group.contains(&host) => {}
                        false => {
                            let found = format!("\"{host}\" is in two groups");
                            self.report.at(&path, found, None);
                        }
                    }
                }
            }
            if names.is_empty() {
                self.report.at(&path, "nobody is in the group", None);
            }
            groups.push(group);
        }
        FaultAction::Partition { groups, one_way: format.one_way }
    }

    /// The hosts that a name in a group stands for.
    fn members(&mut self, path: &Path<'_>, written: &str, plan: &Plan) -> Vec<String> {
        let name = host_name(written).unwrap_or_default();
        if self.hosts.contains_key(&name) {
            return vec![name];
        }
        if self.domains.contains_key(&name) {
            let hosts = self.hosts.iter();
            let own = hosts.filter(|(_, host)| host.domain.as_ref() == Some(&name));
            return own.map(|(host, _)| host.clone()).collect();
        }
        if self.routers.contains(&name) {
            let links = plan.links.iter().filter_map(|link| match () {
                () if link.a == name => Some(&link.b),
                () if link.b == name => Some(&link.a),
                () => None,
            });
            return links.filter(|end| self.hosts.contains_key(*end)).cloned().collect();
        }
        let known = self.domains.keys().chain(&self.routers).chain(self.hosts.keys());
        let sections = ["network", "domains", "hosts", "zones", "clients", "dns"];
        let known = known.map(String::as_str);
        self.report.unknown(path, "host, domain or router", written, known, &sections);
        Vec::new()
    }
}
