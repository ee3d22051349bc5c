//! MTAs and mailbox servers of a plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::tls::TlsParts;
use crate::actors::mail_server::{MailServer, MailServerConfig};
use crate::actors::mta::config::{
    self, AcceptFrom, Authentication, AutoReply, DmarcCheck, Domain, Flush, Forward, MailingList,
    NumberedSubmitters, Personal, RefusalMode, Restriction, SpfCheck, Submitter, Submitters,
    Transport,
};
use crate::actors::{Mta, MtaConfig};
use crate::engine::Seed;
use crate::proto::imap::UidValidity;
use crate::proto::mail::Srs;
use crate::proto::smtp::misbehaviour::Rule;
use crate::proto::smtp::{Mailbox, Reply};
use crate::scenario::format::authentication::{self as format, AuthChecks};
use crate::scenario::format::policy;
use crate::scenario::plan::workload::GATEWAY;
use crate::scenario::plan::{self, Bug, Host};
use crate::store::mailbox::{MailStore, NumberedAccounts};
use crate::world::{Disk, HostConfig};

/// Puts an MTA on a host.
pub(super) fn mta(
    config: HostConfig,
    host: &Host,
    mta: &plan::Mta,
    tls: &TlsParts,
    (flushes, misbehaviour, bug): (Vec<Flush>, Arc<[Arc<Rule>]>, Option<Bug>),
    seed: Seed,
) -> HostConfig {
    let mut settings = MtaConfig::new(&mta.name, super::resolvers(host));
    for name in &mta.relay_domains {
        settings.domains.insert(name.clone(), Domain::open(Transport::Relay, None));
    }
    for domain in &mta.relay {
        settings.domains.insert(domain.name.clone(), build_domain(domain, Transport::Relay, seed));
    }
    for domain in &mta.deliver {
        settings
            .domains
            .insert(domain.name.clone(), build_domain(domain, Transport::Mailbox, seed));
    }
    let own = mta.deliver.iter().chain(&mta.relay).chain(&mta.submission);
    for domain in own.clone().filter(|domain| !domain.signers.is_empty()) {
        let name = domain.signers[0].domain().clone();
        settings.signers.insert(name, domain.signers.clone());
    }
    settings.authentication = authentication(mta);
    settings.inside = own.flat_map(|domain| domain.inside.iter().copied()).collect();
    settings.smtp = mta.smtp;
    settings.lmtp = mta.lmtp;
    if !mta.submission.is_empty() {
        settings.submission = Some(submitters(&mta.submission));
    }
    settings.tls = mta.tls.as_ref().map(|of| tls.mta(&host.name, of));
    settings.size_limit_octets = mta.size_limit;
    settings.smtputf8 = mta.smtputf8;
    settings.notify = mta.notify;
    settings.retry = mta.retry.clone();
    settings.limits = mta.limits.clone();
    settings.smart_host.clone_from(&mta.smart_host);
    settings.transports = mta.transports.clone();
    settings.flushes = flushes;
    settings.misbehaviour = misbehaviour;
    settings.bug = match bug {
        Some(Bug::ForgetfulQueue) => Some(config::Bug::ForgetfulQueue),
        Some(Bug::LateWrite) => Some(config::Bug::LateWrite),
        Some(Bug::BelievedAdditionals) | None => None,
    };
    settings.clients = mta.clients.clone();
    let settings = Arc::new(settings);
    config.actor(move || Mta::new(Arc::clone(&settings)))
}

/// What the first of its domains that asks for anything has checked.
fn authentication(mta: &plan::Mta) -> Authentication {
    let domains = mta.deliver.iter().chain(&mta.relay).map(|domain| domain.authentication);
    let checks = domains.into_iter().find(|checks| *checks != AuthChecks::default());
    let checks = checks.unwrap_or_default();
    Authentication {
        spf: match checks.spf {
            format::SpfCheck::Off => SpfCheck::Off,
            format::SpfCheck::Mark => SpfCheck::Mark,
            format::SpfCheck::Reject => SpfCheck::Reject,
        },
        dkim: checks.dkim == format::DkimCheck::Mark,
        dmarc: match checks.dmarc {
            format::DmarcCheck::Off => DmarcCheck::Off,
            format::DmarcCheck::Mark => DmarcCheck::Mark,
            format::DmarcCheck::Enforce => DmarcCheck::Enforce,
        },
        defer_temporary: checks.temperror == format::TempErrorAction::Defer,
        ..Authentication::default()
    }
}

fn submitters(domains: &[Arc<plan::Domain>]) -> Submitters {
    let users = domains.iter().flat_map(|domain| domain.users.values());
    let mut submitters =
        Submitters { named: users.map(submitter).collect(), ..Submitters::default() };
    for domain in domains {
        if let Some(NumberedAccounts { users, password, .. }) = domain.numbered.clone() {
            let numbered = NumberedSubmitters { users, password, gateway: GATEWAY.into() };
            submitters.numbered.insert(domain.name.clone(), numbered);
        }
    }
    submitters
}

fn submitter(user: &plan::User) -> (String, Submitter) {
    let addresses = vec![mailbox(&user.address)];
    (user.address.clone(), Submitter { password: user.password.clone(), addresses })
}

fn build_domain(domain: &plan::Domain, transport: Transport, seed: Seed) -> Domain {
    let users = domain.users.keys().cloned().collect();
    let mut built = Domain::open(transport, Some(users));
    built.numbered = domain.numbered.as_ref().map(|of| of.users.clone());
    built.aliases = domain
        .aliases
        .iter()
        .map(|(alias, targets)| {
            (alias.clone(), targets.iter().map(|target| mailbox(target)).collect())
        })
        .collect();
    built.lists = domain.lists.iter().map(|(name, of)| (name.clone(), list(of))).collect();
    built.catch_all = domain.catch_all.as_deref().map(mailbox);
    built.delimiter = domain.delimiter;
    built.detail_mailbox = domain.detail_mailbox;
    built.over_quota = domain.over_quota;
    built.srs = domain.srs.then(|| {
        // One for all servers of the domain: each may have to lead a bounce back.
        let mut draws = seed.stream(&format!("srs {}", domain.name));
        let secret = [draws.next_u64().to_le_bytes(), draws.next_u64().to_le_bytes()].concat();
        Arc::new(Srs::new(secret))
    });
    built.restriction = restriction(&domain.restriction);
    built.restrictions = domain
        .restrictions
        .iter()
        .map(|(local_part, of)| (local_part.clone(), restriction(of)))
        .collect();
    built.greylist.clone_from(&domain.greylist);
    if transport == Transport::Relay && domain.verification.is_some() {
        // Who exists is asked then, not known.
        (built.users, built.numbered) = (None, None);
        built.verification.clone_from(&domain.verification);
    }
    if transport == Transport::Mailbox {
        built.personal = personal(domain);
    }
    built
}

fn personal(domain: &plan::Domain) -> BTreeMap<String, Personal> {
    let personal = |user: &plan::User| Personal {
        forward: user.forward.as_ref().map(|forward| Forward {
            to: forward.to.iter().map(|target| mailbox(target)).collect(),
            keep: forward.keep,
        }),
        auto_reply: user.auto_reply.as_ref().map(auto_reply),
    };
    let all = domain.users.iter().map(|(name, user)| (name.clone(), personal(user)));
    all.filter(|(_, personal)| *personal != Personal::default()).collect()
}

fn list(list: &plan::MailingList) -> MailingList {
    MailingList {
        members: list.members.iter().map(|member| mailbox(member)).collect(),
        members_only: list.members_only,
        owner: mailbox(&list.owner),
        subject_prefix: list.subject_prefix.clone(),
        reply_to: list.reply_to.clone(),
        verp: list.verp,
    }
}

pub(super) fn auto_reply(reply: &plan::AutoReply) -> AutoReply {
    let plan::AutoReply { subject, text, once_per } = reply.clone();
    AutoReply { subject, text, once_per }
}

fn restriction(plan: &plan::Restriction) -> Restriction {
    let plan::ReplyText { code, status, text } = plan.reply.clone();
    let status = status.parse().expect("the status codes of a plan are checked");
    Restriction {
        from: match plan.accept_from {
            policy::AcceptFrom::Anyone => AcceptFrom::Anyone,
            policy::AcceptFrom::Inside => AcceptFrom::Inside,
            policy::AcceptFrom::Authenticated => AcceptFrom::Authenticated,
            policy::AcceptFrom::Nobody => AcceptFrom::Nobody,
        },
        allow: plan.allow.clone(),
        deny: plan.deny.clone(),
        reply: Reply::new(code, status, text),
        mode: match plan.mode {
            policy::Mode::Reject => RefusalMode::Reject,
            policy::Mode::AcceptThenBounce => RefusalMode::AcceptThenBounce,
        },
    }
}

/// Puts a mailbox server, and the accounts of its users, on a host.
pub(super) fn mailbox_server(
    config: HostConfig,
    host: &Host,
    server: &plan::MailboxServer,
    tls: &TlsParts,
    plan: &plan::Plan,
    seed: Seed,
) -> HostConfig {
    let mut store = MailStore::default();
    let mut draws = seed.stream(&format!("host {} uidvalidity", host.name));
    for user in server.domains.iter().flat_map(|domain| domain.users.values()) {
        // Each account counts up from its own; low enough to have room above.
        let first = u32::try_from(1 + draws.below(1 << 30)).expect("below 2^30");
        let first = UidValidity::new(first).expect("above zero");
        let added = store.add_account(&user.address, &user.password, first);
        let account = added.expect("the addresses of a plan are told apart");
        store.set_quota(account, user.quota);
    }
    let numbered = server.domains.iter().filter_map(|of| Some((of, of.numbered.clone()?)));
    let mut first = None;
    for (domain, accounts) in numbered {
        let first = *first.get_or_insert_with(|| {
            let drawn = u32::try_from(1 + draws.below(1 << 30)).expect("below 2^30");
            UidValidity::new(drawn).expect("above zero")
        });
        store.add_numbered(&domain.name, accounts, first);
    }
    let mut disk = Disk::default();
    disk.set_mail(store);
    let mut settings = MailServerConfig::new(&host.name);
    (settings.imap, settings.pop3) = (server.imap, server.pop3);
    settings.tls = server.tls.as_ref().and_then(|of| tls.mailbox_server(&host.name, of));
    settings.mechanisms.clone_from(&server.mechanisms);
    (settings.apop, settings.login_delay) = (server.apop, server.login_delay);
    settings.connections = server.connections.unwrap_or(settings.connections);
    [settings.pop3_rules, settings.imap_rules] = super::faults::access_rules(plan, &host.name);
    settings.rebuilds = super::faults::rebuilds(plan, &host.name);
    let settings = Arc::new(settings);
    config.disk(disk).actor(move || MailServer::new(Arc::clone(&settings)))
}

fn mailbox(address: &str) -> Mailbox {
    address.parse().expect("the addresses of a plan are checked")
}
