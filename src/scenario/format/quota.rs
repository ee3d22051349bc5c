//! How much a user may keep.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::Size;

/// How much a user may keep in all mailboxes together: a size, or an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Quota {
    /// So much.
    Size(Size),
    /// So much, or so many.
    Full(QuotaLimits),
}

/// The limits of a quota (RFC 9208 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QuotaLimits {
    /// How large all messages are together. Default: as large as they like.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"10MB")]
    pub size: Option<Size>,
    /// How many messages there are. Default: as many as come.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 100)]
    pub messages: Option<u64>,
}
