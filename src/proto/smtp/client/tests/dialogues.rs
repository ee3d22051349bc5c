//! Dialogues with servers that answer.

use super::*;

#[test]
fn a_typical_transaction_as_in_appendix_d_1_of_rfc_5321() {
    let to = ["<Jones@foo.com>", "<Green@foo.com>", "<Brown@foo.com>"];
    check(
        &[transaction(&to, "Blah blah blah...\r\n.etc. etc. etc.\r\n")],
        "S: 220 foo.com Simple Mail Transfer Service Ready
         C: EHLO client.example.org
         S: 250-foo.com greets bar.com
         S: 250-8BITMIME
         S: 250-SIZE
         S: 250-DSN
         S: 250 HELP
         C: MAIL FROM:<alice@example.org> SIZE=36
         S: 250 OK
         C: RCPT TO:<Jones@foo.com>
         S: 250 OK
         C: RCPT TO:<Green@foo.com>
         S: 550 No such user here
         C: RCPT TO:<Brown@foo.com>
         S: 250 OK
         C: DATA
         S: 354 Start mail input; end with <CRLF>.<CRLF>
         C: Blah blah blah...
         C: ..etc. etc. etc.
         C: .
         S: 250 OK
         C: QUIT
         S: 221 foo.com Service closing transmission channel",
        &[
            "ready",
            "0.0: 250 OK",
            "0.1: 550 No such user here",
            "0.2: 250 OK",
            "0 done: delivered with DSN by end of DATA: 250 OK; permanent by RCPT TO: 550 No such \
             user here; delivered with DSN by end of DATA: 250 OK",
            "finished",
        ],
    );
}

#[test]
fn pipelining_sends_the_envelope_in_one_piece_as_in_rfc_2920() {
    check(
        &[
            transaction(&["<ned@innosoft.com>", "<dan@innosoft.com>"], "Hi"),
            transaction(&["<\"a b\"@innosoft.com>"], "\r\né\r\n"),
        ],
        "S: 220 innosoft.com SMTP service ready
         C: EHLO client.example.org
         S: 250-innosoft.com
         S: 250-8BITMIME
         S: 250 PIPELINING
         C: MAIL FROM:<alice@example.org>
         C: RCPT TO:<ned@innosoft.com>
         C: RCPT TO:<dan@innosoft.com>
         C: DATA
         S: 250 sender <alice@example.org> OK
         S: 250 recipient <ned@innosoft.com> OK
         S: 452 4.2.2 Mailbox full
         S: 354 enter mail, end with line containing only \".\"
         C: Hi
         C: .
         S: 250 2.6.0 message sent
         C: MAIL FROM:<alice@example.org> BODY=8BITMIME
         C: RCPT TO:<\"a b\"@innosoft.com>
         C: DATA
         S: 250 OK
         S: 250 OK
         S: 354 go on
         C:
         C: é
         C: .
         S: 554-5.6.0 No
         S: 554 5.6.0 thanks
         C: QUIT
         S: 221 goodbye",
        &[
            "ready",
            "0.0: 250 recipient <ned@innosoft.com> OK",
            "0.1: 452 4.2.2 Mailbox full",
            "0 done: delivered by end of DATA: 250 2.6.0 message sent; transient by RCPT TO: 452 \
             4.2.2 Mailbox full",
            "1.0: 250 OK",
            "1 done: permanent by end of DATA: 554 5.6.0 No thanks",
            "finished",
        ],
    );
}

#[test]
fn without_a_recipient_left_a_lone_dot_ends_pipelined_data() {
    check(
        &one(),
        "S: 220 mx
         C: EHLO client.example.org
         S: 250-mx
         S: 250 PIPELINING
         C: MAIL FROM:<alice@example.org>
         C: RCPT TO:<bob@example.net>
         C: DATA
         S: 250 OK
         S: 550 no
         S: 354 go on
         C: .
         S: 554 no valid recipients
         C: QUIT
         S: 221 bye",
        &["ready", "0.0: 550 no", "0 done: permanent by RCPT TO: 550 no", "finished"],
    );
}

#[test]
fn what_the_server_still_has_open_is_reset_before_the_next() {
    let transactions = [one(), one(), one()].concat();
    check(
        &transactions,
        "S: 220 mx
         C: EHLO client.example.org
         S: 250-mx
         S: 250 PIPELINING
         C: MAIL FROM:<alice@example.org>
         C: RCPT TO:<bob@example.net>
         C: DATA
         S: 250 OK
         S: 550 no
         S: 503 no recipients
         C: RSET
         S: 250 OK
         C: MAIL FROM:<alice@example.org>
         C: RCPT TO:<bob@example.net>
         C: DATA
         S: 451 4.7.1 later
         S: 503 no MAIL
         S: 503 no MAIL
         C: MAIL FROM:<alice@example.org>
         C: RCPT TO:<bob@example.net>
         C: DATA
         S: 250 OK
         S: 250 OK
         S: 451 disk full
         C: QUIT
         S: 221 bye",
        &[
            "ready",
            "0.0: 550 no",
            "0 done: permanent by RCPT TO: 550 no",
            "1 done: transient by MAIL FROM: 451 4.7.1 later",
            "2.0: 250 OK",
            "2 done: transient by DATA: 451 disk full",
            "finished",
        ],
    );
}

#[test]
fn an_old_server_is_greeted_with_helo() {
    check(
        &[one(), vec![transaction(&["<bob@example.net>"], "\r\né")], one()].concat(),
        "S: 220-mx
         S: 220 hello
         C: EHLO client.example.org
         S: 502 what?
         C: HELO client.example.org
         S: 250 mx
         C: MAIL FROM:<alice@example.org>
         S: 550 5.7.1 no
         C: MAIL FROM:<alice@example.org>
         S: 250 ok
         C: RCPT TO:<bob@example.net>
         S: 450 later
         C: QUIT
         S: 221",
        &[
            "ready",
            "0 done: permanent by MAIL FROM: 550 5.7.1 no",
            "1 done: permanent by nothing: 5.6.3 8-bit text, but 8BITMIME was not offered by \
             host",
            "2.0: 450 later",
            "2 done: transient by RCPT TO: 450 later",
            "finished",
        ],
    );
}

#[test]
fn what_is_too_large_for_the_server_is_not_sent() {
    check(
        &[transaction(&["<a@b>", "<c@d>"], "12345\r\n"), transaction(&[], "")],
        "S: 220 mx
         C: EHLO client.example.org
         S: 250-mx
         S: 250 SIZE 6
         C: QUIT
         S: EOF",
        &[
            "ready",
            "0 done: permanent by nothing: 5.3.4 message size 7 exceeds size limit 6 of server; \
             permanent by nothing: 5.3.4 message size 7 exceeds size limit 6 of server",
            "1 done: ",
            "finished",
        ],
    );
}

#[test]
fn plain_is_tried_first_with_an_initial_response() {
    check_with(
        &submitter(),
        &one(),
        "S: 220 smtp
         C: EHLO laptop
         S: 250-smtp
         S: 250 AUTH GSSAPI LOGIN PLAIN
         C: AUTH PLAIN AHRlc3QAc2VjcmV0
         S: 334\\s
         C: *
         S: 501 5.7.0 cancelled
         C: QUIT
         S: 221 bye",
        &["failed at AUTH: 501 5.7.0 cancelled (1 unsent)"],
    );
}

#[test]
fn login_answers_two_questions() {
    check_with(
        &submitter(),
        &[],
        "S: 220 smtp
         C: EHLO laptop
         S: 250-smtp
         S: 250 AUTH LOGIN
         C: AUTH LOGIN
         S: 334 VXNlcm5hbWU6
         C: dGVzdA==
         S: 334 UGFzc3dvcmQ6
         C: c2VjcmV0
         S: 235 2.7.0 welcome
         C: QUIT
         S: 221 bye",
        &["authenticated", "ready", "finished"],
    );
}

#[test]
fn without_a_mechanism_in_common_nothing_is_sent() {
    check_with(
        &submitter(),
        &one(),
        "S: 220 smtp
         C: EHLO laptop
         S: 250-smtp
         S: 250 AUTH GSSAPI
         C: QUIT
         S: TIMEOUT",
        &["failed at AUTH: no mechanism available (1 unsent)"],
    );
}

#[test]
fn cram_md5_answers_as_in_rfc_2195() {
    let config = ClientConfig {
        credentials: Some(Credentials::new("tim", "tanstaaftanstaaf")),
        password_in_clear: false,
        ..submitter()
    };
    check_with(
        &config,
        &[],
        "S: 220 smtp
         C: EHLO laptop
         S: 250-smtp
         S: 250 AUTH PLAIN CRAM-MD5
         C: AUTH CRAM-MD5
         S: 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
         C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
         S: 235 2.7.0 welcome
         C: QUIT
         S: 221 bye",
        &["authenticated", "ready", "finished"],
    );
}

#[test]
fn a_server_that_does_not_prove_itself_is_not_believed() {
    // `n,,n=test,r=`: the client of this test has no nonces.
    let up_to = "S: 220 smtp
         C: EHLO laptop
         S: 250-smtp
         S: 250 AUTH PLAIN SCRAM-SHA-256
         C: AUTH SCRAM-SHA-256 biwsbj10ZXN0LHI9
         ";
    check_with(
        &submitter(),
        &one(),
        &format!(
            "{up_to}S: 235 2.7.0 whoever you are
             C: QUIT
             S: 221 bye"
        ),
        &["failed at AUTH: unexpected reply: 235 2.7.0 whoever you are (1 unsent)"],
    );
    check_with(
        &submitter(),
        &one(),
        &format!(
            "{up_to}S: 334 not base64
             C: *
             S: 501 5.7.0 cancelled
             C: QUIT
             S: 221 bye"
        ),
        &["failed at AUTH: 501 5.7.0 cancelled (1 unsent)"],
    );
}

#[test]
fn a_probe_ends_after_rcpt() {
    let config = ClientConfig { probe: true, ..ClientConfig::new("client.example.org") };
    check_with(
        &config,
        &[transaction(&["<bob@foo.com>", "<eve@foo.com>"], "")],
        "S: 220 foo.com
         C: EHLO client.example.org
         S: 250-foo.com
         S: 250 PIPELINING
         C: MAIL FROM:<alice@example.org>
         C: RCPT TO:<bob@foo.com>
         C: RCPT TO:<eve@foo.com>
         S: 250 OK
         S: 250 OK
         S: 550 No such user here
         C: QUIT
         S: 221 Bye",
        &[
            "ready",
            "0.0: 250 OK",
            "0.1: 550 No such user here",
            "0 done: delivered by end of DATA: 250 OK; permanent by RCPT TO: 550 No such user here",
            "finished",
        ],
    );
}
