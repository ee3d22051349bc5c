//! What MTAs demand of strangers: from the file to their settings.

use std::time::Duration;

use super::Expander;
use super::replies::{refuse, reply_text};
use crate::actors::mta::config::{
    AnswerMask, ClientPolicy, DnsList, Greylisting, HeloPolicy, Rates, ReverseDns, SenderPattern,
    SenderPolicy, Verification,
};
use crate::proto::dns::{Name, Network};
use crate::proto::sasl::Mechanism;
use crate::proto::smtp::server::{Patience, Verify};
use crate::proto::smtp::{Reply, is_domain};
use crate::scenario::finding::Path;
use crate::scenario::format::policy::{Policy, Reply as ReplyFormat};
use crate::scenario::format::screening::{self as format, HeloCheck, SenderCheck};
use crate::store::greylist::GreylistRules;

impl Expander<'_, '_, '_> {
    /// What the MTAs of a domain demand of clients.
    pub(super) fn client_policy(&mut self, path: &Path<'_>, policy: &Policy) -> ClientPolicy {
        let default = ClientPolicy::default();
        let patience = Patience {
            soft_error_limit: policy.soft_errors.unwrap_or(default.patience.soft_error_limit),
            hard_error_limit: policy.max_errors.unwrap_or(default.patience.hard_error_limit),
            refusal_delay: policy.tarpit.map_or(default.patience.refusal_delay, |dur| dur.0),
            ..default.patience
        };
        let verify = match policy.vrfy.unwrap_or_default() {
            format::Vrfy::Vague => Verify::Vaguely,
            format::Vrfy::Answer => Verify::Ask,
            format::Vrfy::Off => Verify::Never,
        };
        let mechanisms = policy.mechanisms.as_ref().map_or(default.mechanisms, |names| {
            let mechanism = |name: &format::Mechanism| match name {
                format::Mechanism::ScramSha256 => Mechanism::ScramSha256,
                format::Mechanism::CramMd5 => Mechanism::CramMd5,
                format::Mechanism::Plain => Mechanism::Plain,
                format::Mechanism::Login => Mechanism::Login,
            };
            names.iter().map(mechanism).collect()
        });
        let has_helo = |check| policy.helo.contains(&check);
        let has_sender = |check| policy.sender.contains(&check);
        let helo = HeloPolicy {
            valid: has_helo(HeloCheck::Valid),
            qualified: has_helo(HeloCheck::Qualified),
            known: has_helo(HeloCheck::Known),
            foreign: has_helo(HeloCheck::Foreign),
        };
        let sender = SenderPolicy {
            qualified: has_sender(SenderCheck::Qualified),
            known: has_sender(SenderCheck::Known),
        };
        let limit = policy.rate_limit.as_ref();
        let rates = limit.map(|limit| self.rates(&path.at("rate_limit"), limit));
        ClientPolicy {
            delay_reject: policy.delay_reject.unwrap_or(default.delay_reject),
            rates: rates.unwrap_or(default.rates),
            allow_lists: self.dns_lists(&path.at("dnswl"), &policy.dnswl),
            block_lists: self.dns_lists(&path.at("dnsbl"), &policy.dnsbl),
            reverse_dns: match policy.reverse_dns.unwrap_or_default() {
                format::ReverseDns::Off => ReverseDns::Off,
                format::ReverseDns::Name => ReverseDns::Name,
                format::ReverseDns::Known => ReverseDns::Known,
                format::ReverseDns::Confirmed => ReverseDns::Confirmed,
            },
            helo,
            sender,
            patience,
            mechanisms,
            verify,
        }
    }

    fn rates(&mut self, path: &Path<'_>, limit: &format::RateLimit) -> Rates {
        let default = Rates::default();
        let per = limit.per.map_or(default.per, |dur| dur.0);
        if per.is_zero() {
            self.report.at(&path.at("per"), "no time at all", "as \"1m\"".to_owned());
        }
        Rates {
            per,
            concurrent: limit.concurrent.unwrap_or_default(),
            connections: limit.connections.unwrap_or_default(),
            messages: limit.messages.unwrap_or_default(),
            recipients: limit.recipients.unwrap_or_default(),
            login_messages: limit.login_messages.unwrap_or_default(),
            login_recipients: limit.login_recipients.unwrap_or_default(),
            exempt: self.client_networks(&path.at("exempt"), &limit.exempt),
        }
    }

    fn dns_lists(&mut self, path: &Path<'_>, lists: &[format::DnsList]) -> Vec<DnsList> {
        let mut found = Vec::new();
        for (index, list) in lists.iter().enumerate() {
            let path = path.at(index);
            let (zone, answers) = list.parts();
            let named = zone.parse::<Name>();
            let Ok(zone) = named else {
                let remedy = "a domain, as \"bl.example.net\"".to_owned();
                self.report.at(&path, format!("{zone:?} is no zone"), remedy);
                continue;
            };
            let mut masks: Vec<AnswerMask> = Vec::new();
            for (index, answer) in answers.iter().enumerate() {
                match answer.parse() {
                    Ok(mask) => masks.push(mask),
                    Err(error) => {
                        let found = format!("{answer:?} is no answer of a list");
                        let path = path.at("answers").at(index);
                        self.report.at(&path, found, error.to_string());
                    }
                }
            }
            found.push(DnsList { zone, answers: masks });
        }
        found
    }

    /// How a domain puts strangers off.
    pub(super) fn greylisting(
        &mut self,
        path: &Path<'_>,
        greylist: &format::Greylist,
    ) -> Greylisting {
        let default = GreylistRules::default();
        let time = |dur: Option<crate::scenario::format::Dur>, default: Duration| {
            dur.map_or(default, |dur| dur.0)
        };
        let rules = GreylistRules {
            delay: time(greylist.delay, default.delay),
            window: time(greylist.window, default.window),
            max_age: time(greylist.max_age, default.max_age),
            allow_after: greylist.allow_after.unwrap_or(default.allow_after),
        };
        if rules.window <= rules.delay {
            let found = "a new triplet is forgotten before it is let in";
            self.report.at(&path.at("window"), found, "longer than the delay".to_owned());
        }
        Greylisting { rules, exempt: self.client_networks(&path.at("exempt"), &greylist.exempt) }
    }

    /// How the next hop is asked who exists.
    pub(super) fn verification(
        &mut self,
        path: &Path<'_>,
        format: &format::VerifyRecipients,
    ) -> Verification {
        let default = Verification::default();
        let reject_code = format.code.unwrap_or(default.reject_code);
        if !Reply::is_code(reject_code) {
            let found = format!("{reject_code} is no reply code of SMTP");
            self.report.at(&path.at("code"), found, "450 or 550".to_owned());
        }
        Verification {
            patience: format.patience.map_or(default.patience, |dur| dur.0),
            reject_code,
            ..default
        }
    }

    fn client_networks(&mut self, path: &Path<'_>, written: &[String]) -> Vec<Network> {
        let mut networks = Vec::new();
        for (index, text) in written.iter().enumerate() {
            match text.parse::<Network>() {
                Ok(network) => networks.push(network),
                Err(error) => self.report.at(&path.at(index), error.to_string(), None),
            }
        }
        networks
    }

    /// Senders as `allow` and `deny` name them.
    pub(super) fn sender_patterns(
        &mut self,
        path: &Path<'_>,
        written: &[String],
    ) -> Vec<SenderPattern> {
        let mut patterns = Vec::new();
        for (index, text) in written.iter().enumerate() {
            match sender_pattern(text) {
                Some(pattern) => patterns.push(pattern),
                None => {
                    let found = format!("{text:?} names no sender");
                    let remedy = "an address, \"@example.org\", \"<>\", or a network of clients \
                                  like \"192.0.2.0/24\"";
                    self.report.at(&path.at(index), found, remedy.to_owned());
                }
            }
        }
        patterns
    }

    pub(super) fn check_reply(&mut self, path: &Path<'_>, reply: Option<&ReplyFormat>) {
        if let Some((key, remedy)) = refuse(&reply_text(reply)) {
            let found = format!("the {key} of the reply is not right");
            self.report.at(&path.at(key), found, remedy.to_owned());
        }
    }
}

fn sender_pattern(text: &str) -> Option<SenderPattern> {
    if text == "<>" {
        return Some(SenderPattern::Null);
    }
    if let Some(domain) = text.strip_prefix('@') {
        return is_domain(domain).then(|| SenderPattern::Domain(domain.to_ascii_lowercase()));
    }
    if let Ok(network) = text.parse() {
        return Some(SenderPattern::Network(network));
    }
    text.parse().ok().map(SenderPattern::Address)
}
