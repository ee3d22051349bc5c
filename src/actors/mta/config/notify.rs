//! What the postmaster of a host hears of.

/// Of which reports the postmaster hears (Postfix's `notify_classes`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotifyClasses {
    /// Gets what the null reverse-path sent and nobody could be given (`2bounce`), instead of
    /// seeing it thrown away.
    pub double_bounces: bool,
    /// Gets a copy of each report of failure that a sender gets (`bounce`).
    pub bounces: bool,
    /// Gets a copy of each warning of delay that a sender gets (`delay`).
    pub delays: bool,
}

/// Deviation: Postfix has none of the three.
impl Default for NotifyClasses {
    fn default() -> Self {
        NotifyClasses { double_bounces: true, bounces: false, delays: false }
    }
}
