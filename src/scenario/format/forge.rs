//! Forged answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OneOrMany;
use super::units::Dur;

/// A flood of forged DNS answers: a host that is not on the path between a resolver and a name server
/// writes datagrams as if it were the name server, and guesses what the resolver waits for. Ends with
/// `for`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forge {
    /// The host that sends them. Its network lets them pass (it has not heard of BCP 38).
    #[schemars(example = &"evil.example.net")]
    pub by: String,
    /// The resolver that is to believe them.
    #[schemars(example = &"resolver.example.org")]
    pub to: String,
    /// The name server, or several in turn, whose address stands in them as the source.
    #[serde(rename = "as")]
    #[schemars(example = &"ns1.example.com")]
    pub as_: OneOrMany<String>,
    /// The name that they answer for.
    #[schemars(example = &"example.com")]
    pub name: String,
    /// The type that they answer for.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "A"), example = &"MX")]
    pub type_: Option<String>,
    /// The answer: lines as in a master file, names relative to `name`.
    #[schemars(example = &"@ 1d IN MX 0 mail.evil.example.net.")]
    pub answer: OneOrMany<String>,
    /// How many are sent in a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 1000), range(min = 1, max = 1000000), example = 10000)]
    pub per_second: Option<u32>,
    /// The first and the last id that are guessed, each in turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = [0, 65535]), extend("examples" = [[1, 100]]))]
    pub ids: Option<[u16; 2]>,
    /// The lowest and the highest port that are guessed, each time at random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = [49152, 65535]), extend("examples" = [[32768, 32768]]))]
    pub ports: Option<[u16; 2]>,
    /// How often the attacker asks the resolver for the name, so that it has something to wait for.
    /// Default: never; it waits for others to ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"1s")]
    pub ask_every: Option<Dur>,
}
