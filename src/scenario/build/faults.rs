//! The faults of a plan as changes of the network, and as rules of the programs that misbehave.

use std::sync::Arc;

use crate::actors::mail_server::Rebuild;
use crate::actors::mta::config::Flush;
use crate::actors::{Flood, Forger};
use crate::engine::SimTime;
use crate::net::{LinkId, Ways};
use crate::proto::access;
use crate::proto::dns::misbehaviour::Rule;
use crate::proto::misbehaviour::AnyRule;
use crate::proto::smtp::misbehaviour as smtp;
use crate::scenario::plan::{Fault, FaultAction, Plan};
use crate::world::{self, FaultId, Flap, HostConfig, Order, Outside, Partition, World};

/// Schedules all faults of the plan.
pub(super) fn schedule(plan: &Plan, world: &mut World) {
    for fault in &plan.faults {
        begin(fault, world);
    }
}

/// Schedules what a fault does to the network, and its end; hands back what can be ended before.
fn begin(fault: &Fault, world: &mut World) -> Option<FaultId> {
    let node = |name: &String| world.node(name).expect("a plan names what it has");
    let between = |a: &String, b: &String| world.links_between(node(a), node(b));
    let cut = |links| world::Fault::Cut { links, ways: Ways::Both };
    let heal = |world: &mut World, links: Vec<LinkId>| {
        links.into_iter().for_each(|link| world.heal(fault.at, link));
        None
    };
    let begins = match &fault.action {
        FaultAction::Crash(host) => world::Fault::Crash(node(host)),
        FaultAction::Ail { host, ailment } => {
            world::Fault::Ail { host: node(host), ailment: ailment.clone() }
        }
        FaultAction::Cut(a, b) => cut(between(a, b)),
        FaultAction::Isolate(name) => cut(world.links_of(node(name))),
        FaultAction::Change { a, b, forward, backward } => {
            let link = between(a, b)[0];
            // The link's own first end may be either of the two.
            let turned = world.link_ends(link)[0] != node(a);
            let [first, second] = if turned { [backward, forward] } else { [forward, backward] };
            let patches = Box::new([(**first).clone(), (**second).clone()]);
            world::Fault::Change { link, patches }
        }
        // Each service is one program, in this order.
        FaultAction::RestartService { host, place, name } => {
            let host = node(host);
            world.restart_program(fault.at, host, *place, name);
            return None;
        }
        FaultAction::CrashAfter { host, event, back_after } => {
            let host = node(host);
            world.crash_after(host, *event, *back_after);
            return None;
        }
        FaultAction::Hold(a, b) => world::Fault::Hold { links: between(a, b), ways: Ways::Both },
        FaultAction::Flap { a, b, down, up, drawn } => world::Fault::Flap(Flap {
            links: between(a, b),
            ways: Ways::Both,
            down: *down,
            up: *up,
            drawn: *drawn,
        }),
        FaultAction::Partition { groups, one_way } => {
            let hosts = |group: &Vec<String>| group.iter().map(node).collect();
            let groups = groups.iter().map(hosts).collect();
            world::Fault::Partition(Partition::new(groups, *one_way))
        }
        FaultAction::Packet(rule) => world::Fault::Packet(rule.map(node)),
        FaultAction::Restart(host) => {
            let host = node(host);
            world.restart(fault.at, host);
            return None;
        }
        FaultAction::Heal(a, b) => {
            let links = between(a, b);
            return heal(world, links);
        }
        FaultAction::Rejoin(name) => {
            let links = world.links_of(node(name));
            return heal(world, links);
        }
        // The programs of the hosts keep to it by themselves.
        FaultAction::Misbehave { .. }
        | FaultAction::RebuildIndex { .. }
        | FaultAction::Flush { .. }
        | FaultAction::Forge { .. } => return None,
    };
    let id = world.begin(fault.at, begins);
    if let Some(until) = fault.until {
        world.end(until, id);
    }
    Some(id)
}

/// Orders a fault in a world that runs. What it does to the network and to programs happens at its
/// time, or now when that has passed. It can be ended by [`cease`]: what it does to programs has this
/// number, and what it does to the network the one that is handed back.
pub fn order(fault: &Fault, number: u64, world: &mut World) -> Option<FaultId> {
    let at = fault.at.max(world.now());
    match &fault.action {
        FaultAction::Misbehave { hosts, rule } => {
            for host in hosts.iter().filter_map(|name| world.node(name)).collect::<Vec<_>>() {
                let order = Order::Misbehave { fault: number, rule: numbered(rule, number) };
                world.outside(at, host, Outside::Order(order));
            }
        }
        FaultAction::RebuildIndex { host, user, mailbox } => {
            let order = Order::RebuildIndex { user: user.clone(), mailbox: mailbox.clone() };
            if let Some(host) = world.node(host) {
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
        _ => return begin(fault, world),
    }
    None
}

/// The rule, called by the number of its fault where it has a name.
fn numbered(rule: &AnyRule, number: u64) -> AnyRule {
    match rule {
        AnyRule::Smtp(rule) => {
            let name = format!("fault {number}");
            AnyRule::Smtp(Arc::new(smtp::Rule { name, ..smtp::Rule::clone(rule) }))
        }
        AnyRule::Pop3(rule) => AnyRule::Pop3(Arc::new(named(rule, number))),
        AnyRule::Imap(rule) => AnyRule::Imap(Arc::new(named(rule, number))),
        AnyRule::Dns(_) => rule.clone(),
    }
}

fn named(rule: &access::Rule, number: u64) -> access::Rule {
    access::Rule { name: format!("fault {number}"), ..rule.clone() }
}

/// Ends at `at` what [`order`] began, under the numbers that it has.
pub fn cease(
    at: SimTime,
    action: &FaultAction,
    number: u64,
    fault: Option<FaultId>,
    world: &mut World,
) {
    if let Some(fault) = fault {
        world.end(at, fault);
    }
    let hosts = match action {
        FaultAction::Misbehave { hosts, .. } => hosts.as_slice(),
        FaultAction::Forge { by, .. } => std::slice::from_ref(by),
        _ => &[],
    };
    for host in hosts.iter().filter_map(|name| world.node(name)).collect::<Vec<_>>() {
        world.outside(at, host, Outside::Order(Order::Cease { fault: number }));
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
pub(super) fn dns_rules(plan: &Plan, host: &str) -> Arc<[Arc<Rule>]> {
    rules(plan, host, |rule| match rule {
        AnyRule::Dns(rule) => Some(rule),
        _ => None,
    })
}

/// What the MTA of this host keeps to.
pub(super) fn smtp_rules(plan: &Plan, host: &str) -> Arc<[Arc<smtp::Rule>]> {
    rules(plan, host, |rule| match rule {
        AnyRule::Smtp(rule) => Some(rule),
        _ => None,
    })
}

/// What the mailbox server of this host keeps to, in POP3 and in IMAP.
pub(super) fn access_rules(plan: &Plan, host: &str) -> [Arc<[Arc<access::Rule>]>; 2] {
    let of = |protocol| {
        rules(plan, host, move |rule| match rule {
            AnyRule::Pop3(rule) if protocol == access::Protocol::Pop3 => Some(rule),
            AnyRule::Imap(rule) if protocol == access::Protocol::Imap => Some(rule),
            _ => None,
        })
    };
    [of(access::Protocol::Pop3), of(access::Protocol::Imap)]
}

/// When the mailbox server of this host loses which index, in the order of time.
pub(super) fn rebuilds(plan: &Plan, host: &str) -> Vec<Rebuild> {
    let rebuild = |fault: &Fault| match &fault.action {
        FaultAction::RebuildIndex { host: of, user, mailbox } if of == host => {
            Some(Rebuild { at: fault.at, user: user.clone(), mailbox: mailbox.clone() })
        }
        _ => None,
    };
    plan.faults.iter().filter_map(rebuild).collect()
}

/// What a server of this host keeps to, of its protocol.
fn rules<R>(
    plan: &Plan,
    host: &str,
    of_protocol: impl Fn(&AnyRule) -> Option<&Arc<R>>,
) -> Arc<[Arc<R>]> {
    let rule = |fault: &Fault| match &fault.action {
        FaultAction::Misbehave { hosts, rule } if hosts.iter().any(|one| one == host) => {
            of_protocol(rule).cloned()
        }
        _ => None,
    };
    plan.faults.iter().filter_map(rule).collect()
}
