//! Captures, as Wireshark's `tshark` reads them: where there is none, these tests say so and pass, but
//! that with `CI` set they fail.

mod tshark;

use std::collections::BTreeSet;
use std::path::Path;

use mxsim::Simulation;
use mxsim::engine::SimTime;
use mxsim::report::Capture;
use mxsim::report::transcript::Protocol;
use mxsim::scenario;
use mxsim::world::{Captured, ConditionChange, Fact, Passage, Record};
use tshark::{Remark, Tshark};

/// A scenario that was played, with all that was captured.
struct Played {
    simulation: Simulation,
    captured: Vec<Captured>,
}

impl Played {
    fn scenario(path: &Path) -> Played {
        let plan = scenario::load(path).expect("a scenario without mistakes");
        let mut simulation = Simulation::new(plan).expect("a world");
        simulation.world_mut().capture(None);
        simulation.run();
        let captured = simulation.world_mut().take_captured();
        Played { simulation, captured }
    }

    fn named(name: &str) -> Played {
        Played::scenario(Path::new(&format!("scenarios/{name}.json")))
    }

    /// A capture of the packets for which `wanted` is true, and of all secrets.
    fn file(&mut self, wanted: impl Fn(Passage) -> bool) -> Vec<u8> {
        let some: Vec<_> = self
            .captured
            .iter()
            .filter(|item| match item {
                Captured::Packet(packet) => wanted(packet.passage),
                Captured::Secret(_) => true,
            })
            .cloned()
            .collect();
        let mut file = Vec::new();
        let mut capture = Capture::new(self.simulation.world_mut(), None, "a test", &mut file)
            .expect("a vector takes all");
        capture.write(self.simulation.world(), &some).expect("a vector takes all");
        drop(capture);
        file
    }

    /// The segments that were sent again, as the records tell it.
    fn resent(&self) -> BTreeSet<Resent> {
        let records = self.simulation.world().records().iter();
        let resent = records.filter_map(|record| match record.fact {
            Fact::Resent { local, peer, tcp_sequence, .. } => Some(Resent {
                time_ns: record.time.as_nanos(),
                from: local.to_string(),
                to: peer.to_string(),
                sequence: tcp_sequence,
            }),
            _ => None,
        });
        resent.collect()
    }

    /// What tshark found, in the terms of the records.
    fn resent_of(&self, remark: &Remark) -> Resent {
        let epoch_secs = self.simulation.world().epoch().0.0 as u64;
        let Remark { time_ns, from, to, sequence, .. } = remark;
        let time_ns = time_ns - epoch_secs * 1_000_000_000;
        Resent { time_ns, from: from.clone(), to: to.clone(), sequence: *sequence }
    }

    /// How many entries of the transcript tell of this.
    fn entries(&self, protocol: Protocol, told: impl Fn(&str) -> bool) -> usize {
        let transcript = self.simulation.transcript();
        transcript.entries().filter(|entry| entry.protocol == protocol && told(&entry.text)).count()
    }

    /// Whether the records are of all that happened, not of a sample.
    fn tells_all(&self) -> bool {
        !self.simulation.world().history().is_empty()
    }

    /// Whether each packet that was sent came to a host in its usual time: no fault held it up, and no
    /// host stood still that should answer.
    fn is_free_of_loss(&self) -> bool {
        let is_trouble = |record: &Record| {
            matches!(
                record.fact,
                Fact::Lost { .. }
                    | Fact::Altered { .. }
                    | Fact::LinkChanged(_)
                    | Fact::Held(..)
                    | Fact::Condition(ConditionChange::Frozen(_))
            )
        };
        if !self.tells_all() {
            return false;
        }
        if self.simulation.world().records().iter().any(is_trouble) {
            return false;
        }
        let count = |passage| {
            let passes = |item: &&Captured| matches!(item, Captured::Packet(packet) if packet.passage == passage);
            self.captured.iter().filter(passes).count()
        };
        count(Passage::Sent) == count(Passage::Received)
    }
}

/// A segment that is sent again.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Resent {
    time_ns: u64,
    from: String,
    to: String,
    sequence: u32,
}

/// Nothing is malformed and no checksum wrong, on whichever side of the network; TCP does nothing that
/// tshark wonders at where nothing is lost; and what it takes for sent again is what the records say,
/// segment for segment.
#[test]
fn tshark_finds_nothing_wrong_in_any_scenario_and_the_retransmissions_that_are_told() {
    let Some(tshark) = Tshark::find() else { return };
    let (mut free_of_loss, mut resent) = (0, 0);
    insta::glob!("../../scenarios", "*.json", |path| {
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name in UTF-8");
        if name == "mxsim.schema" {
            return;
        }
        let mut played = Played::scenario(path);
        let (errors, sent) = tshark.remarks(&played.file(|passage| passage == Passage::Sent));
        check_errors(name, &errors);
        let (errors, received) =
            tshark.remarks(&played.file(|passage| passage == Passage::Received));
        check_errors(name, &errors);
        // All that hosts send, once each, in order of time. Nothing is out of order in that, so what
        // tshark takes for it (what is sent again within a round trip) is sent again.
        let told = played.resent();
        let found = sent.iter().filter(|remark| remark.is_resent);
        let found: BTreeSet<_> = found.map(|remark| played.resent_of(remark)).collect();
        match played.tells_all() {
            true => assert_eq!(found, told, "{name}"),
            false => assert!(found.is_superset(&told), "{name}"),
        }
        resent += told.len();
        if played.is_free_of_loss() {
            free_of_loss += 1;
            assert_eq!((sent, received), (Vec::new(), Vec::new()), "{name}");
        }
    });
    assert!(free_of_loss > 20 && resent > 100, "{free_of_loss} without loss, {resent} sent again");
}

/// No errors, but in the scenarios that send some on purpose: halves of DNS answers, flipped bits.
fn check_errors(name: &str, errors: &[String]) {
    let on_purpose = match name {
        "dns-wrong-answers" => "[Malformed Packet]",
        "network-packets" | "network-rough" => "",
        _ => return assert_eq!(errors, [""; 0], "{name}"),
    };
    assert!(errors.iter().all(|error| error.contains(on_purpose)), "{name}: {errors:?}");
}

/// What tshark counts is what the transcript tells.
#[test]
fn commands_and_queries_are_those_of_the_transcript() {
    let Some(tshark) = Tshark::find() else { return };
    for name in ["first-mail", "pop3-one-device"] {
        let mut played = Played::named(name);
        let file = played.file(|passage| passage == Passage::Received);
        let dns = tshark.lines(&file, "dns").len();
        assert_eq!(dns, played.entries(Protocol::Dns, |_| true), "{name}");
        for (protocol, filter, field, command) in [
            (Protocol::Smtp, "smtp.req.command", "smtp.req.command", "MAIL"),
            (Protocol::Smtp, "smtp.req.command", "smtp.req.command", "RCPT"),
            (Protocol::Pop3, "pop.request.command", "pop.request.command", "RETR"),
            (Protocol::Imap, "imap.request.command", "imap.request.command", "SELECT"),
        ] {
            let words = tshark.read(&file, &["-Y", filter, "-T", "fields", "-e", field]);
            let found = words.split([',', '\n']).filter(|word| *word == command).count();
            let told = |text: &str| text.split(' ').take(2).any(|word| word == command);
            assert_eq!(found, played.entries(protocol, told), "{name}: {command}");
        }
    }
}

/// Wireshark needs no key log for it.
#[cfg(feature = "tls")]
#[test]
fn the_secrets_in_a_capture_open_its_tls() {
    let Some(tshark) = Tshark::find() else { return };
    let mut played = Played::named("reading-with-tls");
    let file = played.file(|passage| passage == Passage::Received);
    for (protocol, field, command) in [
        (Protocol::Smtp, "smtp.req.command", "MAIL"),
        (Protocol::Pop3, "pop.request.command", "RETR"),
        (Protocol::Imap, "imap.request.command", "FETCH"),
    ] {
        let words = tshark.read(&file, &["-Y", "tls", "-T", "fields", "-e", field]);
        let found = words.split([',', '\n']).filter(|word| *word == command).count();
        let transcript = played.simulation.transcript();
        let told = transcript.entries().filter(|entry| {
            let mut words = entry.text.split(' ').take(3);
            let is_reply = entry.text.starts_with('*') || entry.text.contains(" OK ");
            entry.encrypted
                && entry.protocol == protocol
                && !is_reply
                && words.any(|word| word == command)
        });
        assert_eq!(found, told.count(), "{command}");
        assert!(found > 0, "{command}");
    }
}

/// As one reads a capture of everything: by interface, with names.
#[test]
fn each_host_is_an_interface_and_each_address_has_a_name() {
    let Some(tshark) = Tshark::find() else { return };
    let mut played = Played::named("first-mail");
    let file = played.file(|_| true);
    let host = played.simulation.world().node("mx1.example.com").expect("a host of first-mail");
    let at_host =
        |item: &&Captured| matches!(item, Captured::Packet(packet) if packet.host == host);
    let count = played.captured.iter().filter(at_host).count();
    let lines = tshark.lines(&file, "frame.interface_name == \"mx1.example.com\"");
    assert_eq!(lines.len(), count);
    let named = tshark.read(&file, &["-N", "n", "-Y", "tcp.flags.syn == 1 && tcp.port == 143"]);
    assert!(named.contains("laptop.bob.example.com → imap.example.com"), "{named}");
}

/// What one host saw is a capture without doubles.
#[test]
fn what_one_host_saw_is_read_without_a_remark() {
    let Some(tshark) = Tshark::find() else { return };
    let plan = scenario::load(Path::new("scenarios/first-mail.json")).expect("a right scenario");
    let mut simulation = Simulation::new(plan).expect("a world");
    let world = simulation.world_mut();
    let host = world.node("mx1.example.com").expect("a host of first-mail");
    let mut file = Vec::new();
    let mut capture = Capture::new(world, Some(&[host]), "", &mut file).expect("a vector");
    capture.run(world, SimTime::from_secs(60)).expect("a vector");
    assert_eq!(tshark.remarks(&file), (Vec::new(), Vec::new()));
    assert!(!tshark.lines(&file, "smtp").is_empty());
    // The sender is one router away, at a time to live of 64.
    let received =
        tshark.read(&file, &["-Y", "ip.dst == 192.0.2.8", "-T", "fields", "-e", "ip.ttl"]);
    assert!(received.lines().all(|ttl| ttl == "63"), "{received}");
}
