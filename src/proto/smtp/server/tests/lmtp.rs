//! LMTP (RFC 2033): a reply for each recipient.

use super::*;

fn config() -> ServerConfig {
    ServerConfig { size_limit_octets: 30, ..ServerConfig::lmtp("foo.edu") }
}

#[test]
fn the_dialogue_of_section_4_2_of_rfc_2033() {
    let owner = check_with(
        &config(),
        "S: 220 foo.edu LMTP
         C: LHLO foo.edu
         S: 250-foo.edu
         S: 250-PIPELINING
         S: 250-SIZE 30
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: MAIL FROM:<chris@bar.com>
         S: 250 2.1.0 Ok
         C: RCPT TO:<pat@foo.edu>
         S: 250 2.1.5 Ok
         C: RCPT TO:<unknown@foo.edu>
         S: 550 5.1.1 No such user here
         C: RCPT TO:<full@foo.edu>
         S: 250 2.1.5 Ok
         C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>
         C: Blah blah blah...
         C: ..
         C: .
         S: 250 2.0.0 Ok
         S: 452 4.2.2 Mailbox full
         C: QUIT
         S: 221 2.0.0 Bye",
    );
    assert_eq!(owner.messages()[0].data, "Blah blah blah...\r\n.\r\n");
}

#[test]
fn one_verdict_is_for_all_recipients() {
    check_with(
        &config(),
        "S: 220 foo.edu LMTP
         C: LHLO a
         S: 250-foo.edu
         S: 250-PIPELINING
         S: 250-SIZE 30
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: MAIL FROM:<>\\r\\nRCPT TO:<a@foo.edu>\\r\\nRCPT TO:<b@foo.edu>\\r\\nBDAT 3\\r\\none\\
         S: 250 2.1.0 Ok
         S: 250 2.1.5 Ok
         S: 250 2.1.5 Ok
         S: 250 2.0.0 Ok: 3 bytes
         C: BDAT 0 LAST
         S: 250 2.0.0 Ok: queued as 4F2A
         S: 250 2.0.0 Ok: queued as 4F2A",
    );
}

#[test]
fn a_text_that_is_too_large_is_refused_for_each() {
    let owner = check_with(
        &config(),
        "S: 220 foo.edu LMTP
         C: LHLO a
         S: 250-foo.edu
         S: 250-PIPELINING
         S: 250-SIZE 30
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: MAIL FROM:<>\\r\\nRCPT TO:<a@foo.edu>\\r\\nRCPT TO:<b@foo.edu>\\r\\nDATA
         S: 250 2.1.0 Ok
         S: 250 2.1.5 Ok
         S: 250 2.1.5 Ok
         S: 354 End data with <CR><LF>.<CR><LF>
         C: 0123456789012345678901234567890
         C: .
         S: 552 5.3.4 Error: message size exceeds fixed limit
         S: 552 5.3.4 Error: message size exceeds fixed limit
         C: MAIL FROM:<>\\r\\nRCPT TO:<a@foo.edu>\\r\\nRCPT TO:<b@foo.edu>\\r\\nBDAT 31 LAST
         S: 250 2.1.0 Ok
         S: 250 2.1.5 Ok
         S: 250 2.1.5 Ok
         C: 01234567890123456789012345678
         S: 552 5.3.4 Chunk exceeds message size limit
         S: 552 5.3.4 Chunk exceeds message size limit
         C: DATA
         S: 503 5.5.1 Error: need RCPT command",
    );
    assert!(owner.messages().is_empty());
}

#[test]
fn only_lhlo_greets_and_only_503_says_that_nobody_is_left() {
    check_with(
        &config(),
        "S: 220 foo.edu LMTP
         C: EHLO a
         S: 500 5.5.2 Error: command not recognized
         C: HELO a
         S: 500 5.5.2 Error: command not recognized
         C: MAIL FROM:<>
         S: 503 5.5.1 Error: send LHLO first
         C: LHLO a
         S: 250-foo.edu
         S: 250-PIPELINING
         S: 250-SIZE 30
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: MAIL FROM:<>
         S: 250 2.1.0 Ok
         C: RCPT TO:<unknown@foo.edu>
         S: 550 5.1.1 No such user here
         C: DATA
         S: 503 5.5.1 Error: no valid recipients
         C: HELP
         S: 214 2.0.0 Commands: LHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT",
    );
    check(
        "S: 220 mx.example.net ESMTP
         C: LHLO a
         S: 500 5.5.2 Error: command not recognized",
    );
}
