//! The server's side of an SMTP, submission or LMTP session.
//!
//! Follows RFC 5321 with PIPELINING (RFC 2920), SIZE (RFC 1870), 8BITMIME (RFC 6152),
//! ENHANCEDSTATUSCODES (RFC 2034), STARTTLS (RFC 3207), AUTH (RFC 4954), DSN (RFC 3461),
//! SMTPUTF8 (RFC 6531) and CHUNKING (RFC 3030), and RFC 2033 for LMTP. The wording of replies, the
//! order of checks and the limits are Postfix's.
//!
//! The session knows nothing of TLS: its owner does the handshake, and gives it what was encrypted.
//!
//! Deviation: replies have enhanced status codes after HELO as well, as Postfix's do. A line of text
//! may have any length, as in Postfix, where RFC 5321 §4.5.3.1.6 asks for 1,000 octets at least.
//!
//! Not modelled: BINARYMIME (as in Postfix), ETRN, XCLIENT and XFORWARD; replies to a client that talks before its
//! turn (it is borne with, as by a Postfix without postscreen).

mod auth;
mod chunks;
mod command;
mod config;
mod event;
mod misbehave;
mod patience;
mod protocol_word;
#[cfg(test)]
mod tests;
mod transaction;

use std::mem;
use std::sync::Arc;

use bytes::{Buf, BytesMut};

pub use config::{BareNewlines, Greeting, Role, ServerConfig, Tls, Verify};
pub use event::{CloseReason, Envelope, Misdeed, ReceivedMessage, Recipient, ServerEvent, Verdict};
pub use patience::Patience;

use super::address::{ForwardPath, ReversePath};
use super::data::DataDecoder;
use super::line::{LineSplitter, Split};
use super::misbehaviour::{Manners, Moment};
use super::params::{MailParams, RcptParams};
use crate::engine::{SimTime, Stream};
use crate::proto::sasl::{Identity, Mechanism, ServerExchange};
use crate::proto::{Input, Session};
use chunks::{Chunk, Chunks};
use command::Asked;
use misbehave::Matter;
use patience::Held;

type Outbox = crate::proto::Outbox<ServerEvent>;

/// One connection, seen from the server.
#[derive(Debug)]
pub struct ServerSession {
    config: Arc<ServerConfig>,
    state: State,
    lines: LineSplitter,
    /// What has come and was not read yet: a piece of a line, or what waits for an answer.
    unread: BytesMut,
    /// Replies that wait for their time. Nothing is read meanwhile.
    held: Option<Held>,
    deadline: Option<SimTime>,
    greeted: Option<Greeted>,
    secured: bool,
    authenticated_as: Option<String>,
    /// Where the challenges of AUTH come from.
    challenges: Option<Box<Stream>>,
    /// Errors since the last accepted message, and commands that brought none forward.
    errors: u32,
    junk: u32,
    /// How it misbehaves; `None`: not at all.
    manners: Option<Box<Manners>>,
}

#[derive(Debug)]
struct Greeted {
    helo: String,
    extended: bool,
}

#[derive(Debug)]
enum State {
    /// The connection does not stand yet.
    Opening,
    /// Greeted with 554: waits for QUIT.
    Unwelcome,
    /// Waits for EHLO, MAIL, AUTH and so on.
    Ready,
    /// Waits for the client's next response within AUTH.
    Auth { mechanism: Mechanism, exchange: ServerExchange },
    /// Waits for RCPT, DATA or BDAT. `refused` counts the recipients refused so far.
    Envelope { envelope: Envelope, refused: usize },
    /// Waits for the end of the text.
    Data { envelope: Envelope, decoder: DataDecoder },
    /// Waits for the rest of a chunk.
    Chunk { chunk: Chunk, left: u64 },
    /// Waits for the next BDAT.
    Chunks(Chunks),
    /// Waits for the end of a TLS handshake, of which it sees nothing.
    Securing,
    /// Waits for the owner's answer.
    Asking(Question),
    /// Hangs, and hears nothing.
    Mute,
    /// Over.
    Closed,
}

/// What the owner was asked, with what is needed to go on afterwards.
#[derive(Debug)]
enum Question {
    Auth { mechanism: Mechanism, identity: Identity, exchange: ServerExchange },
    Mail { from: ReversePath, params: MailParams },
    Rcpt { envelope: Envelope, refused: usize, to: ForwardPath, params: RcptParams },
    Message { recipients: usize, smtputf8: bool },
    Lookup { asked: Asked, argument: String, then: Box<State> },
}

/// One input or answer: when it came, and where what follows from it goes.
struct Turn<'a> {
    now: SimTime,
    out: &'a mut Outbox,
}

impl ServerSession {
    /// A session on a connection that does not stand yet.
    pub fn new(config: impl Into<Arc<ServerConfig>>) -> Self {
        ServerSession {
            config: config.into(),
            state: State::Opening,
            lines: LineSplitter::default(),
            unread: BytesMut::new(),
            held: None,
            deadline: None,
            greeted: None,
            secured: false,
            authenticated_as: None,
            challenges: None,
            errors: 0,
            junk: 0,
            manners: None,
        }
    }

    /// The same with a stream of its own to draw the challenges of AUTH from.
    ///
    /// Without one the nonces of CRAM-MD5 and SCRAM are empty, and SCRAM clients fail.
    pub fn with_challenges(mut self, stream: Stream) -> Self {
        self.challenges = Some(Box::new(stream));
        self
    }

    /// Gives the session other settings. Only of use before [`Input::Opened`].
    pub fn configure(&mut self, config: impl Into<Arc<ServerConfig>>) {
        self.config = config.into();
    }

    /// Answers the question asked last, and goes on with what the client has sent meanwhile.
    ///
    /// Does nothing when no question is open, as after the connection was lost.
    ///
    /// # Panics
    ///
    /// When [`Verdict::Secret`] answers another question than [`ServerEvent::Auth`].
    pub fn answer(&mut self, now: SimTime, verdict: Verdict, out: &mut Outbox) {
        self.answer_each(now, &[verdict], out);
    }

    /// Answers [`ServerEvent::Message`] in LMTP with a verdict for each recipient, in their order
    /// (RFC 2033 §4.2). One verdict alone is for all of them.
    ///
    /// # Panics
    ///
    /// When there is another number of verdicts, or as [`ServerSession::answer`].
    pub fn answer_each(&mut self, now: SimTime, verdicts: &[Verdict], out: &mut Outbox) {
        let State::Asking(question) = &self.state else { return };
        let [verdict, ..] = verdicts else { panic!("a question has an answer") };
        let secret = matches!(verdict, Verdict::Secret(_));
        assert!(
            !secret || matches!(question, Question::Auth { .. }),
            "a secret answers the question of AUTH alone"
        );
        let State::Asking(question) = mem::replace(&mut self.state, State::Ready) else { return };
        let turn = &mut Turn { now, out };
        match question {
            Question::Auth { mechanism, identity, exchange } => {
                self.auth_answered(turn, mechanism, (identity, exchange), verdict);
            }
            Question::Mail { from, params } => self.mail_answered(turn, from, params, verdict),
            Question::Rcpt { envelope, refused, to, params } => {
                let recipient = Recipient { path: to, params };
                self.rcpt_answered(turn, (envelope, refused), recipient, verdict);
            }
            Question::Message { recipients, .. } => {
                self.message_answered(turn, recipients, verdicts);
            }
            Question::Lookup { asked, argument, then } => {
                self.state = *then;
                self.lookup_answered(turn, asked, &argument, verdict);
            }
        }
        self.after_answer(turn);
        self.resume(turn);
    }

    /// The connection is secured: a TLS handshake is done, after [`ServerEvent::StartTls`] or before
    /// [`Input::Opened`].
    ///
    /// The session is as after its greeting: what the client said before counts no more
    /// (RFC 3207 §4.2), and what it sent in clear behind STARTTLS is thrown away.
    pub fn secured(&mut self, now: SimTime) {
        self.secured = true;
        self.greeted = None;
        self.authenticated_as = None;
        if let State::Securing = self.state {
            self.state = State::Ready;
            self.unread.clear();
            self.deadline = Some(now + self.config.command_timeout);
        }
    }

    /// Whether the session waits for [`ServerSession::answer`]. Further octets are kept meanwhile,
    /// 256 KiB and, with CHUNKING, one message at most; an owner that can hold back the client
    /// should.
    pub fn is_asking(&self) -> bool {
        matches!(self.state, State::Asking(_))
    }

    /// The argument of the last EHLO, HELO or LHLO.
    pub fn helo(&self) -> Option<&str> {
        self.greeted.as_ref().map(|greeted| &*greeted.helo)
    }

    /// Whether the client greeted with EHLO or LHLO.
    pub fn extended(&self) -> bool {
        self.greeted.as_ref().is_some_and(|greeted| greeted.extended)
    }

    /// Whether the connection is secured by TLS.
    pub fn is_secured(&self) -> bool {
        self.secured
    }

    /// The authentication identity that AUTH proved.
    pub fn authenticated_as(&self) -> Option<&str> {
        self.authenticated_as.as_deref()
    }

    /// The envelope so far, while the session waits for RCPT, DATA, BDAT, the text, or an answer to
    /// RCPT.
    pub fn envelope(&self) -> Option<&Envelope> {
        let state = match &self.state {
            State::Asking(Question::Lookup { then, .. }) => then,
            state => state,
        };
        match state {
            State::Envelope { envelope, .. }
            | State::Data { envelope, .. }
            | State::Chunk { chunk: Chunk::Kept { chunks: Chunks { envelope, .. }, .. }, .. }
            | State::Chunks(Chunks { envelope, .. })
            | State::Asking(Question::Rcpt { envelope, .. }) => Some(envelope),
            _ => None,
        }
    }

    /// The settings.
    pub fn config(&self) -> &ServerConfig {
        &self.config
    }

    fn open(&mut self, turn: &mut Turn<'_>) {
        if self.misbehaves(turn, Moment::Connect, Matter::default()) {
            return self.resume(turn);
        }
        let config = self.config.clone();
        match &config.greeting {
            Greeting::Ready => {
                self.state = State::Ready;
                let protocol = if config.role == Role::Lmtp { " LMTP\r\n" } else { " ESMTP\r\n" };
                self.say(turn, &["220 ", &config.hostname, protocol]);
            }
            Greeting::Refuse(reply) => {
                self.state = State::Unwelcome;
                self.reply(turn, reply);
                if reply.code() == 421 {
                    self.close(turn, CloseReason::Refused);
                }
            }
        }
        self.after_answer(turn);
        // A client that talks before the greeting is borne with.
        self.resume(turn);
    }

    /// Reads on after something that it had to wait for.
    fn resume(&mut self, turn: &mut Turn<'_>) {
        self.restart_clock(turn.now);
        if !self.unread.is_empty() {
            self.read_unread(turn);
        }
    }

    fn read_unread(&mut self, turn: &mut Turn<'_>) {
        let mut unread = mem::take(&mut self.unread);
        let used = self.read(turn, &unread);
        if !matches!(self.state, State::Closed | State::Securing | State::Mute) {
            unread.advance(used);
            self.unread = unread;
        }
    }

    /// Reads `input` as far as it goes, and tells how many octets that were.
    fn read(&mut self, turn: &mut Turn<'_>, input: &[u8]) -> usize {
        let mut rest = input;
        while self.held.is_none() {
            match &mut self.state {
                State::Opening | State::Asking(_) => break,
                // Behind STARTTLS, nothing in clear counts (RFC 3207 §4.2, CVE-2011-0411).
                State::Closed | State::Securing | State::Mute => rest = &[],
                State::Data { decoder, .. } => {
                    let room = misbehave::room(self.manners.as_deref());
                    let (mut piece, behind) = rest.split_at(rest.len().min(room));
                    let before = piece.len();
                    let over = decoder.push(&mut piece);
                    let taken = before - piece.len();
                    if taken > 0 {
                        self.deadline = Some(turn.now + self.config.data_timeout);
                    }
                    rest = if behind.is_empty() { piece } else { &rest[taken..] };
                    if over {
                        self.end_of_data(turn);
                    } else {
                        self.text_has_come(turn, taken);
                    }
                }
                State::Chunk { .. } => {
                    if !rest.is_empty() {
                        self.deadline = Some(turn.now + self.config.data_timeout);
                    }
                    self.octets_of_chunk(turn, &mut rest);
                }
                State::Unwelcome
                | State::Ready
                | State::Auth { .. }
                | State::Envelope { .. }
                | State::Chunks(_) => {
                    let in_auth = matches!(self.state, State::Auth { .. });
                    let used = match self.lines.split(rest, line_limit(rest, in_auth)) {
                        Split::Line { line, used } => {
                            self.line(turn, line);
                            used
                        }
                        Split::TooLong { used } => {
                            if in_auth {
                                self.state = State::Ready;
                            }
                            self.error(turn, if in_auth { RESPONSE_TOO_LONG } else { TOO_LONG });
                            used
                        }
                        Split::More { used } => {
                            rest = &rest[used..];
                            break;
                        }
                    };
                    rest = &rest[used..];
                    self.restart_clock(turn.now);
                }
            }
            if rest.is_empty() {
                break;
            }
        }
        input.len() - rest.len()
    }

    /// The client has its whole time again, where it owes something.
    fn restart_clock(&mut self, now: SimTime) {
        self.deadline = match self.state {
            State::Opening | State::Asking(_) | State::Closed => None,
            State::Mute => return,
            State::Data { .. } | State::Chunk { .. } => Some(now + self.config.data_timeout),
            _ => Some(now + self.config.command_timeout),
        };
    }

    fn bytes(&mut self, turn: &mut Turn<'_>, octets: &[u8]) {
        // Who waits for the last word, or for TLS, is not listened to.
        if self.held.as_ref().is_some_and(Held::is_last) {
            return;
        }
        let waits = matches!(self.state, State::Opening | State::Asking(_)) || self.held.is_some();
        if waits {
            let chunks = if self.config.chunking { self.config.size_limit_octets } else { 0 };
            if self.unread.len() + octets.len() > UNREAD_LIMIT + chunks {
                let config = self.config.clone();
                let words = ["421 4.7.0 ", &config.hostname, " Error: too much input\r\n"];
                self.held = None;
                return self.last_word(turn, &words, CloseReason::Misbehaved);
            }
            self.unread.extend_from_slice(octets);
        } else if self.unread.is_empty() {
            let used = self.read(turn, octets);
            if !matches!(self.state, State::Closed | State::Securing | State::Mute) {
                self.unread.extend_from_slice(&octets[used..]);
            }
        } else {
            self.unread.extend_from_slice(octets);
            self.read_unread(turn);
        }
    }

    fn timeout(&mut self, turn: &mut Turn<'_>) {
        if self.deadline().is_none_or(|deadline| deadline > turn.now) {
            return;
        }
        if self.held.is_some() {
            self.release(turn);
            return self.resume(turn);
        }
        if let State::Mute = self.state {
            return self.drop_connection(turn);
        }
        if let State::Securing = self.state {
            // Nothing can be said within a handshake.
            return self.end(turn, CloseReason::TimedOut);
        }
        let config = self.config.clone();
        let words = ["421 4.4.2 ", &config.hostname, " Error: timeout exceeded\r\n"];
        self.last_word(turn, &words, CloseReason::TimedOut);
    }
}

impl Session for ServerSession {
    type Event = ServerEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>, out: &mut Outbox) {
        let turn = &mut Turn { now, out };
        match (&self.state, input) {
            (State::Closed, _) => {}
            (State::Opening, Input::Opened) => self.open(turn),
            (_, Input::Opened) => {}
            (_, Input::Bytes(octets)) => self.bytes(turn, octets),
            (_, Input::Eof) => self.end(turn, CloseReason::Eof),
            (_, Input::Timeout) => self.timeout(turn),
        }
        if self.is_asking() {
            self.deadline = None;
        }
    }

    fn deadline(&self) -> Option<SimTime> {
        self.held_until().or(self.deadline)
    }
}

/// Of one line with its CRLF: as in Postfix 2,048 octets, beyond what RFC 5321 §4.5.3.1.4 and the
/// extensions ask for; 12,288 within AUTH (RFC 4954 §4).
fn line_limit(input: &[u8], in_auth: bool) -> usize {
    let auth = in_auth || input.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case(b"AUTH "));
    if auth { AUTH_LINE_LIMIT } else { LINE_LIMIT }
}

const LINE_LIMIT: usize = 2048;
const AUTH_LINE_LIMIT: usize = 12_288;

const TOO_LONG: &str = "500 5.5.2 Error: line too long\r\n";
const RESPONSE_TOO_LONG: &str = "500 5.5.6 Authentication exchange line is too long\r\n";

/// Of what may wait for an answer, beside one message in chunks.
const UNREAD_LIMIT: usize = 262_144;
