//! What a host keeps on disk: mailboxes, delivery queues, outboxes, copies of zones, who got an
//! automatic reply, and who was put off. It survives a crash.

pub mod greylist;
pub mod mailbox;
pub mod outbox;
pub mod queue;
pub mod replies;
pub mod zones;
