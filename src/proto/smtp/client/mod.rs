//! The client's side of an SMTP, submission or LMTP session.
//!
//! Follows RFC 5321 with PIPELINING (RFC 2920), SIZE (RFC 1870), 8BITMIME (RFC 6152),
//! ENHANCEDSTATUSCODES (RFC 2034), DSN (RFC 3461), SMTPUTF8 (RFC 6531), STARTTLS (RFC 3207), AUTH
//! (RFC 4954) and CHUNKING (RFC 3030), and LMTP (RFC 2033), with Postfix's time-outs. Sends a queue
//! of transactions over one connection, one after the other.
//!
//! Deviation: as Postfix does, HELO follows every refusal of EHLO but 421, and lines that are no
//! reply are passed over where commands are not pipelined. A server that says a reply piece by piece is
//! waited for as long as pieces come.
//!
//! Not modelled: conversion of 8-bit text for a server without 8BITMIME, which is an
//! [`Outcome::Unsendable`]; BINARYMIME; the time-out of a block of data, for the whole text is given
//! to the connection at once (RFC 5321 §4.5.3.2.5).

mod attempt;
mod config;
mod event;
mod start;
#[cfg(test)]
mod tests;
mod transaction;

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use attempt::{Attempt, Progress};
pub use config::{ClientConfig, Protocol, Timeouts, TlsPolicy};
pub use event::{ClientEvent, Failure, Outcome, Stage};
pub use transaction::Transaction;

use super::capabilities::Capabilities;
use super::command::Command;
use super::reply::{Reply, ReplyParser};
use crate::engine::{SimTime, Stream};
use crate::proto::sasl::ClientExchange;
use crate::proto::{Input, Session};

type Outbox = crate::proto::Outbox<ClientEvent>;

/// One connection, seen from the client.
#[derive(Debug)]
pub struct ClientSession {
    config: Arc<ClientConfig>,
    state: State,
    replies: ReplyParser,
    capabilities: Capabilities,
    /// Whether TLS protects the connection.
    secured: bool,
    /// What the nonces of AUTH are drawn from.
    nonces: Option<Box<Stream>>,
    waiting: VecDeque<Transaction>,
    /// The number of the next transaction to begin.
    next: usize,
    /// Whether no transaction will be added.
    finishing: bool,
    deadline: Option<SimTime>,
}

#[derive(Debug)]
enum State {
    /// The connection does not stand yet.
    Opening,
    Greeting,
    /// After EHLO, or LHLO of LMTP.
    Ehlo,
    Helo,
    StartTls,
    /// Waits for the owner to perform the TLS handshake.
    Handshake,
    Auth(ClientExchange),
    /// Waits for transactions. `reset` says that RSET must come before the next.
    Idle {
        reset: bool,
    },
    Rset,
    Sending(Box<Attempt>),
    /// `done`: the owner hears of the end now; otherwise it has heard of a failure before.
    Quit {
        done: bool,
    },
    Closed,
}

impl ClientSession {
    /// A session on a connection that does not stand yet, with its first transactions.
    ///
    /// It waits for further ones until [`ClientSession::finish`].
    pub fn new(
        config: impl Into<Arc<ClientConfig>>,
        transactions: impl IntoIterator<Item = Transaction>,
    ) -> Self {
        ClientSession {
            config: config.into(),
            state: State::Opening,
            replies: ReplyParser::new(),
            capabilities: Capabilities::default(),
            secured: false,
            nonces: None,
            waiting: transactions.into_iter().collect(),
            next: 0,
            finishing: false,
            deadline: None,
        }
    }

    /// The same with a stream of its own to draw the nonces of AUTH from.
    ///
    /// Without one the nonce of SCRAM is empty, and servers refuse it.
    pub fn with_nonces(mut self, stream: Stream) -> Self {
        self.nonces = Some(Box::new(stream));
        self
    }

    /// Adds a transaction.
    ///
    /// # Errors
    ///
    /// Gives it back when the session is over or finishing.
    #[expect(clippy::result_large_err, reason = "the caller had it, and gets it back")]
    pub fn push(
        &mut self,
        now: SimTime,
        transaction: Transaction,
        out: &mut Outbox,
    ) -> Result<(), Transaction> {
        if self.finishing || matches!(self.state, State::Quit { .. } | State::Closed) {
            return Err(transaction);
        }
        self.waiting.push_back(transaction);
        self.wake(now, out);
        Ok(())
    }

    /// Says that no transaction will follow: QUIT is sent after the last.
    pub fn finish(&mut self, now: SimTime, out: &mut Outbox) {
        self.finishing = true;
        self.wake(now, out);
    }

    /// Says RSET before the next transaction, if none is under way: a server that has gone away
    /// meanwhile shows it before anything is sent that counts, as with Postfix.
    pub fn reset_first(&mut self) {
        if let State::Idle { reset } = &mut self.state {
            *reset = true;
        }
    }

    /// What the server offers; nothing before EHLO was answered.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// What the client is waiting for.
    pub fn stage(&self) -> Stage {
        self.stage_of(&self.state)
    }

    /// Whether TLS protects the connection.
    pub fn is_secured(&self) -> bool {
        self.secured
    }

    /// Whether a transaction given now would begin at once.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle { .. }) && !self.finishing
    }

    fn wake(&mut self, now: SimTime, out: &mut Outbox) {
        if let State::Idle { reset } = self.state {
            self.go_on(reset, out);
            self.await_reply(now);
        }
    }

    /// Begins the next transaction, or finishes, or waits.
    fn go_on(&mut self, reset: bool, out: &mut Outbox) {
        while let Some(transaction) = self.waiting.front() {
            if let Some(outcome) = transaction.obstacle(&self.capabilities) {
                let outcomes = vec![outcome; transaction.recipients.len()];
                let transaction = self.next;
                self.next += 1;
                self.waiting.pop_front();
                out.event(ClientEvent::TransactionDone { transaction, outcomes });
                continue;
            }
            if reset {
                send(out, &Command::Rset);
                self.state = State::Rset;
                return;
            }
            let transaction = self.waiting.pop_front().expect("the queue has a front");
            let number = self.next;
            self.next += 1;
            let manner = attempt::Manner::new(&self.config, &self.capabilities);
            self.state = State::Sending(Attempt::begin(
                number,
                transaction,
                &self.capabilities,
                manner,
                out,
            ));
            return;
        }
        if self.finishing {
            self.quit(true, out);
        } else {
            self.state = State::Idle { reset };
        }
    }

    fn quit(&mut self, done: bool, out: &mut Outbox) {
        send(out, &Command::Quit);
        self.state = State::Quit { done };
    }

    fn reply(&mut self, reply: Reply, out: &mut Outbox) {
        let state = mem::replace(&mut self.state, State::Closed);
        if reply.code() == 421 && !matches!(state, State::Quit { .. } | State::Closed) {
            // The server closes now, whatever was asked (RFC 5321 §3.8).
            return self.fail(state, Failure::Refused(reply), out);
        }
        match state {
            State::Opening | State::Handshake | State::Idle { .. } => {
                self.fail(state, Failure::Unexpected(reply), out);
            }
            State::Greeting if reply.is_positive() => self.greet(out),
            State::Ehlo if reply.is_positive() => {
                self.capabilities = Capabilities::from_reply(&reply);
                self.secure(out);
            }
            State::Ehlo if !reply.is_intermediate() && self.config.protocol == Protocol::Smtp => {
                send(out, &Command::Helo(&self.config.helo));
                self.state = State::Helo;
            }
            State::Helo if reply.is_positive() => self.secure(out),
            State::StartTls if reply.is_positive() => {
                self.state = State::Handshake;
                out.event(ClientEvent::StartTls);
            }
            State::StartTls if self.config.tls == TlsPolicy::May && !reply.is_intermediate() => {
                self.authenticate(out);
            }
            State::Auth(exchange) if reply.is_intermediate() => {
                self.auth_challenge(exchange, &reply, out);
            }
            // A server that says yes before it has proved itself is not to be believed.
            State::Auth(ref exchange) if reply.is_positive() && exchange.is_complete() => {
                out.event(ClientEvent::Authenticated);
                self.ready(out);
            }
            State::Rset if reply.is_positive() => self.go_on(false, out),
            State::Greeting
            | State::Ehlo
            | State::Helo
            | State::StartTls
            | State::Auth(_)
            | State::Rset => {
                let stage = self.stage_of(&state);
                let failure = if reply.is_intermediate() || reply.is_positive() {
                    Failure::Unexpected(reply)
                } else {
                    Failure::Refused(reply)
                };
                self.give_up(stage, failure, out);
            }
            State::Sending(attempt) => match attempt.reply(reply, out) {
                Progress::Waiting(attempt) => self.state = State::Sending(attempt),
                Progress::Done { reset } => self.go_on(reset, out),
                Progress::Nonsense(attempt, reply) => {
                    self.fail(State::Sending(attempt), Failure::Unexpected(reply), out);
                }
            },
            // Whatever the answer to QUIT, it is over.
            State::Quit { done } => self.close(done, out),
            State::Closed => {}
        }
    }

    /// Ends a session that the server does not want, with QUIT.
    fn give_up(&mut self, stage: Stage, failure: Failure, out: &mut Outbox) {
        self.quit(false, out);
        let unsent = mem::take(&mut self.waiting).into();
        out.event(ClientEvent::Failed { stage, failure, unsent });
    }

    /// Ends a session that cannot go on, without a word.
    fn fail(&mut self, state: State, failure: Failure, out: &mut Outbox) {
        let stage = self.stage_of(&state);
        match state {
            State::Sending(attempt) => attempt.fail(&failure, out),
            State::Quit { done } => return self.close(done, out),
            State::Closed => return,
            _ => {}
        }
        self.state = State::Closed;
        self.deadline = None;
        let unsent = mem::take(&mut self.waiting).into();
        out.event(ClientEvent::Failed { stage, failure, unsent });
        out.close();
    }

    fn close(&mut self, done: bool, out: &mut Outbox) {
        self.state = State::Closed;
        self.deadline = None;
        if done {
            out.event(ClientEvent::Finished);
        }
        out.close();
    }

    fn await_reply(&mut self, now: SimTime) {
        self.deadline = match &self.state {
            State::Opening | State::Closed => None,
            state => self.config.timeouts.at(self.stage_of(state)).map(|timeout| now + timeout),
        };
    }

    fn stage_of(&self, state: &State) -> Stage {
        match state {
            State::Opening | State::Greeting => Stage::Greeting,
            State::Ehlo if self.config.protocol == Protocol::Lmtp => Stage::Lhlo,
            State::Ehlo => Stage::Ehlo,
            State::Helo => Stage::Helo,
            State::StartTls | State::Handshake => Stage::StartTls,
            State::Auth(_) => Stage::Auth,
            State::Idle { .. } => Stage::Idle,
            State::Rset => Stage::Rset,
            State::Sending(attempt) => attempt.stage(),
            State::Quit { .. } | State::Closed => Stage::Quit,
        }
    }

    /// Whether replies may be under way to commands that follow the one whose reply is awaited, so
    /// that one that cannot be read would put all others out of step.
    fn may_pipeline(&self) -> bool {
        self.config.pipelining && self.capabilities.pipelining
    }
}

impl Session for ClientSession {
    type Event = ClientEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>, out: &mut Outbox) {
        match (&self.state, input) {
            (State::Closed, _) => {}
            (State::Opening, Input::Opened) => {
                self.state = State::Greeting;
                self.await_reply(now);
            }
            (_, Input::Opened) => {}
            (_, Input::Bytes(mut octets)) => loop {
                if let State::Closed | State::Handshake = self.state {
                    // What comes in clear after the reply to STARTTLS is not the server's
                    // (RFC 3207 §6): nobody could have sent it before the handshake.
                    self.replies = ReplyParser::new();
                    return;
                }
                match self.replies.next(&mut octets) {
                    Ok(Some(reply)) => {
                        self.reply(reply, out);
                        self.await_reply(now);
                    }
                    // As Postfix without `smtp_per_request_deadline`: each piece of a reply has the
                    // whole time again.
                    Ok(None) if !self.replies.is_at_start() => return self.await_reply(now),
                    Ok(None) => return,
                    Err(_) if !self.may_pipeline() => {}
                    Err(error) => {
                        let state = mem::replace(&mut self.state, State::Closed);
                        return self.fail(state, Failure::Malformed(error), out);
                    }
                }
            },
            (_, Input::Eof) => {
                let state = mem::replace(&mut self.state, State::Closed);
                self.fail(state, Failure::Eof, out);
            }
            (_, Input::Timeout) => {
                if self.deadline.is_some_and(|deadline| deadline <= now) {
                    let state = mem::replace(&mut self.state, State::Closed);
                    self.fail(state, Failure::TimedOut, out);
                }
            }
        }
    }

    fn deadline(&self) -> Option<SimTime> {
        self.deadline
    }
}

fn send(out: &mut Outbox, command: &Command<'_>) {
    command.write(out).expect("an outbox takes everything");
    out.send("\r\n");
}
