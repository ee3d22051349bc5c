//! Certificates of a plan's hosts, and whom the hosts trust.

use crate::actors::mail_server::MailServerTls;
use crate::actors::mta::config::{MtaTls, TlsLevel};
use crate::engine::{Seed, SimTime};
use crate::proto::tls::{TlsClient, TlsServer};
use crate::scenario::plan::tls as plan;
use crate::scenario::plan::{Plan, Service};

/// What TLS is made from.
pub(super) struct TlsParts {
    seed: Seed,
    #[cfg(feature = "tls")]
    start: crate::engine::UnixTime,
    #[cfg(feature = "tls")]
    authority: Option<crate::proto::tls::Authority>,
    /// What a program trusts that goes on without a verified certificate.
    lenient: Option<TlsClient>,
    /// What a program trusts that does not.
    strict: Option<TlsClient>,
}

impl TlsParts {
    /// The TLS of an MTA on that host.
    pub(super) fn mta(&self, host: &str, tls: &plan::Tls) -> MtaTls {
        let level = |level: &plan::TlsLevel| match level {
            plan::TlsLevel::None => TlsLevel::None,
            plan::TlsLevel::May => TlsLevel::May,
            plan::TlsLevel::Encrypt => TlsLevel::Encrypt,
            plan::TlsLevel::Verify => TlsLevel::Verify,
        };
        let destinations = tls.destinations.iter();
        MtaTls {
            certificates: self.servers(host, &tls.certificate),
            smtp: offer(tls.server),
            submission: offer(tls.submission),
            client: self.lenient.clone(),
            level: level(&tls.client),
            destinations: destinations.map(|(name, of)| (name.clone(), level(of))).collect(),
        }
    }

    /// The TLS of a mailbox server on that host, if it offers any.
    pub(super) fn mailbox_server(&self, host: &str, tls: &plan::Tls) -> Option<MailServerTls> {
        let certificates = || self.servers(host, &tls.certificate);
        (tls.reading != plan::TlsOffer::Off)
            .then(|| MailServerTls { certificates: certificates(), offer: offer(tls.reading) })
    }

    /// What a device trusts.
    pub(super) fn device(&self) -> Option<TlsClient> {
        self.strict.clone()
    }
}

fn offer(offer: plan::TlsOffer) -> crate::actors::mta::config::TlsOffer {
    use crate::actors::mta::config::TlsOffer;
    match offer {
        plan::TlsOffer::Off => TlsOffer::Off,
        plan::TlsOffer::Offered => TlsOffer::Offered,
        plan::TlsOffer::Required => TlsOffer::Required,
    }
}

/// Whether anybody in the plan speaks TLS.
fn is_wanted(plan: &Plan) -> bool {
    plan.hosts.values().flat_map(|host| &host.services).any(|service| match service {
        Service::Mta(mta) => mta.tls.is_some(),
        Service::MailboxServer(server) => server.tls.is_some(),
        Service::Client(client) => {
            client.submit_tls != plan::SubmitTls::None || client.read_tls != plan::ReadTls::None
        }
        _ => false,
    })
}

#[cfg(feature = "tls")]
mod present {
    use super::{Plan, Seed, SimTime, TlsClient, TlsParts, TlsServer, is_wanted, plan};
    use crate::engine::UnixTime;
    use crate::proto::tls::{Authority, Certificate, Identity, Issuer, Version};

    impl TlsParts {
        pub(in super::super) fn new(plan: &Plan, seed: Seed) -> Self {
            let start = plan.start.0;
            let authority = is_wanted(plan).then(|| {
                let (from, until) =
                    (UnixTime(start.0 - YEAR_SECS), UnixTime(start.0 + 20 * YEAR_SECS));
                Authority::new("mxsim root", from, until, &mut seed.stream("tls authority"))
                    .expect("a name and dates that fit")
            });
            let trusted = authority.as_slice();
            let lenient = authority.is_some().then(|| TlsClient::lenient(trusted, Version::Tls13));
            let strict = authority.is_some().then(|| TlsClient::strict(trusted, Version::Tls13));
            TlsParts { seed, start, authority, lenient, strict }
        }

        /// The certificates that a host shows, with the time from which it shows each.
        pub(super) fn servers(
            &self,
            host: &str,
            certificate: &plan::Certificate,
        ) -> Vec<(SimTime, TlsServer)> {
            let Some(authority) = &self.authority else { return Vec::new() };
            let mut draws = self.seed.stream(&format!("tls certificate {host}"));
            let mut server = |not_before: UnixTime, not_after: UnixTime| {
                let names = certificate.names.clone();
                let issuer = match certificate.self_signed {
                    true => Issuer::Itself,
                    false => Issuer::Authority(authority),
                };
                let certificate = Certificate { names, not_before, not_after };
                let identity = Identity::new(&certificate, issuer, &mut draws);
                TlsServer::new(&identity.expect("the names of a plan are checked"), Version::Tls13)
            };
            let mut servers =
                vec![(SimTime::ZERO, server(certificate.not_before, certificate.not_after))];
            if let Some(renewed) = certificate.renewed {
                let at = SimTime::ZERO + renewed;
                let from = crate::engine::Epoch(self.start).at(at);
                servers.push((at, server(from, UnixTime(from.0 + 90 * 86_400))));
            }
            servers
        }
    }

    /// The certificate of the authority that all hosts of the plan trust, in PEM; none where nobody
    /// speaks TLS.
    pub fn authority_pem(plan: &Plan, seed: Seed) -> Option<String> {
        use base64::Engine;
        let authority = TlsParts::new(plan, seed).authority?;
        let text = base64::engine::general_purpose::STANDARD.encode(authority.der());
        let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
        for line in text.as_bytes().chunks(64) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem.push_str("-----END CERTIFICATE-----\n");
        Some(pem)
    }

    const YEAR_SECS: i64 = 365 * 86_400;
}

#[cfg(not(feature = "tls"))]
pub use absent::authority_pem;
#[cfg(feature = "tls")]
pub use present::authority_pem;

#[cfg(not(feature = "tls"))]
mod absent {
    use super::{Plan, Seed, SimTime, TlsParts, TlsServer, is_wanted, plan};

    impl TlsParts {
        pub(in super::super) fn new(plan: &Plan, seed: Seed) -> Self {
            assert!(!is_wanted(plan), "a plan without the feature has no TLS");
            TlsParts { seed, lenient: None, strict: None }
        }

        pub(super) fn servers(&self, _: &str, _: &plan::Certificate) -> Vec<(SimTime, TlsServer)> {
            let _ = self.seed;
            Vec::new()
        }
    }

    /// None: nobody speaks TLS.
    pub fn authority_pem(_: &Plan, _: Seed) -> Option<String> {
        None
    }
}
