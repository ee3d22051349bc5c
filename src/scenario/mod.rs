//! Scenario files: JSON text, typed form, checked plan. The only floor that reads JSON.

pub mod finding;
pub mod format;
pub mod plan;
mod spanned;

pub use finding::Finding;
pub use plan::Plan;
