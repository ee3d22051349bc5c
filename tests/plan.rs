//! Scenarios to plans: what the short form makes, how the explicit form joins in, and that no text
//! whatever is too much.

#![allow(clippy::unwrap_used, reason = "a panic here is the failure")]

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mxsim::engine::Seed;
use mxsim::proto::dns::RecordType;
use mxsim::scenario::plan::Service;
use mxsim::scenario::{self, NoFiles, Plan};
use mxsim::store::queue::Backoff;
use proptest::prelude::*;

fn plan(text: &str) -> Plan {
    match scenario::parse(text, "test.json", &NoFiles) {
        Ok(plan) => plan,
        Err(findings) => {
            let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
            panic!("{}", told.join("\n"));
        }
    }
}

/// The records of a zone with that owner and type, as text.
fn records(plan: &Plan, zone: &str, owner: &str, rtype: RecordType) -> Vec<String> {
    let zone = &plan.zones[zone];
    let owner = owner.parse().unwrap();
    let fitting = zone.records.iter().filter(|one| one.name == owner && one.rtype() == rtype);
    fitting.map(|record| record.data.to_string()).collect()
}

fn address(plan: &Plan, host: &str) -> String {
    plan.hosts[host].addresses[0].to_string()
}

#[test]
fn a_zone_says_who_has_it_from_whom_and_what_becomes_of_it() {
    let plan = plan(
        r#"{
        "domains": { "example.org": { "servers": { "name_servers": ["ns1", "ns2"] } } },
        "zones": {
            "example.org": {
                "secondaries": ["ns2.example.org"], "refresh": "1h", "expire": "1d",
                "changes": [
                    { "at": "20m", "remove": ["imap A"] },
                    { "at": "10m", "records": ["@ 60 MX 5 mx", "mx A 192.0.2.77"] }
                ]
            },
            "example.net": { "primary": "hidden.example.net", "servers": ["ns.example.net"] }
        } }"#,
    );
    let zone = &plan.zones["example.org"];
    assert_eq!(zone.primary.as_deref(), Some("ns1.example.org"));
    assert_eq!(zone.servers, ["ns1.example.org", "ns2.example.org"]);
    assert_eq!(zone.secondaries, ["ns2.example.org"]);
    let soa = records(&plan, "example.org", "example.org", RecordType::Soa);
    assert_eq!(soa, ["ns1.example.org. hostmaster.example.org. 1 3600 7200 86400 300"]);
    let holds = |at: usize, line: &str| {
        let mut lines = zone.changes[at].records.iter();
        lines.any(|record| format!("{} {}", record.name, record.data).starts_with(line))
    };
    assert_eq!(zone.changes[0].at.to_string(), "600.000000000");
    for at in [0, 1] {
        assert!(holds(at, "example.org. 5 mx.example.org."));
        assert!(holds(at, "mx.example.org. 192.0.2.77"));
        assert!(!holds(at, "example.org. 10 "), "replaced");
    }
    assert!(holds(0, "imap.example.org. ") && !holds(1, "imap.example.org. "));
    let serial = |at: usize| zone.changes[at].records[0].data.to_string();
    assert!(serial(0).contains(" 2 3600 ") && serial(1).contains(" 3 3600 "));

    let zone = &plan.zones["example.net"];
    assert_eq!(zone.servers, ["ns.example.net"]);
    assert_eq!(zone.primary.as_deref(), Some("hidden.example.net"));
    assert_eq!(zone.secondaries, ["ns.example.net"]);
}

#[test]
fn every_scenario_is_right() {
    for file in scenario_files() {
        let plan = scenario::load(&file).unwrap_or_else(|findings| {
            panic!("{}", findings.iter().map(|one| format!("{one}\n")).collect::<String>())
        });
        assert!(!plan.title.is_empty() && !plan.expect.is_empty(), "{file:?}");
        assert!(scenario::build::build(&plan, Seed(plan.seed)).is_ok(), "{file:?}");
    }
}

#[test]
fn a_domain_with_one_server_has_everything_on_it() {
    let plan = plan(r#"{"domains": {"example.org": {"users": ["alice"]}}}"#);
    let mail = &plan.hosts["mail.example.org"];
    let [Service::Mta(mta), Service::MailboxServer(server)] = mail.services.as_slice() else {
        panic!("{:?}", mail.services);
    };
    assert_eq!((mta.deliver.len(), mta.relay.len(), mta.submission.len()), (1, 0, 1));
    assert!(mta.smtp && server.imap && server.pop3);
    assert_eq!(
        records(&plan, "example.org", "example.org", RecordType::Mx),
        ["10 mail.example.org."]
    );
    for name in ["mail", "smtp", "imap", "pop"] {
        let name = format!("{name}.example.org");
        assert_eq!(records(&plan, "example.org", &name, RecordType::A), ["192.0.2.3"]);
    }
    assert!(!plan.zones.contains_key("example.org (inner)"));
    assert_eq!(plan.clients["alice@example.org/laptop"], "laptop.alice.example.org");
}

#[test]
fn a_border_sees_another_mx_than_the_world() {
    let plan = plan(r#"{"domains": {"example.com": {"users": ["bob"], "servers": "split"}}}"#);
    let mx = |zone| records(&plan, zone, "example.com", RecordType::Mx);
    assert_eq!(mx("example.com"), ["10 mx1.example.com."]);
    assert_eq!(mx("example.com (inner)"), ["10 imap.example.com."]);
    let resolver = &plan.hosts["resolver.example.com"];
    let Service::Resolver(service) = &resolver.services[0] else { panic!() };
    assert_eq!(service.zones, ["example.com (inner)"]);
    assert_eq!(plan.hosts["mx1.example.com"].resolvers, resolver.addresses);
    let inside = &plan.domains["example.com"].inside;
    assert_eq!(inside.len(), 3, "border, submission and mailbox server: {inside:?}");
}

#[test]
fn zones_are_delegated_from_the_root_down() {
    let plan = plan(
        r#"{"domains": {"example.com": {}, "lab.example.com": {}},
            "zones": {"example.net": {"records": ["www 5m IN A 192.0.2.99"]}}}"#,
    );
    let ns = |zone, owner| records(&plan, zone, owner, RecordType::Ns);
    assert_eq!(ns(".", "com"), ["a.nic.com."]);
    assert_eq!(ns("com", "example.com"), ["ns1.example.com."]);
    assert_eq!(ns("example.com", "lab.example.com"), ["ns1.lab.example.com."]);
    assert_eq!(ns("net", "example.net"), ["ns1.example.net."]);
    let glue = records(&plan, "example.com", "ns1.lab.example.com", RecordType::A);
    assert_eq!(glue, [address(&plan, "ns1.lab.example.com")]);
    for (key, zone) in &plan.zones {
        assert_eq!(zone.records[0].rtype(), RecordType::Soa, "{key}");
    }
    assert_eq!(plan.hints[0].name, "a.root-servers.net");
}

#[test]
fn records_in_the_file_replace_those_of_the_short_form() {
    let plan = plan(
        r#"{"domains": {"example.org": {"users": ["alice"]}},
            "zones": {"example.org": {"records": ["@ IN MX 0 .", "www IN A 192.0.2.80"]},
                      "org": {"records": ["example IN NS ns9.example.org."]}},
            "hosts": {"ns9.example.org": {"addresses": ["192.0.2.99"]}}}"#,
    );
    assert_eq!(records(&plan, "example.org", "example.org", RecordType::Mx), ["0 ."]);
    assert_eq!(records(&plan, "example.org", "www.example.org", RecordType::A), ["192.0.2.80"]);
    // A lame delegation stays as it was written.
    assert_eq!(records(&plan, "org", "example.org", RecordType::Ns), ["ns9.example.org."]);
}

#[test]
fn the_explicit_form_changes_what_the_short_form_makes() {
    let plan = plan(
        r#"{"network": {"routers": ["internet", "isp"], "links": [{"between": ["internet", "isp"]}]},
            "domains": {"example.org": {"users": ["alice"], "servers": "split"}},
            "hosts": {"mx1.example.org": {
                "addresses": ["203.0.113.200"], "attach": "isp", "link": {"forward": {"loss": "1%"}},
                "services": [{"mta": {"size_limit": "1MB", "retry": {"min": "1m"}}}]}}}"#,
    );
    assert_eq!(address(&plan, "mx1.example.org"), "203.0.113.200");
    let link = plan.links.iter().find(|link| link.a == "mx1.example.org").unwrap();
    assert_eq!(
        (link.b.as_str(), link.forward.loss, link.backward.loss),
        ("isp", 0.01.into(), 0.0.into())
    );
    let Service::Mta(mta) = &plan.hosts["mx1.example.org"].services[0] else { panic!() };
    assert_eq!(mta.size_limit, 1_000_000);
    let Backoff::Postfix { least, .. } = mta.retry.backoff else { panic!() };
    assert_eq!(least, Duration::from_secs(60));
    assert_eq!(mta.relay.len(), 1, "the part that the domain gave it stays");
}

#[test]
fn a_domain_can_be_built_by_hand() {
    let plan = plan(
        r#"{"domains": {"example.org": {"servers": "none", "users": ["alice"]}},
            "zones": {"example.org": {"records": ["@ MX 10 box", "smtp CNAME box", "imap CNAME box"]}},
            "hosts": {
                "box.example.org": {"resolver": "dns.example.org", "services": [
                    {"mta": {"deliver": ["example.org"], "submission": ["example.org"]}},
                    {"mailbox_server": {"domains": ["example.org"], "pop3": false}}]},
                "dns.example.org": {"services": [{"resolver": {}}]},
                "pc.example.org": {"resolver": "dns.example.org"}},
            "clients": {"alice": {"host": "pc.example.org", "user": "alice@example.org"}},
            "agenda": [{"at": "1s", "client": "alice", "send": {"to": "alice@example.org"}}],
            "expect": [{"delivered": {"mail": "mail-1"}}]}"#,
    );
    assert_eq!(plan.domains["example.org"].mailbox_host.as_deref(), Some("box.example.org"));
    assert_eq!(plan.mails["mail-1"].message_id.as_deref(), Some("<mail-1@pc.example.org>"));
    assert_eq!(plan.hosts["pc.example.org"].resolvers, plan.hosts["dns.example.org"].addresses);
}

#[test]
fn an_inner_view_can_be_written_by_hand() {
    let plan = plan(
        r#"{"domains": {"example.org": {"users": ["alice"], "servers": "split"}},
            "zones": {"inside": {"name": "corp.example", "records": ["wiki A 192.0.2.44"]},
                      "example.org": {"records": ["www CNAME imap"]}},
            "hosts": {"resolver.example.org": {"services": [{"resolver": {"zones": ["inside"]}}]}}}"#,
    );
    let Service::Resolver(resolver) = &plan.hosts["resolver.example.org"].services[0] else {
        panic!()
    };
    assert_eq!(resolver.zones, ["example.org (inner)", "inside"]);
    let ns = records(&plan, "inside", "corp.example", RecordType::Ns);
    assert_eq!(ns, ["resolver.example.org."]);
    assert!(!plan.zones.contains_key("example"), "an inner view is not delegated to");
    let www = |zone| records(&plan, zone, "www.example.org", RecordType::Cname);
    assert_eq!(www("example.org (inner)"), www("example.org"));
    assert!(scenario::build::build(&plan, Seed(1)).is_ok());
}

#[test]
fn what_is_added_at_the_end_moves_no_address() {
    let before = plan(
        r#"{"domains": {"example.org": {"users": ["alice"]}},
            "hosts": {"www.example.org": {}}}"#,
    );
    let after = plan(
        r#"{"domains": {"example.org": {"users": ["alice", "carol"]}, "example.com": {"users": ["bob"]}},
            "hosts": {"www.example.org": {}, "ftp.example.org": {}}}"#,
    );
    for (name, host) in &before.hosts {
        assert_eq!(host.addresses, after.hosts[name].addresses, "{name}");
    }
    let mut owners: BTreeMap<IpAddr, &str> = BTreeMap::new();
    for (name, host) in &after.hosts {
        for address in &host.addresses {
            assert_eq!(owners.insert(*address, name), None);
        }
    }
}

#[test]
fn faults_stand_in_the_order_of_time() {
    let plan = plan(
        r#"{"domains": {"example.org": {}},
            "faults": [{"at": "2m", "isolate": "mail.example.org", "for": "5m"},
                       {"at": "1m", "crash": "ns1.example.org", "for": "3m"},
                       {"at": "3m", "link": {"between": ["internet", "ns1.example.org"],
                                             "forward": {"loss": "50%"}}}]}"#,
    );
    let times: Vec<_> = plan
        .faults
        .iter()
        .map(|fault| (fault.at.to_string(), fault.until.map(|until| until.to_string())))
        .collect();
    let until = |secs: &str| Some(format!("{secs}.000000000"));
    let told = [("60", until("240")), ("120", until("420")), ("180", None)];
    assert_eq!(times, told.map(|(at, until)| (format!("{at}.000000000"), until)));
    let scenario::plan::FaultAction::Change { a, forward, backward, .. } = &plan.faults[2].action
    else {
        panic!("{:?}", plan.faults[2])
    };
    // The link was drawn from the host; "forward" is from the first end named in the fault.
    assert_eq!(
        (a.as_str(), forward.loss, backward.loss),
        ("ns1.example.org", None, Some(0.5.into()))
    );
}

#[test]
#[expect(clippy::disallowed_methods, reason = "only to see that no step is quadratic")]
fn ten_thousand_domains_are_a_matter_of_seconds() {
    let mut text = String::from("{\"domains\": {");
    for number in 0..10_000 {
        let comma = if number == 0 { "" } else { "," };
        text += &format!(
            "{comma}\"d{number}.example\": {{\"users\": [\"a\", \"b\"], \"servers\": \"split\"}}"
        );
    }
    text += "}}";
    let start = Instant::now();
    let plan = plan(&text);
    assert_eq!(plan.hosts.len(), 2 + 10_000 * 7);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    println!("{:?}", start.elapsed());
}

fn scenario_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.retain(|file| file.extension().is_some_and(|end| end == "json"));
    files.retain(|file| !file.ends_with("mxsim.schema.json"));
    files
}

fn scenario_texts() -> Vec<String> {
    scenario_files().iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

/// Puts one piece of a text into the place of another, as a slip of the hand does.
fn mutate(text: &str, edits: &[(usize, usize, usize, usize)]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for &(at, cut, from, length) in edits {
        let at = at % (text.len() + 1);
        let cut = (at + cut).min(text.len());
        let from = from % (text.len() + 1);
        let piece: Vec<char> = text[from..(from + length).min(text.len())].to_vec();
        text.splice(at..cut, piece);
    }
    text.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_is_too_much(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((0..8_000usize, 0..40usize, 0..8_000usize, 0..40usize), 1..6),
    ) {
        let texts = scenario_texts();
        let text = mutate(&texts[which.index(texts.len())], &edits);
        match scenario::parse(&text, "mutated.json", &NoFiles) {
            Ok(plan) => prop_assert!(scenario::build::build(&plan, Seed(1)).is_ok()),
            Err(findings) => prop_assert!(!findings.is_empty()),
        }
    }

    /// Shape stays right, words change places: the mistakes are in the meaning.
    #[test]
    fn no_exchange_of_words_is_too_much(
        which in any::<prop::sample::Index>(),
        swaps in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..8),
    ) {
        let texts = scenario_texts();
        let text = &texts[which.index(texts.len())];
        let mut parts: Vec<&str> = text.split('"').collect();
        for (a, b) in swaps {
            // Every second part is inside quotes.
            let words = parts.len() / 2;
            parts.swap(1 + 2 * a.index(words), 1 + 2 * b.index(words));
        }
        let text = parts.join("\"");
        match scenario::parse(&text, "mutated.json", &NoFiles) {
            Ok(plan) => prop_assert!(scenario::build::build(&plan, Seed(1)).is_ok()),
            Err(findings) => prop_assert!(!findings.is_empty()),
        }
    }
}

#[test]
fn generated_routers_are_joined_and_hosts_spread_over_them() {
    let plan = plan(
        r#"{
        "network": {
            "topology": {
                "world": { "regions": ["europe", "asia"], "routers": 2 },
                "link": { "bandwidth": "1Gbps" }, "hosts": 5
            },
            "links": [{ "between": ["asia-1", "europe-1"], "latency": "1ms", "cost": 7 }]
        },
        "domains": {
            "example.org": {}, "example.net": {}, "example.com": { "attach": "asia" }
        },
        "hosts": { "one.example.edu": { "attach": "europe-2" } } }"#,
    );
    assert_eq!(plan.routers, ["europe-1", "europe-2", "asia-1", "asia-2"]);
    let link = |a: &str, b: &str| {
        let is_it = |link: &&scenario::plan::Link| {
            (link.a == a && link.b == b) || (link.a == b && link.b == a)
        };
        let mut links = plan.links.iter().filter(is_it);
        let link = links.next().unwrap();
        assert!(links.next().is_none(), "{a} {b}");
        link
    };
    let given = link("europe-1", "asia-1");
    assert_eq!((given.forward.cost, given.forward.bandwidth_bps), (Some(7), None));
    let cable = link("europe-2", "asia-2");
    assert_eq!(cable.forward.latency.typical(), Duration::from_micros(127_600));
    assert_eq!(cable.backward.bandwidth_bps, Some(1_000_000_000));
    // The first domain hangs on the first router, the next on the next; the third is in Asia.
    link("mail.example.org", "europe-1");
    link("ns1.example.org", "europe-1");
    link("mail.example.net", "europe-2");
    link("mail.example.com", "asia-1");
    link("one.example.edu", "europe-2");
    let world = scenario::build::build(&plan, Seed(1)).unwrap();
    let last = world.node("host-5").unwrap();
    assert_eq!(world.link_ends(world.links_of(last)[0])[1], world.node("europe-1").unwrap());
    assert!(world.is_up(last).unwrap(), "it needs no event to come up");
}

#[test]
fn hosts_that_do_nothing_change_nothing() {
    let run = |hosts: u32| {
        let text = include_str!("../scenarios/world.json");
        let text = text.replace("\"hosts\": 50", &format!("\"hosts\": {hosts}"));
        let mut world = scenario::build::build(&plan(&text), Seed(1)).unwrap();
        world.run(mxsim::engine::SimTime::from_secs(1_800));
        (world.fingerprint(), world.events())
    };
    assert_eq!(run(0), run(1_000));
}
