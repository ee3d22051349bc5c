//! The meaning of a scenario: names resolved, the short form expanded, everything checked.
//!
//! In this order, each step on what the steps before have made:
//!
//! 1. [`hosts`]: every host there is, from the root servers to the devices of users, as a draft;
//! 2. [`services`]: what runs on each;
//! 3. [`addresses`]: who has which;
//! 4. [`network`] with [`topology`]: every link;
//! 5. [`zones`]: every zone with its records, delegations and glue, [`authentication`]: what domains
//!    publish about mail in their names, and [`transfers`]: the changes of zones;
//! 6. [`domains`]: users, aliases, restrictions;
//! 7. [`workload`] with [`generated`], [`agenda`], [`faults`] with [`dns_faults`], [`access_faults`] and [`forge`], [`expect`].
//!
//! A step that finds a mistake reports it and goes on with what is right, so that all are found.

mod access_faults;
mod addresses;
mod agenda;
mod authentication;
mod dns_faults;
mod domains;
mod draft;
mod expect;
mod faults;
mod finish;
mod forge;
mod generated;
mod host_faults;
mod hosts;
mod letters;
mod link;
mod lists;
mod load_curve;
mod load_sizes;
mod misbehave;
mod mta;
mod names;
mod network;
mod packet_fault;
mod partition;
mod records;
mod replies;
mod resolver;
mod screening;
mod services;
mod smtp_deeds;
mod smtp_faults;
mod swarm;
mod tls;
mod topology;
mod transfers;
mod workload;
mod zones;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use self::draft::{DomainDraft, Draft, ZoneDraft};
use super::check::Report;
use super::files::{Files, refuse_path};
use super::finding::Path;
use super::format::{Dur, Scenario};
use super::plan::{Hint, Plan, Swarm};
use crate::net::DelayTable;

/// Makes the plan of a scenario. It is of use only if the report stays empty.
pub(crate) fn expand(scenario: &Scenario, files: &dyn Files, report: &mut Report<'_>) -> Plan {
    let mut expander = Expander {
        scenario,
        files,
        report,
        routers: IndexSet::new(),
        generated: topology::Generated::default(),
        hosts: IndexMap::new(),
        domains: IndexMap::new(),
        zones: IndexMap::new(),
        hints: Vec::new(),
        written: BTreeMap::new(),
        tables: BTreeMap::new(),
        described: scenario.zones.keys().filter_map(|key| names::host_name(key)).collect(),
    };
    expander.find_routers();
    expander.draft_hosts();
    expander.assign_services();
    expander.assign_addresses();
    let (links, default_link) = expander.link();
    let idle_hosts = expander.idle_hosts(default_link.clone());
    let zones = expander.build_zones();
    let domains = expander.build_domains();
    let (hosts, clients) = expander.build_hosts(&domains);
    // Root servers without a hints file got their addresses with all other hosts.
    let hints = expander.hints.iter().map(|hint| Hint {
        name: hint.name.clone(),
        addresses: hosts
            .get(&hint.name)
            .map_or_else(|| hint.addresses.clone(), |host| host.addresses.clone()),
    });
    let hints = hints.collect();
    let mut plan = Plan {
        title: scenario.title.clone().unwrap_or_default(),
        description: scenario.description.clone().unwrap_or_default(),
        seed: scenario.seed.unwrap_or(1),
        start: scenario.start.map(|date| crate::engine::Epoch(date.0)).unwrap_or_default(),
        until: expander.until(),
        routers: expander.routers.iter().cloned().collect(),
        links,
        convergence: scenario.network.convergence.map_or(std::time::Duration::ZERO, |dur| dur.0),
        unreachable: network::unreachable(scenario.network.unreachable.unwrap_or_default()),
        default_link: [default_link.forward, default_link.backward],
        hosts,
        idle_hosts,
        hints,
        zones,
        domains,
        clients,
        mails: IndexMap::new(),
        agenda: Vec::new(),
        faults: Vec::new(),
        swarm: Swarm::default(),
        workload: None,
        expect: Vec::new(),
        bug: None,
        breaks: scenario.breaks.clone(),
    };
    plan.workload = expander.plan_workload(&plan);
    expander.plan_agenda(&mut plan);
    expander.plan_faults(&mut plan);
    plan.swarm = expander.plan_swarm(&plan);
    expander.plan_expectations(&mut plan);
    plan
}

/// What the steps share.
struct Expander<'s, 'r, 'a> {
    scenario: &'s Scenario,
    files: &'s dyn Files,
    report: &'r mut Report<'a>,
    /// Those that the file names, then the generated ones.
    routers: IndexSet<String>,
    generated: topology::Generated,
    hosts: IndexMap<String, Draft<'s>>,
    domains: IndexMap<String, DomainDraft<'s>>,
    /// By key: the name of the zone, or its label.
    zones: IndexMap<String, ZoneDraft<'s>>,
    hints: Vec<Hint>,
    /// The ids of messages, by the paths of the steps that write them.
    written: BTreeMap<String, String>,
    /// Tables of latencies, by file; `None`: one that is wrong.
    tables: BTreeMap<String, Option<Arc<DelayTable>>>,
    /// The names under `zones`.
    described: BTreeSet<String>,
}

impl Expander<'_, '_, '_> {
    fn until(&self) -> crate::engine::SimTime {
        let until = self.scenario.until.map(|until| until.0);
        let until = until.or_else(|| self.load_end()).unwrap_or(DEFAULT_UNTIL);
        crate::engine::SimTime::ZERO + until
    }

    /// When a run with a workload is over by which nothing else is said: an hour after its last message.
    fn load_end(&self) -> Option<std::time::Duration> {
        let load = self.scenario.workload.as_ref()?;
        let end = |at: Option<Dur>, over: Option<Dur>, usual: Dur| {
            at.unwrap_or(workload::USUAL_START).0.saturating_add(over.unwrap_or(usual).0)
        };
        let mail = load.mail.iter().map(|of| end(of.at, of.over, workload::USUAL_MAIL_TIME));
        let dns = load.dns.iter().map(|of| end(of.at, of.over, workload::USUAL_DNS_TIME));
        mail.chain(dns).max().map(|end| end.saturating_add(DEFAULT_UNTIL))
    }

    /// Checks that a host of that name (in lower case) is there.
    fn is_host(&mut self, path: &Path<'_>, name: &str) -> bool {
        if self.hosts.contains_key(name) {
            return true;
        }
        let known = self.hosts.keys().map(String::as_str);
        self.report.unknown(path, "host", name, known, HOST_SECTIONS);
        false
    }

    /// Reads a file of the scenario's folder.
    fn read_file(&mut self, path: &Path<'_>, file: &str) -> Option<Vec<u8>> {
        if let Some(remedy) = refuse_path(file) {
            let found = format!("{file:?} is no file of this scenario");
            self.report.at(path, found, remedy.to_owned());
            return None;
        }
        match self.files.read(file) {
            Ok(octets) => Some(octets),
            Err(error) => {
                let why = match error.kind() {
                    std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
                    _ => error.to_string(),
                };
                let remedy = "files are named from the scenario's folder".to_owned();
                self.report.at(path, format!("cannot read {file:?}: {why}"), remedy);
                None
            }
        }
    }
}

/// Where hosts come from.
const HOST_SECTIONS: &[&str] = &["domains", "hosts", "zones", "clients", "dns"];
const DEFAULT_UNTIL: std::time::Duration = std::time::Duration::from_secs(3_600);
