//! What was recorded plays again.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::served::{Served, mxsim, python_clients, swaks, wait};

fn replay(record: &Path, transcript: &Path) -> (i32, String) {
    let Output { status, stdout, stderr } = mxsim()
        .args(["replay", "--quiet", "--transcript"])
        .args([transcript, record])
        .output()
        .unwrap();
    let out = String::from_utf8(stdout).unwrap() + &String::from_utf8_lossy(&stderr);
    (status.code().unwrap(), out)
}

/// Clients of many kinds, for a record.
fn visit(served: &Served) -> Option<()> {
    swaks(served, "bob@example.com", &["--tls", "--header", "Subject: recorded"])?;
    swaks(served, "carol@example.com,bob@example.org", &[])?;
    wait(served, "account=bob@example.com")?;
    wait(served, "account=carol@example.com")?;
    python_clients(served)
}

#[test]
fn a_session_of_swaks_and_imaplib_plays_again_to_the_octet() {
    for pace in ["max", "20"] {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let path = |name: &str| file(name).display().to_string();
        let (record, live) = (path("record"), path("live.txt"));
        let options =
            ["--record", &record, "--transcript", &live, "--pace", pace, "--control", "0"];
        let served = Served::playground(&options);
        let Some(()) = visit(&served) else { return };
        assert_eq!(served.stop(), 0);
        let (code, out) = replay(&file("record"), &file("again.txt"));
        assert_eq!(code, 0, "{out}");
        let (live, again) = (file("live.txt"), file("again.txt"));
        let (live, again) = (fs::read_to_string(live).unwrap(), fs::read_to_string(again).unwrap());
        assert!(live.contains("Subject: recorded") && live.contains("gateway → imap.example.org"));
        assert!(live == again, "the transcripts of {pace} differ");
        // The record says itself which fingerprint the session had.
        let lines = fs::read_to_string(file("record")).unwrap();
        let end: serde_json::Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
        assert!(out.contains(end["fingerprint"].as_str().unwrap()), "{out}");
        // One octet more in what came in, and it is another history.
        let changed = lines.replacen("\"octets\":\"", "\"octets\":\"AAAA", 1);
        fs::write(file("changed"), changed).unwrap();
        let (code, out) = replay(&file("changed"), &file("changed.txt"));
        assert_eq!(code, 1, "{out}");
        assert!(out.contains("the session had fingerprint"), "{out}");
    }
}

#[test]
fn a_session_that_was_killed_plays_as_far_as_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let record = file("record").display().to_string();
    let served = Served::playground(&["--record", &record, "--pace", "max"]);
    let Some(_) = swaks(&served, "bob@example.com", &["--header", "Subject: cut off"]) else {
        return;
    };
    served.signal("-KILL");
    drop(served);
    let (code, out) = replay(&file("record"), &file("again.txt"));
    assert_eq!(code, 0, "{out}");
    assert!(fs::read_to_string(file("again.txt")).unwrap().contains("Subject: cut off"));
}

#[test]
fn what_is_no_record_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let served = folder.path().join("record");
    let path = served.display().to_string();
    let options = ["--record", &path, "--pace", "max"];
    assert_eq!(Served::playground(&options).stop(), 0);
    let first = fs::read_to_string(&served).unwrap().lines().next().unwrap().to_owned();
    let check = |text: &str, said: &str| {
        let file = folder.path().join("broken");
        fs::write(&file, text).unwrap();
        let (code, out) = replay(&file, &folder.path().join("t"));
        assert_eq!(code, 2, "{out}");
        assert!(out.contains(said), "{out}");
    };
    check("", "line 1: there is nothing in it");
    check("{}\n", "line 1: no record of mxsim begins so");
    check(
        &first.replacen("playground", "battlefield", 4),
        "line 1: the scenario in it is not the one",
    );
    check(
        &format!("{first}\n{{\"at\":1,\"in\":{{\"fly\":{{}}}}}}\n"),
        "line 2: it is no input and no end",
    );
    let connect = |at: u64| {
        format!("{{\"at\":{at},\"in\":{{\"connect\":{{\"door\":1,\"to\":\"192.0.2.1:53\"}}}}}}\n")
    };
    check(
        &format!("{first}\n{}{}", connect(9), connect(8)),
        "line 3: it is before the line above it",
    );
    let missing = mxsim().args(["replay", "/nowhere/at/all"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2));
}

#[test]
fn nobody_connected_and_nothing_differs_from_a_run() {
    let scenario = crate::served::root().join("scenarios/first-mail.json");
    let options = ["--json", "--pace", "max", "--control", "0"];
    let mut command = mxsim();
    command.arg("serve").arg(&scenario).args(options);
    let served = Served::start(&mut command).unwrap();
    let told = crate::served::control(&served, "POST", "/advance", "{\"to\":\"1h\"}");
    let Some(told) = told else { return };
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let run = mxsim().arg("run").arg(&scenario).output().unwrap();
    let run = String::from_utf8(run.stdout).unwrap();
    let fingerprint = told["fingerprint"].as_str().unwrap();
    assert!(run.contains(&format!("fingerprint {fingerprint}")), "{told}\n{run}");
}

/// The command with a signal of the keyboard.
#[test]
fn an_interrupt_ends_it_with_the_transcript_written() {
    let folder = tempfile::tempdir().unwrap();
    let transcript = folder.path().join("t.jsonl");
    let path = transcript.display().to_string();
    let served = Served::playground(&["--transcript", &path, "--format", "jsonl"]);
    let port = served.port("resolver.example.org", "dns").to_string();
    let dig = Command::new("dig").args(["@127.0.0.1", "-p", &port, "example.com", "MX"]).output();
    let Ok(dig) = dig else { return };
    assert!(dig.status.success());
    served.signal("-INT");
    assert_eq!(served.stop_after_signal(), 0);
    let lines = fs::read_to_string(transcript).unwrap();
    assert!(lines.lines().any(|line| line.contains("\"kind\":\"query\"")), "{lines}");
}
