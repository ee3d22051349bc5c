//! Taking the real addresses, and telling what cannot be served.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use mio::net::{TcpListener, UdpSocket};
use mio::{Interest, Poll, Waker};

use super::sources::{Source, Sources};
use super::{BACKLOG, BUFFER_OCTETS, Bound, ServeError, ServeOptions, Server, Stopper, WAKER};
use crate::live::api::Control;
use crate::live::clock::{self, Clock};
use crate::live::flow::{Datagrams, Flows};
use crate::live::services::{self, Listed};
use crate::live::stage::Stage;
use crate::live::way::Way;
use crate::scenario::finding::did_you_mean;
use crate::world::Transport;

impl Server {
    /// Takes all real addresses.
    ///
    /// # Errors
    /// When a name is none of the scenario, a service is not there, an address is not allowed or taken.
    pub fn bind(stage: Stage, options: &ServeOptions) -> Result<Self, ServeError> {
        // More than a thousand connections need more files than a shell gives. Where that is not
        // allowed, there are fewer.
        #[cfg(unix)]
        let _ = rlimit::increase_nofile_limit(u64::MAX);
        let poll = Poll::new().map_err(ServeError::Poll)?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER).map_err(ServeError::Poll)?);
        let stopper = Stopper { stopped: Arc::default(), waker };
        let clock = Clock::new(options.pace, stage.now());
        let mut server = Server {
            clock,
            pace: options.pace,
            allow_remote: options.allow_remote,
            out: options.out.clone(),
            poll,
            sources: Sources::default(),
            bound: Vec::new(),
            control: Control::default(),
            control_at: None,
            stopper,
            pipes: BTreeMap::new(),
            flows: Flows::default(),
            last_door: 0,
            fed: Vec::new(),
            hungry: BTreeSet::new(),
            stalled: BTreeSet::new(),
            lingering: VecDeque::new(),
            accept_again: None,
            asked: None,
            touched: clock::now(),
            crashes: BTreeMap::new(),
            buffer: vec![0; BUFFER_OCTETS].into_boxed_slice(),
            stage,
        };
        server.check_remote(options)?;
        let mut wanted = Vec::new();
        for way in &options.maps {
            wanted.push((server.service(way)?, way.real));
        }
        if let Some(base) = options.all {
            wanted.extend(server.all(base)?);
        }
        if wanted.is_empty() && options.control.is_none() && options.out.is_empty() {
            let what = "nothing is to be served: name ports with --map or --all";
            return Err(ServeError::Options(what.to_owned()));
        }
        for (listed, real) in wanted {
            server.serve(listed, real)?;
        }
        if let Some(address) = options.control {
            let failed = |error| ServeError::Bind { what: format!("control at {address}"), error };
            let listener = listen(address).map_err(failed)?;
            server.control_at = listener.local_addr().ok();
            server.add(Source::Control(listener), Interest::READABLE).map_err(failed)?;
        }
        Ok(server)
    }

    pub(super) fn check_remote(&self, options: &ServeOptions) -> Result<(), ServeError> {
        let maps = options.maps.iter().chain(&options.out).map(|way| way.real);
        let remote = maps.chain(options.control).find(|real| !real.ip().is_loopback());
        match remote {
            Some(real) if !options.allow_remote => Err(ServeError::Options(format!(
                "{real} is no loopback address; with --allow-remote others may be used"
            ))),
            _ => Ok(()),
        }
    }

    /// The service that a way leads to.
    pub(super) fn service(&self, way: &Way) -> Result<Listed, ServeError> {
        let world = self.stage.world();
        let name = way.host.trim_end_matches('.').to_ascii_lowercase();
        let node = match way.address() {
            Some(address) => world.owner(address),
            None => world.node(&name).filter(|node| world.is_up(*node).is_some()),
        };
        let Some(node) = node.filter(|node| *node != self.stage.gateway()) else {
            let known = world.hosts().filter(|node| *node != self.stage.gateway());
            let known: Vec<&str> = known.map(|node| world.name(node)).collect();
            let hint = did_you_mean(&name, known.iter().copied());
            let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
            return Err(ServeError::Options(format!(
                "{way}: no host of the scenario is named \"{}\"{hint}",
                way.host
            )));
        };
        let ports = world.ports(node);
        if !ports.contains(&way.port) {
            let each = ports.iter().map(|port| match port.transport {
                Transport::Tcp => format!("{} ({})", port.number, services::service_name(*port)),
                Transport::Udp => {
                    format!("{}/udp ({})", port.number, services::service_name(*port))
                }
            });
            let there = match ports.is_empty() {
                true => "it has no service".to_owned(),
                false => format!("it has {}", each.collect::<Vec<_>>().join(", ")),
            };
            return Err(ServeError::Options(format!(
                "{way}: {} does not listen there; {there}",
                world.name(node)
            )));
        }
        let first = world.addresses(node).first().copied();
        let address = way.address().or(first).expect("a host of a plan has an address");
        Ok(Listed { host: world.name(node).to_owned(), port: way.port, address })
    }

    /// Every service with a port counted up from `base`: UDP and TCP of one number share one.
    pub(super) fn all(&self, base: u16) -> Result<Vec<(Listed, SocketAddr)>, ServeError> {
        let mut all = Vec::new();
        let mut last = None;
        let mut next = u32::from(base);
        for listed in services::listed(self.stage.world()) {
            let this = (listed.host.clone(), listed.port.number);
            if last.as_ref().is_some_and(|last| *last != this) {
                next += 1;
            }
            last = Some(this);
            let Ok(port) = u16::try_from(next) else {
                let what = format!("--all {base}: there are not enough ports from there on");
                return Err(ServeError::Options(what));
            };
            all.push((listed, SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)));
        }
        Ok(all)
    }

    pub(super) fn serve(&mut self, listed: Listed, real: SocketAddr) -> Result<(), ServeError> {
        let what = format!("{} of {} at {real}", listed.service(), listed.host);
        let failed = |error| ServeError::Bind { what: what.clone(), error };
        let to = listed.simulated();
        let real = match listed.port.transport {
            Transport::Tcp => {
                let listener = listen(real).map_err(failed)?;
                let real = listener.local_addr().map_err(failed)?;
                self.add(Source::Listener(listener, to), Interest::READABLE).map_err(failed)?;
                real
            }
            Transport::Udp => {
                let socket = UdpSocket::bind(real).map_err(failed)?;
                let real = socket.local_addr().map_err(failed)?;
                let source = Source::Datagrams(Datagrams::Listener { socket, to });
                self.add(source, Interest::READABLE).map_err(failed)?;
                real
            }
        };
        self.bound.push(Bound { listed, real });
        Ok(())
    }
}

/// Listens with room for a crowd that comes at once.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
    // A port that was served a moment ago is free again. (Windows means something else by it.)
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(TcpListener::from_std(socket.into()))
}
