//! Users, aliases and restrictions of every domain.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::Expander;
use super::lists::quota;
use super::names::host_name;
use super::replies::reply_text;
use super::services::DEFAULT_PASSWORD;
use crate::actors::mta::config::OverQuota;
use crate::proto::smtp::Mailbox;
use crate::scenario::finding::Path;
use crate::scenario::format::authentication::Auth;
use crate::scenario::format::domain::{self as format, User as UserFormat};
use crate::scenario::format::policy;
use crate::scenario::plan::{AutoReply, Domain, Restriction, User};
use crate::store::mailbox::{NumberedAccounts, Quota};

impl Expander<'_, '_, '_> {
    pub(super) fn build_domains(&mut self) -> IndexMap<String, Arc<Domain>> {
        let mut inside: BTreeMap<String, Vec<IpAddr>> = BTreeMap::new();
        let mut mailbox_hosts: BTreeMap<String, String> = BTreeMap::new();
        for at in 0..self.hosts.len() {
            let (name, host) = self.hosts.get_index(at).expect("it is counted");
            let (name, path) = (name.clone(), host.path.clone());
            let mta = host.mta.iter();
            let domains =
                mta.flat_map(|mta| mta.deliver.iter().chain(&mta.relay).chain(&mta.submission));
            for domain in domains {
                let inside = inside.entry(domain.clone()).or_default();
                if host.addresses.first().is_some_and(|first| !inside.contains(first)) {
                    inside.extend(&host.addresses);
                }
            }
            let kept = host.mailbox_server.as_ref().map(|server| server.domains.clone());
            for domain in kept.unwrap_or_default() {
                if let Some(other) = mailbox_hosts.insert(domain.clone(), name.clone()) {
                    let found = format!("the mailboxes of \"{domain}\" are on \"{other}\" already");
                    self.report.at(&path, found, "a domain's mailboxes are on one host".to_owned());
                }
            }
        }
        let mut domains = IndexMap::new();
        for at in 0..self.domains.len() {
            let (name, draft) = self.domains.get_index(at).expect("it is counted");
            let (name, path, format) = (name.clone(), draft.path.clone(), draft.format);
            let signers = draft.signers.clone();
            let numbered = draft.numbered();
            let is_closed = draft.generated.is_some_and(|generated| generated.is_closed);
            let users = self.users(&path.at("users"), &name, &format.users);
            let mut aliases = self.aliases(&path.at("aliases"), &name, format, &users);
            let lists = self.lists(&path.at("lists"), &name, format, &users);
            let policy = &format.policy;
            let known: Vec<&str> = users
                .keys()
                .chain(aliases.keys())
                .chain(lists.keys())
                .map(String::as_str)
                .collect();
            let (mut restriction, restrictions) =
                self.restrictions(&path.at("policy"), &name, policy, &known);
            if is_closed {
                restriction.accept_from = policy::AcceptFrom::Inside;
            }
            let catch_all = format.catch_all.as_ref();
            let catch_all =
                catch_all.and_then(|to| self.addressee(&path.at("catch_all"), &name, to));
            let delimiter = self.delimiter(&path.at("policy").at("recipient_delimiter"), policy);
            let over_quota = users.values().any(|user| user.quota != Quota::default());
            let over_quota = over_quota.then(|| match policy.over_quota.unwrap_or_default() {
                policy::OverQuota::Reject => OverQuota::Reject,
                policy::OverQuota::Defer => OverQuota::Defer,
            });
            let postmaster = self.postmaster(&path.at("policy"), &name, policy, &users, &aliases);
            let postmaster = postmaster.or_else(|| first_of(numbered.as_ref()?, &name));
            aliases.extend(postmaster.map(|target| ("postmaster".to_owned(), vec![target])));
            let greylist = policy.greylist.as_ref();
            let greylist = greylist
                .map(|greylist| self.greylisting(&path.at("policy").at("greylist"), greylist));
            let verification = policy.verify_recipients.as_ref().map(|verify| {
                self.verification(&path.at("policy").at("verify_recipients"), verify)
            });
            let domain = Domain {
                users,
                numbered,
                aliases,
                lists,
                catch_all,
                delimiter,
                detail_mailbox: policy.detail_mailbox.unwrap_or(false),
                srs: policy.srs.unwrap_or(false),
                over_quota,
                restriction,
                restrictions,
                greylist,
                verification,
                inside: inside.remove(&name).unwrap_or_default(),
                mailbox_host: mailbox_hosts.remove(&name),
                authentication: format.policy.auth.map(Auth::checks).unwrap_or_default(),
                signers,
                name: name.clone(),
            };
            domains.insert(name, Arc::new(domain));
        }
        self.check_circles(&domains);
        domains
    }

    fn users(
        &mut self,
        path: &Path<'_>,
        domain: &str,
        formats: &[UserFormat],
    ) -> IndexMap<String, User> {
        let mail_name = self.domains[domain].mail_name.clone();
        let mut users = IndexMap::new();
        for (index, format) in formats.iter().enumerate() {
            let path = path.at(index);
            let name = format.name();
            if let Err(error) = Mailbox::new(name, domain) {
                let remedy = "the part before the \"@\", as \"alice\"".to_owned();
                self.report.at(&path, format!("{name:?} is no local part: {error}"), remedy);
                continue;
            }
            let mut user = User {
                address: format!("{name}@{mail_name}"),
                password: DEFAULT_PASSWORD.to_owned(),
                quota: Quota::default(),
                forward: None,
                auto_reply: None,
            };
            if let UserFormat::Full(format) = format {
                if let Some(password) = &format.password {
                    let path = path.at("password");
                    if password.is_empty() || password.chars().any(char::is_control) {
                        let remedy = "at least one character, none of them a control character";
                        self.report.at(&path, "no password", remedy.to_owned());
                    }
                    user.password.clone_from(password);
                }
                user.quota = format.quota.map(quota).unwrap_or_default();
                let forward = format.forward.as_ref();
                user.forward =
                    forward.map(|forward| self.forward(&path.at("forward"), domain, forward));
                let reply = format.auto_reply.as_ref();
                user.auto_reply = reply.map(|reply| self.auto_reply(&path.at("auto_reply"), reply));
                let devices = format.devices.as_deref().unwrap_or_default();
                for (index, device) in devices.iter().enumerate() {
                    if devices[..index].contains(device) {
                        let found = format!("the device \"{device}\" stands here twice");
                        self.report.at(&path.at("devices").at(index), found, None);
                    }
                }
            }
            if users.insert(name.to_ascii_lowercase(), user).is_some() {
                let found = format!("the user \"{name}\" stands here twice");
                self.report.at(&path, found, None);
            }
        }
        users
    }

    /// A reply that somebody sends by itself.
    pub(super) fn auto_reply(&mut self, path: &Path<'_>, format: &policy::AutoReply) -> AutoReply {
        self.one_line(&path.at("subject"), format.subject.as_deref().unwrap_or_default());
        AutoReply {
            subject: format.subject.clone(),
            text: format.text.clone(),
            once_per: format.once_per.map_or(A_WEEK, |dur| dur.0),
        }
    }

    fn aliases(
        &mut self,
        path: &Path<'_>,
        domain: &str,
        format: &format::Domain,
        users: &IndexMap<String, User>,
    ) -> IndexMap<String, Vec<String>> {
        let mut aliases: IndexMap<String, Vec<String>> = IndexMap::new();
        for (name, targets) in &format.aliases {
            let path = path.at(name.as_str());
            let local = name.to_ascii_lowercase();
            if Mailbox::new(name, domain).is_err() {
                self.report.at(&path, format!("{name:?} is no local part"), None);
                continue;
            }
            if users.contains_key(&local) {
                let found = format!("a user is called \"{name}\" too");
                self.report.at(&path, found, "give the alias another name".to_owned());
            }
            let full = self.addressees(&path, domain, targets.as_slice());
            if targets.as_slice().is_empty() {
                self.report.at(&path, "an alias for nobody", "name an address".to_owned());
            }
            aliases.insert(local, full);
        }
        aliases
    }

    /// Who gets the mail for postmaster, where nobody is called so.
    fn postmaster(
        &mut self,
        path: &Path<'_>,
        domain: &str,
        policy: &policy::Policy,
        users: &IndexMap<String, User>,
        aliases: &IndexMap<String, Vec<String>>,
    ) -> Option<String> {
        let path = path.at("postmaster");
        let written = match policy.postmaster.as_deref() {
            Some(address) if address.contains('@') => self.address(&path, address),
            Some(local) => {
                let known = users.keys().chain(aliases.keys()).map(String::as_str);
                if known.clone().any(|name| name.eq_ignore_ascii_case(local)) {
                    Some(format!("{local}@{domain}"))
                } else {
                    let noun = format!("user or alias of {domain}");
                    let known: Vec<&str> = known.collect();
                    self.report.unknown(&path, &noun, local, known, &["domains"]);
                    None
                }
            }
            None => None,
        };
        if users.contains_key("postmaster") || aliases.contains_key("postmaster") {
            if policy.postmaster.is_some() {
                let found = "a user or an alias is called \"postmaster\"";
                self.report.at(&path, found, "leave one of the two out".to_owned());
            }
            return None;
        }
        written.or_else(|| users.values().next().map(|user| user.address.clone()))
    }

    fn restrictions(
        &mut self,
        path: &Path<'_>,
        domain: &str,
        format: &policy::Policy,
        known: &[&str],
    ) -> (Restriction, IndexMap<String, Restriction>) {
        let restriction = Restriction {
            accept_from: format.accept_from.unwrap_or_default(),
            allow: self.sender_patterns(&path.at("allow"), &format.allow),
            deny: self.sender_patterns(&path.at("deny"), &format.deny),
            reply: reply_text(format.reply.as_ref()),
            mode: format.mode.unwrap_or_default(),
        };
        self.check_reply(&path.at("reply"), format.reply.as_ref());
        let mut restrictions = IndexMap::new();
        for (name, format) in &format.recipients {
            let path = path.at("recipients").at(name.as_str());
            let local = name.to_ascii_lowercase();
            if !known.contains(&local.as_str()) {
                let noun = format!("user, alias or list of {domain}");
                self.report.unknown(&path, &noun, name, known.iter().copied(), &["domains"]);
                continue;
            }
            self.check_reply(&path.at("reply"), format.reply.as_ref());
            let mut allow = self.sender_patterns(&path.at("allow"), &format.allow);
            allow.extend_from_slice(&restriction.allow);
            let mut deny = self.sender_patterns(&path.at("deny"), &format.deny);
            deny.extend_from_slice(&restriction.deny);
            let own = Restriction {
                accept_from: format.accept_from.unwrap_or(restriction.accept_from),
                allow,
                deny,
                reply: match &format.reply {
                    Some(reply) => reply_text(Some(reply)),
                    None => restriction.reply.clone(),
                },
                mode: format.mode.unwrap_or(restriction.mode),
            };
            restrictions.insert(local, own);
        }
        (restriction, restrictions)
    }

    /// No alias leads back to itself.
    fn check_circles(&mut self, domains: &IndexMap<String, Arc<Domain>>) {
        let mut told = BTreeSet::new();
        for (name, domain) in domains {
            for local in domain.aliases.keys() {
                if told.contains(&format!("{local}@{name}")) {
                    continue;
                }
                if let Some(circle) = circle(domains, local, name) {
                    let path = self.domains[name].path.at("aliases").at(local.as_str());
                    let found =
                        format!("an alias that leads back to itself: {}", circle.join(" -> "));
                    self.report.at(&path, found, "let it end at a user".to_owned());
                    told.extend(circle);
                }
            }
        }
    }
}

/// The address of the first of the users by number, if there is one.
fn first_of(numbered: &NumberedAccounts, domain: &str) -> Option<String> {
    (numbered.users.count > 0).then(|| format!("{}@{domain}", numbered.users.name(1)))
}

/// The way from an alias back to itself, if there is one.
fn circle(
    domains: &IndexMap<String, Arc<Domain>>,
    local: &str,
    domain: &str,
) -> Option<Vec<String>> {
    let start = format!("{local}@{domain}");
    // Each alias reached, with where it was reached from.
    let mut reached: IndexMap<String, Option<usize>> = IndexMap::from([(start.clone(), None)]);
    let mut at = 0;
    while at < reached.len() {
        let (address, _) = reached.get_index(at).expect("it is counted");
        let targets = address
            .rsplit_once('@')
            .and_then(|(local, domain)| domains.get(&host_name(domain)?)?.aliases.get(local));
        for target in targets.into_iter().flatten() {
            let target = target.to_ascii_lowercase();
            if target == start {
                let mut way = vec![start];
                let mut from = Some(at);
                while let Some(step) = from {
                    let (address, before) = reached.get_index(step).expect("it is counted");
                    way.push(address.clone());
                    from = *before;
                }
                way.reverse();
                return Some(way);
            }
            reached.entry(target).or_insert(Some(at));
        }
        at += 1;
    }
    None
}

const A_WEEK: Duration = Duration::from_secs(7 * 86_400);
