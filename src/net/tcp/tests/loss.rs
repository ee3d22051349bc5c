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
