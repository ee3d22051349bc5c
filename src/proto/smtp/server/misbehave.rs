//! Where a session keeps to the rules of its [misbehaviour](crate::proto::smtp::misbehaviour).
//!
//! A rule is asked for at each moment before the command is looked at. What it wants undone is
//! answered here. Else the command takes its course, and the rule stays at hand until the reply was
//! said: it may say it in other words, late, slowly or not at all ([`ServerSession::other_words`],
//! `hold`), and has the last word ([`ServerSession::after_answer`]).

use std::sync::Arc;
use std::time::Duration;

use super::config::Role;
use super::event::{CloseReason, Envelope, Misdeed, ServerEvent};
use super::patience::Held;
use super::{ServerSession, State, Turn};
use crate::proto::misbehaviour::{Pace, Then};
use crate::proto::smtp::address::{ForwardPath, ReversePath};
use crate::proto::smtp::capabilities::Capabilities;
use crate::proto::smtp::command::Command;
use crate::proto::smtp::misbehaviour::{Answer, AtHand, Manners, Moment, Rule, Scene};
use crate::proto::smtp::reply::Reply;
use crate::proto::spf::SpfResult;

/// What a moment is about, beside what the session knows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Matter<'a> {
    sender: Option<&'a ReversePath>,
    recipient: Option<&'a ForwardPath>,
    size_octets: Option<u64>,
    envelope: Option<&'a Envelope>,
}

impl ServerSession {
    /// Lets the session keep to rules of misbehaviour from now on.
    pub fn misbehave(&mut self, manners: Manners) {
        self.manners = Some(Box::new(manners));
    }

    /// Tells what SPF has come to for the sender at hand, for rules that ask for it.
    pub fn learn_spf(&mut self, result: SpfResult) {
        if let Some(manners) = &mut self.manners {
            manners.spf = Some(result);
        }
    }

    pub(super) fn count_command(&mut self) {
        if let Some(manners) = &mut self.manners {
            manners.commands += 1;
        }
    }

    /// A command has come: whether a rule has answered it.
    pub(super) fn misbehaves_at(&mut self, turn: &mut Turn<'_>, command: &Command<'_>) -> bool {
        let Some(manners) = &mut self.manners else { return false };
        let nothing = Matter::default();
        let (moment, matter) = match command {
            Command::Ehlo(_) | Command::Lhlo(_) => (Moment::Ehlo, nothing),
            Command::Helo(_) => (Moment::Helo, nothing),
            Command::StartTls => (Moment::StartTls, nothing),
            Command::Auth(..) => (Moment::Auth, nothing),
            Command::Mail(from, params) => {
                manners.spf = None;
                let size_octets = params.size_octets;
                (Moment::Mail, Matter { sender: Some(from), size_octets, ..nothing })
            }
            Command::Rcpt(to, _) => (Moment::Rcpt, Matter { recipient: Some(to), ..nothing }),
            // Of a text in chunks the first is the moment.
            Command::Bdat { .. } if matches!(self.state, State::Chunks(_)) => return false,
            Command::Data | Command::Bdat { .. } => {
                manners.text_octets = 0;
                (Moment::Data, nothing)
            }
            Command::Rset => (Moment::Rset, nothing),
            Command::Noop => (Moment::Noop, nothing),
            Command::Vrfy(..) => (Moment::Vrfy, nothing),
            Command::Expn(..) => (Moment::Expn, nothing),
            Command::Help => (Moment::Help, nothing),
            Command::Quit => (Moment::Quit, nothing),
        };
        let answered = self.misbehaves(turn, moment, matter);
        if let Command::Bdat { size_octets, .. } = command
            && answered
            && !self.is_over()
        {
            self.waste_chunk(*size_octets);
        }
        answered
    }

    /// The whole text has come: whether a rule has answered it.
    pub(super) fn misbehaves_at_end(
        &mut self,
        turn: &mut Turn<'_>,
        envelope: &Envelope,
        octets: usize,
    ) -> bool {
        let size_octets = Some(octets as u64);
        let matter = Matter { envelope: Some(envelope), size_octets, ..Matter::default() };
        self.misbehaves(turn, Moment::EndOfText, matter)
    }

    /// More of the text has come.
    pub(super) fn text_has_come(&mut self, turn: &mut Turn<'_>, octets: usize) {
        if self.manners.is_none() || octets == 0 {
            return;
        }
        self.count_text(octets);
        let is_kept = match &self.state {
            State::Data { .. } => true,
            State::Chunk { chunk, .. } => chunk.is_kept(),
            _ => false,
        };
        if is_kept {
            self.misbehaves(turn, Moment::Text, Matter::default());
        }
    }

    pub(super) fn count_text(&mut self, octets: usize) {
        if let Some(manners) = &mut self.manners {
            manners.text_octets += octets as u64;
        }
    }

    /// A moment has come: whether a rule has answered it, so that nothing else is to be done.
    pub(super) fn misbehaves(
        &mut self,
        turn: &mut Turn<'_>,
        moment: Moment,
        matter: Matter<'_>,
    ) -> bool {
        let Some(mut manners) = self.manners.take() else { return false };
        let envelope = matter.envelope.or_else(|| self.envelope());
        let scene = Scene {
            moment,
            role: self.config.role,
            command: manners.commands,
            text_octets: manners.text_octets,
            secured: self.secured,
            login: self.authenticated_as.as_deref(),
            client: manners.client,
            helo: self.helo(),
            sender: matter.sender.or(envelope.map(|envelope| &envelope.from)),
            recipient: matter.recipient,
            recipients: envelope.map_or(&[], |envelope| &envelope.recipients),
            size_octets: matter
                .size_octets
                .or_else(|| envelope.and_then(|envelope| envelope.params.size_octets)),
            spf: manners.spf,
            connections: [0, 0],
            is_own_sender: false,
        };
        let rule = manners.judge(turn.now, &scene);
        if let Some(rule) = &rule {
            let bare = |path: String| path.trim_matches(['<', '>']).to_owned();
            turn.out.event(ServerEvent::Misbehaves(Box::new(Misdeed {
                rule: rule.name.clone(),
                moment,
                envelope: (
                    scene.sender.map(|path| bare(path.to_string())),
                    scene.recipient.map(|path| bare(path.to_string())),
                ),
                deed: match moment {
                    Moment::Text => format!("after {} octets {}", scene.text_octets, rule.deed),
                    _ => rule.deed.to_string(),
                },
            })));
            manners.at_hand =
                Some(AtHand { rule: Arc::clone(rule), moment, unsaid: String::new() });
        }
        self.manners = Some(manners);
        let Some(rule) = rule else { return false };
        if rule.deed.is_done() && moment != Moment::Text {
            return false;
        }
        let is_lost = match moment {
            Moment::EndOfText => true,
            Moment::Text => rule.deed.answer != Answer::Usual,
            _ => false,
        };
        let replies = match (self.config.role, matter.envelope) {
            (Role::Lmtp, Some(envelope)) => envelope.recipients.len(),
            _ => 1,
        };
        if is_lost {
            self.state = State::Ready;
            turn.out.event(ServerEvent::Reset);
        }
        self.answer_as_told(turn, moment, &rule, replies);
        self.after_answer(turn);
        true
    }

    /// Answers what is not to be done.
    fn answer_as_told(&mut self, turn: &mut Turn<'_>, moment: Moment, rule: &Rule, replies: usize) {
        if moment == Moment::Connect {
            self.state = State::Ready;
        }
        match &rule.deed.answer {
            Answer::Reply(reply) if moment == Moment::Connect => {
                self.state = State::Unwelcome;
                self.reply(turn, reply);
                if reply.code() == 421 {
                    self.close(turn, CloseReason::Refused);
                }
            }
            Answer::Reply(reply) => {
                // LMTP: one for each recipient (RFC 2033 §4.2).
                (1..replies).for_each(|_| self.refuse_one_of_many(turn, reply));
                self.refuse(turn, reply);
            }
            Answer::Lie(reply) => (0..replies).for_each(|_| self.reply(turn, reply)),
            Answer::Octets(octets) => self.say(turn, &[octets]),
            // It may have to wait before what comes then.
            Answer::Usual | Answer::Nothing | Answer::Unsaid | Answer::Without(_) => {
                self.say(turn, &[""]);
            }
        }
    }

    /// A command line was looked at, and perhaps answered.
    pub(super) fn after_line(&mut self, turn: &mut Turn<'_>) {
        if self.manners.is_none() {
            return;
        }
        // BDAT is answered after its octets.
        if !matches!(self.state, State::Chunk { .. }) {
            self.after_answer(turn);
        }
        let begins = match &self.state {
            State::Data { .. } => true,
            State::Chunk { chunk, .. } => chunk.is_kept(),
            _ => false,
        };
        if begins && !self.is_over() {
            self.misbehaves(turn, Moment::Text, Matter::default());
        }
    }

    /// Something was answered: what comes then by the rule at hand, if there is one.
    pub(super) fn after_answer(&mut self, turn: &mut Turn<'_>) {
        if self.is_asking() {
            return;
        }
        let at_hand = self.manners.as_mut().and_then(|manners| manners.at_hand.take());
        let Some(AtHand { rule, moment, unsaid }) = at_hand else { return };
        if !unsaid.is_empty() {
            let lines: Vec<&str> = unsaid.lines().collect();
            let (reply, rule) = (lines.join(" "), rule.name.clone());
            turn.out.event(ServerEvent::Unsaid { moment, reply, rule });
        }
        if self.is_over() {
            return;
        }
        match rule.deed.then {
            // What would come now is text, and must not be read as commands.
            Then::GoOn if moment == Moment::Text && rule.deed.answer != Answer::Usual => {
                self.close(turn, CloseReason::Told);
            }
            Then::GoOn => {}
            Then::Close => self.close(turn, CloseReason::Told),
            Then::Reset => self.reset_connection(turn),
            Then::Silence => self.hang(turn),
        }
    }

    /// Whether nothing more is to come of the session.
    fn is_over(&self) -> bool {
        matches!(self.state, State::Closed | State::Mute)
            || self.held.as_ref().is_some_and(Held::is_last)
    }

    /// Whether the rule at hand ends the session after the reply.
    pub(super) fn is_about_to_go(&self) -> bool {
        self.at_hand().is_some_and(|at_hand| at_hand.rule.deed.then != Then::GoOn)
    }

    /// What is said in place of a reply, if the rule at hand has other words for it.
    pub(super) fn other_words(&mut self, pieces: &[&str]) -> Option<String> {
        let at_hand = self.manners.as_mut()?.at_hand.as_mut()?;
        match &at_hand.rule.deed.answer {
            Answer::Unsaid => {
                pieces.iter().for_each(|piece| at_hand.unsaid.push_str(piece));
                Some(String::new())
            }
            Answer::Reply(reply) if at_hand.rule.deed.is_done() => {
                let class = pieces.first()?.bytes().next()?;
                let same = u16::from(class.wrapping_sub(b'0')) == reply.code() / 100;
                same.then(|| encoded(reply))
            }
            _ => None,
        }
    }

    /// How late and how slowly the reply comes by the rule at hand.
    pub(super) fn lateness(&self) -> (Duration, Option<Pace>) {
        let deed = self.at_hand().map(|at_hand| &at_hand.rule.deed);
        deed.map_or((Duration::ZERO, None), |deed| (deed.delay, deed.pace))
    }

    /// What EHLO offers.
    pub(super) fn offer(&self) -> Capabilities {
        let mut offer = self.config.capabilities(self.secured);
        if let Some(Answer::Without(extensions)) =
            self.at_hand().map(|at_hand| &at_hand.rule.deed.answer)
        {
            extensions.iter().for_each(|extension| extension.leave_out(&mut offer));
        }
        offer
    }

    fn at_hand(&self) -> Option<&AtHand> {
        self.manners.as_ref()?.at_hand.as_ref()
    }
}

/// How many octets of a text may be read before a rule is to be asked.
pub(super) fn room(manners: Option<&Manners>) -> usize {
    let fence = manners.and_then(Manners::fence);
    fence.and_then(|fence| usize::try_from(fence).ok()).unwrap_or(usize::MAX)
}

/// The octets of a reply.
pub(super) fn encoded(reply: &Reply) -> String {
    let mut octets = String::new();
    reply.encode(&mut octets).expect("a string refuses nothing");
    octets
}
