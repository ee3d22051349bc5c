//! What each path of the control API does.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use mio::net::TcpStream;
use mio::{Interest, Token};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::engine::SimTime;
use crate::proto::imap::Uid;
use crate::proto::mail::{DateTime, Draft, Mailbox, to_crlf};
use crate::proto::sasl::Credentials;
use crate::proto::smtp::{ForwardPath, ReversePath, Transaction};
use crate::report::Transcript;
use crate::report::transcript::Protocol;
use crate::scenario::build;
use crate::scenario::format::Dur;
use crate::world::Door;

use super::client::ApiClient;
use super::mail::{self, Filter};
use super::send::{Ending, Sending};
use super::{Awaited, Waiting, time};
use crate::live::clock;
use crate::live::http::{Request, Response};
use crate::live::input::{Input, Payload};
use crate::live::server::{Bound, Server, Source};
use crate::live::stage::StageError;

/// The description of the API.
const OPENAPI: &str = include_str!("../../../docs/openapi.json");

/// The longest that a client may want to wait.
const MAX_WAIT: Duration = Duration::from_secs(86_400);

/// How often clients that take too long are looked for.
pub(in crate::live) const SWEEP: Duration = Duration::from_secs(5);

/// So many clients of the API there may be.
const MAX_CLIENTS: usize = 256;

/// What comes of a request.
enum Reply {
    Now(Response),
    Later(Awaited),
}

type Answer = Result<Reply, Response>;

impl From<StageError> for Response {
    fn from(error: StageError) -> Self {
        match &error {
            StageError::Unknown(_) => Response::error(404, &error.to_string()),
            StageError::Refused(_) => Response::error(409, &error.to_string()),
            StageError::Scenario(_) | StageError::World(_) => {
                Response::error(422, &error.to_string())
            }
        }
    }
}

fn now(value: &Value) -> Answer {
    Ok(Reply::Now(Response::json(200, value)))
}

fn bad(wrong: impl AsRef<str>) -> Response {
    Response::error(400, wrong.as_ref())
}

// ----- the sockets -----

impl Server {
    pub(in crate::live) fn accept_api(&mut self, stream: TcpStream) {
        if self.control.open >= MAX_CLIENTS {
            return;
        }
        self.control.clients += 1;
        let client = ApiClient::new(stream, self.control.clients, clock::now());
        let both = Interest::READABLE | Interest::WRITABLE;
        if self.add(Source::Api(Box::new(client)), both).is_ok() {
            self.control.open += 1;
        }
    }

    pub(in crate::live) fn api_ready(&mut self, token: Token, readable: bool, writable: bool) {
        if let Some(Source::Api(client)) = self.sources.get_mut(token) {
            client.ready(readable, writable);
        }
        self.serve_api(token);
    }

    /// Reads, answers and writes what can be.
    fn serve_api(&mut self, token: Token) {
        loop {
            let Some(Source::Api(client)) = self.sources.get_mut(token) else { return };
            if !client.read(&mut self.buffer) {
                return self.close_api(token);
            }
            if client.is_hungry() {
                self.hungry.insert(token);
            }
            let serial = client.serial;
            let Some(request) = client.next(clock::now()) else { break };
            if request.method != "GET" {
                self.touched = clock::now();
            }
            let response = match self.handle(&request) {
                Ok(Reply::Now(response)) | Err(response) => response,
                Ok(Reply::Later(what)) => {
                    // Looked at from the start.
                    self.control.arrivals = 0;
                    self.control.waiting.push(Waiting { client: (token, serial), what });
                    break;
                }
            };
            if let Some(Source::Api(client)) = self.sources.get_mut(token) {
                client.answer(&response, clock::now());
            }
        }
        if let Some(Source::Api(client)) = self.sources.get_mut(token)
            && (!client.flush() || client.is_gone())
        {
            self.close_api(token);
        }
    }

    fn close_api(&mut self, token: Token) {
        if let Some(Source::Api(client)) = self.sources.get_mut(token) {
            let client = (token, client.serial);
            self.control.forget(client);
            self.control.open -= 1;
            self.close(token);
        }
    }

    /// Answers the requests whose wait is over, and carries on what is sent.
    pub(in crate::live) fn answer_waiting(&mut self) {
        for ((token, serial), response) in self.control.take_answers(&self.stage) {
            if let Some(Source::Api(client)) = self.sources.get_mut(token)
                && client.serial == serial
            {
                client.answer(&response, clock::now());
                self.serve_api(token);
            }
        }
    }

    /// Gives up clients that take too long.
    pub(in crate::live) fn give_up_api(&mut self) {
        let now = clock::now();
        if self.control.open == 0 || self.control.swept.is_some_and(|at| now < at + SWEEP) {
            return;
        }
        self.control.swept = Some(now);
        for token in self.sources.all() {
            if let Some(Source::Api(client)) = self.sources.get_mut(token)
                && client.is_late(now)
            {
                self.close_api(token);
            }
        }
    }

    /// Carries on what the API itself sends.
    pub(in crate::live) fn carry_sending(&mut self) {
        let now = self.stage.now();
        let doors: Vec<Door> = self.control.sending.keys().copied().collect();
        for door in doors {
            let Some(sending) = self.control.sending.get_mut(&door) else { continue };
            sending.tell_time(now);
            let (pieces, ending) = sending.take();
            for octets in pieces {
                self.input(Input::Octets { door: door.0, host: None, octets: Payload(octets) });
            }
            match ending {
                Some(Ending::Close) => self.input(Input::Eof { door: door.0, host: None }),
                Some(Ending::Abort) => self.input(Input::Reset { door: door.0, host: None }),
                None => {}
            }
        }
    }
}

// ----- the paths -----

impl Server {
    fn handle(&mut self, request: &Request) -> Answer {
        self.refuse_strangers(request)?;
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        let method = match request.method.as_str() {
            "HEAD" => "GET",
            other => other,
        };
        match (method, path.as_slice()) {
            ("GET", [] | ["openapi.json"]) => {
                let document = Response::octets("application/json", OPENAPI);
                Ok(Reply::Now(document))
            }
            ("GET", ["health"]) => {
                known(request, &[])?;
                self.health()
            }
            ("GET", ["services"]) => {
                known(request, &[])?;
                now(&Value::Array(self.bound().iter().map(service).collect()))
            }
            ("GET", ["mailboxes"]) => {
                known(request, &["account"])?;
                let world = self.stage.world();
                now(&mail::mailboxes(world, request.get("account")))
            }
            ("GET", ["messages"]) => {
                known(request, &mail::FILTER)?;
                let found = Filter::of(request).find(self.stage.world());
                now(&Value::Array(found.iter().map(mail::summary).collect()))
            }
            ("POST", ["messages"]) => self.post_message(request),
            ("DELETE", ["messages"]) => self.delete_messages(request),
            ("GET", ["messages", "wait"]) => self.wait(request),
            ("GET", ["messages", account, mailbox, uid]) => {
                self.message(account, mailbox, uid, |found| {
                    Response::json(200, &mail::detail(found))
                })
            }
            ("GET", ["messages", account, mailbox, uid, "raw"]) => {
                self.message(account, mailbox, uid, |found| {
                    Response::octets("message/rfc822", found.message.data().to_vec())
                })
            }
            ("DELETE", ["messages", account, mailbox, uid]) => {
                let uid = number(uid)?;
                let (account, mailbox) = (account.to_string(), mailbox.to_string());
                self.stage.input(Input::Delete { account, mailbox, uids: Some(vec![uid]) })?;
                match self.stage.outcome()? {
                    0 => Err(Response::error(404, "there is no such message")),
                    removed => now(&json!({ "removed": removed })),
                }
            }
            ("GET", ["faults"]) => {
                let faults = self.stage.faults().iter();
                let faults = faults.map(|(number, of)| json!({ "id": number, "fault": of.fault }));
                now(&Value::Array(faults.collect()))
            }
            ("POST", ["faults"]) => {
                let fault: Value = body(request)?;
                let number = self.stage.next_fault();
                self.stage.input(Input::Fault { number, fault: fault.clone() })?;
                let made = json!({ "id": number, "fault": fault });
                Ok(Reply::Now(Response::json(201, &made)))
            }
            ("DELETE", ["faults"]) => {
                let numbers: Vec<u64> = self.stage.faults().keys().copied().collect();
                for number in &numbers {
                    self.stage.input(Input::Clear { number: *number })?;
                }
                now(&json!({ "cleared": numbers.len() }))
            }
            ("DELETE", ["faults", number]) => {
                let number = number.parse().map_err(|_| bad("the id of a fault is a number"))?;
                self.stage.input(Input::Clear { number })?;
                now(&json!({ "cleared": 1 }))
            }
            ("POST", ["advance"]) => self.advance_time(request),
            ("POST", ["reset"]) => self.reset(request),
            ("GET", ["transcript"]) => self.transcript(request),
            ("GET", ["ca.pem"]) => {
                let (plan, world) = (self.stage.plan(), self.stage.world());
                match build::authority_pem(plan, world.seed()) {
                    Some(pem) => Ok(Reply::Now(Response::octets("application/x-pem-file", pem))),
                    None => Err(Response::error(404, "nobody in this scenario speaks TLS")),
                }
            }
            (_, path) => Err(match methods(path) {
                Some(allow) => Response {
                    allow: Some(allow),
                    ..Response::error(405, &format!("here there is {allow}"))
                },
                None => Response::error(404, "there is no such path: see /openapi.json"),
            }),
        }
    }

    /// A page of another origin, or one whose name was bent to this address, is none of ours.
    fn refuse_strangers(&self, request: &Request) -> Result<(), Response> {
        let Some(host) = &request.host else { return Ok(()) };
        let name = host.rsplit_once(':').map_or(host.as_str(), |(name, port)| {
            if port.bytes().all(|digit| digit.is_ascii_digit()) { name } else { host }
        });
        let name = name.trim_matches(['[', ']']);
        let is_address = name.parse::<IpAddr>().is_ok();
        if !is_address && !name.eq_ignore_ascii_case("localhost") && !self.allow_remote {
            return Err(Response::error(403, "ask by address, or as localhost"));
        }
        match &request.origin {
            Some(origin) if !origin.ends_with(&format!("//{host}")) => {
                Err(Response::error(403, "pages of another origin are refused"))
            }
            _ => Ok(()),
        }
    }

    fn health(&self) -> Answer {
        let mut health = time(&self.stage);
        health["status"] = json!("ok");
        health["version"] = json!(env!("CARGO_PKG_VERSION"));
        health["scenario"] = json!(self.stage.setting().scenario);
        health["title"] = json!(self.stage.plan().title);
        health["pace"] = json!(self.pace.to_string());
        health["connections"] = json!(self.pipes.len());
        now(&health)
    }

    fn message(
        &self,
        account: &str,
        mailbox: &str,
        uid: &str,
        show: impl FnOnce(&mail::Found<'_>) -> Response,
    ) -> Answer {
        let (host, name) = self.stage.place(account, mailbox)?;
        let missing = || Response::error(404, "there is no such message");
        let uid = Uid::new(number(uid)?).ok_or_else(missing)?;
        let world = self.stage.world();
        let store = world.disk(host).and_then(|disk| disk.mail_if_any()).ok_or_else(missing)?;
        let id = store.account_of(account).ok_or_else(missing)?;
        let mailbox = store.mailbox_named(id, &name).ok_or_else(missing)?;
        let message = mailbox.message(uid).ok_or_else(missing)?;
        let account = store.account(id).login();
        Ok(Reply::Now(show(&mail::Found { account, mailbox: &name, message })))
    }

    fn delete_messages(&mut self, request: &Request) -> Answer {
        known(request, &mail::FILTER)?;
        let mut places: Vec<(String, String, Vec<u32>)> = Vec::new();
        for found in Filter::of(request).find(self.stage.world()) {
            let uid = found.message.uid.get();
            let (account, mailbox) = (found.account, found.mailbox.as_str());
            match places.last_mut() {
                Some((last, name, uids)) if last == account && name == mailbox => uids.push(uid),
                _ => places.push((account.to_owned(), mailbox.to_owned(), vec![uid])),
            }
        }
        let mut removed = 0;
        for (account, mailbox, uids) in places {
            self.stage.input(Input::Delete { account, mailbox, uids: Some(uids) })?;
            removed += self.stage.outcome()?;
        }
        now(&json!({ "removed": removed }))
    }

    fn wait(&mut self, request: &Request) -> Answer {
        let names: Vec<&str> =
            mail::FILTER.into_iter().chain(["timeout", "within", "count"]).collect();
        known(request, &names)?;
        let timeout = match request.get("timeout") {
            Some(text) => duration(text)?,
            None => Duration::from_secs(10),
        };
        let count = match request.get("count") {
            Some(text) => (number(text)? as usize).max(1),
            None => 1,
        };
        let filter = Filter::of(request);
        let until = match request.get("within") {
            Some(text) => Some(self.stage.now() + duration(text)?),
            None => None,
        };
        let deadline = clock::now() + timeout.min(MAX_WAIT);
        Ok(Reply::Later(Awaited::Messages { filter, count, deadline, until, is_there: false }))
    }

    fn advance_time(&mut self, request: &Request) -> Answer {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Advance {
            by: Option<String>,
            to: Option<String>,
        }
        let Advance { by, to } = body(request)?;
        let present = self.stage.now();
        let to = match (by, to) {
            (Some(by), None) => present + duration(&by)?,
            (None, Some(to)) => SimTime::ZERO + duration(&to)?,
            _ => return Err(bad("say either \"by\" or \"to\"")),
        };
        if to < present {
            let wrong = format!("it is {present} s already");
            return Err(Response::error(409, &wrong));
        }
        Ok(Reply::Later(Awaited::Time(to)))
    }

    fn reset(&mut self, request: &Request) -> Answer {
        #[derive(Deserialize, Default)]
        #[serde(deny_unknown_fields, default)]
        struct Reset {
            seed: Option<u64>,
        }
        let Reset { seed } = match request.body.is_empty() {
            true => Reset::default(),
            false => body(request)?,
        };
        let seed = seed.unwrap_or(self.stage.world().seed().0);
        self.stage.input(Input::World { seed })?;
        self.forget_world();
        self.control.sending.clear();
        now(&time(&self.stage))
    }

    fn transcript(&self, request: &Request) -> Answer {
        known(request, &["since", "format", "protocol", "host"])?;
        let since = match request.get("since") {
            Some(text) => SimTime::ZERO + duration(text)?,
            None => SimTime::ZERO,
        };
        let mut transcript = Transcript::new(self.stage.world()).since(since);
        for (name, value) in &request.query {
            match name.as_str() {
                "host" => transcript = transcript.host(value),
                "protocol" => {
                    let protocol = protocol(value).ok_or_else(|| {
                        bad("protocols are dns, smtp, pop3, imap, tcp, udp, net and note")
                    })?;
                    transcript = transcript.protocol(protocol);
                }
                _ => {}
            }
        }
        let mut octets = Vec::new();
        let (content_type, done) = match request.get("format") {
            None | Some("text") => {
                ("text/plain; charset=utf-8", transcript.write_text(&mut octets))
            }
            Some("jsonl") => ("application/jsonl", transcript.write_jsonl(&mut octets)),
            Some(_) => return Err(bad("formats are text and jsonl")),
        };
        done.expect("a vector takes everything");
        Ok(Reply::Now(Response::octets(content_type, octets)))
    }

    // ----- delivering -----

    fn post_message(&mut self, request: &Request) -> Answer {
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
        let sending = Sending::new(&helo, credentials, transaction, letter.to.clone(), now);
        let door = self.new_door();
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
    headers: indexmap::IndexMap<String, String>,
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
fn border(plan: &crate::scenario::Plan, domain: &str) -> Option<String> {
    use crate::proto::dns::RecordData;
    let name: crate::proto::dns::Name = domain.parse().ok()?;
    let zones = plan.zones.values().filter(|zone| !zone.inner);
    let exchanges = zones.flat_map(|zone| &zone.records).filter(|record| record.name == name);
    let exchanges = exchanges.filter_map(|record| match &record.data {
        RecordData::Mx { preference, exchange } => Some((*preference, exchange.to_string())),
        _ => None,
    });
    let first = exchanges.min_by_key(|(preference, _)| *preference)?;
    Some(first.1.trim_end_matches('.').to_ascii_lowercase())
}

/// The methods of a path.
fn methods(path: &[&str]) -> Option<&'static str> {
    Some(match path {
        []
        | ["openapi.json" | "health" | "services" | "mailboxes" | "transcript" | "ca.pem"]
        | ["messages", "wait"]
        | ["messages", _, _, _, "raw"] => "GET",
        ["messages"] | ["faults"] => "GET, POST, DELETE",
        ["messages", _, _, _] => "GET, DELETE",
        ["faults", _] => "DELETE",
        ["advance" | "reset"] => "POST",
        _ => return None,
    })
}

fn service(bound: &Bound) -> Value {
    json!({
        "host": bound.listed.host,
        "service": bound.listed.service(),
        "transport": bound.listed.port.transport.to_string(),
        "simulated": bound.listed.simulated().to_string(),
        "real": bound.real.to_string(),
    })
}

fn protocol(word: &str) -> Option<Protocol> {
    Some(match word {
        "dns" => Protocol::Dns,
        "smtp" => Protocol::Smtp,
        "pop3" => Protocol::Pop3,
        "imap" => Protocol::Imap,
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        "net" => Protocol::Network,
        "note" => Protocol::Note,
        _ => return None,
    })
}

/// Refuses names in the query that mean nothing, since a filter that is not read finds too much.
fn known(request: &Request, names: &[&str]) -> Result<(), Response> {
    match request.query.iter().find(|(name, _)| !names.contains(&name.as_str())) {
        Some((name, _)) => Err(bad(format!("\"{name}\" means nothing here"))),
        None => Ok(()),
    }
}

fn body<T: for<'de> Deserialize<'de>>(request: &Request) -> Result<T, Response> {
    serde_json::from_slice(&request.body).map_err(|error| bad(format!("the body: {error}")))
}

fn number(text: &str) -> Result<u32, Response> {
    text.parse().map_err(|_| bad(format!("\"{text}\" is no number")))
}

fn duration(text: &str) -> Result<Duration, Response> {
    text.parse::<Dur>().map(|dur| dur.0).map_err(|error| bad(error.to_string()))
}
