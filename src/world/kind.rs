//! Kinds of what a fold is told: those of notes, and what is counted and never noted.

use super::record::Note;

/// What sort of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the notes of the same names say what they are")]
pub enum Kind {
    Composed,
    Submitted,
    NotSubmitted,
    Accepted,
    Refused,
    Permitted,
    Routed,
    Relayed,
    Deferred,
    Delivered,
    Bounced,
    Notified,
    Forwarded,
    AutoReplied,
    Discarded,
    Removed,
    Fetched,
    Saw,
    ClientFailed,
    CacheHit,
    CacheMiss,
    Resolved,
    Misbehaved,
    SmtpMisbehaved,
    Unsaid,
    AccessMisbehaved,
    Rebuilt,
    Secured,
    NotSecured,
    Remark,
    /// A recipient that an accepted message is for. Never noted by itself: `Accepted` names them all.
    Recipient,
    /// A recipient came to its end in others: it is a list, or its mail is forwarded and it keeps none.
    /// Never noted by itself: `Forwarded` names the others.
    Expanded,
    /// A query reached a DNS server, a resolver or an authority. Never noted: records show the octets.
    DnsQuery,
    /// A load client finished an exchange without a protocol of its own. Never noted.
    Transaction,
}

impl Kind {
    /// How many kinds there are.
    pub const COUNT: usize = Kind::Transaction as usize + 1;
}

impl Note {
    /// What sort of note it is.
    pub fn kind(&self) -> Kind {
        match self {
            Note::Composed { .. } => Kind::Composed,
            Note::Submitted { .. } => Kind::Submitted,
            Note::NotSubmitted { .. } => Kind::NotSubmitted,
            Note::Accepted { .. } => Kind::Accepted,
            Note::Refused { .. } => Kind::Refused,
            Note::Permitted { .. } => Kind::Permitted,
            Note::Routed { .. } => Kind::Routed,
            Note::Relayed { .. } => Kind::Relayed,
            Note::Deferred { .. } => Kind::Deferred,
            Note::Delivered { .. } => Kind::Delivered,
            Note::Bounced { .. } => Kind::Bounced,
            Note::Notified { .. } => Kind::Notified,
            Note::Forwarded { .. } => Kind::Forwarded,
            Note::AutoReplied { .. } => Kind::AutoReplied,
            Note::Discarded { .. } => Kind::Discarded,
            Note::Removed { .. } => Kind::Removed,
            Note::Fetched { .. } => Kind::Fetched,
            Note::Saw { .. } => Kind::Saw,
            Note::ClientFailed { .. } => Kind::ClientFailed,
            Note::CacheHit { .. } => Kind::CacheHit,
            Note::CacheMiss { .. } => Kind::CacheMiss,
            Note::Resolved { .. } => Kind::Resolved,
            Note::Misbehaved { .. } => Kind::Misbehaved,
            Note::SmtpMisbehaved { .. } => Kind::SmtpMisbehaved,
            Note::Unsaid { .. } => Kind::Unsaid,
            Note::AccessMisbehaved { .. } => Kind::AccessMisbehaved,
            Note::Rebuilt { .. } => Kind::Rebuilt,
            Note::Secured { .. } => Kind::Secured,
            Note::NotSecured { .. } => Kind::NotSecured,
            Note::Remark(_) => Kind::Remark,
        }
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds(u64);

impl Kinds {
    /// These.
    pub const fn of(kinds: &[Kind]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < kinds.len() {
            bits |= 1 << kinds[at] as u64;
            at += 1;
        }
        Kinds(bits)
    }

    /// Whether a kind is one of them.
    pub const fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u64) != 0
    }
}

// A set has a bit for each kind.
const _: () = assert!(Kind::COUNT <= u64::BITS as usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_in() {
        let kinds = Kinds::of(&[Kind::Composed, Kind::Transaction]);
        assert!(kinds.has(Kind::Composed) && kinds.has(Kind::Transaction));
        assert!(!kinds.has(Kind::Submitted) && !Kinds::default().has(Kind::Composed));
    }
}
