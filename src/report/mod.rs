//! What a run shows: transcript, summary, expectations, laws, captures. Reads records and disks, changes
//! nothing.

pub mod capture;
pub mod checkpoints;
pub mod done;
pub mod expect;
pub mod key_log;
pub mod laws;
pub mod load;
pub mod summary;
pub mod transcript;

pub use capture::Capture;
pub use checkpoints::write_checkpoints;
pub use done::LoadDone;
pub use expect::Verdict;
pub use key_log::write_key_log;
pub use laws::Broken;
pub use load::{Figures, Load};
pub use summary::Summary;
pub use transcript::Transcript;
