//! Closing: half, crossed, by reset, and what comes after.

use super::*;

fn established() -> Pipe {
    let mut pipe = Pipe::clean();
    pipe.connect(A);
    pipe.run_until(SimTime::from_millis(100));
    assert_eq!((pipe.state(A), pipe.state(B)), (State::Established, State::Established));
    pipe.take_trace();
    pipe
}

#[test]
fn after_a_half_close_the_other_side_still_sends() {
    let mut pipe = established();
    pipe.ends[B].closes_on_eof = false;
    pipe.close(A);
    pipe.run_until(SimTime::from_millis(200));
    assert_eq!((pipe.state(A), pipe.state(B)), (State::FinWait2, State::CloseWait));
    pipe.send(B, "still here");
    pipe.run_until(SimTime::from_millis(300));
    pipe.close(B);
    pipe.run_until(SimTime::from_millis(400));
    assert_eq!(pipe.ends[A].received, b"still here");
    assert_eq!((pipe.state(A), pipe.state(B)), (State::TimeWait, State::Closed));
    pipe.run();
    assert_eq!(pipe.state(A), State::Closed);
}

#[test]
fn two_that_close_at_once_both_wait() {
    let mut pipe = established();
    pipe.close(A);
    pipe.close(B);
    pipe.run_until(SimTime::from_millis(111));
    assert_eq!((pipe.state(A), pipe.state(B)), (State::Closing, State::Closing));
    pipe.run_until(SimTime::from_millis(200));
    assert_eq!((pipe.state(A), pipe.state(B)), (State::TimeWait, State::TimeWait));
    pipe.run();
    assert_eq!((pipe.state(A), pipe.state(B)), (State::Closed, State::Closed));
    for end in &pipe.ends {
        assert_eq!(end.news, [Event::Opened, Event::Eof, Event::Closed(CloseReason::Finished)]);
    }
}

#[test]
fn an_abort_resets_the_peer() {
    let mut pipe = established();
    pipe.send(A, "lost");
    pipe.with(A, Connection::abort);
    pipe.run();
    assert_eq!(pipe.ends[A].news.last(), Some(&Event::Closed(CloseReason::Aborted)));
    assert_eq!(pipe.ends[B].news.last(), Some(&Event::Closed(CloseReason::Reset)));
}

#[test]
fn a_host_that_restarted_resets_the_old_connection() {
    let mut pipe = established();
    pipe.ends[B].connection = None;
    pipe.send(A, "anyone?");
    pipe.run();
    assert_eq!(pipe.ends[A].news.last(), Some(&Event::Closed(CloseReason::Reset)));
}

#[test]
fn a_reset_that_is_not_the_next_is_challenged() {
    let mut pipe = established();
    pipe.arrive(A, Segment::bare(302, 101, Flags::RST, 0));
    assert_eq!(pipe.state(A), State::Established);
    assert_eq!(pipe.take_trace(), "  0.100000 A ACK seq=101 ack=301 win=1048576");
    pipe.arrive(A, Segment::bare(300, 101, Flags::RST, 0));
    assert_eq!((pipe.state(A), pipe.take_trace()), (State::Established, String::new()));
    pipe.arrive(A, Segment::bare(301, 101, Flags::RST, 0));
    assert_eq!(pipe.state(A), State::Closed);
}

#[test]
fn a_syn_in_the_window_is_challenged() {
    let mut pipe = established();
    pipe.arrive(A, Segment::bare(400, 0, Flags::SYN, 0));
    assert_eq!(pipe.take_trace(), "  0.100000 A ACK seq=101 ack=301 win=1048576");
    assert_eq!(pipe.state(A), State::Established);
}

#[test]
fn a_lost_last_acknowledgment_is_sent_again_from_time_wait() {
    let mut pipe = established();
    let mut acknowledgments = 0;
    pipe.passes = Box::new(move |side, segment| {
        // The second bare ACK from A is the one of B's FIN.
        acknowledgments += usize::from(side == A && segment.flags == Flags::ACK);
        acknowledgments != 1 || side == B
    });
    pipe.close(A);
    pipe.run_until(SimTime::from_secs(10));
    assert_eq!((pipe.state(A), pipe.state(B)), (State::TimeWait, State::Closed));
    assert_eq!(pipe.ends[B].news.last(), Some(&Event::Closed(CloseReason::Finished)));
    pipe.run();
    assert!(pipe.now > SimTime::from_secs(60), "TIME-WAIT began anew");
}

#[test]
fn a_peer_that_vanishes_after_our_fin_is_given_up() {
    let mut pipe = established();
    pipe.ends[B].closes_on_eof = false;
    pipe.close(A);
    pipe.run();
    assert_eq!(pipe.ends[A].news.last(), Some(&Event::Closed(CloseReason::TimedOut)));
}

#[test]
fn what_is_sent_after_the_close_is_dropped() {
    let mut pipe = established();
    pipe.send(A, "before");
    pipe.close(A);
    pipe.send(A, "after");
    pipe.close(A);
    pipe.run();
    assert_eq!(pipe.ends[B].received, b"before");
    pipe.send(A, "much later");
    pipe.close(A);
    pipe.with(A, Connection::abort);
}

#[test]
fn a_new_syn_in_time_wait_opens_a_new_connection_and_an_old_one_does_not() {
    let mut pipe = established();
    let syn = |pipe: &Pipe, later: u32| {
        let seq = pipe.ends[B].iss.wrapping_add(later);
        Segment { seq, ..Segment::bare(0, 0, Flags::SYN, 1_000) }
    };
    let reopens = |pipe: &Pipe, later| {
        let segment = syn(pipe, later);
        pipe.ends[A]
            .connection
            .as_ref()
            .unwrap()
            .time_wait()
            .is_some_and(|rest| rest.is_reopened_by(&segment))
    };
    assert!(!reopens(&pipe, 7), "not while it stands");
    pipe.close(A);
    pipe.run_until(SimTime::from_millis(200));
    assert_eq!(pipe.state(A), State::TimeWait);
    assert!(reopens(&pipe, 7) && !reopens(&pipe, 0));
}
