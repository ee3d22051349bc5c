//! A whole mail domain in a few words: users, servers, policy.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OneOrMany;
use super::authentication::Dkim;
use super::list::{Forwarding, MailingList};
use super::network::Link;
use super::policy::{AutoReply, Policy};
use super::quota::Quota;
use super::units::Dur;

/// A mail domain: who is in it, what serves it, what it accepts.
///
/// It becomes hosts with addresses, a zone with MX and address records, the delegation from the
/// zone above (its TLD is made if the scenario has none), an MTA and a mailbox server, and a client
/// for each device of each user. A domain with a border MTA gets a second, inner view of its zone,
/// in which MX points at the mailbox server; the domain's own resolver answers from it, so that the
/// border and submission MTAs find the inner way by an ordinary MX look-up.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Domain {
    /// The users: a local part, or an object.
    #[schemars(extend("examples" = [["alice", {"name": "carol", "read": "pop3"}]]))]
    pub users: Vec<User>,
    /// The servers: `one` (a single host `mail` does it all), `split` (border `mx1`, submission
    /// `smtp`, mailboxes `imap`), `none` (the explicit form names them), or each by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "one"), example = &"split")]
    pub servers: Option<Servers>,
    /// What the domain's MTAs accept, refuse, retry.
    #[schemars(extend("examples" = [{"accept_from": "inside"}]))]
    pub policy: Policy,
    /// Local parts that stand for other addresses, of this domain (local part alone) or of any.
    #[schemars(extend("examples" = [{"sales": ["alice", "bob@example.com"]}]))]
    pub aliases: IndexMap<String, OneOrMany<String>>,
    /// Mailing lists, by local part.
    #[schemars(
        extend("examples" = [{"team": {"members": ["alice", "eve@example.org"], "subject_prefix": "[team]"}}])
    )]
    pub lists: IndexMap<String, MailingList>,
    /// The user or address that gets the mail for local parts that nobody has. Default: it is refused
    /// with 550 5.1.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"alice")]
    pub catch_all: Option<String>,
    /// The SPF record of the domain (RFC 7208): who may send mail in its name. It is published as
    /// TXT at the domain's name. The submission server sends too, and in the layout `split` it is
    /// none of the MX.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"v=spf1 mx a:smtp.example.org -all")]
    pub spf: Option<String>,
    /// Whether and how mail from the domain's addresses is signed with DKIM (RFC 6376): what its
    /// users submit and what its servers write by themselves. The keys are published.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false), example = true)]
    pub dkim: Option<Dkim>,
    /// The DMARC record of the domain (RFC 7489): what others are to do with mail that comes in its
    /// name and not from it. It is published as TXT at `_dmarc.DOMAIN`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"v=DMARC1; p=reject")]
    pub dmarc: Option<String>,
    /// On which router the domain's hosts hang, or in which region of a generated world. Default: the
    /// first router, or of a generated topology one for each domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"isp")]
    pub attach: Option<String>,
    /// What the links of the domain's hosts are like.
    /// Default: `network.default_link`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"latency": "2ms"}]))]
    pub link: Option<Link>,
    /// The TTL of the domain's records.
    /// Default: `dns.ttl`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"5m")]
    pub ttl: Option<Dur>,
}

/// A user: a local part alone, or an object with what is particular.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum User {
    /// The local part.
    Name(String),
    /// The local part, and what is particular.
    Full(Box<UserOptions>),
}

impl User {
    /// The local part as written.
    pub fn name(&self) -> &str {
        match self {
            User::Name(name) => name,
            User::Full(user) => &user.name,
        }
    }
}

/// A user with particulars.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserOptions {
    /// The local part of the address. The login is the whole address.
    #[schemars(example = &"carol")]
    pub name: String,
    /// The password for submission and reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "secret"), example = &"correct horse")]
    pub password: Option<String>,
    /// How the user's devices read: `imap` or `pop3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "imap"), example = &"pop3")]
    pub read: Option<ReadProtocol>,
    /// Whether messages that were downloaded by POP3 stay on the server: `false` (deleted at once),
    /// `true`, or for how long, as `"7d"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false), extend("examples" = [true, "7d"]))]
    pub leave_on_server: Option<LeaveOnServer>,
    /// The user's devices. Each is a host `DEVICE.USER.DOMAIN` and a client `USER@DOMAIN/DEVICE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = ["laptop"]), extend("examples" = [["laptop", "phone"]]))]
    pub devices: Option<Vec<String>>,
    /// How much the user may keep: `"10MB"`, or `size` and `messages`. Default: all that comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["10MB", {"size": "10MB", "messages": 100}]))]
    pub quota: Option<Quota>,
    /// Where the user's mail is sent on to, with its sender and text as they are; `keep` leaves a copy in
    /// the mailbox. See `policy.srs` for the sender. Default: nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["eve@example.org", {"to": "eve@example.org", "keep": true}]))]
    pub forward: Option<Forwarding>,
    /// A reply that the mailbox server sends by itself (RFC 3834).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"text": "I am away until Monday."}]))]
    pub auto_reply: Option<AutoReply>,
}

/// How a client reads its mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadProtocol {
    /// IMAP4rev1: messages stay on the server, several devices see the same.
    #[default]
    Imap,
    /// POP3: messages are downloaded, then deleted on the server, or left there.
    Pop3,
}

/// Whether messages stay on a POP3 server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LeaveOnServer {
    /// For ever, or not at all.
    Always(bool),
    /// So long after they were downloaded; the first session after that deletes them.
    For(Dur),
}

/// The servers of a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Servers {
    /// A usual layout.
    Layout(Layout),
    /// Each by name.
    Named(ServerNames),
}

/// Usual layouts of a domain's servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// `mail` takes mail, submissions and readers; `ns1` serves the zone, `resolver` resolves.
    One,
    /// `mx1` takes mail, `smtp` submissions, `imap` holds the mailboxes; `ns1` and `resolver` too.
    Split,
    /// None is made: the explicit form names them.
    None,
}

/// The servers of a domain by name. A name without a dot is a host in the domain, one with a dot is
/// a host's full name. One host may have several parts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServerNames {
    /// The border MTAs: where the domain's MX point, by preference 10, 20 and so on. They hand on to
    /// `mailbox`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = ["mx1"]), extend("examples" = [["mx1", "mx2"]]))]
    pub border: Option<OneOrMany<String>>,
    /// The host with the mailboxes: IMAP, POP3, and SMTP from inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "imap"), example = &"mail")]
    pub mailbox: Option<String>,
    /// The submission server (RFC 6409), port 587.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "smtp"), example = &"mail")]
    pub submission: Option<String>,
    /// The authoritative name servers of the domain's zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = ["ns1"]), extend("examples" = [["ns1", "ns2"]]))]
    pub name_servers: Option<OneOrMany<String>>,
    /// MTAs that take the domain's mail when no border MTA does, by higher preferences, and hand it
    /// on by the domain's public MX. One in the domain resolves for itself; one of another domain
    /// is that domain's MTA.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["backup"]]))]
    pub backup_mx: Option<OneOrMany<String>>,
    /// The resolver of the domain's hosts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "resolver"), example = &"dns.isp.example")]
    pub resolver: Option<String>,
}
