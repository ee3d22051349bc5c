//! The faults of a plan as changes of the network, and as rules of the programs that misbehave.

use std::sync::Arc;

use crate::actors::mta::config::Flush;
use crate::actors::{Flood, Forger};
use crate::net::LinkId;
use crate::proto::dns::misbehaviour::Rule;
use crate::scenario::plan::{Fault, FaultAction, Plan};
use crate::world::{Control, HostConfig, Order, Outside, World};

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

/// Orders a fault in a world that runs, under a number by which it can be ended. What it does to the
/// network and to programs happens at its time, or now when that has passed.
pub fn order(fault: &Fault, number: u64, world: &mut World) {
    for control in controls(&fault.action, world) {
        world.control(fault.at, control);
    }
    let at = fault.at.max(world.now());
    match &fault.action {
        FaultAction::Misbehave { hosts, rule } => {
            let rule = Arc::new(rule.clone());
            for host in hosts.iter().filter_map(|name| world.node(name)).collect::<Vec<_>>() {
                let order = Order::Misbehave { fault: number, rule: Arc::clone(&rule) };
                world.outside(at, host, Outside::Order(order));
            }
        }
        FaultAction::Flush { host, domain } => {
            let order = Order::Flush { domain: domain.clone() };
            if let Some(host) = world.node(host) {
                world.outside(at, host, Outside::Order(order));
            }
        }
        FaultAction::Forge { by, flood } => {
            let forger = Forger::new(vec![flood.clone()]).numbered(number);
            if let Some(host) = world.node(by) {
                world.install(at, host, Box::new(forger));
            }
        }
        _ => {}
    }
}

/// What undoes a fault at once; `None` where its own number does, or nothing.
pub fn undo(action: &FaultAction, plan: &Plan) -> Option<FaultAction> {
    Some(match action {
        FaultAction::Crash(host) => FaultAction::Restart(host.clone()),
        FaultAction::Cut(a, b) => FaultAction::Heal(a.clone(), b.clone()),
        FaultAction::Isolate(node) => FaultAction::Rejoin(node.clone()),
        FaultAction::Change { a, b, .. } => {
            let link = plan.links.iter().find(|link| link.a == *a && link.b == *b)?;
            FaultAction::Change {
                a: a.clone(),
                b: b.clone(),
                forward: link.forward,
                backward: link.backward,
            }
        }
        FaultAction::Restart(_)
        | FaultAction::Heal(..)
        | FaultAction::Rejoin(_)
        | FaultAction::Misbehave { .. }
        | FaultAction::Flush { .. }
        | FaultAction::Forge { .. } => return None,
    })
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
