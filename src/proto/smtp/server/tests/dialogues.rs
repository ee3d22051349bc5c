//! The dialogues that the RFCs print, and those of mistakes.

use super::*;

#[test]
fn a_typical_transaction_as_in_appendix_d_1_of_rfc_5321() {
    let owner = check(
        "S: 220 mx.example.net ESMTP
         C: EHLO bar.com
         S: 250-mx.example.net
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-AUTH PLAIN LOGIN
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: MAIL FROM:<Smith@bar.com>
         S: 250 2.1.0 Ok
         C: RCPT TO:<Jones@foo.com>
         S: 250 2.1.5 Ok
         C: RCPT TO:<unknown@foo.com>
         S: 550 5.1.1 No such user here
         C: RCPT TO:<Brown@foo.com>
         S: 250 2.1.5 Ok
         C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>
         C: Blah blah blah...
         C: ...etc. etc. etc.
         C: .
         S: 250 2.0.0 Ok: queued as 4F2A
         C: QUIT
         S: 221 2.0.0 Bye",
    );
    let message = owner.messages()[0];
    assert_eq!(message.envelope.from.to_string(), "<Smith@bar.com>");
    let to: Vec<_> = message.envelope.recipients.iter().map(|r| r.path.to_string()).collect();
    assert_eq!(to, ["<Jones@foo.com>", "<Brown@foo.com>"]);
    assert_eq!(message.data, "Blah blah blah...\r\n..etc. etc. etc.\r\n");
    assert_eq!(owner.events.last(), Some(&ServerEvent::Closed(CloseReason::Quit)));
    assert!(owner.closed);
}

#[test]
fn an_aborted_transaction_as_in_appendix_d_2_of_rfc_5321() {
    let owner = check(
        "S: 220 mx.example.net ESMTP
         C: HELO bar.com
         S: 250 mx.example.net
         C: MAIL FROM:<Smith@bar.com>
         S: 250 2.1.0 Ok
         C: RCPT TO:<Jones@foo.com>
         S: 250 2.1.5 Ok
         C: RCPT TO:<unknown@foo.com>
         S: 550 5.1.1 No such user here
         C: RSET
         S: 250 2.0.0 Ok
         C: QUIT
         S: 221 2.0.0 Bye",
    );
    assert!(owner.events.contains(&ServerEvent::Reset));
    assert!(owner.messages().is_empty());
}

#[test]
fn a_relayed_message_as_in_appendix_d_3_of_rfc_5321() {
    let first = check(
        "S: 220 mx.example.net ESMTP
         C: EHLO bar.com
         S: 250-mx.example.net
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-AUTH PLAIN LOGIN
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: VRFY Jones
         S: 252 2.0.0 Cannot VRFY, but will take mail and try to deliver
         C: MAIL FROM:<JQP@bar.com>
         S: 250 2.1.0 Ok
         C: RCPT TO:<@foo.com:Jones@XYZ.COM>
         S: 250 2.1.5 Ok
         C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>
         C: Received: from bar.com by foo.com ; Thu, 21 May 1998
         C:     05:33:29 -0700
         C: Date: Thu, 21 May 1998 05:33:22 -0700
         C: From: John Q. Public <JQP@bar.com>
         C: Subject:  The Next Meeting of the Board
         C: To: Jones@xyz.com
         C:
         C: Bill:
         C: The next meeting of the board of directors will be
         C: on Tuesday.
         C:                         John.
         C: .
         S: 250 2.0.0 Ok: queued as 4F2A
         C: QUIT
         S: 221 2.0.0 Bye",
    );
    let to = &first.messages()[0].envelope.recipients[0].path;
    assert_eq!(to.to_string(), "<Jones@XYZ.COM>", "the source route is gone");
}

#[test]
fn sizes_of_a_message_as_in_section_7_of_rfc_1870() {
    check_with(
        &ServerConfig { size_limit_octets: 1_000_000, ..ServerConfig::mta("sigurd.innosoft.com") },
        "S: 220 sigurd.innosoft.com ESMTP
         C: EHLO ymir.claremont.edu
         S: 250-sigurd.innosoft.com
         S: 250-PIPELINING
         S: 250-SIZE 1000000
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: MAIL FROM:<ned@thor.innosoft.com> SIZE=500000
         S: 250 2.1.0 Ok
         C: RCPT TO:<ned@innosoft.com>
         S: 250 2.1.5 Ok
         C: RSET
         S: 250 2.0.0 Ok
         C: MAIL FROM:<ned@thor.innosoft.com> SIZE=1000001
         S: 552 5.3.4 Error: message size exceeds fixed limit
         C: MAIL FROM:<ned@thor.innosoft.com> SIZE=18446744073709551616
         S: 552 5.3.4 Error: message size exceeds fixed limit
         C: MAIL FROM:<ned@thor.innosoft.com> SIZE=0
         S: 250 2.1.0 Ok",
    );
}

#[test]
fn verifying_as_in_appendix_d_4_tells_nothing() {
    check(
        "S: 220 mx.example.net ESMTP
         C: VRFY Crispin
         S: 252 2.0.0 Cannot VRFY, but will take mail and try to deliver
         C: EXPN Example-People
         S: 502 5.5.1 Error: command not implemented
         C: HELP MAIL
         S: 214 2.0.0 Commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT AUTH
         C: NOOP ignored
         S: 250 2.0.0 Ok
         C: STARTTLS
         S: 502 5.5.1 Error: command not implemented
         C: TURN
         S: 500 5.5.2 Error: command not recognized",
    );
}

#[test]
fn commands_out_of_sequence_get_503() {
    check(
        "S: 220 mx.example.net ESMTP
         C: MAIL FROM:<a@example.org>
         S: 503 5.5.1 Error: send HELO/EHLO first
         C: RCPT TO:<b@example.net>
         S: 503 5.5.1 Error: need MAIL command
         C: DATA
         S: 503 5.5.1 Error: need RCPT command
         C: AUTH PLAIN
         S: 503 5.5.1 Error: send EHLO first
         C: HELO client.example.org
         S: 250 mx.example.net
         C: AUTH PLAIN
         S: 503 5.5.1 Error: send EHLO first
         C: MAIL FROM:<a@example.org> SIZE=10
         S: 555 5.5.4 Unsupported option: SIZE=10
         C: RCPT TO:<b@example.net>
         S: 503 5.5.1 Error: need MAIL command
         C: MAIL FROM:<banned@example.org>
         S: 550 5.7.1 You are not welcome
         C: RCPT TO:<b@example.net>
         S: 503 5.5.1 Error: need MAIL command
         C: MAIL FROM:<a@example.org>
         S: 250 2.1.0 Ok
         C: MAIL FROM:<a@example.org>
         S: 503 5.5.1 Error: nested MAIL command
         C: DATA
         S: 503 5.5.1 Error: need RCPT command
         C: RCPT TO:<unknown@example.net>
         S: 550 5.1.1 No such user here
         C: DATA
         S: 554 5.5.1 Error: no valid recipients
         C: RCPT TO:<postmaster>
         S: 250 2.1.5 Ok
         C: HELO again.example.org
         S: 250 mx.example.net
         C: DATA
         S: 503 5.5.1 Error: need RCPT command",
    );
}

#[test]
fn arguments_with_mistakes_get_501_and_the_session_goes_on() {
    check(
        "S: 220 mx.example.net ESMTP
         C: EHLO
         S: 501 5.5.4 Syntax: EHLO hostname
         C: HELO a
         S: 250 mx.example.net
         C: MAIL FROM:<a>
         S: 501 5.1.7 Bad sender address syntax: the address has no domain
         C: MAIL FROM:<>
         S: 250 2.1.0 Ok
         C: RCPT TO:<>
         S: 501 5.1.3 Bad recipient address syntax: the local part is empty or needs quotes
         C: RCPT TO:<b@example.net> NOTIFY=NEVER
         S: 555 5.5.4 Unsupported option: NOTIFY=NEVER
         C: RCPT TO: <b@example.net>
         S: 250 2.1.5 Ok
         C: DATA now
         S: 501 5.5.4 Syntax: DATA
         C: NO\\0OP
         S: 500 5.5.2 Error: command not recognized
         C: NOOP\\nRSET
         S: 500 5.5.2 Error: command not recognized
         C: NOOP é
         S: 500 5.5.2 Error: command not recognized
         C: VRFY
         S: 501 5.5.4 Syntax: VRFY address",
    );
}

#[test]
fn auth_plain_with_and_without_initial_response_as_in_rfc_4954() {
    // "\0test\0secret", and the same with a wrong password.
    let owner = check_with(
        &ServerConfig::submission("smtp.example.com"),
        "S: 220 smtp.example.com ESMTP
         C: EHLO client.example.com
         S: 250-smtp.example.com
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-AUTH PLAIN LOGIN
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: MAIL FROM:<a@example.com>
         S: 530 5.7.0 Authentication required
         C: VRFY a
         S: 530 5.7.0 Authentication required
         C: AUTH CRAM-MD5
         S: 504 5.5.4 Error: unrecognized authentication type
         C: AUTH PLAIN AHRlc3QAMTIzNA==
         S: 535 5.7.8 Error: authentication failed: authentication failure
         C: AUTH PLAIN not*base64
         S: 501 5.5.2 Error: cannot decode base64
         C: AUTH PLAIN =
         S: 535 5.7.8 Error: authentication failed
         C: AUTH PLAIN
         S: 334\\s
         C: *
         S: 501 5.7.0 Authentication aborted
         C: AUTH plain
         S: 334\\s
         C: AHRlc3QAc2VjcmV0
         S: 235 2.7.0 Authentication successful
         C: AUTH PLAIN AHRlc3QAc2VjcmV0
         S: 503 5.5.1 Error: already authenticated
         C: MAIL FROM:<e=mc2@example.com> AUTH=e+3Dmc2@example.com
         S: 250 2.1.0 Ok
         C: AUTH LOGIN
         S: 503 5.5.1 Error: already authenticated",
    );
    assert_eq!(owner.session.authenticated_as(), Some("test"));
    assert_eq!(owner.session.protocol_word(), "ESMTPA");
}

#[test]
fn auth_login_asks_for_name_and_password() {
    let owner = check(
        "S: 220 mx.example.net ESMTP
         C: EHLO client.example.com
         S: 250-mx.example.net
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-AUTH PLAIN LOGIN
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: AUTH LOGIN
         S: 334 VXNlcm5hbWU6
         C: dGVzdA==
         S: 334 UGFzc3dvcmQ6
         C:
         S: 535 5.7.8 Error: authentication failed
         C: AUTH LOGIN dGVzdA==
         S: 334 UGFzc3dvcmQ6
         C: c2VjcmV0
         S: 235 2.7.0 Authentication successful",
    );
    assert_eq!(owner.session.authenticated_as(), Some("test"));
}

#[test]
fn a_server_without_mechanisms_does_not_know_auth() {
    check_with(
        &ServerConfig {
            pipelining: false,
            eight_bit_mime: false,
            dsn: false,
            smtp_utf8: false,
            chunking: false,
            ..ServerConfig::mta("mx")
        },
        "S: 220 mx ESMTP
         C: EHLO a
         S: 250-mx
         S: 250-SIZE 10240000
         S: 250 ENHANCEDSTATUSCODES
         C: AUTH PLAIN
         S: 503 5.5.1 Error: authentication not enabled
         C: MAIL FROM:<a@b.example> BODY=8BITMIME
         S: 555 5.5.4 Unsupported option: BODY=8BITMIME
         C: MAIL FROM:<a@b.example> AUTH=<>
         S: 555 5.5.4 Unsupported option: AUTH=<>",
    );
}

#[test]
fn pipelined_commands_are_answered_in_order_as_in_rfc_2920() {
    let owner = check(
        "S: 220 mx.example.net ESMTP
         C: HELO dbc.mtview.ca.us
         S: 250 mx.example.net
         C: MAIL FROM:<mrose@dbc.mtview.ca.us>\\r\\nRCPT TO:<ned@innosoft.com>\\r\\nRCPT TO:<unknown@innosoft.com>\\r\\nDATA
         S: 250 2.1.0 Ok
         S: 250 2.1.5 Ok
         S: 550 5.1.1 No such user here
         S: 354 End data with <CR><LF>.<CR><LF>
         C: .\\r\\nMAIL FROM:<>\\r\\nRCPT TO:<unknown@innosoft.com>\\r\\nDATA\\r\\nQUIT
         S: 250 2.0.0 Ok: queued as 4F2A
         S: 250 2.1.0 Ok
         S: 550 5.1.1 No such user here
         S: 554 5.5.1 Error: no valid recipients
         S: 221 2.0.0 Bye",
    );
    assert_eq!(owner.messages()[0].data, "");
}

#[test]
fn bare_line_feeds_do_not_smuggle_a_second_message() {
    let owner = check(
        "S: 220 mx.example.net ESMTP
         C: HELO a
         S: 250 mx.example.net
         C: MAIL FROM:<a@example.org>
         S: 250 2.1.0 Ok
         C: RCPT TO:<b@example.net>
         S: 250 2.1.5 Ok
         C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>
         C: one\\n.\\nMAIL FROM:<evil@example.org>\\n.\\r\\nRCPT TO:<b@example.net>\\r.\\r
         C: .
         S: 250 2.0.0 Ok: queued as 4F2A",
    );
    assert_eq!(owner.messages().len(), 1);
}
