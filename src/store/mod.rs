//! What a host keeps on disk: mailboxes, delivery queues, outboxes, copies of zones, and who got
//! an automatic reply. It survives a crash.

pub mod mailbox;
pub mod outbox;
pub mod queue;
pub mod replies;
pub mod zones;
