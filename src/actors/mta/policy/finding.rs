//! What a rule finds.

use std::borrow::Cow;
use std::fmt;

use crate::proto::smtp::{EnhancedStatus, Reply};

/// What a rule has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    /// Nothing against it: the next rule is asked (Postfix's `DUNNO`). Why, in a few words.
    Pass(Cow<'static, str>),
    /// The stage is passed, its other rules are not asked (Postfix's `permit`).
    Permit(Cow<'static, str>),
    /// The recipient is taken with 250, and reported on as undeliverable with this reply.
    Doom(Refusal),
    /// No.
    Refuse(Refusal),
}

impl Finding {
    /// Nothing against it.
    pub(super) fn pass(words: impl Into<Cow<'static, str>>) -> Self {
        Finding::Pass(words.into())
    }

    /// The stage is passed.
    pub(super) fn permit(words: impl Into<Cow<'static, str>>) -> Self {
        Finding::Permit(words.into())
    }

    /// No, by this rule (in words), with this reply.
    pub(super) fn refuse(
        rule: impl Into<Cow<'static, str>>,
        code: u16,
        status: (u8, u16, u16),
        text: impl Into<Cow<'static, str>>,
    ) -> Self {
        Finding::Refuse(Refusal::new(rule, code, status, text))
    }
}

/// A refusal, with the rule that it follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The rule in words: what stands after `since`.
    pub(crate) rule: Cow<'static, str>,
    /// What the client is told.
    pub(crate) reply: Reply,
}

impl Refusal {
    /// A refusal in these words, with a class, subject and detail (RFC 3463).
    pub(crate) fn new(
        rule: impl Into<Cow<'static, str>>,
        code: u16,
        (class, subject, detail): (u8, u16, u16),
        text: impl Into<Cow<'static, str>>,
    ) -> Self {
        let reply = Reply::new(code, EnhancedStatus::new(class, subject, detail), text);
        Refusal { rule: rule.into(), reply }
    }
}

/// What a rule said, for the note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// The rule's name.
    pub(crate) rule: &'static str,
    /// Its words.
    pub(crate) words: Cow<'static, str>,
}

/// `relay: strangers may`.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.words)
    }
}
