use super::super::structure::{Content, Part};
use super::*;
use crate::engine::UnixTime;
use crate::proto::mail::Message;
use crate::proto::mail::delivery_status::{Action, Diagnostic, RecipientStatus, TypedAddress};
use crate::proto::smtp::{EnhancedStatus, Reply};
use proptest::prelude::*;

fn at(secs: i64) -> DateTime {
    DateTime::utc(UnixTime(1_767_603_600 + secs))
}

fn report(action: Action, returned: Returned) -> DeliveryReport<'static> {
    let unknown = EnhancedStatus::new(5, 1, 1);
    let reply = Reply::new(
        550,
        unknown,
        "<bob@example.com>: Recipient address rejected:\nno such user here",
    );
    DeliveryReport {
        to: "alice@example.org",
        audience: Audience::Sender,
        date: at(7_300),
        message_id: "20260105090002.3F2A91C04B@smtp.example.org",
        boundary: "3F2A91C04B.1767603602/smtp.example.org",
        status: DeliveryStatus {
            reporting_mta: "smtp.example.org".to_owned(),
            dsn_gateway: None,
            received_from_mta: None,
            envelope_id: None,
            queue_id: Some("3F2A91C04B".to_owned()),
            sender: Some("alice@example.org".to_owned()),
            arrival_date: Some(at(0)),
            recipients: vec![RecipientStatus {
                original_recipient: None,
                final_recipient: "bob@example.com".to_owned(),
                action,
                status: unknown,
                remote_mta: Some("mx.example.com".to_owned()),
                diagnostic: Some(Diagnostic::smtp(&reply)),
                last_attempt: None,
                final_log_id: None,
                will_retry_until: (action == Action::Delayed).then(|| at(432_000)),
            }],
        },
        explanations: vec![Explanation {
            expanded_from: None,
            text: format!(
                "host mx.example.com[192.0.2.1] said: {reply} (in reply to RCPT TO command)"
            ),
        }],
        original: Bytes::from_static(b"Subject: lunch\r\n\r\nToday?\r\n"),
        returned,
    }
}

#[test]
fn a_bounce() {
    let octets = report(Action::Failed, Returned::Message).compose();
    let text = String::from_utf8(octets.to_vec()).unwrap();
    insta::assert_snapshot!(text.replace("\r\n", "\n"), @r#"
    Date: Mon, 05 Jan 2026 11:01:40 +0000
    From: MAILER-DAEMON@smtp.example.org (Mail Delivery System)
    Subject: Undelivered Mail Returned to Sender
    To: alice@example.org
    Auto-Submitted: auto-replied
    Message-ID: <20260105090002.3F2A91C04B@smtp.example.org>
    MIME-Version: 1.0
    Content-Type: multipart/report; report-type=delivery-status;
    	boundary="3F2A91C04B.1767603602/smtp.example.org"

    This is a MIME-encapsulated message.

    --3F2A91C04B.1767603602/smtp.example.org
    Content-Description: Notification
    Content-Type: text/plain; charset=us-ascii

    This is the mail system at host smtp.example.org.

    I'm sorry to have to inform you that your message could not
    be delivered to one or more recipients. It's attached below.

    For further assistance, please send mail to postmaster.

    If you do so, please include this problem report. You can
    delete your own text from the attached returned message.

                       The mail system

    <bob@example.com>: host mx.example.com[192.0.2.1] said: 550 5.1.1
        <bob@example.com>: Recipient address rejected: no such user here (in reply
        to RCPT TO command)

    --3F2A91C04B.1767603602/smtp.example.org
    Content-Description: Delivery report
    Content-Type: message/delivery-status

    Reporting-MTA: dns; smtp.example.org
    X-Mxsim-Queue-ID: 3F2A91C04B
    X-Mxsim-Sender: rfc822; alice@example.org
    Arrival-Date: Mon, 05 Jan 2026 09:00:00 +0000

    Final-Recipient: rfc822; bob@example.com
    Action: failed
    Status: 5.1.1
    Remote-MTA: dns; mx.example.com
    Diagnostic-Code: smtp; 550-5.1.1 <bob@example.com>: Recipient address
     rejected:
     550 5.1.1 no such user here

    --3F2A91C04B.1767603602/smtp.example.org
    Content-Description: Undelivered Message
    Content-Type: message/rfc822

    Return-Path: <alice@example.org>
    Subject: lunch

    Today?

    --3F2A91C04B.1767603602/smtp.example.org--
    "#);
}

#[test]
fn a_bounce_is_judged_by_its_structure() {
    let report = report(Action::Failed, Returned::Message);
    let octets = report.compose();
    let root = Part::parse(&octets);
    assert!(root.content_type.is("multipart", "report"));
    assert_eq!(root.content_type.parameters.get("report-type").unwrap(), "delivery-status");
    let Content::Multipart(parts) = &root.content else { panic!("{root:?}") };
    assert_eq!(parts.len(), 3);
    let types = parts.iter().map(|part| part.content_type.clone());
    let wanted = [("text", "plain"), ("message", "delivery-status"), ("message", "rfc822")];
    assert!(types.zip(wanted).all(|(found, (main, sub))| found.is(main, sub)));
    let returned = parts[2].body_in(&octets);
    assert_eq!(returned.strip_prefix(RETURN_PATH), Some(&report.original[..]));
    assert_eq!(DeliveryStatus::find(&octets), Some(report.status));
    let header = Message::parse(&octets).header();
    let field = |name| header.text(name).unwrap().into_owned();
    assert_eq!(field("From"), "MAILER-DAEMON@smtp.example.org (Mail Delivery System)");
    assert_eq!(field("To"), "alice@example.org");
    assert_eq!(field("Subject"), "Undelivered Mail Returned to Sender");
    assert_eq!(field("Auto-Submitted"), "auto-replied");
    assert_eq!(field("MIME-Version"), "1.0");
    assert_eq!(field("Message-ID"), "<20260105090002.3F2A91C04B@smtp.example.org>");
}

#[test]
fn the_header_alone_may_go_back() {
    let octets = report(Action::Failed, Returned::Header).compose();
    let root = Part::parse(&octets);
    let part = root.section(&[3]).unwrap();
    assert!(part.content_type.is("text", "rfc822-headers"));
    let body = part.body_in(&octets);
    assert_eq!(body.strip_prefix(RETURN_PATH), Some(&b"Subject: lunch\r\n"[..]));
}

/// The media types and transfer encodings of the report and of its parts.
fn labels(octets: &[u8]) -> [String; 4] {
    let root = Part::parse(octets);
    [&[][..], &[1], &[2], &[3]].map(|section| {
        let part = root.section(section).unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).to_ascii_lowercase();
        let header = part.header_in(octets).value("Content-Type").unwrap();
        let media_type = text(header.split(|&octet| octet == b';').next().unwrap());
        format!("{media_type} {}", part.transfer_encoding.to_ascii_lowercase())
    })
}

#[test]
fn eight_bit_originals_are_labelled() {
    let mut report = report(Action::Failed, Returned::Message);
    report.original = Bytes::from_static(b"Subject: x\r\n\r\n\xe4\xff\r\n");
    let octets = report.compose();
    assert_eq!(
        labels(&octets),
        [
            "multipart/report 8bit",
            "text/plain 7bit",
            "message/delivery-status 7bit",
            "message/rfc822 8bit"
        ]
    );
    let root = Part::parse(&octets);
    let body = root.section(&[3]).unwrap().body_in(&octets);
    assert_eq!(body.strip_prefix(RETURN_PATH), Some(&report.original[..]));
}

#[test]
fn utf_8_addresses_and_fields_have_the_types_of_rfc_6533() {
    let mut report = report(Action::Failed, Returned::Message);
    report.status.recipients[0].final_recipient = "jürgen@example.com".to_owned();
    let octets = report.compose();
    assert_eq!(
        labels(&octets),
        [
            "multipart/report 8bit",
            "text/plain 8bit",
            "message/global-delivery-status 8bit",
            "message/global 7bit"
        ]
    );
    assert_eq!(DeliveryStatus::find(&octets), Some(report.status.clone()));
    report.status.recipients[0].final_recipient = "bob@example.com".to_owned();
    report.original = "Subject: grüße\r\n\r\n".into();
    report.returned = Returned::Header;
    let wanted = ["multipart/report 8bit", "text/plain 7bit", "message/delivery-status 7bit"];
    let found = labels(&report.compose());
    assert_eq!(found[..3], wanted);
    assert_eq!(found[3], "message/global-headers 8bit");
    // Not UTF-8, so nothing that RFC 6532 knows.
    report.original = Bytes::from_static(b"Subject: \xe4\xff\r\n\r\n");
    assert_eq!(labels(&report.compose())[3], "text/rfc822-headers 8bit");
}

#[test]
fn what_is_too_large_or_no_8bit_data_comes_down_to_its_header() {
    let third = |original: Vec<u8>| {
        let mut report = report(Action::Failed, Returned::Message);
        report.original = original.into();
        let octets = report.compose();
        assert!(octets.split(|&octet| octet == b'\n').all(|line| line.len() <= 999));
        let body = Part::parse(&octets).section(&[3]).unwrap().body_in(&octets).to_vec();
        (labels(&octets)[3].clone(), body.len())
    };
    let message = |body: usize, line: usize| {
        let mut octets = b"Subject: x\r\n\r\n".to_vec();
        while octets.len() + line + 2 <= body {
            octets.resize(octets.len() + line, b'x');
            octets.extend_from_slice(b"\r\n");
        }
        octets.resize(body, b'x');
        octets
    };
    let header = RETURN_PATH.len() + 12;
    assert_eq!(third(message(50_000, 70)).0, "message/rfc822 7bit");
    assert_eq!(third(message(50_001, 70)), ("text/rfc822-headers 7bit".to_owned(), header));
    assert_eq!(third(message(5_000, 998)).0, "message/rfc822 7bit");
    assert_eq!(third(message(5_000, 999)), ("text/rfc822-headers 7bit".to_owned(), header));
    assert_eq!(third(b"X: a\0b\r\n\r\n\0".to_vec()).1, RETURN_PATH.len() + 7);
    // A header without end is cut, and its lines are folded.
    let endless = [b"X: ".to_vec(), "ü".repeat(3_000).into_bytes(), b"\r\n".to_vec()].concat();
    let (label, length) = third(endless.repeat(20));
    assert_eq!(label, "message/global-headers 8bit");
    assert!((40_000..=50_100).contains(&length), "{length}");
}

#[test]
fn delays_and_successes_have_words_of_their_own() {
    let text = |action| {
        let octets = report(action, Returned::Header).compose();
        String::from_utf8(octets.to_vec()).unwrap().replace("\r\n", "\n")
    };
    let delayed = text(Action::Delayed);
    assert!(delayed.contains("Subject: Delayed Mail (still being retried)\n"));
    assert!(delayed.contains("could not be delivered for more than 2 hour(s).\n"));
    assert!(delayed.contains("It will be retried until it is 5 day(s) old.\n"));
    assert!(delayed.contains("Will-Retry-Until: Sat, 10 Jan 2026 09:00:00 +0000\n"));
    assert!(delayed.contains("Content-Description: Undelivered Message Headers\n"));
    let delivered = text(Action::Relayed);
    assert!(delivered.contains("Your message was successfully delivered to the destination(s)\n"));
    assert!(delivered.contains("Subject: Successful Mail Delivery Report\n"));
    assert!(delivered.contains("Content-Description: Message Headers\n"));
}

#[test]
fn the_postmaster_gets_bare_facts() {
    let mut report = report(Action::Failed, Returned::Message);
    report.to = "postmaster@example.org";
    report.audience = Audience::Postmaster;
    let octets = report.compose();
    let text = String::from_utf8_lossy(&octets);
    assert!(text.contains("Subject: Postmaster Copy: Undelivered Mail\r\n"));
    assert!(text.contains("Auto-Submitted: auto-generated\r\n"));
    assert!(text.contains("charset=us-ascii\r\n\r\n\r\n<bob@example.com>: host"), "{text}");
    assert!(!text.contains("I'm sorry"));
}

#[test]
fn an_alias_is_named_beside_what_it_led_to() {
    let mut report = report(Action::Failed, Returned::Message);
    report.explanations[0].expanded_from = Some("sales@example.com".to_owned());
    let text = String::from_utf8(report.compose().to_vec()).unwrap();
    assert!(text.contains("<bob@example.com> (expanded from <sales@example.com>): host"), "{text}");
    report.explanations.clear();
    let text = String::from_utf8(report.compose().to_vec()).unwrap();
    assert!(text.contains("<bob@example.com>: 550-5.1.1 <bob@example.com>: Recipient"), "{text}");
}

#[test]
fn peers_words_stay_in_their_place() {
    let mut report = report(Action::Failed, Returned::Message);
    report.explanations[0].text =
        "x\r\n\r\n--3F2A91C04B.1767603602/smtp.example.org--\r\n".to_owned();
    report.status.recipients[0].diagnostic = Some(Diagnostic::local("a\r\n\r\nAction: delivered"));
    let octets = report.compose();
    let Content::Multipart(parts) = &Part::parse(&octets).content else { panic!() };
    assert_eq!(parts.len(), 3);
    let status = DeliveryStatus::find(&octets).unwrap();
    assert_eq!(status.recipients.len(), 1);
    assert_eq!(status.recipients[0].action, Action::Failed);
}

#[test]
fn no_part_contains_the_boundary() {
    let boundary = |octets: &[u8]| {
        let root = Part::parse(octets);
        root.content_type.parameters.get("boundary").unwrap().to_string()
    };
    let mut outer = report(Action::Failed, Returned::Message);
    let mut known = vec![boundary(&outer.compose())];
    // A report on a report, with the same boundary wished for each time.
    for _ in 0..3 {
        outer.original = outer.compose();
        let octets = outer.compose();
        let boundary = boundary(&octets);
        assert!(known.iter().all(|inner| !boundary.starts_with(inner)), "{boundary}");
        let Content::Multipart(parts) = &Part::parse(&octets).content else { panic!() };
        assert_eq!(parts.len(), 3);
        let body = parts[2].body_in(&octets);
        assert_eq!(body.strip_prefix(RETURN_PATH), Some(&outer.original[..]));
        known.push(boundary);
    }
    outer.boundary = "";
    outer.original = Bytes::from_static(b"1. 2.\r\n");
    assert_eq!(boundary(&outer.compose()), "3.");
    let long = "ü b\"".repeat(30);
    outer.boundary = &long;
    assert_eq!(boundary(&outer.compose()), "--b-".repeat(18)[..70]);
}

proptest! {
    /// Whatever peers and senders write, a report has three parts, with the fields that were meant
    /// and the message as it was.
    #[test]
    fn nothing_breaks_the_structure(
        reply in "(\\PC|[ \r\n\t\\x00-\\x1f]|\r\n|--3F2A91C04B|\\.){0,80}",
        address in "(\\PC|[\r\n\t<>]|--|@){0,40}",
        original in prop::collection::vec(
            prop_oneof![
                any::<u8>().prop_map(|octet| vec![octet]),
                Just(b"\r\n".to_vec()),
                Just(b"\r\n\r\n".to_vec()),
                Just(b"--3F2A91C04B.1767603602/smtp.example.org".to_vec()),
                Just(b"--".to_vec()),
                (0..2_000_usize).prop_map(|length| vec![b'x'; length]),
            ],
            0..40,
        ),
        header_alone: bool,
        postmaster: bool,
    ) {
        let original: Bytes = original.concat().into();
        let returned = if header_alone { Returned::Header } else { Returned::Message };
        let mut report = report(Action::Failed, returned);
        report.to = &address;
        if postmaster {
            report.audience = Audience::Postmaster;
        }
        report.original = original.clone();
        report.explanations[0].text = reply.clone();
        report.explanations[0].expanded_from = Some(address.clone());
        report.status.sender = Some(address.clone());
        let recipient = &mut report.status.recipients[0];
        recipient.original_recipient = Some(TypedAddress::new(&reply));
        recipient.final_recipient = format!("x{address}");
        recipient.diagnostic = Some(Diagnostic { kind: "smtp".to_owned(), text: reply.clone() });
        let octets = report.compose();

        let root = Part::parse(&octets);
        let Content::Multipart(parts) = &root.content else { panic!("no multipart") };
        prop_assert_eq!(parts.len(), 3);
        let names = Message::parse(&octets).header();
        prop_assert!(names.fields().count() <= 9);
        let status = DeliveryStatus::find(&octets).unwrap();
        prop_assert_eq!(status.recipients.len(), 1);
        prop_assert_eq!(status.recipients[0].action, Action::Failed);
        prop_assert_eq!(status.recipients[0].status, EnhancedStatus::new(5, 1, 1));
        let body = parts[2].body_in(&octets);
        let whole = parts[2].content_type.is("message", "rfc822")
            || parts[2].content_type.is("message", "global");
        if whole {
            prop_assert!(body.ends_with(&original));
        }
        // What parsers that take a bare CR or LF for a line end see is no longer, either.
        for line in octets.split(|&octet| octet == b'\n') {
            prop_assert!(line.len() <= 999);
        }
        prop_assert!(memchr::memchr(0, &octets).is_none());
        for part in parts {
            let is_8bit = !part.body_in(&octets).is_ascii();
            prop_assert_eq!(is_8bit, part.transfer_encoding == "8bit");
        }
    }
}

const RETURN_PATH: &[u8] = b"Return-Path: <alice@example.org>\r\n";
