//! What a host keeps on disk: mailboxes, delivery queues, outboxes, copies of zones, who got an
//! automatic reply, who was put off, and what load has done. It survives a crash.

pub mod greylist;
pub mod mailbox;
pub mod outbox;
pub mod queue;
pub mod replies;
pub mod tally;
pub mod zones;
