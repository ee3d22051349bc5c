//! The generated domains of a workload: drafts like those of named domains, but for their users.

use std::sync::LazyLock;
use std::time::Duration;

use super::Expander;
use super::draft::{DomainDraft, Pool, Roles};
use super::names::host_name;
use super::services::{DEFAULT_PASSWORD, client, read_through};
use crate::actors::load::population::{DomainId, Names};
use crate::proto::smtp::Mailbox;
use crate::scenario::finding::Path;
use crate::scenario::format::domain::{Domain, Layout, ReadProtocol, Servers};
use crate::scenario::format::units::Dur;
use crate::scenario::format::workload::{Form, Generated, Keep, Latest};
use crate::scenario::plan::workload::GATEWAY;
use crate::store::mailbox::{NumberedAccounts, NumberedUsers, Retention};

/// What a generated domain is beside its draft.
#[derive(Debug, Clone, Copy)]
pub(super) struct Membership<'s> {
    pub(super) id: DomainId,
    pub(super) group: &'s Generated,
    /// Whether it takes mail from its own users alone.
    pub(super) is_closed: bool,
    /// Whether there is a host on which its users write.
    pub(super) has_clients: bool,
}

impl<'s> Expander<'s, '_, '_> {
    /// Adds the drafts of generated domains to those that are named.
    pub(super) fn draft_generated(&mut self) {
        let Some(workload) = &self.scenario.workload else { return };
        let top = Path::top().at("workload").at("domains");
        let groups = workload.domains.as_slice();
        if groups.is_empty() && !self.report.is_damaged(&["workload"]) {
            let remedy = "for example \"domains\": {\"count\": 1000, \"users\": 100}".to_owned();
            self.report.at(&top, "a workload without domains", remedy);
        }
        for (place, group) in groups.iter().enumerate() {
            let path = top.at(place);
            self.check_readers(&path, group);
            if self.check_names(&path, group) {
                self.draft_group(&path, place, group);
            }
        }
    }

    /// Whether names can be made of what the group says.
    fn check_names(&mut self, path: &Path<'_>, group: &Generated) -> bool {
        let pattern = name_of(group);
        let path_of_name = path.at("name");
        let mut bare = pattern.replace("{n}", "");
        bare = bare.replace("{t}", "");
        if bare.contains(['{', '}']) {
            let found = format!("{pattern:?} has a brace that stands for nothing");
            let remedy =
                "\"{n}\" is the number of the domain, \"{t}\" one that goes round".to_owned();
            self.report.at(&path_of_name, found, remedy);
            return false;
        }
        if group.count > 1 && !pattern.contains("{n}") {
            let found = format!("{} domains are all called {pattern:?}", group.count);
            let remedy = "put \"{n}\" where the number of the domain is to stand".to_owned();
            self.report.at(&path_of_name, found, remedy);
            return false;
        }
        // As long as any of them; what stands before it is as long as any that a load asks for.
        let (count, tlds) = (group.count.max(1), group.tlds.unwrap_or(1));
        let longest =
            pattern.replace("{n}", &count.to_string()).replace("{t}", &tlds.min(count).to_string());
        let in_full = format!("no-{}.{longest}", u64::MAX);
        if host_name(&in_full).is_none_or(|name| name != in_full) {
            let remedy = "labels of small letters, digits and \"-\" with dots between them";
            let found = format!("{longest:?} is no name for a domain here");
            self.report.at(&path_of_name, found, remedy.to_owned());
            return false;
        }
        let user = user_of(group);
        let is_lower = user.chars().all(|one| one.is_ascii() && !one.is_ascii_uppercase());
        let last = numbered_users(group).count.max(1);
        if !is_lower || Mailbox::new(&format!("{user}{last}"), &longest).is_err() {
            let remedy = "as \"user\": what numbers are put behind, in lower case".to_owned();
            self.report.at(&path.at("user"), format!("{user:?} begins no local part"), remedy);
            return false;
        }
        let numbered = numbered_users(group);
        let named = group.each.as_ref().map_or(&[][..], |each| &each.users);
        for (index, one) in named.iter().enumerate() {
            let name = one.name().to_ascii_lowercase();
            if numbered.number(&name).is_some() || name == GATEWAY {
                let found = match name == GATEWAY {
                    true => "it is the login by which hosts submit".to_owned(),
                    false => format!("one of the {} users is called {name:?} too", numbered.count),
                };
                let path = path.at("each").at("users").at(index);
                self.report.at(&path, found, "give it another name".to_owned());
            }
        }
        true
    }

    fn draft_group(&mut self, path: &Path<'s>, place: usize, group: &'s Generated) {
        let names = Names::new(name_of(group), group.tlds.unwrap_or(1));
        let first_of = |number: u32, many: u32| names.of(1 + (number - 1) / many * many);
        let hosting = group.hosting.unwrap_or(1);
        let per_name_server = group.per_name_server.unwrap_or(USUAL_SHARING);
        let per_resolver = group.per_resolver.unwrap_or(USUAL_SHARING);
        let format = each_of(group);
        let each = path.at("each");
        for number in 1..=group.count {
            let name = names.of(number);
            if self.domains.contains_key(&name) {
                let found = format!("the domain \"{name}\" is there already");
                let remedy = "give one of the two another name".to_owned();
                self.report.at(&path.at("name"), found, remedy);
                return;
            }
            let roles = Roles {
                name_servers: self.shared(&each, &first_of(number, per_name_server), format).0,
                resolver: self.shared(&each, &first_of(number, per_resolver), format).1,
                ..self.mail_roles(&each, &first_of(number, hosting), format)
            };
            let id = DomainId { group: u32::try_from(place).expect("few groups"), number };
            let generated = Membership {
                id,
                group,
                is_closed: is_among(number, group.closed.map_or(0.0, |share| share.0)),
                has_clients: is_among(number, group.clients.map_or(1.0, |share| share.0)),
            };
            let draft = DomainDraft {
                path: each.clone(),
                mail_name: name.clone(),
                format,
                roles: Some(roles),
                signers: Vec::new(),
                generated: Some(generated),
            };
            self.domains.insert(name, draft);
        }
    }

    /// The name servers and the resolver of domains that share those of this one.
    fn shared(
        &mut self,
        path: &Path<'_>,
        first: &str,
        format: &'s Domain,
    ) -> (Vec<String>, String) {
        match self.roles(path, first, format) {
            Some(roles) => (roles.name_servers, roles.resolver),
            None => (vec![format!("ns1.{first}")], format!("resolver.{first}")),
        }
    }

    /// The servers of mail of domains that share those of this one; without any, nobody's names.
    fn mail_roles(&mut self, path: &Path<'_>, first: &str, format: &'s Domain) -> Roles {
        self.roles(path, first, format).unwrap_or_default()
    }

    /// The host on which the users of a generated domain write, if there is one.
    pub(super) fn draft_clients(&mut self, at: usize) {
        let (name, domain) = self.domains.get_index(at).expect("it is counted");
        let Some(generated) = domain.generated.filter(|generated| generated.has_clients) else {
            return;
        };
        let (host, path) = (format!("clients.{name}"), domain.path.clone());
        self.draft(&host, &path, Pool::Devices).load = Some(generated.id);
    }
}

/// Each of them is a client with a step of the agenda.
const MOST_READERS: u64 = 1_000_000;

impl Expander<'_, '_, '_> {
    /// Puts those who read in a generated domain on its host for that.
    pub(super) fn assign_readers(&mut self, at: usize) {
        let (domain, draft) = self.domains.get_index(at).expect("it is counted");
        let Some(generated) = draft.generated.filter(|generated| generated.has_clients) else {
            return;
        };
        let (domain, format) = (domain.clone(), draft.format);
        let users = numbered_users(generated.group);
        let [imap, pop3] = readers_of(generated.group);
        let Some(host) = self.hosts.get_mut(&format!("clients.{domain}")) else { return };
        for number in 1..=imap + pop3 {
            let read = if number <= imap { ReadProtocol::Imap } else { ReadProtocol::Pop3 };
            let address = format!("{}@{domain}", users.name(number));
            let mut reader = client(format!("{address}/reader"), &address, &domain, None, read);
            read_through(&mut reader, super::tls::readers(format));
            host.clients.push(reader);
        }
    }

    /// How many read by IMAP and by POP3 in each domain: no more than there are users.
    pub(super) fn check_readers(&mut self, path: &Path<'_>, group: &Generated) {
        let [imap, pop3] = readers_asked_for(group);
        let users = numbered_users(group).count;
        if imap.saturating_add(pop3) > users {
            let found = format!("{} readers of {users} users", imap.saturating_add(pop3));
            self.report.at(&path.at("readers"), found, "at most as many as users".to_owned());
        } else if are_too_many(group, [imap, pop3]) {
            let found = format!("{} readers in each of {} domains", imap + pop3, group.count);
            let remedy = format!("{MOST_READERS} in all at the most");
            self.report.at(&path.at("readers"), found, remedy);
        } else if imap + pop3 > 0 && !has_mail(group) {
            let found = "readers of mailboxes that are nowhere";
            let remedy = "leave them out, or give each domain servers".to_owned();
            self.report.at(&path.at("readers"), found, remedy);
        }
        if group.readers.and_then(|of| of.every).is_some_and(|every| every.0 < LEAST_POLL) {
            let remedy = format!("at least \"{}\"", Dur(LEAST_POLL));
            self.report.at(&path.at("readers").at("every"), "hardly any time", remedy);
        }
    }
}

impl<'s> DomainDraft<'s> {
    /// On which router or in which region its hosts are, and where that is said.
    pub(super) fn place(&self) -> Option<(&'s str, Path<'s>)> {
        if let Some(Membership { id, group, .. }) = &self.generated
            && let Some(places) = group.attach.as_deref().filter(|places| !places.is_empty())
        {
            let place = (id.number as usize - 1) % places.len();
            let mut path = self.path.clone();
            path.0.pop();
            return Some((&places[place], path));
        }
        Some((self.format.attach.as_deref()?, self.path.clone()))
    }

    /// Its users by number.
    pub(super) fn numbered(&self) -> Option<NumberedAccounts> {
        let group = self.generated?.group;
        let retention = match group.keep {
            None => Retention::default(),
            Some(Keep::Form(form)) => {
                Retention { headers_alone: form == Form::Headers, latest: None }
            }
            Some(Keep::Some(Latest { latest, form })) => {
                Retention { headers_alone: form == Some(Form::Headers), latest: Some(latest) }
            }
        };
        let password = DEFAULT_PASSWORD.into();
        Some(NumberedAccounts { users: numbered_users(group), password, retention })
    }
}

/// Of numbers from 1 on, so many that a share of them is hit, as evenly as can be.
fn is_among(number: u32, share: f64) -> bool {
    let before = |number: u32| libm::floor(f64::from(number) * share + 1e-9);
    before(number) > before(number - 1)
}

pub(super) fn name_of(group: &Generated) -> &str {
    group.name.as_deref().unwrap_or("d{n}.example")
}

fn user_of(group: &Generated) -> &str {
    group.user.as_deref().unwrap_or("user")
}

pub(super) fn numbered_users(group: &Generated) -> NumberedUsers {
    NumberedUsers { prefix: user_of(group).into(), count: group.users.unwrap_or(USUAL_USERS) }
}

/// What each domain of the group is like otherwise.
pub(super) fn each_of(group: &Generated) -> &Domain {
    static USUAL: LazyLock<Domain> = LazyLock::new(Domain::default);
    group.each.as_ref().unwrap_or(&USUAL)
}

/// Whether the domains of the group have mail at all.
pub(super) fn has_mail(group: &Generated) -> bool {
    each_of(group).servers != Some(Servers::Layout(Layout::None))
}

/// How many are to read in each domain, by IMAP and by POP3.
fn readers_asked_for(group: &Generated) -> [u32; 2] {
    let readers = group.readers.unwrap_or_default();
    [readers.imap.unwrap_or(0), readers.pop3.unwrap_or(0)]
}

/// The same; nobody where that is too many, which is told.
pub(super) fn readers_of(group: &Generated) -> [u32; 2] {
    let asked = readers_asked_for(group);
    if are_too_many(group, asked) { [0, 0] } else { asked }
}

fn are_too_many(group: &Generated, readers: [u32; 2]) -> bool {
    let each: u64 = readers.into_iter().map(u64::from).sum();
    each.saturating_mul(u64::from(group.count)) > MOST_READERS
}

const LEAST_POLL: Duration = Duration::from_secs(1);
const USUAL_USERS: u32 = 10;
const USUAL_SHARING: u32 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_numbers_is_spread_evenly() {
        let among = |share: f64| (1..=100).filter(|number| is_among(*number, share)).count();
        assert_eq!((among(0.0), among(1.0), among(0.05), among(0.333)), (0, 100, 5, 33));
        let first: Vec<u32> = (1..=20).filter(|number| is_among(*number, 0.2)).collect();
        assert_eq!(first, [5, 10, 15, 20]);
    }
}
