//! Flags of a message: system flags and keywords (RFC 3501 §2.3.2).
//!
//! `\Recent` is no part of a message: it belongs to the session that was told first, and the
//! session keeps it.

use std::fmt;

/// A system flag that a client can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SystemFlag {
    /// `\Answered`: the message was answered.
    Answered = 1,
    /// `\Flagged`: urgent, or of special attention.
    Flagged = 2,
    /// `\Deleted`: to be removed by EXPUNGE.
    Deleted = 4,
    /// `\Seen`: was read.
    Seen = 8,
    /// `\Draft`: composition is not finished.
    Draft = 16,
}

impl SystemFlag {
    /// All of them, in the order in which they are listed.
    pub const ALL: [SystemFlag; 5] = [
        SystemFlag::Answered,
        SystemFlag::Flagged,
        SystemFlag::Deleted,
        SystemFlag::Seen,
        SystemFlag::Draft,
    ];

    /// The flag as it is written, with its backslash.
    pub const fn as_str(self) -> &'static str {
        match self {
            SystemFlag::Answered => "\\Answered",
            SystemFlag::Flagged => "\\Flagged",
            SystemFlag::Deleted => "\\Deleted",
            SystemFlag::Seen => "\\Seen",
            SystemFlag::Draft => "\\Draft",
        }
    }

    /// Reads a flag, in any case, with its backslash; `None` for any other word.
    pub fn parse(word: &str) -> Option<SystemFlag> {
        Self::ALL.into_iter().find(|flag| flag.as_str().eq_ignore_ascii_case(word))
    }
}

impl fmt::Display for SystemFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The flags of one message. Keywords differ when they differ in more than case, and keep the
/// spelling of their first use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flags {
    system: u8,
    /// In ascending order without regard to case. Most messages have none, and no allocation.
    keywords: Vec<Box<str>>,
}

impl Flags {
    /// No flag at all.
    pub const EMPTY: Flags = Flags { system: 0, keywords: Vec::new() };

    /// How many keywords one message can have.
    pub const MAX_KEYWORDS: usize = 64;

    /// These system flags and no keyword.
    pub fn of(flags: &[SystemFlag]) -> Flags {
        flags.iter().copied().collect()
    }

    /// Whether there is no flag.
    pub fn is_empty(&self) -> bool {
        self.system == 0 && self.keywords.is_empty()
    }

    /// Whether the system flag is set.
    pub const fn contains(&self, flag: SystemFlag) -> bool {
        self.system & flag as u8 != 0
    }

    /// Whether the keyword is set; without regard to case.
    pub fn contains_keyword(&self, keyword: &str) -> bool {
        self.position(keyword).is_ok()
    }

    /// Sets a system flag.
    pub fn insert(&mut self, flag: SystemFlag) {
        self.system |= flag as u8;
    }

    /// Clears a system flag.
    pub fn remove(&mut self, flag: SystemFlag) {
        self.system &= !(flag as u8);
    }

    /// Sets a keyword, which must be an atom.
    pub fn insert_keyword(&mut self, keyword: &str) {
        if let Err(place) = self.position(keyword) {
            self.keywords.insert(place, keyword.into());
        }
    }

    /// Clears a keyword.
    pub fn remove_keyword(&mut self, keyword: &str) {
        if let Ok(place) = self.position(keyword) {
            self.keywords.remove(place);
        }
    }

    /// Sets all flags of `other` as well.
    pub fn insert_all(&mut self, other: &Flags) {
        self.system |= other.system;
        other.keywords.iter().for_each(|keyword| self.insert_keyword(keyword));
    }

    /// Clears all flags of `other`.
    pub fn remove_all(&mut self, other: &Flags) {
        self.system &= !other.system;
        other.keywords.iter().for_each(|keyword| self.remove_keyword(keyword));
    }

    /// The system flags that are set, in the order of [`SystemFlag::ALL`].
    pub fn system(&self) -> impl Iterator<Item = SystemFlag> + '_ {
        SystemFlag::ALL.into_iter().filter(|flag| self.contains(*flag))
    }

    /// The keywords that are set, in ascending order.
    pub fn keywords(&self) -> impl ExactSizeIterator<Item = &str> {
        self.keywords.iter().map(|keyword| &**keyword)
    }

    fn position(&self, keyword: &str) -> Result<usize, usize> {
        self.keywords.binary_search_by(|present| {
            let wanted = keyword.bytes().map(|octet| octet.to_ascii_lowercase());
            present.bytes().map(|octet| octet.to_ascii_lowercase()).cmp(wanted)
        })
    }
}

impl FromIterator<SystemFlag> for Flags {
    fn from_iter<I: IntoIterator<Item = SystemFlag>>(flags: I) -> Flags {
        let mut all = Flags::EMPTY;
        flags.into_iter().for_each(|flag| all.insert(flag));
        all
    }
}

/// The flags between single spaces, without parentheses: `\Seen \Draft $Forwarded`.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut space = "";
        for flag in self.system() {
            write!(f, "{space}{flag}")?;
            space = " ";
        }
        for keyword in self.keywords() {
            write!(f, "{space}{keyword}")?;
            space = " ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_flags_come_first_and_keywords_in_order() {
        let mut flags = Flags::of(&[SystemFlag::Seen, SystemFlag::Answered]);
        flags.insert_keyword("$MDNSent");
        flags.insert_keyword("$Forwarded");
        assert_eq!(flags.to_string(), "\\Answered \\Seen $Forwarded $MDNSent");
        flags.remove(SystemFlag::Seen);
        flags.remove_keyword("$mdnsent");
        assert_eq!(flags.to_string(), "\\Answered $Forwarded");
    }

    #[test]
    fn keywords_keep_their_first_spelling_and_are_one_in_any_case() {
        let mut flags = Flags::EMPTY;
        flags.insert_keyword("Urgent");
        flags.insert_keyword("URGENT");
        assert_eq!(flags.to_string(), "Urgent");
        assert!(flags.contains_keyword("urgent"));
    }

    #[test]
    fn words_that_are_no_system_flag_are_none() {
        assert_eq!(SystemFlag::parse("\\sEEN"), Some(SystemFlag::Seen));
        assert_eq!(SystemFlag::parse("\\Recent"), None);
        assert_eq!(SystemFlag::parse("Seen"), None);
    }
}
