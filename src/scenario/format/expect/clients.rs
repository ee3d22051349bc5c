//! What is expected of what clients see and do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Count;
use crate::scenario::format::OneOrMany;
use crate::scenario::format::units::Dur;

/// What a client has seen on its last reading of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceSees {
    /// Which client.
    #[schemars(example = &"bob@example.com/phone")]
    pub client: String,
    /// Which mailbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "INBOX"), example = &"Archive")]
    pub mailbox: Option<String>,
    /// How many messages; over POP3, how many it downloaded in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 1)]
    pub sees: Option<Count>,
    /// A message that is among them, by its `id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"hello")]
    pub mail: Option<String>,
    /// Flags that it saw `mail` have.
    #[serde(default)]
    #[schemars(extend("examples" = [["\\Flagged"]]))]
    pub flags: OneOrMany<String>,
}

/// Messages that a client downloaded. What is left out fits any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Downloads {
    /// Which client.
    #[schemars(example = &"bob@example.com/phone")]
    pub client: String,
    /// Which message, by its `id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"hello")]
    pub mail: Option<String>,
    /// Not before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0s"), example = &"1m")]
    pub after: Option<Dur>,
    /// Before this time. Default: `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"2m")]
    pub before: Option<Dur>,
    /// How many in all.
    #[schemars(example = 1)]
    pub count: Count,
}

/// What a client tried to do, and could not. What is left out fits any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trouble {
    /// Which client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"bob@example.com/phone")]
    pub client: Option<String>,
    /// Text that must stand in what it tells.
    #[serde(default)]
    #[schemars(example = &"login refused")]
    pub contains: OneOrMany<String>,
    /// How often.
    #[schemars(example = 1)]
    pub count: Count,
}
