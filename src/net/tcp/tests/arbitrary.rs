//! Whatever segments come, in whatever order with whatever calls: no panic, and bounds hold.

use super::*;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Segment {
        seq: i32,
        ack: i32,
        flags: u8,
        window: u32,
        mss: Option<u16>,
        length: usize,
        sack: bool,
    },
    Wait(u64),
    Send(usize),
    Close,
    Abort,
    Pause,
    Resume,
}

/// Numbers near the connection's own, or anywhere.
fn near() -> impl Strategy<Value = i32> {
    prop_oneof![6 => -3..4i32, 3 => -70_000..70_000i32, 1 => any::<i32>()]
}

fn step() -> impl Strategy<Value = Step> {
    let flags = prop_oneof![6 => Just(0x10u8), 1 => Just(0x11), 1 => Just(0x12), 2 => 0u8..32];
    let window = prop_oneof![Just(0u32), 0..3_000u32, Just(65_535), any::<u32>()];
    let mss = proptest::option::of(any::<u16>());
    let length = prop_oneof![3 => Just(0usize), 3 => 1..5usize, 1 => 0..3_000usize];
    prop_oneof![
        12 => (near(), near(), flags, window, mss, length, any::<bool>()).prop_map(
            |(seq, ack, flags, window, mss, length, sack)| {
                Step::Segment { seq, ack, flags, window, mss, length, sack }
            }
        ),
        3 => (0..100_000u64).prop_map(Step::Wait),
        3 => (0..20_000usize).prop_map(Step::Send),
        1 => Just(Step::Close),
        1 => Just(Step::Pause),
        1 => Just(Step::Resume),
        1 => Just(Step::Abort),
    ]
}

/// Plays the steps against a connection that opened actively or passively.
fn check(active: bool, iss: u32, irs: u32, steps: Vec<Step>) {
    let config = Config { receive_window: 8_192, ..Config::default() };
    let mut now = SimTime::ZERO;
    let mut out = Actions::default();
    let mut connection = if active {
        Connection::connect(config.into(), iss, now, &mut out)
    } else {
        let (mss, sack_permitted) = (Some(1_000), true);
        let syn = Segment { mss, sack_permitted, ..Segment::bare(irs, 0, Flags::SYN, 5_000) };
        Connection::accept(config.into(), iss, &syn, now, &mut out)
    };
    let (mut nxt, mut expected) = (iss.wrapping_add(1), irs.wrapping_add(1));
    let (mut sent, mut arrived, mut delivered, mut ended) = (0, 0, 0, false);
    for step in steps {
        match step {
            Step::Segment { seq, ack, flags, window, mss, length, sack } => {
                let segment = Segment {
                    seq: expected.wrapping_add_signed(seq),
                    ack: nxt.wrapping_add_signed(ack),
                    flags: Flags::from_bits(flags),
                    window,
                    mss,
                    sack_permitted: length % 2 == 0,
                    sack: sack.then(|| {
                        let mut blocks = SackBlocks::default();
                        for block in 0..1 + length as u32 % 5 {
                            let from = nxt
                                .wrapping_add_signed(ack)
                                .wrapping_add(block.wrapping_mul(window));
                            blocks.push(from, from.wrapping_add(length as u32));
                        }
                        Box::new(blocks)
                    }),
                    payload: Bytes::from(vec![0; length]),
                };
                arrived += length;
                connection.on_segment(now, &mut { segment }, &mut out);
            }
            Step::Wait(millis) => {
                let until = now + Duration::from_millis(millis);
                while let Some(deadline) = connection.deadline().filter(|at| *at <= until) {
                    assert!(deadline >= now);
                    now = deadline;
                    connection.on_timeout(now, &mut out);
                    assert!(connection.deadline().is_none_or(|at| at > now));
                }
                now = until;
            }
            Step::Send(length) => {
                sent += length;
                connection.send(now, Bytes::from(vec![1; length]), &mut out);
            }
            Step::Close => connection.close(now, &mut out),
            Step::Abort => connection.abort(now, &mut out),
            Step::Pause => connection.pause_reading(),
            Step::Resume => connection.resume_reading(now, &mut out),
        }
        for segment in out.take_segments() {
            assert!(segment.payload.len() <= usize::from(config.mss));
            if segment.flags.contains(Flags::RST) {
                continue;
            }
            let end = segment.seq.wrapping_add(segment.sequence_len());
            if end.wrapping_sub(nxt) < 1 << 31 {
                nxt = end;
            }
            if segment.flags.contains(Flags::ACK) {
                expected = segment.ack;
            }
        }
        assert!(nxt.wrapping_sub(iss) as usize <= sent + 2, "sends what nobody wrote");
        for event in out.events.drain(..) {
            assert!(!ended, "{event:?} after the end");
            match event {
                Event::Data(data) => delivered += data.len(),
                Event::Closed(_) => ended = true,
                Event::Opened | Event::Eof => {}
            }
        }
        assert!(delivered <= arrived, "delivers what nobody sent");
        let over = matches!(connection.state(), State::TimeWait | State::Closed);
        assert_eq!(ended, over);
        assert!(!connection.is_closed() || connection.deadline().is_none());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn arbitrary_segments_never_panic(
        active in any::<bool>(),
        iss in prop_oneof![any::<u32>(), Just(u32::MAX)],
        irs in prop_oneof![any::<u32>(), Just(u32::MAX)],
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        check(active, iss, irs, steps);
    }
}
