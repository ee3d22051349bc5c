//! The arguments of the command, and the help that teaches them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::explore::{Faults, Seeds};
#[cfg(feature = "live")]
use crate::live::{Pace, Real, Way};
use crate::scenario::format::Dur;
#[cfg(feature = "live")]
use crate::scenario::format::{Date, units::UnitError};

/// Plays how e-mail travels across the Internet: DNS, SMTP, POP3 and IMAP, octet for octet.
///
/// Servers, clients and the network between them share one simulated clock: the same scenario and
/// seed give the same octets, always.
#[derive(Debug, Parser)]
#[command(name = "mxsim", version, after_help = EXAMPLES)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  mxsim run                                  watch a message travel (built-in scenario)
  mxsim run my.json --seed 7                 play your own, on another seed
  mxsim check my.json                        find every mistake in it
  mxsim explore my.json --seeds 1..1000      play a thousand histories, and tell which fail
  mxsim shrink my.json --seed 7              what of it is needed to fail as seed 7 does?
  mxsim test mail/ --update                  write what mail/*.json show as snapshots, then
  mxsim test mail/                           compare with them
  mxsim resolve my.json example.com MX       follow one resolution down from the root
  mxsim rpl testdata/                        how right is the resolver? (.rpl scenarios)
  mxsim spf tests/spf/*.yml                  what SPF says, against what it should say
  mxsim serve my.json --all 20000            serve it to real programs on this machine
  mxsim schema > mxsim.schema.json           let your editor complete scenario files

Exit codes: 0 all went as expected; 1 an expectation or a law failed or a snapshot differs; 2 bad usage or
input.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Play a scenario and print what happened.
    ///
    /// Prints the transcript, what became of every message, and whether the expectations hold.
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Look for mistakes in scenario files, and tell all of them.
    #[command(after_help = "\
Example:
  mxsim check scenarios/*.json

Each mistake is told with file, line, column and JSON path, and with what would be right.")]
    Check {
        /// The scenario files.
        #[arg(required = true, value_name = "SCENARIO")]
        scenarios: Vec<PathBuf>,
    },
    /// Play many runs of a scenario, and tell which of them fail.
    ///
    /// One run a seed, with the faults that the scenario names or with such as the seed draws. A run
    /// fails if it breaks a law of mail and DNS, an expectation, or if the program panics. Each failure
    /// is told with the command that plays it again.
    #[command(after_help = EXPLORE_EXAMPLES)]
    Explore(ExploreArgs),
    /// Make a scenario that fails as small as it can be while it fails in the same way.
    ///
    /// Takes out faults, steps of the agenda, users, hosts, zones, links and settings, and makes times and
    /// sizes simpler, as long as the same law or the same expectation stays broken. What is left is a
    /// scenario that fails by itself.
    #[command(after_help = SHRINK_EXAMPLES)]
    Shrink(ShrinkArgs),
    /// Play scenarios and compare their transcripts with snapshots.
    #[command(after_help = TEST_EXAMPLES)]
    Test(TestArgs),
    /// Resolve one name in a scenario's Internet, step by step, like dig +trace.
    #[command(after_help = "\
Examples:
  mxsim resolve my.json example.com MX
  mxsim resolve my.json www.lab.example.com --from laptop.example.org

The host's own resolver is asked at the start of the run. Nothing else happens: the agenda and the
faults of the scenario are left out.")]
    Resolve(ResolveArgs),
    /// Play resolver scenarios (.rpl) of Unbound and Deckard against the resolver here.
    ///
    /// A .rpl file is a whole little Internet around one resolver: what every name server answers,
    /// what clients ask, how time passes, and the answers that the clients must get.
    #[command(after_help = RPL_EXAMPLES)]
    Rpl(RplArgs),
    /// Play SPF test suites in the form of openspf's rfc7208-tests.yml.
    ///
    /// The zone data of a suite is put on a simulated name server, and each test is a check_host()
    /// that asks it by DNS packets. Prints each test that fails, and how many there were.
    #[command(after_help = SPF_EXAMPLES)]
    Spf(SpfArgs),
    /// Serve a scenario's Internet to real programs at ports of this machine.
    ///
    /// dig, swaks, curl, Thunderbird, mutt, isync, fetchmail, Postfix or a program under test connect to
    /// loopback ports; a gateway in the simulation connects to the simulated servers for them. Prints a
    /// table of what is served where, then a line `ready`, and serves until it is interrupted (SIGINT or
    /// SIGTERM).
    #[cfg(feature = "live")]
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(Box<ServeArgs>),
    /// Play a session again that `mxsim serve --record` recorded, without any socket.
    ///
    /// The same transcript and fingerprint to the octet.
    #[cfg(feature = "live")]
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay(ReplayArgs),
    /// Print the JSON Schema of scenario files.
    #[command(after_help = "\
Example:
  mxsim schema > mxsim.schema.json

and in the scenario:  \"$schema\": \"mxsim.schema.json\"")]
    Schema,
}

const RUN_EXAMPLES: &str = "\
Examples:
  mxsim run                                          the built-in scenario first-mail
  mxsim run my.json --until 2h --summary out.json    what became of every message, as JSON
  mxsim run my.json --transcript - | less            the transcript alone
  mxsim run my.json --format jsonl | jq -r .text     the same for programs
  mxsim run my.json --pcap out.pcapng                every packet, for Wireshark
  mxsim run my.json --pcap mx.pcapng --pcap-host mx1.example.com
                                                     what one host saw
  mxsim run my.json --seed 7 -q                      only whether expectations and laws hold
  mxsim run my.json -q --verify                      whether one seed is one history

Whatever a scenario expects, the laws are checked: no mail is lost or doubled, no bounce is answered, no
loop is endless, traces tell the truth, resolvers keep to TTLs and believe nobody but whom they asked,
UIDs rise, mail comes to its end. See docs/determinism.md.";

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The scenario file [default: the built-in first-mail].
    pub(super) scenario: Option<PathBuf>,
    /// The number from which every random draw follows [default: the scenario's, or 1].
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// A fault beside those of the scenario, as it stands there; may be given more than once.
    #[arg(long, value_name = "JSON")]
    pub(super) fault: Vec<String>,
    /// Which faults the run has: those of the scenario, or beside them such as the seed draws. Then
    /// only expectations with "always" are judged, and the run goes on until mail has come to its end.
    #[arg(long, value_enum, value_name = "WHICH", default_value_t)]
    pub(super) faults: WhichFaults,
    /// Stop at this simulated time, as 90s, 2h or 5d [default: the scenario's, or 1h].
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub(super) until: Option<Duration>,
    /// Write the transcript to a file, or with "-" alone to standard output; then all else that is
    /// printed goes to standard error.
    #[arg(long, value_name = "FILE|-")]
    pub(super) transcript: Option<PathBuf>,
    /// The form of the transcript. With jsonl and no --transcript, standard output has it alone.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
    /// Write what became of every message to a file as JSON, or with "-" to standard output.
    #[arg(long, value_name = "FILE|-")]
    pub(super) summary: Option<PathBuf>,
    /// Write the secrets of all TLS connections to a file (SSLKEYLOGFILE), so that a capture can be
    /// read.
    #[arg(long, value_name = "FILE|-")]
    pub(super) key_log: Option<PathBuf>,
    /// Write every packet that a host sends or receives to a file for Wireshark (pcapng), or with "-"
    /// to standard output. Each host is an interface; the secrets of TLS are inside.
    #[arg(long, value_name = "FILE|-")]
    pub(super) pcap: Option<PathBuf>,
    /// Capture at this host alone. May be given several times.
    #[arg(long, value_name = "HOST", requires = "pcap")]
    pub(super) pcap_host: Vec<String>,
    /// Write the fingerprint of each host at the end of each interval to a file as JSON lines, or with
    /// "-" to standard output: the first line that differs on another machine tells where runs part.
    #[arg(long, value_name = "FILE|-")]
    pub(super) checkpoints: Option<PathBuf>,
    /// Play it twice more, with another order of construction, hashing and allocation, the last time
    /// without records. Where a run differs, the first event that does is told, with its host, its
    /// bytes and the draw that led to it, and the exit code is 1.
    #[arg(long)]
    pub(super) verify: bool,
    /// Print whether the expectations and the laws hold, and nothing else.
    #[arg(short, long)]
    pub(super) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Format {
    /// Columns for people.
    #[default]
    Text,
    /// One JSON object a line.
    Jsonl,
}

const EXPLORE_EXAMPLES: &str = "\
Examples:
  mxsim explore my.json --seeds 1..1000                  the scenario's own faults
  mxsim explore my.json --seeds 1..1000 --faults swarm   each seed draws faults of its own
  mxsim explore my.json --faults swarm --stop-at 1       until the first failure
  mxsim explore my.json --seed 7 --faults swarm --print-faults
                                                         what seed 7 draws, and play nothing
  mxsim explore my.json --seed 7 --faults swarm --write seven.json
  mxsim run seven.json                                   the identical run, from a file

  mxsim explore my.json --every-packet                   lose each packet once, one a run
  mxsim explore my.json --every-event                    crash each host after each of its events

The section \"swarm\" of a scenario says which faults may be drawn, where, and until when.
Under drawn faults the laws judge, and of the expectations those with \"always\": true.

Exit codes: 0 no run fails; 1 one does; 2 bad usage or input.";

#[derive(Debug, Args)]
pub(super) struct ExploreArgs {
    /// The scenario file.
    pub(super) scenario: PathBuf,
    /// Which seeds, both ends included, as 1..1000 [default: 1..100].
    #[arg(long, value_name = "FROM..TO")]
    pub(super) seeds: Option<Seeds>,
    /// One seed.
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    pub(super) seed: Option<u64>,
    /// Which faults a run has: those of the scenario, or beside them such as the seed draws.
    #[arg(long, value_enum, value_name = "WHICH", default_value_t)]
    pub(super) faults: WhichFaults,
    /// Play one run for each packet that a host sends, in which that packet is lost. Judged are the
    /// laws, and where mail comes to, but neither how soon nor what is counted on the way.
    #[arg(long, conflicts_with_all = ["seeds", "faults", "print_faults", "write"])]
    pub(super) every_packet: bool,
    /// Play one run for each event of a host, after which the host crashes and starts again.
    #[arg(long, conflicts_with_all = ["seeds", "faults", "print_faults", "write"])]
    pub(super) every_event: bool,
    /// With --every-event: how long a host is down.
    #[arg(long, value_name = "DUR", value_parser = some_time, default_value = "1s")]
    pub(super) down: Duration,
    /// With --every-packet and --every-event: only this host; may be given more than once.
    #[arg(long, value_name = "HOST")]
    pub(super) host: Vec<String>,
    /// How many runs are played at a time [default: one for each processor].
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
    /// Stop after so many runs that fail.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) stop_at: Option<u32>,
    /// Print one JSON object instead of words.
    #[arg(long)]
    pub(super) json: bool,
    /// Print the faults that the seeds draw, a line of JSON for each, and play nothing.
    #[arg(long, conflicts_with_all = ["json", "write"])]
    pub(super) print_faults: bool,
    /// Write the scenario of one seed, with the faults that it draws, to a file, and play nothing.
    /// `mxsim run FILE` plays the identical run. Files that the scenario names are looked for beside it.
    #[arg(long, value_name = "FILE|-", conflicts_with = "json")]
    pub(super) write: Option<PathBuf>,
}

const SHRINK_EXAMPLES: &str = "\
Examples:
  mxsim shrink my.json --seed 7 -o small.json       seed 7 fails: what is needed for that?
  mxsim run small.json                              it fails by itself
  mxsim shrink my.json --seed 7 --faults swarm      with the faults that seed 7 draws
  mxsim shrink my.json --fault '{\"crash\": \"mx1.example.com\", \"after_event\": 57, \"for\": \"1s\"}'
                                                    a case of explore --every-event

Exit codes: 0 there is a smaller scenario; 2 nothing is broken in that run, or bad usage or input.";

#[derive(Debug, Args)]
pub(super) struct ShrinkArgs {
    /// The scenario file.
    pub(super) scenario: PathBuf,
    /// The seed of the run that fails [default: the scenario's, or 1].
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Which faults the run has: those of the scenario, or beside them such as the seed draws.
    #[arg(long, value_enum, value_name = "WHICH", default_value_t)]
    pub(super) faults: WhichFaults,
    /// A fault beside those, as it stands in a scenario; may be given more than once. Then how soon
    /// mail arrives is not judged, nor what else need not hold when that goes wrong.
    #[arg(long, value_name = "JSON")]
    pub(super) fault: Vec<String>,
    /// When the run ends at the latest, as 90s, 2h or 5d [default: as the scenario, or drawn faults,
    /// need it].
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub(super) until: Option<Duration>,
    /// Where the small scenario goes; "-" is standard output.
    #[arg(long, short, value_name = "FILE|-", default_value = "-")]
    pub(super) output: PathBuf,
    /// How many runs are played at a time [default: one for each processor].
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
    /// Tell each part that was taken out.
    #[arg(long, short)]
    pub(super) verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum WhichFaults {
    /// Those that the scenario names.
    #[default]
    Scenario,
    /// Those, and such as the seed draws.
    Swarm,
}

impl From<WhichFaults> for Faults {
    fn from(which: WhichFaults) -> Self {
        match which {
            WhichFaults::Scenario => Faults::Scenario,
            WhichFaults::Swarm => Faults::Swarm,
        }
    }
}

const TEST_EXAMPLES: &str = "\
Examples:
  mxsim test mail/                 all scenarios of a folder, against mail/snapshots/NAME.snap
  mxsim test my.json --update      write the snapshot; review it, and commit it beside the scenario

A scenario passes if its expectations hold and its transcript is the one in the snapshot.";

#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// Scenario files, or folders of them.
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Where the snapshots are [default: snapshots/ beside each scenario].
    #[arg(long, value_name = "DIR")]
    pub(super) snapshots: Option<PathBuf>,
    /// Write the snapshots that are missing or differ.
    #[arg(long)]
    pub(super) update: bool,
}

#[derive(Debug, Args)]
pub(super) struct ResolveArgs {
    /// The scenario file.
    pub(super) scenario: PathBuf,
    /// The name to resolve.
    pub(super) name: String,
    /// The type of record: A, AAAA, MX, NS, TXT...
    #[arg(value_name = "TYPE", default_value = "A")]
    pub(super) type_: String,
    /// The host that asks [default: the first one with a client, or with a resolver].
    #[arg(long, value_name = "HOST")]
    pub(super) from: Option<String>,
    /// The number from which every random draw follows [default: the scenario's, or 1].
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
}

const RPL_EXAMPLES: &str = "\
Examples:
  mxsim rpl testdata/                          all *.rpl files in and below a folder
  mxsim rpl testdata/iter_mod.rpl -v           one, with every query of the resolver and its answer
  mxsim rpl testdata/ --json | jq -r 'select(.core == false) | .file'

A file passes at two levels. core: header, question and answer section of each answer to a client.
strict: all that the file says, authority and additional section too. A file that needs what is not
here (DNS64, response policy zones...) is skipped, which is no pass. DNSSEC trust anchors are ignored.

Exit codes: 0 all files pass at core level; 1 one fails or is skipped; 2 one is no scenario.";

#[derive(Debug, Args)]
pub(super) struct RplArgs {
    /// Scenario files, or folders of them.
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Show every query of the resolver with its answer, and what differs at strict level.
    #[arg(short, long)]
    pub(super) verbose: bool,
    /// Print one JSON object for each file.
    #[arg(long)]
    pub(super) json: bool,
    /// Whose words the files are in; the configuration tells, mostly.
    #[arg(long, value_enum, default_value_t)]
    pub(super) dialect: RplDialect,
    /// The number from which every random draw follows.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum RplDialect {
    /// As the configuration of each file looks.
    #[default]
    Auto,
    /// Unbound's testbound.
    Unbound,
    /// Deckard's.
    Deckard,
}

const SPF_EXAMPLES: &str = "\
Examples:
  mxsim spf rfc7208-tests.yml                      what fails, and how many there are
  mxsim spf my.yml --only mx -v                    the tests named so, with every DNS packet
  mxsim spf my.yml --json | jq -c 'select(.ok == false)'

A suite is YAML, one document or several:

  description: Who may send for example.com
  tests:
    from-the-office:
      spec: 5.6
      helo: mail.example.com
      host: 192.0.2.1
      mailfrom: alice@example.com
      result: pass              # or a list of those that are right
      explanation: DEFAULT      # what a fail should say; DEFAULT where the domain is silent
  zonedata:
    example.com:
      - TXT: v=spf1 ip4:192.0.2.0/24 mx -all
      - MX: [10, mail.example.com]
    mail.example.com:
      - A: 198.51.100.1
      - TIMEOUT                 # queries of any other type get no answer

A record SPF stands for one of TXT too, unless the name has an entry TXT (TXT: NONE for none).";

#[derive(Debug, Args)]
pub(super) struct SpfArgs {
    /// The suites.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Only the tests that have this in their names.
    #[arg(long, value_name = "NAME")]
    pub(super) only: Option<String>,
    /// Print every test, with the DNS packets of its check.
    #[arg(short, long)]
    pub(super) verbose: bool,
    /// Print one JSON object for each test, and one with the counts at the end.
    #[arg(long)]
    pub(super) json: bool,
    /// The number from which every random draw follows.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
}

#[cfg(feature = "live")]
const SERVE_EXAMPLES: &str = "\
Examples:
  mxsim serve scenarios/playground.json --all 20000
      every service of the playground, at ports from 20000 on
  swaks --server 127.0.0.1:20006 --to bob@example.com --from alice@example.org \\
        --auth-user alice@example.org --auth-password playground
      submit a message (the table says which port is the submission of example.org)
  mxsim serve my.json --map mail.example.org:143=127.0.0.1:1143 --map ns1.example.org:53/udp=5353
      two services, at ports of your choice
  mxsim serve my.json --map smtp.example.org:587=1587 --out mx1.example.com:25=127.0.0.1:2525
      what goes to mx1.example.com comes out at a real server, as Postfix's smtp-sink
  mxsim serve my.json --all 20000 --control 8025 --pace max --latency none
      for tests: a control API at http://127.0.0.1:8025/, and nobody waits for simulated time
  mxsim serve my.json --all 20000 --record session.jsonl
  mxsim replay session.jsonl
      record what came in, and play it again

Time: --pace 1 is real time, --pace 10 ten times as fast. With --pace max what was set off goes on at
once, and while no real client is connected, idle time is jumped over. The agenda and the faults of the
scenario go on meanwhile. See docs/live.md for records, the control API and what is bounded.

Exit codes: 0 it was interrupted; 2 a port in use, a name that is not in the scenario, bad usage.";

#[cfg(feature = "live")]
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// The scenario file [default: the built-in playground].
    pub(super) scenario: Option<PathBuf>,
    /// Serve a port of a host at a real address. HOST is a host of the scenario or a simulated address;
    /// HOST:PORT/udp is one of UDP; without ADDR: it is 127.0.0.1. Any number of times.
    #[arg(long, value_name = "HOST:PORT=ADDR:PORT")]
    pub(super) map: Vec<Way>,
    /// Serve every listening service at 127.0.0.1, with ports counted up from this one. The order is
    /// that of the hosts in the scenario, and of their ports.
    #[arg(long, value_name = "BASE", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) all: Option<u16>,
    /// Let what simulated hosts send to a simulated address and port come out at a real server. HOST is a
    /// host of the scenario, whose port is taken over, or an address that is nobody's.
    #[arg(long, value_name = "HOST:PORT=ADDR:PORT")]
    pub(super) out: Vec<Way>,
    /// Serve the control API (HTTP) here: PORT, or ADDR:PORT. /openapi.json describes it.
    #[arg(long, value_name = "[ADDR:]PORT")]
    pub(super) control: Option<Real>,
    /// How fast simulated time runs: so many times as real time, or max.
    #[arg(long, value_name = "N|max", default_value_t = Pace::Times(1.0))]
    pub(super) pace: Pace,
    /// Whether packets of real clients take the time that the links of the scenario say, or none.
    #[arg(long, value_enum, default_value_t)]
    pub(super) latency: Latency,
    /// Allow real addresses that are not loopback ones. Whoever reaches them reaches the simulation.
    #[arg(long)]
    pub(super) allow_remote: bool,
    /// Write everything that comes in from outside to a file, for `mxsim replay`.
    #[arg(long, value_name = "FILE")]
    pub(super) record: Option<PathBuf>,
    /// Write the transcript to a file, or with "-" to standard output, when it ends.
    #[arg(long, value_name = "FILE|-")]
    pub(super) transcript: Option<PathBuf>,
    /// The form of the transcript.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
    /// How much is kept for transcripts: beyond so many records the older half is forgotten.
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    pub(super) keep: usize,
    /// The number from which every random draw follows [default: the scenario's, or 1].
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// The calendar date at which simulated time starts: "now", so that certificates and dates fit the
    /// clocks of real clients, or a date as 2026-01-05T09:00:00Z [default: the scenario's].
    #[arg(long, value_name = "DATE|now")]
    pub(super) start: Option<Start>,
    /// Print the table as JSON, one object a line, and then {"ready":true}.
    #[arg(long)]
    pub(super) json: bool,
}

/// When simulated time starts.
#[cfg(feature = "live")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// When the command does.
    Now,
    /// At that date.
    At(Date),
}

#[cfg(feature = "live")]
impl std::str::FromStr for Start {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "now" => Ok(Start::Now),
            _ => text.parse().map(Start::At).map_err(|error: UnitError| error.to_string()),
        }
    }
}

#[cfg(feature = "live")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Latency {
    /// As the links of the scenario say.
    #[default]
    Scenario,
    /// None, on the whole way. Loss, bandwidth and faults stay.
    None,
}

#[cfg(feature = "live")]
const REPLAY_EXAMPLES: &str = "\
Examples:
  mxsim replay session.jsonl                       what happened, as `mxsim run` tells it
  mxsim replay session.jsonl --transcript live.txt the transcript alone, to compare
  mxsim replay session.jsonl -q                    only whether it ends as the session did

A record has its scenario in it. In another version of mxsim the same inputs may give other octets.

Exit codes: 0 the fingerprint is that of the session; 1 it is not; 2 it is no record.";

#[cfg(feature = "live")]
#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// The record.
    pub(super) record: PathBuf,
    /// Write the transcript to a file, or with "-" alone to standard output.
    #[arg(long, value_name = "FILE|-")]
    pub(super) transcript: Option<PathBuf>,
    /// The form of the transcript.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
    /// Print the fingerprint, and nothing else.
    #[arg(short, long)]
    pub(super) quiet: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<Dur>().map(|dur| dur.0).map_err(|error| error.to_string())
}

fn some_time(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it has to last some time, as 1s".to_owned()),
        time => Ok(time),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::engine::Seed;
    use crate::openspf;

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_suite_in_the_help_is_one() {
        let start = SPF_EXAMPLES.find("  description:").expect("the suite");
        let end = SPF_EXAMPLES.rfind("\n\n").expect("a paragraph after it");
        let suite = openspf::Suite::parse(&SPF_EXAMPLES[start..end]).unwrap();
        let document = &suite.documents[0];
        assert!(document.zone.left_out().is_empty());
        let played = openspf::play(document, &document.tests[0], Seed(1), false);
        assert!(played.is_right(&document.tests[0]));
    }
}
