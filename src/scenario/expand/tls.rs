//! TLS of every domain, and which of its hosts has it.

use std::collections::BTreeMap;

use super::Expander;
use super::names::host_name;
use crate::engine::{Epoch, UnixTime};
use crate::scenario::finding::Path;
use crate::scenario::format::domain::Domain;
use crate::scenario::format::tls::{self as format, ReadTls, SubmitTls, TlsLevel, TlsOffer};
use crate::scenario::plan::tls::{Certificate, Tls};

impl Expander<'_, '_, '_> {
    /// The TLS of each domain that has any, by its name.
    pub(super) fn build_tls(&mut self) -> BTreeMap<String, Tls> {
        let mut all = BTreeMap::new();
        for at in 0..self.domains.len() {
            let (name, draft) = self.domains.get_index(at).expect("it is counted");
            let (name, path) = (name.clone(), draft.path.at("policy").at("tls"));
            let Some(format) = &draft.format.policy.tls else { continue };
            self.check_built_with_tls(&path);
            let mut destinations = BTreeMap::new();
            for (written, level) in &format.destinations {
                let path = path.at("destinations").at(written.as_str());
                if let Some(name) = self.host_name(&path, written) {
                    destinations.insert(name, *level);
                }
            }
            let tls = Tls {
                server: format.server.unwrap_or(TlsOffer::Offered),
                submission: format.submission.unwrap_or(TlsOffer::Required),
                reading: format.reading.unwrap_or(TlsOffer::Required),
                client: format.client.unwrap_or(TlsLevel::May),
                destinations,
                certificate: self.certificate(&path.at("certificate"), &format.certificate),
            };
            if tls.reading == TlsOffer::Off
                && format.readers.is_some_and(|readers| readers != ReadTls::None)
            {
                let found = "\"reading\" is \"off\": no server would speak TLS with them";
                let remedy = "leave one of the two out".to_owned();
                self.report.at(&path.at("readers"), found, remedy);
            }
            all.insert(name, tls);
        }
        all
    }

    /// The TLS of an MTA and of a mailbox server: that of the domain it belongs to, or else of one that it
    /// serves. Where the scenario says no names, the certificate is for all those that clients know the
    /// host by.
    pub(super) fn tls_of(&self, host: &str, tls: &BTreeMap<String, Tls>) -> Option<Tls> {
        let draft = self.hosts.get(host)?;
        if draft.mta.is_none() && draft.mailbox_server.is_none() {
            return None;
        }
        let mta = draft.mta.iter();
        let served =
            mta.flat_map(|mta| mta.deliver.iter().chain(&mta.relay).chain(&mta.submission));
        let mailboxes = draft.mailbox_server.iter().flat_map(|server| &server.domains);
        let served = served.chain(mailboxes.clone());
        let mut own = draft.domain.iter().chain(served).find_map(|name| tls.get(name))?.clone();
        if own.certificate.names.is_empty() {
            let submission = draft.mta.iter().flat_map(|mta| &mta.submission);
            let submission = submission.map(|domain| format!("smtp.{domain}"));
            let mailboxes = mailboxes.flat_map(|of| [format!("imap.{of}"), format!("pop.{of}")]);
            let names = &mut own.certificate.names;
            for name in std::iter::once(host.to_owned()).chain(submission).chain(mailboxes) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        Some(own)
    }

    /// A binary without TLS plays no scenario that asks for it: it would be another run.
    pub(super) fn check_built_with_tls(&mut self, path: &Path<'_>) {
        if !cfg!(feature = "tls") {
            let remedy = "build it with the cargo feature \"tls\"".to_owned();
            self.report.at(path, "this mxsim was built without TLS", remedy);
        }
    }

    fn certificate(&mut self, path: &Path<'_>, format: &format::Certificate) -> Certificate {
        let start = self.scenario.start.map_or(Epoch::default().0, |date| date.0).0;
        let not_before = format.valid_from.map_or(UnixTime(start - 30 * DAY_SECS), |date| date.0);
        let not_after = format.valid_until.map_or(UnixTime(start + 60 * DAY_SECS), |date| date.0);
        if not_after <= not_before {
            let key = if format.valid_until.is_some() { "valid_until" } else { "valid_from" };
            let found = "it is never valid: its end is not after its beginning";
            self.report.at(&path.at(key), found, None);
        }
        let names = format.names.as_ref().map(|written| {
            let path = path.at("names");
            if written.is_empty() {
                let remedy = "leave it out, and it is for the host's own name".to_owned();
                self.report.at(&path, "a certificate for nobody", remedy);
            }
            for (index, name) in written.iter().enumerate() {
                let bare = name.strip_prefix("*.").unwrap_or(name);
                if bare.parse::<std::net::IpAddr>().is_err() && host_name(bare).is_none() {
                    let found = format!("{name:?} is neither a host name nor an address");
                    let remedy = "as \"mx.example.org\" or \"*.example.org\"".to_owned();
                    self.report.at(&path.at(index), found, remedy);
                }
            }
            written.clone()
        });
        Certificate {
            self_signed: format.self_signed.unwrap_or(false),
            names: names.unwrap_or_default(),
            not_before,
            not_after,
            renewed: format.renewed.map(|dur| dur.0),
        }
    }
}

/// How the devices of a domain's users read.
pub(super) fn readers(domain: &Domain) -> ReadTls {
    match &domain.policy.tls {
        None => ReadTls::None,
        Some(tls) => tls.readers.unwrap_or(match tls.reading {
            Some(TlsOffer::Off) => ReadTls::None,
            _ => ReadTls::Implicit,
        }),
    }
}

/// How the devices of a domain's users submit.
pub(super) fn devices(domain: &Domain) -> SubmitTls {
    match &domain.policy.tls {
        None => SubmitTls::None,
        Some(tls) => tls.devices.unwrap_or(SubmitTls::Submissions),
    }
}

const DAY_SECS: i64 = 86_400;
