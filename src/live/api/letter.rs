//! Delivering a message: composed, or as it is; by SMTP, or into the store.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::json;

use super::Awaited;
use super::routes::{Answer, Reply, bad, body};
use super::send::Sending;
use crate::live::http::{Request, Response};
use crate::live::input::{Input, Payload};
use crate::live::server::Server;
use crate::proto::dns::{Name, RecordData};
use crate::proto::mail::{DateTime, Draft, Mailbox, to_crlf};
use crate::proto::sasl::Credentials;
use crate::proto::smtp::{ForwardPath, ReversePath, Transaction};
use crate::scenario::Plan;

impl Server {
    pub(super) fn post_message(&mut self, request: &Request) -> Answer {
        let letter: Letter = body(request)?;
        if letter.to.is_empty() {
            return Err(bad("\"to\" names nobody"));
        }
        let octets = self.compose(&letter)?;
        match letter.via {
            Via::Store => self.store_message(&letter, &octets),
            Via::Smtp => self.send_message(&letter, octets),
        }
    }

    /// The octets of the message, with CRLF.
    fn compose(&self, letter: &Letter) -> Result<Bytes, Response> {
        if let Some(raw) = &letter.raw {
            return Ok(to_crlf(&Bytes::from(raw.clone())));
        }
        if let Some(raw) = &letter.raw_base64 {
            let octets = STANDARD.decode(raw);
            let octets = octets.map_err(|error| bad(format!("\"raw_base64\": {error}")))?;
            return Ok(to_crlf(&Bytes::from(octets)));
        }
        let world = self.stage.world();
        let now = self.stage.now();
        let mailbox = |address: &String| Mailbox::new(None, address);
        let draft = Draft {
            from: mailbox(&letter.from),
            to: letter.to.iter().map(mailbox).collect(),
            cc: Vec::new(),
            subject: letter.subject.clone(),
            date: DateTime::utc(world.epoch().at(now)),
            message_id: format!("{}@{}", now.as_nanos(), world.name(self.stage.gateway())),
            extra: letter
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            text: letter.text.clone(),
            allow_8bit: true,
            attachments: Vec::new(),
            boundary: String::new(),
        };
        Ok(draft.compose())
    }

    fn store_message(&mut self, letter: &Letter, octets: &Bytes) -> Answer {
        let mailbox = letter.mailbox.clone().unwrap_or_else(|| "INBOX".to_owned());
        // All or none.
        for account in &letter.to {
            self.stage.place(account, &mailbox)?;
        }
        let mut stored = Vec::new();
        for account in &letter.to {
            let (account, mailbox) = (account.clone(), mailbox.clone());
            let input = Input::Store {
                account: account.clone(),
                mailbox: mailbox.clone(),
                octets: Payload(octets.clone()),
            };
            self.stage.input(input)?;
            let uid = self.stage.outcome()?;
            stored.push(json!({ "account": account, "mailbox": mailbox, "uid": uid }));
        }
        let answer = json!({ "via": "store", "stored": stored });
        Ok(Reply::Now(Response::json(201, &answer)))
    }

    fn send_message(&mut self, letter: &Letter, octets: Bytes) -> Answer {
        let to = self.smtp_server(letter)?;
        let wrong = |address: &str| bad(format!("\"{address}\" is no address"));
        let from = match letter.from.as_str() {
            "" => ReversePath::Null,
            from => from.parse().map_err(|_| wrong(from))?,
        };
        let mut recipients = Vec::new();
        for address in &letter.to {
            let path: ForwardPath = address.parse().map_err(|_| wrong(address))?;
            recipients.push(path);
        }
        let credentials = letter
            .login
            .as_ref()
            .map(|login| Credentials::new(login.user.clone(), login.password.clone()));
        let transaction = Transaction::new(from, recipients, octets);
        let now = self.stage.now();
        let helo = self.stage.world().name(self.stage.gateway()).to_owned();
        let door = self.new_door();
        let nonces = self.stage.world().seed().stream(&format!("control nonces {}", door.0));
        let recipients = letter.to.clone();
        let sending = Sending::new(&helo, credentials, transaction, recipients, nonces, now);
        self.stage.input(Input::Connect { door: door.0, to })?;
        self.control.sending.insert(door, sending);
        Ok(Reply::Later(Awaited::Sent { door, until: now + SEND_PATIENCE }))
    }

    /// The server that a message is handed to: one that is named, or the border MTA of the first
    /// recipient's domain.
    fn smtp_server(&self, letter: &Letter) -> Result<SocketAddr, Response> {
        let world = self.stage.world();
        let named = match &letter.server {
            Some(server) => {
                let (host, port) = server.rsplit_once(':').unwrap_or((server, "25"));
                let port = port.parse().map_err(|_| bad(format!("\"{port}\" is no port")))?;
                Some((host.to_ascii_lowercase(), port))
            }
            None => None,
        };
        let (host, port) = match named {
            Some(named) => named,
            None => {
                let address = &letter.to[0];
                let elsewhere = || {
                    let wrong = format!("no domain of the scenario has \"{address}\"");
                    Response::error(404, &format!("{wrong}: name a \"server\""))
                };
                let (_, domain) = self.stage.plan().domain_of(address).ok_or_else(elsewhere)?;
                (border(self.stage.plan(), &domain.name).ok_or_else(elsewhere)?, 25)
            }
        };
        let node = world.node(&host).and_then(|node| world.addresses(node).first());
        let address = node.ok_or_else(|| {
            Response::error(404, &format!("no host of the scenario is named \"{host}\""))
        })?;
        Ok(SocketAddr::new(*address, port))
    }
}

/// How long the API waits for a server in simulated time.
const SEND_PATIENCE: Duration = Duration::from_secs(600);

/// A message that is posted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Letter {
    /// How it gets there.
    #[serde(default)]
    via: Via,
    /// The reverse-path, and the author of a message that is composed here.
    #[serde(default)]
    from: String,
    to: Vec<String>,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    text: String,
    /// Further fields.
    #[serde(default)]
    headers: IndexMap<String, String>,
    /// The whole message instead.
    raw: Option<String>,
    /// The same in base64, for octets that are no UTF-8.
    raw_base64: Option<String>,
    /// Where it is put; with `store` alone.
    mailbox: Option<String>,
    /// The server it is handed to; with `smtp` alone.
    server: Option<String>,
    /// Who submits it; with `smtp` alone.
    login: Option<Login>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    user: String,
    password: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Via {
    /// To a simulated server, as a client of SMTP outside does.
    #[default]
    Smtp,
    /// Into the mailbox, past all servers.
    Store,
}

/// The first MTA to which the MX records of a domain lead.
fn border(plan: &Plan, domain: &str) -> Option<String> {
    let name: Name = domain.parse().ok()?;
    let zones = plan.zones.values().filter(|zone| !zone.inner);
    let exchanges = zones.flat_map(|zone| &zone.records).filter(|record| record.name == name);
    let exchanges = exchanges.filter_map(|record| match &record.data {
        RecordData::Mx { preference, exchange } => Some((*preference, exchange.to_string())),
        _ => None,
    });
    let first = exchanges.min_by_key(|(preference, _)| *preference)?;
    Some(first.1.trim_end_matches('.').to_ascii_lowercase())
}
