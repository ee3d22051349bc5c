//! The numbers that name a message and its state: UID, UIDVALIDITY, mod-sequence.
//!
//! RFC 3501 §2.3.1 and RFC 7162 §3.1.

use std::fmt;
use std::num::NonZeroU32;

/// The unique identifier of a message in its mailbox. Rises, never reused (RFC 3501 §2.3.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(NonZeroU32);

impl Uid {
    /// The least UID.
    pub const MIN: Uid = Uid(NonZeroU32::MIN);
    /// The greatest UID; what `*` stands for where nothing is greater.
    pub const MAX: Uid = Uid(NonZeroU32::MAX);

    /// The UID `number`; `None` for 0, which is none.
    pub const fn new(number: u32) -> Option<Uid> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Uid(number)),
            None => None,
        }
    }

    /// The number itself.
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// The UID after this one; `None` after the greatest.
    pub const fn next(self) -> Option<Uid> {
        match self.0.checked_add(1) {
            Some(number) => Some(Uid(number)),
            None => None,
        }
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Says whether UIDs remembered from an earlier session still hold (RFC 3501 §2.3.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UidValidity(NonZeroU32);

impl UidValidity {
    /// The least UIDVALIDITY.
    pub const MIN: UidValidity = UidValidity(NonZeroU32::MIN);

    /// The UIDVALIDITY `number`; `None` for 0, which is none.
    pub const fn new(number: u32) -> Option<UidValidity> {
        match NonZeroU32::new(number) {
            Some(number) => Some(UidValidity(number)),
            None => None,
        }
    }

    /// The number itself.
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// A greater one, for a mailbox that takes the name of an earlier one. Stays at the greatest.
    #[must_use]
    pub const fn next(self) -> UidValidity {
        UidValidity(self.0.saturating_add(1))
    }
}

impl fmt::Display for UidValidity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The mod-sequence of a mailbox, or of a message's last change (RFC 7162 §3.1). Rises with each
/// change of the mailbox; 63 bits, 0 before the first change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ModSeq(pub u64);

impl ModSeq {
    /// The mod-sequence after this one.
    #[must_use]
    pub const fn next(self) -> ModSeq {
        ModSeq(self.0.saturating_add(1))
    }
}

impl fmt::Display for ModSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
