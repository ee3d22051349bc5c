//! BDAT (RFC 3030), and what becomes of chunks that are refused.

use super::*;

#[test]
fn a_message_in_one_chunk_as_in_section_4_1_of_rfc_3030() {
    let owner = check(
        "S: 220 mx.example.net ESMTP
         C: HELO ymir.claremont.edu
         S: 250 mx.example.net
         C: MAIL FROM:<Sam@Random.com>
         S: 250 2.1.0 Ok
         C: RCPT TO:<Susan@Random.com>
         S: 250 2.1.5 Ok
         C: BDAT 28 LAST
         C: To: Susan@random.com\\r\\n\\r\\n.\\r\\n\\
         C: .\\
         S: 250 2.0.0 Ok: queued as 4F2A
         C: QUIT
         S: 221 2.0.0 Bye",
    );
    let text = &owner.messages()[0].data;
    assert_eq!(text, "To: Susan@random.com\r\n\r\n.\r\n.\r\n", "dots are octets like others");
}

#[test]
fn pipelined_chunks_as_in_section_4_2_of_rfc_3030() {
    let owner = check(
        "S: 220 mx.example.net ESMTP
         C: HELO ymir.claremont.edu
         S: 250 mx.example.net
         C: MAIL FROM:<ned@ymir.claremont.edu>\\r\\nRCPT TO:<gvaudre@cnri.reston.va.us>\\r\\nRCPT TO:<jstewart@cnri.reston.va.us>\\r\\nBDAT 7\\r\\nfirst\\r\\nBDAT 8 LAST\\r\\nsecond\\r\\nNOOP
         S: 250 2.1.0 Ok
         S: 250 2.1.5 Ok
         S: 250 2.1.5 Ok
         S: 250 2.0.0 Ok: 7 bytes
         S: 250 2.0.0 Ok: queued as 4F2A
         S: 250 2.0.0 Ok",
    );
    assert_eq!(owner.messages()[0].data, "first\r\nsecond\r\n");
}

#[test]
fn the_last_chunk_may_be_empty() {
    let owner = check(
        "S: 220 mx.example.net ESMTP
         C: HELO a
         S: 250 mx.example.net
         C: MAIL FROM:<a@b.example>
         S: 250 2.1.0 Ok
         C: RCPT TO:<b@b.example>
         S: 250 2.1.5 Ok
         C: BDAT 8
         C: half a l\\
         S: 250 2.0.0 Ok: 8 bytes
         C: bdat 3
         C: ine\\
         S: 250 2.0.0 Ok: 3 bytes
         C: BDAT 0 LAST
         S: 250 2.0.0 Ok: queued as 4F2A
         C: BDAT 0 LAST
         S: 503 5.5.1 Error: need RCPT command",
    );
    assert_eq!(owner.messages()[0].data, "half a line\r\n", "an unfinished last line is finished");
}

#[test]
fn chunks_mix_with_nothing_else() {
    check(
        "S: 220 mx.example.net ESMTP
         C: EHLO a
         S: 250-mx.example.net
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-AUTH PLAIN LOGIN
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: BDAT 6 LAST
         C: QUIT
         S: 503 5.5.1 Error: need RCPT command
         C: MAIL FROM:<a@b.example>
         S: 250 2.1.0 Ok
         C: BDAT 6 LAST
         C: QUIT
         S: 503 5.5.1 Error: need RCPT command
         C: RCPT TO:<unknown@b.example>
         S: 550 5.1.1 No such user here
         C: BDAT 6
         C: QUIT
         S: 554 5.5.1 Error: no valid recipients
         C: RCPT TO:<b@b.example>
         S: 250 2.1.5 Ok
         C: BDAT 6
         C: text
         S: 250 2.0.0 Ok: 6 bytes
         C: DATA
         S: 503 5.5.1 Error: DATA after BDAT
         C: MAIL FROM:<a@b.example>
         S: 503 5.5.1 Error: MAIL after BDAT
         C: RCPT TO:<c@b.example>
         S: 503 5.5.1 Error: RCPT after BDAT
         C: AUTH PLAIN
         S: 503 5.5.1 Error: MAIL transaction in progress
         C: NOOP
         S: 250 2.0.0 Ok
         C: RSET
         S: 250 2.0.0 Ok
         C: BDAT 2 LAST
         C: \\
         C: \\r\\n\\
         S: 503 5.5.1 Error: need RCPT command",
    );
}

#[test]
fn the_size_counts_over_all_chunks() {
    let owner = check_with(
        &ServerConfig { size_limit_octets: 20, ..ServerConfig::mta("mx") },
        "S: 220 mx ESMTP
         C: HELO a
         S: 250 mx
         C: MAIL FROM:<a@b.example>
         S: 250 2.1.0 Ok
         C: RCPT TO:<b@b.example>
         S: 250 2.1.5 Ok
         C: BDAT 12
         C: 0123456789
         S: 250 2.0.0 Ok: 12 bytes
         C: BDAT 12
         C: 0123456789
         S: 552 5.3.4 Chunk exceeds message size limit
         C: BDAT 6
         C: QUIT
         S: 551 5.0.0 Discarded 6 bytes after earlier error
         C: BDAT 6 LAST
         C: QUIT
         S: 551 5.0.0 Discarded 6 bytes after earlier error
         C: DATA
         S: 503 5.5.1 Error: need RCPT command
         C: MAIL FROM:<a@b.example>
         S: 250 2.1.0 Ok
         C: RCPT TO:<b@b.example>
         S: 250 2.1.5 Ok
         C: BDAT 0
         S: 551 5.7.1 Null BDAT request
         C: BDAT 18446744073709551615
         C: QUIT
         C: QUIT",
    );
    assert!(owner.messages().is_empty());
    assert_eq!(owner.events.iter().filter(|event| **event == ServerEvent::Reset).count(), 1);
}

#[test]
fn a_chunk_of_unknown_size_ends_the_session() {
    let owner = check(
        "S: 220 mx.example.net ESMTP
         C: HELO a
         S: 250 mx.example.net
         C: BDAT all
         S: 521 5.5.4 Syntax: BDAT count [LAST]
         C: MAIL FROM:<smuggled@b.example>",
    );
    assert!(owner.closed);
    let owner = check_with(
        &ServerConfig { chunking: false, ..ServerConfig::mta("mx") },
        "S: 220 mx ESMTP
         C: BDAT 100
         S: 521 5.5.1 Error: command not implemented
         C: MAIL FROM:<smuggled@b.example>",
    );
    assert!(owner.closed);
}

#[test]
fn chunks_before_auth_are_thrown_away() {
    check_with(
        &ServerConfig::submission("smtp"),
        "S: 220 smtp ESMTP
         C: BDAT 12 LAST
         C: MAIL FROM:
         S: 530 5.7.0 Authentication required
         C: NOOP
         S: 250 2.0.0 Ok",
    );
}
