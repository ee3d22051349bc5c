//! Octets that are meant to be read as something else than they are.

use super::*;

/// CVE-2023-51764 and its kin: every end of data that some server takes and RFC 5321 does not.
#[test]
fn smuggled_ends_of_data_are_data() {
    let ends = [
        "\n.\n",
        "\n.\r\n",
        "\r.\r",
        "\r.\r\n",
        "\r\n.\n",
        "\r\n.\r",
        "\n.\r",
        "\r\n\0.\r\n",
        "\r\n.\0\r\n",
        "\r\n. \r\n",
        "\r\r\n.\r\r\n",
        "\n\r.\n\r",
    ];
    for end in ends {
        let octets = format!(
            "HELO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<b@b>\r\nDATA\r\nHello{end}\
             MAIL FROM:<evil@b>\r\nRCPT TO:<b@b>\r\nDATA\r\nsmuggled\r\n.\r\n"
        );
        for cut in 1..octets.len() {
            let mut owner = Owner::new(config());
            owner.handle(SimTime::ZERO, Input::Opened);
            for piece in [&octets[..cut], &octets[cut..]] {
                owner.handle(SimTime::ZERO, Input::Bytes(piece.as_bytes()));
            }
            let messages = owner.messages();
            assert_eq!(messages.len(), 1, "{end:?} ended a message");
            assert!(messages[0].data.ends_with(b"smuggled\r\n"));
        }
    }
}

#[test]
fn messages_and_commands_with_bare_line_feeds_are_refused_where_that_is_wished() {
    let reject = ServerConfig { bare_newlines: BareNewlines::Reject, ..ServerConfig::mta("mx") };
    let owner = check_with(
        &reject,
        "S: 220 mx ESMTP
         C: HELO a
         S: 250 mx
         C: MAIL FROM:<a@b.example>
         S: 250 2.1.0 Ok
         C: RCPT TO:<b@b.example>
         S: 250 2.1.5 Ok
         C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>
         C: one\\n.\\ntwo
         C: .
         S: 550 5.5.2 mx Error: bare <LF> received
         C: MAIL FROM:<a@b.example>\\r\\nRCPT TO:<b@b.example>\\r\\nBDAT 4 LAST\\r\\na\\nb\\n\\
         S: 250 2.1.0 Ok
         S: 250 2.1.5 Ok
         S: 550 5.5.2 mx Error: bare <LF> received
         C: MAIL FROM:<a@b.example>\\r\\nRCPT TO:<b@b.example>\\r\\nDATA
         S: 250 2.1.0 Ok
         S: 250 2.1.5 Ok
         S: 354 End data with <CR><LF>.<CR><LF>
         C: fine\\ra\\r
         C: .
         S: 250 2.0.0 Ok: queued as 4F2A
         C: NOOP\\nNOOP
         S: 550 5.5.2 mx Error: bare <LF> received
         C: NOOP",
    );
    assert_eq!(owner.messages().len(), 1);
    assert!(owner.closed);
}

#[test]
fn commands_are_not_injected_by_line_ends_of_other_kinds() {
    let owner = check(
        "S: 220 mx.example.net ESMTP
         C: HELO a\\nMAIL FROM:<evil@b.example>
         S: 500 5.5.2 Error: command not recognized
         C: HELO a
         S: 250 mx.example.net
         C: MAIL FROM:<a@b.example>\\rRCPT TO:<evil@b.example>
         S: 500 5.5.2 Error: command not recognized
         C: MAIL FROM:<\"a\\nRCPT TO:<evil@b.example>\"@b.example>
         S: 500 5.5.2 Error: command not recognized
         C: MAIL FROM:<a@b.example>\\0 SIZE=1
         S: 500 5.5.2 Error: command not recognized
         C: MAIL FROM:<a@b.example> ENVID=a+0D+0AQUIT
         S: 501 5.5.4 Bad ENVID parameter syntax
         C: MAIL FROM:<a@b.example> AUTH=a+0D+0A@b.example
         S: 501 5.5.4 Bad AUTH parameter syntax",
    );
    assert!(!owner.events.iter().any(|event| matches!(event, ServerEvent::Mail { .. })));
}

/// A reply never has a line end that the client put there.
#[test]
fn replies_cannot_be_split_by_what_they_quote() {
    check(
        "S: 220 mx.example.net ESMTP
         C: EHLO a\\r250
         S: 500 5.5.2 Error: command not recognized
         C: EHLO a\\t
         S: 250-mx.example.net
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-AUTH PLAIN LOGIN
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: MAIL FROM:<a@b.example> FOO=\\n250
         S: 500 5.5.2 Error: command not recognized
         C: MAIL FROM:<a@b.example> FOO=01234567890123456789012345678901234567890123456789012345678901234567890123456789
         S: 555 5.5.4 Unsupported option: FOO=0123456789012345678901234567890123456789012345678901234567890123456789012345",
    );
}

#[test]
fn nuls_and_octets_beyond_ascii_are_data_in_a_text() {
    let owner = check(
        "S: 220 mx.example.net ESMTP
         C: HELO a
         S: 250 mx.example.net
         C: MAIL FROM:<a@b.example>
         S: 250 2.1.0 Ok
         C: RCPT TO:<b@b.example>
         S: 250 2.1.5 Ok
         C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>
         C: a\\0b é
         C: .
         S: 250 2.0.0 Ok: queued as 4F2A",
    );
    assert_eq!(owner.messages()[0].data, "a\0b é\r\n");
}

#[test]
fn an_endless_header_is_cut_off_by_the_size() {
    let mut owner = Owner::new(ServerConfig { size_limit_octets: 100_000, ..config() });
    owner.handle(SimTime::ZERO, Input::Opened);
    owner.handle(
        SimTime::ZERO,
        Input::Bytes(b"HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<b@b>\r\nDATA\r\n"),
    );
    let field = b"X-Endless: and so on\r\n".repeat(100);
    for _ in 0..1000 {
        owner.handle(SimTime::ZERO, Input::Bytes(&field));
    }
    owner.wire.clear();
    owner.handle(SimTime::ZERO, Input::Bytes(b".\r\n"));
    assert_eq!(owner.wire, b"552 5.3.4 Error: message size exceeds fixed limit\r\n");
}

#[test]
fn a_line_of_text_may_have_any_length() {
    let mut owner = Owner::new(config());
    owner.handle(SimTime::ZERO, Input::Opened);
    let line = "A".repeat(100_000);
    let octets = format!("HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<b@b>\r\nDATA\r\n{line}\r\n.\r\n");
    owner.handle(SimTime::ZERO, Input::Bytes(octets.as_bytes()));
    assert_eq!(owner.messages()[0].data.len(), line.len() + 2);
}
