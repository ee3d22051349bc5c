//! The key log: the secrets of all TLS connections, so that a capture of them can be read.
//!
//! Follows RFC 9850, the form of `SSLKEYLOGFILE`, which Wireshark reads.

use std::io::{self, Write};

use crate::world::{Fact, World};

/// Writes a line for each secret, in the order in which they came to be. None if the world is not
/// [watched](crate::world::WorldBuilder::watched), or where nobody spoke TLS.
///
/// # Errors
/// Those of `to`.
pub fn write_key_log(world: &World, to: &mut dyn Write) -> io::Result<()> {
    for record in world.records() {
        if let Fact::Secret(secret) = &record.fact {
            writeln!(to, "{secret}")?;
        }
    }
    Ok(())
}
