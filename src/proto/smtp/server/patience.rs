//! How long a client is borne with, and how slowly it is served: errors, tarpit, the last word.
//!
//! A reply that is to wait is held here until the session's deadline. What the client sends
//! meanwhile is kept and not read, as by a server that sleeps.

use std::time::Duration;

use bytes::BytesMut;

use super::event::{CloseReason, ServerEvent};
use super::misbehave::encoded;
use super::{ServerSession, State, Turn};
use crate::engine::SimTime;
use crate::proto::misbehaviour::Pace;
use crate::proto::smtp::reply::Reply;

/// How many errors a server bears, and how slowly it serves. Defaults are Postfix's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// From how many errors since the last accepted message on every reply is late by
    /// `error_delay`. Default 10 (`smtpd_soft_error_limit`).
    pub soft_error_limit: u32,
    /// At how many of them 421 ends the session. Default 20 (`smtpd_hard_error_limit`).
    pub hard_error_limit: u32,
    /// How late a reply is from the soft limit on. Default 1 s (`smtpd_error_sleep_time`).
    pub error_delay: Duration,
    /// How many commands that bring no mail forward (EHLO, HELO, NOOP, RSET, VRFY, EXPN, HELP) are
    /// borne since the last accepted message; further ones count as errors. Default 100
    /// (`smtpd_junk_command_limit`).
    pub junk_limit: u32,
    /// A tarpit: how late every reply is, the greeting too. Default: not.
    pub reply_delay: Duration,
    /// A tarpit: how late, beside that, a reply is that refuses. Default: not.
    pub refusal_delay: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            soft_error_limit: 10,
            hard_error_limit: 20,
            error_delay: Duration::from_secs(1),
            junk_limit: 100,
            reply_delay: Duration::ZERO,
            refusal_delay: Duration::ZERO,
        }
    }
}

/// Replies that wait for their time.
#[derive(Debug)]
pub(super) struct Held {
    until: SimTime,
    replies: BytesMut,
    then: Then,
    /// How slowly they go out; `None`: together.
    pace: Option<Pace>,
}

impl Held {
    /// Whether nothing that the client sends meanwhile will be read.
    pub(super) fn is_last(&self) -> bool {
        self.then != Then::ReadOn
    }
}

/// What comes after replies that waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    ReadOn,
    StartTls,
    Close(CloseReason),
    /// The connection is dropped.
    Reset,
    /// The session hangs.
    Hang,
}

/// What kind of a reply it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Yes,
    No,
}

impl ServerSession {
    /// Sends a reply that refuses nothing; in pieces, with its CRLF.
    pub(super) fn say(&mut self, turn: &mut Turn<'_>, pieces: &[&str]) {
        self.speak(turn, Tone::Yes, pieces);
    }

    /// Sends a reply that refuses nothing.
    pub(super) fn reply(&mut self, turn: &mut Turn<'_>, reply: &Reply) {
        self.speak_reply(turn, Tone::Yes, reply);
    }

    /// Sends a reply that refuses; 421 and 521 end the session.
    pub(super) fn refuse(&mut self, turn: &mut Turn<'_>, reply: &Reply) {
        self.speak_reply(turn, Tone::No, reply);
        if matches!(reply.code(), 421 | 521) {
            return self.close(turn, CloseReason::Refused);
        }
        self.count_error(turn);
    }

    /// Sends the whole line of a reply that refuses.
    pub(super) fn error(&mut self, turn: &mut Turn<'_>, reply: &str) {
        self.speak(turn, Tone::No, &[reply]);
        self.count_error(turn);
    }

    /// Sends one reply of several that refuse the same message; the errors are counted elsewhere.
    pub(super) fn refuse_one_of_many(&mut self, turn: &mut Turn<'_>, reply: &Reply) {
        self.speak_reply(turn, Tone::No, reply);
    }

    /// Sends the last reply, whole, and closes.
    pub(super) fn last_word(&mut self, turn: &mut Turn<'_>, reply: &[&str], reason: CloseReason) {
        self.speak(turn, Tone::Yes, reply);
        self.close(turn, reason);
    }

    /// Counts an error of the client, which may be one too many.
    pub(super) fn count_error(&mut self, turn: &mut Turn<'_>) {
        self.errors += 1;
        self.lose_patience(turn);
    }

    /// Counts a command that brings no mail forward. Whether it was one too many.
    pub(super) fn count_junk(&mut self, turn: &mut Turn<'_>) -> bool {
        self.junk += 1;
        if self.junk > self.config.patience.junk_limit {
            self.errors += 1;
        }
        self.lose_patience(turn)
    }

    /// Ends the session where there were too many errors.
    fn lose_patience(&mut self, turn: &mut Turn<'_>) -> bool {
        let lost = self.errors >= self.config.patience.hard_error_limit;
        if lost {
            let config = self.config.clone();
            let words = ["421 4.7.0 ", &config.hostname, " Error: too many errors\r\n"];
            self.last_word(turn, &words, CloseReason::Misbehaved);
        }
        lost
    }

    /// A message was accepted: all is forgiven.
    pub(super) fn forgive(&mut self) {
        self.errors = 0;
        self.junk = 0;
    }

    /// Closes after what was said.
    pub(super) fn close(&mut self, turn: &mut Turn<'_>, reason: CloseReason) {
        match &mut self.held {
            Some(held) => held.then = Then::Close(reason),
            None => self.end(turn, reason),
        }
    }

    /// Drops the connection after what was said.
    pub(super) fn reset_connection(&mut self, turn: &mut Turn<'_>) {
        match &mut self.held {
            Some(held) => held.then = Then::Reset,
            None => self.drop_connection(turn),
        }
    }

    /// Says and hears nothing more, after what was said.
    pub(super) fn hang(&mut self, turn: &mut Turn<'_>) {
        match &mut self.held {
            Some(held) => held.then = Then::Hang,
            None => self.fall_mute(turn.now),
        }
    }

    fn fall_mute(&mut self, now: SimTime) {
        self.state = State::Mute;
        self.unread.clear();
        self.deadline = Some(now + WATCHDOG);
    }

    /// The end, without order.
    pub(super) fn drop_connection(&mut self, turn: &mut Turn<'_>) {
        self.forget_all();
        turn.out.event(ServerEvent::Closed(CloseReason::Told));
        turn.out.abort();
    }

    fn forget_all(&mut self) {
        self.state = State::Closed;
        self.held = None;
        self.unread.clear();
        self.deadline = None;
        self.manners = None;
    }

    /// Goes over to TLS after what was said.
    pub(super) fn start_tls(&mut self, turn: &mut Turn<'_>) {
        self.state = State::Securing;
        match &mut self.held {
            Some(held) => held.then = Then::StartTls,
            None => turn.out.event(ServerEvent::StartTls),
        }
    }

    /// The end, whatever was still to be said.
    pub(super) fn end(&mut self, turn: &mut Turn<'_>, reason: CloseReason) {
        self.forget_all();
        turn.out.event(ServerEvent::Closed(reason));
        turn.out.close();
    }

    /// When replies that are held back may go out.
    pub(super) fn held_until(&self) -> Option<SimTime> {
        self.held.as_ref().map(|held| held.until)
    }

    /// Sends replies whose time has come. The session may read on after it.
    pub(super) fn release(&mut self, turn: &mut Turn<'_>) {
        let Some(mut held) = self.held.take_if(|held| held.until <= turn.now) else { return };
        if let Some(Pace { octets, every }) = held.pace
            && held.replies.len() > octets
        {
            turn.out.send(held.replies.split_to(octets));
            held.until = turn.now + every;
            self.held = Some(held);
            return;
        }
        turn.out.send(&held.replies);
        match held.then {
            Then::ReadOn => {}
            Then::Reset => self.drop_connection(turn),
            Then::Hang => self.fall_mute(turn.now),
            Then::StartTls => turn.out.event(ServerEvent::StartTls),
            Then::Close(reason) => self.end(turn, reason),
        }
    }

    fn speak(&mut self, turn: &mut Turn<'_>, tone: Tone, pieces: &[&str]) {
        match self.other_words(pieces) {
            Some(words) => self.utter(turn, tone, &[&words]),
            None => self.utter(turn, tone, pieces),
        }
    }

    fn utter(&mut self, turn: &mut Turn<'_>, tone: Tone, pieces: &[&str]) {
        match self.hold(turn.now, tone) {
            Some(held) => {
                pieces.iter().for_each(|piece| held.extend_from_slice(piece.as_bytes()));
            }
            None => pieces.iter().for_each(|piece| turn.out.send(piece)),
        }
    }

    fn speak_reply(&mut self, turn: &mut Turn<'_>, tone: Tone, reply: &Reply) {
        if self.manners.is_some() {
            return self.speak(turn, tone, &[&encoded(reply)]);
        }
        match self.hold(turn.now, tone) {
            Some(held) => reply.encode(held),
            None => reply.encode(turn.out),
        }
        .expect("neither a string nor an outbox refuses anything");
    }

    /// Where a reply has to wait, if it has to: behind one that waits already, or for its own time.
    fn hold(&mut self, now: SimTime, tone: Tone) -> Option<&mut BytesMut> {
        if self.held.is_none() {
            let patience = &self.config.patience;
            let (late, pace) = self.lateness();
            let mut delay = patience.reply_delay + late;
            if tone == Tone::No {
                delay += patience.refusal_delay;
            }
            if self.errors >= patience.soft_error_limit {
                delay += patience.error_delay;
            }
            if let Some(pace) = pace {
                delay += pace.every;
            }
            if delay.is_zero() {
                return None;
            }
            let (until, then) = (now + delay, Then::ReadOn);
            self.held = Some(Held { until, replies: BytesMut::new(), then, pace });
        }
        self.held.as_mut().map(|held| &mut held.replies)
    }
}

/// For how long a server hangs at most: Postfix's watchdog (`daemon_timeout`) ends it then.
const WATCHDOG: Duration = Duration::from_secs(18_000);
