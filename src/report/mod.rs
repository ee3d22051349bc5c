//! What a run shows: transcript, summary, expectations. Reads records, changes nothing.

pub mod transcript;

pub use transcript::Transcript;
