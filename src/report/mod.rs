//! What a run shows: transcript, summary, expectations. Reads records, changes nothing.

pub mod summary;
pub mod transcript;

pub use summary::Summary;
pub use transcript::Transcript;
