//! `mxsim resolve`: one resolution, step by step.

use std::io::{self, Write};

use anstyle::Style;

use crate::engine::SimTime;
use crate::proto::dns::{Message, Name, Rcode, Record, RecordType};
use crate::report::Transcript;
use crate::report::transcript::{Entry, Facts, Protocol};
use crate::scenario::Plan;
use crate::scenario::plan::{Action, Step};
use crate::world::{Note, Watch};

use super::args::ResolveArgs;
use super::play::{self, Overrides, Played};
use super::{Failure, Outcome, output};

/// Asks once, and prints every query and response that follows from it.
pub(super) fn resolve(args: &ResolveArgs) -> Result<Outcome, Failure> {
    let mut plan = play::load(Some(&args.scenario))?;
    let name: Name = args
        .name
        .parse()
        .map_err(|error| Failure::Input(format!("{:?} is no domain name: {error}", args.name)))?;
    let type_: RecordType = args
        .type_
        .to_ascii_uppercase()
        .parse()
        .map_err(|_| Failure::Input(format!("there is no record type {:?}", args.type_)))?;
    let host = host(&plan, args.from.as_deref())?;
    let question = name.to_string();
    plan.agenda = vec![Step {
        at: SimTime::ZERO,
        host,
        client: None,
        action: Action::Resolve {
            name: question.strip_suffix('.').filter(|name| !name.is_empty()).unwrap_or(".").into(),
            type_: type_.to_string(),
        },
    }];
    plan.faults.clear();
    plan.workload = None;
    plan.expect.clear();
    let Played { world, .. } = play::play(
        plan,
        Overrides { seed: args.seed, watch: Some(Watch::Everything), ..Overrides::default() },
    )?;
    let mut out = output::stdout();
    let mut answered = false;
    for entry in Transcript::new(&world).entries() {
        answered |= write_step(&entry, &mut out)?;
    }
    out.flush()?;
    Ok(Outcome::expected_if(answered))
}

/// The host that asks: the one that is wanted, or the first one with a client, or any, that knows
/// a resolver.
fn host(plan: &Plan, wanted: Option<&str>) -> Result<String, Failure> {
    if let Some(wanted) = wanted {
        return match plan.hosts.get(wanted) {
            Some(host) if host.resolvers.is_empty() => {
                Err(Failure::Input(format!("the host {wanted} has no resolver to ask")))
            }
            Some(host) => Ok(host.name.clone()),
            None => Err(Failure::Input(format!("there is no host {wanted:?} in the scenario"))),
        };
    }
    let of_clients = plan.clients.values().filter_map(|host| plan.hosts.get(host));
    of_clients
        .chain(plan.hosts.values())
        .find(|host| !host.resolvers.is_empty())
        .map(|host| host.name.clone())
        .ok_or_else(|| Failure::Input("no host of the scenario has a resolver to ask".to_owned()))
}

/// Prints an entry that belongs to a resolution; true if it is the final answer.
fn write_step(entry: &Entry<'_>, to: &mut dyn Write) -> io::Result<bool> {
    let bold = Style::new().bold();
    let dim = Style::new().dimmed();
    let time = entry.columns()[0].trim().to_owned();
    let (from, other) = (&entry.from, entry.to.as_deref().unwrap_or_default());
    match &entry.facts {
        Facts::Dns(message) if message.flags.qr => {
            write_response(message, to)?;
            writeln!(to, "{dim};; {from} → {other} at {time} s, {}{dim:#}\n", status(message))?;
        }
        Facts::Dns(message) => {
            for question in &message.questions {
                writeln!(to, "{bold};; {from} asks {other}: {question}{bold:#}")?;
            }
        }
        Facts::Note(Note::Resolved { rcode, answers, .. }) => {
            writeln!(to, "{bold};; {from} has its answer at {time} s: {rcode}{bold:#}")?;
            for answer in answers {
                writeln!(to, "{answer}")?;
            }
            // That there is no such name or record is an answer too.
            return Ok(matches!(rcode.as_str(), "NOERROR" | "NODATA" | "NXDOMAIN"));
        }
        Facts::Note(
            Note::CacheHit { .. }
            | Note::CacheMiss { .. }
            | Note::Misbehaved { .. }
            | Note::SmtpMisbehaved { .. }
            | Note::Unsaid { .. }
            | Note::Secured { .. }
            | Note::NotSecured { .. }
            | Note::Remark(_),
        )
        | Facts::Lost { .. }
        | Facts::Resent { .. } => writeln!(to, "{dim};; {from}: {}{dim:#}", entry.text)?,
        Facts::Connection { .. } if entry.protocol == Protocol::Tcp => {
            writeln!(to, "{dim};; {from} → {other}: {}{dim:#}", entry.text)?;
        }
        _ => {}
    }
    Ok(false)
}

fn write_response(message: &Message, to: &mut dyn Write) -> io::Result<()> {
    let sections = [&message.answers, &message.authorities, &message.additionals];
    let width = sections.iter().flat_map(|records| records.iter()).map(name_columns).max();
    let width = width.unwrap_or_default();
    for record in sections.into_iter().flatten() {
        let (name, ttl, data) = (record.name.to_string(), record.ttl_secs, &record.data);
        writeln!(to, "{name:<width$}  {ttl:>6}  {:<5}  {data}", record.rtype().to_string())?;
    }
    for error in message.extended_errors() {
        writeln!(to, "; EDE: {error}")?;
    }
    Ok(())
}

fn name_columns(record: &Record) -> usize {
    record.name.to_string().chars().count()
}

/// What a response is, in the words of RFC 1034 §4.3.1 and RFC 2308 §2.
fn status(message: &Message) -> String {
    let has_soa = message.authorities.iter().any(|record| record.rtype() == RecordType::Soa);
    let has_ns = message.authorities.iter().any(|record| record.rtype() == RecordType::Ns);
    let kind = match (message.answers.is_empty(), message.flags.aa) {
        _ if message.flags.tc => "truncated",
        (false, true) => "answer with authority",
        (false, false) => "answer",
        (true, _) if message.rcode == Rcode::NxDomain => "no such name",
        (true, _) if has_soa => "no such record",
        (true, false) if has_ns => "referral",
        (true, _) => "empty",
    };
    format!("{} ({kind})", message.rcode)
}
