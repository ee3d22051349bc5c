//! `mxsim serve`: a scenario's Internet at ports of this machine.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::SystemTime;

use crate::live::{
    Bound, OutPort, Recorder, ServeError, ServeOptions, Server, Setting, Stage, StageError, Way,
};
use crate::report::Transcript;
use crate::scenario::{self, NoFiles, Plan};
use crate::world::Transport;

use super::args::{Format, Latency, ServeArgs, Start};
use super::{Failure, Outcome, output};

/// Serves until it is interrupted.
pub(super) fn serve(args: &ServeArgs) -> Result<Outcome, Failure> {
    let (mut setting, plan) = match &args.scenario {
        Some(path) => {
            let (text, folder) = scenario::read(path).map_err(Failure::Scenario)?;
            Setting::of(&path.display().to_string(), text, &folder)
        }
        None => Setting::of("playground.json", scenario::PLAYGROUND.to_owned(), &NoFiles),
    }
    .map_err(Failure::Scenario)?;
    setting.seed = args.seed.unwrap_or(setting.seed);
    setting.start = args.start.map(start_secs);
    setting.no_latency = args.latency == Latency::None;
    setting.out = args.out.iter().map(|way| out_port(way, &plan)).collect::<Result<_, _>>()?;
    // What nobody asks for is not kept.
    let is_watched = args.transcript.is_some() || args.control.is_some();
    setting.records = is_watched.then_some(args.keep);
    let transcript_file = args.transcript.as_deref().map(output::create).transpose()?;
    let options = ServeOptions {
        maps: args.map.clone(),
        all: args.all,
        out: args.out.clone(),
        control: args.control.map(|real| real.0),
        pace: args.pace,
        allow_remote: args.allow_remote,
    };
    let stage = Stage::new(setting).map_err(|error| match error {
        StageError::Scenario(findings) => Failure::Scenario(findings),
        other => Failure::Input(other.to_string()),
    })?;
    let failed = |error: ServeError| Failure::Input(error.to_string());
    let mut server = Server::bind(stage, &options).map_err(failed)?;
    if let Some(path) = &args.record {
        server.record(|setting| recorder(path, setting))?;
    }
    let stopper = server.stopper();
    ctrlc::set_handler(move || stopper.stop())
        .map_err(|error| Failure::Input(format!("cannot wait for signals: {error}")))?;
    announce(&server, args.json)?;
    let stage = server.run().map_err(failed)?;
    if let Some(mut to) = transcript_file {
        let transcript = Transcript::new(stage.world());
        match args.format {
            Format::Text => transcript.write_text(&mut to)?,
            Format::Jsonl => transcript.write_jsonl(&mut to)?,
        }
        to.flush()?;
    }
    if !args.json {
        // Whoever waited for `ready` may have closed the pipe by now.
        let mut out = output::stderr();
        let world = stage.world();
        let (time, seed) = (stage.now(), world.seed().0);
        let _ =
            writeln!(out, "ended at {time} s, seed {seed}, fingerprint {}", world.fingerprint());
    }
    Ok(Outcome::Expected)
}

#[expect(clippy::disallowed_methods, reason = "the user asks for the date of today")]
fn start_secs(start: Start) -> i64 {
    match start {
        Start::At(date) => date.0.0,
        Start::Now => {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
        }
    }
}

/// The simulated side of a way out.
fn out_port(way: &Way, plan: &Plan) -> Result<OutPort, Failure> {
    let udp = way.port.transport == Transport::Udp;
    let at = |address: IpAddr| SocketAddr::new(address, way.port.number);
    if let Some(address) = way.address() {
        let host = plan.host_of(address).map(|host| host.name.clone());
        return Ok(OutPort { host, at: at(address), udp });
    }
    let name = way.host.trim_end_matches('.').to_ascii_lowercase();
    match plan.hosts.get(&name) {
        Some(host) => Ok(OutPort { host: Some(name), at: at(host.addresses[0]), udp }),
        None => {
            let known = plan.hosts.keys().map(String::as_str);
            let hint = scenario::finding::did_you_mean(&name, known);
            let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
            let what = format!("{way}: no host of the scenario is named \"{}\"{hint}", way.host);
            Err(Failure::Input(what))
        }
    }
}

fn recorder(path: &Path, setting: &Setting) -> Result<Recorder, Failure> {
    let to = output::create(path)?;
    let failed = |error| Failure::Io { what: format!("cannot write {}", path.display()), error };
    Recorder::new(to, setting).map_err(failed)
}

/// The table of what is served, then `ready`.
fn announce(server: &Server, json: bool) -> io::Result<()> {
    let mut out = output::stdout();
    if json {
        for Bound { listed, real } in server.bound() {
            let line = serde_json::json!({
                "host": listed.host,
                "service": listed.service(),
                "transport": listed.port.transport.to_string(),
                "simulated": listed.simulated().to_string(),
                "real": real.to_string(),
            });
            writeln!(out, "{line}")?;
        }
        let ready = match server.control() {
            Some(control) => serde_json::json!({"ready": true, "control": control.to_string()}),
            None => serde_json::json!({"ready": true}),
        };
        writeln!(out, "{ready}")?;
    } else {
        for row in rows(server) {
            writeln!(out, "{}", row.trim_end())?;
        }
        writeln!(out, "ready")?;
    }
    out.flush()
}

fn rows(server: &Server) -> Vec<String> {
    let mut rows = vec![["SERVICE", "TRANSPORT", "HOST", "SIMULATED", "REAL"].map(str::to_owned)];
    rows.extend(server.bound().iter().map(|Bound { listed, real }| {
        [
            listed.service().to_owned(),
            listed.port.transport.to_string(),
            listed.host.clone(),
            listed.simulated().to_string(),
            real.to_string(),
        ]
    }));
    if let Some(control) = server.control() {
        let control = format!("http://{control}/");
        rows.push(["control", "tcp", "-", "-", &control].map(str::to_owned));
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..5).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &[String; 5]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ")
    };
    rows.iter().map(line).collect()
}
