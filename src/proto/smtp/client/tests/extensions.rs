//! DSN, SMTPUTF8 and CHUNKING, with servers that have them and servers that have not.

use std::num::NonZeroUsize;

use super::*;
use crate::proto::smtp::dsn::Ret;
use crate::proto::smtp::params::RcptParams;
use crate::proto::smtp::server::Recipient;

/// From Alice, as RFC 3461 §10.1 prints it.
fn with_dsn() -> Transaction {
    let recipient = |path: &str, notify: &str, orcpt: Option<&str>| Recipient {
        path: path.parse().unwrap(),
        params: RcptParams {
            notify: Some(notify.parse().unwrap()),
            orcpt: orcpt.map(|orcpt| orcpt.parse().unwrap()),
        },
    };
    let from: ReversePath = "<Alice@Example.ORG>".parse().unwrap();
    let recipients = [
        recipient("<Bob@Example.COM>", "SUCCESS", Some("rfc822;Bob@Example.COM")),
        recipient("<Dana@Ivory.EDU>", "SUCCESS,FAILURE", Some("rfc822;Dana@Ivory.EDU")),
        recipient("<Fred@Bombs.AF.MIL>", "NEVER", None),
    ];
    Transaction {
        ret: Some(Ret::Headers),
        envid: Some("QQ314159".into()),
        ..Transaction::new(from, recipients, Bytes::from("Hi\r\n"))
    }
}

#[test]
fn what_reports_are_wanted_is_said_as_in_rfc_3461() {
    check(
        &[with_dsn()],
        "S: 220 Example.ORG SMTP server here
         C: EHLO client.example.org
         S: 250-Example.ORG
         S: 250-DSN
         S: 250-EXPN
         S: 250 PIPELINING
         C: MAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159
         C: RCPT TO:<Bob@Example.COM> NOTIFY=SUCCESS ORCPT=rfc822;Bob@Example.COM
         C: RCPT TO:<Dana@Ivory.EDU> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Dana@Ivory.EDU
         C: RCPT TO:<Fred@Bombs.AF.MIL> NOTIFY=NEVER
         C: DATA
         S: 250 <Alice@Example.ORG> sender ok
         S: 250 ok
         S: 250 ok
         S: 550 no
         S: 354 go
         C: Hi
         C: .
         S: 250 message accepted
         C: QUIT
         S: 221 goodbye",
        &[
            "ready",
            "0.0: 250 ok",
            "0.1: 250 ok",
            "0.2: 550 no",
            "0 done: delivered with DSN by end of DATA: 250 message accepted; delivered with DSN \
             by end of DATA: 250 message accepted; permanent by RCPT TO: 550 no",
            "finished",
        ],
    );
}

#[test]
fn a_server_without_dsn_is_told_nothing_of_reports_and_the_owner_of_that() {
    check(
        &[Transaction { recipients: with_dsn().recipients[..1].to_vec(), ..with_dsn() }],
        "S: 220 mx
         C: EHLO client.example.org
         S: 250 mx
         C: MAIL FROM:<Alice@Example.ORG>
         S: 250 ok
         C: RCPT TO:<Bob@Example.COM>
         S: 250 ok
         C: DATA
         S: 354 go
         C: Hi
         C: .
         S: 250 taken
         C: QUIT
         S: 221",
        &["ready", "0.0: 250 ok", "0 done: delivered by end of DATA: 250 taken", "finished"],
    );
}

/// From and to addresses beyond ASCII where `envelope`, and with such a Subject where `header`.
fn international(envelope: bool, header: bool) -> Transaction {
    let to = if envelope { "<用户@例子.广告>" } else { "<bob@example.net>" };
    let text =
        if header { "Subject: Füße\r\n\r\nHi\r\n" } else { "Subject: Hi\r\n\r\nFüße\r\n" };
    transaction(&[to], text)
}

#[test]
fn smtputf8_is_declared_for_what_needs_it() {
    assert!(international(true, false).smtputf8);
    assert!(international(false, true).smtputf8);
    assert!(!international(false, false).smtputf8);
    check(
        &[international(true, true), international(false, false)],
        "S: 220 mx
         C: EHLO client.example.org
         S: 250-mx
         S: 250-8BITMIME
         S: 250 SMTPUTF8
         C: MAIL FROM:<alice@example.org> BODY=8BITMIME SMTPUTF8
         S: 250 ok
         C: RCPT TO:<用户@例子.广告>
         S: 553 no
         C: RSET
         S: 250 ok
         C: MAIL FROM:<alice@example.org> BODY=8BITMIME
         S: 550 no
         C: QUIT
         S: 221",
        &[
            "ready",
            "0.0: 553 no",
            "0 done: permanent by RCPT TO: 553 no",
            "1 done: permanent by MAIL FROM: 550 no",
            "finished",
        ],
    );
}

#[test]
fn what_needs_smtputf8_is_not_sent_to_a_server_without() {
    let declared = Transaction { smtputf8: true, ..one().remove(0) };
    let old = Transaction { smtputf8: false, ..international(false, true) };
    let unsendable =
        "permanent by nothing: 5.6.7 SMTPUTF8 is required, but was not offered by host";
    check(
        &[international(true, false), international(false, true), declared, old],
        "S: 220 mx
         C: EHLO client.example.org
         S: 250-mx
         S: 250 8BITMIME
         C: MAIL FROM:<alice@example.org>
         S: 550 no
         C: MAIL FROM:<alice@example.org> BODY=8BITMIME
         S: 550 no
         C: QUIT
         S: 221",
        &[
            "ready",
            &format!("0 done: {unsendable}"),
            &format!("1 done: {unsendable}"),
            "2 done: permanent by MAIL FROM: 550 no",
            "3 done: permanent by MAIL FROM: 550 no",
            "finished",
        ],
    );
}

fn in_chunks(octets: usize) -> ClientConfig {
    ClientConfig {
        chunk_octets: NonZeroUsize::new(octets),
        ..ClientConfig::new("client.example.org")
    }
}

#[test]
fn one_bdat_has_it_all_as_in_rfc_3030() {
    let text = "To: Susan@random.com\r\nFrom: Sam@random.com\r\n\
                Subject: This is a bodyless test message\r\n";
    check_with(
        &in_chunks(100_000),
        &[transaction(&["<Susan@Random.com>"], text), transaction(&["<Susan@Random.com>"], "")],
        "S: 220 cnri.reston.va.us SMTP service ready
         C: EHLO client.example.org
         S: 250-cnri.reston.va.us says hello
         S: 250 CHUNKING
         C: MAIL FROM:<alice@example.org>
         S: 250 <Sam@Random.com> Sender ok
         C: RCPT TO:<Susan@Random.com>
         S: 250 <Susan@random.com> Recipient ok
         C: BDAT 86 LAST
         C: To: Susan@random.com
         C: From: Sam@random.com
         C: Subject: This is a bodyless test message
         S: 250 Message OK, 86 octets received
         C: MAIL FROM:<alice@example.org>
         S: 250 ok
         C: RCPT TO:<Susan@Random.com>
         S: 250 ok
         C: BDAT 0 LAST
         S: 250 ok
         C: QUIT
         S: 221 Goodbye",
        &[
            "ready",
            "0.0: 250 <Susan@random.com> Recipient ok",
            "0 done: delivered by end of DATA: 250 Message OK, 86 octets received",
            "1.0: 250 ok",
            "1 done: delivered by end of DATA: 250 ok",
            "finished",
        ],
    );
}

const IN_THREE: &str = "0123\r\n.567\r\n89\r\n";

#[test]
fn chunks_are_pipelined_where_that_is_offered() {
    let mail = "C: MAIL FROM:<alice@example.org>
        C: RCPT TO:<a@b>
        S: 250 ok
        S: 250 ok
        C: BDAT 6
        C: 0123
        C: BDAT 6
        C: .567
        C: BDAT 4 LAST
        C: 89
        ";
    check_with(
        &in_chunks(6),
        &vec![transaction(&["<a@b>"], IN_THREE); 3],
        &format!(
            "S: 220 mx
             C: EHLO client.example.org
             S: 250-mx
             S: 250-PIPELINING
             S: 250 CHUNKING
             {mail}
             S: 250 6 octets
             S: 250 6 octets
             S: 250 taken
             {mail}
             S: 552 full
             S: 503 RSET
             S: 503 RSET
             C: RSET
             S: 250 ok
             {mail}
             S: 250 6 octets
             S: 250 6 octets
             S: 554 spam
             C: QUIT
             S: 221"
        ),
        &[
            "ready",
            "0.0: 250 ok",
            "0 done: delivered by end of DATA: 250 taken",
            "1.0: 250 ok",
            "1 done: permanent by BDAT: 552 full",
            "2.0: 250 ok",
            "2 done: permanent by end of DATA: 554 spam",
            "finished",
        ],
    );
}

#[test]
fn without_pipelining_each_chunk_waits_for_the_reply_to_the_one_before() {
    check_with(
        &in_chunks(6),
        &vec![transaction(&["<a@b>"], IN_THREE); 2],
        "S: 220 mx
         C: EHLO client.example.org
         S: 250-mx
         S: 250 CHUNKING
         C: MAIL FROM:<alice@example.org>
         S: 250 ok
         C: RCPT TO:<a@b>
         S: 250 ok
         C: BDAT 6
         C: 0123
         S: 250 6 octets
         C: BDAT 6
         C: .567
         S: 250 6 octets
         C: BDAT 4 LAST
         C: 89
         S: 250 taken
         C: MAIL FROM:<alice@example.org>
         S: 250 ok
         C: RCPT TO:<a@b>
         S: 250 ok
         C: BDAT 6
         C: 0123
         S: 250 6 octets
         C: BDAT 6
         C: .567
         S: TIMEOUT",
        &[
            "ready",
            "0.0: 250 ok",
            "0 done: delivered by end of DATA: 250 taken",
            "1.0: 250 ok",
            "1 done: transient by BDAT: timed out",
            "failed at BDAT: timed out (0 unsent)",
        ],
    );
}

#[test]
fn nothing_is_sent_with_bdat_when_nobody_is_left() {
    check_with(
        &in_chunks(6),
        &one(),
        "S: 220 mx
         C: EHLO client.example.org
         S: 250-mx
         S: 250-PIPELINING
         S: 250 CHUNKING
         C: MAIL FROM:<alice@example.org>
         C: RCPT TO:<bob@example.net>
         S: 250 ok
         S: 450 later
         C: QUIT
         S: 221",
        &["ready", "0.0: 450 later", "0 done: transient by RCPT TO: 450 later", "finished"],
    );
}
