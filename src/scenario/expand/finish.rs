//! Drafts of hosts to hosts of the plan.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use indexmap::IndexMap;

use super::Expander;
use super::draft::{Draft, MtaDraft};
use crate::actors::mta::config::ClientPolicy;
use crate::proto::dns::resolver::ResolverConfig;
use crate::scenario::finding::{Path, quoted};
use crate::scenario::format::policy::Pop3;
use crate::scenario::plan::{Domain, Host, MailboxServer, Mta, NameServer, Resolver, Service};

impl Expander<'_, '_, '_> {
    /// The hosts, and the host of each client.
    pub(super) fn build_hosts(
        &mut self,
        domains: &IndexMap<String, Arc<Domain>>,
    ) -> (IndexMap<String, Host>, IndexMap<String, String>) {
        let mut hosts = IndexMap::with_capacity(self.hosts.len());
        let mut clients = IndexMap::new();
        let policies = self.client_policies();
        let tls = self.build_tls();
        let mut loads = self.load_hosts();
        for at in 0..self.hosts.len() {
            let resolvers = self.resolvers(at);
            let settings = self.own_settings(at);
            let own_tls = self.hosts.get_index(at).and_then(|(name, _)| self.tls_of(name, &tls));
            let (name, draft) = self.hosts.get_index_mut(at).expect("it is counted");
            let all = |names: &[String]| -> Vec<Arc<Domain>> {
                names.iter().filter_map(|name| domains.get(name)).cloned().collect()
            };
            let mut services = Vec::new();
            if let Some(zones) = draft.name_server.take() {
                services.push(Service::NameServer(NameServer { zones }));
            }
            if let (Some(zones), Some((config, port))) = (draft.resolver.take(), settings) {
                services.push(Service::Resolver(Resolver { zones, config, port }));
            }
            if let Some(mta) = &draft.mta {
                services.push(Service::Mta(Box::new(Mta {
                    name: name.clone(),
                    smtp: mta.smtp,
                    lmtp: mta.lmtp,
                    submission: all(&mta.submission),
                    deliver: all(&mta.deliver),
                    relay: all(&mta.relay),
                    relay_domains: mta.relay_domains.clone(),
                    smart_host: mta.smart_host.clone(),
                    transports: mta.transports.clone(),
                    limits: mta.limits.clone(),
                    tls: own_tls.clone(),
                    size_limit: mta.size_limit.unwrap_or(DEFAULT_SIZE_LIMIT),
                    smtputf8: mta.smtputf8.unwrap_or(true),
                    notify: mta.notify.unwrap_or_default(),
                    retry: mta.retry.clone().unwrap_or_default(),
                    clients: client_policy(mta, &policies),
                })));
            }
            if let Some(server) = &draft.mailbox_server {
                let format = |name: &String| self.domains.get(name).map(|of| of.format);
                let pop3 = server.domains.iter().filter_map(format).map(|of| &of.policy.pop3);
                let pop3 = pop3.clone().find(|of| **of != Pop3::default());
                let own = server.domains.iter().filter_map(|name| policies.get(name));
                let usual = ClientPolicy::default().mechanisms;
                let own = own.map(|policy| &policy.mechanisms).find(|of| **of != usual);
                services.push(Service::MailboxServer(Box::new(MailboxServer {
                    domains: all(&server.domains),
                    imap: server.imap,
                    pop3: server.pop3,
                    tls: own_tls,
                    mechanisms: own.cloned().unwrap_or(usual),
                    apop: pop3.and_then(|of| of.apop).unwrap_or(false),
                    login_delay: pop3.and_then(|of| of.login_delay).map(|dur| dur.0),
                    connections: server.connections,
                })));
            }
            let disk = draft.explicit.and_then(|explicit| explicit.disk);
            let path = draft.path.clone();
            let load = loads.swap_remove(&at);
            services.extend(load.map(|load| Service::Load(Box::new(load))));
            let needs_resolver =
                draft.mta.is_some() || !draft.clients.is_empty() || draft.load.is_some();
            let own_clients = std::mem::take(&mut draft.clients);
            let host = Host {
                name: name.clone(),
                addresses: draft.addresses.clone(),
                resolvers,
                disk_octets: disk.map(|disk| disk.size.0),
                services,
            };
            let name = name.clone();
            if needs_resolver
                && host.resolvers.is_empty()
                && !self.report.is_damaged(super::HOST_SECTIONS)
            {
                let found = format!("\"{name}\" has no resolver, so that it finds no other host");
                let remedy = format!("hosts.{name:?}.resolver names one");
                self.report.at(&path, found, remedy);
            }
            hosts.insert(name.clone(), host);
            for client in own_clients {
                if let Some(other) = clients.insert(client.name.clone(), name.clone()) {
                    let path = Path::top().at("clients").at(client.name.as_str());
                    let found =
                        format!("a client is called \"{}\" already, on \"{other}\"", client.name);
                    self.report.at(&path, found, "give it another name".to_owned());
                }
                hosts[&name].services.push(Service::Client(client));
            }
        }
        (hosts, clients)
    }

    /// What each domain's MTAs demand of strangers.
    fn client_policies(&mut self) -> BTreeMap<String, ClientPolicy> {
        let mut policies = BTreeMap::new();
        for at in 0..self.domains.len() {
            let (name, draft) = self.domains.get_index(at).expect("it is counted");
            let (name, path, format) = (name.clone(), draft.path.at("policy"), draft.format);
            policies.insert(name, self.client_policy(&path, &format.policy));
        }
        policies
    }

    /// What the resolver of a host keeps to, if it is one.
    fn own_settings(&mut self, at: usize) -> Option<(Box<ResolverConfig>, Option<u16>)> {
        let host = &self.hosts[at];
        host.resolver.as_ref()?;
        let path = host.path.at("services");
        let services = host.explicit.map_or(&[][..], |host| &host.services).iter().enumerate();
        let own = services
            .filter_map(|(index, service)| Some((index, &service.resolver.as_ref()?.settings)))
            .next();
        let own = own.map(|(index, own)| (path.at(index).at("resolver").at("settings"), own));
        Some(self.resolver_config(own.as_ref().map(|(path, own)| (path, *own))))
    }

    /// The addresses of the resolvers that a host asks.
    fn resolvers(&mut self, at: usize) -> Vec<IpAddr> {
        let host = &self.hosts[at];
        let path = host.path.at("resolver");
        if let Some(names) = host.explicit.and_then(|host| host.resolver.as_ref()) {
            let mut addresses = Vec::new();
            for (index, written) in names.as_slice().iter().enumerate() {
                let path = path.at(index);
                let Some(name) = self.host_name(&path, written) else { continue };
                if self.is_host(&path, &name) {
                    addresses.extend(self.resolver_addresses(&path, &name));
                }
            }
            return addresses;
        }
        if host.asks_itself {
            return host.addresses.clone();
        }
        let domain = host.domain.as_ref().and_then(|name| self.domains.get(name));
        match domain.and_then(|domain| domain.roles.as_ref().map(|roles| (domain, roles))) {
            Some((domain, roles)) => {
                let (path, name) =
                    (domain.path.at("servers").at("resolver"), roles.resolver.clone());
                self.resolver_addresses(&path, &name)
            }
            None => Vec::new(),
        }
    }

    fn resolver_addresses(&mut self, path: &Path<'_>, name: &str) -> Vec<IpAddr> {
        let Some((at, _, host)) = self.hosts.get_full(name) else { return Vec::new() };
        let asks_itself = host.asks_itself;
        let addresses = host.addresses.clone();
        if !asks_itself && !is_resolver(&self.hosts[at]) {
            let resolvers = self.hosts.iter().filter(|(_, host)| is_resolver(host));
            let names: Vec<&str> = resolvers.take(16).map(|(name, _)| name.as_str()).collect();
            let remedy = match names.is_empty() {
                true => "give it the service {\"resolver\": {}}".to_owned(),
                false => format!("resolvers: {}", quoted(&names)),
            };
            self.report.at(path, format!("no resolver runs on \"{name}\""), remedy);
        }
        addresses
    }
}

/// What an MTA demands of strangers: it has one set of demands for all its domains.
fn client_policy(mta: &MtaDraft, policies: &BTreeMap<String, ClientPolicy>) -> ClientPolicy {
    let domains = mta.deliver.iter().chain(&mta.relay).chain(&mta.submission);
    let demanding = domains
        .filter_map(|name| policies.get(name))
        .find(|policy| **policy != ClientPolicy::default());
    demanding.cloned().unwrap_or_default()
}

fn is_resolver(host: &Draft<'_>) -> bool {
    host.resolver.is_some() || host.asks_itself
}

/// Postfix's message_size_limit.
const DEFAULT_SIZE_LIMIT: u64 = 10_240_000;
