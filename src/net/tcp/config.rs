//! What a host sets for its connections: sizes, retries and timers.

use std::time::Duration;

/// The settings of a connection. The defaults are those of Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// The MSS that we advertise and never exceed, in octets: the MTU less both headers.
    pub mss: u16,
    /// The MSS of a peer that sends no such option: 536 over IPv4, 1220 over IPv6 (RFC 9293
    /// §3.7.1).
    pub default_mss: u16,
    /// The buffer for data that the user has not taken or that arrived out of order, in octets.
    ///
    /// At most 65,535 << [`WINDOW_SHIFT`](super::WINDOW_SHIFT); advertised in multiples of 128,
    /// rounded up. It does not grow with the
    /// connection, so the default is large.
    pub receive_window: u32,
    /// Whether we offer selective acknowledgment, and use it with a peer that does (RFC 2018).
    pub sack: bool,
    /// How many connections to one port may be in SYN-RECEIVED (`net.core.somaxconn`).
    pub syn_backlog: u16,
    /// How many connections to one port may wait until the program accepts them. 128 is what Postfix
    /// and Dovecot ask for (`listen`).
    pub backlog: u16,
    /// What a SYN beyond either gets: a RST, or nothing, so that its sender tries again.
    ///
    /// Linux drops the SYN; with `tcp_abort_on_overflow` it resets. It has SYN cookies besides, which are
    /// not modelled.
    pub abort_on_overflow: bool,
    /// How often a SYN is sent again before the connection times out.
    pub syn_retries: u8,
    /// How often a SYN,ACK is sent again before the connection times out.
    pub syn_ack_retries: u8,
    /// How often data, a FIN or a window probe is sent again before the connection times out.
    pub retries: u8,
    /// The RTO before the first measurement (RFC 6298 §2.1).
    pub initial_rto: Duration,
    /// The least that the RTO stands above the smoothed round-trip time.
    ///
    /// Deviation: RFC 6298 §2.4 wants an RTO of at least one second. Linux, and so most mail
    /// hosts, take 4 RTTVAR for at least 200 ms instead.
    pub min_rto: Duration,
    /// The most that the RTO grows to (RFC 6298 §2.5: at least 60 s).
    pub max_rto: Duration,
    /// How long an acknowledgment may wait for a segment to travel with (RFC 9293 §3.8.6.3: less
    /// than 500 ms). Zero acknowledges every segment at once.
    pub delayed_ack: Duration,
    /// How long TIME-WAIT lasts, that is 2 MSL.
    pub time_wait: Duration,
    /// How long FIN-WAIT-2 lasts without a segment from the peer.
    ///
    /// Deviation: RFC 9293 waits for ever, so a peer that vanished would hold the port for ever.
    /// Longer than a peer takes to use up its retries; the connection then ends with
    /// [`CloseReason::TimedOut`](super::CloseReason::TimedOut). (Linux takes 60 s, but only for
    /// what it calls orphans, where no user reads any more.)
    pub fin_wait_2: Duration,
}

impl Config {
    /// The defaults for IPv4 over links with an MTU of 1500 octets.
    pub const V4: Config = Config {
        mss: 1460,
        default_mss: 536,
        receive_window: 1 << 20,
        sack: true,
        syn_backlog: 4_096,
        backlog: 128,
        abort_on_overflow: false,
        syn_retries: 6,
        syn_ack_retries: 5,
        retries: 15,
        initial_rto: Duration::from_secs(1),
        min_rto: Duration::from_millis(200),
        max_rto: Duration::from_secs(120),
        delayed_ack: Duration::from_millis(40),
        time_wait: Duration::from_secs(60),
        fin_wait_2: Duration::from_secs(960),
    };

    /// The defaults for IPv6 over links with an MTU of 1500 octets.
    pub const V6: Config = Config { mss: 1440, default_mss: 1220, ..Config::V4 };
}

/// As [`Config::V4`].
impl Default for Config {
    fn default() -> Self {
        Config::V4
    }
}
