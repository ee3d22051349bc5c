//! The work on mxsim: its own TCP, each packet an event, the fingerprint on.

use std::time::Instant;

use mxsim::engine::Seed;
use mxsim::load::{Path, Transactions};

use crate::work::{Done, LINE, MESSAGE, REQUESTS, Work};

const _: () = assert!(
    LINE == mxsim::load::LINE_OCTETS
        && REQUESTS == mxsim::load::REQUESTS
        && MESSAGE == mxsim::load::MESSAGE_OCTETS,
    "the same work"
);

/// Plays the world that the preset `smtp-transactions` plays.
pub fn play(work: Work) -> Done {
    let load =
        Transactions { pairs: work.pairs, transactions: work.transactions(), path: Path::Direct };
    let mut world = load.world(Seed(1));
    let begin = Instant::now();
    load.play(&mut world);
    let time = begin.elapsed();
    let traffic = world.traffic();
    assert_eq!(traffic.sent, traffic.delivered, "all arrives");
    assert!(traffic.sent.packets >= 18 * work.transactions(), "all is sent");
    assert_ne!(world.fingerprint().bits(), 0);
    Done { time, events: Some(world.events()) }
}
