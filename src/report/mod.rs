//! What a run shows: transcript, summary, expectations. Reads records, changes nothing.
