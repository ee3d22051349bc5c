//! The laws that every run keeps, by name.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A law that every run keeps, whatever the network does and whichever hosts crash.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Law {
    /// A message that a server answered 250 to is delivered, reported on or still queued, for each
    /// recipient, through aliases, forwards, lists, retries and crashes.
    Conservation,
    /// Nothing is taken twice unless the reply to the final dot was lost, and nothing is put into a
    /// mailbox twice.
    Duplicates,
    /// A message with the null reverse-path is answered by no report and no automatic reply.
    Bounces,
    /// No message passes more servers than the hop limit allows.
    Loops,
    /// The Received fields of a delivered message are the way that it took: hosts, queue ids, peers
    /// and times.
    Trace,
    /// No resolver serves a record longer than a server that it asked allowed.
    Ttl,
    /// No resolver serves a record that only servers of other zones have said.
    Bailiwick,
    /// No resolver serves a record that only a forged answer has said, or a server that it was led to
    /// by one.
    Forgery,
    /// UIDs rise, and no UIDVALIDITY falls.
    Uids,
    /// No packet comes from nowhere or goes there: what was sent and doubled is what was delivered, lost
    /// or is in flight.
    Traffic,
    /// Mail comes to its end: nothing stays in a queue beyond its lifetime once faults are over, and
    /// none is left when nothing else is to be done.
    Liveness,
}

impl Law {
    /// All laws.
    pub const ALL: [Law; 11] = [
        Law::Conservation,
        Law::Duplicates,
        Law::Bounces,
        Law::Loops,
        Law::Trace,
        Law::Ttl,
        Law::Bailiwick,
        Law::Forgery,
        Law::Uids,
        Law::Traffic,
        Law::Liveness,
    ];

    /// Its name, as it stands in scenarios and reports.
    pub fn name(self) -> &'static str {
        match self {
            Law::Conservation => "conservation",
            Law::Duplicates => "duplicates",
            Law::Bounces => "bounces",
            Law::Loops => "loops",
            Law::Trace => "trace",
            Law::Ttl => "ttl",
            Law::Bailiwick => "bailiwick",
            Law::Forgery => "forgery",
            Law::Uids => "uids",
            Law::Traffic => "traffic",
            Law::Liveness => "liveness",
        }
    }
}

/// Its name.
impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
