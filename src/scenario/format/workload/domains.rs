//! Domains that are generated, what their mailboxes keep and who reads them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::format::domain::Domain;
use crate::scenario::format::units::{Dur, Share};

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
