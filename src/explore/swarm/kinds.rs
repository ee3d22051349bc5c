//! What each kind of fault is like: the keys beside `at` and `for`.

use serde_json::{Map, Value, json};

use crate::engine::Stream;
use crate::scenario::plan::{FaultKind, Link};

use super::{Prey, exponent, pick};

impl Prey<'_> {
    /// Whether there is something in it that such a fault could happen to.
    pub(super) fn has_any(&self, kind: FaultKind) -> bool {
        match kind {
            FaultKind::Crash => !self.hosts.is_empty(),
            FaultKind::Isolate => !self.nodes.is_empty(),
            FaultKind::Cut | FaultKind::Loss | FaultKind::Delay | FaultKind::Narrow => {
                !self.links.is_empty()
            }
            FaultKind::Dns => !self.dns_servers.is_empty(),
        }
    }

    /// What happens, in such a fault.
    pub(super) fn what(
        &self,
        kind: FaultKind,
        strength: f64,
        stream: &mut Stream,
    ) -> Map<String, Value> {
        let value = match kind {
            FaultKind::Crash => json!({ "crash": one(&self.hosts, stream) }),
            FaultKind::Isolate => json!({ "isolate": one(&self.nodes, stream) }),
            FaultKind::Cut => json!({ "cut": ends(self.link(stream)) }),
            FaultKind::Loss => {
                let link = self.link(stream);
                let loss = percent(stream, strength);
                self.one_way_or_both(link, "loss", json!(loss), stream)
            }
            FaultKind::Delay => {
                let link = self.link(stream);
                let most = format!("{}ms", (exponent(stream, 10.0, 5_000.0) * strength).ceil());
                let latency = match stream.chance(0.5) {
                    true => json!(most),
                    false => json!({ "uniform": ["1ms", most] }),
                };
                self.one_way_or_both(link, "latency", latency, stream)
            }
            FaultKind::Narrow => {
                let link = self.link(stream);
                let rate = format!("{}kbps", (exponent(stream, 2.0, 1_000.0) / strength).ceil());
                self.one_way_or_both(link, "bandwidth", json!(rate), stream)
            }
            FaultKind::Dns => json!({ "dns": self.dns(strength, stream) }),
        };
        match value {
            Value::Object(members) => members,
            _ => unreachable!("a fault is an object"),
        }
    }

    fn link(&self, stream: &mut Stream) -> &Link {
        pick(&self.links, stream).expect("there is a link")
    }

    /// A link that is changed in both directions, or in one alone.
    fn one_way_or_both(&self, link: &Link, key: &str, value: Value, stream: &mut Stream) -> Value {
        let mut change = Map::from_iter([("between".to_owned(), json!(ends(link)))]);
        match stream.below(4) {
            0 => change.insert("forward".to_owned(), json!({ key: value })),
            1 => change.insert("backward".to_owned(), json!({ key: value })),
            _ => change.insert(key.to_owned(), value),
        };
        json!({ "link": change })
    }

    fn dns(&self, strength: f64, stream: &mut Stream) -> Value {
        let mut fault = Map::new();
        fault.insert("server".to_owned(), json!(one(&self.dns_servers, stream)));
        let answer = one(&ANSWERS, stream);
        match answer {
            "late" => {
                let delay = exponent(stream, 100.0, 20_000.0) * strength;
                fault.insert("delay".to_owned(), json!(format!("{}ms", delay.ceil())));
            }
            answer => {
                fault.insert("answer".to_owned(), json!(answer));
            }
        }
        if let Some(rtype) = ["", "", "MX", "A", "NS"].get(stream.below(5) as usize)
            && !rtype.is_empty()
        {
            fault.insert("type".to_owned(), json!(rtype));
        }
        let share = percent(stream, strength);
        fault.insert("share".to_owned(), json!(share));
        Value::Object(fault)
    }
}

fn one<'a>(names: &[&'a str], stream: &mut Stream) -> &'a str {
    pick(names, stream).expect("there is one of them")
}

fn ends(link: &Link) -> [&str; 2] {
    [&link.a, &link.b]
}

/// From 1 % up to this part of all.
fn percent(stream: &mut Stream, most: f64) -> String {
    let most = (most * 100.0) as u64;
    format!("{}%", 1 + stream.below(most.max(1)))
}

/// What a DNS server answers; `late` is the right answer after a while.
const ANSWERS: [&str; 10] = [
    "late",
    "servfail",
    "refused",
    "notimp",
    "formerr",
    "silence",
    "truncated",
    "upward_referral",
    "nxdomain",
    "nodata",
];
