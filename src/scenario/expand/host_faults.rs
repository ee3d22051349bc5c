//! What ails hosts.

use super::Expander;
use crate::engine::Skew;
use crate::scenario::finding::{Path, quoted};
use crate::scenario::format::Fault;
use crate::scenario::format::host_fault::{
    FullDisk, NoDescriptor, RestartService, ServiceName, WrongClock,
};
use crate::scenario::plan::{FaultAction, Plan, Service};
use crate::world::{Ailment, Excess};

impl Expander<'_, '_, '_> {
    /// What a fault does to a host that stays up; `None` where it is another fault, and inside of that
    /// where it is a mistake, which is told.
    pub(super) fn ailment(
        &mut self,
        path: &Path<'_>,
        format: &Fault,
    ) -> Option<Option<FaultAction>> {
        let (host, ailment) = if let Some(name) = &format.pause {
            (self.host(&path.at("pause"), name), Some(Ailment::Paused))
        } else if let Some(name) = &format.freeze {
            (self.host(&path.at("freeze"), name), Some(Ailment::Frozen))
        } else if let Some(clock) = &format.clock {
            let path = path.at("clock");
            (self.host(&path.at("host"), &clock.host), self.clock(&path, clock))
        } else if let Some(full) = &format.disk_full {
            let path = path.at("disk_full");
            let (host, free_octets) = match full {
                FullDisk::Host(host) => (self.host(&path, host), 0),
                FullDisk::Nearly(nearly) => {
                    let free_octets = nearly.free.map_or(0, |free| free.0);
                    (self.host(&path.at("host"), &nearly.host), free_octets)
                }
            };
            (host, Some(Ailment::FullDisk { free_octets }))
        } else if let Some(slow) = &format.slow_disk {
            let path = path.at("slow_disk");
            let host = self.host(&path.at("host"), &slow.host);
            let path = path.at("write");
            let write = self.latency(&path, &slow.write);
            if write.is_constant() && write.typical().is_zero() {
                let remedy = "say how long, as in \"300ms\"".to_owned();
                self.report.at(&path, "a slow disk that takes no time", remedy);
            }
            (host, Some(Ailment::SlowDisk { write }))
        } else if let Some(few) = &format.descriptors {
            let host = self.host(&path.at("descriptors").at("host"), &few.host);
            let then = match few.then {
                None | Some(NoDescriptor::Wait) => Excess::Wait,
                Some(NoDescriptor::Refuse) => Excess::Refuse,
            };
            (host, Some(Ailment::Descriptors { most: few.most, then }))
        } else {
            return None;
        };
        Some(host.zip(ailment).map(|(host, ailment)| FaultAction::Ail { host, ailment }))
    }

    /// One service of a host starts again.
    pub(super) fn restart_service(
        &mut self,
        path: &Path<'_>,
        format: &RestartService,
        plan: &Plan,
    ) -> Option<FaultAction> {
        let host = self.host(&path.at("host"), &format.host)?;
        let services = &plan.hosts.get(&host)?.services;
        let names: Vec<&str> = services.iter().filter_map(name_of).map(ServiceName::word).collect();
        let place = services.iter().position(|one| name_of(one) == Some(format.service));
        let Some(place) = place else {
            let name = format.service.word();
            let found = format!("there is no {name} on \"{host}\"");
            let remedy = match names.is_empty() {
                true => "nothing that could be restarted is".to_owned(),
                false => format!("there are: {}", quoted(&names)),
            };
            self.report.at(&path.at("service"), found, remedy);
            return None;
        };
        let place = u16::try_from(place).expect("a host has few services");
        Some(FaultAction::RestartService { host, place, name: format.service.word() })
    }

    fn clock(&mut self, path: &Path<'_>, clock: &WrongClock) -> Option<Ailment> {
        let drift_ppm = clock.drift_ppm.unwrap_or(0);
        let (key, by) = match (clock.ahead, clock.behind) {
            (Some(ahead), None) => ("ahead", Skew::ahead(ahead.0)),
            (None, Some(behind)) => ("behind", Skew::behind(behind.0)),
            (None, None) => ("ahead", Skew::ZERO),
            (Some(_), Some(_)) => {
                let remedy = "leave one of the two out".to_owned();
                self.report.at(path, "a clock that is ahead and behind", remedy);
                return None;
            }
        };
        if by == Skew::ZERO && drift_ppm == 0 {
            let remedy = "say \"ahead\", \"behind\" or \"drift_ppm\"".to_owned();
            self.report.at(path, "a wrong clock that is right", remedy);
        }
        if by.0.unsigned_abs() > MOST_SKEW_NANOS {
            let remedy = "50 years at most".to_owned();
            self.report.at(&path.at(key), "no clock is that wrong", remedy);
        }
        Some(Ailment::Clock { ahead: by, drift_ppm })
    }
}

fn name_of(service: &Service) -> Option<ServiceName> {
    match service {
        Service::NameServer(_) => Some(ServiceName::NameServer),
        Service::Resolver(_) => Some(ServiceName::Resolver),
        Service::Mta(_) => Some(ServiceName::Mta),
        Service::MailboxServer(_) => Some(ServiceName::MailboxServer),
        Service::Client(_) | Service::Load(_) => None,
    }
}

/// So wrong a clock may be: several of them, with what they gain, are reckoned with over the centuries.
const MOST_SKEW_NANOS: u64 = 50 * 365 * 86_400 * 1_000_000_000;
