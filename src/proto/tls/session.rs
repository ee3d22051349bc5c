//! One end of TLS on one connection.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustls::pki_types::ServerName;
use rustls::{
    ClientConnection, Connection, Error, ProtocolVersion, ServerConnection, SupportedCipherSuite,
};

use crate::engine::{Epoch, SimTime, Stream};
use crate::proto::{Input, Outbox, Session};

use super::config::{TlsClient, TlsServer, verdict};
use super::event::{Handshake, TlsEvent, TlsFailure, Version, alert_name};
use super::provider::Lent;

/// One end of TLS on one connection. What it holds of the peer's octets is bounded by one record
/// (16 KiB) or one handshake message (64 KiB).
#[derive(Debug)]
pub struct TlsSession {
    connection: Connection,
    /// For a client: how it judges certificates, and whose it wants to see.
    expected: Option<(TlsClient, ServerName<'static>)>,
    /// `None` while it is lent.
    lent: Option<Lent>,
    epoch: Epoch,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The handshake goes on, until then.
    Handshake { until: SimTime },
    /// Octets go both ways.
    Open,
    /// The peer sends no more.
    Closed,
    /// It came to nothing.
    Failed,
}

impl TlsSession {
    /// A server's end. `epoch` is the date at which the run starts.
    pub fn server(config: &TlsServer, epoch: Epoch, draws: Stream) -> Self {
        let config = Arc::clone(&config.config);
        let (lent, connection) = Lent::new(draws).during(|| ServerConnection::new(config));
        let connection = connection.expect("a configuration with a certificate");
        Self::new(Connection::from(connection), None, epoch, lent)
    }

    /// A client's end. `name` is the host name or the IP address that the server's certificate should
    /// be for; one that is neither is found in no certificate.
    pub fn client(config: &TlsClient, name: &str, epoch: Epoch, draws: Stream) -> Self {
        let name = ServerName::try_from(name.trim_matches(['[', ']']).to_owned())
            .unwrap_or_else(|_| NO_NAME.clone());
        let (own, expected) = (Arc::clone(&config.config), (config.clone(), name.clone()));
        let (lent, connection) = Lent::new(draws).during(|| ClientConnection::new(own, name));
        let connection = connection.expect("a configuration with suites");
        Self::new(Connection::from(connection), Some(expected), epoch, lent)
    }

    fn new(
        connection: Connection,
        expected: Option<(TlsClient, ServerName<'static>)>,
        epoch: Epoch,
        lent: Lent,
    ) -> Self {
        let state = State::Handshake { until: SimTime::MAX };
        TlsSession { connection, expected, lent: Some(lent), epoch, state }
    }

    /// Whether both ends are agreed, so that plaintext can be sent.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open | State::Closed)
    }

    /// Encrypts `plaintext` for the peer. Nothing is sent unless the session [is
    /// open](TlsSession::is_open).
    pub fn send(&mut self, now: SimTime, plaintext: &[u8], out: &mut Outbox<TlsEvent>) {
        if !self.is_open() {
            return;
        }
        let mut left = plaintext;
        while !left.is_empty() {
            // rustls takes as much as its buffer holds.
            let written = self.call(now, |connection| connection.writer().write(left));
            let written = written.unwrap_or(0);
            self.flush(out);
            if written == 0 {
                return;
            }
            left = &left[written..];
        }
    }

    /// Tells the peer that no more is sent (`close_notify`).
    pub fn close(&mut self, now: SimTime, out: &mut Outbox<TlsEvent>) {
        if self.is_open() {
            self.call(now, |connection| connection.send_close_notify());
            self.flush(out);
        }
    }

    /// Calls rustls with the session's randomness and date.
    fn call<T>(&mut self, now: SimTime, work: impl FnOnce(&mut Connection) -> T) -> T {
        let mut lent = self.lent.take().expect("a session calls once at a time");
        lent.date = self.epoch.at(now);
        let connection = &mut self.connection;
        let (lent, result) = lent.during(|| work(connection));
        self.lent = Some(lent);
        result
    }

    /// Sends what rustls has for the peer, after the secrets that it is protected with.
    fn flush(&mut self, out: &mut Outbox<TlsEvent>) {
        for secret in self.lent.iter_mut().flat_map(|lent| lent.secrets.drain(..)) {
            out.event(TlsEvent::Secret(Box::new(secret)));
        }
        let mut octets = Vec::new();
        while self.connection.wants_write() {
            self.connection.write_tls(&mut octets).expect("a Vec takes everything");
        }
        out.send_bytes(Bytes::from(octets));
    }

    fn octets(&mut self, now: SimTime, mut octets: &[u8], out: &mut Outbox<TlsEvent>) {
        while !octets.is_empty() && matches!(self.state, State::Handshake { .. } | State::Open) {
            let read = self.call(now, |connection| {
                let read = connection.read_tls(&mut octets);
                read.is_ok_and(|read| read > 0).then(|| connection.process_new_packets())
            });
            self.flush(out);
            match read {
                None => return self.fail(broken_off(), out),
                Some(Err(error)) => {
                    // What came before the mistake is valid.
                    self.news(now, 0, out);
                    return self.fail(failure(&error), out);
                }
                Some(Ok(state)) => {
                    self.news(now, state.plaintext_bytes_to_read(), out);
                    if state.peer_has_closed() && self.state == State::Open {
                        self.state = State::Closed;
                        out.event(TlsEvent::Closed);
                    }
                }
            }
        }
    }

    /// Tells of the end of the handshake and of plaintext.
    fn news(&mut self, now: SimTime, plaintext_octets: usize, out: &mut Outbox<TlsEvent>) {
        if matches!(self.state, State::Handshake { .. }) && !self.connection.is_handshaking() {
            self.state = State::Open;
            let handshake = self.handshake(now);
            out.event(TlsEvent::HandshakeDone(Box::new(handshake)));
        }
        if plaintext_octets > 0 {
            let mut plaintext = vec![0; plaintext_octets];
            let read = self.connection.reader().read_exact(&mut plaintext);
            read.expect("rustls has said how much there is");
            out.event(TlsEvent::Plaintext(Bytes::from(plaintext)));
        }
    }

    fn handshake(&self, now: SimTime) -> Handshake {
        let version = match self.connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => Version::Tls12,
            _ => Version::Tls13,
        };
        let suite = self.connection.negotiated_cipher_suite();
        let (cipher, cipher_bits) = suite.map_or(("NONE", 0), suite_name);
        let certificate = self.expected.as_ref().and_then(|(client, name)| {
            let shown = self.connection.peer_certificates()?;
            client.judge(shown, name, self.epoch.at(now))
        });
        Handshake { version, cipher, cipher_bits, certificate }
    }

    fn fail(&mut self, failure: TlsFailure, out: &mut Outbox<TlsEvent>) {
        self.state = State::Failed;
        out.event(TlsEvent::Failed(failure));
    }
}

impl Session for TlsSession {
    type Event = TlsEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>, out: &mut Outbox<TlsEvent>) {
        match (input, self.state) {
            (Input::Opened, State::Handshake { .. }) => {
                self.state = State::Handshake { until: now + HANDSHAKE_TIMEOUT };
                self.flush(out);
            }
            (Input::Bytes(octets), State::Handshake { .. } | State::Open) => {
                self.octets(now, octets, out);
            }
            (Input::Eof, State::Handshake { .. }) => self.fail(TlsFailure::Lost, out),
            // Deviation: that the peer did not say `close_notify` is not told apart (RFC 8446 §6.1).
            // The protocols above have ends of their own, and many mail servers leave it out.
            (Input::Eof, State::Open) => {
                self.state = State::Closed;
                out.event(TlsEvent::Closed);
            }
            (Input::Timeout, State::Handshake { until }) if now >= until => {
                self.fail(TlsFailure::TimedOut, out);
            }
            _ => {}
        }
    }

    fn deadline(&self) -> Option<SimTime> {
        match self.state {
            State::Handshake { until } if until < SimTime::MAX => Some(until),
            _ => None,
        }
    }
}

fn failure(error: &Error) -> TlsFailure {
    match error {
        Error::AlertReceived(alert) => TlsFailure::Alert(alert_name(&format!("{alert:?}"))),
        Error::InvalidCertificate(_) => TlsFailure::Certificate(verdict(error)),
        Error::InvalidMessage(_) => TlsFailure::Peer("what the peer sent is no TLS".into()),
        error => TlsFailure::Peer(error.to_string()),
    }
}

/// rustls takes no more octets though none are unread: more than it lets a peer pile up.
fn broken_off() -> TlsFailure {
    TlsFailure::Peer("the peer sent more than a handshake may take".into())
}

/// The name of a suite in OpenSSL, and the length of its key in bits.
fn suite_name(suite: SupportedCipherSuite) -> (&'static str, u16) {
    use rustls::CipherSuite as Suite;
    match suite.suite() {
        Suite::TLS13_AES_256_GCM_SHA384 => ("TLS_AES_256_GCM_SHA384", 256),
        Suite::TLS13_AES_128_GCM_SHA256 => ("TLS_AES_128_GCM_SHA256", 128),
        Suite::TLS13_CHACHA20_POLY1305_SHA256 => ("TLS_CHACHA20_POLY1305_SHA256", 256),
        Suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => ("ECDHE-ECDSA-AES256-GCM-SHA384", 256),
        Suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => ("ECDHE-ECDSA-AES128-GCM-SHA256", 128),
        Suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => {
            ("ECDHE-ECDSA-CHACHA20-POLY1305", 256)
        }
        _ => ("UNKNOWN", 0),
    }
}

/// Postfix's `smtpd_starttls_timeout` and `smtp_starttls_timeout`.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(300);

/// The name of no host (RFC 6761 §6.4).
static NO_NAME: std::sync::LazyLock<ServerName<'static>> =
    std::sync::LazyLock::new(|| ServerName::try_from("invalid").expect("a name"));
