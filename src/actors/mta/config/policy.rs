//! What an MTA takes and from whom.

use crate::proto::smtp::{EnhancedStatus, Reply};

/// From whom mail is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    /// Who may send.
    pub from: AcceptFrom,
    /// What the others are told.
    pub reply: Reply,
    /// When they are told.
    pub mode: RefusalMode,
}

/// Who may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptFrom {
    /// Everybody.
    Anyone,
    /// Who authenticated, and the domain's own servers.
    Inside,
    /// Nobody.
    Nobody,
}

/// When a refused sender learns of it. Both ways exist, and look different from the sender's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalMode {
    /// At RCPT: the sender's own MTA writes the bounce.
    Reject,
    /// After a 250: this MTA writes the report.
    AcceptThenBounce,
}

impl Restriction {
    /// Mail is taken from everybody.
    pub fn none() -> Self {
        Restriction { from: AcceptFrom::Anyone, reply: access_denied(), mode: RefusalMode::Reject }
    }
}

/// Postfix's words for a recipient that is restricted.
fn access_denied() -> Reply {
    Reply::new(
        554,
        EnhancedStatus::new(5, 7, 1),
        "<{recipient}>: Recipient address rejected: Access denied",
    )
}
