//! What the poll knows, by token.

use std::io;
use std::net::SocketAddr;

use mio::event::Source as _;
use mio::net::TcpListener;
use mio::{Interest, Token};

use super::Server;
use crate::live::api::ApiClient;
use crate::live::door::Pipe;
use crate::live::flow::Datagrams;

/// What the poll knows, by token.
#[derive(Default)]
pub(in crate::live) struct Sources {
    by_token: Vec<Option<Source>>,
    free: Vec<usize>,
}

pub(in crate::live) enum Source {
    /// Real clients of a simulated address.
    Listener(TcpListener, SocketAddr),
    /// Clients of the control API.
    Control(TcpListener),
    Pipe(Box<Pipe>),
    Datagrams(Datagrams),
    Api(Box<ApiClient>),
}

/// The first token that is not the waker's.
const FIRST: usize = 1;

impl Server {
    pub(in crate::live) fn add(
        &mut self,
        mut source: Source,
        interest: Interest,
    ) -> io::Result<Token> {
        let token = self.sources.reserve();
        let registry = self.poll.registry();
        let done = match &mut source {
            Source::Listener(listener, _) | Source::Control(listener) => {
                listener.register(registry, token, interest)
            }
            Source::Pipe(pipe) => pipe.stream.register(registry, token, interest),
            Source::Datagrams(datagrams) => {
                datagrams.socket_mut().register(registry, token, interest)
            }
            Source::Api(client) => client.stream.register(registry, token, interest),
        };
        match done {
            Ok(()) => {
                self.sources.by_token[token.0] = Some(source);
                Ok(token)
            }
            Err(error) => {
                self.sources.free.push(token.0);
                Err(error)
            }
        }
    }

    /// Closes a socket; its token may be another one's from now on.
    pub(in crate::live) fn close(&mut self, token: Token) {
        let Some(mut source) = self.sources.remove(token) else { return };
        self.hungry.remove(&token);
        self.stalled.remove(&token);
        let registry = self.poll.registry();
        // A socket that is dropped is out of the poll anyway.
        let _ = match &mut source {
            Source::Listener(listener, _) | Source::Control(listener) => {
                listener.deregister(registry)
            }
            Source::Pipe(pipe) => pipe.stream.deregister(registry),
            Source::Datagrams(datagrams) => datagrams.socket_mut().deregister(registry),
            Source::Api(client) => client.stream.deregister(registry),
        };
    }
}

impl Sources {
    pub(super) fn reserve(&mut self) -> Token {
        if self.by_token.len() < FIRST {
            self.by_token.resize_with(FIRST, || None);
        }
        Token(self.free.pop().unwrap_or_else(|| {
            self.by_token.push(None);
            self.by_token.len() - 1
        }))
    }

    /// The sockets at which clients are taken.
    pub(super) fn listeners(&self) -> Vec<Token> {
        let is_one = |source: &Option<Source>| {
            matches!(source, Some(Source::Listener(..) | Source::Control(_)))
        };
        let sources = self.by_token.iter().enumerate().filter(|(_, source)| is_one(source));
        sources.map(|(at, _)| Token(at)).collect()
    }

    pub(in crate::live) fn all(&self) -> Vec<Token> {
        let taken = self.by_token.iter().enumerate().filter(|(_, source)| source.is_some());
        taken.map(|(at, _)| Token(at)).collect()
    }

    pub(in crate::live) fn get_mut(&mut self, token: Token) -> Option<&mut Source> {
        self.by_token.get_mut(token.0)?.as_mut()
    }

    pub(super) fn remove(&mut self, token: Token) -> Option<Source> {
        let source = self.by_token.get_mut(token.0)?.take()?;
        self.free.push(token.0);
        Some(source)
    }
}
