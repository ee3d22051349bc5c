//! The work on madsim: `madsim PAIRS SECONDS`.
//!
//! Its connections are channels: no handshake, segments, acknowledgements or end of a connection are under
//! way, and a connection is made without a delay. So what it does is less.

#[path = "../../src/work.rs"]
mod work;

#[cfg(madsim)]
fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, pairs, seconds] = &arguments[..] else { panic!("PAIRS SECONDS") };
    let pairs = pairs.parse().expect("a number of pairs");
    work::measure(pairs, seconds.parse().expect("a number of seconds"), simulated::play);
}

#[cfg(not(madsim))]
fn main() {
    eprintln!("madsim simulates only when all is built with RUSTFLAGS=\"--cfg madsim\"");
    std::process::exit(2);
}

#[cfg(madsim)]
mod simulated {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::{Duration, Instant};

    use madsim::Config;
    use madsim::net::{TcpListener, TcpStream};
    use madsim::runtime::Runtime;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use crate::work::{
        DELAY, Done, LINE, MESSAGE, PORT, REQUESTS, TO_CLIENT, TO_SERVER, Work, client_address,
        server_address,
    };

    /// Plays it.
    pub fn play(work: Work) -> Done {
        let mut config = Config::default();
        // A range must not be empty.
        config.net.send_latency = DELAY..DELAY + Duration::from_nanos(1);
        let runtime = Runtime::with_seed_and_config(1, config);
        let handle = runtime.handle().clone();
        let octets = Arc::new([const { AtomicU64::new(0) }; 2]);
        let hosts: Vec<_> = (0..work.pairs)
            .map(|pair| {
                let client = handle.create_node().ip(client_address(pair)).build();
                (client, handle.create_node().ip(server_address(pair)).build())
            })
            .collect();
        runtime.block_on(async {
            for (_, server) in &hosts {
                let counts = Arc::clone(&octets);
                server.spawn(async move { serve(&counts[1]).await });
            }
            // Servers listen before clients come: a client is refused at once.
            madsim::time::sleep(DELAY).await;
        });
        // Inside, every clock shows simulated time, that of the standard library among them.
        let begin = Instant::now();
        runtime.block_on(async {
            let clients: Vec<_> = (0..)
                .zip(&hosts)
                .map(|(pair, (client, _))| {
                    let counts = Arc::clone(&octets);
                    client.spawn(async move { transact(pair, work.each, &counts[0]).await })
                })
                .collect();
            for client in clients {
                client.await.expect("a client ends");
            }
        });
        let time = begin.elapsed();
        // The last ends of connections are still under way.
        runtime.block_on(async { madsim::time::sleep(10 * DELAY).await });
        let expected = [TO_CLIENT, TO_SERVER].map(|one| one as u64 * work.transactions());
        assert_eq!(octets.each_ref().map(|count| count.load(Ordering::Relaxed)), expected);
        Done { time, events: None }
    }

    async fn transact(pair: u32, each: u64, received: &AtomicU64) {
        let mut reply = [0; LINE];
        for _ in 0..each {
            let to = std::net::SocketAddr::new(server_address(pair), PORT);
            let mut stream = TcpStream::connect(to).await.expect("the server listens");
            for step in 0..REQUESTS + 2 {
                stream.read_exact(&mut reply).await.expect("a whole reply");
                received.fetch_add(LINE as u64, Ordering::Relaxed);
                let next: &[u8] = match step {
                    ..REQUESTS => &[b'x'; LINE],
                    REQUESTS => &[b'm'; MESSAGE],
                    _ => break,
                };
                stream.write_all(next).await.expect("the server reads");
                stream.flush().await.expect("the server reads");
            }
        }
    }

    async fn serve(received: &AtomicU64) {
        let listener = TcpListener::bind(("0.0.0.0", PORT)).await.expect("the port is free");
        let (mut request, mut message) = ([0; LINE], [0; MESSAGE]);
        loop {
            let (mut stream, _) = listener.accept().await.expect("it listens");
            let reply = [b'x'; LINE];
            for step in 0..REQUESTS + 2 {
                stream.write_all(&reply).await.expect("the client reads");
                stream.flush().await.expect("the client reads");
                match step {
                    ..REQUESTS => stream.read_exact(&mut request).await.expect("a whole request"),
                    REQUESTS => stream.read_exact(&mut message).await.expect("a whole message"),
                    _ => stream.read(&mut request).await.expect("no reset"),
                };
            }
            received.fetch_add(TO_SERVER as u64, Ordering::Relaxed);
        }
    }
}
