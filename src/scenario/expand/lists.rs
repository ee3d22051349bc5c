//! Whom mail goes on to: forwards of users, mailing lists; and how much users may keep.

use indexmap::IndexMap;

use super::Expander;
use crate::actors::mta::config::split_detail;
use crate::proto::smtp::Mailbox;
use crate::scenario::finding::Path;
use crate::scenario::format::domain as format;
use crate::scenario::format::list::{Forward as FullForward, Forwarding, Post};
use crate::scenario::format::policy::Policy;
use crate::scenario::format::quota::{Quota as QuotaFormat, QuotaLimits};
use crate::scenario::plan::{Forward, MailingList, User};
use crate::store::mailbox::Quota;

impl Expander<'_, '_, '_> {
    pub(super) fn lists(
        &mut self,
        path: &Path<'_>,
        domain: &str,
        format: &format::Domain,
        users: &IndexMap<String, User>,
    ) -> IndexMap<String, MailingList> {
        let mut lists = IndexMap::new();
        let mail_name = self.domains[domain].mail_name.clone();
        for (name, list) in &format.lists {
            let path = path.at(name.as_str());
            let local = name.to_ascii_lowercase();
            if Mailbox::new(name, domain).is_err() || name.starts_with('"') {
                let remedy = "letters, digits and dots, as \"team\"".to_owned();
                self.report.at(&path, format!("{name:?} is no name of a list"), remedy);
                continue;
            }
            let taken = |other: &String| other.eq_ignore_ascii_case(name);
            if users.contains_key(&local) || format.aliases.keys().any(taken) {
                let found = format!("a user or an alias is called \"{name}\" too");
                self.report.at(&path, found, "give the list another name".to_owned());
            }
            let prefix = list.subject_prefix.as_deref().unwrap_or_default();
            let is_printable = |octet: u8| (0x20..0x7f).contains(&octet);
            if !prefix.bytes().all(is_printable) {
                let found = "the prefix has characters beyond printable ASCII";
                self.report.at(&path.at("subject_prefix"), found, None);
            }
            let reply_to = match list.reply_to.as_deref() {
                None | Some("author") => None,
                Some("list") => Some(format!("{name}@{mail_name}")),
                Some(address) if address.contains('@') => {
                    self.address(&path.at("reply_to"), address)
                }
                Some(other) => {
                    let found = format!("\"{other}\" is nowhere to reply to");
                    let remedy = "\"author\", \"list\", or an address".to_owned();
                    self.report.at(&path.at("reply_to"), found, remedy);
                    None
                }
            };
            let owner = list.owner.as_ref();
            let owner = owner.and_then(|owner| self.addressee(&path.at("owner"), domain, owner));
            let list = MailingList {
                members: self.addressees(&path.at("members"), domain, &list.members),
                members_only: list.post == Some(Post::Members),
                owner: owner.unwrap_or_else(|| format!("postmaster@{mail_name}")),
                subject_prefix: list.subject_prefix.clone().filter(|prefix| !prefix.is_empty()),
                reply_to,
                verp: list.verp.unwrap_or(false),
            };
            if lists.insert(local, list).is_some() {
                self.report.at(&path, format!("the list \"{name}\" stands here twice"), None);
            }
        }
        lists
    }

    pub(super) fn forward(
        &mut self,
        path: &Path<'_>,
        domain: &str,
        format: &Forwarding,
    ) -> Forward {
        let (path, to, keep) = match format {
            Forwarding::One(to) => {
                let to = self.addressee(path, domain, to);
                return Forward { to: to.into_iter().collect(), keep: false };
            }
            Forwarding::Many(to) => (path.clone(), to.as_slice(), false),
            Forwarding::Full(FullForward { to, keep }) => {
                (path.at("to"), to.as_slice(), keep.unwrap_or(false))
            }
        };
        if to.is_empty() {
            self.report.at(&path, "a forward to nobody", "name an address".to_owned());
        }
        Forward { to: self.addressees(&path, domain, to), keep }
    }

    /// What may follow a local part in the addresses of a domain.
    pub(super) fn delimiter(&mut self, path: &Path<'_>, policy: &Policy) -> Option<char> {
        let written = policy.recipient_delimiter.as_deref().unwrap_or("+");
        let mut characters = written.chars();
        match (characters.next(), characters.next()) {
            (None, _) => None,
            (Some(delimiter), None) if DELIMITERS.contains(&delimiter) => Some(delimiter),
            _ => {
                let found = format!("{written:?} is no delimiter");
                let remedy = "one of + - _ = . # or \"\" for none".to_owned();
                self.report.at(path, found, remedy);
                None
            }
        }
    }

    /// The full addresses of addressees, each written as an address or as a local part of `domain`.
    pub(super) fn addressees(
        &mut self,
        path: &Path<'_>,
        domain: &str,
        written: &[String],
    ) -> Vec<String> {
        let addresses = written.iter().enumerate();
        addresses.filter_map(|(at, one)| self.addressee(&path.at(at), domain, one)).collect()
    }

    /// The full address of an addressee that is written as an address or as a local part of `domain`.
    pub(super) fn addressee(
        &mut self,
        path: &Path<'_>,
        domain: &str,
        written: &str,
    ) -> Option<String> {
        if written.contains('@') {
            return self.address(path, written);
        }
        let draft = &self.domains[domain];
        let format = draft.format;
        let names = format.users.iter().map(format::User::name);
        let names =
            names.chain(format.aliases.keys().chain(format.lists.keys()).map(String::as_str));
        let delimiter = format.policy.recipient_delimiter.as_deref().unwrap_or("+");
        let plain = split_detail(written, delimiter.chars().next());
        let plain = plain.map_or(written, |(name, _)| name);
        let is_known =
            |name: &str| name.eq_ignore_ascii_case(written) || name.eq_ignore_ascii_case(plain);
        if names.clone().any(is_known) {
            return Some(format!("{written}@{}", draft.mail_name));
        }
        let noun = format!("user, alias or list of {domain}");
        self.report.unknown(path, &noun, written, names, &["domains"]);
        None
    }
}

/// The limits of a quota.
pub(super) fn quota(format: QuotaFormat) -> Quota {
    let QuotaLimits { size, messages } = match format {
        QuotaFormat::Size(size) => QuotaLimits { size: Some(size), messages: None },
        QuotaFormat::Full(limits) => limits,
    };
    Quota { octets: size.map(|size| size.0), messages }
}

/// What Postfix and others are set to: characters that stand in local parts without quotes.
const DELIMITERS: &[char] = &['+', '-', '_', '=', '.', '#'];
