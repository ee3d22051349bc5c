//! Tagged responses (RFC 3501 §7.1).

use std::borrow::Cow;

use super::super::backend::MailboxError;
use super::super::response::write;
use crate::proto::Outbox;

/// How a command is completed: status, and the text with its response code.
#[derive(Debug)]
pub(super) struct Answer {
    status: &'static str,
    text: Cow<'static, str>,
}

impl Answer {
    /// The command is done.
    pub(super) fn ok(text: impl Into<Cow<'static, str>>) -> Answer {
        Answer { status: "OK", text: text.into() }
    }

    /// The command could not be done.
    pub(super) fn no(text: impl Into<Cow<'static, str>>) -> Answer {
        Answer { status: "NO", text: text.into() }
    }

    /// The command is none, or not one for this state.
    pub(super) fn bad(text: impl Into<Cow<'static, str>>) -> Answer {
        Answer { status: "BAD", text: text.into() }
    }

    pub(super) fn write<E>(&self, tag: &str, out: &mut Outbox<E>) {
        write(out, format_args!("{tag} {} {}\r\n", self.status, self.text));
    }
}

impl From<MailboxError> for Answer {
    fn from(error: MailboxError) -> Answer {
        Answer::no(format!("{} {error}", error.code()))
    }
}
