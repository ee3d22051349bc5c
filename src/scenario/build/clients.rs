//! Mail clients of a plan, with their part of the agenda.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::tls::TlsParts;
use crate::actors::client::config::{
    Action, ClientTls, Content, MailClientConfig, Outgoing, ReadServer, Server, Step,
};
use crate::actors::{Dig, DigStep, MailClient};
use crate::engine::UnixTime;
use crate::proto::mail::{DateTime, Draft, Mailbox};
use crate::scenario::format::domain::ReadProtocol;
use crate::scenario::plan::{self, Host, Plan};
use crate::world::HostConfig;

/// The agenda, by who does it, so that ten thousand readers need not each look through all of it.
pub(super) struct Agenda<'p> {
    by_client: BTreeMap<&'p str, Vec<&'p plan::Step>>,
    lookups: BTreeMap<&'p str, Vec<&'p plan::Step>>,
}

impl<'p> Agenda<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        let mut agenda = Agenda { by_client: BTreeMap::new(), lookups: BTreeMap::new() };
        for step in &plan.agenda {
            if let Some(client) = &step.client {
                agenda.by_client.entry(client).or_default().push(step);
            }
            if matches!(step.action, plan::Action::Resolve { .. }) {
                agenda.lookups.entry(&step.host).or_default().push(step);
            }
        }
        agenda
    }
}

/// Puts a mail client on a host.
pub(super) fn client(
    config: HostConfig,
    host: &Host,
    client: &plan::Client,
    (plan, agenda): (&Plan, &Agenda<'_>),
    tls: &TlsParts,
) -> HostConfig {
    let submit_tls = match (client.submit_tls, tls.device()) {
        (plan::tls::SubmitTls::Starttls, Some(tls)) => ClientTls::StartTls(tls),
        (plan::tls::SubmitTls::Submissions, Some(tls)) => ClientTls::Implicit(tls),
        _ => ClientTls::None,
    };
    let read_tls = match (client.read_tls, tls.device()) {
        (plan::tls::ReadTls::Starttls, Some(tls)) => ClientTls::StartTls(tls),
        (plan::tls::ReadTls::Implicit, Some(tls)) => ClientTls::Implicit(tls),
        _ => ClientTls::None,
    };
    let steps = agenda.by_client.get(&*client.name).into_iter().flatten();
    let steps =
        steps.filter_map(|step| Some(Step { at: step.at, action: action(&step.action, plan)? }));
    let read_from = Server { host: client.read_from.clone(), port: client.read_port };
    let settings = Arc::new(MailClientConfig {
        name: client.name.clone(),
        user: client.user.clone(),
        password: client.password.clone(),
        resolvers: super::resolvers(host),
        submit: Server { host: client.submit.clone(), port: client.submit_port },
        submit_tls,
        read: match client.read {
            ReadProtocol::Imap => ReadServer::Imap(read_from),
            ReadProtocol::Pop3 => ReadServer::Pop3(read_from, client.keep),
        },
        read_tls,
        trust: tls.device(),
        auto_reply: client.auto_reply.as_ref().map(super::mail::auto_reply),
        steps: steps.collect(),
        submit_retries: SUBMIT_RETRIES,
        submit_retry_after: SUBMIT_RETRY_AFTER,
    });
    config.actor(move || MailClient::new(Arc::clone(&settings)))
}

/// How a client's outbox tries again.
const SUBMIT_RETRIES: u32 = 10;
const SUBMIT_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Puts the look-ups of a host's agenda on it, if it has any.
pub(super) fn lookups(config: HostConfig, host: &Host, agenda: &Agenda<'_>) -> HostConfig {
    let steps = agenda.lookups.get(&*host.name).into_iter().flatten();
    let steps: Vec<DigStep> = steps
        .filter_map(|step| match &step.action {
            plan::Action::Resolve { name, type_ } => Some(DigStep {
                at: step.at,
                name: name.parse().expect("the names of a plan are checked"),
                rtype: type_.parse().expect("the types of a plan are checked"),
            }),
            _ => None,
        })
        .collect();
    if steps.is_empty() {
        return config;
    }
    let resolvers = super::resolvers(host);
    config.actor(move || Dig::new(resolvers.clone(), steps.clone()))
}

/// What a client does; `None` for what is not a client's.
fn action(action: &plan::Action, plan: &Plan) -> Option<Action> {
    let message_id = |mail: &String| {
        let id = plan.mails[mail].message_id.clone();
        id.expect("a plan refers to messages with a Message-ID")
    };
    Some(match action {
        plan::Action::Send { mail } => Action::Send(outgoing(&plan.mails[mail])),
        plan::Action::Fetch { mailbox } => Action::Fetch { mailbox: mailbox.clone() },
        plan::Action::Poll { every, until, mailbox } => {
            Action::Poll { every: *every, until: *until, mailbox: mailbox.clone() }
        }
        plan::Action::Idle { until, mailbox } => {
            Action::Idle { until: *until, mailbox: mailbox.clone() }
        }
        plan::Action::Misbehave(what) => Action::Misbehave(what.clone()),
        plan::Action::Flag { mail, add, remove, mailbox } => Action::Flag {
            message_id: message_id(mail),
            add: add.clone(),
            remove: remove.clone(),
            mailbox: mailbox.clone(),
        },
        plan::Action::Copy { mail, mailbox, to } => {
            Action::Copy { message_id: message_id(mail), mailbox: mailbox.clone(), to: to.clone() }
        }
        plan::Action::Append { mail, mailbox, flags } => Action::Append {
            message: outgoing(&plan.mails[mail]),
            mailbox: mailbox.clone(),
            flags: flags.clone(),
        },
        plan::Action::Delete { mail, mailbox } => {
            Action::Delete { message_id: message_id(mail), mailbox: mailbox.clone() }
        }
        plan::Action::Resolve { .. } => return None,
    })
}

fn outgoing(mail: &plan::Mail) -> Outgoing {
    let path = |address: &String| address.parse().expect("the addresses of a plan are checked");
    let content = match &mail.content {
        plan::Content::File { octets, .. } => Content::Octets(octets.clone()),
        plan::Content::Composed { to, cc, subject, text, headers, size } => {
            let list = |addresses: &[String]| -> Vec<Mailbox> {
                addresses.iter().map(|address| Mailbox::new(None, address)).collect()
            };
            let id = mail.message_id.as_deref().unwrap_or_default();
            let draft = Draft {
                from: Mailbox::new(None, &mail.from),
                to: list(to),
                cc: list(cc),
                subject: subject.clone(),
                date: DateTime::utc(UnixTime(0)),
                message_id: id.trim_matches(['<', '>']).to_owned(),
                extra: headers.clone(),
                text: text.clone(),
                allow_8bit: true,
                attachments: Vec::new(),
                boundary: String::new(),
            };
            Content::Draft(Box::new(fill_up(draft, *size)))
        }
    };
    let recipients = mail
        .recipients
        .iter()
        .map(|address| address.parse().expect("the addresses of a plan are checked"))
        .collect();
    Outgoing { from: path(&mail.from), recipients, dsn: mail.dsn.clone(), content }
}

/// Adds lines to the text until the message has so many octets.
fn fill_up(mut draft: Draft, size_octets: Option<u64>) -> Draft {
    const LINE: &str = "The quick brown fox jumps over the lazy dog, and back again it goes.\r\n";
    let Some(wanted) = size_octets.and_then(|size| usize::try_from(size).ok()) else {
        return draft;
    };
    let missing = wanted.saturating_sub(draft.compose().len());
    draft.text.reserve(missing);
    let whole_lines = missing / LINE.len();
    if missing > 0 && !draft.text.is_empty() && !draft.text.ends_with('\n') {
        draft.text.push_str("\r\n");
    }
    draft.text.push_str(&LINE.repeat(whole_lines));
    let rest = missing % LINE.len();
    if rest > 2 {
        draft.text.push_str(&LINE[..rest - 2]);
        draft.text.push_str("\r\n");
    }
    draft
}
