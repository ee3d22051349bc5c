//! Links with every parameter filled in.

use std::sync::Arc;

use crate::net::LinkConfig;

/// A link and its two directions.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// One end: a router or host.
    pub a: String,
    /// The other end: a router or host.
    pub b: String,
    /// From `a` to `b`.
    pub forward: Arc<LinkConfig>,
    /// From `b` to `a`.
    pub backward: Arc<LinkConfig>,
}
