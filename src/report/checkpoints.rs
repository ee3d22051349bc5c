//! The checkpoints of a run as JSON lines, to be compared with those of another machine or version.
//!
//! One line for each host and interval in which something happened there, by time and then in the
//! order of hosts, and one for the whole run at the end. So the first line that differs (`diff`, `cmp`)
//! names the host and the time at which two runs part.

use std::io::{self, Write};

use serde_json::json;

use crate::world::World;

/// Writes `{"until_ns": 1000000000, "host": "mx1.example.com", "events": 12, "fingerprint": "..."}` for
/// each checkpoint: what the host had done before that time. The last line has `seed`, `events` and
/// `fingerprint` of the run.
///
/// # Errors
/// Those of `to`.
pub fn write_checkpoints(world: &World, to: &mut dyn Write) -> io::Result<()> {
    for (host, mark) in world.checkpoints() {
        let line = json!({
            "until_ns": mark.until.as_nanos(),
            "host": world.name(host),
            "events": mark.events,
            "fingerprint": mark.fingerprint.to_string(),
        });
        writeln!(to, "{line}")?;
    }
    let last = json!({
        "seed": world.seed().0,
        "events": world.events(),
        "fingerprint": world.fingerprint().to_string(),
    });
    writeln!(to, "{last}")
}
