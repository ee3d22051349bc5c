//! One question of a session on its way through the rules.

use super::finding::{Finding, Refusal, Said};
use super::rulebook::{Rulebook, Stage};
use super::turn::{Turn, Wait};

/// Asks the rules of one or more stages, in order, until one decides.
///
/// A plain machine: [`Chain::run`] is called when it is made, and again each time that what it
/// waited for is there.
#[derive(Debug)]
pub(crate) struct Chain {
    /// The stages still to be gone through, the one at hand first.
    stages: &'static [Stage],
    /// Which rule of that stage is next.
    at: usize,
    said: Vec<Said>,
    /// Whether a rule that not every MTA has has spoken.
    is_worth_telling: bool,
}

/// How far a chain is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// A rule waits for this.
    Waiting(Wait),
    /// It is decided.
    Done(Ruling),
}

/// What a chain came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ruling {
    pub(crate) decision: Decision,
    /// What the rules before the one that decided said, or all, in order.
    pub(crate) said: Vec<Said>,
    /// Whether there is anything in it that not every MTA says.
    pub(crate) is_worth_telling: bool,
}

impl Ruling {
    /// A refusal that no rule of a chain came to.
    pub(crate) fn refuse(refusal: Refusal) -> Self {
        let decision = Decision::Refuse(refusal);
        Ruling { decision, said: Vec::new(), is_worth_telling: true }
    }
}

/// The end of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Taken.
    Accept,
    /// Taken with 250, and reported on as undeliverable with this reply.
    AcceptThenBounce(Refusal),
    /// Refused in the session.
    Refuse(Refusal),
}

/// What the stages that come before RCPT came to. `None`: not asked yet; else whether, and with
/// which words, the client is refused.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    client: Option<Option<Refusal>>,
    helo: Option<Option<Refusal>>,
    sender: Option<Option<Refusal>>,
}

impl Standing {
    /// The client has authenticated: everything is asked anew.
    pub(crate) fn authenticated(&mut self) {
        *self = Standing::default();
    }

    /// The client has greeted (again).
    pub(crate) fn greeted(&mut self) {
        self.helo = None;
        self.sender = None;
    }

    /// There is a new reverse-path.
    pub(crate) fn mail(&mut self) {
        self.sender = None;
    }

    fn of(&mut self, stage: Stage) -> Option<&mut Option<Option<Refusal>>> {
        match stage {
            Stage::Client => Some(&mut self.client),
            Stage::Helo => Some(&mut self.helo),
            Stage::Sender => Some(&mut self.sender),
            _ => None,
        }
    }
}

impl Chain {
    /// What is asked of a new connection.
    pub(crate) fn connect(book: &Rulebook) -> Self {
        Chain::of(match book.delay_reject {
            true => &[Stage::Connect],
            false => &[Stage::Connect, Stage::Client],
        })
    }

    /// What is asked at MAIL.
    pub(crate) fn mail(book: &Rulebook) -> Self {
        Chain::of(match book.delay_reject {
            true => &[Stage::Mail],
            false => &[Stage::Mail, Stage::Helo, Stage::Sender],
        })
    }

    /// What is asked at RCPT.
    pub(crate) fn rcpt() -> Self {
        // Those that were asked before have their standing.
        Chain::of(&[Stage::Rcpt, Stage::Client, Stage::Helo, Stage::Sender, Stage::Recipient])
    }

    /// What is asked at VRFY and EXPN.
    pub(crate) fn verify() -> Self {
        Chain::of(&[Stage::Client, Stage::Helo, Stage::Verify])
    }

    /// What is asked of a whole message.
    pub(crate) fn end_of_data() -> Self {
        Chain::of(&[Stage::EndOfData])
    }

    fn of(stages: &'static [Stage]) -> Self {
        Chain { stages, at: 0, said: Vec::new(), is_worth_telling: false }
    }

    /// Asks on, as far as what is known goes.
    pub(crate) fn run(
        &mut self,
        book: &Rulebook,
        standing: &mut Standing,
        turn: &mut Turn<'_>,
    ) -> Progress {
        while let [stage, rest @ ..] = self.stages {
            match standing.of(*stage) {
                Some(Some(Some(refusal))) => {
                    let refusal = refusal.clone();
                    return self.done(Decision::Refuse(refusal));
                }
                Some(Some(None)) => {
                    (self.stages, self.at) = (rest, 0);
                    continue;
                }
                Some(None) | None => {}
            }
            while let Some(rule) = book.rules(*stage).get(self.at) {
                let finding = match rule.judge(turn) {
                    Ok(finding) => finding,
                    Err(wait) => return Progress::Waiting(wait),
                };
                self.at += 1;
                self.is_worth_telling |= !rule.is_usual() && !turn.is_inside();
                let permitted = matches!(finding, Finding::Permit(_));
                match finding {
                    Finding::Pass(words) | Finding::Permit(words) => {
                        self.said.push(Said { rule: rule.name(), words });
                    }
                    Finding::Doom(refusal) => {
                        return self.done(Decision::AcceptThenBounce(refusal));
                    }
                    Finding::Refuse(refusal) => {
                        if let Some(standing) = standing.of(*stage) {
                            *standing = Some(Some(refusal.clone()));
                        }
                        return self.done(Decision::Refuse(refusal));
                    }
                }
                if permitted {
                    break;
                }
            }
            if let Some(standing) = standing.of(*stage) {
                *standing = Some(None);
            }
            (self.stages, self.at) = (rest, 0);
        }
        self.done(Decision::Accept)
    }

    fn done(&mut self, decision: Decision) -> Progress {
        let said = std::mem::take(&mut self.said);
        Progress::Done(Ruling { decision, said, is_worth_telling: self.is_worth_telling })
    }
}
