//! What STATUS asks for (RFC 3501 §6.3.10, and its extensions).

use super::parse::{Parsed, Parser, SyntaxError};

/// A `status-att`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the words of the RFCs")]
pub enum StatusItem {
    Messages,
    Recent,
    UidNext,
    UidValidity,
    Unseen,
    /// RFC 7162 §3.1.7
    HighestModSeq,
    /// RFC 8438
    Size,
    /// RFC 9208 §4.1.4
    Deleted,
    /// RFC 9208 §4.1.4
    DeletedStorage,
    /// RFC 7889 §2
    AppendLimit,
    /// RFC 8474 §4.3
    MailboxId,
}

impl StatusItem {
    const ALL: [StatusItem; 11] = [
        StatusItem::Messages,
        StatusItem::Recent,
        StatusItem::UidNext,
        StatusItem::UidValidity,
        StatusItem::Unseen,
        StatusItem::HighestModSeq,
        StatusItem::Size,
        StatusItem::Deleted,
        StatusItem::DeletedStorage,
        StatusItem::AppendLimit,
        StatusItem::MailboxId,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            StatusItem::Messages => "MESSAGES",
            StatusItem::Recent => "RECENT",
            StatusItem::UidNext => "UIDNEXT",
            StatusItem::UidValidity => "UIDVALIDITY",
            StatusItem::Unseen => "UNSEEN",
            StatusItem::HighestModSeq => "HIGHESTMODSEQ",
            StatusItem::Size => "SIZE",
            StatusItem::Deleted => "DELETED",
            StatusItem::DeletedStorage => "DELETED-STORAGE",
            StatusItem::AppendLimit => "APPENDLIMIT",
            StatusItem::MailboxId => "MAILBOXID",
        }
    }

    /// The items in their parentheses.
    pub(crate) fn parse_list(parser: &mut Parser<'_>) -> Parsed<Vec<StatusItem>> {
        let mut items = Vec::new();
        parser.list(false, |parser| {
            let word = parser.atom()?;
            let item = Self::ALL.into_iter().find(|item| item.as_str().eq_ignore_ascii_case(word));
            let item = item.ok_or(SyntaxError("a STATUS item"))?;
            // Asked for twice is told once.
            if !items.contains(&item) {
                items.push(item);
            }
            Ok(())
        })?;
        Ok(items)
    }
}
