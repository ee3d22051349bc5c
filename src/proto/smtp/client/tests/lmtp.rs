//! LMTP (RFC 2033): a reply for each recipient after the end of the data.

use super::*;

fn check_lmtp(transactions: &[Transaction], dialogue: &str, events: &[&str]) {
    check_with(&ClientConfig::lmtp("foo.edu"), transactions, dialogue, events);
}

#[test]
fn the_dialogue_of_rfc_2033_has_two_replies_to_the_dot() {
    let to = ["<pat@foo.edu>", "<jones@foo.edu>", "<green@foo.edu>"];
    check_lmtp(
        &[transaction(&to, "Blah blah blah...\r\n")],
        "S: 220 foo.edu LMTP server ready
         C: LHLO foo.edu
         S: 250-foo.edu
         S: 250-PIPELINING
         S: 250 SIZE
         C: MAIL FROM:<alice@example.org> SIZE=19
         C: RCPT TO:<pat@foo.edu>
         C: RCPT TO:<jones@foo.edu>
         C: RCPT TO:<green@foo.edu>
         C: DATA
         S: 250 OK
         S: 250 OK
         S: 550 No such user here
         S: 250 OK
         S: 354 Start mail input; end with <CRLF>.<CRLF>
         C: Blah blah blah...
         C: .
         S: 250 OK
         S: 452 <green@foo.edu> is temporarily over quota
         C: QUIT
         S: 221 foo.edu closing connection",
        &[
            "ready",
            "0.0: 250 OK",
            "0.1: 550 No such user here",
            "0.2: 250 OK",
            "0 done: delivered by end of DATA: 250 OK; permanent by RCPT TO: 550 No such user \
             here; transient by end of DATA: 452 <green@foo.edu> is temporarily over quota",
            "finished",
        ],
    );
}

#[test]
fn who_was_answered_before_the_connection_is_lost_has_the_message() {
    for (ending, failure) in [
        ("S: EOF", "lost connection"),
        ("S: TIMEOUT", "timed out"),
        ("S: 421 4.3.2 closing", "421 4.3.2 closing"),
    ] {
        check_lmtp(
            &[transaction(&["<a@b>", "<c@d>", "<e@f>"], "Hi\r\n")],
            &format!(
                "S: 220 mx
                 C: LHLO foo.edu
                 S: 250 mx
                 C: MAIL FROM:<alice@example.org>
                 S: 250 ok
                 C: RCPT TO:<a@b>
                 S: 250 ok
                 C: RCPT TO:<c@d>
                 S: 250 ok
                 C: RCPT TO:<e@f>
                 S: 550 no
                 C: DATA
                 S: 354 go
                 C: Hi
                 C: .
                 S: 250 stored
                 {ending}"
            ),
            &[
                "ready",
                "0.0: 250 ok",
                "0.1: 250 ok",
                "0.2: 550 no",
                &format!(
                    "0 done: delivered by end of DATA: 250 stored; transient by end of DATA: \
                     {failure}; permanent by RCPT TO: 550 no"
                ),
                &format!("failed at end of DATA: {failure} (0 unsent)"),
            ],
        );
    }
}

#[test]
fn there_is_no_fallback_to_helo() {
    check_lmtp(
        &one(),
        "S: 220 mx ESMTP
         C: LHLO foo.edu
         S: 500 5.5.1 what?
         C: QUIT
         S: 221 bye",
        &["failed at LHLO: 500 5.5.1 what? (1 unsent)"],
    );
}

#[test]
fn a_lone_dot_has_no_reply() {
    check_lmtp(
        &[one(), one()].concat(),
        "S: 220 mx
         C: LHLO foo.edu
         S: 250-mx
         S: 250 PIPELINING
         C: MAIL FROM:<alice@example.org>
         C: RCPT TO:<bob@example.net>
         C: DATA
         S: 250 ok
         S: 550 no
         S: 354 go
         C: .
         C: RSET
         S: 250 ok
         C: MAIL FROM:<alice@example.org>
         C: RCPT TO:<bob@example.net>
         C: DATA
         S: 250 ok
         S: 250 ok
         S: 354 go
         C: Hi
         C: .
         S: 250 stored
         C: QUIT
         S: EOF",
        &[
            "ready",
            "0.0: 550 no",
            "0 done: permanent by RCPT TO: 550 no",
            "1.0: 250 ok",
            "1 done: delivered by end of DATA: 250 stored",
            "finished",
        ],
    );
}
