//! Workloads: the presets with few messages, and what a workload promises.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure")]

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use mxsim::engine::{Fingerprint, Seed};
use mxsim::report::{LoadDone, Summary, Transcript, expect, laws};
use mxsim::scenario::presets::{PRESETS, Preset, preset};
use mxsim::scenario::{self, NoFiles, Plan, build};
use mxsim::world::{RecordId, Threads, Watch, World, written_at};

fn plan(text: &str) -> Plan {
    scenario::parse(text, "load.json", &NoFiles).unwrap_or_else(|findings| {
        let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
        panic!("{}", told.join("\n"));
    })
}

/// A preset with so many messages or questions.
fn small(preset: &Preset, count: u64) -> Plan {
    // What takes its time is the building of a million hosts, which `tests/crowd.rs` does.
    let mut plan = plan(&preset.text.replace("\"hosts\": 1000000", "\"hosts\": 10000"));
    assert!(plan.messages().is_some_and(|usual| usual > count), "{}", preset.name);
    assert!(plan.set_messages(count));
    plan
}

fn play(plan: &Plan, seed: u64, watch: impl Into<Watch>) -> World {
    let mut world = build::build_observed(plan, Seed(seed), watch).unwrap();
    world.run(plan.until);
    world
}

/// The expectations and the laws that do not hold.
fn broken(plan: &Plan, world: &World) -> Vec<String> {
    let verdicts = expect::check(plan, world);
    assert!(!verdicts.is_empty(), "a scenario expects something");
    let failed = verdicts.iter().filter(|verdict| !verdict.holds).map(ToString::to_string);
    failed.chain(laws::check(plan, world).iter().map(ToString::to_string)).collect()
}

fn done(text: &str) -> LoadDone {
    LoadDone::new(&play(&plan(text), 1, false))
}

/// What is done is what was asked for, of each preset and with several seeds.
#[test]
fn presets_do_what_they_say() {
    for preset in PRESETS {
        let count = if preset.name.starts_with("dns-") { 2_000 } else { 500 };
        let plan = small(preset, count);
        let mut prints: Vec<Fingerprint> = Vec::new();
        for seed in [1, 2] {
            let world = play(&plan, seed, false);
            assert_eq!(broken(&plan, &world), Vec::<String>::new(), "{} {seed}", preset.name);
            let LoadDone { tally, delivered, queued } = LoadDone::new(&world);
            assert_eq!(tally.composed + tally.asked, count, "{}: {tally:?}", preset.name);
            assert_eq!(tally.answered, tally.asked, "{}", preset.name);
            // Not more is refused than addresses that do not exist, or closed domains.
            assert!(tally.submitted >= tally.composed * 98 / 100, "{}: {tally:?}", preset.name);
            assert!(delivered >= tally.submitted * 98 / 100 && queued == 0, "{}", preset.name);
            prints.push(world.fingerprint());
        }
        assert_ne!(prints[0], prints[1], "{}: seeds differ", preset.name);
        assert_eq!(play(&plan, 1, false).fingerprint(), prints[0], "{}", preset.name);
    }
}

/// With records, all laws are judged, and the history is the same.
#[test]
fn a_watched_load_breaks_no_law() {
    for name in ["mail-day", "imap-fleet", "retry-storm"] {
        let plan = small(preset(name).unwrap(), 200);
        let watched = play(&plan, 3, true);
        assert_eq!(broken(&plan, &watched), Vec::<String>::new(), "{name}");
        assert_eq!(watched.fingerprint(), play(&plan, 3, false).fingerprint(), "{name}");
    }
}

/// Invariant: every message is accounted for, and each share leads to what it should.
#[test]
fn shares_come_out_as_they_should() {
    let load = |domains: &str, mail: &str| {
        done(&format!(
            r#"{{"workload": {{
                "domains": {{"count": 20, "users": 50{domains}}},
                "mail": {{"messages": 400, "over": "10m"{mail}}}
            }}}}"#
        ))
    };
    let plain = load("", "");
    assert_eq!((plain.tally.composed, plain.tally.submitted, plain.delivered), (400, 400, 400));
    // Whoever wrote to nobody has a report for it.
    let unknown = load("", r#", "unknown": "25%""#);
    assert_eq!(unknown.tally.submitted + unknown.tally.refused, 400);
    assert_eq!(unknown.delivered, unknown.tally.submitted, "a report for each that was not");
    // Nobody else's domain takes mail, so that each message comes back but for the few at home.
    let closed = load(r#", "closed": "100%""#, "");
    assert_eq!((closed.tally.submitted, closed.delivered), (400, 400), "{closed:?}");
    let bulk = load("", r#", "bulk": {"share": "10%", "recipients": 30}"#);
    assert!((1_000..=2_000).contains(&bulk.delivered), "{bulk:?}");
    let local = load("", r#", "local": "100%", "sessions": {"kept": "1m", "most": 1}"#);
    assert_eq!(local.delivered, 400);
}

#[test]
fn hosting_and_layouts_share_servers() {
    let text = |more: &str| {
        format!(
            r#"{{"workload": {{
                "domains": {{"count": 12, "users": 5, "clients": "50%", {more}}},
                "mail": {{"messages": 60, "over": "1m", "at": "2s", "arrivals": "constant"}}
            }}}}"#
        )
    };
    let hosted = plan(&text(r#""hosting": 6, "per_name_server": 12, "per_resolver": 4"#));
    let named = |plan: &Plan, part: &str| {
        plan.hosts.keys().filter(|name| name.starts_with(part)).cloned().collect::<Vec<_>>()
    };
    assert_eq!(named(&hosted, "mail."), ["mail.d1.example", "mail.d7.example"]);
    assert_eq!(named(&hosted, "ns1."), ["ns1.d1.example"]);
    assert_eq!(named(&hosted, "resolver.").len(), 3);
    assert_eq!(named(&hosted, "clients.").len(), 6);
    for more in [r#""hosting": 6"#, r#""each": {"servers": "split"}"#, r#""keep": "headers""#] {
        let done = done(&text(more));
        assert_eq!((done.tally.submitted, done.delivered), (60, 60), "{more}: {done:?}");
    }
}

/// Invariant: streams are named by host. A domain more, with nobody who writes, moves no message.
#[test]
fn a_client_more_moves_no_other_draw() {
    let text = |count: u32| {
        format!(
            r#"{{
            "domains": {{"example.net": {{"users": ["bob"]}}}},
            "workload": {{
                "domains": [
                    {{"count": 3, "users": 5, "weight": 0, "sends": 1}},
                    {{"count": {count}, "name": "more{{n}}.example", "weight": 0, "sends": 0}}
                ],
                "mail": {{"messages": 20, "over": "1m", "named": {{"example.net": 1}}}}
            }}}}"#
        )
    };
    let ids = |count: u32| {
        let plan = plan(&text(count));
        let world = play(&plan, 1, true);
        let disk = world.disk(world.node("mail.example.net").unwrap()).unwrap();
        let store = disk.mail_if_any().unwrap();
        let account = store.account_of("bob@example.net").unwrap();
        let inbox = mxsim::proto::imap::MailboxName::inbox();
        let messages = store.mailbox_named(account, &inbox).unwrap().messages();
        let id = |data: &[u8]| {
            let header = mxsim::proto::mail::Header::new(data);
            header.text("Message-ID").unwrap().trim().to_owned()
        };
        let mut ids: Vec<String> = messages.iter().map(|message| id(message.data())).collect();
        ids.sort();
        ids
    };
    let few = ids(1);
    assert_eq!(few.len(), 20);
    assert_eq!(few, ids(4));
}

/// What a host writes goes on after a crash, and is not written while it is down.
#[test]
fn a_host_that_crashes_writes_on_after_its_restart() {
    let plan = plan(
        r#"{
        "workload": {
            "domains": {"count": 2, "users": 5},
            "mail": {"messages": 200, "at": "0s", "over": "100s", "arrivals": "constant"}
        },
        "faults": [{"at": "20s", "crash": "clients.d1.example", "for": "50s"}]
    }"#,
    );
    let done = LoadDone::new(&play(&plan, 1, false));
    assert!((148..=152).contains(&done.tally.composed), "{done:?}");
    assert!(done.delivered >= done.tally.composed - 2, "{done:?}");
}

/// Where nobody takes mail, what is written waits, within bounds, and is given up in the end.
#[test]
fn a_server_that_is_down_is_tried_again_and_then_given_up() {
    let text = |down: &str| {
        format!(
            r#"{{
            "until": "3h",
            "workload": {{
                "domains": {{"count": 2, "users": 5}},
                "mail": {{"messages": 40, "over": "1m"}}
            }},
            "faults": [{{"at": "0s", "crash": "mail.d1.example"{down}}}]
        }}"#
        )
    };
    let back = done(&text(r#", "for": "5m""#));
    assert_eq!((back.tally.submitted, back.delivered), (40, 40), "{back:?}");
    let gone = done(&text(""));
    assert_eq!((gone.tally.submitted, gone.tally.refused), (20, 20), "{gone:?}");
}

/// A domain is a few kilobytes in the plan, a user nothing, and nobody has a mailbox before mail comes.
#[test]
fn ten_thousand_domains_of_a_hundred_users_are_a_plan_and_a_world() {
    let plan = plan(
        r#"{"workload": {
            "domains": {"count": 10000, "users": 100, "hosting": 500, "clients": "0.2%"},
            "mail": {"messages": 100, "over": "1m"}
        }}"#,
    );
    assert_eq!(plan.domains.len(), 10_000);
    assert!(plan.domains.values().all(|domain| domain.users.is_empty()));
    let world = play(&plan, 1, false);
    let done = LoadDone::new(&world);
    assert_eq!((done.tally.submitted, done.delivered, done.queued), (100, 100, 0), "{done:?}");
    let stores = world.hosts().filter_map(|host| world.disk(host)?.mail_if_any());
    let accounts: usize = stores.map(|store| store.accounts().count()).sum();
    assert!((50..=100).contains(&accounts), "{accounts}");
}

/// A load with all that may happen to a message: queues, kept connections, reports, a crash, readers.
const EVENTFUL: &str = r#"{
    "until": "3h",
    "domains": {"example.org": {"users": ["ada"]}},
    "workload": {
        "domains": {"count": 6, "users": 5, "hosting": 2, "readers": {"imap": 1, "pop3": 1}},
        "mail": {
            "messages": 300, "over": "5m", "unknown": "10%", "local": "20%",
            "bulk": {"share": "10%", "recipients": 5}, "sessions": {"kept": "1m", "most": 2}
        },
        "transcript": {"one_in": 10}
    },
    "agenda": [
        {"at": "2m", "client": "ada@example.org", "send": {"id": "hello", "to": "user1@d1.example"}}
    ],
    "faults": [{"at": "2m", "crash": "mail.d3.example", "for": "3m"}],
    "expect": [{"load": {"written": 300}}]
}"#;

/// Invariant: what somebody has written by hand is in each sample, whatever it is called. Servers name what
/// has no Message-ID (RFC 6409 §8.3).
#[test]
fn a_message_of_the_agenda_without_message_id_is_in_each_sample() {
    const TEXT: &str = r#"{
        "domains": {"example.org": {"users": ["ada"]}, "example.com": {"users": ["bob"]}},
        "workload": {
            "domains": {"count": 2, "users": 5},
            "mail": {"messages": 20, "over": "1m"},
            "transcript": {"one_in": 1000000000}
        },
        "agenda": [
            {"at": "10s", "client": "ada@example.org",
                "send": {"id": "one", "to": "bob@example.com", "eml": "bare.eml"}},
            {"at": "20s", "client": "ada@example.org",
                "send": {"id": "two", "to": "ada@example.org", "eml": "bare.eml"}}
        ]
    }"#;
    const BARE: &[u8] = b"From: ada@example.org\r\nSubject: Bare\r\n\r\nHello.\r\n";
    let files = BTreeMap::from([("bare.eml", BARE)]);
    let plan = scenario::parse(TEXT, "load.json", &files).unwrap();
    let told = |watch: Watch| {
        let world = play(&plan, 1, watch);
        let messages = Summary::new(&world).messages;
        let is_of_the_load = |id: &str| written_at(id).is_some();
        messages
            .into_iter()
            .filter(|message| !is_of_the_load(&message.message_id))
            .map(|message| serde_json::to_value(message).unwrap())
            .collect::<Vec<_>>()
    };
    let one_in = NonZeroU64::new(1_000_000_000).unwrap();
    let sampled = told(Watch::Sample { one_in });
    assert_eq!(sampled, told(true.into()));
    let path = |message: &serde_json::Value| message["path"].as_array().map_or(0, Vec::len);
    assert_eq!(sampled.iter().map(path).sum::<usize>(), 3, "{sampled:#?}");
}

/// Invariant: of a message in a sample everything is known that records of everything tell of it; what is
/// kept is in the same order, whatever the number of threads; and the history is that of a run without.
#[test]
fn a_sample_has_the_whole_way_of_its_messages() {
    let plan = plan(EVENTFUL);
    let all = play(&plan, 1, true);
    let ways = |world: &World| {
        let messages = Summary::new(world).messages;
        let way = |message: &mxsim::report::summary::Message| {
            (message.message_id.clone(), serde_json::to_value(message).unwrap())
        };
        messages.iter().map(way).collect::<BTreeMap<_, _>>()
    };
    let ids = |world: &World| world.records().iter().map(|record| record.id).collect::<Vec<_>>();
    let (all_ways, all_ids) = (ways(&all), ids(&all));
    let place: BTreeMap<RecordId, usize> =
        all_ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    for one_in in [1, 10, 1_000_000_000] {
        let one_in = NonZeroU64::new(one_in).unwrap();
        let sample = play(&plan, 1, Watch::Sample { one_in });
        assert_eq!(sample.fingerprint(), all.fingerprint());
        assert!(sample.history().is_empty() && laws::check(&plan, &sample).is_empty());
        let ways = ways(&sample);
        for (message_id, way) in &ways {
            assert_eq!(Some(way), all_ways.get(message_id), "{message_id} of one in {one_in}");
        }
        let most = match one_in.get() {
            1 => all_ways.len()..=all_ways.len(),
            // With what servers write about them.
            10 => 20..=50,
            // The agenda's.
            _ => 1..=1,
        };
        assert!(most.contains(&ways.len()), "{} of one in {one_in}", ways.len());
        let kept = ids(&sample);
        assert!(kept.iter().map(|id| place[id]).is_sorted(), "one in {one_in}");
        if one_in.get() > 1 {
            assert!(kept.len() * 4 < all_ids.len(), "{} of {}", kept.len(), all_ids.len());
        }
        let transcript = Transcript::new(&sample).to_string();
        for threads in [2, 3, 8] {
            let mut world =
                build::build_observed(&plan, Seed(1), Watch::Sample { one_in }).unwrap();
            world.set_threads(Threads::new(threads).eagerly());
            world.run(plan.until);
            assert_eq!(Transcript::new(&world).to_string(), transcript, "{threads} threads");
        }
    }
}
