//! What runs on each host: the parts that domains give them, and their own services.

use super::Expander;
use super::draft::{Draft, MailboxDraft};
use super::names::host_name;
use crate::actors::client::config::Keep;
use crate::actors::mta::config::NotifyClasses;
use crate::scenario::finding::Path;
use crate::scenario::format::domain::{LeaveOnServer, ReadProtocol, User};
use crate::scenario::format::host as format;
use crate::scenario::format::policy::NotifyClass;
use crate::scenario::format::tls::{ReadTls, SubmitTls};
use crate::scenario::plan::Client;

impl<'s> Expander<'s, '_, '_> {
    pub(super) fn assign_services(&mut self) {
        for at in 0..self.domains.len() {
            self.assign_roles(at);
            self.assign_devices(at);
            self.assign_readers(at);
        }
        self.assign_clients();
        for at in 0..self.hosts.len() {
            self.assign_explicit(at);
        }
        self.assign_zones();
        self.check_port_53();
    }

    /// A host that a domain names as one of its servers.
    fn server(&mut self, path: &Path<'_>, name: &str) -> Option<&mut Draft<'s>> {
        match self.is_host(path, name) {
            true => self.hosts.get_mut(name),
            false => None,
        }
    }

    fn assign_roles(&mut self, at: usize) {
        let (domain, draft) = self.domains.get_index_mut(at).expect("it is counted");
        // Taken out while hosts change, and put back.
        let Some(roles) = draft.roles.take() else { return };
        let (domain, path) = (domain.clone(), draft.path.at("servers"));
        let policy = &draft.format.policy;
        let size_limit = policy.size_limit.map(|size| size.0);
        let smtputf8 = policy.smtputf8;
        let notify = policy.notify.as_ref().map(|classes| {
            let has = |class| classes.as_slice().contains(&class);
            NotifyClasses {
                double_bounces: has(NotifyClass::DoubleBounce),
                bounces: has(NotifyClass::Bounce),
                delays: has(NotifyClass::Delay),
            }
        });
        let of_policy = draft_path(&path, "policy");
        let mut retry = self.retry(&of_policy.at("retry"), &policy.retry);
        retry.delay_warning = policy.delay_warning.map(|dur| dur.0);
        let mta = |host: &mut Draft<'_>, part: Part| {
            let mta = host.mta.get_or_insert_default();
            mta.size_limit = mta.size_limit.or(size_limit);
            mta.smtputf8 = mta.smtputf8.or(smtputf8);
            mta.notify = mta.notify.or(notify);
            mta.retry.get_or_insert_with(|| retry.clone());
            mta.smtp |= part != Part::Submission;
            let list = match part {
                Part::Deliver => &mut mta.deliver,
                Part::Relay => &mut mta.relay,
                Part::Submission => &mut mta.submission,
            };
            if !list.contains(&domain) {
                list.push(domain.clone());
            }
        };
        if roles.has_mail()
            && let Some(host) = self.server(&path.at("mailbox"), &roles.mailbox)
        {
            mta(host, Part::Deliver);
            let server = host.mailbox_server.get_or_insert_with(|| MailboxDraft {
                domains: Vec::new(),
                imap: true,
                pop3: true,
                connections: None,
            });
            server.domains.push(domain.clone());
        }
        let inner = roles.has_inner_way();
        let zone = if inner { inner_key(&domain) } else { domain.clone() };
        let own_resolver = roles.resolver.ends_with(&format!(".{domain}"));
        for (index, name) in roles.border.iter().enumerate() {
            if let Some(host) = self.server(&path.at("border").at(index), name) {
                if *name != roles.mailbox {
                    mta(host, Part::Relay);
                }
                if !own_resolver && inner {
                    resolve_itself(host, Some(&zone));
                }
            }
        }
        if roles.has_mail()
            && let Some(host) = self.server(&path.at("submission"), &roles.submission)
        {
            mta(host, Part::Submission);
            if !own_resolver && roles.submission != roles.mailbox {
                resolve_itself(host, Some(&zone));
            }
        }
        for (index, name) in roles.backup_mx.iter().enumerate() {
            let in_domain = name.ends_with(&format!(".{domain}"));
            if let Some(host) = self.server(&path.at("backup_mx").at(index), name) {
                mta(host, Part::Relay);
                if in_domain {
                    // From outside, so that it finds the border MTAs as any stranger does.
                    resolve_itself(host, None);
                }
            }
        }
        if let Some(host) = self.server(&path.at("resolver"), &roles.resolver)
            && own_resolver
        {
            host.resolver.get_or_insert_default().push(zone);
            host.asks_itself = true;
        }
        self.domains[at].roles = Some(roles);
    }

    fn assign_devices(&mut self, at: usize) {
        let (domain, draft) = self.domains.get_index(at).expect("it is counted");
        let (domain, mail_name) = (domain.clone(), draft.mail_name.clone());
        let format = draft.format;
        let (tls, readers) = (super::tls::devices(format), super::tls::readers(format));
        for user in &format.users {
            let (password, read, leave) = match user {
                User::Name(_) => (None, None, None),
                User::Full(user) => (user.password.as_deref(), user.read, user.leave_on_server),
            };
            for device in self.devices(at, user) {
                let host = host_name(&format!("{device}.{}.{domain}", user.name()));
                let Some(host) = host.and_then(|host| self.hosts.get_mut(&host)) else { continue };
                let address = format!("{}@{mail_name}", user.name());
                let name = format!("{address}/{device}");
                let read = read.unwrap_or_default();
                let mut client = client(name, &address, &domain, password, read);
                submit_through(&mut client, tls);
                read_through(&mut client, readers);
                client.keep = keep(leave);
                host.clients.push(client);
            }
        }
    }

    fn assign_clients(&mut self) {
        let top = Path::top().at("clients");
        for (key, format) in &self.scenario.clients {
            let path = top.at(key.as_str());
            let Some(address) = self.address(&path.at("user"), &format.user) else { continue };
            let Some((domain, user)) = self.user(&path.at("user"), &address) else { continue };
            let address = format!("{}@{}", user.name(), self.domains[&domain].mail_name);
            let (mut password, mut read, mut leave) = (None, None, None);
            if let User::Full(user) = user {
                (password, read) = (user.password.as_deref(), user.read);
                leave = user.leave_on_server;
            }
            let read = format.read.or(read).unwrap_or_default();
            let password = format.password.as_deref().or(password);
            let mut client = client(key.clone(), &address, &domain, password, read);
            let tls =
                format.tls.or(self.domains.get(&domain).map(|of| super::tls::devices(of.format)));
            submit_through(&mut client, tls.unwrap_or(SubmitTls::None));
            if format.tls.is_some_and(|tls| tls != SubmitTls::None) {
                self.check_built_with_tls(&path.at("tls"));
            }
            let readers = self.domains.get(&domain).map(|of| super::tls::readers(of.format));
            read_through(&mut client, format.read_tls.or(readers).unwrap_or(ReadTls::None));
            if format.read_tls.is_some_and(|tls| tls != ReadTls::None) {
                self.check_built_with_tls(&path.at("read_tls"));
            }
            client.keep = keep(format.leave_on_server.or(leave));
            let reply = format.auto_reply.as_ref();
            client.auto_reply = reply.map(|reply| self.auto_reply(&path.at("auto_reply"), reply));
            if let Some(name) = &format.submit {
                client.submit = self.host_name(&path.at("submit"), name).unwrap_or_default();
            }
            if let Some(name) = &format.read_from {
                client.read_from = self.host_name(&path.at("read_from"), name).unwrap_or_default();
            }
            if let Some(host) = host_name(&format.host).and_then(|host| self.hosts.get_mut(&host)) {
                host.clients.push(client);
            }
        }
    }

    /// The user that has the address, with the domain's name, or a finding.
    pub(super) fn user(&mut self, path: &Path<'_>, address: &str) -> Option<(String, &'s User)> {
        let (local, domain) = address.rsplit_once('@')?;
        let name = host_name(domain).unwrap_or_default();
        let Some(draft) = self.domains.get(&name) else {
            let known = self.domains.keys().map(String::as_str);
            self.report.unknown(path, "domain of this scenario", domain, known, &["domains"]);
            return None;
        };
        let users = &draft.format.users;
        let found = users.iter().find(|user| user.name().eq_ignore_ascii_case(local));
        if found.is_none() {
            let known = users.iter().map(User::name);
            self.report.unknown(path, &format!("user of {domain}"), local, known, &["domains"]);
        }
        found.map(|user| (name, user))
    }

    fn assign_explicit(&mut self, at: usize) {
        let Some(host) = self.hosts[at].explicit else { return };
        let path = self.hosts[at].path.at("services");
        let mut ports: Vec<(u16, &str)> = Vec::new();
        for (index, service) in host.services.iter().enumerate() {
            let path = path.at(index);
            let (key, port) = match service {
                format::Service { name_server: Some(service), .. } => {
                    self.assign_name_server(at, &path.at("name_server"), service);
                    ("name_server", 53)
                }
                format::Service { resolver: Some(service), .. } => {
                    self.assign_resolver(at, &path.at("resolver"), service);
                    ("resolver", 53)
                }
                format::Service { mta: Some(service), .. } => {
                    self.assign_mta(at, &path.at("mta"), service);
                    ("mta", 25)
                }
                format::Service { mailbox_server: Some(service), .. } => {
                    self.assign_mailbox_server(at, &path.at("mailbox_server"), service);
                    ("mailbox_server", 143)
                }
                _ => continue,
            };
            match ports.iter().find(|(taken, _)| *taken == port) {
                Some((_, other)) => {
                    let found = format!("a second service on port {port}, beside \"{other}\"");
                    let remedy = match *other == key {
                        true => "put the two into one".to_owned(),
                        false => "give each a host of its own".to_owned(),
                    };
                    self.report.at(&path, found, remedy);
                }
                None => ports.push((port, key)),
            }
        }
    }

    /// A name server and a resolver do not share a host: both listen on port 53. Where both are
    /// services of the explicit form, that is told already.
    fn check_port_53(&mut self) {
        for (name, draft) in &self.hosts {
            let services = draft.explicit.map_or(&[][..], |host| &host.services);
            let told = services.iter().any(|service| service.name_server.is_some())
                && services.iter().any(|service| service.resolver.is_some());
            if draft.name_server.is_some() && draft.resolver.is_some() && !told {
                let found = format!("\"{name}\" is a name server and a resolver, both on port 53");
                self.report.at(&draft.path, found, "give each a host of its own".to_owned());
            }
        }
    }

    fn assign_name_server(&mut self, at: usize, path: &Path<'_>, service: &format::NameServer) {
        let mut keys = Vec::new();
        for (index, zone) in service.zones.iter().enumerate() {
            let path = path.at("zones").at(index);
            let key = if zone == "." { ".".into() } else { host_name(zone).unwrap_or_default() };
            match self.zones.get(&key) {
                Some(_) => keys.push(key),
                None => self.unknown_zone(&path, zone),
            }
        }
        self.hosts[at].name_server.get_or_insert_default().extend(keys);
    }

    fn assign_resolver(&mut self, at: usize, path: &Path<'_>, service: &format::Resolver) {
        let mut keys = Vec::new();
        for (index, zone) in service.zones.iter().enumerate() {
            let path = path.at("zones").at(index);
            let name = host_name(zone).unwrap_or_default();
            match [zone, &name].into_iter().find(|key| self.zones.contains_key(*key)) {
                Some(key) => keys.push(key.clone()),
                None => self.unknown_zone(&path, zone),
            }
        }
        let draft = &mut self.hosts[at];
        draft.resolver.get_or_insert_default().extend(keys);
        draft.asks_itself = true;
    }

    fn unknown_zone(&mut self, path: &Path<'_>, zone: &str) {
        let known = self.zones.keys().map(String::as_str);
        self.report.unknown(path, "zone", zone, known, &["zones", "domains"]);
    }

    fn assign_mailbox_server(
        &mut self,
        at: usize,
        path: &Path<'_>,
        format: &format::MailboxServer,
    ) {
        let domains = self.domain_names(&path.at("domains"), &format.domains);
        let server = self.hosts[at].mailbox_server.get_or_insert_with(|| MailboxDraft {
            domains: Vec::new(),
            imap: true,
            pop3: true,
            connections: None,
        });
        server.domains.extend(
            domains.into_iter().filter(|name| !server.domains.contains(name)).collect::<Vec<_>>(),
        );
        server.imap = format.imap.unwrap_or(server.imap);
        server.pop3 = format.pop3.unwrap_or(server.pop3);
        server.connections = format.connections.map(|count| count as usize);
    }

    pub(super) fn domain_names(&mut self, path: &Path<'_>, written: &[String]) -> Vec<String> {
        let mut names = Vec::new();
        for (index, written) in written.iter().enumerate() {
            let path = path.at(index);
            let name = host_name(written).unwrap_or_default();
            if self.domains.contains_key(&name) {
                names.push(name);
                continue;
            }
            let known = self.domains.keys().map(String::as_str);
            self.report.unknown(&path, "domain of this scenario", written, known, &["domains"]);
        }
        names
    }

    /// Puts each zone on the hosts that are named as its servers.
    fn assign_zones(&mut self) {
        for at in 0..self.zones.len() {
            let (key, zone) = self.zones.get_index(at).expect("it is counted");
            let (key, servers) = (key.clone(), zone.servers.clone());
            let path = match zone.explicit {
                Some(_) => zone.path.at("servers"),
                None => zone.path.at("servers").at("name_servers"),
            };
            for (index, server) in servers.iter().enumerate() {
                if let Some(host) = self.server(&path.at(index), server) {
                    let zones = host.name_server.get_or_insert_default();
                    if !zones.contains(&key) {
                        zones.push(key.clone());
                    }
                }
            }
        }
        // And the other way round: who serves a zone is one of its servers.
        for (name, host) in &self.hosts {
            for key in host.name_server.iter().flatten() {
                let servers = &mut self.zones[key].servers;
                if !servers.contains(name) {
                    servers.push(name.clone());
                }
            }
        }
        // But for those that hold it for others only.
        for (key, zone) in &self.zones {
            for name in zone.primary.iter().chain(&zone.secondaries) {
                let Some(host) = self.hosts.get_mut(name) else { continue };
                let zones = host.name_server.get_or_insert_default();
                if !zones.contains(key) {
                    zones.push(key.clone());
                }
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Deliver,
    Relay,
    Submission,
}

/// A resolver of the host's own, which knows the zone.
fn resolve_itself(host: &mut Draft<'_>, zone: Option<&str>) {
    let zones = host.resolver.get_or_insert_default();
    zones.extend(zone.filter(|zone| !zones.iter().any(|one| one == zone)).map(str::to_owned));
    host.asks_itself = true;
}

/// The key of the inner view of a domain's zone.
pub(super) fn inner_key(domain: &str) -> String {
    format!("{domain} (inner)")
}

/// The path of `key` beside the one that `path` ends in.
fn draft_path<'p>(path: &Path<'p>, key: &'p str) -> Path<'p> {
    let mut path = path.clone();
    path.0.pop();
    path.at(key)
}

pub(super) fn client(
    name: String,
    address: &str,
    domain: &str,
    password: Option<&str>,
    read: ReadProtocol,
) -> Client {
    let (server, read_port) = match read {
        ReadProtocol::Imap => ("imap", 143),
        ReadProtocol::Pop3 => ("pop", 110),
    };
    Client {
        read_tls: ReadTls::None,
        keep: Keep::No,
        auto_reply: None,
        name,
        user: address.to_owned(),
        password: password.unwrap_or(DEFAULT_PASSWORD).to_owned(),
        submit: format!("smtp.{domain}"),
        submit_port: 587,
        submit_tls: SubmitTls::None,
        read,
        read_from: format!("{server}.{domain}"),
        read_port,
    }
}

fn submit_through(client: &mut Client, tls: SubmitTls) {
    client.submit_tls = tls;
    client.submit_port = if tls == SubmitTls::Submissions { 465 } else { 587 };
}

pub(super) fn read_through(client: &mut Client, tls: ReadTls) {
    client.read_tls = tls;
    client.read_port = match (client.read, tls) {
        (ReadProtocol::Imap, ReadTls::Implicit) => 993,
        (ReadProtocol::Imap, _) => 143,
        (ReadProtocol::Pop3, ReadTls::Implicit) => 995,
        (ReadProtocol::Pop3, _) => 110,
    };
}

fn keep(leave: Option<LeaveOnServer>) -> Keep {
    match leave {
        None | Some(LeaveOnServer::Always(false)) => Keep::No,
        Some(LeaveOnServer::Always(true)) => Keep::Always,
        Some(LeaveOnServer::For(dur)) => Keep::For(dur.0),
    }
}

pub(super) const DEFAULT_PASSWORD: &str = "secret";
