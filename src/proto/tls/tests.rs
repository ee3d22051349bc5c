//! Two ends that talk to each other, without a network.

use std::collections::VecDeque;

use bytes::Bytes;
use proptest::prelude::*;

use crate::engine::{Epoch, Seed, SimTime, UnixTime};
use crate::proto::{Input, Outbox, Output, Session};

use super::certificate::{Authority, Certificate, Identity, Issuer};
use super::{
    CertificateVerdict, Handshake, TlsClient, TlsEvent, TlsFailure, TlsServer, TlsSession, Version,
};

const NAME: &str = "mx.example.net";

/// 2026-01-05, when runs start.
fn date(days: i64) -> UnixTime {
    UnixTime(1_767_603_600 + days * 86_400)
}

fn authority(name: &str) -> Authority {
    let draws = &mut Seed(1).stream(name);
    Authority::new(name, date(-1000), date(1000), draws).expect("a plain name")
}

/// An identity for `names` within these days, of the authority that clients trust.
fn identity(names: &[&str], days: (i64, i64)) -> Identity {
    let names = names.iter().map(ToString::to_string).collect();
    let certificate = Certificate { names, not_before: date(days.0), not_after: date(days.1) };
    let root = authority("mxsim root");
    let draws = &mut Seed(1).stream("server");
    Identity::new(&certificate, Issuer::Authority(&root), draws).expect("plain names")
}

/// One end, and what has come out of it.
struct End {
    session: TlsSession,
    out: Outbox<TlsEvent>,
    /// Octets for the other end, in the pieces in which they were sent.
    sent: VecDeque<Bytes>,
    /// All that it ever sent.
    all: Vec<u8>,
    heard: Vec<u8>,
    handshake: Option<Handshake>,
    failure: Option<TlsFailure>,
    closed: bool,
    secrets: Vec<String>,
}

impl End {
    fn new(session: TlsSession) -> Self {
        End {
            session,
            out: Outbox::new(),
            sent: VecDeque::new(),
            all: Vec::new(),
            heard: Vec::new(),
            handshake: None,
            failure: None,
            closed: false,
            secrets: Vec::new(),
        }
    }

    fn server(config: &TlsServer, seed: u64) -> Self {
        let draws = Seed(seed).stream("a server");
        End::new(TlsSession::server(config, Epoch::default(), draws))
    }

    fn client(config: &TlsClient, name: &str, seed: u64) -> Self {
        let draws = Seed(seed).stream("a client");
        End::new(TlsSession::client(config, name, Epoch::default(), draws))
    }

    fn input(&mut self, input: Input<'_>) {
        self.session.handle(SimTime::from_secs(1), input, &mut self.out);
        self.collect();
    }

    fn send(&mut self, text: &[u8]) {
        self.session.send(SimTime::from_secs(1), text, &mut self.out);
        self.collect();
    }

    fn collect(&mut self) {
        for output in self.out.drain() {
            match output {
                Output::Send(octets) => {
                    self.all.extend_from_slice(&octets);
                    self.sent.push_back(octets);
                }
                Output::Event(TlsEvent::HandshakeDone(done)) => self.handshake = Some(*done),
                Output::Event(TlsEvent::Plaintext(text)) => self.heard.extend_from_slice(&text),
                Output::Event(TlsEvent::Closed) => self.closed = true,
                Output::Event(TlsEvent::Failed(failure)) => self.failure = Some(failure),
                Output::Event(TlsEvent::Secret(secret)) => self.secrets.push(secret.to_string()),
                Output::Close | Output::Abort => panic!("the owner closes"),
            }
        }
    }
}

/// Carries octets, in pieces of at most `piece`, until nobody has any.
fn carry(one: &mut End, other: &mut End, piece: usize) {
    while !(one.sent.is_empty() && other.sent.is_empty()) {
        pass(one, other, piece);
        pass(other, one, piece);
    }
}

fn pass(from: &mut End, to: &mut End, piece: usize) {
    while let Some(octets) = from.sent.pop_front() {
        octets.chunks(piece).for_each(|piece| to.input(Input::Bytes(piece)));
    }
}

/// A handshake, and a line each way.
fn play(client: &TlsClient, server: &TlsServer, name: &str, seed: u64, piece: usize) -> [End; 2] {
    let mut client = End::client(client, name, seed);
    let mut server = End::server(server, seed);
    client.input(Input::Opened);
    server.input(Input::Opened);
    carry(&mut client, &mut server, piece);
    client.send(b"EHLO client.example.org\r\n");
    server.send(b"220 mx.example.net\r\n");
    carry(&mut client, &mut server, piece);
    [client, server]
}

fn usual() -> (TlsClient, TlsServer) {
    let roots = [authority("mxsim root")];
    let server = identity(&[NAME], (-1, 1));
    (TlsClient::strict(&roots, Version::Tls13), TlsServer::new(&server, Version::Tls13))
}

#[test]
fn two_ends_agree_and_talk() {
    let (client, server) = usual();
    let [client, server] = play(&client, &server, NAME, 1, usize::MAX);
    assert_eq!(client.heard, b"220 mx.example.net\r\n");
    assert_eq!(server.heard, b"EHLO client.example.org\r\n");
    let done = client.handshake.unwrap();
    assert_eq!(done.version, Version::Tls13);
    assert_eq!((done.cipher, done.cipher_bits), ("TLS_AES_256_GCM_SHA384", 256));
    let certificate = done.certificate.unwrap();
    assert_eq!(certificate.names, [NAME]);
    assert_eq!(certificate.issuer, "mxsim root");
    assert_eq!((certificate.not_before, certificate.not_after), (date(-1), date(1)));
    assert_eq!(certificate.verdict, CertificateVerdict::Verified);
    assert_eq!(server.handshake.unwrap().certificate, None);
    let seen = String::from_utf8_lossy(&client.all).into_owned();
    assert!(!seen.contains("EHLO"), "it is encrypted");
}

#[test]
fn an_old_server_is_spoken_to_in_tls_1_2() {
    let (client, _) = usual();
    let server = TlsServer::new(&identity(&[NAME], (-1, 1)), Version::Tls12);
    let [client, server] = play(&client, &server, NAME, 1, usize::MAX);
    let done = client.handshake.unwrap();
    assert_eq!(done.version, Version::Tls12);
    assert_eq!(done.cipher, "ECDHE-ECDSA-AES256-GCM-SHA384");
    assert_eq!(server.heard, b"EHLO client.example.org\r\n");
    assert!(client.secrets[0].starts_with("CLIENT_RANDOM "), "{:?}", client.secrets);
    assert_eq!(client.secrets, server.secrets);
}

#[test]
fn the_same_seed_gives_the_same_octets_on_every_thread() {
    let octets = |seed: u64| {
        let (client, server) = usual();
        let ends = play(&client, &server, NAME, seed, usize::MAX);
        ends.map(|end| (end.all, end.secrets))
    };
    let first = octets(1);
    let threads: Vec<_> = (0..3).map(|_| std::thread::spawn(move || octets(1))).collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), first);
    }
    assert_ne!(octets(2), first);
    // The octets are part of what a seed means: they may change only with a version.
    insta::assert_snapshot!(
        first
            .map(|(octets, _)| {
                format!("{:032x} of {}", xxhash_rust::xxh3::xxh3_128(&octets), octets.len())
            })
            .join("\n")
    );
}

#[test]
fn the_stream_may_be_cut_anywhere() {
    let (client, server) = usual();
    let whole = play(&client, &server, NAME, 1, usize::MAX);
    for piece in [1, 2, 3, 7, 100, 1000] {
        let cut = play(&client, &server, NAME, 1, piece);
        for (whole, cut) in whole.iter().zip(&cut) {
            assert_eq!((&whole.all, &whole.heard), (&cut.all, &cut.heard), "{piece}");
        }
    }
}

#[test]
fn a_certificate_is_judged_by_name_date_and_signer() {
    let root = [authority("mxsim root")];
    let check = |server: &Identity, name: &str, verdict: CertificateVerdict, alert: &str| {
        let server = TlsServer::new(server, Version::Tls13);
        // Who does not insist goes on, and knows.
        let lenient = TlsClient::lenient(&root, Version::Tls13);
        let [client, _] = play(&lenient, &server, name, 1, usize::MAX);
        let shown = client.handshake.unwrap().certificate.unwrap();
        assert_eq!(shown.verdict, verdict);
        assert_eq!(client.heard, b"220 mx.example.net\r\n");
        // Who insists breaks off, and says why.
        let strict = TlsClient::strict(&root, Version::Tls13);
        let [client, server] = play(&strict, &server, name, 1, usize::MAX);
        if verdict == CertificateVerdict::Verified {
            assert_eq!(client.failure, None);
            return;
        }
        assert_eq!(client.handshake, None);
        assert_eq!(client.failure, Some(TlsFailure::Certificate(verdict)));
        assert_eq!(server.failure, Some(TlsFailure::Alert(alert.into())));
        assert!(server.heard.is_empty());
    };
    let good = identity(&[NAME, "192.0.2.1"], (-1, 1));
    check(&good, NAME, CertificateVerdict::Verified, "");
    check(&good, "192.0.2.1", CertificateVerdict::Verified, "");
    check(&good, "[192.0.2.1]", CertificateVerdict::Verified, "");
    check(&good, "other.example.net", CertificateVerdict::WrongName, "bad_certificate");
    check(&good, "no host name", CertificateVerdict::WrongName, "bad_certificate");
    let wide = identity(&["*.example.net"], (-1, 1));
    check(&wide, NAME, CertificateVerdict::Verified, "");
    let old = identity(&[NAME], (-10, -1));
    check(&old, NAME, CertificateVerdict::Expired, "certificate_expired");
    let early = identity(&[NAME], (1, 10));
    check(&early, NAME, CertificateVerdict::NotYetValid, "certificate_expired");
    let names = vec![NAME.to_owned()];
    let dates = Certificate { names, not_before: date(-1), not_after: date(1) };
    let draws = &mut Seed(1).stream("server");
    let own = Identity::new(&dates, Issuer::Itself, draws).unwrap();
    check(&own, NAME, CertificateVerdict::Untrusted, "unknown_ca");
    let stranger = authority("stranger");
    let other = Identity::new(&dates, Issuer::Authority(&stranger), draws).unwrap();
    check(&other, NAME, CertificateVerdict::Untrusted, "unknown_ca");
}

#[test]
fn who_trusts_nobody_verifies_nothing() {
    let (_, server) = usual();
    let client = TlsClient::lenient(&[], Version::Tls13);
    let [client, _] = play(&client, &server, NAME, 1, usize::MAX);
    let shown = client.handshake.unwrap().certificate.unwrap();
    assert_eq!(shown.verdict, CertificateVerdict::Untrusted);
}

#[test]
fn names_in_certificates_may_have_any_letters() {
    for name in ["a, b", "=+\\#", "mx.example.net", "Grüße"] {
        let draws = &mut Seed(1).stream("a");
        let made = Authority::new(name, date(-1), date(1), draws).unwrap();
        let (_, issuer, ..) = super::certificate::read(made.der()).unwrap();
        assert_eq!(issuer, name);
    }
}

#[test]
fn both_ends_log_the_same_secrets() {
    let (client, server) = usual();
    let [client, server] = play(&client, &server, NAME, 1, usize::MAX);
    let sorted = |mut secrets: Vec<String>| {
        secrets.sort();
        secrets
    };
    let secrets = sorted(client.secrets);
    assert_eq!(secrets, sorted(server.secrets));
    let labels: Vec<_> = secrets.iter().filter_map(|line| line.split(' ').next()).collect();
    let wanted = [
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "EXPORTER_SECRET",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_TRAFFIC_SECRET_0",
    ];
    assert_eq!(labels, wanted);
}

#[test]
fn a_large_message_arrives_whole() {
    let (client, server) = usual();
    let [mut client, mut server] = play(&client, &server, NAME, 1, usize::MAX);
    let message: Vec<u8> = (0..1_000_000_u32).map(|place| (place % 251) as u8).collect();
    server.heard.clear();
    client.send(&message);
    carry(&mut client, &mut server, 1448);
    assert!(server.heard == message);
}

#[test]
fn an_end_says_when_it_is_done() {
    let (client, server) = usual();
    let [mut client, mut server] = play(&client, &server, NAME, 1, usize::MAX);
    client.session.close(SimTime::from_secs(2), &mut client.out);
    client.collect();
    carry(&mut client, &mut server, usize::MAX);
    assert!(server.closed && !client.closed);
    // The other direction stays.
    server.send(b"221 Bye\r\n");
    carry(&mut client, &mut server, usize::MAX);
    assert!(client.heard.ends_with(b"221 Bye\r\n"));
    // And a connection that just ends has ended.
    client.input(Input::Eof);
    assert!(client.closed);
}

#[test]
fn a_handshake_does_not_wait_for_ever() {
    let (_, server) = usual();
    let mut server = End::server(&server, 1);
    assert_eq!(server.session.deadline(), None);
    server.input(Input::Opened);
    let deadline = server.session.deadline().unwrap();
    assert_eq!(deadline, SimTime::from_secs(301));
    server.session.handle(deadline, Input::Timeout, &mut server.out);
    server.collect();
    assert_eq!(server.failure, Some(TlsFailure::TimedOut));
    assert_eq!(server.session.deadline(), None);
    server.send(b"nobody hears this");
    assert!(server.all.is_empty());
}

#[test]
fn a_peer_that_speaks_no_tls_is_told_so() {
    let (client, server) = usual();
    for mut end in [End::client(&client, NAME, 1), End::server(&server, 1)] {
        end.input(Input::Opened);
        end.input(Input::Bytes(b"EHLO client.example.org\r\n"));
        let wanted = TlsFailure::Peer("what the peer sent is no TLS".into());
        assert_eq!(end.failure, Some(wanted));
        // A fatal alert: content type 21, level 2.
        assert_eq!(end.sent.back().map(|alert| (alert[0], alert[5])), Some((21, 2)));
    }
}

#[test]
fn a_connection_that_ends_in_the_handshake_is_lost() {
    let (_, server) = usual();
    let mut server = End::server(&server, 1);
    server.input(Input::Opened);
    server.input(Input::Eof);
    assert_eq!(server.failure, Some(TlsFailure::Lost));
}

#[test]
fn nothing_is_random_or_dated_outside_of_a_session() {
    use rustls::time_provider::TimeProvider;
    let mut octets = [0; 8];
    assert!(super::provider::PROVIDER.secure_random.fill(&mut octets).is_err());
    assert!(super::provider::PROVIDER.kx_groups[0].start().is_err());
    assert!(super::provider::Clock.current_time().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn arbitrary_octets_never_panic(octets: Vec<u8>, is_client: bool) {
        let (client, server) = usual();
        let mut end =
            if is_client { End::client(&client, NAME, 1) } else { End::server(&server, 1) };
        end.input(Input::Opened);
        end.input(Input::Bytes(&octets));
        end.input(Input::Eof);
        prop_assert!(end.failure.is_some() && end.heard.is_empty());
    }

    #[test]
    fn a_changed_octet_is_noticed(place: prop::sample::Index, change in 1_u8.., to_client: bool) {
        let (client, server) = usual();
        let [was_client, was_server] = play(&client, &server, NAME, 1, usize::MAX);
        let (mut end, other, heard) = if to_client {
            (End::client(&client, NAME, 1), was_server.all, was_client.heard)
        } else {
            (End::server(&server, 1), was_client.all, was_server.heard)
        };
        let mut octets = other;
        let place = place.index(octets.len());
        octets[place] ^= change;
        end.input(Input::Opened);
        end.input(Input::Bytes(&octets));
        end.input(Input::Eof);
        // Nothing is heard that was not said.
        prop_assert!(heard.starts_with(&end.heard));
    }
}
