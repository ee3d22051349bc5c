//! Generated routers: their names, their links, and who hangs on which.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::Expander;
use super::network::Pair;
use crate::engine::Seed;
use crate::net::Latency;
use crate::net::generate::{self, Region, Sketch, Span};
use crate::scenario::finding::Path;
use crate::scenario::format::topology::{Grid, Spread, Topology, Tree, Waxman, World};
use crate::scenario::plan::{IdleHosts, Link};

/// What was generated.
#[derive(Debug, Default)]
pub(super) struct Generated {
    /// The place of the first of these routers among all.
    first: usize,
    sketch: Sketch,
    /// The regions of a world, each with the places of its routers among all.
    regions: Vec<(String, Range<usize>)>,
}

impl Expander<'_, '_, '_> {
    /// Adds the routers of the topology to those that are given.
    pub(super) fn generate(&mut self) {
        let Some(topology) = &self.scenario.network.topology else { return };
        let path = Path::top().at("network").at("topology");
        let Some(sketch) = self.sketch(&path, topology) else { return };
        let first = self.routers.len();
        if let Some(taken) = sketch.routers.iter().find(|router| self.routers.contains(*router)) {
            let found = format!("a generated router is called \"{taken}\" too");
            let path = Path::top().at("network").at("routers");
            self.report.at(&path, found, "give it another name".to_owned());
            return;
        }
        self.routers.extend(sketch.routers.iter().cloned());
        let mut regions = Vec::new();
        if let Some(world) = &topology.world {
            let routers = world.routers.unwrap_or(1) as usize;
            for (at, region) in regions_of(world).into_iter().enumerate() {
                let first = first + at * routers;
                regions.push((region.to_string(), first..first + routers));
            }
        }
        self.generated = Generated { first, sketch, regions };
    }

    fn sketch(&mut self, path: &Path<'_>, topology: &Topology) -> Option<Sketch> {
        let Topology { star, line, ring, tree, grid, waxman, world, .. } = topology;
        if let Some(of) = star {
            return Some(generate::star(of.routers as usize));
        }
        if let Some(of) = line {
            return Some(generate::line(of.routers as usize));
        }
        if let Some(of) = ring {
            return Some(generate::ring(of.routers as usize));
        }
        if let Some(Tree { fan_out, depth }) = *tree {
            let size = generate::tree_size(fan_out as usize, depth);
            if size.is_none_or(|size| size > MAX_ROUTERS) {
                let found = match size {
                    Some(size) => format!("a tree of {size} routers"),
                    None => "a tree without end".to_owned(),
                };
                let remedy = format!("at most {MAX_ROUTERS}");
                self.report.at(&path.at("tree"), found, remedy);
                return None;
            }
            return Some(generate::tree(fan_out as usize, depth));
        }
        if let Some(Grid { columns, rows }) = *grid {
            let size = columns as usize * rows as usize;
            if size > MAX_ROUTERS {
                let (found, remedy) =
                    (format!("a grid of {size} routers"), format!("at most {MAX_ROUTERS}"));
                self.report.at(&path.at("grid"), found, remedy);
                return None;
            }
            return Some(generate::grid(columns as usize, rows as usize));
        }
        if let Some(Waxman { routers, alpha, beta, extent }) = *waxman {
            let model = generate::Waxman {
                routers: routers as usize,
                alpha: alpha.unwrap_or(0.15),
                beta: beta.unwrap_or(0.4),
                extent: extent.map_or(Duration::from_millis(40), |extent| extent.0),
            };
            return Some(generate::waxman(model, &mut seed(topology).stream("topology waxman")));
        }
        let world = world.as_ref()?;
        let regions = regions_of(world);
        let path = path.at("world").at("regions");
        if regions.is_empty() {
            let remedy = "name one, or leave the key out for all".to_owned();
            self.report.at(&path, "there is no region", remedy);
            return None;
        }
        for (at, region) in regions.iter().enumerate() {
            if regions[..at].contains(region) {
                let found = format!("the region \"{region}\" stands here twice");
                self.report.at(&path.at(at), found, None);
                return None;
            }
        }
        Some(generate::world(&regions, world.routers.unwrap_or(1) as usize))
    }

    /// Adds the links of the topology, but for those between routers that are joined already.
    pub(super) fn generated_links(
        &mut self,
        base: Pair,
        joined: &BTreeSet<(String, String)>,
        links: &mut Vec<Link>,
    ) {
        let Some(topology) = &self.scenario.network.topology else { return };
        let mut pair = base;
        if let Some(link) = &topology.link {
            pair = self.overlay(&Path::top().at("network").at("topology").at("link"), pair, link);
        }
        let Generated { first, sketch, .. } = &self.generated;
        for Span { between, delay } in &sketch.links {
            let [a, b] = between.map(|end| self.routers[first + end].clone());
            let is_joined = match a < b {
                true => joined.contains(&(a.clone(), b.clone())),
                false => joined.contains(&(b.clone(), a.clone())),
            };
            if is_joined {
                continue;
            }
            let mut pair = pair.clone();
            if let Some(delay) = delay {
                for config in [&mut pair.forward, &mut pair.backward] {
                    Arc::make_mut(config).latency = Latency::Constant(*delay);
                }
            }
            links.push(Link { a, b, forward: pair.forward, backward: pair.backward });
        }
    }

    /// The router on which a host hangs that names none: the first one that the file names, or one of
    /// the generated ones.
    pub(super) fn usual_router(&self, at: usize) -> String {
        let Generated { first, sketch, .. } = &self.generated;
        let place = match sketch.routers.len() {
            0 => 0,
            _ if *first > 0 => 0,
            count => self.place_among(at, 0..count),
        };
        self.routers[place].clone()
    }

    /// The router of a region on which a host hangs that names the region.
    pub(super) fn router_in(&self, at: usize, region: &str) -> Option<String> {
        let (_, routers) = self.generated.regions.iter().find(|(name, _)| name == region)?;
        Some(self.routers[self.place_among(at, routers.clone())].clone())
    }

    /// Whether the router at this place is none that the file names.
    pub(super) fn is_generated(&self, place: usize) -> bool {
        place >= self.generated.first && !self.generated.sketch.routers.is_empty()
    }

    /// The names of the regions.
    pub(super) fn regions(&self) -> impl Iterator<Item = String> {
        self.generated.regions.iter().map(|(name, _)| name.clone())
    }

    /// Whether it is the name of a host on which nothing runs.
    pub(super) fn is_idle_host(&self, name: &str) -> bool {
        let count = self.scenario.network.topology.as_ref().and_then(|topology| topology.hosts);
        let number = name.strip_prefix("host-").and_then(|number| number.parse::<u32>().ok());
        number.is_some_and(|number| {
            (1..=count.unwrap_or(0)).contains(&number) && !name.starts_with("host-0")
        })
    }

    /// Which of these routers it is for a host: the same for all hosts of a domain.
    fn place_among(&self, at: usize, routers: Range<usize>) -> usize {
        let topology = self.scenario.network.topology.as_ref();
        let (name, host) = self.hosts.get_index(at).expect("it is counted");
        let domain = host.domain.as_ref().and_then(|name| self.domains.get_index_of(name));
        let offset = match topology.and_then(|topology| topology.spread).unwrap_or_default() {
            Spread::InTurn => domain.unwrap_or(self.domains.len() + at) % routers.len(),
            Spread::Drawn => {
                let whose = host.domain.as_ref().filter(|_| domain.is_some()).unwrap_or(name);
                let seed = topology.map_or(Seed(1), seed);
                let mut draws = seed.stream(&format!("topology attach {whose}"));
                draws.below(routers.len() as u64) as usize
            }
        };
        routers.start + offset
    }

    /// The hosts on which nothing runs, and a finding where one of the file has their names or
    /// addresses.
    pub(super) fn idle_hosts(&mut self, base: Pair) -> IdleHosts {
        let topology = self.scenario.network.topology.as_ref();
        let count = topology.and_then(|topology| topology.hosts).unwrap_or(0);
        let family = self.scenario.network.addresses.unwrap_or_default();
        let Generated { first, sketch, .. } = &self.generated;
        let idle = IdleHosts {
            count,
            family,
            routers: *first..*first + sketch.routers.len(),
            link: [base.forward, base.backward],
        };
        if count == 0 {
            return idle;
        }
        let path = Path::top().at("network").at("topology").at("hosts");
        if let Some(most) = idle.most_addresses()
            && count > most
        {
            let found = format!("{count} hosts have no IPv4 addresses");
            let remedy = format!("at most {most}, or \"addresses\": \"ipv6\"");
            self.report.at(&path, found, remedy);
        }
        for (name, host) in &self.hosts {
            if idle.number(name).is_some() {
                let found = format!("\"{name}\" is the name of one of {count} idle hosts");
                self.report.at(&host.path.clone(), found, "give it another name".to_owned());
            }
            if let Some(address) = host.addresses.iter().find(|address| idle.has(**address)) {
                let found = format!("{address} is the address of an idle host already");
                self.report.at(&host.path.clone(), found, None);
            }
        }
        idle
    }
}

fn seed(topology: &Topology) -> Seed {
    Seed(topology.seed.unwrap_or(1))
}

fn regions_of(world: &World) -> Vec<Region> {
    match &world.regions {
        Some(regions) => regions.iter().map(|region| Region::from(*region)).collect(),
        None => Region::ALL.into(),
    }
}

const MAX_ROUTERS: usize = 100_000;
