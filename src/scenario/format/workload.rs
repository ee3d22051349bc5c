//! Load: domains by the thousand, and what their users and resolvers do by the million.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OneOrMany;
use super::domain::Domain;
use super::units::{Dur, Share, Size};

/// Domains that are generated, and the mail and the questions that come out of them by rules instead of
/// one by one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Workload {
    /// The domains: one kind of them, or several.
    #[schemars(extend("examples" = [{"count": 1000, "users": 100}]))]
    pub domains: OneOrMany<Generated>,
    /// The mail that their users write.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"messages": 100000, "over": "1d"}]))]
    pub mail: Option<MailLoad>,
    /// The questions that are asked about their names, beside those that mail asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"queries": 100000, "over": "10s"}]))]
    pub dns: Option<DnsLoad>,
    /// Whether records are kept of what happens: `off`, `all`, or those of one message in so many. A
    /// message leaves some hundred of them, a million messages some gigabytes. Without all records there
    /// is no summary of all messages, and of `expect` and the laws only what disks tell is judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "off"), extend("examples" = [{"one_in": 1000}, "all"]))]
    pub transcript: Option<Records>,
}

/// What is kept of what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Records {
    /// Nothing, or everything.
    Extreme(Extreme),
    /// Some messages.
    Sampled(Sampled),
}

/// All or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Extreme {
    /// Nothing.
    Off,
    /// Everything.
    All,
}

/// A sample of the messages of a load, drawn by the seed. Of each there is its whole way: what its client
/// and the servers tell of it, its part of each connection that carried it, the questions that were asked
/// for it and those that it waited for, and what servers wrote about it. Messages of the agenda are in
/// every sample, and so are faults. Not in it are the sessions of readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sampled {
    /// One message in so many, on the average.
    #[schemars(range(min = 1, max = 1e12), example = 1000)]
    pub one_in: u64,
}

/// Domains of one kind, which differ in their names alone. Their users have no entries of their own:
/// a mailbox is made when mail first comes for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generated {
    /// How many.
    #[schemars(range(min = 1, max = 100000), example = 1000)]
    pub count: u32,
    /// How many users each has, beside those that `each` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10000000), extend("default" = 10), example = 100)]
    pub users: Option<u32>,
    /// What they are called: `{n}` stands for the number of the domain, from 1; `{t}` for a number from 1
    /// to `tlds` that goes round with it. One domain alone needs neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "d{n}.example"), example = &"firm{n}.t{t}")]
    pub name: Option<String>,
    /// What `{t}` counts to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100000), extend("default" = 1), example = 100)]
    pub tlds: Option<u32>,
    /// What the local parts of the users begin with; a number from 1 follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "user"), example = &"u")]
    pub user: Option<String>,
    /// What each of them is like otherwise: servers, policy, links, in the short form of a domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"servers": "split"}]))]
    pub each: Option<Domain>,
    /// So many domains in a row share the servers of the first of them, as customers of one provider do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000000), extend("default" = 1), example = 50)]
    pub hosting: Option<u32>,
    /// So many domains in a row are served by the name server of the first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000000), extend("default" = 100), example = 1000)]
    pub per_name_server: Option<u32>,
    /// So many domains in a row ask the resolver of the first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000000), extend("default" = 100), example = 10)]
    pub per_resolver: Option<u32>,
    /// In which regions of a generated world, or on which routers, they are, one after the other. Default:
    /// as with named domains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["europe", "asia"]]))]
    pub attach: Option<Vec<String>>,
    /// Which share of them takes mail from its own users alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0%"), example = &"5%")]
    pub closed: Option<Share>,
    /// Which share of them has a host `clients.DOMAIN`, on which its users write and read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "100%"), example = &"10%")]
    pub clients: Option<Share>,
    /// How much mail is for all of them together, against domains of other kinds, whose weight is their
    /// number.
    /// Default: `count`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1e12), example = 5000.0)]
    pub weight: Option<f64>,
    /// How much of that is written by them.
    /// Default: `weight`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1e12), example = 0.0)]
    pub sends: Option<f64>,
    /// What mailboxes keep: `all`, `headers` alone, or the latest so many messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "all"), extend("examples" = [{"latest": 10}]))]
    pub keep: Option<Keep>,
    /// Who reads, in each domain that has a host for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"imap": 2, "pop3": 1}]))]
    pub readers: Option<Readers>,
}

/// What a mailbox keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Keep {
    /// All, or less of each.
    Form(Form),
    /// Not so many.
    Some(Latest),
}

/// What is kept of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// The whole messages.
    All,
    /// Their headers.
    Headers,
}

/// A mailbox that expunges what is old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latest {
    /// How many messages it keeps: those that came last (Dovecot's `autoexpunge_max_mails`).
    #[schemars(range(min = 0, max = 1000000), example = 10)]
    pub latest: u32,
    /// What it keeps of each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "all"), example = &"headers")]
    pub form: Option<Form>,
}

/// Who reads in a generated domain: its first users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Readers {
    /// So many are connected by IMAP all the time, and fetch what comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100000), extend("default" = 0), example = 2)]
    pub imap: Option<u32>,
    /// So many more look by POP3 now and then, and download what is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100000), extend("default" = 0), example = 1)]
    pub pop3: Option<u32>,
    /// How often those look, each beginning at a time of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "10m"), example = &"5m")]
    pub every: Option<Dur>,
}

/// Mail that is written by rules. Either `messages` or `rate` says how much.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("oneOf" = [{"required": ["messages"]}, {"required": ["rate"]}]))]
pub struct MailLoad {
    /// How many messages there are in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1e12), example = 100000)]
    pub messages: Option<u64>,
    /// How many messages there are in a second, on the average.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.000001, max = 1e9), example = 50.0)]
    pub rate: Option<f64>,
    /// When they begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1s"), example = &"1m")]
    pub at: Option<Dur>,
    /// For how long they go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1h"), example = &"1d")]
    pub over: Option<Dur>,
    /// How they follow each other at each host: `poisson` (each when it will) or `constant` (evenly).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "poisson"), example = &"constant")]
    pub arrivals: Option<Arrivals>,
    /// How many there are in each hour of the day (UTC), from midnight on: 24 weights. Default: as many in
    /// each.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        extend("examples" = [[1, 1, 1, 1, 1, 2, 4, 8, 12, 12, 11, 10, 9, 11, 11, 10, 9, 7, 5, 4, 3, 2, 2, 1]])
    )]
    pub day: Option<Vec<f64>>,
    /// Part of it comes in bursts, everywhere at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"every": "10m", "lasting": "30s", "share": "50%"}]))]
    pub bursts: Option<Bursts>,
    /// Whether domains of one kind write alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "even"), extend("examples" = [{"zipf": 1.0}]))]
    pub senders: Option<Spread>,
    /// Whether domains of one kind are written to alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "even"), extend("examples" = [{"zipf": 1.0}]))]
    pub recipients: Option<Spread>,
    /// Whether the users of a domain are written to alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "even"), extend("examples" = [{"zipf": 0.8}]))]
    pub users: Option<Spread>,
    /// Which share of recipients is in the sender's own domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0%"), example = &"30%")]
    pub local: Option<Share>,
    /// Which share of recipients is nobody: the domain has no such user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0%"), example = &"2%")]
    pub unknown: Option<Share>,
    /// Domains of `domains` that are written to as well, with their weights; see `weight`.
    #[schemars(extend("examples" = [{"example.org": 50.0}]))]
    pub named: IndexMap<String, f64>,
    /// Some of the messages go to many.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"share": "1%", "recipients": 50}]))]
    pub bulk: Option<Bulk>,
    /// How large messages are, their headers included: a size, or how it is distributed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "2KiB"), extend("examples" = [{"lognormal": {"median": "8KiB"}}]))]
    pub size: Option<MessageSize>,
    /// How a host submits what its users write.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"kept": "30s", "most": 4}]))]
    pub sessions: Option<Sessions>,
}

/// How messages follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// Independently of each other.
    #[default]
    Poisson,
    /// At even distances.
    Constant,
}

/// Times at which there is more than at others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bursts {
    /// From the beginning of one to that of the next.
    #[schemars(example = &"10m")]
    pub every: Dur,
    /// How long one takes.
    #[schemars(example = &"30s")]
    pub lasting: Dur,
    /// Which share of all comes in them; the rest is spread as otherwise.
    #[schemars(example = &"50%")]
    pub share: Share,
}

/// How much is for each of many.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Spread {
    /// As much for each.
    Even(Even),
    /// The more, the lower its number.
    Zipf(Zipf),
}

/// As much for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Even {
    /// As much for each.
    Even,
}

/// Much for few: number `n` has a weight of 1 / n^s.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Zipf {
    /// The exponent s.
    #[schemars(range(min = 0.0, max = 20.0), example = 1.0)]
    pub zipf: f64,
}

/// Messages to many.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bulk {
    /// Which share of the messages it is.
    #[schemars(example = &"1%")]
    pub share: Share,
    /// How many recipients each has, in one transaction.
    #[schemars(range(min = 2, max = 1000), example = 50)]
    pub recipients: u32,
}

/// The sizes of messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum MessageSize {
    /// All of one size.
    One(Size),
    /// By a distribution.
    Drawn(DrawnSize),
}

/// A distribution of sizes; exactly one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("oneOf" = [
    {"required": ["uniform"]}, {"required": ["lognormal"]}, {"required": ["table"]}
]))]
pub struct DrawnSize {
    /// Any size between two alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"from": "1KiB", "to": "10KiB"}]))]
    pub uniform: Option<UniformSize>,
    /// Most are small and few very large: the logarithm of the size is normally distributed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"median": "8KiB", "sigma": 1.5, "most": "5MB"}]))]
    pub lognormal: Option<LognormalSize>,
    /// These sizes, by weight.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        extend("examples" = [[{"size": "2KiB", "weight": 90}, {"size": "100KiB", "weight": 10}]])
    )]
    pub table: Option<Vec<WeightedSize>>,
}

/// Any size between two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UniformSize {
    /// The least.
    #[schemars(example = &"1KiB")]
    pub from: Size,
    /// The largest.
    #[schemars(example = &"10KiB")]
    pub to: Size,
}

/// A lognormal distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LognormalSize {
    /// What half of the messages stay below.
    #[schemars(example = &"8KiB")]
    pub median: Size,
    /// The standard deviation of the logarithm: with 1, one in six is larger than e times the median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 10.0), extend("default" = 1.0), example = 1.5)]
    pub sigma: Option<f64>,
    /// What is larger is cut to this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1MB"), example = &"5MB")]
    pub most: Option<Size>,
}

/// A size, and how often it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeightedSize {
    /// The size.
    #[schemars(example = &"2KiB")]
    pub size: Size,
    /// Its weight against the others.
    #[schemars(range(min = 0.0, max = 1e12), example = 90.0)]
    pub weight: f64,
}

/// How a host submits what its users write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sessions {
    /// At most so many connections at once; what is written meanwhile waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000), extend("default" = 4), example = 10)]
    pub most: Option<u32>,
    /// How long an idle connection is kept for the next message, as a gateway does that logs in for all
    /// users of its domain. With `"0s"` each message has a connection of its own, on which its sender
    /// logs in, as with a user's mail program.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0s"), example = &"30s")]
    pub kept: Option<Dur>,
}

/// Questions that are asked by rules: of the resolver of each host `clients.DOMAIN`. Either `queries` or
/// `rate` says how many, or `in_flight` asks as fast as answers come.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("oneOf" = [{"required": ["queries"]}, {"required": ["rate"]}]))]
pub struct DnsLoad {
    /// How many questions there are in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1e12), example = 100000)]
    pub queries: Option<u64>,
    /// How many questions there are in a second, on the average.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.000001, max = 1e9), example = 1000.0)]
    pub rate: Option<f64>,
    /// When they begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1s"), example = &"1m")]
    pub at: Option<Dur>,
    /// For how long they go on. With `in_flight` it is the longest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1m"), example = &"10s")]
    pub over: Option<Dur>,
    /// Each host asks the next question when one of so many is answered, as dnsperf does, and not by time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10000), example = 20)]
    pub in_flight: Option<u32>,
    /// How questions by time follow each other at each host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "poisson"), example = &"constant")]
    pub arrivals: Option<Arrivals>,
    /// Whose names are asked for: those of all domains alike, or of few much (`zipf`), or `in_turn`, so
    /// that a host comes back to a name when it has been through all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "even"), extend("examples" = ["in_turn", {"zipf": 1.0}]))]
    pub names: Option<Names>,
    /// Which types are asked for, each as often.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = ["A"]), extend("examples" = [["A", "MX"]]))]
    pub types: Option<Vec<String>>,
    /// Which share of the questions is for a name that does not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0%"), example = &"10%")]
    pub unknown: Option<Share>,
}

/// Whose names are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Names {
    /// Without preference.
    Order(Order),
    /// Those of few much.
    Zipf(Zipf),
}

/// In which order names are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Any, each time anew.
    Even,
    /// One after the other.
    InTurn,
}
