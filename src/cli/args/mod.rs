//! The arguments of the command, and the help that teaches them.

mod bench;
mod explore;
#[cfg(feature = "live")]
mod serve;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::scenario::format::Dur;
use crate::world::Threads;

use bench::BENCH_EXAMPLES;
pub(super) use bench::BenchArgs;
use explore::{EXPLORE_EXAMPLES, SHRINK_EXAMPLES};
pub(super) use explore::{ExploreArgs, ShrinkArgs, WhichFaults};
#[cfg(feature = "live")]
pub(super) use serve::{Latency, ReplayArgs, ServeArgs, Start};
#[cfg(feature = "live")]
use serve::{REPLAY_EXAMPLES, SERVE_EXAMPLES};

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
  mxsim bench --preset smtp-transactions     how fast is it on this machine?
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
    /// Play a load, and tell how fast that was and what it came to.
    ///
    /// A scenario file, or what is built in. Nothing is recorded: figures are made of what happens while
    /// it happens.
    #[command(after_help = BENCH_EXAMPLES)]
    Bench(BenchArgs),
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
  mxsim run big.json -q --threads 2                  the same history in less time

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
    /// Play it three times more: with another order of construction, hashing and allocation, then so
    /// without records, then on three threads. Where a run differs, the first event that does is told, with its host, its
    /// bytes and the draw that led to it, and the exit code is 1.
    #[arg(long)]
    pub(super) verify: bool,
    /// Run on so many threads, from 1 to 256. Nothing that is printed or written changes with it. Where
    /// it would not pay, one thread runs it all, and standard error says why.
    #[arg(long, value_name = "N", value_parser = threads, default_value_t = Threads::new(1))]
    pub(super) threads: Threads,
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

fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<Dur>().map(|dur| dur.0).map_err(|error| error.to_string())
}

fn threads(text: &str) -> Result<Threads, String> {
    match text.parse() {
        Ok(count @ 1..=Threads::MOST) => Ok(Threads::new(count)),
        _ => Err(format!("it is a number from 1 to {}", Threads::MOST)),
    }
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
