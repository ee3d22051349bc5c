//! Plays a test: a name server with the zone data, a host that checks, a link between them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use crate::engine::{Seed, SimTime};
use crate::net::LinkConfig;
use crate::proto::spf::{Request, SpfResult, Verdict};
use crate::world::{HostConfig, World, WorldBuilder};

use super::checker::Checker;
use super::name_server::SuiteServer;
use super::suite::{Document, Test};

/// A test that was played.
pub struct Played {
    /// What `check_host()` said.
    pub verdict: Verdict,
    /// The world in which it did, with its records if it was watched.
    pub world: World,
}

impl Played {
    /// The explanation: that of the domain, else [`Test::DEFAULT`]; `None` but for `fail`.
    pub fn explanation(&self) -> Option<&str> {
        let explanation = || self.verdict.explanation.as_deref().unwrap_or(Test::DEFAULT);
        (self.verdict.result == SpfResult::Fail).then(explanation)
    }

    /// Whether it is what the test says: one of its results, and after `fail` its explanation. Macros
    /// expand to names of domains, so that the case does not count.
    pub fn is_right(&self, test: &Test) -> bool {
        let is_explained = match (self.explanation(), &test.explanation) {
            (Some(given), Some(wanted)) => given.eq_ignore_ascii_case(wanted),
            _ => true,
        };
        test.results.contains(&self.verdict.result) && is_explained
    }
}

/// Plays a test of a document; every draw follows from `seed`.
///
/// The MAIL FROM identity is checked, which for a null reverse-path is `postmaster` at the HELO
/// name (RFC 7208 §2.4).
pub fn play(document: &Document, test: &Test, seed: Seed, watched: bool) -> Played {
    let request = Request::mail_from(test.host, &test.mail_from, &test.helo);
    let verdict = Arc::new(OnceLock::new());
    let name_server = SocketAddr::new(NAME_SERVER_ADDRESS, 53);
    let data = Arc::new(document.zone.clone());
    let server = HostConfig::new(NAME_SERVER)
        .address(NAME_SERVER_ADDRESS)
        .actor(move || SuiteServer::new(Arc::clone(&data)));
    let shared = Arc::clone(&verdict);
    let checker = HostConfig::new(CHECKER)
        .address(CHECKER_ADDRESS)
        .actor(move || Checker::new(request.clone(), name_server, Arc::clone(&shared)));
    let mut builder = WorldBuilder::new(seed);
    builder.watched(watched).host(server).host(checker);
    builder.link(NAME_SERVER, CHECKER, LinkConfig::default());
    let mut world = builder.build().expect("two hosts with addresses of their own and one link");
    // The number of questions is bounded, and so is the time that each takes.
    world.run(SimTime::MAX);
    let verdict = verdict.get().expect("a stub resolver answers each question in the end").clone();
    Played { verdict, world }
}

const NAME_SERVER: &str = "ns";
const CHECKER: &str = "mx";
const NAME_SERVER_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 18, 0, 53));
const CHECKER_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 18, 0, 25));
