//! A mailbox server that misbehaves: its rules, and what they come to on the connection of a client.

use std::sync::Arc;

use bytes::Bytes;

use crate::engine::{SimTime, Stream};
use crate::proto::access::{Answer, Asked, Deed, Protocol, Rule, Scene, Verdict};
use crate::proto::misbehaviour::{Per, RuleBook, Then};
use crate::proto::sasl::Identity;
use crate::world::{Ctx, Kind, Note};

use super::line::Line;

/// The rules of one protocol of a server.
pub(super) struct Faults {
    protocol: Protocol,
    rules: RuleBook<Rule>,
    /// For rules of a share, and for garbage. Made at the first draw.
    draws: Option<Stream>,
}

/// How the server misbehaves towards one client.
#[derive(Debug, Default)]
pub(super) struct Manners {
    /// Who has logged in, or has named himself.
    pub(super) user: Option<String>,
    /// What is done with a command later than it came.
    late: Option<(SimTime, Deed)>,
    /// Whose login that is, in POP3.
    pub(super) identity: Option<Identity>,
    /// What comes after the response to the command that is done now.
    then: Option<Then>,
    /// Whether the client is not heard any more.
    pub(super) hangs: bool,
}

impl Manners {
    /// When it wants a time-out.
    pub(super) fn deadline(&self) -> Option<SimTime> {
        self.late.as_ref().map(|(at, _)| *at)
    }

    /// Whether a rule has decided about the command that is done now.
    pub(super) fn is_busy(&self) -> bool {
        self.then.is_some()
    }

    /// What is to be done now, of what was to be done late.
    pub(super) fn due(&mut self, now: SimTime) -> Option<Deed> {
        self.late.take_if(|(at, _)| *at <= now).map(|(_, deed)| deed)
    }
}

impl Faults {
    /// The rules of a server; `None` where there are none.
    pub(super) fn new(protocol: Protocol, rules: &[Arc<Rule>]) -> Option<Box<Self>> {
        (!rules.is_empty()).then(|| Box::new(Self::with(protocol, rules)))
    }

    /// The rules of a server that has none yet.
    pub(super) fn none(protocol: Protocol) -> Box<Self> {
        Box::new(Self::with(protocol, &[]))
    }

    fn with(protocol: Protocol, rules: &[Arc<Rule>]) -> Self {
        Faults { protocol, rules: RuleBook::new(rules), draws: None }
    }

    /// Adds a rule under this number.
    pub(super) fn add(&mut self, number: u64, rule: Arc<Rule>) {
        self.rules.add(number, rule);
    }

    /// The rules of this number hold no longer.
    pub(super) fn remove(&mut self, number: u64) {
        self.rules.remove(number);
    }

    /// What is done with what the client of this line asks: now, or later (`None`).
    pub(super) fn judge(
        &mut self,
        line: &mut Line,
        asked: &Asked,
        secured: bool,
        ctx: &mut Ctx<'_>,
    ) -> Option<Deed> {
        if let Some(user) = &asked.user {
            line.manners.user = Some(user.clone());
        }
        let usual = Deed::new(Answer::Usual);
        // A login belongs to its command, of which a rule may have decided already.
        if asked.is_part && line.manners.is_busy() {
            return Some(usual);
        }
        let user = line.manners.user.as_deref();
        let scene = Scene { asked, client: line.client, user, secured };
        let connection = line.channel.connection();
        let key = |per| match per {
            Per::Client => line.client.to_string(),
            Per::User => user.unwrap_or_default().to_ascii_lowercase(),
            _ => format!("{connection:?}"),
        };
        let now = ctx.now();
        let draws = &mut self.draws;
        let protocol = self.protocol;
        let unit = || draws.get_or_insert_with(|| stream(protocol, ctx)).unit();
        let Some(rule) = self.rules.judge(now, |rule| rule.fits(&scene), key, unit) else {
            return Some(usual);
        };
        ctx.note(Kind::AccessMisbehaved, || Note::AccessMisbehaved {
            rule: rule.name.clone(),
            protocol: self.protocol.to_string(),
            moment: asked.to_string(),
            user: line.manners.user.clone(),
            deed: rule.deed.to_string(),
        });
        if rule.deed.delay.is_zero() {
            return Some(rule.deed.clone());
        }
        line.manners.late = Some((now + rule.deed.delay, rule.deed.clone()));
        None
    }

    /// Octets that are no response.
    fn garbage(&mut self, ctx: &Ctx<'_>) -> Bytes {
        let protocol = self.protocol;
        let draws = self.draws.get_or_insert_with(|| stream(protocol, ctx));
        let octets = (0..GARBAGE_WORDS).flat_map(|_| draws.next_u64().to_le_bytes());
        octets.chain(*b"\r\n").collect()
    }

    /// The deed begins: what the session is told.
    pub(super) fn begin(&mut self, line: &mut Line, deed: Deed, ctx: &mut Ctx<'_>) -> Verdict {
        if deed == Deed::new(Answer::Usual) {
            return Verdict::Do;
        }
        let Deed { answer, then, pace, .. } = deed;
        let cut = if let Answer::Cut(octets) = answer { Some(octets) } else { None };
        if cut.is_some() || pace.is_some() {
            line.channel.valve().set(cut, pace, ctx.now());
        }
        line.manners.then = Some(then);
        match answer {
            Answer::Usual | Answer::Cut(_) => Verdict::Do,
            Answer::Line(line) => Verdict::Say(line),
            Answer::Nothing => Verdict::Pass,
            Answer::Garbage => {
                let octets = self.garbage(ctx);
                line.channel.send(octets, ctx);
                Verdict::Pass
            }
        }
    }

    /// The response is out: what comes after it. Whether the connection is no more.
    pub(super) fn finish(line: &mut Line, ctx: &mut Ctx<'_>) -> bool {
        let Some(then) = line.manners.then.take() else { return false };
        match then {
            Then::GoOn => {
                if let Some(valve) = line.channel.has_valve() {
                    valve.settle();
                }
                return false;
            }
            Then::Silence => {
                line.channel.valve().shut();
                line.manners.hangs = true;
                return false;
            }
            Then::Close => line.channel.close(ctx),
            Then::Reset => line.channel.abort(ctx),
        }
        line.channel.valve().shut();
        line.manners.hangs = true;
        true
    }
}

/// Whether a handshake that is to begin does not, since a rule wants it so.
pub(super) fn refuses_tls(
    faults: &mut Option<Box<Faults>>,
    line: &mut Line,
    commands: u32,
    ctx: &mut Ctx<'_>,
) -> bool {
    let Some(faults) = faults else { return false };
    let asked = Asked::new("TLS", commands);
    let Some(deed) = faults.judge(line, &asked, false, ctx) else { return false };
    if deed.then == Then::GoOn {
        return false;
    }
    faults.begin(line, deed, ctx);
    Faults::finish(line, ctx);
    true
}

fn stream(protocol: Protocol, ctx: &Ctx<'_>) -> Stream {
    match protocol {
        Protocol::Pop3 => ctx.stream("pop3 faults"),
        Protocol::Imap => ctx.stream("imap faults"),
    }
}

/// How many times eight octets are in garbage.
const GARBAGE_WORDS: usize = 5;
