//! What a host keeps on disk. A crash leaves it as it is.

/// A host's disk.
#[derive(Debug, Default)]
pub struct Disk {}
