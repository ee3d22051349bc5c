//! What a command needs to know of its session.

use super::super::backend::{AccountId, Backend, MailboxError, MailboxId};
use super::super::mailbox_name::{BadMailboxName, MailboxName};
use super::super::response::{astring, quoted};
use super::answer::Answer;
use super::features::Features;
use crate::engine::UnixTime;
use crate::proto::Outbox;

/// The session as a command finds it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) account: AccountId,
    pub(super) now: UnixTime,
    pub(super) tag: &'a str,
    pub(super) features: Features,
    pub(super) separator: char,
    pub(super) max_message_octets: usize,
}

impl Context<'_> {
    /// The name that an argument is: in UTF-8 where the client enabled that (RFC 6855 §3, RFC 9051
    /// §5.1), and else in modified UTF-7. What is no name at all is answered with NO.
    pub(super) fn name(&self, argument: &[u8]) -> Result<MailboxName, Answer> {
        let name = if self.features.utf8() {
            let text = std::str::from_utf8(argument).map_err(|_| BadMailboxName::BadCharacter);
            text.and_then(MailboxName::new)
        } else {
            MailboxName::decode(argument)
        };
        let name = name.map_err(|bad| Answer::no(format!("[CANNOT] {bad}")))?;
        Ok(self.canonical(name))
    }

    /// INBOX is one name in any case, also as the first level of others.
    pub(super) fn canonical(&self, name: MailboxName) -> MailboxName {
        match name.as_str().split_once(self.separator) {
            Some((inbox, _)) if inbox != "INBOX" && inbox.eq_ignore_ascii_case("INBOX") => {
                let text = ["INBOX", &name.as_str()[5..]].concat();
                MailboxName::new(&text).expect("only letters changed their case")
            }
            _ => name,
        }
    }

    /// The mailbox to which messages are to be added: when it is missing, the client may make it.
    pub(super) fn target(
        &self,
        argument: &[u8],
        backend: &impl Backend,
    ) -> Result<MailboxId, Answer> {
        let found = backend.find(self.account, &self.name(argument)?);
        found.map_err(|error| match error {
            MailboxError::NonExistent => Answer::no(format!("[TRYCREATE] {error}")),
            error => error.into(),
        })
    }

    /// A name as this client is shown it.
    pub(super) fn shown(&self, name: &MailboxName) -> String {
        if self.features.utf8() { name.as_str().to_owned() } else { name.encode() }
    }

    /// Writes a name as it is [shown](Context::shown).
    pub(super) fn write_name<E>(&self, shown: &str, out: &mut Outbox<E>) {
        // What is not ASCII stands in quotes as it is: there are no control characters in a name.
        if shown.is_ascii() {
            astring(out, shown.as_bytes());
        } else {
            quoted(out, shown.as_bytes());
        }
    }
}
