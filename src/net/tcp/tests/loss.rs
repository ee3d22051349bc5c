//! Retransmission, segment by segment.

use super::*;

fn established() -> Pipe {
    let mut pipe = Pipe::clean();
    pipe.connect(A);
    pipe.run_until(SimTime::from_millis(100));
    pipe.take_trace();
    pipe
}

#[test]
fn a_peer_that_vanishes_is_given_up_after_fifteen_retries() {
    let mut pipe = established();
    pipe.passes = Box::new(|_, _| false);
    pipe.send(A, "anyone?");
    pipe.run();
    insta::assert_snapshot!(pipe.take_trace());
    assert_eq!(pipe.ends[A].news, [Event::Opened, Event::Closed(CloseReason::TimedOut)]);
}

#[test]
fn three_duplicates_bring_a_lost_segment_back_at_once() {
    let mut pipe = established();
    let mut count = 0;
    pipe.passes = Box::new(move |side, segment| {
        count += usize::from(side == A && !segment.payload.is_empty());
        count != 3 || side == B
    });
    pipe.send(A, pattern(8 * 1_460));
    pipe.run_until(SimTime::from_millis(160));
    let trace = pipe.take_trace();
    let lines = trace.lines().filter(|line| line.contains("seq="));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
    assert_eq!(pipe.ends[B].received, pattern(8 * 1_460));
}

/// Sends twenty segments of which the third, fifth, seventh, ninth and eleventh are lost once, and
/// hands out how many A sends till all have arrived, and when.
fn five_of_twenty_lost(sack: bool) -> (usize, SimTime) {
    let config = Config { sack, ..Config::default() };
    let mut pipe = Pipe::new(CLEAN, 1, [config; 2], [100, 300]);
    pipe.connect(A);
    pipe.run_until(SimTime::from_millis(100));
    let mut last = SimTime::ZERO;
    // Opens the window to more than twenty segments.
    pipe.send(A, pattern(20 * 1_460));
    pipe.run_until(SimTime::from_millis(200));
    let mut count = 0;
    pipe.passes = Box::new(move |side, segment| {
        count += usize::from(side == A && !segment.payload.is_empty());
        side == B || count > 20 || !matches!(count, 3 | 5 | 7 | 9 | 11)
    });
    pipe.send(A, pattern(20 * 1_460));
    while pipe.ends[B].received.len() < 40 * 1_460 {
        assert!(pipe.step(SimTime::from_secs(60)));
        last = pipe.now;
    }
    let sent = pipe.trace.iter().filter(|line| line.contains(" A ") && line.contains("len="));
    (sent.count() - 20, last)
}

#[test]
fn selective_acknowledgments_bring_back_what_is_lost_in_one_round_trip_and_nothing_else() {
    let (sent, at) = five_of_twenty_lost(true);
    assert_eq!((sent, at), (25, SimTime::from_millis(230)));
    // NewReno: one hole a round trip.
    let (sent, at) = five_of_twenty_lost(false);
    assert_eq!((sent, at), (25, SimTime::from_millis(310)));
}

#[test]
fn who_is_offered_no_selective_acknowledgment_sends_none() {
    for silent in [A, B] {
        let mut configs = [Config::default(); 2];
        configs[silent].sack = false;
        let mut pipe = Pipe::new(CLEAN, 1, configs, [100, 300]);
        pipe.connect(A);
        pipe.run_until(SimTime::from_millis(100));
        let mut count = 0;
        pipe.passes = Box::new(move |side, segment| {
            assert!(segment.sack.is_none());
            count += usize::from(side == A && !segment.payload.is_empty());
            count != 3 || side == B
        });
        pipe.send(A, pattern(8 * 1_460));
        pipe.run_until(SimTime::from_millis(160));
        assert_eq!(pipe.ends[B].received, pattern(8 * 1_460));
    }
}

#[test]
fn the_last_segment_is_brought_back_by_the_timer() {
    let mut pipe = established();
    let mut count = 0;
    pipe.passes = Box::new(move |_, _| {
        count += 1;
        count != 1
    });
    pipe.send(A, "NOOP\r\n");
    pipe.run_until(SimTime::from_secs(2));
    insta::assert_snapshot!(pipe.take_trace(), @r#"
    0.100000 A PSH,ACK seq=101 ack=301 win=1048576 len=6 lost
    0.320000 A PSH,ACK seq=101 ack=301 win=1048576 len=6
    0.330000 B   "NOOP\r\n"
    0.370000 B ACK seq=301 ack=107 win=1048576
    "#);
}

#[test]
fn one_segment_is_acknowledged_late_two_at_once() {
    let mut pipe = established();
    pipe.send(A, "one");
    pipe.run_until(SimTime::from_millis(200));
    pipe.send(A, "two");
    pipe.send(A, "three");
    pipe.run_until(SimTime::from_millis(300));
    insta::assert_snapshot!(pipe.take_trace(), @r#"
    0.100000 A PSH,ACK seq=101 ack=301 win=1048576 len=3
    0.110000 B   "one"
    0.150000 B ACK seq=301 ack=104 win=1048576
    0.200000 A PSH,ACK seq=104 ack=301 win=1048576 len=3
    0.200000 A PSH,ACK seq=107 ack=301 win=1048576 len=5
    0.210000 B   "two"
    0.210000 B ACK seq=301 ack=112 win=1048576
    0.210000 B   "three"
    "#);
}

#[test]
fn a_second_copy_is_acknowledged_at_once_and_not_delivered() {
    let mut pipe = established();
    pipe.send(A, "once");
    pipe.run_until(SimTime::from_millis(200));
    pipe.take_trace();
    let copy = Segment {
        payload: Bytes::from_static(b"once"),
        ..Segment::bare(101, 301, Flags::ACK, 65_536)
    };
    pipe.arrive(B, copy);
    assert_eq!(pipe.take_trace(), "  0.200000 B ACK seq=301 ack=105 win=1048576");
    assert_eq!(pipe.ends[B].received, b"once");
}
