//! Tagged responses (RFC 3501 §7.1).

use std::borrow::Cow;

use super::super::backend::MailboxError;
use super::super::response::write;
use super::view::NoSuchMessage;
use crate::proto::Outbox;

/// How a command is completed: status, and the text with its response code.
#[derive(Debug)]
pub(super) struct Answer {
    status: Status,
    text: Cow<'static, str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Ok,
    No,
    Bad,
}

impl Answer {
    /// The command is done.
    pub(super) fn ok(text: impl Into<Cow<'static, str>>) -> Answer {
        Answer { status: Status::Ok, text: text.into() }
    }

    /// The command could not be done.
    pub(super) fn no(text: impl Into<Cow<'static, str>>) -> Answer {
        Answer { status: Status::No, text: text.into() }
    }

    /// The command is none, or not one for this state.
    pub(super) fn bad(text: impl Into<Cow<'static, str>>) -> Answer {
        Answer { status: Status::Bad, text: text.into() }
    }

    /// Whether the client made a mistake of syntax or order.
    pub(super) fn is_bad(&self) -> bool {
        self.status == Status::Bad
    }

    pub(super) fn write<E>(&self, tag: &str, out: &mut Outbox<E>) {
        let status = match self.status {
            Status::Ok => "OK",
            Status::No => "NO",
            Status::Bad => "BAD",
        };
        write(out, format_args!("{tag} {status} {}\r\n", self.text));
    }
}

impl From<MailboxError> for Answer {
    fn from(error: MailboxError) -> Answer {
        Answer::no(format!("{} {error}", error.code()))
    }
}

impl From<NoSuchMessage> for Answer {
    fn from(NoSuchMessage: NoSuchMessage) -> Answer {
        Answer::bad("No message has this sequence number")
    }
}

/// For messages that another session expunged, of which this client cannot be told yet
/// (RFC 2180 §4.1.2, RFC 5530 §3).
pub(super) fn expunge_issued() -> Answer {
    Answer::no("[EXPUNGEISSUED] Some of the messages no longer exist")
}
