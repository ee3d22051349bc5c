//! The host that checks: one evaluation at the start, its questions asked over the network.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use crate::actors::{SpfChecked, SpfChecks, StubResolver};
use crate::proto::spf::{Limits, Request, Verdict};
use crate::world::{Actor, Ctx, Event, TimerToken};

/// The actor that checks.
pub(super) struct Checker {
    request: Request,
    name_server: SocketAddr,
    checks: SpfChecks<()>,
    stub: Option<StubResolver>,
    verdict: Arc<OnceLock<Verdict>>,
}

impl Checker {
    /// Asks this server for what it needs; the verdict is left in `verdict`.
    pub(super) fn new(
        request: Request,
        name_server: SocketAddr,
        verdict: Arc<OnceLock<Verdict>>,
    ) -> Self {
        Checker { request, name_server, checks: SpfChecks::default(), stub: None, verdict }
    }

    fn done(&self, checked: Option<SpfChecked<()>>) {
        if let Some(checked) = checked {
            // There is one evaluation, so nothing was left there before.
            let _ = self.verdict.set(checked.verdict);
        }
    }
}

impl Actor for Checker {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        let draws = ctx.stream("spf");
        let mut stub = StubResolver::new(vec![self.name_server], STUB_TIMER, draws);
        let request = self.request.clone().at(ctx.date());
        let checked = self.checks.begin((), request, Limits::default(), &mut stub, ctx);
        self.stub = Some(stub);
        self.done(checked);
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let Some(stub) = &mut self.stub else { return };
        match event {
            Event::Datagram { from, to, payload } => stub.on_datagram(ctx, from, to, &payload),
            Event::Unreachable { from, to, .. } => stub.on_unreachable(ctx, from, to),
            Event::Stream(connection, event) => stub.on_stream(ctx, connection, event),
            Event::Timer(_) => stub.on_timer(ctx),
            Event::Signal(_) | Event::Outside(_) => {}
        }
        let mut over = None;
        while let Some((lookup, found)) = stub.next_result() {
            over = over.or(self.checks.on_result(lookup, &found, stub, ctx));
        }
        self.done(over);
    }
}

const STUB_TIMER: TimerToken = TimerToken(0);
