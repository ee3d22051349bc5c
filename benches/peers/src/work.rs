//! The work that all do, and how a process tells what it took.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

/// Octets of the banner and of each request and reply.
pub const LINE: usize = 40;
/// How many requests there are before the message, each with a reply.
pub const REQUESTS: usize = 6;
/// Octets of the message.
pub const MESSAGE: usize = 2_048;
/// What a client gets in a transaction: the banner, and a reply to each request and to the message.
#[allow(dead_code, reason = "not every program that includes this file counts octets")]
pub const TO_CLIENT: usize = LINE * (REQUESTS + 2);
/// What a server gets in a transaction.
#[allow(dead_code, reason = "not every program that includes this file counts octets")]
pub const TO_SERVER: usize = LINE * REQUESTS + MESSAGE;
/// How long a packet is under way.
pub const DELAY: Duration = Duration::from_millis(20);
/// The port of the servers.
#[allow(dead_code, reason = "the bare loop has no ports")]
pub const PORT: u16 = 25;

/// How much there is to do.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    /// How many clients there are, each with a server of its own.
    pub pairs: u32,
    /// How many transactions each client makes, one after the other.
    pub each: u64,
}

impl Work {
    /// Of all clients.
    pub fn transactions(self) -> u64 {
        u64::from(self.pairs) * self.each
    }
}

/// What was done.
#[derive(Debug, Clone, Copy, Default)]
pub struct Done {
    /// Real time, from when all hosts were there.
    pub time: Duration,
    /// Events of the simulator, where it counts any.
    pub events: Option<u64>,
}

/// The address of a client.
#[allow(dead_code, reason = "the bare loop has no addresses")]
pub fn client_address(pair: u32) -> IpAddr {
    Ipv4Addr::from((10 << 24) + 1 + pair).into()
}

/// The address of a server.
#[allow(dead_code, reason = "the bare loop has no addresses")]
pub fn server_address(pair: u32) -> IpAddr {
    Ipv4Addr::from((10 << 24) + (1 << 23) + 1 + pair).into()
}

/// Does so much work that it takes about so many seconds, and prints what it took: transactions, seconds,
/// events (0: not known), KiB of memory at the most.
pub fn measure(pairs: u32, seconds: f64, play: impl Fn(Work) -> Done) {
    // First a little, which warms the allocator and tells how much is enough.
    let mut each = 1 + 2_000 / u64::from(pairs.max(1));
    loop {
        let (work, begin) = (Work { pairs, each }, Instant::now());
        let done = play(work);
        let took = begin.elapsed().as_secs_f64();
        if took >= seconds * 0.5 {
            let (time, events) = (done.time.as_secs_f64(), done.events.unwrap_or(0));
            let memory = peak_kib().unwrap_or(0);
            println!("{} {time} {events} {memory}", work.transactions());
            return;
        }
        each = (each as f64 * (seconds / took.max(1e-3)).clamp(2.0, 100.0)) as u64;
    }
}

/// The most memory that this process ever had, in KiB; `None` where the system does not tell.
pub fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
