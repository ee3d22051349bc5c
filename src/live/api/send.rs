//! A message that the control API hands to a simulated server, as any client of SMTP does.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::engine::{SimTime, Stream};
use crate::net::tcp::CloseReason;
use crate::proto::sasl::Credentials;
use crate::proto::smtp::client::{ClientConfig, ClientEvent, ClientSession, Outcome, Transaction};
use crate::proto::{Input, Outbox, Output, Session};

use crate::live::http::Response;

/// An SMTP session through a door, without a socket behind it.
#[derive(Debug)]
pub(super) struct Sending {
    session: ClientSession,
    out: Outbox<ClientEvent>,
    recipients: Vec<String>,
    /// What became of each recipient.
    outcomes: Option<Value>,
    /// Whether any server has taken it.
    taken: bool,
    failure: Option<String>,
    over: bool,
    /// Simulated time, as it was told last.
    now: SimTime,
}

impl Sending {
    pub(super) fn new(
        helo: &str,
        credentials: Option<Credentials>,
        transaction: Transaction,
        recipients: Vec<String>,
        nonces: Stream,
        now: SimTime,
    ) -> Self {
        let config = ClientConfig { credentials, ..ClientConfig::new(helo) };
        let mut out = Outbox::new();
        let mut session = ClientSession::new(Arc::new(config), [transaction]).with_nonces(nonces);
        session.finish(now, &mut out);
        Sending {
            session,
            out,
            recipients,
            outcomes: None,
            taken: false,
            failure: None,
            over: false,
            now,
        }
    }

    pub(super) fn tell_time(&mut self, now: SimTime) {
        self.now = now;
        if self.session.deadline().is_some_and(|deadline| deadline <= now) {
            self.session.handle(now, Input::Timeout, &mut self.out);
        }
    }

    pub(super) fn opened(&mut self) {
        self.session.handle(self.now, Input::Opened, &mut self.out);
    }

    pub(super) fn receive(&mut self, octets: &Bytes) {
        self.session.handle(self.now, Input::Bytes(octets), &mut self.out);
    }

    pub(super) fn eof(&mut self) {
        self.session.handle(self.now, Input::Eof, &mut self.out);
    }

    pub(super) fn closed(&mut self, reason: CloseReason) {
        self.session.handle(self.now, Input::Eof, &mut self.out);
        if reason != CloseReason::Finished && self.outcomes.is_none() {
            self.failure.get_or_insert_with(|| reason.to_string());
        }
        self.over = true;
    }

    /// What the session wants sent, and whether it closes or drops the connection then.
    pub(super) fn take(&mut self) -> (Vec<Bytes>, Option<Ending>) {
        let (mut octets, mut ending) = (Vec::new(), None);
        for output in self.out.drain().collect::<Vec<_>>() {
            match output {
                Output::Send(more) => octets.push(more),
                Output::Close => ending = Some(Ending::Close),
                Output::Abort => ending = Some(Ending::Abort),
                Output::Event(event) => self.on_event(event),
            }
        }
        (octets, ending)
    }

    fn on_event(&mut self, event: ClientEvent) {
        match event {
            ClientEvent::TransactionDone { outcomes, .. } => {
                self.taken = outcomes.iter().any(Outcome::is_delivered);
                let told = self.recipients.iter().zip(&outcomes).map(|(recipient, outcome)| {
                    let reply = outcome.reply().map(ToString::to_string);
                    json!({
                        "recipient": recipient,
                        "accepted": outcome.is_delivered(),
                        "stage": outcome.stage().map(|stage| stage.to_string()),
                        "reply": reply,
                    })
                });
                self.outcomes = Some(Value::Array(told.collect()));
            }
            ClientEvent::Failed { failure, stage, .. } => {
                if self.outcomes.is_none() {
                    let failure = format!("{failure} (in reply to {stage})");
                    self.failure.get_or_insert(failure);
                }
                self.over = true;
            }
            ClientEvent::Finished => self.over = true,
            ClientEvent::Authenticated
            | ClientEvent::StartTls
            | ClientEvent::Ready(_)
            | ClientEvent::RecipientAnswered { .. } => {}
        }
    }

    /// The answer to who sent it, once the session is over.
    pub(super) fn answer(&self) -> Option<Response> {
        if !self.over {
            return None;
        }
        Some(match (&self.outcomes, &self.failure) {
            (Some(outcomes), _) => {
                let status = if self.taken { 201 } else { 422 };
                Response::json(status, &json!({ "via": "smtp", "recipients": outcomes }))
            }
            (None, failure) => {
                let failure = failure.as_deref().unwrap_or("the connection was lost");
                Response::error(422, failure)
            }
        })
    }
}

/// How a session ends its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Close,
    Abort,
}
