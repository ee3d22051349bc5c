//! Datagrams that cross the border: which real party and which flow belong together.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use mio::Token;
use mio::net::UdpSocket;

use crate::net::NodeId;
use crate::world::Flow;

/// All flows. The gateway bounds how many there are, and says when one is over.
#[derive(Debug, Default)]
pub(super) struct Flows {
    /// Of real clients: by the socket they wrote to, and who they are.
    by_client: BTreeMap<(Token, SocketAddr), Flow>,
    clients: BTreeMap<Flow, (Token, SocketAddr)>,
    /// To real servers: the socket from which each is asked.
    servers: BTreeMap<(NodeId, Flow), Token>,
    last: u64,
}

/// A real socket for datagrams.
#[derive(Debug)]
pub(super) enum Datagrams {
    /// Real clients write here to a simulated address.
    Listener { socket: UdpSocket, to: SocketAddr },
    /// A real server is asked from here.
    Asker { socket: UdpSocket, host: Option<String>, flow: Flow },
}

impl Datagrams {
    pub(super) fn socket(&self) -> &UdpSocket {
        match self {
            Datagrams::Listener { socket, .. } | Datagrams::Asker { socket, .. } => socket,
        }
    }

    pub(super) fn socket_mut(&mut self) -> &mut UdpSocket {
        match self {
            Datagrams::Listener { socket, .. } | Datagrams::Asker { socket, .. } => socket,
        }
    }
}

impl Flows {
    /// The flow of a real client, a new one if need be.
    pub(super) fn of_client(&mut self, listener: Token, client: SocketAddr) -> Flow {
        if let Some(flow) = self.by_client.get(&(listener, client)) {
            return *flow;
        }
        self.last += 1;
        let flow = Flow(self.last);
        self.by_client.insert((listener, client), flow);
        self.clients.insert(flow, (listener, client));
        flow
    }

    /// Who gets what comes back.
    pub(super) fn client(&self, flow: Flow) -> Option<(Token, SocketAddr)> {
        self.clients.get(&flow).copied()
    }

    pub(super) fn server(&self, node: NodeId, flow: Flow) -> Option<Token> {
        self.servers.get(&(node, flow)).copied()
    }

    pub(super) fn add_server(&mut self, node: NodeId, flow: Flow, socket: Token) {
        self.servers.insert((node, flow), socket);
    }

    /// A flow is over; the socket that was for it alone.
    pub(super) fn over(&mut self, node: NodeId, flow: Flow) -> Option<Token> {
        if let Some(client) = self.clients.remove(&flow) {
            self.by_client.remove(&client);
        }
        self.servers.remove(&(node, flow))
    }

    /// The sockets to real servers of one host, or of all; they are forgotten.
    pub(super) fn drain_servers(&mut self, of: Option<NodeId>) -> Vec<Token> {
        let is_one = |node: NodeId| of.is_none_or(|of| of == node);
        let gone = self.servers.iter().filter(|((node, _), _)| is_one(*node));
        let gone: Vec<Token> = gone.map(|(_, token)| *token).collect();
        self.servers.retain(|(node, _), _| !is_one(*node));
        gone
    }

    /// Forgets all clients, as a new world does.
    pub(super) fn forget_clients(&mut self) {
        self.by_client.clear();
        self.clients.clear();
    }
}
