//! What turns use and leave empty: buffers that go from host to host, so that an idle one has none.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::net::tcp::{self, Actions};

use super::actor::{ConnId, Event};

/// Buffers that are reused from turn to turn.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// What a call of TCP gave.
    pub(crate) actions: Actions,
    /// Events of this instant that wait for their actor.
    pub(crate) pending: VecDeque<(u16, Event)>,
    /// Connections of the host whose timer may have to be set when all of the instant is done.
    pub(crate) touched: Vec<ConnId>,
    /// How the TCP of a host behaves that has nothing else set. One for each part, so that no count of it is
    /// common to threads.
    pub(crate) tcp: Arc<tcp::Config>,
}
