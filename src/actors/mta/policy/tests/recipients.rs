//! Who may send to whom.

use crate::actors::mta::config::{AcceptFrom, RefusalMode, Restriction, SenderPattern};

use super::{Bench, LOGIN, OWN_SERVER, STRANGER, taken_from};

#[test]
fn recipients_are_judged_by_who_asks() {
    let mut bench = Bench::new();
    bench.restrict("staff", taken_from(AcceptFrom::Inside));
    let later = RefusalMode::AcceptThenBounce;
    bench.restrict("boss", Restriction { mode: later, ..taken_from(AcceptFrom::Inside) });
    let mut check = |client, login, to, wanted| {
        bench.login = login;
        assert_eq!(bench.says(client, "<>", to), wanted, "{client} {login:?} to {to}");
    };
    let login = Some(LOGIN);
    check(STRANGER, None, "<bob@example.net>", "250");
    check(STRANGER, None, "<BOB@EXAMPLE.NET>", "250");
    check(STRANGER, None, "<Postmaster>", "250");
    check(STRANGER, None, "<postmaster@example.net>", "250");
    check(STRANGER, None, "<postmaster@[192.0.2.7]>", "250");
    check(STRANGER, None, "<bob@[192.0.2.7]>", "250");
    let unknown = "550 5.1.1 <eve@example.net>: Recipient address rejected: User unknown in virtual \
                   mailbox table";
    check(STRANGER, None, "<eve@[192.0.2.7]>", unknown);
    let elsewhere = "554 5.7.1 <bob@[192.0.2.8]>: Relay access denied";
    check(STRANGER, None, "<bob@[192.0.2.8]>", elsewhere);
    check(STRANGER, None, "<eve@example.net>", unknown);
    check(STRANGER, None, "<x@example.com>", "554 5.7.1 <x@example.com>: Relay access denied");
    check(OWN_SERVER, None, "<x@example.com>", "250");
    check(STRANGER, login, "<x@example.com>", "250");
    let closed = "554 5.7.1 <staff@example.net>: Recipient address rejected: Access denied";
    check(STRANGER, None, "<staff@example.net>", closed);
    check(STRANGER, login, "<staff@example.net>", "250");
    check(OWN_SERVER, None, "<staff@example.net>", "250");
    check(STRANGER, None, "<boss@example.net>", "250, then 5.7.1");
}

#[test]
fn a_submitter_sends_from_own_addresses() {
    let mut bench = Bench::new();
    bench.login = Some(LOGIN);
    let mut check = |from, wanted| {
        assert_eq!(bench.says(STRANGER, from, "<x@example.com>"), wanted);
    };
    check("<bob@example.net>", "250");
    check("<>", "250");
    check(
        "<eve@example.net>",
        "553 5.7.1 <eve@example.net>: Sender address rejected: not owned by user bob@example.net",
    );
}

#[test]
fn lists_let_in_and_keep_out_by_path_domain_and_network() {
    let denied = "554 5.7.1 <bob@example.net>: Recipient address rejected: Access denied";
    let mut bench = Bench::new();
    bench.domain().restriction = Restriction {
        allow: vec![
            SenderPattern::Domain("example.org".into()),
            SenderPattern::Network("198.51.100.0/24".parse().unwrap()),
        ],
        ..taken_from(AcceptFrom::Nobody)
    };
    let to = "<bob@example.net>";
    assert_eq!(bench.says(STRANGER, "<alice@example.org>", to), "250");
    assert_eq!(bench.says(STRANGER, "<alice@example.com>", to), denied);
    assert_eq!(bench.says("198.51.100.7", "<alice@example.com>", to), "250");
    assert_eq!(bench.says(OWN_SERVER, "<>", to), denied);

    bench.domain().restriction = Restriction {
        allow: vec![SenderPattern::Address("alice@example.org".parse().unwrap())],
        deny: vec![SenderPattern::Domain("example.org".into()), SenderPattern::Null],
        ..Restriction::none()
    };
    assert_eq!(bench.says(STRANGER, "<alice@example.org>", to), "250");
    assert_eq!(bench.says(STRANGER, "<eve@example.org>", to), denied);
    assert_eq!(bench.says(STRANGER, "<>", to), denied);
    assert_eq!(bench.says(STRANGER, "<eve@example.com>", to), "250");
}

#[test]
fn who_must_have_authenticated_did_so_here_or_at_a_server_of_ours() {
    let mut bench = Bench::new();
    bench.restrict("staff", taken_from(AcceptFrom::Authenticated));
    let to = "<staff@example.net>";
    let closed = "554 5.7.1 <staff@example.net>: Recipient address rejected: Access denied";
    assert_eq!(bench.says(STRANGER, "<bob@example.net>", to), closed);
    assert_eq!(bench.says(OWN_SERVER, "<bob@example.net>", to), "250");
    assert_eq!(bench.says(OWN_SERVER, "<>", to), closed);
    assert_eq!(bench.says(OWN_SERVER, "<alice@example.org>", to), closed);
    bench.login = Some(LOGIN);
    assert_eq!(bench.says(STRANGER, "<bob@example.net>", to), "250");
}
