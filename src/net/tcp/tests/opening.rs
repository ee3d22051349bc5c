//! Handshakes: answered, lost, refused, crossed.

use super::*;

#[test]
fn a_closed_port_refuses() {
    let mut pipe = Pipe::clean();
    pipe.connect(A);
    pipe.ends[B].connection = Some(closed());
    pipe.run();
    assert_eq!(pipe.ends[A].news, [Event::Closed(CloseReason::Refused)]);
    assert_eq!(pipe.now, SimTime::from_millis(20));
}

#[test]
fn a_silent_host_times_out_after_six_retries() {
    let mut pipe = Pipe::clean();
    pipe.passes = Box::new(|_, _| false);
    pipe.connect(A);
    pipe.run();
    insta::assert_snapshot!(pipe.take_trace(), @r"
      0.000000 A SYN seq=100 win=65535 mss=1460 lost
      1.000000 A SYN seq=100 win=65535 mss=1460 lost
      3.000000 A SYN seq=100 win=65535 mss=1460 lost
      7.000000 A SYN seq=100 win=65535 mss=1460 lost
     15.000000 A SYN seq=100 win=65535 mss=1460 lost
     31.000000 A SYN seq=100 win=65535 mss=1460 lost
     63.000000 A SYN seq=100 win=65535 mss=1460 lost
    127.000000 A   Closed(TimedOut)
    ");
}

#[test]
fn a_client_that_vanishes_leaves_the_server_after_five_retries() {
    let mut pipe = Pipe::clean();
    pipe.passes = Box::new(|side, _| side == A);
    pipe.connect(A);
    pipe.run_until(SimTime::from_millis(10));
    pipe.ends[A].connection = Some(closed());
    pipe.run();
    assert_eq!(pipe.ends[B].news, [Event::Closed(CloseReason::TimedOut)]);
    assert_eq!(pipe.now, SimTime::from_millis(63_010));
}

#[test]
fn each_segment_of_the_handshake_may_be_lost_once() {
    for lost in 1..=3 {
        let mut pipe = Pipe::clean();
        let mut count = 0;
        pipe.passes = Box::new(move |_, _| {
            count += 1;
            count != lost
        });
        pipe.connect(A);
        pipe.send(A, "hello");
        pipe.close(A);
        pipe.run();
        assert_eq!(pipe.ends[B].received, b"hello", "with segment {lost} lost");
        assert_eq!(
            pipe.ends[B].news,
            [Event::Opened, Event::Eof, Event::Closed(CloseReason::Finished)],
            "with segment {lost} lost"
        );
    }
}

#[test]
fn two_that_call_each_other_meet() {
    let mut pipe = Pipe::clean();
    pipe.connect(A);
    pipe.connect(B);
    pipe.send(A, "from a");
    pipe.send(B, "from b");
    pipe.run_until(SimTime::from_millis(200));
    insta::assert_snapshot!(pipe.take_trace());
    pipe.close(A);
    pipe.run();
    assert_eq!((pipe.state(A), pipe.state(B)), (State::Closed, State::Closed));
}

#[test]
fn a_close_before_the_answer_ends_a_connection_that_has_nothing_to_send() {
    let mut pipe = Pipe::clean();
    pipe.connect(A);
    pipe.close(A);
    assert_eq!(pipe.ends[A].news, [Event::Closed(CloseReason::Aborted)]);
    pipe.run();
    // The SYN,ACK finds nobody.
    assert_eq!(pipe.ends[B].news, [Event::Closed(CloseReason::Refused)]);
}

#[test]
fn an_old_syn_ack_is_reset_and_does_not_disturb() {
    let mut pipe = Pipe::clean();
    pipe.connect(A);
    let old = Segment { ack: 77, ..Segment::bare(5, 77, Flags::SYN | Flags::ACK, 1_000) };
    pipe.arrive(A, old);
    assert_eq!(pipe.take_trace().lines().last(), Some("  0.000000 A RST seq=77 win=0"));
    pipe.run_until(SimTime::from_secs(1));
    assert_eq!(pipe.state(A), State::Established);
}

#[test]
fn the_peers_mss_counts_else_the_default() {
    for (offered, sent) in [(Some(700), 700), (None, 536), (Some(9_000), 1_460), (Some(0), 48)] {
        let mut out = Actions::default();
        let syn = Segment { mss: offered, ..Segment::bare(1, 0, Flags::SYN, 65_535) };
        let mut connection =
            Connection::accept(Config::default().into(), 9, &syn, SimTime::ZERO, &mut out);
        connection.send(SimTime::ZERO, Bytes::from(pattern(5_000)), &mut out);
        let mut segment = Segment::bare(2, 10, Flags::ACK, 65_535);
        connection.on_segment(SimTime::ZERO, &mut segment, &mut out);
        assert_eq!(out.take_segments().nth(1).unwrap().payload.len(), sent);
    }
}

/// A connection in CLOSED: the host has the port, but nobody listens there.
fn closed() -> Connection {
    let mut out = Actions::default();
    let mut connection = Connection::connect(Config::default().into(), 0, SimTime::ZERO, &mut out);
    connection.abort(SimTime::ZERO, &mut out);
    connection
}
