//! The receive window: honoured, closed, probed, opened.

use super::*;

const WINDOW: u32 = 4_096;

fn into_small_buffer() -> Pipe {
    let small = Config { receive_window: WINDOW, ..Config::default() };
    let mut pipe = Pipe::new(CLEAN, 1, [Config::default(), small], [100, 300]);
    pipe.connect(A);
    pipe.run_until(SimTime::from_millis(100));
    pipe.take_trace();
    pipe
}

#[test]
fn no_more_than_the_window_is_in_flight() {
    let mut pipe = into_small_buffer();
    pipe.send(A, pattern(100_000));
    assert!(pipe.segments_sent <= 6);
    pipe.close(A);
    pipe.run();
    assert_eq!(pipe.ends[B].received, pattern(100_000));
}

#[test]
fn a_closed_window_is_probed_until_the_user_reads() {
    let mut pipe = into_small_buffer();
    pipe.ends[B].connection.as_mut().unwrap().pause_reading();
    pipe.send(A, pattern(6_000));
    pipe.run_until(SimTime::from_secs(10));
    assert!(pipe.ends[B].received.is_empty());
    pipe.with(B, Connection::resume_reading);
    pipe.close(A);
    pipe.run();
    assert_eq!(pipe.ends[B].received, pattern(6_000));
    assert_eq!(pipe.ends[B].news.last(), Some(&Event::Closed(CloseReason::Finished)));
    let trace = pipe.take_trace();
    let lines = trace.lines().filter(|line| line.contains("seq="));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_peer_that_answers_probes_is_never_given_up() {
    let mut pipe = into_small_buffer();
    pipe.ends[B].connection.as_mut().unwrap().pause_reading();
    pipe.send(A, pattern(6_000));
    pipe.close(A);
    pipe.run_until(SimTime::from_secs(7_200));
    assert_eq!(pipe.state(A), State::FinWait1);
    // The update that tells of the open window is lost: the next probe finds out.
    pipe.passes = Box::new(|side, _| side == A);
    pipe.with(B, Connection::resume_reading);
    pipe.passes = Box::new(|_, _| true);
    pipe.run();
    assert_eq!(pipe.ends[B].received, pattern(6_000));
    assert_eq!((pipe.state(A), pipe.state(B)), (State::Closed, State::Closed));
}

#[test]
fn a_peer_that_vanishes_with_a_closed_window_is_given_up() {
    let mut pipe = into_small_buffer();
    pipe.ends[B].connection.as_mut().unwrap().pause_reading();
    pipe.send(A, pattern(6_000));
    pipe.run_until(SimTime::from_secs(10));
    pipe.passes = Box::new(|side, _| side == A);
    pipe.run();
    assert_eq!(pipe.ends[A].news.last(), Some(&Event::Closed(CloseReason::TimedOut)));
}

#[test]
fn what_was_not_read_comes_before_the_end() {
    let mut pipe = into_small_buffer();
    pipe.ends[B].connection.as_mut().unwrap().pause_reading();
    pipe.send(A, "last words");
    pipe.close(A);
    pipe.run_until(SimTime::from_secs(1));
    assert_eq!((pipe.state(B), pipe.ends[B].received.len()), (State::CloseWait, 0));
    pipe.close(B);
    pipe.run();
    assert_eq!(pipe.ends[B].received, b"last words");
    let all = [Event::Opened, Event::Eof, Event::Closed(CloseReason::Finished)];
    assert_eq!(pipe.ends[B].news, all);
}
