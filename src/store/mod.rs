//! What a host keeps on disk: mailboxes, delivery queues, outboxes and copies of zones. It survives a crash.

pub mod mailbox;
pub mod outbox;
pub mod queue;
pub mod zones;
