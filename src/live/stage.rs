//! A served world, and what comes into it.
//!
//! Everything that comes in does so one nanosecond after the last moment whose events were handled, so
//! that it is at its place in the order of the run whether it is given as it comes or from a record.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::engine::{Seed, SimTime};
use crate::net::NodeId;
use crate::proto::imap::{Backend, MailboxName, Uid};
use crate::scenario::build::{self, GatewayPlan};
use crate::scenario::plan::{Fault, FaultAction};
use crate::scenario::{Finding, Plan};
use crate::world::{
    BuildError, Ctx, Departure, Door, FaultId, Flow, Kind, Note, Outside, Port, Signal, World,
};

use super::input::Input;
use super::record::Recorder;
use super::setting::Setting;

/// A world that is served, or whose record is played.
pub struct Stage {
    setting: Setting,
    plan: Plan,
    gateway_plan: GatewayPlan,
    world: World,
    gateway: NodeId,
    /// Everything up to here has happened.
    now: SimTime,
    last_input: SimTime,
    recorder: Option<Recorder>,
    faults: BTreeMap<u64, Ordered>,
    last_fault: u64,
    outcome: Outcome,
}

/// A fault that was ordered.
#[derive(Debug, Clone)]
pub struct Ordered {
    /// In the form in which it stands in a scenario.
    pub fault: Value,
    /// What it does, and the world's name for what it does to the network.
    action: FaultAction,
    id: Option<FaultId>,
}

/// What came of the last act on a store: the UID of a message, or how many were removed.
type Outcome = Arc<Mutex<Option<Result<u32, String>>>>;

/// Why there is no stage, or an input is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StageError {
    /// All mistakes of the scenario, or of a fault.
    Scenario(Vec<Finding>),
    /// What the builder of the world finds wrong.
    World(Vec<BuildError>),
    /// There is no such thing, in words.
    Unknown(String),
    /// It cannot be now, in words.
    Refused(String),
}

impl fmt::Display for StageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = |lines: Vec<String>| lines.join("\n");
        match self {
            StageError::Scenario(findings) => {
                f.write_str(&lines(findings.iter().map(ToString::to_string).collect()))
            }
            StageError::World(errors) => {
                f.write_str(&lines(errors.iter().map(ToString::to_string).collect()))
            }
            StageError::Unknown(what) | StageError::Refused(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for StageError {}

impl Stage {
    /// The world of a setting at time zero, with its hosts started.
    ///
    /// # Errors
    /// What is wrong with its scenario or its ports.
    pub fn new(setting: Setting) -> Result<Self, StageError> {
        let plan = setting.plan().map_err(StageError::Scenario)?;
        let mut gateway_plan = GatewayPlan::new(&plan);
        gateway_plan.hurried = setting.no_latency;
        gateway_plan.records_limit = setting.records;
        for out in &setting.out {
            let port = Port { number: out.at.port(), transport: out.transport() };
            let host = out.host.clone().unwrap_or_else(|| gateway_plan.name.clone());
            if out.host.is_none() && !gateway_plan.stand_ins.contains(&out.at.ip()) {
                gateway_plan.stand_ins.push(out.at.ip());
            }
            let ports = gateway_plan.ports.entry(host).or_default();
            if !ports.contains(&port) {
                ports.push(port);
            }
        }
        let (world, gateway) = raise(&plan, &gateway_plan, setting.seed)?;
        Ok(Stage {
            setting,
            plan,
            gateway_plan,
            world,
            gateway,
            now: SimTime::ZERO,
            last_input: SimTime::ZERO,
            recorder: None,
            faults: BTreeMap::new(),
            last_fault: 0,
            outcome: Outcome::default(),
        })
    }

    /// Writes what comes in from now on to a record, whose first line is written already.
    pub fn record(&mut self, recorder: Recorder) {
        self.recorder = Some(recorder);
    }

    /// What the world follows from.
    pub fn setting(&self) -> &Setting {
        &self.setting
    }

    /// The checked scenario.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Everything up to this time has happened.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// When the last input came in.
    pub(super) fn last_input(&self) -> SimTime {
        self.last_input
    }

    /// The host through which the outside comes in.
    pub(super) fn gateway(&self) -> NodeId {
        self.gateway
    }

    /// The faults that were ordered and not cleared, by number.
    pub fn faults(&self) -> &BTreeMap<u64, Ordered> {
        &self.faults
    }

    /// Handles the events up to and with `until`, so many at the most; whether that was all.
    pub(super) fn run(&mut self, until: SimTime, events: usize) -> bool {
        for _ in 0..events {
            match self.world.next_event() {
                Some(time) if time <= until => {
                    self.world.step();
                    self.now = self.now.max(time);
                }
                _ => {
                    self.now = self.now.max(until);
                    return true;
                }
            }
        }
        false
    }

    /// Handles the next event, if that is not after `until`; whether there was one.
    pub(super) fn jump(&mut self, until: SimTime) -> bool {
        match self.world.next_event() {
            Some(time) if time <= until => {
                self.world.step();
                self.now = self.now.max(time);
                true
            }
            _ => false,
        }
    }

    /// What went out of the world since the last call.
    pub(super) fn take_outbox(&mut self) -> Vec<Departure> {
        self.world.take_outbox()
    }

    /// Something came in now.
    ///
    /// # Errors
    /// When there is no such host, account, mailbox or fault, or a fault is none. Nothing has happened
    /// then, and nothing is recorded.
    pub fn input(&mut self, input: Input) -> Result<(), StageError> {
        let at = self.now + Duration::from_nanos(1);
        self.apply(at, &input)?;
        if let Some(recorder) = &mut self.recorder {
            recorder.input(at, input);
        }
        Ok(())
    }

    /// The same, from a record.
    ///
    /// # Errors
    /// As [`Stage::input`].
    pub(super) fn apply(&mut self, at: SimTime, input: &Input) -> Result<(), StageError> {
        let door = |door: &u64| Door(*door);
        let (host, outside) = match input {
            Input::Connect { door: number, to } => {
                (&None, Outside::Connect { door: door(number), to: *to })
            }
            Input::Octets { door: number, host, octets } => {
                (host, Outside::Octets { door: door(number), octets: octets.0.clone() })
            }
            Input::Eof { door: number, host } => (host, Outside::Eof { door: door(number) }),
            Input::Reset { door: number, host } => (host, Outside::Reset { door: door(number) }),
            Input::Taken { door: number, host, count } => {
                (host, Outside::Taken { door: door(number), octets: *count })
            }
            Input::Datagram { flow, to, octets } => {
                let (flow, payload) = (Flow(*flow), octets.0.clone());
                (&None, Outside::Datagram { flow, to: *to, payload })
            }
            Input::Answer { flow, host, octets } => {
                (host, Outside::Answer { flow: Flow(*flow), payload: octets.0.clone() })
            }
            Input::Fault { number, fault } => return self.order(at, *number, fault),
            Input::Clear { number } => return self.clear(at, *number),
            Input::Store { account, mailbox, octets } => {
                return self.store(at, account, mailbox, octets.0.clone());
            }
            Input::Delete { account, mailbox, uids } => {
                return self.delete(at, account, mailbox, uids.as_deref());
            }
            Input::World { seed } => return self.begin_anew(*seed),
        };
        let node = match host {
            None => self.gateway,
            Some(name) => {
                let unknown = || StageError::Unknown(format!("no host is named \"{name}\""));
                self.world.node(name).ok_or_else(unknown)?
            }
        };
        self.last_input = at;
        self.world.outside(at, node, outside);
        Ok(())
    }

    /// The number of the next fault.
    pub(super) fn next_fault(&self) -> u64 {
        self.last_fault + 1
    }

    fn order(&mut self, at: SimTime, number: u64, fault: &Value) -> Result<(), StageError> {
        let Fault { at: begin, until, action } =
            self.read_fault(at, fault).map_err(StageError::Scenario)?;
        let ordered = Fault { at: begin.max(at), until, action };
        let id = build::order(&ordered, number, &mut self.world);
        let action = ordered.action;
        self.last_fault = self.last_fault.max(number);
        self.faults.insert(number, Ordered { fault: fault.clone(), action, id });
        self.last_input = at;
        Ok(())
    }

    /// Reads a fault. Without `at` it begins now.
    fn read_fault(&self, at: SimTime, fault: &Value) -> Result<Fault, Vec<Finding>> {
        let mut fault = fault.clone();
        if let Value::Object(fault) = &mut fault {
            let now = || Value::from(format!("{}ns", at.as_nanos()));
            fault.entry("at").or_insert_with(now);
        }
        // The whole scenario with this fault alone: a fault is checked against the hosts, links and
        // zones that there are.
        let mut scenario: Value =
            serde_json::from_str(self.setting.text.trim_start_matches('\u{feff}'))
                .expect("the scenario was read before");
        scenario["faults"] = Value::Array(vec![fault]);
        // Served, it has no end.
        scenario["until"] = Value::from("20000w");
        if let Value::Object(scenario) = &mut scenario {
            scenario.shift_remove("agenda");
            scenario.shift_remove("expect");
        }
        let plan = self.setting.plan_of(&scenario.to_string());
        let mut plan = plan.map_err(|findings| {
            let bare = |finding: Finding| Finding { file: "fault".to_owned(), line: 0, ..finding };
            findings.into_iter().map(bare).collect::<Vec<_>>()
        })?;
        Ok(plan.faults.pop().expect("a fault without findings is in the plan"))
    }

    fn clear(&mut self, at: SimTime, number: u64) -> Result<(), StageError> {
        let Some(ordered) = self.faults.remove(&number) else {
            return Err(StageError::Unknown(format!("there is no fault {number}")));
        };
        build::cease(at, &ordered.action, number, ordered.id, &mut self.world);
        self.last_input = at;
        Ok(())
    }

    fn store(
        &mut self,
        at: SimTime,
        account: &str,
        mailbox: &str,
        octets: Bytes,
    ) -> Result<(), StageError> {
        let (host, name) = self.place(account, mailbox)?;
        let account = account.to_owned();
        self.act(at, host, move |ctx| {
            let date = ctx.date();
            let store = ctx.disk().mail();
            let id = store.account_of(&account).ok_or("the account is gone")?;
            let done =
                store.deliver(id, &name, octets, date).map_err(|_| "the quota is used up")?;
            let mailbox = name.as_str();
            ctx.note(Kind::Remark, || {
                let uid = done.uid;
                Note::Remark(format!("put into {account} {mailbox} from outside: uid {uid}"))
            });
            ctx.signal(Signal::Delivered(done.mailbox));
            Ok(done.uid.get())
        })
    }

    fn delete(
        &mut self,
        at: SimTime,
        account: &str,
        mailbox: &str,
        uids: Option<&[u32]>,
    ) -> Result<(), StageError> {
        let (host, name) = self.place(account, mailbox)?;
        let account = account.to_owned();
        let wanted: Option<Vec<Uid>> = uids.map(|uids| {
            let mut uids: Vec<Uid> = uids.iter().filter_map(|uid| Uid::new(*uid)).collect();
            uids.sort_unstable();
            uids.dedup();
            uids
        });
        self.act(at, host, move |ctx| {
            let store = ctx.disk().mail();
            let id = store.account_of(&account).ok_or("the account is gone")?;
            let mailbox = store.find(id, &name).map_err(|_| "the mailbox is gone")?;
            let there = store.messages(mailbox).iter().map(|message| message.uid);
            let gone: Vec<Uid> = match wanted {
                None => there.collect(),
                Some(wanted) => there.filter(|uid| wanted.binary_search(uid).is_ok()).collect(),
            };
            store.expunge(mailbox, &gone);
            ctx.note(Kind::Remark, || {
                let count = gone.len();
                Note::Remark(format!(
                    "removed from {account} {} from outside: {count}",
                    name.as_str()
                ))
            });
            ctx.signal(Signal::Delivered(mailbox));
            Ok(u32::try_from(gone.len()).unwrap_or(u32::MAX))
        })
    }

    /// Does something on a host that is up, and keeps what came of it.
    fn act(
        &mut self,
        at: SimTime,
        host: NodeId,
        act: impl FnOnce(&mut Ctx<'_>) -> Result<u32, &'static str> + Send + 'static,
    ) -> Result<(), StageError> {
        if self.world.is_up(host) != Some(true) {
            let name = self.world.name(host);
            return Err(StageError::Refused(format!("{name} is down")));
        }
        let outcome = Arc::clone(&self.outcome);
        *outcome.lock().expect("nobody panics while it is held") = None;
        self.last_input = at;
        self.world.act(
            at,
            host,
            Box::new(move |ctx| {
                let done = act(ctx).map_err(ToOwned::to_owned);
                *outcome.lock().expect("nobody panics while it is held") = Some(done);
            }),
        );
        Ok(())
    }

    /// Lets the last act happen, and tells what came of it.
    pub(super) fn outcome(&mut self) -> Result<u32, StageError> {
        self.run(self.now + Duration::from_nanos(1), usize::MAX);
        let done = self.outcome.lock().expect("nobody panics while it is held").take();
        let unheard = || Err("the host went down".to_owned());
        done.unwrap_or_else(unheard).map_err(StageError::Refused)
    }

    /// The host with that account, and the name of the mailbox, which it has.
    pub(super) fn place(
        &self,
        account: &str,
        mailbox: &str,
    ) -> Result<(NodeId, MailboxName), StageError> {
        let unknown = |what: String| Err(StageError::Unknown(what));
        let owner = self.world.hosts().find_map(|host| {
            let store = self.world.disk(host)?.mail_if_any()?;
            Some((host, store, store.account_of(account)?))
        });
        let Some((host, store, id)) = owner else {
            return unknown(format!("no account has the address \"{account}\""));
        };
        match MailboxName::new(mailbox) {
            Ok(name) if store.find(id, &name).is_ok() => Ok((host, name)),
            _ => unknown(format!("{account} has no mailbox \"{mailbox}\"")),
        }
    }

    fn begin_anew(&mut self, seed: u64) -> Result<(), StageError> {
        (self.world, self.gateway) = raise(&self.plan, &self.gateway_plan, seed)?;
        self.now = SimTime::ZERO;
        self.last_input = SimTime::ZERO;
        self.faults.clear();
        self.last_fault = 0;
        Ok(())
    }

    /// Writes what was recorded so far; tells what has gone wrong with that.
    pub(super) fn flush_record(&mut self) -> std::io::Result<()> {
        let Some(recorder) = &mut self.recorder else { return Ok(()) };
        recorder.flush();
        recorder.failure().map_or(Ok(()), Err)
    }

    /// Ends the record.
    pub(super) fn end_record(&mut self) -> std::io::Result<()> {
        let Some(recorder) = &mut self.recorder else { return Ok(()) };
        recorder.end(self.now, self.world.fingerprint().to_string());
        recorder.failure().map_or(Ok(()), Err)
    }
}

/// Builds the world and starts its hosts.
fn raise(plan: &Plan, gateway: &GatewayPlan, seed: u64) -> Result<(World, NodeId), StageError> {
    let mut world = build::build_served(plan, Seed(seed), gateway).map_err(StageError::World)?;
    world.run(SimTime::ZERO);
    let node = world.node(&gateway.name).expect("the gateway is one of its hosts");
    Ok((world, node))
}
