//! One transaction under way: MAIL, RCPT, DATA, the text (RFC 5321 §3.3), pipelined or not.
//!
//! With PIPELINING, MAIL, every RCPT and DATA are sent in one piece, and the replies are read one
//! by one afterwards (RFC 2920 §3.1). Then DATA may have been accepted although no recipient was:
//! a lone dot gets the client out of that.

use std::mem;

use super::{ClientEvent, Failure, Outbox, Outcome, Stage, Transaction, send};
use crate::proto::smtp::capabilities::{Capabilities, SizeLimit};
use crate::proto::smtp::command::Command;
use crate::proto::smtp::data::encode_data;
use crate::proto::smtp::enhanced::EnhancedStatus;
use crate::proto::smtp::params::{Body, MailParams, RcptParams};
use crate::proto::smtp::reply::Reply;

/// A transaction of which at least MAIL was sent.
#[derive(Debug)]
pub(super) struct Attempt {
    number: usize,
    transaction: Transaction,
    pipelined: bool,
    /// What is settled already; recipients without an entry are still hoped for.
    outcomes: Vec<Option<Outcome>>,
    awaited: Awaited,
}

/// The reply that comes next.
#[derive(Debug, Clone, Copy)]
enum Awaited {
    Mail,
    /// To the RCPT of the recipient `index`. `open`: whether MAIL was accepted.
    Rcpt {
        index: usize,
        open: bool,
    },
    Data {
        open: bool,
    },
    EndOfData,
    /// To a dot sent without text, because nobody is left to send it to.
    LoneDot,
}

/// What a reply has led to.
pub(super) enum Progress {
    /// More replies are awaited.
    Waiting(Attempt),
    /// The transaction is over. `reset`: the server still has it open.
    Done { reset: bool },
    /// The reply makes no sense here.
    Nonsense(Attempt, Reply),
}

/// What keeps `transaction` from being sent to a server that offers `capabilities`.
pub(super) fn obstacle(transaction: &Transaction, capabilities: &Capabilities) -> Option<Outcome> {
    let size = transaction.data.len() as u64;
    if let Some(SizeLimit::Octets(limit)) = capabilities.size
        && size > limit
    {
        return Some(Outcome::Unsendable {
            status: EnhancedStatus::new(5, 3, 4),
            text: format!("message size {size} exceeds size limit {limit} of server"),
        });
    }
    if transaction.body_8bit && !capabilities.eight_bit_mime {
        return Some(Outcome::Unsendable {
            status: EnhancedStatus::new(5, 6, 3),
            text: "8-bit text for a server without 8BITMIME".to_owned(),
        });
    }
    // Without recipients there is nothing to send, and no outcome to tell.
    transaction.recipients.is_empty().then(|| Outcome::Unsendable {
        status: EnhancedStatus::new(5, 1, 0),
        text: "no recipients".to_owned(),
    })
}

impl Attempt {
    pub(super) fn begin(
        number: usize,
        transaction: Transaction,
        capabilities: &Capabilities,
        pipelined: bool,
        out: &mut Outbox,
    ) -> Self {
        let params = MailParams {
            size_octets: capabilities.size.map(|_| transaction.data.len() as u64),
            body: (transaction.body_8bit && capabilities.eight_bit_mime)
                .then_some(Body::EightBitMime),
            auth: transaction.auth.clone().filter(|_| !capabilities.auth.is_empty()),
            ..MailParams::default()
        };
        send(out, &Command::Mail(transaction.from.clone(), params));
        let outcomes = vec![None; transaction.recipients.len()];
        let attempt = Attempt { number, transaction, pipelined, outcomes, awaited: Awaited::Mail };
        if pipelined {
            for index in 0..attempt.outcomes.len() {
                attempt.send_rcpt(index, out);
            }
            send(out, &Command::Data);
        }
        attempt
    }

    pub(super) fn stage(&self) -> Stage {
        match self.awaited {
            Awaited::Mail => Stage::Mail,
            Awaited::Rcpt { .. } => Stage::Rcpt,
            Awaited::Data { .. } => Stage::Data,
            Awaited::EndOfData | Awaited::LoneDot => Stage::EndOfData,
        }
    }

    pub(super) fn reply(mut self, reply: Reply, out: &mut Outbox) -> Progress {
        match self.awaited {
            Awaited::Mail | Awaited::Rcpt { .. } | Awaited::EndOfData
                if reply.is_intermediate() =>
            {
                Progress::Nonsense(self, reply)
            }
            Awaited::Mail => {
                let open = reply.is_positive();
                if !open {
                    self.settle(|| Outcome::Refused { stage: Stage::Mail, reply: reply.clone() });
                }
                if !open && !self.pipelined {
                    return self.done(false, out);
                }
                self.next_rcpt(0, open, out)
            }
            Awaited::Rcpt { index, open } => {
                // After a refused MAIL these are 503s of no interest.
                if open {
                    if !reply.is_positive() {
                        let reply = reply.clone();
                        self.outcomes[index] = Some(Outcome::Refused { stage: Stage::Rcpt, reply });
                    }
                    let transaction = self.number;
                    out.event(ClientEvent::RecipientAnswered { transaction, index, reply });
                }
                self.next_rcpt(index + 1, open, out)
            }
            Awaited::Data { .. } if reply.is_positive() => Progress::Nonsense(self, reply),
            Awaited::Data { .. } if reply.is_intermediate() => {
                self.awaited = if self.anyone_left() {
                    encode_data(&self.transaction.data, out);
                    Awaited::EndOfData
                } else {
                    out.send(".\r\n");
                    Awaited::LoneDot
                };
                Progress::Waiting(self)
            }
            Awaited::Data { open } => {
                self.settle(|| Outcome::Refused { stage: Stage::Data, reply: reply.clone() });
                self.done(open, out)
            }
            Awaited::EndOfData => {
                self.settle(|| {
                    let reply = reply.clone();
                    if reply.is_positive() {
                        Outcome::Delivered { reply }
                    } else {
                        Outcome::Refused { stage: Stage::EndOfData, reply }
                    }
                });
                self.done(false, out)
            }
            Awaited::LoneDot => self.done(false, out),
        }
    }

    /// Settles and tells what can be told when the session breaks off.
    pub(super) fn fail(mut self, failure: &Failure, out: &mut Outbox) {
        let stage = self.stage();
        self.settle(|| match failure {
            Failure::Refused(reply) => Outcome::Refused { stage, reply: reply.clone() },
            _ => Outcome::Unanswered { stage, failure: failure.clone() },
        });
        self.done(false, out);
    }

    /// On to the RCPT of the recipient `index`, or to DATA after the last.
    fn next_rcpt(mut self, index: usize, open: bool, out: &mut Outbox) -> Progress {
        if index < self.outcomes.len() {
            self.awaited = Awaited::Rcpt { index, open };
            if !self.pipelined {
                self.send_rcpt(index, out);
            }
        } else {
            self.awaited = Awaited::Data { open };
            if !self.pipelined {
                if !self.anyone_left() {
                    return self.done(open, out);
                }
                send(out, &Command::Data);
            }
        }
        Progress::Waiting(self)
    }

    fn send_rcpt(&self, index: usize, out: &mut Outbox) {
        let path = self.transaction.recipients[index].clone();
        send(out, &Command::Rcpt(path, RcptParams::default()));
    }

    fn anyone_left(&self) -> bool {
        self.outcomes.iter().any(Option::is_none)
    }

    fn settle(&mut self, outcome: impl Fn() -> Outcome) {
        for open in self.outcomes.iter_mut().filter(|settled| settled.is_none()) {
            *open = Some(outcome());
        }
    }

    fn done(mut self, reset: bool, out: &mut Outbox) -> Progress {
        let outcomes = mem::take(&mut self.outcomes).into_iter().flatten().collect();
        out.event(ClientEvent::TransactionDone { transaction: self.number, outcomes });
        Progress::Done { reset }
    }
}
