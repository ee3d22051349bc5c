//! Whole deliveries: clients of example.org submit, its MTA finds the MX of example.com through the
//! resolver (and its cache), the border MTA hands on to the inner hop, that puts the message into a
//! mailbox.

use std::sync::Arc;
use std::time::Duration;

use mxsim::engine::{Seed, SimTime};
use mxsim::proto::sasl::{Credentials, Mechanism};
use mxsim::proto::smtp::ClientConfig;
use mxsim::scenario::plan::Service;
use mxsim::scenario::{self, NoFiles, build};
use mxsim::world::World;

use super::Job;
use super::talker::{Talker, Task};

/// How many users of example.com get mail.
const USERS: usize = 16;

/// Sixteen connections to the submission server are kept busy.
const CONNECTIONS: u64 = 16;

pub(super) fn build(count: u64) -> Job {
    let users: Vec<String> = (0..USERS).map(|user| format!("\"user{user}\"")).collect();
    let text = format!(
        r#"{{
            "title": "Deliveries", "description": "",
            "domains": {{
                "example.org": {{ "users": ["alice"], "servers": "split" }},
                "example.com": {{ "users": [{}], "servers": "split" }}
            }},
            "hosts": {{ "load.example.org": {{}} }}
        }}"#,
        users.join(", ")
    );
    let mut plan = scenario::parse(&text, "deliveries.json", &NoFiles).expect("a scenario");
    let services = plan.hosts.values_mut().flat_map(|host| &mut host.services);
    for service in services {
        if let Service::Mta(mta) = service {
            mta.limits.kept_connections = Some(Duration::from_secs(2));
        }
    }
    let mut world = build::build_observed(&plan, Seed(1), false).expect("a plan");
    let server = plan.hosts["smtp.example.org"].addresses[0];
    let to = (0..USERS).map(|user| format!("<user{user}@example.com>").parse().expect("a path"));
    let alice = Credentials::new("alice@example.org", "secret");
    let config = ClientConfig {
        credentials: Some(alice),
        mechanisms: vec![Mechanism::Plain],
        ..ClientConfig::new("load.example.org")
    };
    let task = Task {
        server: (server, 587).into(),
        config: Arc::new(config),
        connections: CONNECTIONS,
        each: count.div_ceil(CONNECTIONS),
        messages: count,
        to: to.collect(),
    };
    let host = world.node("load.example.org").expect("a host of the scenario");
    world.install(SimTime::from_secs(1), host, Box::new(Talker::new(task)));
    Job { world, done: Box::new(delivered) }
}

/// How many messages lie in the mailboxes.
fn delivered(world: &World) -> u64 {
    let host = world.node("imap.example.com").expect("a host of the scenario");
    let mail = world.disk(host).and_then(|disk| disk.mail_if_any()).expect("mailboxes");
    mail.accounts().map(|(_, account)| account.usage().messages).sum()
}
