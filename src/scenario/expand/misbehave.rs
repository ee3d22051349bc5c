//! Bad manners of clients: where they are shown, and that they can be.

use super::Expander;
use super::names::host_name;
use crate::actors::client::config::{Manner, Misbehaviour, Server, Spoken};
use crate::scenario::finding::Path;
use crate::scenario::format::agenda as format;
use crate::scenario::plan::{Action, Plan, Service};

impl Expander<'_, '_, '_> {
    /// Where a client misbehaves, and how.
    pub(super) fn misbehaviour(
        &mut self,
        path: &Path<'_>,
        format: &format::Misbehave,
        client: &str,
        plan: &Plan,
    ) -> Option<Action> {
        let (protocol, name, port) = match format.at {
            format::Spoken::Smtp => (Spoken::Smtp, "smtp", 25),
            format::Spoken::Pop3 => (Spoken::Pop3, "pop", 110),
            format::Spoken::Imap => (Spoken::Imap, "imap", 143),
        };
        let host = match &format.host {
            Some(host) => {
                let path = path.at("host");
                let host = self.host_name(&path, host)?;
                self.is_host(&path, &host).then_some(host)?
            }
            None => {
                let services = plan.clients.get(client).map(|host| &plan.hosts[host].services);
                let user = services.into_iter().flatten().find_map(|service| match service {
                    Service::Client(one) if one.name == client => Some(&one.user),
                    _ => None,
                })?;
                let domain = host_name(user.rsplit_once('@')?.1)?;
                let roles = self.domains.get(&domain).and_then(|of| of.roles.as_ref());
                match (protocol, roles.and_then(|roles| roles.border.first())) {
                    (Spoken::Smtp, Some(border)) => border.clone(),
                    _ => format!("{name}.{domain}"),
                }
            }
        };
        let manner = match format.how {
            format::Manner::NoQuit => Manner::NoQuit,
            format::Manner::EarlyTalker => Manner::EarlyTalker,
            format::Manner::BareLf => Manner::BareLf,
            format::Manner::TlsInjection => Manner::TlsInjection,
            format::Manner::LongLine => Manner::LongLine,
            format::Manner::HalfCommand => Manner::HalfCommand,
            format::Manner::Nonsense => Manner::Nonsense,
        };
        let nobody = self.domains.values().all(|of| of.format.policy.tls.is_none());
        if manner == Manner::TlsInjection && nobody {
            let remedy = "give the domain of the server a \"policy\": {\"tls\": {}}".to_owned();
            self.report.at(&path.at("how"), "nobody here speaks TLS", remedy);
        }
        Some(Action::Misbehave(Misbehaviour { protocol, server: Server { host, port }, manner }))
    }
}
