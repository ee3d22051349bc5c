//! SMTP servers that misbehave.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OneOrMany;
use super::units::{Dur, Share, Size};

/// An SMTP server that misbehaves: at which moments of which sessions, and what it does then. What is
/// left out fits any. Of several such faults that fit, the one with the earliest `at` counts, of one
/// time the first in the file. What the server accepts is never lost, except by a `lie`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SmtpFault {
    /// The host, or several; or a mail domain, for all its MX (with `service` its submission server,
    /// or the server with its mailboxes).
    #[schemars(example = &"mx1.example.com")]
    pub server: OneOrMany<String>,
    /// Only by this service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"submission")]
    pub service: Option<SmtpService>,
    /// At which moment of a session, or which. Default: at any at which the server owes a reply.
    #[schemars(example = &"data")]
    pub at: OneOrMany<SmtpMoment>,
    /// With `"at": "text"`: after so much of the text, as it crosses the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0B"), example = &"10KB")]
    pub after: Option<Size>,
    /// Only at this command of a session, whatever it is, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 4)]
    pub command: Option<u64>,
    /// Only with this client, or these: a host, a mail client, an address, a network, or what it
    /// calls itself in EHLO (also a domain that this is below).
    #[schemars(example = &"mail.example.org")]
    pub client: OneOrMany<String>,
    /// Only from this sender, or these: an address, a domain, or `<>`.
    #[schemars(example = &"example.org")]
    pub sender: OneOrMany<String>,
    /// Only from senders that are not of the server's own domains; `<>` is none of them.
    #[schemars(example = true)]
    pub external: bool,
    /// Only to this recipient, or these: an address or a domain. After RCPT: among others.
    #[schemars(example = &"bob@example.com")]
    pub recipient: OneOrMany<String>,
    /// Only messages that are larger, as declared in MAIL, or at the end of the data as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"1MB")]
    pub larger_than: Option<Size>,
    /// Only messages that are smaller.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"1KB")]
    pub smaller_than: Option<Size>,
    /// Only through TLS, or only in clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = false)]
    pub tls: Option<bool>,
    /// Only with clients that have logged in, or only with others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = true)]
    pub authenticated: Option<bool>,
    /// Only where SPF comes to this, or one of these. It is asked at the first RCPT, so this is for
    /// `data` and what follows.
    #[schemars(example = &"fail")]
    pub spf: OneOrMany<SpfWord>,
    /// Only while more connections than that stand, this one counted; with `"per": "client"`, more
    /// of this client.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 20)]
    pub connections_above: Option<u32>,
    /// So many moments that fit are passed over at first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 0), example = 2)]
    pub skip: Option<u64>,
    /// Only at the first so many moments that fit, counted anew when the host starts again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 3)]
    pub first: Option<u64>,
    /// Only at every so many-th moment that fits, beginning with the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), extend("default" = 1), example = 2)]
    pub every: Option<u64>,
    /// Only at moments beyond so many within a time: at `connect` it limits connections, at `mail`
    /// messages, at `rcpt` recipients.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"events": 100, "in": "1m"}]))]
    pub above: Option<EventRate>,
    /// Only until so long after the first moment that fitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"5m")]
    pub within: Option<Dur>,
    /// For whom `skip`, `first`, `every`, `above` and `within` are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "server"), example = &"client")]
    pub per: Option<CountedPer>,
    /// Only at this share of the moments that fit, each drawn independently of the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "100%"), example = &"50%")]
    pub share: Option<Share>,
    /// What is answered: a code, perhaps an enhanced status code, and text; of several lines the
    /// first has the codes. 4yz and 5yz refuse. 2yz and 3yz are other words for a yes to which the
    /// server comes by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"451 4.3.0 Try again later")]
    pub reply: Option<String>,
    /// The `reply`, one of 2yz, is given though nothing was done: at the end of the data the message
    /// is thrown away. For tests of those who look for lost mail; no server may do that.
    #[schemars(example = true)]
    pub lie: bool,
    /// Something is answered that is no proper reply; nothing is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"not_smtp")]
    pub garbage: Option<SmtpGarbage>,
    /// These octets are answered as they stand, with their line ends; nothing is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"4\r\n")]
    pub octets: Option<String>,
    /// Nothing is done or said: this happens instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"close")]
    pub instead: Option<SmtpEnding>,
    /// What was asked is done, and the reply is never said: at the end of the data the message is
    /// taken, and the client does not know (RFC 1047). Then follows `then`, else silence.
    #[schemars(example = true)]
    pub unsaid: bool,
    /// EHLO does not offer these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [["PIPELINING", "STARTTLS"]]))]
    pub without: Vec<SmtpExtension>,
    /// What comes after the reply. At `text`, where the reply is the last word, `close` by default;
    /// else the session goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"close")]
    pub then: Option<SmtpEnding>,
    /// How much later the reply comes; nothing is read meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"30s")]
    pub delay: Option<Dur>,
    /// How slowly the reply comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"octets": 1, "every": "1s"}]))]
    pub pace: Option<SmtpPace>,
}

/// A service of an MTA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SmtpService {
    /// From other servers, port 25.
    Smtp,
    /// From users, ports 587 and 465.
    Submission,
    /// For mailboxes, port 24.
    Lmtp,
}

/// A moment of an SMTP session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SmtpMoment {
    /// The connection stands; the banner is due.
    Connect,
    /// EHLO, or LHLO.
    Ehlo,
    /// HELO.
    Helo,
    /// STARTTLS.
    Starttls,
    /// AUTH.
    Auth,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA, or the first BDAT.
    Data,
    /// Within the text, `after` so much of it.
    Text,
    /// The whole text has come: the final dot, or the last BDAT.
    EndOfData,
    /// RSET.
    Rset,
    /// NOOP.
    Noop,
    /// VRFY.
    Vrfy,
    /// EXPN.
    Expn,
    /// HELP.
    Help,
    /// QUIT.
    Quit,
}

/// A result of SPF (RFC 7208 §2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpfWord {
    /// The domain has no record.
    None,
    /// The domain does not say.
    Neutral,
    /// The client may send.
    Pass,
    /// It may not.
    Fail,
    /// It probably may not.
    Softfail,
    /// A look-up failed.
    Temperror,
    /// The record cannot be understood.
    Permerror,
}

/// So many events within a time: all counts begin anew when the time since the first is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventRate {
    /// How many are borne.
    #[schemars(example = 100)]
    pub events: u64,
    /// Within which time.
    #[schemars(example = &"1m")]
    #[serde(rename = "in")]
    pub in_: Dur,
}

/// For whom moments are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountedPer {
    /// For the server as a whole.
    Server,
    /// For each address of clients.
    Client,
    /// For each session.
    Session,
    /// For each login.
    User,
    /// For each domain of senders.
    SenderDomain,
    /// For each network of clients with sender and recipient, as greylisting does.
    Triplet,
}

/// What is no proper reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SmtpGarbage {
    /// The answer of another protocol.
    NotSmtp,
    /// A refusal of 451 in a line of 3,000 octets (RFC 5321 §4.5.3.1.5 has 512).
    LongLine,
    /// Two lines of one reply, the first with 451 and the last with 551 (RFC 5321 §4.2.1 forbids it).
    MixedCodes,
    /// A reply of 451 that says that more lines follow, and none does.
    Unfinished,
}

/// How a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SmtpEnding {
    /// The connection is closed in order (FIN).
    Close,
    /// The connection is dropped (RST).
    Reset,
    /// The server hangs: nothing more comes until the client gives up.
    Silence,
}

/// An extension that EHLO offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SmtpExtension {
    /// Several commands at once (RFC 2920).
    #[serde(rename = "PIPELINING")]
    Pipelining,
    /// The largest message (RFC 1870).
    #[serde(rename = "SIZE")]
    Size,
    /// Text beyond ASCII (RFC 6152).
    #[serde(rename = "8BITMIME")]
    EightBitMime,
    /// Status codes in replies (RFC 2034).
    #[serde(rename = "ENHANCEDSTATUSCODES")]
    EnhancedStatusCodes,
    /// Logins (RFC 4954).
    #[serde(rename = "AUTH")]
    Auth,
    /// TLS (RFC 3207).
    #[serde(rename = "STARTTLS")]
    StartTls,
    /// The text in chunks (RFC 3030).
    #[serde(rename = "CHUNKING")]
    Chunking,
    /// Reports on demand (RFC 3461).
    #[serde(rename = "DSN")]
    Dsn,
    /// Addresses beyond ASCII (RFC 6531).
    #[serde(rename = "SMTPUTF8")]
    SmtpUtf8,
}

/// How slowly something is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmtpPace {
    /// So many octets together.
    #[schemars(range(min = 1), example = 1)]
    pub octets: u32,
    /// How long before each of them.
    #[schemars(example = &"1s")]
    pub every: Dur,
}
