//! Links: what one direction of a link is like, and what happens to a packet that leaves on it.
//!
//! Not modelled: loss on a link that depends on its load (other than a full queue), and queues that
//! drop early or order by flow.

pub mod config;
pub mod direction;
pub mod loss;

pub use config::{LinkConfig, LinkPatch};
pub use direction::{Alteration, Direction, LinkStatus, Verdict};
pub use loss::{GilbertElliott, Loss, LossModel};
