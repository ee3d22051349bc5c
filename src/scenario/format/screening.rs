//! What a domain's MTAs demand of strangers before they take mail from them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::Dur;

/// Greylisting (RFC 6647): a stranger is put off with 450 4.2.0 until it tries again. What is left
/// out is postgrey's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Greylist {
    /// How long a new triplet of client network, sender and recipient is put off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "5m"), example = &"1m")]
    pub delay: Option<Dur>,
    /// How long after its first attempt a triplet is remembered that was not tried again in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "2d"), example = &"4h")]
    pub window: Option<Dur>,
    /// How long a triplet is remembered after it was used last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "35d"), example = &"7d")]
    pub max_age: Option<Dur>,
    /// After how many triplets that came back a client is not put off any more; 0: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 5), example = 2)]
    pub allow_after: Option<u32>,
    /// Clients that are never put off: addresses or networks.
    #[schemars(extend("examples" = [["192.0.2.0/24"]]))]
    pub exempt: Vec<String>,
}

/// How much one client may do in a while, counted as Postfix's `anvil` does. What is left out has
/// no limit. The domain's own servers are not counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimit {
    /// The while.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1m"), example = &"1h")]
    pub per: Option<Dur>,
    /// Connections at once; one more is greeted with 421 4.7.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 10)]
    pub concurrent: Option<u32>,
    /// New connections; one more is greeted with 421 4.7.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 30)]
    pub connections: Option<u32>,
    /// MAIL commands; one more gets 450 4.7.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 60)]
    pub messages: Option<u32>,
    /// RCPT commands; one more gets 450 4.7.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 200)]
    pub recipients: Option<u32>,
    /// MAIL commands of one login, from wherever.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 20)]
    pub login_messages: Option<u32>,
    /// RCPT commands of one login, from wherever.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 100)]
    pub login_recipients: Option<u32>,
    /// Clients that are not counted: addresses or networks.
    #[schemars(extend("examples" = [["192.0.2.0/24"]]))]
    pub exempt: Vec<String>,
}

/// A list of clients in the DNS (RFC 5782): its zone alone, or an object with what is particular.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DnsList {
    /// The zone. Every answer counts.
    Zone(String),
    /// The zone, and which answers count.
    Full(DnsListOptions),
}

impl DnsList {
    /// The zone as written, and which answers count.
    pub fn parts(&self) -> (&str, &[String]) {
        match self {
            DnsList::Zone(zone) => (zone, &[]),
            DnsList::Full(full) => (&full.zone, &full.answers),
        }
    }
}

/// A list of clients in the DNS with particulars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DnsListOptions {
    /// The zone.
    #[schemars(example = &"bl.example.net")]
    pub zone: String,
    /// The answers that count: addresses, with a range for an octet where need be. Default: all.
    #[serde(default)]
    #[schemars(extend("examples" = [["127.0.0.2", "127.0.0.[4..11]"]]))]
    pub answers: Vec<String>,
}

/// What is wanted of the name that the DNS gives a client's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReverseDns {
    /// It is not looked up.
    #[default]
    Off,
    /// It is looked up and stands in the Received field; nothing is wanted of it.
    Name,
    /// There is one: else 450 4.7.25 (`reject_unknown_reverse_client_hostname`).
    Known,
    /// There is one, and it leads back to the address: else 450 4.7.25
    /// (`reject_unknown_client_hostname`).
    Confirmed,
}

/// What is wanted of the name in HELO and EHLO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeloCheck {
    /// It is a domain or an address literal: else 501 5.5.2 (`reject_invalid_helo_hostname`).
    Valid,
    /// It has a dot: else 504 5.5.2 (`reject_non_fqdn_helo_hostname`).
    Qualified,
    /// It has an address or an MX: else 450 4.7.1 (`reject_unknown_helo_hostname`).
    Known,
    /// It is no name, domain or address of this host: else 554 5.7.1 (`check_helo_access`).
    Foreign,
}

/// What is wanted of the domain of the reverse-path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SenderCheck {
    /// It has a dot: else 504 5.5.2 (`reject_non_fqdn_sender`).
    Qualified,
    /// It has an address or an MX, and not the null MX: else 450 4.1.8 or 550 5.7.27
    /// (`reject_unknown_sender_domain`).
    Known,
}

/// A mechanism of AUTH (RFC 4954), by its registered name in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Mechanism {
    /// PLAIN (RFC 4616): name and password in one response.
    #[serde(rename = "plain")]
    Plain,
    /// LOGIN: name and password one by one.
    #[serde(rename = "login")]
    Login,
    /// CRAM-MD5 (RFC 2195): a digest over the server's challenge.
    #[serde(rename = "cram-md5")]
    CramMd5,
    /// SCRAM-SHA-256 (RFC 7677): both sides prove that they know the password.
    #[serde(rename = "scram-sha-256")]
    ScramSha256,
}

/// What VRFY and EXPN tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Vrfy {
    /// VRFY is answered with 252 to everything, EXPN with 502.
    #[default]
    Vague,
    /// VRFY names who exists, EXPN who is behind an alias, to whoever may send there.
    Answer,
    /// 502 to both (`disable_vrfy_command`).
    Off,
}

/// Verification of recipients by asking the next hop. What is left out is Postfix's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VerifyRecipients {
    /// How long a client waits for the answer before it gets 450 4.1.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "9s"), example = &"3s")]
    pub patience: Option<Dur>,
    /// The reply code for a recipient that does not exist (`unverified_recipient_reject_code`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 400, max = 599), extend("default" = 450), example = 550)]
    pub code: Option<u16>,
}
