//! Large transfers over bad pipes arrive whole and in order, and both sides end in CLOSED.

use super::*;

const SIZE: usize = 1 << 20;

/// Sends a MiB from A to B, and another pattern back, over pipes of 20 seeds.
fn check(loss: f64, jitter_millis: u64, duplication: f64, isses: [u32; 2]) {
    let quality = Quality {
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(jitter_millis),
        loss,
        duplication,
    };
    let there = Bytes::from(pattern(SIZE));
    let back = there.slice(1..30_000);
    for seed in 1..=20 {
        let mut pipe = Pipe::new(quality, seed, [Config::default(); 2], isses);
        pipe.connect(A);
        // Writes of many sizes, more than once while the rest is in flight.
        let mut rest = there.clone();
        while !rest.is_empty() {
            let length = 1 + pipe.stream.below(100_000) as usize;
            let write = rest.split_to(length.min(rest.len()));
            pipe.send(A, write);
            pipe.run_until(pipe.now + Duration::from_millis(5));
        }
        pipe.close(A);
        pipe.ends[B].closes_on_eof = false;
        while pipe.state(B) != State::CloseWait {
            assert!(pipe.step(SimTime::from_secs(86_400)), "seed {seed}: stands still");
        }
        pipe.send(B, back.clone());
        pipe.close(B);
        pipe.run();
        assert!(pipe.ends[B].received == there, "seed {seed}: the data differs");
        assert!(pipe.ends[A].received == back, "seed {seed}: the answer differs");
        for side in [A, B] {
            assert_eq!(pipe.state(side), State::Closed, "seed {seed}");
            let news = &pipe.ends[side].news;
            let all = [Event::Opened, Event::Eof, Event::Closed(CloseReason::Finished)];
            assert_eq!(news, &all, "seed {seed}");
        }
    }
}

#[test]
fn over_a_clean_pipe() {
    check(0.0, 0, 0.0, [100, 300]);
}

#[test]
fn over_a_pipe_that_reorders_and_duplicates() {
    check(0.0, 30, 0.1, [100, 300]);
}

#[test]
fn over_a_pipe_that_loses_one_in_twenty() {
    check(0.05, 10, 0.05, [100, 300]);
}

#[test]
fn over_a_pipe_that_loses_one_in_five() {
    check(0.2, 10, 0.05, [100, 300]);
}

#[test]
fn across_the_end_of_the_sequence_numbers() {
    check(0.05, 10, 0.05, [u32::MAX, u32::MAX - 5_000]);
}

#[test]
fn slow_start_takes_a_mebibyte_in_few_round_trips() {
    let mut pipe = Pipe::clean();
    pipe.connect(A);
    pipe.run_until(SimTime::from_millis(100));
    pipe.send(A, pattern(SIZE));
    while pipe.ends[B].received.len() < SIZE {
        assert!(pipe.step(SimTime::MAX));
    }
    let round_trips = pipe.now.since(SimTime::from_millis(100)).as_millis() / 20;
    assert!((5..=9).contains(&round_trips), "{round_trips} round trips");
    assert!(pipe.segments_sent < SIZE / 1_460 * 16 / 10, "{} segments", pipe.segments_sent);
}
