//! What an MTA says to a client, and by which rule.
//!
//! Follows RFC 5321 §3.6.2 and §7.5 (relaying), RFC 6409 §6.1 (a submitter's own addresses), in the
//! order of Postfix's restriction lists. Each [`Stage`] of a session has a list of [`Rule`]s, made
//! once from the configuration ([`Rulebook`]). A [`Chain`] asks them one after the other until one
//! refuses or permits; what each said, in order, is told in a note with the rule that decided.
//!
//! # A rule that waits
//!
//! A rule is a function of a [`Turn`]: what is known of client, envelope and message, and the
//! answers of the DNS that came on this connection so far. Where an answer is missing, the look-up
//! in [`Answers`] gives [`Wait`] instead; the rule hands that up with `?`, the owner asks, and when
//! all is answered the rule is called again from its beginning. So a rule reads as if the DNS
//! answered at once, asks nothing twice on one connection, and must change nothing before its last
//! question is answered.
//!
//! With `delay_reject` (Postfix's `smtpd_delay_reject`, on by default) what client, HELO and sender
//! come to is told at RCPT, so that a log names the recipient that was wanted. It is found out
//! once: for the client on each connection, for HELO on each greeting, for the sender on each MAIL
//! ([`Standing`]).
//!
//! # The seam for checks of content
//!
//! A check of the sender or the message (SPF, DKIM, DMARC) is a variant of [`Rule`] with a file of
//! its own, put into [`Rulebook::new`] at [`Stage::Sender`] or [`Stage::EndOfData`]. A machine that
//! lives through several questions, and results that a later stage needs, go into [`Evidence`]:
//! it is made anew with each MAIL, the rule has it as `turn.evidence`, and the fields that a rule
//! pushes to `evidence.fields` come to stand above the Received field of a message that is taken.
//!
//! Not modelled: restriction classes (an MTA has one set of demands for clients, whichever domain is
//! written to), access tables, a HELO that is refused at HELO: without `delay_reject` it is told at
//! MAIL.

mod authentication;
mod chain;
mod dns_list;
mod domain;
mod finding;
mod greylisting;
mod helo;
mod hops;
mod posting;
mod quota;
mod rates;
mod relay;
mod restriction;
mod reverse;
mod rulebook;
mod sender;
pub(super) mod storage;
mod submitter;
#[cfg(test)]
mod tests;
mod turn;
mod users;
mod verification;

pub(super) use authentication::{SPAM_FLAG, without_foreign_marks};
pub(super) use chain::{Chain, Decision, Progress, Ruling};
pub(super) use finding::Refusal;
pub(super) use rates::Anvil;
pub(super) use reverse::ClientName;
pub(super) use rulebook::Rulebook;
pub(super) use turn::{Evidence, Lookup, Memory, Turn, Wait};
pub(super) use users::meant;
pub(super) use verification::Verified;

use finding::Finding;
