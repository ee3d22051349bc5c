//! Faults that a seed draws: which, when, where and how hard.
//!
//! Each seed first draws a random subset of the kinds that the scenario allows, and then faults of
//! those alone (swarm testing: Groce and others, ISSTA 2012): a run in which everything fails a little
//! does not reach what a run does in which one thing fails much. Most faults begin near a step of
//! the agenda, where there is something to disturb; their lengths are drawn so that a short one is as
//! likely as a long one, from 10 ms on. In every other run all of them happen to the same few hosts and
//! their links. All have ended at the time that the scenario names.
//!
//! The streams are named `swarm` and `swarm fault 1`, `swarm fault 2`...: no draw of the run itself
//! moves, nor does one of a fault when another is drawn differently. What is drawn is JSON as it
//! stands in a scenario's `faults`.
//!
//! Not drawn: forged answers, since they need an attacker's host in the scenario.

mod kinds;
mod servers;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::engine::{Seed, SimTime, Stream};
use crate::scenario::Plan;
use crate::scenario::format::Dur;
use crate::scenario::plan::{FaultKind, Link, Service, Swarm};

/// What may fail in a scenario.
pub struct Landscape<'p> {
    plan: &'p Plan,
    prey: Prey<'p>,
    /// When the agenda does something, within the time in which faults begin.
    steps: Vec<SimTime>,
    /// The kinds that the scenario allows and that find something to happen to.
    kinds: Vec<FaultKind>,
}

/// What something can happen to.
#[derive(Debug, Clone, Default)]
struct Prey<'p> {
    hosts: Vec<&'p str>,
    /// Hosts and routers.
    nodes: Vec<&'p str>,
    /// Hosts with an MTA or mailboxes.
    mail_hosts: Vec<&'p str>,
    mtas: Vec<&'p str>,
    pop3_servers: Vec<&'p str>,
    imap_servers: Vec<&'p str>,
    links: Vec<&'p Link>,
    dns_servers: Vec<&'p str>,
}

impl<'p> Prey<'p> {
    fn new(
        plan: &'p Plan,
        may_fail: &dyn Fn(&str) -> bool,
        is_spared: &dyn Fn(&str) -> bool,
    ) -> Self {
        let hosts: Vec<&str> =
            plan.hosts.keys().map(String::as_str).filter(|name| may_fail(name)).collect();
        let routers = plan.routers.iter().map(String::as_str).filter(|name| may_fail(name));
        let serving = |wanted: fn(&Service) -> bool| -> Vec<&'p str> {
            let named = plan.hosts.iter().filter(|(_, host)| host.services.iter().any(wanted));
            named.map(|(name, _)| name.as_str()).filter(|name| may_fail(name)).collect()
        };
        let link_may_fail = |link: &&Link| {
            let ends = [link.a.as_str(), link.b.as_str()];
            ends.iter().any(|end| may_fail(end)) && !ends.iter().any(|end| is_spared(end))
        };
        Prey {
            nodes: hosts.iter().copied().chain(routers).collect(),
            hosts,
            mail_hosts: serving(|service| {
                matches!(service, Service::Mta(_) | Service::MailboxServer(_))
            }),
            mtas: serving(|service| matches!(service, Service::Mta(_))),
            pop3_servers: serving(
                |service| matches!(service, Service::MailboxServer(server) if server.pop3),
            ),
            imap_servers: serving(
                |service| matches!(service, Service::MailboxServer(server) if server.imap),
            ),
            links: plan.links.iter().filter(link_may_fail).collect(),
            dns_servers: serving(|service| {
                matches!(service, Service::NameServer(_) | Service::Resolver(_))
            }),
        }
    }

    /// Only what belongs to these; of a kind of which nothing does, all.
    fn around(&self, chosen: &BTreeSet<&str>) -> Self {
        fn narrowed<T: Copy>(all: &[T], keep: impl Fn(&T) -> bool) -> Vec<T> {
            let some: Vec<T> = all.iter().copied().filter(keep).collect();
            if some.is_empty() { all.to_vec() } else { some }
        }
        let is_chosen = |name: &&str| chosen.contains(*name);
        Prey {
            hosts: narrowed(&self.hosts, is_chosen),
            nodes: narrowed(&self.nodes, is_chosen),
            mail_hosts: narrowed(&self.mail_hosts, is_chosen),
            mtas: narrowed(&self.mtas, is_chosen),
            pop3_servers: narrowed(&self.pop3_servers, is_chosen),
            imap_servers: narrowed(&self.imap_servers, is_chosen),
            links: narrowed(&self.links, |link| {
                [&link.a, &link.b].iter().any(|end| chosen.contains(end.as_str()))
            }),
            dns_servers: narrowed(&self.dns_servers, is_chosen),
        }
    }
}

impl<'p> Landscape<'p> {
    /// Of a plan, within the budget that it names.
    pub fn new(plan: &'p Plan) -> Self {
        let swarm = &plan.swarm;
        let is_spared = |name: &str| swarm.spare.contains(name);
        let may_fail = |name: &str| {
            swarm.hosts.as_ref().is_none_or(|hosts| hosts.contains(name)) && !is_spared(name)
        };
        let prey = Prey::new(plan, &may_fail, &is_spared);
        let times = plan.agenda.iter().map(|step| step.at);
        let steps = times.filter(|at| (swarm.from..swarm.until).contains(at)).collect();
        let kinds = swarm.kinds.iter().copied().filter(|kind| prey.has_any(*kind)).collect();
        Landscape { plan, prey, steps, kinds }
    }

    /// The plan that it is of.
    pub fn plan(&self) -> &'p Plan {
        self.plan
    }

    /// The kinds of which a seed draws.
    pub fn kinds(&self) -> &[FaultKind] {
        &self.kinds
    }

    /// What this seed draws, as it stands in a scenario's `faults`, in the order of time. Empty only
    /// where nothing may fail.
    pub fn draw(&self, seed: Seed) -> Vec<Value> {
        let mut stream = seed.stream("swarm");
        let mut kinds: Vec<FaultKind> = self.kinds.clone();
        kinds.retain(|_| stream.chance(0.5));
        if kinds.is_empty() {
            let Some(only) = pick(&self.kinds, &mut stream) else { return Vec::new() };
            kinds.push(*only);
        }
        let count = 1 + stream.below(u64::from(self.plan.swarm.at_most));
        let prey = self.around_some(&mut stream);
        let mut faults: Vec<(SimTime, Value)> = (1..=count)
            .map(|number| {
                let mut stream = seed.stream(&format!("swarm fault {number}"));
                self.fault(&kinds, &prey, &mut stream)
            })
            .collect();
        faults.sort_by_key(|(at, _)| *at);
        faults.into_iter().map(|(_, fault)| fault).collect()
    }

    /// What belongs to a few hosts, mostly such as have to do with mail; in every other run, all.
    fn around_some(&self, stream: &mut Stream) -> Prey<'p> {
        let (is_around, count) = (stream.chance(0.5), 1 + stream.below(3));
        let mut chosen = BTreeSet::new();
        for _ in 0..count {
            let is_mail = stream.chance(0.75);
            let among = if is_mail { &self.prey.mail_hosts } else { &self.prey.hosts };
            chosen.extend(pick(among, stream).copied());
        }
        if is_around { self.prey.around(&chosen) } else { self.prey.clone() }
    }

    fn fault(&self, kinds: &[FaultKind], prey: &Prey<'_>, stream: &mut Stream) -> (SimTime, Value) {
        let kind = *pick(kinds, stream).expect("there are kinds");
        let (at, length) = self.times(stream);
        let mut members = Map::new();
        members.insert("at".to_owned(), text(at.since(SimTime::ZERO)));
        members.extend(prey.what(kind, self.plan.swarm.strength, stream));
        members.insert("for".to_owned(), text(length));
        (at, Value::Object(members))
    }

    /// When a fault begins and how long it lasts, in whole milliseconds.
    fn times(&self, stream: &mut Stream) -> (SimTime, Duration) {
        let Swarm { from, until, longest, .. } = &self.plan.swarm;
        let span = until.since(*from);
        let anywhere = stream.duration_below(span);
        let step = pick(&self.steps, stream).copied();
        let (is_near, behind) = (stream.chance(0.75), exponent(stream, 1e-3, 30.0));
        let at = match step {
            Some(step) if is_near => step.since(*from) + Duration::from_secs_f64(behind),
            _ => anywhere,
        };
        let most = longest.as_secs_f64();
        let length = Duration::from_secs_f64(exponent(stream, most.min(0.01), most));
        // The end has to be within the span, and so has a beginning a millisecond before it.
        let at = whole_millis(at.min(span.saturating_sub(MILLISECOND)));
        let length = whole_millis(length.min(span.saturating_sub(at))).max(MILLISECOND);
        (*from + at, length)
    }
}

/// One of them, each as likely; one draw in any case.
fn pick<'a, T>(items: &'a [T], stream: &mut Stream) -> Option<&'a T> {
    let at = stream.below(items.len() as u64);
    items.get(usize::try_from(at).expect("an index"))
}

/// A number from `least` to `most`, its logarithm drawn evenly.
fn exponent(stream: &mut Stream, least: f64, most: f64) -> f64 {
    let [low, high] = [libm::log(least), libm::log(most)];
    libm::exp(low + (high - low) * stream.unit())
}

fn whole_millis(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

fn text(time: Duration) -> Value {
    Value::from(Dur(time).to_string())
}

const MILLISECOND: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{NoFiles, Source};

    fn source(swarm: &str) -> Source {
        let text =
            crate::scenario::FIRST_MAIL.replacen('{', &format!("{{ \"swarm\": {swarm}, "), 1);
        Source::parse(&text, "mine.json", Box::new(NoFiles)).unwrap()
    }

    fn drawn(swarm: &str, seeds: std::ops::RangeInclusive<u64>) -> Vec<Vec<Value>> {
        let source = source(swarm);
        let landscape = Landscape::new(source.plan());
        seeds.map(|seed| landscape.draw(Seed(seed))).collect()
    }

    #[test]
    fn what_is_drawn_is_right_and_ends_in_time() {
        let source = source(r#"{ "until": "5m", "at_most": 9, "longest": "1h" }"#);
        let landscape = Landscape::new(source.plan());
        let mut keys = BTreeSet::new();
        for seed in 1..=300 {
            let faults = landscape.draw(Seed(seed));
            assert!((1..=9).contains(&faults.len()));
            let time = |fault: &Value, key: &str| {
                fault[key].as_str().expect("a time").parse::<Dur>().expect("a time").0
            };
            for fault in &faults {
                let end = time(fault, "at") + time(fault, "for");
                assert!(end <= Duration::from_secs(300), "{fault}");
                keys.extend(fault.as_object().unwrap().keys().cloned());
            }
            if let Err(findings) = source.with_faults(&faults) {
                panic!("seed {seed}: {}", findings[0]);
            }
        }
        for key in [
            "crash",
            "pause",
            "freeze",
            "clock",
            "disk_full",
            "slow_disk",
            "descriptors",
            "cut",
            "isolate",
            "link",
            "dns",
            "smtp",
            "imap",
        ] {
            assert!(keys.contains(key), "{key} is never drawn: {keys:?}");
        }
    }

    #[test]
    fn the_budget_is_kept() {
        let swarm = r#"{ "kinds": ["crash", "loss"], "at_most": 3, "strength": 20,
                         "hosts": ["mx1.example.com", "internet"], "spare": "imap.example.com" }"#;
        let all = drawn(swarm, 1..=200).concat();
        assert!(all.len() > 200);
        for fault in &all {
            let told = fault.to_string();
            assert!(fault["crash"] == "mx1.example.com" || fault["link"].is_object(), "{told}");
            assert!(!told.contains("imap.example.com"), "{told}");
            if let Some(loss) = fault["link"]["loss"].as_str() {
                assert!(loss.trim_end_matches('%').parse::<u32>().unwrap() <= 20, "{told}");
            }
        }
        assert_eq!(drawn(r#"{ "kinds": "dns", "hosts": "imap.example.com" }"#, 1..=1)[0].len(), 0);
    }

    #[test]
    fn each_seed_has_a_subset_of_kinds_and_draws_it_again() {
        let all = drawn(r#"{ "at_most": 30 }"#, 1..=40);
        assert_eq!(all, drawn(r#"{ "at_most": 30 }"#, 1..=40));
        let without_a_crash = all.iter().filter(|faults| {
            faults.len() > 15 && faults.iter().all(|fault| fault["crash"].is_null())
        });
        assert!(without_a_crash.count() > 3);
    }
}
