//! The MTA: takes mail by SMTP, keeps it in a queue on disk, and hands it on until every
//! recipient's fate is settled.
//!
//! Follows RFC 5321 and RFC 6409 as Postfix does. One actor plays each part that an MTA can have,
//! by its [`MtaConfig`]: submission server, border MTA, backup, the MTA of a mailbox server, or all
//! of them on one host. What it has answered 250 to is on disk, so that a crash loses nothing; what
//! it is doing is in memory, and is begun again.
//!
//! Not modelled: ETRN, certificates of clients.

mod alias;
mod bounce;
pub mod config;
mod delivery;
mod destinations;
mod enqueue;
mod hop;
mod late;
mod local;
mod lookup;
mod manager;
mod note;
mod owner;
mod policy;
mod receive;
mod route;
mod signing;
mod transport;

use std::sync::Arc;

use crate::proto::smtp::is_domain;
use crate::store::queue::Queue;
use crate::world::{Actor, Ctx, Event, Outside, TimerToken};

pub use config::MtaConfig;
use hop::LMTP_PORT;
use manager::Manager;
use receive::{SUBMISSION_PORT, SUBMISSIONS_PORT};
use route::SMTP_PORT;

/// Timer kinds.
const QUEUE_TIMER: u8 = 0;
const INBOUND_TIMER: u8 = 1;
const OUTBOUND_TIMER: u8 = 2;
/// What is left belongs to the stub resolver.
const STUB_TIMER: TimerToken = TimerToken(3 << 56);

/// The actor of an MTA.
pub struct Mta {
    config: Arc<MtaConfig>,
    /// Whether something is wrong with it on purpose: known here, so that no event looks it up.
    has_bug: bool,
    /// What it has in memory: set up when the host starts.
    running: Option<Manager>,
}

impl Mta {
    /// An MTA of that configuration.
    ///
    /// # Panics
    /// When its host name, or a domain that it answers for, is none by RFC 5321 §4.1.2.
    pub fn new(config: Arc<MtaConfig>) -> Self {
        let named =
            is_domain(&config.hostname) && config.domains.keys().all(|name| is_domain(name));
        assert!(named, "an MTA and what it answers for have the names of domains");
        Mta { has_bug: config.bug.is_some(), config, running: None }
    }
}

impl Actor for Mta {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        let config = Arc::clone(&self.config);
        let submission = config.submission.is_some();
        let ports = [
            (config.smtp, SMTP_PORT),
            (config.lmtp, LMTP_PORT),
            (submission, SUBMISSION_PORT),
            (submission && config.tls.is_some(), SUBMISSIONS_PORT),
        ];
        for (_, port) in ports.into_iter().filter(|(wanted, _)| *wanted) {
            assert!(ctx.listen(port), "a plan has one service a port");
        }
        // What was queued before a crash.
        ctx.disk().queue().after_crash();
        if config.bug == Some(config::Bug::ForgetfulQueue) {
            *ctx.disk().queue() = Queue::default();
        }
        let mut running = Manager::new(config, ctx);
        running.run_queue(ctx);
        self.running = Some(running);
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let running = self.running.as_mut().expect("events come after the start");
        if self.has_bug {
            running.write_late(ctx);
        }
        match event {
            Event::Stream(connection, event) => running.on_stream(connection, event, ctx),
            Event::Datagram { from, to, payload } => running.on_datagram(from, to, &payload, ctx),
            Event::Unreachable { from, to, .. } => running.on_unreachable(from, to, ctx),
            Event::Timer(token) => running.on_timer(token, ctx),
            Event::Outside(Outside::Order(order)) => running.order(order, ctx),
            Event::Signal(_) | Event::Outside(_) => {}
        }
        running.run_queue(ctx);
    }
}
