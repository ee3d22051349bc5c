//! The word after `with` in a Received field (RFC 3848, RFC 6531 §4.3).

use super::config::Role;
use super::{Question, ServerSession, State};

impl ServerSession {
    /// The word after `with` in the Received field of the message that is under way: `SMTP`, `ESMTP`,
    /// `LMTP` or `UTF8SMTP`, with an `S` where the connection is secured and an `A` where the client
    /// has authenticated itself.
    pub fn protocol_word(&self) -> &'static str {
        if !self.extended() {
            return "SMTP";
        }
        let words = match (self.config().role == Role::Lmtp, self.smtputf8()) {
            (false, false) => ["ESMTP", "ESMTPA", "ESMTPS", "ESMTPSA"],
            (false, true) => ["UTF8SMTP", "UTF8SMTPA", "UTF8SMTPS", "UTF8SMTPSA"],
            (true, false) => ["LMTP", "LMTPA", "LMTPS", "LMTPSA"],
            (true, true) => ["UTF8LMTP", "UTF8LMTPA", "UTF8LMTPS", "UTF8LMTPSA"],
        };
        match (self.secured, self.authenticated_as.is_some()) {
            (false, false) => words[0],
            (false, true) => words[1],
            (true, false) => words[2],
            (true, true) => words[3],
        }
    }

    /// Whether MAIL said SMTPUTF8 for the message that is under way.
    fn smtputf8(&self) -> bool {
        match &self.state {
            State::Asking(Question::Message { smtputf8, .. }) => *smtputf8,
            _ => self.envelope().is_some_and(|envelope| envelope.params.smtputf8),
        }
    }
}
