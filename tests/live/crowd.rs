//! Many clients, and bad ones.

use crate::served::{Served, python};

#[test]
fn two_thousand_connections_are_served_at_one_time() {
    let served = Served::playground(&["--pace", "max"]);
    let port = served.port("imap.example.org", "imap").to_string();
    let Some(told) = python("crowd.py", &[&port, "2000"]) else { return };
    assert!(told.starts_with("2000 open"), "{told}");
    assert_eq!(served.stop(), 0);
}

#[test]
fn nobody_is_held_up_by_slow_and_hostile_clients_and_memory_is_bounded() {
    let served = Served::playground(&["--pace", "max", "--latency", "none"]);
    let port = |host: &str, service: &str| served.port(host, service);
    let (first, last) = (port("a.root-servers.net", "dns"), port("imap.example.com", "imap"));
    let arguments = [
        first,
        last - first + 1,
        port("smtp.example.org", "submission"),
        port("imap.example.org", "imap"),
    ];
    let arguments = arguments.map(|number| number.to_string());
    let Some(_) = python("hostile.py", &arguments.each_ref().map(String::as_str)) else { return };
    if let Some(octets) = served.resident_octets() {
        // 80,000 copies of two megabytes were asked for and not taken.
        assert!(octets < 512 << 20, "{octets} octets of memory");
    }
    assert_eq!(served.stop(), 0);
}
