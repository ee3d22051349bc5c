//! One command line: what it is, whether it may come now, and what follows (RFC 5321 §4.1.4).

use std::mem;

use memchr::memchr;

use super::config::{BareNewlines, Role, Tls, Verify};
use super::event::{CloseReason, ServerEvent, Verdict};
use super::transaction::NOT_DECLARED;
use super::{Greeted, Question, ServerSession, State, Turn};
use crate::proto::smtp::command::Command;

impl ServerSession {
    /// A line without its CRLF, in a state that waits for a command or for a response of AUTH.
    pub(super) fn line(&mut self, turn: &mut Turn<'_>, line: &[u8]) {
        self.obey(turn, line);
        self.after_line(turn);
    }

    fn obey(&mut self, turn: &mut Turn<'_>, line: &[u8]) {
        if self.config.bare_newlines == BareNewlines::Reject && memchr(b'\n', line).is_some() {
            let config = self.config.clone();
            let words = ["550 5.5.2 ", &config.hostname, " Error: bare <LF> received\r\n"];
            return self.last_word(turn, &words, CloseReason::Misbehaved);
        }
        if let State::Auth { .. } = self.state {
            return self.auth_response(turn, line);
        }
        self.count_command();
        let command = match Command::parse(line) {
            Ok(command) => command,
            Err(error) => return self.refuse(turn, &error.reply()),
        };
        if is_junk(&command) && self.count_junk(turn) {
            return;
        }
        if self.misbehaves_at(turn, &command) {
            return;
        }
        let refusal = self.refusal(&command);
        match command {
            Command::Bdat { size_octets, last } => {
                if !self.config.chunking {
                    // What follows may be text, and must not be read as commands.
                    let words = ["521 5.5.1 Error: command not implemented\r\n"];
                    return self.last_word(turn, &words, CloseReason::Misbehaved);
                }
                self.bdat(turn, size_octets, last, refusal);
            }
            _ if refusal.is_some() => self.error(turn, refusal.unwrap_or_default()),
            Command::Ehlo(helo) | Command::Lhlo(helo) => self.greet(turn, helo, true),
            Command::Helo(helo) => self.greet(turn, helo, false),
            Command::Noop => self.say(turn, &[OK]),
            Command::Quit => self.last_word(turn, &["221 2.0.0 Bye\r\n"], CloseReason::Quit),
            Command::Rset => {
                self.reset(turn);
                self.say(turn, &[OK]);
            }
            Command::Help => self.help(turn),
            Command::StartTls => self.starttls(turn),
            Command::Auth(mechanism, initial) => self.auth(turn, mechanism, initial),
            Command::Vrfy(argument, smtputf8) => self.verify(turn, argument, smtputf8),
            Command::Expn(argument, smtputf8) => self.expand(turn, argument, smtputf8),
            Command::Mail(from, params) => self.mail(turn, from, params),
            Command::Rcpt(to, params) => self.rcpt(turn, to, params),
            Command::Data => self.data(turn),
        }
    }

    /// Why this command may not come now, whatever its arguments.
    fn refusal(&self, command: &Command<'_>) -> Option<&'static str> {
        use Command::{Auth, Bdat, Data, Ehlo, Expn, Helo, Lhlo, Mail, Noop, Quit, Rcpt, Vrfy};
        let lmtp = self.config.role == Role::Lmtp;
        match command {
            Quit => None,
            _ if matches!(self.state, State::Unwelcome) => {
                Some("503 5.5.1 Error: no service, send QUIT\r\n")
            }
            // RFC 2033 §4.1.
            Ehlo(_) | Helo(_) if lmtp => Some(UNRECOGNIZED),
            Lhlo(_) if !lmtp => Some(UNRECOGNIZED),
            Ehlo(_) | Helo(_) | Lhlo(_) | Noop | Command::StartTls => None,
            _ if self.config.tls == Tls::Required && !self.secured => {
                Some("530 5.7.0 Must issue a STARTTLS command first\r\n")
            }
            Auth(..) => None,
            // RFC 4954 §6 names no others that may be refused before AUTH.
            Mail(..) | Rcpt(..) | Data | Bdat { .. } | Vrfy(..) | Expn(..)
                if self.config.auth_required && self.authenticated_as.is_none() =>
            {
                Some("530 5.7.0 Authentication required\r\n")
            }
            _ => None,
        }
    }

    fn greet(&mut self, turn: &mut Turn<'_>, helo: &str, extended: bool) {
        // As if RSET had come (RFC 5321 §4.1.4).
        self.reset(turn);
        self.greeted = Some(Greeted { helo: helo.to_owned(), extended });
        let config = self.config.clone();
        if extended {
            let mut reply = String::with_capacity(REPLY_OCTETS);
            self.offer().write_reply(&config.hostname, &mut reply);
            self.say(turn, &[&reply]);
        } else {
            self.say(turn, &["250 ", &config.hostname, "\r\n"]);
        }
        turn.out.event(ServerEvent::Greeted { helo: helo.to_owned(), extended });
    }

    /// Forgets the transaction, if there is one.
    fn reset(&mut self, turn: &mut Turn<'_>) {
        let state = mem::replace(&mut self.state, State::Ready);
        if let State::Envelope { .. } | State::Chunks(_) = state {
            turn.out.event(ServerEvent::Reset);
        }
    }

    fn starttls(&mut self, turn: &mut Turn<'_>) {
        if self.secured {
            return self.error(turn, "554 5.5.1 Error: TLS already active\r\n");
        }
        match self.config.tls {
            Tls::Never => self.error(turn, NOT_IMPLEMENTED),
            Tls::Broken => {
                self.error(turn, "454 4.7.0 TLS not available due to local problem\r\n");
            }
            Tls::Offered | Tls::Required => {
                self.reset(turn);
                self.say(turn, &["220 2.0.0 Ready to start TLS\r\n"]);
                if !self.is_about_to_go() {
                    self.start_tls(turn);
                }
            }
        }
    }

    fn verify(&mut self, turn: &mut Turn<'_>, argument: &str, smtputf8: bool) {
        match self.config.verify {
            Verify::Never => self.error(turn, "502 5.5.1 VRFY command is disabled\r\n"),
            _ if !self.may_be_said(argument, smtputf8) => self.error(turn, NOT_DECLARED),
            Verify::Vaguely => {
                let words = "252 2.0.0 Cannot VRFY, but will take mail and try to deliver\r\n";
                self.say(turn, &[words]);
            }
            Verify::Ask => {
                let argument = argument.to_owned();
                turn.out.event(ServerEvent::Vrfy { argument: argument.clone(), smtputf8 });
                self.ask(Asked::Vrfy, argument);
            }
        }
    }

    fn expand(&mut self, turn: &mut Turn<'_>, argument: &str, smtputf8: bool) {
        match self.config.verify {
            Verify::Never | Verify::Vaguely => self.error(turn, NOT_IMPLEMENTED),
            Verify::Ask if !self.may_be_said(argument, smtputf8) => {
                self.error(turn, NOT_DECLARED);
            }
            Verify::Ask => {
                let argument = argument.to_owned();
                turn.out.event(ServerEvent::Expn { argument: argument.clone(), smtputf8 });
                self.ask(Asked::Expn, argument);
            }
        }
    }

    /// RFC 6531 §3.7.4.2.
    fn may_be_said(&self, argument: &str, smtputf8: bool) -> bool {
        (argument.is_ascii() || smtputf8) && (!smtputf8 || self.config.smtp_utf8)
    }

    /// The question stands beside the transaction, which goes on after it.
    fn ask(&mut self, asked: Asked, argument: String) {
        let then = Box::new(mem::replace(&mut self.state, State::Ready));
        self.state = State::Asking(Question::Lookup { asked, argument, then });
    }

    pub(super) fn lookup_answered(
        &mut self,
        turn: &mut Turn<'_>,
        asked: Asked,
        argument: &str,
        verdict: &Verdict,
    ) {
        let usual = match asked {
            Asked::Vrfy => format!("252 2.0.0 {argument}\r\n"),
            Asked::Expn => format!("252 2.0.0 Cannot EXPN, but will take mail for {argument}\r\n"),
        };
        self.tell(turn, verdict, &usual);
    }

    fn help(&mut self, turn: &mut Turn<'_>) {
        let config = self.config.clone();
        let lmtp = config.role == Role::Lmtp;
        let offered = [
            (!lmtp, "EHLO HELO"),
            (lmtp, "LHLO"),
            (true, "MAIL RCPT DATA"),
            (config.chunking, "BDAT"),
            (true, "RSET NOOP"),
            (config.verify != Verify::Never, "VRFY"),
            (config.verify == Verify::Ask, "EXPN"),
            (true, "HELP QUIT"),
            (!self.secured && config.tls != Tls::Never, "STARTTLS"),
            (!config.capabilities(self.secured).auth.is_empty(), "AUTH"),
        ];
        let offered: Vec<_> =
            offered.into_iter().filter(|(offered, _)| *offered).map(|(_, verbs)| verbs).collect();
        self.say(turn, &["214 2.0.0 Commands: ", &offered.join(" "), "\r\n"]);
    }
}

/// What the owner is asked outside the order of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Vrfy,
    Expn,
}

/// Whether a command brings no mail forward.
fn is_junk(command: &Command<'_>) -> bool {
    matches!(
        command,
        Command::Ehlo(_)
            | Command::Helo(_)
            | Command::Lhlo(_)
            | Command::Noop
            | Command::Rset
            | Command::Vrfy(..)
            | Command::Expn(..)
            | Command::Help
    )
}

/// What the reply to EHLO takes, as a rule.
const REPLY_OCTETS: usize = 256;

const OK: &str = "250 2.0.0 Ok\r\n";
const NOT_IMPLEMENTED: &str = "502 5.5.1 Error: command not implemented\r\n";
const UNRECOGNIZED: &str = "500 5.5.2 Error: command not recognized\r\n";
