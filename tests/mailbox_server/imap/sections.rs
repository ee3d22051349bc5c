//! The parts of messages (RFC 3501 §6.4.5), PREVIEW (RFC 8970).

use super::*;

const NESTED: &str = "Subject: outer\nContent-Type: multipart/mixed; boundary=a\n\npreamble\n\
    --a\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nR3LDvMOfZQ==\n\
    --a\nContent-Type: message/rfc822\n\n\
    Subject: inner\nFrom: b@x.example\nContent-Type: multipart/alternative; boundary=ab\n\n\
    --ab\n\nplain\n--ab\nContent-Type: text/html\n\n<p>rich\n--ab--\n\
    --a\nContent-Type: message/rfc822\n\nSubject: only\n\nbody\n\
    --a--\nepilogue\n";

#[test]
fn sections_of_messages_in_messages() {
    check_messages(
        &[NESTED],
        "C: c FETCH 1 (BODY[1] BODY[1.MIME])
         S: * 1 FETCH (BODY[1] {12}
         S: R3LDvMOfZQ== BODY[1.MIME] {78}
         S: Content-Type: text/plain; charset=utf-8
         S: Content-Transfer-Encoding: base64
         S:
         S: )
         S: c OK FETCH completed
         C: d FETCH 1 (BODY[2.HEADER] BODY[2.1] BODY[2.2.MIME] BODY[2.2])
         S: * 1 FETCH (BODY[2.HEADER] {87}
         S: Subject: inner
         S: From: b@x.example
         S: Content-Type: multipart/alternative; boundary=ab
         S:
         S:  BODY[2.1] {5}
         S: plain BODY[2.2.MIME] {27}
         S: Content-Type: text/html
         S:
         S:  BODY[2.2] {7}
         S: <p>rich)
         S: d OK FETCH completed
         C: e FETCH 1 (BODY[3.TEXT] BODY[3.1] BODY[3.HEADER.FIELDS (Subject)] BODY[3.HEADER.FIELDS.NOT (SUBJECT)])
         S: * 1 FETCH (BODY[3.TEXT] {4}
         S: body BODY[3.1] {4}
         S: body BODY[3.HEADER.FIELDS (Subject)] {17}
         S: Subject: only
         S:
         S:  BODY[3.HEADER.FIELDS.NOT (SUBJECT)] {2}
         S:
         S: )
         S: e OK FETCH completed
         C: f FETCH 1 (BODY[1.HEADER] BODY[4] BODY[2.3] BODY[1.1] BODY[3.1.1] BODY[2.1.TEXT])
         S: * 1 FETCH (BODY[1.HEADER] {0}
         S:  BODY[4] {0}
         S:  BODY[2.3] {0}
         S:  BODY[1.1] {0}
         S:  BODY[3.1.1] {0}
         S:  BODY[2.1.TEXT] {0}
         S: )
         S: f OK FETCH completed
         C: g FETCH 1 (BODY[2.HEADER]<9.5> BODY[3]<100.1> BODY[1]<10.100>)
         S: * 1 FETCH (BODY[2.HEADER]<9> {5}
         S: inner BODY[3]<100> {0}
         S:  BODY[1]<10> {2}
         S: ==)
         S: g OK FETCH completed
         C: h FETCH 1 BINARY[1]
         S: * 1 FETCH (BINARY[1] {7}
         S: Grüße)
         S: h OK FETCH completed",
    );
}

#[test]
fn a_message_of_one_part() {
    check_messages(
        &["Subject: x\nX-\"Y: z\n\nbody\n", "no header at all"],
        "C: c FETCH 1 (BODY[1] BODY[TEXT] BODY[1.MIME])
         S: * 1 FETCH (BODY[1] {6}
         S: body
         S:  BODY[TEXT] {6}
         S: body
         S:  BODY[1.MIME] {23}
         S: Subject: x
         S: X-\"Y: z
         S:
         S: )
         S: c OK FETCH completed
         C: d FETCH 1 BODY[HEADER.FIELDS (\"x-\\\"y\" None)]
         S: * 1 FETCH (BODY[HEADER.FIELDS (\"x-\\\"y\" None)] {11}
         S: X-\"Y: z
         S:
         S: )
         S: d OK FETCH completed
         C: e FETCH 2 (BODY[HEADER] BODY[TEXT] BODY[HEADER.FIELDS (A)] RFC822.SIZE)
         S: * 2 FETCH (BODY[HEADER] {16}
         S: no header at all BODY[TEXT] {0}
         S:  BODY[HEADER.FIELDS (A)] {0}
         S:  RFC822.SIZE 16)
         S: e OK FETCH completed",
    );
}

#[test]
fn nul_is_no_part_of_a_literal() {
    let mut host = Host::new(store_of(&["Subject: a\0b\nContent-ID: \0\n\n\0\n"]));
    host.input('1', Input::Bytes(b"a LOGIN alice secret\r\nb EXAMINE inbox\r\n"));
    let mut out = Outbox::new();
    let command = b"c FETCH 1 (ENVELOPE BODY BODYSTRUCTURE BODY[])\r\n";
    let session = &mut host.sessions[0].1;
    session.handle(SimTime::ZERO, Input::Bytes(command), &mut host.store, &mut out);
    let sent: Vec<u8> = (out.drain())
        .flat_map(|output| match output {
            Output::Send(octets) => octets.to_vec(),
            _ => Vec::new(),
        })
        .collect();
    assert!(!sent.contains(&0));
    assert!(sent.windows(3).any(|octets| octets == b"a\x80b"));
}

#[test]
fn previews() {
    check_messages(
        &[
            NESTED,
            "Content-Type: text/html\n\n<b>Hi</b>  &lt;you&gt;\n",
            "Content-Type: image/png\n\nx\n",
        ],
        "C: c FETCH 1:3 (PREVIEW (LAZY))
         S: * 1 FETCH (PREVIEW {7}
         S: Grüße)
         S: * 2 FETCH (PREVIEW \"Hi <you>\")
         S: * 3 FETCH (PREVIEW \"\")
         S: c OK FETCH completed
         C: d FETCH 2 PREVIEW
         S: * 2 FETCH (PREVIEW \"Hi <you>\")
         S: d OK FETCH completed",
    );
}
