//! What servers of DNS, SMTP, POP3 and IMAP do wrong: the keys of such faults.

use serde_json::{Map, Value, json};

use crate::engine::Stream;

use super::kinds::{one, percent};
use super::{Prey, exponent};

impl Prey<'_> {
    pub(super) fn dns(&self, strength: f64, stream: &mut Stream) -> Value {
        let mut fault = Map::new();
        fault.insert("server".to_owned(), json!(one(&self.dns_servers, stream)));
        let answer = one(&DNS_ANSWERS, stream);
        match answer {
            "late" => {
                let delay = exponent(stream, 100.0, 20_000.0) * strength;
                fault.insert("delay".to_owned(), json!(format!("{}ms", delay.ceil())));
            }
            answer => {
                fault.insert("answer".to_owned(), json!(answer));
            }
        }
        let rtype = one(&["", "", "MX", "A", "NS"], stream);
        if !rtype.is_empty() {
            fault.insert("type".to_owned(), json!(rtype));
        }
        fault.insert("share".to_owned(), json!(percent(stream, strength)));
        Value::Object(fault)
    }

    pub(super) fn smtp(&self, strength: f64, stream: &mut Stream) -> Value {
        let server = one(&self.mtas, stream);
        let moment = one(&["connect", "ehlo", "mail", "rcpt", "data", "end_of_data"], stream);
        let mut fault = Map::new();
        fault.insert("server".to_owned(), json!(server));
        let deed = one(&["later", "never", "ending", "late", "unsaid", "garbage", "slow"], stream);
        let moment = if deed == "unsaid" { "end_of_data" } else { moment };
        fault.insert("at".to_owned(), json!(moment));
        let ending = one(&ENDINGS, stream);
        let garbage = one(&["not_smtp", "long_line", "mixed_codes", "unfinished"], stream);
        let delay = exponent(stream, 100.0, 400_000.0) * strength;
        let reply = match (deed, moment) {
            ("never", "rcpt" | "data" | "end_of_data") => "550 5.7.1 Refused",
            (_, "connect") => "421 4.3.2 Too busy",
            _ => "451 4.3.0 Try again later",
        };
        let (key, value) = match deed {
            "ending" => ("instead", json!(ending)),
            "late" => ("delay", json!(format!("{}ms", delay.ceil()))),
            "unsaid" => ("unsaid", json!(true)),
            "garbage" => ("garbage", json!(garbage)),
            "slow" => ("pace", json!({ "octets": 1, "every": "1s" })),
            _ => ("reply", json!(reply)),
        };
        fault.insert(key.to_owned(), value);
        if deed == "unsaid" {
            fault.insert("then".to_owned(), json!(ending));
        }
        fault.insert("share".to_owned(), json!(percent(stream, strength)));
        Value::Object(fault)
    }

    /// Of POP3 or IMAP, which have the same keys.
    pub(super) fn access(&self, is_imap: bool, strength: f64, stream: &mut Stream) -> Value {
        let moments: &[&str] = match is_imap {
            true => &["greeting", "login", "select", "fetch", ""],
            false => &["greeting", "login", "stat", "retr", ""],
        };
        let servers = if is_imap { &self.imap_servers } else { &self.pop3_servers };
        let mut fault = Map::new();
        fault.insert("server".to_owned(), json!(one(servers, stream)));
        let moment = one(moments, stream);
        if !moment.is_empty() {
            fault.insert("at".to_owned(), json!(moment));
        }
        let ending = one(&ENDINGS, stream);
        let delay = exponent(stream, 100.0, 400_000.0) * strength;
        let (key, value) = match one(&["refuse", "ending", "late", "unsaid", "garbage"], stream) {
            "refuse" => ("refuse", json!("unavailable")),
            "late" => ("delay", json!(format!("{}ms", delay.ceil()))),
            "unsaid" => ("unsaid", json!(true)),
            "garbage" => ("garbage", json!(true)),
            _ => ("instead", json!(ending)),
        };
        fault.insert(key.to_owned(), value);
        if key == "unsaid" {
            fault.insert("then".to_owned(), json!(ending));
        }
        fault.insert("share".to_owned(), json!(percent(stream, strength)));
        Value::Object(fault)
    }
}

const ENDINGS: [&str; 3] = ["close", "reset", "silence"];

/// What a DNS server answers; `late` is the right answer after a while.
const DNS_ANSWERS: [&str; 10] = [
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
