//! What goes wrong, and when.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access_fault::{AccessFault, RebuildIndex};
use super::dns_fault::DnsFault;
use super::forge::Forge;
use super::host_fault::{FewDescriptors, FullDisk, RestartService, SlowDisk, WrongClock};
use super::network::LinkBetween;
use super::packet_fault::PacketFault;
use super::smtp_fault::SmtpFault;
use super::units::Dur;

/// A fault; exactly one of the keys beside `at` and `for`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {"required": ["crash"]}, {"required": ["restart"]}, {"required": ["cut"]},
    {"required": ["heal"]}, {"required": ["isolate"]}, {"required": ["rejoin"]},
    {"required": ["link"]}, {"required": ["dns"]}, {"required": ["smtp"]},
    {"required": ["pop3"]}, {"required": ["imap"]}, {"required": ["rebuild_index"]},
    {"required": ["forge"]}, {"required": ["flush"]}, {"required": ["pause"]},
    {"required": ["freeze"]}, {"required": ["clock"]}, {"required": ["disk_full"]},
    {"required": ["slow_disk"]}, {"required": ["descriptors"]}, {"required": ["restart_service"]},
    {"required": ["partition"]}, {"required": ["flap"]}, {"required": ["hold"]},
    {"required": ["packet"]}
]))]
pub struct Fault {
    /// When, from the start of the run. Needed but with `after_event`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"1m")]
    pub at: Option<Dur>,
    /// With `crash`, in place of `at`: right after the host has had so many events (its start, each
    /// packet that arrived, each timer), counted through all its restarts. `for` then says how long
    /// it is down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 57)]
    pub after_event: Option<u64>,
    /// For how long. What another fault holds as well stays with that one. Not with `restart`, `restart_service`, `heal`, `rejoin` and `flush`. Default: for good.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"2h")]
    pub for_: Option<Dur>,
    /// The host loses its memory and falls silent. Its disk stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"mx1.example.com")]
    pub crash: Option<String>,
    /// The crashed host starts again from its disk, however many faults crashed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"mx1.example.com")]
    pub restart: Option<String>,
    /// The link between the two swallows every packet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["internet", "isp"]]))]
    pub cut: Option<[String; 2]>,
    /// The cut link works again, however many faults cut it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["internet", "isp"]]))]
    pub heal: Option<[String; 2]>,
    /// Every link of the host or router is cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"mx1.example.com")]
    pub isolate: Option<String>,
    /// Every link of the host or router works again, however many faults cut it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"mx1.example.com")]
    pub rejoin: Option<String>,
    /// Groups of hosts do not reach each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"groups": [["example.com"]]}]))]
    pub partition: Option<Partition>,
    /// The link between the two is cut and works again, over and over. Only with `for`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"between": ["internet", "isp"], "down": "2s", "up": "10s"}]))]
    pub flap: Option<LinkFlap>,
    /// The link between the two keeps every packet; at the end of the fault they go on in order. What its
    /// `queue` has no room for is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["internet", "isp"]]))]
    pub hold: Option<[String; 2]>,
    /// Single packets are lost, doubled, delayed, corrupted or answered with RST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{
        "from": "mx1.example.org", "to": "mx1.example.com", "port": 25, "number": 7, "do": "drop"
    }]))]
    pub packet: Option<PacketFault>,
    /// The link between the two changes: what is named here replaces what it was. Of two such faults,
    /// what the later one names counts, and what they add to the latency (`delay`) adds up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"between": ["internet", "isp"], "loss": "20%"}]))]
    pub link: Option<LinkBetween>,
    /// A name server or resolver answers wrongly, late or not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        extend("examples" = [{"server": "ns1.example.com", "type": "MX", "answer": "servfail"}])
    )]
    pub dns: Option<DnsFault>,
    /// An SMTP server refuses, is late, hangs up, or does other wrong at a moment of a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{
        "server": "mx1.example.com", "at": "data", "sender": "example.org", "first": 3,
        "reply": "451 4.3.0 Try again later"
    }]))]
    pub smtp: Option<SmtpFault>,
    /// A host floods a resolver with forged answers. Only with `for`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{
        "by": "evil.example.net", "to": "resolver.example.org", "as": "ns1.example.com",
        "name": "example.com", "type": "MX", "answer": "@ 1d IN MX 0 mail.evil.example.net."
    }]))]
    pub forge: Option<Forge>,
    /// A POP3 server refuses, breaks off, hangs or is slow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        extend("examples" = [{"server": "example.com", "at": "retr", "cut_after": "2KB"}])
    )]
    pub pop3: Option<AccessFault>,
    /// An IMAP server refuses, breaks off, hangs or is slow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        extend("examples" = [{"server": "example.com", "at": "login", "refuse": "unavailable"}])
    )]
    pub imap: Option<AccessFault>,
    /// A mailbox gets new UIDs under another UIDVALIDITY. Not with `for`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"user": "bob@example.com"}]))]
    pub rebuild_index: Option<RebuildIndex>,
    /// An administrator has this MTA try all that it has queued at once (`postqueue -f`), or all for
    /// one domain (`postqueue -s`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"mx1.example.com")]
    pub flush: Option<Flush>,
    /// The programs of the host are stopped (`SIGSTOP`), and its kernel goes on: it takes connections and
    /// octets until its buffers are full. When it ends, the programs see all that came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"mx1.example.com")]
    pub pause: Option<String>,
    /// The whole host stands still, as a suspended virtual machine: it answers nothing, and keeps 256
    /// packets of what comes. When it ends, everything happens at once that it missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"mx1.example.com")]
    pub freeze: Option<String>,
    /// The calendar clock of a host is set wrong; when it ends, it is set right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"host": "mx1.example.com", "ahead": "2h"}]))]
    pub clock: Option<WrongClock>,
    /// Something else fills the disk of a host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"imap.example.com")]
    pub disk_full: Option<FullDisk>,
    /// Writes to the disk of a host take their time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"host": "mx1.example.com", "write": "300ms"}]))]
    pub slow_disk: Option<SlowDisk>,
    /// The programs of a host are out of file descriptors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"host": "mx1.example.com", "most": 20}]))]
    pub descriptors: Option<FewDescriptors>,
    /// One service of a host starts again (`systemctl restart`): its memory and its connections are gone,
    /// those of the host's other services stay. Not with `for`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"host": "mail.example.com", "service": "mta"}]))]
    pub restart_service: Option<RestartService>,
}

/// A flush of an MTA's queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Flush {
    /// Of everything at this host.
    Host(String),
    /// Of mail for one domain.
    Domain(FlushDomain),
}

/// A flush of mail for one domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlushDomain {
    /// The MTA.
    #[schemars(example = &"mx1.example.com")]
    pub host: String,
    /// The recipients' domain.
    #[schemars(example = &"example.net")]
    pub domain: String,
}

/// A partition: who does not reach whom. It strikes what is sent, whatever link it would take; what is
/// under way arrives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// The groups. With one, it is parted from all other hosts; several are parted from each other, and
    /// reach the hosts in none. A domain stands for its hosts, a router for those that hang on it.
    #[schemars(extend("examples" = [[["example.com"], ["example.org", "resolver.example.net"]]]))]
    pub groups: Vec<Vec<String>>,
    /// Whether only what the first group sends is swallowed: it hears the others, and is not heard.
    #[serde(default)]
    #[schemars(extend("default" = false), example = true)]
    pub one_way: bool,
}

/// A link that flaps, beginning with a cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkFlap {
    /// The two ends.
    #[schemars(extend("examples" = [["internet", "isp"]]))]
    pub between: [String; 2],
    /// How long it is cut at a time.
    #[schemars(example = &"2s")]
    pub down: Dur,
    /// How long it works in between.
    #[schemars(example = &"10s")]
    pub up: Dur,
    /// Whether each time is drawn, exponentially with `down` and `up` for means.
    #[serde(default)]
    #[schemars(extend("default" = false), example = true)]
    pub drawn: bool,
}
