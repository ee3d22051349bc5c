//! Routes over growing topologies: what a look-up costs, and what a link costs that is cut and healed.
//!
//! Routers stand in a grid, hosts hang on them in turn. A look-up should cost the same however many
//! there are; what a cut costs should follow the number of ways that it changes, which stands in the
//! name of each bench, and not the size of the network.

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use mxsim::engine::Seed;
use mxsim::net::routes::Change;
use mxsim::net::{Cost, LinkId, NodeId, Routes, Topology, generate};

/// Hosts, and columns and rows of routers.
const SIZES: [(u32, usize, usize); 5] =
    [(100, 5, 2), (1_000, 8, 4), (10_000, 10, 10), (100_000, 40, 25), (1_000_000, 100, 100)];
/// To so many hosts packets are sent.
const GOALS: usize = 64;

struct Network {
    topology: Topology,
    hosts: u32,
    columns: usize,
    rows: usize,
}

impl Network {
    fn new((hosts, columns, rows): (u32, usize, usize)) -> Self {
        let sketch = generate::grid(columns, rows);
        let routers = sketch.routers.len();
        let links = sketch.links.len() + hosts as usize;
        let mut topology = Topology::with_capacity(hosts as usize + routers, links);
        for _ in 0..hosts {
            topology.add_host(1);
        }
        let each = hosts / routers as u32 + 5;
        let routers: Vec<NodeId> = (0..routers).map(|_| topology.add_router(each)).collect();
        let cost = [Cost::delay(Duration::from_millis(5)); 2];
        for span in &sketch.links {
            topology.connect(routers[span.between[0]], routers[span.between[1]], cost);
        }
        for host in 0..hosts {
            topology.connect(NodeId(host), routers[host as usize % routers.len()], cost);
        }
        Network { topology, hosts, columns, rows }
    }

    fn router(&self, column: usize, row: usize) -> NodeId {
        NodeId(self.hosts + (row * self.columns + column) as u32)
    }

    fn link(&self, one: NodeId, other: NodeId) -> LinkId {
        self.topology.links_between(one, other)[0]
    }

    /// Routes on which so many trees are there.
    fn routes(&self, goals: &[NodeId]) -> Routes {
        let routes = Routes::new(&self.topology);
        for goal in goals {
            routes.next_port(self.router(0, 0), *goal);
        }
        routes
    }

    /// Hosts on as many different routers, if there are.
    fn goals(&self) -> Vec<NodeId> {
        let routers = self.columns * self.rows;
        let step = (routers / GOALS).max(1);
        (0..GOALS.min(routers)).map(|goal| NodeId((goal * step) as u32)).collect()
    }
}

/// A link that is cut and healed, as often as the bench likes.
fn cut(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, network: &Network, link: LinkId) {
    let mut routes = network.routes(&network.goals());
    let [down, up] = [false, true].map(|up| Change::Link(link, [up; 2]));
    let ways = routes.learn(&network.topology, down) + routes.learn(&network.topology, up);
    group.bench_function(format!("{name}, {ways} ways"), |bencher| {
        bencher
            .iter(|| routes.learn(&network.topology, down) + routes.learn(&network.topology, up));
    });
}

fn routes(criterion: &mut Criterion) {
    for size in SIZES {
        let network = Network::new(size);
        let (columns, rows) = (network.columns, network.rows);
        let title = format!("routes/{} hosts, {} routers", network.hosts, columns * rows);
        let mut group = criterion.benchmark_group(title);
        group.sample_size(10);

        let goals = network.goals();
        let routes = network.routes(&goals);
        let mut draws = Seed(1).stream("look-ups");
        let mut pick = |count: usize| draws.below(count as u64) as usize;
        let pairs: Vec<(NodeId, NodeId)> = (0..1_024)
            .map(|_| (network.router(pick(columns), pick(rows)), goals[pick(goals.len())]))
            .collect();
        group.throughput(Throughput::Elements(pairs.len() as u64));
        group.bench_function("look-up", |bencher| {
            bencher.iter(|| {
                let ports = pairs.iter().map(|(from, to)| routes.next_port(*from, *to));
                ports.flatten().fold(0, |sum, port| sum ^ black_box(port))
            });
        });

        group.throughput(Throughput::Elements(1));
        group.bench_function("first look-up for a goal", |bencher| {
            bencher.iter_batched_ref(
                || network.routes(&[]),
                |routes| routes.next_port(network.router(0, 0), goals[goals.len() - 1]),
                criterion::BatchSize::PerIteration,
            );
        });

        // In a corner few ways are touched, in the middle many; a host's own link is in no tree.
        let corner = network
            .link(network.router(columns - 1, rows - 1), network.router(columns - 2, rows - 1));
        cut(&mut group, "cut and heal in a corner", &network, corner);
        let (column, row) = (columns / 2, rows / 2);
        let middle = network.link(network.router(column, row), network.router(column - 1, row));
        cut(&mut group, "cut and heal in the middle", &network, middle);
        let host = network.link(NodeId(0), network.router(0, 0));
        cut(&mut group, "cut and heal of a host", &network, host);
        group.finish();
    }
}

criterion_group!(benches, routes);
criterion_main!(benches);
