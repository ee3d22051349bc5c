//! Bugs that tests put into a world, to see that they are found. No scenario can ask for one.

/// A bug on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// MTAs forget their queue at a crash.
    ForgetfulQueue,
    /// MTAs answer 250 to a message first, and write it to disk at their next event.
    LateWrite,
    /// Resolvers believe every address in an additional section, as if they had asked for it.
    BelievedAdditionals,
}
