use super::*;
use crate::engine::UnixTime;
use crate::proto::smtp::ReplyParser;
use proptest::prelude::*;

#[test]
fn the_simple_report_of_rfc_3464_appendix_e1() {
    let message = b"Date: Thu, 7 Jul 1994 17:16:05 -0400\r\n\
        From: Mail Delivery Subsystem <MAILER-DAEMON@CS.UTK.EDU>\r\n\
        Message-Id: <199407072116.RAA14128@CS.UTK.EDU>\r\n\
        Subject: Returned mail: Cannot send message for 5 days\r\n\
        To: <owner-info-mime@cs.utk.edu>\r\n\
        MIME-Version: 1.0\r\n\
        Content-Type: multipart/report; report-type=delivery-status;\r\n      \
        boundary=\"RAA14128.773615765/CS.UTK.EDU\"\r\n\
        \r\n\
        --RAA14128.773615765/CS.UTK.EDU\r\n\
        \r\n\
        The original message was received at Sat, 2 Jul 1994 17:10:28 -0400\r\n\
        from root@localhost\r\n\
        \r\n   \
        ----- The following addresses had delivery problems -----\r\n\
        <louisl@larry.slip.umd.edu>  (unrecoverable error)\r\n\
        \r\n\
        --RAA14128.773615765/CS.UTK.EDU\r\n\
        content-type: message/delivery-status\r\n\
        \r\n\
        Reporting-MTA: dns; cs.utk.edu\r\n\
        \r\n\
        Original-Recipient: rfc822;louisl@larry.slip.umd.edu\r\n\
        Final-Recipient: rfc822;louisl@larry.slip.umd.edu\r\n\
        Action: failed\r\n\
        Status: 4.0.0\r\n\
        Diagnostic-Code: smtp; 426 connection timed out\r\n\
        Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400\r\n\
        \r\n\
        --RAA14128.773615765/CS.UTK.EDU\r\n\
        content-type: message/rfc822\r\n\
        \r\n\
        [original message goes here]\r\n\
        \r\n\
        --RAA14128.773615765/CS.UTK.EDU--\r\n";
    let status = DeliveryStatus::find(message).unwrap();
    assert_eq!(status.reporting_mta, "cs.utk.edu");
    let [recipient] = &status.recipients[..] else { panic!("{status:?}") };
    assert_eq!(recipient.final_recipient, "louisl@larry.slip.umd.edu");
    assert_eq!(recipient.original_recipient, Some(TypedAddress::new("louisl@larry.slip.umd.edu")));
    assert_eq!(recipient.action, Action::Failed);
    assert_eq!(recipient.status, EnhancedStatus::new(4, 0, 0));
    let timed_out = "426 connection timed out".to_owned();
    let wanted = Diagnostic { kind: "smtp".to_owned(), text: timed_out };
    assert_eq!(recipient.diagnostic, Some(wanted));
    assert_eq!(recipient.last_attempt.map(DateTime::unix_time), Some(UnixTime(773_615_749)));
}

#[test]
fn the_multi_recipient_report_of_rfc_3464_appendix_e2() {
    let body = b"Reporting-MTA: dns; cs.utk.edu\n\n\
        Original-Recipient: rfc822;arathib@vnet.ibm.com\n\
        Final-Recipient: rfc822;arathib@vnet.ibm.com\n\
        Action: failed\nStatus: 5.0.0 (permanent failure)\n\
        Diagnostic-Code: smtp;  550 'arathib@vnet.IBM.COM' is not a\n registered gateway user\n\
        Remote-MTA: dns; vnet.ibm.com\n\n\
        Original-Recipient: rfc822;johnh@hpnjld.njd.hp.com\n\
        Final-Recipient: rfc822;johnh@hpnjld.njd.hp.com\n\
        Action: delayed\nStatus: 4.0.0 (hpnjld.njd.jp.com: host name lookup failure)\n\n\
        Original-Recipient: rfc822;wsnell@sdcc13.ucsd.edu\n\
        Final-Recipient: rfc822;wsnell@sdcc13.ucsd.edu\n\
        Action: failed\nStatus: 5.0.0\n\
        Diagnostic-Code: smtp; 550 user unknown\nRemote-MTA: dns; sdcc13.ucsd.edu\n";
    let status = DeliveryStatus::parse(body).unwrap();
    let actions: Vec<Action> = status.recipients.iter().map(|one| one.action).collect();
    assert_eq!(actions, [Action::Failed, Action::Delayed, Action::Failed]);
    let first = &status.recipients[0];
    assert_eq!(first.status, EnhancedStatus::new(5, 0, 0));
    assert_eq!(first.remote_mta.as_deref(), Some("vnet.ibm.com"));
    let text = &first.diagnostic.as_ref().unwrap().text;
    assert_eq!(text, "550 'arathib@vnet.IBM.COM' is not a registered gateway user");
}

fn full() -> DeliveryStatus {
    let at = |secs: i64| Some(DateTime::utc(UnixTime(1_767_603_600 + secs)));
    let status = EnhancedStatus::new(4, 2, 2);
    let reply = Reply::new(
        452,
        status,
        "Mailbox full,\ntry again when the owner has come back and read it all",
    );
    DeliveryStatus {
        reporting_mta: "smtp.example.org".to_owned(),
        dsn_gateway: Some("gw.example.org".to_owned()),
        received_from_mta: Some("laptop.example.org".to_owned()),
        envelope_id: Some("QQ314159 of alice".to_owned()),
        queue_id: Some("3F2A91C04B".to_owned()),
        sender: Some("alice@example.org".to_owned()),
        arrival_date: at(0),
        recipients: vec![
            RecipientStatus {
                original_recipient: Some(TypedAddress::new("bob@example.com")),
                final_recipient: "b.brown@example.net".to_owned(),
                action: Action::Delayed,
                status,
                remote_mta: Some("mx.example.net".to_owned()),
                diagnostic: Some(Diagnostic::smtp(&reply)),
                last_attempt: at(300),
                final_log_id: Some("4D5B".to_owned()),
                will_retry_until: at(432_000),
            },
            RecipientStatus {
                original_recipient: None,
                final_recipient: "carol@example.com".to_owned(),
                action: Action::Failed,
                status: EnhancedStatus::new(5, 4, 6),
                remote_mta: None,
                diagnostic: Some(Diagnostic::local("mail for exämple.com loops back to myself")),
                last_attempt: None,
                final_log_id: None,
                will_retry_until: None,
            },
        ],
    }
}

#[test]
fn what_is_written_is_read_again() {
    let status = full();
    let body = status.encode();
    assert_eq!(DeliveryStatus::parse(body.as_bytes()), Some(status));
    insta::assert_snapshot!(body.replace("\r\n", "\n"), @"
    Reporting-MTA: dns; smtp.example.org
    DSN-Gateway: dns; gw.example.org
    Received-From-MTA: dns; laptop.example.org
    Original-Envelope-Id: QQ314159 of alice
    X-Mxsim-Queue-ID: 3F2A91C04B
    X-Mxsim-Sender: rfc822; alice@example.org
    Arrival-Date: Mon, 05 Jan 2026 09:00:00 +0000

    Final-Recipient: rfc822; b.brown@example.net
    Original-Recipient: rfc822; bob@example.com
    Action: delayed
    Status: 4.2.2
    Remote-MTA: dns; mx.example.net
    Diagnostic-Code: smtp; 452-4.2.2 Mailbox full,
     452 4.2.2 try again when the owner has come back and read it all
    Last-Attempt-Date: Mon, 05 Jan 2026 09:05:00 +0000
    Final-Log-ID: 4D5B
    Will-Retry-Until: Sat, 10 Jan 2026 09:00:00 +0000

    Final-Recipient: rfc822; carol@example.com
    Action: failed
    Status: 5.4.6
    Diagnostic-Code: x-mxsim; mail for =?utf-8?q?ex=C3=A4mple=2Ecom?= loops back
     to myself
    ");
}

#[test]
fn a_reply_of_several_lines_keeps_its_lines_and_codes() {
    // RFC 3461 §9.2.
    let reply = "550-mailbox unavailable\r\n550 user has moved with no forwarding address\r\n";
    let reply = ReplyParser::new().next(&mut reply.as_bytes()).unwrap().unwrap();
    let mut status = full();
    status.recipients[0].diagnostic = Some(Diagnostic::smtp(&reply));
    let body = status.encode();
    assert!(
        body.contains(
            "Diagnostic-Code: smtp; 550-mailbox unavailable\r\n \
             550 user has moved with no forwarding address\r\n"
        ),
        "{body}"
    );
    assert_eq!(DeliveryStatus::parse(body.as_bytes()), Some(status));
}

#[test]
fn a_code_in_the_words_of_one_line_is_no_line() {
    for text in ["550 say 550-x", "550-", "550-x", "55x-y 55x z", "451 4.7.1 a-b 451 c"] {
        assert_eq!(write::reply_lines(text), [text]);
    }
    assert_eq!(write::reply_lines("550-a 550-b 550 c 550 d"), ["550-a", "550-b", "550 c 550 d"]);
}

#[test]
fn addresses_in_utf_8_follow_rfc_6533() {
    let mut status = full();
    assert_eq!(status.subtype(), "delivery-status");
    status.recipients[1].final_recipient = "jürgen@exämple.com".to_owned();
    assert_eq!(status.subtype(), "global-delivery-status");
    let body = status.encode();
    assert!(body.contains("Final-Recipient: utf-8; jürgen@exämple.com\r\n"), "{body}");
    assert!(body.contains("Final-Recipient: rfc822; b.brown@example.net\r\n"), "{body}");
    assert!(body.contains("X-Mxsim-Sender: rfc822; alice@example.org\r\n"), "{body}");
    assert!(body.contains("x-mxsim; mail for exämple.com loops back to myself\r\n"), "{body}");
    assert_eq!(DeliveryStatus::parse(body.as_bytes()), Some(status));
    let in_ascii = b"Final-Recipient: utf-8; j\\x{FC}rgen@ex\\x{E4}mple.com\nAction: failed\n\
        Original-Recipient: UTF-8;\\x{}\\x{110000}\\x{\n";
    let status = DeliveryStatus::parse(in_ascii).unwrap();
    assert_eq!(status.recipients[0].final_recipient, "jürgen@exämple.com");
    let original = status.recipients[0].original_recipient.as_ref().unwrap();
    assert_eq!(original.address, r"\x{}\x{110000}\x{");
}

#[test]
fn what_reports_on_nobody_is_none() {
    assert_eq!(DeliveryStatus::parse(b""), None);
    assert_eq!(DeliveryStatus::parse(b"Reporting-MTA: dns; a\n\nAction: failed\n"), None);
    assert_eq!(DeliveryStatus::find(b"Subject: x\n\nAction: failed\n"), None);
    let bare = DeliveryStatus::parse(b"\n\nFinal-Recipient: <a@b>\nAction: Failed (x)\n").unwrap();
    assert_eq!(bare.recipients[0].status, EnhancedStatus::new(5, 0, 0));
    assert_eq!(bare.recipients[0].final_recipient, "a@b");
}

proptest! {
    #[test]
    fn no_octets_are_too_strange(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        DeliveryStatus::parse(&octets);
        DeliveryStatus::find(&octets);
    }

    /// Whatever stands in a field, the fields stay those that were written.
    #[test]
    fn nobody_writes_a_field_of_their_own(
        strange in "(\\PC|[ \r\n\t:;<>=?\\x00-\\x1f]|\r\n|Action: delivered|550-|550 ){0,60}",
        long in "[a-zü]{0,1200}",
    ) {
        let mut status = full();
        let text = format!("{strange}{long}");
        status.recipients[0].diagnostic =
            Some(Diagnostic { kind: "smtp".to_owned(), text: text.clone() });
        status.recipients[0].original_recipient = Some(TypedAddress::new(&text));
        status.recipients[1].final_recipient = format!("x{text}");
        status.recipients[1].final_log_id = Some(text.clone());
        status.envelope_id = Some(text.clone());
        status.sender = Some(text);
        let body = status.encode();
        prop_assert!(body.is_ascii() || status.is_international());
        for line in body.split("\r\n") {
            prop_assert!(line.len() <= 998 && !line.contains(['\r', '\n', '\0']), "{}", line);
        }
        let read = DeliveryStatus::parse(body.as_bytes()).unwrap();
        prop_assert_eq!(read.recipients.len(), 2);
        prop_assert_eq!(read.recipients[0].action, Action::Delayed);
        prop_assert_eq!(read.recipients[1].action, Action::Failed);
        prop_assert_eq!(read.reporting_mta, status.reporting_mta);
        let names = body.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
        prop_assert_eq!(names.count(), 7 + 1 + 9 + 1 + 5 + 1);
    }
}
