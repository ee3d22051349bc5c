//! One transaction under way: MAIL, RCPT, DATA, the text (RFC 5321 §3.3), pipelined or not.
//!
//! With PIPELINING, MAIL, every RCPT and DATA are sent in one piece, and the replies are read one
//! by one afterwards (RFC 2920 §3.1). Then DATA may have been accepted although no recipient was:
//! a lone dot gets the client out of that. BDAT is not sent before a recipient was accepted.

use std::mem;

use super::config::{ClientConfig, Protocol};
use super::{ClientEvent, Failure, Outbox, Outcome, Stage, Transaction, send};
use crate::proto::smtp::capabilities::Capabilities;
use crate::proto::smtp::command::Command;
use crate::proto::smtp::data::encode_data;
use crate::proto::smtp::params::{Body, MailParams, RcptParams};
use crate::proto::smtp::reply::Reply;

/// A transaction of which at least MAIL was sent.
#[derive(Debug)]
pub(super) struct Attempt {
    number: usize,
    transaction: Transaction,
    manner: Manner,
    /// What is settled already; recipients without an entry are still hoped for.
    outcomes: Vec<Option<Outcome>>,
    awaited: Awaited,
}

/// How the client and the server do with one another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// Whether the end of the data has a reply for each recipient.
    lmtp: bool,
    /// Whether commands are sent before the replies to those before them are there.
    pipelined: bool,
    /// Whether reports can be asked for.
    dsn: bool,
    /// Whether it ends after RCPT.
    probe: bool,
    /// The size of the parts of the text, where it is sent with BDAT.
    chunk_octets: Option<usize>,
}

impl Manner {
    pub(super) fn new(config: &ClientConfig, capabilities: &Capabilities) -> Self {
        Manner {
            lmtp: config.protocol == Protocol::Lmtp,
            pipelined: config.pipelining && capabilities.pipelining,
            dsn: capabilities.dsn,
            probe: config.probe,
            chunk_octets: config
                .chunk_octets
                .filter(|_| capabilities.chunking)
                .map(std::num::NonZero::get),
        }
    }
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
    /// To a BDAT that is not the last: the text is sent up to `end`.
    Chunk {
        end: usize,
    },
    /// To a BDAT after one that was refused. `left`: how many such replies follow.
    Spent {
        left: usize,
    },
    EndOfData,
    /// Of LMTP, about the recipient `index`.
    EndOfDataFor {
        index: usize,
    },
    /// To a dot sent without text, because nobody is left to send it to.
    LoneDot,
}

/// What a reply has led to.
pub(super) enum Progress {
    /// More replies are awaited.
    Waiting(Box<Attempt>),
    /// The transaction is over. `reset`: the server still has it open.
    Done { reset: bool },
    /// The reply makes no sense here.
    Nonsense(Box<Attempt>, Reply),
}

impl Attempt {
    pub(super) fn begin(
        number: usize,
        transaction: Transaction,
        capabilities: &Capabilities,
        manner: Manner,
        out: &mut Outbox,
    ) -> Box<Self> {
        let params = MailParams {
            size_octets: capabilities.size.map(|_| transaction.data.len() as u64),
            body: (transaction.body_8bit && capabilities.eight_bit_mime)
                .then_some(Body::EightBitMime),
            smtputf8: (transaction.smtputf8 || transaction.needs_smtputf8())
                && capabilities.smtp_utf8,
            auth: transaction.auth.clone().filter(|_| !capabilities.auth.is_empty()),
            ret: transaction.ret.filter(|_| capabilities.dsn),
            envid: transaction.envid.clone().filter(|_| capabilities.dsn),
        };
        send(out, &Command::Mail(transaction.from.clone(), params));
        let outcomes = vec![None; transaction.recipients.len()];
        let awaited = Awaited::Mail;
        let attempt = Box::new(Attempt { number, transaction, manner, outcomes, awaited });
        if manner.pipelined {
            for index in 0..attempt.outcomes.len() {
                attempt.send_rcpt(index, out);
            }
            if manner.chunk_octets.is_none() && !manner.probe {
                send(out, &Command::Data);
            }
        }
        attempt
    }

    pub(super) fn stage(&self) -> Stage {
        match self.awaited {
            Awaited::Mail => Stage::Mail,
            Awaited::Rcpt { .. } => Stage::Rcpt,
            Awaited::Data { .. } => Stage::Data,
            Awaited::Chunk { .. } | Awaited::Spent { .. } => Stage::Bdat,
            Awaited::EndOfData | Awaited::EndOfDataFor { .. } | Awaited::LoneDot => {
                Stage::EndOfData
            }
        }
    }

    pub(super) fn reply(mut self: Box<Self>, reply: Reply, out: &mut Outbox) -> Progress {
        if reply.is_intermediate() && !matches!(self.awaited, Awaited::Data { .. }) {
            return Progress::Nonsense(self, reply);
        }
        match self.awaited {
            Awaited::Mail => {
                let open = reply.is_positive();
                if !open {
                    self.settle(|| Outcome::Refused { stage: Stage::Mail, reply: reply.clone() });
                }
                if !open && !self.manner.pipelined {
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
                    } else if self.manner.probe {
                        let (reply, dsn) = (reply.clone(), self.manner.dsn);
                        self.outcomes[index] = Some(Outcome::Delivered { reply, dsn });
                    }
                    let transaction = self.number;
                    out.event(ClientEvent::RecipientAnswered { transaction, index, reply });
                }
                self.next_rcpt(index + 1, open, out)
            }
            Awaited::Data { .. } if reply.is_positive() => Progress::Nonsense(self, reply),
            Awaited::Data { .. } if reply.is_intermediate() => {
                if self.anyone_left() {
                    encode_data(&self.transaction.data, out);
                    self.all_sent();
                    return Progress::Waiting(self);
                }
                out.send(".\r\n");
                if self.manner.lmtp {
                    // Without recipients there is no reply (RFC 2033 §4.2).
                    return self.done(true, out);
                }
                self.awaited = Awaited::LoneDot;
                Progress::Waiting(self)
            }
            Awaited::Data { open } => {
                self.settle(|| Outcome::Refused { stage: Stage::Data, reply: reply.clone() });
                self.done(open, out)
            }
            Awaited::Chunk { end } if reply.is_positive() => {
                self.chunk_sent(end, out);
                Progress::Waiting(self)
            }
            Awaited::Chunk { end } => {
                self.settle(|| Outcome::Refused { stage: Stage::Bdat, reply: reply.clone() });
                let left = if self.manner.pipelined { self.chunks_from(end) } else { 0 };
                self.spend(left, out)
            }
            Awaited::Spent { left } => self.spend(left, out),
            Awaited::EndOfData => {
                // A BDAT that was refused has to be followed by RSET (RFC 3030 §2).
                let reset = self.manner.chunk_octets.is_some() && !reply.is_positive();
                let outcome = self.end_of_data(reply);
                match self.outcomes.as_mut_slice() {
                    [open @ None] => *open = Some(outcome),
                    _ => self.settle(|| outcome.clone()),
                }
                self.done(reset, out)
            }
            Awaited::EndOfDataFor { index } => {
                self.outcomes[index] = Some(self.end_of_data(reply));
                if self.anyone_left() {
                    self.all_sent();
                    return Progress::Waiting(self);
                }
                self.done(false, out)
            }
            Awaited::LoneDot => self.done(false, out),
        }
    }

    /// Settles and tells what can be told when the session breaks off.
    pub(super) fn fail(mut self: Box<Self>, failure: &Failure, out: &mut Outbox) {
        let stage = self.stage();
        self.settle(|| match failure {
            Failure::Refused(reply) => Outcome::Refused { stage, reply: reply.clone() },
            _ => Outcome::Unanswered { stage, failure: failure.clone() },
        });
        self.done(false, out);
    }

    /// On to the RCPT of the recipient `index`, or to the text after the last.
    fn next_rcpt(mut self: Box<Self>, index: usize, open: bool, out: &mut Outbox) -> Progress {
        if index < self.outcomes.len() {
            self.awaited = Awaited::Rcpt { index, open };
            if !self.manner.pipelined {
                self.send_rcpt(index, out);
            }
            return Progress::Waiting(self);
        }
        if self.manner.probe {
            return self.done(open, out);
        }
        if self.manner.chunk_octets.is_some() {
            if !self.anyone_left() {
                return self.done(open, out);
            }
            self.send_chunks(out);
            return Progress::Waiting(self);
        }
        self.awaited = Awaited::Data { open };
        if !self.manner.pipelined {
            if !self.anyone_left() {
                return self.done(open, out);
            }
            send(out, &Command::Data);
        }
        Progress::Waiting(self)
    }

    fn send_rcpt(&self, index: usize, out: &mut Outbox) {
        let recipient = &self.transaction.recipients[index];
        let params = if self.manner.dsn { recipient.params.clone() } else { RcptParams::default() };
        send(out, &Command::Rcpt(recipient.path.clone(), params));
    }

    /// Sends the first part of the text with BDAT, and the others with it if they need not wait.
    fn send_chunks(&mut self, out: &mut Outbox) {
        let first = self.send_chunk(0, out);
        let mut end = first;
        while self.manner.pipelined && end < self.transaction.data.len() {
            end = self.send_chunk(end, out);
        }
        self.await_chunk(first);
    }

    /// The BDAT that ends at `end` was accepted: on to the next.
    fn chunk_sent(&mut self, end: usize, out: &mut Outbox) {
        let next =
            if self.manner.pipelined { self.chunk_end(end) } else { self.send_chunk(end, out) };
        self.await_chunk(next);
    }

    fn await_chunk(&mut self, end: usize) {
        if end < self.transaction.data.len() {
            self.awaited = Awaited::Chunk { end };
        } else {
            self.all_sent();
        }
    }

    /// Sends the part of the text that begins at `start`, and tells where it ends.
    fn send_chunk(&self, start: usize, out: &mut Outbox) -> usize {
        let end = self.chunk_end(start);
        let chunk = self.transaction.data.slice(start..end);
        let last = end == self.transaction.data.len();
        send(out, &Command::Bdat { size_octets: chunk.len() as u64, last });
        out.send_bytes(chunk);
        end
    }

    fn chunk_end(&self, start: usize) -> usize {
        let size = self.manner.chunk_octets.expect("the text goes in chunks");
        start.saturating_add(size).min(self.transaction.data.len())
    }

    /// How many parts the text has from `start` on.
    fn chunks_from(&self, start: usize) -> usize {
        let size = self.manner.chunk_octets.expect("the text goes in chunks");
        (self.transaction.data.len() - start).div_ceil(size)
    }

    /// Waits until `left` replies have come that say no more than the one before.
    fn spend(mut self: Box<Self>, left: usize, out: &mut Outbox) -> Progress {
        match left.checked_sub(1) {
            None => self.done(true, out),
            Some(left) => {
                self.awaited = Awaited::Spent { left };
                Progress::Waiting(self)
            }
        }
    }

    /// The whole text is sent: its reply is awaited, or of LMTP that about the next recipient.
    fn all_sent(&mut self) {
        let next = self.outcomes.iter().position(Option::is_none);
        self.awaited = match next.filter(|_| self.manner.lmtp) {
            Some(index) => Awaited::EndOfDataFor { index },
            None => Awaited::EndOfData,
        };
    }

    fn end_of_data(&self, reply: Reply) -> Outcome {
        if reply.is_positive() {
            Outcome::Delivered { reply, dsn: self.manner.dsn }
        } else {
            Outcome::Refused { stage: Stage::EndOfData, reply }
        }
    }

    fn anyone_left(&self) -> bool {
        self.outcomes.iter().any(Option::is_none)
    }

    fn settle(&mut self, outcome: impl Fn() -> Outcome) {
        for open in self.outcomes.iter_mut().filter(|settled| settled.is_none()) {
            *open = Some(outcome());
        }
    }

    fn done(mut self: Box<Self>, reset: bool, out: &mut Outbox) -> Progress {
        let outcomes = mem::take(&mut self.outcomes).into_iter().flatten().collect();
        out.event(ClientEvent::TransactionDone { transaction: self.number, outcomes });
        Progress::Done { reset }
    }
}
