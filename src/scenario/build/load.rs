//! Who does which part of a load.

use std::sync::Arc;

use super::tls::TlsParts;
use crate::actors::client::config::{ClientTls, Server};
use crate::actors::load::{DnsLoadConfig, DnsWork, MailLoadConfig, MailWork};
use crate::actors::{DnsLoad, MailLoad};
use crate::scenario::plan::tls::SubmitTls;
use crate::scenario::plan::{Host, LoadHost, Plan};
use crate::world::HostConfig;

/// The load of a plan, whose settings all hosts share.
pub(super) struct Works {
    mail: Option<(u64, Arc<MailWork>)>,
    dns: Option<(u64, Arc<DnsWork>)>,
}

impl Works {
    pub(super) fn new(plan: &Plan) -> Self {
        let load = plan.workload.as_ref();
        let mail = load.and_then(|load| load.mail.as_ref());
        let dns = load.and_then(|load| load.dns.as_ref());
        Works {
            mail: mail.map(|mail| (mail.messages, Arc::new(mail.work.clone()))),
            dns: dns.map(|dns| (dns.queries, Arc::new(dns.work.clone()))),
        }
    }

    /// Puts a host's part of the load on it.
    pub(super) fn host(
        &self,
        mut config: HostConfig,
        host: &Host,
        load: &LoadHost,
        tls: &TlsParts,
    ) -> HostConfig {
        let resolvers = super::resolvers(host);
        if let Some((messages, work)) = &self.mail {
            let messages = LoadHost::part(&load.writes, *messages);
            let settings = Arc::new(MailLoadConfig {
                work: Arc::clone(work),
                domain: load.domain,
                messages,
                phase: load.asks.start,
                submit: Server { host: load.submit.clone(), port: load.submit_port },
                tls: match (load.submit_tls, tls.device()) {
                    (SubmitTls::Starttls, Some(tls)) => ClientTls::StartTls(tls),
                    (SubmitTls::Submissions, Some(tls)) => ClientTls::Implicit(tls),
                    _ => ClientTls::None,
                },
                resolvers: resolvers.clone(),
            });
            if messages > 0 {
                config = config.actor(move || MailLoad::new(Arc::clone(&settings)));
            }
        }
        if let Some((queries, work)) = &self.dns {
            let settings = Arc::new(DnsLoadConfig {
                work: Arc::clone(work),
                queries: LoadHost::part(&load.asks, *queries),
                phase: load.asks.start,
                resolvers,
            });
            if settings.queries > 0 {
                config = config.actor(move || DnsLoad::new(Arc::clone(&settings)));
            }
        }
        config
    }
}
