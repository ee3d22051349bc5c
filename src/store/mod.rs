//! What a host keeps on disk: mailboxes, delivery queues and outboxes. It survives a crash.

pub mod mailbox;
pub mod outbox;
pub mod queue;
