//! TLS of a domain: what its servers offer, what they ask of others, how its users' devices submit and
//! read.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::{Date, Dur};

/// TLS of a domain's servers and devices (RFC 3207, RFC 8314). A domain without this entry has none.
///
/// Its servers have certificates of the authority `mxsim root`, which every host trusts. They offer
/// STARTTLS on ports 25, 587, 143 and 110, and TLS from the first octet on ports 465 (submissions), 993
/// (IMAP) and 995 (POP3).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Port 25: `off` (no STARTTLS), `offered`, or `required` (530 5.7.0 without, which a public
    /// server must not do).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "offered"), example = &"off")]
    pub server: Option<TlsOffer>,
    /// Port 587: `off`, `offered`, or `required` (530 5.7.0 before AUTH and MAIL).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "required"), example = &"offered")]
    pub submission: Option<TlsOffer>,
    /// What the domain's MTAs ask of the hosts they hand mail to: `none`, `may`, `encrypt` or `verify`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "may"), example = &"encrypt")]
    pub client: Option<TlsLevel>,
    /// The same for particular destinations: domains, or names of next hops.
    #[schemars(extend("examples" = [{"example.net": "verify"}]))]
    pub destinations: IndexMap<String, TlsLevel>,
    /// How the devices of the domain's users submit: `none`, `starttls` (port 587) or `submissions`
    /// (port 465). With TLS they insist on a certificate that is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "submissions"), example = &"starttls")]
    pub devices: Option<SubmitTls>,
    /// Ports 143 and 110: `off` (no STARTTLS, and nothing on ports 993 and 995), `offered`, or `required`
    /// (no login without).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "required"), example = &"offered")]
    pub reading: Option<TlsOffer>,
    /// How the devices of the domain's users read: `none`, `starttls` (ports 143 and 110) or `implicit`
    /// (ports 993 and 995). With TLS they insist on a certificate that is verified. Default: `implicit`,
    /// or `none` where `reading` is `off`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"starttls")]
    pub readers: Option<ReadTls>,
    /// What the servers' certificates say.
    #[schemars(extend("examples" = [{"self_signed": true}]))]
    pub certificate: Certificate,
}

/// What a server offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TlsOffer {
    /// No STARTTLS.
    Off,
    /// STARTTLS for who wants it.
    Offered,
    /// Nothing without STARTTLS.
    Required,
}

/// What an MTA asks of the host it hands mail to, as Postfix's `smtp_tls_security_level`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TlsLevel {
    /// In clear, whatever is offered.
    None,
    /// TLS where it is offered; the certificate does not matter, and where the handshake fails the
    /// mail goes in clear.
    May,
    /// TLS or nothing; the certificate does not matter.
    Encrypt,
    /// TLS with a certificate of a trusted authority for the name of the host, or nothing.
    Verify,
}

/// How a device submits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubmitTls {
    /// In clear, port 587.
    None,
    /// STARTTLS, port 587 (RFC 3207).
    Starttls,
    /// TLS from the first octet, port 465 (RFC 8314).
    Submissions,
}

/// How a device reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadTls {
    /// In clear, port 143 or 110.
    None,
    /// STARTTLS, port 143 (RFC 3501), or STLS, port 110 (RFC 2595).
    Starttls,
    /// TLS from the first octet, port 993 or 995 (RFC 8314).
    Implicit,
}

/// What certificates say. Each server has its own, for its host name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Certificate {
    /// Whether each signs itself, so that nobody trusts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false), example = true)]
    pub self_signed: Option<bool>,
    /// Which names they are for. Default: the host's own, and `smtp`, `imap`, `pop` of the domains that it
    /// serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["*.example.org"], ["old-name.example.org"]]))]
    pub names: Option<Vec<String>>,
    /// From when on they are valid. Default: 30 days before the start of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"2025-01-01T00:00:00Z")]
    pub valid_from: Option<Date>,
    /// Until when they are valid. Default: 60 days after the start of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"2026-01-01T00:00:00Z")]
    pub valid_until: Option<Date>,
    /// When in the run they are replaced by new ones, valid for 90 days. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"2h")]
    pub renewed: Option<Dur>,
}
