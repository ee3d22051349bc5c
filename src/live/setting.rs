//! What a served world follows from: the first line of a record, complete in itself.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::engine::UnixTime;
use crate::proto::mail::DateTime;
use crate::scenario::{self, Files, Finding, Plan};
use crate::world::Transport;

/// A scenario with its files, a seed, and the options that reach into the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// The version of mxsim. In another one the same inputs may give other octets.
    pub mxsim: String,
    /// The path of the scenario file, for people.
    pub scenario: String,
    /// SHA-256 of the text and the files of the scenario.
    pub sha256: String,
    /// The text of the scenario.
    pub text: String,
    /// The files that it names, in base64.
    pub files: BTreeMap<String, String>,
    /// From which number every draw follows.
    pub seed: u64,
    /// The calendar date at the start in seconds since 1970, where it is not the scenario's.
    pub start: Option<i64>,
    /// Whether packets of the gateway take no time on links.
    pub no_latency: bool,
    /// The simulated addresses and ports that stand for servers outside.
    pub out: Vec<OutPort>,
    /// How many records are kept; `None`: none are made.
    pub records: Option<usize>,
}

/// A simulated port that stands for a server outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutPort {
    /// The host of the scenario that has the address; `None`: the gateway has it.
    pub host: Option<String>,
    /// The simulated address and port.
    pub at: SocketAddr,
    /// Whether it is one of UDP.
    pub udp: bool,
}

impl OutPort {
    /// Its transport.
    pub fn transport(&self) -> Transport {
        if self.udp { Transport::Udp } else { Transport::Tcp }
    }
}

impl Setting {
    /// The setting of a scenario text with the files it names, read from `files`, and its plan.
    ///
    /// # Errors
    /// All mistakes of the scenario.
    pub fn of(
        scenario: &str,
        text: String,
        files: &dyn Files,
    ) -> Result<(Self, Plan), Vec<Finding>> {
        let remembering = Remembering { files, read: RefCell::default() };
        let plan = scenario::parse(&text, scenario, &remembering)?;
        let read = remembering.read.into_inner().into_iter();
        let files = read.map(|(path, octets)| (path, STANDARD.encode(octets))).collect();
        let setting = Setting {
            mxsim: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: scenario.to_owned(),
            sha256: digest(&text, &files),
            text,
            files,
            seed: plan.seed,
            start: None,
            no_latency: false,
            out: Vec::new(),
            records: None,
        };
        Ok((setting, plan))
    }

    /// Whether text and files are what they were when the setting was made.
    pub fn is_whole(&self) -> bool {
        self.sha256 == digest(&self.text, &self.files)
    }

    /// The plan of the setting's scenario.
    ///
    /// # Errors
    /// All mistakes of the scenario.
    pub fn plan(&self) -> Result<Plan, Vec<Finding>> {
        self.plan_of(&self.text)
    }

    /// The plan of another text beside the same files.
    pub(super) fn plan_of(&self, text: &str) -> Result<Plan, Vec<Finding>> {
        let Some(start) = self.start else { return scenario::parse(text, &self.scenario, self) };
        // In the text, since the dates of certificates and signatures follow from it.
        let bare = text.trim_start_matches('\u{feff}');
        let Ok(Value::Object(mut dated)) = serde_json::from_str(bare) else {
            return scenario::parse(text, &self.scenario, self);
        };
        let start = DateTime::utc(UnixTime(start)).rfc3339().to_string();
        dated.insert("start".to_owned(), Value::from(start));
        scenario::parse(&Value::Object(dated).to_string(), &self.scenario, self)
    }
}

impl Files for Setting {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let Some(text) = self.files.get(path) else { return Err(io::ErrorKind::NotFound.into()) };
        STANDARD.decode(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

/// Remembers what was read.
struct Remembering<'a> {
    files: &'a dyn Files,
    read: RefCell<BTreeMap<String, Vec<u8>>>,
}

impl Files for Remembering<'_> {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let octets = self.files.read(path)?;
        self.read.borrow_mut().insert(path.to_owned(), octets.clone());
        Ok(octets)
    }
}

fn digest(text: &str, files: &BTreeMap<String, String>) -> String {
    let mut hash = Sha256::new();
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text);
    for (path, octets) in files {
        for part in [path, octets] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
}
