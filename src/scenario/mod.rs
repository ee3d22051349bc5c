//! Scenario files: JSON text, typed form, checked plan. The only floor that reads JSON.

pub mod format;
pub mod plan;

pub use plan::Plan;
