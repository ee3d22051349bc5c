//! The first half of an attempt: from a next hop to the addresses that are tried.

use std::net::{IpAddr, Ipv4Addr};

use crate::actors::mta::hop::{Place, Protocol};
use crate::actors::mta::lookup::{self, AddressAnswer, Found};
use crate::actors::mta::note;
use crate::actors::mta::route::{self, Candidate, Exchange, NoRoute, SMTP_PORT};
use crate::proto::dns::stub::LookupId;
use crate::proto::smtp::EnhancedStatus;
use crate::world::{Ctx, Kind};

use super::{Delivery, Fates, Stage, Tools};

impl Delivery {
    /// A look-up has come to its end.
    pub(in crate::actors::mta) fn on_lookup(
        &mut self,
        id: LookupId,
        found: &Found,
        tools: &mut Tools<'_>,
        ctx: &mut Ctx<'_>,
    ) -> Fates {
        let mut fates = Fates::new();
        match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Routing { lookup } if lookup[0].0 == id => {
                let Place::Mx(domain) = &self.hop.place else {
                    unreachable!("who asks for MX is routed by them")
                };
                match route::exchanges(domain, lookup::mx_answer(found)) {
                    Err(none) => self.unreachable(none, &mut fates),
                    Ok(exchanges) => {
                        let queue_id = &self.load.queue_id;
                        ctx.note(Kind::Routed, || note::routed(queue_id, domain, &exchanges));
                        let (found, failures) = (Vec::new(), Vec::new());
                        self.locate(exchanges, 0, found, failures, tools, ctx, &mut fates);
                    }
                }
            }
            Stage::Locating { exchanges, asked, mut lookups, found: mut all, mut failures } => {
                if let Some(place) = lookups.iter().position(|(lookup, _)| *lookup == id) {
                    let (_, at) = lookups.remove(place);
                    let Exchange { preference, host } = &exchanges[at];
                    match lookup::addresses(found, host) {
                        AddressAnswer::Addresses(more) => {
                            all.extend(more.into_iter().map(|address| Candidate {
                                preference: *preference,
                                host: host.clone(),
                                address,
                                own: self.is_own(address, ctx),
                            }));
                        }
                        AddressAnswer::None(none) => failures.push(none),
                    }
                }
                if lookups.is_empty() {
                    self.locate(exchanges, asked, all, failures, tools, ctx, &mut fates);
                } else {
                    let found = all;
                    self.stage = Stage::Locating { exchanges, asked, lookups, found, failures };
                }
            }
            stage => self.stage = stage,
        }
        fates
    }

    /// Whether that is an address of this host, so that mail for it would come back. Another port
    /// may belong to another program.
    pub(super) fn is_own(&self, address: IpAddr, ctx: &Ctx<'_>) -> bool {
        let is_own =
            address.is_loopback() || address.is_unspecified() || ctx.addresses().contains(&address);
        self.may_loop() && is_own
    }

    fn may_loop(&self) -> bool {
        self.hop.protocol == Protocol::Smtp && self.hop.port == SMTP_PORT
    }

    /// Asks for the addresses of the exchanges that were not asked for yet, one preference after the
    /// other, until there are enough.
    ///
    /// Postfix asks for all and then keeps as many as it tries; what comes after those has no say.
    /// But one preference is asked for as a whole, since this host may be among its exchanges.
    #[expect(
        clippy::too_many_arguments,
        reason = "what the stage holds, and what an attempt needs"
    )]
    pub(super) fn locate(
        &mut self,
        exchanges: Vec<Exchange>,
        mut asked: usize,
        mut found: Vec<Candidate>,
        mut failures: Vec<NoRoute>,
        tools: &mut Tools<'_>,
        ctx: &mut Ctx<'_>,
        fates: &mut Fates,
    ) {
        let limit = tools.config.limits.addresses.max(1);
        let mut lookups = Vec::new();
        while lookups.is_empty()
            && found.len() < limit
            && !found.iter().any(|candidate| candidate.own)
            && let Some(first) = exchanges.get(asked)
        {
            let level = exchanges[asked..].iter();
            let level = level.take_while(|exchange| exchange.preference == first.preference);
            for (at, exchange) in level.enumerate() {
                let Exchange { preference, host } = exchange.clone();
                if self.may_loop() && host.eq_ignore_ascii_case(&tools.config.hostname) {
                    // Itself by name, whatever the DNS says of it.
                    let address = ctx.addresses().first().copied();
                    let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
                    found.push(Candidate { preference, host, address, own: true });
                    continue;
                }
                let ids = lookup::addresses_of(tools.stub, &host, ctx);
                if ids.is_empty() {
                    let status = EnhancedStatus::new(5, 4, 4);
                    failures.push(NoRoute::new(status, format!("{host} is not a host name")));
                }
                lookups.extend(ids.into_iter().map(|id| (id, asked + at)));
            }
            let preference = first.preference;
            asked +=
                exchanges[asked..].iter().take_while(|one| one.preference == preference).count();
        }
        if lookups.is_empty() {
            self.located(&exchanges, found, &failures, tools, ctx, fates);
        } else {
            self.stage = Stage::Locating { exchanges, asked, lookups, found, failures };
        }
    }

    /// All look-ups of addresses that are needed are answered.
    pub(super) fn located(
        &mut self,
        exchanges: &[Exchange],
        found: Vec<Candidate>,
        failures: &[NoRoute],
        tools: &mut Tools<'_>,
        ctx: &mut Ctx<'_>,
        fates: &mut Fates,
    ) {
        let (limits, next_hop) = (&tools.config.limits, self.hop.to_string());
        match route::candidates(&next_hop, exchanges, found, failures, limits, tools.draws) {
            Ok(candidates) => {
                self.addresses = candidates.into();
                self.next_address(tools, ctx, fates);
            }
            Err(none) => self.unreachable(none, fates),
        }
    }
}
