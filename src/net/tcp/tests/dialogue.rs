//! Whole dialogues, segment by segment.

use super::*;

#[test]
fn a_request_an_answer_and_an_orderly_close() {
    let mut pipe = Pipe::clean();
    pipe.connect(A);
    pipe.run_until(SimTime::from_millis(100));
    pipe.send(B, "220 mx.example.net ESMTP\r\n");
    pipe.run_until(SimTime::from_millis(115));
    pipe.send(A, "EHLO client.example.org\r\n");
    pipe.run_until(SimTime::from_millis(130));
    pipe.send(B, "250 mx.example.net\r\n");
    pipe.run_until(SimTime::from_millis(300));
    pipe.close(A);
    pipe.run();
    insta::assert_snapshot!(pipe.take_trace());
    assert_eq!((pipe.state(A), pipe.state(B)), (State::Closed, State::Closed));
}

#[test]
fn data_queued_before_the_handshake_goes_with_its_last_acknowledgment() {
    let mut pipe = Pipe::clean();
    pipe.connect(A);
    pipe.send(A, "one ");
    pipe.send(A, "two");
    pipe.close(A);
    pipe.run();
    insta::assert_snapshot!(pipe.take_trace());
}

#[test]
fn a_text_longer_than_the_mss_is_cut_and_pushed_at_its_end() {
    let small = Config { mss: 100, ..Config::default() };
    let mut pipe = Pipe::new(CLEAN, 1, [Config::default(), small], [100, 300]);
    pipe.connect(A);
    pipe.run_until(SimTime::from_millis(100));
    pipe.send(A, pattern(250));
    pipe.run_until(SimTime::from_millis(500));
    let sent: Vec<_> =
        pipe.take_trace().lines().filter(|line| line.contains("len=")).map(String::from).collect();
    insta::assert_snapshot!(sent.join("\n"));
    assert_eq!(pipe.ends[B].received, pattern(250));
}
