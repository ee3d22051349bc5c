//! Who may send in whose name: what a domain signs with, and what its MTAs check.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::Dur;

/// How a domain signs with DKIM (RFC 6376): `true`, or an object with what is particular.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Dkim {
    /// With the defaults, or not at all.
    Switch(bool),
    /// With what is particular.
    Options(DkimOptions),
}

/// What is particular about a domain's DKIM signatures.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DkimOptions {
    /// The selector: the key is published at `SELECTOR._domainkey.DOMAIN`. With `both` algorithms it
    /// gets `-rsa` and `-ed25519` at its end, a name for each key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "mail"), example = &"2026q1")]
    pub selector: Option<String>,
    /// The algorithm: `rsa`, `ed25519` (RFC 8463), or `both`: then each message has two signatures.
    /// Default: that of `key`, else `rsa`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"ed25519")]
    pub algorithm: Option<DkimAlgorithm>,
    /// A private key in PEM, a file of the scenario's folder. Default: a key for tests that is no
    /// secret: for RSA one of 2048 bits that all domains share, for Ed25519 one that is made from
    /// domain and selector. Not with `both`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"data/dkim.pem")]
    pub key: Option<String>,
    /// How much a message may change on its way: `simple` or `relaxed`, for header and body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "relaxed/relaxed"), example = &"relaxed/simple")]
    pub canonicalization: Option<String>,
    /// The header fields that are signed, each as often as it is there; `From` in any case.
    /// Default: those that RFC 6376 §5.4.1 names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["From", "To", "Subject", "Date"]]))]
    pub headers: Option<Vec<String>>,
    /// When signatures expire (`x=`) after they were made. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"7d")]
    pub lifetime: Option<Dur>,
}

/// With what algorithms messages are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DkimAlgorithm {
    /// rsa-sha256.
    Rsa,
    /// ed25519-sha256.
    Ed25519,
    /// A signature of each.
    Both,
}

/// What a domain's MTAs check of where mail comes from: `true` or a word, or each check by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Auth {
    /// `true` is `enforce`; `false` is nothing.
    Switch(bool),
    /// A usual set.
    Preset(AuthPreset),
    /// Each by itself.
    Checks(AuthChecks),
}

/// Usual sets of checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthPreset {
    /// SPF, DKIM and DMARC are written down, nothing follows.
    Mark,
    /// SPF and DKIM are written down, DMARC is enforced: a failure of SPF alone refuses nothing, as
    /// RFC 7489 §10.1 would have it.
    Enforce,
}

/// What is checked, and what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AuthChecks {
    /// SPF (RFC 7208) of HELO and MAIL FROM: `off`, `mark` (`Received-SPF` and
    /// `Authentication-Results` tell it) or `reject` (a `fail` is refused with 550 5.7.23).
    #[schemars(example = &"reject")]
    pub spf: SpfCheck,
    /// DKIM (RFC 6376): `off`, or `mark` (`Authentication-Results` tells it).
    #[schemars(example = &"mark")]
    pub dkim: DkimCheck,
    /// DMARC (RFC 7489), by what `spf` and `dkim` find: `off`, `mark` or `enforce` (what the domain in
    /// `From` wants: `p=quarantine` goes to Junk, `p=reject` is refused with 550 5.7.1).
    #[schemars(example = &"enforce")]
    pub dmarc: DmarcCheck,
    /// What becomes of mail while the DNS does not answer: `accept` (judged without), or `defer`
    /// (451 4.7.24: the sender tries again).
    #[schemars(example = &"defer")]
    pub temperror: TempErrorAction,
}

/// What follows from SPF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpfCheck {
    /// It is not looked up.
    #[default]
    Off,
    /// It is written down.
    Mark,
    /// A `fail` is refused.
    Reject,
}

/// What follows from DKIM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DkimCheck {
    /// Signatures are not verified.
    #[default]
    Off,
    /// What came of it is written down.
    Mark,
}

/// What follows from DMARC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DmarcCheck {
    /// It is not looked up.
    #[default]
    Off,
    /// It is written down.
    Mark,
    /// What the domain in `From` wants is done.
    Enforce,
}

/// What becomes of mail while the DNS does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TempErrorAction {
    /// It is judged without.
    #[default]
    Accept,
    /// It waits at the sender's.
    Defer,
}

impl Auth {
    /// Each check by itself.
    pub fn checks(self) -> AuthChecks {
        let (spf, dkim) = (SpfCheck::Mark, DkimCheck::Mark);
        let marked = AuthChecks { spf, dkim, dmarc: DmarcCheck::Mark, ..AuthChecks::default() };
        match self {
            Auth::Switch(false) => AuthChecks::default(),
            Auth::Preset(AuthPreset::Mark) => marked,
            Auth::Switch(true) | Auth::Preset(AuthPreset::Enforce) => {
                AuthChecks { dmarc: DmarcCheck::Enforce, ..marked }
            }
            Auth::Checks(checks) => checks,
        }
    }
}
