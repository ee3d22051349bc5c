//! What an MTA asks the DNS, and what it makes of the answers.

use std::net::IpAddr;

use crate::actors::reach;
use crate::actors::stub::StubResolver;
use crate::proto::dns::stub::{Answer, LookupError, LookupId};
use crate::proto::dns::{Name, RecordData, RecordType};
use crate::proto::smtp::EnhancedStatus;
use crate::world::Ctx;

use super::route::{Exchange, MxAnswer, NoRoute};

/// What a look-up came to.
pub(super) type Found = Result<Answer, LookupError>;

/// What a look-up of addresses said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AddressAnswer {
    Addresses(Vec<IpAddr>),
    None(NoRoute),
}

/// Asks for the MX of `domain`; `None` when that is not a name.
pub(super) fn mx(stub: &mut StubResolver, domain: &str, ctx: &mut Ctx<'_>) -> Option<LookupId> {
    let name = domain.parse::<Name>().ok()?;
    Some(stub.lookup(ctx, name, RecordType::Mx))
}

/// Asks for the addresses of `host` in the families that this host has.
pub(super) fn addresses_of(
    stub: &mut StubResolver,
    host: &str,
    ctx: &mut Ctx<'_>,
) -> Vec<LookupId> {
    reach::address_lookups(host, stub, ctx)
}

/// The answer to [`mx`].
pub(super) fn mx_answer(found: &Found) -> MxAnswer {
    match found {
        Ok(answer) => MxAnswer::Records(
            answer
                .records
                .iter()
                .filter_map(|record| match &record.data {
                    RecordData::Mx { preference, exchange } => {
                        Some(Exchange { preference: *preference, host: host_text(exchange) })
                    }
                    _ => None,
                })
                .collect(),
        ),
        Err(LookupError::NxDomain) => MxAnswer::NoSuchDomain,
        Err(LookupError::NoData) => MxAnswer::Records(Vec::new()),
        Err(error) => MxAnswer::Failed(error.to_string()),
    }
}

/// The answer to one of [`addresses_of`].
pub(super) fn addresses(found: &Found, host: &str) -> AddressAnswer {
    match found {
        Ok(answer) => AddressAnswer::Addresses(reach::addresses(answer).collect()),
        // Like Postfix: a name without an address is no place to deliver to, ever.
        Err(error) if !error.is_temporary() => {
            let status = EnhancedStatus::new(5, 4, 4);
            let why = match error {
                LookupError::NoData => "Host found but no data record of requested type",
                _ => "Host not found",
            };
            AddressAnswer::None(NoRoute::name_service(status, host, "A", why))
        }
        Err(error) => {
            let status = EnhancedStatus::new(4, 4, 3);
            let why = format!("Host not found, try again ({error})");
            AddressAnswer::None(NoRoute::name_service(status, host, "A", &why))
        }
    }
}

/// A host name as SMTP writes it: without the final dot; empty for the root.
fn host_text(name: &Name) -> String {
    if name.is_root() { String::new() } else { name.without_dot().to_string() }
}
