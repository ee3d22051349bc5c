//! IMAP: a server session on a mailbox of 1,000 messages, and what it is made of.

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use mxsim::engine::{SimTime, UnixTime};
use mxsim::proto::imap::{
    ImapServer, ImapServerConfig, ImapServerEvent, MailboxName, Request, UidValidity,
};
use mxsim::proto::mail::{Envelope, Message, Part};
use mxsim::proto::{Input, Outbox, Output};
use mxsim::store::mailbox::MailStore;

const NOW: SimTime = SimTime::ZERO;

const MESSAGES: u32 = 1_000;

const DESCRIBE: &str = "c FETCH 1:* (ENVELOPE BODYSTRUCTURE)\r\n";

/// A multipart of some 2 KiB: two alternatives and a picture.
fn multipart(number: u32) -> String {
    let mut text = format!(
        "Return-Path: <alice@example.org>\r\n\
        Received: from mx.example.org (mx.example.org [192.0.2.1])\r\n\
        \tby mx.example.net (mxsim) with ESMTPS id 4F2A{number:04}\r\n\
        \tfor <bob@example.net>; Mon, 05 Jan 2026 09:00:00 +0000\r\n\
        Date: Mon, 05 Jan 2026 09:00:00 +0000\r\n\
        From: Alice Example <alice@example.org>\r\n\
        To: Bob <bob@example.net>, \"Carol, C.\" <carol@example.net>\r\n\
        Subject: Minutes of meeting {number}\r\n\
        Message-ID: <1767603600.{number}@example.org>\r\n\
        References: <1767603600.{}@example.org>\r\n\
        MIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=\"outer.4F2A0C11\"\r\n\r\n\
        --outer.4F2A0C11\r\n\
        Content-Type: multipart/alternative; boundary=inner.4F2A0C11\r\n\r\n\
        --inner.4F2A0C11\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
        number / 2
    );
    for line in 0..10 {
        write!(text, "{line}: The quick brown fox jumps over the lazy dog again.\r\n")
            .expect("a string takes all");
    }
    text.push_str(
        "--inner.4F2A0C11\r\nContent-Type: text/html; charset=utf-8\r\n\
        Content-Transfer-Encoding: 7bit\r\n\r\n",
    );
    for line in 0..8 {
        write!(text, "<p>{line} The quick brown fox jumps over the dog.</p>\r\n")
            .expect("a string takes all");
    }
    text.push_str(
        "--inner.4F2A0C11--\r\n--outer.4F2A0C11\r\nContent-Type: image/png; name=\"x.png\"\r\n\
        Content-Disposition: attachment; filename=\"x.png\"\r\n\
        Content-Transfer-Encoding: base64\r\n\r\n",
    );
    for _ in 0..4 {
        text.push_str(
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA\r\n",
        );
    }
    text + "--outer.4F2A0C11--\r\n"
}

/// A session that has selected a mailbox with [`MESSAGES`] messages.
struct Session {
    store: MailStore,
    server: ImapServer,
    out: Outbox<ImapServerEvent>,
}

impl Session {
    fn open() -> Session {
        let mut store = MailStore::default();
        let alice = store.add_account("alice", "secret", UidValidity::MIN).expect("a name");
        for number in 0..MESSAGES {
            let message = Bytes::from(multipart(number));
            store
                .deliver(alice, &MailboxName::inbox(), message, UnixTime(0))
                .expect("there is room");
        }
        let server = ImapServer::new(Arc::new(ImapServerConfig::default()));
        let mut session = Session { store, server, out: Outbox::new() };
        session.server.handle(NOW, Input::Opened, &mut session.store, &mut session.out);
        session.command("a LOGIN alice secret\r\n");
        session.command("b SELECT INBOX\r\n");
        session
    }

    /// Does a command; how many octets it was answered with.
    fn command(&mut self, text: &str) -> usize {
        let input = Input::Bytes(text.as_bytes());
        self.server.handle(NOW, input, &mut self.store, &mut self.out);
        let octets = |output| match output {
            Output::Send(octets) => octets.len(),
            _ => 0,
        };
        self.out.drain().map(octets).sum()
    }
}

fn session(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("imap");
    group.throughput(Throughput::Elements(MESSAGES.into()));
    let mut session = Session::open();
    let mut bench = |name: &str, command: &str| {
        assert!(session.command(command) > 100, "{command}");
        group.bench_function(name, |bencher| bencher.iter(|| black_box(session.command(command))));
    };
    bench("fetch envelope and structure", DESCRIBE);
    bench("fetch bodies", "c FETCH 1:* (UID BODY.PEEK[])\r\n");
    bench("fetch a part", "c FETCH 1:* BODY.PEEK[1.2]\r\n");
    bench(
        "fetch header fields",
        "c FETCH 1:* (UID FLAGS BODY.PEEK[HEADER.FIELDS (DATE FROM SUBJECT)])\r\n",
    );
    bench("search subject", "c SEARCH SUBJECT \"meeting 7\"\r\n");
    bench("search body", "c SEARCH NOT BODY \"the slow fox\"\r\n");
    bench("sort", "c SORT (SUBJECT REVERSE DATE) UTF-8 ALL\r\n");
    bench("thread", "c THREAD REFERENCES UTF-8 ALL\r\n");
    group.bench_function("fetch envelope and structure, first time", |bencher| {
        let describe = |mut session: Session| {
            black_box(session.command(DESCRIBE));
            session
        };
        bencher.iter_batched(Session::open, describe, BatchSize::PerIteration);
    });
    group.finish();
}

fn codec(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("imap");
    let command = "a1 UID FETCH 1:4827313 (UID FLAGS INTERNALDATE RFC822.SIZE \
        BODY.PEEK[HEADER.FIELDS (DATE FROM SUBJECT)])\r\n";
    group.bench_function("parse fetch command", |bencher| {
        bencher.iter(|| black_box(Request::parse(black_box(command.as_bytes())).is_ok()));
    });
    let message = multipart(1);
    group.bench_function("scan multipart of 2 KiB", |bencher| {
        bencher.iter(|| black_box(Part::parse(black_box(message.as_bytes()))));
    });
    group.bench_function("parse envelope", |bencher| {
        bencher.iter(|| {
            let header = Message::parse(black_box(message.as_bytes())).header();
            black_box(Envelope::parse(header));
        });
    });
    group.finish();
}

criterion_group!(benches, session, codec);
criterion_main!(benches);
