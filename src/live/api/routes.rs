//! What each path of the control API does.

use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::mail::{self, Filter};
use super::{Awaited, time};
use crate::engine::SimTime;
use crate::live::clock;
use crate::live::http::{Request, Response};
use crate::live::input::Input;
use crate::live::server::{Bound, Server};
use crate::live::stage::StageError;
use crate::proto::imap::Uid;
use crate::report::Transcript;
use crate::report::transcript::Protocol;
use crate::scenario::build;
use crate::scenario::format::Dur;

/// The description of the API.
const OPENAPI: &str = include_str!("../../../docs/openapi.json");

/// The longest that a client may want to wait.
const MAX_WAIT: Duration = Duration::from_secs(86_400);

/// What comes of a request.
pub(super) enum Reply {
    Now(Response),
    Later(Awaited),
}

/// The answer, or what is wrong.
pub(super) type Answer = Result<Reply, Response>;

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

pub(super) fn bad(wrong: impl AsRef<str>) -> Response {
    Response::error(400, wrong.as_ref())
}

impl Server {
    pub(super) fn handle(&mut self, request: &Request) -> Answer {
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

pub(super) fn body<T: for<'de> Deserialize<'de>>(request: &Request) -> Result<T, Response> {
    serde_json::from_slice(&request.body).map_err(|error| bad(format!("the body: {error}")))
}

fn number(text: &str) -> Result<u32, Response> {
    text.parse().map_err(|_| bad(format!("\"{text}\" is no number")))
}

fn duration(text: &str) -> Result<Duration, Response> {
    text.parse::<Dur>().map(|dur| dur.0).map_err(|error| bad(error.to_string()))
}
