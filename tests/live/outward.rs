//! Simulated hosts that reach real servers.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use crate::served::{Served, control, mxsim, output, playground, swaks};

/// A sink for mail, as Postfix's smtp-sink.
fn sink(listener: &TcpListener, heard: &Sender<String>) {
    for stream in listener.incoming().flatten() {
        let heard = heard.clone();
        thread::spawn(move || converse(&stream, &heard));
    }
}

fn converse(mut stream: &TcpStream, heard: &Sender<String>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    stream.write_all(b"220 sink.example ESMTP\r\n").ok()?;
    while let Some(Ok(line)) = lines.next() {
        let reply = match line.split(' ').next()?.to_ascii_uppercase().as_str() {
            "DATA" => {
                stream.write_all(b"354 go on\r\n").ok()?;
                let text: Vec<String> =
                    lines.by_ref().map_while(Result::ok).take_while(|line| line != ".").collect();
                heard.send(text.join("\n")).ok()?;
                "250 2.0.0 taken"
            }
            "QUIT" => {
                stream.write_all(b"221 2.0.0 bye\r\n").ok()?;
                return None;
            }
            _ => "250 2.0.0 fine",
        };
        stream.write_all(format!("{reply}\r\n").as_bytes()).ok()?;
    }
    None
}

#[test]
fn mail_for_a_simulated_mta_comes_out_at_a_real_one() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let real = listener.local_addr().unwrap();
    let (heard, hears) = channel();
    thread::spawn(move || sink(&listener, &heard));
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record").display().to_string();
    let out = format!("mx1.example.com:25={real}");
    let served = Served::playground(&["--out", &out, "--pace", "max", "--record", &record]);
    let Some(_) = swaks(&served, "bob@example.com", &["--header", "Subject: out there"]) else {
        return;
    };
    let message = hears.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(message.contains("Subject: out there"), "{message}");
    assert!(message.contains("by smtp.example.org (mxsim)"), "{message}");
    assert_eq!(served.stop(), 0);
    // What the real server said is in the record.
    let replayed = mxsim().args(["replay", &record]).output().unwrap();
    let text = String::from_utf8(replayed.stdout).unwrap();
    assert!(replayed.status.success() && text.contains("220 sink.example ESMTP"), "{text}");
}

#[test]
fn a_real_server_that_is_not_there_resets_the_connection() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let out = format!("mx1.example.com:25={closed}");
    let served = Served::playground(&["--out", &out, "--pace", "max", "--control", "0"]);
    let Some(_) = swaks(&served, "bob@example.com", &[]) else { return };
    let Some(_) = control(&served, "POST", "/advance", "{\"by\":\"10s\"}") else { return };
    let transcript = control(&served, "GET", "/transcript", "").unwrap();
    assert!(
        transcript.contains("deferred") && transcript.contains("bob@example.com"),
        "{transcript}"
    );
}

#[test]
fn a_resolver_asks_a_real_name_server() {
    // The real one is another playground.
    let mut command = mxsim();
    command.arg("serve").arg(playground()).args(["--json", "--map", "ns1.example.com:53/udp=0"]);
    let authority = Served::start(&mut command).unwrap();
    let real = authority.port("ns1.example.com", "dns");
    let out = format!("ns1.example.com:53/udp=127.0.0.1:{real}");
    let served = Served::playground(&["--out", &out, "--pace", "max"]);
    let ask = |expected: &str| {
        let port = served.port("resolver.example.org", "dns").to_string();
        let arguments = ["@127.0.0.1", "-p", &port, "+tries=1", "+time=30", "example.com", "MX"];
        let told = output("dig", &arguments)?;
        assert!(told.contains(expected), "{told}");
        Some(())
    };
    ask("10 mx1.example.com.");
    assert_eq!(authority.stop(), 0);
}

#[test]
fn an_address_that_is_nobodys_may_stand_for_a_real_server() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("outside.json");
    let text = r#"{
        "domains": { "example.org": { "users": ["alice"] } },
        "zones": { "sink.example": { "records": [
            "@ 3600 IN MX 10 mx.sink.example.", "mx 3600 IN A 192.0.2.200"
        ] } }
    }"#;
    std::fs::write(&scenario, text).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let out = format!("192.0.2.200:25={}", listener.local_addr().unwrap());
    let (heard, hears) = channel();
    thread::spawn(move || sink(&listener, &heard));
    let options = ["--out", &out, "--pace", "max", "--control", "0"];
    let served = Served::scenario(&scenario, &options);
    let letter = r#"{"from":"alice@example.org","to":["x@sink.example"],"subject":"to nobody",
        "server":"mail.example.org:587","login":{"user":"alice@example.org","password":"secret"}}"#;
    let Some(told) = control(&served, "POST", "/messages", letter) else { return };
    assert!(told.contains("\"accepted\":true"), "{told}");
    let message = hears.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(message.contains("Subject: to nobody"), "{message}");
}
