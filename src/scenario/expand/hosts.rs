//! Every host there is: root and TLD servers, servers and devices of domains, hosts of the explicit
//! form, servers of zones, hosts of clients.

use indexmap::IndexSet;

use super::Expander;
use super::draft::{DomainDraft, Draft, Pool, Roles, ZoneDraft};
use super::names::{dns_name, host_name, in_domain, suffixes};
use crate::proto::dns::{Name, RecordData};
use crate::scenario::finding::Path;
use crate::scenario::format::OneOrMany;
use crate::scenario::format::domain::{Domain, Layout, ServerNames, Servers, User};
use crate::scenario::plan::Hint;

impl<'s> Expander<'s, '_, '_> {
    pub(super) fn draft_hosts(&mut self) {
        self.draft_root();
        self.draft_domains();
        self.draft_explicit_hosts();
        self.draft_explicit_zones();
        self.draft_client_hosts();
    }

    /// The draft of a host, made if it is not there.
    pub(super) fn draft(&mut self, name: &str, path: &Path<'s>, pool: Pool) -> &mut Draft<'s> {
        if !self.hosts.contains_key(name) {
            let domain = suffixes(name).find(|suffix| self.domains.contains_key(*suffix));
            let draft = Draft::new(path.clone(), domain.map(str::to_owned), pool);
            self.hosts.insert(name.to_owned(), draft);
        }
        self.hosts.get_mut(name).expect("it was put there")
    }

    fn draft_root(&mut self) {
        let dns = Path::top().at("dns");
        let format = &self.scenario.dns;
        let mut path = dns.at("root_servers");
        if let Some(file) = &format.hints {
            path = dns.at("hints");
            if format.root_servers.is_some() {
                let remedy = "the hints name the root servers; leave one of the two out".to_owned();
                self.report.at(&path, "there is \"root_servers\" too", remedy);
            }
            self.read_hints(&path, file);
        } else {
            let default = [DEFAULT_ROOT_SERVER.to_owned()];
            let names = format.root_servers.as_deref().unwrap_or(&default);
            if names.is_empty() {
                self.report.at(&path, "there is no root server", "name one".to_owned());
            }
            for (index, name) in names.iter().enumerate() {
                if let Some(name) = self.host_name(&path.at(index), name) {
                    match self.hints.iter().any(|hint| hint.name == name) {
                        true => {
                            let found = format!("the root server \"{name}\" stands here twice");
                            self.report.at(&path.at(index), found, None);
                        }
                        false => self.hints.push(Hint { name, addresses: Vec::new() }),
                    }
                }
            }
        }
        let servers: Vec<String> = self.hints.iter().map(|hint| hint.name.clone()).collect();
        for hint in self.hints.clone() {
            let draft = self.draft(&hint.name, &path, Pool::Infrastructure);
            draft.addresses = hint.addresses;
            draft.name_server = Some(Vec::new());
        }
        self.zone(".", &path, servers.clone(), false);
        // As on the Internet, the root servers serve the zone their names are in as well.
        let own: Vec<&str> =
            servers.iter().filter_map(|name| name.split_once('.').map(|(_, rest)| rest)).collect();
        if let Some(first) = own.first()
            && own.iter().all(|zone| zone == first)
            && first.contains('.')
        {
            let zone = (*first).to_owned();
            self.zone(&zone, &path, servers, true);
        }
    }

    fn read_hints(&mut self, path: &Path<'_>, file: &str) {
        let Some(records) = self.read_master(path, file, &Name::default(), 3_600) else { return };
        let servers = records.iter().filter_map(|record| match &record.data {
            RecordData::Ns(server) if record.name.is_root() => Some(server.clone()),
            _ => None,
        });
        for server in servers {
            let addresses = records
                .iter()
                .filter(|record| record.name == server)
                .filter_map(|record| match record.data {
                    RecordData::A(address) => Some(address.into()),
                    RecordData::Aaaa(address) => Some(address.into()),
                    _ => None,
                })
                .collect::<Vec<_>>();
            let text = server.without_dot().to_string();
            match host_name(&text) {
                Some(name) if !addresses.is_empty() => self.hints.push(Hint { name, addresses }),
                Some(_) => {
                    let found = format!("{file} gives the root server \"{text}\" no address");
                    self.report.at(path, found, None);
                }
                None => {
                    let found = format!("in {file}, \"{text}\" is no host name");
                    self.report.at(path, found, None);
                }
            }
        }
        if self.hints.is_empty() {
            let remedy = "it has NS records of \".\" and their addresses".to_owned();
            self.report.at(path, format!("{file} names no root server"), remedy);
        }
    }

    /// Notes a zone, and that `servers` serve it. One that is there already is left as it is.
    fn zone(&mut self, name: &str, path: &Path<'s>, servers: Vec<String>, takes_hosts: bool) {
        if !self.zones.contains_key(name) {
            let zone = ZoneDraft { servers, takes_hosts, ..self.zone_draft(name, path) };
            self.zones.insert(name.to_owned(), zone);
        }
    }

    fn zone_draft(&mut self, name: &str, path: &Path<'s>) -> ZoneDraft<'s> {
        let ttl = self.scenario.dns.ttl;
        ZoneDraft {
            path: path.clone(),
            name: dns_name(name),
            explicit: None,
            servers: Vec::new(),
            primary: None,
            secondaries: Vec::new(),
            inner: false,
            inner_mx: None,
            takes_hosts: false,
            ttl_secs: self.ttl_secs(&Path::top().at("dns").at("ttl"), ttl),
            made: Vec::new(),
            published: Vec::new(),
        }
    }

    /// The TLD of a name, with its server, unless the scenario describes it.
    fn draft_tld(&mut self, name: &str, path: &Path<'s>) {
        let tld = name.rsplit('.').next().unwrap_or(name);
        if name == "."
            || tld == name
            || self.zones.contains_key(tld)
            || self.described.contains(tld)
        {
            return;
        }
        let server = format!("a.nic.{tld}");
        self.draft(&server, path, Pool::Infrastructure).name_server = Some(Vec::new());
        self.zone(tld, path, vec![server], false);
    }

    fn draft_domains(&mut self) {
        let top = Path::top().at("domains");
        for (key, format) in &self.scenario.domains {
            let path = top.at(key.as_str());
            let Some(name) = self.host_name(&path, key) else { continue };
            if self.domains.contains_key(&name) {
                let found = format!("the domain \"{name}\" stands here twice");
                self.report.at(&path, found, None);
                continue;
            }
            let roles = self.roles(&path, &name, format);
            let draft = DomainDraft {
                path,
                mail_name: key.strip_suffix('.').unwrap_or(key).to_lowercase(),
                format,
                roles,
                signers: Vec::new(),
                generated: None,
            };
            self.domains.insert(name, draft);
        }
        self.draft_generated();
        for at in 0..self.domains.len() {
            self.draft_domain(at);
        }
    }

    fn draft_domain(&mut self, at: usize) {
        let (name, domain) = self.domains.get_index(at).expect("it is counted");
        let (name, path, format) = (name.clone(), domain.path.clone(), domain.format);
        let mut servers = Vec::new();
        let mut name_servers = Vec::new();
        if let Some(roles) = &domain.roles {
            name_servers.clone_from(&roles.name_servers);
            servers.extend(roles.name_servers.iter().cloned());
            servers.push(roles.resolver.clone());
            servers.extend(roles.border.iter().cloned());
            servers.extend([roles.submission.clone(), roles.mailbox.clone()]);
            servers.extend(roles.backup_mx.iter().cloned());
            self.draft_tld(&name, &path);
        }
        let below = format!(".{name}");
        for server in servers.iter().filter(|server| server.ends_with(&below)) {
            self.draft(server, &path.at("servers"), Pool::Servers);
        }
        if !name_servers.is_empty() {
            self.zone(&name, &path, name_servers, true);
            let ttl_secs = match format.ttl {
                Some(_) => self.ttl_secs(&path.at("ttl"), format.ttl),
                None => self.zones[&name].ttl_secs,
            };
            self.zones[&name].ttl_secs = ttl_secs;
        }
        self.draft_clients(at);
        let users = path.at("users");
        for (index, user) in format.users.iter().enumerate() {
            let path = users.at(index);
            let path = match user {
                User::Full(_) => path.at("devices"),
                User::Name(_) => path,
            };
            for device in self.devices(at, user) {
                match host_name(&format!("{device}.{}.{name}", user.name())) {
                    Some(host) => drop(self.draft(&host, &path, Pool::Devices)),
                    None => {
                        let found =
                            format!("{device:?} is no name for a device of {:?}", user.name());
                        let remedy = "both become labels of a host name: letters, digits and \"-\"";
                        self.report.at(&path, found, remedy.to_owned());
                    }
                }
            }
        }
    }

    /// The names of a user's devices.
    pub(super) fn devices(&self, domain: usize, user: &'s User) -> Vec<&'s str> {
        let layout = &self.domains[domain].roles;
        match user {
            User::Full(user) if user.devices.is_some() => {
                let devices: IndexSet<&str> =
                    user.devices.iter().flatten().map(String::as_str).collect();
                devices.into_iter().collect()
            }
            _ if layout.is_none() => Vec::new(),
            _ => vec![DEFAULT_DEVICE],
        }
    }

    /// Who serves a domain; `None` where the explicit form says so.
    pub(super) fn roles(
        &mut self,
        path: &Path<'_>,
        domain: &str,
        format: &'s Domain,
    ) -> Option<Roles> {
        let one = ServerNames {
            border: Some(OneOrMany::One("mail".into())),
            mailbox: Some("mail".into()),
            submission: Some("mail".into()),
            ..ServerNames::default()
        };
        let split = ServerNames::default();
        let names = match &format.servers {
            None | Some(Servers::Layout(Layout::One)) => &one,
            Some(Servers::Layout(Layout::Split)) => &split,
            Some(Servers::Layout(Layout::None)) => return None,
            Some(Servers::Named(names)) => names,
        };
        let path = path.at("servers");
        let mut full = |key: &'static str, name: &str| -> String {
            in_domain(name, domain).unwrap_or_else(|| {
                let remedy = "a label in the domain, or the full name of a host".to_owned();
                self.report.at(&path.at(key), format!("{name:?} is no host name"), remedy);
                format!("wrong.{domain}")
            })
        };
        let mut several = |key, names: &Option<OneOrMany<String>>, default: &[&str]| match names {
            Some(names) => names.as_slice().iter().map(|name| full(key, name)).collect(),
            None => default.iter().map(|name| full(key, name)).collect::<Vec<_>>(),
        };
        let border = several("border", &names.border, &["mx1"]);
        let name_servers = several("name_servers", &names.name_servers, &["ns1"]);
        let backup_mx = several("backup_mx", &names.backup_mx, &[]);
        let roles = Roles {
            border,
            name_servers,
            backup_mx,
            mailbox: full("mailbox", names.mailbox.as_deref().unwrap_or("imap")),
            submission: full("submission", names.submission.as_deref().unwrap_or("smtp")),
            resolver: full("resolver", names.resolver.as_deref().unwrap_or("resolver")),
        };
        for (key, list) in [
            ("border", &roles.border),
            ("name_servers", &roles.name_servers),
            ("backup_mx", &roles.backup_mx),
        ] {
            let twice = (1..list.len()).find(|at| list[..*at].contains(&list[*at]));
            if let Some(twice) = twice {
                let found = format!("\"{}\" stands here twice", list[twice]);
                self.report.at(&path.at(key).at(twice), found, None);
            }
            if list.is_empty() && key != "backup_mx" {
                let remedy = "name one, or leave the key out for the usual one".to_owned();
                self.report.at(&path.at(key), "an empty list", remedy);
            }
        }
        Some(roles)
    }

    fn draft_explicit_hosts(&mut self) {
        let top = Path::top().at("hosts");
        for (key, format) in &self.scenario.hosts {
            let path = top.at(key.as_str());
            let Some(name) = self.host_name(&path, key) else { continue };
            let draft = self.draft(&name, &path, Pool::Others);
            if draft.explicit.is_some() {
                let found = format!("the host \"{name}\" stands here twice");
                self.report.at(&path, found, None);
                continue;
            }
            draft.explicit = Some(format);
            draft.path = path;
        }
    }

    fn draft_explicit_zones(&mut self) {
        let top = Path::top().at("zones");
        for (key, format) in &self.scenario.zones {
            let path = top.at(key.as_str());
            let inner = format.name.is_some();
            let name_path = if inner { path.at("name") } else { path.clone() };
            let written = format.name.as_deref().unwrap_or(key);
            let name = match written {
                "." => ".".to_owned(),
                _ => match self.host_name(&name_path, written) {
                    Some(name) => name,
                    None => continue,
                },
            };
            let key = if inner { key.clone() } else { name.clone() };
            if inner && host_name(&key).is_some_and(|key| self.zones.contains_key(&key)) {
                let found = format!("a zone is called \"{key}\" already");
                let remedy = "give the inner view a label of its own: \"example.com inside\"";
                self.report.at(&path, found, remedy.to_owned());
                continue;
            }
            if self.zones.get(&key).is_some_and(|zone| zone.explicit.is_some()) {
                self.report.at(&path, format!("the zone \"{key}\" stands here twice"), None);
                continue;
            }
            let known = self.zones.get(&key).map(|zone| zone.servers.clone());
            let servers = match &format.servers {
                Some(servers) if !inner => {
                    let mut names = Vec::new();
                    for (index, server) in servers.iter().enumerate() {
                        let path = path.at("servers").at(index);
                        names.extend(self.host_name(&path, server));
                    }
                    if servers.is_empty() {
                        let remedy = "name the hosts that serve the zone".to_owned();
                        self.report.at(&path.at("servers"), "an empty list", remedy);
                    }
                    names
                }
                Some(_) => {
                    let remedy =
                        "a resolver serves it: hosts.*.services[].resolver.zones".to_owned();
                    self.report.at(&path.at("servers"), "an inner view has no servers", remedy);
                    Vec::new()
                }
                None if inner => Vec::new(),
                None => known.unwrap_or_else(|| match name.as_str() {
                    "." => Vec::new(),
                    name => vec![format!("ns1.{name}")],
                }),
            };
            let transfers = self.transfers(&path, format, inner, servers);
            for server in transfers.hosts() {
                self.draft(server, &path, Pool::Others);
            }
            if !inner {
                self.draft_tld(&name, &path);
            }
            if !self.zones.contains_key(&key) {
                let zone = ZoneDraft { inner, ..self.zone_draft(&name, &path) };
                self.zones.insert(key.clone(), zone);
            }
            let ttl_secs = match format.ttl {
                Some(_) => self.ttl_secs(&path.at("ttl"), format.ttl),
                None => self.zones[&key].ttl_secs,
            };
            let zone = &mut self.zones[&key];
            zone.explicit = Some(format);
            zone.servers = transfers.servers;
            zone.primary = transfers.primary;
            zone.secondaries = transfers.secondaries;
            zone.ttl_secs = ttl_secs;
            zone.path = path;
            zone.takes_hosts |= !inner;
        }
    }

    fn draft_client_hosts(&mut self) {
        let top = Path::top().at("clients");
        for (key, client) in &self.scenario.clients {
            let path = top.at(key.as_str()).at("host");
            if let Some(name) = self.host_name(&path, &client.host) {
                self.draft(&name, &path, Pool::Devices);
            }
        }
    }
}

const DEFAULT_ROOT_SERVER: &str = "a.root-servers.net";
const DEFAULT_DEVICE: &str = "laptop";
