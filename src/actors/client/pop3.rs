//! Reading by POP3: download what is new, and delete it on the server, at once or later.

use std::collections::BTreeSet;

use crate::proto::mail::Header;
use crate::proto::pop3::{Pop3Client, Pop3ClientConfig, Pop3ClientEvent};
use crate::world::{Ctx, Kind, Note};

use super::config::{ClientTls, Keep, MailClientConfig, ReadServer};
use super::dialog::{Ended, Memory};

/// A POP3 session under way.
pub(super) struct Pop3Dialog {
    pub(super) session: Pop3Client,
}

impl Pop3Dialog {
    pub(super) fn new(config: &MailClientConfig, memory: &Memory, ctx: &Ctx<'_>) -> Self {
        let keep = match config.read {
            ReadServer::Pop3(_, keep) => keep,
            ReadServer::Imap(_) => Keep::No,
        };
        let expired: BTreeSet<String> = match keep {
            Keep::For(age) => {
                let old = memory.downloaded.iter().filter(|(_, at)| **at + age <= ctx.now());
                old.map(|(unique_id, _)| unique_id.clone()).collect()
            }
            Keep::No | Keep::Always => BTreeSet::new(),
        };
        let session = Pop3Client::new(Pop3ClientConfig {
            user: config.user.clone(),
            password: config.password.clone(),
            stls: matches!(config.read_tls, ClientTls::StartTls(_)),
            keep: keep != Keep::No,
            known: memory.downloaded.keys().cloned().collect(),
            expired,
            ..Pop3ClientConfig::default()
        });
        // A stream for each session: no two of them may have the same nonces.
        let nonces = format!("client {} pop3 nonces at {}", config.name, ctx.now());
        Pop3Dialog { session: session.with_nonces(ctx.stream(&nonces)) }
    }
}

pub(super) fn on_event(
    event: Pop3ClientEvent,
    memory: &mut Memory,
    config: &MailClientConfig,
    ctx: &mut Ctx<'_>,
) -> Option<Ended> {
    match event {
        Pop3ClientEvent::LoggedIn | Pop3ClientEvent::StartTls => None,
        Pop3ClientEvent::Message { unique_id, data } => {
            let message_id = Header::new(&data).text("Message-ID").unwrap_or_default();
            let message_id = message_id.trim().to_owned();
            memory.downloads.push(message_id.clone());
            ctx.note(Kind::Fetched, || Note::Fetched {
                account: config.name.clone(),
                mailbox: "INBOX".into(),
                uid: unique_id.clone().unwrap_or_default(),
                message_id,
                octets: data.len(),
            });
            memory.downloaded.extend(unique_id.map(|unique_id| (unique_id, ctx.now())));
            super::auto_reply::answer(&data, memory, config, ctx);
            None
        }
        Pop3ClientEvent::Refused { unique_id, failure } => {
            ctx.note(Kind::ClientFailed, || Note::ClientFailed {
                client: config.name.clone(),
                action: format!("read message {}", unique_id.unwrap_or_default()),
                reason: failure.to_string(),
            });
            None
        }
        Pop3ClientEvent::Done { .. } => {
            ctx.note(Kind::Saw, || Note::Saw {
                account: config.name.clone(),
                mailbox: "INBOX".into(),
                messages: memory.downloads.len(),
                known: memory.downloads.iter().map(|id| (id.clone(), String::new())).collect(),
            });
            Some(Ended::Well)
        }
        Pop3ClientEvent::Failed(failure) if failure.is_temporary() => {
            Some(Ended::NotNow(failure.to_string()))
        }
        Pop3ClientEvent::Failed(failure) => Some(Ended::Never(failure.to_string())),
    }
}
