//! A session whose server misbehaves: it asks at each command whether it is to do it.

use super::super::command::Command;
use super::{Out, Pop3Server, Pop3ServerEvent, State, reply};
use crate::engine::SimTime;
use crate::proto::access::{Asked, Verdict};

impl Pop3Server {
    /// Whether the owner is asked before the greeting and each command, from now on.
    pub fn set_judged(&mut self, is_judged: bool) {
        self.is_judged = is_judged;
    }

    /// Whether the connection is secured by TLS.
    pub fn is_secured(&self) -> bool {
        self.secured
    }

    /// How many commands came.
    pub fn commands(&self) -> u32 {
        self.commands
    }

    /// A command has come.
    pub(super) fn next_command(&mut self, now: SimTime, command: Command, out: &mut Out) {
        self.commands += 1;
        if self.is_judged {
            self.ask(Some(command), out);
        } else {
            self.command(now, command, out);
        }
    }

    pub(super) fn ask(&mut self, command: Option<Command>, out: &mut Out) {
        let asked = match &command {
            None => Asked::new("GREETING", 0),
            Some(command) => self.asked(command),
        };
        let before = Box::new(std::mem::replace(&mut self.state, State::Ended));
        self.state = State::Judging { command, before };
        out.event(Pop3ServerEvent::Judge(Box::new(asked)));
    }

    fn asked(&self, command: &Command) -> Asked {
        let (message, user) = match command {
            Command::List(number) | Command::Uidl(number) => (*number, None),
            Command::Retr(number) | Command::Top(number, _) | Command::Dele(number) => {
                (Some(*number), None)
            }
            Command::User(name) | Command::Apop { name, .. } => (None, Some(name.clone())),
            _ => (None, None),
        };
        let octets = match &self.state {
            State::Transaction { maildrop } => message.and_then(|number| maildrop.octets(number)),
            _ => None,
        };
        Asked { message, octets, user, ..Asked::new(command.keyword(), self.commands) }
    }

    /// Answers [`Pop3ServerEvent::Judge`], and [`Pop3ServerEvent::Identify`] where the login is not to
    /// go on. Without such a question outstanding it does nothing.
    pub fn answer_judge(&mut self, now: SimTime, verdict: Verdict, out: &mut Out) {
        let fresh = State::Authorization { user: None };
        match (std::mem::replace(&mut self.state, fresh), verdict) {
            (State::Judging { command, before }, verdict) => {
                self.active = now;
                self.state = *before;
                match (verdict, command) {
                    (Verdict::Do, None) => self.greet(now, out),
                    (Verdict::Do, Some(command)) => self.command(now, command, out),
                    (Verdict::Say(line), _) => reply(out, format_args!("{line}")),
                    (Verdict::Pass, _) => {}
                }
            }
            (State::Identifying { .. }, Verdict::Say(line)) => {
                reply(out, format_args!("{line}"));
                self.count_refusal(out);
            }
            (State::Identifying { .. }, Verdict::Pass) => {}
            (state, _) => {
                self.state = state;
                return;
            }
        }
        self.run(now, out);
    }
}
