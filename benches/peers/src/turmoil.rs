//! The work on turmoil-net: its kernel with TCP, behind the sockets of tokio.
//!
//! Its fixtures have one client, so the loop is our own, of the same parts, and favours it: all delays
//! are 20 ms, so the clock goes on by 20 ms at a time (that of the fixtures by 1 ms, in which each host
//! is asked for packets 20 times as often), and packets that are under way wait in a queue in the order
//! in which they were sent, which needs no sorting.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::LocalSet;
use turmoil_net::shim::tokio::net::{TcpListener, TcpStream};
use turmoil_net::{EnterGuard, HostId, KernelConfig, Latency, Net, Packet, Verdict};

use crate::work::{
    DELAY, Done, LINE, MESSAGE, PORT, REQUESTS, TO_CLIENT, TO_SERVER, Work, client_address,
    server_address,
};

/// Plays it.
pub fn play(work: Work) -> Done {
    // It counts what is not acknowledged in turns of the loop; an acknowledgement takes two or three.
    let mut net = Net::with_config(KernelConfig::default().retx_threshold(10));
    net.rule(Latency::fixed(DELAY));
    let hosts: Vec<[HostId; 2]> = (0..work.pairs)
        .map(|pair| [net.add_host(client_address(pair)), net.add_host(server_address(pair))])
        .collect();
    let guard = net.enter();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime needs nothing but memory");
    runtime.block_on(async move {
        let set = LocalSet::new();
        let octets = Rc::new([const { Cell::new(0_u64) }; 2]);
        let mut clients = Vec::new();
        for (pair, [client, server]) in (0..).zip(hosts) {
            let counts = Rc::clone(&octets);
            set.spawn_local(OnHost::new(server, async move { serve(&counts[1]).await }));
            let counts = Rc::clone(&octets);
            let begin = async move { transact(pair, work.each, &counts[0]).await };
            clients.push(set.spawn_local(OnHost::new(client, begin)));
        }
        let mut network = Network::default();
        let begin = Instant::now();
        while clients.iter().any(|client| !client.is_finished()) {
            // Returns when all tasks wait; the clock of tokio is at the next turn then.
            set.run_until(tokio::time::sleep(DELAY)).await;
            network.turn(&guard);
        }
        let time = begin.elapsed();
        let expected = [TO_CLIENT, TO_SERVER].map(|octets| octets as u64 * work.transactions());
        assert_eq!(octets.each_ref().map(Cell::get), expected);
        Done { time, events: Some(network.packets) }
    })
}

/// What is under way.
#[derive(Default)]
struct Network {
    now: Duration,
    under_way: VecDeque<(Duration, Packet)>,
    sent: Vec<Packet>,
    packets: u64,
}

impl Network {
    fn turn(&mut self, guard: &EnterGuard) {
        self.now += DELAY;
        while self.under_way.front().is_some_and(|(at, _)| *at <= self.now) {
            let (_, packet) = self.under_way.pop_front().expect("there is a first");
            guard.deliver(packet);
        }
        guard.egress_all(&mut self.sent);
        self.packets += self.sent.len() as u64;
        for packet in self.sent.drain(..) {
            match guard.evaluate(&packet) {
                Verdict::Deliver(delay) => self.under_way.push_back((self.now + delay, packet)),
                Verdict::Pass => guard.deliver(packet),
                Verdict::Drop => {}
            }
        }
    }
}

async fn transact(pair: u32, each: u64, received: &Cell<u64>) {
    let mut reply = [0; LINE];
    for _ in 0..each {
        let to = (server_address(pair), PORT);
        let mut stream = TcpStream::connect(to).await.expect("the server listens");
        for step in 0..REQUESTS + 2 {
            stream.read_exact(&mut reply).await.expect("a whole reply");
            received.set(received.get() + LINE as u64);
            let next: &[u8] = match step {
                ..REQUESTS => &[b'x'; LINE],
                REQUESTS => &[b'm'; MESSAGE],
                _ => break,
            };
            stream.write_all(next).await.expect("the server reads");
        }
        stream.shutdown().await.expect("it is open");
        assert_eq!(stream.read(&mut reply).await.expect("no reset"), 0);
    }
}

async fn serve(received: &Cell<u64>) {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await.expect("nobody else has the port");
    let (mut request, mut message) = ([0; LINE], [0; MESSAGE]);
    loop {
        let (mut stream, _) = listener.accept().await.expect("it listens");
        stream.write_all(&[b'x'; LINE]).await.expect("the client reads");
        for _ in 0..REQUESTS {
            stream.read_exact(&mut request).await.expect("a whole request");
            stream.write_all(&[b'x'; LINE]).await.expect("the client reads");
        }
        stream.read_exact(&mut message).await.expect("a whole message");
        stream.write_all(&[b'x'; LINE]).await.expect("the client reads");
        assert_eq!(stream.read(&mut request).await.expect("no reset"), 0);
        received.set(received.get() + TO_SERVER as u64);
    }
}

/// What runs on a host.
struct OnHost {
    host: HostId,
    task: Pin<Box<dyn Future<Output = ()>>>,
}

impl OnHost {
    fn new(host: HostId, task: impl Future<Output = ()> + 'static) -> Self {
        OnHost { host, task: Box::pin(task) }
    }
}

impl Future for OnHost {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        turmoil_net::set_current(self.host);
        self.task.as_mut().poll(context)
    }
}
