//! What a host keeps on disk: mailboxes and delivery queues. It survives a crash.

pub mod mailbox;
pub mod queue;
