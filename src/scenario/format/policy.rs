//! What a domain's MTAs accept, refuse, retry, and answer by themselves.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OneOrMany;
use super::authentication::Auth;
use super::screening::{
    DnsList, Greylist, HeloCheck, Mechanism, RateLimit, ReverseDns, SenderCheck, VerifyRecipients,
    Vrfy,
};
use super::tls::Tls;
use super::units::{Dur, Size};

/// The policy of a domain's MTAs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// From whom the whole domain takes mail: `anyone`, `inside` (authenticated, or handed on by one
    /// of the domain's own servers), `authenticated` or `nobody`. Reports on failed delivery that come
    /// from outside are kept out too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "anyone"), example = &"inside")]
    pub accept_from: Option<AcceptFrom>,
    /// Senders from whom mail is taken in any case: addresses, `@domain`, `<>` for reports, or
    /// addresses and networks of clients.
    #[schemars(extend("examples" = [["@example.org", "192.0.2.0/24"]]))]
    pub allow: Vec<String>,
    /// Senders that are kept out, unless `allow` names them.
    #[schemars(extend("examples" = [["eve@example.org", "203.0.113.7"]]))]
    pub deny: Vec<String>,
    /// What a sender who is kept out gets to read: the wording of a real system, or your own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "postfix"), example = &"exchange_group")]
    pub reply: Option<Reply>,
    /// How a sender is kept out: `reject` (refused at RCPT, so the sender's MTA writes the bounce) or
    /// `accept_then_bounce` (taken with 250, after which the domain's own MTA writes the report).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "reject"), example = &"accept_then_bounce")]
    pub mode: Option<Mode>,
    /// Users, aliases and lists, by local part, that are stricter or laxer than the domain.
    #[schemars(
        extend("examples" = [{"all-staff": {"accept_from": "inside", "reply": "exchange_group"}}])
    )]
    pub recipients: IndexMap<String, Restriction>,
    /// Strangers are put off until they try again (RFC 6647); `{}` for the usual times. Default: they
    /// are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"delay": "1m"}]))]
    pub greylist: Option<Greylist>,
    /// How much one client may do in a while. Default: as much as it likes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"connections": 30, "recipients": 200}]))]
    pub rate_limit: Option<RateLimit>,
    /// Lists in the DNS of clients that are refused with 554 5.7.1 (`reject_rbl_client`). One that does
    /// not answer lists nobody.
    #[schemars(extend("examples" = [["bl.example.net"]]))]
    pub dnsbl: Vec<DnsList>,
    /// Lists in the DNS of clients of which nothing else is demanded (`permit_dnswl_client`).
    #[schemars(extend("examples" = [["wl.example.net"]]))]
    pub dnswl: Vec<DnsList>,
    /// What is wanted of the name of a client's address: `off`, `name`, `known` or `confirmed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "off"), example = &"confirmed")]
    pub reverse_dns: Option<ReverseDns>,
    /// What is wanted of the name in HELO: `valid`, `qualified`, `known`, `foreign`.
    #[schemars(extend("examples" = [["valid", "qualified"]]))]
    pub helo: Vec<HeloCheck>,
    /// What is wanted of a sender's domain: `qualified`, `known`.
    #[schemars(extend("examples" = [["qualified", "known"]]))]
    pub sender: Vec<SenderCheck>,
    /// The border MTAs do not know the users and ask the inner server who exists, by a probe that ends
    /// after RCPT (`reject_unverified_recipient`); `{}` for the usual times. Default: they know.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"code": 550}]))]
    pub verify_recipients: Option<VerifyRecipients>,
    /// How long every refusal is held back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0s"), example = &"5s")]
    pub tarpit: Option<Dur>,
    /// After how many mistakes since the last message a session's replies are slow
    /// (`smtpd_soft_error_limit`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 10), example = 3)]
    pub soft_errors: Option<u32>,
    /// At how many mistakes since the last message 421 ends a session (`smtpd_hard_error_limit`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), extend("default" = 20), example = 5)]
    pub max_errors: Option<u32>,
    /// The mechanisms of AUTH that the submission servers and, for POP3 and IMAP, the mailbox server offer,
    /// in this order. Devices take the best of them: `scram-sha-256`, then `cram-md5`, `plain`, `login`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1),
        extend("default" = ["plain", "login"]),
        extend("examples" = [["scram-sha-256", "plain"]])
    )]
    pub mechanisms: Option<Vec<Mechanism>>,
    /// What is particular about POP3 on the domain's mailbox server.
    #[schemars(extend("examples" = [{"apop": true}]))]
    pub pop3: Pop3,
    /// What VRFY and EXPN tell: `vague` (252 and 502), `answer` (who exists, and who is behind an
    /// alias), `off` (502).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "vague"), example = &"answer")]
    pub vrfy: Option<Vrfy>,
    /// Whether what is wrong with client, HELO or sender is told at RCPT (`smtpd_delay_reject`), so that
    /// the log names the recipient that was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true), example = false)]
    pub delay_reject: Option<bool>,
    /// What may follow a local part, with anything behind it, without changing whose it is
    /// (`recipient_delimiter`): `bob+lists` is bob. One character; `""`: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1), extend("default" = "+"), example = &"-")]
    pub recipient_delimiter: Option<String>,
    /// Whether what follows the delimiter names the mailbox: mail for `bob+lists` lies in `lists`, where
    /// bob has a mailbox of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false), example = true)]
    pub detail_mailbox: Option<bool>,
    /// What becomes of mail for a user who may keep no more: `reject` (552 5.2.2) or `defer` (452 4.2.2).
    /// The mailbox server says so at RCPT where it can know; otherwise it bounces the message, or tries
    /// again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "reject"), example = &"defer")]
    pub over_quota: Option<OverQuota>,
    /// Whether mail that aliases and users forward from outside to outside gets a reverse-path in this
    /// domain (SRS), so that it passes SPF at the next hop; bounces come back through it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false), example = true)]
    pub srs: Option<bool>,
    /// The user or address that gets the mail for `postmaster`, which is always taken (RFC 5321 §4.5.1),
    /// where neither a user nor an alias is called so. Default: the first user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"carol")]
    pub postmaster: Option<String>,
    /// The largest message the domain's MTAs take (SIZE, RFC 1870).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "10240000B"), example = &"1MB")]
    pub size_limit: Option<Size>,
    /// Whether the domain's MTAs offer SMTPUTF8 (RFC 6531). Without it, mail with addresses or header
    /// fields beyond ASCII is bounced with 5.6.7 by the MTA that would hand it on to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true), example = false)]
    pub smtputf8: Option<bool>,
    /// What the domain's MTAs check of where mail from outside comes from: SPF, DKIM, DMARC. `true` is
    /// `enforce`. An MTA of several domains keeps to the first that asks for anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false), example = &"enforce")]
    pub auth: Option<Auth>,
    /// TLS of the domain's servers and devices. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{}, {"client": "verify", "devices": "starttls"}]))]
    pub tls: Option<Tls>,
    /// When the domain's MTAs try again, and when they give up.
    #[schemars(extend("examples" = [{"min": "5m", "max": "1h", "lifetime": "2d"}]))]
    pub retry: Retry,
    /// After how long the domain's MTAs warn a sender that a message is still queued (Postfix's
    /// `delay_warning_time`). Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"4h")]
    pub delay_warning: Option<Dur>,
    /// Of what the postmasters of the domain's MTAs hear, where the domain has a user or an alias of that
    /// name (Postfix's `notify_classes`). `[]`: of nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = ["2bounce"]), extend("examples" = [["2bounce", "bounce"]]))]
    pub notify: Option<OneOrMany<NotifyClass>>,
}

/// What is particular about POP3.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pop3 {
    /// Whether there is APOP (RFC 1939), and a timestamp in the greeting.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false), example = true)]
    pub apop: Option<bool>,
    /// The least time from one login of a user to the next (LOGIN-DELAY, RFC 2449), in whole seconds.
    /// Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"5m")]
    pub login_delay: Option<Dur>,
}

/// From whom a recipient takes mail. What is left out comes from the domain's policy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Restriction {
    /// From whom: `anyone`, `inside`, `authenticated` or `nobody`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"inside")]
    pub accept_from: Option<AcceptFrom>,
    /// Senders from whom mail is taken in any case, beside those that the domain allows.
    #[schemars(extend("examples" = [["@example.org"]]))]
    pub allow: Vec<String>,
    /// Senders that are kept out, beside those that the domain denies.
    #[schemars(extend("examples" = [["eve@example.org"]]))]
    pub deny: Vec<String>,
    /// What a sender who is kept out gets to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"exchange_mailbox")]
    pub reply: Option<Reply>,
    /// How a sender is kept out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"accept_then_bounce")]
    pub mode: Option<Mode>,
}

/// What becomes of mail for a user who may keep no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverQuota {
    /// It is refused, or bounced, with 5.2.2.
    #[default]
    Reject,
    /// It waits until there is room, with 4.2.2.
    Defer,
}

/// What a postmaster can hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotifyClass {
    /// Reports, and other mail with the null reverse-path, that could not be delivered. Without this
    /// they are thrown away.
    #[serde(rename = "2bounce")]
    DoubleBounce,
    /// A copy of each report of failure.
    Bounce,
    /// A copy of each warning of delay.
    Delay,
}

/// From whom mail is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AcceptFrom {
    /// From everybody.
    #[default]
    Anyone,
    /// From who has authenticated, and from the domain's own servers.
    Inside,
    /// From who has authenticated: not from programs on the domain's own servers.
    Authenticated,
    /// From nobody.
    Nobody,
}

/// How a sender is kept out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Refused at RCPT.
    #[default]
    Reject,
    /// Taken with 250, then reported on.
    AcceptThenBounce,
}

/// A reply to who is kept out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Reply {
    /// The wording of a real system.
    Preset(ReplyPreset),
    /// Your own.
    Own(ReplyText),
}

/// The wording of a real system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplyPreset {
    /// Exchange, a group: 550 5.7.133.
    ExchangeGroup,
    /// Exchange, a mailbox: 550 5.7.134.
    ExchangeMailbox,
    /// Exchange, older: 550 5.7.1 RESOLVER.RST.AuthRequired.
    ExchangeAuthRequired,
    /// Google Workspace: 550 5.7.1.
    GoogleWorkspace,
    /// Google Groups' notice: 550 5.7.1.
    GoogleGroups,
    /// Postfix: 554 5.7.1 Recipient address rejected.
    Postfix,
}

/// A reply in your own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyText {
    /// The reply code (RFC 5321 §4.2): 400 to 599.
    #[schemars(range(min = 400, max = 599), example = 550)]
    pub code: u16,
    /// The enhanced status code (RFC 3463).
    #[schemars(regex(pattern = r"^[45]\.[0-9]{1,3}\.[0-9]{1,3}$"), example = &"5.7.1")]
    pub status: String,
    /// The text, one line of printable ASCII. `{recipient}` stands for the recipient's address.
    #[schemars(example = &"<{recipient}>: closed to the outside")]
    pub text: String,
}

/// When an MTA tries again at a message that it could not hand on, and when it gives up.
///
/// As Postfix does it: it waits as long as the message has been queued, but not below `min` and not
/// above `max`, so that the delays double. Or by a `rule` as Exim does it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// The shortest delay between two attempts, at least 1s (`minimal_backoff_time`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "5m"), example = &"1m")]
    pub min: Option<Dur>,
    /// The longest delay between two attempts (`maximal_backoff_time`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "4000s"), example = &"1h")]
    pub max: Option<Dur>,
    /// How long a message stays queued before it bounces (`maximal_queue_lifetime`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "5d"), example = &"1h")]
    pub lifetime: Option<Dur>,
    /// How long a bounce stays queued before it is given up (`bounce_queue_lifetime`). Default: as
    /// `lifetime`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"1d")]
    pub bounce_lifetime: Option<Dur>,
    /// A rule in Exim's form, instead of `min`, `max` and `lifetime`: steps of `F` (until, interval),
    /// `G` (until, first interval, factor) and `H` (as `G`, randomised).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"F,2h,15m; G,16h,1h,1.5; F,4d,6h")]
    pub rule: Option<String>,
}

/// A reply that a user's mailbox server sends by itself (RFC 3834): never to a null reverse-path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoReply {
    /// Its subject. Default: `Auto: ` and the subject that is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"Away until Monday")]
    pub subject: Option<String>,
    /// Its text.
    #[schemars(example = &"I am away until Monday.")]
    pub text: String,
    /// How long the same sender gets no second one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "7d"), example = &"1d")]
    pub once_per: Option<Dur>,
}
