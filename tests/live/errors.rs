//! What cannot be served is told, with exit code 2.

use std::net::{TcpListener, UdpSocket};
use std::process::Output;

use crate::served::{mxsim, playground};

fn refused(options: &[&str]) -> String {
    let Output { status, stdout, stderr } =
        mxsim().arg("serve").arg(playground()).args(options).output().unwrap();
    let err = String::from_utf8(stderr).unwrap();
    assert_eq!((status.code(), stdout.as_slice()), (Some(2), &b""[..]), "{options:?}: {err}");
    err
}

#[test]
fn a_port_in_use_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let real = taken.local_addr().unwrap();
    let err = refused(&["--map", &format!("imap.example.org:143={real}")]);
    assert_eq!(
        err,
        format!("imap of imap.example.org at {real}: the port is in use by another program\n")
    );
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let real = taken.local_addr().unwrap();
    let err = refused(&["--map", &format!("ns1.example.org:53/udp={real}")]);
    assert!(err.contains("dns of ns1.example.org") && err.contains("in use"), "{err}");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let real = taken.local_addr().unwrap();
    let err = refused(&["--control", &real.to_string()]);
    assert!(err.contains("control at") && err.contains("in use"), "{err}");
}

#[test]
fn what_is_not_in_the_scenario_is_told() {
    let check = |options: &[&str], said: &str| {
        let err = refused(options);
        assert!(err.contains(said), "{err}");
    };
    check(
        &["--map", "imp.example.org:143=0"],
        "no host of the scenario is named \"imp.example.org\" (did you mean \"imap.example.org\"?)",
    );
    check(&["--map", "192.0.2.77:143=0"], "no host of the scenario is named \"192.0.2.77\"");
    check(&["--map", "internet:143=0"], "no host of the scenario is named \"internet\"");
    check(
        &["--map", "smtp.example.org:143=0"],
        "smtp.example.org does not listen there; it has 465 (submissions), 587 (submission)",
    );
    check(&["--map", "ns1.example.org:53/udp=0", "--map", "ns1.example.org:25=0"], "53/udp (dns)");
    check(
        &["--all", "20000", "--out", "mx9.example.com:25=2525"],
        "did you mean \"mx1.example.com\"?",
    );
}

#[test]
fn what_makes_no_sense_is_told() {
    let check = |options: &[&str], said: &str| {
        let err = refused(options);
        assert!(err.contains(said), "{err}");
    };
    check(&[], "nothing is to be served: name ports with --map or --all");
    check(&["--map", "imap.example.org:143"], "write HOST:PORT=ADDR:PORT");
    check(&["--all", "65530"], "--all 65530: there are not enough ports from there on");
    check(&["--all", "0"], "0 is not in 1..=65535");
    check(&["--all", "20000", "--pace", "fast"], "write a number from 0.001 to 1000000");
    check(&["--map", "imap.example.org:143=0.0.0.0:1143"], "0.0.0.0:1143 is no loopback address");
    check(&["--control", "0.0.0.0:8025"], "with --allow-remote others may be used");
    check(
        &["--all", "20000", "--out", "mx1.example.com:25=192.0.2.1:25"],
        "is no loopback address",
    );
    let missing = mxsim().args(["serve", "/nowhere.json", "--all", "20000"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2));
}

#[test]
fn the_help_teaches() {
    for command in ["serve", "replay"] {
        let help = mxsim().args([command, "--help"]).output().unwrap();
        let text = String::from_utf8(help.stdout).unwrap();
        assert!(help.status.success() && text.contains(&format!("\n  mxsim {command}")), "{text}");
    }
}
