//! What a run shows: transcript, summary, expectations. Reads records, changes nothing.

pub mod expect;
pub mod key_log;
pub mod summary;
pub mod transcript;

pub use expect::Verdict;
pub use key_log::write_key_log;
pub use summary::Summary;
pub use transcript::Transcript;
