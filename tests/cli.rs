//! The command as a user meets it: exit codes, messages, pipes.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn mxsim(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mxsim"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the command starts")
}

/// Runs, and gives exit code, standard output and standard error.
fn check(arguments: &[&str], folder: &Path) -> (i32, String, String) {
    let Output { status, stdout, stderr } = mxsim(arguments, folder);
    let text = |octets| String::from_utf8(octets).expect("the command writes UTF-8");
    (status.code().expect("it exits"), text(stdout), text(stderr))
}

/// One domain with one server; alice writes to carol.
const LOCAL: &str = r#"{
  "domains": { "example.org": { "users": ["alice", "carol"] } },
  "agenda": [
    { "at": "1s", "client": "alice@example.org", "send": { "id": "hi", "to": "carol@example.org" } }
  ],
  "expect": [{ "delivered": { "mail": "hi" } }]
}"#;

fn folder_with(name: &str, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    folder
}

#[test]
fn bad_usage_exits_with_2_and_says_what_is_right() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["fly"][..], &["run", "a", "b"], &["run", "--seed", "x"], &["check"], &[]] {
        let (code, out, err) = check(arguments, folder.path());
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        assert!(err.contains("--help"), "{arguments:?}: {err}");
    }
    let (code, _, err) = check(&["run", "--until", "5 weeks or so"], folder.path());
    assert_eq!(code, 2);
    assert!(err.contains("5 weeks or so"), "{err}");
}

#[test]
fn help_teaches_by_example() {
    let folder = tempfile::tempdir().unwrap();
    for command in
        ["run", "check", "explore", "shrink", "test", "bench", "resolve", "rpl", "spf", "schema"]
    {
        let (code, out, err) = check(&[command, "--help"], folder.path());
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out.contains(&format!("\n  mxsim {command}")), "{out}");
    }
}

#[test]
fn a_missing_or_wrong_scenario_exits_with_2() {
    let folder = folder_with("wrong.json", r#"{"domains": {"example.org": {"usres": []}}}"#);
    for command in ["run", "check", "test"] {
        let (code, _, err) = check(&[command, "nowhere.json"], folder.path());
        assert_eq!(code, 2);
        assert!(err.contains("nowhere.json: cannot be read"), "{err}");
        let (code, _, err) = check(&[command, "wrong.json"], folder.path());
        assert_eq!(code, 2);
        assert!(err.contains("wrong.json:1:") && err.contains("did you mean"), "{err}");
    }
}

#[test]
fn check_tells_what_is_well() {
    let folder = folder_with("local.json", LOCAL);
    let (code, out, err) = check(&["check", "local.json"], folder.path());
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("local.json: ok ("), "{out}");
}

#[test]
fn resolver_scenarios_say_what_they_came_to() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rpl");
    let (code, out, err) = check(&["rpl", "unbound/referral.rpl", "deckard"], &folder);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.starts_with("unbound/referral.rpl"), "{out}");
    assert!(out.contains("  core pass  strict pass\n"), "{out}");
    assert!(out.ends_with(" core, 7 strict\n"), "{out}");

    let (code, out, _) = check(&["rpl", "failing/wrong_answer.rpl", "failing/needs.rpl"], &folder);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("skipped: needs module dns64"), "{out}");
    assert!(out.ends_with("2 files: 0 core, 0 strict, 1 skipped\n"), "{out}");

    let (code, out, err) = check(&["rpl", "failing/broken.rpl", "nowhere.rpl"], &folder);
    assert_eq!(code, 2, "{out}");
    assert!(out.contains("broken: failing/broken.rpl:22: "), "{out}");
    assert!(err.contains("2 files"), "{err}");
    assert_eq!(check(&["rpl", "../snapshots"], &folder).0, 2);

    let (code, out, _) = check(&["rpl", "--json", "-v", "failing"], &folder);
    assert_eq!(code, 2);
    for line in out.lines() {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(object["file"].as_str().unwrap().starts_with("failing"), "{line}");
    }
}

#[test]
fn the_schema_is_json() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, _) = check(&["schema"], folder.path());
    assert_eq!(code, 0);
    let schema: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(schema["properties"]["domains"].is_object());
}

#[test]
fn spf_tells_what_is_not_as_it_should_be() {
    let suite = "\
tests:
  right: {host: 192.0.2.1, mailfrom: a@example.org, result: pass}
  wrong: {host: 192.0.2.2, mailfrom: a@example.org, result: [pass, none], spec: 5.1}
zonedata:
  example.org: [{TXT: \"v=spf1 ip4:192.0.2.1 -all\"}]
";
    let folder = folder_with("my.yml", suite);
    let (code, out, err) = check(&["spf", "my.yml"], folder.path());
    assert_eq!((code, err.as_str()), (1, ""));
    assert_eq!(
        out,
        "FAIL  my.yml:3  wrong: fail (\"-all\" of example.org)\n      \
               wanted pass or none\n      \
               see RFC 7208 §5.1\n\
         2 tests: 1 ok, 1 failed\n"
    );
    let (code, out, _) = check(&["spf", "my.yml", "--only", "right", "-v"], folder.path());
    assert_eq!(code, 0);
    assert!(out.contains("ok    my.yml:2  right: pass"), "{out}");
    assert!(out.contains("DNS   query TXT example.org. rd"), "{out}");
    let (code, out, _) = check(&["spf", "my.yml", "--json"], folder.path());
    let lines = out.lines().map(serde_json::from_str::<serde_json::Value>);
    let lines: Vec<_> = lines.map(Result::unwrap).collect();
    assert_eq!((code, lines.len()), (1, 3));
    assert_eq!((&lines[1]["ok"], &lines[1]["result"]), (&false.into(), &"fail".into()));
    assert_eq!(lines[2]["failed"], 1);

    for (arguments, told) in [
        (&["spf", "nowhere.yml"][..], "cannot read nowhere.yml"),
        (&["spf", "my.yml", "--only", "left"], "no test whose name has \"left\""),
    ] {
        let (code, _, err) = check(arguments, folder.path());
        assert_eq!(code, 2);
        assert!(err.contains(told), "{err}");
    }
    fs::write(folder.path().join("my.yml"), "tests:\n  x: [").unwrap();
    let (code, _, err) = check(&["spf", "my.yml"], folder.path());
    assert_eq!(code, 2);
    assert!(err.starts_with("my.yml:"), "{err}");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let folder = folder_with("local.json", LOCAL);
    for arguments in [&["run", "local.json"][..], &["schema"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mxsim"))
            .args(arguments)
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut reader = BufReader::with_capacity(16, child.stdout.take().unwrap());
        reader.read_line(&mut line).unwrap();
        drop(reader);
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn run_prints_the_journey_and_what_came_of_it() {
    let folder = folder_with("local.json", LOCAL);
    let (code, out, err) = check(&["run", "local.json"], folder.path());
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    for part in ["SMTP  RCPT TO:<carol@example.org>", "note  delivered", "\nok    hi is delivered"]
    {
        assert!(out.contains(part), "{part} in {out}");
    }
    let (_, again, _) = check(&["run", "local.json"], folder.path());
    assert_eq!(out, again);
    let last = |out: &str| out.lines().last().unwrap().to_owned();
    assert!(last(&out).starts_with("fingerprint "), "{out}");
    let (code, other, _) = check(&["run", "local.json", "--seed", "2"], folder.path());
    assert_eq!(code, 0);
    assert_ne!(last(&out), last(&other));
}

#[test]
fn a_transcript_on_standard_output_is_alone_there() {
    let folder = folder_with("local.json", LOCAL);
    let (_, text, err) = check(&["run", "local.json", "--transcript", "-"], folder.path());
    assert!(!text.contains("fingerprint") && err.contains("fingerprint"), "{text}{err}");
    let (_, lines, _) = check(&["run", "local.json", "--format", "jsonl"], folder.path());
    for line in lines.lines() {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(object["time_ns"].is_u64());
    }
    let to_files = ["run", "local.json", "-q", "--transcript", "t", "--summary", "s"];
    let (code, out, err) = check(&to_files, folder.path());
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out.lines().count(), 1, "{out}");
    assert_eq!(fs::read_to_string(folder.path().join("t")).unwrap(), text);
    let summary = fs::read(folder.path().join("s")).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
    assert_eq!(summary["messages"][0]["recipients"][0]["outcome"], "delivered");
}

#[test]
fn an_expectation_that_fails_exits_with_1() {
    let wrong = LOCAL.replace("\"delivered\"", "\"not_delivered\"");
    let folder = folder_with("wrong.json", &wrong);
    let (code, out, _) = check(&["run", "wrong.json", "-q"], folder.path());
    assert_eq!(code, 1);
    assert!(out.starts_with("FAIL  hi is not delivered to carol@example.org"), "{out}");
}

#[test]
fn the_end_of_a_run_is_told_in_microseconds() {
    let one = r#"{"domains": {"example.org": {"users": ["alice"]}}}"#;
    let folder = folder_with("still.json", one);
    let (code, out, _) = check(&["run", "still.json"], folder.path());
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("the last of note at 0.000000 s"), "{out}");
}

#[test]
fn test_writes_snapshots_and_shows_what_differs() {
    let folder = folder_with("local.json", LOCAL);
    let (code, out, _) = check(&["test", "."], folder.path());
    assert_eq!(code, 1);
    assert!(out.contains("there is no snapshot"), "{out}");
    let (code, out, _) = check(&["test", ".", "--update"], folder.path());
    assert_eq!(code, 0, "{out}");
    let (code, out, _) = check(&["test", "local.json"], folder.path());
    assert_eq!(code, 0);
    assert!(out.ends_with("1 scenario: 1 ok, 0 failed\n"), "{out}");

    let snapshot = folder.path().join("snapshots/local.snap");
    let text = fs::read_to_string(&snapshot).unwrap();
    fs::write(&snapshot, text.replacen("EHLO", "HELO", 1)).unwrap();
    let (code, out, _) = check(&["test", "."], folder.path());
    assert_eq!(code, 1);
    let changed = |sign: &str, word: &str| {
        out.lines().any(|line| line.starts_with(sign) && line.contains(word))
    };
    assert!(changed("-", "HELO") && changed("+", "EHLO"), "{out}");
}

#[test]
fn resolve_goes_down_from_the_root() {
    let two = r#"{"domains": {"example.org": {"users": ["alice"]}, "example.com": {}}}"#;
    let folder = folder_with("two.json", two);
    let (code, out, err) = check(&["resolve", "two.json", "example.com", "mx"], folder.path());
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let places: Vec<_> = ["a.root-servers.net: A", "a.nic.com: MX", "NOERROR (referral)", "answer"]
        .iter()
        .map(|part| out.find(part).unwrap_or_else(|| panic!("{part} in {out}")))
        .collect();
    assert!(places[0] < places[1], "{out}");
    let (code, out, _) = check(&["resolve", "two.json", "no.example.com"], folder.path());
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("NXDOMAIN (no such name)"), "{out}");
    let (code, _, err) = check(&["resolve", "two.json", "example.com", "WHAT"], folder.path());
    assert_eq!(code, 2);
    assert!(err.contains("WHAT"), "{err}");
}

#[test]
fn explore_tells_which_runs_fail_and_how_to_play_them_again() {
    let text = LOCAL.replace(r#"{ "mail": "hi" }"#, r#"{ "mail": "hi", "within": "130ms" }"#).replace(
        r#""domains""#,
        r#""network": { "default_link": { "latency": { "uniform": ["1ms", "11ms"] } } }, "domains""#,
    );
    let folder = folder_with("my.json", &text);
    let (code, out, err) = check(&["explore", "my.json", "--seeds", "1..30"], folder.path());
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    assert!(
        out.starts_with("my.json: seeds 1..30, the faults of the scenario\nFAIL  seed "),
        "{out}"
    );
    let command = out.lines().find_map(|line| line.trim().strip_prefix("mxsim ")).unwrap();
    let again: Vec<&str> = command.split(' ').collect();
    assert_eq!(again[..3], ["run", "my.json", "--seed"]);
    let (code, printed, _) = check(&again, folder.path());
    assert!(
        code == 1 && printed.contains("FAIL  hi is delivered to carol@example.org"),
        "{printed}"
    );
    let (code, json, _) =
        check(&["explore", "my.json", "--seeds", "1..30", "--json"], folder.path());
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &json["runs"]), (1, &serde_json::json!(30)));
    assert_eq!(json["commands"][0], format!("mxsim {command}"));
    assert_eq!(json["failed"][0]["failures"][0]["kind"], "expectation");

    let (code, out, _) = check(&["explore", "my.json", "--faults", "swarm"], folder.path());
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("\nfaults: ") && out.contains("\n100 runs, 100 histories, "), "{out}");
}

#[test]
fn explore_writes_what_a_seed_draws() {
    let folder = folder_with("my.json", LOCAL);
    let three = ["explore", "my.json", "--seed", "3", "--faults", "swarm"];
    let (code, printed, _) = check(&[&three[..], &["--print-faults"]].concat(), folder.path());
    assert_eq!((code, printed.lines().count()), (0, 1));
    let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let (code, ..) = check(&[&three[..], &["--write", "three.json"]].concat(), folder.path());
    assert_eq!(code, 0);
    let written = fs::read_to_string(folder.path().join("three.json")).unwrap();
    let written: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert_eq!((&written["faults"], &written["seed"]), (&printed["faults"], &printed["seed"]));
    let fingerprint = |arguments: &[&str]| {
        let (_, out, _) = check(arguments, folder.path());
        out.lines().last().unwrap().to_owned()
    };
    let again = fingerprint(&["run", "my.json", "--seed", "3", "--faults", "swarm"]);
    assert!(again.starts_with("fingerprint "), "{again}");
    assert_eq!(again, fingerprint(&["run", "three.json"]));
    assert_ne!(again, fingerprint(&["run", "my.json", "--seed", "3"]));
}

#[test]
fn explore_refuses_what_makes_no_sense() {
    let folder = folder_with("my.json", LOCAL);
    for (arguments, told) in [
        (&["--seeds", "9..3"][..], "9..3 ends before it begins (write 3..9)"),
        (&["--seeds", "some"], "\"some\" is no range of seeds (write 1..1000, or one number)"),
        (&["--seeds", "1..5", "--seed", "3"], "cannot be used with"),
        (&["--jobs", "0"], "0 is not in 1..=1024"),
        (&["--stop-at", "0"], "0 is not in 1.."),
        (
            &["--write", "x.json"],
            "--write is for one seed, and seeds 1..100 are more (add --seed N)",
        ),
    ] {
        let (code, out, err) = check(&[&["explore", "my.json"], arguments].concat(), folder.path());
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        assert!(err.contains(told), "{arguments:?}: {err}");
    }
    let fault = |fault: &str| check(&["run", "my.json", "--fault", fault], folder.path()).2;
    let told = fault(r#"{"at": "1s", "crash": "mial.example.org"}"#);
    let right = "--fault [0].crash: no host is named \"mial.example.org\" (did you mean";
    assert!(told.starts_with(right), "{told}");
    assert!(
        fault("7").contains("--fault 7: this is no JSON object (write it as"),
        "{}",
        fault("7")
    );
}

#[test]
fn a_capture_goes_to_a_file_or_a_pipe_and_is_of_hosts_that_there_are() {
    let folder = folder_with("local.json", LOCAL);
    let (code, out, err) = check(&["run", "local.json", "-q", "--pcap", "a.pcapng"], folder.path());
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let file = fs::read(folder.path().join("a.pcapng")).unwrap();
    let piped = mxsim(&["run", "local.json", "-q", "--pcap", "-"], folder.path());
    assert_eq!(piped.stdout, file);
    assert!(String::from_utf8_lossy(&piped.stderr).starts_with("ok "), "verdicts go elsewhere");
    assert_eq!(file[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
    let one = ["run", "local.json", "-q", "--pcap", "b.pcapng", "--pcap-host", "mail.example.org"];
    assert_eq!(check(&one, folder.path()).0, 0);
    assert!(fs::read(folder.path().join("b.pcapng")).unwrap().len() < file.len());
    let wrong = ["run", "local.json", "--pcap", "c.pcapng", "--pcap-host", "mial.example.org"];
    let (code, _, err) = check(&wrong, folder.path());
    assert_eq!(code, 2);
    assert!(err.contains("\"mial.example.org\" (did you mean \"mail.example.org\"?)"), "{err}");
    assert_eq!(check(&["run", "--pcap-host", "mail.example.org"], folder.path()).0, 2);
}

#[test]
fn shrink_leaves_a_scenario_that_fails_by_itself() {
    // The mailbox server is down, so that nothing can arrive within five seconds.
    let text = include_str!("../scenarios/crash.json")
        .replace(r#""copies": 1, "octets_equal": true"#, r#""within": "5s""#)
        .replace(r#""$schema": "mxsim.schema.json","#, "");
    let folder = folder_with("my.json", &text);
    let (code, out, err) = check(&["shrink", "my.json", "-o", "small.json", "-v"], folder.path());
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(
        out.starts_with("kept:     expectation kept is delivered to bob@example.com within 5s")
    );
    for told in ["removed:  ", "left:     faults 2 -> 1, ", "play it:  mxsim run small.json"] {
        assert!(out.contains(told), "{out}");
    }
    let small = fs::read_to_string(folder.path().join("small.json")).unwrap();
    assert!(small.lines().count() < 20, "{small}");
    let (code, out, _) = check(&["run", "-q", "small.json"], folder.path());
    assert!(code == 1 && out.contains("FAIL  kept is delivered to bob@example.com"), "{out}");
    // The file alone on standard output.
    let (_, printed, told) = check(&["shrink", "my.json", "-j", "1"], folder.path());
    assert_eq!(printed, small);
    assert!(told.contains("kept:     expectation"), "{told}");
}

#[test]
fn shrink_says_when_there_is_nothing_to_keep() {
    let folder = folder_with("my.json", LOCAL);
    let (code, out, err) = check(&["shrink", "my.json", "--seed", "3"], folder.path());
    assert_eq!((code, out.as_str()), (2, ""));
    let right = "my.json, seed 3: nothing is broken in this run, so there is nothing to keep\n";
    assert_eq!(err, right);
    let wrong = ["shrink", "my.json", "--fault", r#"{"crash": "x.example", "after_event": 1}"#];
    let (code, _, err) = check(&wrong, folder.path());
    assert!(code == 2 && err.starts_with("--fault [0].crash: no host is named"), "{err}");
}

#[test]
fn explore_crashes_a_host_after_every_event() {
    let folder = folder_with("my.json", LOCAL);
    let host = ["--host", "mail.example.org"];
    let (code, out, _) =
        check(&[&["explore", "my.json", "--every-event"][..], &host].concat(), folder.path());
    assert!(
        out.starts_with("my.json: seed 1, each host crashed for 1s after each of its events\n")
    );
    assert!(code == 0 && out.ends_with(" ok, 0 failed\n"), "{out}");
    let (code, _, err) =
        check(&["explore", "my.json", "--every-event", "--host", "mx.example.net"], folder.path());
    assert_eq!(
        (code, err.as_str()),
        (2, "--host mx.example.net: no host is named so in my.json\n")
    );
    let (code, _, err) =
        check(&["explore", "my.json", "--every-event", "--seeds", "1..2"], folder.path());
    assert!(code == 2 && err.contains("cannot be used with"), "{err}");
}

#[test]
fn one_seed_is_verified_to_be_one_history_and_checkpoints_are_written() {
    let folder = folder_with("local.json", LOCAL);
    let (code, out, err) = check(&["run", "local.json", "-q", "--verify"], folder.path());
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("verified: 4 runs of ") && out.contains(", one history"), "{out}");
    let of = |seed: &str, file: &str| {
        let arguments = ["run", "local.json", "-q", "--seed", seed, "--checkpoints", file];
        assert_eq!(check(&arguments, folder.path()).0, 0);
        fs::read_to_string(folder.path().join(file)).unwrap()
    };
    let (here, there, other) = (of("1", "here"), of("1", "there"), of("2", "other"));
    assert_eq!(here, there);
    assert_ne!(here, other);
    let last: serde_json::Value = serde_json::from_str(here.lines().last().unwrap()).unwrap();
    assert_eq!((&last["seed"], last["fingerprint"].as_str().map(str::len)), (&1.into(), Some(32)));
    let hosts = here.lines().filter(|line| line.contains("\"host\":\"mail.example.org\""));
    assert!(hosts.count() >= 2, "{here}");
}

/// A world in which the resolver believes a forger.
const POISONED: &str = r#"{
  "domains": { "example.org": { "users": ["alice"] }, "example.com": { "users": ["bob"] } },
  "hosts": {
    "ns1.example.com": { "link": { "latency": "80ms" } },
    "resolver.example.org": { "services": [
      { "resolver": { "settings": { "weakness": { "port": 32768, "ids": "sequential" } } } }
    ] },
    "evil.example": {}
  },
  "faults": [{ "at": "10s", "for": "5s", "forge": {
    "by": "evil.example", "to": "resolver.example.org", "as": "ns1.example.com",
    "name": "example.com", "type": "MX", "answer": "@ 1d IN MX 0 evil.example.",
    "per_second": 1000, "ask_every": "2s", "ports": [32768, 32768], "ids": [1, 50]
  } }]
}"#;

#[test]
fn a_law_that_is_broken_is_told_and_makes_the_exit_code_1_unless_the_scenario_wants_it() {
    let folder = folder_with("poisoned.json", POISONED);
    let (code, out, err) = check(&["run", "poisoned.json", "-q"], folder.path());
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    assert!(out.starts_with("BREAKS the law of forgery at resolver.example.org, "), "{out}");
    let wanted = POISONED.replacen('{', r#"{ "breaks": ["forgery"],"#, 1);
    let folder = folder_with("wanted.json", &wanted);
    assert_eq!(
        check(&["run", "wanted.json", "-q"], folder.path()),
        (0, String::new(), String::new())
    );
    let wrong = POISONED.replacen('{', r#"{ "breaks": ["gravity"],"#, 1);
    let folder = folder_with("wrong.json", &wrong);
    let (code, _, err) = check(&["run", "wrong.json", "-q"], folder.path());
    assert!(code == 2 && err.contains("breaks[0]") && err.contains("conservation"), "{err}");
}
