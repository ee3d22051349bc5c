//! The report for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::cli::numbers::{grouped, memory, rate, span};
use crate::report::load::Check;
use crate::report::summary::Lost;

use super::chart::{chart, highest, numbers_each, sum};
use super::document::{Document, is_debug};

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const RED: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));
const GREEN: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));

/// A line: what it is about, and what is said of it.
fn line(to: &mut dyn Write, about: &str, said: &str) -> io::Result<()> {
    writeln!(to, "{DIM}{about:<18}{DIM:#}{said}")
}

/// Writes all that is of interest: what there was none of is left out.
pub(super) fn write(document: &Document<'_>, to: &mut dyn Write) -> io::Result<()> {
    let load = document.load;
    writeln!(to, "{BOLD}{}{BOLD:#}  {}", document.name, document.title)?;
    if is_debug() {
        writeln!(to, "{RED}This is a debug build: its times and rates mean nothing.{RED:#}")?;
    }
    if document.ended == "interrupted" {
        writeln!(to, "{RED}Interrupted: this is the run so far.{RED:#}")?;
    }
    writeln!(to)?;
    times(document, to)?;
    writeln!(to)?;
    work(document, to)?;
    writeln!(to)?;
    let before = load.latency.is_some() || load.mail.accepted > 0 || load.dns.hit_rate.is_some();
    mail(document, to)?;
    if before {
        writeln!(to)?;
    }
    // Where there was no mail, nothing is to be said of it.
    let there_was = |check: &&Check| !check.holds || check.came.iter().any(|(_, count)| *count > 0);
    for check in load.checks.iter().filter(there_was) {
        line(to, "", &told(check))?;
    }
    writeln!(to)?;
    let peak = document.peak_memory_octets.map_or("unknown on this system".to_owned(), memory);
    line(to, "peak memory", &peak)?;
    line(to, "fingerprint", &format!("{} of seed {}", load.fingerprint, document.seed))
}

fn times(document: &Document<'_>, to: &mut dyn Write) -> io::Result<()> {
    let real = &document.real;
    line(to, "built in", &span(real.build_ns))?;
    let run = match real.runs.len() {
        1 => span(real.median_ns),
        runs => format!(
            "{} (the median of {runs} runs; the best took {})",
            span(real.median_ns),
            span(real.best_ns)
        ),
    };
    line(to, "run in", &run)?;
    let why = match document.ended {
        "idle" => "; then nothing was left to do",
        "horizon" => "; more would happen",
        _ => "",
    };
    let times = rate(document.rates.simulated);
    let simulated = span(document.load.simulated_ns);
    line(to, "simulated", &format!("{simulated}, {times} times real time{why}"))
}

fn work(document: &Document<'_>, to: &mut dyn Write) -> io::Result<()> {
    let (load, rates) = (document.load, &document.rates);
    writeln!(to, "{DIM}{:<18}{:>16}{:>16}{DIM:#}", "", "in all", "a second")?;
    for (noun, count, a_second) in [
        ("messages written", load.mail.composed, rates.messages),
        ("deliveries", load.mail.delivered, rates.deliveries),
        ("transactions", load.transactions, rates.transactions),
        ("names resolved", load.dns.resolved, rates.resolved),
        ("DNS queries", load.dns.queries, rates.dns_queries),
        ("packets", load.packets.sent.packets, rates.packets),
        ("events", load.events, rates.events),
    ] {
        if count > 0 || noun == "events" {
            let (count, a_second) = (grouped(count), rate(a_second));
            line(to, noun, &format!("{count:>16}{a_second:>16}"))?;
        }
    }
    Ok(())
}

fn mail(document: &Document<'_>, to: &mut dyn Write) -> io::Result<()> {
    let load = document.load;
    if let Some(latency) = &load.latency {
        let quantiles = [
            ("p50", latency.p50_ns),
            ("p90", latency.p90_ns),
            ("p99", latency.p99_ns),
            ("p99.9", latency.p999_ns),
            ("max", latency.max_ns),
        ];
        let told = quantiles.map(|(name, nanos)| format!("{name} {}", span(nanos))).join("   ");
        line(to, "delivery took", &told)?;
    }
    if load.mail.accepted > 0 {
        let depths = load.timeline.column("queued");
        let most = format!(
            "at most {}, {} at the end",
            grouped(load.mail.queued_most),
            grouped(load.mail.queued)
        );
        line(to, "in queues", &format!("{most}; in {} each:", axis(document)))?;
        line(to, "", &format!("|{}|", chart(&depths, highest)))?;
    }
    if load.mail.delivered > 0 {
        let deliveries = load.timeline.column("delivered");
        line(to, "delivered", &format!("in {} each:", axis(document)))?;
        line(to, "", &format!("|{}|", chart(&deliveries, sum)))?;
    }
    if let Some(hits) = load.dns.hit_rate {
        let questions = grouped(load.dns.cache_hits + load.dns.cache_misses);
        line(to, "DNS cache", &format!("{:.1} % of {questions} questions hit", hits * 100.0))?;
    }
    if load.mail.deferred > 0 {
        line(to, "retries", &grouped(load.mail.deferred))?;
    }
    let none = |what: Option<u16>| what.map_or_else(String::new, |code| format!("{code} "));
    if !load.bounces.is_empty() {
        let told = few(load.bounces.iter().map(|bounces| {
            let status = bounces.status.as_deref().unwrap_or("no status");
            format!("{}{status}: {}", none(bounces.code), grouped(bounces.count))
        }));
        line(to, "bounces", &format!("{} ({told})", grouped(load.mail.bounced)))?;
    }
    if !load.refusals.is_empty() {
        let told = few(load.refusals.iter().map(|refusals| {
            let code = refusals.code.map_or("no code".to_owned(), |code| code.to_string());
            format!("{code}: {}", grouped(refusals.count))
        }));
        line(to, "refusals", &format!("{} ({told})", grouped(load.mail.refused)))?;
    }
    if !load.packets.lost.is_empty() {
        let told = few(load
            .packets
            .lost
            .iter()
            .map(|Lost { why, size }| format!("{why}: {}", grouped(size.packets))));
        let lost = load.packets.lost.iter().map(|lost| lost.size.packets).sum();
        line(to, "packets lost", &format!("{} ({told})", grouped(lost)))?;
    }
    Ok(())
}

/// How much simulated time one mark of a chart stands for.
fn axis(document: &Document<'_>) -> String {
    let timeline = &document.load.timeline;
    span(timeline.interval_ns * numbers_each(timeline.rows.len()) as u64)
}

/// The first of many.
fn few(all: impl ExactSizeIterator<Item = String>) -> String {
    const FEW: usize = 6;
    let left = all.len().saturating_sub(FEW);
    let mut told = all.take(FEW).collect::<Vec<_>>().join(", ");
    if left > 0 {
        told += &format!(", {left} more");
    }
    told
}

/// `ok  messages: 12 accepted = 11 removed + 1 queued`.
fn told(check: &Check) -> String {
    let sum = |of: &[(&str, u64)]| {
        let there_is = |(at, (name, count)): (usize, &(&str, u64))| {
            (at == 0 || *count > 0)
                .then(|| format!("{} {}", grouped(*count), name.replace('_', " ")))
        };
        of.iter().enumerate().filter_map(there_is).collect::<Vec<_>>().join(" + ")
    };
    let (style, word, is) = if check.holds { (GREEN, "ok  ", "=") } else { (RED, "FAIL", "≠") };
    let (came, went) = (sum(&check.came), sum(&check.went));
    format!("{style}{word}{style:#}  {}: {came} {is} {went}", check.name)
}
