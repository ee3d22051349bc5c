//! Routers, and every link with its parameters filled in.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Expander;
use super::draft::DomainDraft;
use super::names::host_name;
use crate::net::{LinkConfig, LinkPatch, Unreachable};
use crate::scenario::finding::Path;
use crate::scenario::format::network::{self as format, Direction};
use crate::scenario::plan::Link;

/// Both directions of a link.
#[derive(Debug, Clone, Default)]
pub(super) struct Pair {
    pub(super) forward: Arc<LinkConfig>,
    pub(super) backward: Arc<LinkConfig>,
}

impl Expander<'_, '_, '_> {
    pub(super) fn find_routers(&mut self) {
        let path = Path::top().at("network").at("routers");
        let Some(routers) = &self.scenario.network.routers else {
            self.generate();
            if self.routers.is_empty() {
                self.routers.insert(DEFAULT_ROUTER.to_owned());
            }
            return;
        };
        if routers.is_empty() {
            let remedy = "name one, or leave the key out".to_owned();
            self.report.at(&path, "there is no router", remedy);
        }
        for (index, router) in routers.iter().enumerate() {
            let path = path.at(index);
            let Some(name) = self.host_name(&path, router) else { continue };
            let found = format!("the router \"{name}\" stands here twice");
            if !self.routers.insert(name) {
                self.report.at(&path, found, None);
            }
        }
        self.generate();
        if self.routers.is_empty() {
            self.routers.insert(DEFAULT_ROUTER.to_owned());
        }
    }

    /// The router or host of that name, or a finding.
    pub(super) fn node(&mut self, path: &Path<'_>, written: &str) -> Option<String> {
        let name = host_name(written).unwrap_or_default();
        if self.hosts.contains_key(&name) || self.routers.contains(&name) {
            return Some(name);
        }
        if self.is_idle_host(&name) {
            return Some(name);
        }
        let known = self.routers.iter().chain(self.hosts.keys()).map(String::as_str);
        let sections = ["network", "domains", "hosts", "zones", "clients", "dns"];
        self.report.unknown(path, "host or router", written, known, &sections);
        None
    }

    /// All links, and what one is like of which nothing is said. Reports what hangs on nothing.
    pub(super) fn link(&mut self) -> (Vec<Link>, Pair) {
        let top = Path::top().at("network");
        let base = self.overlay(
            &top.at("default_link"),
            Pair::default(),
            &self.scenario.network.default_link,
        );
        let mut links = Vec::new();
        let mut pairs = BTreeSet::new();
        let mut linked = BTreeSet::new();
        let mut whole = true;
        for (index, format) in self.scenario.network.links.iter().enumerate() {
            let path = top.at("links").at(index);
            let Some([a, b]) = self.ends(&path, &format.between) else {
                whole = false;
                continue;
            };
            let ordered = if a < b { (a.clone(), b.clone()) } else { (b.clone(), a.clone()) };
            if !pairs.insert(ordered) {
                let found = format!("a second link between \"{a}\" and \"{b}\"");
                self.report.at(&path, found, None);
                continue;
            }
            linked.extend([a.clone(), b.clone()]);
            let Pair { forward, backward } = self.overlay(&path, base.clone(), &format.link);
            links.push(Link { a, b, forward, backward });
        }
        self.generated_links(base.clone(), &pairs, &mut links);
        for at in 0..self.hosts.len() {
            let (name, host) = self.hosts.get_index(at).expect("it is counted");
            if self.routers.contains(name) {
                let (found, path) =
                    (format!("a router is named \"{name}\" too"), host.path.clone());
                self.report.at(&path, found, None);
            } else if !linked.contains(name) {
                links.push(self.attach(at, base.clone()));
            }
        }
        // A link that is wrong is mistake enough.
        if whole && !self.report.is_damaged(&["network"]) {
            self.check_connected(&links);
        }
        (links, base)
    }

    /// The link of a host to its router.
    fn attach(&mut self, at: usize, base: Pair) -> Link {
        let (name, host) = self.hosts.get_index(at).expect("it is counted");
        let (name, path, explicit) = (name.clone(), host.path.clone(), host.explicit);
        let domain = host.domain.as_ref().and_then(|name| self.domains.get(name));
        let of_domain = domain.and_then(DomainDraft::place);
        let (domain, domain_path) = match domain {
            Some(domain) => (Some(domain.format), domain.path.clone()),
            None => (None, Path::top()),
        };
        let own = explicit.and_then(|host| host.attach.as_deref()).map(|name| (name, &path));
        let router = own.or(of_domain.as_ref().map(|(name, path)| (*name, path)));
        let router = match router {
            None => self.usual_router(at),
            Some((written, path)) => {
                let name = host_name(written).unwrap_or_default();
                let router = match self.routers.contains(&name) {
                    true => Some(name),
                    false => self.router_in(at, &name),
                };
                if router.is_none() {
                    let known: Vec<String> =
                        self.routers.iter().cloned().chain(self.regions()).collect();
                    let known = known.iter().map(String::as_str);
                    self.report.unknown(&path.at("attach"), "router", written, known, &["network"]);
                }
                router.unwrap_or_else(|| self.routers[0].clone())
            }
        };
        let mut pair = base;
        if let Some(link) = domain.and_then(|domain| domain.link.as_ref()) {
            pair = self.overlay(&domain_path.at("link"), pair, link);
        }
        if let Some(link) = explicit.and_then(|host| host.link.as_ref()) {
            pair = self.overlay(&path.at("link"), pair, link);
        }
        Link { a: name, b: router, forward: pair.forward, backward: pair.backward }
    }

    /// Two ends that are there and differ.
    pub(super) fn ends(&mut self, path: &Path<'_>, between: &[String; 2]) -> Option<[String; 2]> {
        let path = path.at("between");
        let a = self.node(&path.at(0), &between[0]);
        let b = self.node(&path.at(1), &between[1]);
        let (a, b) = (a?, b?);
        if a == b {
            let found = format!("a link from \"{a}\" to itself");
            self.report.at(&path, found, "name two ends".to_owned());
            return None;
        }
        Some([a, b])
    }

    /// What `link` says on top of `base`.
    pub(super) fn overlay(&mut self, path: &Path<'_>, base: Pair, link: &format::Link) -> Pair {
        let patches = self.patches(path, link);
        let mut pair = base;
        for (config, patch) in [&mut pair.forward, &mut pair.backward].into_iter().zip(patches) {
            // A million hosts of which nothing is said share one.
            if patch != LinkPatch::default() {
                patch.apply(Arc::make_mut(config));
            }
        }
        pair
    }

    /// What `link` says of its two directions.
    pub(super) fn patches(&mut self, path: &Path<'_>, link: &format::Link) -> [LinkPatch; 2] {
        let both = Direction {
            latency: link.latency.clone(),
            delay: link.delay,
            loss: link.loss,
            duplicate: link.duplicate,
            corrupt: link.corrupt,
            reorder: link.reorder,
            unordered: link.unordered,
            bandwidth: link.bandwidth,
            mtu: link.mtu,
            queue: link.queue,
            cost: link.cost,
        };
        let both = self.patch(path, &both);
        let mut own = |key, direction: &Option<Direction>| match direction {
            None => both.clone(),
            Some(direction) => self.patch(&path.at(key), direction).over(&both),
        };
        [own("forward", &link.forward), own("backward", &link.backward)]
    }

    fn patch(&mut self, path: &Path<'_>, format: &Direction) -> LinkPatch {
        let latency = format.latency.as_ref();
        let latency = latency.map(|latency| self.latency(&path.at("latency"), latency));
        let mtu_octets = format.mtu.and_then(|mtu| {
            let range = LEAST_MTU..=65_535;
            let octets = u32::try_from(mtu.0).ok().filter(|mtu| range.contains(mtu));
            if octets.is_none() {
                let remedy = format!("from {LEAST_MTU}B to 65535B");
                self.report.at(&path.at("mtu"), format!("{mtu} is no MTU"), remedy);
            }
            octets
        });
        LinkPatch {
            latency,
            extra_delay: format.delay.map_or(Duration::ZERO, |delay| delay.0),
            loss: format.loss.map(|loss| self.loss(&path.at("loss"), loss)),
            duplicate: format.duplicate.map(|share| share.0),
            corrupt: format.corrupt.map(|share| share.0),
            reorder: format.reorder.map(|share| share.0),
            unordered: format.unordered,
            mtu_octets,
            bandwidth_bps: format.bandwidth.map(|bandwidth| bandwidth.0),
            queue_octets: format.queue.map(|queue| u32::try_from(queue.0).unwrap_or(u32::MAX)),
            cost: format.cost,
        }
    }

    /// Every router and host can reach the first router.
    fn check_connected(&mut self, links: &[Link]) {
        let number = |name: &str| match self.hosts.get_index_of(name) {
            Some(at) => Some(self.routers.len() + at),
            None => self.routers.get_index_of(name),
        };
        // The root of each one's tree, by union and find.
        let mut parents: Vec<usize> = (0..self.routers.len() + self.hosts.len()).collect();
        fn find(parents: &mut [usize], mut at: usize) -> usize {
            while parents[at] != at {
                parents[at] = parents[parents[at]];
                at = parents[at];
            }
            at
        }
        for link in links {
            if let (Some(a), Some(b)) = (number(&link.a), number(&link.b)) {
                let (a, b) = (find(&mut parents, a), find(&mut parents, b));
                parents[a] = b;
            }
        }
        let first = find(&mut parents, 0);
        let lost: Vec<usize> =
            (0..parents.len()).filter(|at| find(&mut parents, *at) != first).collect();
        // A router that is cut off takes its hosts with it: then the router is the mistake.
        let routers: Vec<usize> =
            lost.iter().copied().filter(|at| *at < self.routers.len()).collect();
        let named = if routers.is_empty() { lost } else { routers };
        for at in named {
            let (path, noun, name) = match at.checked_sub(self.routers.len()) {
                None => {
                    let network = Path::top().at("network");
                    let path = match self.is_generated(at) {
                        true => network.at("topology"),
                        false => network.at("routers").at(at),
                    };
                    (path, "router", self.routers[at].clone())
                }
                Some(at) => {
                    let (name, host) = self.hosts.get_index(at).expect("it is counted");
                    (host.path.clone(), "host", name.clone())
                }
            };
            let found = format!("no link leads from the {noun} \"{name}\" to the others");
            self.report.at(&path, found, "add one to network.links".to_owned());
        }
    }
}

pub(super) fn unreachable(format: format::Unreachable) -> Unreachable {
    match format {
        format::Unreachable::Silence => Unreachable::Silence,
        format::Unreachable::Refuse => Unreachable::Refuse,
        format::Unreachable::Prohibit => Unreachable::Prohibit,
    }
}

const DEFAULT_ROUTER: &str = "internet";
/// The least that every IPv4 host must take (RFC 791 §3.1).
const LEAST_MTU: u32 = 576;
