//! Mail domains: who is in them, and what they accept. All servers of a domain share one.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use crate::actors::mta::config::{Greylisting, OverQuota, SenderPattern, Verification};
use crate::proto::dkim::Signer;
use crate::scenario::format::authentication::AuthChecks;
use crate::scenario::format::policy::AcceptFrom;
pub use crate::scenario::format::policy::Mode;
use crate::store::mailbox::{NumberedAccounts, Quota};

/// A mail domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Its name, in lower case.
    pub name: String,
    /// Its users by local part, in lower case.
    pub users: IndexMap<String, User>,
    /// Its users by number, beside those.
    pub numbered: Option<NumberedAccounts>,
    /// What local parts (in lower case) stand for: full addresses, of any domain.
    pub aliases: IndexMap<String, Vec<String>>,
    /// Its mailing lists, by local part in lower case.
    pub lists: IndexMap<String, MailingList>,
    /// The address that gets the mail for local parts that nobody has.
    pub catch_all: Option<String>,
    /// What may follow a local part with a detail.
    pub delimiter: Option<char>,
    /// Whether a detail names the mailbox.
    pub detail_mailbox: bool,
    /// Whether mail that is forwarded out of it gets a reverse-path of SRS.
    pub srs: bool,
    /// What becomes of mail for a mailbox that is full; `None`: no user has a quota.
    pub over_quota: Option<OverQuota>,
    /// From whom users and aliases take mail that `restrictions` does not name.
    pub restriction: Restriction,
    /// From whom particular users and aliases take mail, by local part in lower case.
    pub restrictions: IndexMap<String, Restriction>,
    /// Whether and how strangers are put off at first.
    pub greylist: Option<Greylisting>,
    /// Whether and how border MTAs ask the inner server who exists.
    pub verification: Option<Verification>,
    /// The addresses of its own servers: mail from there is from inside.
    pub inside: Vec<IpAddr>,
    /// The host with its mailboxes, if the scenario has one.
    pub mailbox_host: Option<String>,
    /// What its MTAs check of where mail from outside comes from.
    pub authentication: AuthChecks,
    /// What signs mail from its addresses; each makes a signature.
    pub signers: Vec<Arc<Signer>>,
}

impl Domain {
    /// From whom `local` takes mail. Local parts are compared without case.
    pub fn restriction(&self, local: &str) -> &Restriction {
        self.restrictions.get(&local.to_ascii_lowercase()).unwrap_or(&self.restriction)
    }

    /// Whether a user is called so, in lower case.
    pub fn has_user(&self, local: &str) -> bool {
        let numbered = || self.numbered.as_ref().and_then(|of| of.users.number(local));
        self.users.contains_key(local) || numbered().is_some()
    }

    /// Whether `local` is a user, an alias or a mailing list.
    pub fn knows(&self, local: &str) -> bool {
        let local = local.to_ascii_lowercase();
        self.has_user(&local)
            || self.aliases.contains_key(&local)
            || self.lists.contains_key(&local)
    }
}

/// A user with a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The whole address, which is the login too.
    pub address: String,
    /// The password.
    pub password: String,
    /// How much the user may keep.
    pub quota: Quota,
    /// Where the user's mail is sent on to.
    pub forward: Option<Forward>,
    /// What is answered for the user.
    pub auto_reply: Option<AutoReply>,
}

/// Where a user's mail is sent on to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Full addresses; at least one.
    pub to: Vec<String>,
    /// Whether the mailbox gets it too.
    pub keep: bool,
}

/// A mailing list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailingList {
    /// Full addresses.
    pub members: Vec<String>,
    /// Whether members alone may post.
    pub members_only: bool,
    /// The address of who looks after it.
    pub owner: String,
    /// What is put before subjects.
    pub subject_prefix: Option<String>,
    /// Where replies go instead of to the author.
    pub reply_to: Option<String>,
    /// Whether each member has a reverse-path of its own.
    pub verp: bool,
}

/// From whom mail is taken, and what becomes of other mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    /// From whom.
    pub accept_from: AcceptFrom,
    /// From whom beside those.
    pub allow: Vec<SenderPattern>,
    /// From whom not, unless allowed.
    pub deny: Vec<SenderPattern>,
    /// What a sender who is kept out gets to read.
    pub reply: ReplyText,
    /// Whether that is at RCPT, or in a report afterwards.
    pub mode: Mode,
}

/// An SMTP reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyText {
    /// The reply code, 400 to 599.
    pub code: u16,
    /// The enhanced status code, as `5.7.1`; its class is the code's.
    pub status: String,
    /// One line of printable ASCII; `{recipient}` stands for the recipient's address.
    pub text: String,
}

/// A reply that the mailbox server sends by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoReply {
    /// Its subject; `None`: made from the one that is answered.
    pub subject: Option<String>,
    /// Its text.
    pub text: String,
    /// How long the same sender gets no second one.
    pub once_per: Duration,
}
