//! What each kind of fault is like: the keys beside `at` and `for`.

use serde_json::{Map, Value, json};

use crate::engine::Stream;
use crate::scenario::plan::{FaultKind, Link};

use super::{Prey, exponent, pick};

impl Prey<'_> {
    /// Whether there is something in it that such a fault could happen to.
    pub(super) fn has_any(&self, kind: FaultKind) -> bool {
        match kind {
            FaultKind::Crash | FaultKind::Pause | FaultKind::Freeze | FaultKind::Clock => {
                !self.hosts.is_empty()
            }
            FaultKind::DiskFull | FaultKind::SlowDisk | FaultKind::Descriptors => {
                !self.mail_hosts.is_empty()
            }
            FaultKind::Smtp => !self.mtas.is_empty(),
            FaultKind::Pop3 => !self.pop3_servers.is_empty(),
            FaultKind::Imap => !self.imap_servers.is_empty(),
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
            FaultKind::Pause => json!({ "pause": one(&self.hosts, stream) }),
            FaultKind::Freeze => json!({ "freeze": one(&self.hosts, stream) }),
            FaultKind::Clock => {
                let host = one(&self.hosts, stream);
                let way = one(&["ahead", "behind"], stream);
                let by = exponent(stream, 1.0, 86_400.0) * strength;
                json!({ "clock": { "host": host, way: format!("{}s", by.ceil()) } })
            }
            FaultKind::DiskFull => json!({ "disk_full": one(&self.mail_hosts, stream) }),
            FaultKind::SlowDisk => {
                let host = one(&self.mail_hosts, stream);
                let write = exponent(stream, 10.0, 60_000.0) * strength;
                json!({ "slow_disk": { "host": host, "write": format!("{}ms", write.ceil()) } })
            }
            FaultKind::Descriptors => {
                let host = one(&self.mail_hosts, stream);
                json!({ "descriptors": { "host": host, "most": stream.below(5) } })
            }
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
            FaultKind::Smtp => json!({ "smtp": self.smtp(strength, stream) }),
            FaultKind::Pop3 => json!({ "pop3": self.access(false, strength, stream) }),
            FaultKind::Imap => json!({ "imap": self.access(true, strength, stream) }),
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
}

pub(super) fn one<'a>(names: &[&'a str], stream: &mut Stream) -> &'a str {
    pick(names, stream).expect("there is one of them")
}

fn ends(link: &Link) -> [&str; 2] {
    [&link.a, &link.b]
}

/// From 1 % up to this part of all.
pub(super) fn percent(stream: &mut Stream, most: f64) -> String {
    let most = (most * 100.0) as u64;
    format!("{}%", 1 + stream.below(most.max(1)))
}
