//! Scenarios of load that come with the command: each a file under `scenarios/load`.

/// A scenario that is built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// What it is called.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// The scenario.
    pub text: &'static str,
}

impl Preset {
    /// The name of its file, for findings.
    pub fn file_name(&self) -> String {
        format!("scenarios/load/{}.json", self.name)
    }
}

/// All of them, in the order in which they are listed.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "mail-day",
        about: "a day of 1,000 domains on six continents, 100,000 messages along a daily curve",
        text: include_str!("../../scenarios/load/mail-day.json"),
    },
    Preset {
        name: "dns-cold",
        about: "names that no resolver remembers: root, TLD, authority, answer, each time anew",
        text: include_str!("../../scenarios/load/dns-cold.json"),
    },
    Preset {
        name: "dns-hot",
        about: "the names of 10,000 domains by Zipf's law, most of them out of caches",
        text: include_str!("../../scenarios/load/dns-hot.json"),
    },
    Preset {
        name: "imap-fleet",
        about: "2,000 clients that idle by IMAP and fetch what comes, and some that poll by POP3",
        text: include_str!("../../scenarios/load/imap-fleet.json"),
    },
    Preset {
        name: "million-hosts",
        about: "a small load among 1,000,000 hosts on which nothing runs",
        text: include_str!("../../scenarios/load/million-hosts.json"),
    },
    Preset {
        name: "retry-storm",
        about: "a big receiver comes back after six hours down, and everybody's queue tries again",
        text: include_str!("../../scenarios/load/retry-storm.json"),
    },
];

/// The one of that name.
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}
