//! The faults of a plan as changes of the network, and as rules of the programs that misbehave.

use std::sync::Arc;

use crate::actors::mta::config::Flush;
use crate::actors::{Flood, Forger};
use crate::net::LinkId;
use crate::proto::dns::misbehaviour::Rule;
use crate::scenario::plan::{Fault, FaultAction, Plan};
use crate::world::{Control, HostConfig, World};

/// Schedules all faults of the plan.
pub(super) fn schedule(plan: &Plan, world: &mut World) {
    for fault in &plan.faults {
        for control in controls(&fault.action, world) {
            world.control(fault.at, control);
        }
    }
}

fn controls(action: &FaultAction, world: &World) -> Vec<Control> {
    let node = |name: &String| world.node(name).expect("a plan names what it has");
    let between = |a: &String, b: &String| world.links_between(node(a), node(b));
    let each = |links: Vec<LinkId>, control: fn(LinkId) -> Control| -> Vec<Control> {
        links.into_iter().map(control).collect()
    };
    match action {
        FaultAction::Crash(host) => vec![Control::Crash(node(host))],
        FaultAction::Restart(host) => vec![Control::Restart(node(host))],
        FaultAction::Cut(a, b) => each(between(a, b), Control::Cut),
        FaultAction::Heal(a, b) => each(between(a, b), Control::Heal),
        FaultAction::Isolate(name) => each(world.links_of(node(name)), Control::Cut),
        FaultAction::Rejoin(name) => each(world.links_of(node(name)), Control::Heal),
        FaultAction::Change { a, b, forward, backward } => between(a, b)
            .into_iter()
            .map(|link| {
                // The link's own first end may be either of the two.
                let turned = world.link_ends(link)[0] != node(a);
                let configs = if turned { [*backward, *forward] } else { [*forward, *backward] };
                Control::SetLink(link, configs)
            })
            .collect(),
        // The programs of the hosts keep to it by themselves.
        FaultAction::Misbehave { .. } | FaultAction::Flush { .. } | FaultAction::Forge { .. } => {
            Vec::new()
        }
    }
}

/// Puts the attacker's program on a host that has floods to send.
pub(super) fn forger(config: HostConfig, plan: &Plan, host: &str) -> HostConfig {
    let flood = |fault: &Fault| match &fault.action {
        FaultAction::Forge { by, flood } if by == host => Some(flood.clone()),
        _ => None,
    };
    let floods: Vec<Flood> = plan.faults.iter().filter_map(flood).collect();
    match floods.is_empty() {
        true => config,
        false => config.actor(move || Forger::new(floods.clone())),
    }
}

/// When the queue of this host's MTA is flushed, in the order of time.
pub(super) fn flushes(plan: &Plan, host: &str) -> Vec<Flush> {
    let flush = |fault: &Fault| match &fault.action {
        FaultAction::Flush { host: of, domain } if of == host => {
            Some(Flush { at: fault.at, domain: domain.clone() })
        }
        _ => None,
    };
    plan.faults.iter().filter_map(flush).collect()
}

/// What the DNS server of this host keeps to.
pub(super) fn rules(plan: &Plan, host: &str) -> Arc<[Rule]> {
    let rule = |fault: &Fault| match &fault.action {
        FaultAction::Misbehave { hosts, rule } => {
            hosts.iter().any(|one| one == host).then(|| rule.clone())
        }
        _ => None,
    };
    plan.faults.iter().filter_map(rule).collect()
}
