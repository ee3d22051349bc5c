//! `mxsim bench` as a user meets it: reports, JSON, CSV, mistakes.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Runs, and gives exit code, standard output and standard error.
fn bench(arguments: &[&str], folder: &Path) -> (i32, String, String) {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_mxsim"))
        .arg("bench")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the command starts");
    let text = |octets| String::from_utf8(octets).expect("the command writes UTF-8");
    (status.code().expect("it exits"), text(stdout), text(stderr))
}

fn scenario(name: &str) -> String {
    format!("{}/scenarios/{name}.json", env!("CARGO_MANIFEST_DIR"))
}

/// A workload, small enough for a test.
const WORKLOAD: &str = r#"{
  "title": "Forty domains",
  "workload": {
    "domains": { "count": 40, "users": 5 },
    "mail": { "messages": 200, "over": "10m", "unknown": "10%" }
  }
}"#;

/// The keys of an object and of all objects in it, as paths; lists are walked by their first entry.
fn keys(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                let path = format!("{path}.{key}");
                found.push(path.clone());
                keys(value, &path, found);
            }
        }
        Value::Array(values) => {
            if let Some(first) = values.first() {
                keys(first, &format!("{path}[]"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn a_report_says_what_there_was_and_how_fast() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = bench(&[&scenario("smtp-load")], folder.path());
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    for line in
        ["in all", "messages written", "deliveries", "DNS queries", "packets", "events", "built in"]
    {
        assert!(out.contains(line), "{line}: {out}");
    }
    for line in ["delivery took     p50 ", "in queues         at most ", "DNS cache   "] {
        assert!(out.contains(line), "{line}: {out}");
    }
    for sum in ["messages", "recipients", "packets", "octets"] {
        assert!(out.contains(&format!("ok    {sum}: ")), "{sum}: {out}");
    }
    assert_eq!(out.contains("debug build"), cfg!(debug_assertions), "{out}");
    assert!(!out.contains("transactions"), "there were none: {out}");
    let print = out.lines().find_map(|line| line.strip_prefix("fingerprint       ")).unwrap();
    let (_, run, _) = run_quietly(&scenario("smtp-load"), folder.path());
    assert!(run.contains(print.split(' ').next().unwrap()), "{print}: {run}");
}

fn run_quietly(scenario: &str, folder: &Path) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_mxsim"))
        .args(["run", scenario, "--transcript", "transcript"])
        .current_dir(folder)
        .output()
        .expect("the command starts");
    let text = |octets| String::from_utf8(octets).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_json_has_stable_keys_and_figures_that_fit_together() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("load.json"), WORKLOAD).unwrap();
    let (code, out, err) = bench(&["load.json", "--json", "-", "--repeat", "2"], folder.path());
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("messages written"), "the report goes elsewhere: {err}");
    let all: Value = serde_json::from_str(&out).unwrap();
    let mut found = Vec::new();
    keys(&all, "", &mut found);
    insta::assert_snapshot!(found.join("\n"));

    let number = |path: &str| all.pointer(path).unwrap().as_u64().unwrap();
    assert_eq!((number("/format"), number("/seed"), number("/work")), (1, 1, 200));
    assert_eq!(all["real"]["runs"].as_array().unwrap().len(), 2);
    assert_eq!(number("/load/mail/composed"), 200);
    assert_eq!(
        number("/load/latency/count") + number("/load/untimed"),
        number("/load/mail/delivered")
    );
    let bounced: u64 = all["load"]["bounces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bounces| bounces["count"].as_u64().unwrap())
        .sum();
    assert!(bounced > 0 && bounced == number("/load/mail/bounced"));
    let per_second = all["rates"]["messages"].as_f64().unwrap();
    let seconds = number("/real/median_ns") as f64 / 1e9;
    assert!((per_second * seconds - 200.0).abs() < 0.01, "{per_second} {seconds}");
    assert!(all["load"]["checks"].as_array().unwrap().iter().all(|check| check["holds"] == true));
    let memory = all["peak_memory_octets"].as_u64();
    assert_eq!(memory.is_some_and(|octets| octets > 1 << 20), cfg!(target_os = "linux"));
}

/// Figures and expectations of one run; what takes records is named, and fails nothing.
#[test]
fn expectations_are_judged_as_far_as_disks_tell() {
    let folder = tempfile::tempdir().unwrap();
    let expecting = |expect: &str| {
        let workload = WORKLOAD.trim_end().strip_suffix('}').unwrap();
        let text = format!("{workload}, \"expect\": [{expect}]}}");
        fs::write(folder.path().join("load.json"), text).unwrap();
    };
    expecting(r#"{"load": {"written": 200}}, {"lost_packets": 7}, {"queue": {"messages": 0}}"#);
    let (code, out, _) = bench(&["load.json", "--json", "out.json"], folder.path());
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("ok    the load comes to exactly 200 messages written"), "{out}");
    assert!(out.contains("not judged, it takes records of all (expect[1], line "), "{out}");
    let all = fs::read_to_string(folder.path().join("out.json")).unwrap();
    let all: Value = serde_json::from_str(&all).unwrap();
    let held: Vec<_> = all["expect"].as_array().unwrap().iter().map(|one| &one["holds"]).collect();
    assert_eq!(held, [&Value::Bool(true), &Value::Bool(true), &Value::Null]);

    expecting(r#"{"load": {"written": 201}}"#);
    let (code, out, _) = bench(&["load.json"], folder.path());
    assert!(code == 1 && out.contains("FAIL  the load comes to exactly 201"), "{out}");
    // Another run than the one that is meant.
    let (code, out, _) = bench(&["load.json", "--messages", "50"], folder.path());
    assert!(code == 0 && out.contains("not judged with --messages"), "{out}");
}

#[test]
fn the_json_tells_in_how_many_parts_it_ran_or_why_on_one_thread() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("load.json"), WORKLOAD).unwrap();
    let told = |arguments: &[&str]| {
        let (code, out, err) = bench(&[arguments, &["--json", "-"]].concat(), folder.path());
        assert_eq!(code, 0, "{err}");
        let all: Value = serde_json::from_str(&out).unwrap();
        (all["parts"].as_u64().unwrap(), all["one_thread_because"].as_str().map(str::to_owned))
    };
    assert_eq!(told(&["load.json"]), (1, None));
    let young = "it is over before more would pay".to_owned();
    assert_eq!(told(&["load.json", "--messages", "10", "--threads", "2"]), (1, Some(young)));
    // Many questions at a time, over links between continents.
    let dense = r#"{
        "title": "Questions",
        "network": { "topology": { "world": { "routers": 2 } } },
        "workload": {
            "domains": { "count": 40, "users": 5 },
            "dns": { "queries": 10000, "in_flight": 20 }
        }
    }"#;
    fs::write(folder.path().join("dense.json"), dense).unwrap();
    assert_eq!(told(&["dense.json"]), (1, None));
    let (parts, why) = told(&["dense.json", "--threads", "2"]);
    match std::thread::available_parallelism().map_or(1, usize::from) {
        1 => assert_eq!((parts, why.as_deref()), (1, Some("there is one processor"))),
        _ => assert!(parts > 1 && why.is_none(), "{parts} parts, {why:?}"),
    }
}

#[test]
fn the_csv_is_the_timeline_of_the_json() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("load.json"), WORKLOAD).unwrap();
    let arguments = ["load.json", "--messages", "50", "--json", "out.json", "--csv", "out.csv"];
    let (code, out, _) = bench(&arguments, folder.path());
    assert!(code == 0 && out.contains("messages written"), "{out}");
    let all = fs::read_to_string(folder.path().join("out.json")).unwrap();
    let all: Value = serde_json::from_str(&all).unwrap();
    let timeline = &all["load"]["timeline"];
    let csv = fs::read_to_string(folder.path().join("out.csv")).unwrap();
    let mut lines = csv.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let columns: Vec<&str> =
        timeline["columns"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!((names[0], &names[1..]), ("seconds", &columns[..]));
    let rows = timeline["rows"].as_array().unwrap();
    let interval = timeline["interval_ns"].as_u64().unwrap();
    for (place, (line, row)) in lines.clone().zip(rows).enumerate() {
        let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        let begins = (place as u64 * interval) as f64 / 1e9;
        assert!((cells[0] - begins).abs() < 1e-6, "{line}");
        let row: Vec<f64> = row.as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect();
        assert_eq!(&cells[1..], &row[..]);
    }
    assert_eq!(lines.count(), rows.len());
    let composed = columns.iter().position(|name| *name == "composed").unwrap();
    let sum: u64 = rows.iter().map(|row| row[composed].as_u64().unwrap()).sum();
    assert_eq!(sum, 50);
}

#[test]
fn presets_are_listed_and_played_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = bench(&["--list"], folder.path());
    assert_eq!((code, err.as_str()), (0, ""));
    let named = ["smtp-transactions", "hold-timers", "hold-datagrams", "mail-day", "dns-cold"];
    for name in named {
        let line = out.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(line.len() > 30, "{line}");
    }
    for (name, what, least) in [
        ("smtp-transactions", "transactions", 400),
        ("hold-timers", "events", 10_000),
        ("hold-datagrams", "packets", 5_000),
        ("dns-hot", "names resolved", 400),
    ] {
        let (code, out, _) = bench(&["--preset", name, "--messages", "400"], folder.path());
        assert_eq!(code, 0, "{out}");
        let line = out.lines().find(|line| line.starts_with(what)).unwrap();
        let count = line.split_whitespace().find_map(|word| word.replace(',', "").parse().ok());
        assert!(count.is_some_and(|count: u64| count >= least), "{name}: {line}");
    }
}

#[test]
fn a_run_can_be_cut_short() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--preset", "hold-timers", "--until", "1ms", "--json", "-"];
    let (code, out, err) = bench(&arguments, folder.path());
    assert_eq!(code, 0, "{err}");
    let all: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(all["ended"], "horizon");
    assert_eq!(all["load"]["simulated_ns"], 1_000_000);
    assert!(err.contains("more would happen"), "{err}");
}

#[test]
fn mistakes_are_told_with_what_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let check = |arguments: &[&str], told: &[&str]| {
        let (code, out, err) = bench(arguments, folder.path());
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        for part in told {
            assert!(err.contains(part), "{arguments:?}: {err}");
        }
    };
    check(&[], &["--preset", "--help"]);
    check(&["--preset", "smtp-transaction"], &["did you mean \"smtp-transactions\"?"]);
    check(
        &["--preset", "nothing like it"],
        &["no preset is named so", "known: \"smtp-transactions\""],
    );
    check(&["--preset", "hold-timers", "--messages", "0"], &["--messages", "1..=1000000000000"]);
    check(&["a.json", "--preset", "hold-timers"], &["cannot be used with"]);
    check(&["a.json"], &["a.json: cannot be read"]);
    check(&[&scenario("smtp-load"), "--messages", "7"], &["no workload", "agenda"]);
    check(&["--preset", "hold-timers", "--repeat", "0"], &["--repeat"]);
    check(&["--preset", "hold-timers", "--until", "0s"], &["--until"]);
    check(&["--preset", "hold-timers", "--json", "-", "--csv", "-"], &["two kinds of output"]);
    check(
        &["--preset", "hold-timers", "--json", "no/such/folder"],
        &["cannot write no/such/folder"],
    );
}
