//! What a mailbox is there for (RFC 6154).

use std::fmt;

/// A `use-attr`: an attribute by which LIST tells what a mailbox is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpecialUse {
    /// `\All`: all messages of the account.
    All,
    /// `\Archive`: messages that are kept.
    Archive,
    /// `\Drafts`: messages that are being written.
    Drafts,
    /// `\Flagged`: all messages that are flagged.
    Flagged,
    /// `\Junk`: spam.
    Junk,
    /// `\Sent`: copies of messages that were sent.
    Sent,
    /// `\Trash`: messages that are to be deleted.
    Trash,
}

impl SpecialUse {
    /// All of them, in alphabetical order.
    pub const ALL: [SpecialUse; 7] = [
        SpecialUse::All,
        SpecialUse::Archive,
        SpecialUse::Drafts,
        SpecialUse::Flagged,
        SpecialUse::Junk,
        SpecialUse::Sent,
        SpecialUse::Trash,
    ];

    /// The attribute as it is written, with its backslash.
    pub const fn as_str(self) -> &'static str {
        match self {
            SpecialUse::All => "\\All",
            SpecialUse::Archive => "\\Archive",
            SpecialUse::Drafts => "\\Drafts",
            SpecialUse::Flagged => "\\Flagged",
            SpecialUse::Junk => "\\Junk",
            SpecialUse::Sent => "\\Sent",
            SpecialUse::Trash => "\\Trash",
        }
    }

    /// Reads an attribute, in any case, with its backslash; `None` for any other word.
    pub fn parse(word: &str) -> Option<SpecialUse> {
        Self::ALL.into_iter().find(|it| it.as_str().eq_ignore_ascii_case(word))
    }

    /// Whether a mailbox that is made can be for this: those that show the messages of others
    /// cannot.
    pub const fn can_be_made(self) -> bool {
        !matches!(self, SpecialUse::All | SpecialUse::Flagged)
    }
}

impl fmt::Display for SpecialUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
