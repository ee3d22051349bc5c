//! What a run shows: transcript, summary, expectations. Reads records, changes nothing.

pub mod expect;
pub mod summary;
pub mod transcript;

pub use expect::Verdict;
pub use summary::Summary;
pub use transcript::Transcript;
