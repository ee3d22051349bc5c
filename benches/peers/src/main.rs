//! The same work on mxsim, on other simulators, and on a bare loop, side by side.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml [-- --seconds S]`. Each figure is taken in a
//! process of its own, so that neither memory nor what the allocator has become is shared. See README.md.

mod bare;
mod hold;
mod product;
mod turmoil;
mod work;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use work::Work;

/// Who does the work.
const PEERS: [(&str, &str); 4] = [
    ("bare", "bare loop"),
    ("mxsim", "mxsim"),
    ("turmoil-net", "turmoil-net 0.1"),
    ("madsim", "madsim 0.2"),
];

/// The hold model.
const HOLDS: [(&str, &str); 4] = [
    ("heap", "BinaryHeap alone"),
    ("queue", "mxsim's queue alone"),
    ("timers", "mxsim, timers of actors"),
    ("datagrams", "mxsim, datagrams to random hosts"),
];

const USAGE: &str = "usage: mxsim-peers [--seconds S] [--without NAME]...";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["play", name, pairs, seconds] = arguments[..] {
        return match (pairs.parse(), seconds.parse()) {
            (Ok(pairs), Ok(seconds)) => play(name, pairs, seconds),
            _ => usage("two numbers"),
        };
    }
    let (mut seconds, mut without) = (3.0, Vec::new());
    let mut rest = arguments.into_iter();
    while let Some(argument) = rest.next() {
        match (argument, rest.next()) {
            ("--seconds", Some(number)) => match number.parse() {
                Ok(number) => seconds = number,
                Err(_) => return usage("--seconds takes a number"),
            },
            ("--without", Some(name)) => without.push(name.to_owned()),
            _ => return usage(argument),
        }
    }
    compare(seconds, &without)
}

fn usage(found: &str) -> ExitCode {
    eprintln!("{found}\n{USAGE}");
    ExitCode::from(2)
}

/// Does the work in this process.
fn play(name: &str, pairs: u32, seconds: f64) -> ExitCode {
    let play: fn(Work) -> work::Done = match name {
        "bare" => bare::play,
        "mxsim" => product::play,
        "turmoil-net" => turmoil::play,
        "heap" => |work| hold::play(hold::Kind::BinaryHeap, work),
        "queue" => |work| hold::play(hold::Kind::Queue, work),
        "timers" => |work| hold::play(hold::Kind::Timers, work),
        "datagrams" => |work| hold::play(hold::Kind::Datagrams, work),
        _ => return usage("nobody has that name"),
    };
    work::measure(pairs, seconds, play);
    ExitCode::SUCCESS
}

/// What a process printed.
struct Figures {
    transactions: f64,
    seconds: f64,
    events: f64,
    memory_kib: f64,
}

fn compare(seconds: f64, without: &[String]) -> ExitCode {
    let is_wanted = |name: &str| !without.iter().any(|one| one == name);
    let madsim = if is_wanted("madsim") { build_madsim() } else { None };
    for pairs in [200, 2_000] {
        println!("\nsmtp-transactions, {pairs} clients and {pairs} servers");
        let [rate, ratio, events, memory] =
            ["transactions/s", "of mxsim", "events/s", "peak memory"];
        println!("{:<34}{rate:>16}{ratio:>10}{events:>14}{memory:>14}", "");
        let all: Vec<_> = PEERS
            .into_iter()
            .filter(|(name, _)| is_wanted(name))
            .map(|(name, title)| {
                let program = match name {
                    "madsim" => madsim.clone().map(|program| (program, Vec::new())),
                    _ => std::env::current_exe().ok().map(|this| (this, vec!["play", name])),
                };
                (title, program.and_then(|(program, first)| run(program, &first, pairs, seconds)))
            })
            .collect();
        let own = all.iter().find(|(title, _)| *title == "mxsim");
        let own = own.and_then(|(_, figures)| figures.as_ref()).map(Figures::rate);
        for (title, figures) in &all {
            print(title, figures.as_ref(), own);
        }
    }
    for pending in [10_000, 1_000_000] {
        println!("\nhold model, {pending} events pending");
        println!("{:<34}{:>16}{:>10}{:>14}{:>14}", "", "events/s", "", "", "peak memory");
        for (name, title) in HOLDS.into_iter().filter(|(name, _)| is_wanted(name)) {
            let this = std::env::current_exe().ok();
            let figures = this.and_then(|this| run(this, &["play", name], pending, seconds));
            let figures = figures.map(|figures| Figures {
                transactions: figures.events,
                events: 0.0,
                ..figures
            });
            print(title, figures.as_ref(), None);
        }
    }
    ExitCode::SUCCESS
}

impl Figures {
    fn rate(&self) -> f64 {
        self.transactions / self.seconds
    }
}

fn print(title: &str, figures: Option<&Figures>, own: Option<f64>) {
    let Some(figures) = figures else {
        println!("{title:<34}{:>16}", "did not run");
        return;
    };
    let rate = figures.rate();
    let ratio = own.map_or(String::new(), |own| format!("{:.3}", rate / own));
    let events = match figures.events {
        0.0 => "-".to_owned(),
        events => grouped(events / figures.seconds),
    };
    let memory = format!("{:.1} MiB", figures.memory_kib / 1_024.0);
    println!("{title:<34}{:>16}{ratio:>10}{events:>14}{memory:>14}", grouped(rate));
}

/// A whole number with its thousands apart.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

fn run(program: PathBuf, first: &[&str], pairs: u32, seconds: f64) -> Option<Figures> {
    let mut command = Command::new(program);
    let output = command.args(first).arg(pairs.to_string()).arg(seconds.to_string()).output();
    let output = output.inspect_err(|error| eprintln!("{error}")).ok()?;
    if !output.status.success() {
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        return None;
    }
    let text = String::from_utf8(output.stdout).ok()?;
    let mut numbers = text.split_whitespace().map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some(Figures { transactions: next()?, seconds: next()?, events: next()?, memory_kib: next()? })
}

/// madsim has to be told of itself in the flags of the whole build.
fn build_madsim() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let target = root.join("target").join("madsim");
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(["build", "--quiet", "--locked", "--release", "--manifest-path"]);
    cargo.arg(root.join("madsim").join("Cargo.toml"));
    cargo.env("RUSTFLAGS", format!("{flags} --cfg madsim")).env("CARGO_TARGET_DIR", &target);
    let built = cargo.status().inspect_err(|error| eprintln!("cargo: {error}"));
    built.is_ok_and(|status| status.success()).then(|| {
        target.join("release").join(format!("mxsim-peers-madsim{}", std::env::consts::EXE_SUFFIX))
    })
}
