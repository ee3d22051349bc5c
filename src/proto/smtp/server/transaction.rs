//! One mail transaction: MAIL, RCPT, DATA, the end of the text (RFC 5321 §3.3).

use std::mem;

use memchr::memchr_iter;

use super::config::{BareNewlines, Role};
use super::event::{Envelope, ReceivedMessage, Recipient, ServerEvent, Verdict};
use super::{Question, ServerSession, State, Turn};
use crate::proto::smtp::address::{ForwardPath, ReversePath};
use crate::proto::smtp::data::DataDecoder;
use crate::proto::smtp::params::{MailParams, RcptParams};
use crate::proto::smtp::text::MessageText;

impl ServerSession {
    pub(super) fn mail(&mut self, turn: &mut Turn<'_>, from: ReversePath, params: MailParams) {
        let Some(greeted) = &self.greeted else {
            let lmtp = self.config.role == Role::Lmtp;
            return self.error(turn, if lmtp { SEND_LHLO } else { SEND_HELO });
        };
        match self.state {
            State::Envelope { .. } => {
                return self.error(turn, "503 5.5.1 Error: nested MAIL command\r\n");
            }
            State::Chunks(_) => return self.error(turn, "503 5.5.1 Error: MAIL after BDAT\r\n"),
            _ => {}
        }
        let config = &self.config;
        let offered = if greeted.extended {
            (params.body.is_none() || config.eight_bit_mime)
                && (params.auth.is_none() || !config.mechanisms.is_empty())
                && (!params.asks_for_dsn() || config.dsn)
                && (!params.smtputf8 || config.smtp_utf8)
        } else {
            params == MailParams::default()
        };
        if !offered {
            return self.unsupported(turn, &params.to_string());
        }
        if !from.is_ascii() && !params.smtputf8 {
            return self.undeclared(turn, BAD_SENDER);
        }
        if params.size_octets.is_some_and(|size| size > config.size_limit_octets as u64) {
            return self.error(turn, TOO_LARGE);
        }
        turn.out.event(ServerEvent::Mail { from: from.clone(), params: params.clone() });
        self.state = State::Asking(Question::Mail { from, params });
    }

    pub(super) fn mail_answered(
        &mut self,
        turn: &mut Turn<'_>,
        from: ReversePath,
        params: MailParams,
        verdict: &Verdict,
    ) {
        if verdict.is_yes() {
            let envelope = Envelope { from, params, recipients: Vec::new() };
            self.state = State::Envelope { envelope, refused: 0 };
        }
        self.tell(turn, verdict, "250 2.1.0 Ok\r\n");
    }

    pub(super) fn rcpt(&mut self, turn: &mut Turn<'_>, to: ForwardPath, params: RcptParams) {
        let (envelope, refused) = match mem::replace(&mut self.state, State::Ready) {
            State::Envelope { envelope, refused } => (envelope, refused),
            State::Chunks(chunks) => {
                self.state = State::Chunks(chunks);
                return self.error(turn, "503 5.5.1 Error: RCPT after BDAT\r\n");
            }
            _ => return self.error(turn, "503 5.5.1 Error: need MAIL command\r\n"),
        };
        let full = envelope.recipients.len() >= self.config.max_recipients;
        let undeclared = !to.is_ascii() && !envelope.params.smtputf8;
        let unsupported = params.asks_for_dsn() && !(self.config.dsn && self.extended());
        if !(full || undeclared || unsupported) {
            turn.out.event(ServerEvent::Rcpt { to: to.clone(), params: params.clone() });
            self.state = State::Asking(Question::Rcpt { envelope, refused, to, params });
            return;
        }
        self.state = State::Envelope { envelope, refused: refused + 1 };
        if unsupported {
            self.unsupported(turn, &params.to_string());
        } else if undeclared {
            self.undeclared(turn, BAD_RECIPIENT);
        } else {
            self.say(turn, &["452 4.5.3 Error: too many recipients\r\n"]);
            // No mistake of the client, which tries these again (RFC 5321 §4.5.3.1.10): the
            // message must not be lost to those who were accepted.
            if refused >= OVERSHOOT_LIMIT {
                self.count_error(turn);
            }
        }
    }

    pub(super) fn rcpt_answered(
        &mut self,
        turn: &mut Turn<'_>,
        (mut envelope, refused): (Envelope, usize),
        recipient: Recipient,
        verdict: &Verdict,
    ) {
        let refused = if verdict.is_yes() {
            envelope.recipients.push(recipient);
            refused
        } else {
            refused + 1
        };
        self.state = State::Envelope { envelope, refused };
        self.tell(turn, verdict, "250 2.1.5 Ok\r\n");
    }

    pub(super) fn data(&mut self, turn: &mut Turn<'_>) {
        match mem::replace(&mut self.state, State::Ready) {
            State::Envelope { envelope, .. } if !envelope.recipients.is_empty() => {
                let announced = envelope.params.size_octets.unwrap_or(0);
                let decoder = DataDecoder::with_room(self.config.size_limit_octets, announced);
                self.state = State::Data { envelope, decoder };
                self.say(turn, &["354 End data with <CR><LF>.<CR><LF>\r\n"]);
            }
            State::Chunks(chunks) => {
                self.state = State::Chunks(chunks);
                self.error(turn, "503 5.5.1 Error: DATA after BDAT\r\n");
            }
            other => {
                let reply = self.no_recipients(&other);
                if let State::Envelope { .. } = other {
                    self.state = other;
                }
                self.error(turn, reply);
            }
        }
    }

    /// What DATA or BDAT is told in a state without recipients. LMTP knows 503 alone
    /// (RFC 2033 §4.2).
    pub(super) fn no_recipients(&self, state: &State) -> &'static str {
        match state {
            State::Envelope { refused: 1.., .. } if self.config.role == Role::Lmtp => {
                "503 5.5.1 Error: no valid recipients\r\n"
            }
            State::Envelope { refused: 1.., .. } => "554 5.5.1 Error: no valid recipients\r\n",
            _ => "503 5.5.1 Error: need RCPT command\r\n",
        }
    }

    pub(super) fn end_of_data(&mut self, turn: &mut Turn<'_>) {
        let State::Data { envelope, decoder } = mem::replace(&mut self.state, State::Ready) else {
            return;
        };
        if decoder.is_too_large() {
            return self.text_refused(turn, &envelope, TOO_LARGE);
        }
        self.end_of_text(turn, envelope, decoder.into_text());
    }

    /// The text is here, whole.
    pub(super) fn end_of_text(
        &mut self,
        turn: &mut Turn<'_>,
        envelope: Envelope,
        data: MessageText,
    ) {
        if self.config.bare_newlines == BareNewlines::Reject && has_bare_newline(&data) {
            let reply = format!("550 5.5.2 {} Error: bare <LF> received\r\n", self.config.hostname);
            return self.text_refused(turn, &envelope, &reply);
        }
        if self.misbehaves_at_end(turn, &envelope, data.len()) {
            return;
        }
        self.state = State::Asking(Question::Message {
            recipients: envelope.recipients.len(),
            smtputf8: envelope.params.smtputf8,
        });
        turn.out.event(ServerEvent::Message(ReceivedMessage { envelope, data }));
    }

    /// Refuses a text that has come whole, without asking the owner.
    pub(super) fn text_refused(&mut self, turn: &mut Turn<'_>, envelope: &Envelope, reply: &str) {
        turn.out.event(ServerEvent::Reset);
        self.state = State::Ready;
        let more = match self.config.role {
            Role::Lmtp => envelope.recipients.len().saturating_sub(1),
            Role::Mta | Role::Submission => 0,
        };
        for _ in 0..more {
            self.say(turn, &[reply]);
        }
        self.error(turn, reply);
    }

    /// The owner answered for a message: once, or in LMTP once for each recipient.
    pub(super) fn message_answered(
        &mut self,
        turn: &mut Turn<'_>,
        recipients: usize,
        verdicts: &[Verdict],
    ) {
        let taken = verdicts.iter().any(Verdict::is_yes);
        if taken {
            self.forgive();
        }
        if self.config.role != Role::Lmtp {
            let [verdict] = verdicts else {
                panic!("outside LMTP a message has one verdict, not {}", verdicts.len());
            };
            return self.tell(turn, verdict, ACCEPTED);
        }
        let mut closing = false;
        // One verdict is for all.
        let each = match verdicts {
            [one] => vec![one; recipients],
            many => many.iter().collect(),
        };
        assert_eq!(each.len(), recipients, "each recipient has a verdict (RFC 2033 §4.2)");
        for verdict in each {
            match verdict {
                Verdict::Reply(reply) if !verdict.is_yes() => {
                    closing |= reply.code() == 421;
                    self.refuse_one_of_many(turn, reply);
                }
                Verdict::Reply(reply) => self.reply(turn, reply),
                Verdict::Accept | Verdict::Secret(_) => self.say(turn, &[ACCEPTED]),
            }
        }
        if closing {
            self.close(turn, super::CloseReason::Refused);
        } else if !taken {
            self.count_error(turn);
        }
    }

    /// The owner's answer in its own words, or the usual ones.
    pub(super) fn tell(&mut self, turn: &mut Turn<'_>, verdict: &Verdict, usual: &str) {
        match verdict {
            Verdict::Accept | Verdict::Secret(_) => self.say(turn, &[usual]),
            Verdict::Reply(reply) if verdict.is_yes() => self.reply(turn, reply),
            Verdict::Reply(reply) => self.refuse(turn, reply),
        }
    }

    /// `parameters` are printed with a space before each.
    fn unsupported(&mut self, turn: &mut Turn<'_>, parameters: &str) {
        let short: String = parameters.chars().take(80).collect();
        self.error(turn, &format!("555 5.5.4 Unsupported option:{short}\r\n"));
    }

    /// An address goes beyond ASCII, and the transaction did not say so (RFC 6531 §3.5).
    fn undeclared(&mut self, turn: &mut Turn<'_>, not_offered: &str) {
        let reply = if self.config.smtp_utf8 { NOT_DECLARED } else { not_offered };
        self.error(turn, reply);
    }
}

/// Whether there is a line feed without a carriage return before it.
fn has_bare_newline(text: &[u8]) -> bool {
    memchr_iter(b'\n', text).any(|at| at == 0 || text[at - 1] != b'\r')
}

const ACCEPTED: &str = "250 2.0.0 Ok\r\n";
const SEND_HELO: &str = "503 5.5.1 Error: send HELO/EHLO first\r\n";
const SEND_LHLO: &str = "503 5.5.1 Error: send LHLO first\r\n";
const TOO_LARGE: &str = "552 5.3.4 Error: message size exceeds fixed limit\r\n";
const BAD_SENDER: &str = "501 5.1.7 Bad sender address syntax\r\n";
const BAD_RECIPIENT: &str = "501 5.1.3 Bad recipient address syntax\r\n";
pub(super) const NOT_DECLARED: &str = "553 5.6.7 Must declare SMTPUTF8 to send unicode address\r\n";

/// How many recipients may be refused as too many before that counts as an error, as Postfix's
/// `smtpd_recipient_overshoot_limit`.
const OVERSHOOT_LIMIT: usize = 1000;
